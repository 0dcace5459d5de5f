//! What configuration says about providers, as plain values.

use std::path::PathBuf;

use openclaw_guard::Secret;
use serde_json::{Map, Value};

use super::key::{AddressFrom, KeyFrom, same_origin};
use super::reference::Reference;
use super::table::{BuiltinModel, BuiltinProvider, builtin_models, builtin_provider};
use crate::cli::CliBackend;
use crate::local::OLLAMA_WINDOW;
use crate::thinking::reasons_by_name;
use crate::{Compat, InputKind, ModelInfo, Prices, WireApi};

/// `models.providers`, and what the agents say of models.
#[derive(Clone, Default)]
pub struct Providers {
    /// The model reference to use when a session names none, and those to use when it fails.
    pub model: Choice,
    /// The same for messages with images that the first model cannot look at.
    pub image_model: Choice,
    /// The models that may be chosen; all when empty.
    pub allowed: Vec<AllowedModel>,
    /// The configured providers, and those of `models.json`.
    pub entries: Vec<ProviderEntry>,
    /// The command-line programs that answer as models.
    pub cli_backends: Vec<CliBackend>,
    /// Where agents write, all of them: no program is taken from there.
    pub workspaces: Vec<PathBuf>,
    /// Whether the built-in ones are there too.
    pub mode: Mode,
}

impl Providers {
    /// Every key and every header of the providers, whoever gave them.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        let of =
            |headers: &[(String, Secret)]| headers.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>();
        let secrets = self.entries.iter().flat_map(|entry| {
            let of_models = entry.models.iter().flat_map(move |model| of(&model.headers));
            entry.api_key.iter().cloned().chain(of(&entry.headers)).chain(of_models)
        });
        secrets.collect()
    }
}

/// A model and those that stand in for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// The first.
    pub primary: Option<String>,
    /// The others, in the order in which they are tried.
    pub fallbacks: Vec<String>,
}

impl Choice {
    /// One model and nothing behind it.
    #[must_use]
    pub fn only(primary: &str) -> Self {
        Self { primary: Some(primary.to_owned()), fallbacks: Vec::new() }
    }
}

/// `models.mode`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// What is configured is laid over what is built in and what `models.json` says.
    #[default]
    Merge,
    /// Only what is configured.
    Replace,
}

/// `agents.defaults.models.<reference>`.
#[derive(Debug, Clone, PartialEq)]
pub struct AllowedModel {
    /// As it is written.
    pub reference: String,
    /// A short name for it.
    pub alias: Option<String>,
    /// Parameters of its requests.
    pub params: Map<String, Value>,
}

/// Whether the key goes into the `Authorization` header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyHeader {
    /// As the wire API has it.
    #[default]
    OfTheApi,
    /// As a bearer token in `Authorization`, whatever the API has.
    Authorization,
    /// In no header of ours: the provider's own headers carry it.
    None,
}

/// `models.providers.<id>`.
#[derive(Clone)]
pub struct ProviderEntry {
    /// The provider's id.
    pub id: String,
    /// Address up to and including the version; blank for that of the built-in provider of this id.
    pub base_url: String,
    /// Who says so.
    pub address_from: AddressFrom,
    /// The key, if the provider needs one.
    pub api_key: Option<Secret>,
    /// Who gave it.
    pub key_from: KeyFrom,
    /// Where the key goes.
    pub key_header: KeyHeader,
    /// How its models are spoken to, unless a model says otherwise.
    pub api: Option<WireApi>,
    /// Extra headers; their values may be credentials.
    pub headers: Vec<(String, Secret)>,
    /// The models that are listed. Others can be used by their id.
    pub models: Vec<ModelEntry>,
    /// What is built in under this id.
    pub builtin: Option<&'static BuiltinProvider>,
}

impl ProviderEntry {
    /// A configured provider without key, headers or listed models.
    #[must_use]
    pub fn new(id: &str, base_url: &str) -> Self {
        Self {
            id: id.to_owned(),
            base_url: base_url.to_owned(),
            address_from: AddressFrom::Config,
            api_key: None,
            key_from: KeyFrom::default(),
            key_header: KeyHeader::default(),
            api: None,
            headers: Vec::new(),
            models: Vec::new(),
            builtin: builtin_provider(id),
        }
        .with_address()
    }

