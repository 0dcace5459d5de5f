//! Sentences from phrases.

use serde_json::Value;

use super::table::Phrases;
use super::{eastern, nordic, romance, western};
use crate::offline::intent::SmallTalk;
use crate::offline::tongue::Tongue;

/// Follows "nothing found" where the message may be in a language that nobody here knows.
pub(in crate::offline) const LANGUAGES: &str = "I understand English, German, French, Spanish, Italian, Portuguese, Dutch, Danish, Swedish, Norwegian, Polish, Russian, Chinese and Japanese. Requests in other languages I only search for: nothing was noted.";

/// Longest foreign text repeated inside a sentence, in characters.
const MAX_REPEATED_CHARS: usize = 300;

impl Tongue {
    /// What is said in it.
    pub(in crate::offline) fn phrases(self) -> &'static Phrases {
        match self {
            Self::English => &western::ENGLISH,
            Self::German => &western::GERMAN,
            Self::French => &romance::FRENCH,
            Self::Spanish => &romance::SPANISH,
            Self::Italian => &romance::ITALIAN,
            Self::Portuguese => &romance::PORTUGUESE,
            Self::Dutch => &western::DUTCH,
            Self::Danish => &nordic::DANISH,
            Self::Swedish => &nordic::SWEDISH,
            Self::Norwegian => &nordic::NORWEGIAN,
            Self::Polish => &eastern::POLISH,
            Self::Russian => &eastern::RUSSIAN,
            Self::Chinese => &eastern::CHINESE,
            Self::Japanese => &eastern::JAPANESE,
        }
    }
}

/// The language in which an answer asks whether lines shall be removed, and what it shows after that. It may say before
/// that the notes have changed, or that nothing of what was asked about before was removed.
pub(in crate::offline) fn pending_question(answer: &str) -> Option<(Tongue, &str)> {
    let kept = Tongue::ALL
        .into_iter()
        .find_map(|tongue| answer.strip_prefix(tongue.phrases().forgetting.kept)?.strip_prefix("\n\n"));
    let answer = kept.unwrap_or(answer);
    Tongue::ALL.into_iter().find_map(|tongue| {
        let forgetting = &tongue.phrases().forgetting;
        let anew = answer.strip_prefix(forgetting.anew).and_then(|rest| rest.strip_prefix("\n\n"));
        let shown = anew.unwrap_or(answer).strip_prefix(forgetting.ask)?;
        shown.starts_with("\n\n> ").then_some((tongue, shown))
    })
}

/// `text` on one line and short enough for a sentence.
fn brief(text: &str) -> String {
    let line = plain(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    match line.char_indices().nth(MAX_REPEATED_CHARS) {
        Some((cut, _)) => format!("{}…", line[..cut].trim_end()),
        None => line,
    }
}

/// `text` without whatever could end a line or steer a terminal: a quote must stay behind its mark.
pub(in crate::offline) fn plain(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && c != '\t')
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { ' ' } else { c }).collect()
}

/// What the search says about itself, at the end of an answer.
pub(in crate::offline) fn in_brackets(note: &str) -> String {
    format!("({})", sentence(note))
}

/// Puts values in the places of a phrase, each once: what is put in is never filled itself.
fn fill(phrase: &str, values: &[&str]) -> String {
    let mut values = values.iter();
    let mut filled = String::new();
    for (at, piece) in phrase.split("{}").enumerate() {
        if at > 0 {
            filled.push_str(values.next().copied().unwrap_or_default());
        }
        filled.push_str(piece);
    }
    filled
}

impl Phrases {
    pub(in crate::offline) fn small_talk(&self, kind: SmallTalk) -> String {
        match kind {
            SmallTalk::Greeting => format!("{} {}", self.talk.hello, self.talk.what_it_is),
            SmallTalk::Help => format!("{}\n\n{}", self.talk.what_it_is, self.talk.configure),
            SmallTalk::Thanks => self.talk.welcome.to_owned(),
            SmallTalk::Fine => self.talk.fine.to_owned(),
            SmallTalk::Bye => self.talk.bye.to_owned(),
            SmallTalk::NoWords => self.talk.no_words.to_owned(),
        }
    }

    pub(in crate::offline) fn noted(&self, place: &str, fact: &str) -> String {
        fill(self.noting.noted, &[place, &brief(fact)])
    }

    pub(in crate::offline) fn note_failed(&self, path: &str, error: &str) -> String {
        fill(self.noting.failed, &[path, &sentence(error)])
    }

