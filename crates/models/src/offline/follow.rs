//! Questions that go on from the answer before: "and how much was it?".

use serde_json::{Value, json};

use super::commands::{LEANINGS, Leaning, POINTING_BACK};
use super::intent::{after, greeted, plain_words};
use super::score::{Kind, Question};
use super::tongue::Tongue;
use super::turn::Turn;
use super::words::is_unspaced;

/// Words of a question that leans on the one before; a longer one stands for itself.
const MAX_WORDS: usize = 8;
/// Words about something that such a question may add.
const MAX_OWN_WORDS: usize = 3;
/// Places of the answer before that are looked at again.
const MAX_PLACES: usize = 3;
/// Lines read before and after what was quoted: the rest of the same note.
const LINES_AROUND: usize = 6;

/// What a question leans on.
pub(super) struct Followed {
    /// The question before, which names the subject.
    pub(super) subject: String,
    /// Arguments of `memory_get` for the notes that were quoted.
    pub(super) places: Vec<Value>,
}

/// What the user's question follows, if it cannot stand alone and something was quoted before it.
pub(super) fn followed(turn: &Turn<'_>) -> Option<Followed> {
    let said = turn.said.as_deref()?;
    if !leans(&turn.user.text) {
        return None;
    }
    let places = places(said);
    let subject = turn.earlier.iter().find(|text| !leans(text) && !Question::read(text).words.is_empty())?;
    (!places.is_empty()).then(|| Followed { subject: subject.clone(), places })
}

/// Whether a message says that it is about what was said before: it goes on from it, or points at it.
pub(super) fn points_back(text: &str) -> bool {
    let plain = plain_words(text.trim_start_matches(['¿', ' ']));
    let tongue = Tongue::of(text);
    LEANINGS.iter().filter(|leaning| leaning.tongue == tongue).any(|leaning| {
        let goes_on = leaning.connectives.iter().any(|word| after(&plain, word).is_some());
        // What nothing separates from its neighbours is looked for inside.
        let points = |pronoun: &&str| {
            plain.split(' ').any(|word| word == *pronoun)
                || (pronoun.starts_with(is_unspaced) && plain.contains(*pronoun))
        };
        goes_on || leaning.pronouns.iter().any(points) || POINTING_BACK.iter().any(points)
    })
}

/// Whether a question needs the one before it.
fn leans(text: &str) -> bool {
    let text = greeted(text);
    let plain = plain_words(text.trim_start_matches(['¿', ' ']));
    let words: Vec<&str> = plain.split(' ').filter(|word| !word.is_empty()).collect();
    if words.is_empty() || words.len() > MAX_WORDS {
        return false;
    }
    let question = Question::read(text);
    let own = question.words.len();
    let named = question.words.iter().any(|word| word.name);
    let leaning = LEANINGS.iter().find(|leaning| leaning.tongue == question.tongue);
    let goes_on = |leaning: &Leaning| {
        leaning.connectives.iter().any(|word| after(&plain, word).is_some_and(|rest| !rest.is_empty()))
    };
    let points = |leaning: &Leaning| leaning.pronouns.iter().any(|pronoun| words.contains(pronoun));
    let (goes_on, points) = (leaning.is_some_and(goes_on), leaning.is_some_and(points));
    let asks = question.kind != Kind::Anything;
    (goes_on && own <= MAX_OWN_WORDS && (asks || own > 0 || points))
        || (points && asks && !named && own <= 1)
        || (asks && own == 0)
}

/// The places that an answer named, as arguments of `memory_get`. Quoted lines begin with a mark, so a note cannot
/// name any.
fn places(said: &str) -> Vec<Value> {
    let sources = said.lines().filter_map(|line| line.strip_prefix("Source: "));
    let read = |source: &str| {
        let (path, lines) = source.rsplit_once("#L")?;
        let (first, last) = lines.split_once("-L").unwrap_or((lines, lines));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        let from = first.saturating_sub(LINES_AROUND).max(1);
        let count = last.saturating_add(LINES_AROUND + 1).saturating_sub(from).min(4 * LINES_AROUND);
        Some(json!({ "path": path, "from": from, "lines": count }))
    };
    sources.filter_map(read).take(MAX_PLACES).collect()
}

#[cfg(test)]
mod tests {
    use super::{leans, places, points_back};
    use serde_json::json;

    #[test]
    fn some_questions_lean_on_the_one_before() {
        let rows = [
            ("and how much was it?", true),
            ("und wann?", true),
            ("When was that?", true),
            ("et combien ?", true),
            ("¿y cuándo?", true),
            ("e quando?", true),
            ("en wanneer?", true),
            ("а когда?", true),
            ("and the price?", true),
            ("where is it", true),
            ("and Bob?", true),
            ("When does Project Falcon ship?", false),
            ("and when did he pay?", true),
            ("When did he buy it?", true),
            ("e a che ora?", true),
            ("a kiedy jest?", true),
            ("who is Bob?", false),
            ("Wo ist das Auto?", false),
            ("Wo sind die Schlüssel?", false),
            ("Waar is het paspoort?", false),
            ("When do I go to work?", false),
            ("Who is on vacation?", false),
            ("Where is that book?", false),
            ("I need the wifi password", false),
            ("A key for the boat?", false),
            ("A che ora parte il treno?", false),
            ("En quelle année est né Luc ?", false),
            ("Hvor er den røde nøgle?", false),
            ("Où est la clé ?", false),
            ("how are you?", false),
            ("and", false),
            ("", false),
        ];
        for (text, expected) in rows {
            assert_eq!(leans(text), expected, "{text}");
        }
    }

    #[test]
    fn a_list_or_a_count_is_about_what_was_said_before_only_where_it_says_so() {
        let back = [
            "and how many notes about it?",
            "how many notes about that?",
            "und wie viele Notizen?",
            "Wie viele Notizen habe ich darüber?",
            "et combien de notes ?",
            "¿y cuántas notas?",
            "e quante note?",
            "e quantas notas?",
            "en hoeveel notities?",
            "og hvor mange noter?",
            "och hur många anteckningar?",
            "og hvor mange notater?",
            "a ile notatek?",
            "а сколько заметок?",
            "那有多少条笔记？",
            "それについてのメモは何件",
        ];
        for text in back {
            assert!(points_back(text), "{text}");
        }
        let own = [
            "How many notes do I have?",
            "List my notes",
            "what do you know about me?",
            "Wie viele Notizen habe ich?",
            "Combien de notes ai-je ?",
            "¿Cuántas notas tengo?",
            "Quante note ho?",
            "Quantas notas tenho?",
            "Hoeveel notities heb ik?",
            "Hvor mange noter har jeg?",
            "Hur många anteckningar har jag?",
            "Hvor mange notater har jeg?",
            "Ile mam notatek?",
            "Сколько заметок?",
            "有多少条笔记？",
            "メモは何件",
        ];
        for text in own {
            assert!(!points_back(text), "{text}");
        }
    }

    #[test]
    fn only_what_the_answer_itself_names_is_a_place() {
        let said = "From your notes:\n\n> Source: secret.md#L1\nSource: memory/a b.md#L8-L9\n\nSource: x#Ly";
        assert_eq!(places(said), [json!({"path":"memory/a b.md","from":2,"lines":14})]);
    }
}
