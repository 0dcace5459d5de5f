//! What the commands look at: an agent's catalog and its credentials.

use std::path::PathBuf;
use std::sync::Arc;

use openclaw_credentials::{AuthPlaces, AuthSettings, AuthStore, AuthView, agent_dir};
use openclaw_guard::{Clock as _, SystemClock};
use openclaw_models::ThinkingLevel;
use openclaw_models::catalog::table::canonical_provider;
use openclaw_models::catalog::{Catalog, Environment, Providers, Reference, read_models_file};
use openclaw_models::failover::has_credential;

use crate::agents;
use crate::args::InstanceArgs;
use crate::instance::Instance;
use crate::output;

/// The models of one agent.
pub(super) struct ModelsView {
    pub(super) instance: Instance,
    pub(super) agent: String,
    pub(super) agent_dir: PathBuf,
    pub(super) catalog: Catalog,
    pub(super) auth: Arc<AuthStore>,
    pub(super) credentials: Arc<AuthView>,
    pub(super) now_ms: i64,
}

impl ModelsView {
    /// Of this agent, or the default one.
    ///
    /// # Errors
    /// The configuration is wrong, there is no such agent, or the credentials cannot be read.
    pub(super) fn open(flags: &InstanceArgs, agent: Option<&str>) -> anyhow::Result<Self> {
        let instance = Instance::open(flags)?;
        let agent = agents::find(&instance, agent)?.id;
        let (config, at, env) = (instance.config(), &instance.at, &instance.loaded.env);
        let agent_dir = agent_dir(config, at, env, &agent);
        let mut providers = Providers::of_agent(config, &agent);
        providers.workspaces = agents::all(&instance).into_iter().map(|agent| agent.workspace).collect();
        for remark in read_models_file(&agent_dir, &mut providers, env) {
            output::complain(&format!("warning: {remark}"));
        }
        let catalog = Catalog::new(providers, Environment::from_env(env));
        let settings = AuthSettings::from_config(config, canonical_provider);
        let auth = Arc::new(AuthStore::new(AuthPlaces::of_agent(config, at, env, &agent), settings));
        let credentials = auth.view()?;
        Ok(Self { agent, agent_dir, catalog, credentials, auth, instance, now_ms: SystemClock.now_ms() })
    }

    /// Whether a model could be asked: its program is there, it needs no credential, or there is one that may go there.
    pub(super) fn has_auth(&self, reference: &Reference) -> bool {
        if let Some(backend) = self.catalog.cli_backend(&reference.provider) {
            return self.catalog.locate(backend).is_ok();
        }
        let settings = self.auth.settings();
        let keyed = || has_credential(&self.catalog, &self.credentials, settings, (reference, self.now_ms));
        self.catalog.needs_no_key(reference) || keyed()
    }

    /// How hard a model thinks for a session that nobody told otherwise.
    pub(super) fn thinking(&self) -> ThinkingLevel {
        let configured = self.instance.config().agents.defaults.turn.thinking_default;
        configured.and_then(|level| ThinkingLevel::parse(level.as_str())).unwrap_or(ThinkingLevel::Low)
    }

    /// Says what was assumed of a reference that names no provider.
    pub(super) fn warn_of(&self, text: &str) {
        if let Ok((_, naming)) = self.catalog.find(text)
            && let Some(warning) = naming.warning()
        {
            output::complain(&format!("warning: {warning}"));
        }
    }
}
