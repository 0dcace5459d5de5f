//! What a search looks at, in memory: the rows of every note, and the vectors of their passages. No text.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::civil::Date;
use openclaw_embed::Vector;

use crate::backend::Source;
use crate::layout::{Row, passages};
use crate::score::Meaning;
use crate::time::unpack;
use crate::when::date_of;

/// A note in the index. Numbers are never used twice in one index file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NoteId(pub(crate) i64);

/// All notes that can be found.
#[derive(Default)]
pub(crate) struct Corpus {
    notes: BTreeMap<NoteId, NoteView>,
    windows: usize,
    window_terms: usize,
    row_terms: usize,
}

/// One note.
pub(crate) struct NoteView {
    pub(crate) path: Arc<str>,
    pub(crate) source: Source,
    pub(crate) rows: Vec<Row>,
    /// The day of the file's name.
    day: Option<Date>,
    /// The rows of each passage.
    pub(crate) passages: Vec<Range<usize>>,
    pub(crate) vectors: Codes,
}

impl NoteView {
    /// A note none of whose passages is embedded.
    pub(crate) fn new(path: Arc<str>, source: Source, rows: Vec<Row>) -> Self {
        let passages = passages(&rows);
        let vectors = Codes::empty(passages.len());
        let day = date_of(&path);
        Self { path, source, rows, day, passages, vectors }
    }

    /// The day a row is about: of the nearest heading with a date, else of the file's name.
    pub(crate) fn day(&self, row: usize) -> Option<Date> {
        unpack(self.rows[row].day).or(self.day)
    }

    /// The rows that can be shown: all but headings with text below them.
    pub(crate) fn shown_rows(&self) -> impl Iterator<Item = usize> {
        (0..self.rows.len()).filter(|&row| self.rows[row].window().is_some())
    }

    /// The passage that holds a row.
    pub(crate) fn passage_of(&self, row: usize) -> Option<usize> {
        let at = self.passages.partition_point(|passage| passage.end <= row);
        self.passages.get(at).filter(|passage| passage.contains(&row)).map(|_| at)
    }
}

impl Corpus {
    pub(crate) fn get(&self, id: NoteId) -> Option<&NoteView> {
        self.notes.get(&id)
    }

    pub(crate) fn notes(&self) -> impl Iterator<Item = (NoteId, &NoteView)> {
        self.notes.iter().map(|(id, view)| (*id, view))
    }

    pub(crate) fn put(&mut self, id: NoteId, view: NoteView) {
        self.remove(id);
        let (windows, window_terms, row_terms) = sums(&view);
        self.windows += windows;
        self.window_terms += window_terms;
        self.row_terms += row_terms;
        self.notes.insert(id, view);
    }

    pub(crate) fn remove(&mut self, id: NoteId) {
        if let Some(view) = self.notes.remove(&id) {
            let (windows, window_terms, row_terms) = sums(&view);
            self.windows -= windows;
            self.window_terms -= window_terms;
            self.row_terms -= row_terms;
        }
    }

    /// To enter vectors that came later than their note. Rows stay as they are.
    pub(crate) fn get_mut(&mut self, id: NoteId) -> Option<&mut NoteView> {
        self.notes.get_mut(&id)
    }

    /// How many windows can be shown.
    pub(crate) fn windows(&self) -> usize {
        self.windows
    }

    /// Terms in all windows.
    pub(crate) fn window_terms(&self) -> usize {
        self.window_terms
    }

    /// Terms in all rows that have a window.
    pub(crate) fn row_terms(&self) -> usize {
        self.row_terms
    }

    /// Passages, and how many of them are embedded.
    pub(crate) fn embedded(&self) -> (usize, usize) {
        let count = |(all, done), view: &NoteView| (all + view.vectors.len(), done + view.vectors.embedded());
        self.notes.values().fold((0, 0), count)
    }

    /// Compares a query with every passage; `None` when none is embedded.
    pub(crate) fn meaning(&self, query: &Vector) -> Option<Meaning> {
        let (codes, scale) = quantize(query.as_slice());
        let mut cosines = BTreeMap::new();
        let (mut count, mut sum, mut squares) = (0_u32, 0.0, 0.0);
        for (id, view) in &self.notes {
            let of_note = view.vectors.cosines(&codes, scale);
            for cosine in of_note.iter().filter(|cosine| **cosine != 0.0).map(|&cosine| f64::from(cosine)) {
                count += 1;
                sum += cosine;
                squares += cosine * cosine;
            }
            cosines.insert(*id, of_note);
        }
        let count = f64::from(count);
        let mean = sum / count;
        let deviation = (squares / count - mean * mean).max(0.0).sqrt();
        (count > 0.0).then_some(Meaning { cosines, mean, deviation })
    }
}

fn sums(view: &NoteView) -> (usize, usize, usize) {
    let rows = view.shown_rows().map(|row| &view.rows[row]);
    rows.fold((0, 0, 0), |(windows, window_terms, row_terms), row| {
        (windows + 1, window_terms + row.window_terms as usize, row_terms + row.terms as usize)
    })
}

/// The vectors of a note's passages: eight bits a number and one scale a vector, which keeps .994 of the ten nearest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Codes {
    dimensions: usize,
    codes: Vec<i8>,
    /// What a code of 1 stands for; 0 for a passage that is not embedded.
    scales: Vec<f32>,
}

