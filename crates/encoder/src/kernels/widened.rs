//! The product of bytes with plain AVX2, which has no instruction that adds four such products to 32 bits.
//!
//! `maddubs` multiplies 32 pairs of bytes at once but keeps sums of 16 bits, and cuts off what does not fit. Here several of
//! its sums are added in 16 bits before they are widened, and stay exact, because it is known how far each can reach: from
//! every column of the inputs its smallest byte is taken away, what is left is at most the column's range, and the weights say
//! the rest. A sum that reaches over less than 65,536 numbers begins where its reach fits 16 bits. Sums that reach too far are
//! made of fewer products. How often that is needed changes the time and never the result.
#![allow(unsafe_code, reason = "vector instructions take pointers")]

use std::arch::x86_64::*;

use super::machine::{Blocks, GROUP, LANES};

/// Columns that are multiplied before the next ones, so that those of all inputs lie in the nearest memory.
const SLICE: usize = 384;
/// Groups of columns in a slice.
const GROUPS: usize = SLICE / GROUP;
/// Inputs that are multiplied before the next ones.
const INPUTS: usize = 128;
/// Inputs whose sums are made at once.
const TOGETHER: usize = 4;
/// Rows of a block whose sums fill a vector.
const HALF: usize = LANES / 2;
/// Products that are added in 16 bits, if they fit.
const RUN: usize = 4;
/// What is taken away from a column is at most this, so that its products with two weights fit 16 bits.
const MOST_TAKEN: u8 = 127;
/// A sum of 16 bits begins this far below its smallest value.
const MIDDLE: i32 = 1 << 15;

/// A slice's bytes, one per column.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Row([u8; SLICE]);

/// A slice of some inputs.
struct Inputs {
    /// How much of each column is taken away.
    taken: Row,
    /// How much is left of each column at most.
    ranges: Row,
    /// What is left.
    rows: [Row; INPUTS],
    count: usize,
}

/// Products of eight rows with `K` groups of columns, in 16 bits.
#[derive(Clone, Copy)]
struct Run<const K: usize> {
    /// The first group; `group + K` is at most [`GROUPS`].
    group: usize,
    /// Where the sums begin.
    start: __m256i,
    /// None of their products with the inputs' columns reaches beyond 16 bits.
    weights: [__m256i; K],
}

/// Runs, as many as are counted.
struct Runs<const K: usize, const ROOM: usize> {
    all: [Run<K>; ROOM],
    count: usize,
}

/// Half a block of weights, in runs.
struct Half {
    fours: Runs<RUN, { GROUPS / RUN }>,
    twos: Runs<2, { GROUPS / 2 }>,
    /// Each group may be there twice, see [`Half::add_far`].
    ones: Runs<1, { 2 * GROUPS }>,
    /// What is added to the sums of the runs.
    more: __m256i,
}

/// Sets `sums` to the products.
#[target_feature(enable = "avx2")]
pub(super) fn products(inputs: &[u8], blocks: Blocks<'_>, sums: &mut [i32]) {
    blocks.inputs(inputs, sums);
    let mut near = Inputs::new();
    let mut half = Half::new();
    let chunks = inputs.chunks(INPUTS * blocks.columns).zip(sums.chunks_mut(INPUTS * blocks.rows));
    for (inputs, sums) in chunks {
        for start in (0..blocks.columns).step_by(SLICE) {
            let end = blocks.columns.min(start + SLICE);
            near.take(inputs.chunks_exact(blocks.columns).map(|input| &input[start..end]));
            for (block, weights) in blocks.weights.chunks_exact(blocks.columns * LANES).enumerate() {
                for side in 0..2 {
                    half.take(&weights[start * LANES..end * LANES], side, &near);
                    half.multiply(
                        &near,
                        sums.chunks_exact_mut(blocks.rows)
                            .map(|row| &mut row[block * LANES + side * HALF..][..HALF]),
                        start > 0,
                    );
                }
            }
        }
    }
}

impl Inputs {
    fn new() -> Self {
        let row = Row([0; SLICE]);
        Self { taken: row, ranges: row, rows: [row; INPUTS], count: 0 }
    }

    /// Reads a slice of some inputs.
    #[target_feature(enable = "avx2")]
    fn take<'a>(&mut self, inputs: impl Iterator<Item = &'a [u8]>) {
        self.taken.0.fill(MOST_TAKEN);
        self.ranges.0.fill(0);
        self.count = 0;
        for (row, input) in self.rows.iter_mut().zip(inputs) {
            row.0[..input.len()].copy_from_slice(input);
            let columns = self.taken.0.iter_mut().zip(&mut self.ranges.0).zip(&row.0);
            for ((taken, range), byte) in columns {
                *taken = (*taken).min(*byte);
                *range = (*range).max(*byte);
            }
            self.count += 1;
        }
        for row in &mut self.rows[..self.count] {
            for (byte, taken) in row.0.iter_mut().zip(&self.taken.0) {
                *byte -= taken;
            }
        }
        for (range, taken) in self.ranges.0.iter_mut().zip(&self.taken.0) {
            *range -= taken;
        }
    }
}

