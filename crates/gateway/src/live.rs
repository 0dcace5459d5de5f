//! What changes while the gateway runs: an immutable snapshot behind one pointer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use openclaw_config::{Config, Loaded, Locations};
use openclaw_guard::{Clock, Root};
use openclaw_store::{SessionIndex, StoreError};
use openclaw_tools::FileLock;

use crate::agents::{self, Agents};
use crate::http::page::{Identity, Page};
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
        Self { cell: RwLock::new(Arc::new(snapshot)), kept }
    }

    pub(crate) fn now(&self) -> Arc<Snapshot> {
        Arc::clone(&self.cell.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another snapshot in place and returns the one before.
    pub(crate) fn replace(&self, snapshot: Snapshot) -> Arc<Snapshot> {
        let snapshot = Arc::new(snapshot);
        std::mem::replace(&mut self.cell.write().unwrap_or_else(PoisonError::into_inner), snapshot)
    }

    /// Writes what changed in the session indexes, also of agents that are configured no more and finish their turns.
    pub(crate) fn flush(&self) {
        let now = self.now();
        for (id, index) in self.kept.indexes() {
            if let Err(error) = index.flush_if_dirty() {
                tracing::error!(agent = %id, %error, "cannot write the session index; it is tried again");
            } else if !now.agents.all.contains_key(&id) {
                drop(index);
                self.kept.let_go(&id);
            }
        }
    }
}

/// What outlives a snapshot: things of which there must be one for as long as anybody uses it.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) lock: FileLock,
    /// One per agent: two indexes over one folder would overwrite each other's sessions.
    sessions: Mutex<BTreeMap<String, Arc<SessionIndex>>>,
}

impl Kept {
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

    fn indexes(&self) -> Vec<(String, Arc<SessionIndex>)> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.iter().map(|(id, index)| (id.clone(), Arc::clone(index))).collect()
    }

    /// Forgets an index that nobody else holds any more. Its last user may have changed it a moment ago.
    fn let_go(&self, id: &str) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let is_unused =
            |index: &Arc<SessionIndex>| Arc::strong_count(index) == 1 && index.flush_if_dirty().is_ok();
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
