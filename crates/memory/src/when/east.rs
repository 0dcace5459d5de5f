//! Dates in Chinese, Japanese and Korean, where words of time stand inside a run of characters.

use jiff::civil::{Date, Weekday};

use super::calendar::{
    Mention, Span, Strength, day, latest_day, latest_weekday, month, year, year_of_latest,
};
use super::numeric::{YEARS, civil};
use super::query::back;
use crate::words::narrow;

const PHRASES: [(Span, &str); 22] = [
    (Span::Day(0), "今天|今日|本日|오늘"),
    (Span::Day(-1), "昨天|昨日|きのう|어제"),
    (Span::Day(-2), "前天|一昨日|おととい|그저께|그제|이틀 전"),
    (Span::Day(-3), "大前天|사흘 전"),
    (Span::Day(1), "明天|明日|내일"),
    (Span::Night, "昨晚|昨夜|昨晩|어젯밤"),
    (Span::Week(-1), "上周|上週|上星期|上个星期|上個星期|上礼拜|上禮拜|先週|지난주|지난 주|저번 주|저번주"),
    (Span::Week(-2), "上上周|上上週|先々週|지지난주"),
    (Span::Week(0), "这周|這週|这星期|这个星期|這個星期|本周|本週|今週|이번 주|이번주"),
    (Span::Week(1), "下周|下週|下星期|下个星期|下個星期|来週|다음 주|다음주"),
    (Span::Weekend(-1), "上周末|上週末|上个周末|先週末|지난 주말|지난주말"),
    (Span::Weekend(0), "这周末|這週末|这个周末|本周末|今週末|이번 주말"),
    (Span::Month(-1), "上个月|上個月|上月|先月|지난달|지난 달|저번 달"),
    (Span::Month(-2), "上上个月|先々月|지지난달"),
    (Span::Month(0), "这个月|這個月|本月|今月|이번 달|이번달"),
    (Span::Month(1), "下个月|下個月|来月|다음 달|다음달"),
    (Span::Year(-1), "去年|昨年|작년|지난해"),
    (Span::Year(-2), "前年|一昨年|おととし|재작년"),
    (Span::Year(0), "今年|올해"),
    (Span::Year(1), "明年|来年|내년"),
    (Span::Past(7), "这几天|這幾天|ここ数日|요 며칠|최근 며칠"),
    (Span::Recent, "最近|近来|近來|近日|この間|この前|최근|요즘"),
];

/// Days, weeks, months, years; longest first.
const UNITS: [(&str, usize); 25] = [
    ("个星期", 1),
    ("個星期", 1),
    ("个礼拜", 1),
    ("个月", 2),
    ("個月", 2),
    ("か月", 2),
    ("ヶ月", 2),
    ("カ月", 2),
    ("ヵ月", 2),
    ("箇月", 2),
    ("週間", 1),
    ("星期", 1),
    ("개월", 2),
    ("주일", 1),
    ("日間", 0),
    ("年間", 3),
    ("天", 0),
    ("日", 0),
    ("周", 1),
    ("週", 1),
    ("年", 3),
    ("일", 0),
    ("주", 1),
    ("달", 2),
    ("년", 3),
];
const AGO: [&str; 5] = ["以前", "之前", "前", "전", "이전"];
const PAST: [&str; 8] = ["过去", "過去", "最近", "この", "ここ", "近", "지난", "최근"];
const WEEK: [&str; 6] = ["星期", "礼拜", "禮拜", "周", "週", "曜"];
const SINCE: [&str; 10] = ["以来", "以來", "から", "부터", "之后", "之後", "以后", "以後", "이후", "开始"];
const BEFORE: [&str; 5] = ["之前", "以前", "이전", "よりも前", "より前"];
const UNTIL: [&str; 5] = ["までに", "まで", "까지", "为止", "為止"];
/// Before a time: "until", and what only leads up to it.
const UNTIL_LEADS: [&str; 3] = ["直到", "截至", "截止"];
const LEADS: [&str; 8] = ["在", "从", "從", "自从", "自從", "自", "지난", "저번"];
const TAILS: [&str; 9] = ["의", "的", "の", "に", "에는", "에", "期间", "期間", "为止"];
/// Between two ends of a range; the second list only with one of the third behind them.
const LINKS: [&str; 11] = ["から", "부터", "到", "至", "~", "〜", "～", "-", "–", "—", "−"];
const WEAK_LINKS: [&str; 7] = ["和", "与", "與", "と", "과", "와", "及"];
const CLOSINGS: [&str; 14] = [
    "までの間",
    "までに",
    "まで",
    "까지",
    "为止",
    "為止",
    "之间",
    "之間",
    "の間",
    "间",
    "間",
    "사이에",
    "사이",
    "期间",
];
const DAYS: [&str; 4] = ["日", "号", "號", "일"];
const WEEKDAYS: [&str; 7] = ["一월月", "二화火", "三수水", "四목木", "五금金", "六토土", "日天일日"];
const NUMERALS: &str = "零一二三四五六七八九十";
const BEGINNING: Date = Date::constant(1900, 1, 1);

