//! What every embedder promises. A new one is one more call of [`keeps_the_contract`].
#![allow(clippy::unwrap_used, reason = "a test stops at once when its own assumptions break")]

mod support;

use std::sync::Arc;

use futures_util::FutureExt;
use openclaw_embed::{Embedder, Purpose, Vector};
use openclaw_testkit::embeddings::{Api, EmbeddingServer};
use support::{embedder, turned};

/// Texts of which the first two are about one thing.
const TEXTS: [&str; 4] = [
    "The boat is moored in the harbour of Ebeltoft.",
    "Our boat lies in the harbour at Ebeltoft, at the second bridge.",
    "Green tea needs water of 70 degrees, not more.",
    "Grüße aus København: 日本語のテキスト, עברית, emoji 🦀.",
];

/// `make` gives a new embedder of the same settings each time.
async fn keeps_the_contract(make: impl Fn() -> Arc<dyn Embedder>) {
    let embedder = make();
    let name = embedder.identity().to_string();
    assert_eq!(embedder.identity(), make().identity(), "{name}: the same settings are the same identity");
    assert!(!embedder.identity().model.is_empty() && !embedder.identity().fingerprint.is_empty(), "{name}");
    let limits = embedder.limits();
    assert!(limits.texts > 0 && limits.bytes > 1_000 && limits.concurrency > 0, "{name}: {limits:?}");

    for purpose in [Purpose::Document, Purpose::Query] {
        assert_eq!(of(&*embedder, purpose, &[]).await.len(), 0, "{name}: an empty list");
        let all = of(&*embedder, purpose, &TEXTS).await;
        assert_eq!(all.len(), TEXTS.len(), "{name}: one vector for each text");
        for (text, vector) in TEXTS.iter().zip(&all) {
            let norm = cosine(vector, vector);
            assert!((norm - 1.0).abs() < 1e-3, "{name}: length 1, not {norm}");
            let alone = of(&*embedder, purpose, &[text]).await;
            let same = cosine(vector, &alone[0]);
            assert!(same > 0.995, "{name}: alone or in a list, in order: {same} for {text:?}");
        }
        assert!(cosine(&all[0], &all[1]) > cosine(&all[0], &all[2]), "{name}: what is alike is nearer");
    }
    odd_texts(&*embedder, &name).await;
    many_texts(&*embedder, &name).await;
    dropped_futures(&*embedder, &name).await;
}

async fn odd_texts(embedder: &dyn Embedder, name: &str) {
    let long = "word after word of one very long note ".repeat(4_000);
    let wide = "日本語".repeat(20_000);
    let odd = ["", "   \n", "\u{0}", &long, &wide, "🦀", TEXTS[0]];
    let vectors = of(embedder, Purpose::Document, &odd).await;
    assert_eq!(vectors.len(), odd.len(), "{name}: odd texts keep their places");
    let plain = of(embedder, Purpose::Document, &[TEXTS[0]]).await;
    assert!(cosine(&vectors[6], &plain[0]) > 0.995, "{name}: odd neighbours change nothing");
    let dimensions = plain[0].as_slice().len();
    assert!(vectors.iter().all(|vector| vector.as_slice().len() == dimensions), "{name}: one length");
}

async fn many_texts(embedder: &dyn Embedder, name: &str) {
    let count = embedder.limits().texts.min(128) + 3;
    let texts: Vec<String> = (0..count).map(|number| format!("note{number} about item{number}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = of(embedder, Purpose::Document, &texts).await;
    assert_eq!(vectors.len(), count, "{name}: more texts than one call takes");
    let last = of(embedder, Purpose::Document, &texts[count - 1..]).await;
    assert!(cosine(&vectors[count - 1], &last[0]) > 0.995, "{name}: the order is kept over calls");
}

async fn dropped_futures(embedder: &dyn Embedder, name: &str) {
    for purpose in [Purpose::Document, Purpose::Query] {
        for _ in 0..10 {
            let texts = TEXTS.iter().map(|text| (*text).to_owned()).collect();
            // Polled once, so that it has begun, and dropped.
            let begun = embedder.embed(purpose, texts).now_or_never();
            assert!(begun.is_none_or(|done| done.is_ok()), "{name}");
        }
        assert_eq!(
            of(embedder, purpose, &TEXTS).await.len(),
            TEXTS.len(),
            "{name}: dropped calls block nobody"
        );
    }
}

async fn of(embedder: &dyn Embedder, purpose: Purpose, texts: &[&str]) -> Vec<Vector> {
    let texts = texts.iter().map(|text| (*text).to_owned()).collect();
    embedder.embed(purpose, texts).await.unwrap()
}

fn cosine(a: &Vector, b: &Vector) -> f32 {
    a.as_slice().iter().zip(b.as_slice()).map(|(x, y)| x * y).sum()
}

async fn remote(api: Api) {
    let server = EmbeddingServer::start(api);
    let turned = turned();
    keeps_the_contract(|| Arc::new(embedder(api, &server, &turned.means))).await;
}

#[tokio::test]
async fn openai_keeps_the_contract() {
    remote(Api::OpenAi).await;
}

#[tokio::test]
async fn gemini_keeps_the_contract() {
    remote(Api::Gemini).await;
}

#[tokio::test]
async fn voyage_keeps_the_contract() {
    remote(Api::Voyage).await;
}
