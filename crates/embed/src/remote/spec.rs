//! Everything that decides what a remote embedder is, as plain values.

use openclaw_guard::Secret;
use openclaw_http::EndpointError;

use super::dialect::Dialect;
use super::endpoint::Endpoint;

/// Whether jobs of many texts are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchApi {
    /// The service has them, and the configuration wants them.
    Offered,
    /// Texts go in ordinary calls.
    Absent,
}

/// A remote embedder. It holds credentials and has no `Debug`.
#[derive(Clone)]
pub struct RemoteSpec {
    /// How it is spoken to.
    pub dialect: Dialect,
    /// The address, up to and including the version.
    pub base_url: String,
    /// The key, which goes to this address only.
    pub key: Option<Secret>,
    /// Headers added to each request.
    pub headers: Vec<(String, Secret)>,
    /// The model.
    pub model: String,
    /// Jobs of many texts.
    pub batch: BatchApi,
}

impl RemoteSpec {
    /// The endpoint, or why there cannot be one.
    ///
    /// # Errors
    /// The address or a header cannot be used.
    pub fn endpoint(&self) -> Result<Endpoint, EndpointError> {
        let key = self.key.as_ref().map(|key| (self.dialect.key_header(), key));
        Endpoint::new(&self.base_url, key, &self.headers)
    }
}
