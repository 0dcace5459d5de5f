//! `write`: a whole file, or lines at the end of one.

use std::io::Write as _;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_guard::{Root, RootError};

use super::disk::{FileLock, MAX_FILE_BYTES, MAX_TEXT_BYTES, counted, path_param, read_text, writable};
use super::written::Written;
use crate::arguments::{Arguments, param};
use crate::blocking::blocking;
use crate::error::ToolError;
use crate::spec::{Need, Param, ParamKind, ToolSpec};
use crate::tool::{Tool, ToolCall, ToolContext, ToolOutcome, outcome};

static PARAMS: [Param; 3] = [
    path_param(),
    param("content", ParamKind::Text { max_bytes: MAX_TEXT_BYTES }, Need::Required, "The text to write"),
    param(
        "append",
        ParamKind::Flag,
        Need::Optional,
        "Add the text as lines at the end instead of replacing the file",
    ),
];

static SPEC: ToolSpec = ToolSpec {
    name: "write",
    description: "Write a text file of the workspace, with the folders it needs. Replaces what is there unless \
                  append is true; use append for daily notes.",
    params: &PARAMS,
    label: Some("path"),
    timeout: Duration::from_secs(30),
};

/// Writes a text file.
#[derive(Debug, Clone, Default)]
pub struct WriteTool {
    lock: FileLock,
}

impl WriteTool {
    /// A tool that takes turns with whatever else holds this lock.
    #[must_use]
    pub fn new(lock: FileLock) -> Self {
        Self { lock }
    }
}

impl Tool for WriteTool {
    fn spec(&self) -> &'static ToolSpec {
        &SPEC
    }

    fn run(&self, call: ToolCall, cx: ToolContext) -> BoxFuture<'_, ToolOutcome> {
        let lock = self.lock.clone();
        async move { outcome(&SPEC, write(&call, cx, lock).await) }.boxed()
    }
}

async fn write(call: &ToolCall, cx: ToolContext, lock: FileLock) -> Result<ToolOutcome, ToolError> {
    let arguments = Arguments::check(&SPEC, &call.arguments)?;
    let path = arguments.required_text("path")?.to_owned();
    let content = arguments.required_text("content")?.to_owned();
    let append = arguments.flag("append")?;
    let written = Written::new(&cx.memory, &path);
    let done = blocking(move || {
        let _turn = lock.hold();
        let done = if append {
            append_lines(&cx.workspace, &path, &content)
        } else {
            replace(&cx.workspace, &path, &content)
        };
        done.map(ToolOutcome::text)
    })
    .await?;
    written.tell();
    Ok(done)
}

fn replace(root: &Root, path: &str, content: &str) -> Result<String, ToolError> {
    let below = writable(root, path)?;
    root.create_parent_dirs(&below)?;
    root.replace(&below, content.as_bytes())?;
    Ok(format!("Wrote {} to {}", counted(content.len(), "byte"), below.display()))
}

/// Adds whole lines: what is there is closed with a line end first, and so is what is added.
fn append_lines(root: &Root, path: &str, content: &str) -> Result<String, ToolError> {
    let below = writable(root, path)?;
    if content.is_empty() {
        return Err(ToolError::Empty { param: "content" });
    }
    let old = match read_text(root, path) {
        Ok(old) => old,
        Err(ToolError::Path(RootError::NotFound { .. })) => Vec::new(),
        Err(error) => return Err(error),
    };
    let addition = addition(&old, content);
    if (old.len() + addition.len()) as u64 > MAX_FILE_BYTES {
        return Err(ToolError::TooLarge { path: path.to_owned(), max_bytes: MAX_FILE_BYTES });
    }
    root.create_parent_dirs(&below)?;
    let fail = |source| ToolError::File { path: path.to_owned(), action: "append to", source };
    let mut file = root.open_append(&below)?;
    file.write_all(addition.as_bytes()).and_then(|()| file.sync_all()).map_err(fail)?;
    Ok(report(line_ends(&old) + usize::from(is_open(&old)), content, &below.display().to_string()))
}

fn addition(old: &[u8], content: &str) -> String {
    let before = if is_open(old) { "\n" } else { "" };
    let after = if content.ends_with('\n') { "" } else { "\n" };
    format!("{before}{content}{after}")
}

/// Whether the last line has no end.
fn is_open(text: &[u8]) -> bool {
    text.last().is_some_and(|&byte| byte != b'\n')
}

fn line_ends(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| byte == b'\n').count()
}

/// `Appended 2 lines to memory/2026-11-20.md (lines 3-4)`: a later turn can cite what was noted.
fn report(lines_before: usize, content: &str, path: &str) -> String {
    let count = content.lines().count().max(1);
    let (first, last) = (lines_before + 1, lines_before + count);
    let place = if count == 1 { format!("line {first}") } else { format!("lines {first}-{last}") };
    format!("Appended {} to {path} ({place})", counted(count, "line"))
}

#[cfg(test)]
mod tests {
    use super::{addition, is_open, line_ends, report};
    use proptest::prelude::*;

    #[test]
    fn report_is_what_people_see() {
        let rows = [
            (2, "x", "Appended 1 line to memory/2026-11-20.md (line 3)"),
            (2, "x\ny\n", "Appended 2 lines to memory/2026-11-20.md (lines 3-4)"),
            (0, "\n", "Appended 1 line to memory/2026-11-20.md (line 1)"),
        ];
        for (before, content, expected) in rows {
            assert_eq!(report(before, content, "memory/2026-11-20.md"), expected);
        }
    }

    proptest! {
        #[test]
        fn the_reported_lines_hold_the_content(old in "([ab]{0,3}\n?){0,5}", content in "([cd]{0,3}\n?){1,5}") {
            prop_assume!(!content.is_empty());
            let new = format!("{old}{}", addition(old.as_bytes(), &content));
            let before = line_ends(old.as_bytes()) + usize::from(is_open(old.as_bytes()));
            let added: Vec<&str> = new.lines().skip(before).collect();
            prop_assert_eq!(added, content.lines().collect::<Vec<_>>());
            prop_assert!(new.starts_with(&old) && new.ends_with('\n'));
        }
    }
}
