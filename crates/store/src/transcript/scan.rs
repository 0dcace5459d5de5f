//! From bytes to a tree of records, whatever the bytes are.

use std::collections::HashMap;
use std::ops::Range;

use super::line::{Line, Parent, payload, salvage, trim};
use super::{RecordId, RepairReport};

/// A record in its place in the tree.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) id: RecordId,
    /// Index of the parent among the records; always smaller than its own, so that no walk to the root can circle.
    pub(super) parent: Option<usize>,
    /// Counts lines from 0, as version 1 compactions do.
    pub(super) ordinal: usize,
    pub(super) line: Line<'a>,
}

/// A transcript, read.
#[derive(Debug, Default)]
pub(super) struct Scan<'a> {
    pub(super) records: Vec<Record<'a>>,
    /// Byte ranges that are no records.
    pub(super) damage: Vec<Range<usize>>,
    pub(super) report: RepairReport,
}

/// Where the record with an id is, and where its line is in the file.
struct Known {
    index: usize,
    line: Range<usize>,
}

struct Scanner<'a> {
    bytes: &'a [u8],
    scan: Scan<'a>,
    known: HashMap<RecordId, Known>,
    ordinal: usize,
    header_seen: bool,
}

/// Reads all lines. Lines that are no records are reported as damage; records are hung on their parents, or on the
/// record before them if the parent is gone.
pub(super) fn scan(bytes: &[u8]) -> Scan<'_> {
    let mut scanner =
        Scanner { bytes, scan: Scan::default(), known: HashMap::new(), ordinal: 0, header_seen: false };
    let mut start = 0;
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        scanner.line(start..start + line.len());
        start += line.len();
    }
    scanner.scan.report.header_missing = !scanner.header_seen;
    scanner.scan
}

impl<'a> Scanner<'a> {
    fn line(&mut self, whole: Range<usize>) {
        let inner = trim(self.bytes.get(whole.clone()).unwrap_or_default());
        let line = whole.start + inner.start..whole.start + inner.end;
        let text = self.bytes.get(line.clone()).unwrap_or_default();
        if text.is_empty() {
            return;
        }
        if let Some(parsed) = Line::parse(text) {
            self.record(parsed, line);
        } else {
            for (from, to) in salvage(text) {
                let part = line.start + from..line.start + to;
                if let Some(parsed) = self.bytes.get(part.clone()).and_then(Line::parse) {
                    self.record(parsed, part);
                }
            }
            self.scan.report.damaged_lines += 1;
            self.scan.damage.push(line);
        }
        self.ordinal += 1;
    }

    fn record(&mut self, line: Line<'a>, span: Range<usize>) {
        if line.kind == "session" {
            self.header_seen |= self.ordinal == 0;
            return;
        }
        // Version 1 has no ids. The line number is one that every later reading of the growing file finds again.
        let id = line
            .id
            .as_deref()
            .map_or_else(|| RecordId::of_file(&format!("{:08x}", self.ordinal)), RecordId::of_file);
        if let Some(earlier) = self.known.get(&id)
            && self.bytes.get(earlier.line.clone()) == self.bytes.get(span.clone())
        {
            self.scan.report.duplicates += 1;
            return;
        }
        let index = self.scan.records.len();
        let parent = self.parent_of(&line.parent_id);
        self.known.insert(id.clone(), Known { index, line: span });
        self.scan.records.push(Record { id, parent, ordinal: self.ordinal, line });
    }

    fn parent_of(&mut self, parent: &Parent) -> Option<usize> {
        let before = self.scan.records.len().checked_sub(1);
        match parent {
            Parent::None => None,
            Parent::Unsaid => before,
            Parent::Id(id) => {
                let found = self.known.get(&RecordId::of_file(id)).map(|known| known.index);
                if found.is_none() {
                    self.scan.report.bridged += 1;
                }
                found.or(before)
            }
        }
    }
}

impl Record<'_> {
    /// Whether a compaction's "first kept" means this record.
    pub(super) fn is_first_kept_of(&self, compaction: &Line<'_>) -> bool {
        let by_id =
            || payload::<String>(compaction.first_kept_entry_id).is_some_and(|id| id == self.id.as_str());
        let by_index = || payload(compaction.first_kept_entry_index) == Some(self.ordinal);
        by_id() || by_index()
    }
}
