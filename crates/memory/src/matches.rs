//! Which rows hold the concepts of a query, by note. Pure.

use std::iter;
use std::ops::Range;
use std::sync::Arc;

use crate::corpus::Corpus;
use crate::postings::{RowId, Rows};

/// Rows of one concept and how well each holds it. Rows of a single form are those that are remembered, and not copied.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held {
    rows: Arc<Rows>,
    weights: Weights,
}

#[derive(Debug, Clone)]
enum Weights {
    /// That of every row.
    Same(f32),
    /// Row by row.
    Each(Vec<f32>),
}

impl Default for Weights {
    fn default() -> Self {
        Self::Same(1.0)
    }
}

impl Held {
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many rows.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// With the rows of another form; the better form of a row counts.
    pub(crate) fn or(self, rows: Arc<Rows>, weight: f32) -> Self {
        if self.is_empty() {
            return Self { rows, weights: Weights::Same(weight) };
        }
        if rows.is_empty() {
            return self;
        }
        let (mut together, mut weights) = (Rows::default(), Vec::with_capacity(self.rows.len() + rows.len()));
        let mut enter = |row: RowId, weight: f32| {
            together.push(row);
            weights.push(weight);
        };
        let mut own = self.iter().peekable();
        for row in rows.iter() {
            while let Some((before, weight)) = own.next_if(|(other, _)| *other < row) {
                enter(before, weight);
            }
            let other = own.next_if(|(other, _)| *other == row);
            enter(row, other.map_or(weight, |(_, other)| weight.max(other)));
        }
        own.for_each(|(row, weight)| enter(row, weight));
        Self { rows: Arc::new(together), weights: Weights::Each(weights) }
    }

    fn iter(&self) -> impl Iterator<Item = (RowId, f32)> {
        self.rows.iter().zip(self.of(&(0..self.rows.len())).weights())
    }

    fn of(&self, range: &Range<usize>) -> OfNote<'_> {
        let rows = &self.rows.numbers()[range.clone()];
        match &self.weights {
            Weights::Same(weight) => OfNote { rows, same: *weight, each: None },
            Weights::Each(weights) => OfNote { rows, same: 0.0, each: Some(&weights[range.clone()]) },
        }
    }
}

/// The rows of a note that hold a concept, ascending.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfNote<'a> {
    rows: &'a [u32],
    /// The weight of every row, if they have none of their own.
    same: f32,
    each: Option<&'a [f32]>,
}

impl<'a> OfNote<'a> {
    pub(crate) fn len(self) -> usize {
        self.rows.len()
    }

    pub(crate) fn is_empty(self) -> bool {
        self.rows.is_empty()
    }

    /// Rows, and how well they hold the concept.
    pub(crate) fn iter(self) -> impl Iterator<Item = (usize, f32)> + use<'a> {
        self.rows.iter().map(|row| *row as usize).zip(self.weights())
    }

    /// The rows that are less than so far from one of these, and perhaps some between.
    pub(crate) fn reach(self, far: usize, rows: usize) -> Range<usize> {
        let end = |row: &u32| (*row as usize).saturating_add(far.max(1)).min(rows);
        let first = self.rows.first().map_or(0, |row| (*row as usize + 1).saturating_sub(far));
        first.min(rows)..self.rows.last().map_or(0, end).max(first.min(rows))
    }

    /// All weights together.
    pub(crate) fn sum(self) -> f32 {
        self.each.map_or(self.same * self.len() as f32, |each| each.iter().sum())
    }

    /// The greatest weight; 0 without rows.
    pub(crate) fn most(self) -> f32 {
        let same = if self.is_empty() { 0.0 } else { self.same };
        self.each.map_or(same, |each| each.iter().copied().fold(0.0, f32::max))
    }

    fn weights(self) -> impl Iterator<Item = f32> + use<'a> {
        let same = self.each.is_none().then(|| iter::repeat(self.same)).into_iter().flatten();
        self.each.into_iter().flatten().copied().chain(same)
    }
}

