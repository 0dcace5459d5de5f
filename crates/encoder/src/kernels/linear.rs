//! Linear layers: inputs are rounded to bytes row by row, multiplied as integers, and scaled back.

use super::machine::{Blocks, LANES, MAGIC, Machine, exp, polynomial, reduce};

/// What follows a linear layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    /// Nothing.
    None,
    /// x times the share of a normal distribution below x.
    Gelu,
}

/// A linear layer.
pub(crate) struct Linear {
    /// What columns of the inputs are multiplied with before they are rounded.
    pub(crate) balance: Vec<f32>,
    /// In blocks, see [`Blocks`].
    pub(crate) weights: &'static [u8],
    /// What a row's weights are multiplied with.
    pub(crate) scales: Vec<f32>,
    /// The sum of each row's weights.
    pub(crate) weight_sums: Vec<i32>,
    /// What is added to a row.
    pub(crate) biases: Vec<f32>,
    /// What follows.
    pub(crate) activation: Activation,
}

/// Room for what lies between two steps.
#[derive(Default)]
pub(crate) struct LinearScratch {
    bytes: Vec<u8>,
    sums: Vec<i32>,
    scales: Vec<Scale>,
}

/// A number is `scale * (byte - zero)`.
#[derive(Clone, Copy)]
struct Scale {
    scale: f32,
    zero: i32,
}

/// The layer's output for every row of inputs.
#[inline(always)]
pub(super) fn linear<M: Machine>(
    m: M,
    layer: &Linear,
    inputs: &[f32],
    outputs: &mut [f32],
    scratch: &mut LinearScratch,
) {
    let (columns, rows) = (layer.balance.len(), layer.biases.len());
    let blocks = Blocks { weights: layer.weights, columns, rows };
    scratch.bytes.resize(inputs.len(), 0);
    scratch.sums.resize(outputs.len(), 0);
    scratch.scales.clear();
    for (input, bytes) in inputs.chunks(columns).zip(scratch.bytes.chunks_mut(columns)) {
        scratch.scales.push(narrow(m, input, &layer.balance, bytes));
    }
    m.products(&scratch.bytes, blocks, &mut scratch.sums);
    let rows_of = scratch.sums.chunks(rows).zip(&scratch.scales);
    for (output, (sums, scale)) in outputs.chunks_mut(rows).zip(rows_of) {
        match layer.activation {
            Activation::None => widen(m, layer, (sums, *scale), output, |numbers| numbers),
            Activation::Gelu => widen(m, layer, (sums, *scale), output, |numbers| gelu(m, numbers)),
        }
    }
}

/// Rounds a row to bytes: its range, which always holds 0, becomes 0 to 255.
#[inline(always)]
fn narrow<M: Machine>(m: M, input: &[f32], balance: &[f32], bytes: &mut [u8]) -> Scale {
    let (input, balance) = (input.as_chunks().0, balance.as_chunks().0);
    let (mut low, mut high) = (m.splat(0.0), m.splat(0.0));
    for (numbers, factors) in input.iter().zip(balance) {
        let numbers = m.mul(m.load(numbers), m.load(factors));
        low = m.min(low, numbers);
        high = m.max(high, numbers);
    }
    let low = reduce(m, low, f32::min);
    let high = reduce(m, high, f32::max);
    // A row of zeros has no range.
    let scale = ((high - low) / 255.0).max(1e-20);
    let inverse = 1.0 / scale;
    let zero = (-low * inverse + MAGIC) - MAGIC;
    let bytes = bytes.as_chunks_mut().0;
    for ((numbers, factors), bytes) in input.iter().zip(balance).zip(bytes) {
        let numbers = m.mul(m.mul(m.load(numbers), m.load(factors)), m.splat(inverse));
        let numbers = m.min(m.max(m.add(numbers, m.splat(zero)), m.splat(0.0)), m.splat(255.0));
        m.store_bytes(m.add(numbers, m.splat(MAGIC)), bytes);
    }
    Scale { scale, zero: zero as i32 }
}

/// Scales a row of sums back, adds the biases, and applies what follows.
#[inline(always)]
fn widen<M: Machine>(
    m: M,
    layer: &Linear,
    (sums, Scale { scale, zero }): (&[i32], Scale),
    output: &mut [f32],
    then: impl Fn(M::Numbers) -> M::Numbers,
) {
    let scales = layer.scales.as_chunks::<LANES>().0;
    let biases = layer.biases.as_chunks::<LANES>().0;
    let weight_sums = layer.weight_sums.as_chunks::<LANES>().0;
    let sums = sums.as_chunks::<LANES>().0.iter().zip(weight_sums);
    let outputs = output.as_chunks_mut::<LANES>().0;
    for (((output, (sums, weight_sums)), scales), biases) in
        outputs.iter_mut().zip(sums).zip(scales).zip(biases)
    {
        let factors = m.mul(m.load(scales), m.splat(scale));
        let numbers = m.mul(m.centred(sums, weight_sums, zero), factors);
        m.store(then(m.add(numbers, m.load(biases))), output);
    }
}

/// The Gaussian error linear unit, by formula 7.1.26 of Abramowitz and Stegun for `erf`: off by less than 1.5e-7 times x.
#[inline(always)]
fn gelu<M: Machine>(m: M, x: M::Numbers) -> M::Numbers {
    let size = m.abs(x);
    let u = m.mul(size, m.splat(std::f32::consts::FRAC_1_SQRT_2));
    let t = m.div(m.splat(1.0), m.add(m.splat(1.0), m.mul(u, m.splat(0.327_591_1))));
    let coefficients = [1.061_405_4, -1.453_152_1, 1.421_413_8, -0.284_496_72, 0.254_829_6, 0.0];
    let power = exp(m, m.sub(m.splat(0.0), m.mul(u, u)));
    // 1 - erf(u): what is missing above x, on both sides.
    let tail = m.mul(polynomial(m, t, &coefficients), power);
    m.sub(m.max(x, m.splat(0.0)), m.mul(m.mul(size, m.splat(0.5)), tail))
}
