//! x86-64 with AVX-512 and its VNNI: servers and desktops from about 2020 on.
#![allow(unsafe_code, reason = "vector instructions take pointers, and exist on some processors only")]
// The value of type `Avx512` is the proof that the instructions exist; everything here is reached through one.

use std::arch::x86_64::*;

use super::machine::{Blocks, GROUP, LANES, Machine};

/// Only made by [`Avx512::new`].
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

impl Avx512 {
    /// To be called where the instructions exist.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    #[inline]
    pub(super) fn new() -> Self {
        Self(())
    }
}

/// Runs instructions that exist because `self` does.
macro_rules! avx512 {
    ($instructions:expr) => {
        // SAFETY: `Avx512` is only made where the instructions exist; pointers come from arrays of 64 bytes, or of 16 where
        // 16 bytes are written.
        unsafe { $instructions }
    };
}

impl Machine for Avx512 {
    type Numbers = __m512;

    #[inline(always)]
    fn splat(self, number: f32) -> __m512 {
        avx512!(_mm512_set1_ps(number))
    }
    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> __m512 {
        avx512!(_mm512_loadu_ps(from.as_ptr()))
    }
    #[inline(always)]
    fn store(self, numbers: __m512, to: &mut [f32; LANES]) {
        avx512!(_mm512_storeu_ps(to.as_mut_ptr(), numbers));
    }
    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        avx512!(_mm512_add_ps(a, b))
    }
    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        avx512!(_mm512_sub_ps(a, b))
    }
    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        avx512!(_mm512_mul_ps(a, b))
    }
    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        avx512!(_mm512_div_ps(a, b))
    }
    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        avx512!(_mm512_max_ps(a, b))
    }
    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        avx512!(_mm512_min_ps(a, b))
    }
    #[inline(always)]
    fn abs(self, a: __m512) -> __m512 {
        avx512!(_mm512_abs_ps(a))
    }
    #[inline(always)]
    fn exp2(self, a: __m512, exponent: __m512) -> __m512 {
        avx512!({
            let shifted = _mm512_slli_epi32::<23>(_mm512_castps_si512(exponent));
            _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), shifted))
        })
    }
    #[inline(always)]
    fn store_bytes(self, numbers: __m512, to: &mut [u8; LANES]) {
        avx512!(_mm_storeu_si128(to.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(_mm512_castps_si512(numbers))));
    }
    #[inline(always)]
    fn centred(self, sums: &[i32; LANES], weights: &[i32; LANES], zero: i32) -> __m512 {
        avx512!({
            let weights = _mm512_loadu_si512(weights.as_ptr().cast());
            let shift = _mm512_mullo_epi32(weights, _mm512_set1_epi32(zero));
            _mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_loadu_si512(sums.as_ptr().cast()), shift))
        })
    }

    #[inline(always)]
    fn products(self, inputs: &[u8], blocks: Blocks<'_>, sums: &mut [i32]) {
        let count = blocks.inputs(inputs, sums);
        for first in (0..blocks.rows).step_by(WIDE * LANES) {
            let mut input = 0;
            while input < count {
                let tile = Tile {
                    // Each stays inside what `Blocks::inputs` checked: input < count, first < rows, and both are what is
                    // left of their slices.
                    inputs: inputs[input * blocks.columns..].as_ptr(),
                    weights: blocks.weights[first * blocks.columns..].as_ptr(),
                    sums: sums[input * blocks.rows + first..].as_mut_ptr(),
                    columns: blocks.columns,
                    rows: blocks.rows,
                };
                // SAFETY: `Avx512` is only made where the instructions exist. A tile of N inputs reads N rows from `input`
                // on, which `count - input >= N` leaves, WIDE blocks from row `first` on, which rows in multiples of
                // 3 * LANES leave, and writes as many sums.
                input += unsafe {
                    match count - input {
                        1 => tile.run::<1>(),
                        2 | 3 => tile.run::<2>(),
                        4..8 => tile.run::<4>(),
                        _ => tile.run::<8>(),
                    }
                };
            }
        }
    }
}

/// Blocks of rows that are multiplied at once.
const WIDE: usize = 3;

/// Where a tile of the product begins.
struct Tile {
    inputs: *const u8,
    weights: *const u8,
    sums: *mut i32,
    columns: usize,
    rows: usize,
}

impl Tile {
    /// Products of `N` inputs with [`WIDE`] blocks of rows; returns `N`.
    ///
    /// # Safety
    /// There are that many of each behind the pointers.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn run<const N: usize>(&self) -> usize {
        let mut sums = [[_mm512_setzero_si512(); WIDE]; N];
        for group in 0..self.columns / GROUP {
            // SAFETY: the caller promises WIDE blocks of 16 * columns bytes; group < columns / 4.
            let weights: [__m512i; WIDE] = unsafe {
                let at = self.weights.add(group * GROUP * LANES);
                let block = self.columns * LANES;
                [0, 1, 2].map(|number| _mm512_loadu_si512(at.add(number * block).cast()))
            };
            for (input, sums) in sums.iter_mut().enumerate() {
                // SAFETY: the caller promises N rows of `columns` bytes.
                let four = unsafe {
                    self.inputs.add(input * self.columns + group * GROUP).cast::<i32>().read_unaligned()
                };
                let four = _mm512_set1_epi32(four);
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    *sum = _mm512_dpbusd_epi32(*sum, four, weights);
                }
            }
        }
        for (input, sums) in sums.iter().enumerate() {
            for (block, sum) in sums.iter().enumerate() {
                // SAFETY: the caller promises N rows of `rows` sums, and WIDE blocks in each.
                unsafe {
                    let to = self.sums.add(input * self.rows + block * LANES);
                    _mm512_storeu_si512(to.cast(), *sum);
                }
            }
        }
        N
    }
}
