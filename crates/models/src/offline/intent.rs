//! What the user wants, told from the words by tables.

use super::words::content_words;

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Intent {
    /// Note this.
    Remember(String),
    /// Note something, without saying what.
    RememberNothing,
    /// Find this.
    Ask(String),
    /// A greeting, thanks, a question about the model itself.
    SmallTalk(SmallTalk),
    /// The gateway asks for this exact token when there is nothing to do.
    Token(&'static str),
}

/// Kinds of small talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SmallTalk {
    /// Hello, or a new session.
    Greeting,
    /// What are you, what can you do.
    Help,
    /// Thanks.
    Thanks,
    /// Nothing that could be looked up.
    NoWords,
}

/// How much of the text is noted.
#[derive(Clone, Copy)]
enum Keep {
    /// What follows the words.
    Rest,
    /// The words too: "remember to call" is a task, and "to call" is not.
    Whole,
}

/// Politeness that may stand in front of a request; tried again and again.
const LEAD_INS: &[&str] = &[
    "please",
    "hey",
    "hi",
    "hello",
    "ok",
    "okay",
    "so",
    "and",
    "also",
    "now",
    "just",
    "kindly",
    "bitte",
    "und",
    "por favor",
    "s'il te plaît",
    "venligst",
    "og",
];
/// Forms that make a request of a question.
const POLITE_QUESTIONS: &[&str] =
    &["can you", "could you", "would you", "will you", "kannst du", "puedes", "peux-tu", "kan du", "vil du"];

/// Longer forms stand before their beginnings.
const REMEMBER: &[(&str, Keep)] = &[
    ("remember the following:", Keep::Rest),
    ("remember this:", Keep::Rest),
    ("remember that", Keep::Rest),
    ("remember:", Keep::Rest),
    ("remember to", Keep::Whole),
    ("remember,", Keep::Rest),
    ("remember", Keep::Rest),
    ("make a note of this:", Keep::Rest),
    ("make a note that", Keep::Rest),
    ("make a note to", Keep::Rest),
    ("make a note:", Keep::Rest),
    ("take a note:", Keep::Rest),
    ("take note that", Keep::Rest),
    ("add a note:", Keep::Rest),
    ("note to self:", Keep::Rest),
    ("note down that", Keep::Rest),
    ("note down:", Keep::Rest),
    ("note that", Keep::Rest),
    ("note:", Keep::Rest),
    ("don't forget that", Keep::Rest),
    ("don't forget:", Keep::Rest),
    ("don't forget to", Keep::Whole),
    ("don't forget", Keep::Rest),
    ("do not forget that", Keep::Rest),
    ("do not forget to", Keep::Whole),
    ("do not forget", Keep::Rest),
    ("keep in mind that", Keep::Rest),
    ("keep in mind:", Keep::Rest),
    ("keep in mind", Keep::Rest),
    ("save this:", Keep::Rest),
    ("save to memory:", Keep::Rest),
    ("add to memory:", Keep::Rest),
    ("write this down:", Keep::Rest),
    ("write down that", Keep::Rest),
    ("write down:", Keep::Rest),
    ("for the record:", Keep::Rest),
    ("for the record,", Keep::Rest),
    ("merke dir, dass", Keep::Rest),
    ("merk dir, dass", Keep::Rest),
    ("merk dir dass", Keep::Rest),
    ("merke dir:", Keep::Rest),
    ("merk dir:", Keep::Rest),
    ("merke dir", Keep::Rest),
    ("merk dir", Keep::Rest),
    ("notiere, dass", Keep::Rest),
    ("notiere:", Keep::Rest),
    ("notiere", Keep::Rest),
    ("vergiss nicht, dass", Keep::Rest),
    ("vergiss nicht:", Keep::Rest),
    ("denk daran, dass", Keep::Rest),
    ("husk, at", Keep::Rest),
    ("husk at", Keep::Rest),
    ("husk:", Keep::Rest),
    ("noter, at", Keep::Rest),
    ("noter at", Keep::Rest),
    ("noter:", Keep::Rest),
    ("glem ikke, at", Keep::Rest),
    ("glem ikke at", Keep::Rest),
    ("skriv ned:", Keep::Rest),
    ("recuerda que", Keep::Rest),
    ("recuerda:", Keep::Rest),
    ("anota que", Keep::Rest),
    ("anota:", Keep::Rest),
    ("apunta que", Keep::Rest),
    ("no olvides que", Keep::Rest),
    ("ten en cuenta que", Keep::Rest),
    ("souviens-toi que", Keep::Rest),
    ("rappelle-toi que", Keep::Rest),
    ("retiens que", Keep::Rest),
    ("n'oublie pas que", Keep::Rest),
    ("note que", Keep::Rest),
    ("note :", Keep::Rest),
];

