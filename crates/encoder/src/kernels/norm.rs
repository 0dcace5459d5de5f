//! Layer normalisation.

use super::machine::{LANES, Machine, reduce};

/// As the model was trained with it.
const EPSILON: f32 = 1e-12;

/// What a normalised row is multiplied with, and what is added.
pub(crate) struct Norm {
    /// Per column.
    pub(crate) factors: Vec<f32>,
    /// Per column.
    pub(crate) offsets: Vec<f32>,
}

/// Adds `more` to the rows and brings each to mean 0 and variance 1, then applies factors and offsets.
#[inline(always)]
pub(super) fn norm<M: Machine>(m: M, norm: &Norm, more: &[f32], rows: &mut [f32]) {
    let width = norm.factors.len();
    for (row, more) in rows.chunks_mut(width).zip(more.chunks(width)) {
        row_norm(m, norm, more.as_chunks().0, row.as_chunks_mut().0);
    }
}

#[inline(always)]
fn row_norm<M: Machine>(m: M, norm: &Norm, more: &[[f32; LANES]], row: &mut [[f32; LANES]]) {
    let width = norm.factors.len() as f32;
    let mut sum = m.splat(0.0);
    for (numbers, more) in row.iter_mut().zip(more) {
        let both = m.add(m.load(numbers), m.load(more));
        m.store(both, numbers);
        sum = m.add(sum, both);
    }
    let mean = m.splat(reduce(m, sum, |a, b| a + b) / width);
    let mut squares = m.splat(0.0);
    for numbers in row.iter() {
        let distance = m.sub(m.load(numbers), mean);
        squares = m.add(squares, m.mul(distance, distance));
    }
    let variance = reduce(m, squares, |a, b| a + b) / width;
    let inverse = m.splat(1.0 / (variance + EPSILON).sqrt());
    let factors = norm.factors.as_chunks().0.iter().zip(norm.offsets.as_chunks().0);
    for (numbers, (factors, offsets)) in row.iter_mut().zip(factors) {
        let scaled = m.mul(m.sub(m.load(numbers), mean), inverse);
        m.store(m.add(m.mul(scaled, m.load(factors)), m.load(offsets)), numbers);
    }
}
