//! How a Markdown text falls into rows (what is matched) and windows (what is shown). Pure.
//!
//! A row is one line that is not blank; a line longer than a window is cut at sentence ends into several rows. The
//! window of a row is the run of whole rows around it under the same heading, up to [`WINDOW_CHARS`] characters. Headings
//! are rows too, but lend their words to every window below them instead of having one. The head of a table and the item
//! above nested ones lend theirs to the windows that they are not in themselves. A note whose name says something has one
//! more row before the others, of no text: the heading of everything in it.

use std::ops::Range;

use crate::rows::{MAX_HEADINGS_ABOVE, NO_HEADING, Row};
use crate::sameness::sameness;
use crate::structure::{Fence, Listing, heading_level, is_table_rule, is_underlined};
use crate::time::pack;
use crate::when::date_in_heading;
use crate::words::{Analyser, Language};

/// Characters of a window, and so of a snippet: what OpenClaw shows per result.
pub(crate) const WINDOW_CHARS: usize = 700;
/// Rows of a window: bounds the work on a file of one-letter lines, far above what prose puts into 700 characters.
const MAX_WINDOW_ROWS: usize = 64;
/// The line before and after front matter.
const FRONT_MATTER: &str = "---";
/// Nobody describes a note in more lines.
const MAX_FRONT_MATTER_LINES: usize = 100;

/// The rows of a text, and the terms of each.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    pub(crate) rows: Vec<Row>,
    pub(crate) terms: Vec<Vec<String>>,
}

/// Rows, windows and terms of a text whose line ends are `\n`, and of the words in its note's name.
pub(crate) fn lay_out(name: &str, text: &str, analyser: &mut Analyser) -> Layout {
    let language = Language::of(text);
    // What a name has counts as said, and not as words that make a text longer: so nothing changes for who asks otherwise.
    let of_name = Some(analyser.terms(name, Language::of_line(name, language)).0).filter(|of| !of.is_empty());
    let named = usize::from(of_name.is_some());
    let parsed = Parser::parse(text, named);
    if parsed.rows.len() == named {
        return Layout::default();
    }
    let read = |row: &Row| {
        let line = &text[row.start as usize..row.end as usize];
        analyser.terms(line, Language::of_line(line, language))
    };
    let above = of_name.into_iter().map(|of_name| (of_name, 0));
    let (terms, words): (Vec<Vec<String>>, Vec<usize>) =
        above.chain(parsed.rows[named..].iter().map(read)).unzip();
    let mut rows = parsed.rows;
    for section in sections(&rows) {
        set_windows(&mut rows, section);
    }
    lend_words(&mut rows, &parsed.lenders);
    hide_headings(&mut rows, &parsed.levels, named);
    count_terms(&mut rows, &words);
    set_days(text, &mut rows, &parsed.levels);
    Layout { rows, terms }
}

/// The runs of rows that may be shown together.
fn sections(rows: &[Row]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        match found.last_mut() {
            Some(last) if last.start == row.section as usize => last.end = at + 1,
            Some(_) | None => found.push(at..at + 1),
        }
    }
    found
}

/// Grows each row's window by one row down, one up, and again, while it fits.
fn set_windows(rows: &mut [Row], section: Range<usize>) {
    let size = |lo: usize, hi: usize| (rows[hi].end_char - rows[lo].first_char) as usize;
    let fits = |lo: usize, hi: usize| hi - lo < MAX_WINDOW_ROWS && size(lo, hi) <= WINDOW_CHARS;
    let mut windows = Vec::with_capacity(section.len());
    for at in section.clone() {
        let (mut lo, mut hi) = (at, at);
        loop {
            let before = (lo, hi);
            if hi + 1 < section.end && fits(lo, hi + 1) {
                hi += 1;
            }
            if lo > section.start && fits(lo - 1, hi) {
                lo -= 1;
            }
            if before == (lo, hi) {
                break;
            }
        }
        windows.push((lo, hi));
    }
    for (row, (lo, hi)) in rows[section].iter_mut().zip(windows) {
        (row.lo, row.hi) = (small(lo), small(hi));
    }
}

/// What stands above a row in a table or a list is its heading where its window does not reach so far.
fn lend_words(rows: &mut [Row], lenders: &[Option<u32>]) {
    for (row, lender) in rows.iter_mut().zip(lenders) {
        if let Some(lender) = lender.filter(|&lender| lender < row.lo) {
            row.heading = lender;
        }
    }
}

