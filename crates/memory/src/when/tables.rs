//! What a word can say about time, looked up in [`super::lists`].

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::calendar::Span;
use super::lists;
use crate::words::folded;

/// What a word can be.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sense {
    /// 1 to 12.
    pub(super) month: Option<i8>,
    pub(super) doubtful: bool,
    /// 0 is Monday.
    pub(super) weekday: Option<i8>,
    /// 0 to 3: day, week, month, year, and how many in one word.
    pub(super) unit: Option<(usize, i32)>,
    pub(super) number: Option<i32>,
    pub(super) marks: Marks,
}

macro_rules! marks {
    ($($name:ident $list:expr),* $(,)?) => {
        /// What a small word says about the time beside it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Mark { $($name),* }
        const MARKS: &[(Mark, &str)] = &[$((Mark::$name, $list)),*];
    };
}

marks! {
    Evidence lists::EVIDENCE,
    English lists::ENGLISH_EVIDENCE,
    Since lists::SINCE,
    After lists::AFTER,
    Before lists::BEFORE,
    Until lists::UNTIL,
    Between lists::BETWEEN,
    Link lists::LINKS,
    WeakLink lists::WEAK_LINKS,
    From lists::FROM,
    Article lists::ARTICLES,
    Year lists::YEAR_EVIDENCE,
    Last lists::LAST,
    Next lists::NEXT,
    Past lists::PAST,
    AgoAfter lists::AGO_AFTER,
    AgoBefore lists::AGO_BEFORE,
    LastAfter lists::LAST_AFTER,
    NextAfter lists::NEXT_AFTER,
    This lists::THIS,
    Single lists::SINGLES,
    Preposition lists::PREPOSITIONS,
    Tail lists::TAILS,
    MonthTail lists::MONTH_TAILS,
    SinceBehind lists::SINCE_BEHIND,
    AfterBehind lists::AFTER_BEHIND,
    BeforeBehind lists::BEFORE_BEHIND,
    UntilBehind lists::UNTIL_BEHIND,
    BetweenBehind lists::BETWEEN_BEHIND,
}

/// A set of [`Mark`]s.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks(u32);

impl Marks {
    pub(super) fn has(self, mark: Mark) -> bool {
        self.0 & (1 << mark as u32) != 0
    }
}

struct Tables {
    words: HashMap<String, Sense>,
    /// Words with an ending.
    stems: Vec<(String, Sense)>,
    russian_endings: HashSet<String>,
    phrases: HashMap<String, Vec<(Vec<String>, Span)>>,
    weekday_pairs: Vec<(Vec<String>, i8)>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut tables = Tables {
        words: HashMap::new(),
        stems: Vec::new(),
        russian_endings: russian_endings(),
        phrases: HashMap::new(),
        weekday_pairs: Vec::new(),
    };
    for (list, number) in lists::MONTHS.iter().zip(1..) {
        tables.add(list, |sense| sense.month = Some(number));
    }
    tables.add(lists::DOUBTFUL, |sense| sense.doubtful = true);
    for (list, number) in lists::WEEKDAYS.iter().zip(0..) {
        tables.add(list, |sense| sense.weekday = Some(number));
    }
    for (at, (one, two)) in lists::UNITS.iter().zip(lists::TWICE).enumerate() {
        tables.add(one, |sense| sense.unit = Some((at, 1)));
        tables.add(two, |sense| sense.unit = Some((at, 2)));
    }
    for (list, number) in lists::NUMBERS.iter().zip(1..) {
        tables.add(list, |sense| sense.number = sense.number.or(Some(number)));
    }
    for (mark, list) in MARKS {
        tables.add(list, |sense| sense.marks.0 |= 1 << *mark as u32);
    }
    for (span, list) in lists::PHRASES {
        for phrase in list.split('|').map(split) {
            if let Some(first) = phrase.first().cloned() {
                tables.phrases.entry(first).or_default().push((phrase, span));
            }
        }
    }
    for (list, number) in lists::WEEKDAY_PAIRS.iter().zip(0..) {
        tables.weekday_pairs.extend(list.split('|').map(|pair| (split(pair), number)));
    }
    tables
});

fn russian_endings() -> HashSet<String> {
    let of_adjectives = lists::RUSSIAN_ADJECTIVES.split_whitespace().flat_map(|middle| {
        lists::RUSSIAN_ADJECTIVE_ENDINGS.split_whitespace().map(move |ending| format!("{middle}{ending}"))
    });
    lists::RUSSIAN_ENDINGS
        .split_whitespace()
        .map(str::to_owned)
        .chain(of_adjectives)
        .map(|ending| folded(&ending))
        .collect()
}

fn split(phrase: &str) -> Vec<String> {
    phrase.split_whitespace().map(folded).collect()
}

impl Tables {
    fn add(&mut self, list: &str, set: impl Fn(&mut Sense)) {
        for word in list.split_whitespace() {
            match word.strip_suffix('*') {
                Some(stem) => {
                    let mut sense = Sense::default();
                    set(&mut sense);
                    self.stems.push((folded(stem), sense));
                }
                None => set(self.words.entry(folded(word)).or_default()),
            }
        }
    }
}

/// Whether a stem may go on like this: not every word that begins like a month is one.
fn is_ending(rest: &str) -> bool {
    match rest.chars().next() {
        None => true,
        Some('\u{400}'..='\u{52f}') => TABLES.russian_endings.contains(rest),
        Some(_) => rest.chars().count() <= lists::MAX_ENDING,
    }
}

/// What a folded word can be. Hebrew writes "in" and "the" as part of it, Arabic "and".
pub(super) fn sense(word: &str) -> Sense {
    let tables = &*TABLES;
    let direct = tables.words.get(word).copied();
    let goes_on = |(stem, _): &&(String, Sense)| word.strip_prefix(stem.as_str()).is_some_and(is_ending);
    let stemmed = || tables.stems.iter().find(goes_on).map(|(_, sense)| *sense);
    let prefixes = ['ב', 'ה', 'ל', 'מ', 'ו', 'و'];
    let bare = || word.strip_prefix(prefixes).and_then(|rest| tables.words.get(rest)).copied();
    direct.or_else(stemmed).or_else(bare).unwrap_or_default()
}

/// The longest phrase at the start of some words, and how many words it has.
pub(super) fn phrase<'a>(words: impl Iterator<Item = &'a str> + Clone) -> Option<(Span, usize)> {
    let phrases = TABLES.phrases.get(words.clone().next()?)?;
    let fits = |(phrase, _): &&(Vec<String>, Span)| {
        words.clone().take(phrase.len()).eq(phrase.iter().map(String::as_str))
    };
    phrases
        .iter()
        .filter(fits)
        .max_by_key(|(phrase, _)| phrase.len())
        .map(|(phrase, span)| (*span, phrase.len()))
}

/// A weekday of two words.
pub(super) fn weekday_pair(first: &str, second: &str) -> Option<i8> {
    let fits =
        |(pair, _): &&(Vec<String>, i8)| matches!(pair.as_slice(), [a, b] if a == first && b == second);
    TABLES.weekday_pairs.iter().find(fits).map(|(_, number)| *number)
}
