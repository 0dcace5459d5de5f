//! The range of days that a query asks for.

mod around;
#[cfg(test)]
mod languages;
mod mistaken;
mod months;
mod now;
mod ranges;
#[cfg(test)]
mod tests;

use jiff::civil::{Date, Weekday};

use super::calendar::MAX_OFFSET;
use super::calendar::{Mention, Span, Strength, day, latest_weekday, year};
use super::east;
use super::numeric::{Order, YEARS, date};
use super::tables::{Mark, Sense, phrase, sense, weekday_pair};
use super::tokens::{Token, tokens};
use crate::words::Language;

/// What is read of a query.
const MAX_QUERY_BYTES: usize = 4096;

/// The days that a query asks for, if it names some: of several mentions the surest, of equals the first.
pub(crate) fn range_in(query: &str, today: Date) -> Option<Mention> {
    let query = &query[..query.floor_char_boundary(MAX_QUERY_BYTES)];
    let reader = Reader::new(query, today);
    let found = reader.joined(reader.all());
    let spaced = found.into_iter().map(|found| reader.mention(found));
    let mut best: Option<Mention> = None;
    for mention in spaced.chain(east::mentions(query, today)).filter(|mention| mention.from <= mention.to) {
        if best.as_ref().is_none_or(|best| mention.strength > best.strength) {
            best = Some(mention);
        }
    }
    best
}

/// What a range of days hangs on: what moves it when it is one end of a longer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Anchor {
    /// Nothing moves it.
    Fixed,
    /// A month or a day of one without a year.
    Year,
    /// A weekday.
    Week,
    /// Both ends were named: it is no end of another.
    Joined,
}

/// A range that stands in the tokens from `start` to before `end`.
#[derive(Debug, Clone, Copy)]
struct Found {
    from: Date,
    to: Date,
    strength: Strength,
    anchor: Anchor,
    start: usize,
    end: usize,
}

struct Reader<'a> {
    query: &'a str,
    today: Date,
    tokens: Vec<Token>,
    senses: Vec<Sense>,
    language: Language,
    order: Order,
}

impl<'a> Reader<'a> {
    fn new(query: &'a str, today: Date) -> Self {
        let tokens = tokens(query);
        let senses = tokens.iter().map(|token| sense(&token.text)).collect();
        // Where nothing says otherwise, a date with slashes is American: so are most that write English.
        let language = Language::of(query);
        let american = [Language::English, Language::Unknown].contains(&language);
        let order = if american { Order::MonthFirst } else { Order::DayFirst };
        Self { query, today, tokens, senses, language, order }
    }

