//! The rows of a note as they stay in memory and in the index file: less than half of what [`Row`] takes. Pure.
//!
//! What scoring looks at lies apart from what only shown rows need, and nearly all notes are so short that two bytes hold
//! a position in them.

use std::ops::{Range, RangeInclusive};

/// Markdown has six levels of headings; below the last one there may be a list in a list, or a table, and above the first
/// one there is the name of the note.
pub(crate) const MAX_HEADINGS_ABOVE: usize = 9;
/// Characters of a passage, the unit that is embedded: short lines are taken together up to this many, because one of
/// them alone says too little; a longer line stands for itself.
const PASSAGE_CHARS: u32 = 200;
/// Stands for "no heading" in [`Row::heading`].
pub(crate) const NO_HEADING: u32 = u32::MAX;
/// The same in a short note.
const NO_HEADING_NEAR: u16 = u16::MAX;
/// Stands for "no window" in [`Near::up`]; windows are far smaller.
const NO_WINDOW: u8 = u8::MAX;
/// Bytes of a row in the file: what scoring needs, and what a row of a short or of a long note has beside it.
const NEAR_BYTES: usize = 6;
const SHORT_BYTES: usize = 18;
const LONG_BYTES: usize = 28;
/// Bytes of a day in the file, with the first row that has it.
const DAY_BYTES: usize = 8;
/// What the file begins with: which form, and how many days.
const HEAD_BYTES: usize = 5;

/// One row of a file. Positions count from the start of the text, row numbers from 0 within the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    /// 1-based line; 0 for the name of the note.
    pub(crate) line: u32,
    /// First byte.
    pub(crate) start: u32,
    /// Byte after the last.
    pub(crate) end: u32,
    /// First character.
    pub(crate) first_char: u32,
    /// Character after the last.
    pub(crate) end_char: u32,
    /// First row of the window.
    pub(crate) lo: u32,
    /// Last row of the window; before `lo` when the row has none.
    pub(crate) hi: u32,
    /// Terms in the row.
    pub(crate) terms: u32,
    /// Terms in the window, headings included.
    pub(crate) window_terms: u32,
    pub(crate) heading: u32,
    /// First row of the section: the rows between two headings, or the front matter.
    pub(crate) section: u32,
    /// The same for rows that say the same, see [`crate::sameness`].
    pub(crate) sameness: u32,
    /// The day of the nearest dated heading, see [`crate::time::pack`]; 0 for none.
    pub(crate) day: u32,
}

impl Row {
    /// Rows of the window; `None` for a heading that has text below it.
    pub(crate) fn window(&self) -> Option<RangeInclusive<usize>> {
        (self.lo <= self.hi).then_some(self.lo as usize..=self.hi as usize)
    }

    /// The row of the heading above, if there is one.
    pub(crate) fn heading(&self) -> Option<usize> {
        (self.heading != NO_HEADING).then_some(self.heading as usize)
    }
}

/// What scoring needs of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Near {
    /// Terms in the row.
    pub(crate) terms: u16,
    /// Terms in the window, headings included.
    pub(crate) window_terms: u16,
    /// How far the window reaches up; [`NO_WINDOW`] for a row that has none.
    up: u8,
    /// How far it reaches down.
    down: u8,
}

impl Near {
    /// Whether the row can be shown.
    pub(crate) fn has_window(self) -> bool {
        self.up != NO_WINDOW
    }

    /// Rows of the window of the row with this number.
    pub(crate) fn window(self, at: usize) -> Option<RangeInclusive<usize>> {
        self.has_window().then(|| at - usize::from(self.up)..=at + usize::from(self.down))
    }

    fn of(at: usize, row: &Row) -> Self {
        let (up, down) = match row.window() {
            Some(window) => (byte(at.saturating_sub(*window.start())), byte(window.end().saturating_sub(at))),
            None => (NO_WINDOW, 0),
        };
        Self { terms: word(row.terms), window_terms: word(row.window_terms), up, down }
    }

    fn encode(self) -> [u8; NEAR_BYTES] {
        let ([a, b], [c, d]) = (self.terms.to_le_bytes(), self.window_terms.to_le_bytes());
        [a, b, c, d, self.up, self.down]
    }

