//! One connection: handshake, calls, events.

use std::io;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use openclaw_guard::{Clock as _, SystemClock};
use openclaw_protocol::device::SignedConnect;
use openclaw_protocol::frame::{ServerFrame, encode_request};
use openclaw_protocol::limits::PROTOCOL_VERSION;
use openclaw_protocol::methods::Scope;
use openclaw_store::StateLock;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::identity::{self, ROLE};
use super::{ClientError, Credential, Target};

const CLIENT_ID: &str = "cli";
const CLIENT_MODE: &str = "cli";
/// Largest frame taken from a gateway, in bytes: what the release's clients take.
const MAX_FRAME_BYTES: usize = 25 * 1024 * 1024;
const DEFAULT_WS_PORT: u16 = 80;
/// RFC 6455, section 7.1.5: no close frame was seen.
const CLOSED_ABNORMALLY: u16 = 1006;

/// A connection that the gateway has accepted.
pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
    url: String,
    timeout: Duration,
    last_id: u64,
    hello: Value,
}

impl Client {
    /// Connects and shakes hands. `patience` holds for this, and later for each call.
    ///
    /// # Errors
    /// [`ClientError`], in words for the person at the terminal.
    pub(crate) async fn connect(target: &Target, patience: Duration) -> Result<Self, ClientError> {
        let open = async {
            let socket = open_socket(&target.url).await?;
            let url = target.url.clone();
            let mut client = Self { socket, url, timeout: patience, last_id: 0, hello: Value::Null };
            client.shake_hands(target).await?;
            Ok(client)
        };
        within(patience, &target.url, "connecting", open).await.map_err(|error| stopping(error, target))
    }

    /// The `hello-ok` of the gateway.
    pub(crate) fn hello(&self) -> &Value {
        &self.hello
    }

    /// Calls a method; returns the payload of its first answer.
    ///
    /// # Errors
    /// [`ClientError::Rpc`] when the method fails.
    pub(crate) async fn call(&mut self, method: &str, params: &Value) -> Result<Value, ClientError> {
        let (patience, url) = (self.timeout, self.url.clone());
        let answer = async {
            let id = self.send(method, params).await?;
            self.answer(&id, method).await
        };
        within(patience, &url, method, answer).await
    }

    /// Calls a method that answers twice, and returns its last answer.
    ///
    /// # Errors
    /// As for [`Client::call`].
    pub(crate) async fn call_to_the_end(
        &mut self,
        method: &str,
        params: &Value,
    ) -> Result<Value, ClientError> {
        let (patience, url) = (self.timeout, self.url.clone());
        let answer = async {
            let id = self.send(method, params).await?;
            let mut is_accepted = false;
            loop {
                let answer = self.answer(&id, method).await;
                let payload =
                    answer.map_err(|error| if is_accepted { error.after_acceptance() } else { error })?;
                if payload.get("status").and_then(Value::as_str) != Some("accepted") {
                    return Ok(payload);
                }
                is_accepted = true;
            }
        };
        within(patience, &url, method, answer).await
    }

    /// Sends a request without waiting; returns its id.
    ///
    /// # Errors
    /// The connection is gone.
    pub(crate) async fn send(&mut self, method: &str, params: &Value) -> Result<String, ClientError> {
        self.last_id += 1;
        let id = self.last_id.to_string();
        self.socket.send(Message::text(encode_request(&id, method, params))).await.map_err(broken)?;
        Ok(id)
    }

