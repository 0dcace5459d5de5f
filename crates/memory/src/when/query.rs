//! The range of days that a query asks for.

use jiff::civil::{Date, Weekday};

use super::calendar::MAX_OFFSET;
use super::calendar::{
    Mention, Span, Strength, day, latest_day, latest_weekday, month, year, year_of_latest,
};
use super::east;
use super::numeric::{Order, YEARS, civil, date};
use super::tables::{Mark, Sense, phrase, sense, weekday_pair};
use super::tokens::{Token, tokens};
use crate::words::Language;

/// What is read of a query.
const MAX_QUERY_BYTES: usize = 4096;
/// "Before March" begins here.
const BEGINNING: (i16, i8, i8) = (1900, 1, 1);
/// Follows a number: 1st, 2nd, 1er, 1º.
const ORDINALS: [&str; 10] = ["st", "nd", "rd", "th", "er", "e", "º", "ª", "ste", "de"];

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

/// A range that stands in the tokens from `start` to before `end`.
#[derive(Debug, Clone, Copy)]
struct Found {
    from: Date,
    to: Date,
    strength: Strength,
    start: usize,
    end: usize,
}

struct Reader<'a> {
    query: &'a str,
    today: Date,
    tokens: Vec<Token>,
    senses: Vec<Sense>,
    order: Order,
}

impl<'a> Reader<'a> {
    fn new(query: &'a str, today: Date) -> Self {
        let tokens = tokens(query);
        let senses = tokens.iter().map(|token| sense(&token.text)).collect();
        // Where nothing says otherwise, a date with slashes is American: so are most that write English.
        let american = [Language::English, Language::Unknown].contains(&Language::of(query));
        let order = if american { Order::MonthFirst } else { Order::DayFirst };
        Self { query, today, tokens, senses, order }
    }

