//! What changes while the gateway runs: an immutable snapshot behind one pointer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use openclaw_agent::Present;
use openclaw_agent::exchanges::Scribe;
use openclaw_agent::spending::Spending;
use openclaw_config::{Config, Loaded, Locations};
use openclaw_guard::{Clock, Root};
use openclaw_store::{IndexEvent, SessionIndex, StoreError};
use openclaw_tools::FileLock;

use crate::agents::{self, Agents};
use crate::http::page::{Identity, Page};
use crate::log;
use crate::start::StartError;

/// The configuration and everything made of it that may change. Readers keep theirs for as long as they work with it;
/// a turn that runs ends with the agents it began with.
pub(crate) struct Snapshot {
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) agents: Agents,
    pub(crate) page: Page,
    pub(crate) identity: Identity,
}

/// What a snapshot is made with.
pub(crate) struct Making<'a> {
    pub(crate) locations: &'a Locations,
    pub(crate) clock: &'a Arc<dyn Clock>,
    pub(crate) kept: &'a Kept,
    /// The snapshot of which unchanged parts are taken over.
    pub(crate) before: Option<&'a Snapshot>,
}

impl Snapshot {
    /// Makes one. Opens folders and reads session indexes of new agents: for a blocking thread.
    pub(crate) fn make(loaded: Arc<Loaded>, making: &Making<'_>) -> Result<Self, StartError> {
        log::check_file(&loaded, making.locations)?;
        let agents = agents::build(&loaded, making)?;
        let page = page(&loaded.config, making.locations)?;
        let identity =
            Identity { base_path: base_path(&loaded.config), assistant: assistant_name(&loaded.config) };
        Ok(Self { loaded, agents, page, identity })
    }

    pub(crate) fn config(&self) -> &Config {
        &self.loaded.config
    }

    /// `agents.defaults.maxConcurrent`
    pub(crate) fn max_turns(&self) -> usize {
        usize::try_from(self.config().agents.defaults.turn.max_concurrent).unwrap_or(usize::MAX)
    }
}

/// The present snapshot. The lock is held for the copy of a pointer, never for longer.
pub(crate) struct Live {
    cell: RwLock<Arc<Snapshot>>,
    pub(crate) kept: Kept,
}

impl Live {
    pub(crate) fn new(snapshot: Snapshot, kept: Kept) -> Self {
        snapshot.agents.announce();
        Self { cell: RwLock::new(Arc::new(snapshot)), kept }
    }

    pub(crate) fn now(&self) -> Arc<Snapshot> {
        Arc::clone(&self.cell.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another snapshot in place and returns the one before.
    pub(crate) fn replace(&self, snapshot: Snapshot) -> Arc<Snapshot> {
        let snapshot = Arc::new(snapshot);
        snapshot.agents.announce();
        std::mem::replace(&mut self.cell.write().unwrap_or_else(PoisonError::into_inner), snapshot)
    }

    /// Writes what changed in the session indexes and takes over what others changed there, also for agents that are
    /// configured no more and finish their turns.
    pub(crate) fn flush(&self) {
        let now = self.now();
        for (id, index) in self.kept.indexes() {
            let flushed = index.flush_if_dirty();
            self.kept.tell(&id, &index, &flushed);
            if flushed.is_ok() && !now.agents.all.contains_key(&id) {
                drop(index);
                self.kept.let_go(&id);
            }
        }
    }

    /// Brings the session indexes into the form that other programs read, and keeps what was spent: the gateway stops.
    pub(crate) fn close(&self) {
        for (id, index) in self.kept.indexes() {
            let closed = index.close();
            self.kept.tell(&id, &index, &closed);
        }
        if let Some(Err(error)) = self.kept.spending.get().map(|spending| spending.close()) {
            tracing::warn!(%error, "cannot keep what was spent, so all that was set aside counts");
        }
    }
}

/// What outlives a snapshot: things of which there must be one for as long as anybody uses it.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) lock: FileLock,
    /// One per agent: two indexes over one folder would overwrite each other's sessions.
    sessions: Mutex<BTreeMap<String, Arc<SessionIndex>>>,
    /// One per agent that ever was: a few words each.
    presents: Mutex<BTreeMap<String, Arc<Present>>>,
    /// One for all agents: what they spend in a day counts together.
    spending: OnceLock<Arc<Spending>>,
    /// Who writes recordings of model calls, of all agents.
    pub(crate) scribe: Arc<Scribe>,
    /// Agents whose index could not be written the last time, which is said once.
    unwritten: Mutex<BTreeSet<String>>,
}

impl Kept {
    /// Where an agent as it is configured now can be found.
    pub(crate) fn present(&self, id: &str) -> Arc<Present> {
        let mut presents = self.presents.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(presents.entry(id.to_owned()).or_default())
    }

