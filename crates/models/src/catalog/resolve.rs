//! Looks models up.

use std::sync::Arc;

use super::environment::Environment;
use super::error::CatalogError;
use super::key::{Key, KeyFrom, KeyKind, KeySource, may_go};
use super::providers::{AllowedModel, Choice, Mode, ProviderEntry, Providers};
use super::reference::{ASSUMED_PROVIDER, Naming, Reference};
use super::table::{BUILTIN_ALIASES, BUILTIN_PROVIDERS, builtin_models};
use crate::cli::CliBackend;
use crate::local::LocalModels;
use crate::offline::OfflineRecall;
use crate::wire::{lower, speaks};
use crate::{ChatModel, ModelInfo, OwnFields, Timeouts, params};
use openclaw_http::GuardedHttp;

/// The model of a fresh install.
pub const OFFLINE_REFERENCE: &str = "offline/recall";
const OFFLINE: &str = "offline";
const RECALL: &str = "recall";
/// The parameters that requests carry, by their names in the configuration.
const TEMPERATURE: &str = "temperature";
const MAX_TOKENS: &str = "maxTokens";

/// All models that configuration and environment offer. Making one opens no connection.
pub struct Catalog {
    model: Choice,
    image_model: Choice,
    allowed: Vec<AllowedModel>,
    /// Configured ones first, in their order; then the built-in ones.
    entries: Vec<ProviderEntry>,
    /// How many of them are configured.
    configured: usize,
    pub(super) environment: Environment,
    pub(super) cli_backends: Vec<CliBackend>,
    pub(super) http: Arc<GuardedHttp>,
    local: LocalModels,
}

impl Catalog {
    /// Joins configuration and environment. What the configuration says about a provider wins over the environment,
    /// field by field, and both over the table.
    #[must_use]
    pub fn new(providers: Providers, environment: Environment) -> Self {
        let Providers { model, image_model, allowed, entries, cli_backends, workspaces, mode } = providers;
        let mut joined: Vec<ProviderEntry> = Vec::new();
        for entry in entries {
            match joined.iter().position(|known| same_provider(&known.id, &entry.id)) {
                None => joined.push(entry),
                // Of two, the first stands above: the configuration comes before `models.json`.
                Some(at) => {
                    let upper = joined.remove(at);
                    joined.insert(at, upper.over(entry));
                }
            }
        }
        let configured = joined.len();
        if mode == Mode::Merge {
            for builtin in BUILTIN_PROVIDERS {
                if joined.iter().all(|known| !same_provider(&known.id, builtin.id)) {
                    joined.push(ProviderEntry::of_table(builtin));
                }
            }
        }
        let entries = joined.into_iter().map(|entry| at_environment_address(entry, &environment)).collect();
        let http = Arc::new(GuardedHttp::new(Timeouts::remote().connect));
        Self {
            model,
            image_model,
            allowed,
            entries,
            configured,
            environment: environment.beside(workspaces),
            cli_backends: CliBackend::with_builtin(cli_backends),
            http,
            local: LocalModels::default(),
        }
    }

    /// The reference used when nobody names a model: the configured primary one, else the first listed model, else that
    /// of the first provider with a key in the environment, else [`OFFLINE_REFERENCE`].
    #[must_use]
    pub fn default_reference(&self) -> String {
        let named = self.model.primary.as_deref().map(str::trim).filter(|primary| !primary.is_empty());
        if let Some(named) = named {
            return self.find(named).map_or_else(|_| named.to_owned(), |(found, _)| found.to_string());
        }
        let listed = self.entries.iter().take(self.configured).find_map(ProviderEntry::first_listed);
        let listed = listed.or_else(|| self.entries.iter().find_map(|entry| self.of_environment(entry)));
        listed.map_or_else(|| OFFLINE_REFERENCE.to_owned(), |found| found.to_string())
    }

    /// The models that stand in for the default one, in the order in which they are tried.
    #[must_use]
    pub fn fallbacks(&self) -> &[String] {
        &self.model.fallbacks
    }

    /// The models for images, when the first model cannot look at them.
    #[must_use]
    pub fn image_model(&self) -> &Choice {
        &self.image_model
    }

    /// The configured choice as it is written.
    #[must_use]
    pub fn choice(&self) -> &Choice {
        &self.model
    }

