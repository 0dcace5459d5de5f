//! Which rows hold a term, remembered: SQLite takes a tenth of a microsecond for every row of a frequent word, and a
//! conversation asks for the same words again. Always the same as what the index file says.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::corpus::NoteId;

/// Rows a note may have: a 2 MiB note has at most one row per byte, so that a row's id is note id and row number.
const ROW_BITS: u32 = 22;
/// Bytes that are remembered at most in a memory of up to so many windows,
const MAX_BYTES: usize = 4 * 1024 * 1024;
const MAX_WINDOWS: usize = 250_000;
/// and further ones for each window beyond: the rows of some ten words that every third window holds.
const BYTES_PER_WINDOW: usize = 24;
/// However many windows there are.
const MOST_BYTES: usize = 48 * 1024 * 1024;
/// What a term costs beside its rows, about.
const BYTES_PER_TERM: usize = 128;

/// A row, as the note it is in and its number there. Ordered by note, then by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowId(i64);

impl RowId {
    pub(crate) fn new(note: NoteId, row: usize) -> Self {
        Self((note.0 << ROW_BITS) | i64::try_from(row).unwrap_or(i64::MAX))
    }

    pub(crate) fn unpack(packed: i64) -> Self {
        Self(packed)
    }

    pub(crate) fn pack(self) -> i64 {
        self.0
    }

    pub(crate) fn note(self) -> NoteId {
        NoteId(self.0 >> ROW_BITS)
    }

    pub(crate) fn row(self) -> usize {
        usize::try_from(self.0 & ((1 << ROW_BITS) - 1)).unwrap_or(0)
    }
}

/// The rows that hold a term, ascending: each note once, and its rows one behind the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    notes: Vec<NoteId>,
    /// Where the rows of each note end.
    ends: Vec<u32>,
    rows: Vec<u32>,
}

impl Rows {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The notes that hold the term, ascending.
    pub(crate) fn notes(&self) -> &[NoteId] {
        &self.notes
    }

    /// Where the rows of a note are, given by its position among the notes.
    pub(crate) fn range(&self, at: usize) -> Range<usize> {
        let end = |at: usize| self.ends.get(at).map_or(0, |end| *end as usize);
        at.checked_sub(1).map_or(0, end)..end(at)
    }

    /// The numbers that the rows have in their notes.
    pub(crate) fn numbers(&self) -> &[u32] {
        &self.rows
    }

    /// All rows.
    pub(crate) fn iter(&self) -> impl Iterator<Item = RowId> {
        let of_note = move |(at, note): (usize, &NoteId)| {
            let note = *note;
            self.rows[self.range(at)].iter().map(move |row| RowId::new(note, *row as usize))
        };
        self.notes.iter().enumerate().flat_map(of_note)
    }

    /// Adds a row behind the others.
    pub(crate) fn push(&mut self, row: RowId) {
        if self.notes.last() != Some(&row.note()) {
            self.notes.push(row.note());
            self.ends.push(0);
        }
        self.rows.push(u32::try_from(row.row()).unwrap_or(u32::MAX));
        if let Some(end) = self.ends.last_mut() {
            // SQLite and the rows of a term are far below 2^32.
            *end = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        }
    }

    /// Forgets the rows of a note.
    fn remove(&mut self, note: NoteId) {
        let Ok(at) = self.notes.binary_search(&note) else { return };
        let range = self.range(at);
        let count = u32::try_from(range.len()).unwrap_or(u32::MAX);
        self.rows.drain(range);
        self.notes.remove(at);
        self.ends.remove(at);
        for end in &mut self.ends[at..] {
            *end -= count;
        }
    }

    /// The last row.
    fn last(&self) -> Option<RowId> {
        Some(RowId::new(*self.notes.last()?, *self.rows.last()? as usize))
    }

