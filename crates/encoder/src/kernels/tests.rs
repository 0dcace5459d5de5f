//! Every kind of kernel against the portable one.

use proptest::prelude::*;

use super::machine::Blocks;
use super::{Activation, AttentionScratch, Kernels, Linear, LinearScratch, Norm};
use crate::model::WIDTH;

/// Numbers that look random, from a seed (xorshift).
fn noise(mut seed: u64) -> impl FnMut() -> u64 {
    seed |= 1;
    move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    }
}

fn floats(next: &mut impl FnMut() -> u64, count: usize, size: f32) -> Vec<f32> {
    (0..count).map(|_| ((next() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0) * size).collect()
}

fn products_by_definition(inputs: &[u8], blocks: Blocks<'_>) -> Vec<i32> {
    let weight = |row: usize, column: usize| {
        let at = (row / 16) * 16 * blocks.columns + (column / 4) * 64 + (row % 16) * 4 + column % 4;
        i32::from(blocks.weights[at].cast_signed())
    };
    let row_of = |input: &[u8], row| -> i32 {
        input.iter().enumerate().map(|(column, byte)| i32::from(*byte) * weight(row, column)).sum()
    };
    inputs
        .chunks(blocks.columns)
        .flat_map(|input| (0..blocks.rows).map(move |row| row_of(input, row)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn products_are_exact_with_all_instructions(
        count in 1_usize..20, groups in 1_usize..110, blocks in 1_usize..4, seed: u64, extreme: bool,
    ) {
        let (columns, rows) = (4 * groups, 48 * blocks);
        let mut next = noise(seed);
        let pick = |byte: u64| if extreme { [0, 255, 127, 128][byte as usize % 4] } else { byte as u8 };
        let inputs: Vec<u8> = (0..count * columns).map(|_| pick(next() >> 32)).collect();
        let weights: Vec<u8> = (0..columns * rows).map(|_| pick(next() >> 32)).collect();
        let blocks = Blocks { weights: &weights, columns, rows };
        let expected = products_by_definition(&inputs, blocks);
        for kernels in Kernels::available() {
            let mut sums = vec![-1; count * rows];
            kernels.products(&inputs, blocks, &mut sums);
            prop_assert!(sums == expected, "{}", kernels.name());
        }
    }

    #[test]
    fn comparisons_are_exact_with_all_instructions(columns in 1_usize..400, count in 0_usize..9, seed: u64, extreme: bool) {
        let mut next = noise(seed);
        let pick = |byte: u64| if extreme { [i8::MIN, i8::MAX][byte as usize % 2] } else { byte as i8 };
        let query: Vec<i8> = (0..columns).map(|_| pick(next() >> 32)).collect();
        let rows: Vec<i8> = (0..columns * count).map(|_| pick(next() >> 32)).collect();
        let dot = |row: &[i8]| query.iter().zip(row).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum::<i32>();
        let expected: Vec<i32> = rows.chunks(columns).map(dot).collect();
        let words: Vec<u64> = (0..columns).map(|_| next()).collect();
        let sets: Vec<u64> = (0..columns * count).map(|_| next()).collect();
        let differing = |set: &[u64]| (0..columns * 64).filter(|at| (words[at / 64] ^ set[at / 64]) >> (at % 64) & 1 == 1).count();
        let differences: Vec<usize> = sets.chunks(columns).map(differing).collect();
        for kernels in Kernels::available() {
            let (mut sums, mut counts) = (vec![-1; count], vec![u32::MAX; count]);
            kernels.dots(&query, &rows, &mut sums);
            kernels.differences(&words, &sets, &mut counts);
            prop_assert!(sums == expected, "{}", kernels.name());
            prop_assert!(counts.iter().map(|&count| count as usize).eq(differences.iter().copied()), "{}", kernels.name());
        }
    }

    #[test]
    fn layers_are_equal_bit_for_bit(count in 1_usize..150, seed: u64, size in 0.0_f32..50.0, gelu: bool) {
        let (columns, rows) = (64, 96);
        let mut next = noise(seed);
        let weights: Vec<u8> = (0..columns * rows).map(|_| next() as u8).collect();
        let layer = Linear {
            balance: floats(&mut next, columns, 2.0),
            weights: weights.leak(),
            scales: floats(&mut next, rows, 0.01),
            weight_sums: (0..rows).map(|_| next() as i32 % 10_000).collect(),
            biases: floats(&mut next, rows, 1.0),
            activation: if gelu { Activation::Gelu } else { Activation::None },
        };
        let inputs = floats(&mut next, count * columns, size);
        let run = |kernels: Kernels| {
            let mut outputs = vec![0.0; count * rows];
            kernels.linear(&layer, &inputs, &mut outputs, &mut LinearScratch::default());
            outputs
        };
        let expected = run(Kernels::portable());
        prop_assert!(expected.iter().all(|number| number.is_finite()));
        for kernels in Kernels::available() {
            prop_assert!(same(&run(kernels), &expected), "{}", kernels.name());
        }
    }

    #[test]
    fn norms_and_attention_are_equal_bit_for_bit(count in 1_usize..=256, seed: u64, size in 0.0_f32..20.0) {
        let mut next = noise(seed);
        let norm = Norm { factors: floats(&mut next, WIDTH, 1.0), offsets: floats(&mut next, WIDTH, 1.0) };
        let (rows, more) = (floats(&mut next, count * WIDTH, size), floats(&mut next, count * WIDTH, size));
        let qkv = floats(&mut next, count * 3 * WIDTH, size);
        let run = |kernels: Kernels| {
            let (mut normed, mut mixed) = (rows.clone(), vec![0.0; count * WIDTH]);
            kernels.norm(&norm, &more, &mut normed);
            kernels.attention(&qkv, &mut mixed, &mut AttentionScratch::default());
            [normed, mixed]
        };
        let expected = run(Kernels::portable());
        prop_assert!(expected.iter().flatten().all(|number| number.is_finite()));
        for kernels in Kernels::available() {
            let found = run(kernels);
            prop_assert!(same(&found[0], &expected[0]), "norm with {}", kernels.name());
            prop_assert!(same(&found[1], &expected[1]), "attention with {}", kernels.name());
        }
    }
}

fn same(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

/// What a layer makes of nothing but its bias.
fn gelu_of(x: f32) -> f32 {
    let layer = Linear {
        balance: vec![1.0; 16],
        weights: vec![0; 16 * 48].leak(),
        scales: vec![0.0; 48],
        weight_sums: vec![0; 48],
        biases: vec![x; 48],
        activation: Activation::Gelu,
    };
    let mut outputs = [0.0; 48];
    Kernels::portable().linear(&layer, &[0.0; 16], &mut outputs, &mut LinearScratch::default());
    outputs[0]
}

#[test]
fn gelu_is_the_exact_one() {
    // x * (1 + erf(x / sqrt 2)) / 2 in double precision.
    let table = [
        (-6.0, -5.919_525_9e-9),
        (-3.0, -0.004_049_694),
        (-1.0, -0.158_655_25),
        (-0.5, -0.154_268_77),
        (0.0, 0.0),
        (0.1, 0.053_982_784),
        (1.0, 0.841_344_7),
        (2.5, 2.484_475_8),
        (40.0, 40.0),
        (-40.0, 0.0),
    ];
    for (x, expected) in table {
        assert!((gelu_of(x) - expected).abs() < 4e-7, "gelu({x}) = {}, not {expected}", gelu_of(x));
    }
}
