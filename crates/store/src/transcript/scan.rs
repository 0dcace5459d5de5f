//! From bytes to a tree of records, whatever the bytes are.

use std::collections::HashMap;
use std::ops::Range;

use super::line::{Line, Parent, branch_point, id_in_damage, payload, salvage, trim};
use super::{RecordId, RepairReport};

/// Records without a parent before them, up to which it is tried to undo that somebody has moved lines: each takes a
/// walk through the file. Programs never write a record before its parent.
const MAX_GAPS_WITH_MOVES: usize = 64;

/// A record in its place in the tree.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) id: RecordId,
    /// Index of the parent among the records. No walk to the root can circle.
    pub(super) parent: Option<usize>,
    /// Whether the parent it names is not in what was read.
    pub(super) gap: bool,
    /// Counts lines from 0, as version 1 compactions do.
    pub(super) ordinal: usize,
    /// Where its line is in what was read.
    pub(super) span: Range<usize>,
    pub(super) line: Line<'a>,
}

/// Whether the bytes are a whole file, or the end of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// A parent that is not here is in front of it, not lost.
    Part,
}

/// A transcript, read.
#[derive(Debug, Default)]
pub(super) struct Scan<'a> {
    pub(super) records: Vec<Record<'a>>,
    /// Index of the record that the conversation goes on from.
    pub(super) leaf: Option<usize>,
    /// Byte ranges that are no records.
    pub(super) damage: Vec<Range<usize>>,
    /// Whether each record names itself and its parent, so that it means the same wherever reading began.
    pub(super) named: bool,
    pub(super) report: RepairReport,
}

struct Scanner<'a> {
    bytes: &'a [u8],
    extent: Extent,
    scan: Scan<'a>,
    /// The last record with each id.
    known: HashMap<RecordId, usize>,
    /// Records that are lost, and what their children hang on instead.
    lost: HashMap<RecordId, Option<usize>>,
    /// What the last child of such a record hangs on.
    last_gap: Option<Option<usize>>,
    /// The record of the last line.
    last: Option<usize>,
    ordinal: usize,
    header_seen: bool,
}