    /// The next frame. Dropping the future loses nothing.
    ///
    /// # Errors
    /// The connection is gone, or the frame is none of this protocol.
    pub(crate) async fn next(&mut self) -> Result<ServerFrame, ClientError> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(&text).map_err(|error| self.not_a_gateway(&error));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) = frame.map_or((CLOSED_ABNORMALLY, String::new()), |frame| {
                        (frame.code.into(), frame.reason.to_string())
                    });
                    return Err(ClientError::Closed { code, reason });
                }
                Some(Err(error)) => return Err(broken(error)),
                None => return Err(ClientError::Closed { code: CLOSED_ABNORMALLY, reason: String::new() }),
            }
        }
    }

    /// Waits for the answer to a request; events are passed over.
    async fn answer(&mut self, wanted: &str, method: &str) -> Result<Value, ClientError> {
        loop {
            let ServerFrame::Response { id, payload, error, .. } = self.next().await? else { continue };
            if id != wanted {
                continue;
            }
            return match error {
                None => Ok(payload.unwrap_or(Value::Null)),
                Some(error) => {
                    Err(ClientError::Rpc { method: method.to_owned(), error: Box::new(error), payload })
                }
            };
        }
    }

    async fn shake_hands(&mut self, target: &Target) -> Result<(), ClientError> {
        let nonce = self.challenge().await?;
        let now_ms = SystemClock.now_ms();
        let dir = &target.identity_dir;
        // Only now: looking for a gateway that is not there must not leave files behind.
        let key = identity::load_or_create(dir, now_ms)?;
        let device_id = key.public().device_id();
        let credential = match &target.credential {
            Some(credential) => Some(credential.clone()),
            None if target.is_configured => identity::stored_token(dir, &device_id)?.map(Credential::Token),
            None => None,
        };
        let scopes = [Scope::Admin, Scope::Approvals, Scope::Pairing].map(|scope| scope.as_str().to_owned());
        let (auth, token) = match &credential {
            Some(Credential::Token(token)) => (json!({"token": token.expose()}), token.expose()),
            Some(Credential::Password(password)) => (json!({"password": password.expose()}), ""),
            None => (json!({}), ""),
        };
        let proof = key.prove(&SignedConnect {
            client_id: CLIENT_ID,
            client_mode: CLIENT_MODE,
            role: ROLE,
            scopes: &scopes,
            signed_at_ms: now_ms,
            token,
            nonce: Some(&nonce),
        });
        let params = json!({
            "minProtocol": PROTOCOL_VERSION, "maxProtocol": PROTOCOL_VERSION,
            "client": {
                "id": CLIENT_ID, "mode": CLIENT_MODE,
                "version": env!("CARGO_PKG_VERSION"), "platform": std::env::consts::OS,
            },
            "caps": ["tool-events"], "role": ROLE, "scopes": scopes, "device": proof, "auth": auth,
        });
        let id = self.send("connect", &params).await?;
        self.hello = self.answer(&id, "connect").await.map_err(|error| self.denied(error))?;
        if target.is_configured
            && let Some(auth) = self.hello.get("auth")
        {
            identity::store_token(dir, &device_id, auth, now_ms)?;
        }
        Ok(())
    }

    /// The nonce of the first event.
    async fn challenge(&mut self) -> Result<String, ClientError> {
        match self.next().await? {
            ServerFrame::Event { event, payload: Some(payload), .. } if event == "connect.challenge" => {
                let nonce = payload.get("nonce").and_then(Value::as_str);
                nonce.map(ToOwned::to_owned).ok_or_else(|| self.not_a_gateway(&"its challenge has no nonce"))
            }
            ServerFrame::Event { .. } | ServerFrame::Response { .. } => {
                Err(self.not_a_gateway(&"it does not begin with a challenge"))
            }
        }
    }

    fn denied(&self, error: ClientError) -> ClientError {
        if let ClientError::Rpc { error, .. } = error {
            return ClientError::Denied { url: self.url.clone(), error };
        }
        error
    }

    fn not_a_gateway(&self, detail: &dyn std::fmt::Display) -> ClientError {
        ClientError::NotAGateway { url: self.url.clone(), detail: detail.to_string() }
    }
}

async fn open_socket(url: &str) -> Result<WebSocketStream<TcpStream>, ClientError> {
    let bad = || ClientError::BadAddress { url: url.to_owned() };
    let uri: Uri = url.parse().map_err(|_invalid| bad())?;
    match uri.scheme_str() {
        Some("ws") => {}
        Some("wss") => return Err(ClientError::NoTls { url: url.to_owned() }),
        Some(_) | None => return Err(bad()),
    }
    let host = uri.host().ok_or_else(bad)?.trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(DEFAULT_WS_PORT);
    let absent = |source: io::Error| {
        let url = url.to_owned();
        if source.kind() == io::ErrorKind::ConnectionRefused {
            return ClientError::NotRunning { url };
        }
        ClientError::Unreachable { url, source }
    };
    let stream = TcpStream::connect((host, port)).await.map_err(absent)?;
    // Small frames that somebody waits for.
    stream.set_nodelay(true).map_err(|source| ClientError::Unreachable { url: url.to_owned(), source })?;
    let request = url.into_client_request().map_err(|_invalid| bad())?;
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MAX_FRAME_BYTES))
        .max_frame_size(Some(MAX_FRAME_BYTES));
    match tokio_tungstenite::client_async_with_config(request, stream, Some(limits)).await {
        Ok((socket, _response)) => Ok(socket),
        Err(WsError::Http(response)) => Err(refused(url, response.status().as_u16())),
        Err(other) => Err(ClientError::NotAGateway { url: url.to_owned(), detail: other.to_string() }),
    }
}

