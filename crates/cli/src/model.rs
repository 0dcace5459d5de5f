//! Which model would answer, and whether it can.

use openclaw_credentials::{AuthPlaces, AuthSettings, AuthStore, agent_dir};
use openclaw_guard::{Clock as _, SystemClock};
use openclaw_models::catalog::table::canonical_provider;
use openclaw_models::catalog::{
    Catalog, CatalogError, Environment, OFFLINE_REFERENCE, Providers, read_models_file,
};
use serde::Serialize;

use crate::agents;
use crate::instance::Instance;

/// The model that answers when a session names none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ModelState {
    /// `provider/model`.
    pub(crate) reference: String,
    /// Whether somebody chose it; otherwise it is the built-in one.
    pub(crate) configured: bool,
    /// Whether it can run.
    pub(crate) ok: bool,
    /// Why it cannot, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

/// The model of an agent. Opens no connection.
pub(crate) fn of(instance: &Instance, agent_id: &str) -> ModelState {
    let config = instance.config();
    let (at, env) = (&instance.at, &instance.loaded.env);
    let mut providers = Providers::of_agent(config, agent_id);
    providers.workspaces = agents::all(instance).into_iter().map(|agent| agent.workspace).collect();
    // What is to be said of the file, `openclaw models` says.
    read_models_file(&agent_dir(config, at, env, agent_id), &mut providers, env);
    let catalog = Catalog::new(providers, Environment::from_env(env));
    let problem = match catalog.resolve_default() {
        Ok(_) => None,
        Err(CatalogError::MissingKey { provider }) => missing(instance, agent_id, &provider),
        Err(error) => Some(error.plain_words()),
    };
    named(catalog.default_reference(), problem)
}

/// Why a provider without a key in configuration and environment cannot be used, unless a profile has one.
fn missing(instance: &Instance, agent_id: &str, provider: &str) -> Option<String> {
    let (config, at, env) = (instance.config(), &instance.at, &instance.loaded.env);
    let settings = AuthSettings::from_config(config, canonical_provider);
    let auth = AuthStore::new(AuthPlaces::of_agent(config, at, env, agent_id), settings);
    match auth.view() {
        Ok(view) => {
            let profiles = view.rotation(provider, auth.settings(), SystemClock.now_ms());
            let none = || CatalogError::MissingKey { provider: provider.to_owned() }.plain_words();
            profiles.is_empty().then(none)
        }
        Err(error) => Some(format!("{error}.")),
    }
}

/// The model of a reference.
pub(crate) fn named(reference: String, problem: Option<String>) -> ModelState {
    ModelState { configured: reference != OFFLINE_REFERENCE, ok: problem.is_none(), reference, problem }
}

/// The model of a configuration that cannot be read.
pub(crate) fn unknown() -> ModelState {
    named("unknown".to_owned(), Some("the configuration has to be put right first".to_owned()))
}

impl ModelState {
    /// For people: what it is, and for the built-in one how to get another.
    pub(crate) fn words(&self) -> String {
        match &self.problem {
            Some(problem) => format!("{}: cannot run\n{problem}", self.reference),
            None if self.configured => self.reference.clone(),
            None => format!(
                "{}: answers from your notes without a language model\n\
                 For one, set OPENAI_API_KEY, or models.providers in openclaw.json",
                self.reference
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::instance::Instance;
    use openclaw_config::{Env, LocationFlags, Locations, load, write_new};

    #[test]
    fn says_what_answers_and_why_it_cannot() {
        let rows = [
            ("{}", None, "offline/recall", true, None),
            ("{}", Some("sk"), "openai/gpt-5-mini", true, None),
            ("{agents: {defaults: {model: 'nobody/m'}}}", None, "nobody/m", false, Some("nobody")),
            ("{agents: {defaults: {model: 'openai/m'}}}", None, "openai/m", false, Some("key")),
        ];
        for (config, key, reference, ok, problem) in rows {
            let home = tempfile::tempdir().unwrap();
            let home = home.path().to_str().unwrap();
            let env: Env = key.iter().map(|key| ("OPENAI_API_KEY", *key)).chain([("HOME", home)]).collect();
            let at = Locations::resolve(&env, LocationFlags::default()).unwrap();
            write_new(&at.config_path, config).unwrap();
            let loaded = load(&at, &env).map_err(|error| error.to_string()).unwrap();
            let state = of(&Instance { at, loaded }, "main");
            assert_eq!((state.reference.as_str(), state.ok), (reference, ok), "{config}");
            assert_eq!(state.configured, reference != "offline/recall");
            match (state.problem, problem) {
                (None, None) => {}
                (Some(words), Some(part)) => assert!(words.contains(part), "{words}"),
                other => panic!("{config}: {other:?}"),
            }
        }
    }
}
