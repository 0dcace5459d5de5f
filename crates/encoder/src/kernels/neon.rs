//! 64-bit Arm, which always has these instructions.
#![allow(unsafe_code, reason = "vector instructions take pointers")]

use std::arch::aarch64::*;

use super::machine::{Blocks, GROUP, LANES, Machine};

/// Exists on every processor this file is compiled for.
#[derive(Clone, Copy)]
pub(super) struct Neon;

/// Numbers in fours.
type Quarters = [float32x4_t; 4];

/// Runs instructions that always exist here.
macro_rules! neon {
    ($instructions:expr) => {
        // SAFETY: NEON is part of the architecture (the standard library requires it); pointers come from arrays of 16
        // elements, with offsets inside them.
        unsafe { $instructions }
    };
}

/// The same instruction for all quarters.
macro_rules! quarters {
    ($instruction:ident, $a:expr, $b:expr) => {
        neon!([
            $instruction($a[0], $b[0]),
            $instruction($a[1], $b[1]),
            $instruction($a[2], $b[2]),
            $instruction($a[3], $b[3]),
        ])
    };
}

impl Machine for Neon {
    type Numbers = Quarters;

    #[inline(always)]
    fn splat(self, number: f32) -> Quarters {
        neon!([vdupq_n_f32(number); 4])
    }
    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Quarters {
        let at = from.as_ptr();
        neon!([vld1q_f32(at), vld1q_f32(at.add(4)), vld1q_f32(at.add(8)), vld1q_f32(at.add(12))])
    }
    #[inline(always)]
    fn store(self, numbers: Quarters, to: &mut [f32; LANES]) {
        for (quarter, numbers) in numbers.into_iter().enumerate() {
            neon!(vst1q_f32(to.as_mut_ptr().add(4 * quarter), numbers));
        }
    }
    #[inline(always)]
    fn add(self, a: Quarters, b: Quarters) -> Quarters {
        quarters!(vaddq_f32, a, b)
    }
    #[inline(always)]
    fn sub(self, a: Quarters, b: Quarters) -> Quarters {
        quarters!(vsubq_f32, a, b)
    }
    #[inline(always)]
    fn mul(self, a: Quarters, b: Quarters) -> Quarters {
        quarters!(vmulq_f32, a, b)
    }
    #[inline(always)]
    fn div(self, a: Quarters, b: Quarters) -> Quarters {
        quarters!(vdivq_f32, a, b)
    }
    #[inline(always)]
    fn max(self, a: Quarters, b: Quarters) -> Quarters {
        quarters!(greater, a, b)
    }
    #[inline(always)]
    fn min(self, a: Quarters, b: Quarters) -> Quarters {
        quarters!(smaller, a, b)
    }
    #[inline(always)]
    fn abs(self, a: Quarters) -> Quarters {
        neon!(a.map(|quarter| vabsq_f32(quarter)))
    }
    #[inline(always)]
    fn exp2(self, a: Quarters, exponent: Quarters) -> Quarters {
        quarters!(exp2, a, exponent)
    }
    #[inline(always)]
    fn store_bytes(self, numbers: Quarters, to: &mut [u8; LANES]) {
        neon!({
            let halves = numbers.map(|quarter| vmovn_u32(vreinterpretq_u32_f32(quarter)));
            let low = vmovn_u16(vcombine_u16(halves[0], halves[1]));
            let high = vmovn_u16(vcombine_u16(halves[2], halves[3]));
            vst1q_u8(to.as_mut_ptr(), vcombine_u8(low, high));
        });
    }
    #[inline(always)]
    fn centred(self, sums: &[i32; LANES], weights: &[i32; LANES], zero: i32) -> Quarters {
        neon!([0, 4, 8, 12].map(|at| {
            let (sums, weights) = (vld1q_s32(sums.as_ptr().add(at)), vld1q_s32(weights.as_ptr().add(at)));
            vcvtq_f32_s32(vmlsq_n_s32(sums, weights, zero))
        }))
    }