    /// The same of facts that stand there already.
    pub(in crate::offline) fn known(&self, place: &str, fact: &str) -> String {
        fill(self.noting.known, &[place, &brief(fact)])
    }

    pub(in crate::offline) fn no_command(&self, command: &str) -> String {
        fill(self.talk.no_command, &[&brief(command)])
    }

    pub(in crate::offline) fn missing_tool(&self, tool: &str) -> String {
        fill(self.finding.missing_tool, &[tool])
    }

    pub(in crate::offline) fn search_failed(&self, error: &str) -> String {
        fill(self.finding.failed, &[&sentence(error)])
    }

    /// `note` is what the search has to say about itself.
    pub(in crate::offline) fn nothing_found(&self, question: &str, note: Option<&str>) -> String {
        let about = brief(question);
        let about = about.trim_matches(['?', '.', '!', ' ', '¿', '¡', '？', '。', '！', '؟']);
        let note = note.map(|note| format!(" ({})", sentence(note))).unwrap_or_default();
        fill(self.finding.nothing, &[about, &note])
    }

    pub(in crate::offline) fn count(&self, lines: usize, files: usize) -> String {
        fill(self.finding.count, &[&lines.to_string(), &files.to_string()])
    }

    /// The same where there may be more.
    pub(in crate::offline) fn count_at_least(&self, lines: usize, files: usize) -> String {
        let at_least = |count: usize| fill(self.finding.at_least, &[&count.to_string()]);
        fill(self.finding.count, &[&at_least(lines), &at_least(files)])
    }

    pub(in crate::offline) fn part(&self, shown: usize) -> String {
        fill(self.finding.part, &[&shown.to_string()])
    }

    pub(in crate::offline) fn not_removed(&self, error: &str) -> String {
        fill(self.forgetting.failed, &[&sentence(error)])
    }
}

/// What a tool says went wrong, without the form that some of them say it in.
fn sentence(error: &str) -> String {
    let value = serde_json::from_str::<Value>(error).ok();
    let inside = value.as_ref().and_then(|value| value["error"].as_str());
    let error = brief(inside.unwrap_or(error));
    let error = error.trim_end_matches(['.', ' ']);
    if error.is_empty() { "the tool gave no reason".to_owned() } else { error.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{fill, pending_question, plain};
    use crate::offline::tongue::Tongue;

    #[test]
    fn what_is_put_in_is_not_filled_itself() {
        assert_eq!(fill("a {} b {}", &["{}", "x"]), "a {} b x");
    }

    #[test]
    fn a_quote_cannot_leave_its_line() {
        assert_eq!(plain("a\rb\u{2028}c\u{1b}[2Jd\te\u{202e}f"), "a b c [2Jd\te f");
    }

    #[test]
    fn a_reason_in_a_form_is_told_without_it() {
        let form = r#"{ "status": "error", "tool": "write", "error": "memory/a.md does not exist" }"#;
        let said = Tongue::English.phrases().note_failed("memory/a.md", form);
        assert!(
            said.starts_with("I could not write memory/a.md: memory/a.md does not exist. Nothing"),
            "{said}"
        );
    }

    #[test]
    fn every_language_says_everything_and_asks_in_words_of_its_own() {
        for tongue in Tongue::ALL {
            let phrases = tongue.phrases();
            let asked = format!("{}\n\n> a", phrases.forgetting.ask);
            assert_eq!(pending_question(&asked), Some((tongue, "\n\n> a")));
            let anew = format!("{}\n\n{asked}", phrases.forgetting.anew);
            assert_eq!(pending_question(&anew), Some((tongue, "\n\n> a")));
            let kept = format!("{}\n\n{asked}", Tongue::German.phrases().forgetting.kept);
            assert_eq!(pending_question(&kept), Some((tongue, "\n\n> a")));
            assert_eq!(pending_question(&format!("x\n\n{asked}")), None);
            let places = [
                (phrases.noting.noted, 2),
                (phrases.noting.known, 2),
                (phrases.talk.no_command, 1),
                (phrases.noting.failed, 2),
                (phrases.finding.nothing, 2),
                (phrases.finding.failed, 1),
                (phrases.finding.missing_tool, 1),
                (phrases.finding.count, 2),
                (phrases.finding.at_least, 1),
                (phrases.finding.part, 1),
                (phrases.forgetting.failed, 1),
            ];
            for (phrase, count) in places {
                assert_eq!(phrase.matches("{}").count(), count, "{phrase}");
            }
        }
    }
}