    /// What all agents spend.
    pub(crate) fn spending(&self, state_dir: &Path) -> Arc<Spending> {
        let make = || Arc::new(Spending::new(state_dir.join("state").join("spending.json")));
        Arc::clone(self.spending.get_or_init(make))
    }

    /// The session index of an agent, loaded if nobody has it.
    pub(crate) fn index(
        &self,
        id: &str,
        load: impl FnOnce() -> Result<SessionIndex, StoreError>,
    ) -> Result<Arc<SessionIndex>, StoreError> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = sessions.get(id) {
            return Ok(Arc::clone(index));
        }
        let index = Arc::new(load()?);
        sessions.insert(id.to_owned(), Arc::clone(&index));
        Ok(index)
    }

    /// Says what became of an index.
    fn tell(&self, id: &str, index: &SessionIndex, written: &Result<(), StoreError>) {
        for event in index.take_events() {
            match event {
                IndexEvent::Edited { .. } | IndexEvent::Rebuilt { .. } | IndexEvent::Rewritten { .. } => {
                    tracing::info!(agent = id, "{event}")
                }
                IndexEvent::ManyRemoved { .. }
                | IndexEvent::BadEntries { .. }
                | IndexEvent::Unreadable { .. }
                | IndexEvent::Emptied { .. }
                | IndexEvent::EditedOffline { .. }
                | IndexEvent::SetAside { .. }
                | IndexEvent::NotRebuilt { .. } => tracing::warn!(agent = id, "{event}"),
            }
        }
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        match written {
            Ok(()) if unwritten.remove(id) => {
                tracing::info!(agent = id, "the session index is written again")
            }
            Ok(()) => {}
            Err(error) => {
                if unwritten.insert(id.to_owned()) {
                    tracing::error!(agent = id, %error, "cannot write the session index; it is tried again");
                }
            }
        }
    }

    fn indexes(&self) -> Vec<(String, Arc<SessionIndex>)> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.iter().map(|(id, index)| (id.clone(), Arc::clone(index))).collect()
    }

    /// Forgets an index that nobody else holds any more. Its last user may have changed it a moment ago.
    fn let_go(&self, id: &str) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let is_unused = |index: &Arc<SessionIndex>| Arc::strong_count(index) == 1 && index.close().is_ok();
        if sessions.get(id).is_some_and(is_unused) {
            sessions.remove(id);
        }
    }
}

fn page(config: &Config, locations: &Locations) -> Result<Page, StartError> {
    let ui = &config.gateway.control_ui;
    match ui.root.as_deref().filter(|_| ui.enabled) {
        None if ui.enabled => Ok(Page::BuiltIn),
        None => Ok(Page::Off),
        Some(folder) => {
            let shown = locations.expand(folder);
            let root = Root::open(&shown).map_err(StartError::Page)?;
            Ok(Page::Folder { root, shown })
        }
    }
}

/// `/openclaw/` and `openclaw` mean `/openclaw`; `/` means none.
fn base_path(config: &Config) -> String {
    let path = config.gateway.control_ui.base_path.as_deref().unwrap_or_default().trim_matches('/');
    if path.is_empty() { String::new() } else { format!("/{path}") }
}