    fn all(&self) -> Vec<Found> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let here = self.numeric(at).or_else(|| self.phrase(at)).or_else(|| self.quantity(at));
            let here =
                here.or_else(|| self.in_month(at)).or_else(|| self.weekday(at)).or_else(|| self.year(at));
            at = here.map_or(at + 1, |found| found.end);
            found.extend(here);
        }
        found
    }

    fn has(&self, at: usize, mark: Mark) -> bool {
        self.senses.get(at).is_some_and(|sense| sense.marks.has(mark))
    }

    /// The token before, or the one before an article.
    fn before(&self, at: usize, mark: Mark) -> Option<usize> {
        let near = at.checked_sub(1)?;
        if self.has(near, mark) {
            return Some(near);
        }
        let far = near.checked_sub(1)?;
        (self.has(near, Mark::Article) && self.has(far, mark)).then_some(far)
    }

    fn numeric(&self, at: usize) -> Option<Found> {
        let (from, to, taken) = date(self.query, &self.tokens[at..], self.order)?;
        Some(Found { from, to, strength: Strength::Explicit, start: at, end: at + taken })
    }

    fn span(&self, span: Span, start: usize, end: usize) -> Option<Found> {
        let (from, to) = span.days(self.today)?;
        Some(Found { from, to, strength: span.strength(), start, end })
    }

    fn phrase(&self, at: usize) -> Option<Found> {
        let (span, taken) = phrase(self.tokens[at..].iter().map(|token| token.text.as_str()))?;
        self.span(span, at, at + taken)
    }

    /// "3 days ago", "vor zwei Wochen", "the last five days".
    fn quantity(&self, at: usize) -> Option<Found> {
        let number = self.tokens[at].number().or(self.senses[at].number);
        let next = self.senses.get(at + 1).and_then(|sense| sense.unit);
        let (count, unit, end) = match (number, next, self.senses[at].unit) {
            (Some(number), Some((unit, 1)), _) => (number, unit, at + 2),
            (_, _, Some((unit, 2))) => (2, unit, at + 1),
            _ => return None,
        };
        let count = Some(count)
            .filter(|count| (1..=MAX_OFFSET / 366).contains(count) || (unit == 0 && *count > 0))?;
        let before = at.checked_sub(1);
        // "il y a": an "a" alone is an article.
        let ago = |before: usize| {
            self.has(before, Mark::AgoBefore)
                && (self.tokens[before].text != "a" || before > 0 && self.tokens[before - 1].text == "y")
        };
        if self.has(end, Mark::AgoAfter) {
            return self.span(back(unit, count)?, at, end + 1);
        }
        if let Some(before) = before.filter(|before| ago(*before)) {
            return self.span(back(unit, count)?, before, end);
        }
        let days = [1, 7, 31, 366].get(unit)? * count;
        let past = before.filter(|before| self.has(*before, Mark::Past));
        self.span(Span::Past(days), past?, end)
    }

    /// "8 May 2023", "May 8th", "May 2023", "in May".
    fn in_month(&self, at: usize) -> Option<Found> {
        let mut cursor = at;
        let mut number = self.small(at);
        if number.is_some() {
            cursor = self.skip_small(at + 1);
        }
        let sense = *self.senses.get(cursor)?;
        let wanted = sense.month?;
        let place = cursor;
        cursor += 1;
        let leads = number.is_some();
        if number.is_none() {
            number = self.small(cursor);
            if number.is_some() {
                cursor = self.skip_ordinal(cursor + 1);
            }
        }
        let year_at = if self.has(cursor, Mark::Article) || self.is_of(cursor) { cursor + 1 } else { cursor };
        let year = self.year_number(year_at);
        let year = year.map(|year| (year, year_at + 1)).or_else(|| self.year_phrase(year_at));
        let end = year.map_or(cursor, |(_, end)| end);
        let named = year.is_some()
            || (number.is_some() && (leads || self.tokens[place].capital || !self.is_verb(place)));
        if sense.doubtful && !named && !self.is_evident(place) {
            return None;
        }
        let year = year.map(|(year, _)| year);
        match number {
            Some(number) => {
                let date = match year {
                    Some(year) => civil(year, i32::from(wanted), number)?,
                    None => latest_day(wanted, i8::try_from(number).ok()?, self.today)?,
                };
                Some(Found { from: date, to: date, strength: Strength::Explicit, start: at, end })
            }
            None => self.whole_month(wanted, year, place, end),
        }
    }

    fn whole_month(&self, wanted: i8, year: Option<i32>, place: usize, end: usize) -> Option<Found> {
        let before = place.checked_sub(1);
        let says = |mark| self.has(end, mark) || before.is_some_and(|before| self.has(before, mark));
        let this = self.today.month();
        let (year, strength) = match year {
            Some(year) => (i16::try_from(year).ok()?, Strength::Explicit),
            None if says(Mark::Next) => (self.today.year() + i16::from(wanted <= this), Strength::Relative),
            None if says(Mark::Last) && wanted == this => (self.today.year() - 1, Strength::Relative),
            None => (year_of_latest(wanted, self.today), Strength::Relative),
        };
        let (from, to) = month(year, wanted)?;
        Some(Found { from, to, strength, start: place, end })
    }

    /// "May" and "march" are verbs: a number after one in small letters counts people.
    fn is_verb(&self, at: usize) -> bool {
        matches!(self.tokens[at].text.as_str(), "may" | "march")
    }

    fn is_evident(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return false };
        let mark = if self.is_verb(at) { Mark::English } else { Mark::Evidence };
        self.has(before, mark)
            || (self.has(before, Mark::Article)
                && before.checked_sub(1).is_some_and(|far| self.has(far, mark))
                && !self.is_verb(at))
    }

    /// A day of a month.
    fn small(&self, at: usize) -> Option<i32> {
        let token = self.tokens.get(at)?;
        token.number().filter(|number| token.text.len() <= 2 && (1..=31).contains(number))
    }

    fn skip_ordinal(&self, at: usize) -> usize {
        let is_ordinal = self.tokens.get(at).is_some_and(|token| ORDINALS.contains(&token.text.as_str()));
        at + usize::from(is_ordinal)
    }

    /// Between a day and its month: an ordinal, "of", "de".
    fn skip_small(&self, at: usize) -> usize {
        let at = self.skip_ordinal(at);
        at + usize::from(self.is_of(at))
    }

    fn is_of(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| matches!(token.text.as_str(), "of" | "de" | "di" | "del"))
    }

    fn year_number(&self, at: usize) -> Option<i32> {
        let token = self.tokens.get(at)?;
        token.number().filter(|year| token.text.len() == 4 && YEARS.contains(year))
    }

    /// "March last year".
    fn year_phrase(&self, at: usize) -> Option<(i32, usize)> {
        let words = self.tokens.get(at..)?.iter().map(|token| token.text.as_str());
        match phrase(words)? {
            (Span::Year(by), taken) => Some((i32::from(self.today.year()) + by, at + taken)),
            _ => None,
        }
    }

    fn weekday(&self, at: usize) -> Option<Found> {
        let text = |at: usize| self.tokens.get(at).map(|token| token.text.as_str());
        let pair = || {
            let first = text(at)?;
            weekday_pair(first.strip_prefix('ב').unwrap_or(first), text(at + 1)?)
        };
        let (number, end) = match self.senses[at].weekday {
            Some(number) => (number, at + 1),
            None => (pair()?, at + 2),
        };
        let wanted = Weekday::from_monday_zero_offset(number).ok()?;
        let before = at.checked_sub(1);
        let says = |mark| self.has(end, mark) || before.is_some_and(|before| self.has(before, mark));
        let found = if says(Mark::Next) {
            latest_weekday(wanted, day(self.today, 7)?)?
        } else if says(Mark::Last) {
            latest_weekday(wanted, day(self.today, -1)?)?
        } else {
            latest_weekday(wanted, self.today)?
        };
        Some(Found { from: found, to: found, strength: Strength::Relative, start: at, end })
    }

    /// "in 2022": a bare number is an amount as often as a year.
    fn year(&self, at: usize) -> Option<Found> {
        let number = self.year_number(at)?;
        self.before(at, Mark::Year)?;
        let (from, to) = year(i16::try_from(number).ok()?)?;
        Some(Found { from, to, strength: Strength::Explicit, start: at, end: at + 1 })
    }

    /// "between March and May", "from Monday to Friday": two ends are one range.
    fn joined(&self, found: Vec<Found>) -> Vec<Found> {
        let mut joined: Vec<Found> = Vec::new();
        for right in found {
            match joined.last_mut() {
                Some(left) if self.is_joined(left, &right) => {
                    if left.from > right.to
                        && let Ok(earlier) = left.from.checked_sub(jiff::Span::new().years(1))
                    {
                        left.from = earlier;
                    }
                    left.to = right.to;
                    left.end = right.end;
                    left.strength = left.strength.min(right.strength);
                }
                Some(_) | None => joined.push(right),
            }
        }
        joined
    }

    fn is_joined(&self, left: &Found, right: &Found) -> bool {
        let gap = right.start - left.end;
        let open = self.before(left.start, Mark::Between).or(self.before(left.start, Mark::From)).is_some();
        let between = &self.query[self.tokens[left.end - 1].end..self.tokens[right.start].start];
        let dash = gap == 0 && matches!(between.trim(), "-" | "–" | "—");
        let mut right_article = right.start;
        if gap == 2 && self.has(right.start - 1, Mark::Article) {
            right_article -= 1;
        }
        let linked = right_article - left.end == 1
            && (self.has(left.end, Mark::Link) || (open && self.has(left.end, Mark::WeakLink)));
        dash || linked
    }

    /// With "since", "after", "before" and "until" the range is open at one end.
    fn mention(&self, found: Found) -> Mention {
        let (mut from, mut to, mut start) = (found.from, found.to, found.start);
        let beginning = Date::constant(BEGINNING.0, BEGINNING.1, BEGINNING.2);
        let marked = |mark| self.before(found.start, mark);
        if let Some(at) = marked(Mark::Since).filter(|_| from <= self.today) {
            (to, start) = (self.today, at);
        } else if let Some(at) = marked(Mark::After)
            && let Some(next) = day(to, 1).filter(|next| *next <= self.today)
        {
            (from, to, start) = (next, self.today, at);
        } else if let Some(at) = marked(Mark::Before)
            // "før" without its accent is "for", which is before "to dage siden" too.
            && self.query.get(self.tokens[at].start..self.tokens[at].end) != Some("for")
            && let Some(last) = day(from, -1).filter(|last| *last >= beginning)
        {
            (from, to, start) = (beginning, last, at);
        } else if let Some(at) = marked(Mark::Until) {
            (from, start) = (beginning.min(to), at);
        }
        let bytes = self.tokens[start].start..self.tokens[found.end - 1].end;
        Mention { from, to, bytes, strength: found.strength }
    }
}

