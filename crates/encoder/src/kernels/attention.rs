//! Attention of the tokens of one text to each other, head by head.

use super::machine::{LANES, Machine, exp, reduce};
use crate::model::{HEADS, POSITIONS, WIDTH};

/// Numbers of a head.
const HEAD: usize = WIDTH / HEADS;
/// Tokens whose scores are made at once.
const TOGETHER: usize = 4;
/// A score that leaves nothing.
const NEVER: f32 = -1e30;

/// Room for a head's keys (column by column), its values, and the scores of some tokens.
pub(crate) struct AttentionScratch {
    keys: Vec<[f32; POSITIONS]>,
    values: Vec<[f32; HEAD]>,
    scores: [[f32; POSITIONS]; TOGETHER],
}

impl Default for AttentionScratch {
    fn default() -> Self {
        Self {
            keys: vec![[0.0; POSITIONS]; HEAD],
            values: vec![[0.0; HEAD]; POSITIONS],
            scores: [[0.0; POSITIONS]; TOGETHER],
        }
    }
}

/// Mixes the values of a text's tokens. A row of `qkv` is a token's query, key and value, a row of `mixed` is the result.
#[inline(always)]
pub(super) fn attention<M: Machine>(m: M, qkv: &[f32], mixed: &mut [f32], scratch: &mut AttentionScratch) {
    let (tokens, _) = qkv.as_chunks::<{ 3 * WIDTH }>();
    let (mixed, _) = mixed.as_chunks_mut::<WIDTH>();
    let tokens = &tokens[..tokens.len().min(POSITIONS)];
    for head in 0..HEADS {
        let columns = head * HEAD..(head + 1) * HEAD;
        for (place, token) in tokens.iter().enumerate() {
            let parts = token.as_chunks::<HEAD>().0;
            for (column, number) in scratch.keys.iter_mut().zip(&parts[HEADS + head]) {
                column[place] = *number;
            }
            scratch.values[place] = parts[2 * HEADS + head];
        }
        let groups = tokens.chunks(TOGETHER).zip(mixed.chunks_mut(TOGETHER));
        for (asking, mixed) in groups {
            let mut queries = [[0.0; HEAD]; TOGETHER];
            for (query, token) in queries.iter_mut().zip(asking) {
                query.copy_from_slice(&token[columns.clone()]);
            }
            let shares = scores(m, &queries, tokens.len(), scratch);
            let mut sums = [[0.0; HEAD]; TOGETHER];
            mix(m, &scratch.scores, &scratch.values[..tokens.len()], &mut sums);
            for ((row, sum), share) in mixed.iter_mut().zip(&sums).zip(shares) {
                for (number, sum) in row[columns.clone()].iter_mut().zip(sum) {
                    *number = sum * share;
                }
            }
        }
    }
}

/// Writes how much each token is listened to by the asking ones; returns what makes the weights of one add up to 1.
#[inline(always)]
fn scores<M: Machine>(
    m: M,
    queries: &[[f32; HEAD]; TOGETHER],
    count: usize,
    scratch: &mut AttentionScratch,
) -> [f32; TOGETHER] {
    let blocks = count.div_ceil(LANES);
    let scale = m.splat(1.0 / (HEAD as f32).sqrt());
    for block in 0..blocks {
        let mut sums = [m.splat(0.0); TOGETHER];
        for (column, keys) in scratch.keys.iter().enumerate() {
            let keys = m.load(&keys.as_chunks().0[block]);
            for (sum, query) in sums.iter_mut().zip(queries) {
                *sum = m.add(*sum, m.mul(keys, m.splat(query[column])));
            }
        }
        for (row, sum) in scratch.scores.iter_mut().zip(sums) {
            m.store(m.mul(sum, scale), &mut row.as_chunks_mut().0[block]);
        }
    }
    let mut shares = [0.0; TOGETHER];
    for (row, share) in scratch.scores.iter_mut().zip(&mut shares) {
        row[count..blocks * LANES].fill(NEVER);
        *share = 1.0 / softmax(m, &mut row.as_chunks_mut().0[..blocks]);
    }
    shares
}

/// Scores to weights; returns their sum.
#[inline(always)]
fn softmax<M: Machine>(m: M, row: &mut [[f32; LANES]]) -> f32 {
    let mut greatest = m.splat(NEVER);
    for scores in row.iter() {
        greatest = m.max(greatest, m.load(scores));
    }
    let greatest = m.splat(reduce(m, greatest, f32::max));
    let mut sum = m.splat(0.0);
    for scores in row.iter_mut() {
        let weights = exp(m, m.sub(m.load(scores), greatest));
        m.store(weights, scores);
        sum = m.add(sum, weights);
    }
    reduce(m, sum, |a, b| a + b)
}

/// The values, weighted. One part of the rows after the other: the sums of all of them do not fit into sixteen registers.
#[inline(always)]
fn mix<M: Machine>(
    m: M,
    weights: &[[f32; POSITIONS]; TOGETHER],
    values: &[[f32; HEAD]],
    out: &mut [[f32; HEAD]; TOGETHER],
) {
    for part in 0..HEAD / LANES {
        let mut sums = [m.splat(0.0); TOGETHER];
        for (place, value) in values.iter().enumerate() {
            let value = m.load(&value.as_chunks().0[part]);
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = m.add(*sum, m.mul(value, m.splat(weights[place])));
            }
        }
        for (row, sum) in out.iter_mut().zip(sums) {
            m.store(sum, &mut row.as_chunks_mut().0[part]);
        }
    }
}
