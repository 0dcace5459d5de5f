//! What a query says about time, and what that is worth to a line of a day. Pure.
//!
//! Days named in a query lift what was written on them, instead of hiding the rest: an answer noted a day late is still
//! found, below. Of lines that fit equally well the newer comes first, unless the query asks how it was before.

use jiff::civil::Date;
use openclaw_config::TemporalDecay;

use crate::backend::Days;
use crate::when::{Mention, Strength, range_in, wants_latest, wants_previous};
use crate::words::{composed, is_about_something};

/// Deviations that a line of a named day is lifted by: more than a good word, less than a whole answer.
const OF_EXPLICIT: f64 = 2.0;
/// The same for "last week" and "in March".
const OF_RELATIVE: f64 = 1.5;
/// The same when nothing else is asked than what was noted on some days: more than any number that looks like one of a date can
/// be worth, however rare.
const OF_NOTHING_ELSE: f64 = 100.0;
/// The same for "recently".
const OF_VAGUE: f64 = 0.3;
/// What the newest line is ahead of one that is very old, when nothing is said about time: enough between lines that fit
/// nearly equally, less than any word.
const OF_NEWNESS: f64 = 0.4;
/// The same when the latest is asked for.
const OF_LATEST: f64 = 0.8;
/// Days that make a line of yesterday an older one.
const LONG_AGO: f64 = 60.0;
/// How new a line without a day is: what somebody keeps in `MEMORY.md` goes before the notes of old days, and what was noted
/// in the last weeks before that.
const UNDATED: f64 = 0.5;

/// What the age of a line is worth against another that fits nearly as well.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Ageing {
    /// The newer comes first, of two that are years old too.
    #[default]
    Steady,
    /// A line is half as new after so many days: of two that are much older, neither comes first for its age.
    HalfLife(f64),
}

impl From<&TemporalDecay> for Ageing {
    fn from(decay: &TemporalDecay) -> Self {
        // A half-life of more days than f64 counts exactly is none.
        if decay.enabled { Self::HalfLife(decay.half_life_days as f64) } else { Self::Steady }
    }
}

impl Ageing {
    /// How new a line is: 1 today, falling towards 0.
    fn newness(self, age_days: f64) -> f64 {
        match self {
            Self::Steady => LONG_AGO / (LONG_AGO + age_days),
            Self::HalfLife(days) => 0.5_f64.powf(age_days / days),
        }
    }
}

/// What a query says about time.
pub(crate) struct Time {
    /// The query without the words that only name days.
    pub(crate) subject: String,
    days: Option<Mention>,
    /// Whether nothing is asked but what was noted on some days.
    pub(crate) only_days: bool,
    /// Deviations between the newest and a very old line; negative when older ones are asked for.
    newness: f64,
    ageing: Ageing,
    today: Date,
}

impl Time {
    pub(crate) fn of(query: &str, today: Date, ageing: Ageing) -> Self {
        let query = &*composed(query);
        let days = range_in(query, today);
        let newness = match (wants_previous(query), wants_latest(query)) {
            (true, _) => -OF_LATEST,
            (false, true) => OF_LATEST,
            (false, false) => OF_NEWNESS,
        };
        let (subject, rest) = subject(query, days.as_ref());
        let only_days =
            rest == Rest::Nothing && days.as_ref().is_some_and(|days| days.strength != Strength::Vague);
        Self { subject, days, only_days, newness, ageing, today }
    }

    /// Whether a line is of one of the days that the query names.
    pub(crate) fn is_asked(&self, day: Option<Date>) -> bool {
        let Some((day, days)) = day.zip(self.days.as_ref()) else { return false };
        (days.from..=days.to).contains(&day)
    }

    /// Whether the query names days, not just some time.
    pub(crate) fn names_days(&self) -> bool {
        self.days.as_ref().is_some_and(|days| days.strength != Strength::Vague)
    }

    /// The days that the query names, for whoever asked.
    pub(crate) fn named(&self) -> Option<Days> {
        let days = self.days.as_ref().filter(|days| days.strength != Strength::Vague)?;
        let (from, to) = (days.from.to_string(), days.to.to_string());
        let about = if self.only_days { String::new() } else { self.subject.trim().to_owned() };
        Some(Days { from, to, about })
    }

    fn of_named(&self, days: &Mention) -> f64 {
        match days.strength {
            Strength::Explicit | Strength::Relative if self.only_days => OF_NOTHING_ELSE,
            Strength::Explicit => OF_EXPLICIT,
            Strength::Relative => OF_RELATIVE,
            Strength::Vague => OF_VAGUE,
        }
    }

    /// What a conversation is behind a note, at least: what newness alone can give it.
    pub(crate) fn of_newest(&self) -> f64 {
        self.newness.max(0.0)
    }

    /// The most that a line can get for its day.
    pub(crate) fn most(&self) -> f64 {
        self.newness.max(0.0).max(self.days.as_ref().map_or(0.0, |days| self.of_named(days)))
    }

    /// What a line gets for its day.
    pub(crate) fn bonus(&self, day: Option<Date>) -> f64 {
        let Some(day) = day else { return self.newness * UNDATED };
        if let Some(days) = &self.days
            && (days.from..=days.to).contains(&day)
        {
            return self.of_named(days);
        }
        let age = day.until(self.today).map_or(0, |span| span.get_days()).max(0);
        self.newness * self.ageing.newness(f64::from(age))
    }
}

/// Whether a query says anything besides days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    Something,
    Nothing,
}