/// Every mention, in order.
pub(super) fn mentions(query: &str, today: Date) -> Vec<Mention> {
    if query.is_ascii() {
        return Vec::new();
    }
    let chars: Vec<(usize, char)> = query.char_indices().map(|(at, c)| (at, narrow(c))).collect();
    let reader = Reader { chars: &chars, today };
    let byte = |at: usize| chars.get(at).map_or(query.len(), |(byte, _)| *byte);
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        match reader.here(at) {
            Some(range) => {
                let (start, until) = reader.lead(at);
                let (from, to, strength, end) = match reader.joined(range) {
                    Some(joined) => joined,
                    None if until => (BEGINNING.min(range.0), range.1, range.2, range.3),
                    None => reader.open(range),
                };
                let end = reader.tail(end);
                found.push(Mention { from, to, bytes: byte(start)..byte(end), strength });
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

/// First day, last day, how sure, and the character after it.
type Range = (Date, Date, Strength, usize);

struct Reader<'a> {
    chars: &'a [(usize, char)],
    today: Date,
}

impl Reader<'_> {
    fn here(&self, at: usize) -> Option<Range> {
        let quantity = self.quantity(at).or_else(|| self.dated(at, None));
        quantity.or_else(|| self.phrase(at)).or_else(|| self.weekday(at, self.today))
    }

    /// The character after a word that stands here.
    fn word(&self, at: usize, word: &str) -> Option<usize> {
        let rest = self.chars.get(at..)?;
        let count = word.chars().count();
        (rest.len() >= count && rest.iter().map(|(_, c)| *c).take(count).eq(word.chars()))
            .then_some(at + count)
    }

    fn any(&self, at: usize, words: &[&str]) -> Option<usize> {
        words.iter().find_map(|word| self.word(at, word))
    }

    fn blank(&self, at: usize) -> usize {
        let is_blank = |at: usize| self.chars.get(at).is_some_and(|(_, c)| matches!(c, ' ' | '的' | 'の'));
        at + usize::from(is_blank(at))
    }

    /// A number in digits or Chinese numerals, or a Korean one.
    fn number(&self, at: usize) -> Option<(i32, usize)> {
        let char = |at: usize| self.chars.get(at).map(|(_, c)| *c);
        let digit = |at: usize| char(at).and_then(|c| c.to_digit(10)).and_then(|d| i32::try_from(d).ok());
        // In the middle of a number there is none.
        if digit(at).is_some() && at.checked_sub(1).and_then(digit).is_some() {
            return None;
        }
        let (mut value, mut end) = (0, at);
        while let Some(d) = digit(end).filter(|_| end - at < 5) {
            (value, end) = (value * 10 + d, end + 1);
        }
        if end > at {
            return Some((value, end));
        }
        let numeral = |at: usize| {
            let c = char(at)?;
            let native = [('两', 2), ('兩', 2), ('한', 1), ('두', 2), ('세', 3), ('네', 4)];
            let place = NUMERALS.chars().position(|n| n == c).and_then(|n| i32::try_from(n).ok());
            place.or_else(|| native.iter().find(|(n, _)| *n == c).map(|(_, n)| *n))
        };
        let first = numeral(at)?;
        let (tens, after) = match (first, numeral(at + 1)) {
            (10, _) => (10, at + 1),
            (tens, Some(10)) => (tens * 10, at + 2),
            (ones, _) => return Some((ones, at + 1)),
        };
        match numeral(after).filter(|ones| (1..10).contains(ones)) {
            Some(ones) => Some((tens + ones, after + 1)),
            None => Some((tens, after)),
        }
    }

    /// "三天前", "3日前", "过去两周".
    fn quantity(&self, at: usize) -> Option<Range> {
        let past = self.any(at, &PAST);
        let (count, end) = self.number(past.map_or(at, |end| self.blank(end)))?;
        let count = Some(count).filter(|count| (1..=1000).contains(count))?;
        let start = self.blank(end);
        let (unit, end) = UNITS.iter().find_map(|(word, unit)| Some((*unit, self.word(start, word)?)))?;
        let (span, end) = match (past, self.any(self.blank(end), &AGO)) {
            (None, Some(end)) => (back(unit, count)?, end),
            (Some(_), _) => (Span::Past([1, 7, 31, 366].get(unit)? * count), end),
            (None, None) => return None,
        };
        let (from, to) = span.days(self.today)?;
        Some((from, to, span.strength(), end))
    }

    fn phrase(&self, at: usize) -> Option<Range> {
        let fits = |(span, list): &(Span, &str)| {
            list.split('|').filter_map(|word| self.word(at, word)).max().map(|end| (*span, end))
        };
        let (span, end) = PHRASES.iter().filter_map(fits).max_by_key(|(_, end)| *end)?;
        let (from, to) = span.days(self.today)?;
        let more = match span {
            Span::Year(_) => self.dated(self.blank(end), Some(i32::from(from.year()))),
            Span::Week(_) => self.day_of_week(end, from),
            Span::Day(_) | Span::Weekend(_) | Span::Month(_) | Span::Past(_) | Span::Night | Span::Recent => {
                None
            }
        };
        more.or(Some((from, to, span.strength(), end)))
    }

    /// "上周三", "先週の月曜": a day of a week that was named.
    fn day_of_week(&self, at: usize, monday: Date) -> Option<Range> {
        let place = |at: usize| {
            let (_, c) = self.chars.get(at)?;
            WEEKDAYS.iter().position(|names| names.contains(*c)).and_then(|n| i32::try_from(n).ok())
        };
        let (number, end) = match self.weekday(self.blank(at), self.today) {
            Some((date, _, _, end)) => (i32::from(date.weekday().to_monday_zero_offset()), end),
            // "上周一起": a number right after the week, not a word of its own.
            None => (
                place(at).filter(|_| self.word(at, "一起").is_none() && self.word(at, "日").is_none())?,
                at + 1,
            ),
        };
        let date = day(monday, number)?;
        Some((date, date, Strength::Relative, end))
    }

    /// "2023年5月8日", "5月8日", "三月", "2023年".
    fn dated(&self, at: usize, known: Option<i32>) -> Option<Range> {
        let (mut named, mut cursor) = (known, at);
        if known.is_none()
            && let Some((number, end)) = self.number(at)
            && YEARS.contains(&number)
            && let Some(end) = self.any(self.blank(end), &["年", "년"])
        {
            (named, cursor) = (Some(number), self.blank(end));
        }
        let found_month = self.number(cursor).and_then(|(number, end)| {
            let end = self.any(end, &["月份", "月", "월"])?;
            (1..=12).contains(&number).then_some((i8::try_from(number).ok()?, end))
        });
        let Some((wanted, end)) = found_month else {
            let (from, to) = year(i16::try_from(named.filter(|_| known.is_none())?).ok()?)?;
            return Some((from, to, Strength::Explicit, cursor));
        };
        let sure = if known.is_none() && named.is_some() { Strength::Explicit } else { Strength::Relative };
        let number = self.number(self.blank(end)).and_then(|(number, end)| {
            let end = self.any(end, &DAYS)?;
            Some((number, end))
        });
        if let Some((number, end)) = number {
            let date = match named {
                Some(year) => civil(year, i32::from(wanted), number)?,
                None => latest_day(wanted, i8::try_from(number).ok()?, self.today)?,
            };
            return Some((date, date, Strength::Explicit, end));
        }
        let of = match named {
            Some(year) => i16::try_from(year).ok()?,
            None => year_of_latest(wanted, self.today),
        };
        let (from, to) = month(of, wanted)?;
        Some((from, to, sure, end))
    }

    /// "星期三", "月曜日", "월요일".
    fn weekday(&self, at: usize, until: Date) -> Option<Range> {
        let place = |at: usize| {
            let (_, c) = self.chars.get(at)?;
            WEEKDAYS.iter().position(|names| names.contains(*c))
        };
        let (number, end) = match (place(at), self.any(at + 1, &["曜日", "曜", "요일"])) {
            (Some(number), Some(end)) => (number, end),
            _ => {
                let after = self.any(at, &WEEK)?;
                (place(after)?, after + 1)
            }
        };
        let wanted = Weekday::from_monday_zero_offset(i8::try_from(number).ok()?).ok()?;
        let date = latest_weekday(wanted, until)?;
        Some((date, date, Strength::Relative, end))
    }

    /// "以来", "부터", "之前", "まで": open at one end.
    fn open(&self, (from, to, strength, end): Range) -> Range {
        let after = self.blank(end);
        if let Some(end) = self.any(after, &SINCE).filter(|_| from <= self.today) {
            return (from, self.today, strength, end);
        }
        if let Some(end) = self.any(after, &UNTIL) {
            return (BEGINNING.min(from), to, strength, end);
        }
        match (self.any(after, &BEFORE), day(from, -1).filter(|last| *last >= BEGINNING)) {
            (Some(end), Some(last)) => (BEGINNING, last, strength, end),
            _ => (from, to, strength, end),
        }
    }

    /// Where the words before a time begin that lead up to it, and whether they say "until".
    fn lead(&self, at: usize) -> (usize, bool) {
        let end = at - usize::from(at.checked_sub(1).is_some_and(|at| self.chars[at].1 == ' '));
        let first = |words: &[&str]| {
            let starts = words.iter().filter_map(|word| {
                let start = end.checked_sub(word.chars().count())?;
                self.word(start, word).map(|_| start)
            });
            starts.min()
        };
        // "提到周五": of a verb it is no "until".
        let alone =
            |start: &usize| start.checked_sub(1).is_none_or(|before| !self.chars[before].1.is_alphabetic());
        if let Some(start) = first(&UNTIL_LEADS).or_else(|| first(&["到", "至"]).filter(alone)) {
            return (start, true);
        }
        (first(&LEADS).unwrap_or(at), false)
    }

    /// The character after the words that end a time and say nothing without it.
    fn tail(&self, end: usize) -> usize {
        let about = ["について", "に関", "によ", "には"];
        (0..2).fold(end, |end, _| match self.any(end, &TAILS) {
            Some(after) if self.any(end, &about).is_none() => after,
            Some(_) | None => end,
        })
    }

    /// "3月1日から5日まで", "周一到周五": two ends are one range.
    fn joined(&self, left: Range) -> Option<Range> {
        let (mut from, to, strength, end) = left;
        if let Some(range) = self.days_of(left) {
            return Some(range);
        }
        let after = self.blank(end);
        let strong = self.any(after, &LINKS);
        let right_at = self.blank(strong.or_else(|| self.any(after, &WEAK_LINKS))?);
        let (mut last, sure, end) = self.right(right_at, from, to)?;
        if last < from && (from - last).get_days() < 7 {
            from = day(from, -7)?;
        } else if last < from {
            let (_, later, _, _) = self.dated(right_at, Some(i32::from(from.year()) + 1))?;
            last = later;
        }
        let closed = self.any(self.blank(end), &CLOSINGS);
        if from > last || (strong.is_none() && closed.is_none()) {
            return None;
        }
        Some((from, last, strength.min(sure), closed.unwrap_or(end)))
    }

    /// The right end: its last day, how sure, and the character after it.
    fn right(&self, at: usize, from: Date, to: Date) -> Option<(Date, Strength, usize)> {
        let same_year = self.dated(at, Some(i32::from(from.year())));
        if let Some((_, last, sure, end)) = same_year.or_else(|| self.here(at)) {
            return Some((last, sure, end));
        }
        let (number, end) = self.number(at).filter(|_| from == to)?;
        let end = self.any(end, &DAYS)?;
        let last = civil(i32::from(from.year()), i32::from(from.month()), number)?;
        Some((last, Strength::Explicit, end))
    }

    /// "3月1-5日": days of the month that was named.
    fn days_of(&self, (month, to, _, end): Range) -> Option<Range> {
        if month.day() != 1 || to != month.last_of_month() {
            return None;
        }
        let (first, end) = self.number(self.blank(end))?;
        let (last, end) = self.number(self.blank(self.any(self.blank(end), &LINKS)?))?;
        let end = self.any(end, &DAYS)?;
        let date = |number| civil(i32::from(month.year()), i32::from(month.month()), number);
        let (from, to) = (date(first)?, date(last)?);
        let closed = self.any(self.blank(end), &CLOSINGS);
        (from <= to).then_some((from, to, Strength::Explicit, closed.unwrap_or(end)))
    }
}