impl Row {
    /// A group of columns, for each of eight rows of weights.
    ///
    /// # Safety
    /// `group` is less than [`GROUPS`].
    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn group(&self, group: usize) -> __m256i {
        // SAFETY: the caller promises that the four bytes are inside.
        _mm256_set1_epi32(unsafe { self.0.as_ptr().add(GROUP * group).cast::<i32>().read_unaligned() })
    }
}

impl<const K: usize, const ROOM: usize> Runs<K, ROOM> {
    #[target_feature(enable = "avx2")]
    fn new() -> Self {
        let zero = _mm256_setzero_si256();
        Self { all: [Run { group: 0, start: zero, weights: [zero; K] }; ROOM], count: 0 }
    }

    /// Keeps a run if it is `wanted`: without a branch, as that cannot be foreseen.
    #[inline(always)]
    fn add(&mut self, run: Run<K>, wanted: bool) {
        self.all[self.count] = run;
        self.count += usize::from(wanted);
    }
}

/// How far sums of products reach, in 16 bits without a sign.
#[derive(Clone, Copy)]
struct Reach {
    below: __m256i,
    both: __m256i,
}

impl Half {
    #[target_feature(enable = "avx2")]
    fn new() -> Self {
        Self { fours: Runs::new(), twos: Runs::new(), ones: Runs::new(), more: _mm256_setzero_si256() }
    }

    /// Reads one side of a block.
    #[target_feature(enable = "avx2")]
    fn take(&mut self, weights: &[u8], side: usize, inputs: &Inputs) {
        (self.fours.count, self.twos.count, self.ones.count) = (0, 0, 0);
        let (groups, _) = weights.as_chunks::<{ GROUP * LANES }>();
        let (all, rest) = groups.as_chunks::<RUN>();
        // Not `self.more`: a sum that waits for memory takes as long as all the rest.
        let mut more = _mm256_setzero_si256();
        for (first, groups) in (0..GROUPS).step_by(RUN).zip(all) {
            more = _mm256_add_epi32(more, self.take_run(groups, side, first, inputs));
        }
        if !rest.is_empty() {
            let mut padded = [[0; GROUP * LANES]; RUN];
            padded[..rest.len()].copy_from_slice(rest);
            more = _mm256_add_epi32(more, self.take_run(&padded, side, RUN * all.len(), inputs));
        }
        let runs = self.fours.count + self.twos.count + self.ones.count;
        // Each of the two sums of a row began that much too low.
        self.more = _mm256_add_epi32(more, _mm256_set1_epi32(2 * MIDDLE * runs as i32));
    }

    /// Reads some groups; returns what is added to the sums because of them.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn take_run(
        &mut self,
        groups: &[[u8; GROUP * LANES]; RUN],
        side: usize,
        first: usize,
        inputs: &Inputs,
    ) -> __m256i {
        let one = _mm256_set1_epi16(1);
        let mut more = _mm256_setzero_si256();
        let mut vectors = [more; RUN];
        let mut reaches = [Reach { below: more, both: more }; RUN];
        for (place, group) in groups.iter().enumerate() {
            let half = &group.as_chunks::<{ GROUP * HALF }>().0[side];
            // SAFETY: an array of 32 bytes, and there are no more groups in a slice.
            let (mut half, taken, range) = unsafe {
                let half = _mm256_loadu_si256(half.as_ptr().cast());
                (half, inputs.taken.group(first + place), inputs.ranges.group(first + place))
            };
            let back = _mm256_madd_epi16(_mm256_maddubs_epi16(taken, half), one);
            if Reach::is_cut(half, range) {
                let (kept, apart) = self.add_far(half, first + place, range);
                (half, more) = (kept, _mm256_add_epi32(more, apart));
            }
            reaches[place] = Reach::of(half, range);
            vectors[place] = half;
            more = _mm256_add_epi32(more, _mm256_sub_epi32(back, reaches[place].start_below()));
        }
        self.add_runs(first, vectors, reaches);
        more
    }

    /// Weights of which two products do not fit 16 bits: the second one of each becomes a run of its own. Returns the first
    /// ones, and what is added to the sums because of the others.
    #[target_feature(enable = "avx2")]
    #[cold]
    #[inline(never)]
    fn add_far(&mut self, weights: __m256i, group: usize, range: __m256i) -> (__m256i, __m256i) {
        let second = _mm256_set1_epi16(!0xFF);
        let (first, second) = (_mm256_andnot_si256(second, weights), _mm256_and_si256(second, weights));
        let reach = Reach::of(second, range);
        self.ones.add(Run { group, start: reach.start(), weights: [second] }, true);
        (first, _mm256_sub_epi32(_mm256_setzero_si256(), reach.start_below()))
    }

    /// Makes one run, or two, or more.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn add_runs(&mut self, group: usize, weights: [__m256i; RUN], reaches: [Reach; RUN]) {
        let [a, b, c, d] = reaches;
        let twos = [a.and(b), c.and(d)];
        let four = twos[0].and(twos[1]);
        let fits = four.fits();
        self.fours.add(Run { group, start: four.start(), weights }, fits);
        let pairs = weights.as_chunks::<2>().0.iter().zip(reaches.as_chunks::<2>().0);
        for ((group, two), (weights, reaches)) in (group..).step_by(2).zip(twos).zip(pairs) {
            let fit = two.fits();
            self.twos.add(Run { group, start: two.start(), weights: *weights }, !fits & fit);
            if !fit {
                for ((group, weights), reach) in (group..).zip(*weights).zip(reaches) {
                    self.ones.add(Run { group, start: reach.start(), weights: [weights] }, true);
                }
            }
        }
    }

    /// Enters the products with all inputs in their rows; adds them to those of the columns before, if there are any.
    #[target_feature(enable = "avx2")]
    fn multiply<'a>(&self, inputs: &Inputs, mut rows: impl Iterator<Item = &'a mut [i32]>, are_before: bool) {
        let (together, rest) = inputs.rows[..inputs.count].as_chunks::<TOGETHER>();
        for inputs in together {
            enter(&self.sums(inputs), &mut rows, are_before);
        }
        for input in rest.as_chunks::<1>().0 {
            enter(&self.sums(input), &mut rows, are_before);
        }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn sums<const N: usize>(&self, inputs: &[Row; N]) -> [__m256i; N] {
        let mut sums = [self.more; N];
        self.fours.multiply(inputs, &mut sums);
        self.twos.multiply(inputs, &mut sums);
        self.ones.multiply(inputs, &mut sums);
        sums
    }
}

