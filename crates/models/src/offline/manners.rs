//! How people begin, agree, thank and leave, in every language.

use super::intent::{Intent, SmallTalk, intent};
use super::stories::STORIES;
use super::tongue::Tongue;
use super::world::World;

const DAY: &str = "memory/2026-11-21.md";

#[test]
fn a_greeting_in_front_of_a_request_changes_nothing() {
    let rows = [
        ("Hi there, remember that the bins go out on Monday", "the bins go out on Monday"),
        ("Good morning! Please note that tea is out", "tea is out"),
        ("Hello. Remember that tea is out", "tea is out"),
        ("Hi\nremember that tea is out", "tea is out"),
        ("hej, husk at skraldet hentes mandag", "skraldet hentes mandag"),
        ("Godmorgen, husk at skraldet hentes mandag", "skraldet hentes mandag"),
        ("notér at skraldet hentes mandag", "skraldet hentes mandag"),
        ("Hallo, merk dir, dass die Tonne montags rausgeht", "die Tonne montags rausgeht"),
        ("Guten Morgen, merk dir bitte, dass der Tee alle ist", "der Tee alle ist"),
        ("Hola, recuerda que Ana tiene la llave", "Ana tiene la llave"),
        ("Buenos días, recuerda que Ana tiene la llave", "Ana tiene la llave"),
        ("Bonjour, retiens que Luc a la clé", "Luc a la clé"),
        ("Bonjour, souviens-toi que Luc a la clé", "Luc a la clé"),
        ("Ciao, ricordati che Anna ha la chiave", "Anna ha la chiave"),
        ("Olá, lembre que a Ana tem a chave", "a Ana tem a chave"),
        ("Bom dia! Anota que o gás acabou", "o gás acabou"),
        ("Hoi, onthoud dat Jan de sleutel heeft", "Jan de sleutel heeft"),
        ("Hej, kom ihåg att Anna har nyckeln", "Anna har nyckeln"),
        ("Hei, husk at Bo har nøkkelen", "Bo har nøkkelen"),
        ("Dzień dobry, zapamiętaj że Anna ma klucz", "Anna ma klucz"),
        ("Привет, запомни, что ключ у Анны", "ключ у Анны"),
        ("你好，记住钥匙在安娜那里", "钥匙在安娜那里"),
        ("こんにちは、メモ：鍵は玄関にある", "鍵は玄関にある"),
        ("こんにちは。鍵は玄関にあると覚えておいて", "鍵は玄関にある"),
    ];
    for (text, noted) in rows {
        assert_eq!(intent(text), Intent::Remember(noted.to_owned()), "{text}");
    }
    for story in STORIES {
        for (greeting, wish) in
            [("Hej! ", story.said[5]), ("Hello, ", story.said[5]), ("Bonjour, ", story.said[5])]
        {
            let found = intent(&format!("{greeting}{wish}"));
            assert!(matches!(found, Intent::Forget(_)), "{greeting}{wish}: {found:?}");
        }
    }
}

#[test]
fn a_greeting_in_front_of_a_question_makes_it_no_note() {
    let rows = [
        ("Hej, husker du hvornår mødet er?", "husker du hvornår mødet er?"),
        ("Hej, husk hvornår mødet er?", "husk hvornår mødet er?"),
        ("Hi, do you remember where I parked?", "do you remember where I parked?"),
        ("Hi, can you remember where I parked?", "can you remember where I parked?"),
        ("Hallo, weißt du noch, wann der Klempner kommt?", "weißt du noch, wann der Klempner kommt?"),
        ("Bonjour, tu te souviens où est la clé ?", "tu te souviens où est la clé ?"),
        ("Hola, ¿recuerdas dónde está la llave?", "¿recuerdas dónde está la llave?"),
        ("Ciao, ricordi dove è la chiave?", "ricordi dove è la chiave?"),
        ("Olá, lembras-te onde está a chave?", "lembras-te onde está a chave?"),
        ("Hoi, weet je nog waar de sleutel is?", "weet je nog waar de sleutel is?"),
        ("Hej, minns du var nyckeln är?", "minns du var nyckeln är?"),
        ("Hei, husker du hvor nøkkelen er?", "husker du hvor nøkkelen er?"),
        ("Cześć, pamiętasz gdzie jest klucz?", "pamiętasz gdzie jest klucz?"),
        ("Привет, помнишь, где ключ?", "помнишь, где ключ?"),
        ("你好，钥匙在哪里？", "钥匙在哪里？"),
        ("こんにちは、船の鍵はどこですか", "船の鍵はどこですか"),
        // Without a mark it may be one name.
        ("Hello Kitty lunchbox", "Hello Kitty lunchbox"),
        ("remind me what the boiler code is", "remind me what the boiler code is"),
        ("remind me about the boiler", "remind me about the boiler"),
        ("recuérdame dónde está la llave", "recuérdame dónde está la llave"),
    ];
    for (text, asked) in rows {
        assert_eq!(intent(text), Intent::Ask(asked.to_owned()), "{text}");
    }
    let talk = [
        ("Guten Abend", SmallTalk::Greeting),
        ("Dobry wieczór!", SmallTalk::Greeting),
        ("hi, what time is it?", SmallTalk::NoWords),
        ("Wie spät ist es?", SmallTalk::NoWords),
        ("¿Qué hora es?", SmallTalk::NoWords),
        ("Hvad er klokken?", SmallTalk::NoWords),
        ("what is 12*7?", SmallTalk::NoWords),
        ("12 + 7", SmallTalk::NoWords),
        ("ok", SmallTalk::Fine),
        ("no", SmallTalk::Fine),
        ("yes", SmallTalk::NoWords),
        ("bye", SmallTalk::Bye),
        ("Farvel", SmallTalk::Bye),
        ("thanks", SmallTalk::Thanks),
    ];
    for (text, kind) in talk {
        assert_eq!(intent(text), Intent::SmallTalk(kind), "{text}");
    }
    for text in
        ["what is 4711?", "where are the 2x4 planks?", "what is in 12*7 boxes?", "What time is it due?"]
    {
        assert_eq!(intent(text), Intent::Ask(text.to_owned()), "{text}");
    }
}

