//! From the configuration to an engine: one way for the gateway, the command line and the tools.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openclaw_config::{Config, Loaded, Locations, MemorySearch, MemorySource, MemorySync};
use openclaw_credentials::{AuthPlaces, AuthSettings, AuthStore};
use openclaw_embed::{Around, OwnKeys, OwnMakers, resolve};
use openclaw_guard::{Clock, Hiding, PathComponent, Pattern, Redactor, Root};

use crate::embedding::Embedders;
use crate::engine::EngineOptions;
use crate::freshness::SyncOptions;
use crate::sources::{SourceOptions, Transcripts};
use crate::weighted::Fusion;

/// A longer time between two syncs is no rhythm: ten years.
const MAX_INTERVAL_SECONDS: u64 = 10 * 366 * 24 * 60 * 60;
/// Stands for the agent in `store.path`.
const AGENT: &str = "{agentId}";

/// What the configuration of an instance is read with.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The configuration, and the environment with keys of services.
    pub loaded: &'a Loaded,
    /// Where things lie.
    pub at: &'a Locations,
    /// The part of a message in a conversation that somebody wrote, see [`Transcripts::written`].
    pub written: fn(&str) -> &str,
    /// The one spelling of a provider's id, for keys of profiles.
    pub canonical: fn(&str) -> String,
}

impl Surroundings<'_> {
    /// Who makes the vectors of an agent's memory. Nothing is sent or loaded.
    #[must_use]
    pub fn embedders(&self, agent: &str, clock: &dyn Clock) -> Embedders {
        let Self { loaded, at, canonical, .. } = *self;
        let Loaded { config, env, .. } = loaded;
        let find_file = |path: &str| Some(at.expand(path)).filter(|path| path.is_file());
        let places = AuthPlaces::of_agent(config, at, env, agent);
        let auth = AuthStore::new(places, AuthSettings::from_config(config, canonical));
        let keys = OwnKeys::new(env, &auth, clock.now_ms());
        let around = Around { providers: &config.models.providers, keys: &keys, find_file: &find_file };
        let search = config.agents.memory_search(agent);
        Embedders::from(resolve(search, &around, &OwnMakers { at, env })).following(&search.remote)
    }

    /// What is searched. Conversations need both their name among the sources and the experiment; without anything
    /// left, notes are searched, as OpenClaw does.
    fn sources(&self, agent: &PathComponent) -> SourceOptions {
        let search = self.loaded.config.agents.memory_search(agent.as_str());
        let with_sessions =
            search.experimental.session_memory && search.sources.contains(&MemorySource::Sessions);
        let notes = search.sources.contains(&MemorySource::Memory) || !with_sessions;
        SourceOptions { notes, transcripts: with_sessions.then(|| self.transcripts(agent, search)) }
    }

    fn transcripts(&self, agent: &PathComponent, search: &MemorySearch) -> Transcripts {
        let patterns = self.loaded.config.system.logging.redact_patterns.iter().flatten();
        // The check of the configuration has refused what is no expression. What the log may show by
        // `logging.redactSensitive` has no bearing: an index is kept, and its text may be sent to who makes vectors.
        let patterns = patterns.filter_map(|text| Pattern::parse(text).ok()).collect();
        let redactor = Arc::new(Redactor::new(&self.loaded.secrets(), Hiding::Shapes { patterns }));
        let folder = self.at.state_dir.join("agents").join(agent.as_str()).join("sessions");
        let grown = &search.sync.sessions;
        Transcripts {
            written: self.written,
            delta_bytes: grown.delta_bytes,
            delta_messages: grown.delta_messages,
            ..Transcripts::new(folder, redactor)
        }
    }
}

impl EngineOptions {
    /// The memory of an agent as it is configured.
    #[must_use]
    pub fn configured(
        around: Surroundings<'_>,
        agent_id: PathComponent,
        workspace: Arc<Root>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let at = around.at;
        let search = around.loaded.config.agents.memory_search(agent_id.as_str());
        let most = usize::try_from(search.cache.max_entries).unwrap_or(usize::MAX);
        let cache_entries = Some(if search.cache.enabled { most } else { 0 });
        Self {
            database: Self::database_of(&around.loaded.config, at, &agent_id),
            extra_paths: search.extra_paths.iter().map(|path| at.expand(path)).collect(),
            sources: around.sources(&agent_id),
            sync: SyncOptions::from(&search.sync),
            embedders: around.embedders(agent_id.as_str(), clock.as_ref()),
            cache_entries,
            fusion: Fusion::from(search),
            ignored: ignored(search),
            ..Self::new(agent_id, workspace, &at.state_dir, clock)
        }
    }

    /// Where the index of an agent lies: `store.path` with the agent in the place of `{agentId}`, relative to the state
    /// directory; `memory/<agentId>.sqlite` in it if there is none. Agents never share one file: what one remembers
    /// is not for the others, so that a path without `{agentId}` gets `<agentId>.` before its extension for every agent but
    /// the default one.
    #[must_use]
    pub fn database_of(config: &Config, at: &Locations, agent_id: &PathComponent) -> PathBuf {
        let search = config.agents.memory_search(agent_id.as_str());
        let path = search.store.path.as_deref().map(str::trim).filter(|path| !path.is_empty());
        let Some(path) = path else { return Self::database_in(&at.state_dir, agent_id) };
        let named = at.state_dir.join(at.expand(&path.replace(AGENT, agent_id.as_str())));
        if path.contains(AGENT) || agent_id.as_str() == config.agents.default_id() {
            return named;
        }
        let extension = named.extension().map(|extension| extension.to_string_lossy().into_owned());
        named.with_extension(format!("{agent_id}.{}", extension.as_deref().unwrap_or("sqlite")))
    }
}

const NOT_LOADED: &str = "memorySearch.store.vector.extensionPath is not loaded: vectors are searched by the program itself, \
     which was measured to be 29 times as fast as sqlite-vec; take the key out";
const NOT_SWITCHED: &str = "memorySearch.store.vector.enabled is false, and changes nothing: sqlite-vec is not used, and vectors \
     are searched by the program itself; memorySearch.provider \"none\" turns them off with the whole search";

/// The keys about sqlite-vec that were written, and have no effect (MEM-15).
fn ignored(search: &MemorySearch) -> Vec<String> {
    let vector = &search.store.vector;
    let is_written = vector.extension_path.as_deref().is_some_and(|path| !path.trim().is_empty());
    let told = [is_written.then_some(NOT_LOADED), (!vector.enabled).then_some(NOT_SWITCHED)];
    told.into_iter().flatten().map(ToOwned::to_owned).collect()
}

impl From<&MemorySync> for SyncOptions {
    fn from(sync: &MemorySync) -> Self {
        Self {
            on_session_start: sync.on_session_start,
            on_search: sync.on_search,
            watch: sync.watch,
            debounce: Duration::from_millis(sync.watch_debounce_ms),
            interval: sync
                .interval_minutes
                .checked_mul(60)
                .filter(|&seconds| (1..=MAX_INTERVAL_SECONDS).contains(&seconds))
                .map(Duration::from_secs),
            ..Self::default()
        }
    }
}