/// A heading with anything below it is shown with that, never alone; and what names the note is no part of it.
fn hide_headings(rows: &mut [Row], levels: &[usize], named: usize) {
    for at in 0..rows.len() {
        let below = levels.get(at + 1).is_some_and(|&next| next == 0 || next > levels[at]);
        if at < named || (levels[at] > 0 && below) {
            (rows[at].lo, rows[at].hi) = (1, 0);
        }
    }
}

/// Counts words and not their forms: a text is no longer for having names in it.
fn count_terms(rows: &mut [Row], words: &[usize]) {
    for (row, words) in rows.iter_mut().zip(words) {
        row.terms = small(*words);
    }
    for at in 0..rows.len() {
        let Some(window) = rows[at].window() else { continue };
        let own: usize = words[window].iter().sum();
        let above: usize = headings(rows, at).map(|heading| words[heading]).sum();
        rows[at].window_terms = small(own + above);
    }
}

/// A heading without a day of its own has that of the one above it, and so has what stands below.
fn set_days(text: &str, rows: &mut [Row], levels: &[usize]) {
    for at in 0..rows.len() {
        let line = &text[rows[at].start as usize..rows[at].end as usize];
        let own = if levels[at] > 0 { date_in_heading(line).map(pack) } else { None };
        let above = rows[at].heading().map_or(0, |heading| rows[heading].day);
        rows[at].day = own.unwrap_or(above);
    }
}

/// The rows of the headings above a row, nearest first.
fn headings(rows: &[Row], at: usize) -> impl Iterator<Item = usize> {
    let parent = |at: &usize| rows[*at].heading();
    std::iter::successors(rows[at].heading(), parent).take(MAX_HEADINGS_ABOVE)
}

/// Files are at most 2 MiB, so that positions always fit.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Finds rows and headings, line by line.
#[derive(Default)]
struct Parser {
    rows: Vec<Row>,
    /// Heading level of each row, 0 for text.
    levels: Vec<usize>,
    /// The row of the table's head, or of the list's item, that each row stands below.
    lenders: Vec<Option<u32>>,
    /// Open headings: level and row.
    open: Vec<(usize, u32)>,
    /// First row of the section that text goes on with.
    section: Option<u32>,
    /// What lines mean here.
    inside: Inside,
    has_front_matter: bool,
    /// The head of the table that goes on.
    table: Option<u32>,
    list: Listing,
    /// Whether the line before was blank.
    after_blank: bool,
    /// The line that underlines the heading above it.
    underline: Option<u32>,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Inside {
    /// Headings are headings.
    #[default]
    Text,
    /// Between fences of code.
    Fence(Fence),
    /// The front matter at the top of a note, between two lines of `---`.
    FrontMatter,
}

/// A line on its way to rows.
#[derive(Clone, Copy)]
struct Line<'a> {
    text: &'a str,
    /// The one below it.
    next: Option<&'a str>,
    number: u32,
    /// Bytes and characters before it.
    start: usize,
    first_char: usize,
}

impl Parser {
    /// The rows of a text, behind so many for the name of the note: one or none.
    fn parse(text: &str, named: usize) -> Self {
        let has_front_matter = has_front_matter(text);
        let mut parser = Self { has_front_matter, after_blank: true, ..Self::default() };
        for at in 0..small(named) {
            // Before all lines, and above all headings.
            let nowhere = Line { text: "", next: None, number: 0, start: 0, first_char: 0 };
            parser.push(nowhere, 0..0, at);
            parser.levels.push(0);
            parser.lenders.push(None);
            parser.open.push((0, at));
        }
        let (mut start, mut first_char) = (0, 0);
        let mut lines = text.split('\n').enumerate().peekable();
        while let Some((number, line)) = lines.next() {
            let next = lines.peek().map(|(_, next)| *next);
            parser.line(Line { text: line, next, number: small(number + 1), start, first_char });
            start += line.len() + 1;
            first_char += line.chars().count() + 1;
        }
        parser
    }