    /// The model of [`Catalog::default_reference`].
    ///
    /// # Errors
    /// It cannot run; the reason is for `status` and for the turn.
    pub fn resolve_default(&self) -> Result<Arc<dyn ChatModel>, CatalogError> {
        self.resolve(&self.default_reference())
    }

    /// The model of an alias, of `provider/model`, or of a bare id, with the key that configuration or environment have.
    ///
    /// # Errors
    /// It is not known or cannot run.
    pub fn resolve(&self, reference: &str) -> Result<Arc<dyn ChatModel>, CatalogError> {
        let (reference, _) = self.find(reference)?;
        if reference.provider == OFFLINE || self.cli_backend(&reference.provider).is_some() {
            return self.connect(&reference, Keyed::Without);
        }
        let entry = self.entry(&reference.provider)?;
        match self.keys(entry).first() {
            Some(key) => self.connect(&reference, Keyed::With(key)),
            None => self.connect(&reference, Keyed::Without),
        }
    }

    /// What is known of the model of a reference, whether or not it can run.
    ///
    /// # Errors
    /// It is not known.
    pub fn describe(&self, reference: &str) -> Result<ModelInfo, CatalogError> {
        let (reference, _) = self.find(reference)?;
        self.describe_found(&reference)
    }

    /// The same of a reference that was found.
    ///
    /// # Errors
    /// It is not known.
    pub fn describe_found(&self, reference: &Reference) -> Result<ModelInfo, CatalogError> {
        if reference.provider == OFFLINE {
            return Ok(offline(&reference.model)?.describe().clone());
        }
        if let Some(backend) = self.cli_backend(&reference.provider) {
            return Ok(self.describe_program(backend, reference));
        }
        Ok(self.as_set(reference, self.entry(&reference.provider)?.describe(&reference.model)))
    }

    /// What was learnt of models on this machine.
    #[must_use]
    pub fn local(&self) -> &LocalModels {
        &self.local
    }

    pub(crate) fn http(&self) -> &GuardedHttp {
        &self.http
    }

