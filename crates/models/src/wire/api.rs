//! The seam between the driver and a wire API.

use std::sync::Arc;
use std::time::Duration;

use super::frames::Framing;
use super::redact::Redactor;
use crate::{ModelError, ModelEvent, ModelInfo, ModelRequest};

/// One wire API, without I/O.
pub trait Api: Send + Sync {
    /// The address that a model is asked at. `base_url` is what configuration says.
    fn address(&self, base_url: &str, info: &ModelInfo) -> String;

    /// Where this key goes by the API's own rule.
    fn key_place(&self, _key: &str) -> KeyPlace {
        KeyPlace::Bearer
    }

    /// Headers of every request beside the key and the content type.
    fn headers(&self, _key: Option<&str>, _info: &ModelInfo) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// How answers are cut into pieces.
    fn framing(&self) -> Framing {
        Framing::Events
    }

    /// The body. Equal requests make equal bytes, so that a provider's prompt cache sees the same prefix.
    ///
    /// # Errors
    /// Only if a value cannot be written as JSON, which no value made by `serde_json` can cause.
    fn encode(&self, request: &ModelRequest, info: &ModelInfo) -> Result<Vec<u8>, serde_json::Error>;

    /// Reads one answer.
    fn decoder(&self, info: Arc<ModelInfo>, redactor: Redactor) -> Box<dyn Decoder>;

    /// Whether a refusal with this body is about the effort of thinking alone, so that the model answers without.
    fn refuses_effort(&self, _body: &[u8]) -> bool {
        false
    }

    /// What a refusal means.
    fn classify(&self, refusal: Refusal<'_>, info: &ModelInfo, redactor: &Redactor) -> ModelError;
}

/// Where an endpoint's key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// A header of the API, holding the bare key.
    Header(&'static str),
}

/// Makes [`ModelEvent`]s of the `data` of server-sent events, synchronously and without I/O.
pub trait Decoder: Send {
    /// Takes the `data` of one event.
    ///
    /// # Errors
    /// The data does not follow the API, or it is the provider's report of a failure.
    fn push(&mut self, data: &str) -> Result<Vec<ModelEvent>, ModelError>;

    /// The body has ended.
    ///
    /// # Errors
    /// It ended before the answer did.
    fn finish(&mut self) -> Result<Vec<ModelEvent>, ModelError>;
}

/// Everything known about a refusal.
#[derive(Clone, Copy)]
pub struct Refusal<'a> {
    /// HTTP status; 200 when the error came inside the stream.
    pub status: u16,
    /// What `Retry-After` asked for.
    pub retry_after: Option<Duration>,
    /// The body, at most a few kilobytes of it.
    pub body: &'a [u8],
}

impl<'a> Refusal<'a> {
    /// An error object that came in the middle of an answer.
    #[must_use]
    pub fn in_stream(body: &'a [u8]) -> Self {
        Self { status: 200, retry_after: None, body }
    }
}
