//! A scripted model provider over real HTTP and server-sent events, on a loopback port of its own. The path of a request
//! decides which wire API answers it: chat completions, responses, Anthropic messages, Gemini or Ollama.
//!
//! Sources of the wire formats: the providers' API references on streaming. The server runs on its own thread
//! with its own runtime, so that it serves synchronous tests, paused clocks and benchmarks alike, and goes away when
//! it is dropped.

mod reply;
mod serve;
mod speakers;
mod wire;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use reply::{Reply, ScriptedCall};

/// How long a `wait_…` lasts before the test fails.
const WAIT_LIMIT: Duration = Duration::from_secs(10);

/// A running server.
pub struct ModelServer {
    address: SocketAddr,
    state: Arc<State>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// When the whole request had been read.
    pub at: Instant,
    /// Path with query.
    pub path: String,
    /// Header names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The body; null when it was not JSON.
    pub body: Value,
}

impl Recorded {
    /// The first value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The text of the last user message, whether it came as a string or as parts.
    #[must_use]
    pub fn last_user_text(&self) -> String {
        wire::last_user_text(&self.body)
    }

    /// The number of messages with this role.
    #[must_use]
    pub fn messages_of(&self, role: &str) -> usize {
        self.body["messages"].as_array().map_or(0, |all| all.iter().filter(|m| m["role"] == role).count())
    }
}

/// Chooses the reply when the script is empty.
pub type Fallback = Box<dyn Fn(&Recorded) -> Reply + Send + Sync>;

/// What is shared between the handle and the server's thread.
struct State {
    script: Mutex<VecDeque<Reply>>,
    requests: Mutex<Vec<Recorded>>,
    counts: watch::Sender<Counts>,
    fallback: Fallback,
    key: Option<String>,
    models: Vec<String>,
    routes: Vec<(String, serde_json::Value)>,
}

/// What happened so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    connections: usize,
    requests: usize,
    disconnects: usize,
}

/// Settings of a server before it starts.
pub struct Builder {
    fallback: Fallback,
    key: Option<String>,
    models: Vec<String>,
    routes: Vec<(String, serde_json::Value)>,
}

impl Builder {
    /// Answers requests to another path, whatever their method, with this JSON and status 200. They are recorded, too.
    #[must_use]
    pub fn route(mut self, path: &str, answer: serde_json::Value) -> Self {
        self.routes.push((path.to_owned(), answer));
        self
    }

    /// Answers requests beyond the script. Without it the server repeats the user's text.
    #[must_use]
    pub fn fallback(mut self, fallback: impl Fn(&Recorded) -> Reply + Send + Sync + 'static) -> Self {
        self.fallback = Box::new(fallback);
        self
    }

    /// Answers 401 to every request without the key, in the header of whichever API.
    #[must_use]
    pub fn require_key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// The ids that `GET /v1/models` lists.
    #[must_use]
    pub fn models(mut self, ids: &[&str]) -> Self {
        self.models = ids.iter().map(|id| (*id).to_owned()).collect();
        self
    }

    /// Starts the server.
    #[must_use]
    pub fn start(self) -> ModelServer {
        let state = Arc::new(State {
            script: Mutex::default(),
            requests: Mutex::default(),
            counts: watch::Sender::new(Counts::default()),
            fallback: self.fallback,
            key: self.key,
            models: self.models,
            routes: self.routes,
        });
        let stop = CancellationToken::new();
        let (address, thread) = serve::spawn(Arc::clone(&state), stop.clone());
        ModelServer { address, state, stop, thread: Some(thread) }
    }
}