    fn all(&self) -> Vec<Found> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let here = self.days_to_day(at).or_else(|| self.numeric(at)).or_else(|| self.phrase(at));
            let here = here.or_else(|| self.quantity(at)).or_else(|| self.weekdays_ago(at));
            let here = here.or_else(|| self.day_to_days(at)).or_else(|| self.in_month(at));
            let here = here.or_else(|| self.weekday(at)).or_else(|| self.year(at));
            at = here.map_or(at + 1, |found| found.end);
            found.extend(here);
        }
        found
    }

    fn has(&self, at: usize, mark: Mark) -> bool {
        self.senses.get(at).is_some_and(|sense| sense.marks.has(mark))
    }

    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }

    /// What stands between a token and the one before.
    fn gap(&self, at: usize) -> &str {
        let left = at.checked_sub(1).and_then(|left| self.tokens.get(left));
        let bytes = left.zip(self.tokens.get(at)).map(|(left, right)| left.end..right.start);
        bytes.and_then(|bytes| self.query.get(bytes)).unwrap_or_default()
    }

    /// Whether a token goes on with what stands before it.
    fn is_near(&self, at: usize) -> bool {
        let joins = |c: char| c.is_whitespace() || matches!(c, '\'' | '’' | '-' | '־');
        at > 0 && at < self.tokens.len() && self.gap(at).chars().all(joins)
    }

    /// The token before, or the one before articles.
    fn before(&self, at: usize, mark: Mark) -> Option<usize> {
        let mut near = at.checked_sub(1)?;
        for _ in 0..3 {
            if self.has(near, mark) || !self.has(near, Mark::Article) {
                break;
            }
            near = near.checked_sub(1)?;
        }
        self.has(near, mark).then_some(near)
    }

    fn numeric(&self, at: usize) -> Option<Found> {
        let (from, to, taken) = date(self.query, &self.tokens[at..], self.order)?;
        let end = at + taken;
        Some(Found { from, to, strength: Strength::Explicit, anchor: Anchor::Fixed, start: at, end })
    }

    fn span(&self, span: Span, start: usize, end: usize) -> Option<Found> {
        let (from, to) = span.days(self.today)?;
        Some(Found { from, to, strength: span.strength(), anchor: Anchor::Fixed, start, end })
    }

    fn phrase(&self, at: usize) -> Option<Found> {
        let (span, taken) = phrase(self.tokens[at..].iter().map(|token| token.text.as_str()))?;
        if self.is_other_word(at, taken) {
            return None;
        }
        self.span(span, at, at + taken)
    }

    /// A number in digits or as a word, and the token after it and an "of": "a couple of".
    fn count(&self, at: usize) -> Option<(i32, usize)> {
        let number = self.tokens[at].number().or(self.senses[at].number)?;
        Some((number, at + 1 + usize::from(self.is_of(at + 1))))
    }

    /// "3 days ago", "vor zwei Wochen", "the last five days".
    fn quantity(&self, at: usize) -> Option<Found> {
        let counted = self.count(at).and_then(|(count, next)| match self.senses.get(next)?.unit? {
            (unit, 1) => Some((count, unit, next + 1)),
            _ => None,
        });
        let (count, unit, end) = counted.or_else(|| match self.senses[at].unit? {
            (unit, 2) => Some((2, unit, at + 1)),
            (unit, _) if self.is_single(at) => Some((1, unit, at + 1)),
            _ => None,
        })?;
        let count = Some(count)
            .filter(|count| (1..=MAX_OFFSET / 366).contains(count) || (unit == 0 && *count > 0))?;
        if let Some((start, end)) = self.ago(at, end) {
            return self.span(back(unit, count)?, start, end);
        }
        let days = [1, 7, 31, 366].get(unit)? * count;
        let past = at.checked_sub(1).filter(|before| self.is_past(*before, end - 1));
        self.span(Span::Past(days), past?, end)
    }

    /// "неделю назад": one of them. "يوم الاثنين" is a Monday, and "شهر مارس" a month.
    fn is_single(&self, at: usize) -> bool {
        let next = self.senses.get(at + 1);
        self.has(at, Mark::Single)
            && next.is_none_or(|next| next.month.is_none() && next.weekday.is_none())
            && self.pair(at).is_none()
    }

    /// The first token, and the one behind the last, of a number of units with its "ago".
    fn ago(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        // "hace un par de semanas": the article of the number.
        let is_one = |at: &usize| self.senses[*at].number == Some(1) && !self.has(*at, Mark::AgoBefore);
        let start = start.checked_sub(1).filter(is_one).filter(|_| self.is_near(start)).unwrap_or(start);
        let before = start.checked_sub(1);
        if self.has(end, Mark::AgoAfter) {
            // "for to dage siden", "för två veckor sedan": not the "før" that is "before".
            let opened = before.filter(|before| self.text(*before) == "for" && self.is_near(start));
            return Some((opened.unwrap_or(start), end + 1));
        }
        let before = before.filter(|before| self.has(*before, Mark::AgoBefore))?;
        if self.text(before) != "a" {
            return Some((before, end));
        }
        // "il y a": an "a" alone is an article.
        let there = before.checked_sub(1).filter(|there| self.text(*there) == "y")?;
        let it = there.checked_sub(1).filter(|it| self.text(*it) == "il");
        Some((it.unwrap_or(there), end))
    }

    /// "two Fridays ago".
    fn weekdays_ago(&self, at: usize) -> Option<Found> {
        let (count, next) = self.count(at)?;
        let wanted = Weekday::from_monday_zero_offset(self.senses.get(next)?.weekday?).ok()?;
        let (start, end) = self.ago(at, next + 1)?;
        let weeks = Some(count).filter(|count| (1..=MAX_OFFSET / 7).contains(count))? - 1;
        let found = day(latest_weekday(wanted, day(self.today, -1)?)?, -7 * weeks)?;
        let strength = Strength::Relative;
        Some(Found { from: found, to: found, strength, anchor: Anchor::Fixed, start, end })
    }

    /// A weekday of two words.
    fn pair(&self, at: usize) -> Option<i8> {
        let first = self.text(at);
        let bare = first.strip_prefix(['ב', 'ל', 'מ', 'ו']).filter(|bare| !bare.is_empty());
        weekday_pair(bare.unwrap_or(first), self.text(at + 1))
    }

    fn weekday(&self, at: usize) -> Option<Found> {
        let (number, end) = match self.senses[at].weekday {
            // "segunda-feira"
            Some(number) => (number, at + 1),
            None => (self.pair(at)?, at + 2),
        };
        let wanted = Weekday::from_monday_zero_offset(number).ok()?;
        let (start, says, behind) = self.attributes(at, end);
        // "i mandags" is over, "segunda passada" has its "last" in it.
        let is_past = says(Mark::Last)
            || self.has(end - 1, Mark::LastAfter)
            || (self.text(at).ends_with("ags") && at > 0 && self.text(at - 1) == "i");
        let found = if says(Mark::Next) || self.is_coming(at) {
            latest_weekday(wanted, day(self.today, 7)?)?
        } else if is_past {
            latest_weekday(wanted, day(self.today, -1)?)?
        } else {
            latest_weekday(wanted, self.today)?
        };
        let strength = Strength::Relative;
        Some(Found { from: found, to: found, strength, anchor: Anchor::Week, start, end: behind })
    }

    /// "in 2022": a bare number is an amount as often as a year.
    fn year(&self, at: usize) -> Option<Found> {
        let number = self.year_number(at)?;
        let lead = self.before(at, Mark::Year)?;
        if self.is_amount(at, lead) {
            return None;
        }
        let (from, to) = year(i16::try_from(number).ok()?)?;
        let strength = Strength::Explicit;
        Some(Found { from, to, strength, anchor: Anchor::Fixed, start: at, end: at + 1 })
    }

    fn year_number(&self, at: usize) -> Option<i32> {
        let token = self.tokens.get(at)?;
        token.number().filter(|year| token.text.len() == 4 && YEARS.contains(year))
    }
}

/// So many units before today.
pub(super) fn back(unit: usize, count: i32) -> Option<Span> {
    [Span::Day(-count), Span::Week(-count), Span::Month(-count), Span::Year(-count)].get(unit).copied()
}
