//! `logs.tail`: new lines of the log file, by byte cursor.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use openclaw_guard::{Redactor, RootError};
use openclaw_protocol::frame::ErrorShape;
use serde::Deserialize;
use serde_json::json;

use super::{Call, Reply, RpcResult, attempt};
use crate::log::{open_log, redact_log_line};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TailParams {
    #[serde(default)]
    cursor: Option<u64>,
    #[serde(default = "default_limit")]
    limit: usize,
    #[serde(default = "default_bytes")]
    max_bytes: u64,
}

fn default_limit() -> usize {
    500
}

fn default_bytes() -> u64 {
    250_000
}

pub(super) fn tail(call: &Call<'_>) -> Reply {
    let params: TailParams = attempt!(call.params());
    let path = call.core.log_file();
    let redactor = call.core.log.redactor();
    Reply::blocking(move || read(&path, &params, &redactor))
}

/// Reads from the cursor, or the last bytes when there is none or when the file was replaced by a shorter one. Lines may
/// be older than what the log knows to be secret, so they are looked at again.
fn read(path: &Path, params: &TailParams, redactor: &Redactor) -> RpcResult {
    let unreadable =
        |error: std::io::Error| ErrorShape::unavailable(format!("cannot read {}: {error}", path.display()));
    let mut file = match open_log(path) {
        Ok(file) => file,
        Err(RootError::NotFound { .. }) => {
            return Ok(json!({
                "file": path.to_string_lossy(), "cursor": 0, "size": 0, "lines": [], "truncated": false, "reset": false,
            }));
        }
        Err(error) => return Err(ErrorShape::unavailable(format!("cannot read the log: {error}")).into()),
    };
    let size = file.metadata().map_err(unreadable)?.len();
    let reset = params.cursor.is_some_and(|cursor| cursor > size);
    let wanted = params.cursor.filter(|_| !reset).unwrap_or(0);
    let start = wanted.max(size.saturating_sub(params.max_bytes));
    file.seek(SeekFrom::Start(start)).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(params.max_bytes).read_to_end(&mut bytes).map_err(unreadable)?;
    // Only whole lines: the rest is read next time.
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let cursor = start + u64::try_from(whole).unwrap_or(0);
    let text = String::from_utf8_lossy(bytes.get(..whole).unwrap_or_default());
    let mut lines: Vec<&str> = text.lines().collect();
    if start > wanted && !lines.is_empty() {
        lines.remove(0);
    }
    let skipped = lines.len().saturating_sub(params.limit);
    let truncated = start > wanted || skipped > 0;
    let lines: Vec<_> =
        lines.split_off(skipped).into_iter().map(|line| redact_log_line(redactor, line)).collect();
    Ok(json!({
        "file": path.to_string_lossy(), "cursor": cursor, "size": size, "lines": lines,
        "truncated": truncated, "reset": reset,
    }))
}

#[cfg(test)]
mod tests {
    use super::{TailParams, read};
    use openclaw_guard::{Hiding, Redactor, Secret};
    use serde_json::Value;

    #[test]
    fn reads_on_from_the_cursor_and_starts_over_in_a_new_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let redactor = Redactor::new(&[Secret::new("reset-secret".to_owned())], Hiding::KnownOnly);
        let tail =
            |cursor| read(&path, &TailParams { cursor, limit: 2, max_bytes: 1_000 }, &redactor).unwrap();
        assert_eq!(tail(None)["size"], 0);
        openclaw_guard::write_atomic(&path, b"a\nb\nc\nhalf").unwrap();
        let first = tail(None);
        assert_eq!(first["lines"], serde_json::json!(["b", "c"]));
        assert_eq!((first["cursor"].as_u64(), first["truncated"].as_bool()), (Some(6), Some(true)));
        openclaw_guard::write_atomic(&path, b"a\nb\nc\nhalf done\n").unwrap();
        assert_eq!(tail(Some(6))["lines"], serde_json::json!(["half done"]));
        openclaw_guard::write_atomic(&path, b"reset-secret\n").unwrap();
        let reset = tail(Some(16));
        assert_eq!((&reset["reset"], &reset["lines"][0]), (&Value::Bool(true), &Value::from("***")));
    }
}