impl Reach {
    /// Of the products of columns with weights, two by two.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn of(weights: __m256i, range: __m256i) -> Self {
        let [above, below] = Self::ends(weights, range);
        let below = _mm256_sub_epi16(_mm256_setzero_si256(), below);
        Self { below, both: _mm256_adds_epu16(above, below) }
    }

    /// Whether they may not fit 16 bits.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn is_cut(weights: __m256i, range: __m256i) -> bool {
        let [above, below] = Self::ends(weights, range);
        let above = _mm256_cmpeq_epi16(above, _mm256_set1_epi16(i16::MAX));
        let below = _mm256_cmpeq_epi16(below, _mm256_set1_epi16(i16::MIN));
        _mm256_movemask_epi8(_mm256_or_si256(above, below)) != 0
    }

    /// The greatest and the smallest they can be.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn ends(weights: __m256i, range: __m256i) -> [__m256i; 2] {
        let zero = _mm256_setzero_si256();
        [_mm256_max_epi8(weights, zero), _mm256_min_epi8(weights, zero)]
            .map(|weights| _mm256_maddubs_epi16(range, weights))
    }

    /// How far below zero two products together can be, for each row.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn start_below(self) -> __m256i {
        // Up to 32,768 and without a sign, which `madd` does not know: it sees the number below zero with the same bits.
        let negative = _mm256_sub_epi16(_mm256_setzero_si256(), self.below);
        _mm256_sub_epi32(_mm256_setzero_si256(), _mm256_madd_epi16(negative, _mm256_set1_epi16(1)))
    }

    /// Of sums of both; saturated where [`Reach::fits`] is false.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn and(self, other: Self) -> Self {
        Self {
            below: _mm256_add_epi16(self.below, other.below),
            both: _mm256_adds_epu16(self.both, other.both),
        }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn fits(self) -> bool {
        _mm256_movemask_epi8(_mm256_cmpeq_epi16(self.both, _mm256_set1_epi16(-1))) == 0
    }

    /// Where sums begin that come down to the smallest number of 16 bits at most.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn start(self) -> __m256i {
        _mm256_xor_si256(self.below, _mm256_set1_epi16(i16::MIN))
    }
}

impl<const K: usize, const ROOM: usize> Runs<K, ROOM> {
    /// Adds the products with some inputs to their sums.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn multiply<const N: usize>(&self, inputs: &[Row; N], sums: &mut [__m256i; N]) {
        let one = _mm256_set1_epi16(1);
        for run in &self.all[..self.count] {
            for (input, sum) in inputs.iter().zip(&mut *sums) {
                let mut narrow = run.start;
                for (place, weights) in run.weights.into_iter().enumerate() {
                    // SAFETY: `Run` promises that all its groups are in a slice.
                    let four = unsafe { input.group(run.group + place) };
                    narrow = _mm256_add_epi16(narrow, _mm256_maddubs_epi16(four, weights));
                }
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(narrow, one));
            }
        }
    }
}

/// Enters sums in the next rows.
#[target_feature(enable = "avx2")]
#[inline]
fn enter<'a>(sums: &[__m256i], rows: &mut impl Iterator<Item = &'a mut [i32]>, are_before: bool) {
    for (sums, row) in sums.iter().zip(rows) {
        let Some(row) = row.as_chunks_mut::<HALF>().0.first_mut() else { continue };
        let at: *mut __m256i = row.as_mut_ptr().cast();
        // SAFETY: an array of eight numbers.
        unsafe {
            let before = if are_before { _mm256_loadu_si256(at) } else { _mm256_setzero_si256() };
            _mm256_storeu_si256(at, _mm256_add_epi32(before, *sums));
        }
    }
}
