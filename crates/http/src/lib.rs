//! The one way out: every HTTP request of the house is made by a [`GuardedHttp`].

mod client;
mod unreachable;

pub use client::{GuardedHttp, SetupFailed, install_crypto_provider, is_loopback, why_unreachable};
pub use unreachable::Unreachable;
