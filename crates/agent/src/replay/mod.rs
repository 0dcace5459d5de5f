//! Running the turns of a session again from a recording: today's turn machine, the models' answers of then, the tools'
//! results of then. Nothing is asked, no tool runs, and the session is not touched.

mod ending;
mod recorded;
mod report;
mod scratch;
mod turn;

pub use openclaw_models::replay::{Difference, Speed};
pub use recorded::{Missing, RecordedTurn, turns_of};
pub use report::{CallReplay, Compared, Ended, ToolReplay, ToolUse, TurnReplay};
pub use scratch::{ScratchError, scratch_history};
pub use turn::Replay;
