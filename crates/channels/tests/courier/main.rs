//! The courier and a real ledger against a fake platform, under a clock that jumps to the next thing that happens.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at once, with the place, when something is not as it should be"
)]

mod crash;
mod delivery;
mod order;
mod platform;
mod world;
