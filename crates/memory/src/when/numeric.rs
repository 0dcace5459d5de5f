//! Dates in digits: `2023-05-08`, `8.5.2023`, `05/08/2023`, `20230508`.

use jiff::civil::Date;

use super::tokens::Token;

/// Years that a note can be about.
pub(super) const YEARS: std::ops::RangeInclusive<i32> = 1900..=2199;

/// Which of two small numbers is the month when both could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    DayFirst,
    MonthFirst,
}

/// A date that starts at a token: its first and last day, and how many tokens it has.
pub(super) fn date(text: &str, tokens: &[Token], order: Order) -> Option<(Date, Date, usize)> {
    let first = tokens.first()?;
    if first.text.len() == 8
        && let Some(day) = packed(&first.text)
    {
        return Some((day, day, 1));
    }
    let mark = separator(text, first, tokens.get(1)?)?;
    let (a, b) = (first.number()?, tokens[1].number()?);
    let third = tokens.get(2).filter(|third| separator(text, &tokens[1], third) == Some(mark));
    let is_year =
        |token: &Token| token.text.len() == 4 && token.number().is_some_and(|year| YEARS.contains(&year));
    if is_year(first) {
        if let Some(day) = third.and_then(|third| civil(a, b, third.number()?)) {
            return Some((day, day, 3));
        }
        let joined = third.is_none() && matches!(mark, '-' | '/') && tokens[1].text.len() == 2;
        let month = civil(a, b, 1).filter(|_| joined)?;
        return Some((month, month.last_of_month(), 2));
    }
    let third = third.filter(|third| is_year(third))?;
    let year = third.number()?;
    let (day_first, month_first) = (civil(year, b, a), civil(year, a, b));
    let day = match order {
        Order::MonthFirst if mark == '/' => month_first.or(day_first),
        Order::MonthFirst | Order::DayFirst => day_first.or(month_first),
    }?;
    Some((day, day, 3))
}

/// The one character between two numbers, if it joins the parts of a date.
fn separator(text: &str, left: &Token, right: &Token) -> Option<char> {
    let between = text.get(left.end..right.start)?;
    let mut chars = between.chars();
    let mark = chars.next().filter(|c| matches!(c, '-' | '/' | '.' | '_' | '\u{2010}' | '\u{2011}'))?;
    chars.all(|c| c == ' ' && mark == '.').then_some(mark)
}

fn packed(digits: &str) -> Option<Date> {
    let part = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i32>().ok();
    let year = part(0..4).filter(|year| YEARS.contains(year))?;
    civil(year, part(4..6)?, part(6..8)?)
}

pub(super) fn civil(year: i32, month: i32, day: i32) -> Option<Date> {
    if !YEARS.contains(&year) {
        return None;
    }
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}
