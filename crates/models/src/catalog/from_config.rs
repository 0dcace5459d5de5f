//! From `openclaw.json` and the environment to this room's plain values.

use openclaw_config::{
    Config, Env, MaxTokensField as ConfigField, Model, ModelApi, ModelChoice, ModelInput, ModelsMode,
    Provider,
};

use super::environment::Environment;
use super::providers::{AllowedModel, Choice, KeyHeader, Mode, ModelEntry, ProviderEntry, Providers};
use crate::cli::CliBackend;
use crate::{Compat, InputKind, MaxTokensField, Prices, WireApi};

impl Providers {
    /// What holds for agents that say nothing themselves.
    #[must_use]
    pub fn from_config(config: &Config) -> Self {
        let defaults = &config.agents.defaults;
        let allowed = defaults.models.iter().map(|(reference, entry)| AllowedModel {
            reference: reference.clone(),
            alias: entry.alias.as_deref().map(str::trim).filter(|alias| !alias.is_empty()).map(str::to_owned),
            params: entry.params.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        });
        Self {
            model: defaults.model.as_ref().map(choice).unwrap_or_default(),
            image_model: defaults.image_model.as_ref().map(choice).unwrap_or_default(),
            allowed: allowed.collect(),
            cli_backends: CliBackend::all(
                defaults.cli_backends.iter().map(|(id, entry)| (id.as_str(), entry)),
            ),
            workspaces: Vec::new(),
            entries: config.models.providers.iter().map(|(id, entry)| provider(id, entry)).collect(),
            mode: match config.models.mode {
                ModelsMode::Merge => Mode::Merge,
                ModelsMode::Replace => Mode::Replace,
            },
        }
    }

    /// What holds for one agent: its own model stands before that of the defaults.
    #[must_use]
    pub fn of_agent(config: &Config, agent: &str) -> Self {
        Self { model: choice(&config.agents.model(agent)), ..Self::from_config(config) }
    }
}

impl Environment {
    /// The variables this room reads.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        Self::read(|name| env.get(name).map(ToOwned::to_owned)).with_programs(env.iter())
    }
}

fn choice(choice: &ModelChoice) -> Choice {
    let named = |text: &String| !text.trim().is_empty();
    Choice {
        primary: choice.primary.clone().filter(named),
        fallbacks: choice.fallbacks.iter().flatten().filter(|text| named(text)).cloned().collect(),
    }
}

fn provider(id: &str, entry: &Provider) -> ProviderEntry {
    ProviderEntry {
        api_key: entry.api_key.clone(),
        key_header: match entry.auth_header {
            None => KeyHeader::OfTheApi,
            Some(true) => KeyHeader::Authorization,
            Some(false) => KeyHeader::None,
        },
        api: entry.api.map(wire_api),
        headers: entry.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        models: entry.models.iter().map(model).collect(),
        ..ProviderEntry::new(id, &entry.base_url)
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
            supports_reasoning_effort: entry.compat.supports_reasoning_effort,
            max_tokens_field: entry.compat.max_tokens_field.map(field),
            ..Compat::default()
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
    use crate::catalog::{Catalog, CatalogError, Environment, KeyHeader, Providers};
    use crate::{InputKind, WireApi};
    use openclaw_config::Env;

    const FILE: &str = r#"{
        models: { providers: {
            mock: { baseUrl: "http://127.0.0.1:9/v1", apiKey: "${MOCK_KEY}", models: [
                { id: "mock-1", name: "Mock One", input: ["text", "image"], contextWindow: 64000, maxTokens: 4096,
                  cost: { input: 1, output: 2 } } ] },
            cloud: { baseUrl: "https://cloud.example/v1", apiKey: "k", api: "bedrock-converse-stream",
                authHeader: true, models: [ { id: "c", name: "C" } ] },
        } },
        agents: {
            defaults: { model: { primary: "mock/mock-1", fallbacks: ["zai/glm-4.7"] }, imageModel: "gemini",
                models: { "mock/mock-1": { alias: "m", params: { temperature: 0.5 } } } },
            list: [ { id: "main" }, { id: "other", model: { primary: "mock/other" } } ],
        },
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
            catalog.resolve("cloud/c").err(),
            Some(CatalogError::UnsupportedApi {
                reference: "cloud/c".into(),
                api: WireApi::BedrockConverseStream
            })
        );
        assert!(catalog.resolve("openai/gpt-5-mini").is_ok(), "the environment's key");
        assert_eq!(
            (catalog.fallbacks(), catalog.image_model().primary.as_deref()),
            (&["zai/glm-4.7".to_owned()][..], Some("gemini"))
        );
        assert_eq!(catalog.allowed_models()[0].params["temperature"], 0.5);
        assert_eq!(catalog.entry("cloud").unwrap().key_header, KeyHeader::Authorization);

        let other = Catalog::new(Providers::of_agent(&parsed.config, "other"), Environment::default());
        assert_eq!((other.default_reference().as_str(), other.fallbacks().len()), ("mock/other", 1));
    }
}
