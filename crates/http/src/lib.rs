//! The one way out: every HTTP request of the house is made by a [`GuardedHttp`].

mod address;
mod client;
mod retry_after;
mod unreachable;

pub use address::{EndpointError, host_and_port, one_line, parse_address, sensitive_header};
pub use client::{GuardedHttp, SetupFailed, install_crypto_provider, is_loopback, why_unreachable};
pub use retry_after::retry_after;
pub use unreachable::Unreachable;
