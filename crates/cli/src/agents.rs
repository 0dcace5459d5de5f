//! The agents of an instance, and where each one keeps its things. Reads the configuration, touches no file.

use std::path::PathBuf;

use openclaw_config::Agent;
use openclaw_protocol::session_key::agent_id;

use crate::instance::Instance;

/// One agent's places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AgentPlaces {
    /// Normalised id.
    pub(crate) id: String,
    /// Whether it answers when nobody else is named.
    pub(crate) is_default: bool,
    /// Its folder of notes.
    pub(crate) workspace: PathBuf,
    /// Its `sessions.json`.
    pub(crate) sessions: PathBuf,
}

/// An agent that the configuration does not have.
#[derive(Debug, thiserror::Error)]
#[error("there is no agent {wanted:?}; there is {}", known.join(", "))]
pub(crate) struct UnknownAgent {
    wanted: String,
    known: Vec<String>,
}

/// Every agent, in the order of the configuration.
pub(crate) fn all(instance: &Instance) -> Vec<AgentPlaces> {
    let agents = &instance.config().agents;
    if agents.list.is_empty() {
        return vec![places(instance, agents.default_id(), None)];
    }
    agents.list.iter().map(|agent| places(instance, &agent.id, Some(agent))).collect()
}

/// The agent of an id, or the default one.
///
/// # Errors
/// There is no such agent.
pub(crate) fn find(instance: &Instance, wanted: Option<&str>) -> Result<AgentPlaces, UnknownAgent> {
    let agents = all(instance);
    let fits = |agent: &&AgentPlaces| match wanted {
        Some(id) => agent.id == agent_id(id),
        None => agent.is_default,
    };
    let found = agents.iter().find(fits).cloned();
    found.ok_or_else(|| UnknownAgent {
        wanted: wanted.unwrap_or_default().to_owned(),
        known: agents.into_iter().map(|agent| agent.id).collect(),
    })
}

fn places(instance: &Instance, id: &str, agent: Option<&Agent>) -> AgentPlaces {
    let (at, config) = (&instance.at, instance.config());
    let is_default = id == config.agents.default_id();
    let id = agent_id(id);
    let own = agent.and_then(|agent| agent.workspace.as_deref());
    let shared = config.agents.defaults.files.workspace.as_deref().filter(|_| is_default);
    let workspace = match own.or(shared) {
        Some(path) => at.expand(path),
        None if is_default => at.default_workspace(),
        None => at.state_dir.join(format!("workspace-{id}")),
    };
    let sessions = at.state_dir.join("agents").join(&id).join("sessions").join("sessions.json");
    AgentPlaces { id, is_default, workspace, sessions }
}

#[cfg(test)]
mod tests {
    use super::{all, find};
    use crate::instance::Instance;
    use openclaw_config::{Env, LocationFlags, Locations, load, write_new};

    #[test]
    fn every_agent_has_a_folder_of_its_own() {
        let home = tempfile::tempdir().unwrap();
        let env = Env::from([("HOME", home.path().to_str().unwrap())]);
        let at = Locations::resolve(&env, LocationFlags::default()).unwrap();
        let config =
            "{agents: {defaults: {workspace: '~/notes'}, list: [{id: 'Work'}, {id: 'home', default: true},
            {id: 'lab', workspace: '/srv/lab'}]}}";
        write_new(&at.config_path, config).unwrap();
        let loaded = load(&at, &env).map_err(|error| error.to_string()).unwrap();
        let instance = Instance { at, loaded };
        let shown: Vec<_> = all(&instance).into_iter().map(|a| (a.id, a.is_default, a.workspace)).collect();
        let state = home.path().join(".openclaw");
        assert_eq!(
            shown,
            [
                ("work".to_owned(), false, state.join("workspace-work")),
                ("home".to_owned(), true, home.path().join("notes")),
                ("lab".to_owned(), false, "/srv/lab".into()),
            ]
        );
        assert_eq!(find(&instance, None).unwrap().id, "home");
        assert_eq!(find(&instance, Some("WORK")).unwrap().id, "work");
        let error = find(&instance, Some("x")).unwrap_err().to_string();
        assert_eq!(error, "there is no agent \"x\"; there is work, home, lab");
    }
}
