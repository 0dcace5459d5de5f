//! What the marks of Markdown mean, line by line, as far as it decides what belongs together (CommonMark 0.31; tables as
//! GitHub writes them). Pure.

/// Marks that open or close a fence of code.
const FENCE_MARKS: usize = 3;
/// Markdown has six levels of headings.
const MAX_HEADING_LEVEL: usize = 6;
/// A longer line above dashes is a paragraph with a rule below it.
const MAX_UNDERLINED_CHARS: usize = 60;

/// An open fence of code.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Fence {
    mark: char,
    length: usize,
}

impl Fence {
    /// The fence that a line opens. Code within a line begins with the same marks, and ends on it.
    pub(crate) fn opened_by(line: &str) -> Option<Self> {
        let line = line.trim_start();
        let mark = line.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        let length = line.chars().take_while(|&c| c == mark).count();
        let is_inline = mark == '`' && line[length..].contains('`');
        (length >= FENCE_MARKS && !is_inline).then_some(Self { mark, length })
    }

    /// Whether a line closes it: at least as many marks, and nothing else.
    pub(crate) fn is_closed_by(self, line: &str) -> bool {
        let line = line.trim();
        line.chars().all(|c| c == self.mark) && line.chars().count() >= self.length
    }
}

/// `## Title` is 2; 0 for anything that is not a heading.
pub(crate) fn heading_level(line: &str) -> usize {
    let trimmed = line.trim_start();
    let level = trimmed.bytes().take_while(|&b| b == b'#').count();
    let is_heading = (1..=MAX_HEADING_LEVEL).contains(&level) && trimmed[level..].starts_with([' ', '\t']);
    if is_heading { level } else { 0 }
}

/// The level of a line that the one below it makes a heading; 0 for any other. Dashes below a sentence are a rule, as
/// people use them.
pub(crate) fn is_underlined(line: &str, below: &str) -> usize {
    let (line, below) = (line.trim_end(), below.trim_end());
    let is_of = |mark: char| below.len() >= FENCE_MARKS && below.chars().all(|c| c == mark);
    let is_plain = line.starts_with(|c: char| c.is_alphanumeric()) && !line.contains('|');
    let is_title = line.chars().count() <= MAX_UNDERLINED_CHARS && !line.ends_with(['.', '!', '?', ':', ',']);
    match () {
        () if is_plain && is_of('=') => 1,
        () if is_plain && is_title && is_of('-') => 2,
        () => 0,
    }
}

/// Whether a line is the one between the head and the body of a table.
pub(crate) fn is_table_rule(line: &str) -> bool {
    let line = line.trim();
    line.contains('|') && line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

/// The items of a list that are open, outermost first: indent and row.
#[derive(Default)]
pub(crate) struct Listing {
    open: Vec<(usize, u32)>,
}

impl Listing {
    /// The item that a line, row `at`, stands below; an item is open from then on.
    pub(crate) fn above(&mut self, line: &str, at: u32) -> Option<u32> {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        self.open.retain(|(outer, _)| *outer < indent);
        let above = self.open.last().map(|(_, row)| *row);
        if is_item(trimmed) {
            self.open.push((indent, at));
        }
        above
    }
}

fn is_item(line: &str) -> bool {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let marker =
        if digits > 0 { line[digits..].starts_with(['.', ')']) } else { line.starts_with(['-', '*', '+']) };
    marker && line[digits..].chars().nth(1).is_some_and(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::{Fence, Listing, heading_level, is_table_rule, is_underlined};

    #[test]
    fn headings_are_marked_or_underlined() {
        let rows = [("# a", 1), ("  ### a", 3), ("####### a", 0), ("#a", 0), ("#", 0), ("text", 0)];
        for (line, level) in rows {
            assert_eq!(heading_level(line), level, "{line}");
        }
        let rows = [
            ("Tea", "===", 1),
            ("A sentence.", "====", 1),
            ("Tea", "---", 2),
            ("A sentence.", "---", 0),
            ("- item", "---", 0),
            ("| a |", "---", 0),
            ("Tea", "--", 0),
            ("Tea", "- - -", 0),
        ];
        for (line, below, level) in rows {
            assert_eq!(is_underlined(line, below), level, "{line} / {below}");
        }
    }

    #[test]
    fn fences_have_a_length() {
        let fence = Fence::opened_by("  ````md").unwrap();
        assert!(fence.is_closed_by("`````  ") && !fence.is_closed_by("```") && !fence.is_closed_by("````md"));
        assert_eq!(Fence::opened_by("``` `a`"), None);
        assert!(Fence::opened_by("~~~ `a`").is_some_and(|fence| !fence.is_closed_by("```")));
        assert_eq!(Fence::opened_by("``"), None);
    }

    #[test]
    fn tables_and_lists() {
        assert!(is_table_rule("| :-- | --: |") && !is_table_rule("---") && !is_table_rule("| a |"));
        let mut list = Listing::default();
        let lines = ["- a", "  - b", "    more of b", "  1. c", "10) d", "  text", "plain", "- e"];
        let above: Vec<_> = (0..).zip(lines).map(|(at, line)| list.above(line, at)).collect();
        assert_eq!(above, [None, Some(0), Some(1), Some(0), None, Some(4), None, None]);
    }
}