    /// With what the model's own server says of it, and what the user set for its requests.
    pub(super) fn as_set(&self, reference: &Reference, mut info: ModelInfo) -> ModelInfo {
        let is_window_set = self.entry(&reference.provider).is_ok_and(|entry| {
            entry.models.iter().any(|model| model.id == reference.model && model.context_window.is_some())
        });
        self.local.describe(reference, &mut info, is_window_set);
        let Some(settings) = self.settings_of(reference) else { return info };
        let number = |name: &str| settings.params.get(name).and_then(serde_json::Value::as_f64);
        info.own_fields = OwnFields::new(info.api, &settings.params);
        info.temperature = number(TEMPERATURE).or(info.temperature);
        let limit = settings.params.get(MAX_TOKENS).and_then(serde_json::Value::as_u64);
        let limit = limit.filter(|limit| *limit > 0);
        let limit = limit.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX));
        info.max_tokens = lower(limit, info.max_tokens);
        info
    }

    /// Parameters of `agents.defaults.models` that are not sent, because the model's API takes none of that name or no such
    /// value, as paths.
    #[must_use]
    pub fn unsent_params(&self) -> Vec<String> {
        let paths = self.allowed.iter().flat_map(|allowed| {
            let api = self.describe(&allowed.reference).map(|info| info.api);
            let is_unsent = move |(name, value): &(&String, &serde_json::Value)| match name.as_str() {
                TEMPERATURE => !value.is_number(),
                MAX_TOKENS => value.as_u64().is_none_or(|limit| limit == 0),
                name => !api.as_ref().is_ok_and(|api| params::takes(*api, name, value)),
            };
            let names = allowed.params.iter().filter(is_unsent);
            names.map(|(name, _)| format!("agents.defaults.models[{:?}].params.{name}", allowed.reference))
        });
        paths.collect()
    }

    /// Whether a model can be asked without a key: it runs here, or its headers carry the credential.
    #[must_use]
    pub fn needs_no_key(&self, reference: &Reference) -> bool {
        let is_open = |entry: &ProviderEntry| {
            super::listing::is_local(entry) || !entry.headers_for(&reference.model).is_empty()
        };
        reference.provider == OFFLINE
            || self.cli_backend(&reference.provider).is_some()
            || self.entry(&reference.provider).is_ok_and(is_open)
    }

    /// Runs a model with a key, or without one where none is needed. Opens no connection.
    ///
    /// # Errors
    /// It is not known, needs a key, or its wire API is not spoken.
    pub fn connect(&self, reference: &Reference, key: Keyed<'_>) -> Result<Arc<dyn ChatModel>, CatalogError> {
        self.connect_with(reference, key, Patience::Alone)
    }

    /// The same with a description that somebody else has of the model.
    ///
    /// # Errors
    /// As [`Catalog::connect`].
    pub fn connect_described(
        &self,
        reference: &Reference,
        info: ModelInfo,
        key: Keyed<'_>,
    ) -> Result<Arc<dyn ChatModel>, CatalogError> {
        self.connect_entry(self.entry(&reference.provider)?, info, (key, Patience::Alone))
    }

    /// The same, and whether somebody else could answer.
    ///
    /// # Errors
    /// As [`Catalog::connect`].
    pub fn connect_with(
        &self,
        reference: &Reference,
        key: Keyed<'_>,
        patience: Patience,
    ) -> Result<Arc<dyn ChatModel>, CatalogError> {
        if reference.provider == OFFLINE {
            return Ok(Arc::new(offline(&reference.model)?));
        }
        if let Some(backend) = self.cli_backend(&reference.provider) {
            return self.connect_program(backend, reference);
        }
        let entry = self.entry(&reference.provider)?;
        let info = self.as_set(reference, entry.describe(&reference.model));
        self.connect_entry(entry, info, (key, patience))
    }

    /// The keys of configuration and environment for a provider that may go where it is, the better one first.
    #[must_use]
    pub fn keys(&self, entry: &ProviderEntry) -> Vec<Key> {
        let configured = entry.api_key.clone().filter(|key| !key.is_blank());
        let configured =
            configured.map(|secret| Key { secret, kind: KeyKind::ApiKey, source: KeySource::Config });
        let ambient = entry.builtin.and_then(|builtin| self.environment.key(builtin));
        let all = configured.into_iter().chain(ambient);
        all.filter(|key| self.may_have(entry, key)).collect()
    }

    /// Whether a key may be sent to a provider's address (S-096).
    #[must_use]
    pub fn may_have(&self, entry: &ProviderEntry, key: &Key) -> bool {
        if key.source == KeySource::Config && entry.key_from == KeyFrom::ModelsFile {
            return true;
        }
        // A server that the environment names is the home of the environment's key.
        let named = entry.builtin.and_then(|builtin| self.environment.base_url(builtin));
        let home = match &key.source {
            KeySource::Environment(_) => named.as_deref().or_else(|| entry.home()),
            KeySource::Config | KeySource::Profile(_) => entry.home(),
        };
        may_go(key, &entry.base_url, entry.address_from, home)
    }

    /// A provider by its id, in any spelling.
    ///
    /// # Errors
    /// There is none.
    pub fn entry(&self, provider: &str) -> Result<&ProviderEntry, CatalogError> {
        let entry = self.entries.iter().find(|entry| same_provider(&entry.id, provider));
        entry.ok_or_else(|| CatalogError::UnknownProvider {
            provider: provider.to_owned(),
            known: self.known(),
        })
    }

    /// All providers, the configured ones first.
    #[must_use]
    pub fn providers(&self) -> &[ProviderEntry] {
        &self.entries
    }

    /// How many of [`Catalog::providers`] are configured.
    #[must_use]
    pub fn configured_providers(&self) -> usize {
        self.configured
    }

    /// `agents.defaults.models`.
    #[must_use]
    pub fn allowed_models(&self) -> &[AllowedModel] {
        &self.allowed
    }

    /// Whether a model may be chosen for a session. The configured one and its fallbacks always may.
    #[must_use]
    pub fn is_allowed(&self, reference: &Reference) -> bool {
        let means = |text: &str| self.find(text).is_ok_and(|(found, _)| found == *reference);
        self.allowed.is_empty()
            || self.allowed.iter().any(|allowed| means(&allowed.reference))
            || means(&self.default_reference())
            || self.model.fallbacks.iter().any(|fallback| means(fallback))
    }

    /// A model that somebody chooses for a session.
    ///
    /// # Errors
    /// It is not known, or `agents.defaults.models` leaves it out.
    pub fn choose(&self, text: &str) -> Result<Reference, CatalogError> {
        let (reference, _) = self.find(text)?;
        if self.is_allowed(&reference) {
            return Ok(reference);
        }
        let allowed = self.allowed.iter().map(|allowed| allowed.reference.clone()).collect();
        Err(CatalogError::NotAllowed { reference: reference.to_string(), allowed })
    }

    /// What `agents.defaults.models` says of a model.
    #[must_use]
    pub fn settings_of(&self, reference: &Reference) -> Option<&AllowedModel> {
        self.allowed
            .iter()
            .find(|allowed| self.find(&allowed.reference).is_ok_and(|(found, _)| found == *reference))
    }

    /// The user's short names, and the built-in ones that are not among them.
    #[must_use]
    pub fn aliases(&self) -> Vec<(String, String)> {
        let own = self.allowed.iter();
        let own = own.filter_map(|allowed| Some((allowed.alias.clone()?, allowed.reference.clone())));
        let mut all: Vec<(String, String)> = own.collect();
        for (alias, target) in BUILTIN_ALIASES {
            if all.iter().all(|(known, _)| !known.eq_ignore_ascii_case(alias)) {
                all.push(((*alias).to_owned(), (*target).to_owned()));
            }
        }
        all
    }

    /// The reference that a text means, and how it was found.
    ///
    /// # Errors
    /// It means none.
    pub fn find(&self, text: &str) -> Result<(Reference, Naming), CatalogError> {
        let asked = text.trim();
        let alias = self.aliases().into_iter().find(|(alias, _)| alias.eq_ignore_ascii_case(asked));
        let naming = if alias.is_some() { Naming::Alias } else { Naming::Full };
        let target = alias.as_ref().map_or(asked, |(_, target)| target.trim());
        if let Some(reference) = Reference::parse(target) {
            return Ok((self.spelled(reference), naming));
        }
        if target.is_empty() || target.contains('/') {
            return Err(CatalogError::UnknownReference { reference: text.to_owned() });
        }
        let lists = |entry: &&ProviderEntry| entry.models.iter().any(|model| model.id == target);
        let mut matches = self.entries.iter().filter(lists);
        if let (Some(only), None) = (matches.next(), matches.next()) {
            let reference = Reference { provider: only.id.clone(), model: target.to_owned() };
            return Ok((reference, Naming::OnlyModel));
        }
        let has = |id: &str| builtin_models(id).any(|row| row.id == target);
        let meant = BUILTIN_PROVIDERS.iter().find(|builtin| has(builtin.id));
        let meant = meant.filter(|builtin| builtin.id != ASSUMED_PROVIDER);
        let meant = meant.map(|builtin| format!("{}/{target}", builtin.id));
        let assumed = Naming::Assumed { written: target.to_owned(), meant };
        Ok((Reference::new(ASSUMED_PROVIDER, target), assumed))
    }

    /// With the provider's id as it is configured.
    fn spelled(&self, reference: Reference) -> Reference {
        let known = self.entries.iter().find(|entry| same_provider(&entry.id, &reference.provider));
        match known {
            Some(entry) => Reference { provider: entry.id.clone(), ..reference },
            None => reference,
        }
    }

    /// The model that the environment makes usable at a provider.
    fn of_environment(&self, entry: &ProviderEntry) -> Option<Reference> {
        let model = self.environment.model(entry.builtin?)?;
        let reference = Reference { provider: entry.id.clone(), model: model.to_owned() };
        // One that this build cannot speak to is no default.
        speaks(entry.describe(model).api).map(|_| reference)
    }

    fn known(&self) -> Vec<String> {
        let entries = self.entries.iter().map(|entry| entry.id.clone());
        let programs = self.configured_programs().map(|backend| backend.id.clone());
        entries.chain(programs).chain([OFFLINE.to_owned()]).collect()
    }
}

