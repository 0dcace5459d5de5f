//! `edit`: one piece of a text file exchanged for another.

use std::path::Path;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_guard::Root;

use super::disk::{FileLock, MAX_FILE_BYTES, MAX_TEXT_BYTES, path_param, read_text};
use super::written::Written;
use crate::arguments::{Arguments, param};
use crate::blocking::blocking;
use crate::error::ToolError;
use crate::spec::{Need, Param, ParamKind, ToolSpec};
use crate::tool::{Tool, ToolCall, ToolContext, ToolOutcome, outcome};

/// What some programs put in front of a text. It belongs to no line.
const BYTE_ORDER_MARK: char = '\u{FEFF}';

static PARAMS: [Param; 4] = [
    path_param(),
    Param {
        aliases: &["old_string"],
        ..param(
            "oldText",
            ParamKind::Text { max_bytes: MAX_TEXT_BYTES },
            Need::Required,
            "The text to replace, exactly as it stands in the file; it must occur once",
        )
    },
    Param {
        aliases: &["new_string"],
        ..param(
            "newText",
            ParamKind::Text { max_bytes: MAX_TEXT_BYTES },
            Need::Required,
            "The text to put there",
        )
    },
    param(
        "line",
        ParamKind::Integer { min: 1, max: u64::MAX },
        Need::Optional,
        "Number of the line where oldText begins. It then stands for whole lines, which may occur elsewhere as well; \
         with an empty newText they go",
    ),
];

static SPEC: ToolSpec = ToolSpec {
    name: "edit",
    description: "Change one place in a text file of the workspace: replaces oldText, which must occur exactly once \
                  unless its line is named, by newText.",
    params: &PARAMS,
    label: Some("path"),
    timeout: Duration::from_secs(30),
};

/// Changes one place in a text file.
#[derive(Debug, Clone, Default)]
pub struct EditTool {
    lock: FileLock,
}

impl EditTool {
    /// A tool that takes turns with whatever else holds this lock.
    #[must_use]
    pub fn new(lock: FileLock) -> Self {
        Self { lock }
    }
}

impl Tool for EditTool {
    fn spec(&self) -> &'static ToolSpec {
        &SPEC
    }

    fn run(&self, call: ToolCall, cx: ToolContext) -> BoxFuture<'_, ToolOutcome> {
        let lock = self.lock.clone();
        async move { outcome(&SPEC, edit(&call, cx, lock).await) }.boxed()
    }
}

async fn edit(call: &ToolCall, cx: ToolContext, lock: FileLock) -> Result<ToolOutcome, ToolError> {
    let arguments = Arguments::check(&SPEC, &call.arguments)?;
    let path = arguments.required_text("path")?.to_owned();
    let old = arguments.required_text("oldText")?.to_owned();
    let new = arguments.required_text("newText")?.to_owned();
    if old.is_empty() {
        return Err(ToolError::Empty { param: "oldText" });
    }
    let line = arguments.integer("line")?.map(|line| usize::try_from(line).unwrap_or(usize::MAX));
    let wish = Wish { old, new, line };
    let written = Written::new(&cx.memory, &path);
    let done = blocking(move || {
        let _turn = lock.hold();
        apply(&cx.workspace, &path, &wish).map(ToolOutcome::text)
    })
    .await?;
    written.tell();
    Ok(done)
}

/// What is to be exchanged.
struct Wish {
    old: String,
    new: String,
    /// Where, counted from 1, if whole lines are meant.
    line: Option<usize>,
}

fn apply(root: &Root, path: &str, wish: &Wish) -> Result<String, ToolError> {
    let bytes = read_text(root, path)?;
    let Ok(text) = String::from_utf8(bytes) else { return Err(ToolError::NotText { path: path.to_owned() }) };
    let exchanged = match wish.line {
        Some(line) => exchange_lines(&text, line, &wish.old, &wish.new),
        None => exchange(&text, &wish.old, &wish.new),
    };
    let (edited, line) = match exchanged {
        Exchange::Done { text, line } => (text, line),
        Exchange::Matches(0) => {
            let path = path.to_owned();
            return Err(match wish.line {
                Some(line) => ToolError::OtherLines { path, line },
                None => ToolError::NoMatch { path },
            });
        }
        Exchange::Matches(count) => return Err(ToolError::ManyMatches { path: path.to_owned(), count }),
    };
    if edited.len() as u64 > MAX_FILE_BYTES {
        return Err(ToolError::TooLarge { path: path.to_owned(), max_bytes: MAX_FILE_BYTES });
    }
    root.replace(Path::new(path), edited.as_bytes())?;
    Ok(format!("Replaced 1 match in {} (line {line})", root.relative(Path::new(path))?.display()))
}

fn windows(piece: &str) -> String {
    piece.replace("\r\n", "\n").replace('\n', "\r\n")
}

/// What became of an edit.
#[derive(Debug, PartialEq)]
enum Exchange {
    /// The new text, and the 1-based line where it changed.
    Done { text: String, line: usize },
    /// How often the old text occurs, when that is not once.
    Matches(usize),
}

/// Replaces the only occurrence. Models write `\n` whatever the file uses, so a file with `\r\n` is asked again in its
/// own line ends.
fn exchange(text: &str, old: &str, new: &str) -> Exchange {
    match occurrences(text, old) {
        (1, at) => Exchange::Done {
            text: format!("{}{new}{}", &text[..at], &text[at + old.len()..]),
            line: text[..at].matches('\n').count() + 1,
        },
        (0, _) if text.contains("\r\n") && old.contains('\n') && !old.contains("\r\n") => {
            exchange(text, &windows(old), &windows(new))
        }
        (count, _) => Exchange::Matches(count),
    }
}

