//! What happens when a model does not answer: another credential, then another model. Decided here, without I/O and
//! without a clock; who runs the turn does it. [`Connector`] makes a candidate a model that can be asked.

mod candidates;
mod connect;
mod judge;
mod machine;

pub use candidates::{Asked, Pinned, candidates, has_credential};
pub use connect::{Connector, Description, NotConnected, Waiting};
pub use judge::{Judgement, Reach, judge};
pub use machine::{Candidate, Failover, MAX_ATTEMPTS, Notice, Why};
