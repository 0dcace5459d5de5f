//! The newest messages of a transcript, without reading all of it.

use std::path::Path;

use openclaw_guard::{FileError, Root};
use serde_json::Value;

use super::back::{BackLines, ReadAt};
use super::line::{Line, payload, salvage, trim};
use crate::StoreError;

/// Bytes read at most. A client asks for at most 1,000 messages; beyond this they are mostly images.
const MAX_TAIL_BYTES: u64 = 64 * 1024 * 1024;

/// The last `count` messages in the order of the file, as the file has them, also those before a compaction. Damaged
/// lines are passed over.
///
/// # Errors
/// When the file cannot be read.
pub fn read_tail(path: &Path, count: usize) -> Result<Vec<Value>, StoreError> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(FileError::new("read", path, std::io::ErrorKind::InvalidInput.into()).into());
    };
    let file = Root::open(dir)?.open_read(Path::new(name))?;
    file.metadata()
        .and_then(|metadata| newest(&file, metadata.len(), count))
        .map_err(|source| FileError::new("read", path, source).into())
}

/// The last `count` messages before an offset.
pub(super) fn newest<R: ReadAt>(source: &R, end: u64, count: usize) -> std::io::Result<Vec<Value>> {
    let mut newest_first = Vec::new();
    let mut lines = BackLines::new(source, end);
    let floor = end.saturating_sub(MAX_TAIL_BYTES);
    while newest_first.len() < count
        && let Some((_, line)) = lines.next_above(floor)?
    {
        push_messages(&line, &mut newest_first);
    }
    newest_first.truncate(count);
    newest_first.reverse();
    Ok(newest_first)
}

/// The message of a line, if it has one; of a damaged line those that are whole in it.
fn push_messages(line: &[u8], messages: &mut Vec<Value>) {
    let text = line.get(trim(line)).unwrap_or_default();
    if text.is_empty() {
        return;
    }
    if let Some(parsed) = Line::parse(text) {
        messages.extend(message_of(&parsed));
        return;
    }
    for (from, to) in salvage(text).into_iter().rev() {
        let parsed = text.get(from..to).and_then(Line::parse);
        messages.extend(parsed.as_ref().and_then(message_of));
    }
}

fn message_of(line: &Line<'_>) -> Option<Value> {
    if line.kind == "message" { payload(line.message) } else { None }
}
