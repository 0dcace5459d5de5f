//! What keeps the configuration from working as it says.

use crate::{Dialect, EmbedError, EndpointError};

/// What is wrong, where, and what to do. Search goes on by words, or with what stands in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveProblem {
    /// A service without a key.
    #[error(
        "memorySearch: {} is asked for, and there is no key for it; set {variable}, models.providers.{section}.apiKey \
         or memorySearch.remote.apiKey",
        .dialect.title()
    )]
    KeyMissing {
        /// Whose key.
        dialect: Dialect,
        /// The environment variable that would hold it.
        variable: &'static str,
        /// Its name in `models.providers`.
        section: &'static str,
    },
    /// A key that stays here, because it belongs to another address.
    #[error(
        "memorySearch: the key in {from} belongs to another address and is not sent to {host}; write it into \
         memorySearch.remote.apiKey if {host} is to have it"
    )]
    KeyKept {
        /// Where the key was found.
        from: String,
        /// The address that does not get it.
        host: String,
    },
    /// An address or header that cannot be used.
    #[error("memorySearch: the address or a header of {} cannot be used: {error}", .dialect.title())]
    BadEndpoint {
        /// Whose.
        dialect: Dialect,
        /// Why.
        error: EndpointError,
    },
    /// The model's file is not there.
    #[error(
        "memorySearch.local.modelPath: there is no file {path}; correct the path, or use an address such as hf:..."
    )]
    ModelFileMissing {
        /// As configured.
        path: String,
    },
    /// What was chosen cannot be made.
    #[error("memorySearch: {0}")]
    NotMade(EmbedError),
}
