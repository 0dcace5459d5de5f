//! Ranges with two ends: "from 1 to 5 March", "between March and May", "from Monday to Friday".

use jiff::civil::Date;

use super::super::calendar::{Strength, day, latest_day};
use super::super::tables::Mark;
use super::{Anchor, Found, Reader};

/// What joins two ends of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    /// "to", a dash: they are ends.
    Strong,
    /// "and": they are ends where something else says so.
    Weak,
}

impl Reader<'_> {
    /// "between", "from".
    fn is_opened(&self, at: usize) -> bool {
        self.before(at, Mark::Between).or(self.before(at, Mark::From)).is_some()
    }

    /// What joins the token at `at`, which is behind the left end, to the right end, and where that may begin.
    fn bridge(&self, at: usize) -> Option<(Joint, usize)> {
        let gap = self.gap(at).trim_matches(|c: char| c.is_whitespace() || matches!(c, '.' | '°'));
        if matches!(gap, "-" | "–" | "—" | "‐" | "‑") {
            return Some((Joint::Strong, at));
        }
        if !gap.is_empty() || at >= self.tokens.len() {
            return None;
        }
        if self.text(at) == "t" && self.text(at + 1) == "m" && self.gap(at + 1) == "/" {
            return Some((Joint::Strong, at + 2));
        }
        let joint = if self.has(at, Mark::Link) {
            Joint::Strong
        } else if self.has(at, Mark::WeakLink) {
            Joint::Weak
        } else if self.is_from_behind(at) {
            return Some((Joint::Strong, at));
        } else {
            return None;
        };
        // "bis zum", "jusqu'au", "til og med".
        let is_small = |at: usize| {
            let marks = [Mark::Article, Mark::Link, Mark::WeakLink];
            self.is_near(at + 1)
                && (marks.into_iter().any(|mark| self.has(at, mark))
                    || matches!(self.text(at), "med" | "met"))
        };
        let right = (0..3).fold(at + 1, |at, _| at + usize::from(is_small(at)));
        self.is_near(at + 1).then_some((joint, right))
    }

    /// "1 to 5 March 2026", "1.-5.3.2026": the left end is only a number.
    pub(super) fn days_to_day(&self, at: usize) -> Option<Found> {
        let first = self.small(at).filter(|_| !self.is_part(at))?;
        let after = self.skip_ordinal(at + 1);
        let after = after + usize::from(self.is_suffix(after));
        let (joint, right_at) = self.bridge(after)?;
        let last = self.small(right_at).filter(|last| first < *last)?;
        let right = self.numeric(right_at).or_else(|| self.in_month(right_at))?;
        let is_day = right.from == right.to && i32::from(right.to.day()) == last && right.start == right_at;
        // "2 and 3 March" are both; "2 and 5 March" are something else and a day.
        let is_range = joint == Joint::Strong
            || self.is_opened(at)
            || first + 1 == last
            || self.is_between_behind(right.end)
            || matches!(self.text(after), "a" | "ל");
        if !is_day || !is_range {
            return None;
        }
        self.days(first, &right, at, right.end)
    }

    /// "March 1 to 5, 2026": the right end is only a number.
    pub(super) fn day_to_days(&self, at: usize) -> Option<Found> {
        self.senses[at].month?;
        let left = self.in_month(at).filter(|left| left.from == left.to && left.anchor == Anchor::Year)?;
        let (joint, right_at) = self.bridge(left.end)?;
        let last = self.small(right_at)?;
        let first = i32::from(left.from.day());
        let mut end = self.skip_ordinal(right_at + 1);
        let mut settled = end > right_at + 1;
        let year = self.year_number(end);
        if year.is_some() {
            (end, settled) = (end + 1, true);
        }
        let is_opened = self.is_opened(at);
        let is_dash = right_at == left.end && !self.gap(right_at).contains(char::is_whitespace);
        // "March 1 to 5 people" is a day and a number.
        let follows = self.gap(end);
        let ends = end >= self.tokens.len() || follows.starts_with(['.', ',', '?', '!', ';', ')']);
        let other = self
            .senses
            .get(end)
            .is_some_and(|next| self.is_near(end) && (next.unit.is_some() || next.month.is_some()));
        let is_clock = follows.starts_with(':') || matches!(self.text(end), "am" | "pm" | "uhr" | "h");
        let is_range = joint == Joint::Strong || is_opened;
        if last <= first || !is_range || other || is_clock || !(settled || is_opened || is_dash || ends) {
            return None;
        }
        let year = year.map_or(left.from.year(), |year| i16::try_from(year).unwrap_or(left.from.year()));
        let from = Date::new(year, left.from.month(), left.from.day()).ok()?;
        let to = Date::new(year, left.from.month(), i8::try_from(last).ok()?).ok()?;
        let strength = Strength::Explicit;
        Some(Found { from, to, strength, anchor: Anchor::Joined, start: at, end })
    }

    /// From a day to another one of the same month.
    fn days(&self, first: i32, right: &Found, start: usize, end: usize) -> Option<Found> {
        let (month, first) = (right.to.month(), i8::try_from(first).ok()?);
        let from = match right.anchor {
            Anchor::Year => latest_day(month, first, self.today)?,
            Anchor::Fixed | Anchor::Week | Anchor::Joined => Date::new(right.to.year(), month, first).ok()?,
        };
        let to = Date::new(from.year(), month, right.to.day()).ok()?;
        Some(Found { from, to, strength: right.strength, anchor: Anchor::Joined, start, end })
    }

    /// "between March and May", "from Monday to Friday": two ends are one range.
    pub(super) fn joined(&self, found: Vec<Found>) -> Vec<Found> {
        let mut joined: Vec<Found> = Vec::new();
        for right in found {
            match joined.last_mut() {
                Some(left) if self.is_joined(left, &right) => *left = join(left, &right),
                Some(_) | None => joined.push(right),
            }
        }
        joined
    }

    fn is_joined(&self, left: &Found, right: &Found) -> bool {
        if left.anchor == Anchor::Joined || right.anchor == Anchor::Joined {
            return false;
        }
        let after = self.tail(left.end);
        let opened = self.is_opened(left.start);
        // Hebrew and Arabic write "to" and "and" as part of the word.
        if after == right.start && opened && self.text(after).starts_with(['ל', 'ו', 'و']) {
            return self.is_near(after);
        }
        let Some((joint, begins)) = self.bridge(after) else { return false };
        let linked =
            if begins == after { after == right.start } else { (after + 1..=begins).contains(&right.start) };
        linked && (joint == Joint::Strong || opened || self.is_between_behind(right.end))
    }
}

