//! Days, weeks, months and years around today.

use std::ops::Range;

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

/// A range of days in a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mention {
    /// First day.
    pub(crate) from: Date,
    /// Last day, inclusive; never before `from`.
    pub(crate) to: Date,
    /// Where in the query it stands: these words ask for a time and not for a subject.
    pub(crate) bytes: Range<usize>,
    pub(crate) strength: Strength,
}

/// How sure it is that these days were meant; the surest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// "recently": about these days.
    Vague,
    /// "last week", "in March": these days, as seen from today.
    Relative,
    /// "8 May 2023": these days and no others.
    Explicit,
}

/// A range of days as seen from today; a number of units back is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    Day(i32),
    /// Monday to Sunday.
    Week(i32),
    Weekend(i32),
    Month(i32),
    Year(i32),
    /// So many days up to today.
    Past(i32),
    /// Last night: yesterday and today.
    Night,
    /// "recently".
    Recent,
}

/// "Recently" is two weeks.
const RECENT_DAYS: i32 = 14;
/// No offset in a query is longer: a hundred years of days.
pub(super) const MAX_OFFSET: i32 = 36_525;

impl Span {
    pub(super) fn days(self, today: Date) -> Option<(Date, Date)> {
        match self {
            Self::Day(by) => day(today, by).map(|day| (day, day)),
            Self::Week(by) => {
                let monday = monday(today)?.checked_add(i64::from(by).weeks()).ok()?;
                Some((monday, day(monday, 6)?))
            }
            Self::Weekend(by) => {
                let monday = monday(today)?.checked_add(i64::from(by).weeks()).ok()?;
                Some((day(monday, 5)?, day(monday, 6)?))
            }
            Self::Month(by) => {
                let there = today.first_of_month().checked_add(i64::from(by).months()).ok()?;
                Some((there, there.last_of_month()))
            }
            Self::Year(by) => year(today.year().checked_add(i16::try_from(by).ok()?)?),
            Self::Past(days) => Some((day(today, days.checked_neg()?)?, today)),
            Self::Night => Some((day(today, -1)?, today)),
            Self::Recent => Some((day(today, -RECENT_DAYS)?, today)),
        }
    }

    pub(super) fn strength(self) -> Strength {
        match self {
            Self::Recent => Strength::Vague,
            Self::Day(_)
            | Self::Week(_)
            | Self::Weekend(_)
            | Self::Month(_)
            | Self::Year(_)
            | Self::Past(_)
            | Self::Night => Strength::Relative,
        }
    }
}

pub(super) fn day(from: Date, by: i32) -> Option<Date> {
    from.checked_add(i64::from(by).days()).ok()
}

fn monday(today: Date) -> Option<Date> {
    day(today, -i32::from(today.weekday().to_monday_zero_offset()))
}

pub(super) fn year(year: i16) -> Option<(Date, Date)> {
    Some((Date::new(year, 1, 1).ok()?, Date::new(year, 12, 31).ok()?))
}

pub(super) fn month(year: i16, month: i8) -> Option<(Date, Date)> {
    let first = Date::new(year, month, 1).ok()?;
    Some((first, first.last_of_month()))
}

/// The year of the latest such month that has begun.
pub(super) fn year_of_latest(wanted: i8, today: Date) -> i16 {
    if wanted <= today.month() { today.year() } else { today.year() - 1 }
}

/// The latest such day of a month that is not after today. 29 February is looked for in leap years.
pub(super) fn latest_day(month: i8, day: i8, today: Date) -> Option<Date> {
    (0..8).find_map(|back| {
        Date::new(today.year().checked_sub(back)?, month, day).ok().filter(|date| *date <= today)
    })
}

/// The latest such weekday that is not after `until`.
pub(super) fn latest_weekday(wanted: Weekday, until: Date) -> Option<Date> {
    day(until, -i32::from(until.weekday().since(wanted)))
}
