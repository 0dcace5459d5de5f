//! Command-line programs that answer as models: Claude Code, Codex, and any other that takes a text and prints one.
//!
//! What a program is given ([`Invocation`]) and what its output says are pure functions; [`CliChat`] runs it, for one
//! session at a time and, unless told otherwise, for one at all. It is given no tools and none of the gateway's
//! credentials, and it is killed with everything it started when nobody waits for its answer any more.

mod builtin;
mod chat;
mod classify;
mod environment;
mod fault;
mod images;
mod invocation;
mod lines;
mod output;
mod prompt;
mod queue;
mod reason;
mod run;
mod session;
mod settings;
mod usage;

pub use builtin::{CLAUDE_CLI, CODEX_CLI};
pub use chat::{CliChat, CliLimits, CliProgram};
pub use environment::{CliEnvironment, Found, locate};
pub use fault::CliFault;
pub use invocation::{Invocation, SessionUse};
pub use output::{Reader as OutputReader, Said as OutputSaid, TooMuch};
pub use queue::Queues;
pub use session::{CliPlace, CliSession, KnownConversation};
pub use settings::{
    CliBackend, CliSettings, FolderArgs, ImageArgs, ImageMode, Input, ModelArgs, Origin, Output, PromptMode,
    PromptWhen, SessionArgs, SessionMode, SystemArgs,
};

#[cfg(test)]
mod chat_tests;
