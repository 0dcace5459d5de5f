//! Looks models up.

use std::sync::Arc;

use openclaw_guard::Secret;
use reqwest::Url;
use serde::Serialize;

use super::environment::{DEFAULT_OPENAI_MODEL, Environment, OPENAI_BASE_URL};
use super::error::CatalogError;
use super::providers::{ModelEntry, ProviderEntry, Providers};
use crate::offline::OfflineRecall;
use crate::wire::{Access, Endpoint, RemoteChat, speaks};
use crate::{CallPolicy, ChatModel, Compat, InputKind, MaxTokensField, ModelInfo, Prices, Retries, Timeouts};
use openclaw_http::{GuardedHttp, is_loopback};

/// The model of a fresh install.
pub const OFFLINE_REFERENCE: &str = "offline/recall";

/// All models that configuration and environment offer. Making one opens no connection.
pub struct Catalog {
    primary: Option<String>,
    entries: Vec<ProviderEntry>,
    aliases: Vec<(String, String)>,
    from_environment: Option<String>,
    http: Arc<GuardedHttp>,
}

/// A row of `models.list`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelListing {
    /// Model id within the provider.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Provider id.
    pub provider: String,
    /// Tokens of prompt and answer together.
    pub context_window: u32,
    /// Whether it thinks before it answers.
    pub reasoning: bool,
    /// What a user message may contain.
    pub input: Vec<InputKind>,
}

impl From<&ModelInfo> for ModelListing {
    fn from(info: &ModelInfo) -> Self {
        Self {
            id: info.id.clone(),
            name: info.name.clone(),
            provider: info.provider.to_string(),
            context_window: info.context_window,
            reasoning: info.reasoning,
            input: info.input.clone(),
        }
    }
}

impl Catalog {
    /// Joins configuration and environment. What the configuration says about `openai` wins over the environment,
    /// field by field.
    #[must_use]
    pub fn new(mut providers: Providers, environment: Environment) -> Self {
        let from_environment = environment.offers_openai().then(|| format!("openai/{}", environment.model()));
        join_openai(&mut providers.entries, environment);
        Self {
            primary: providers.primary.filter(|primary| !primary.trim().is_empty()),
            entries: providers.entries,
            aliases: providers.aliases,
            from_environment,
            http: Arc::new(GuardedHttp::new(Timeouts::remote().connect)),
        }
    }

    /// The reference used when nobody names a model: the configured primary one, else the first listed model,
    /// else the environment's, else [`OFFLINE_REFERENCE`].
    #[must_use]
    pub fn default_reference(&self) -> String {
        let first_listed = || {
            let (entry, model) =
                self.entries.iter().find_map(|entry| Some((entry, entry.models.first()?)))?;
            Some(format!("{}/{}", entry.id, model.id))
        };
        self.primary
            .clone()
            .or_else(first_listed)
            .or_else(|| self.from_environment.clone())
            .unwrap_or_else(|| OFFLINE_REFERENCE.to_owned())
    }

    /// The model of [`Catalog::default_reference`].
    ///
    /// # Errors
    /// It cannot run; the reason is for `status` and for the turn.
    pub fn resolve_default(&self) -> Result<Arc<dyn ChatModel>, CatalogError> {
        self.resolve(&self.default_reference())
    }

    /// The model of an alias, of `provider/model`, or of the bare id of one configured model.
    ///
    /// # Errors
    /// It is not known or cannot run.
    pub fn resolve(&self, reference: &str) -> Result<Arc<dyn ChatModel>, CatalogError> {
        let (provider, model) = self.split(reference)?;
        if provider == "offline" {
            return match model.as_str() {
                "recall" => Ok(Arc::new(OfflineRecall::new())),
                _ => Err(CatalogError::UnknownOfflineModel { model }),
            };
        }
        let entry = self.entries.iter().find(|entry| same_provider(&entry.id, &provider));
        let entry = entry.ok_or_else(|| CatalogError::UnknownProvider { provider, known: self.known() })?;
        Ok(Arc::new(self.connectable(entry, &model)?))
    }

    /// Every model with a description, for `models.list`.
    #[must_use]
    pub fn list(&self) -> Vec<ModelListing> {
        let mut list = vec![ModelListing::from(OfflineRecall::new().describe())];
        for entry in &self.entries {
            list.extend(entry.models.iter().map(|model| ModelListing::from(&entry.describe(&model.id))));
        }
        list
    }

    fn known(&self) -> Vec<String> {
        self.entries.iter().map(|entry| entry.id.clone()).chain(["offline".to_owned()]).collect()
    }