    fn decode([a, b, c, d, up, down]: [u8; NEAR_BYTES]) -> Self {
        Self { terms: u16::from_le_bytes([a, b]), window_terms: u16::from_le_bytes([c, d]), up, down }
    }
}

/// What is left of a row. `N` holds a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rest<N> {
    line: N,
    start: N,
    first_char: N,
    heading: N,
    section: N,
    length: u16,
    chars: u16,
    /// Two halves, so that it needs no more room than it has bytes.
    sameness: [u16; 2],
}

impl Rest<u32> {
    fn of(row: &Row) -> Self {
        Self {
            line: row.line,
            start: row.start,
            first_char: row.first_char,
            heading: row.heading,
            section: row.section,
            length: word(row.end - row.start),
            chars: word(row.end_char - row.first_char),
            sameness: [word(row.sameness & 0xffff), word(row.sameness >> 16)],
        }
    }

    fn short(&self) -> Option<Rest<u16>> {
        let small = |number: u32| u16::try_from(number).ok().filter(|number| *number != NO_HEADING_NEAR);
        let heading = if self.heading == NO_HEADING { NO_HEADING_NEAR } else { small(self.heading)? };
        Some(Rest {
            line: small(self.line)?,
            start: small(self.start)?,
            first_char: small(self.first_char)?,
            heading,
            section: small(self.section)?,
            length: self.length,
            chars: self.chars,
            sameness: self.sameness,
        })
    }

    fn encode(&self) -> impl Iterator<Item = u8> {
        let positions = [self.line, self.start, self.first_char, self.heading, self.section];
        positions.into_iter().flat_map(u32::to_le_bytes).chain(self.tail())
    }

    fn decode(bytes: &[u8; LONG_BYTES]) -> Self {
        let (positions, tail) = (bytes.as_chunks::<4>().0, bytes.as_chunks::<2>().0);
        let [line, start, first_char, heading, section] =
            std::array::from_fn(|at| u32::from_le_bytes(positions[at]));
        let [length, chars, low, high] = std::array::from_fn(|at| u16::from_le_bytes(tail[at + 10]));
        Self { line, start, first_char, heading, section, length, chars, sameness: [low, high] }
    }
}

impl Rest<u16> {
    fn long(&self) -> Rest<u32> {
        let heading = if self.heading == NO_HEADING_NEAR { NO_HEADING } else { u32::from(self.heading) };
        Rest {
            line: self.line.into(),
            start: self.start.into(),
            first_char: self.first_char.into(),
            heading,
            section: self.section.into(),
            length: self.length,
            chars: self.chars,
            sameness: self.sameness,
        }
    }

    fn encode(&self) -> impl Iterator<Item = u8> {
        let positions = [self.line, self.start, self.first_char, self.heading, self.section];
        positions.into_iter().flat_map(u16::to_le_bytes).chain(self.tail())
    }

    fn decode(bytes: &[u8; SHORT_BYTES]) -> Self {
        let words = bytes.as_chunks::<2>().0;
        let [line, start, first_char, heading, section, length, chars, low, high] =
            std::array::from_fn(|at| u16::from_le_bytes(words[at]));
        Self { line, start, first_char, heading, section, length, chars, sameness: [low, high] }
    }
}

impl<N> Rest<N> {
    fn tail(&self) -> impl Iterator<Item = u8> + use<N> {
        [self.length, self.chars, self.sameness[0], self.sameness[1]].into_iter().flat_map(u16::to_le_bytes)
    }

    fn sameness(&self) -> u32 {
        u32::from(self.sameness[0]) | u32::from(self.sameness[1]) << 16
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Short(Box<[Rest<u16>]>),
    Long(Box<[Rest<u32>]>),
}

/// All rows of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoteRows {
    near: Box<[Near]>,
    rest: Form,
    /// The days of rows, each with the first of the rows that have it; before the first of them no row has one.
    days: Box<[(u32, u32)]>,
}

