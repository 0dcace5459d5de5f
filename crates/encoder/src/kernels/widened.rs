//! The product of bytes with plain AVX2: as 16-bit numbers, which is exact. `maddubs` would do with half the steps, but it
//! saturates; what makes it exact again costs more than it saves.
#![allow(unsafe_code, reason = "vector instructions take pointers")]

use std::arch::x86_64::*;

use super::machine::{Blocks, GROUP, LANES};

/// Columns that are multiplied before the next ones: a block of them, widened, fills a third of the nearest memory.
const SLICE: usize = 384;
/// Groups of columns in a slice.
const GROUPS: usize = SLICE / GROUP;
/// Inputs that are widened together.
const INPUTS: usize = 64;

/// Four columns of an input, widened to 16 bits each.
type Four = i64;
/// Four columns of the rows of a block: four rows in each quarter.
type Quarters = [__m256i; 4];

/// Sets `sums` to the products. Weights and inputs are widened once, not for each other.
#[target_feature(enable = "avx2")]
pub(super) fn products(inputs: &[u8], blocks: Blocks<'_>, sums: &mut [i32]) {
    blocks.inputs(inputs, sums);
    let mut fours = [[0; GROUPS]; INPUTS];
    let mut quarters = [[_mm256_setzero_si256(); 4]; GROUPS];
    let chunks = inputs.chunks(INPUTS * blocks.columns).zip(sums.chunks_mut(INPUTS * blocks.rows));
    for (inputs, sums) in chunks {
        for start in (0..blocks.columns).step_by(SLICE) {
            let end = blocks.columns.min(start + SLICE);
            for (fours, input) in fours.iter_mut().zip(inputs.chunks_exact(blocks.columns)) {
                widen_input(&input[start..end], fours);
            }
            for (block, weights) in blocks.weights.chunks_exact(blocks.columns * LANES).enumerate() {
                let quarters = widen_block(&weights[start * LANES..end * LANES], &mut quarters);
                let mut rows = sums.chunks_exact_mut(blocks.rows);
                // With three at a time their sums and what they need do not fit into the sixteen registers.
                let (pairs, rest) = fours[..inputs.len() / blocks.columns].as_chunks::<2>();
                for pair in pairs {
                    enter(&tile(pair, quarters), &mut rows, block, start > 0);
                }
                for one in rest.as_chunks::<1>().0 {
                    enter(&tile(one, quarters), &mut rows, block, start > 0);
                }
            }
        }
    }
}

#[target_feature(enable = "avx2")]
fn widen_input(bytes: &[u8], fours: &mut [Four; GROUPS]) {
    for (four, bytes) in fours.iter_mut().zip(bytes.as_chunks().0) {
        *four = _mm_cvtsi128_si64(_mm_cvtepu8_epi16(_mm_cvtsi32_si128(i32::from_le_bytes(*bytes))));
    }
}

/// The groups of a block that are there.
#[target_feature(enable = "avx2")]
fn widen_block<'a>(weights: &[u8], quarters: &'a mut [Quarters; GROUPS]) -> &'a [Quarters] {
    let (groups, _) = weights.as_chunks::<{ GROUP * LANES }>();
    for (quarters, group) in quarters.iter_mut().zip(groups) {
        for (quarter, bytes) in quarters.iter_mut().zip(group.as_chunks::<16>().0) {
            // SAFETY: an array of 16 bytes.
            *quarter = _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) });
        }
    }
    &quarters[..groups.len().min(GROUPS)]
}

/// The products of some inputs with a block, as its sixteen rows.
#[target_feature(enable = "avx2")]
#[inline]
fn tile<const N: usize>(inputs: &[[Four; GROUPS]; N], weights: &[Quarters]) -> [[__m256i; 2]; N] {
    // A vector holds four rows with two sums each, which are added at the end.
    let mut sums = [[_mm256_setzero_si256(); 4]; N];
    for (group, weights) in (0..GROUPS).zip(weights) {
        let fours = inputs.each_ref().map(|input| _mm256_set1_epi64x(input[group]));
        for quarter in 0..4 {
            for (sums, four) in sums.iter_mut().zip(fours) {
                sums[quarter] = _mm256_add_epi32(sums[quarter], _mm256_madd_epi16(four, weights[quarter]));
            }
        }
    }
    let mut rows = [[_mm256_setzero_si256(); 2]; N];
    for (rows, sums) in rows.iter_mut().zip(&sums) {
        rows[0] = eight_rows(sums[0], sums[1]);
        rows[1] = eight_rows(sums[2], sums[3]);
    }
    rows
}

/// Adds the two sums of each row.
#[target_feature(enable = "avx2")]
#[inline]
fn eight_rows(first: __m256i, second: __m256i) -> __m256i {
    _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(first, second))
}

/// Enters a block's products in the next rows; adds them to those of the columns before, if there are any.
#[target_feature(enable = "avx2")]
#[inline]
fn enter<'a>(
    products: &[[__m256i; 2]],
    rows: &mut impl Iterator<Item = &'a mut [i32]>,
    block: usize,
    are_before: bool,
) {
    for (products, row) in products.iter().zip(rows) {
        let sums = &mut row[block * LANES..][..LANES];
        for (products, sums) in products.iter().zip(sums.as_chunks_mut::<8>().0) {
            let at: *mut __m256i = sums.as_mut_ptr().cast();
            // SAFETY: an array of eight numbers.
            unsafe {
                let before = if are_before { _mm256_loadu_si256(at) } else { _mm256_setzero_si256() };
                _mm256_storeu_si256(at, _mm256_add_epi32(before, *products));
            }
        }
    }
}
