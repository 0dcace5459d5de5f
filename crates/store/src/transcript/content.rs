//! Which part of a file is read: all of it, or of a long one what its last compaction has left.

use std::fs::File;
use std::io;
use std::path::Path;

use openclaw_guard::{FileError, Root};

use super::back::{BackLines, ReadAt};
use super::line::{Line, payload, trim};
use super::scan::{Extent, Scan, scan};
use super::{Tail, branch};
use crate::StoreError;

/// The most that is read of a transcript. Long conversations with images reach tens of megabytes; what has more than
/// this since its last compaction would not fit a small machine's memory.
const MAX_BYTES: u64 = 256 * 1024 * 1024;
/// What is read of one that has more: many times what a model can take.
const LATEST_BYTES: u64 = 32 * 1024 * 1024;
/// Files up to this size are read whole: that takes some 10 ms, and every id in them is known then.
const WHOLE_UP_TO_BYTES: u64 = 4 * 1024 * 1024;
/// Bytes in which the header must end. It holds a path or two.
pub(super) const MAX_HEADER_BYTES: u64 = 64 * 1024;

/// When a file is long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) whole_up_to_bytes: u64,
    pub(super) max_bytes: u64,
    pub(super) latest_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { whole_up_to_bytes: WHOLE_UP_TO_BYTES, max_bytes: MAX_BYTES, latest_bytes: LATEST_BYTES }
    }
}

/// Which part of a file was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// From the first record that the last compaction kept.
    SinceCompaction,
    /// Its end, as much as can be read of a file that is too long.
    Latest,
}

/// The end of a file from some line on, or all of it.
#[derive(Debug)]
pub(super) struct Content {
    /// Where it begins in the file; 0 if it is all.
    pub(super) base: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) part: Part,
}

impl Content {
    /// Reads what opening a transcript needs and hands it on with its records.
    ///
    /// Of a long file that is the part from the first record that the last compaction kept. If the path from the last
    /// record to there is not whole, by damage or because that compaction is on another branch, all is read; and if that
    /// is too much, the end of it.
    pub(super) fn read<T>(
        root: &Root,
        name: &Path,
        limits: Limits,
        mut take: impl FnMut(&Self, &Scan<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let file = root.open_read(name)?;
        let fail = |source| FileError::new("read", &root.path().join(name), source);
        let length = file.metadata().map_err(fail)?.len();
        if length > limits.whole_up_to_bytes
            && let Some(content) = since_compaction(&file, length, limits).map_err(fail)?
        {
            let mut scan = scan(&content.bytes, Extent::Part);
            if branch::is_complete(&scan) {
                scan.report.header_missing = header_of(&file, length).map_err(fail)?.is_none();
                return take(&content, &scan);
            }
        }
        if length > limits.max_bytes {
            let content = latest(&file, length, limits).map_err(fail)?;
            // What is before it counts as lost: the records around a damaged line must stay together.
            let mut scan = scan(&content.bytes, Extent::Whole);
            scan.report.header_missing = header_of(&file, length).map_err(fail)?.is_none();
            return take(&content, &scan);
        }
        let content = Self { base: 0, bytes: root.read_capped(name, limits.max_bytes)?, part: Part::Whole };
        take(&content, &scan(&content.bytes, Extent::Whole))
    }

    /// Where the file ends.
    pub(super) fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    pub(super) fn tail(&self) -> Tail {
        if self.bytes.last().is_none_or(|&b| b == b'\n') { Tail::Clean } else { Tail::Torn }
    }
}

fn since_compaction(file: &File, length: u64, limits: Limits) -> io::Result<Option<Content>> {
    let floor = length.saturating_sub(limits.max_bytes);
    let Some(base) = first_kept_offset(file, length, floor)?.filter(|&base| base > 0) else {
        return Ok(None);
    };
    Ok(Some(Content { base, bytes: file.read_range(base, length)?, part: Part::SinceCompaction }))
}

/// The end of a file from some line on; so much of it that a user says something there, if that can be.
fn latest(file: &File, length: u64, limits: Limits) -> io::Result<Content> {
    let mut wanted = limits.latest_bytes;
    loop {
        let from = length.saturating_sub(wanted);
        let mut bytes = file.read_range(from, length)?;
        // Its first line is a piece of one.
        let cut = bytes.iter().position(|&b| b == b'\n').map_or(bytes.len(), |end| end + 1);
        bytes.drain(..cut);
        let enough = branch::first_said(&scan(&bytes, Extent::Whole)).is_some();
        if enough || wanted >= limits.max_bytes {
            return Ok(Content { base: from + cut as u64, bytes, part: Part::Latest });
        }
        wanted = wanted.saturating_mul(2).min(limits.max_bytes);
    }
}

/// Where the first record is that the last compaction of the file kept. Only lines that begin as every writer of the
/// format begins them are looked at closer; a compaction that is overlooked makes opening slower, not wrong.
pub(super) fn first_kept_offset<R: ReadAt>(source: &R, end: u64, floor: u64) -> io::Result<Option<u64>> {
    let mut lines = BackLines::new(source, end);
    let mut first_kept: Option<String> = None;
    while let Some((offset, line)) = lines.next_above(floor)? {
        match &first_kept {
            None if line.starts_with(b"{\"type\":\"compaction\"") => {
                let kept = Line::parse(&line).and_then(|line| payload(line.first_kept_entry_id));
                let Some(kept) = kept else { return Ok(None) };
                first_kept = Some(kept);
            }
            None => {}
            Some(id) if has_id(&line, id) => return Ok(Some(offset)),
            Some(_) => {}
        }
    }
    Ok(None)
}

/// Whether the record of a line has an id. Most lines do not even hold its text; they need not be parsed.
fn has_id(line: &[u8], id: &str) -> bool {
    let text = line.get(trim(line)).unwrap_or_default();
    let may = std::str::from_utf8(text).map_or(true, |text| text.contains(id));
    may && Line::parse(text).is_some_and(|line| line.id.as_deref() == Some(id))
}

/// Whether a record with an id is in the file before an offset.
pub(super) fn holds_before<R: ReadAt>(source: &R, end: u64, id: &str) -> io::Result<bool> {
    let mut lines = BackLines::new(source, end);
    while let Some((_, line)) = lines.next_line()? {
        if has_id(&line, id) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The header of a file: its first line that can be read, if that is one. Before it may be what a process left that
/// broke off while it made the file.
pub(super) fn header_of<R: ReadAt>(source: &R, length: u64) -> io::Result<Option<Vec<u8>>> {
    let head = source.read_range(0, length.min(MAX_HEADER_BYTES))?;
    let mut whole = head.split(|&b| b == b'\n').filter_map(|line| Some((Line::parse(line)?, line)));
    Ok(whole.next().filter(|(line, _)| line.kind == "session").map(|(_, text)| text.to_owned()))
}
