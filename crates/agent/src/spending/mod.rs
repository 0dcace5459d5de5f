//! What answers may cost: in tokens and dollars, per run, session, agent and day. Nothing is limited unless it is
//! configured; what is configured is hard.
//!
//! Before a model is asked, the most that the call can cost is set aside, on the disk; when it is over, what it did cost is
//! counted in its place. Calls at the same time see what the others have set aside, so that together they stay within the
//! limits. What is still set aside when a process starts belongs to calls that ran when the one before was killed: nobody
//! knows what they cost, so all of it is counted.

mod amount;
mod book;
mod grant;
mod kept;
mod purse;
mod report;

pub use amount::{Amount, Budgets, BySpan, Limit, Span};
pub use kept::Spending;
pub(crate) use purse::{CallEnd, Counted, Purse, Unpaid, run_id};
pub(crate) use report::lines;
