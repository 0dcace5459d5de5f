//! Builds the agents of the config: folders, sessions, tools, memory, models.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openclaw_agent::envelope::user_zone;
use openclaw_agent::{AgentRuntime, AgentSettings};
use openclaw_config::{Citations as CitationSetting, Config, Loaded, Locations};
use openclaw_guard::{
    Clock, FileError, PathComponent, PathComponentError, Root, RootError, create_private_dir,
};
use openclaw_memory::{Engine, EngineOptions, MemoryBackend};
use openclaw_models::catalog::{Catalog, Environment, Providers};
use openclaw_protocol::session_key::agent_id;
use openclaw_store::{SessionIndex, StoreError};
use openclaw_tools::{Citations, FileLock, MemoryTools, Policy, Toolbox, ToolboxOptions};

use crate::core::Agents;
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

/// Sets up every configured agent, or the one agent of a config that names none.
pub(crate) fn build(
    loaded: &Loaded,
    locations: &Locations,
    clock: &Arc<dyn Clock>,
) -> Result<Agents, AgentError> {
    let config = &loaded.config;
    let default_id = agent_id(config.agents.default_id());
    let mut ids: Vec<String> = config.agents.list.iter().map(|agent| agent_id(&agent.id)).collect();
    if ids.is_empty() {
        ids.push(default_id.clone());
    }
    let builder = Builder { loaded, locations, clock, lock: FileLock::default(), default_id: &default_id };
    let mut all = BTreeMap::new();
    for id in ids {
        let runtime = builder.agent(&id)?;
        all.insert(id, Arc::new(runtime));
    }
    let main_key = main_key(config);
    Ok(Agents { default_id, main_key, all })
}

fn main_key(config: &Config) -> String {
    let key = config.session.main_key.trim().to_lowercase();
    if key.is_empty() { "main".to_owned() } else { key }
}

struct Builder<'a> {
    loaded: &'a Loaded,
    locations: &'a Locations,
    clock: &'a Arc<dyn Clock>,
    lock: FileLock,
    default_id: &'a str,
}

impl Builder<'_> {
    fn agent(&self, id: &str) -> Result<AgentRuntime, AgentError> {
        let config = &self.loaded.config;
        let component =
            PathComponent::parse(id).map_err(|source| AgentError::Id { id: id.to_owned(), source })?;
        let folder = self.workspace(id);
        create_private_dir(&folder)?;
        create_private_dir(&folder.join("memory"))?;
        let workspace = Root::open(&folder).map_err(|source| AgentError::Workspace {
            id: id.to_owned(),
            path: folder.clone(),
            source,
        })?;
        let workspace = Arc::new(workspace);
        let sessions_dir = self.locations.state_dir.join("agents").join(id).join("sessions");
        let sessions = SessionIndex::load(&sessions_dir, id, Arc::clone(self.clock))?;
        if sessions.report().is_repaired() {
            tracing::warn!(agent = id, report = ?sessions.report(), "session index repaired");
        }
        let search = config.agents.memory_search(id);
        let memory = Engine::new(EngineOptions {
            database: EngineOptions::database_in(&self.locations.state_dir, &component),
            agent_id: component,
            workspace: Arc::clone(&workspace),
            extra_paths: search.extra_paths.iter().map(|path| self.locations.expand(path)).collect(),
            clock: Arc::clone(self.clock),
        });
        let mut providers = Providers::from_config(config);
        providers.primary = config.agents.model(id).primary.or(providers.primary);
        Ok(AgentRuntime {
            id: id.to_owned(),
            name: self.name(id),
            settings: self.settings(),
            workspace,
            sessions: Arc::new(sessions),
            sessions_dir,
            toolbox: Arc::new(self.toolbox(id)),
            group_toolbox: Arc::new(self.group_toolbox(id)),
            memory: Arc::new(memory) as Arc<dyn MemoryBackend>,
            models: Arc::new(Catalog::new(providers, Environment::from_env(&self.loaded.env))),
            clock: Arc::clone(self.clock),
        })
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
            (Some(own), _) => self.locations.expand(own),
            (None, Some(shared)) if id == self.default_id => self.locations.expand(shared),
            (None, _) if id == self.default_id => self.locations.default_workspace(),
            (None, _) => self.locations.state_dir.join(format!("workspace-{id}")),
        }
    }

    fn name(&self, id: &str) -> String {
        let config = &self.loaded.config;
        let own = config.agents.list.iter().find(|agent| agent_id(&agent.id) == id);
        own.and_then(|agent| agent.identity.name.clone().or(agent.name.clone()))
            .or_else(|| config.system.ui.assistant.name.clone())
            .unwrap_or_else(|| "OpenClaw".to_owned())
    }

    fn settings(&self) -> AgentSettings {
        let config = &self.loaded.config;
        let defaults = &config.agents.defaults;
        let number = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        AgentSettings {
            main_key: main_key(config),
            timeout: Duration::from_secs(defaults.turn.timeout_seconds),
            bootstrap_max_chars: number(defaults.files.bootstrap_max_chars),
            context_tokens: defaults.turn.context_tokens.map(number),
            zone: user_zone(defaults.time.user_timezone.as_deref()),
        }
    }

    /// The tools of an agent's private sessions.
    fn toolbox(&self, id: &str) -> Toolbox {
        let config = &self.loaded.config;
        let slot = config.extensions.plugins.slots.memory.as_str();
        let with_memory = config.agents.memory_search(id).enabled && slot != "none";
        let citations = match config.memory.citations {
            CitationSetting::Auto => Citations::Auto,
            CitationSetting::On => Citations::On,
            CitationSetting::Off => Citations::Off,
        };
        Toolbox::new(ToolboxOptions {
            policy: tool_policy::policy(config, id),
            exec: tool_policy::exec(config, id, &self.locations.state_dir),
            memory: if with_memory { MemoryTools::On } else { MemoryTools::Off },
            citations,
            lock: self.lock.clone(),
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
