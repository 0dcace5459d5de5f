//! What the offline model said itself, and what it was asked, as conversations keep it: neither answers a question.

use std::sync::LazyLock;

use super::intent::plain_words;
use super::tongue::Tongue;

/// How the search writes who speaks.
const ASSISTANT: &str = "Assistant: ";
const USER: &str = "User: ";
/// What stands in whatever it says about itself.
const NAME: &str = "offline/recall";
/// Where it notes.
const NOTES: &str = "memory/";

/// A shorter beginning may be of anybody's words.
const MIN_BEGINNING_CHARS: usize = 4;

/// How its answers begin.
static BEGINNINGS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let all = Tongue::ALL.into_iter().flat_map(|tongue| {
        let phrases = tongue.phrases();
        let (finding, forgetting) = (&phrases.finding, &phrases.forgetting);
        [
            finding.from_notes,
            finding.closest,
            finding.from_talks,
            finding.closest_talks,
            finding.nothing,
            finding.failed,
            finding.missing_tool,
            finding.gave_up,
            finding.count,
            finding.all,
            forgetting.ask,
            forgetting.which,
            forgetting.kept,
            forgetting.removed,
            forgetting.anew,
            phrases.noting.what,
            phrases.talk.no_words,
        ]
    });
    all.filter_map(beginning).filter(|beginning| beginning.chars().count() >= MIN_BEGINNING_CHARS).collect()
});
/// The same of what it notes, in front of the place.
static NOTED: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let all = Tongue::ALL.into_iter().flat_map(|tongue| {
        let noting = &tongue.phrases().noting;
        [noting.noted, noting.known]
    });
    all.filter_map(beginning).collect()
});

/// What stands in front of what is filled in.
fn beginning(phrase: &'static str) -> Option<&'static str> {
    let fixed = phrase.split(['{', '\n']).next()?.trim_end();
    (!fixed.is_empty()).then_some(fixed)
}

/// Whether a line of a conversation is an answer of its own, or the question that is asked now.
pub(super) fn is_echo(line: &str, asked: &str) -> bool {
    if let Some(question) = line.strip_prefix(USER) {
        return plain_words(question) == plain_words(asked);
    }
    let Some(said) = line.strip_prefix(ASSISTANT) else { return false };
    let notes = |beginning: &str| {
        said.strip_prefix(beginning).is_some_and(|behind| behind.trim_start().starts_with(NOTES))
    };
    said.contains(NAME)
        || BEGINNINGS.iter().any(|beginning| said.starts_with(beginning))
        || NOTED.iter().any(|beginning| notes(beginning))
}

/// Whether the end of a line whose beginning is not known reads like a quotation with its place.
pub(super) fn may_be_echo(piece: &str) -> bool {
    piece.contains("Source: ") && piece.contains("#L")
}

#[cfg(test)]
mod tests {
    use super::{BEGINNINGS, is_echo};
    use crate::offline::tongue::Tongue;

    #[test]
    fn its_own_words_are_told_from_those_of_others() {
        assert!(BEGINNINGS.iter().all(|beginning| beginning.chars().count() >= 4), "{BEGINNINGS:?}");
        let asked = "Where is the key?";
        for tongue in Tongue::ALL {
            let phrases = tongue.phrases();
            for said in [
                format!("{} > - The key is here. Source: MEMORY.md#L1", phrases.finding.from_notes),
                phrases.count(3, 1),
                phrases.finding.all.to_owned(),
                phrases.talk.hint.to_owned(),
            ] {
                assert!(is_echo(&format!("Assistant: {said}"), asked), "{said}");
            }
        }
        assert!(is_echo("Assistant: Noted in memory/2026-11-20.md#L3: the key is here", asked));
        assert!(is_echo("User: where is the key", asked));
        for line in [
            "Assistant: The key is under the mat.",
            "Assistant: Noted in passing: the key is here.",
            "User: Where is the key of the car?",
            "From your notes: the key",
        ] {
            assert!(!is_echo(line, asked), "{line}");
        }
    }
}
