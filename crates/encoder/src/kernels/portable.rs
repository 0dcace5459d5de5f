//! Any processor: plain Rust, and what the others are compared with.

use super::machine::{Blocks, GROUP, LANES, Machine};

/// Needs nothing.
#[derive(Clone, Copy)]
pub(super) struct Portable;

/// Sixteen times the same operation.
#[inline(always)]
fn each(a: [f32; LANES], b: [f32; LANES], operation: impl Fn(f32, f32) -> f32) -> [f32; LANES] {
    let mut out = a;
    for (out, b) in out.iter_mut().zip(b) {
        *out = operation(*out, b);
    }
    out
}

impl Machine for Portable {
    type Numbers = [f32; LANES];

    fn splat(self, number: f32) -> Self::Numbers {
        [number; LANES]
    }
    fn load(self, from: &[f32; LANES]) -> Self::Numbers {
        *from
    }
    fn store(self, numbers: Self::Numbers, to: &mut [f32; LANES]) {
        *to = numbers;
    }
    fn add(self, a: Self::Numbers, b: Self::Numbers) -> Self::Numbers {
        each(a, b, |a, b| a + b)
    }
    fn sub(self, a: Self::Numbers, b: Self::Numbers) -> Self::Numbers {
        each(a, b, |a, b| a - b)
    }
    fn mul(self, a: Self::Numbers, b: Self::Numbers) -> Self::Numbers {
        each(a, b, |a, b| a * b)
    }
    fn div(self, a: Self::Numbers, b: Self::Numbers) -> Self::Numbers {
        each(a, b, |a, b| a / b)
    }
    fn max(self, a: Self::Numbers, b: Self::Numbers) -> Self::Numbers {
        each(a, b, |a, b| if a > b { a } else { b })
    }
    fn min(self, a: Self::Numbers, b: Self::Numbers) -> Self::Numbers {
        each(a, b, |a, b| if a < b { a } else { b })
    }
    fn abs(self, a: Self::Numbers) -> Self::Numbers {
        each(a, a, |a, _| a.abs())
    }
    fn exp2(self, a: Self::Numbers, exponent: Self::Numbers) -> Self::Numbers {
        each(a, exponent, |a, exponent| f32::from_bits(a.to_bits().wrapping_add(exponent.to_bits() << 23)))
    }
    fn store_bytes(self, numbers: Self::Numbers, to: &mut [u8; LANES]) {
        for (byte, number) in to.iter_mut().zip(numbers) {
            *byte = number.to_bits() as u8;
        }
    }
    fn centred(self, sums: &[i32; LANES], weights: &[i32; LANES], zero: i32) -> Self::Numbers {
        let mut out = [0.0; LANES];
        for ((out, sum), weights) in out.iter_mut().zip(sums).zip(weights) {
            *out = (sum - zero * weights) as f32;
        }
        out
    }

    fn products(self, inputs: &[u8], blocks: Blocks<'_>, sums: &mut [i32]) {
        blocks.inputs(inputs, sums);
        for (input, sums) in inputs.chunks(blocks.columns).zip(sums.chunks_mut(blocks.rows)) {
            let weights = blocks.weights.chunks(blocks.columns * LANES);
            for (sums, weights) in sums.as_chunks_mut::<LANES>().0.iter_mut().zip(weights) {
                *sums = [0; LANES];
                let groups =
                    input.as_chunks::<GROUP>().0.iter().zip(weights.as_chunks::<{ GROUP * LANES }>().0);
                for (input, weights) in groups {
                    add_group(input, weights, sums);
                }
            }
        }
    }
}

fn add_group(input: &[u8; GROUP], weights: &[u8; GROUP * LANES], sums: &mut [i32; LANES]) {
    for (sum, weights) in sums.iter_mut().zip(weights.as_chunks::<GROUP>().0) {
        for (input, weight) in input.iter().zip(weights) {
            *sum += i32::from(*input) * i32::from(weight.cast_signed());
        }
    }
}
