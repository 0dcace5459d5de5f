//! Requests: one table decides who may call what, one match finds the handler.

mod agent;
mod chat;
mod config;
mod devices;
mod dispatch;
mod logs;
mod outbox;
mod runs;
mod send;
mod session_patch;
mod session_rows;
mod sessions;
mod system;

pub(crate) use chat::{submit_words, tell_of_words};
pub(crate) use devices::announce;
use dispatch::{Call, RpcError, RpcResult, attempt};
pub(crate) use dispatch::{Reply, dispatch, response};
pub(crate) use runs::{Message, Run, Target, turn_job};
