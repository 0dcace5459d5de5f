//! The WebSocket side: one task per connection, one hub that knows them all.

pub(crate) mod connection;
pub(crate) mod hub;
pub(crate) mod outbox;
pub(crate) mod presence;
