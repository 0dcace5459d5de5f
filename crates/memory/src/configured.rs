//! From the configuration to an engine: one way for the gateway, the command line and the tools.

use std::sync::Arc;

use openclaw_config::{Loaded, Locations};
use openclaw_embed::{Around, EnvKeys, OwnMakers, resolve};
use openclaw_guard::{Clock, PathComponent, Root};

use crate::embedding::Embedders;
use crate::engine::EngineOptions;
use crate::weighted::Fusion;

/// What the configuration of an instance is read with.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The configuration, and the environment with keys of services.
    pub loaded: &'a Loaded,
    /// Where things lie.
    pub at: &'a Locations,
}

impl Surroundings<'_> {
    /// Who makes the vectors of an agent's memory. Nothing is sent or loaded.
    #[must_use]
    pub fn embedders(&self, agent: &str) -> Embedders {
        let Self { loaded, at } = *self;
        let Loaded { config, env, .. } = loaded;
        let find_file = |path: &str| Some(at.expand(path)).filter(|path| path.is_file());
        let keys = EnvKeys(env);
        let around = Around { providers: &config.models.providers, keys: &keys, find_file: &find_file };
        Embedders::from(resolve(config.agents.memory_search(agent), &around, &OwnMakers { at, env }))
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
        let cache_entries = match (search.cache.enabled, search.cache.max_entries) {
            (true, most) => most.map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
            (false, _) => Some(0),
        };
        Self {
            extra_paths: search.extra_paths.iter().map(|path| at.expand(path)).collect(),
            embedders: around.embedders(agent_id.as_str()),
            cache_entries,
            fusion: Fusion::from(search),
            ..Self::new(agent_id, workspace, &at.state_dir, clock)
        }
    }
}