fn assistant_name(config: &Config) -> String {
    config.system.ui.assistant.name.clone().unwrap_or_else(|| "Assistant".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Kept, Live, Making, Snapshot};
    use openclaw_config::{Env, Loaded, LocationFlags, Locations, load};
    use openclaw_guard::{Clock, SystemClock};
    use openclaw_protocol::session_key::SessionKey;
    use openclaw_store::{SessionEntry, SessionId};
    use serde_json::{Value, json};
    use std::sync::Arc;

    struct Home {
        dir: tempfile::TempDir,
        at: Locations,
        env: Env,
        clock: Arc<dyn Clock>,
    }

    impl Home {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let env = Env::from([("HOME", &*dir.path().to_string_lossy())]);
            let at = Locations::resolve(&env, LocationFlags::default()).unwrap();
            openclaw_guard::create_private_dir(&at.state_dir).unwrap();
            Self { dir, at, env, clock: Arc::new(SystemClock) }
        }

        fn load(&self, config: &Value) -> Arc<Loaded> {
            openclaw_guard::write_atomic(&self.at.config_path, config.to_string().as_bytes()).unwrap();
            Arc::new(load(&self.at, &self.env).unwrap())
        }

        fn start(&self, config: &Value) -> Live {
            let kept = Kept::default();
            let making = Making { locations: &self.at, clock: &self.clock, kept: &kept, before: None };
            let snapshot =
                Snapshot::make(self.load(config), &making).unwrap_or_else(|error| panic!("{error}"));
            Live::new(snapshot, kept)
        }

        fn apply(&self, live: &Live, config: &Value) -> Arc<Snapshot> {
            let loaded = self.load(config);
            let before = live.now();
            let making =
                Making { locations: &self.at, clock: &self.clock, kept: &live.kept, before: Some(&before) };
            let snapshot = Snapshot::make(loaded, &making).unwrap_or_else(|error| panic!("{error}"));
            live.replace(snapshot);
            live.now()
        }
    }

    #[test]
    fn an_agent_is_made_anew_when_something_it_reads_changed() {
        let home = Home::new();
        let agents = |list: Value| json!({"agents": {"list": list}});
        let first = agents(json!([{"id": "a"}, {"id": "b"}]));
        let rows = [
            (json!([{"id": "a"}, {"id": "b", "name": "B"}]), json!({}), (true, false)),
            (json!([{"id": "a"}, {"id": "b"}]), json!({"logging": {"level": "warn"}}), (true, true)),
            (json!([{"id": "a"}, {"id": "b"}]), json!({"tools": {"deny": ["exec"]}}), (false, false)),
            (json!([{"id": "a"}, {"id": "b"}]), json!({"env": {"OPENAI_API_KEY": "k"}}), (false, false)),
        ];
        for (list, more, (same_a, same_b)) in rows {
            let live = home.start(&first);
            let before = live.now();
            let mut config = agents(list);
            config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let after = home.apply(&live, &config);
            let is_same = |id: &str| Arc::ptr_eq(&before.agents.all[id], &after.agents.all[id]);
            assert_eq!((is_same("a"), is_same("b")), (same_a, same_b), "{config}");
            for id in ["a", "b"] {
                let (was, is) = (&before.agents.all[id], &after.agents.all[id]);
                assert!(Arc::ptr_eq(&was.sessions, &is.sessions));
                // A key in the environment may change who makes the vectors.
                assert_eq!(Arc::ptr_eq(&was.memory, &is.memory), more.get("env").is_none(), "{more}");
                assert!(Arc::ptr_eq(&was.workspace, &is.workspace));
            }
        }
    }

    #[test]
    fn another_folder_is_opened_and_the_sessions_stay_the_same() {
        let home = Home::new();
        let live = home.start(&json!({}));
        let before = Arc::clone(&live.now().agents.all["main"]);
        let folder = home.dir.path().join("elsewhere");
        let config = json!({"agents": {"defaults": {"workspace": folder.to_str().unwrap()}}});
        let after = Arc::clone(&home.apply(&live, &config).agents.all["main"]);
        assert_eq!(after.workspace.path().canonicalize().unwrap(), folder.canonicalize().unwrap());
        assert!(!Arc::ptr_eq(&before.memory, &after.memory));
        assert!(Arc::ptr_eq(&before.sessions, &after.sessions));
        let broken = json!({"agents": {"defaults": {"workspace": "/dev/null/no"}}});
        let now = live.now();
        let making = Making { locations: &home.at, clock: &home.clock, kept: &live.kept, before: Some(&now) };
        assert!(Snapshot::make(home.load(&broken), &making).is_err());
    }

    #[test]
    fn sessions_of_an_agent_that_left_are_written_and_then_let_go() {
        let home = Home::new();
        let both = json!({"agents": {"list": [{"id": "a"}, {"id": "b"}]}});
        let live = home.start(&both);
        let turn = Arc::clone(&live.now().agents.all["b"]);
        home.apply(&live, &json!({"agents": {"list": [{"id": "a"}]}}));
        let key = SessionKey::main("b", "main");
        let id = SessionId::random();
        let make = || SessionEntry::new(&id, 1);
        turn.sessions.get_or_create(key.as_str(), make).unwrap();
        turn.sessions.update(key.as_str(), |entry| entry.set_text(openclaw_store::field::MODEL, "late"));
        live.flush();
        assert_eq!(live.kept.indexes().len(), 2, "a turn still has it");
        drop(turn);
        live.flush();
        assert_eq!(live.kept.indexes().len(), 1);
        let again = home.apply(&live, &both);
        let entry = again.agents.all["b"].sessions.get(key.as_str()).unwrap();
        assert_eq!(entry.text(openclaw_store::field::MODEL), Some("late"));
    }
}
