//! An agent with a real model client, real tools, real files, a real ledger, and a scripted provider.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use openclaw_agent::envelope::user_zone;
use openclaw_agent::spending::{Budgets, Spending};
use openclaw_agent::turn::{Outcome, TurnError, TurnEvent};
use openclaw_agent::{
    AbortHandle, AgentRuntime, AgentSettings, Ending, Inbound, Job, Lanes, Resume, RunObserver, SenderMay,
    SessionRules, SettingsCommand, TurnJob, TurnObserver, TurnReport,
};
use openclaw_credentials::{AuthPlaces, AuthSettings, AuthStore};
use openclaw_guard::{ManualClock, PathComponent, Root, create_private_dir, write_atomic};
use openclaw_memory::{Engine, EngineOptions};
use openclaw_models::WireApi;
use openclaw_models::catalog::{Catalog, Choice, Environment, ModelEntry, ProviderEntry, Providers};
use openclaw_models::oauth::TokenRefresher;
use openclaw_protocol::session_key::SessionKey;
use openclaw_store::{
    Accepted, Done, EventKey, Ledger, LedgerError, NewEvent, RecordId, SessionIndex, SqliteLedger,
};
use openclaw_testkit::model_server::ModelServer;
use openclaw_tools::{MemoryTools, Policy, Toolbox, ToolboxOptions};
use serde_json::Value;
use tokio::sync::mpsc;

/// 2026-11-20 10:27 UTC
pub(crate) const NOW: i64 = 1_795_170_420_000;

pub(crate) struct NoSettings;

impl SettingsCommand for NoSettings {
    fn run<'a>(&'a self, words: &'a str) -> futures_util::future::BoxFuture<'a, String> {
        Box::pin(async move { format!("asked for {words}") })
    }
}

pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) server: ModelServer,
    pub(crate) runtime: Arc<AgentRuntime>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ends: mpsc::UnboundedReceiver<(String, Outcome)>,
    pub(crate) sender: mpsc::UnboundedSender<(String, Outcome)>,
    pub(crate) ledger: Arc<dyn Ledger>,
}

/// Tells the test how a run ended.
pub(crate) struct Watcher {
    pub(crate) id: String,
    pub(crate) ends: mpsc::UnboundedSender<(String, Outcome)>,
    pub(crate) panics: bool,
    pub(crate) seen: Mutex<usize>,
}

impl TurnObserver for Watcher {
    fn event(&self, _: &TurnEvent) {
        *self.seen.lock().unwrap() += 1;
        assert!(!self.panics, "an observer that breaks");
    }
}

impl RunObserver for Watcher {
    fn ended(&self, report: &TurnReport) {
        self.ends.send((self.id.clone(), report.outcome.clone())).unwrap();
    }

    fn outcome(&self, report: &TurnReport) -> Vec<u8> {
        format!("{:?}", report.outcome).into_bytes()
    }

    fn dropped(&self) {
        self.ended(&TurnReport::bare(Outcome::Failed(TurnError::Interrupted)));
    }
}

pub(crate) fn world(files: &[(&str, &str)]) -> World {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("workspace");
    create_private_dir(&folder.join("memory")).unwrap();
    for (name, text) in files {
        write_atomic(&folder.join(name), text.as_bytes()).unwrap();
    }
    let server = ModelServer::start();
    let mut provider = ProviderEntry::new("mock", &server.base_url());
    provider.api = Some(WireApi::OpenAiCompletions);
    provider.models = vec![ModelEntry::new("m")];
    let providers =
        Providers { model: Choice::only("mock/m"), entries: vec![provider], ..Providers::default() };
    let clock = Arc::new(ManualClock::new(NOW));
    let workspace = Arc::new(Root::open(&folder).unwrap());
    let agent_id = PathComponent::parse("main").unwrap();
    let memory = Engine::new(EngineOptions::new(agent_id, Arc::clone(&workspace), dir.path(), clock.clone()));
    let sessions_dir = dir.path().join("sessions");
    let for_groups = ToolboxOptions {
        policy: Policy { allow: vec!["session_status".into()], deny: Vec::new() },
        memory: MemoryTools::Off,
        ..ToolboxOptions::default()
    };
    let runtime = Arc::new(AgentRuntime {
        id: "main".into(),
        name: "Claw".into(),
        settings: AgentSettings {
            main_key: "main".into(),
            timeout: Duration::from_secs(20),
            bootstrap_max_chars: 20_000,
            context_tokens: None,
            thinking_default: None,
            failover_wait: Duration::from_secs(10),
            budgets: Budgets::default(),
            recording: None,
            zone: user_zone(Some("UTC")),
            session: SessionRules { zone: user_zone(Some("UTC")), ..SessionRules::default() },
        },
        workspace,
        sessions: Arc::new(SessionIndex::load(&sessions_dir, "main", clock.clone()).unwrap()),
        sessions_dir,
        toolbox: Arc::new(Toolbox::new(ToolboxOptions::default())),
        group_toolbox: Arc::new(Toolbox::new(for_groups)),
        memory: Arc::new(memory),
        models: Arc::new(Catalog::new(providers, Environment::default())),
        auth: Arc::new(AuthStore::new(AuthPlaces::new(dir.path(), dir.path()), AuthSettings::default())),
        refresher: Arc::new(TokenRefresher::new(Vec::new())),
        spending: Arc::new(Spending::new(dir.path().join("spending.json"))),
        clock: clock.clone(),
        present: Arc::default(),
    });
    let (sender, ends) = mpsc::unbounded_channel();
    let ledger = Arc::new(SqliteLedger::open(dir.path(), NOW).unwrap());
    World { dir, server, runtime, clock, ends, sender, ledger }
}