    #[inline(always)]
    fn products(self, inputs: &[u8], blocks: Blocks<'_>, sums: &mut [i32]) {
        let count = blocks.inputs(inputs, sums);
        for first in (0..blocks.rows).step_by(LANES) {
            let mut input = 0;
            while input < count {
                // Each stays inside what `Blocks::inputs` checked: input < count, first < rows, and each is what is left
                // of its slice.
                let tile = Tile {
                    inputs: inputs[input * blocks.columns..].as_ptr(),
                    weights: blocks.weights[first * blocks.columns..].as_ptr(),
                    sums: sums[input * blocks.rows + first..].as_mut_ptr(),
                    columns: blocks.columns,
                    rows: blocks.rows,
                };
                // SAFETY: a tile of N inputs reads N rows from `input` on, which `count - input >= N` leaves, one block
                // from row `first` on, which rows in multiples of LANES leave, and writes as many sums.
                input += unsafe { if count - input == 1 { tile.run::<1>() } else { tile.run::<2>() } };
            }
        }
    }
}

#[target_feature(enable = "neon")]
#[inline]
fn greater(a: float32x4_t, b: float32x4_t) -> float32x4_t {
    vbslq_f32(vcgtq_f32(a, b), a, b)
}

#[target_feature(enable = "neon")]
#[inline]
fn smaller(a: float32x4_t, b: float32x4_t) -> float32x4_t {
    vbslq_f32(vcltq_f32(a, b), a, b)
}

#[target_feature(enable = "neon")]
#[inline]
fn exp2(a: float32x4_t, exponent: float32x4_t) -> float32x4_t {
    let shifted = vshlq_n_s32::<23>(vreinterpretq_s32_f32(exponent));
    vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(a), shifted))
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
    /// Products of `N` inputs with a block of rows; returns `N`.
    ///
    /// Inputs are made signed by taking 128 away, so that signed products fit 16 bits; 128 times the weights come back at the
    /// end.
    ///
    /// # Safety
    /// There are `N` inputs, a block, and their sums behind the pointers.
    #[target_feature(enable = "neon")]
    unsafe fn run<const N: usize>(&self) -> usize {
        // A vector holds two rows with two sums each, which are added at the end.
        let mut sums = [[vdupq_n_s32(0); 8]; N];
        let mut all = [vdupq_n_s32(0); 8];
        for group in 0..self.columns / GROUP {
            // SAFETY: the caller promises N inputs of `columns` bytes.
            let fours: [int8x8_t; N] = std::array::from_fn(|input| unsafe {
                let four =
                    self.inputs.add(input * self.columns + group * GROUP).cast::<u32>().read_unaligned();
                vreinterpret_s8_u32(vdup_n_u32(four ^ 0x8080_8080))
            });
            for pair in 0..8 {
                // SAFETY: the caller promises a block of 16 * columns bytes; group < columns / 4.
                let weights =
                    unsafe { vld1_s8(self.weights.add(group * GROUP * LANES + pair * 8).cast::<i8>()) };
                all[pair] = vpadalq_s16(all[pair], vmovl_s8(weights));
                for (sums, four) in sums.iter_mut().zip(fours) {
                    sums[pair] = vpadalq_s16(sums[pair], vmull_s8(four, weights));
                }
            }
        }
        for (input, sums) in sums.iter().enumerate() {
            for quarter in 0..4 {
                let pair = |of: &[int32x4_t; 8]| vpaddq_s32(of[2 * quarter], of[2 * quarter + 1]);
                let exact = vaddq_s32(pair(sums), vshlq_n_s32::<7>(pair(&all)));
                // SAFETY: the caller promises N rows of `rows` sums, with a block in each.
                unsafe { vst1q_s32(self.sums.add(input * self.rows + quarter * 4), exact) };
            }
        }
        N
    }
}
