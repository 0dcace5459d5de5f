//! The handle of a test on its service.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::jobs::{JobPlan, Jobs};
use super::serve;
use super::trouble::Trouble;

/// How long a `wait_…` lasts before the test fails.
const WAIT_LIMIT: Duration = Duration::from_secs(10);

/// Which service it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// OpenAI, and what speaks like it.
    OpenAi,
    /// Gemini's own interface.
    Gemini,
    /// Voyage.
    Voyage,
}

impl Api {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Gemini, Self::Voyage];
}

/// A running service.
pub struct EmbeddingServer {
    address: SocketAddr,
    state: Arc<State>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// Path with query.
    pub path: String,
    /// Header names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The body; null when it was not JSON.
    pub body: Value,
}

impl Asked {
    /// The first value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What is shared between the handle and the server's thread.
pub(super) struct State {
    pub(super) api: Api,
    pub(super) key: Option<String>,
    /// Tokens, one to a word, that the model reads of a text.
    pub(super) max_words: Option<usize>,
    pub(super) script: Mutex<VecDeque<Option<Trouble>>>,
    pub(super) asked: Mutex<Vec<Asked>>,
    pub(super) counts: watch::Sender<Counts>,
    pub(super) jobs: Mutex<Jobs>,
}

/// What happened so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) requests: usize,
    pub(super) disconnects: usize,
    pub(super) done_unheard: usize,
}

impl EmbeddingServer {
    /// A service that takes any key.
    #[must_use]
    pub fn start(api: Api) -> Self {
        Self::launch(api, None, None)
    }

    /// A service that refuses every other key.
    #[must_use]
    pub fn with_key(api: Api, key: &str) -> Self {
        Self::launch(api, Some(key.to_owned()), None)
    }

    /// A service whose model refuses texts of more words.
    #[must_use]
    pub fn with_max_words(api: Api, max_words: usize) -> Self {
        Self::launch(api, None, Some(max_words))
    }

    fn launch(api: Api, key: Option<String>, max_words: Option<usize>) -> Self {
        let state = Arc::new(State {
            api,
            key,
            max_words,
            script: Mutex::default(),
            asked: Mutex::default(),
            counts: watch::Sender::new(Counts::default()),
            jobs: Mutex::default(),
        });
        let stop = CancellationToken::new();
        let (address, thread) = serve::spawn(Arc::clone(&state), stop.clone());
        Self { address, state, stop, thread: Some(thread) }
    }

    /// The base URL as a configuration wants it, with the version.
    #[must_use]
    pub fn base_url(&self) -> String {
        let version = if self.state.api == Api::Gemini { "v1beta" } else { "v1" };
        format!("http://{}/{version}", self.address)
    }

    /// The next request goes wrong like this. Several add up.
    pub fn push(&self, trouble: Trouble) {
        self.state.script.lock().unwrap().push_back(Some(trouble));
    }

    /// The next request of the script goes well.
    pub fn push_good(&self) {
        self.state.script.lock().unwrap().push_back(None);
    }

    /// What becomes of jobs that are begun from now on.
    pub fn plan(&self, plan: JobPlan) {
        self.state.jobs.lock().unwrap().plan = plan;
    }

    /// The requests so far, oldest first.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().unwrap().clone()
    }

    /// Names of the files that lie at the service.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        self.state.jobs.lock().unwrap().file_names()
    }

    /// The text of an input file that was uploaded.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<String> {
        self.state.jobs.lock().unwrap().file(name)
    }

    /// Waits until `count` requests have arrived.
    ///
    /// # Panics
    /// They do not arrive within ten seconds.
    pub async fn wait_requests(&self, count: usize) {
        self.wait("requests", |counts| counts.requests >= count).await;
    }

    /// Waits until `count` clients have gone away before their answer was complete.
    ///
    /// # Panics
    /// They stay for ten seconds.
    pub async fn wait_disconnects(&self, count: usize) {
        self.wait("disconnects", |counts| counts.disconnects >= count).await;
    }

    /// Waits until `count` requests were done whose answer nobody hears.
    ///
    /// # Panics
    /// They do not come within ten seconds.
    pub async fn wait_done_unheard(&self, count: usize) {
        self.wait("requests that were done", |counts| counts.done_unheard >= count).await;
    }

    async fn wait(&self, what: &str, reached: impl Fn(&Counts) -> bool) {
        let mut counts = self.state.counts.subscribe();
        let waited = tokio::time::timeout(WAIT_LIMIT, counts.wait_for(|now| reached(now))).await;
        assert!(waited.is_ok(), "too few {what}: {:?}", *self.state.counts.borrow());
    }
}

impl Drop for EmbeddingServer {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic of the server's thread has already been printed; a second one while dropping would abort.
            drop(thread.join());
        }
    }
}
