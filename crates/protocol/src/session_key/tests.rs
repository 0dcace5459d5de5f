use super::{Branch, Chat, Conversation, SessionKey, SessionKind, SessionScope, agent_id, main_key};
use proptest::prelude::*;

#[test]
fn names_resolve_to_canonical_keys() {
    let rows = [
        ("main", "agent:main:main"),
        ("", "agent:main:main"),
        ("agent:main:main", "agent:main:main"),
        ("MyKey", "agent:main:mykey"),
        ("agent:Work:Telegram:group:-100:topic:4", "agent:work:telegram:group:-100:topic:4"),
        ("agent:main", "agent:main:agent:main"),
        ("agent::main::x", "agent:main:x"),
        ("global", "global"),
        ("telegram:slash:5", "agent:main:telegram:slash:5"),
        ("a\u{0}\nb", "agent:main:ab"),
        ("a :", "agent:main:a"),
        (": b : c", "agent:main:b:c"),
    ];
    for (text, expected) in rows {
        assert_eq!(SessionKey::canonical(text, "main", "main").as_str(), expected, "{text:?}");
    }
    assert_eq!(SessionKey::canonical("home", "main", "home").as_str(), "agent:main:home");
    assert_eq!(SessionKey::canonical("main", "main", "home").as_str(), "agent:main:home");
}

#[test]
fn kinds_and_parts() {
    let group = SessionKey::canonical("agent:a:slack:channel:c1:thread:9", "main", "main");
    assert_eq!((group.agent(), group.kind()), (Some("a"), SessionKind::Group));
    assert!(SessionKey::main("main", "main").is_main("main"));
    assert!(!group.is_main("main"));
    assert!(SessionKey::canonical("agent:main:cron:j:run:s", "main", "main").is_hidden());
    assert_eq!(agent_id("  Ünïcode bot "), "n-code-bot");
    assert_eq!(agent_id("***"), "main");
}

#[test]
fn what_an_agent_is_called_says_nothing_of_its_sessions() {
    for agent in ["group", "channel", "run", "cron", "thread", "dm"] {
        for (rest, kind, is_hidden) in [
            ("main", SessionKind::Direct, false),
            ("telegram:direct:5", SessionKind::Direct, false),
            ("slack:channel:c1", SessionKind::Group, false),
            ("group:777", SessionKind::Group, false),
            ("cron:job", SessionKind::Direct, false),
            ("cron:run:job", SessionKind::Direct, false),
            ("cron:job:run:1", SessionKind::Direct, true),
        ] {
            let key = SessionKey::canonical(&format!("agent:{agent}:{rest}"), "main", "main");
            assert_eq!((key.kind(), key.is_hidden()), (kind, is_hidden), "{key}");
        }
    }
}

#[test]
fn two_long_keys_stay_two() {
    let key = |end: &str| SessionKey::canonical(&format!("{}{end}", "k".repeat(600)), "main", "main");
    assert_ne!(key("a"), key("b"));
    assert!(key("a").as_str().len() <= super::MAX_KEY_BYTES);
}

proptest! {
    #[test]
    fn canonical_is_idempotent(text in "(.{0,80}|[a-z:é]{400,900})") {
        let once = SessionKey::canonical(&text, "main", "main");
        prop_assert_eq!(&SessionKey::canonical(once.as_str(), "main", "main"), &once);
    }
}