#[test]
fn other_words_that_ask_to_note_something() {
    let rows = [
        ("Don't let me forget to call Anna", "Don't let me forget to call Anna"),
        ("Don't let me forget that Anna calls", "Anna calls"),
        ("I want you to remember that tea is out", "tea is out"),
        ("jot down that tea is out", "tea is out"),
        ("Jot down the code 4711", "the code 4711"),
        ("add to my notes: tea is out", "tea is out"),
        ("memo: tea is out", "tea is out"),
        ("TODO: call Anna", "TODO: call Anna"),
    ];
    for (text, noted) in rows {
        assert_eq!(intent(text), Intent::Remember(noted.to_owned()), "{text}");
    }
    for text in ["remember me", "Merk dir das", "Remember that!", "husk mig", "记住我", "souviens-toi"] {
        assert_eq!(intent(text), Intent::RememberNothing, "{text}");
    }
    let commands = [("/unknown", "/unknown"), (" /Foo-bar ", "/Foo-bar"), ("/hjælp", "/hjælp")];
    for (text, command) in commands {
        assert_eq!(intent(text), Intent::NoCommand(command.to_owned()), "{text}");
    }
    for text in ["/etc/passwd", "/unknown thing", "/42"] {
        assert!(!matches!(intent(text), Intent::NoCommand(_)), "{text}");
    }
}

#[test]
fn a_reminder_is_noted_and_said_to_be_none() {
    let rows = [
        ("Remind me to call Anna", Tongue::English),
        ("please remind me tomorrow to call Anna", Tongue::English),
        ("Erinnere mich daran, Anna anzurufen", Tongue::German),
        ("Rappelle-moi d'appeler Anna", Tongue::French),
        ("Recuérdame llamar a Ana", Tongue::Spanish),
        ("Ricordami di chiamare Anna", Tongue::Italian),
        ("Lembra-me de ligar à Ana", Tongue::Portuguese),
        ("Herinner me eraan Anna te bellen", Tongue::Dutch),
        ("Mind mig om at ringe til Anna", Tongue::Danish),
        ("Påminn mig om att ringa Anna", Tongue::Swedish),
        ("Minn meg på å ringe Anna", Tongue::Norwegian),
        ("Przypomnij mi o telefonie do Anny", Tongue::Polish),
        ("Напомни мне позвонить Анне", Tongue::Russian),
        ("提醒我给安娜打电话", Tongue::Chinese),
        ("アンナへの電話をリマインドして", Tongue::Japanese),
    ];
    for (text, tongue) in rows {
        let mut world = World::new(&[]);
        let answer = world.say(text);
        let noting = &tongue.phrases().noting;
        assert!(answer.contains(&format!("\n\n{}", noting.no_reminder)), "{text}: {answer}");
        let noted = world.files[DAY].lines().last().unwrap().trim_start_matches("- ").to_owned();
        assert!(text.ends_with(&noted) && noted.chars().count() > 5, "{text}: {noted}");
    }
}

