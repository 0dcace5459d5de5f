//! `read`: a text file, or some of its lines.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::disk::{path_param, read_text};
use crate::arguments::{Arguments, param};
use crate::blocking::blocking;
use crate::error::ToolError;
use crate::spec::{Need, Param, ParamKind, ToolSpec};
use crate::tool::{Tool, ToolCall, ToolContext, ToolOutcome, outcome};

/// Lines shown at once: what OpenClaw shows.
const MAX_LINES: usize = 2_000;
/// Bytes shown at once: what OpenClaw shows, about 12,000 tokens.
const MAX_BYTES: usize = 50 * 1024;

static PARAMS: [Param; 3] = [
    path_param(),
    param(
        "offset",
        ParamKind::Integer { min: 1, max: u64::MAX },
        Need::Optional,
        "First line, counted from 1",
    ),
    param("limit", ParamKind::Integer { min: 1, max: u64::MAX }, Need::Optional, "How many lines"),
];

static SPEC: ToolSpec = ToolSpec {
    name: "read",
    description: "Show a text file of the workspace. At most 2000 lines or 50 KB at a time; the answer says how to \
                  go on when there is more.",
    params: &PARAMS,
    label: Some("path"),
    timeout: Duration::from_secs(30),
};

/// Shows a text file.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadTool;

impl Tool for ReadTool {
    fn spec(&self) -> &'static ToolSpec {
        &SPEC
    }

    fn run(&self, call: ToolCall, cx: ToolContext) -> BoxFuture<'_, ToolOutcome> {
        async move { outcome(&SPEC, read(&call, cx).await) }.boxed()
    }
}

async fn read(call: &ToolCall, cx: ToolContext) -> Result<ToolOutcome, ToolError> {
    let arguments = Arguments::check(&SPEC, &call.arguments)?;
    let path = arguments.required_text("path")?.to_owned();
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let offset = arguments.integer("offset")?.map_or(1, size);
    let limit = arguments.integer("limit")?.map_or(MAX_LINES, size);
    blocking(move || {
        let text = String::from_utf8_lossy(&read_text(&cx.workspace, &path)?).into_owned();
        let shown = excerpt(&text, offset, limit);
        shown.map(ToolOutcome::text).ok_or_else(|| ToolError::PastEnd {
            path,
            lines: line_count(&text),
            offset,
        })
    })
    .await
}

fn line_count(text: &str) -> usize {
    text.lines().count()
}

/// Lines from `offset` on, with a hint when the bounds hide some; `None` when the text ends before.
fn excerpt(text: &str, offset: usize, limit: usize) -> Option<String> {
    let total = line_count(text);
    if offset > total.max(1) {
        return None;
    }
    let mut shown = String::new();
    let mut last = offset - 1;
    let wanted = limit.min(MAX_LINES);
    for line in text.split_inclusive('\n').skip(offset - 1).take(wanted) {
        if shown.len() + line.len() > MAX_BYTES {
            break;
        }
        shown.push_str(line);
        last += 1;
    }
    if last + 1 == offset && total > 0 {
        return Some(giant_line(text, offset));
    }
    if last < total {
        shown.push_str(&format!("\n[lines {offset}-{last} of {total}; more with offset={}]", last + 1));
    }
    Some(shown)
}

/// The beginning of a line that is too long to be shown whole.
fn giant_line(text: &str, number: usize) -> String {
    let line = text.lines().nth(number - 1).unwrap_or_default();
    let cut = line.floor_char_boundary(MAX_BYTES);
    format!(
        "{}\n[line {number} has {} bytes, shown in part; next line with offset={}]",
        &line[..cut],
        line.len(),
        number + 1
    )
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, MAX_LINES, excerpt};
    use proptest::prelude::*;

    #[test]
    fn table() {
        let rows = [
            ("", 1, 10, Some("")),
            ("a\nb\n", 1, 10, Some("a\nb\n")),
            ("a\nb", 2, 1, Some("b")),
            ("a\nb\nc\n", 2, 1, Some("b\n\n[lines 2-2 of 3; more with offset=3]")),
            ("a\n", 2, 1, None),
            ("", 2, 1, None),
        ];
        for (text, offset, limit, expected) in rows {
            assert_eq!(excerpt(text, offset, limit).as_deref(), expected, "{text:?} {offset} {limit}");
        }
    }

    #[test]
    fn bounds_hold() {
        let many = "x\n".repeat(MAX_LINES + 5);
        assert!(
            excerpt(&many, 1, usize::MAX).unwrap().ends_with("[lines 1-2000 of 2005; more with offset=2001]")
        );
        let wide = format!("{}\nnext", "é".repeat(MAX_BYTES));
        let shown = excerpt(&wide, 1, 10).unwrap();
        assert!(shown.len() < MAX_BYTES + 200 && shown.ends_with("next line with offset=2]"));
        assert_eq!(excerpt(&wide, 2, 10).as_deref(), Some("next"));
    }

    proptest! {
        #[test]
        fn following_the_hints_reads_every_line(text in "([a-zé]{0,8}\n?){0,30}", limit in 1_usize..5) {
            let mut seen = String::new();
            let mut offset = 1;
            while let Some(part) = excerpt(&text, offset, limit) {
                let (lines, hint) = part.rsplit_once("\n[").unwrap_or((&part, ""));
                seen.push_str(lines);
                match hint.rsplit_once("offset=") {
                    Some((_, next)) => offset = next.trim_end_matches(']').parse().unwrap(),
                    None => break,
                }
            }
            prop_assert_eq!(seen, text);
        }
    }
}
