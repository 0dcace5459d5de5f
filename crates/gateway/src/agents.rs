//! Builds the agents of the config: folders, sessions, tools, memory, models.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use openclaw_agent::envelope::{unwrap, user_zone};
use openclaw_agent::exchanges::{self, ExchangeLog, Extent, Hider};
use openclaw_agent::spending::{Budgets, Limit};
use openclaw_agent::{AgentRuntime, AgentSettings};
use openclaw_config::{
    Citations as CitationSetting, EmbeddingProvider, Env, Loaded, MemoryBackend as Backend, ModelBudget,
    ModelBudgets,
};
use openclaw_credentials::{AuthPlaces, AuthSettings, AuthStore, agent_dir};
use openclaw_guard::{FileError, PathComponent, PathComponentError, Root, RootError, create_private_dir};
use openclaw_memory::{self as memory, AgentMemory, MemoryBackend, Surroundings};
use openclaw_models::ThinkingLevel;
use openclaw_models::catalog::table::canonical_provider;
use openclaw_models::catalog::{Catalog, Environment, Providers, read_models_file};
use openclaw_models::oauth::TokenRefresher;
use openclaw_models::replay::WireFrames;
use openclaw_protocol::connect::SessionDefaults;
use openclaw_protocol::session_key::{SessionKey, SessionScope, agent_id, main_key};
use openclaw_store::{SessionIndex, StoreError};
use openclaw_tools::{Citations, MemoryTools, Policy, SearchDefaults, Toolbox, ToolboxOptions};
use serde_json::Value;

use crate::live::Making;
use crate::log::recording_redactor;
use crate::raw_keys::name_raw_sessions;
use crate::session_rules::{scope, session_rules, vain_triggers};
use crate::tool_policy;

/// What groups may use, as far as the policy allows it.
const GROUP_TOOLS: &[&str] = &["session_status"];