impl ModelServer {
    /// A server with an empty script, no key, and one model `mock-1`.
    #[must_use]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// Settings to change before the start.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            fallback: Box::new(|request| {
                Reply::text(&format!("Mock reply to: {}", request.last_user_text()))
            }),
            key: None,
            models: vec!["mock-1".to_owned()],
            routes: Vec::new(),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL as a provider's configuration wants it, with the version that all APIs but Gemini's have.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Adds a reply to the end of the script; each answers one chat request.
    pub fn push(&self, reply: Reply) {
        self.state.script.lock().unwrap().push_back(reply);
    }

    /// Adds several replies.
    pub fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.state.script.lock().unwrap().extend(replies);
    }

    /// The chat requests so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.state.requests.lock().unwrap().clone()
    }

    /// Forgets the recorded requests, for long benchmarks.
    pub fn forget_requests(&self) {
        self.state.requests.lock().unwrap().clear();
    }

    /// How many connections were accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.state.counts.borrow().connections
    }

    /// How many clients went away before their answer was complete.
    #[must_use]
    pub fn disconnects(&self) -> usize {
        self.state.counts.borrow().disconnects
    }

    /// Waits until `count` chat requests have arrived.
    ///
    /// # Panics
    /// They do not arrive within ten seconds.
    pub async fn wait_requests(&self, count: usize) {
        self.wait("requests", |counts| counts.requests >= count).await;
    }

    /// Waits until `count` clients have gone away in the middle of an answer.
    ///
    /// # Panics
    /// They stay for ten seconds.
    pub async fn wait_disconnects(&self, count: usize) {
        self.wait("disconnects", |counts| counts.disconnects >= count).await;
    }

    async fn wait(&self, what: &str, reached: impl Fn(&Counts) -> bool) {
        let mut counts = self.state.counts.subscribe();
        let waited = tokio::time::timeout(WAIT_LIMIT, counts.wait_for(|now| reached(now))).await;
        assert!(
            waited.is_ok(),
            "the model server did not see enough {what}: {:?}",
            *self.state.counts.borrow()
        );
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic of the server's thread has already been printed; a second one while dropping would abort.
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ModelServer, Reply, ScriptedCall};
    use std::io::{Read, Write};
    use std::time::Duration;

    /// Sends one request and reads everything until the server closes.
    fn ask(server: &ModelServer, method: &str, path: &str, body: &str) -> String {
        let mut socket = std::net::TcpStream::connect(server.address()).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer k\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    }

    fn chat(server: &ModelServer) -> String {
        let body = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true},
            "messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}"#;
        ask(server, "POST", "/v1/chat/completions", body)
    }

    #[test]
    fn a_text_follows_the_documented_order() {
        let server = ModelServer::start();
        let answer = chat(&server);
        let data: Vec<&str> = answer.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        assert!(answer.contains("content-type: text/event-stream"), "{answer}");
        assert!(
            data[0].contains(r#""object":"chat.completion.chunk""#)
                && data[0].contains(r#""role":"assistant""#)
        );
        assert!(data[data.len() - 3].contains(r#""finish_reason":"stop""#));
        assert!(
            data[data.len() - 2].contains(r#""choices":[]"#)
                && data[data.len() - 2].contains("prompt_tokens")
        );
        assert_eq!(data[data.len() - 1], "[DONE]");
        let request = &server.requests()[0];
        assert_eq!(
            (request.last_user_text().as_str(), request.header("authorization")),
            ("hi", Some("Bearer k"))
        );
        assert_eq!(request.messages_of("user"), 1);
    }

    #[test]
    fn the_script_comes_before_the_fallback() {
        let server = ModelServer::builder().fallback(|_| Reply::text("fallback")).start();
        server.script([Reply::rate_limited(7), Reply::context_overflow(), Reply::instant("now")]);
        let limited = chat(&server);
        assert!(limited.starts_with("HTTP/1.1 429") && limited.contains("retry-after: 7"), "{limited}");
        assert!(chat(&server).contains("context_length_exceeded"));
        assert!(chat(&server).contains(r#""content":"now""#));
        assert!(chat(&server).contains("fallback"));
    }

    #[test]
    fn broken_arguments_keep_their_text() {
        let server = ModelServer::start();
        let call = ScriptedCall { id: "c".into(), name: "read".into(), arguments: "{\"ü\":".into() };
        server.push(Reply::ToolCalls { text: "wait".into(), calls: vec![call] });
        let answer = chat(&server);
        assert!(answer.contains(r#""finish_reason":"tool_calls""#) && answer.contains(r#""name":"read""#));
        assert!(
            answer.contains(r#""arguments":"{\"""#) && answer.contains(r#""arguments":"ü\":""#),
            "{answer}"
        );
    }

    #[test]
    fn without_stream_the_answer_is_one_document() {
        let server = ModelServer::start();
        let answer = ask(&server, "POST", "/v1/chat/completions", r#"{"model":"m","messages":[]}"#);
        assert!(answer.contains(r#""object":"chat.completion""#), "{answer}");
    }

    #[test]
    fn wrong_keys_bodies_and_paths_are_refused() {
        let server = ModelServer::builder().require_key("right").models(&["a", "b"]).start();
        assert!(chat(&server).starts_with("HTTP/1.1 401"));
        let server = ModelServer::builder().require_key("k").models(&["a", "b"]).start();
        assert!(ask(&server, "GET", "/v1/models", "").contains(r#""id":"b""#));
        assert!(ask(&server, "POST", "/v1/chat/completions", "{}").starts_with("HTTP/1.1 400"));
        assert!(ask(&server, "GET", "/nothing", "").starts_with("HTTP/1.1 404"));
    }

    #[tokio::test]
    async fn a_client_that_leaves_is_counted_and_a_stall_does_not_outlive_the_server() {
        let server = ModelServer::start();
        server.script([Reply::Stall { after: vec!["a".into()] }, Reply::Silent]);
        for count in 1..=2 {
            let mut socket = std::net::TcpStream::connect(server.address()).unwrap();
            let body = r#"{"stream":true,"messages":[]}"#;
            let head = format!(
                "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            socket.write_all(format!("{head}{body}").as_bytes()).unwrap();
            server.wait_requests(count).await;
            drop(socket);
            server.wait_disconnects(count).await;
        }
        assert_eq!(server.connections(), 2);
        server.push(Reply::slow_text("never ends", Duration::from_secs(3600)));
        let mut socket = std::net::TcpStream::connect(server.address()).unwrap();
        socket.write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 29\r\n\r\n{\"stream\":true,\"messages\":[]}").unwrap();
        server.wait_requests(3).await;
        drop(server);
        // The read ends, by end of file or by a reset; both mean that the server let go.
        socket.read_to_end(&mut Vec::new()).ok();
    }
}
