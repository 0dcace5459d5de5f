//! Gemini as an [`Api`].

use std::fmt::Write as _;
use std::sync::Arc;

use super::classify::classify;
use super::decode::Decoder;
use super::encode::encode;
use crate::wire::{self, Api, KeyPlace, Redactor, Refusal};
use crate::{ModelError, ModelInfo, ModelRequest};

/// `google-generative-ai`.
pub struct Gemini;

impl Api for Gemini {
    /// The version is part of the base URL; a bare host gets the one that has all features.
    fn address(&self, base_url: &str, info: &ModelInfo) -> String {
        let version = if base_url.contains("/v1") { "" } else { "/v1beta" };
        let model = info.id.strip_prefix("models/").unwrap_or(&info.id);
        let (folder, model) =
            model.strip_prefix("tunedModels/").map_or(("models", model), |own| ("tunedModels", own));
        format!("{base_url}{version}/{folder}/{}:streamGenerateContent?alt=sse", escaped(model))
    }

    fn key_place(&self, _: &str) -> KeyPlace {
        KeyPlace::Header("x-goog-api-key")
    }

    fn encode(&self, request: &ModelRequest, info: &ModelInfo) -> Result<Vec<u8>, serde_json::Error> {
        encode(request, info)
    }

    fn decoder(&self, info: Arc<ModelInfo>, redactor: Redactor) -> Box<dyn wire::Decoder> {
        Box::new(Decoder::new(info, redactor))
    }

    fn classify(&self, refusal: Refusal<'_>, info: &ModelInfo, redactor: &Redactor) -> ModelError {
        classify(refusal, info, redactor)
    }
}

/// One segment of a path (RFC 3986, section 2): a model's name must not lead anywhere else.
fn escaped(segment: &str) -> String {
    let mut out = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'@') {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            write!(out, "%{byte:02X}").ok();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::Gemini;
    use crate::wire::Api;
    use crate::{ModelInfo, WireApi};

    #[test]
    fn addresses() {
        let rows = [
            ("https://g.example/v1beta", "gemini-3-pro", "https://g.example/v1beta/models/gemini-3-pro"),
            ("https://g.example", "models/gemini-3-pro", "https://g.example/v1beta/models/gemini-3-pro"),
            ("https://g.example/v1", "tunedModels/mine", "https://g.example/v1/tunedModels/mine"),
            ("https://g.example/v1", "../x?key=1#", "https://g.example/v1/models/..%2Fx%3Fkey%3D1%23"),
        ];
        for (base_url, model, expected) in rows {
            let info = ModelInfo::new("google", model, WireApi::GoogleGenerativeAi);
            let expected = format!("{expected}:streamGenerateContent?alt=sse");
            assert_eq!(Gemini.address(base_url, &info), expected);
        }
    }
}