impl NoteRows {
    pub(crate) fn of(rows: &[Row]) -> Self {
        let rest: Vec<Rest<u32>> = rows.iter().map(Rest::of).collect();
        let short: Option<Box<[_]>> = rest.iter().map(Rest::short).collect();
        let mut days: Vec<(u32, u32)> = Vec::new();
        for (at, row) in (0..).zip(rows) {
            if row.day != days.last().map_or(0, |(_, day)| *day) {
                days.push((at, row.day));
            }
        }
        Self {
            near: rows.iter().enumerate().map(|(at, row)| Near::of(at, row)).collect(),
            rest: short.map_or_else(|| Form::Long(rest.into()), Form::Short),
            days: days.into(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.near.len()
    }

    /// What scoring needs, row by row.
    pub(crate) fn near(&self) -> &[Near] {
        &self.near
    }

    fn rest(&self, at: usize) -> Rest<u32> {
        match &self.rest {
            Form::Short(rest) => rest[at].long(),
            Form::Long(rest) => rest[at],
        }
    }

    /// Everything about a row.
    pub(crate) fn get(&self, at: usize) -> Row {
        let (near, rest) = (self.near[at], self.rest(at));
        let (lo, hi) =
            near.window(at).map_or((1, 0), |window| (small(*window.start()), small(*window.end())));
        Row {
            line: rest.line,
            start: rest.start,
            end: rest.start + u32::from(rest.length),
            first_char: rest.first_char,
            end_char: rest.first_char + u32::from(rest.chars),
            lo,
            hi,
            terms: near.terms.into(),
            window_terms: near.window_terms.into(),
            heading: rest.heading,
            section: rest.section,
            sameness: rest.sameness(),
            day: self.day(at),
        }
    }

    /// The characters from the beginning of one row to the end of another.
    pub(crate) fn chars(&self, first: usize, last: usize) -> usize {
        let (first, last) = (self.rest(first), self.rest(last));
        (last.first_char - first.first_char) as usize + usize::from(last.chars)
    }

    /// See [`Row::sameness`].
    pub(crate) fn sameness(&self, at: usize) -> u32 {
        match &self.rest {
            Form::Short(rest) => rest[at].sameness(),
            Form::Long(rest) => rest[at].sameness(),
        }
    }

    /// See [`Row::day`].
    pub(crate) fn day(&self, at: usize) -> u32 {
        let later = self.days.partition_point(|(first, _)| *first as usize <= at);
        later.checked_sub(1).map_or(0, |at| self.days[at].1)
    }

    /// The row of the heading above a row, if there is one.
    pub(crate) fn heading(&self, at: usize) -> Option<usize> {
        let heading = self.rest(at).heading;
        (heading != NO_HEADING).then_some(heading as usize)
    }

    /// The rows of the headings above a row, nearest first.
    pub(crate) fn headings(&self, at: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.heading(at), |at| self.heading(*at)).take(MAX_HEADINGS_ABOVE)
    }

    /// The run of rows around one that may be shown together.
    pub(crate) fn section_of(&self, at: usize) -> Range<usize> {
        let section = self.rest(at).section;
        // Sections are called after their first rows, and so ascend.
        let after = match &self.rest {
            Form::Short(rest) => rest[at..].partition_point(|row| u32::from(row.section) <= section),
            Form::Long(rest) => rest[at..].partition_point(|row| row.section <= section),
        };
        section as usize..at + after
    }

    /// The runs of rows that are embedded as one text each, in order: short lines of one section together.
    pub(crate) fn passages(&self) -> Passages {
        let mut found: Vec<(u32, u32)> = Vec::new();
        // Section and first character of the last one.
        let mut open = (0, 0);
        for at in (0..self.len()).filter(|&at| self.near[at].has_window()) {
            let rest = self.rest(at);
            let (number, end_char) = (small(at), rest.first_char + u32::from(rest.chars));
            match found.last_mut() {
                Some(last)
                    if last.1 == number
                        && open.0 == rest.section
                        && end_char.wrapping_sub(open.1) <= PASSAGE_CHARS =>
                {
                    last.1 = number + 1;
                }
                Some(_) | None => {
                    found.push((number, number + 1));
                    open = (rest.section, rest.first_char);
                }
            }
        }
        Passages(found.into())
    }

    /// The first row whose line is not before this one.
    pub(crate) fn first_from(&self, line: u32) -> usize {
        match &self.rest {
            Form::Short(rest) => rest.partition_point(|row| u32::from(row.line) < line),
            Form::Long(rest) => rest.partition_point(|row| row.line < line),
        }
    }

    /// As the index stores them: which form, the days, what scoring needs, the rest; little-endian.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(matches!(self.rest, Form::Long(_)))];
        bytes.extend(small(self.days.len()).to_le_bytes());
        bytes.extend(self.days.iter().flat_map(|(first, day)| [*first, *day]).flat_map(u32::to_le_bytes));
        bytes.extend(self.near.iter().flat_map(|near| near.encode()));
        match &self.rest {
            Form::Short(rest) => bytes.extend(rest.iter().flat_map(Rest::<u16>::encode)),
            Form::Long(rest) => bytes.extend(rest.iter().flat_map(Rest::<u32>::encode)),
        }
        bytes
    }