/// Whole messages, in lower case and without punctuation.
const SMALL_TALK: &[(SmallTalk, &str)] = &[
    (
        SmallTalk::Greeting,
        "hi|hello|hey|yo|hiya|hello there|hi there|good morning|good afternoon|good evening|good night",
    ),
    (
        SmallTalk::Greeting,
        "hallo|guten tag|guten morgen|moin|servus|hej|hejsa|goddag|hola|buenos días|bonjour|salut|test|ping",
    ),
    (
        SmallTalk::Help,
        "help|help me|what are you|who are you|what is this|what can you do|what do you do|how do you work",
    ),
    (
        SmallTalk::Help,
        "are you a language model|are you an ai|are you an llm|what model are you|which model are you|how does this work",
    ),
    (
        SmallTalk::Help,
        "hilfe|wer bist du|was kannst du|hjælp|hvem er du|hvad kan du|ayuda|quién eres|aide|qui es-tu",
    ),
    (
        SmallTalk::Thanks,
        "thanks|thank you|thanks a lot|thank you very much|thx|ty|great thanks|ok thanks|cheers|cool|great|nice|ok|okay",
    ),
    (
        SmallTalk::Thanks,
        "danke|vielen dank|danke schön|tak|mange tak|gracias|muchas gracias|merci|merci beaucoup|bye|goodbye",
    ),
];

/// Tokens that the gateway's own prompts ask for when nothing is to be said. Source: OpenClaw 2026.2.9, heartbeat and
/// memory flush prompts.
const TOKENS: &[&str] = &["HEARTBEAT_OK", "NO_REPLY"];
/// How the gateway begins the prompt of a session that `/new` or `/reset` started.
const NEW_SESSION: &str = "A new session was started";

/// Reads the intent of the user's own words.
pub(super) fn intent(text: &str) -> Intent {
    if let Some(token) = TOKENS.iter().find(|token| text.contains(*token)) {
        return Intent::Token(token);
    }
    if text.starts_with(NEW_SESSION) {
        return Intent::SmallTalk(SmallTalk::Greeting);
    }
    if let Some(remember) = remember(text) {
        return remember;
    }
    if let Some(kind) = small_talk(text) {
        return Intent::SmallTalk(kind);
    }
    if content_words(text).is_empty() {
        return Intent::SmallTalk(SmallTalk::NoWords);
    }
    Intent::Ask(text.to_owned())
}

fn remember(text: &str) -> Option<Intent> {
    let (mut rest, mut polite) = (text, false);
    // Each turn takes at least one word away.
    loop {
        let shorter = LEAD_INS.iter().find_map(|lead| after(rest, lead)).or_else(|| {
            let question = POLITE_QUESTIONS.iter().find_map(|lead| after(rest, lead))?;
            polite = true;
            Some(question)
        });
        match shorter {
            Some(shorter) => rest = shorter.trim_start_matches([',', '!', ' ']),
            None => break,
        }
    }
    let question = rest.trim_end().ends_with('?');
    // "Remember when we met?" asks; "can you remember that we met?" tells.
    if question && !polite {
        return None;
    }
    let (found, keep) =
        REMEMBER.iter().find_map(|(words, keep)| after(rest, words).map(|found| (found, *keep)))?;
    let noted = match keep {
        Keep::Rest => found.trim_start_matches([':', '-', '–', ' ', '\n', '\t']),
        Keep::Whole => rest,
    };
    let noted = noted.trim();
    let noted = if question { noted.trim_end_matches('?').trim_end() } else { noted };
    let empty = noted.is_empty() || (matches!(keep, Keep::Whole) && found.trim().is_empty());
    Some(if empty { Intent::RememberNothing } else { Intent::Remember(noted.to_owned()) })
}

