//! Voyage's embeddings. Source: Voyage API reference, "Text embedding models".

use serde::Serialize;

use crate::Purpose;

/// Used when the configuration names none, as OpenClaw 2026.2.9 does.
pub(super) const DEFAULT_MODEL: &str = "voyage-4-large";
/// Where the service is.
pub(super) const BASE_URL: &str = "https://api.voyageai.com/v1";

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: &'a [&'a str],
    input_type: &'static str,
    truncation: bool,
}

/// What the service is told a text is for.
pub(crate) const fn input_type(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Query => "query",
        Purpose::Document => "document",
    }
}

/// The body of a call. The service cuts what our own estimate let through.
pub(super) fn encode(model: &str, purpose: Purpose, texts: &[&str]) -> Option<Vec<u8>> {
    let body = Body { model, input: texts, input_type: input_type(purpose), truncation: true };
    serde_json::to_vec(&body).ok()
}