/// Why an agent could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// A folder could not be made.
    #[error(transparent)]
    File(#[from] FileError),
    /// The workspace could not be opened.
    #[error("agent {id}: workspace {path}: {source}", path = path.display())]
    Workspace {
        /// The agent.
        id: String,
        /// Its folder.
        path: PathBuf,
        /// Why.
        source: RootError,
    },
    /// The agent's id cannot name a folder.
    #[error("agents.list: id {id:?} cannot name a folder: {source}")]
    Id {
        /// As normalised.
        id: String,
        /// The rule it breaks.
        source: PathComponentError,
    },
    /// The session index could not be read.
    #[error(transparent)]
    Sessions(#[from] StoreError),
}

/// The agents of this gateway.
pub(crate) struct Agents {
    pub(crate) default_id: String,
    pub(crate) main_key: String,
    pub(crate) scope: SessionScope,
    pub(crate) all: BTreeMap<String, Arc<AgentRuntime>>,
    /// Where each of them works: what tells whether its workspace and memory can be taken over.
    folders: BTreeMap<String, Folders>,
}

/// The folders of one agent.
#[derive(Clone, PartialEq, Eq)]
struct Folders {
    workspace: PathBuf,
    /// More notes.
    extra: Vec<PathBuf>,
}

impl Agents {
    /// Tells work that was accepted with earlier agents that these are the ones now. One that is configured no more
    /// stays as it was for those who still work with it.
    pub(crate) fn announce(&self) {
        self.all.values().for_each(|agent| agent.present.set(agent));
    }

    /// Lets every memory begin what it does without being asked. One that was taken over goes on with it.
    pub(crate) async fn start_memories(&self) {
        let starts = self.all.values().map(|agent| agent.memory.start());
        futures_util::future::join_all(starts).await;
    }

    /// The agent with this id.
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<AgentRuntime>> {
        self.all.get(&agent_id(id))
    }

    /// The canonical key of a client's text.
    pub(crate) fn key(&self, text: &str) -> SessionKey {
        self.key_for(text, &self.default_id)
    }

    /// The canonical key of a client's text; a name without an agent is one of this agent.
    pub(crate) fn key_for(&self, text: &str, agent: &str) -> SessionKey {
        let key = SessionKey::canonical(text, agent, &self.main_key);
        self.as_stored(key.in_scope(self.scope, &self.main_key))
    }

    /// A direct chat goes on under the spelling in which it is stored: early releases wrote `dm` for `direct`.
    fn as_stored(&self, key: SessionKey) -> SessionKey {
        let Some(other) = key.other_spelling(&self.main_key) else { return key };
        match self.of_key(&key) {
            Some(agent) if agent.sessions.get(key.as_str()).is_some() => key,
            Some(agent) if agent.sessions.get(other.as_str()).is_some() => other,
            Some(_) | None => key,
        }
    }

    /// Whether this is a main session, which nobody may delete.
    pub(crate) fn is_main(&self, key: &SessionKey) -> bool {
        key.is_main(&self.main_key) || *key == self.main()
    }

    /// The main session of the default agent.
    fn main(&self) -> SessionKey {
        SessionKey::main(&self.default_id, &self.main_key).in_scope(self.scope, &self.main_key)
    }

    /// The agent a key belongs to; special keys belong to the default agent.
    pub(crate) fn of_key(&self, key: &SessionKey) -> Option<&Arc<AgentRuntime>> {
        self.get(key.agent().unwrap_or(&self.default_id))
    }

    pub(crate) fn session_defaults(&self) -> SessionDefaults {
        SessionDefaults {
            default_agent_id: self.default_id.clone(),
            main_key: self.main_key.clone(),
            main_session_key: self.main().to_string(),
            scope: self.scope.as_str().to_owned(),
        }
    }
}

/// Sets up every configured agent, or the one agent of a config that names none. An agent for which nothing changed
/// stays the very one it was; of the others, what lies on the disk is taken over while its folders are the same.
pub(crate) fn build(loaded: &Loaded, making: &Making<'_>) -> Result<Agents, AgentError> {
    let config = &loaded.config;
    let default_id = agent_id(config.agents.default_id());
    let mut ids: Vec<String> = config.agents.list.iter().map(|agent| agent_id(&agent.id)).collect();
    if ids.is_empty() {
        ids.push(default_id.clone());
    }
    let builder = Builder { loaded, making, default_id: &default_id };
    let (mut all, mut folders) = (BTreeMap::new(), BTreeMap::new());
    for id in ids {
        let places = builder.folders(&id);
        all.insert(id.clone(), builder.agent(&id, &places)?);
        folders.insert(id, places);
    }
    vain_triggers(config).iter().for_each(|words| tracing::warn!("{words}"));
    let main_key = main_key(&config.session.main_key);
    Ok(Agents { default_id, main_key, scope: scope(config), all, folders })
}

/// Sections that every agent reads.
const SHARED: [&str; 7] = ["auth", "models", "tools", "session", "memory", "plugins", "ui"];

/// What an agent is made of. Two configurations that agree here make the same agent.
#[derive(PartialEq)]
struct Ingredients<'a> {
    shared: [Option<&'a Value>; SHARED.len()],
    defaults: Option<&'a Value>,
    own: Option<&'a Value>,
    is_default: bool,
    /// Where others write: no program is taken from there.
    others: Vec<(&'a str, Option<&'a str>)>,
    env: &'a Env,
    exporting: Option<&'a Value>,
    recorded: Option<&'a Value>,
}

/// The same for recordings of model calls.
fn recorded(loaded: &Loaded) -> Option<&Value> {
    loaded.config.models.recording.enabled.then_some(&loaded.effective)
}

/// The whole configuration for those who write conversations down: it names the secrets that are to be left out.
fn exporting(loaded: &Loaded) -> Option<&Value> {
    memory::exports_conversations(&loaded.config.memory).then_some(&loaded.effective)
}

impl<'a> Ingredients<'a> {
    fn of(loaded: &'a Loaded, id: &str) -> Self {
        let value = &loaded.effective;
        let agents = value.get("agents");
        let has_id =
            |agent: &&Value| agent.get("id").and_then(Value::as_str).is_some_and(|own| agent_id(own) == id);
        let list = agents.and_then(|agents| agents.get("list")?.as_array());
        let others = loaded.config.agents.list.iter();
        let others = others.map(|agent| (agent.id.as_str(), agent.workspace.as_deref()));
        Self {
            shared: SHARED.map(|name| value.get(name)),
            defaults: agents.and_then(|agents| agents.get("defaults")),
            own: list.and_then(|list| list.iter().find(has_id)),
            is_default: agent_id(loaded.config.agents.default_id()) == id,
            others: others.collect(),
            env: &loaded.env,
            exporting: exporting(loaded),
            recorded: recorded(loaded),
        }
    }
}

/// What an agent's memory is made of, beside its folders.
#[derive(PartialEq)]
struct Recall<'a> {
    providers: Option<&'a Value>,
    defaults: Option<&'a Value>,
    own: Option<&'a Value>,
    /// Who is the default agent: its index is the one that a path without an agent names.
    default_id: &'a str,
    /// Where conversations are searched, everything: what is secret must not get into the index.
    secret: Option<&'a Value>,
    env: &'a Env,
    backend: Backend,
    qmd: Option<&'a Value>,
    exporting: Option<&'a Value>,
}

