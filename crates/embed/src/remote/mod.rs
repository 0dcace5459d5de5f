//! Services that make vectors over HTTP.

mod budget;
mod classify;
mod client;
mod dialect;
mod endpoint;
mod gemini;
mod means;
mod openai;
mod retry;
mod senseless;
mod spec;
mod vectors;
mod voyage;
mod wire;

pub use budget::{Allowance, Budget};
pub use client::RemoteEmbedder;
pub(crate) use client::readable;
pub use dialect::Dialect;
pub use endpoint::Endpoint;
pub(crate) use endpoint::{hex_digest, is_secret_header};
pub(crate) use gemini::{Embedding, One};
pub use means::{Means, SystemTimer, Timer};
pub(crate) use openai::Answer;
pub use openclaw_http::EndpointError;
pub use retry::Retries;
pub(crate) use senseless::Senseless;
pub use spec::{BatchApi, RemoteSpec};
pub(crate) use vectors::{Numbers, checked};
pub(crate) use voyage::input_type;
pub(crate) use wire::{Content, Repeat, Request, Wire};
