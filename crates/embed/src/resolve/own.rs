//! The makers of the real program.

use std::sync::{Arc, OnceLock};

use openclaw_config::{Env, Locations};

use super::build::Makers;
use super::local::{LocalModel, LocalSpec};
use crate::builtin::Builtin;
use crate::embedder::Embedder;
use crate::error::{EmbedError, Failure};
use crate::local::{Hub, LocalModel as LocalEmbedder, ModelSettings, ModelSource, Program};
use crate::remote::Means;

/// Makes embedders with the real network, clock and programs. Those of one process share their budget of requests.
pub struct OwnMakers<'a> {
    /// Where models are kept.
    pub at: &'a Locations,
    /// Where the hub is, and its token.
    pub env: &'a Env,
}

impl Makers for OwnMakers<'_> {
    fn builtin(&self) -> Result<Arc<dyn Embedder>, EmbedError> {
        Ok(Arc::new(Builtin::new()))
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
        Ok(Arc::new(LocalEmbedder::new(source, Program::find)))
    }

    fn means(&self) -> Means {
        static MEANS: OnceLock<Means> = OnceLock::new();
        MEANS.get_or_init(Means::system).clone()
    }
}