impl<'a> Recall<'a> {
    fn of(loaded: &'a Loaded, id: &str) -> Self {
        let Ingredients { defaults, own, env, .. } = Ingredients::of(loaded, id);
        let search = |agent: Option<&'a Value>| agent.and_then(|agent| agent.get("memorySearch"));
        let providers = loaded.effective.get("models").and_then(|models| models.get("providers"));
        let agents = &loaded.config.agents;
        let has_sessions = agents.memory_search(id).experimental.session_memory;
        let backend = loaded.config.memory.backend;
        let qmd = match backend {
            Backend::Builtin => None,
            Backend::Qmd => loaded.effective.get("memory").and_then(|memory| memory.get("qmd")),
        };
        Self {
            providers,
            defaults: search(defaults),
            own: search(own),
            default_id: agents.default_id(),
            secret: has_sessions.then_some(&loaded.effective),
            env,
            backend,
            qmd,
            exporting: exporting(loaded),
        }
    }
}

fn budgets(config: &ModelBudgets) -> Budgets {
    let limit = |budget: &ModelBudget| Limit { tokens: budget.tokens, usd: budget.usd };
    Budgets {
        run: limit(&config.run),
        session: limit(&config.session),
        agent: limit(&config.agent),
        day: limit(&config.day),
    }
}

/// Opens the folder an agent works in, and makes it if it is missing.
fn open_workspace(id: &str, folder: &Path) -> Result<Arc<Root>, AgentError> {
    create_private_dir(folder)?;
    create_private_dir(&folder.join("memory"))?;
    let failed = |source| AgentError::Workspace { id: id.to_owned(), path: folder.to_owned(), source };
    Ok(Arc::new(Root::open(folder).map_err(failed)?))
}

struct Builder<'a> {
    loaded: &'a Loaded,
    making: &'a Making<'a>,
    default_id: &'a str,
}

