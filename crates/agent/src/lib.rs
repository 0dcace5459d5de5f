//! One turn: prompt, context budget, the turn machine, its driver, and the lanes that keep turns in order.
//!
//! The machine ([`turn::step`]) decides over values; the driver performs. This crate reads the workspace's bootstrap
//! files, writes transcripts through `openclaw-store` and, where that is wanted, recordings of model calls into the agent's
//! `exchanges` folder ([`exchanges`]), from which [`replay`] runs turns again; it opens no socket of its own.
//!
//! ```
//! use openclaw_agent::turn::{Effect, Input, Outcome, Turn, step};
//! use openclaw_models::{ModelEvent, ModelInfo, ModelRequest, WireApi};
//! use openclaw_protocol::message::StopReason;
//!
//! let model = ModelInfo::new("example", "small", WireApi::OpenAiCompletions);
//! let mut turn = Turn::new(ModelRequest::default(), model, std::time::Duration::from_secs(600));
//! let begin = step(&mut turn, Input::Begin, 0);
//! assert!(matches!(begin.last(), Some(Effect::CallModel(_))));
//!
//! step(&mut turn, Input::Model(ModelEvent::TextDelta("Hello".into())), 1);
//! let end = step(&mut turn, Input::Model(ModelEvent::Done(StopReason::Stop)), 2);
//! match end.last() {
//!     Some(Effect::End(Outcome::Replied { text })) => assert_eq!(text, "Hello"),
//!     other => panic!("{other:?}"),
//! }
//! ```

pub mod budget;
mod cli_session;
pub mod commands;
mod driver;
pub mod envelope;
pub mod exchanges;
mod lane;
mod lanes;
pub mod lifecycle;
pub mod nature;
mod owner;
pub mod prompt;
pub mod replay;
mod runtime;
pub mod send_policy;
mod session;
mod speaker;
pub mod spending;
mod status;
mod think;
pub mod turn;
mod turn_limit;
mod voice;

pub use driver::{AbortHandle, TurnObserver};
pub use lane::{
    Deleted, Ending, Inbound, Job, Placed, Resume, RunObserver, SenderMay, SettingsCommand, TranscriptFate,
    TurnJob, TurnReport,
};
pub use lanes::{LaneFull, LaneSlot, Lanes};
pub use runtime::{AgentRuntime, AgentSettings, Present, SessionRules};
pub use session::choose_model;
pub use status::OVERRIDES;
pub use think::AskedThinking;
