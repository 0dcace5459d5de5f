//! What the user wants, told from the words by tables.

use super::commands::{
    COUNT, COUNT_WITHIN, FORGET, FORGET_LAST, Keep, LEAD_INS, LIST, LIST_WITHIN, NEW_SESSION, NO, POINTING,
    POLITE_QUESTIONS, REMEMBER, SMALL_TALK, TOKENS, YES, YES_ONLY_IN,
};
use super::tongue::Tongue;
use super::words::{content_words, is_unspaced};

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Intent {
    /// Note this.
    Remember(String),
    /// Note something, without saying what.
    RememberNothing,
    /// Find this.
    Ask(String),
    /// Show all there is about this.
    List(String),
    /// How much is there about this.
    Count(String),
    /// Remove what is noted about this.
    Forget(String),
    /// Remove something, without saying what.
    ForgetNothing,
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
    if let Some(forget) = forget(text) {
        return forget;
    }
    if asks_with(text, COUNT) || COUNT_WITHIN.iter().any(|form| text.contains(form)) {
        return Intent::Count(text.to_owned());
    }
    if asks_with(text, LIST) || LIST_WITHIN.iter().any(|form| text.contains(form)) {
        return Intent::List(text.to_owned());
    }
    if content_words(text, Tongue::of(text)).is_empty() {
        return Intent::SmallTalk(SmallTalk::NoWords);
    }
    Intent::Ask(text.to_owned())
}

/// What a message answers to a question for yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    Yes,
    No,
    /// Neither, or more than that.
    Unclear,
}

/// Only a whole message is an answer: "yes, but …" is not clear, nor is a question, nor what somebody else is quoted
/// with. `tongue` is the language of the question: what agrees in one language thanks in another.
pub(super) fn reply(text: &str, tongue: Tongue) -> Reply {
    if text.trim().contains(['?', '？', '>', '"', '“', '”', '„', '«', '»', '「', '\n', '[', ':']) {
        return Reply::Unclear;
    }
    let plain = plain_words(text);
    let one_of = |forms: &str| forms.split('|').any(|form| form == plain);
    let own = YES_ONLY_IN.iter().any(|(of, forms)| *of == tongue && one_of(forms));
    match (own || one_of(YES), one_of(NO)) {
        (true, _) => Reply::Yes,
        (false, true) => Reply::No,
        (false, false) => Reply::Unclear,
    }
}

/// A request without the politeness in front of it, and whether that was the form of a question.
fn bare(text: &str) -> (&str, bool) {
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
            None => return (rest, polite),
        }
    }
}

fn forget(text: &str) -> Option<Intent> {
    let (rest, polite) = bare(text);
    let rest = rest.trim_end().trim_end_matches(['.', '!', '。', '！']);
    // "Forget the milk again?" wonders; "can you forget the code?" asks.
    if rest.ends_with(['?', '？']) && !polite {
        return None;
    }
    let rest = rest.trim_end_matches(['?', '？']);
    let polite_end = rest.strip_suffix("ください").unwrap_or(rest);
    let first = FORGET.iter().find_map(|words| after(rest, words)).filter(|found| {
        found.is_empty() || found.starts_with([' ', ':', ',']) || found.starts_with(is_unspaced)
    });
    let last = || FORGET_LAST.iter().find_map(|words| polite_end.strip_suffix(words));
    let wanted = first.or_else(last)?.trim_matches([':', ',', '-', ' ']);
    let plain = plain_words(wanted);
    let pointing = POINTING.split('|').any(|form| form == plain);
    let tongue = Tongue::of(text);
    let empty = pointing || content_words(wanted, tongue).is_empty();
    Some(if empty { Intent::ForgetNothing } else { Intent::Forget(wanted.to_owned()) })
}

fn asks_with(text: &str, table: &[(&str, &str)]) -> bool {
    let text = text.trim_start_matches(['¿', ' ']);
    let (rest, _) = bare(text);
    let plain = plain_words(rest);
    let has = |word: &&str| {
        plain.split(' ').any(|known| known == *word)
            || (word.starts_with(is_unspaced) && plain.contains(word))
    };
    let matches = |(words, also): &(&str, &str)| {
        // "y", "e" and "i" in front are politeness in one language and the beginning of a form in another.
        [text, rest].iter().any(|text| after(text, words).is_some())
            && (also.is_empty() || also.split('|').any(|word| has(&word)))
    };
    table.iter().any(matches)
}