    /// The inverse of [`NoteRows::to_bytes`]; `None` when the bytes cannot be rows of a text of `text_len` bytes.
    pub(crate) fn from_bytes(bytes: &[u8], text_len: usize) -> Option<Self> {
        let ([form, days @ ..], bytes) = bytes.split_first_chunk::<HEAD_BYTES>()?;
        let days = u32::from_le_bytes(*days) as usize;
        let (days, bytes) = bytes.split_at_checked(days.checked_mul(DAY_BYTES)?)?;
        let word = |bytes: &[u8; DAY_BYTES], at: usize| u32::from_le_bytes(bytes.as_chunks::<4>().0[at]);
        let days = days.as_chunks::<DAY_BYTES>().0.iter().map(|day| (word(day, 0), word(day, 1))).collect();
        let rest_bytes = if *form == 0 { SHORT_BYTES } else { LONG_BYTES };
        let count = bytes.len() / (NEAR_BYTES + rest_bytes);
        let (near, rest) = bytes.split_at_checked(count * NEAR_BYTES)?;
        if rest.len() != count * rest_bytes || *form > 1 {
            return None;
        }
        let near = near.as_chunks().0.iter().map(|bytes| Near::decode(*bytes)).collect();
        let rest = if *form == 0 {
            Form::Short(rest.as_chunks().0.iter().map(Rest::<u16>::decode).collect())
        } else {
            Form::Long(rest.as_chunks().0.iter().map(Rest::<u32>::decode).collect())
        };
        let rows = Self { near, rest, days };
        rows.are_sane(text_len).then_some(rows)
    }

    fn are_sane(&self, text_len: usize) -> bool {
        let is_sane = |(at, near): (usize, &Near)| {
            let rest = self.rest(at);
            rest.start as usize + usize::from(rest.length) <= text_len
                && rest.first_char as usize <= text_len
                && (!near.has_window()
                    || (usize::from(near.up) <= at && at + usize::from(near.down) < self.len()))
                && (rest.heading == NO_HEADING || (rest.heading as usize) < at)
                && rest.section as usize <= at
        };
        self.near.iter().enumerate().all(is_sane)
    }
}

/// The runs of rows that are embedded as one text each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Passages(Box<[(u32, u32)]>);

impl Passages {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Its rows.
    pub(crate) fn get(&self, at: usize) -> Range<usize> {
        range(self.0[at])
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Range<usize>> {
        self.0.iter().copied().map(range)
    }

    /// The first passage that ends behind a row.
    pub(crate) fn first_behind(&self, row: usize) -> usize {
        self.0.partition_point(|(_, end)| *end as usize <= row)
    }

    /// The first passage that does not begin before a row.
    pub(crate) fn first_from(&self, row: usize) -> usize {
        self.0.partition_point(|(first, _)| (*first as usize) < row)
    }

    /// The passage that holds a row.
    pub(crate) fn with(&self, row: usize) -> Option<usize> {
        let at = self.first_behind(row);
        self.0.get(at).filter(|passage| range(**passage).contains(&row)).map(|_| at)
    }
}

fn range((first, end): (u32, u32)) -> Range<usize> {
    first as usize..end as usize
}

/// Files are at most 2 MiB, so that positions always fit.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Rows are at most 700 characters, and what is counted in them and around them fits as well.
fn word(number: u32) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// Windows reach less than 64 rows.
fn byte(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(NO_WINDOW - 1)
}
