//! The gateway's WebSocket, from the client's side: where it is, how to get in, and calls over it.

mod connection;
mod error;
mod identity;
mod target;

pub(crate) use connection::Client;
pub(crate) use error::{ClientError, words};
pub(crate) use target::{Credential, Target};

use std::time::Duration;

/// How long a call may take unless a flag says otherwise; the release's default.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(10);
