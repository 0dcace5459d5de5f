//! From `openclaw.json` and the environment to this room's plain values.

use openclaw_config::{Config, Env, MaxTokensField as ConfigField, Model, ModelApi, ModelInput, Provider};

use super::environment::Environment;
use super::providers::{ModelEntry, ProviderEntry, Providers};
use crate::{Compat, InputKind, MaxTokensField, Prices, WireApi};

impl Providers {
    /// Providers, primary model of the agents' defaults, and aliases. An agent's own model is a reference to give to
    /// [`super::Catalog::resolve`].
    #[must_use]
    pub fn from_config(config: &Config) -> Self {
        let defaults = &config.agents.defaults;
        let aliases = defaults.models.iter().filter_map(|(reference, entry)| {
            let alias = entry.alias.as_deref()?.trim();
            (!alias.is_empty()).then(|| (alias.to_owned(), reference.clone()))
        });
        Self {
            primary: defaults.model.as_ref().and_then(|model| model.primary.clone()),
            entries: config.models.providers.iter().map(|(id, entry)| provider(id, entry)).collect(),
            aliases: aliases.collect(),
        }
    }
}

impl Environment {
    /// The variables this room reads.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        Self::read(|name| env.get(name).map(ToOwned::to_owned))
    }
}

fn provider(id: &str, entry: &Provider) -> ProviderEntry {
    ProviderEntry {
        id: id.to_owned(),
        base_url: entry.base_url.clone(),
        api_key: entry.api_key.clone(),
        api: entry.api.map(wire_api),
        headers: entry.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        models: entry.models.iter().map(model).collect(),
    }
}

fn model(entry: &Model) -> ModelEntry {
    ModelEntry {
        id: entry.id.clone(),
        name: Some(entry.name.clone()),
        api: entry.api.map(wire_api),
        reasoning: entry.reasoning,
        input: entry.input.iter().map(|kind| input(*kind)).collect(),
        prices: Prices {
            input: entry.cost.input,
            output: entry.cost.output,
            cache_read: entry.cost.cache_read,
            cache_write: entry.cost.cache_write,
        },
        context_window: entry.context_window.map(tokens),
        max_tokens: entry.max_tokens.map(tokens),
        headers: entry.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        compat: Compat {
            supports_store: entry.compat.supports_store,
            supports_developer_role: entry.compat.supports_developer_role,
            max_tokens_field: entry.compat.max_tokens_field.map(field),
        },
    }
}

/// No model takes four thousand million tokens; a larger number means "as many as there are".
fn tokens(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn wire_api(api: ModelApi) -> WireApi {
    match api {
        ModelApi::OpenaiCompletions => WireApi::OpenAiCompletions,
        ModelApi::OpenaiResponses => WireApi::OpenAiResponses,
        ModelApi::AnthropicMessages => WireApi::AnthropicMessages,
        ModelApi::GoogleGenerativeAi => WireApi::GoogleGenerativeAi,
        ModelApi::GithubCopilot => WireApi::GithubCopilot,
        ModelApi::BedrockConverseStream => WireApi::BedrockConverseStream,
    }
}

fn input(kind: ModelInput) -> InputKind {
    match kind {
        ModelInput::Text => InputKind::Text,
        ModelInput::Image => InputKind::Image,
    }
}

fn field(field: ConfigField) -> MaxTokensField {
    match field {
        ConfigField::MaxCompletionTokens => MaxTokensField::MaxCompletionTokens,
        ConfigField::MaxTokens => MaxTokensField::MaxTokens,
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::{Catalog, CatalogError, Environment, Providers};
    use crate::{InputKind, WireApi};
    use openclaw_config::Env;

    const FILE: &str = r#"{
        models: { providers: {
            mock: { baseUrl: "http://127.0.0.1:9/v1", apiKey: "${MOCK_KEY}", models: [
                { id: "mock-1", name: "Mock One", input: ["text", "image"], contextWindow: 64000, maxTokens: 4096,
                  cost: { input: 1, output: 2 } } ] },
            claude: { baseUrl: "https://claude.example/v1", apiKey: "k", api: "bedrock-converse-stream",
                models: [ { id: "c", name: "C" } ] },
        } },
        agents: { defaults: { model: { primary: "mock/mock-1" }, models: { "mock/mock-1": { alias: "m" } } } },
    }"#;

    #[test]
    fn a_configuration_becomes_models() {
        let env = Env::from([("MOCK_KEY", "secret"), ("OPENAI_API_KEY", "sk")]);
        let parsed = openclaw_config::parse(FILE, "openclaw.json", &env)
            .unwrap_or_else(|problems| panic!("{problems:?}"));
        let catalog = Catalog::new(Providers::from_config(&parsed.config), Environment::from_env(&env));
        let model = catalog.resolve("m").unwrap();
        let info = model.describe();
        assert_eq!((info.reference().as_str(), info.name.as_str()), ("mock/mock-1", "Mock One"));
        assert_eq!((info.context_window, info.max_tokens), (64_000, Some(4_096)));
        assert_eq!(
            (info.input.as_slice(), info.prices.output),
            ([InputKind::Text, InputKind::Image].as_slice(), 2.0)
        );
        assert_eq!(catalog.default_reference(), "mock/mock-1");
        assert_eq!(
            catalog.resolve("claude/c").err(),
            Some(CatalogError::UnsupportedApi {
                reference: "claude/c".into(),
                api: WireApi::BedrockConverseStream
            })
        );
        assert!(catalog.resolve("openai/gpt-5-mini").is_ok(), "the environment's key");
    }
}
