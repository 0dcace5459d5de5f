//! What configuration says about providers, as plain values.

use openclaw_guard::Secret;

use crate::{Compat, InputKind, ModelInfo, Prices, WireApi};

/// `models.providers`, `agents.defaults.model.primary` and the aliases of `agents.defaults.models`.
#[derive(Clone, Default)]
pub struct Providers {
    /// The model reference to use when a session names none.
    pub primary: Option<String>,
    /// The providers; the first listed model of the first one is the default when there is no primary model.
    pub entries: Vec<ProviderEntry>,
    /// Alias and the reference it stands for.
    pub aliases: Vec<(String, String)>,
}

/// `models.providers.<id>`.
#[derive(Clone)]
pub struct ProviderEntry {
    /// The provider's id.
    pub id: String,
    /// Address up to and including the version.
    pub base_url: String,
    /// The key, if the provider needs one.
    pub api_key: Option<Secret>,
    /// How its models are spoken to, unless a model says otherwise.
    pub api: Option<WireApi>,
    /// Extra headers; their values may be credentials.
    pub headers: Vec<(String, Secret)>,
    /// The models that are listed. Others can be used by their id.
    pub models: Vec<ModelEntry>,
}

impl ProviderEntry {
    /// A provider without key, headers or listed models.
    #[must_use]
    pub fn new(id: &str, base_url: &str) -> Self {
        Self {
            id: id.to_owned(),
            base_url: base_url.to_owned(),
            api_key: None,
            api: None,
            headers: Vec::new(),
            models: Vec::new(),
        }
    }

    /// The description of one of its models, listed or not.
    pub(super) fn describe(&self, model: &str) -> ModelInfo {
        let api = self.api.unwrap_or(WireApi::OpenAiCompletions);
        match self.models.iter().find(|entry| entry.id == model) {
            Some(entry) => entry.describe(&self.id, api),
            None => ModelInfo::new(&self.id, model, api),
        }
    }

    /// The provider's headers, and then the model's, which win.
    pub(super) fn headers_for(&self, model: &str) -> Vec<(String, Secret)> {
        let own = self.models.iter().find(|entry| entry.id == model).map_or(&[][..], |entry| &entry.headers);
        self.headers.iter().chain(own).cloned().collect()
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

    fn describe(&self, provider: &str, api: WireApi) -> ModelInfo {
        let base = ModelInfo::new(provider, &self.id, self.api.unwrap_or(api));
        ModelInfo {
            name: self.name.clone().unwrap_or(base.name),
            context_window: self.context_window.unwrap_or(base.context_window),
            max_tokens: self.max_tokens,
            reasoning: self.reasoning,
            input: if self.input.is_empty() { base.input } else { self.input.clone() },
            prices: self.prices,
            compat: self.compat,
            ..base
        }
    }
}
