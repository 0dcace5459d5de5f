//! The program `qmd` as a memory (OpenClaw's `memory.backend: "qmd"`), and the built-in engine behind it for when it
//! fails.
//!
//! `qmd` runs once for each request, as a child process with an index of its own for each agent. Facts about the
//! program are from version 2.8.3 of `@tobilu/qmd`, and from 0.9.0 where the two differ.

mod backend;
mod collections;
mod core;
mod error;
mod export;
mod fallback;
mod glob;
mod home;
mod locate;
mod options;
mod output;
mod process;
mod results;
mod run;
mod scope;
mod snippet;
mod update;
mod values;
mod watching;

pub use backend::QmdBackend;
pub use error::QmdError;
pub use export::render_session;
pub use fallback::WithFallback;
pub use options::{Collection, QmdLimits, QmdOptions, QmdPlaces, QmdUpdates, SessionExport};
pub use process::QmdProgram;
pub use run::{QmdCall, QmdRunner};
pub use scope::{Chat, ChatKind, Scope, ScopeRule, Verdict};
