//! A WebSocket client that costs little: frames are handed out as text, and parsed only by those who care.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::home::TOKEN;

/// How long anything may take before a row is given up; the slowest peer needs seconds for a turn.
const PATIENCE: Duration = Duration::from_secs(60);
/// Thousands of clients live in this process, so their buffers are small.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// An authenticated connection.
pub(crate) struct Talk {
    socket: WebSocketStream<TcpStream>,
    last_id: u64,
}

impl Talk {
    /// Connects as a program on this machine does, with the shared token.
    pub(crate) async fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.set_nodelay(true)?;
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES);
        let url = format!("ws://127.0.0.1:{port}/");
        let opening = tokio_tungstenite::client_async_with_config(url, stream, Some(config));
        let (socket, _) = timeout(PATIENCE, opening).await.context("no answer to the upgrade")??;
        let mut talk = Self { socket, last_id: 0 };
        talk.next().await.context("no challenge")?;
        let params = json!({
            "minProtocol": 3, "maxProtocol": 3, "role": "operator", "scopes": ["operator.admin"], "caps": [],
            "client": {"id": "gateway-client", "version": "bench", "platform": "linux", "mode": "backend"},
            "auth": {"token": TOKEN},
        });
        talk.call("connect", params).await?;
        Ok(talk)
    }

    /// Sends a request; returns its id.
    pub(crate) async fn send(&mut self, method: &str, params: Value) -> Result<String> {
        self.last_id += 1;
        let id = format!("b{}", self.last_id);
        let frame = json!({"type": "req", "id": id, "method": method, "params": params});
        self.socket.send(Message::text(frame.to_string())).await?;
        Ok(id)
    }

    /// Sends a request and waits for its answer; events in between are dropped.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        let id = self.send(method, params).await?;
        loop {
            let mut frame: Value = serde_json::from_str(&self.next().await?)?;
            if frame["type"] == "res" && frame["id"] == id.as_str() {
                if frame["ok"] == true {
                    return Ok(frame["payload"].take());
                }
                bail!("{method}: {}", frame["error"]);
            }
        }
    }

    /// Says something to a session.
    pub(crate) async fn say(&mut self, session: &str, run: &str, text: &str) -> Result<()> {
        let params = json!({"sessionKey": session, "message": text, "idempotencyKey": run});
        self.send("chat.send", params).await.map(drop)
    }

    /// The next frame.
    pub(crate) async fn next(&mut self) -> Result<Utf8Bytes> {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.context("silence")?;
            match message.context("the gateway hung up")?? {
                Message::Text(text) => return Ok(text),
                Message::Close(frame) => bail!("closed: {frame:?}"),
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    /// Waits for the end of a run.
    pub(crate) async fn wait_end(&mut self, run: &str) -> Result<()> {
        loop {
            if let Some(end) = RunEnd::read(&self.next().await?)?
                && end.run == run
            {
                return end.check();
            }
        }
    }

    /// The bare socket, for clients that only listen.
    pub(crate) fn into_stream(self) -> TcpStream {
        self.socket.into_inner()
    }
}

/// The last `chat` event of a run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RunEnd {
    pub(crate) run: String,
    state: String,
    has_message: bool,
    error: String,
}

impl RunEnd {
    /// Reads a frame; `None` for all that ends no run. Frames that cannot be one are not parsed.
    pub(crate) fn read(frame: &str) -> Result<Option<Self>> {
        if !frame.contains(r#""event":"chat""#) && !frame.contains(r#""ok":false"#) {
            return Ok(None);
        }
        let value: Value = serde_json::from_str(frame)?;
        if value["type"] == "res" && value["ok"] == false {
            bail!("refused: {}", value["error"]);
        }
        let payload = &value["payload"];
        let text = |name: &str| payload[name].as_str().unwrap_or_default().to_owned();
        let state = text("state");
        let ends = value["event"] == "chat" && matches!(state.as_str(), "final" | "error" | "aborted");
        Ok(ends.then(|| Self {
            run: text("runId"),
            state,
            has_message: payload["message"].is_object(),
            error: text("errorMessage"),
        }))
    }

    /// Whether the run was answered.
    pub(crate) fn check(&self) -> Result<()> {
        if self.state == "final" && self.has_message {
            return Ok(());
        }
        bail!("run {} was not answered: {} {}", self.run, self.state, self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::RunEnd;

    #[test]
    fn reads_only_ends() {
        let chat = |state: &str, rest: &str| {
            let frame = format!(
                r#"{{"type":"event","event":"chat","payload":{{"runId":"r","state":"{state}"{rest}}},"seq":1}}"#
            );
            RunEnd::read(&frame)
        };
        assert_eq!(chat("delta", r#","message":{}"#).unwrap(), None);
        assert!(chat("final", r#","message":{}"#).unwrap().unwrap().check().is_ok());
        assert!(chat("final", "").unwrap().unwrap().check().is_err());
        assert!(chat("error", r#","errorMessage":"no"#.trim_end()).is_err(), "broken JSON");
        assert!(chat("error", r#","errorMessage":"no""#).unwrap().unwrap().check().is_err());
        assert_eq!(RunEnd::read(r#"{"type":"event","event":"agent","payload":{}}"#).unwrap(), None);
        assert_eq!(RunEnd::read(r#"{"type":"res","id":"1","ok":true}"#).unwrap(), None);
        assert!(RunEnd::read(r#"{"type":"res","id":"1","ok":false,"error":{}}"#).is_err());
    }
}