    fn split(&self, reference: &str) -> Result<(String, String), CatalogError> {
        let asked = reference.trim();
        let alias = self.aliases.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(asked));
        let target = alias.map_or(asked, |(_, target)| target.trim());
        if let Some((provider, model)) = target.split_once('/')
            && !provider.is_empty()
            && !model.is_empty()
        {
            return Ok((provider.to_owned(), model.to_owned()));
        }
        let mut matches =
            self.entries.iter().filter(|entry| entry.models.iter().any(|model| model.id == target));
        match (matches.next(), matches.next()) {
            (Some(only), None) => Ok((only.id.clone(), target.to_owned())),
            _ => Err(CatalogError::UnknownReference { reference: reference.to_owned() }),
        }
    }

    fn connectable(&self, entry: &ProviderEntry, model: &str) -> Result<RemoteChat, CatalogError> {
        let mut info = entry.describe(model);
        let api = speaks(info.api)
            .ok_or_else(|| CatalogError::UnsupportedApi { reference: info.reference(), api: info.api })?;
        let bad = |why| CatalogError::BadEndpoint { provider: entry.id.clone(), why };
        let headers = entry.headers_for(model);
        let key = entry.api_key.clone().filter(|key| !key.is_blank());
        let keyless = key.is_none() && headers.is_empty();
        let access = Access { base_url: &entry.base_url, key, key_place: None, headers: &headers };
        let endpoint = Endpoint::new(api, &info, access).map_err(bad)?;
        let local = is_loopback(endpoint.url());
        // A server on this machine may need no key; any other without key or header is a mistake.
        if keyless && !local {
            return Err(CatalogError::MissingKey { provider: entry.id.clone() });
        }
        info.compat = by_host(endpoint.url(), info.compat);
        let timeouts = if local { Timeouts::local() } else { Timeouts::remote() };
        let policy = CallPolicy { timeouts, retries: Retries::default() };
        Ok(RemoteChat::new(api, info, endpoint, Arc::clone(&self.http), policy))
    }
}

/// Provider ids are compared without case; `z.ai` and `z-ai` are other spellings of `zai`.
fn same_provider(one: &str, other: &str) -> bool {
    let plain = |id: &str| id.trim().to_ascii_lowercase().replace("z.ai", "zai").replace("z-ai", "zai");
    plain(one) == plain(other)
}

/// Servers that answer 422 to `store` and `max_completion_tokens`, with the older `max_tokens` in its place. Source:
/// Mistral's own answers, for example in partITech/php-mistral issue 76 and openclaw/openclaw pull request 47301.
const OLD_FIELDS_ONLY: &[&str] = &["mistral.ai"];

/// Fills what the configuration leaves open. Only OpenAI itself is known to accept the role `developer`.
fn by_host(url: &Url, configured: Compat) -> Compat {
    let host = url.host_str().unwrap_or_default();
    let on = |domains: &[&str]| {
        domains.iter().any(|domain| {
            host == *domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
        })
    };
    let field =
        if on(OLD_FIELDS_ONLY) { MaxTokensField::MaxTokens } else { MaxTokensField::MaxCompletionTokens };
    Compat {
        supports_store: configured.supports_store.or(Some(!on(OLD_FIELDS_ONLY))),
        supports_developer_role: configured.supports_developer_role.or(Some(on(&["openai.com"]))),
        max_tokens_field: configured.max_tokens_field.or(Some(field)),
    }
}

/// Makes `openai` from the environment, or completes the configured one.
fn join_openai(entries: &mut Vec<ProviderEntry>, environment: Environment) {
    let model = environment.model().to_owned();
    let usable = environment.offers_openai();
    let Environment { openai_api_key, openai_base_url, openai_model: _ } = environment;
    if let Some(entry) = entries.iter_mut().find(|entry| entry.id == "openai") {
        if entry.api_key.as_ref().is_none_or(Secret::is_blank)
            && may_have_key(entry, openai_base_url.as_deref())
        {
            entry.api_key = openai_api_key;
        }
        return;
    }
    let base_url = openai_base_url.unwrap_or_else(|| OPENAI_BASE_URL.to_owned());
    let mut entry = ProviderEntry::new("openai", &base_url);
    entry.api_key = openai_api_key;
    if usable {
        entry.models.push(known_openai_model(&model));
    }
    entries.push(entry);
}

/// The environment's key belongs to OpenAI, or to the server that the environment names, and goes nowhere else.
fn may_have_key(entry: &ProviderEntry, environment_url: Option<&str>) -> bool {
    let same = |url: &str| entry.base_url.trim_end_matches('/') == url.trim_end_matches('/');
    same(environment_url.unwrap_or(OPENAI_BASE_URL))
}

/// The default model as OpenAI describes it; of any other only the id is known.
fn known_openai_model(id: &str) -> ModelEntry {
    let entry = ModelEntry::new(id);
    if id != DEFAULT_OPENAI_MODEL {
        return entry;
    }
    ModelEntry {
        name: Some("GPT-5 mini".to_owned()),
        reasoning: true,
        input: vec![InputKind::Text, InputKind::Image],
        prices: Prices { input: 0.25, output: 2.0, cache_read: 0.025, cache_write: 0.0 },
        context_window: Some(400_000),
        max_tokens: Some(128_000),
        ..entry
    }
}

