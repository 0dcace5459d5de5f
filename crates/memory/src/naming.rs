//! What the name of a note says about it, beside what stands in it. Pure.

use crate::backend::Source;

/// Names that many notes have, whatever they are about.
const SAY_NOTHING: [&str; 3] = ["index", "memory", "readme"];
/// A day as one number, and with hours, minutes and seconds behind it.
const DAY_DIGITS: usize = 8;
const TIME_DIGITS: [usize; 3] = [DAY_DIGITS, DAY_DIGITS + 4, DAY_DIGITS + 6];

/// The words in the path of a note below its root, the workspace or an extra path: of its file and of the folders it lies in,
/// without dates. The folder `memory` is that of most notes and tells none from another. Conversations are named by machines.
pub(crate) fn name_of(source: Source, below: &str) -> String {
    match source {
        Source::Memory => words_of(below),
        Source::Sessions => String::new(),
    }
}

fn words_of(below: &str) -> String {
    let mut folders: Vec<&str> = below.split('/').filter(|part| !part.is_empty()).collect();
    let file = folders.pop().unwrap_or_default();
    let bare = file.rsplit_once('.').map_or(file, |(bare, _)| bare);
    let own = folders.iter().skip_while(|folder| **folder == "memory").copied();
    let parts = own.chain([bare]).map(undated);
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A part of a path without the dates in it; nothing if no word is left.
fn undated(part: &str) -> String {
    let tokens = tokens(part);
    let mut left = part.to_owned();
    let mut end = tokens.len();
    // From behind, so that what is cut moves nothing that is still to be looked at.
    while end > 0 {
        let length = tokens[..end].iter().rev().take_while(|(_, token)| is_of_time(token)).count();
        if is_date(&tokens[end - length..end]) {
            let (from, (last, token)) = (tokens[end - length].0, tokens[end - 1]);
            left.replace_range(from..last + token.len(), " ");
        }
        end -= length.max(1);
    }
    let left = left.trim_matches(|c: char| !c.is_alphanumeric());
    let is_common = SAY_NOTHING.iter().any(|name| left.eq_ignore_ascii_case(name));
    if is_common || !left.contains(char::is_alphabetic) { String::new() } else { left.to_owned() }
}

/// The runs of letters and digits, with where they begin.
fn tokens(part: &str) -> Vec<(usize, &str)> {
    let is_between = |c: char| !c.is_alphanumeric();
    let (mut found, mut start) = (Vec::new(), 0);
    for piece in part.split_inclusive(is_between) {
        let run = piece.trim_end_matches(is_between);
        if !run.is_empty() {
            found.push((start, run));
        }
        start += piece.len();
    }
    found
}

/// A number, also as it stands in a date and time: `28T1530Z`, `W48`, `Q3`.
fn is_of_time(token: &str) -> bool {
    let is_of = |b: u8| b.is_ascii_digit() || matches!(b.to_ascii_uppercase(), b'T' | b'Z' | b'W' | b'Q');
    token.bytes().any(|b| b.is_ascii_digit()) && token.bytes().all(is_of)
}

/// Whether neighbouring numbers are a date: a year and a day, a month, a week or a quarter, or a day as one number.
fn is_date(run: &[(usize, &str)]) -> bool {
    let is_year = |token: &str| token.len() == 4 && (token.starts_with("19") || token.starts_with("20"));
    let has_year = run.iter().any(|(_, token)| is_year(token) && token.bytes().all(|b| b.is_ascii_digit()));
    let is_part = |token: &str| match token.parse::<u32>() {
        Ok(number) => (1..=31).contains(&number),
        Err(_) => token.starts_with(['w', 'W', 'q', 'Q']) || token.contains(['t', 'T']),
    };
    (has_year && run.iter().any(|(_, token)| is_part(token))) || run.iter().any(|(_, token)| is_day(token))
}

/// `20261128`, `20261128T1530`.
fn is_day(token: &str) -> bool {
    let digits: String = token.chars().filter(char::is_ascii_digit).collect();
    let number = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<u32>().ok());
    TIME_DIGITS.contains(&digits.len())
        && number(0, 4).is_some_and(|year| (1900..2100).contains(&year))
        && number(4, 6).is_some_and(|month| (1..=12).contains(&month))
        && number(6, 8).is_some_and(|day| (1..=31).contains(&day))
}

#[cfg(test)]
mod tests {
    use super::name_of;
    use crate::backend::Source;
    use proptest::prelude::*;

    #[test]
    fn table() {
        let rows = [
            ("memory/boilerroom.md", "boilerroom"),
            ("memory/projects/Alpha/john-doe.md", "projects Alpha john-doe"),
            ("memory/projects/README.md", "projects"),
            ("memory/2026-11-28.md", ""),
            ("memory/2026/11/28.md", ""),
            ("memory/2026-11-28-vendor-pitch.md", "vendor-pitch"),
            ("memory/2026-11-28-1530-vendor pitch 2.md", "vendor pitch 2"),
            ("memory/20261128T153000Z.md", ""),
            ("memory/20261128_boiler.md", "boiler"),
            ("memory/2026-W48.md", ""),
            ("memory/boiler-28.11.2026.md", "boiler"),
            ("memory/standup 2026-11-28 notes.md", "standup   notes"),
            ("memory/budget-2026.md", "budget-2026"),
            ("memory/route-66.md", "route-66"),
            ("memory/v1.2 plan.md", "v1.2 plan"),
            ("memory/0451-20304050.md", ""),
            ("memory/Küche/Öfen.MD", "Küche Öfen"),
            ("memory/笔记/绿茶.md", "笔记 绿茶"),
            ("MEMORY.md", ""),
            ("memory.md", ""),
            ("memory/index.md", ""),
            ("notes/x/Readme.md", "notes x"),
            ("House/boiler.md", "House boiler"),
            ("single.md", "single"),
            ("memory/porsche-911-2023.md", "porsche-911-2023"),
            ("memory/iso-9001-2015.md", "iso-9001-2015"),
            ("memory/trip 3-2026.md", "trip"),
            ("", ""),
        ];
        for (path, expected) in rows {
            assert_eq!(name_of(Source::Memory, path), expected, "{path}");
        }
        assert_eq!(name_of(Source::Sessions, "sessions/boiler.jsonl"), "");
    }

    proptest! {
        #[test]
        fn a_name_says_no_more_than_the_path(path in "([a-zä]{0,4}[0-9]{0,9}[TZWQ]?[/._ -]){0,6}md") {
            let name = name_of(Source::Memory, &path);
            prop_assert!(name.split(' ').all(|word| path.contains(word)), "{path:?} {name:?}");
        }
    }
}
