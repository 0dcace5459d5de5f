//! x86-64 with AVX2, and AVX2 with AVX-VNNI (which multiplies bytes directly).
#![allow(unsafe_code, reason = "vector instructions take pointers, and exist on some processors only")]
// A value of type `Avx2` or `AvxVnni` is the proof that the instructions exist; everything here is reached through one.

use std::arch::x86_64::*;

use super::machine::{Blocks, GROUP, LANES, Machine};
use super::widened;

/// Only made by [`Avx2::new`].
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

/// Only made by [`AvxVnni::new`].
#[derive(Clone, Copy)]
pub(super) struct AvxVnni(());

impl Avx2 {
    /// To be called where the instructions exist.
    #[target_feature(enable = "avx2")]
    #[inline]
    pub(super) fn new() -> Self {
        Self(())
    }
}

impl AvxVnni {
    /// To be called where the instructions exist.
    #[target_feature(enable = "avx2,avxvnni")]
    #[inline]
    pub(super) fn new() -> Self {
        Self(())
    }
}

/// Runs instructions that exist because `self` does.
macro_rules! avx2 {
    ($instructions:expr) => {
        // SAFETY: the types of this file are only made where the instructions exist; pointers come from arrays of 64 bytes,
        // or of 16 where 16 bytes are written, with offsets inside them.
        unsafe { $instructions }
    };
}

/// The same instruction for both halves.
macro_rules! halves {
    ($instruction:ident, $a:expr, $b:expr) => {
        avx2!([$instruction($a[0], $b[0]), $instruction($a[1], $b[1])])
    };
}

macro_rules! machine {
    ($machine:ident, $products:path) => {
        impl Machine for $machine {
            type Numbers = [__m256; 2];

            #[inline(always)]
            fn splat(self, number: f32) -> [__m256; 2] {
                avx2!([_mm256_set1_ps(number); 2])
            }
            #[inline(always)]
            fn load(self, from: &[f32; LANES]) -> [__m256; 2] {
                avx2!([_mm256_loadu_ps(from.as_ptr()), _mm256_loadu_ps(from.as_ptr().add(8))])
            }
            #[inline(always)]
            fn store(self, numbers: [__m256; 2], to: &mut [f32; LANES]) {
                avx2!({
                    _mm256_storeu_ps(to.as_mut_ptr(), numbers[0]);
                    _mm256_storeu_ps(to.as_mut_ptr().add(8), numbers[1]);
                });
            }
            #[inline(always)]
            fn add(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
                halves!(_mm256_add_ps, a, b)
            }
            #[inline(always)]
            fn sub(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
                halves!(_mm256_sub_ps, a, b)
            }
            #[inline(always)]
            fn mul(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
                halves!(_mm256_mul_ps, a, b)
            }
            #[inline(always)]
            fn div(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
                halves!(_mm256_div_ps, a, b)
            }
            #[inline(always)]
            fn max(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
                halves!(_mm256_max_ps, a, b)
            }
            #[inline(always)]
            fn min(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
                halves!(_mm256_min_ps, a, b)
            }
            #[inline(always)]
            fn abs(self, a: [__m256; 2]) -> [__m256; 2] {
                let sign = self.splat(-0.0);
                halves!(_mm256_andnot_ps, sign, a)
            }
            #[inline(always)]
            fn exp2(self, a: [__m256; 2], exponent: [__m256; 2]) -> [__m256; 2] {
                avx2!([exp2(a[0], exponent[0]), exp2(a[1], exponent[1])])
            }
            #[inline(always)]
            fn store_bytes(self, numbers: [__m256; 2], to: &mut [u8; LANES]) {
                avx2!(_mm_storeu_si128(to.as_mut_ptr().cast(), lowest_bytes(numbers)));
            }
            #[inline(always)]
            fn centred(self, sums: &[i32; LANES], weights: &[i32; LANES], zero: i32) -> [__m256; 2] {
                avx2!([
                    centred(sums.as_ptr(), weights.as_ptr(), zero),
                    centred(sums.as_ptr().add(8), weights.as_ptr().add(8), zero),
                ])
            }

            #[inline(always)]
            fn products(self, inputs: &[u8], blocks: Blocks<'_>, sums: &mut [i32]) {
                // SAFETY: `self` is only made where the instructions exist.
                unsafe { $products(inputs, blocks, sums) }
            }
        }
    };
}

machine!(Avx2, widened::products);
machine!(AvxVnni, direct);