/// Reads all lines. Lines that are no records are reported as damage; records are hung on their parents, or on the
/// record before them if the parent is gone.
pub(super) fn scan(bytes: &[u8], extent: Extent) -> Scan<'_> {
    let mut scanner = Scanner {
        bytes,
        extent,
        scan: Scan { named: true, ..Scan::default() },
        known: HashMap::new(),
        lost: HashMap::new(),
        last_gap: None,
        last: None,
        ordinal: 0,
        header_seen: false,
    };
    let mut start = 0;
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        scanner.line(start..start + line.len());
        start += line.len();
    }
    scanner.finish()
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
            if let Some(id) = id_in_damage(text) {
                let before = self.scan.records.len().checked_sub(1);
                self.lost.entry(RecordId::of_file(id)).or_insert(before);
            }
            self.scan.report.damaged_lines += 1;
            self.scan.damage.push(line);
        }
        self.ordinal += 1;
    }

    fn record(&mut self, line: Line<'a>, span: Range<usize>) {
        if line.kind == "session" {
            // A damaged line may be before it: what a process left that broke off while it made the file.
            self.header_seen |= self.scan.records.is_empty();
            return;
        }
        self.scan.named &= line.id.is_some() && line.parent_id != Parent::Unsaid;
        // Version 1 has no ids. The line number is one that every later reading of the growing file finds again.
        let id = line
            .id
            .as_deref()
            .map_or_else(|| RecordId::of_file(&format!("{:08x}", self.ordinal)), RecordId::of_file);
        let before = self.scan.records.len().checked_sub(1);
        let earlier = self.known.get(&id).copied();
        let twin = earlier.and_then(|earlier| self.scan.records.get(earlier));
        if twin.is_some_and(|twin| self.bytes.get(twin.span.clone()) == self.bytes.get(span.clone())) {
            self.scan.report.duplicates += 1;
            self.last = earlier;
            return;
        }
        let siblings = twin.is_some_and(|twin| twin.line.parent_id == line.parent_id);
        let (parent, gap) = match &line.parent_id {
            // One is a damaged copy of the other and nobody can say which: both stay on the branch.
            _ if siblings => (earlier, false),
            Parent::None => (None, false),
            // Only version 1 says nothing, and has no ids either.
            Parent::Unsaid => (before, line.id.is_some()),
            Parent::Id(named) => match self.known.get(&RecordId::of_file(named)) {
                Some(&parent) => (Some(parent), false),
                None if earlier.is_some() => (earlier, false),
                None if self.extent == Extent::Whole => (self.place_of_lost(named, &line, &span), true),
                None => (None, true),
            },
        };
        self.last = Some(self.scan.records.len());
        self.known.insert(id.clone(), self.scan.records.len());
        self.scan.records.push(Record { id, parent, gap, ordinal: self.ordinal, span, line });
    }

    /// What a record hangs on whose parent is lost: the record before the parent, where that is known from the parent's
    /// damaged line or from another child; else the record before itself.
    fn place_of_lost(&mut self, parent: &str, line: &Line<'_>, span: &Range<usize>) -> Option<usize> {
        let before = self.scan.records.len().checked_sub(1);
        let guess = if line.kind == "branch_summary" {
            // A branch goes back. Its line names the place twice; or else it was at the last gap.
            let from = self.bytes.get(span.clone()).and_then(branch_point);
            let known = from.and_then(|from| self.known.get(&RecordId::of_file(&from)).copied());
            known.map(Some).or(self.last_gap).unwrap_or(before)
        } else {
            before
        };
        let place = *self.lost.entry(RecordId::of_file(parent)).or_insert(guess);
        self.last_gap = Some(place);
        place
    }

    fn finish(mut self) -> Scan<'a> {
        let moved = self.undo_moves();
        // The last line, also if it is a copy of an earlier one that nothing hangs on.
        let is_tip = |last: &usize| self.scan.records.iter().all(|record| record.parent != Some(*last));
        let last = self.last.filter(is_tip).or(self.scan.records.len().checked_sub(1));
        self.scan.leaf = if moved { newest_tip(&self.scan.records) } else { last };
        if self.extent == Extent::Whole {
            self.scan.report.header_missing = !self.header_seen;
            self.scan.report.bridged = self.scan.records.iter().filter(|record| record.gap).count();
        }
        self.scan
    }

    /// Hangs records on parents that stand behind them in the file; whether there were any.
    fn undo_moves(&mut self) -> bool {
        let records = self.scan.records.iter().enumerate();
        let mut gaps: Vec<usize> = records.filter(|(_, record)| record.gap).map(|(index, _)| index).collect();
        let forward: Vec<(usize, usize)> =
            gaps.iter().filter_map(|&gap| Some((gap, self.named_parent(gap)?))).collect();
        if forward.is_empty() || gaps.len() > MAX_GAPS_WITH_MOVES {
            return false;
        }
        // The true links first: a guess in their place would make circles of them.
        for gap in &gaps {
            if let Some(record) = self.scan.records.get_mut(*gap) {
                record.parent = None;
            }
        }
        for (gap, parent) in forward {
            if self.link(gap, parent)
                && let Some(record) = self.scan.records.get_mut(gap)
            {
                record.gap = false;
                gaps.retain(|other| *other != gap);
            }
        }
        if self.extent == Extent::Whole {
            self.bridge_by_time(&gaps);
        }
        true
    }

    fn named_parent(&self, index: usize) -> Option<usize> {
        match &self.scan.records.get(index)?.line.parent_id {
            Parent::Id(id) => self.known.get(&RecordId::of_file(id)).copied(),
            Parent::None | Parent::Unsaid => None,
        }
    }

    /// Where lines were moved, the record that stands before a gap is not the one to go on from: that is the one that
    /// was written last before what comes after the gap.
    fn bridge_by_time(&mut self, gaps: &[usize]) {
        let records = self.scan.records.iter();
        let times: Vec<Option<String>> = records.map(|record| payload(record.line.timestamp)).collect();
        for &gap in gaps {
            let own = times.get(gap).cloned().flatten();
            let earlier = times.iter().enumerate().filter(|(_, time)| time.is_some() && **time < own);
            let before = earlier.max_by_key(|(index, time)| (*time, *index)).map(|(index, _)| index);
            let linked = before.is_some_and(|before| self.link(gap, before));
            if !linked && let Some(before) = gap.checked_sub(1) {
                self.link(gap, before);
            }
        }
    }

    /// Hangs a record on another, unless that would make a circle.
    fn link(&mut self, index: usize, parent: usize) -> bool {
        let circle = path_up(&self.scan.records, parent).any(|above| above == index);
        if !circle && let Some(record) = self.scan.records.get_mut(index) {
            record.parent = Some(parent);
        }
        !circle
    }
}

/// The indexes of a record and of those above it, up to the root.
pub(super) fn path_up(records: &[Record<'_>], from: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(from), |&index| records.get(index)?.parent)
}

/// Where lines were moved, the last line says nothing: the conversation goes on from the newest record without children.
fn newest_tip(records: &[Record<'_>]) -> Option<usize> {
    let mut is_parent = vec![false; records.len()];
    for parent in records.iter().filter_map(|record| record.parent) {
        if let Some(flag) = is_parent.get_mut(parent) {
            *flag = true;
        }
    }
    let time = |index: usize| records.get(index).and_then(|record| payload::<String>(record.line.timestamp));
    let tips = is_parent.iter().enumerate().filter(|(_, is_parent)| !**is_parent);
    tips.map(|(index, _)| index).max_by_key(|&index| (time(index), index))
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
