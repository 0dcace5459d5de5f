//! The three interfaces, and what differs between them.

use super::endpoint::KeyHeader;
use super::{Numbers, Senseless, gemini, openai, voyage};
use crate::Purpose;

/// How a service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// OpenAI's embeddings: OpenAI itself, Ollama, LM Studio, llama.cpp's server, vLLM.
    OpenAi,
    /// Gemini's own.
    Gemini,
    /// Voyage's.
    Voyage,
}

impl Dialect {
    /// All of them, in the order in which `auto` looks for keys.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Gemini, Self::Voyage];

    /// As the configuration calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Gemini => "gemini",
            Self::Voyage => "voyage",
        }
    }

    /// The name for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::OpenAi => "OpenAI",
            Self::Gemini => "Gemini",
            Self::Voyage => "Voyage",
        }
    }

    /// Where the service is if nobody says otherwise.
    #[must_use]
    pub const fn base_url(self) -> &'static str {
        match self {
            Self::OpenAi => openai::BASE_URL,
            Self::Gemini => gemini::BASE_URL,
            Self::Voyage => voyage::BASE_URL,
        }
    }

    /// The model if nobody names one.
    #[must_use]
    pub const fn default_model(self) -> &'static str {
        match self {
            Self::OpenAi => openai::DEFAULT_MODEL,
            Self::Gemini => gemini::DEFAULT_MODEL,
            Self::Voyage => voyage::DEFAULT_MODEL,
        }
    }

    /// Most texts of a call: OpenAI's and Voyage's references say 2,048 and 1,000, Gemini refuses more than 100.
    pub(super) const fn max_texts(self) -> usize {
        match self {
            Self::OpenAi => 2_048,
            Self::Gemini => 100,
            Self::Voyage => 1_000,
        }
    }

    /// Tokens that a model reads of one text: 8,192 at OpenAI, 2,048 at Gemini, 32,000 at Voyage, less room for the
    /// tokens that frame a text.
    pub(crate) const fn max_tokens(self) -> u64 {
        match self {
            Self::OpenAi => 8_000,
            Self::Gemini => 2_000,
            Self::Voyage => 31_000,
        }
    }

    pub(super) const fn key_header(self) -> KeyHeader {
        match self {
            Self::OpenAi | Self::Voyage => KeyHeader::Bearer,
            Self::Gemini => KeyHeader::Google,
        }
    }

    /// The resource below the base URL that calls go to.
    pub(super) fn path(self, model: &str) -> String {
        match self {
            Self::OpenAi | Self::Voyage => "embeddings".to_owned(),
            Self::Gemini => format!("models/{model}:batchEmbedContents"),
        }
    }

    /// The body of a call; nothing only if it could not be written as JSON, which text always can.
    pub(super) fn encode(self, model: &str, purpose: Purpose, texts: &[&str]) -> Option<Vec<u8>> {
        match self {
            Self::OpenAi => openai::encode(model, texts),
            Self::Gemini => gemini::encode(model, purpose, texts),
            Self::Voyage => voyage::encode(model, purpose, texts),
        }
    }

    /// The vectors of an answer in the order of the texts, or what is wrong with it.
    pub(super) fn decode(self, body: &[u8], count: usize) -> Result<Vec<Numbers>, Senseless> {
        match self {
            Self::OpenAi | Self::Voyage => openai::decode(body, count),
            Self::Gemini => gemini::decode(body, count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect;
    use crate::Purpose;
    use serde_json::{Value, json};

    #[test]
    fn bodies_are_as_documented() {
        let of = |dialect: Dialect, purpose| -> Value {
            serde_json::from_slice(&dialect.encode("m", purpose, &["a", "b"]).unwrap()).unwrap()
        };
        assert_eq!(
            of(Dialect::OpenAi, Purpose::Query),
            json!({"model": "m", "input": ["a", "b"], "encoding_format": "float"})
        );
        assert_eq!(
            of(Dialect::Voyage, Purpose::Query),
            json!({"model": "m", "input": ["a", "b"], "input_type": "query", "truncation": true})
        );
        assert_eq!(of(Dialect::Voyage, Purpose::Document)["input_type"], "document");
        let one = |text: &str, task: &str| json!({"model": "models/m", "content": {"parts": [{"text": text}]}, "taskType": task});
        let requests = json!({"requests": [one("a", "RETRIEVAL_QUERY"), one("b", "RETRIEVAL_QUERY")]});
        assert_eq!(of(Dialect::Gemini, Purpose::Query), requests);
        assert_eq!(of(Dialect::Gemini, Purpose::Document)["requests"][0], one("a", "RETRIEVAL_DOCUMENT"));
    }

    #[test]
    fn answers_that_make_no_sense_say_why() {
        let rows = [
            (Dialect::OpenAi, r#"{"data":[{"index":0,"embedding":[1]}]}"#, "1 vectors for 2 texts"),
            (Dialect::Gemini, r#"{"embeddings":[{"values":[1]}]}"#, "1 vectors for 2 texts"),
            (Dialect::Gemini, r#"{"data":[]}"#, "missing field `embeddings`"),
            (Dialect::Voyage, "<html>", "expected value"),
            (Dialect::Voyage, r#"{"data":[{"index":0,"embedding":[1, null]}]}"#, "null"),
        ];
        for (dialect, body, expected) in rows {
            let why = dialect.decode(body.as_bytes(), 2).unwrap_err().to_string();
            assert!(why.contains(expected), "{why}");
        }
    }
}