/// Asks the ledger and waits.
pub(crate) fn ask<T: Send + 'static>(
    ledger: &dyn Ledger,
    start: impl FnOnce(&dyn Ledger, Done<T>),
) -> Result<T, LedgerError> {
    let (sender, answer) = std::sync::mpsc::channel();
    start(ledger, Box::new(move |result| sender.send(result).unwrap()));
    answer.recv().unwrap()
}

/// The key of a run in the ledger.
pub(crate) fn event_key(id: &str) -> EventKey {
    EventKey { channel: "test".into(), account: "test".into(), id: id.into() }
}

impl World {
    pub(crate) fn lanes(&self, max_turns: usize) -> Lanes {
        Lanes::new(max_turns, Arc::clone(&self.ledger))
    }

    /// Has an event accepted; the name may be used again.
    fn inbound(&self, id: &str) -> Inbound {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let id = match ask(&*self.ledger, |ledger, done| ledger.event(event_key(id), done)).unwrap() {
            None => id.to_owned(),
            Some(_) => format!("{id} {}", COUNT.fetch_add(1, Ordering::Relaxed)),
        };
        let event = NewEvent {
            key: event_key(&id),
            session_key: String::new(),
            received_at_ms: NOW,
            payload: Vec::new(),
        };
        let Accepted::New(event) = ask(&*self.ledger, |ledger, done| ledger.accept(event, done)).unwrap()
        else {
            panic!("{id} was accepted before")
        };
        Inbound { event, record: RecordId::random().unwrap(), resume: Resume::Fresh }
    }

    /// A message that the ledger has accepted.
    pub(crate) fn job(&self, id: &str, text: &str) -> (Job, AbortHandle) {
        self.job_watched_by(
            text,
            Watcher { id: id.into(), ends: self.sender.clone(), panics: false, seen: Mutex::new(0) },
        )
    }

    pub(crate) fn job_watched_by(&self, text: &str, watcher: Watcher) -> (Job, AbortHandle) {
        let abort = AbortHandle::default();
        let job = TurnJob {
            settings: Arc::new(NoSettings),
            may: SenderMay::Choose,
            run_id: watcher.id.clone(),
            text: text.into(),
            images: Vec::new(),
            extra_system: None,
            session_id: None,
            thinking: None,
            timeout: None,
            inbound: Some(self.inbound(&watcher.id)),
            abort: abort.clone(),
            ending: Ending::new(Arc::new(watcher)),
        };
        (Job::Turn(Box::new(job)), abort)
    }

    pub(crate) async fn end(&mut self) -> (String, Outcome) {
        tokio::time::timeout(Duration::from_secs(20), self.ends.recv()).await.unwrap().unwrap()
    }

    /// Runs one turn to its end.
    pub(crate) async fn turn(&mut self, lanes: &Lanes, key: &str, text: &str) -> Outcome {
        let (job, _) = self.job("run", text);
        lanes.submit(&self.runtime, &key_of(key), job).unwrap();
        self.end().await.1
    }

    pub(crate) fn prompt(&self, request: usize) -> (String, Vec<Value>) {
        let body = &self.server.requests()[request].body;
        let messages = body["messages"].as_array().unwrap();
        (messages[0]["content"].to_string(), messages[1..].to_vec())
    }
}

pub(crate) fn key_of(text: &str) -> SessionKey {
    SessionKey::canonical(text, "main", "main")
}

pub(crate) fn replied(text: &str) -> Outcome {
    Outcome::Replied { text: text.into() }
}