fn small_talk(text: &str) -> Option<SmallTalk> {
    let plain: String = text
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || c.is_whitespace() || *c == '-')
        .collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if plain.is_empty() {
        return Some(SmallTalk::NoWords);
    }
    SMALL_TALK.iter().find(|(_, forms)| forms.split('|').any(|form| form == plain)).map(|(kind, _)| *kind)
}

/// What follows `words` at the start of `text`, if it starts with them as whole words. Case, kinds of apostrophe and
/// the amount of space make no difference.
fn after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let mut rest = text.trim_start();
    for (position, word) in words.split(' ').enumerate() {
        if position > 0 {
            let trimmed = rest.trim_start();
            if trimmed.len() == rest.len() {
                return None;
            }
            rest = trimmed;
        }
        for expected in word.chars() {
            let found = rest.chars().next()?;
            let alike = if expected == '\'' {
                matches!(found, '\'' | '’')
            } else {
                found.to_lowercase().eq(expected.to_lowercase())
            };
            if !alike {
                return None;
            }
            rest = &rest[found.len_utf8()..];
        }
    }
    let open_word =
        words.ends_with(char::is_alphanumeric) && rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    (!open_word).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::{Intent, SmallTalk, intent};
    use proptest::prelude::*;

    #[test]
    fn what_is_to_be_noted() {
        let rows = [
            ("remember that my dog is called Rex", "my dog is called Rex"),
            ("Please remember: the code is 42.", "the code is 42."),
            ("Remember I like tea", "I like tea"),
            ("hey, can you please remember that I parked on level 3?", "I parked on level 3"),
            ("Could you remember my locker is 12?", "my locker is 12"),
            ("Remember to buy milk", "Remember to buy milk"),
            ("Don’t  forget that Anna comes", "Anna comes"),
            ("don't forget to call Bo", "don't forget to call Bo"),
            ("NOTE: x", "x"),
            ("note that a\nb", "a\nb"),
            ("Keep in mind that it rains", "it rains"),
            ("save this: https://a.example/?q=1", "https://a.example/?q=1"),
            ("Merk dir, dass der Schlüssel unter der Matte liegt", "der Schlüssel unter der Matte liegt"),
            ("Husk at Bo har nøglen", "Bo har nøglen"),
            ("recuerda que el wifi es casa", "el wifi es casa"),
            ("N’oublie pas que Luc arrive lundi", "Luc arrive lundi"),
        ];
        for (text, noted) in rows {
            assert_eq!(intent(text), Intent::Remember(noted.into()), "{text}");
        }
    }

    #[test]
    fn what_is_asked_and_what_is_talk() {
        let ask = |text: &str| Intent::Ask(text.into());
        let talk = Intent::SmallTalk;
        let rows = [
            ("Do you remember where I parked?", ask("Do you remember where I parked?")),
            ("remember when we went to Rome?", ask("remember when we went to Rome?")),
            ("remembering things is hard", ask("remembering things is hard")),
            ("notebook price", ask("notebook price")),
            ("Help me find my keys", ask("Help me find my keys")),
            ("remember", Intent::RememberNothing),
            ("please remember that", Intent::RememberNothing),
            ("remember to", Intent::RememberNothing),
            ("Hello!", talk(SmallTalk::Greeting)),
            ("What are you?", talk(SmallTalk::Help)),
            ("thanks!!", talk(SmallTalk::Thanks)),
            ("how are you?", talk(SmallTalk::NoWords)),
            ("…", talk(SmallTalk::NoWords)),
            ("", talk(SmallTalk::NoWords)),
            ("A new session was started via /new. Greet the user.", talk(SmallTalk::Greeting)),
            ("If nothing needs attention, reply HEARTBEAT_OK.", Intent::Token("HEARTBEAT_OK")),
        ];
        for (text, expected) in rows {
            assert_eq!(intent(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_an_intent(text in "(please |can you |remember |note: |so, ){0,4}.{0,40}") {
            if let Intent::Remember(noted) = intent(&text) {
                prop_assert!(!noted.trim().is_empty());
                prop_assert!(text.contains(&noted));
            }
        }
    }
}