    /// The bytes that hold the rows.
    fn bytes(&self) -> usize {
        size_of_val(self.rows.as_slice())
            + size_of_val(self.ends.as_slice())
            + size_of_val(self.notes.as_slice())
    }
}

impl FromIterator<RowId> for Rows {
    /// The rows must ascend.
    fn from_iter<T: IntoIterator<Item = RowId>>(rows: T) -> Self {
        let mut found = Self::default();
        for row in rows {
            found.push(row);
        }
        found.notes.shrink_to_fit();
        found.ends.shrink_to_fit();
        found.rows.shrink_to_fit();
        found
    }
}

/// Rows by term.
#[derive(Debug)]
pub(crate) struct Postings {
    terms: HashMap<Box<str>, Known>,
    bytes: usize,
    max_bytes: usize,
    /// Counts what is asked for.
    now: u64,
}

#[derive(Debug)]
struct Known {
    rows: Arc<Rows>,
    used: u64,
}

impl Default for Postings {
    fn default() -> Self {
        Self { terms: HashMap::new(), bytes: 0, max_bytes: MAX_BYTES, now: 0 }
    }
}

impl Postings {
    /// Remembers as much as a memory of so many windows deserves.
    pub(crate) fn fit(&mut self, windows: usize) {
        let more = windows.saturating_sub(MAX_WINDOWS).saturating_mul(BYTES_PER_WINDOW);
        self.max_bytes = MAX_BYTES.saturating_add(more).min(MOST_BYTES);
    }

    /// The rows of a term, if they are remembered.
    pub(crate) fn get(&mut self, term: &str) -> Option<Arc<Rows>> {
        self.now += 1;
        let known = self.terms.get_mut(term)?;
        known.used = self.now;
        Some(Arc::clone(&known.rows))
    }

    /// Remembers the rows of a term, and forgets terms that were not asked for lately if that is too much.
    pub(crate) fn insert(&mut self, term: &str, rows: &Arc<Rows>) {
        let bytes = cost(rows);
        if bytes > self.max_bytes / 2 {
            return;
        }
        if self.bytes + bytes > self.max_bytes {
            self.forget_half();
        }
        self.bytes += bytes;
        let known = Known { rows: Arc::clone(rows), used: self.now };
        if let Some(old) = self.terms.insert(term.into(), known) {
            self.bytes -= cost(&old.rows);
        }
    }

    /// Another note has come, the newest of all.
    pub(crate) fn add(&mut self, note: NoteId, terms: &[Vec<String>]) {
        if self.terms.is_empty() {
            return;
        }
        for (row, term) in
            terms.iter().enumerate().flat_map(|(row, terms)| terms.iter().map(move |term| (row, term)))
        {
            let Some(known) = self.terms.get_mut(term.as_str()) else { continue };
            let id = RowId::new(note, row);
            if known.rows.last() != Some(id) {
                self.bytes -= cost(&known.rows);
                Arc::make_mut(&mut known.rows).push(id);
                self.bytes += cost(&known.rows);
            }
        }
    }

    /// A note is gone.
    pub(crate) fn remove(&mut self, note: NoteId) {
        for known in self.terms.values_mut() {
            if known.rows.notes().binary_search(&note).is_ok() {
                self.bytes -= cost(&known.rows);
                Arc::make_mut(&mut known.rows).remove(note);
                self.bytes += cost(&known.rows);
            }
        }
    }

    /// Everything may have changed.
    pub(crate) fn clear(&mut self) {
        *self = Self { max_bytes: self.max_bytes, ..Self::default() };
    }

    /// Forgets the half of the terms that was not asked for longest, and once more while that is little.
    fn forget_half(&mut self) {
        while self.bytes > self.max_bytes / 2 && !self.terms.is_empty() {
            let mut used: Vec<u64> = self.terms.values().map(|known| known.used).collect();
            let middle = used.len() / 2;
            let (_, median, _) = used.select_nth_unstable(middle);
            let median = *median;
            let bytes = &mut self.bytes;
            self.terms.retain(|_, known| {
                let stays = known.used > median;
                *bytes -= if stays { 0 } else { cost(&known.rows) };
                stays
            });
        }
    }
}

