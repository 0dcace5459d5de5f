//! Why a call to the gateway did not work, each in one line that says what to do.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use openclaw_guard::{FileError, RandomError};
use openclaw_protocol::device::KeyError;
use openclaw_protocol::frame::ErrorShape;
use openclaw_store::VersionError;
use serde_json::Value;

/// Why a call did not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// Nobody listens.
    #[error("no gateway at {url} (connection refused); start it with `openclaw gateway`")]
    NotRunning { url: String },
    /// Nobody listens, and yet a gateway has the state directory.
    #[error(
        "the gateway (process {pid}) takes no connections at {url}: it is stopping, or has just begun; try again in a \
         moment, or name its address with --url if it listens on another port"
    )]
    Stopping { url: String, pid: u32 },
    /// The network says no in another way.
    #[error("cannot reach the gateway at {url}: {source}")]
    Unreachable {
        url: String,
        #[source]
        source: io::Error,
    },
    /// Something listens and speaks HTTP, but gives no socket.
    #[error("{url} refused the connection with HTTP status {status}; {hint}")]
    Refused { url: String, status: u16, hint: &'static str },
    /// Something listens that is not a gateway.
    #[error(
        "what listens at {url} is not an OpenClaw gateway ({detail}); another port is chosen with --port or gateway.port"
    )]
    NotAGateway { url: String, detail: String },
    /// The gateway does not let us in.
    #[error("the gateway at {url} refused the connection: {}", words(error))]
    Denied { url: String, error: Box<ErrorShape> },
    /// A method failed.
    #[error("{method}: {}", words(error))]
    Rpc { method: String, error: Box<ErrorShape>, payload: Option<Value> },
    /// No answer in time.
    #[error("no answer from the gateway at {url} within {} ms ({waiting_for})", after.as_millis())]
    Timeout { url: String, waiting_for: String, after: Duration },
    /// The gateway closed the socket.
    #[error("the gateway closed the connection ({code}{})", reason_text(reason))]
    Closed { code: u16, reason: String },
    /// The connection broke.
    #[error("the connection to the gateway broke: {0}")]
    Broken(#[source] Box<tokio_tungstenite::tungstenite::Error>),
    /// The gateway went away with a message that it had accepted.
    #[error("{0}; your message is kept: the gateway answers it when it runs again")]
    Kept(#[source] Box<ClientError>),
    /// The address cannot be used.
    #[error("{url:?} is not a gateway address; write it like ws://127.0.0.1:18789")]
    BadAddress { url: String },
    /// TLS is not in this build.
    #[error(
        "{url}: this version does not speak wss:// yet; forward the port with SSH and use ws://127.0.0.1:PORT"
    )]
    NoTls { url: String },
    /// Remote mode without an address.
    #[error("gateway.mode is \"remote\" and gateway.remote.url is not set; set it in {}", path.display())]
    NoRemoteAddress { path: PathBuf },
    /// This machine's identity file is damaged.
    #[error("{} is damaged ({detail}); move it away to get a new identity", path.display())]
    BadIdentity { path: PathBuf, detail: String },
    /// This machine's identity file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    UnreadableIdentity {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// This machine's identity cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The state directory, in which the identity is, is a newer program's.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// No random bytes for a new identity.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The new key is not one.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Issues of an error that are listed; a configuration with more is read with `openclaw config validate`.
const MAX_ISSUES: usize = 20;

/// What of an error's details is for people, besides its issues.
const DETAILS: [&str; 2] = ["session", "rule"];

/// The message of an error, and under it what exactly is wrong, where the gateway says so.
pub(crate) fn words(error: &ErrorShape) -> String {
    let detail = |name: &&str| {
        let text = error.details.as_ref()?.get(*name)?.as_str()?;
        Some(format!("\n  {name}: {text}"))
    };
    let details: String = DETAILS.iter().filter_map(detail).collect();
    let issues = error.details.as_ref().and_then(|details| details.get("issues")?.as_array());
    let line = |issue: &Value| {
        let text = |name: &str| issue.get(name).and_then(Value::as_str).unwrap_or_default();
        match text("path") {
            "" => format!("\n  {}", text("message")),
            path => format!("\n  {path}: {}", text("message")),
        }
    };
    let lines: String = issues.into_iter().flatten().take(MAX_ISSUES).map(line).collect();
    format!("{}{details}{lines}", error.message)
}

fn reason_text(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

impl ClientError {
    /// The same error for somebody whose message the gateway had accepted.
    pub(crate) fn after_acceptance(self) -> Self {
        let is_cut_off = matches!(self, Self::Closed { .. } | Self::Broken(_));
        if is_cut_off { Self::Kept(Box::new(self)) } else { self }
    }

    /// Whether the connection ended from the other side.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Self::Closed { .. } | Self::Broken(_) | Self::Kept(_))
    }

    /// Whether nobody listens, as opposed to a gateway that cannot be used.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::NotRunning { .. } | Self::Stopping { .. })
    }

    /// Whether nobody listens because the gateway is stopping.
    pub(crate) fn is_stopping(&self) -> bool {
        matches!(self, Self::Stopping { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientError, ErrorShape};
    use serde_json::json;

    #[test]
    fn details_for_people_are_told() {
        let details = json!({"session": "agent:main:main", "rule": "session.sendPolicy", "more": 1});
        let error = Box::new(ErrorShape::invalid("send blocked by session policy").with_details(details));
        let error = ClientError::Rpc { method: "send".to_owned(), error, payload: None };
        let expected =
            "send: send blocked by session policy\n  session: agent:main:main\n  rule: session.sendPolicy";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn what_is_wrong_is_told() {
        let issues = json!({"issues": [{"path": "gateway.prot", "message": "unknown key"}, {"path": "", "message": "x"}]});
        let error = Box::new(ErrorShape::invalid("invalid config").with_details(issues));
        let error = ClientError::Rpc { method: "config.set".to_owned(), error, payload: None };
        assert_eq!(error.to_string(), "config.set: invalid config\n  gateway.prot: unknown key\n  x");
    }
}