    fn line(&mut self, line: Line<'_>) {
        let was = self.inside;
        self.inside = match was {
            Inside::Text if line.number == 1 && self.has_front_matter => Inside::FrontMatter,
            Inside::Text | Inside::Fence(_) | Inside::FrontMatter => was.after(line),
        };
        if line.text.trim().is_empty() {
            self.table = None;
            self.after_blank = true;
            return;
        }
        if self.underline == Some(line.number) {
            return;
        }
        let level = if was == Inside::Text { self.level(line) } else { 0 };
        if level == 0 {
            let lender = if was == Inside::Text { self.lender(line) } else { None };
            for (from, to) in segments(line.text) {
                let section = *self.section.get_or_insert(small(self.rows.len()));
                self.push(line, from..to, section);
                self.levels.push(0);
                self.lenders.push(lender);
            }
        } else {
            self.open.retain(|(outer, _)| *outer < level);
            let at = small(self.rows.len());
            self.push(line, 0..line.text.len(), at);
            self.levels.push(level);
            self.lenders.push(None);
            self.open.push((level, at));
            (self.table, self.list) = (None, Listing::default());
        }
        self.after_blank = false;
        if level > 0 || (was == Inside::FrontMatter && self.inside == Inside::Text) {
            self.section = None;
        }
    }

    /// The level of a heading, marked or underlined; 0 for text.
    fn level(&mut self, line: Line<'_>) -> usize {
        // A "heading" longer than a window is a mistake in the text, and is cut like any other long line.
        if line.text.chars().nth(WINDOW_CHARS).is_some() {
            return 0;
        }
        let marked = heading_level(line.text);
        match line.next {
            Some(next) if marked == 0 && self.after_blank => {
                let underlined = is_underlined(line.text, next);
                self.underline = (underlined > 0).then_some(line.number + 1);
                underlined
            }
            Some(_) | None => marked,
        }
    }

    /// The row whose words a line of a table or of a list needs to be understood.
    fn lender(&mut self, line: Line<'_>) -> Option<u32> {
        let at = small(self.rows.len());
        if !line.text.contains('|') {
            self.table = None;
        } else if self.table.is_none() && line.next.is_some_and(is_table_rule) {
            self.table = Some(at);
        }
        let above = self.list.above(line.text, at);
        self.table.filter(|&head| head < at).or(above)
    }

    fn push(&mut self, line: Line<'_>, bytes: Range<usize>, section: u32) {
        let at = small(self.rows.len());
        let text = &line.text[bytes.clone()];
        let first_char = line.first_char + line.text[..bytes.start].chars().count();
        self.rows.push(Row {
            line: line.number,
            start: small(line.start + bytes.start),
            end: small(line.start + bytes.end),
            first_char: small(first_char),
            end_char: small(first_char + text.chars().count()),
            lo: at,
            hi: at,
            terms: 0,
            window_terms: 0,
            heading: self.open.last().map_or(NO_HEADING, |(_, row)| *row),
            section,
            sameness: sameness(text),
            day: 0,
        });
    }
}

impl Inside {
    /// What the line after this one is inside of.
    fn after(self, line: Line<'_>) -> Self {
        match self {
            Self::FrontMatter if line.text.trim_end() == FRONT_MATTER => Self::Text,
            Self::Text => Fence::opened_by(line.text).map_or(Self::Text, Self::Fence),
            Self::Fence(fence) if fence.is_closed_by(line.text) => Self::Text,
            Self::Fence(_) | Self::FrontMatter => self,
        }
    }
}

/// Whether a note begins with a block between two lines of dashes, and not with a rule.
fn has_front_matter(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_end).take(MAX_FRONT_MATTER_LINES);
    lines.next() == Some(FRONT_MATTER) && lines.any(|line| line == FRONT_MATTER)
}

/// Byte ranges of a line, each at most [`WINDOW_CHARS`] characters: the whole line, or pieces that end at a sentence,
/// else at a blank, else anywhere.
fn segments(line: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < line.len() {
        let rest = &line[start..];
        let Some((limit, _)) = rest.char_indices().nth(WINDOW_CHARS) else {
            found.push((start, line.len()));
            break;
        };
        let length = cut(&rest[..limit]);
        found.push((start, start + length));
        start += length;
    }
    if found.len() > 1 {
        found.retain(|&(from, to)| !line[from..to].trim().is_empty());
    }
    found
}

/// Where to end a piece, never in its first half: a short piece says little.
fn cut(piece: &str) -> usize {
    let mut sentence = None;
    let mut blank = None;
    let mut before = ' ';
    for (at, c) in piece.char_indices().filter(|(at, _)| *at >= piece.len() / 2) {
        if c.is_whitespace() {
            blank = Some(at);
            if matches!(before, '.' | '!' | '?') {
                sentence = Some(at);
            }
        } else if matches!(before, '。' | '！' | '？') {
            sentence = Some(at);
        }
        before = c;
    }
    sentence.or(blank).unwrap_or(piece.len())
}

#[cfg(test)]
mod tests {
    use super::{Analyser, Layout, MAX_HEADINGS_ABOVE, WINDOW_CHARS, headings, lay_out};
    use crate::rows::{NoteRows, Row};
    use proptest::prelude::*;

