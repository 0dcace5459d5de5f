//! The newest messages of a transcript, without reading all of it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use openclaw_guard::{FileError, Root};
use serde_json::Value;

use super::line::{Line, payload, salvage, trim};
use crate::StoreError;

/// Bytes read at a time: a few dozen messages.
const BLOCK_BYTES: u64 = 64 * 1024;
/// Bytes read at most. A client asks for at most 1,000 messages; beyond this they are mostly images.
const MAX_TAIL_BYTES: usize = 64 * 1024 * 1024;

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
    newest_first(&file, count)
        .map(|mut messages| {
            messages.truncate(count);
            messages.reverse();
            messages
        })
        .map_err(|source| FileError::new("read", path, source).into())
}

/// At least `count` messages if there are as many, the newest first.
fn newest_first(file: &File, count: usize) -> std::io::Result<Vec<Value>> {
    let mut messages = Vec::new();
    // The part of a line whose beginning is in a block not yet read: its blocks, the last one first. Joining them only
    // when the line is whole keeps a line of many blocks from being copied over and over.
    let mut pending: Vec<Vec<u8>> = Vec::new();
    let mut end = file.metadata()?.len();
    let mut left = MAX_TAIL_BYTES;
    while end > 0 && messages.len() < count && left > 0 {
        let start = end.saturating_sub(BLOCK_BYTES);
        let mut block = vec![0; usize::try_from(end - start).unwrap_or(0)];
        file.read_exact_at(&mut block, start)?;
        left = left.saturating_sub(block.len());
        end = start;
        while messages.len() < count
            && let Some(line_end) = block.iter().rposition(|&b| b == b'\n')
        {
            pending.push(block.split_off(line_end + 1));
            block.truncate(line_end);
            push_messages(&join(&mut pending), &mut messages);
        }
        pending.push(block);
    }
    if end == 0 && messages.len() < count {
        push_messages(&join(&mut pending), &mut messages);
    }
    Ok(messages)
}

fn join(pending: &mut Vec<Vec<u8>>) -> Vec<u8> {
    let line = pending.iter().rev().flatten().copied().collect();
    pending.clear();
    line
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