/// So many units before today.
pub(super) fn back(unit: usize, count: i32) -> Option<Span> {
    [Span::Day(-count), Span::Week(-count), Span::Month(-count), Span::Year(-count)].get(unit).copied()
}

#[cfg(test)]
mod tests {
    use super::range_in;
    use crate::when::Strength;
    use jiff::civil::date;
    use proptest::prelude::*;

    /// From, to and strength (`e`, `r`, `v`) as seen from Wednesday, 15 November 2023.
    fn seen(query: &str) -> String {
        let strength = |strength| match strength {
            Strength::Explicit => "e",
            Strength::Relative => "r",
            Strength::Vague => "v",
        };
        match range_in(query, date(2023, 11, 15)) {
            Some(found) => format!("{} {} {}", found.from, found.to, strength(found.strength)),
            None => String::new(),
        }
    }

    const WEEK: &str = "2023-11-06 2023-11-12 r";
    const YESTERDAY: &str = "2023-11-14 2023-11-14 r";
    const MARCH: &str = "2023-03-01 2023-03-31 r";
    const MAY_8: &str = "2023-05-08 2023-05-08 e";
    const TWO_DAYS: &str = "2023-11-13 2023-11-13 r";

    #[test]
    fn english() {
        let rows = [
            ("What did we do last week?", WEEK),
            ("yesterday", YESTERDAY),
            ("the day before yesterday", TWO_DAYS),
            ("What happened in March?", MARCH),
            ("in march last year", "2022-03-01 2022-03-31 e"),
            ("March 2021", "2021-03-01 2021-03-31 e"),
            ("in December", "2022-12-01 2022-12-31 r"),
            ("on 8 May 2023", MAY_8),
            ("May 8th, 2023", MAY_8),
            ("the 8th of May", MAY_8),
            ("2023-05-08", MAY_8),
            ("05/08/2023", MAY_8),
            ("20/05/2023", "2023-05-20 2023-05-20 e"),
            ("since Monday", "2023-11-13 2023-11-15 r"),
            ("last Wednesday", "2023-11-08 2023-11-08 r"),
            ("on Wednesday", "2023-11-15 2023-11-15 r"),
            ("two days ago", TWO_DAYS),
            ("a week ago", WEEK),
            ("in the last 3 days", "2023-11-12 2023-11-15 r"),
            ("in 2022", "2022-01-01 2022-12-31 e"),
            ("between March and May 2023", "2023-03-01 2023-05-31 r"),
            ("before March 2023", "1900-01-01 2023-02-28 e"),
            ("recently", "2023-11-01 2023-11-15 v"),
            ("What may I eat?", ""),
            ("May I have tea", ""),
            ("may 8 people come", ""),
            ("how far did they march", ""),
            ("What did April say?", ""),
            ("2022 bottles", ""),
            ("version 1.0.21 at 10.0.0.1", ""),
            ("green tea", ""),
        ];
        for (query, expected) in rows {
            assert_eq!(seen(query), expected, "{query}");
        }
    }