    /// A built-in provider as it is.
    #[must_use]
    pub fn of_table(builtin: &'static BuiltinProvider) -> Self {
        Self::new(builtin.id, "")
    }

    /// Fills a blank address from the table.
    fn with_address(mut self) -> Self {
        if self.base_url.trim().is_empty()
            && let Some(builtin) = self.builtin
        {
            builtin.base_url.clone_into(&mut self.base_url);
            self.address_from = AddressFrom::Table;
        }
        self
    }

    /// The same with what an earlier source says where this one says nothing. What the owner keeps secret is no part of
    /// it when only a `models.json` names the server (S-096).
    #[must_use]
    pub(super) fn over(mut self, below: Self) -> Self {
        if self.takes_address_of(&below) {
            self.base_url = below.base_url;
            self.address_from = below.address_from;
            if self.is_elsewhere() {
                self.forget_secrets();
            }
        }
        self.api_key = self.api_key.filter(|key| !key.is_blank());
        if self.api_key.is_none() {
            (self.api_key, self.key_from) = (below.api_key, below.key_from);
        }
        if self.key_header == KeyHeader::OfTheApi {
            self.key_header = below.key_header;
        }
        self.api = self.api.or(below.api);
        let own = |name: &String| self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        let inherited: Vec<_> = below.headers.into_iter().filter(|(name, _)| !own(name)).collect();
        self.headers.extend(inherited);
        let is_new = |model: &ModelEntry| self.models.iter().all(|known| known.id != model.id);
        let inherited: Vec<_> = below.models.into_iter().filter(is_new).collect();
        self.models.extend(inherited);
        self
    }

    /// Whether the address of `below` counts.
    fn takes_address_of(&self, below: &Self) -> bool {
        let says_nothing = self.address_from == AddressFrom::Table || self.base_url.trim().is_empty();
        says_nothing && !below.base_url.trim().is_empty()
    }

    /// Whether this entry has a secret that laying it over `below` takes away.
    #[must_use]
    pub(super) fn loses_secrets_over(&self, below: &Self) -> bool {
        let has_some = self.api_key.as_ref().is_some_and(|key| !key.is_blank())
            || !self.headers.is_empty()
            || self.models.iter().any(|model| !model.headers.is_empty());
        has_some && self.takes_address_of(below) && below.is_elsewhere()
    }

    /// Whether it is at an address that only a `models.json` names.
    fn is_elsewhere(&self) -> bool {
        self.address_from == AddressFrom::ModelsFile && !self.is_at_home()
    }

    fn forget_secrets(&mut self) {
        self.api_key = None;
        self.headers.clear();
        for model in &mut self.models {
            model.headers.clear();
        }
    }

    /// The provider's own address, where the table has one.
    #[must_use]
    pub fn home(&self) -> Option<&'static str> {
        self.builtin.map(|builtin| builtin.base_url)
    }

    fn is_at_home(&self) -> bool {
        self.home().is_some_and(|home| same_origin(home, &self.base_url))
    }

    /// What the table has of its models.
    pub(super) fn rows(&self) -> impl Iterator<Item = &'static BuiltinModel> + use<'_> {
        builtin_models(self.builtin.map_or("", |builtin| builtin.id))
    }

    /// The description of one of its models, listed or not.
    #[must_use]
    pub fn describe(&self, model: &str) -> ModelInfo {
        let listed = self.models.iter().find(|entry| entry.id == model);
        let row = self.rows().find(|row| row.id == model);
        let of_table = row.and_then(|row| row.api).or_else(|| Some(self.builtin?.api));
        // Another server in OpenAI's place speaks what most servers speak.
        let is_openai = self.builtin.is_some_and(|builtin| builtin.id == "openai");
        let is_imitation = is_openai && self.address_from != AddressFrom::Table && !self.is_at_home();
        let of_table = if is_imitation { Some(WireApi::OpenAiCompletions) } else { of_table };
        let api = listed.and_then(|entry| entry.api).or(self.api).or(of_table);
        let api = api.unwrap_or(WireApi::OpenAiCompletions);
        let mut info = ModelInfo::new(&self.id, model, api);
        if api == WireApi::OllamaChat {
            // It is asked for, and takes memory.
            info.context_window = OLLAMA_WINDOW;
        }
        if let Some(row) = row {
            row.name.clone_into(&mut info.name);
            info.context_window = row.context_window;
            info.max_tokens = Some(row.max_tokens);
            info.reasoning = row.reasoning;
            info.input.clone_from(&row.input);
            info.prices = row.prices;
        }
        // Newer than the table.
        info.reasoning |=
            row.is_none() && listed.is_none() && self.builtin.is_some() && reasons_by_name(model);
        if let Some(entry) = listed {
            entry.lay_over(&mut info);
        }
        info
    }

    /// The provider's headers, and then the model's, which win.
    pub(super) fn headers_for(&self, model: &str) -> Vec<(String, Secret)> {
        let own = self.models.iter().find(|entry| entry.id == model).map_or(&[][..], |entry| &entry.headers);
        self.headers.iter().chain(own).cloned().collect()
    }

    /// The first model that is listed.
    pub(super) fn first_listed(&self) -> Option<Reference> {
        Some(Reference { provider: self.id.clone(), model: self.models.first()?.id.clone() })
    }
}

