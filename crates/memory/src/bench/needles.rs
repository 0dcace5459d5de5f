//! Questions made of lines, and where their answers stand. Pure.

use serde::Serialize;

use super::lines::{Line, NoteText, Stock};
use super::nonsense::nonsense;
use super::random::Random;
use super::run::Plan;

/// One question in so many is about nothing that the notes say.
const ONE_NONSENSE_IN: usize = 5;
/// Rarest words of a line that are asked for.
const RARE_WORDS: usize = 3;
/// Words that stand together in the line and are asked for as they are.
const QUOTED_WORDS: usize = 4;
/// Words of the notes that stand in questions about nothing.
const FREQUENT_WORDS: usize = 20;
/// A code of fewer characters is a number or an abbreviation.
const MIN_CODE_CHARS: usize = 4;

/// How a question is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The rarest words of a line.
    Rare,
    /// Every other word of a line.
    Half,
    /// A few words that stand together.
    Quote,
    /// An identifier alone: a number with letters, a path, an address.
    Code,
    /// About nothing in the notes; it must be rejected.
    Nonsense,
}

impl Kind {
    /// All kinds, as a report lists them.
    pub const ALL: [Self; 5] = [Self::Rare, Self::Half, Self::Quote, Self::Code, Self::Nonsense];
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    /// How it was made.
    pub kind: Kind,
    /// What is searched for.
    pub query: String,
    /// Where the answer stands; nowhere for nonsense.
    pub target: Option<Target>,
}

/// Where an answer stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The note.
    pub path: String,
    /// From 1.
    pub line: u32,
    /// What a result may show instead, because it stands elsewhere as well: the line, or the code.
    pub text: String,
}

/// Questions about notes, the same for the same notes and plan. Fewer than planned when the notes say too little.
#[must_use]
pub fn needles(notes: &[NoteText], plan: Plan) -> Vec<Needle> {
    choose(&Stock::of(notes), plan)
}

pub(super) fn choose(stock: &Stock, plan: Plan) -> Vec<Needle> {
    let mut random = Random::new(plan.seed);
    let mut lines: Vec<&Line> = stock.lines.iter().collect();
    random.shuffle(&mut lines);
    let off = plan.questions / ONE_NONSENSE_IN;
    let wanted = plan.questions - off;
    let mut found: Vec<Needle> = Vec::new();
    // One code in four, as far as there are any: people have fewer of them than of other lines.
    let coded = lines.iter().filter_map(|line| code(line, stock)).take(wanted / 4);
    found.extend(coded);
    let used: Vec<(String, u32)> = found.iter().filter_map(Needle::place).collect();
    let others = lines.iter().filter(|line| !used.contains(&(line.path.clone(), line.number)));
    let mut kinds = [Kind::Rare, Kind::Half, Kind::Quote].into_iter().cycle().peekable();
    for line in others {
        if found.len() >= wanted {
            break;
        }
        if let Some(kind) = kinds.peek()
            && let Some(needle) = about(line, *kind, stock, &mut random)
        {
            found.push(needle);
            kinds.next();
        }
    }
    if found.is_empty() {
        return found;
    }
    let nothing = nonsense(&stock.terms, &stock.frequent(FREQUENT_WORDS), off, &mut random);
    found.extend(nothing.into_iter().map(|query| Needle { kind: Kind::Nonsense, query, target: None }));
    found
}

impl Needle {
    fn place(&self) -> Option<(String, u32)> {
        self.target.as_ref().map(|target| (target.path.clone(), target.line))
    }
}

fn target(line: &Line, text: &str) -> Option<Target> {
    Some(Target { path: line.path.clone(), line: line.number, text: text.to_owned() })
}

/// A question about a line, if that line alone answers it.
fn about(line: &Line, kind: Kind, stock: &Stock, random: &mut Random) -> Option<Needle> {
    let from = |first: usize, step: usize| line.words.iter().skip(first).step_by(step).map(String::as_str);
    let words: Vec<&str> = match kind {
        Kind::Rare => rarest(line, stock),
        Kind::Half => from(random.below(2), 2).collect(),
        Kind::Quote | Kind::Code | Kind::Nonsense => {
            let last = line.words.len().saturating_sub(QUOTED_WORDS);
            from(random.below(last + 1), 1).take(QUOTED_WORDS).collect()
        }
    };
    stock.is_clear(&words).then(|| Needle { kind, query: words.join(" "), target: target(line, &line.text) })
}

