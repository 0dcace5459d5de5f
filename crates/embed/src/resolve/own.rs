//! The makers of the real program.

use std::sync::{Arc, OnceLock};

use openclaw_config::{Env, Locations};

use super::build::Makers;
use super::local::{LocalModel, LocalSpec};
use super::shared::Shared;
use crate::builtin::Builtin;
use crate::embedder::Embedder;
use crate::error::{EmbedError, Failure};
use crate::local::{Hub, LocalModel as LocalEmbedder, ModelSettings, ModelSource, Program};
use crate::remote::Means;

/// The model in the program is read once, and its documents have one thread, however many agents there are.
static BUILTIN: Shared<Builtin> = Shared::new();
/// A model file takes its memory once.
static LOCAL: Shared<LocalEmbedder> = Shared::new();

/// Makes embedders with the real network, clock and programs. Those of one process share their budget of requests, the
/// model in the program, and the program that runs a model file.
pub struct OwnMakers<'a> {
    /// Where models are kept.
    pub at: &'a Locations,
    /// Where the hub is, and its token.
    pub env: &'a Env,
}

impl Makers for OwnMakers<'_> {
    fn builtin(&self) -> Result<Arc<dyn Embedder>, EmbedError> {
        Ok(BUILTIN.get("", Builtin::new))
    }

    fn local(&self, spec: &LocalSpec) -> Result<Arc<dyn Embedder>, EmbedError> {
        let path = match &spec.model {
            LocalModel::File(path) => path.to_string_lossy().into_owned(),
            LocalModel::Address(address) => address.clone(),
        };
        let unusable = |why: String| EmbedError {
            embedder: format!("local/{path}"),
            failure: Failure::Unavailable(why),
        };
        let hub = Hub::from_environment(&|name| self.env.non_blank(name).map(str::to_owned))
            .map_err(|error| unusable(error.to_string()))?;
        let settings = ModelSettings {
            model_path: Some(&path),
            model_cache_dir: spec.cache_dir.as_deref(),
            state: &self.at.state_dir,
            home: Some(&self.at.home),
        };
        let source = ModelSource::configured(settings, hub).map_err(|error| unusable(error.to_string()))?;
        Ok(LOCAL.get(&source.told_by(), || LocalEmbedder::new(source, Program::find)))
    }

    fn means(&self) -> Means {
        static MEANS: OnceLock<Means> = OnceLock::new();
        MEANS.get_or_init(Means::system).clone()
    }
}