impl Builder<'_> {
    fn folders(&self, id: &str) -> Folders {
        let search = self.loaded.config.agents.memory_search(id);
        let extra = search.extra_paths.iter().map(|path| self.making.locations.expand(path)).collect();
        Folders { workspace: self.workspace(id), extra }
    }

    fn agent(&self, id: &str, folders: &Folders) -> Result<Arc<AgentRuntime>, AgentError> {
        let before = self.making.before.and_then(|before| Some((before, before.agents.all.get(id)?)));
        if let Some((before, agent)) = before
            && Ingredients::of(&before.loaded, id) == Ingredients::of(self.loaded, id)
        {
            return Ok(Arc::clone(agent));
        }
        let same_folders = before
            .filter(|(before, _)| before.agents.folders.get(id) == Some(folders))
            .map(|(_, agent)| agent);
        let config = &self.loaded.config;
        let workspace = match same_folders {
            Some(agent) => Arc::clone(&agent.workspace),
            None => open_workspace(id, &folders.workspace)?,
        };
        let same_memory = before
            .filter(|(before, _)| Recall::of(&before.loaded, id) == Recall::of(self.loaded, id))
            .and(same_folders);
        let memory = match same_memory {
            Some(agent) => Arc::clone(&agent.memory),
            None => self.memory(id, &workspace)?,
        };
        let sessions_dir = self.making.locations.state_dir.join("agents").join(id).join("sessions");
        let mut providers = Providers::of_agent(config, id);
        let folder = agent_dir(config, self.making.locations, &self.loaded.env, id);
        for remark in read_models_file(&folder, &mut providers, &self.loaded.env) {
            tracing::warn!(agent = id, "{remark}");
        }
        providers.workspaces = self.workspaces();
        let auth = self.auth(id);
        let recording = self.recording(id, &auth, &providers);
        let models = Catalog::new(providers, Environment::from_env(&self.loaded.env));
        for path in models.unsent_params() {
            tracing::warn!(agent = id, "{path} is not sent; docs/models.md says which are");
        }
        Ok(Arc::new(AgentRuntime {
            id: id.to_owned(),
            name: self.name(id),
            settings: self.settings(recording),
            workspace,
            sessions: self.making.kept.index(id, || self.load_sessions(id, &sessions_dir))?,
            sessions_dir,
            toolbox: Arc::new(self.toolbox(id)),
            group_toolbox: Arc::new(self.group_toolbox(id)),
            memory,
            models: Arc::new(models),
            auth,
            refresher: Arc::new(TokenRefresher::default()),
            spending: self.making.kept.spending(&self.making.locations.state_dir),
            clock: Arc::clone(self.making.clock),
            present: self.making.kept.present(id),
        }))
    }

    /// The credentials of an agent. Nothing is read before somebody asks.
    fn auth(&self, id: &str) -> Arc<AuthStore> {
        let config = &self.loaded.config;
        let places = AuthPlaces::of_agent(config, self.making.locations, &self.loaded.env, id);
        Arc::new(AuthStore::new(places, AuthSettings::from_config(config, canonical_provider)))
    }

    /// The memory over a workspace. Nothing is opened before somebody asks.
    fn memory(&self, id: &str, workspace: &Arc<Root>) -> Result<Arc<dyn MemoryBackend>, AgentError> {
        let agent_id =
            PathComponent::parse(id).map_err(|source| AgentError::Id { id: id.to_owned(), source })?;
        let around = Surroundings {
            loaded: self.loaded,
            at: self.making.locations,
            written: unwrap,
            canonical: canonical_provider,
        };
        let clock = Arc::clone(self.making.clock);
        let memory = AgentMemory::configured(around, agent_id, Arc::clone(workspace), clock);
        Ok(Arc::clone(memory.backend()))
    }

    fn load_sessions(&self, id: &str, folder: &Path) -> Result<SessionIndex, StoreError> {
        let sessions = SessionIndex::load(folder, id, Arc::clone(self.making.clock))?;
        let report = sessions.report();
        if report.is_repaired() || report.is_rebuilding {
            tracing::warn!(agent = id, ?report, "session index repaired");
        }
        let main_key = main_key(&self.loaded.config.session.main_key);
        if let Err(error) = name_raw_sessions(&sessions, id, &main_key) {
            tracing::warn!(agent = id, %error, "sessions without keys are left as they are");
        }
        Ok(sessions)
    }

    /// An agent's folder: its own, the default one for the default agent, a sister folder for the others.
    fn workspace(&self, id: &str) -> PathBuf {
        let agents = &self.loaded.config.agents;
        let own = agents
            .list
            .iter()
            .find(|agent| agent_id(&agent.id) == id)
            .and_then(|agent| agent.workspace.as_deref());
        let shared = agents.defaults.files.workspace.as_deref();
        match (own, shared) {
            (Some(own), _) => self.making.locations.expand(own),
            (None, Some(shared)) if id == self.default_id => self.making.locations.expand(shared),
            (None, _) if id == self.default_id => self.making.locations.default_workspace(),
            (None, _) => self.making.locations.state_dir.join(format!("workspace-{id}")),
        }
    }

    /// The folders of all agents.
    fn workspaces(&self) -> Vec<PathBuf> {
        let ids = self.loaded.config.agents.list.iter().map(|agent| agent_id(&agent.id));
        ids.chain([self.default_id.to_owned()]).map(|id| self.workspace(&id)).collect()
    }

    fn name(&self, id: &str) -> String {
        let config = &self.loaded.config;
        let own = config.agents.list.iter().find(|agent| agent_id(&agent.id) == id);
        own.and_then(|agent| agent.identity.name.clone().or(agent.name.clone()))
            .or_else(|| config.system.ui.assistant.name.clone())
            .unwrap_or_else(|| "OpenClaw".to_owned())
    }

    /// Where an agent's model calls are written down, if they are.
    fn recording(&self, id: &str, auth: &Arc<AuthStore>, providers: &Providers) -> Option<Arc<ExchangeLog>> {
        let recording = &self.loaded.config.models.recording;
        if !recording.enabled {
            return None;
        }
        let frames = if recording.wire { WireFrames::Kept } else { WireFrames::Left };
        let extent = Extent { frames, max_bytes: recording.max_megabytes.saturating_mul(1024 * 1024) };
        let hider =
            Hider::new(Arc::clone(auth), Box::new(recording_redactor(self.loaded, providers.secrets())));
        let folder = self.making.locations.state_dir.join("agents").join(id).join(exchanges::FOLDER);
        Some(Arc::new(ExchangeLog::new(folder, extent, hider, &self.making.kept.scribe)))
    }

    fn settings(&self, recording: Option<Arc<ExchangeLog>>) -> AgentSettings {
        let config = &self.loaded.config;
        let defaults = &config.agents.defaults;
        let number = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        AgentSettings {
            main_key: main_key(&config.session.main_key),
            timeout: Duration::from_secs(defaults.turn.timeout_seconds),
            bootstrap_max_chars: number(defaults.files.bootstrap_max_chars),
            context_tokens: defaults.turn.context_tokens.map(number),
            thinking_default: defaults
                .turn
                .thinking_default
                .and_then(|level| ThinkingLevel::parse(level.as_str())),
            failover_wait: Duration::from_secs(config.models.failover.wait_seconds),
            budgets: budgets(&config.models.budgets),
            recording,
            zone: user_zone(defaults.time.user_timezone.as_deref()),
            session: session_rules(config),
        }
    }

    /// The tools of an agent's private sessions.
    fn toolbox(&self, id: &str) -> Toolbox {
        let config = &self.loaded.config;
        let slot = config.extensions.plugins.slots.memory.as_str();
        let search = config.agents.memory_search(id);
        let with_memory = search.enabled && search.provider != EmbeddingProvider::None && slot != "none";
        let citations = match config.memory.citations {
            CitationSetting::Auto => Citations::Auto,
            CitationSetting::On => Citations::On,
            CitationSetting::Off => Citations::Off,
        };
        Toolbox::new(ToolboxOptions {
            policy: tool_policy::policy(config, id),
            exec: tool_policy::exec(config, id, &self.making.locations.state_dir),
            memory: if with_memory { MemoryTools::On } else { MemoryTools::Off },
            citations,
            search: SearchDefaults::of(search.query.max_results, search.query.least_score()),
            scope: memory::scope(&config.memory),
            lock: self.making.kept.lock.clone(),
        })
    }

    /// The tools of its groups: nothing that reads or writes the owner's files, and no commands (S-047, S-050).
    fn group_toolbox(&self, id: &str) -> Toolbox {
        let policy = tool_policy::policy(&self.loaded.config, id);
        let allow = GROUP_TOOLS.iter().filter(|name| policy.permits(name)).map(|name| (*name).to_owned());
        Toolbox::new(ToolboxOptions {
            policy: Policy {
                allow: allow.chain([tool_policy::NOTHING.to_owned()]).collect(),
                deny: policy.deny.clone(),
            },
            memory: MemoryTools::Off,
            ..ToolboxOptions::default()
        })
    }
}
