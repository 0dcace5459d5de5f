//! The port to a chat service.

use futures_util::future::BoxFuture;
use openclaw_store::{Delivery, Repeats};

use crate::Outbound;

/// The same for the same message, however often it is tried. Platforms that take a key get this one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// A key.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One chat service. Implementations encode and send; order, repetition and giving up are the courier's.
pub trait Channel: Send + Sync {
    /// The id, as in `channels.<id>` of the configuration.
    fn id(&self) -> &str;

    /// Whether the platform takes our key or can be asked, so that a message that is sent twice is shown once.
    fn repeats(&self) -> Repeats;

    /// Delivers a message. It may take its time: the courier stops a try that takes too long. A try that ends in any
    /// other way than with an answer of the platform counts as [`Delivery::Unknown`] from the moment its first byte may
    /// have left.
    fn deliver(&self, message: Outbound, key: IdempotencyKey) -> BoxFuture<'_, Delivery>;
}
