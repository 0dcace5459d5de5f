//! Where credentials lie.

use std::path::{Path, PathBuf};

use openclaw_config::{Config, Env, Locations};

/// The folder of an agent's credentials and models: `agents.list[].agentDir`, for the default agent
/// `OPENCLAW_AGENT_DIR`, else `agents/<id>/agent` in the state directory.
#[must_use]
pub fn agent_dir(config: &Config, at: &Locations, env: &Env, agent: &str) -> PathBuf {
    let own = config.agents.find(agent).and_then(|agent| agent.agent_dir.as_deref());
    let variable = || {
        let set = env.non_blank("OPENCLAW_AGENT_DIR").or_else(|| env.non_blank("PI_CODING_AGENT_DIR"));
        set.filter(|_| agent == config.agents.default_id())
    };
    match own.filter(|own| !own.trim().is_empty()).or_else(variable) {
        Some(path) => at.expand(path),
        None => at.state_dir.join("agents").join(agent).join("agent"),
    }
}

/// The files of one agent's credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthPlaces {
    /// The state directory: its locks, and the other agents.
    pub state_dir: PathBuf,
    /// The agent's folder.
    pub agent_dir: PathBuf,
    /// The folder of the agent whose profiles this one has as well.
    pub inherits: Option<PathBuf>,
    /// The folder of `oauth.json` of early releases.
    pub oauth_dir: PathBuf,
    /// The folders of the other configured agents, wherever they are.
    pub others: Vec<PathBuf>,
}

impl AuthPlaces {
    /// An agent that inherits from nobody.
    #[must_use]
    pub fn new(state_dir: &Path, agent_dir: &Path) -> Self {
        Self {
            state_dir: state_dir.to_owned(),
            agent_dir: agent_dir.to_owned(),
            inherits: None,
            oauth_dir: state_dir.join("credentials"),
            others: Vec::new(),
        }
    }

    /// The places of a configured agent. All agents have the profiles of `main`, as in OpenClaw.
    #[must_use]
    pub fn of_agent(config: &Config, at: &Locations, env: &Env, agent: &str) -> Self {
        let own = agent_dir(config, at, env, agent);
        let main = agent_dir(config, at, env, config.agents.default_id());
        let oauth_dir = env.non_blank("OPENCLAW_OAUTH_DIR").map(|path| at.expand(path));
        let places = Self::new(&at.state_dir, &own);
        let others = config.agents.list.iter().map(|agent| agent_dir(config, at, env, &agent.id));
        Self {
            inherits: (main != own).then_some(main),
            oauth_dir: oauth_dir.unwrap_or_else(|| places.oauth_dir.clone()),
            others: others.filter(|dir| *dir != own).collect(),
            ..places
        }
    }

    /// The file that is written.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.agent_dir.join(FILE)
    }

    /// Every file of this installation that may hold a profile which is used here.
    pub(crate) fn all_files(&self) -> Vec<PathBuf> {
        let mut files = vec![self.file()];
        files.extend(self.inherits.iter().map(|dir| dir.join(FILE)));
        // A folder that cannot be read has nothing that could be used either. An agent that is configured no more may be again.
        let agents = std::fs::read_dir(self.state_dir.join("agents")).into_iter().flatten();
        let agents = agents.flatten().map(|agent| agent.path().join("agent"));
        for file in agents.chain(self.others.iter().cloned()).map(|dir| dir.join(FILE)) {
            if file.is_file() && !files.contains(&file) {
                files.push(file);
            }
        }
        files
    }
}

pub(crate) const FILE: &str = "auth-profiles.json";
