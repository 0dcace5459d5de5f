//! Where the items of an object or list stand in a text, and where a new one would.

use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;

/// A stretch of a text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The items of an object or list.
#[derive(Debug)]
pub(crate) struct Items {
    /// The byte behind the opening bracket.
    pub(crate) open: usize,
    /// The closing bracket.
    pub(crate) close: usize,
    /// Each property or element, without its comma.
    pub(crate) ranges: Vec<Span>,
}

impl Items {
    /// The items of a value that can have some.
    pub(crate) fn of(node: &ast::Value<'_>) -> Option<Self> {
        let span = |start: usize, end: usize| Span { start, end };
        let ranges = match node {
            ast::Value::Object(object) => {
                object.properties.iter().map(|property| span(property.start(), property.end())).collect()
            }
            ast::Value::Array(list) => {
                list.elements.iter().map(|element| span(element.start(), element.end())).collect()
            }
            ast::Value::StringLit(_)
            | ast::Value::NumberLit(_)
            | ast::Value::BooleanLit(_)
            | ast::Value::NullKeyword(_) => return None,
        };
        Some(Self { open: node.start() + 1, close: node.end().saturating_sub(1), ranges })
    }

    /// Where the stretch behind item `index` ends: at the next item, or at the closing bracket.
    fn next_start(&self, index: usize) -> usize {
        self.ranges.get(index + 1).map_or(self.close, |next| next.start)
    }

    /// The comma behind item `index`.
    pub(crate) fn comma_after(&self, text: &str, index: usize) -> Option<usize> {
        let item = self.ranges.get(index)?;
        comma_between(text, item.end, self.next_start(index))
    }
}

/// The comma between two places that have nothing else but white space and comments between them.
fn comma_between(text: &str, from: usize, to: usize) -> Option<usize> {
    let at = skip_trivia(text, from, Trivia::All);
    (at < to && text.as_bytes().get(at) == Some(&b',')).then_some(at)
}

/// What counts as nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trivia {
    /// White space and comments.
    All,
    /// The same, up to the end of the line; a comment that goes on in the next line is not passed.
    SameLine,
}

/// The first byte from `at` on that is not trivia.
pub(crate) fn skip_trivia(text: &str, mut at: usize, which: Trivia) -> usize {
    loop {
        let Some(rest) = text.get(at..) else { return at };
        let Some(first) = rest.chars().next() else { return at };
        let is_end = first == '\n' || first == '\r';
        if is_end && which == Trivia::SameLine {
            return at;
        } else if first.is_whitespace() || first == '\u{feff}' {
            at += first.len_utf8();
        } else if rest.starts_with("//") {
            at += rest.find(['\n', '\r']).unwrap_or(rest.len());
        } else if let Some(comment) = rest.strip_prefix("/*") {
            let Some(len) = comment.find("*/") else { return at };
            if which == Trivia::SameLine && comment[..len].contains('\n') {
                return at;
            }
            at += len + 4;
        } else {
            return at;
        }
    }
}

/// The indentation of the line that `at` is on, if nothing but white space stands before it there.
pub(crate) fn indent_at(text: &str, at: usize) -> Option<&str> {
    let line = line_start(text, at);
    let before = text.get(line..at)?;
    (line > 0 && before.chars().all(|c| c == ' ' || c == '\t')).then_some(before)
}

/// The indentation of the line that `at` is on, whatever stands before it there.
pub(crate) fn line_indent(text: &str, at: usize) -> &str {
    let line = &text[line_start(text, at)..at];
    let end = line.find(|c| c != ' ' && c != '\t').unwrap_or(line.len());
    &line[..end]
}

/// The first byte of the line that `at` is on.
pub(crate) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// The end of the white space from `at` on, the line's end not passed.
pub(crate) fn skip_blanks(text: &str, at: usize) -> usize {
    at + text[at..].find(|c| c != ' ' && c != '\t').unwrap_or(text.len() - at)
}

/// The byte behind the line break at `at`, if there is one, or the end of the text.
pub(crate) fn line_break(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    if rest.starts_with("\r\n") {
        Some(at + 2)
    } else if rest.starts_with('\n') {
        Some(at + 1)
    } else {
        rest.is_empty().then_some(at)
    }
}
