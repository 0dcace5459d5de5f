//! A client of the gateway's WebSocket that does exactly what a test tells it, also what no decent client would do.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};

/// How long anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// The request that opens the socket. The default is a program on this machine: no `Origin`, the right `Host`.
#[derive(Debug, Clone)]
pub struct WsOptions {
    /// The path, with its slash.
    pub path: String,
    /// The `Origin` header, which browsers send.
    pub origin: Option<String>,
    /// The `Host` header, if not the real one.
    pub host: Option<String>,
    /// More headers.
    pub headers: Vec<(String, String)>,
}

impl Default for WsOptions {
    fn default() -> Self {
        Self { path: "/".to_owned(), origin: None, host: None, headers: Vec::new() }
    }
}

/// Why a socket did not open.
#[derive(Debug, PartialEq, Eq)]
pub enum NotOpened {
    /// The server answered the upgrade with this status.
    Status(u16),
    /// The connection broke.
    Broken(String),
}

/// An open socket. Frames that a method does not wait for are kept for a later one.
pub struct WsClient {
    socket: WebSocketStream<TcpStream>,
    kept: VecDeque<Value>,
    closed: Option<(u16, String)>,
    last_id: u64,
}

impl WsClient {
    /// Opens a socket to a gateway on this machine.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn open(port: u16) -> Self {
        Self::open_with(port, &WsOptions::default()).await.unwrap_or_else(|why| panic!("not opened: {why:?}"))
    }

    /// Opens a socket with a request of the test's choice.
    ///
    /// # Errors
    /// [`NotOpened`] when there is no socket in the end.
    ///
    /// # Panics
    /// When the options are no valid request, or nothing happens at all.
    pub async fn open_with(port: u16, options: &WsOptions) -> Result<Self, NotOpened> {
        let url = format!("ws://127.0.0.1:{port}{}", options.path);
        let mut request = url.into_client_request().expect("a valid address");
        let named = [("origin", &options.origin), ("host", &options.host)];
        let named = named.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        let more = options.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in named.chain(more) {
            let name: HeaderName = name.parse().expect("a valid header name");
            request.headers_mut().insert(name, HeaderValue::from_str(value).expect("a valid header"));
        }
        let open = async {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.map_err(broken)?;
            stream.set_nodelay(true).map_err(broken)?;
            match tokio_tungstenite::client_async(request, stream).await {
                Ok((socket, _response)) => Ok(socket),
                Err(Error::Http(response)) => Err(NotOpened::Status(response.status().as_u16())),
                Err(other) => Err(broken(other)),
            }
        };
        let socket = timeout(PATIENCE, open).await.expect("an answer to the upgrade")?;
        Ok(Self { socket, kept: VecDeque::new(), closed: None, last_id: 0 })
    }

    /// The payload of `connect.challenge`.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn challenge(&mut self) -> Value {
        self.next_event("connect.challenge", PATIENCE).await.expect("a challenge")["payload"].take()
    }

    /// Sends `connect` and returns `hello-ok`, or the error object.
    ///
    /// # Errors
    /// The `error` of the response.
    pub async fn connect_with(&mut self, params: Value) -> Result<Value, Value> {
        self.call("connect", params).await
    }

    /// Connects as the command line does, with a shared token and without a device.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn connect_as_cli(&mut self, token: &str) -> Value {
        self.challenge().await;
        let params = json!({
            "minProtocol": 3, "maxProtocol": 3,
            "client": {"id": "cli", "version": "test", "platform": "linux", "mode": "cli"},
            "caps": ["tool-events"], "role": "operator",
            "scopes": ["operator.admin", "operator.approvals", "operator.pairing"],
            "auth": {"token": token},
        });
        self.connect_with(params).await.unwrap_or_else(|error| panic!("refused: {error}"))
    }

    /// Sends a request and returns the payload of its first response, or the error object.
    ///
    /// # Errors
    /// The `error` of the response.
    pub async fn call(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.send(method, params).await;
        let mut response = self.response(&id).await;
        if response["ok"] == true { Ok(response["payload"].take()) } else { Err(response["error"].take()) }
    }

    /// Sends a request without waiting; returns its id.
    pub async fn send(&mut self, method: &str, params: Value) -> String {
        self.last_id += 1;
        let id = format!("t{}", self.last_id);
        let frame = json!({"type": "req", "id": id, "method": method, "params": params});
        self.send_raw(&frame.to_string()).await;
        id
    }

    /// The next response to a request, as a whole frame. `agent` answers twice.
    ///
    /// # Panics
    /// When none comes.
    pub async fn response(&mut self, id: &str) -> Value {
        let wanted = |frame: &Value| frame["type"] == "res" && frame["id"] == id;
        let found = self.find(wanted, PATIENCE).await;
        found.unwrap_or_else(|| panic!("no response to {id}; closed: {:?}", self.closed))
    }

    /// The next event of a name, as a whole frame; `None` when it does not come in time or the socket closes.
    pub async fn next_event(&mut self, name: &str, within: Duration) -> Option<Value> {
        self.find(|frame| frame["type"] == "event" && frame["event"] == name, within).await
    }

    /// The next frame that fits, in the order of arrival.
    pub async fn find(&mut self, wanted: impl Fn(&Value) -> bool, within: Duration) -> Option<Value> {
        if let Some(at) = self.kept.iter().position(&wanted) {
            return self.kept.remove(at);
        }
        let search = async {
            while let Some(frame) = self.receive().await {
                if wanted(&frame) {
                    return Some(frame);
                }
                self.kept.push_back(frame);
            }
            None
        };
        timeout(within, search).await.ok().flatten() // not in time is the answer "none"
    }

    /// Sends a text frame as it is.
    pub async fn send_raw(&mut self, text: &str) {
        self.send_message(Message::text(text)).await;
    }

    /// Sends any WebSocket message. A socket that the server has closed swallows it; [`WsClient::closed`] tells.
    pub async fn send_message(&mut self, message: Message) {
        self.socket.send(message).await.ok();
    }

    /// Waits until the server closes: code and reason; 1006 when the connection just broke (RFC 6455, 7.1.5).
    ///
    /// # Panics
    /// When it stays open.
    pub async fn closed(&mut self, within: Duration) -> (u16, String) {
        let drain = async {
            while let Some(frame) = self.receive().await {
                self.kept.push_back(frame);
            }
        };
        timeout(within, drain).await.expect("a closed socket");
        self.closed.clone().expect("a reason once the socket is closed")
    }

    /// The next JSON frame; `None` once the socket is closed.
    async fn receive(&mut self) -> Option<Value> {
        const BROKEN: u16 = 1006;
        while self.closed.is_none() {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    return Some(serde_json::from_str(&text).expect("frames of the gateway are JSON"));
                }
                Some(Ok(Message::Close(Some(frame)))) => {
                    self.closed = Some((frame.code.into(), frame.reason.to_string()));
                }
                Some(Ok(Message::Close(None))) => self.closed = Some((1005, String::new())),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_))) => {}
                Some(Err(error)) => self.closed = Some((BROKEN, error.to_string())),
                None => self.closed = Some((BROKEN, String::new())),
            }
        }
        None
    }
}