fn remember(text: &str) -> Option<Intent> {
    let (rest, polite) = bare(text);
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

/// Lower case, without punctuation, one space between words.
pub(super) fn plain_words(text: &str) -> String {
    let text = text.to_lowercase().replace('’', "'");
    let kept = text.chars().map(|c| match c {
        c if c.is_alphanumeric() || matches!(c, '-' | '\'') => c,
        _ => ' ',
    });
    kept.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn small_talk(text: &str) -> Option<SmallTalk> {
    let plain = plain_words(text);
    if plain.is_empty() {
        return Some(SmallTalk::NoWords);
    }
    SMALL_TALK.iter().find(|(_, forms)| forms.split('|').any(|form| form == plain)).map(|(kind, _)| *kind)
}

/// What follows `words` at the start of `text`, if it starts with them as whole words. Case, kinds of apostrophe and
/// the amount of space make no difference.
pub(super) fn after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
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
    let last = words.chars().last();
    let open_word = last.is_some_and(|last| last.is_alphanumeric() && !is_unspaced(last))
        && rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    (!open_word).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::{Intent, Reply, SmallTalk, Tongue, intent, reply};
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

    #[test]
    fn what_is_to_be_noted_in_other_languages() {
        let rows = [
            ("Ricordati che l'auto è in garage", "l'auto è in garage"),
            ("Por favor, lembre que o gás acabou", "o gás acabou"),
            ("Onthoud dat Jan de sleutel heeft", "Jan de sleutel heeft"),
            ("Kom ihåg att Anna har nyckeln", "Anna har nyckeln"),
            ("Husk at bilen står i garasjen", "bilen står i garasjen"),
            ("Zapamiętaj, że kod to 42", "kod to 42"),
            ("Запомни, что код 42", "код 42"),
            ("记住车库密码是42", "车库密码是42"),
            ("メモ：鍵は玄関にある", "鍵は玄関にある"),
        ];
        for (text, noted) in rows {
            assert_eq!(intent(text), Intent::Remember(noted.into()), "{text}");
        }
    }

    #[test]
    fn what_is_to_be_forgotten() {
        let rows = [
            ("forget the garage code", "the garage code"),
            ("Can you please forget about the boat?", "the boat"),
            ("Please delete my notes about Bob.", "Bob"),
            ("Vergiss den Code der Garage", "den Code der Garage"),
            ("Lösche die Notizen über das Boot!", "das Boot"),
            ("Oublie le code du garage", "le code du garage"),
            ("Olvida el código del garaje", "el código del garaje"),
            ("Dimentica il codice del garage", "il codice del garage"),
            ("Esqueça o código da garagem", "o código da garagem"),
            ("Vergeet de code van de garage", "de code van de garage"),
            ("Glem koden til garagen", "koden til garagen"),
            ("Glöm koden till garaget", "koden till garaget"),
            ("Zapomnij o kodzie do garażu", "kodzie do garażu"),
            ("Забудь код от гаража", "код от гаража"),
            ("忘记车库密码", "车库密码"),
            ("車庫の暗証番号を忘れてください", "車庫の暗証番号"),
        ];
        for (text, what) in rows {
            assert_eq!(intent(text), Intent::Forget(what.into()), "{text}");
        }
        for text in ["forget it", "Forget everything!", "vergiss es", "oublie ça", "olvida todo", "忘记一切"]
        {
            assert_eq!(intent(text), Intent::ForgetNothing, "{text}");
        }
        let asks = ["Did I forget the milk?", "forgetting things is human", "forget-me-nots in the garden"];
        for text in asks {
            assert_eq!(intent(text), Intent::Ask(text.into()), "{text}");
        }
        for text in ["don't forget the milk", "Vergiss nicht, dass Anna kommt", "N'oublie pas que Luc arrive"]
        {
            assert!(matches!(intent(text), Intent::Remember(_)), "{text}");
        }
    }

    #[test]
    fn what_is_to_be_listed_and_counted() {
        let lists = [
            "What did I note about the boat?",
            "what did I note last week?",
            "Please list my notes about the boat",
            "Was habe ich über das Boot notiert?",
            "Qu'est-ce que j'ai noté sur le bateau ?",
            "¿Qué anoté sobre el barco?",
            "Che cosa ho annotato sulla barca?",
            "O que anotei sobre o barco?",
            "Wat heb ik over de boot genoteerd?",
            "Hvad har jeg noteret om båden?",
            "Vad har jag antecknat om båten?",
            "Hva har jeg notert om båten?",
            "Co zanotowałem o łodzi?",
            "Что я записал о лодке?",
            "列出关于船的笔记",
            "船についてのメモを全部見せて",
        ];
        for text in lists {
            assert_eq!(intent(text), Intent::List(text.into()), "{text}");
        }
        let counts = [
            "How many notes do I have about the boat?",
            "Wie viele Notizen habe ich über das Boot?",
            "Combien de notes sur le bateau ?",
            "¿Cuántas notas tengo sobre el barco?",
            "Quante note ho sulla barca?",
            "Quantas notas tenho sobre o barco?",
            "Hoeveel notities heb ik over de boot?",
            "Hvor mange noter har jeg om båden?",
            "Hur många anteckningar har jag om båten?",
            "Hvor mange notater har jeg om båten?",
            "Ile notatek mam o łodzi?",
            "Сколько заметок о лодке?",
            "有多少条关于船的笔记？",
            "船についてのメモは何件ありますか",
        ];
        for text in counts {
            assert_eq!(intent(text), Intent::Count(text.into()), "{text}");
        }
        for text in ["How many cats does Bob have?", "What did Anna write?", "Listen to this song title"] {
            assert_eq!(intent(text), Intent::Ask(text.into()), "{text}");
        }
    }

    #[test]
    fn only_a_whole_message_is_a_yes() {
        let rows = [
            ("yes", Reply::Yes),
            ("Yes, please!", Reply::Yes),
            ("ja", Reply::Yes),
            ("Sí.", Reply::Yes),
            ("是的。", Reply::Yes),
            ("はい", Reply::Yes),
            ("no", Reply::No),
            ("Nein, danke", Reply::No),
            ("yes but keep the first", Reply::Unclear),
            ("yesterday", Reply::Unclear),
            ("what is the code?", Reply::Unclear),
            ("", Reply::Unclear),
        ];
        for (text, expected) in rows {
            assert_eq!(reply(text, Tongue::English), expected, "{text}");
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
