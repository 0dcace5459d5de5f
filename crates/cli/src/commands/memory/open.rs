//! The memory of an agent, as it is configured.

use std::sync::Arc;

use anyhow::bail;
use openclaw_agent::envelope::unwrap;
use openclaw_config::EmbeddingProvider;
use openclaw_guard::{PathComponent, Root, SystemClock};
use openclaw_memory::{AgentMemory, Surroundings};
use openclaw_models::catalog::table::canonical_provider;

use crate::agents::{self, AgentPlaces};
use crate::args::InstanceArgs;
use crate::instance::Instance;

/// The memory of an agent.
///
/// # Errors
/// It is turned off, or there is no workspace.
pub(in crate::commands) fn memory(instance: &Instance, agent: &AgentPlaces) -> anyhow::Result<AgentMemory> {
    let config = instance.config();
    let search = config.agents.memory_search(&agent.id);
    if !search.enabled {
        bail!("memory search is turned off for agent {} (memorySearch.enabled is false)", agent.id);
    }
    if search.provider == EmbeddingProvider::None {
        bail!("memory search is turned off for agent {} (memorySearch.provider is \"none\")", agent.id);
    }
    if config.extensions.plugins.slots.memory == "none" {
        bail!("memory search is turned off (plugins.slots.memory is \"none\")");
    }
    if !agent.workspace.is_dir() {
        bail!("the workspace {} does not exist; `openclaw quickstart` makes it", agent.workspace.display());
    }
    let agent_id = PathComponent::parse(&agent.id)?;
    let workspace = Arc::new(Root::open(&agent.workspace)?);
    let around = Surroundings {
        loaded: &instance.loaded,
        at: &instance.at,
        written: unwrap,
        canonical: canonical_provider,
    };
    Ok(AgentMemory::for_a_moment(around, agent_id, workspace, Arc::new(SystemClock)))
}

/// What a command of a person works on.
pub(super) struct Opened {
    pub(super) instance: Instance,
    pub(super) agent: AgentPlaces,
    pub(super) memory: AgentMemory,
}

impl Opened {
    pub(super) fn find(flags: &InstanceArgs, agent: Option<&str>) -> anyhow::Result<Self> {
        let instance = Instance::open(flags)?;
        let agent = agents::find(&instance, agent)?;
        let memory = memory(&instance, &agent)?;
        Ok(Self { instance, agent, memory })
    }
}
