//! Requests that start turns, from the moment they are durable to the moment an earlier process's are taken over.

mod accept;
mod recover;
mod request;

pub(crate) use accept::{Known, Verdict, accept, durable, event_key};
pub(crate) use recover::recover;
pub(crate) use request::Request;
