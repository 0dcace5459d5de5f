//! What a query says about time, and the days that notes are about.
//!
//! Days named in a query lift what was written on them, instead of hiding the rest: an answer noted a day late is still
//! found, below. Of lines that fit equally well the newer comes first, unless the query asks how it was before.

use std::cell::RefCell;
use std::collections::HashMap;

use jiff::civil::Date;

use crate::corpus::{Corpus, NoteId};
use crate::index::Index;
use crate::layout::headings;
use crate::when::{Mention, Strength, date_in_heading, date_of, range_in, wants_latest, wants_previous};

/// Deviations that a line of a named day is lifted by: more than a good word, less than a whole answer.
const OF_EXPLICIT: f64 = 2.0;
/// The same for "last week" and "in March".
const OF_RELATIVE: f64 = 1.5;
/// The same for "recently".
const OF_VAGUE: f64 = 0.3;
/// What the newest line is ahead of one that is very old, when nothing is said about time.
const OF_NEWNESS: f64 = 0.3;
/// The same when the latest is asked for.
const OF_LATEST: f64 = 0.8;
/// Days after which a line is half as new.
const HALF_LIFE: f64 = 60.0;

/// What a query says about time.
pub(crate) struct Time {
    /// The query without the words that only name days.
    pub(crate) subject: String,
    days: Option<Mention>,
    /// Deviations between the newest and a very old line; negative when older ones are asked for.
    newness: f64,
    today: Date,
}

impl Time {
    pub(crate) fn of(query: &str, today: Date) -> Self {
        let days = range_in(query, today);
        let newness = match (wants_previous(query), wants_latest(query)) {
            (true, _) => -OF_LATEST,
            (false, true) => OF_LATEST,
            (false, false) => OF_NEWNESS,
        };
        Self { subject: subject(query, days.as_ref()), days, newness, today }
    }

    /// What a line gets for its day.
    pub(crate) fn bonus(&self, day: Option<Date>) -> f64 {
        let Some(day) = day else { return 0.0 };
        if let Some(days) = &self.days
            && (days.from..=days.to).contains(&day)
        {
            return match days.strength {
                Strength::Explicit => OF_EXPLICIT,
                Strength::Relative => OF_RELATIVE,
                Strength::Vague => OF_VAGUE,
            };
        }
        let age = day.until(self.today).map_or(0, |span| span.get_days()).max(0);
        self.newness * 0.5_f64.powf(f64::from(age) / HALF_LIFE)
    }
}

/// A query of nothing but days keeps them: the words may stand in the notes.
fn subject(query: &str, days: Option<&Mention>) -> String {
    let Some(days) = days else { return query.to_owned() };
    let (before, after) = (query.get(..days.bytes.start), query.get(days.bytes.end..));
    let rest = format!("{} {}", before.unwrap_or_default(), after.unwrap_or_default());
    if rest.chars().any(char::is_alphanumeric) { rest } else { query.to_owned() }
}

/// The days that lines are about: of the nearest heading with a date, else of the file's name.
pub(crate) struct Dates<'a> {
    index: &'a Index,
    corpus: &'a Corpus,
    of_note: RefCell<HashMap<NoteId, Option<Date>>>,
    of_heading: RefCell<HashMap<(NoteId, usize), Option<Date>>>,
}

impl<'a> Dates<'a> {
    pub(crate) fn new(index: &'a Index, corpus: &'a Corpus) -> Self {
        Self { index, corpus, of_note: RefCell::default(), of_heading: RefCell::default() }
    }

    pub(crate) fn of(&self, note: NoteId, row: usize) -> Option<Date> {
        let view = self.corpus.get(note)?;
        let named = headings(&view.rows, row).find_map(|above| self.of_heading(note, above));
        named.or_else(|| *self.of_note.borrow_mut().entry(note).or_insert_with(|| date_of(&view.path)))
    }

    fn of_heading(&self, note: NoteId, row: usize) -> Option<Date> {
        if let Some(known) = self.of_heading.borrow().get(&(note, row)) {
            return *known;
        }
        let line = &self.corpus.get(note)?.rows[row];
        // A heading that cannot be read has no date; the search itself will say what is wrong with the index.
        let date =
            self.index.excerpt(note, line.start..line.end).ok().and_then(|text| date_in_heading(&text));
        self.of_heading.borrow_mut().insert((note, row), date);
        date
    }
}

#[cfg(test)]
mod tests {
    use super::Time;
    use jiff::civil::{Date, date};

    const TODAY: Date = date(2026, 11, 20);

    #[test]
    fn named_days_lift_and_the_newer_of_equals_comes_first() {
        let march = Time::of("what did we pay in March", TODAY);
        assert!(!march.subject.contains("March") && march.subject.contains("pay"));
        let day = |month, day| Some(date(2026, month, day));
        assert!(march.bonus(day(3, 31)) > march.bonus(day(4, 1)) + 1.0);
        let plain = Time::of("the router password", TODAY);
        assert!(
            plain.bonus(day(11, 19)) > plain.bonus(day(1, 1))
                && plain.bonus(day(11, 19)) < march.bonus(day(3, 31)) / 3.0
        );
        let before = Time::of("what was the router password before that", TODAY);
        assert!(before.bonus(day(11, 19)) < before.bonus(day(1, 1)));
        assert_eq!((plain.bonus(None), Time::of("2026-03-08", TODAY).subject), (0.0, "2026-03-08".into()));
    }
}
