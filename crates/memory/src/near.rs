//! All vectors of a memory in one piece, to be compared with a query at the speed of memory.
//!
//! Up to [`Exact::code_bytes`] they are kept in eight bits a number and compared exactly. Beyond it only the signs are kept, an
//! eighth of that: a rough cosine for each, and the exact one is made of the index file for those that matter.

use openclaw_encoder::Kernels;

use crate::codes::{Codes, QueryCodes, Stored, signed, signs_of};
use crate::corpus::Exact;

/// Of the vectors of which only the signs are kept, one in so many is kept whole, to know what cosines are usual.
const SAMPLED: usize = 64;
/// Vectors that are compared before their cosines are made: what lies between stays in the nearest memory.
const BLOCK: usize = 1_024;
/// Vectors nearest by their signs that are looked at exactly: the ten nearest are among them.
const NEAREST: usize = 400;

/// Vectors by their numbers, from 0. Numbers of notes that went are not used again until all are numbered anew.
pub(crate) struct Vectors {
    max_code_bytes: usize,
    dimensions: usize,
    form: Form,
    /// What a code of 1 stands for; 0 for a passage that is not embedded.
    scales: Vec<f32>,
    embedded: usize,
    /// Numbers that nobody uses any more.
    unused: usize,
}

enum Form {
    Codes(Vec<i8>),
    Signs {
        /// Whole words for each vector.
        signs: Vec<u64>,
        sample: Sample,
    },
}

/// Every [`SAMPLED`]th vector.
#[derive(Default)]
struct Sample {
    codes: Vec<i8>,
    scales: Vec<f32>,
}

/// Cosines of a query with all vectors.
pub(crate) struct Cosines {
    /// By number; 0 stands for a passage that is not embedded.
    pub(crate) all: Vec<f32>,
    pub(crate) mean: f64,
    pub(crate) deviation: f64,
    /// What is to be known of rough ones; none when all are exact.
    pub(crate) rough: Option<Rough>,
}

/// Which cosines are rough.
pub(crate) struct Rough {
    /// By number.
    pub(crate) is_exact: Vec<bool>,
    /// The nearest ones, as far as signs tell.
    pub(crate) nearest: Vec<usize>,
}

impl Cosines {
    /// Whether a cosine is exact.
    pub(crate) fn is_exact(&self, number: usize) -> bool {
        self.rough.as_ref().is_none_or(|rough| rough.is_exact[number])
    }

    /// Enters the exact cosine.
    pub(crate) fn set(&mut self, number: usize, cosine: f32) {
        self.all[number] = cosine;
        if let Some(rough) = &mut self.rough {
            rough.is_exact[number] = true;
        }
    }
}

impl Default for Vectors {
    fn default() -> Self {
        Self::with_limit(Exact::default().code_bytes)
    }
}

impl Vectors {
    /// None yet; above so many bytes of codes, only signs are kept.
    pub(crate) fn with_limit(max_code_bytes: usize) -> Self {
        let form = Form::Codes(Vec::new());
        Self { max_code_bytes, dimensions: 0, form, scales: Vec::new(), embedded: 0, unused: 0 }
    }

    /// Adds the vectors of a note; returns the number of the first.
    pub(crate) fn add(&mut self, codes: &Codes) -> usize {
        let start = self.scales.len();
        self.scales.resize(start + codes.len(), 0.0);
        self.reserve();
        self.set(start, codes);
        start
    }

    /// Adds the vectors of a note as they are stored, one for each of so many passages; returns the number of the first.
    pub(crate) fn take(&mut self, stored: Option<Stored<'_>>, passages: usize) -> usize {
        let start = self.scales.len();
        let Some(stored) = stored.filter(|stored| stored.dimensions > 0) else {
            self.scales.resize(start + passages, 0.0);
            self.reserve();
            return start;
        };
        if self.dimensions == 0 {
            self.dimensions = stored.dimensions;
            self.reserve();
        }
        self.scales.extend(stored.scales.iter().copied().map(f32::from_le_bytes));
        self.embedded += self.scales[start..].iter().filter(|scale| **scale > 0.0).count();
        let is_like_the_others = stored.dimensions == self.dimensions;
        let fits = self.scales.len() * self.dimensions <= self.max_code_bytes;
        if let Form::Codes(codes) = &mut self.form
            && is_like_the_others
            && fits
        {
            codes.extend(signed(stored.codes));
            return start;
        }
        self.reserve();
        if is_like_the_others {
            let codes: Vec<i8> = signed(stored.codes).collect();
            for (number, vector) in (start..).zip(codes.chunks_exact(self.dimensions)) {
                if self.has(number) {
                    self.form.enter(number, vector, self.scales[number]);
                }
            }
        }
        start
    }