/// A query of nothing but days keeps them: the words may stand in the notes.
fn subject(query: &str, days: Option<&Mention>) -> (String, Rest) {
    let Some(days) = days else { return (query.to_owned(), Rest::Something) };
    let is_space = |c: char| c.is_whitespace() || c == ',';
    let before = query.get(..days.bytes.start).unwrap_or_default().trim_end_matches(is_space);
    let after = query.get(days.bytes.end..).unwrap_or_default().trim_start_matches(is_space);
    let goes_on = after.starts_with(|c: char| c.is_alphanumeric());
    let rest = if goes_on { format!("{before} {after}") } else { format!("{before}{after}") };
    if is_about_something(&rest) { (rest, Rest::Something) } else { (query.to_owned(), Rest::Nothing) }
}

/// A day as one number, `20261120`, for the index.
pub(crate) fn pack(day: Date) -> u32 {
    let digits = i32::from(day.year()) * 10_000 + i32::from(day.month()) * 100 + i32::from(day.day());
    u32::try_from(digits).unwrap_or(0)
}

/// The inverse of [`pack`]; `None` for 0 and whatever else is no day.
pub(crate) fn unpack(digits: u32) -> Option<Date> {
    let part = |divisor: u32, modulus: u32| i8::try_from(digits / divisor % modulus).ok();
    Date::new(i16::try_from(digits / 10_000).ok()?, part(100, 100)?, part(1, 100)?).ok()
}

#[cfg(test)]
mod tests {
    use super::{Ageing, Time, pack, unpack};
    use jiff::civil::{Date, date};

    const TODAY: Date = date(2026, 11, 20);

    #[test]
    fn days_are_packed_and_other_numbers_are_none() {
        assert_eq!((pack(TODAY), unpack(pack(TODAY))), (20_261_120, Some(TODAY)));
        for digits in [0, 20_261_132, 20_261_320, 7, u32::MAX] {
            assert_eq!(unpack(digits), None, "{digits}");
        }
    }

    #[test]
    fn named_days_lift_and_the_newer_of_equals_comes_first() {
        let march = Time::of("what did we pay in March", TODAY, Ageing::Steady);
        assert!(!march.subject.contains("March") && march.subject.contains("pay"));
        let day = |month, day| Some(date(2026, month, day));
        assert!(march.bonus(day(3, 31)) > march.bonus(day(4, 1)) + 1.0);
        let plain = Time::of("the router password", TODAY, Ageing::Steady);
        assert!(
            plain.bonus(day(11, 19)) > plain.bonus(day(1, 1))
                && plain.bonus(day(11, 19)) < march.bonus(day(3, 31)) / 3.0
        );
        for (time, day) in [(&march, day(3, 31)), (&plain, day(11, 20))] {
            assert!(time.most() >= time.bonus(day) && time.most() < time.bonus(day) + 0.1);
        }
        let before = Time::of("what was the router password before that", TODAY, Ageing::Steady);
        assert!(before.bonus(day(11, 19)) < before.bonus(day(1, 1)));
        assert_eq!(Time::of("2026-03-08", TODAY, Ageing::Steady).subject, "2026-03-08");
    }

    #[test]
    fn whatever_there_was_on_some_days_is_asked_for_in_many_ways() {
        let asks = |query| Time::of(query, TODAY, Ageing::Steady).only_days;
        for query in [
            "what happened on 14 March 2026",
            "what happened in March",
            "anything on 14 March 2026?",
            "events of 14 March 2026",
            "my diary of 14 March 2026",
            "Was ist am 14. März 2026 passiert?",
            "Hvad skete der den 14. marts 2026?",
            "Vad hände den 14 mars 2026?",
            "¿Qué pasó el 14 de marzo de 2026?",
            "Что было 14 марта 2026?",
        ] {
            assert!(asks(query), "{query}");
        }
        for query in [
            "what happened to the boat in March",
            "the events of the club in March",
            "what happened to the boat",
        ] {
            assert!(!asks(query), "{query}");
        }
    }

    #[test]
    fn what_has_no_day_goes_before_old_days_and_behind_the_last_weeks() {
        for (query, sign) in [
            ("the router password", 1.0),
            ("the current password", 1.0),
            ("what was the password before that", -1.0),
        ] {
            for ageing in [Ageing::Steady, Ageing::HalfLife(60.0)] {
                let time = Time::of(query, TODAY, ageing);
                let bonus = |day| sign * time.bonus(day);
                assert!(bonus(Some(date(2026, 11, 1))) > bonus(None), "{query} {ageing:?}");
                assert!(bonus(None) > bonus(Some(date(2026, 8, 1))) + 0.01, "{query} {ageing:?}");
                assert!(time.bonus(None) <= time.most(), "{query} {ageing:?}");
            }
        }
    }

    #[test]
    fn a_half_life_forgets_what_is_old_and_without_one_the_newer_stays_ahead() {
        let ahead = |ageing, (newer, older): (Date, Date)| {
            let time = Time::of("the router password", TODAY, ageing);
            time.bonus(Some(newer)) - time.bonus(Some(older))
        };
        let recent = (date(2026, 11, 10), date(2026, 10, 10));
        let old = (date(2023, 11, 10), date(2022, 11, 10));
        for (ageing, of_recent, of_old) in
            [(Ageing::Steady, 0.06..0.12, 0.003..0.02), (Ageing::HalfLife(30.0), 0.1..0.2, 0.0..1e-9)]
        {
            assert!(of_recent.contains(&ahead(ageing, recent)), "{ageing:?} {}", ahead(ageing, recent));
            assert!(of_old.contains(&ahead(ageing, old)), "{ageing:?} {}", ahead(ageing, old));
        }
    }
}
