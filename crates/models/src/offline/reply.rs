//! What a message answers to a question for yes or no.

use super::commands::{NO, POLITE_REPLY, YES};
use super::intent::{greeted, plain_words};
use super::tongue::Tongue;

/// Words of an answer; more than this say something of their own.
const MAX_WORDS: usize = 8;

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
    let plain = plain_words(greeted(text));
    let of = |table: &'static [(Tongue, &'static str)]| -> Vec<&'static str> {
        let own = table.iter().filter(|(of, _)| *of == tongue || *of == Tongue::English);
        own.flat_map(|(_, forms)| forms.split('|')).collect()
    };
    let (polite, no): (Vec<&str>, Vec<&str>) = (
        // A refusal is one in any language, and so is what is polite beside it.
        POLITE_REPLY.iter().flat_map(|(_, forms)| forms.split('|')).collect(),
        NO.split('|').collect(),
    );
    match (consists_of(&plain, &of(YES), &of(POLITE_REPLY)), consists_of(&plain, &no, &polite)) {
        (true, _) => Reply::Yes,
        (false, true) => Reply::No,
        (false, false) => Reply::Unclear,
    }
}

/// Whether a text is made of these forms and of nothing else but what may stand beside them.
fn consists_of(plain: &str, forms: &[&str], beside: &[&str]) -> bool {
    let words: Vec<&str> = plain.split(' ').filter(|word| !word.is_empty()).collect();
    if words.len() > MAX_WORDS {
        return false;
    }
    // Which beginnings of the message are made of the forms, and whether one of those that count is among them.
    let mut made = vec![None; words.len() + 1];
    made[0] = Some(false);
    for end in 1..=words.len() {
        for from in 0..end {
            let Some(counts) = made[from] else { continue };
            let piece = words[from..end].join(" ");
            let (is_form, is_beside) = (forms.contains(&&*piece), beside.contains(&&*piece));
            if is_form || is_beside {
                made[end] = Some(made[end].unwrap_or(false) || counts || is_form);
            }
        }
    }
    made[words.len()] == Some(true)
}

#[cfg(test)]
mod tests {
    use super::{Reply, Tongue, reply};

    #[test]
    fn only_a_whole_message_is_a_yes() {
        let rows = [
            ("yes", Reply::Yes),
            ("Yes, please!", Reply::Yes),
            ("y", Reply::Yes),
            ("OK", Reply::Yes),
            ("Okay.", Reply::Yes),
            ("yes, go ahead", Reply::Yes),
            ("ok, delete them please", Reply::Yes),
            ("Sure, do it. Thanks!", Reply::Yes),
            ("ja", Reply::Unclear),
            ("tak", Reply::Unclear),
            ("thanks", Reply::Unclear),
            ("please", Reply::Unclear),
            ("no", Reply::No),
            ("no, keep them", Reply::No),
            ("No thanks", Reply::No),
            ("Nein, danke", Reply::No),
            ("ok no", Reply::Unclear),
            ("don't delete them", Reply::Unclear),
            ("no, delete them", Reply::Unclear),
            ("ok then", Reply::Unclear),
            ("ok?", Reply::Unclear),
            ("yes but keep the first", Reply::Unclear),
            ("yesterday", Reply::Unclear),
            ("what is the code?", Reply::Unclear),
            ("", Reply::Unclear),
        ];
        for (text, expected) in rows {
            assert_eq!(reply(text, Tongue::English), expected, "{text}");
        }
    }

    #[test]
    fn every_language_has_its_own_yes_and_takes_the_english_one() {
        let own = [
            (Tongue::English, "yes, of course", "never mind"),
            (Tongue::German, "Ja, mach das bitte", "Nein, danke"),
            (Tongue::French, "D'accord, vas-y", "non merci"),
            (Tongue::Spanish, "Sí, adelante", "no, gracias"),
            (Tongue::Italian, "Sì, va bene", "no grazie"),
            (Tongue::Portuguese, "Sim, por favor", "Não, obrigado"),
            (Tongue::Dutch, "ja, doe maar", "nee, bedankt"),
            (Tongue::Danish, "Ja, gør det", "nej tak"),
            (Tongue::Swedish, "Ja tack, ta bort dem", "nej tack"),
            (Tongue::Norwegian, "ja, gjør det", "nei takk"),
            (Tongue::Polish, "Tak, usuń", "nie, dziękuję"),
            (Tongue::Russian, "Да, удали", "Нет, спасибо"),
            (Tongue::Chinese, "是的。", "不用"),
            (Tongue::Japanese, "はい、消してください", "いいえ"),
        ];
        assert_eq!(own.len(), Tongue::ALL.len());
        for (tongue, yes, no) in own {
            let replies = [reply(yes, tongue), reply("yes", tongue), reply("ok", tongue), reply("y", tongue)];
            assert_eq!(replies, [Reply::Yes; 4], "{yes}");
            assert_eq!(reply(no, tongue), Reply::No, "{no}");
        }
    }
}