impl Codes {
    /// No passage is embedded.
    pub(crate) fn empty(passages: usize) -> Self {
        Self { dimensions: 0, codes: Vec::new(), scales: vec![0.0; passages] }
    }

    pub(crate) fn len(&self) -> usize {
        self.scales.len()
    }

    pub(crate) fn embedded(&self) -> usize {
        self.scales.iter().filter(|scale| **scale > 0.0).count()
    }

    pub(crate) fn has(&self, passage: usize) -> bool {
        self.scales.get(passage).is_some_and(|scale| *scale > 0.0)
    }

    /// Enters a vector of [`encode_vector`]; one of other dimensions than those before is left out.
    pub(crate) fn set(&mut self, passage: usize, encoded: &[u8]) -> bool {
        let Some((codes, scale)) = decode_vector(encoded) else { return false };
        if self.dimensions == 0 {
            self.dimensions = codes.len();
            self.codes = vec![0; codes.len() * self.scales.len()];
        }
        let fits = passage < self.scales.len() && codes.len() == self.dimensions;
        if fits {
            let start = passage * self.dimensions;
            self.codes[start..start + self.dimensions].copy_from_slice(&codes);
            self.scales[passage] = scale;
        }
        fits
    }

    fn cosines(&self, query: &[i8], scale: f32) -> Vec<f32> {
        if self.dimensions == 0 || query.len() != self.dimensions {
            return vec![0.0; self.scales.len()];
        }
        let vectors = self.codes.chunks_exact(self.dimensions);
        let cosine = |(codes, own): (&[i8], &f32)| dot(query, codes) as f32 * scale * own;
        vectors.zip(&self.scales).map(cosine).collect()
    }

    /// As the index stores them: the number of dimensions as `u32`, then scales as `f32`, then codes; little-endian.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = u32::try_from(self.dimensions).unwrap_or(0).to_le_bytes().to_vec();
        bytes.extend(self.scales.iter().flat_map(|scale| scale.to_le_bytes()));
        bytes.extend(self.codes.iter().map(|code| code.to_le_bytes()[0]));
        bytes
    }

    /// The inverse of [`Codes::to_bytes`]; `None` when the bytes are not those of so many passages.
    pub(crate) fn from_bytes(bytes: &[u8], passages: usize) -> Option<Self> {
        let (dimensions, rest) = bytes.split_first_chunk::<4>()?;
        let dimensions = u32::from_le_bytes(*dimensions) as usize;
        let (scales, codes) = rest.split_at_checked(passages * 4)?;
        let scales: Vec<f32> =
            scales.chunks_exact(4).filter_map(|four| four.try_into().ok()).map(f32::from_le_bytes).collect();
        let sane = codes.len() == dimensions * passages
            && scales.iter().all(|scale| scale.is_finite() && *scale >= 0.0);
        let codes = codes.iter().map(|code| i8::from_le_bytes([*code])).collect();
        sane.then_some(Self { dimensions, codes, scales })
    }
}

/// A vector in eight bits a number: the scale as little-endian `f32`, then the codes.
pub(crate) fn encode_vector(vector: &Vector) -> Vec<u8> {
    let (codes, scale) = quantize(vector.as_slice());
    let mut bytes = scale.to_le_bytes().to_vec();
    bytes.extend(codes.iter().map(|code| code.to_le_bytes()[0]));
    bytes
}

/// The inverse of [`encode_vector`]: the codes and their scale.
pub(crate) fn decode_vector(bytes: &[u8]) -> Option<(Vec<i8>, f32)> {
    let (scale, codes) = bytes.split_first_chunk::<4>()?;
    let scale = f32::from_le_bytes(*scale);
    let sane = scale.is_finite() && scale > 0.0 && !codes.is_empty();
    sane.then(|| (codes.iter().map(|code| i8::from_le_bytes([*code])).collect(), scale))
}

fn quantize(vector: &[f32]) -> (Vec<i8>, f32) {
    let largest = vector.iter().fold(0.0_f32, |most, number| most.max(number.abs()));
    let scale = if largest > 0.0 { largest / f32::from(i8::MAX) } else { 1.0 };
    (vector.iter().map(|number| (number / scale).round() as i8).collect(), scale)
}

fn dot(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
}

#[cfg(test)]
mod tests {
    use super::{Codes, encode_vector};
    use openclaw_embed::Vector;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn codes_keep_the_angle(a in proptest::collection::vec(-1_f32..1.0, 384), b in proptest::collection::vec(-1_f32..1.0, 384)) {
            let (Some(a), Some(b)) = (Vector::normalized(a), Vector::normalized(b)) else { return Ok(()) };
            let exact: f32 = a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| a * b).sum();
            let mut codes = Codes::empty(2);
            prop_assert!(codes.set(1, &encode_vector(&b)));
            let (query, scale) = super::quantize(a.as_slice());
            let cosines = codes.cosines(&query, scale);
            prop_assert!(cosines[0] == 0.0 && (cosines[1] - exact).abs() < 0.01);
            prop_assert_eq!(Codes::from_bytes(&codes.to_bytes(), 2), Some(codes));
        }

        #[test]
        fn bytes_from_anywhere_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..64), passages in 0_usize..4) {
            if let Some(codes) = Codes::from_bytes(&bytes, passages) {
                prop_assert_eq!(codes.len(), passages);
            }
            prop_assert!(!Codes::empty(1).set(0, &bytes) || bytes.len() > 4);
        }
    }
}