#[test]
fn what_is_noted_already_is_not_noted_again() {
    for story in STORIES {
        let [note, ..] = story.said;
        let mut world = World::new(&[]);
        world.say(note);
        let once = world.files.clone();
        assert!(once[DAY].starts_with("# 2026-11-21\n\n- "), "{once:?}");
        let answer = world.say(note);
        let (known, _) = story.tongue.phrases().noting.known.split_once("{}").unwrap();
        assert!(answer.starts_with(&format!("{known}{DAY}#L3")), "{note}: {answer}");
        assert_eq!(world.files, once, "{note}");
        assert!(world.calls.iter().all(|(tool, arguments)| tool != "read" || arguments["path"] == DAY));
    }
    let mut world = World::new(&[]);
    assert!(
        world
            .say("remember that tea is out. Remember that rum is in.")
            .contains("#L3-L4: tea is out. / rum is in.")
    );
    world.say("remember that Tea is out");
    assert_eq!(world.files[DAY], "# 2026-11-21\n\n- tea is out.\n- rum is in.\n- Tea is out\n");
    assert!(world.say("note: rum is in").starts_with(&format!("Already noted in {DAY}#L4: rum is in")));
    world.say("remember that \u{1b}[31mred\u{1b}[0m is\u{7} red");
    assert!(world.files[DAY].ends_with("- red is red\n"), "{:?}", world.files);
}

#[test]
fn short_words_agree_only_right_after_the_question() {
    for agreed in ["y", "ok", "OK!", "okay", "yes, go ahead", "Yes, delete them please.", "sure"] {
        let mut world = World::new(&[("MEMORY.md", "- Garage code: 4711\n")]);
        world.say("forget the garage code");
        let answer = world.say(agreed);
        assert!(answer.starts_with("Removed from your notes:"), "{agreed}: {answer}");
        let mut world = World::new(&[("MEMORY.md", "- Garage code: 4711\n")]);
        let before = world.files.clone();
        world.say("forget the garage code");
        world.say("hmm");
        let answer = world.say(agreed);
        assert!(!answer.contains("emoved"), "{agreed}: {answer}");
        assert_eq!(world.files, before, "{agreed}");
    }
}

#[test]
fn whatever_else_is_said_there_hears_that_nothing_was_removed() {
    for story in STORIES {
        let [note, ask, _, _, _, forget, yes] = story.said;
        let kept = story.tongue.phrases().forgetting.kept;
        let mut world = World::new(&[]);
        world.say(note);
        world.say(forget);
        assert_eq!(world.say("hmm"), kept, "{forget}");
        world.say(forget);
        let answer = world.say(ask);
        let found = story.tongue.phrases().finding.from_notes;
        assert!(answer.starts_with(&format!("{kept}\n\n{found}")), "{ask}: {answer}");
        // Another question like the first one can be agreed to.
        world.say(forget);
        let answer = world.say(forget);
        assert!(
            answer.starts_with(&format!("{kept}\n\n{}", story.tongue.phrases().forgetting.ask)),
            "{answer}"
        );
        let answer = world.say(yes);
        assert!(answer.starts_with(story.tongue.phrases().forgetting.removed), "{yes}: {answer}");
    }
    let rows = [
        ("the first one only", "Nothing was removed."),
        ("thanks", "Nothing was removed."),
        (
            "remember that the code is new",
            "Nothing was removed.\n\nNoted in memory/2026-11-21.md#L3: the code is new",
        ),
        ("/foo", "Nothing was removed.\n\nThere is no command /foo; /help lists the commands there are."),
        ("Wo ist der Schlüssel?", "Es wurde nichts entfernt.\n\nIch habe"),
    ];
    for (text, expected) in rows {
        let mut world = World::new(&[("MEMORY.md", "- Garage code: 4711\n")]);
        world.say("forget the garage code");
        let answer = world.say(text);
        assert!(answer.starts_with(expected), "{text}: {answer}");
        assert_eq!(world.files["MEMORY.md"], "- Garage code: 4711\n", "{text}");
    }
}

#[test]
fn a_language_that_nobody_here_knows_is_told_which_ones_are() {
    for text in
        ["تذكر أن المفتاح عند أحمد", "열쇠는 안나에게 있다는 것을 기억해", "Muista että auto on tallissa"]
    {
        let answer = World::new(&[]).say(text);
        assert!(answer.contains("\n\nI understand English, German"), "{text}: {answer}");
    }
    for text in ["Where is the umbrella?", "garage code", "Wo ist der Regenschirm?"] {
        assert!(!World::new(&[]).say(text).contains("I understand"), "{text}");
    }
}