#[cfg(test)]
mod tests {
    use super::{Catalog, OFFLINE_REFERENCE, by_host};
    use crate::catalog::{CatalogError, Environment, ModelEntry, ProviderEntry, Providers};
    use crate::{Compat, MaxTokensField, WireApi};
    use openclaw_guard::Secret;
    use openclaw_http::EndpointError;
    use reqwest::Url;

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

    #[test]
    fn the_default_model() {
        let primary = |primary: &str| Providers { primary: Some(primary.into()), ..providers(vec![mock()]) };
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
            (providers(vec![mock()]), environment(&[key]), "mock/mock-1"),
            (primary("mock/other"), environment(&[key]), "mock/other"),
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
        let aliases = vec![("Fast".to_owned(), "mock/mock-1".to_owned())];
        let catalog = Catalog::new(Providers { aliases, ..providers(vec![mock()]) }, Environment::default());
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
    fn what_cannot_run_says_why() {
        let claude = ProviderEntry {
            api: Some(WireApi::BedrockConverseStream),
            ..keyed("anthropic", "https://a.example/v1")
        };
        let entries = vec![
            mock(),
            claude,
            ProviderEntry::new("far", "https://far.example/v1"),
            keyed("odd", "far.example"),
        ];
        let catalog = Catalog::new(providers(entries), Environment::default());
        let rows = [
            ("mystery", CatalogError::UnknownReference { reference: "mystery".into() }),
            ("mock/", CatalogError::UnknownReference { reference: "mock/".into() }),
            ("offline/other", CatalogError::UnknownOfflineModel { model: "other".into() }),
            (
                "anthropic/claude",
                CatalogError::UnsupportedApi {
                    reference: "anthropic/claude".into(),
                    api: WireApi::BedrockConverseStream,
                },
            ),
            ("far/m", CatalogError::MissingKey { provider: "far".into() }),
            ("openai/gpt-5-mini", CatalogError::MissingKey { provider: "openai".into() }),
            ("odd/m", CatalogError::BadEndpoint { provider: "odd".into(), why: EndpointError::NotHttp }),
        ];
        for (reference, expected) in rows {
            assert_eq!(catalog.resolve(reference).err(), Some(expected), "{reference}");
        }
        let unknown = catalog.resolve("nobody/m").err().unwrap();
        assert_eq!(
            unknown.plain_words(),
            "The model provider \"nobody\" is not configured (there are: mock, anthropic, far, odd, openai, offline). Add models.providers.nobody with a baseUrl, or choose another model."
        );
    }

    #[test]
    fn the_environment_key_goes_only_where_it_belongs() {
        let key = [("OPENAI_API_KEY", "sk")];
        let official = ProviderEntry::new("openai", "https://api.openai.com/v1/");
        assert!(Catalog::new(providers(vec![official]), environment(&key)).resolve("openai/m").is_ok());
        let elsewhere = ProviderEntry::new("openai", "https://proxy.example/v1");
        assert_eq!(
            Catalog::new(providers(vec![elsewhere]), environment(&key)).resolve("openai/m").err(),
            Some(CatalogError::MissingKey { provider: "openai".into() })
        );
    }

    #[test]
    fn the_list_has_every_described_model() {
        let catalog = Catalog::new(providers(vec![mock()]), environment(&[("OPENAI_API_KEY", "sk")]));
        let rows: Vec<String> =
            catalog.list().iter().map(|row| format!("{}/{}", row.provider, row.id)).collect();
        assert_eq!(rows, ["offline/recall", "mock/mock-1", "openai/gpt-5-mini"]);
        let row = serde_json::to_value(&catalog.list()[1]).unwrap();
        assert_eq!(
            row,
            serde_json::json!({"id":"mock-1","name":"mock-1","provider":"mock","contextWindow":128_000,
                "reasoning":false,"input":["text"]})
        );
    }

    #[test]
    fn the_host_fills_what_is_left_open() {
        let compat = |url: &str, configured| by_host(&Url::parse(url).unwrap(), configured);
        let local = compat("http://127.0.0.1:1/v1", Compat::default());
        assert_eq!((local.supports_store, local.supports_developer_role), (Some(true), Some(false)));
        let openai = compat("https://api.openai.com/v1", Compat::default());
        assert_eq!(openai.supports_developer_role, Some(true));
        let mistral = compat("https://api.mistral.ai/v1", Compat::default());
        assert_eq!(
            (mistral.supports_store, mistral.max_tokens_field),
            (Some(false), Some(MaxTokensField::MaxTokens))
        );
        assert_eq!(compat("https://notmistral.ai/v1", Compat::default()).supports_store, Some(true));
        let told =
            compat("https://api.mistral.ai/v1", Compat { supports_store: Some(true), ..Compat::default() });
        assert_eq!(told.supports_store, Some(true));
    }
}