    fn laid_out(text: &str) -> Layout {
        lay_out("", text, &mut Analyser::default())
    }

    /// `line: text of the window` for each row that has one.
    fn shown(text: &str) -> Vec<(u32, String)> {
        let Layout { rows, .. } = laid_out(text);
        let windows = rows.iter().filter_map(|row| row.window().map(|window| (row.line, window)));
        windows
            .map(|(line, window)| {
                let (first, last) = (rows[*window.start()], rows[*window.end()]);
                (line, text[first.start as usize..last.end as usize].to_owned())
            })
            .collect()
    }

    #[test]
    fn windows_stay_under_their_heading() {
        let text = "# Memory\n\n## Tea\n- green\n\n- oolong\n## Coffee\n- black\n## Empty\n";
        let tea = "- green\n\n- oolong".to_owned();
        let expected = [(4, tea.clone()), (6, tea), (8, "- black".into()), (9, "## Empty".into())];
        assert_eq!(shown(text), expected);
        let layout = laid_out(text);
        let green = layout.rows.iter().position(|row| row.line == 4).unwrap();
        let above: Vec<u32> = headings(&layout.rows, green).map(|row| layout.rows[row].line).collect();
        assert_eq!(above, [3, 1]);
        assert_eq!(layout.rows[green].window_terms, 4, "green, oolong, tea, memory");
    }

    #[test]
    fn code_fences_have_no_headings() {
        assert_eq!(shown("```sh\n# not a heading\n```").len(), 3);
        assert_eq!(shown("#hashtag\n#  \ntext").len(), 2);
    }

    #[test]
    fn a_fence_ends_where_it_was_opened_and_code_in_a_line_opens_none() {
        let headings_of =
            |text: &str| laid_out(text).rows.iter().filter(|row| row.window().is_none()).count();
        assert_eq!(headings_of("```rm -rf build``` cleans.\n# Tea\n- green"), 1);
        assert_eq!(headings_of("````md\n```\n# no heading\n```\n````\n# Tea\n- green"), 1);
        assert_eq!(headings_of("```\n``` and more\n# no heading\n```\n# Tea\n- green"), 1);
        assert_eq!(headings_of("~~~\n```\n# no heading\n~~~\n# Tea\n- green"), 1);
    }

    #[test]
    fn underlined_headings_are_headings() {
        let text = "Tea\n===\n- green\n\nCoffee\n------\n- black\n";
        let layout = laid_out(text);
        let above = |line: u32| -> Vec<u32> {
            let at = layout.rows.iter().position(|row| row.line == line).unwrap();
            headings(&layout.rows, at).map(|row| layout.rows[row].line).collect()
        };
        assert_eq!((above(3), above(7)), (vec![1], vec![5, 1]));
        assert_eq!(shown(text), [(3, "- green".into()), (7, "- black".into())], "the line below is no text");
        assert_eq!(shown("Tea\n===\n- green\n===\n")[0].1, "- green\n===", "a line of signs by itself is");
        assert_eq!(shown("Tea\n===\n"), [(1, "Tea".to_owned())]);
        assert_eq!(shown("A sentence.\n---\nanother").len(), 3, "a rule below a sentence is none");
    }

    #[test]
    fn a_long_table_keeps_its_head_and_a_long_list_its_items() {
        let rows: String = (0..40).map(|n| format!("| Person {n} | 555 01{n:02} |\n")).collect();
        let layout = laid_out(&format!("# Contacts\n\n| Name | Phone |\n|---|---|\n{rows}\nAfter it."));
        let above = |line: u32| -> Vec<u32> {
            let at = layout.rows.iter().position(|row| row.line == line).unwrap();
            headings(&layout.rows, at).map(|row| layout.rows[row].line).collect()
        };
        assert_eq!(above(44), [3, 1], "the head is far above");
        assert_eq!(above(5), [1], "the head is in the window");
        assert_eq!(above(46), [1]);
        let items: String = (0..40).map(|n| format!("  - berth {n} costs {n} euros\n")).collect();
        let layout = laid_out(&format!("- Boat:\n{items}- Car: none\n"));
        let heading = |at: usize| layout.rows[at].heading();
        assert_eq!((heading(40), heading(1), heading(41)), (Some(0), None, None));
    }