/// `models.providers.<id>.models[]`.
#[derive(Clone)]
pub struct ModelEntry {
    /// The model's id.
    pub id: String,
    /// The name for people.
    pub name: Option<String>,
    /// How it is spoken to, if not as the provider's others.
    pub api: Option<WireApi>,
    /// Whether it thinks before it answers.
    pub reasoning: bool,
    /// What a user message may contain; empty means text.
    pub input: Vec<InputKind>,
    /// US dollars per million tokens.
    pub prices: Prices,
    /// Tokens of prompt and answer together.
    pub context_window: Option<u32>,
    /// Most tokens of one answer.
    pub max_tokens: Option<u32>,
    /// Extra headers.
    pub headers: Vec<(String, Secret)>,
    /// What the server does differently.
    pub compat: Compat,
}

impl ModelEntry {
    /// A text model of which only the id is known.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: None,
            api: None,
            reasoning: false,
            input: Vec::new(),
            prices: Prices::default(),
            context_window: None,
            max_tokens: None,
            headers: Vec::new(),
            compat: Compat::default(),
        }
    }

    /// Says what it says; the rest stays as it is known.
    fn lay_over(&self, info: &mut ModelInfo) {
        if let Some(name) = &self.name {
            info.name.clone_from(name);
        }
        info.context_window = self.context_window.unwrap_or(info.context_window);
        info.max_tokens = self.max_tokens.or(info.max_tokens);
        info.reasoning |= self.reasoning;
        if !self.input.is_empty() {
            info.input.clone_from(&self.input);
        }
        if self.prices != Prices::default() {
            info.prices = self.prices;
        }
        info.compat = self.compat;
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyHeader, ModelEntry, ProviderEntry};
    use crate::catalog::{AddressFrom, KeyFrom};
    use crate::{InputKind, WireApi};
    use openclaw_guard::Secret;

    fn keyed(id: &str, base_url: &str, key: &str) -> ProviderEntry {
        ProviderEntry { api_key: Some(Secret::new(key.into())), ..ProviderEntry::new(id, base_url) }
    }

    #[test]
    fn a_blank_address_is_that_of_the_table() {
        let zai = ProviderEntry::new("zai", " ");
        assert_eq!(zai.base_url, "https://api.z.ai/api/coding/paas/v4");
        assert_eq!(zai.address_from, AddressFrom::Table);
        assert_eq!(ProviderEntry::new("mine", "").base_url, "");
        assert_eq!(ProviderEntry::new("zai", "https://x.example").address_from, AddressFrom::Config);
    }

    #[test]
    fn the_upper_source_wins_field_by_field() {
        let mut file = keyed("zai", "https://file.example/v1", "file");
        file.address_from = AddressFrom::ModelsFile;
        file.models = vec![ModelEntry { max_tokens: Some(1), ..ModelEntry::new("a") }, ModelEntry::new("b")];
        file.headers = vec![("X-One".into(), Secret::new("file".into()))];
        let mut config = keyed("zai", "", "config");
        config.models = vec![ModelEntry { max_tokens: Some(2), ..ModelEntry::new("a") }];
        config.headers = vec![("x-one".into(), Secret::new("config".into()))];
        let joined = config.over(file);
        assert_eq!(
            (joined.base_url.as_str(), joined.address_from),
            ("https://file.example/v1", AddressFrom::ModelsFile)
        );
        let limits: Vec<_> =
            joined.models.iter().map(|model| (model.id.as_str(), model.max_tokens)).collect();
        assert_eq!(limits, [("a", Some(2)), ("b", None)]);
        assert_eq!(joined.headers.len(), 1);
        assert_eq!(joined.key_header, KeyHeader::OfTheApi);
    }

    /// A row: who names the address, the address below, and whose key and header are left.
    #[test]
    fn a_secret_of_the_owner_stays_away_from_an_address_of_models_json() {
        let elsewhere = "https://evil.example/v1";
        let rows = [
            ("zai", "", elsewhere, "file"),
            ("mine", "", elsewhere, "file"),
            ("zai", "https://own.example/v1", elsewhere, "config"),
            ("zai", "", "https://api.z.ai/other", "config"),
            ("zai", "", "", "config"),
        ];
        for (id, upper, below, left) in rows {
            let header = |name: &str, value: &str| vec![(name.to_owned(), Secret::new(value.into()))];
            let mut file = keyed(id, below, "file");
            file.key_from = KeyFrom::ModelsFile;
            if file.address_from == AddressFrom::Config {
                file.address_from = AddressFrom::ModelsFile;
            }
            file.headers = header("X-One", "file");
            let mut config = keyed(id, upper, "config");
            config.headers = header("x-one", "config");
            config.models = vec![ModelEntry { headers: header("x-two", "config"), ..ModelEntry::new("a") }];
            assert_eq!(config.loses_secrets_over(&file), left == "file", "{id} {upper} {below}");
            let joined = config.over(file);
            assert!(joined.api_key.as_ref().is_some_and(|key| key.matches(left)), "{id} {upper} {below}");
            assert_eq!(joined.key_from == KeyFrom::ModelsFile, left == "file");
            let headers = joined.headers_for("a");
            assert!(headers.iter().all(|(_, value)| value.matches(left)), "{id} {upper} {below}");
        }
    }

    #[test]
    fn the_table_describes_what_the_configuration_does_not() {
        let mut anthropic = ProviderEntry::new("anthropic", "");
        anthropic.models =
            vec![ModelEntry { context_window: Some(1_000_000), ..ModelEntry::new("claude-opus-4-6") }];
        let info = anthropic.describe("claude-opus-4-6");
        assert_eq!((info.context_window, info.max_tokens), (1_000_000, Some(128_000)));
        assert_eq!((info.api, info.name.as_str()), (WireApi::AnthropicMessages, "Claude Opus 4.6"));
        assert!(info.reasoning && info.input.contains(&InputKind::Image) && info.prices.output > 0.0);

        let newer = |provider: &str, id: &str| ProviderEntry::new(provider, "").describe(id).reasoning;
        assert!(newer("anthropic", "claude-opus-4-7") && newer("zai", "glm-5"));
        assert!(!newer("anthropic", "claude-3-5-sonnet-latest") && !newer("mine", "claude-opus-4-7"));

        let zen = ProviderEntry::new("opencode", "");
        assert_eq!(zen.describe("claude-opus-4-6").api, WireApi::AnthropicMessages);
        assert_eq!(zen.describe("glm-4.7").api, WireApi::OpenAiCompletions);
        let openai = |url: &str| ProviderEntry::new("openai", url).describe("gpt-5-mini").api;
        assert_eq!(openai(""), WireApi::OpenAiResponses);
        assert_eq!(openai("https://api.openai.com/v1/"), WireApi::OpenAiResponses);
        assert_eq!(openai("http://127.0.0.1:1/v1"), WireApi::OpenAiCompletions);

        let told = ProviderEntry { api: Some(WireApi::OpenAiCompletions), ..zen };
        assert_eq!(told.describe("claude-opus-4-6").api, WireApi::OpenAiCompletions);
        assert_eq!(told.describe("unheard-of").context_window, 128_000);
    }
}
