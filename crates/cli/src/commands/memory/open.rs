//! The memory of an agent, as it is configured.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use openclaw_agent::envelope::unwrap;
use openclaw_config::{EmbeddingProvider, MemoryBackend, MemorySource};
use openclaw_guard::{PathComponent, Root, RootError, SystemClock};
use openclaw_memory::{AgentMemory, Outlook, Surroundings};
use openclaw_models::catalog::table::canonical_provider;

use crate::agents::{self, AgentPlaces};
use crate::args::InstanceArgs;
use crate::format;
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

/// The notes of an agent as they lie on the disk; nothing where another program lists them, or none are searched.
///
/// # Errors
/// There is no workspace.
pub(crate) fn outlook(instance: &Instance, agent: &AgentPlaces) -> Result<Option<Outlook>, RootError> {
    let search = instance.config().agents.memory_search(&agent.id);
    let is_asked = search.sources.contains(&MemorySource::Memory) && search.enabled;
    if !is_asked || instance.config().memory.backend != MemoryBackend::Builtin {
        return Ok(None);
    }
    let extra: Vec<PathBuf> = search.extra_paths.iter().map(|path| instance.at.expand(path)).collect();
    let workspace = Arc::new(Root::open(&agent.workspace)?);
    Ok(Some(openclaw_memory::outlook(&workspace, &extra)))
}

/// That there are notes which are not searched, and what has them searched; nothing when there are none.
pub(crate) fn unsearched_words(unsearched: &[String], configured: &[String]) -> Option<String> {
    let first = unsearched.first()?;
    let is_one = unsearched.len() == 1;
    let (are, them) = if is_one { ("is", "it") } else { ("are", "them") };
    let files = format::count(unsearched.len(), ".md file");
    let so = if configured.is_empty() {
        format!("`openclaw config set agents.defaults.memorySearch.extraPaths '[\".\"]'` adds {them}")
    } else {
        format!("\".\" in agents.defaults.memorySearch.extraPaths adds {them}")
    };
    let such_as = if is_one { first.clone() } else { format!("such as {first}") };
    Some(format!("{files} outside memory/ {are} not searched ({such_as});\n{so}"))
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

#[cfg(test)]
mod tests {
    use super::unsearched_words;

    #[test]
    fn what_is_not_searched_is_counted() {
        let words = |paths: &[&str], configured: &[&str]| {
            let text = |items: &[&str]| items.iter().map(|&item| item.to_owned()).collect::<Vec<_>>();
            unsearched_words(&text(paths), &text(configured))
        };
        assert_eq!(words(&[], &[]), None);
        let expected = "1 .md file outside memory/ is not searched (garden.md);\n`openclaw config set \
                        agents.defaults.memorySearch.extraPaths '[\".\"]'` adds it";
        assert_eq!(words(&["garden.md"], &[]).as_deref(), Some(expected));
        let expected = "2 .md files outside memory/ are not searched (such as a.md);\n\".\" in \
                        agents.defaults.memorySearch.extraPaths adds them";
        assert_eq!(words(&["a.md", "b.md"], &["docs"]).as_deref(), Some(expected));
    }
}
