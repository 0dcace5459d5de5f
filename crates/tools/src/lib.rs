//! What an agent can do, and where it may do it: files of its workspace, commands, its memory, its session.
//!
//! A tool is declared once ([`ToolSpec`]); the schema the model sees, the check of its arguments and the short label
//! of events come from that. [`Toolbox::run`] is the only executor: it applies the policy, checks arguments, and bounds
//! time and output. This crate may touch files beneath the workspace [`Root`](openclaw_guard::Root), start
//! `/bin/sh` when commands are switched on, and ask the memory.
//!
//! ```
//! # use openclaw_guard::{ManualClock, PathComponent, Root, create_private_dir};
//! # use openclaw_memory::{Engine, EngineOptions};
//! use openclaw_tools::{Part, SessionInfo, SessionSnapshot, ToolCall, ToolContext, Toolbox, ToolboxOptions};
//! use std::sync::Arc;
//!
//! struct NoSession;
//! impl SessionInfo for NoSession {
//!     fn snapshot(&self, _session_key: &str) -> Option<SessionSnapshot> { None }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let home = tempfile::tempdir()?;
//! # let workspace = Arc::new(Root::open(home.path())?);
//! # let clock: Arc<dyn openclaw_guard::Clock> = Arc::new(ManualClock::new(0));
//! # let agent_id = PathComponent::parse("main")?;
//! # let memory = Engine::new(EngineOptions::new(agent_id, workspace.clone(), home.path(), clock.clone()));
//! # let memory = Arc::new(memory);
//! let toolbox = Toolbox::new(ToolboxOptions::default());
//! let cx = ToolContext {
//!     abort: Default::default(),
//!     agent_id: "main".into(),
//!     session_key: "agent:main:main".into(),
//!     session: Arc::new(NoSession),
//!     workspace, memory, clock,
//! };
//! let arguments = serde_json::json!({"path": "memory/2026-11-20.md", "content": "likes tea", "append": true});
//! let call = ToolCall { id: "call_1".into(), name: "write".into(), arguments };
//! assert_eq!(toolbox.label(&call).as_deref(), Some("memory/2026-11-20.md"));
//! let outcome = toolbox.run(call, cx).await;
//! assert_eq!(outcome.content, [Part::text("Appended 1 line to memory/2026-11-20.md (line 1)")]);
//! # Ok(())
//! # }
//! ```

mod arguments;
mod blocking;
mod error;
mod exec;
mod files;
mod memory;
mod policy;
mod session_status;
mod spec;
mod tool;
mod toolbox;

pub use arguments::{ArgumentError, Arguments};
pub use error::ToolError;
pub use exec::ExecTool;
pub use files::{EditTool, FileLock, ReadTool, WriteTool};
pub use memory::{Citations, MemoryGetTool, MemorySearchTool, SearchDefaults};
pub use openclaw_protocol::message::Part;
pub use policy::Policy;
pub use session_status::SessionStatusTool;
pub use spec::{Definition, Need, Param, ParamKind, ToolSpec};
pub use tool::{ChatKind, SessionInfo, SessionSnapshot, Tool, ToolCall, ToolContext, ToolOutcome};
pub use toolbox::{Exec, MemoryTools, Toolbox, ToolboxOptions};