/// An end without a year is in the one that goes with the other end.
fn join(left: &Found, right: &Found) -> Found {
    let (mut from, mut to) = (left.from, right.to);
    match (left.anchor, right.anchor) {
        (Anchor::Year, Anchor::Fixed) => {
            from = in_year(from, to.year()).filter(|from| *from <= to).unwrap_or(from);
            if let Some(earlier) = in_year(from, to.year() - 1).filter(|_| from > to) {
                from = earlier;
            }
        }
        (Anchor::Year | Anchor::Fixed, Anchor::Year) => {
            to = in_year(to, from.year()).unwrap_or(to);
            if let Some(later) = in_year(to, from.year() + 1).filter(|_| from > to) {
                to = later;
            }
        }
        (Anchor::Week, Anchor::Week) if from > to => from = day(from, -7).unwrap_or(from),
        (Anchor::Fixed | Anchor::Year | Anchor::Week | Anchor::Joined, _) => {}
    }
    let strength = left.strength.min(right.strength);
    Found { from, to, strength, anchor: Anchor::Joined, start: left.start, end: right.end }
}

/// The same day of another year; the last of February stays the last.
fn in_year(date: Date, year: i16) -> Option<Date> {
    let first = Date::new(year, date.month(), 1).ok()?;
    if date == date.last_of_month() {
        return Some(first.last_of_month());
    }
    Date::new(year, date.month(), date.day()).ok()
}
