//! The encoder beside the reference: the `tokenizers` package and the f32 model (`tools/encoder-reference.py`).

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use openclaw_encoder::{DIMENSIONS, Encoder, Kernels, MAX_TOKENS, MODEL_SHA256, model_file};
use proptest::prelude::*;

fn texts() -> Vec<String> {
    let texts: Vec<String> = serde_json::from_str(include_str!("data/texts.json")).unwrap();
    assert_eq!(texts.len(), 200);
    texts
}

fn encoder() -> Encoder {
    Encoder::builtin().unwrap()
}

fn reference_vectors() -> Vec<Vec<f32>> {
    let file = include_bytes!("data/vectors.bin");
    let vector = |bytes: &[u8; 4 + DIMENSIONS]| {
        let (scale, numbers) = bytes.split_at(4);
        let scale = f32::from_le_bytes(scale.try_into().unwrap());
        numbers.iter().map(|number| f32::from(number.cast_signed()) * scale).collect()
    };
    file.as_chunks().0.iter().map(vector).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// That the script makes it is checked where Python is: `cargo xtask local`.
#[test]
fn the_file_has_the_digest_that_the_script_prints() {
    let digest = ring::digest::digest(&ring::digest::SHA256, model_file());
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, MODEL_SHA256);
    assert!(model_file().len() <= 24_000_000);
}

#[test]
fn tokens_are_those_of_the_reference() {
    let expected: Vec<Vec<u16>> = serde_json::from_str(include_str!("data/tokens.json")).unwrap();
    let encoder = encoder();
    for (text, expected) in texts().iter().zip(&expected) {
        let ids = encoder.ids(text);
        assert_eq!(ids, *expected, "{text:?}");
        assert_eq!(encoder.tokens(text).min(MAX_TOKENS), ids.len(), "{text:?}");
    }
}

#[test]
fn vectors_are_close_to_those_of_the_reference() {
    let texts = texts();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = encoder().encode(&texts);
    let mut cosines: Vec<f64> =
        vectors.iter().zip(reference_vectors()).map(|(ours, theirs)| cosine(ours, &theirs)).collect();
    cosines.sort_by(f64::total_cmp);
    let mean = cosines.iter().sum::<f64>() / 200.0;
    println!("cosine with the f32 model: mean {mean:.5}, worst {:.5}", cosines[0]);
    assert!(cosines.len() == 200 && cosines[0] >= 0.99 && mean >= 0.998, "worst {}, mean {mean}", cosines[0]);
}

#[test]
fn all_instructions_make_the_same_vectors() {
    let texts = texts();
    let texts: Vec<&str> = texts.iter().step_by(7).map(String::as_str).collect();
    let expected = Encoder::with_kernels(Kernels::portable()).unwrap().encode(&texts);
    for kernels in Kernels::available() {
        let found = Encoder::with_kernels(kernels).unwrap().encode(&texts);
        assert!(found == expected, "{}", kernels.name());
    }
}

#[test]
fn company_changes_nothing() {
    let texts = texts();
    let texts: Vec<&str> = texts.iter().step_by(11).map(String::as_str).collect();
    let encoder = encoder();
    let together = encoder.encode(&texts);
    for (text, expected) in texts.iter().zip(&together) {
        assert_eq!(encoder.encode(&[text])[0], *expected, "{text:?}");
    }
    assert_eq!(encoder.encode(&[]), Vec::<Vec<f32>>::new());
}

#[test]
fn a_megabyte_is_cut_where_the_model_ends() {
    let encoder = encoder();
    for text in ["Wind and rain, ".repeat(70_000), "x".repeat(1 << 20), "\u{301}".repeat(1 << 19)] {
        assert!(encoder.ids(&text).len() <= MAX_TOKENS);
        assert!(encoder.tokens(&text) >= encoder.ids(&text).len());
        assert_length_one(&encoder.encode(&[&text])[0]);
    }
    let start: String = "Wind and rain, ".repeat(64);
    assert_eq!(encoder.encode(&[&start]), encoder.encode(&[&start.repeat(1000)]));
}

fn assert_length_one(vector: &[f32]) {
    let length: f32 = vector.iter().map(|number| number * number).sum();
    assert!(vector.len() == DIMENSIONS && (length - 1.0).abs() < 1e-4, "{length}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_text_has_a_vector(text in "\\PC{0,60}|(?s).{0,200}") {
        let encoder = Encoder::builtin().unwrap();
        let vector = &encoder.encode(&[&text])[0];
        assert_length_one(vector);
        prop_assert_eq!(vector, &encoder.encode(&[&text])[0]);
        let ids = encoder.ids(&text);
        prop_assert!(ids.len() >= 2 && ids.len() <= MAX_TOKENS);
    }
}
