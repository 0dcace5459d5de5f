//! Markdown memory: which notes there are, an index of their words, and search that shows the lines that matched.
//!
//! Notes are the truth and are never written here; the index is derived and may be deleted at any time. This crate
//! may read the workspace, its extra paths and the index file. Disk and database work runs on a thread of its own for
//! each agent.
//!
//! ```
//! use openclaw_guard::{PathComponent, Root, SystemClock, create_private_dir, write_atomic};
//! use openclaw_memory::{Engine, EngineOptions, LineRange, MemoryBackend as _, Query};
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let home = tempfile::tempdir()?;
//! let workspace = home.path().join("workspace");
//! create_private_dir(&workspace.join("memory"))?;
//! write_atomic(&workspace.join("memory/2026-11-20.md"), b"# Preferences\n- Likes green tea.\n- Hates mornings.\n")?;
//!
//! let agent_id = PathComponent::parse("main")?;
//! let workspace = Arc::new(Root::open(&workspace)?);
//! let memory = Engine::new(EngineOptions::new(agent_id, workspace, home.path(), Arc::new(SystemClock)));
//! let answer = memory.search(Query::new("What tea does she like?")).await?;
//! assert_eq!(answer.results[0].citation, "memory/2026-11-20.md#L2-L3");
//! let range = LineRange { path: answer.results[0].path.clone(), from: Some(2), lines: Some(1) };
//! assert_eq!(memory.read(range).await?.text, "- Likes green tea.");
//! # Ok(())
//! # }
//! ```

mod agent;
mod backend;
pub mod bench;
mod cache;
mod codes;
mod confidence;
mod configured;
mod corpus;
mod embedding;
mod engine;
mod error;
mod fault;
mod freshness;
mod index;
mod job;
mod jobs;
mod layout;
mod lock;
mod longer;
mod matches;
mod measure;
mod naming;
mod near;
mod open;
mod postings;
mod probe;
mod qmd;
mod ranking;
mod recovery;
mod repair;
mod rows;
mod sameness;
mod score;
mod search;
mod select;
mod shelter;
mod sources;
mod structure;
mod sync;
#[cfg(test)]
mod tests;
mod time;
mod unread;
mod vectors;
mod watch;
mod weighted;
mod when;
mod words;
mod worker;

pub use agent::{AgentMemory, exports_conversations, scope};
pub use backend::{
    Answer, BUILT_IN, Cut, DEFAULT_RESULTS, Days, Elsewhere, Explain, Explaining, Fallback, Hit, LineRange,
    MAX_ELSEWHERE, MAX_NOTE_BYTES, MAX_RESULTS, MemoryBackend, Passage, Query, Skipped, Source, Standing,
    Status, SyncReason, SyncReport,
};
pub use configured::Surroundings;
pub use embedding::{Batching, Embedders, JobStage, JobUnderWay, SelfTesting, Spending};
pub use engine::{Engine, EngineOptions, Progress};
pub use error::MemoryError;
pub use freshness::SyncOptions;
pub use measure::{MeaningWeight, SelfTest};
pub use openclaw_embed::local::Progress as Download;
pub use probe::{Probe, Reader, Role};
pub use qmd::{
    Chat, ChatKind, Collection, QmdBackend, QmdCall, QmdError, QmdLimits, QmdOptions, QmdPlaces, QmdProgram,
    QmdRunner, QmdUpdates, Scope, ScopeRule, SessionExport, Verdict, WithFallback, render_session,
};
pub use sources::{Outlook, SessionMessage, SourceOptions, Speaker, Transcripts, outlook};
pub use time::Ageing;
pub use weighted::{Chunking, Fusion, Measured, Multiplier, Sides, Weighted, Weights};
pub use words::matched_words;
