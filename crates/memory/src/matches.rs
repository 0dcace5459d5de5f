//! Which rows hold the concepts of a query, by note. Pure.

use crate::corpus::Corpus;
use crate::postings::RowId;

/// Rows of one concept and how well each holds it, ascending.
pub(crate) type Held<R> = Vec<(R, f32)>;

/// For each note that holds a concept of the query, and each concept: the rows that hold it and how well, ascending.
pub(crate) struct Matches {
    /// Places of the notes in the corpus, ascending.
    slots: Vec<usize>,
    /// Note by note, concept by concept: where its rows begin in `held`. One note more, where all end.
    starts: Vec<usize>,
    /// For each concept the rows of all notes.
    held: Vec<Held<usize>>,
}

impl Matches {
    /// Sorts what was found, for each concept, by notes. Left out is what is of a generation that is not published, or was
    /// deleted a moment ago by another process.
    pub(crate) fn new(corpus: &Corpus, found: &[Held<RowId>]) -> Self {
        let mut left: Vec<&[(RowId, f32)]> = found.iter().map(Vec::as_slice).collect();
        let mut matches = Self {
            slots: Vec::new(),
            starts: Vec::new(),
            held: found.iter().map(|rows| Vec::with_capacity(rows.len())).collect(),
        };
        let mut ids = corpus.ids().iter().copied().enumerate().peekable();
        while let Some(note) = left.iter().filter_map(|rows| rows.first()).map(|(row, _)| row.note()).min() {
            while ids.next_if(|(_, id)| *id < note).is_some() {}
            let slot = ids.peek().filter(|(_, id)| *id == note).map(|(slot, _)| *slot);
            if let Some(slot) = slot {
                matches.slots.push(slot);
                matches.starts.extend(matches.held.iter().map(Vec::len));
            }
            for (rows, held) in left.iter_mut().zip(&mut matches.held) {
                let count = rows.iter().take_while(|(row, _)| row.note() == note).count();
                let (of_note, rest) = rows.split_at(count);
                *rows = rest;
                if slot.is_some() {
                    held.extend(of_note.iter().map(|(row, weight)| (row.row(), *weight)));
                }
            }
        }
        matches.starts.extend(matches.held.iter().map(Vec::len));
        matches
    }

    /// Concepts that were looked for.
    pub(crate) fn concepts(&self) -> usize {
        self.held.len()
    }

    /// Rows that hold a concept, in all notes.
    pub(crate) fn total(&self, concept: usize) -> usize {
        self.held[concept].len()
    }

    /// Places of the notes that hold anything, ascending.
    pub(crate) fn slots(&self) -> &[usize] {
        &self.slots
    }

    /// The rows of a note, given by its position in [`Matches::slots`], that hold a concept.
    pub(crate) fn rows(&self, at: usize, concept: usize) -> &[(usize, f32)] {
        let concepts = self.concepts();
        let (start, end) = (self.starts[at * concepts + concept], self.starts[(at + 1) * concepts + concept]);
        &self.held[concept][start..end]
    }
}

/// Rows of two forms of one concept together; the better form of a row counts.
pub(crate) fn merged(a: Held<RowId>, b: impl ExactSizeIterator<Item = (RowId, f32)>) -> Held<RowId> {
    if a.is_empty() {
        return b.collect();
    }
    let mut together = Vec::with_capacity(a.len() + b.len());
    let mut a = a.into_iter().peekable();
    for (row, weight) in b {
        while let Some(before) = a.next_if(|(other, _)| *other < row) {
            together.push(before);
        }
        let weight = a.next_if(|(other, _)| *other == row).map_or(weight, |(_, other)| weight.max(other));
        together.push((row, weight));
    }
    together.extend(a);
    together
}

#[cfg(test)]
mod tests {
    use super::merged;
    use crate::corpus::NoteId;
    use crate::postings::RowId;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn the_better_form_of_a_row_counts(
            a in proptest::collection::btree_map(0_usize..40, 0_u8..9, 0..20), b in proptest::collection::btree_map(0_usize..40, 0_u8..9, 0..20),
        ) {
            let rows = |of: &BTreeMap<usize, u8>| -> Vec<(RowId, f32)> {
                of.iter().map(|(row, weight)| (RowId::new(NoteId(1), *row), f32::from(*weight))).collect()
            };
            let mut expected = a.clone();
            for (row, weight) in &b {
                let entry = expected.entry(*row).or_insert(0);
                *entry = (*entry).max(*weight);
            }
            prop_assert_eq!(merged(rows(&a), rows(&b).into_iter()), rows(&expected));
        }
    }
}