fn cost(rows: &Rows) -> usize {
    BYTES_PER_TERM + rows.bytes()
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, MOST_BYTES, Postings, RowId, Rows, cost};
    use crate::corpus::NoteId;
    use std::sync::Arc;

    fn rows(of: &[(i64, usize)]) -> Arc<Rows> {
        Arc::new(of.iter().map(|&(note, row)| RowId::new(NoteId(note), row)).collect())
    }

    #[test]
    fn row_ids_round_trip_in_order() {
        let id = RowId::new(NoteId(77), 4_000_000);
        assert_eq!((id.note(), id.row(), RowId::unpack(id.pack())), (NoteId(77), 4_000_000, id));
        assert!(id < RowId::new(NoteId(78), 0) && id > RowId::new(NoteId(77), 3));
    }

    #[test]
    fn rows_are_kept_note_by_note() {
        let pairs = [(1, 0), (1, 4), (3, 2), (9, 0), (9, 1)];
        let mut all = (*rows(&pairs)).clone();
        assert!(all.iter().map(|row| (row.note().0, row.row())).eq(pairs));
        assert_eq!((all.len(), all.notes().len(), all.range(0), all.range(2)), (5, 3, 0..2, 3..5));
        all.remove(NoteId(3));
        all.remove(NoteId(4));
        assert!(all.iter().map(|row| (row.note().0, row.row())).eq([(1, 0), (1, 4), (9, 0), (9, 1)]));
        all.remove(NoteId(1));
        all.push(RowId::new(NoteId(9), 7));
        assert_eq!(all, *rows(&[(9, 0), (9, 1), (9, 7)]));
    }

    #[test]
    fn notes_come_and_go() {
        let mut postings = Postings::default();
        postings.insert("tea", &rows(&[(1, 0), (1, 4), (3, 2)]));
        postings.insert("milk", &rows(&[]));
        postings.add(NoteId(5), &[vec!["tea".into(), "tea".into()], vec!["sugar".into(), "milk".into()]]);
        assert_eq!(postings.get("tea"), Some(rows(&[(1, 0), (1, 4), (3, 2), (5, 0)])));
        assert_eq!(postings.get("milk"), Some(rows(&[(5, 1)])));
        assert_eq!(postings.get("sugar"), None, "what is not known is not half known");
        postings.remove(NoteId(1));
        assert_eq!(postings.get("tea"), Some(rows(&[(3, 2), (5, 0)])));
        let bytes: usize = postings.terms.values().map(|known| cost(&known.rows)).sum();
        assert_eq!(postings.bytes, bytes);
    }

    #[test]
    fn what_was_asked_for_lately_stays() {
        let many = rows(&(0..150_000).map(|row| (1, row)).collect::<Vec<_>>());
        let terms: Vec<String> = (0..30).map(|number| format!("term{number}")).collect();
        // In a larger memory more of it stays.
        for (windows, max_bytes, stays) in
            [(0, MAX_BYTES, false), (1_000_000, MAX_BYTES + 18_000_000, true), (usize::MAX, MOST_BYTES, true)]
        {
            let mut postings = Postings::default();
            postings.fit(windows);
            postings.clear();
            for term in &terms {
                postings.insert(term, &many);
                assert!(postings.get(term).is_some() && postings.get("term0").is_some());
                assert!(postings.bytes <= max_bytes, "{windows}");
            }
            assert_eq!(postings.get("term1").is_some(), stays, "{windows}");
            assert!(postings.get("term29").is_some(), "{windows}");
            let bytes: usize = postings.terms.values().map(|known| cost(&known.rows)).sum();
            assert_eq!(postings.bytes, bytes, "{windows}");
        }
    }
}