    /// Enters the vectors of a note that has its numbers.
    pub(crate) fn set(&mut self, start: usize, codes: &Codes) {
        if self.dimensions == 0 {
            self.dimensions = codes.dimensions();
            self.reserve();
        }
        for passage in 0..codes.len() {
            let Some((vector, scale)) = codes.get(passage) else { continue };
            self.embedded += usize::from(!self.has(start + passage));
            self.scales[start + passage] = scale;
            // Vectors of a model that has changed its mind about dimensions are there, and like nothing.
            if vector.len() == self.dimensions {
                self.form.enter(start + passage, vector, scale);
            }
        }
    }

    /// The vectors of a note are not needed any more.
    pub(crate) fn forget(&mut self, start: usize, count: usize) {
        let numbers = start..start + count;
        self.embedded -= numbers.clone().filter(|number| self.has(*number)).count();
        self.scales[numbers].fill(0.0);
        self.unused += count;
    }

    /// Whether so much is unused that it pays to number anew.
    pub(crate) fn is_loose(&self) -> bool {
        self.unused > 4_096 && self.unused * 4 > self.scales.len()
    }

    /// Numbers anew, in the order of these notes, given as first number and count; the first numbers are set right.
    pub(crate) fn tidy<'a>(&mut self, notes: impl Iterator<Item = (&'a mut usize, usize)>) {
        let mut tidy = Self::with_limit(self.max_code_bytes);
        (tidy.dimensions, tidy.embedded) = (self.dimensions, self.embedded);
        tidy.form = match &self.form {
            Form::Codes(_) => Form::Codes(Vec::new()),
            Form::Signs { .. } => Form::Signs { signs: Vec::new(), sample: Sample::default() },
        };
        for (start, count) in notes {
            let old = std::mem::replace(start, tidy.scales.len());
            tidy.scales.extend_from_slice(&self.scales[old..old + count]);
            tidy.reserve();
            tidy.form.take(*start, &self.form, old..old + count, self.dimensions);
        }
        *self = tidy;
    }

    /// Numbers of a vector; 0 when there is none.
    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// How many passages are embedded.
    pub(crate) fn embedded(&self) -> usize {
        self.embedded
    }

    /// Whether a passage is embedded.
    pub(crate) fn has(&self, number: usize) -> bool {
        self.scales.get(number).is_some_and(|scale| *scale > 0.0)
    }

    /// Makes room for all numbers; turns to signs when that is too much.
    fn reserve(&mut self) {
        let (dimensions, count) = (self.dimensions, self.scales.len());
        match &mut self.form {
            Form::Codes(codes) if count * dimensions <= self.max_code_bytes => {
                codes.resize(count * dimensions, 0);
            }
            Form::Codes(codes) => {
                let codes = std::mem::take(codes);
                self.form = Form::Signs { signs: Vec::new(), sample: Sample::default() };
                self.reserve();
                for ((number, vector), scale) in (0..).zip(codes.chunks_exact(dimensions)).zip(&self.scales) {
                    self.form.enter(number, vector, *scale);
                }
            }
            Form::Signs { signs, sample } => {
                signs.resize(count * dimensions.div_ceil(64), 0);
                sample.codes.resize(count.div_ceil(SAMPLED) * dimensions, 0);
                sample.scales.resize(count.div_ceil(SAMPLED), 0.0);
            }
        }
    }

    /// Compares a query with all; `None` when none is embedded, or none by the model of the query.
    pub(crate) fn compare(&self, query: &QueryCodes) -> Option<Cosines> {
        if self.dimensions == 0 || query.codes.len() != self.dimensions {
            return None;
        }
        let kernels = query.kernels;
        let (all, rough) = match &self.form {
            Form::Codes(codes) => (self.exact(kernels, codes, &self.scales, query), None),
            Form::Signs { signs, .. } => {
                let (all, nearest) = self.roughly(kernels, signs, query);
                (all, Some(Rough { is_exact: vec![false; self.scales.len()], nearest }))
            }
        };
        let usual = match &self.form {
            Form::Codes(_) => moments(&all),
            Form::Signs { sample, .. } => moments(&self.exact(kernels, &sample.codes, &sample.scales, query)),
        };
        usual.map(|(mean, deviation)| Cosines { all, mean, deviation, rough })
    }

    /// The cosines of a query with vectors.
    fn exact(&self, kernels: Kernels, codes: &[i8], scales: &[f32], query: &QueryCodes) -> Vec<f32> {
        let mut cosines = Vec::with_capacity(scales.len());
        let mut sums = [0; BLOCK];
        for (codes, scales) in codes.chunks(BLOCK * self.dimensions).zip(scales.chunks(BLOCK)) {
            kernels.dots(&query.codes, codes, &mut sums[..scales.len()]);
            cosines.extend(sums.iter().zip(scales).map(|(&sum, own)| sum as f32 * query.scale * own));
        }
        cosines
    }

    /// Cosines guessed of the share of signs that differ, and the numbers of the nearest vectors.
    fn roughly(&self, kernels: Kernels, signs: &[u64], query: &QueryCodes) -> (Vec<f32>, Vec<usize>) {
        let words = self.dimensions.div_ceil(64);
        let query = signs_of(&query.codes);
        let mut differing = vec![0; self.scales.len()];
        kernels.differences(&query, signs, &mut differing);
        // Of vectors at an angle, signs differ in about the share that the angle has of half a turn.
        let angle =
            |count: usize| (count as f64 / self.dimensions as f64 * std::f64::consts::PI).cos() as f32;
        let cosines: Vec<f32> = (0..=words * 64).map(angle).collect();
        let mut counts = vec![0_usize; words * 64 + 1];
        let mut all = Vec::with_capacity(self.scales.len());
        for (&count, &scale) in differing.iter().zip(&self.scales) {
            let is_embedded = scale > 0.0;
            counts[count as usize] += usize::from(is_embedded);
            all.push(if is_embedded { cosines[count as usize] } else { 0.0 });
        }
        let mut sum = 0;
        let most = counts.iter().position(|count| {
            sum += count;
            sum >= NEAREST
        });
        let most = most.unwrap_or(words * 64);
        let is_near = |number: &usize| differing[*number] as usize <= most && self.has(*number);
        let nearest = (0..differing.len()).filter(is_near).take(2 * NEAREST).collect();
        (all, nearest)
    }
}

