//! Tests of the whole product, a file per story, in one binary: every test binary is a link.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    reason = "a test stops at once, with the place, when something is not as it should be"
)]

mod budgets;
mod cli_backends;
mod config;
mod crash;
mod doctor;
mod durable;
mod logs;
mod memory;
mod model_choices;
mod models;
mod offline;
mod outbox;
mod page;
mod pipes;
mod protocol;
mod qmd;
mod recall;
mod reload;
mod replay;
mod rules;
mod sessions;
mod spending;
mod story;
mod support;
mod takeover;
mod trouble;
mod turns;
mod workspace;