/// Every form of the grammar, and what is special about it.
fn forms() -> Vec<(Conversation, &'static str)> {
    let text = str::to_owned;
    let group = |channel: &str, id: &str| Chat::Group { channel: text(channel), id: text(id) };
    let room = |channel: &str, id: &str| Chat::Room { channel: text(channel), id: text(id) };
    let peer = |channel: &str, id: &str| Chat::ChannelPeer { channel: text(channel), peer: text(id) };
    let account = |channel: &str, account: &str, peer: &str| Chat::AccountPeer {
        channel: text(channel),
        account: text(account),
        peer: text(peer),
    };
    let thread = |id: &str| Branch::Thread(text(id));
    let topic = |id: &str| Branch::Topic(text(id));
    let run = |job: &str, session: &str| Conversation::CronRun { job: text(job), session: text(session) };
    let slash = Chat::Slash { channel: text("telegram"), sender: text("5") };
    vec![
        (Conversation::chat(Chat::Main), "main"),
        (Conversation::Chat(Chat::Main, thread("1700.5")), "main:thread:1700.5"),
        (Conversation::chat(Chat::Peer(text("ada"))), "direct:ada"),
        (Conversation::chat(peer("WhatsApp", "+4917012")), "whatsapp:direct:+4917012"),
        (Conversation::chat(peer("matrix", "@Ada:matrix.org")), "matrix:direct:@ada:matrix.org"),
        (Conversation::chat(account("telegram", "", "5")), "telegram:default:direct:5"),
        (Conversation::chat(account("telegram", "Work", "5")), "telegram:work:direct:5"),
        (Conversation::chat(group("telegram", "-1001234567890")), "telegram:group:-1001234567890"),
        (
            Conversation::Chat(group("telegram", "-1001234567890"), topic("42")),
            "telegram:group:-1001234567890:topic:42",
        ),
        (
            Conversation::Chat(room("discord", "123456"), thread("987654")),
            "discord:channel:123456:thread:987654",
        ),
        (
            Conversation::Chat(room("slack", "C0123"), thread("1700000000.1234")),
            "slack:channel:c0123:thread:1700000000.1234",
        ),
        (Conversation::chat(group("whatsapp", "120363@g.us")), "whatsapp:group:120363@g.us"),
        (Conversation::chat(group("line", "group:c4f0")), "line:group:group:c4f0"),
        (Conversation::chat(room("matrix", "!room:matrix.org")), "matrix:channel:!room:matrix.org"),
        (Conversation::chat(room("msteams", "19:a@thread.tacv2")), "msteams:channel:19:a@thread.tacv2"),
        (Conversation::chat(slash), "telegram:slash:5"),
        (Conversation::Cron(text("job-1")), "cron:job-1"),
        (run("job-1", "s-1"), "cron:job-1:run:s-1"),
        (Conversation::Hook(text("golden")), "hook:golden"),
        (Conversation::Hook(text("gmail:18c")), "hook:gmail:18c"),
        (Conversation::Subagent(text("u-1")), "subagent:u-1"),
        (Conversation::Acp(text("u-1")), "acp:u-1"),
        (Conversation::OpenAi(text("u-1")), "openai:u-1"),
        (Conversation::OpenAiUser(text("golden")), "openai-user:golden"),
        (Conversation::OpenResponses(text("u-1")), "openresponses:u-1"),
        (Conversation::OpenResponsesUser(text("golden")), "openresponses-user:golden"),
        (Conversation::Node(text("Phone")), "node-phone"),
        (Conversation::Free(text("MyKey")), "mykey"),
        (Conversation::Free(text("my key: one")), "my key:one"),
        // What would be taken for something else.
        (Conversation::chat(peer("telegram", "a:thread:b")), "telegram:direct:a:%74hread:b"),
        (Conversation::chat(peer("telegram", "x:group:y")), "telegram:direct:x:%67roup:y"),
        (Conversation::chat(account("telegram", "direct", "b")), "telegram:%64irect:direct:b"),
        (Conversation::chat(account("telegram", "a:b", "c")), "telegram:a%3ab:direct:c"),
        (Conversation::chat(group("direct", "b")), "%64irect:group:b"),
        (Conversation::chat(group("telegram", "")), "telegram:group:%"),
        (run("a:run:b", "c"), "cron:a:%72un:b:run:c"),
        (Conversation::Node(text("a:direct:b")), "node-a%3adirect%3ab"),
    ]
}

#[test]
fn every_form_of_the_grammar_is_written_and_read() {
    for (conversation, rest) in forms() {
        let key = SessionKey::of("Main", conversation.clone(), "main");
        assert_eq!(key.as_str(), format!("agent:main:{rest}"));
        assert_eq!(SessionKey::canonical(key.as_str(), "other", "main"), key, "canonical already");
        let is_free = matches!(conversation, Conversation::Free(_));
        let expected = if is_free { Conversation::Free(rest.to_owned()) } else { conversation.normalized() };
        assert_eq!(key.conversation("main"), Some(expected), "{key}");
    }
}

