//! A connection to a gateway that may die at any moment: nothing here panics when it does.

use std::net::Ipv4Addr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::site::TOKEN;

/// Longer silence is a failure of its own: everything asked for here takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// The connection ended, or fell silent.
#[derive(Debug, thiserror::Error)]
#[error("the connection broke: {0}")]
pub struct Broken(String);

impl Broken {
    fn new(why: impl std::fmt::Display) -> Self {
        Self(why.to_string())
    }
}

/// An authenticated connection.
pub struct Link {
    socket: WebSocketStream<TcpStream>,
    last_id: u64,
    /// What the gateway said when it let us in.
    pub hello: Value,
}

impl Link {
    /// Connects as a program on this machine, with the shared token.
    ///
    /// # Errors
    /// Nobody listens, or not for long.
    pub async fn open(port: u16) -> Result<Self, Broken> {
        let opening = async {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.map_err(Broken::new)?;
            stream.set_nodelay(true).map_err(Broken::new)?;
            let url = format!("ws://127.0.0.1:{port}/");
            let (socket, _) = tokio_tungstenite::client_async(url, stream).await.map_err(Broken::new)?;
            let mut link = Self { socket, last_id: 0, hello: Value::Null };
            link.next().await?;
            let params = json!({
                "minProtocol": 3, "maxProtocol": 3, "role": "operator", "scopes": ["operator.admin"], "caps": [],
                "client": {"id": "gateway-client", "version": "test", "platform": "linux", "mode": "backend"},
                "auth": {"token": TOKEN},
            });
            link.hello = link.call("connect", params).await?.map_err(Broken::new)?;
            Ok(link)
        };
        timeout(PATIENCE, opening).await.map_err(Broken::new)?
    }

    /// Sends a request; returns its id.
    ///
    /// # Errors
    /// The connection ended.
    pub async fn send(&mut self, method: &str, params: Value) -> Result<String, Broken> {
        self.last_id += 1;
        let id = format!("p{}", self.last_id);
        let frame = json!({"type": "req", "id": id, "method": method, "params": params});
        self.socket.send(Message::text(frame.to_string())).await.map_err(Broken::new)?;
        Ok(id)
    }

    /// Sends a request and waits for its answer, or error; what comes in between is dropped.
    ///
    /// # Errors
    /// The connection ended.
    pub async fn call(&mut self, method: &str, params: Value) -> Result<Result<Value, Value>, Broken> {
        let id = self.send(method, params).await?;
        loop {
            let mut frame = self.next().await?;
            if frame["type"] == "res" && frame["id"] == id.as_str() {
                let is_ok = frame["ok"] == true;
                return Ok(if is_ok { Ok(frame["payload"].take()) } else { Err(frame["error"].take()) });
            }
        }
    }

    /// The next frame.
    ///
    /// # Errors
    /// The connection ended, or nothing came for long.
    pub async fn next(&mut self) -> Result<Value, Broken> {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.map_err(Broken::new)?;
            match message.ok_or_else(|| Broken::new("closed"))?.map_err(Broken::new)? {
                Message::Text(text) => return serde_json::from_str(&text).map_err(Broken::new),
                Message::Close(frame) => return Err(Broken(format!("closed: {frame:?}"))),
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }
}