/// For each note that holds a concept of the query, and each concept: the rows that hold it and how well, ascending.
pub(crate) struct Matches {
    /// Places of the notes in the corpus, ascending.
    slots: Vec<usize>,
    /// Note by note, concept by concept: where its rows begin and end.
    spans: Vec<(u32, u32)>,
    /// For each concept the rows of all notes.
    held: Vec<Held>,
    /// How many of them are of notes that are there.
    totals: Vec<usize>,
}

impl Matches {
    /// Sorts what was found, for each concept, by notes. Left out is what is of a generation that is not published, or was
    /// deleted a moment ago by another process.
    pub(crate) fn new(corpus: &Corpus, held: Vec<Held>) -> Self {
        let mut next = vec![0; held.len()];
        let mut totals = vec![0; held.len()];
        let (mut slots, mut spans) = (Vec::new(), Vec::new());
        let mut ids = corpus.ids().iter().copied().enumerate().peekable();
        let note_at = |held: &Held, at: usize| held.rows.notes().get(at).copied();
        while let Some(note) = held.iter().zip(&next).filter_map(|(held, at)| note_at(held, *at)).min() {
            while ids.next_if(|(_, id)| *id < note).is_some() {}
            let slot = ids.peek().filter(|(_, id)| *id == note).map(|(slot, _)| *slot);
            slots.extend(slot);
            for ((held, next), total) in held.iter().zip(&mut next).zip(&mut totals) {
                let is_held = note_at(held, *next) == Some(note);
                let range = if is_held { held.rows.range(*next) } else { 0..0 };
                *next += usize::from(is_held);
                if slot.is_some() {
                    *total += range.len();
                    spans.push((range.start as u32, range.end as u32));
                }
            }
        }
        Self { slots, spans, held, totals }
    }

    /// Concepts that were looked for.
    pub(crate) fn concepts(&self) -> usize {
        self.held.len()
    }

    /// Rows that hold a concept, in all notes.
    pub(crate) fn total(&self, concept: usize) -> usize {
        self.totals[concept]
    }

    /// Places of the notes that hold anything, ascending.
    pub(crate) fn slots(&self) -> &[usize] {
        &self.slots
    }

    /// The rows of a note, given by its position in [`Matches::slots`], that hold a concept.
    pub(crate) fn rows(&self, at: usize, concept: usize) -> OfNote<'_> {
        let (start, end) = self.spans[at * self.concepts() + concept];
        self.held[concept].of(&(start as usize..end as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::Held;
    use crate::corpus::NoteId;
    use crate::postings::{RowId, Rows};
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    type Pairs = BTreeMap<(i64, usize), u8>;

    fn rows<'a>(of: impl IntoIterator<Item = &'a (i64, usize)>) -> Arc<Rows> {
        Arc::new(of.into_iter().map(|(note, row)| RowId::new(NoteId(*note), *row)).collect())
    }

    proptest! {
        #[test]
        fn the_better_form_of_a_row_counts(
            forms in proptest::collection::vec((proptest::collection::btree_set((0_i64..5, 0_usize..20), 0..20), 1_u8..9), 0..4),
        ) {
            let (mut held, mut expected) = (Held::default(), Pairs::new());
            for (form, weight) in &forms {
                held = held.or(rows(form), f32::from(*weight));
                for row in form {
                    let entry = expected.entry(*row).or_insert(0);
                    *entry = (*entry).max(*weight);
                }
            }
            let found: Vec<_> = held.iter().map(|(row, weight)| ((row.note().0, row.row()), weight as u8)).collect();
            prop_assert_eq!(found, expected.clone().into_iter().collect::<Vec<_>>());
            for note in 0..held.rows.notes().len() {
                let of_note = held.of(&held.rows.range(note));
                let weights: Vec<f32> = of_note.iter().map(|(_, weight)| weight).collect();
                prop_assert_eq!(of_note.len(), weights.len());
                prop_assert_eq!(of_note.sum(), weights.iter().sum::<f32>());
                prop_assert_eq!(of_note.most(), weights.iter().copied().fold(0.0, f32::max));
            }
        }
    }
}
