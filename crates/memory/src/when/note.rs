//! The day that a note, or a part of it, is of.

use jiff::civil::Date;

use super::numeric::{Order, YEARS, civil, date};
use super::tables::sense;
use super::tokens::{Token, tokens};

/// A heading is read no further.
const MAX_HEADING_BYTES: usize = 256;

/// The day in the name of a note: `memory/2023-05-08.md`, `2023-05-08-standup.md`, `memory/2023/05/08.md`,
/// `20230508.md`.
pub(crate) fn date_of(path: &str) -> Option<Date> {
    let bare = path.strip_suffix(".md").unwrap_or(path);
    let name = bare.rsplit('/').next().unwrap_or(bare);
    whole_day(name).or_else(|| {
        let mut parts = bare.rsplit('/');
        let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
        let numbers = [year, month, day].map(|part| part.parse::<i32>().ok());
        match numbers {
            [Some(year), Some(month), Some(day)] => civil(year, month, day),
            _ => None,
        }
    })
}

/// The day that a heading begins with: `## 2023-05-08`, `# 8 May 2023, 1:56 pm: tea`, `## Montag, 8. Mai 2023`.
pub(crate) fn date_in_heading(line: &str) -> Option<Date> {
    let line = line.trim_start_matches(['#', ' ', '*', '\u{feff}']);
    let line = &line[..line.floor_char_boundary(MAX_HEADING_BYTES)];
    whole_day(line).or_else(|| {
        let tokens = tokens(line);
        let skipped = usize::from(tokens.first().is_some_and(|token| sense(&token.text).weekday.is_some()));
        written(&tokens[skipped..])
    })
}

/// The first whole day in digits.
fn whole_day(text: &str) -> Option<Date> {
    let tokens = tokens(text);
    let found = (0..tokens.len()).find_map(|at| date(text, &tokens[at..], Order::DayFirst));
    found.filter(|(from, to, _)| from == to).map(|(from, _, _)| from).or_else(|| east(&tokens))
}

/// `2023年5月8日`, `2023년 5월 8일`.
fn east(tokens: &[Token]) -> Option<Date> {
    let [year, year_sign, month, month_sign, day, ..] = tokens else { return None };
    let signed =
        matches!(year_sign.text.as_str(), "年" | "년") && matches!(month_sign.text.as_str(), "月" | "월");
    if signed { civil(year.number()?, month.number()?, day.number()?) } else { None }
}

/// `8 May 2023`, `May 8th, 2023`, `8. de mayo de 2023`, at the start.
fn written(tokens: &[Token]) -> Option<Date> {
    let (mut day, mut month, mut year) = (None, None, None);
    for token in tokens.iter().take(6) {
        match token.number() {
            Some(number) if YEARS.contains(&number) && year.is_none() => year = Some(number),
            Some(number) if day.is_none() && year.is_none() => day = Some(number),
            Some(_) => {}
            None => month = month.or(sense(&token.text).month),
        }
    }
    civil(year?, i32::from(month?), day?)
}

#[cfg(test)]
mod tests {
    use super::{date_in_heading, date_of};
    use proptest::prelude::*;

    #[test]
    fn paths() {
        let rows = [
            ("memory/2023-05-08.md", Some("2023-05-08")),
            ("memory/2023-05-08-standup.md", Some("2023-05-08")),
            ("memory/standup_2023_05_08.md", Some("2023-05-08")),
            ("memory/2023/05/08.md", Some("2023-05-08")),
            ("memory/20230508.md", Some("2023-05-08")),
            ("memory/20230508T1356.md", Some("2023-05-08")),
            ("memory/08.05.2023.md", Some("2023-05-08")),
            ("memory/2023-13-08.md", None),
            ("memory/2023-05.md", None),
            ("MEMORY.md", None),
            ("memory/10.0.0.1.md", None),
        ];
        for (path, expected) in rows {
            assert_eq!(date_of(path).map(|date| date.to_string()).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn headings() {
        let rows = [
            ("## 2023-05-08", Some("2023-05-08")),
            ("# 8 May 2023, 1:56 pm: Caroline and Melanie", Some("2023-05-08")),
            ("## May 8th, 2023", Some("2023-05-08")),
            ("## Montag, 8. Mai 2023", Some("2023-05-08")),
            ("### 8 de mayo de 2023", Some("2023-05-08")),
            ("## 2023年5月8日", Some("2023-05-08")),
            ("## 2023년 5월 8일", Some("2023-05-08")),
            ("## Projects in May", None),
            ("# Tea", None),
        ];
        for (line, expected) in rows {
            assert_eq!(date_in_heading(line).map(|date| date.to_string()).as_deref(), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_read(text in "\\PC{0,60}") {
            date_of(&text);
            date_in_heading(&text);
        }

        #[test]
        fn every_day_is_read_from_its_file(year in 1900_i16..2199, month in 1_i8..=12, day in 1_i8..=28) {
            let date = jiff::civil::date(year, month, day);
            prop_assert_eq!(date_of(&format!("memory/{date}.md")), Some(date));
        }
    }
}
