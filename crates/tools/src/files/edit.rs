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

static PARAMS: [Param; 3] = [
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
];

static SPEC: ToolSpec = ToolSpec {
    name: "edit",
    description: "Change one place in a text file of the workspace: replaces oldText, which must occur exactly once, \
                  by newText.",
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
    let written = Written::new(&cx.memory, &path);
    let done = blocking(move || {
        let _turn = lock.hold();
        apply(&cx.workspace, &path, &old, &new).map(ToolOutcome::text)
    })
    .await?;
    written.tell();
    Ok(done)
}

fn apply(root: &Root, path: &str, old: &str, new: &str) -> Result<String, ToolError> {
    let bytes = read_text(root, path)?;
    let Ok(text) = String::from_utf8(bytes) else { return Err(ToolError::NotText { path: path.to_owned() }) };
    let (edited, line) = match exchange(&text, old, new) {
        Exchange::Done { text, line } => (text, line),
        Exchange::Matches(0) => return Err(ToolError::NoMatch { path: path.to_owned() }),
        Exchange::Matches(count) => return Err(ToolError::ManyMatches { path: path.to_owned(), count }),
    };
    if edited.len() as u64 > MAX_FILE_BYTES {
        return Err(ToolError::TooLarge { path: path.to_owned(), max_bytes: MAX_FILE_BYTES });
    }
    root.replace(Path::new(path), edited.as_bytes())?;
    Ok(format!("Replaced 1 match in {} (line {line})", root.relative(Path::new(path))?.display()))
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
    let windows = |piece: &str| piece.replace("\r\n", "\n").replace('\n', "\r\n");
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
    use super::{Exchange, exchange, occurrences};
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

    proptest! {
        #[test]
        fn only_the_match_changes(before in "[aé\n]{0,9}", old in "[bö\n]{1,4}", after in "[aé\n]{0,9}", new in "\\PC{0,5}") {
            let text = format!("{before}{old}{after}");
            prop_assume!(occurrences(&text, &old).0 == 1);
            let line = text[..occurrences(&text, &old).1].matches('\n').count() + 1;
            prop_assert_eq!(exchange(&text, &old, &new), Exchange::Done { text: text.replacen(&old, &new, 1), line });
        }
    }
}
