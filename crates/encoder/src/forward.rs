//! A run of the model over the tokens of some texts.

use crate::kernels::{AttentionScratch, Kernels, LinearScratch};
use crate::model::{INNER, Layer, Model, WIDTH};

/// Room for the numbers between layers; grows to what the greatest batch needs.
#[derive(Default)]
pub(crate) struct Scratch {
    rows: Vec<f32>,
    qkv: Vec<f32>,
    mixed: Vec<f32>,
    more: Vec<f32>,
    wide: Vec<f32>,
    linear: LinearScratch,
    attention: AttentionScratch,
}

/// A vector of length 1 for each text. The rows of all texts pass the linear layers as one matrix; each text's tokens attend
/// to each other only.
pub(crate) fn run(
    kernels: Kernels,
    model: &Model,
    texts: &[Vec<u16>],
    scratch: &mut Scratch,
) -> Vec<Vec<f32>> {
    embed(kernels, model, texts, scratch);
    for layer in &model.layers {
        attend(kernels, layer, texts, scratch);
        think(kernels, layer, scratch);
    }
    let mut rows = scratch.rows.as_slice();
    let mut vectors = Vec::with_capacity(texts.len());
    for text in texts {
        let (own, others) = rows.split_at(text.len() * WIDTH);
        rows = others;
        vectors.push(pooled(own));
    }
    vectors
}

fn embed(kernels: Kernels, model: &Model, texts: &[Vec<u16>], scratch: &mut Scratch) {
    let count: usize = texts.iter().map(Vec::len).sum();
    for (room, width) in
        [(&mut scratch.rows, WIDTH), (&mut scratch.mixed, WIDTH), (&mut scratch.qkv, 3 * WIDTH)]
    {
        room.resize(count * width, 0.0);
    }
    let places = texts.iter().flat_map(|text| text.iter().enumerate());
    for (row, (place, id)) in scratch.rows.chunks_mut(WIDTH).zip(places) {
        model.embedding.write(*id, place, row);
    }
    scratch.more.clear();
    scratch.more.resize(count * WIDTH, 0.0);
    kernels.norm(&model.embedding.norm, &scratch.more, &mut scratch.rows);
}

/// Tokens look at each other.
fn attend(kernels: Kernels, layer: &Layer, texts: &[Vec<u16>], scratch: &mut Scratch) {
    kernels.linear(&layer.qkv, &scratch.rows, &mut scratch.qkv, &mut scratch.linear);
    let (mut qkv, mut mixed) = (scratch.qkv.as_slice(), scratch.mixed.as_mut_slice());
    for text in texts {
        let (own_qkv, others_qkv) = qkv.split_at(text.len() * 3 * WIDTH);
        let (own_mixed, others_mixed) = mixed.split_at_mut(text.len() * WIDTH);
        kernels.attention(own_qkv, own_mixed, &mut scratch.attention);
        (qkv, mixed) = (others_qkv, others_mixed);
    }
    kernels.linear(&layer.mixed, &scratch.mixed, &mut scratch.more, &mut scratch.linear);
    kernels.norm(&layer.mixed_norm, &scratch.more, &mut scratch.rows);
}

/// Each token by itself; some pass both layers together, so that their wide rows stay near.
fn think(kernels: Kernels, layer: &Layer, scratch: &mut Scratch) {
    for rows in scratch.rows.chunks_mut(kernels.chunk() * WIDTH) {
        scratch.wide.resize(rows.len() / WIDTH * INNER, 0.0);
        let more = &mut scratch.more[..rows.len()];
        kernels.linear(&layer.up, rows, &mut scratch.wide, &mut scratch.linear);
        kernels.linear(&layer.down, &scratch.wide, more, &mut scratch.linear);
        kernels.norm(&layer.down_norm, more, rows);
    }
}

/// The mean of the tokens, with length 1. There are always at least the two marks, and no model makes their mean 0.
fn pooled(rows: &[f32]) -> Vec<f32> {
    let mut sum = vec![0.0; WIDTH];
    for row in rows.chunks(WIDTH) {
        for (sum, number) in sum.iter_mut().zip(row) {
            *sum += number;
        }
    }
    let length = sum.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt() as f32;
    for number in &mut sum {
        *number /= length;
    }
    sum
}
