//! Months and days of months in words: "8 May 2023", "May 8th", "in May".

use super::super::calendar::{Span, Strength, latest_day, month, year_of_latest};
use super::super::numeric::civil;
use super::super::tables::{Mark, phrase};
use super::{Anchor, Found, Reader};

/// Follows a number: 1st, 2nd, 1er, 1º.
const ORDINALS: [&str; 13] = ["st", "nd", "rd", "th", "er", "e", "º", "ª", "ste", "de", "го", "е", "ое"];
/// The same as a word of its own.
const DAYS: [&str; 6] = ["paiva", "paivaa", "paivana", "paivan", "paivasta", "числа"];
/// A number after "in March" counts something.
const WITHIN: [&str; 12] = ["in", "im", "i", "en", "em", "no", "nel", "a", "v", "в", "na", "في"];
/// Days in words, without accents.
const ORDINAL_WORDS: [&str; 20] = [
    "first ersten premier primero primeiro primo forste forsta eerste",
    "second zweiten",
    "third dritten",
    "fourth vierten",
    "fifth funften",
    "sixth sechsten",
    "seventh siebten",
    "eighth achten",
    "ninth neunten",
    "tenth zehnten",
    "eleventh elften",
    "twelfth zwolften",
    "thirteenth dreizehnten",
    "fourteenth vierzehnten",
    "fifteenth funfzehnten",
    "sixteenth sechzehnten",
    "seventeenth siebzehnten",
    "eighteenth achtzehnten",
    "nineteenth neunzehnten",
    "twentieth zwanzigsten",
];
/// Those that need an "of" before the month.
const ENGLISH_ORDINALS: [&str; 20] = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
];
/// What a verb "may" goes on with.
const AFTER_MAY: [&str; 9] = ["be", "have", "not", "also", "need", "never", "well", "still", "even"];
/// An abbreviation may have a dot before its number: "Mar. 5".
const ABBREVIATION: usize = 4;