/// What a model is run with.
#[derive(Clone, Copy)]
pub enum Keyed<'a> {
    /// Its provider gets this.
    With(&'a Key),
    /// Its provider needs none, or the headers have it.
    Without,
}

/// How long a model in trouble is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Nobody else could answer.
    Alone,
    /// Somebody else could.
    OthersWait,
}

fn offline(model: &str) -> Result<OfflineRecall, CatalogError> {
    match model {
        RECALL => Ok(OfflineRecall::new()),
        _ => Err(CatalogError::UnknownOfflineModel { model: model.to_owned() }),
    }
}

/// What the environment says about a provider's address counts where the configuration says nothing.
fn at_environment_address(mut entry: ProviderEntry, environment: &Environment) -> ProviderEntry {
    use super::key::AddressFrom;
    let said = entry.builtin.and_then(|builtin| environment.base_url(builtin));
    if let (AddressFrom::Table, Some(url)) = (entry.address_from, said) {
        entry.base_url = url;
        entry.address_from = AddressFrom::Environment;
    }
    entry
}

/// Provider ids are compared in their one spelling.
fn same_provider(one: &str, other: &str) -> bool {
    super::table::canonical_provider(one) == super::table::canonical_provider(other)
}

#[cfg(test)]
mod tests {
    use super::{Catalog, OFFLINE_REFERENCE};
    use crate::WireApi;
    use crate::catalog::{
        AllowedModel, CatalogError, Choice, Environment, Mode, ModelEntry, Naming, ProviderEntry, Providers,
    };
    use openclaw_guard::Secret;
    use openclaw_http::EndpointError;
    use serde_json::Map;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::read(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn keyed(id: &str, base_url: &str) -> ProviderEntry {
        ProviderEntry { api_key: Some(Secret::new("k".into())), ..ProviderEntry::new(id, base_url) }
    }

    fn providers(entries: Vec<ProviderEntry>) -> Providers {
        Providers { entries, ..Providers::default() }
    }

    fn mock() -> ProviderEntry {
        ProviderEntry { models: vec![ModelEntry::new("mock-1")], ..keyed("mock", "http://127.0.0.1:1/v1") }
    }

    fn allowed(reference: &str, alias: Option<&str>) -> AllowedModel {
        AllowedModel { reference: reference.into(), alias: alias.map(str::to_owned), params: Map::new() }
    }

    #[test]
    fn the_default_model() {
        let primary = |primary: &str| Providers { model: Choice::only(primary), ..providers(vec![mock()]) };
        let key = ("OPENAI_API_KEY", "sk");
        let rows = [
            (providers(vec![]), environment(&[]), OFFLINE_REFERENCE),
            (providers(vec![]), environment(&[("OPENAI_API_KEY", "  ")]), OFFLINE_REFERENCE),
            (providers(vec![]), environment(&[key]), "openai/gpt-5-mini"),
            (providers(vec![]), environment(&[key, ("OPENAI_MODEL", "gpt-x")]), "openai/gpt-x"),
            (
                providers(vec![]),
                environment(&[("OPENAI_BASE_URL", "http://127.0.0.1:1/v1"), ("OPENAI_MODEL", "local")]),
                "openai/local",
            ),
            (providers(vec![]), environment(&[("ZAI_API_KEY", "k"), ("GROQ_API_KEY", "k")]), "zai/glm-4.7"),
            (providers(vec![keyed("openai", "")]), environment(&[]), OFFLINE_REFERENCE),
            (providers(vec![mock()]), environment(&[key]), "mock/mock-1"),
            (primary("mock/other"), environment(&[key]), "mock/other"),
            (primary("gpt-mini"), environment(&[key]), "openai/gpt-5-mini"),
            (primary(" "), environment(&[]), "mock/mock-1"),
        ];
        for (providers, environment, expected) in rows {
            let catalog = Catalog::new(providers, environment);
            assert_eq!(catalog.default_reference(), expected);
            assert_eq!(catalog.resolve_default().unwrap().describe().reference(), expected);
        }
    }

    #[test]
    fn references_aliases_and_bare_ids() {
        let allowed = vec![allowed("mock/mock-1", Some("Fast"))];
        let catalog = Catalog::new(Providers { allowed, ..providers(vec![mock()]) }, Environment::default());
        for reference in ["mock/mock-1", "MOCK/mock-1", "fast", "mock-1", " mock/mock-1 "] {
            assert_eq!(
                catalog.resolve(reference).unwrap().describe().reference(),
                "mock/mock-1",
                "{reference}"
            );
        }
        let nested = catalog.resolve("mock/vendor/model:free").unwrap();
        assert_eq!(nested.describe().id, "vendor/model:free");
    }

    #[test]
    fn built_in_short_names_never_stand_before_the_users() {
        let catalog =
            |allowed| Catalog::new(Providers { allowed, ..providers(vec![mock()]) }, Environment::default());
        let built_in = catalog(vec![]).find("Opus").unwrap();
        assert_eq!(
            (built_in.0.to_string().as_str(), built_in.1),
            ("anthropic/claude-opus-4-6", Naming::Alias)
        );
        let own = catalog(vec![allowed("mock/mock-1", Some("OPUS"))]);
        assert_eq!(own.find("opus").unwrap().0.to_string(), "mock/mock-1");
        assert_eq!(own.aliases().iter().filter(|(alias, _)| alias.eq_ignore_ascii_case("opus")).count(), 1);
    }

    #[test]
    fn without_a_provider_anthropic_is_taken_and_said() {
        let catalog = Catalog::new(providers(vec![mock()]), Environment::default());
        let (reference, naming) = catalog.find("glm-4.7").unwrap();
        assert_eq!(reference.to_string(), "anthropic/glm-4.7");
        assert_eq!(
            naming.warning().unwrap(),
            "The model \"glm-4.7\" names no provider, so anthropic/glm-4.7 is taken. Write \"zai/glm-4.7\"."
        );
        let (reference, naming) = catalog.find("opus-4.6").unwrap();
        assert_eq!(reference.to_string(), "anthropic/claude-opus-4-6");
        assert!(naming.warning().is_some());
    }

    #[test]
    fn what_cannot_run_says_why() {
        let claude = ProviderEntry {
            api: Some(WireApi::BedrockConverseStream),
            ..keyed("bedrock", "https://a.example/v1")
        };
        let entries = vec![
            mock(),
            claude,
            ProviderEntry::new("far", "https://far.example/v1"),
            keyed("odd", "far.example"),
        ];
        let catalog =
            Catalog::new(Providers { mode: Mode::Replace, ..providers(entries) }, Environment::default());
        let rows = [
            ("", CatalogError::UnknownReference { reference: String::new() }),
            ("mock/", CatalogError::UnknownReference { reference: "mock/".into() }),
            ("offline/other", CatalogError::UnknownOfflineModel { model: "other".into() }),
            (
                "bedrock/claude",
                CatalogError::UnsupportedApi {
                    reference: "bedrock/claude".into(),
                    api: WireApi::BedrockConverseStream,
                },
            ),
            ("far/m", CatalogError::MissingKey { provider: "far".into() }),
            ("odd/m", CatalogError::BadEndpoint { provider: "odd".into(), why: EndpointError::NotHttp }),
        ];
        for (reference, expected) in rows {
            assert_eq!(catalog.resolve(reference).err(), Some(expected), "{reference}");
        }
        let unknown = catalog.resolve("nobody/m").err().unwrap();
        assert_eq!(
            unknown.plain_words(),
            "The model provider \"nobody\" is not configured (there are: mock, bedrock, far, odd, offline). Add models.providers.nobody with a baseUrl, or choose another model."
        );
        let missing =
            Catalog::new(providers(vec![]), Environment::default()).resolve("z.ai/glm-4.7").err().unwrap();
        assert_eq!(
            missing.plain_words(),
            "There is no API key for zai. Set models.providers.zai.apiKey, ZAI_API_KEY or Z_AI_API_KEY, or run `openclaw models auth add --provider zai`."
        );
    }

    #[test]
    fn the_environment_key_goes_only_where_it_belongs() {
        let key = [("OPENAI_API_KEY", "sk")];
        let official = ProviderEntry::new("openai", "https://api.openai.com/v1/");
        assert!(Catalog::new(providers(vec![official]), environment(&key)).resolve("openai/m").is_ok());
        let elsewhere = || ProviderEntry::new("openai", "https://proxy.example/v1");
        let missing = Some(CatalogError::MissingKey { provider: "openai".into() });
        assert_eq!(
            Catalog::new(providers(vec![elsewhere()]), environment(&key)).resolve("openai/m").err(),
            missing
        );
        // The environment's own server is the home of its key, and OpenAI is not.
        let both = [key[0], ("OPENAI_BASE_URL", "https://mine.example/v1")];
        assert!(Catalog::new(providers(vec![]), environment(&both)).resolve("openai/m").is_ok());
        let official = ProviderEntry::new("openai", "https://api.openai.com/v1");
        assert_eq!(
            Catalog::new(providers(vec![official]), environment(&both)).resolve("openai/m").err(),
            missing
        );
    }

    #[test]
    fn only_what_is_listed_may_be_chosen() {
        let list = vec![allowed("mock/mock-1", None), allowed("z-ai/glm-4.7", None)];
        let model = Choice { primary: Some("mock/first".into()), fallbacks: vec!["mock/second".into()] };
        let catalog = Catalog::new(
            Providers { allowed: list, model, ..providers(vec![mock()]) },
            Environment::default(),
        );
        for may in ["mock-1", "zai/glm-4.7", "mock/first", "mock/second"] {
            assert!(catalog.choose(may).is_ok(), "{may}");
        }
        let refused = catalog.choose("opus").unwrap_err().plain_words();
        assert!(refused.starts_with("Model \"anthropic/claude-opus-4-6\" is not allowed"), "{refused}");
        assert!(Catalog::new(providers(vec![mock()]), Environment::default()).choose("opus").is_ok());
    }

    #[test]
    fn the_list_has_the_configured_models_first() {
        let catalog = Catalog::new(providers(vec![mock()]), environment(&[("OPENAI_API_KEY", "sk")]));
        let rows: Vec<String> =
            catalog.list().iter().map(|row| format!("{}/{}", row.provider, row.id)).collect();
        assert_eq!(rows[..2], ["offline/recall", "mock/mock-1"]);
        assert!(rows.contains(&"openai/gpt-5-mini".to_owned()) && rows.contains(&"zai/glm-4.7".to_owned()));
        let row = serde_json::to_value(&catalog.list()[1]).unwrap();
        assert_eq!(
            row,
            serde_json::json!({"id":"mock-1","name":"mock-1","provider":"mock","contextWindow":128_000,
                "reasoning":false,"input":["text"]})
        );
    }

    #[test]
    fn parameters_go_into_the_description_and_others_are_named() {
        let params = |text: &str| serde_json::from_str::<Map<String, serde_json::Value>>(text).unwrap();
        let set = AllowedModel {
            params: params(
                r#"{"temperature": 0.6, "maxTokens": 4096, "thinking": {"type": "enabled"}, "model": "other"}"#,
            ),
            ..allowed("zai/glm-4.7", None)
        };
        let huge =
            AllowedModel { params: params(r#"{"maxTokens": 99999999}"#), ..allowed("zai/glm-4.6", None) };
        let none = AllowedModel {
            params: params(r#"{"maxTokens": 0, "thinking": "high"}"#),
            ..allowed("zai/glm-4.5", None)
        };
        let list = vec![set, huge, none];
        let catalog = Catalog::new(Providers { allowed: list, ..providers(vec![]) }, Environment::default());
        let info = catalog.describe("z.ai/glm-4.7").unwrap();
        assert_eq!((info.temperature, info.max_tokens), (Some(0.6), Some(4_096)));
        assert!(info.own_fields.decide_thinking());
        assert_eq!(catalog.describe("zai/glm-4.6").unwrap().max_tokens, Some(131_072));
        let none = catalog.describe("zai/glm-4.5").unwrap();
        assert_eq!((none.max_tokens, none.own_fields.decide_thinking()), (Some(98_304), false));
        let unsent = [("zai/glm-4.7", "model"), ("zai/glm-4.5", "maxTokens"), ("zai/glm-4.5", "thinking")];
        let unsent = unsent.map(|(id, name)| format!("agents.defaults.models[{id:?}].params.{name}"));
        assert_eq!(catalog.unsent_params(), unsent);
    }

    #[test]
    fn replace_leaves_only_what_is_configured() {
        let only = Catalog::new(
            Providers { mode: Mode::Replace, ..providers(vec![mock()]) },
            Environment::default(),
        );
        assert_eq!(only.list().len(), 2);
        assert_eq!(only.configured_providers(), 1);
        assert!(matches!(only.describe("zai/glm-4.7"), Err(CatalogError::UnknownProvider { .. })));
    }
}