    #[test]
    fn other_languages() {
        let rows = [
            ("sidste uge", WEEK),
            ("i marts", MARCH),
            ("i går", YESTERDAY),
            ("for to dage siden", TWO_DAYS),
            ("den 8. maj 2023", MAY_8),
            ("förra veckan", WEEK),
            ("forrige uke", WEEK),
            ("letzte Woche", WEEK),
            ("im März", MARCH),
            ("im Ma\u{308}rz", MARCH),
            ("vor zwei Tagen", TWO_DAYS),
            ("am 8. Mai 2023", MAY_8),
            ("am 8.5.2023 war was?", MAY_8),
            ("seit Montag", "2023-11-13 2023-11-15 r"),
            ("vorige week", WEEK),
            ("twee dagen geleden", TWO_DAYS),
            ("la semaine dernière", WEEK),
            ("il y a deux jours", TWO_DAYS),
            ("en mars", MARCH),
            ("le 8 mai 2023", MAY_8),
            ("hace dos días", TWO_DAYS),
            ("la semana pasada", WEEK),
            ("el 8 de mayo de 2023", MAY_8),
            ("há dois dias", TWO_DAYS),
            ("na semana passada", WEEK),
            ("la settimana scorsa", WEEK),
            ("due giorni fa", TWO_DAYS),
            ("viime viikolla", WEEK),
            ("maaliskuussa", MARCH),
            ("geçen hafta", WEEK),
            ("iki gün önce", TWO_DAYS),
            ("8 Mayıs 2023", MAY_8),
            ("на прошлой неделе", WEEK),
            ("два дня назад", TWO_DAYS),
            ("8 мая 2023", MAY_8),
            ("что было в марте", MARCH),
            ("мартовские расходы", MARCH),
            ("Где записано слово мартовшапёс?", ""),
            ("когда был субботник", ""),
            ("what does Ocakbaşıoğlu cost", ""),
            ("الأسبوع الماضي", WEEK),
            ("قبل يومين", TWO_DAYS),
            ("8 مايو 2023", MAY_8),
            ("בשבוע שעבר", WEEK),
            ("לפני יומיים", TWO_DAYS),
            ("8 במאי 2023", MAY_8),
            ("पिछले हफ्ते", WEEK),
            ("दो दिन पहले", TWO_DAYS),
            ("上周我们吃了什么", WEEK),
            ("去年三月", "2022-03-01 2022-03-31 r"),
            ("上周三", "2023-11-08 2023-11-08 r"),
            ("三月", MARCH),
            ("两天前", TWO_DAYS),
            ("2023年5月8日", MAY_8),
            ("先週", WEEK),
            ("昨日", YESTERDAY),
            ("二日前", TWO_DAYS),
            ("月曜日から", "2023-11-13 2023-11-15 r"),
            ("지난주에", WEEK),
            ("어제", YESTERDAY),
            ("2일 전", TWO_DAYS),
            ("5월 8일", MAY_8),
        ];
        let wrong: Vec<_> = rows.iter().filter(|(query, expected)| seen(query) != *expected).collect();
        let seen: Vec<_> = wrong.iter().map(|(query, _)| seen(query)).collect();
        assert!(wrong.is_empty(), "{wrong:?} {seen:?}");
    }

    #[test]
    fn the_words_of_the_time_are_told() {
        let query = "tea since last Monday, please";
        let found = range_in(query, date(2023, 11, 15)).unwrap();
        assert!(query[found.bytes].contains("Monday"));
    }

    proptest! {
        #[test]
        fn any_query_is_read(
            words in proptest::collection::vec("\\PC{0,6}|last|week|since|between|may|and|[0-9]{1,5}|ago|days|上周|三|月|前|지난|일|il|y|a|8[-./]", 0..9),
            days in 0_i64..60_000,
        ) {
            let today = date(1950, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
            for query in [words.join(" "), words.concat()] {
                if let Some(found) = range_in(&query, today) {
                    prop_assert!(found.from <= found.to);
                    prop_assert!(found.bytes.start < found.bytes.end);
                    prop_assert!(query.get(found.bytes.clone()).is_some());
                }
            }
        }
    }
}