#[test]
fn earlier_releases_wrote_dm() {
    for (old, new) in [
        ("agent:a:dm:5", "agent:a:direct:5"),
        ("agent:a:telegram:dm:5", "agent:a:telegram:direct:5"),
        ("agent:a:telegram:work:dm:5:thread:6", "agent:a:telegram:work:direct:5:thread:6"),
    ] {
        let key = SessionKey::canonical(old, "main", "main");
        assert_eq!(
            (key.as_str(), key.kind()),
            (old, SessionKind::Direct),
            "what is on the disk is found by its name"
        );
        assert_eq!(SessionKey::of("a", key.conversation("main").unwrap(), "main").as_str(), new);
    }
}

#[test]
fn direct_chats_have_two_spellings() {
    for (one, two) in [
        ("direct:5", Some("dm:5")),
        ("telegram:direct:dm:5", Some("telegram:dm:dm:5")),
        ("telegram:work:direct:5:thread:6", Some("telegram:work:dm:5:thread:6")),
        ("telegram:group:direct:5", None),
        ("home:thread:direct:5", None),
        ("work", None),
    ] {
        let key = |rest: &str| SessionKey::stored(&format!("agent:dm:{rest}"));
        assert_eq!(key(one).other_spelling("home"), two.map(key), "{one}");
        if let Some(two) = two {
            assert_eq!(key(two).other_spelling("home"), Some(key(one)));
        }
    }
    assert_eq!(SessionKey::stored("global").other_spelling("main"), None);
}

#[test]
fn parents_of_threads() {
    for (key, parent) in [
        ("agent:a:slack:channel:c1:thread:9", Some("agent:a:slack:channel:c1")),
        ("agent:a:telegram:group:-1:topic:4", Some("agent:a:telegram:group:-1")),
        ("agent:a:main:thread:9", Some("agent:a:main")),
        ("agent:a:x:group:a:topic:1:thread:2", Some("agent:a:x:group:a:topic:1")),
        ("agent:a:main", None),
        ("agent:thread:x", None),
        ("agent:a:threads", None),
        ("global", None),
    ] {
        let key = SessionKey::canonical(key, "main", "main");
        assert_eq!(key.parent().as_ref().map(SessionKey::as_str), parent, "{key}");
        assert_eq!(key.is_thread(), parent.is_some());
    }
}

#[test]
fn one_session_for_all() {
    for (text, expected) in [
        ("main", "global"),
        ("home", "global"),
        ("agent:b:home", "global"),
        ("agent:b:main", "global"),
        ("global", "global"),
        ("unknown", "unknown"),
        ("agent:b:telegram:group:5", "agent:b:telegram:group:5"),
        ("agent:b:home:thread:5", "agent:b:home:thread:5"),
        ("work", "agent:a:work"),
    ] {
        let key = |scope| SessionKey::canonical(text, "a", "home").in_scope(scope, "home");
        assert_eq!(key(SessionScope::Global).as_str(), expected, "{text}");
        assert_eq!(key(SessionScope::PerSender), SessionKey::canonical(text, "a", "home"));
    }
}

#[test]
fn a_main_key_is_one_part_and_no_word_of_the_grammar() {
    for (configured, key) in [
        ("", "main"),
        (" Home ", "home"),
        ("a:b", "a%3ab"),
        ("cron", "%63ron"),
        ("node-x", "%6eode-x"),
        ("Global", "%67lobal"),
        ("unknown", "%75nknown"),
    ] {
        assert_eq!(main_key(configured), key);
        assert_eq!(SessionKey::canonical(key, "a", key), SessionKey::main("a", key), "by its name");
        assert_eq!(SessionKey::main("a", key).kind(), SessionKind::Direct);
        let main = SessionKey::main("a", key);
        assert_eq!(main.conversation(key), Some(Conversation::chat(Chat::Main)));
        assert_eq!(SessionKey::canonical(main.as_str(), "a", key), main);
    }
}