    #[test]
    fn the_name_of_a_note_is_the_heading_of_all_of_it() {
        let text = "- green\n# Coffee\n- black\n";
        let Layout { rows, terms } = lay_out("hot drinks", text, &mut Analyser::default());
        let plain = laid_out(text);
        assert_eq!(terms[0], ["hot", "drink", "drinks"]);
        assert_eq!(terms[1..], plain.terms);
        assert_eq!((rows[0].window(), rows[0].line, rows[0].end), (None, 0, 0));
        let above = |at: usize| headings(&rows, at).collect::<Vec<_>>();
        assert_eq!((above(1), above(2), above(3)), (vec![0], vec![0], vec![2, 0]));
        let length = |row: &Row| (row.line, row.terms, row.window_terms, row.day);
        assert!(rows[1..].iter().map(length).eq(plain.rows.iter().map(length)), "it makes no text longer");
        let passages =
            |rows: &[Row]| NoteRows::of(rows).passages().iter().map(|rows| rows.len()).collect::<Vec<_>>();
        assert_eq!(passages(&rows), passages(&plain.rows));
        for nothing in ["", " ", "the"] {
            assert_eq!(lay_out(nothing, text, &mut Analyser::default()).rows, plain.rows);
        }
        assert!(lay_out("hot drinks", " \n", &mut Analyser::default()).rows.is_empty(), "nothing to show");
    }

    #[test]
    fn windows_grow_both_ways_to_the_limit() {
        let line = "x".repeat(300);
        let text = vec![line; 5].join("\n");
        let lines: Vec<usize> = shown(&text).iter().map(|(_, window)| window.lines().count()).collect();
        assert_eq!(lines, [2, 2, 2, 2, 2]);
    }

    #[test]
    fn long_lines_are_cut_at_sentences() {
        let sentence = format!("{}. ", "word ".repeat(80).trim_end());
        let layout = laid_out(&sentence.repeat(4));
        assert_eq!(layout.rows.len(), 4);
        assert!(layout.rows.iter().all(|row| row.line == 1));
    }

    proptest! {
        #[test]
        fn rows_and_windows_are_sound(name in "[a-z]{0,3}", text in "(#{1,7} |- |  - |\\| a \\| b \\||\\|--\\||====|----|```|\\PC{0,60}|x{690,720}|[.。 ]|\n){0,40}") {
            let Layout { rows, terms } = lay_out(&name, &text, &mut Analyser::default());
            prop_assert_eq!(rows.len(), terms.len());
            let named = rows.iter().filter(|row| row.line == 0).count();
            prop_assert!(named <= usize::from(!name.is_empty()));
            let lines: Vec<&str> = text.split('\n').collect();
            for (at, row) in rows.iter().enumerate().skip(named) {
                let slice = &text[row.start as usize..row.end as usize];
                prop_assert!(lines[row.line as usize - 1].contains(slice));
                prop_assert!(slice.chars().count() <= WINDOW_CHARS);
                if let Some(window) = row.window() {
                    prop_assert!(window.contains(&at));
                }
            }
            for (_, window) in shown(&text) {
                prop_assert!(window.chars().count() <= WINDOW_CHARS);
            }
            let packed = NoteRows::of(&rows);
            prop_assert_eq!((0..packed.len()).map(|at| packed.get(at)).collect::<Vec<_>>(), rows.clone());
            for at in 0..rows.len() {
                prop_assert!(packed.headings(at).eq(headings(&rows, at)));
                prop_assert_eq!(packed.near()[at].window(at), rows[at].window());
                let section: Vec<usize> = (0..rows.len()).filter(|&row| rows[row].section == rows[at].section).collect();
                prop_assert!(packed.section_of(at).eq(section));
            }
            prop_assert_eq!(NoteRows::from_bytes(&packed.to_bytes(), text.len()), Some(packed));
        }

        #[test]
        fn decoding_never_panics(
            form in 0_u8..3, days in 0_u8..4, bytes in proptest::collection::vec(prop_oneof![Just(0), any::<u8>()], 0..240),
        ) {
            let bytes = [&[form, days, 0, 0, 0], bytes.as_slice()].concat();
            if let Some(rows) = NoteRows::from_bytes(&bytes, 1_000) {
                let passages = rows.passages();
                prop_assert!(passages.iter().all(|passage| passage.end <= rows.len()));
                for at in 0..rows.len() {
                    prop_assert!(rows.headings(at).count() <= MAX_HEADINGS_ABOVE);
                    prop_assert!(rows.section_of(at).end <= rows.len());
                    prop_assert_eq!(rows.get(at).window(), rows.near()[at].window(at));
                }
            }
        }
    }
}