/// Replaces whole lines if they read like `old`, whatever their line ends. All other bytes stay: the mark at the beginning
/// of a file, the line ends of the other lines, and a last line without one.
fn exchange_lines(text: &str, line: usize, old: &str, new: &str) -> Exchange {
    let mark = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
    let mut starts = vec![mark];
    starts.extend(text.match_indices('\n').map(|(at, _)| at + 1).filter(|at| *at < text.len()));
    starts.push(text.len());
    let wanted: Vec<&str> = old.lines().map(|line| line.trim_end_matches('\r')).collect();
    let after = line.saturating_add(wanted.len());
    let Some(range) = starts.get(line - 1..after) else { return Exchange::Matches(0) };
    let bare = |line: &str| line.trim_end_matches('\n').trim_end_matches('\r').len();
    let mut found = range.windows(2).map(|ends| &text[ends[0]..ends[1]]);
    if !wanted.iter().all(|wanted| found.next().is_some_and(|line| line[..bare(line)] == **wanted)) {
        return Exchange::Matches(0);
    }
    let (from, to) = (range[0], range[wanted.len()]);
    let last = &text[range[wanted.len() - 1]..to];
    let put = match new {
        "" => String::new(),
        new if text.contains("\r\n") => format!("{}{}", windows(new), &last[bare(last)..]),
        new => format!("{new}{}", &last[bare(last)..]),
    };
    Exchange::Done { text: format!("{}{put}{}", &text[..from], &text[to..]), line }
}

/// How often a piece occurs, overlaps included, and where first.
fn occurrences(text: &str, piece: &str) -> (usize, usize) {
    let mut count = 0;
    let mut first = 0;
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(piece)) {
        first = if count == 0 { at } else { first };
        count += 1;
        from += at + text[from + at..].chars().next().map_or(1, char::len_utf8);
    }
    (count, first)
}

#[cfg(test)]
mod tests {
    use super::{Exchange, exchange, exchange_lines, occurrences};
    use proptest::prelude::*;

    #[test]
    fn table() {
        let done = |text: &str, line| Exchange::Done { text: text.into(), line };
        let rows = [
            ("a\nb\nc", "b", "x", done("a\nx\nc", 2)),
            ("a\r\nb\r\n", "a\nb", "x\ny", done("x\r\ny\r\n", 1)),
            ("aXb", "X", "", done("ab", 1)),
            ("aaa", "aa", "x", Exchange::Matches(2)),
            ("abc", "d", "x", Exchange::Matches(0)),
            ("a\r\nb", "c\nd", "x", Exchange::Matches(0)),
        ];
        for (text, old, new, expected) in rows {
            assert_eq!(exchange(text, old, new), expected, "{text:?} {old:?}");
        }
    }

    #[test]
    fn whole_lines() {
        let done = |text: &str, line| Exchange::Done { text: text.into(), line };
        let rows = [
            ("a\nb\na\nc\n", 3, "a", "", done("a\nb\nc\n", 3)),
            ("a\nb\na\nc\n", 1, "a\nb", "", done("a\nc\n", 1)),
            ("a\r\nb\nc\r\n", 2, "b", "", done("a\r\nc\r\n", 2)),
            ("a\r\nb\nc", 1, "a\nb", "", done("c", 1)),
            ("a\nb", 2, "b", "", done("a\n", 2)),
            ("a", 1, "a", "", done("", 1)),
            ("\u{FEFF}a\nb\n", 1, "a", "", done("\u{FEFF}b\n", 1)),
            ("a\r\nb\r\n", 1, "a", "x\ny", done("x\r\ny\r\nb\r\n", 1)),
            ("a\nb", 2, "b", "x", done("a\nx", 2)),
            ("a\nb\n", 1, "b", "", Exchange::Matches(0)),
            ("a\nbb\n", 2, "b", "", Exchange::Matches(0)),
            ("a\nb\n", 2, "b\nc", "", Exchange::Matches(0)),
            ("a\n", 2, "a", "", Exchange::Matches(0)),
            ("", 1, "a", "", Exchange::Matches(0)),
            ("a", usize::MAX, "a", "", Exchange::Matches(0)),
            ("a\n", 1, "\n", "", Exchange::Matches(0)),
        ];
        for (text, line, old, new, expected) in rows {
            assert_eq!(exchange_lines(text, line, old, new), expected, "{text:?} {line} {old:?}");
        }
    }

    proptest! {
        #[test]
        fn lines_go_and_all_other_bytes_stay(
            before in proptest::collection::vec("[aé\r]{0,3}(\r\n|\n)", 0..5),
            gone in proptest::collection::vec("[aé]{1,3}", 1..4),
            end in "(\r\n|\n)",
            after in "([aé]{0,3}(\r\n|\n)){0,3}[aé]{0,3}",
            mark in "\u{FEFF}?",
        ) {
            let lines: String = gone.iter().map(|line| format!("{line}{end}")).collect();
            let text = format!("{mark}{}{lines}{after}", before.concat());
            let line = before.len() + 1;
            let left = format!("{mark}{}{after}", before.concat());
            prop_assert_eq!(
                exchange_lines(&text, line, &gone.join("\n"), ""),
                Exchange::Done { text: left, line }
            );
        }

        #[test]
        fn only_the_match_changes(before in "[aé\n]{0,9}", old in "[bö\n]{1,4}", after in "[aé\n]{0,9}", new in "\\PC{0,5}") {
            let text = format!("{before}{old}{after}");
            prop_assume!(occurrences(&text, &old).0 == 1);
            let line = text[..occurrences(&text, &old).1].matches('\n').count() + 1;
            prop_assert_eq!(exchange(&text, &old, &new), Exchange::Done { text: text.replacen(&old, &new, 1), line });
        }
    }
}