#[test]
fn nobody_gets_the_shortened_key_of_somebody_else() {
    let of = |id: &str| {
        let chat = Chat::Group { channel: "x".to_owned(), id: id.to_owned() };
        SessionKey::of("a", Conversation::chat(chat), "main")
    };
    let victim = of(&"v".repeat(900));
    let copied = victim.as_str().strip_prefix("agent:a:x:group:").unwrap();
    assert_ne!(of(copied), victim);
    assert_eq!(SessionKey::canonical(victim.as_str(), "a", "main"), victim);
}

/// Words, separators and what looks like an escape, from a seed.
struct Dice(u64);

impl Dice {
    /// A number below a limit (SplitMix64).
    fn below(&mut self, limit: u64) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % limit).unwrap()
    }

    fn id(&mut self) -> String {
        const PIECES: &[&str] = &[
            ":",
            ":",
            ":",
            "a",
            "b",
            "A",
            "é",
            "İ",
            "%",
            "%3a",
            "%",
            "3a",
            " ",
            "\u{0}",
            "\n",
            "~",
            "default",
            "main",
            "home",
            "node-",
            "agent",
            "direct",
            "dm",
            "group",
            "channel",
            "slash",
            "thread",
            "topic",
            "cron",
            "run",
            "hook",
            "telegram",
            "subagent",
            "openai-user",
            "global",
            "unknown",
        ];
        let pieces = self.below(6);
        let mut id: String = (0..pieces).map(|_| PIECES[self.below(PIECES.len() as u64)]).collect();
        if self.below(200) == 0 {
            id.push_str(&"x".repeat(self.below(600)));
        }
        id
    }

    fn conversation(&mut self) -> Conversation {
        let (one, two, three) = (self.id(), self.id(), self.id());
        let chat = match self.below(20) {
            0 => return Conversation::Cron(one),
            1 => return Conversation::CronRun { job: one, session: two },
            2 => return Conversation::Hook(one),
            3 => return Conversation::Subagent(one),
            4 => return Conversation::Acp(one),
            5 => return Conversation::OpenAi(one),
            6 => return Conversation::OpenAiUser(one),
            7 => return Conversation::OpenResponses(one),
            8 => return Conversation::OpenResponsesUser(one),
            9 => return Conversation::Node(one),
            10 => Chat::Main,
            11 => Chat::Peer(one),
            12 | 13 => Chat::ChannelPeer { channel: one, peer: two },
            14 | 15 => Chat::AccountPeer { channel: one, account: two, peer: three },
            16 | 17 => Chat::Group { channel: one, id: two },
            18 => Chat::Room { channel: one, id: two },
            _ => Chat::Slash { channel: one, sender: two },
        };
        let branch = match self.below(4) {
            0 => Branch::Thread(self.id()),
            1 => Branch::Topic(self.id()),
            _ => Branch::Whole,
        };
        Conversation::Chat(chat, branch)
    }
}

/// `OPENCLAW_FUZZ_RUNS=1000000` makes it long, `OPENCLAW_FUZZ_SEED` gives it other pairs.
#[test]
fn two_conversations_never_have_one_key() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let runs = number("OPENCLAW_FUZZ_RUNS").unwrap_or(20_000);
    let seed = number("OPENCLAW_FUZZ_SEED").unwrap_or(4);
    let mut dice = Dice(seed);
    let mut known = std::collections::HashMap::new();
    for n in 0..runs {
        let main = ["main", "home", "%63ron"][dice.below(3)];
        let (one, two) = (dice.conversation(), dice.conversation());
        let key = |what: &Conversation| SessionKey::of("a", what.clone(), main);
        let (first, second) = (key(&one), key(&two));
        let case = format!("seed {seed}, pair {n}: {one:?} {first} / {two:?} {second}");
        let (one, two) = (one.normalized(), two.normalized());
        assert_eq!(first == second, one == two, "{case}");
        assert_eq!(SessionKey::canonical(first.as_str(), "b", main), first, "{case}");
        // What can be read again is nobody else's: this is stronger than any number of pairs.
        if first.as_str().len() < super::MAX_KEY_BYTES - 8 {
            assert_eq!(first.conversation(main), Some(one.clone()), "{case}");
        }
        let holder = known.entry((main, first)).or_insert_with(|| one.clone());
        assert_eq!(*holder, one, "{case}");
        if known.len() > 50_000 {
            known.clear();
        }
    }
}
