//! The chunks of all notes that can be found, in memory: their lines and vectors. No text.

use std::collections::BTreeMap;

use openclaw_embed::Vector;

use super::formula::Scored;
use crate::codes::decode_vector;
use crate::corpus::NoteId;

/// A chunk: the note it is in and its number there, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ChunkId {
    pub(crate) note: NoteId,
    pub(crate) chunk: usize,
}

/// One chunk.
pub(super) struct ChunkView {
    pub(super) first_line: u32,
    pub(super) last_line: u32,
    /// `None` when it is not embedded.
    pub(super) vector: Option<Code>,
}

/// A vector in eight bits a number, as the cache keeps it; cosines need no scale.
pub(super) struct Code {
    numbers: Vec<i8>,
    norm: f64,
}

impl Code {
    /// From what the cache keeps; `None` for anything else, and for what has no direction.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (numbers, _scale) = decode_vector(bytes)?;
        let norm = numbers.iter().map(|&number| f64::from(number).powi(2)).sum::<f64>().sqrt();
        (norm > 0.0).then_some(Self { numbers, norm })
    }

    /// `None` for a query of another model.
    fn cosine(&self, query: &[f32]) -> Option<f64> {
        let dot =
            || self.numbers.iter().zip(query).map(|(&own, &of)| f64::from(own) * f64::from(of)).sum::<f64>();
        (self.numbers.len() == query.len()).then(|| dot() / self.norm)
    }
}

/// All chunks that can be found.
#[derive(Default)]
pub(crate) struct Chunks {
    notes: BTreeMap<NoteId, Vec<ChunkView>>,
}

impl Chunks {
    /// Enters the next chunk of a note.
    pub(super) fn push(&mut self, note: NoteId, view: ChunkView) {
        self.notes.entry(note).or_default().push(view);
    }

    pub(super) fn get(&self, id: ChunkId) -> Option<&ChunkView> {
        self.notes.get(&id.note)?.get(id.chunk)
    }

    pub(crate) fn remove(&mut self, note: NoteId) {
        self.notes.remove(&note);
    }

    /// Enters the chunks of other notes.
    pub(crate) fn take(&mut self, others: Self) {
        self.notes.extend(others.notes);
    }

    /// Enters a vector that came later than its note. A chunk that is gone is fine.
    pub(super) fn set(&mut self, id: ChunkId, vector: Option<Code>) {
        if let Some(view) = self.notes.get_mut(&id.note).and_then(|views| views.get_mut(id.chunk)) {
            view.vector = vector;
        }
    }

    /// Chunks, and how many of them are embedded.
    pub(crate) fn embedded(&self) -> (usize, usize) {
        let all = self.notes.values().flatten();
        all.fold((0, 0), |(all, done), view| (all + 1, done + usize::from(view.vector.is_some())))
    }

    /// Numbers of a vector; 0 when there is none.
    pub(crate) fn dimensions(&self) -> usize {
        let mut vectors = self.notes.values().flatten().filter_map(|view| view.vector.as_ref());
        vectors.next().map_or(0, |vector| vector.numbers.len())
    }

    /// The chunks without vectors.
    pub(crate) fn unembedded(&self) -> impl Iterator<Item = ChunkId> {
        self.notes.iter().flat_map(|(&note, views)| {
            let missing = views.iter().enumerate().filter(|(_, view)| view.vector.is_none());
            missing.map(move |(chunk, _)| ChunkId { note, chunk })
        })
    }

    /// The chunks that are nearest to a query and their cosines; `None` when it can be compared with none.
    pub(super) fn nearest(&self, query: &Vector, limit: usize) -> Option<Vec<Scored>> {
        let mut found: Vec<Scored> = Vec::new();
        for (&note, views) in &self.notes {
            for (chunk, view) in views.iter().enumerate() {
                let cosine = view.vector.as_ref().and_then(|vector| vector.cosine(query.as_slice()));
                found.extend(cosine.map(|cosine| (ChunkId { note, chunk }, cosine)));
            }
        }
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found.truncate(limit);
        (!found.is_empty()).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::{ChunkId, ChunkView, Chunks, Code};
    use crate::codes::encode_vector;
    use crate::corpus::NoteId;
    use openclaw_embed::Vector;
    use proptest::prelude::*;

    fn chunks(vectors: &[Option<Vec<f32>>]) -> Chunks {
        let mut chunks = Chunks::default();
        for numbers in vectors {
            let vector = numbers.clone().and_then(Vector::normalized).map(|vector| encode_vector(&vector));
            let vector = vector.and_then(|bytes| Code::decode(&bytes));
            chunks.push(NoteId(1), ChunkView { first_line: 1, last_line: 1, vector });
        }
        chunks
    }

    #[test]
    fn only_what_can_be_compared_is_near() {
        let all = chunks(&[None, Some(vec![1.0, 0.0]), Some(vec![1.0, 1.0]), Some(vec![1.0, 0.0, 0.0])]);
        let query = Vector::normalized(vec![0.0, 1.0]).unwrap();
        let near = all.nearest(&query, 24).unwrap();
        assert_eq!(near.iter().map(|(id, _)| id.chunk).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(all.nearest(&query, 1).unwrap().len(), 1);
        assert_eq!((all.embedded(), all.unembedded().count()), ((4, 3), 1));
        assert!(all.nearest(&Vector::normalized(vec![1.0]).unwrap(), 24).is_none());
        assert!(Chunks::default().nearest(&query, 24).is_none());
        assert!(Code::decode(&[]).is_none() && Code::decode(&[0, 0, 128, 63, 0, 0]).is_none());
        assert!(all.get(ChunkId { note: NoteId(1), chunk: 4 }).is_none());
    }

    proptest! {
        #[test]
        fn cosines_are_those_of_the_vectors(
            a in proptest::collection::vec(-1_f32..1.0, 384),
            b in proptest::collection::vec(-1_f32..1.0, 384),
        ) {
            let (Some(a), Some(query)) = (Vector::normalized(a), Vector::normalized(b)) else { return Ok(()) };
            let exact: f64 = a.as_slice().iter().zip(query.as_slice()).map(|(a, b)| f64::from(a * b)).sum();
            let near = chunks(&[Some(a.as_slice().to_vec())]).nearest(&query, 1).unwrap();
            prop_assert!((near[0].1 - exact).abs() < 0.005, "{} {exact}", near[0].1);
        }
    }
}