#[target_feature(enable = "avx2")]
#[inline]
fn exp2(a: __m256, exponent: __m256) -> __m256 {
    let shifted = _mm256_slli_epi32::<23>(_mm256_castps_si256(exponent));
    _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), shifted))
}

#[target_feature(enable = "avx2")]
#[inline]
fn lowest_bytes(numbers: [__m256; 2]) -> __m128i {
    let byte = _mm256_set1_epi32(0xFF);
    let [low, high] = numbers.map(|half| _mm256_and_si256(_mm256_castps_si256(half), byte));
    // Packs work in halves of their own; the middle quarters change places.
    let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi32(low, high));
    _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words))
}

/// # Safety
/// There are eight numbers behind each pointer.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn centred(sums: *const i32, weights: *const i32, zero: i32) -> __m256 {
    // SAFETY: the caller promises eight numbers.
    let (sums, weights) = unsafe { (_mm256_loadu_si256(sums.cast()), _mm256_loadu_si256(weights.cast())) };
    let shift = _mm256_mullo_epi32(weights, _mm256_set1_epi32(zero));
    _mm256_cvtepi32_ps(_mm256_sub_epi32(sums, shift))
}

/// Products with `dpbusd`.
#[target_feature(enable = "avx2,avxvnni")]
fn direct(inputs: &[u8], blocks: Blocks<'_>, sums: &mut [i32]) {
    let count = blocks.inputs(inputs, sums);
    for first in (0..blocks.rows).step_by(LANES) {
        let mut input = 0;
        while input < count {
            // Each stays inside what `Blocks::inputs` checked: input < count, first < rows, and each is what is left of its
            // slice.
            let tile = Tile {
                inputs: inputs[input * blocks.columns..].as_ptr(),
                weights: blocks.weights[first * blocks.columns..].as_ptr(),
                sums: sums[input * blocks.rows + first..].as_mut_ptr(),
                columns: blocks.columns,
                rows: blocks.rows,
            };
            // SAFETY: A tile of N inputs reads N rows from `input` on, which `count - input >= N` leaves, one block from row
            // `first` on, which rows in multiples of LANES leave, and writes as many sums.
            input += unsafe {
                match count - input {
                    1 => tile.direct::<1>(),
                    2 => tile.direct::<2>(),
                    3..6 => tile.direct::<3>(),
                    _ => tile.direct::<6>(),
                }
            };
        }
    }
}

/// Where a tile of the product begins: some inputs, and one block of rows.
struct Tile {
    inputs: *const u8,
    weights: *const u8,
    sums: *mut i32,
    columns: usize,
    rows: usize,
}

impl Tile {
    /// Four bytes of an input.
    ///
    /// # Safety
    /// The input and the group exist.
    #[inline(always)]
    unsafe fn four(&self, input: usize, group: usize) -> i32 {
        // SAFETY: the caller promises that `columns` bytes of this input exist, which are whole groups.
        unsafe { self.inputs.add(input * self.columns + group * GROUP).cast::<i32>().read_unaligned() }
    }

    /// Products with `dpbusd`: four bytes at a time, exact. Returns `N`.
    ///
    /// # Safety
    /// There are `N` inputs, a block, and their sums behind the pointers.
    #[target_feature(enable = "avx2,avxvnni")]
    unsafe fn direct<const N: usize>(&self) -> usize {
        let mut sums = [[_mm256_setzero_si256(); 2]; N];
        for group in 0..self.columns / GROUP {
            // SAFETY: the caller promises a block of 16 * columns bytes; group < columns / 4.
            let weights = unsafe {
                let at: *const __m256i = self.weights.add(group * GROUP * LANES).cast();
                [_mm256_loadu_si256(at), _mm256_loadu_si256(at.add(1))]
            };
            for (input, sums) in sums.iter_mut().enumerate() {
                // SAFETY: the caller promises N inputs.
                let four = _mm256_set1_epi32(unsafe { self.four(input, group) });
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    *sum = _mm256_dpbusd_avx_epi32(*sum, four, weights);
                }
            }
        }
        for (input, sums) in sums.iter().enumerate() {
            // SAFETY: the caller promises N rows of `rows` sums, with a block in each.
            unsafe {
                let to: *mut __m256i = self.sums.add(input * self.rows).cast();
                _mm256_storeu_si256(to, sums[0]);
                _mm256_storeu_si256(to.add(1), sums[1]);
            }
        }
        N
    }
}