fn broken(error: impl std::fmt::Display) -> NotOpened {
    NotOpened::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::{NotOpened, WsClient};
    use futures_util::{SinkExt as _, StreamExt as _};
    use serde_json::{Value, json};
    use std::time::Duration;
    use tokio::net::TcpListener;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::protocol::CloseFrame;

    /// Says an event, answers one request out of order, and closes with 1008.
    async fn serve(listener: TcpListener) {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        let request: Value =
            serde_json::from_str(socket.next().await.unwrap().unwrap().to_text().unwrap()).unwrap();
        for frame in [
            json!({"type": "event", "event": "early", "payload": 1}),
            json!({"type": "res", "id": request["id"], "ok": true, "payload": request["params"]}),
            json!({"type": "event", "event": "late", "payload": 2}),
        ] {
            socket.send(Message::text(frame.to_string())).await.unwrap();
        }
        let frame = CloseFrame { code: 1008.into(), reason: "enough".into() };
        socket.close(Some(frame)).await.unwrap();
    }

    #[tokio::test]
    async fn keeps_what_it_was_not_asked_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(serve(listener));
        let mut client = WsClient::open(port).await;
        assert_eq!(client.call("echo", json!({"a": 1})).await, Ok(json!({"a": 1})));
        let patience = Duration::from_secs(10);
        assert_eq!(client.closed(patience).await, (1008, "enough".to_owned()));
        assert_eq!(client.next_event("late", patience).await.unwrap()["payload"], 2);
        assert_eq!(client.next_event("early", patience).await.unwrap()["payload"], 1);
        assert_eq!(client.next_event("early", patience).await, None);
        server.await.unwrap();
    }

    #[tokio::test]
    async fn says_why_it_did_not_open() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let refused = WsClient::open_with(port, &super::WsOptions::default()).await;
        assert!(matches!(refused, Err(NotOpened::Broken(_))));
    }
}