/// Nobody listens, and yet a gateway has the state directory.
fn stopping(error: ClientError, target: &Target) -> ClientError {
    let ClientError::NotRunning { url } = error else { return error };
    match target.state_dir.as_deref().and_then(StateLock::holder) {
        Some(pid) => ClientError::Stopping { url, pid },
        None => ClientError::NotRunning { url },
    }
}

fn refused(url: &str, status: u16) -> ClientError {
    let hint = match status {
        403 | 421 => "connect to the address the gateway listens on, or allow this one in its configuration",
        429 | 503 => "it is busy or stopping; try again in a moment",
        _ => "is it an OpenClaw gateway?",
    };
    ClientError::Refused { url: url.to_owned(), status, hint }
}

fn broken(error: WsError) -> ClientError {
    if matches!(error, WsError::ConnectionClosed | WsError::AlreadyClosed) {
        return ClientError::Closed { code: CLOSED_ABNORMALLY, reason: String::new() };
    }
    ClientError::Broken(Box::new(error))
}

async fn within<T>(
    patience: Duration,
    url: &str,
    waiting_for: &str,
    work: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    match timeout(patience, work).await {
        Ok(result) => result,
        Err(_elapsed) => Err(ClientError::Timeout {
            url: url.to_owned(),
            waiting_for: waiting_for.to_owned(),
            after: patience,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Client, ClientError, Target};
    use crate::client::Credential;
    use futures_util::{SinkExt as _, StreamExt as _};
    use openclaw_guard::Secret;
    use openclaw_protocol::connect::ConnectParams;
    use openclaw_protocol::device::{PublicKey, SignedConnect};
    use serde_json::{Value, json};
    use std::path::Path;
    use std::time::Duration;
    use tokio::net::{TcpListener, TcpStream};
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::Message;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn target(port: u16, home: &Path) -> Target {
        Target {
            url: format!("ws://127.0.0.1:{port}"),
            credential: Some(Credential::Token(Secret::new("shared".to_owned()))),
            identity_dir: home.join("identity"),
            is_configured: true,
            state_dir: Some(home.to_owned()),
        }
    }

    async fn tell(socket: &mut WebSocketStream<TcpStream>, frame: Value) {
        socket.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn hear(socket: &mut WebSocketStream<TcpStream>) -> Value {
        serde_json::from_str(socket.next().await.unwrap().unwrap().to_text().unwrap()).unwrap()
    }

    /// Says hello to whoever proves a key and knows the token, and answers one `agent` call twice.
    async fn gateway(listener: TcpListener) {
        let mut socket = tokio_tungstenite::accept_async(listener.accept().await.unwrap().0).await.unwrap();
        tell(
            &mut socket,
            json!({"type": "event", "event": "connect.challenge", "payload": {"nonce": "n1", "ts": 1}}),
        )
        .await;
        let connect = hear(&mut socket).await;
        let params = ConnectParams::parse(Some(&connect["params"])).unwrap();
        let proof = params.device.unwrap();
        let signed = SignedConnect {
            client_id: "cli",
            client_mode: "cli",
            role: "operator",
            scopes: &params.scopes.unwrap(),
            signed_at_ms: proof.signed_at,
            token: "shared",
            nonce: Some("n1"),
        };
        let key = PublicKey::parse(&proof.public_key).unwrap();
        assert!(key.verifies(&signed.payload(&proof.id), &proof.signature));
        let auth = json!({"deviceToken": "given", "role": "operator", "scopes": []});
        tell(&mut socket, json!({"type": "res", "id": connect["id"], "ok": true, "payload": {"type": "hello-ok", "auth": auth}})).await;
        let call = hear(&mut socket).await;
        let answer = |status: &str| json!({"type": "res", "id": call["id"], "ok": true, "payload": {"status": status}});
        tell(&mut socket, answer("accepted")).await;
        tell(&mut socket, json!({"type": "event", "event": "tick", "payload": {}})).await;
        tell(&mut socket, answer("ok")).await;
        let call = hear(&mut socket).await;
        let error = json!({"code": "UNAVAILABLE", "message": "not now"});
        tell(&mut socket, json!({"type": "res", "id": call["id"], "ok": false, "error": error})).await;
    }

    /// Greets, accepts one call, and is gone.
    async fn dies_after_acceptance(listener: TcpListener) {
        let mut socket = tokio_tungstenite::accept_async(listener.accept().await.unwrap().0).await.unwrap();
        let challenge =
            json!({"type": "event", "event": "connect.challenge", "payload": {"nonce": "n1", "ts": 1}});
        tell(&mut socket, challenge).await;
        let connect = hear(&mut socket).await;
        tell(
            &mut socket,
            json!({"type": "res", "id": connect["id"], "ok": true, "payload": {"type": "hello-ok"}}),
        )
        .await;
        let call = hear(&mut socket).await;
        let accepted =
            json!({"type": "res", "id": call["id"], "ok": true, "payload": {"status": "accepted"}});
        tell(&mut socket, accepted).await;
    }

    #[tokio::test]
    async fn an_accepted_message_is_said_to_be_kept() {
        let home = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(dies_after_acceptance(listener));
        let mut client = Client::connect(&target(port, home.path()), PATIENCE).await.unwrap();
        let error = client.call_to_the_end("agent", &json!({})).await.unwrap_err();
        assert!(error.is_gone());
        let said = error.to_string();
        assert!(
            said.ends_with("; your message is kept: the gateway answers it when it runs again"),
            "{said}"
        );
        let error = client.call("status", &json!({})).await.unwrap_err();
        assert!(!error.to_string().contains("kept"), "{error}");
        server.await.unwrap();
    }

    #[tokio::test]
    async fn a_gateway_that_is_stopping_is_not_an_absent_one() {
        let home = tempfile::tempdir().unwrap();
        // Taken, so that nobody else gets it, and nobody listens.
        let taken = tokio::net::TcpSocket::new_v4().unwrap();
        taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let target = target(taken.local_addr().unwrap().port(), home.path());
        let lock = openclaw_store::StateLock::acquire(home.path()).unwrap();
        let said = Client::connect(&target, PATIENCE).await.err().unwrap().to_string();
        assert!(said.contains(&format!("(process {})", std::process::id())), "{said}");
        assert!(said.contains("it is stopping") && !said.contains("`openclaw gateway`"), "{said}");
        drop(lock);
        let said = Client::connect(&target, PATIENCE).await.err().unwrap().to_string();
        assert!(said.contains("start it with `openclaw gateway`"), "{said}");
    }

    #[tokio::test]
    async fn proves_its_key_keeps_its_token_and_waits_for_the_last_answer() {
        let home = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(gateway(listener));
        let mut client = Client::connect(&target(port, home.path()), PATIENCE).await.unwrap();
        assert_eq!(client.hello()["type"], "hello-ok");
        assert_eq!(client.call_to_the_end("agent", &json!({})).await.unwrap()["status"], "ok");
        let error = client.call("status", &json!({})).await.unwrap_err();
        assert_eq!(error.to_string(), "status: not now");
        server.await.unwrap();
        let stored = std::fs::read_to_string(home.path().join("identity/device-auth.json")).unwrap();
        assert!(stored.contains("\"given\""));
    }

    #[tokio::test]
    async fn a_gateway_that_is_not_there_leaves_nothing_behind() {
        let home = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let error = Client::connect(&target(port, home.path()), PATIENCE).await.err().unwrap();
        assert!(error.is_absent());
        assert_eq!(
            error.to_string(),
            format!(
                "no gateway at ws://127.0.0.1:{port} (connection refused); start it with `openclaw gateway`"
            )
        );
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn silence_is_a_timeout_and_bad_addresses_are_named() {
        let home = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent = target(listener.local_addr().unwrap().port(), home.path());
        let error = Client::connect(&silent, Duration::from_millis(20)).await.err().unwrap();
        assert!(matches!(error, ClientError::Timeout { .. }), "{error}");
        for (url, expected) in
            [("wss://x:1", "wss"), ("http://x", "not a gateway address"), ("x y", "not a gateway")]
        {
            let target = Target { url: url.to_owned(), ..target(1, home.path()) };
            let error = Client::connect(&target, PATIENCE).await.err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