/// The words of a line that the fewest other lines have, in the order in which they stand there.
fn rarest<'a>(line: &'a Line, stock: &Stock) -> Vec<&'a str> {
    let mut places: Vec<usize> = (0..line.words.len()).collect();
    places.sort_by_key(|&at| (stock.count(&line.words[at]), at));
    places.truncate(RARE_WORDS);
    places.sort_unstable();
    places.into_iter().map(|at| line.words[at].as_str()).collect()
}

/// The rarest code of a line.
fn code(line: &Line, stock: &Stock) -> Option<Needle> {
    let codes = line.words.iter().filter(|word| is_code(word));
    let word = codes.min_by_key(|word| stock.count(word))?;
    Some(Needle { kind: Kind::Code, query: word.clone(), target: target(line, word) })
}

/// A digit together with letters or signs, or small letters before a capital.
fn is_code(word: &str) -> bool {
    let has = |test: fn(char) -> bool| word.contains(test);
    let mixed = has(|c| c.is_ascii_digit()) && has(|c| !c.is_ascii_digit());
    let joined = has(|c| matches!(c, '_' | '/' | '@' | '\\'));
    let camel =
        word.bytes().zip(word.bytes().skip(1)).any(|(a, b)| a.is_ascii_lowercase() && b.is_ascii_uppercase());
    word.is_ascii() && word.len() >= MIN_CODE_CHARS && (mixed || joined || camel)
}

#[cfg(test)]
mod tests {
    use super::{Kind, is_code, needles};
    use crate::bench::lines::NoteText;
    use crate::bench::run::Plan;
    use proptest::prelude::*;

    fn notes() -> Vec<NoteText> {
        let line = |n: usize| {
            format!("- Person{n} repaired gadget{n} beside tower{n} with tool{n} on channel ch-{n}0{n}\n")
        };
        vec![NoteText { path: "memory/a.md".into(), text: (1..60).map(line).collect() }]
    }

    #[test]
    fn the_same_seed_asks_the_same() {
        let plan = |seed| Plan { questions: 50, seed };
        let first = needles(&notes(), plan(7));
        assert_eq!(first, needles(&notes(), plan(7)));
        assert_ne!(first, needles(&notes(), plan(8)));
        let count = |kind| first.iter().filter(|needle| needle.kind == kind).count();
        assert_eq!(Kind::ALL.map(count), [10, 10, 10, 10, 10]);
    }

    #[test]
    fn every_word_of_a_question_stands_in_its_line() {
        let notes = notes();
        for needle in needles(&notes, Plan { questions: 60, seed: 3 }) {
            let Some(target) = &needle.target else { continue };
            let line = notes[0].text.lines().nth(target.line as usize - 1).unwrap();
            assert!(line.contains(&target.text), "{needle:?}");
            assert!(needle.query.split(' ').all(|word| line.contains(word)), "{needle:?} of {line}");
            assert!(needle.query.len() < line.len(), "a part of it only");
        }
    }

    #[test]
    fn few_notes_give_few_questions_and_none_gives_none() {
        assert!(needles(&[], Plan { questions: 50, seed: 1 }).is_empty());
        let one =
            NoteText { path: "MEMORY.md".into(), text: "Hansen serviced the old boiler in March".into() };
        let found = needles(&[one], Plan { questions: 50, seed: 1 });
        assert_eq!(found.iter().filter(|needle| needle.target.is_some()).count(), 1);
    }

    #[test]
    fn codes() {
        for (word, expected) in [
            ("INV-2041", true),
            ("10.0.0.7", true),
            ("snake_case", true),
            ("src/main.rs", true),
            ("getUser", true),
            ("2041", false),
            ("boiler", false),
            ("7a", false),
            ("well-known", false),
            ("Grüße_1", false),
        ] {
            assert_eq!(is_code(word), expected, "{word}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_fine(text in "(\\PC|\n){0,400}", seed in any::<u64>(), questions in 0..40_usize) {
            let notes = [NoteText { path: "memory/a.md".into(), text }];
            let found = needles(&notes, Plan { questions, seed });
            prop_assert!(found.len() <= questions);
            prop_assert!(found.iter().all(|needle| !needle.query.trim().is_empty()));
        }
    }
}
