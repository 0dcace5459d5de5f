//! The embedder with the real program: `cargo xtask local` builds it, makes a model for it, and runs this.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at once, with the place")]

use std::path::PathBuf;

use openclaw_embed::local::{Hub, LocalModel, ModelReference, ModelSource, Program};
use openclaw_embed::{Embedder, Purpose};
use serde_json::Value;

/// Cosine with the 32-bit floats of the original weights that 8-bit weights must reach.
const NEAR: f32 = 0.99;

fn named(variable: &str) -> PathBuf {
    PathBuf::from(std::env::var_os(variable).expect("`cargo xtask local` sets it"))
}

#[tokio::test]
#[ignore = "needs the worker program and a model; `cargo xtask local` runs it with both"]
async fn the_real_program_makes_the_vectors_of_the_original_weights() {
    let source = ModelSource {
        reference: ModelReference::File(named("OPENCLAW_LOCAL_MODEL")),
        cache: PathBuf::from("/none"),
        also: Vec::new(),
        hub: Hub::new("http://127.0.0.1:9/", None).unwrap(),
    };
    let program = Program::at(named("OPENCLAW_LOCAL_PROGRAM"));
    let model = LocalModel::new(source, move || Ok(program.clone()));
    let rows: Vec<Value> = serde_json::from_str(include_str!("../../local/tests/reference.json")).unwrap();
    let texts: Vec<String> = rows.iter().map(|row| row["text"].as_str().unwrap().to_owned()).collect();
    let (documents, query) = tokio::join!(
        model.embed(Purpose::Document, texts.clone()),
        model.embed(Purpose::Query, vec![texts[0].clone()]),
    );
    let documents = documents.unwrap();
    for (row, vector) in rows.iter().zip(&documents) {
        let expected: Vec<f32> = serde_json::from_value(row["vector"].clone()).unwrap();
        let near: f32 = vector.as_slice().iter().zip(&expected).map(|(x, y)| x * y).sum();
        assert!(near >= NEAR, "{near} for {}", row["text"]);
    }
    assert_eq!(query.unwrap()[0], documents[0]);
}