impl Reader<'_> {
    /// "8 May 2023", "May 8th", "May 2023", "in May".
    pub(super) fn in_month(&self, at: usize) -> Option<Found> {
        let mut cursor = at;
        let mut number = self.small(at).filter(|_| !self.is_part(at) || self.is_right_end(at));
        if number.is_some() {
            cursor = self.skip_small(at + 1);
        } else if let Some((ordinal, end)) = self.ordinal(at) {
            (number, cursor) = (Some(ordinal), end);
        }
        let sense = *self.senses.get(cursor)?;
        let wanted = sense.month?;
        let place = cursor;
        let leads = number.is_some();
        if leads && (self.is_article_of(place) || !(at + 1..=place).all(|at| self.is_of_date(at))) {
            return None;
        }
        cursor += 1;
        if number.is_none() {
            number = self.small(cursor).filter(|_| self.is_day_behind(place) && !self.is_counting(place));
            if number.is_some() {
                cursor = self.skip_ordinal(cursor + 1);
            }
        }
        let year_at = if self.has(cursor, Mark::Article) || self.is_of(cursor) { cursor + 1 } else { cursor };
        let year = self.year_number(year_at).map(|year| (year, year_at + 1));
        let year = year.or_else(|| self.year_phrase(year_at));
        let end = year.map_or(cursor, |(_, end)| end);
        let is_date = number.is_some()
            && if leads {
                !self.is_counted(at, place)
            } else {
                self.tokens[place].capital || !self.is_verb(place)
            };
        // "Ende des 2023": the article, unless it is written like a month.
        let is_year = year.is_some() && (self.text(place) != "des" || self.tokens[place].capital);
        let is_doubtful = (sense.doubtful && !self.is_evident(place)) || self.is_no_month(place);
        if !is_year && !is_date && is_doubtful {
            return None;
        }
        let year = year.map(|(year, _)| year);
        let Some(number) = number else { return self.whole_month(wanted, year, place, end) };
        let (date, anchor) = match year {
            Some(year) => (civil(year, i32::from(wanted), number)?, Anchor::Fixed),
            None => (latest_day(wanted, i8::try_from(number).ok()?, self.today)?, Anchor::Year),
        };
        Some(Found { from: date, to: date, strength: Strength::Explicit, anchor, start: at, end })
    }

    fn whole_month(&self, wanted: i8, year: Option<i32>, place: usize, end: usize) -> Option<Found> {
        let (start, says, behind) = self.attributes(place, end);
        let this = self.today.month();
        let next = says(Mark::Next);
        let (year, strength, anchor) = match year {
            Some(year) => (i16::try_from(year).ok()?, Strength::Explicit, Anchor::Fixed),
            None if next => {
                (self.today.year() + i16::from(wanted <= this), Strength::Relative, Anchor::Fixed)
            }
            None if says(Mark::Last) && wanted == this => {
                (self.today.year() - 1, Strength::Relative, Anchor::Fixed)
            }
            None => (year_of_latest(wanted, self.today), Strength::Relative, Anchor::Year),
        };
        let (from, to) = month(year, wanted)?;
        Some(Found { from, to, strength, anchor, start, end: behind })
    }

    /// "May" and "march" are verbs: a number after one in small letters counts people.
    fn is_verb(&self, at: usize) -> bool {
        matches!(self.text(at), "may" | "march")
    }

    /// "5 may enter", "2 des clés": in small letters, and the sentence goes on without a word that says it is a day.
    fn is_counted(&self, at: usize, place: usize) -> bool {
        let next = place + 1;
        let is_loose = (self.is_verb(place) || self.text(place) == "des") && !self.tokens[place].capital;
        let led = [Mark::Preposition, Mark::English, Mark::Evidence, Mark::Article, Mark::Year];
        let is_led = at
            .checked_sub(1)
            .is_some_and(|before| self.is_near(at) && led.into_iter().any(|mark| self.has(before, mark)));
        is_loose && place == at + 1 && self.is_near(next) && (!is_led || AFTER_MAY.contains(&self.text(next)))
    }

    /// Whether a number behind a month is its day: "on May 5", "May 5, 2023", and not "in May 5 people", "in May. 5 people".
    fn is_day_behind(&self, place: usize) -> bool {
        let at = place + 1;
        let gap = self.gap(at);
        let is_short = self.text(place).chars().count() <= ABBREVIATION;
        let joins = |c: char| c.is_whitespace() || c == '-' || c == '/' || (c == '.' && is_short);
        let within = place.checked_sub(1).is_some_and(|before| {
            self.is_near(place) && WITHIN.contains(&self.text(before)) && !self.has(before, Mark::Last)
        });
        let after = self.skip_ordinal(at + 1);
        gap.chars().all(joins) && (!within || after > at + 1 || self.year_number(after).is_some())
    }

    fn is_evident(&self, at: usize) -> bool {
        let behind = at + 1;
        if self.is_suffix(behind) || (self.is_near(behind) && self.has(behind, Mark::MonthTail)) {
            return true;
        }
        let is_month = |at: usize| self.senses.get(at).is_some_and(|sense| sense.month.is_some());
        let capitals =
            [at, at + 2].into_iter().all(|at| self.tokens.get(at).is_some_and(|token| token.capital));
        let links = (self.has(behind, Mark::Link) && capitals)
            || (self.has(behind, Mark::WeakLink) && self.is_between_behind(at + 3));
        if links && is_month(at + 2) {
            return true;
        }
        let Some(before) = at.checked_sub(1) else { return false };
        let mark = if self.is_verb(at) { Mark::English } else { Mark::Evidence };
        self.has(before, mark)
            || self.is_linked(before, at)
            || (self.has(before, Mark::Article)
                && before.checked_sub(1).is_some_and(|far| self.has(far, mark))
                && !self.is_verb(at))
    }

    /// "from March to May": the other end is a month for sure.
    fn is_linked(&self, link: usize, at: usize) -> bool {
        let is_link = self.has(link, Mark::Link) || self.has(link, Mark::WeakLink);
        let Some(left) = link.checked_sub(1).filter(|_| is_link) else { return false };
        let left = if self.year_number(left).is_some() { left.saturating_sub(1) } else { left };
        let Some(sense) = self.senses.get(left).filter(|sense| sense.month.is_some()) else { return false };
        (self.tokens[at].capital || !self.is_verb(at)) && (!sense.doubtful || self.is_evident(left))
    }

    /// A day of a month.
    pub(super) fn small(&self, at: usize) -> Option<i32> {
        let token = self.tokens.get(at)?;
        token.number().filter(|number| token.text.len() <= 2 && (1..=31).contains(number))
    }

    /// Whether a number is part of something longer: a version, a time, a telephone number, an amount.
    pub(super) fn is_part(&self, at: usize) -> bool {
        let Some(token) = self.tokens.get(at) else { return false };
        let mut before = self.query.get(..token.start).unwrap_or_default().chars().rev();
        match before.next() {
            Some('.' | ',' | ':' | '/' | '-' | '–' | '—') => {
                before.next().is_some_and(|c| c.is_numeric() || c == '.')
            }
            Some(c) => c.is_ascii_alphabetic() || matches!(c, '$' | '€' | '£' | '#' | '+' | '_'),
            None => false,
        }
    }

    /// Whether a dash joins a number to a day before it.
    fn is_right_end(&self, at: usize) -> bool {
        let left = at.checked_sub(1).filter(|left| !self.is_part(*left)).and_then(|left| self.small(left));
        let gap = self.gap(at).trim_start_matches('.');
        matches!(gap, "-" | "–" | "—") && left.zip(self.small(at)).is_some_and(|(left, right)| left < right)
    }

    /// Whether a token may be the next of a date: no sentence, amount or bracket between.
    fn is_of_date(&self, at: usize) -> bool {
        let joins =
            |c: char| c.is_whitespace() || matches!(c, '.' | '-' | '–' | '/' | '\'' | '’' | ',' | '־');
        self.gap(at).chars().all(joins)
    }

    pub(super) fn skip_ordinal(&self, at: usize) -> usize {
        let text = self.text(at);
        let attached = ORDINALS.contains(&text) && !self.gap(at).contains(char::is_whitespace);
        at + usize::from(attached || (DAYS.contains(&text) && self.is_of_date(at)))
    }

    /// Between a day and its month: an ordinal, "of", "de".
    fn skip_small(&self, at: usize) -> usize {
        let at = self.skip_ordinal(at);
        at + usize::from(self.is_of(at))
    }

    /// "first of March", "ersten März": a day in words, and the token behind it and its "of".
    fn ordinal(&self, at: usize) -> Option<(i32, usize)> {
        let day = |at: usize| {
            let word = self.text(at);
            let fits = |list: &str| list.split_whitespace().any(|one| one == word);
            i32::try_from(ORDINAL_WORDS.iter().position(|list| fits(list))?).ok().map(|day| day + 1)
        };
        let tens_of = |at: usize| match self.text(at) {
            "twenty" => 20,
            "thirty" => 30,
            _ => 0,
        };
        let tens = tens_of(at);
        if at.checked_sub(1).is_some_and(|before| tens_of(before) > 0) {
            return None;
        }
        let (number, end) = if tens == 0 { (day(at)?, at + 1) } else { (tens + day(at + 1)?, at + 2) };
        let is_english = ENGLISH_ORDINALS.contains(&self.text(end - 1));
        let number = Some(number).filter(|number| *number <= 31 && (tens == 0 || (number % 10 != 0)))?;
        // "our first March here"
        if is_english && !self.is_of(end) {
            return None;
        }
        Some((number, end + usize::from(self.is_of(end))))
    }

    pub(super) fn is_of(&self, at: usize) -> bool {
        matches!(self.text(at), "of" | "de" | "di" | "del")
    }

    /// "March last year".
    fn year_phrase(&self, at: usize) -> Option<(i32, usize)> {
        let words = self.tokens.get(at..)?.iter().map(|token| token.text.as_str());
        match phrase(words)? {
            (Span::Year(by), taken) => Some((i32::from(self.today.year()) + by, at + taken)),
            _ => None,
        }
    }
}