impl Form {
    fn enter(&mut self, number: usize, vector: &[i8], scale: f32) {
        let dimensions = vector.len();
        match self {
            Self::Codes(codes) => codes[number * dimensions..][..dimensions].copy_from_slice(vector),
            Self::Signs { signs, sample } => {
                let of_vector = signs_of(vector);
                signs[number * of_vector.len()..][..of_vector.len()].copy_from_slice(&of_vector);
                if number.is_multiple_of(SAMPLED) {
                    sample.enter(number / SAMPLED, vector, scale);
                }
            }
        }
    }

    /// Takes over vectors of the same form.
    fn take(&mut self, start: usize, from: &Self, old: std::ops::Range<usize>, dimensions: usize) {
        match (self, from) {
            (Self::Codes(codes), Self::Codes(from)) => {
                let vectors = &from[old.start * dimensions..old.end * dimensions];
                codes[start * dimensions..][..vectors.len()].copy_from_slice(vectors);
            }
            (Self::Signs { signs, sample }, Self::Signs { signs: from, sample: from_sample }) => {
                let words = dimensions.div_ceil(64);
                let vectors = &from[old.start * words..old.end * words];
                signs[start * words..][..vectors.len()].copy_from_slice(vectors);
                // Which ones are in the sample changes; near ones are as usual as they were.
                for number in (start..start + old.len()).filter(|number| number.is_multiple_of(SAMPLED)) {
                    let near = (old.start + number - start) / SAMPLED;
                    let vector = &from_sample.codes[near * dimensions..][..dimensions];
                    sample.enter(number / SAMPLED, vector, from_sample.scales[near]);
                }
            }
            (Self::Codes(_), Self::Signs { .. }) | (Self::Signs { .. }, Self::Codes(_)) => {}
        }
    }
}

impl Sample {
    fn enter(&mut self, at: usize, vector: &[i8], scale: f32) {
        self.codes[at * vector.len()..][..vector.len()].copy_from_slice(vector);
        self.scales[at] = scale;
    }
}

/// Mean and deviation of the cosines of passages that are embedded.
fn moments(cosines: &[f32]) -> Option<(f64, f64)> {
    let (mut count, mut sum, mut squares) = (0_u32, 0.0, 0.0);
    for cosine in cosines.iter().filter(|cosine| **cosine != 0.0).map(|&cosine| f64::from(cosine)) {
        count += 1;
        sum += cosine;
        squares += cosine * cosine;
    }
    let count = f64::from(count);
    let mean = sum / count;
    (count > 0.0).then(|| (mean, (squares / count - mean * mean).max(0.0).sqrt()))
}
