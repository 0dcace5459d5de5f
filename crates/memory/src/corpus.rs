//! What a search looks at, in memory: the rows of every note, and the vectors of their passages. No text.

use std::ops::Range;
use std::sync::Arc;

use jiff::civil::Date;
use openclaw_embed::Vector;
use openclaw_encoder::Kernels;

use crate::backend::Source;
use crate::layout::{Row, passages};
use crate::score::Meaning;
use crate::time::unpack;
use crate::when::date_of;

/// A note in the index. Numbers are never used twice in one index file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NoteId(pub(crate) i64);

/// All notes that can be found. A search goes through them by their place here, its slot, and looks nothing up.
#[derive(Default)]
pub(crate) struct Corpus {
    /// Ascending; `views` lie beside.
    ids: Vec<NoteId>,
    views: Vec<NoteView>,
    sums: Sums,
}

/// What is added up over all notes.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    windows: usize,
    window_terms: usize,
    row_terms: usize,
    passages: usize,
    embedded: usize,
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

    fn sums(&self) -> Sums {
        let rows = self.shown_rows().map(|row| &self.rows[row]);
        let none =
            Sums { passages: self.vectors.len(), embedded: self.vectors.embedded(), ..Sums::default() };
        rows.fold(none, |sums, row| Sums {
            windows: sums.windows + 1,
            window_terms: sums.window_terms + row.window_terms as usize,
            row_terms: sums.row_terms + row.terms as usize,
            ..sums
        })
    }

    /// The passage that holds a row.
    pub(crate) fn passage_of(&self, row: usize) -> Option<usize> {
        let at = self.passages.partition_point(|passage| passage.end <= row);
        self.passages.get(at).filter(|passage| passage.contains(&row)).map(|_| at)
    }
}

impl Corpus {
    pub(crate) fn get(&self, id: NoteId) -> Option<&NoteView> {
        self.views.get(self.slot(id)?)
    }

    /// The place of a note.
    pub(crate) fn slot(&self, id: NoteId) -> Option<usize> {
        self.ids.binary_search(&id).ok()
    }

    /// The numbers of all notes, ascending, by their places.
    pub(crate) fn ids(&self) -> &[NoteId] {
        &self.ids
    }

    /// All notes by their places.
    pub(crate) fn views(&self) -> &[NoteView] {
        &self.views
    }

    pub(crate) fn notes(&self) -> impl Iterator<Item = (NoteId, &NoteView)> {
        self.ids.iter().copied().zip(&self.views)
    }

    pub(crate) fn put(&mut self, id: NoteId, view: NoteView) {
        self.sums = self.sums.with(view.sums());
        match self.ids.binary_search(&id) {
            Ok(slot) => {
                let old = std::mem::replace(&mut self.views[slot], view);
                self.sums = self.sums.without(old.sums());
            }
            // At the end: a new note has the greatest number.
            Err(slot) => {
                self.ids.insert(slot, id);
                self.views.insert(slot, view);
            }
        }
    }

    pub(crate) fn remove(&mut self, id: NoteId) {
        if let Some(slot) = self.slot(id) {
            self.ids.remove(slot);
            let old = self.views.remove(slot);
            self.sums = self.sums.without(old.sums());
        }
    }

    /// To enter vectors that came later than their note; nothing when there is no such note.
    pub(crate) fn change<T>(&mut self, id: NoteId, change: impl FnOnce(&mut NoteView) -> T) -> Option<T> {
        let slot = self.slot(id)?;
        let view = &mut self.views[slot];
        let before = view.sums();
        let done = change(view);
        let after = view.sums();
        self.sums = self.sums.with(after).without(before);
        Some(done)
    }

    /// How many windows can be shown.
    pub(crate) fn windows(&self) -> usize {
        self.sums.windows
    }

    /// Terms in all windows.
    pub(crate) fn window_terms(&self) -> usize {
        self.sums.window_terms
    }

    /// Terms in all rows that have a window.
    pub(crate) fn row_terms(&self) -> usize {
        self.sums.row_terms
    }

    /// Passages, and how many of them are embedded.
    pub(crate) fn embedded(&self) -> (usize, usize) {
        (self.sums.passages, self.sums.embedded)
    }

    /// Compares a query with every passage; `None` when none is embedded.
    pub(crate) fn meaning(&self, query: &Vector) -> Option<Meaning> {
        let (codes, scale) = quantize(query.as_slice());
        let kernels = Kernels::best();
        let mut cosines = Vec::with_capacity(self.sums.passages);
        let mut starts = Vec::with_capacity(self.views.len());
        let mut sums = Vec::new();
        for view in &self.views {
            starts.push(cosines.len());
            view.vectors.cosines(kernels, (&codes, scale), &mut sums, &mut cosines);
        }
        let (mut count, mut sum, mut squares) = (0_u32, 0.0, 0.0);
        for cosine in cosines.iter().filter(|cosine| **cosine != 0.0).map(|&cosine| f64::from(cosine)) {
            count += 1;
            sum += cosine;
            squares += cosine * cosine;
        }
        let count = f64::from(count);
        let mean = sum / count;
        let deviation = (squares / count - mean * mean).max(0.0).sqrt();
        (count > 0.0).then_some(Meaning { cosines, starts, mean, deviation })
    }
}

impl Sums {
    fn with(self, more: Self) -> Self {
        Self {
            windows: self.windows + more.windows,
            window_terms: self.window_terms + more.window_terms,
            row_terms: self.row_terms + more.row_terms,
            passages: self.passages + more.passages,
            embedded: self.embedded + more.embedded,
        }
    }

    fn without(self, less: Self) -> Self {
        Self {
            windows: self.windows - less.windows,
            window_terms: self.window_terms - less.window_terms,
            row_terms: self.row_terms - less.row_terms,
            passages: self.passages - less.passages,
            embedded: self.embedded - less.embedded,
        }
    }
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

    /// Appends the cosine of a query, given as codes and scale, with each passage; 0 for one without a vector of these
    /// dimensions. `sums` is room to work in.
    fn cosines(&self, kernels: Kernels, query: (&[i8], f32), sums: &mut Vec<i32>, cosines: &mut Vec<f32>) {
        let (query, scale) = query;
        if self.dimensions == 0 || query.len() != self.dimensions {
            return cosines.extend(self.scales.iter().map(|_| 0.0));
        }
        sums.resize(self.scales.len(), 0);
        kernels.dots(query, &self.codes, sums);
        cosines.extend(sums.iter().zip(&self.scales).map(|(&sum, own)| sum as f32 * scale * own));
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

fn decode_vector(bytes: &[u8]) -> Option<(Vec<i8>, f32)> {
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

#[cfg(test)]
mod tests {
    use super::{Codes, encode_vector};
    use openclaw_embed::Vector;
    use openclaw_encoder::Kernels;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn codes_keep_the_angle(a in proptest::collection::vec(-1_f32..1.0, 384), b in proptest::collection::vec(-1_f32..1.0, 384)) {
            let (Some(a), Some(b)) = (Vector::normalized(a), Vector::normalized(b)) else { return Ok(()) };
            let exact: f32 = a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| a * b).sum();
            let mut codes = Codes::empty(2);
            prop_assert!(codes.set(1, &encode_vector(&b)));
            let (query, scale) = super::quantize(a.as_slice());
            let mut cosines = Vec::new();
            codes.cosines(Kernels::best(), (&query, scale), &mut Vec::new(), &mut cosines);
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
