//! The built-in providers.

use crate::{Compat, MaxTokensField, WireApi};

/// A provider that needs no configuration but a key, or not even that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltinProvider {
    /// Its id: the part before `/` in `provider/model`.
    pub id: &'static str,
    /// The name for people.
    pub name: &'static str,
    /// Other spellings of the id.
    pub aliases: &'static [&'static str],
    /// Where it is. What is appended is the wire API's business: `anthropic-messages` brings its `/v1` along.
    pub base_url: &'static str,
    /// How its models are spoken to, unless the model table says otherwise.
    pub api: WireApi,
    /// The environment variables that hold a key for it; the first that is set counts.
    pub env_keys: &'static [&'static str],
    /// The model of an installation where a key for it is all there is.
    pub default_model: Option<&'static str>,
    /// Whether it runs on this machine.
    pub origin: Origin,
    /// What it takes of chat completions.
    pub dialect: Compat,
}

/// What any server takes: a field that it does not know makes some refuse a request.
pub(crate) const COMMON: Compat = Compat {
    supports_store: Some(false),
    supports_developer_role: Some(false),
    max_tokens_field: Some(MaxTokensField::MaxCompletionTokens),
    supports_usage_in_streaming: Some(true),
    // Decided by the model: many serve those of Mistral.
    requires_mistral_tool_ids: None,
    supports_reasoning_effort: None,
    reasoning_form: None,
};

/// Documents `max_tokens` and not its successor (Z.AI, "Chat Completion"; LM Studio, "OpenAI compatibility").
const OLD_LIMIT: Compat = Compat { max_tokens_field: Some(MaxTokensField::MaxTokens), ..COMMON };

/// Where a provider runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Somewhere else; it wants a key.
    Remote,
    /// An Ollama on this machine, which can be asked what its models can do.
    Ollama,
    /// An LM Studio on this machine, which can be asked as well.
    LmStudio,
}

const REMOTE: BuiltinProvider = BuiltinProvider {
    id: "",
    name: "",
    aliases: &[],
    base_url: "",
    api: WireApi::OpenAiCompletions,
    env_keys: &[],
    default_model: None,
    origin: Origin::Remote,
    dialect: COMMON,
};

/// The table. Of several with a key in the environment, the first is the default.
pub const BUILTIN_PROVIDERS: &[BuiltinProvider] = &[
    BuiltinProvider {
        id: "openai",
        name: "OpenAI",
        base_url: "https://api.openai.com/v1",
        api: WireApi::OpenAiResponses,
        env_keys: &["OPENAI_API_KEY"],
        default_model: Some("gpt-5-mini"),
        dialect: Compat { supports_store: Some(true), supports_developer_role: Some(true), ..COMMON },
        ..REMOTE
    },
    BuiltinProvider {
        id: "anthropic",
        name: "Anthropic",
        base_url: "https://api.anthropic.com",
        api: WireApi::AnthropicMessages,
        env_keys: &["ANTHROPIC_OAUTH_TOKEN", "ANTHROPIC_API_KEY"],
        default_model: Some("claude-opus-4-6"),
        ..REMOTE
    },
    BuiltinProvider {
        id: "google",
        name: "Google Gemini",
        aliases: &["gemini"],
        base_url: "https://generativelanguage.googleapis.com/v1beta",
        api: WireApi::GoogleGenerativeAi,
        env_keys: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        default_model: Some("gemini-3-flash-preview"),
        ..REMOTE
    },
    BuiltinProvider {
        id: "openrouter",
        name: "OpenRouter",
        base_url: "https://openrouter.ai/api/v1",
        env_keys: &["OPENROUTER_API_KEY"],
        default_model: Some("openrouter/auto"),
        ..REMOTE
    },
    BuiltinProvider {
        id: "zai",
        name: "Z.AI",
        aliases: &["z.ai", "z-ai"],
        // The endpoint of its coding plan; the general one is https://api.z.ai/api/paas/v4.
        base_url: "https://api.z.ai/api/coding/paas/v4",
        env_keys: &["ZAI_API_KEY", "Z_AI_API_KEY"],
        default_model: Some("glm-4.7"),
        dialect: OLD_LIMIT,
        ..REMOTE
    },
    BuiltinProvider {
        id: "moonshot",
        name: "Moonshot AI",
        base_url: "https://api.moonshot.ai/v1",
        env_keys: &["MOONSHOT_API_KEY"],
        default_model: Some("kimi-k2.5"),
        ..REMOTE
    },
    BuiltinProvider {
        id: "kimi-coding",
        name: "Kimi Coding",
        aliases: &["kimi-code"],
        base_url: "https://api.kimi.com/coding",
        api: WireApi::AnthropicMessages,
        env_keys: &["KIMI_API_KEY", "KIMICODE_API_KEY"],
        default_model: Some("k2p5"),
        ..REMOTE
    },
    BuiltinProvider {
        id: "synthetic",
        name: "Synthetic",
        base_url: "https://api.synthetic.new/anthropic",
        api: WireApi::AnthropicMessages,
        env_keys: &["SYNTHETIC_API_KEY"],
        default_model: Some("hf:MiniMaxAI/MiniMax-M2.1"),
        ..REMOTE
    },
    BuiltinProvider {
        id: "minimax",
        name: "MiniMax",
        base_url: "https://api.minimax.io/anthropic",
        api: WireApi::AnthropicMessages,
        env_keys: &["MINIMAX_API_KEY"],
        default_model: Some("MiniMax-M2.1"),
        ..REMOTE
    },
    BuiltinProvider {
        id: "cerebras",
        name: "Cerebras",
        base_url: "https://api.cerebras.ai/v1",
        env_keys: &["CEREBRAS_API_KEY"],
        default_model: Some("zai-glm-4.7"),
        ..REMOTE
    },
    BuiltinProvider {
        id: "opencode",
        name: "OpenCode Zen",
        aliases: &["opencode-zen"],
        base_url: "https://opencode.ai/zen/v1",
        env_keys: &["OPENCODE_API_KEY", "OPENCODE_ZEN_API_KEY"],
        default_model: Some("claude-opus-4-6"),
        ..REMOTE
    },
    BuiltinProvider {
        id: "groq",
        name: "Groq",
        base_url: "https://api.groq.com/openai/v1",
        env_keys: &["GROQ_API_KEY"],
        default_model: Some("openai/gpt-oss-120b"),
        ..REMOTE
    },
    BuiltinProvider {
        id: "xai",
        name: "xAI",
        aliases: &["x-ai"],
        base_url: "https://api.x.ai/v1",
        env_keys: &["XAI_API_KEY"],
        default_model: Some("grok-4"),
        ..REMOTE
    },
    BuiltinProvider {
        id: "mistral",
        name: "Mistral",
        base_url: "https://api.mistral.ai/v1",
        env_keys: &["MISTRAL_API_KEY"],
        default_model: Some("mistral-large-latest"),
        // 422 "Extra inputs are not permitted" for `store`, `max_completion_tokens` and `stream_options.include_usage`
        // (partITech/php-mistral issue 76, editor-code-assistant/eca issue 231, yetone/avante.nvim issue 2347).
        dialect: Compat {
            supports_usage_in_streaming: Some(false),
            requires_mistral_tool_ids: Some(true),
            ..OLD_LIMIT
        },
        ..REMOTE
    },
    BuiltinProvider {
        id: "ollama",
        name: "Ollama",
        base_url: "http://127.0.0.1:11434/v1",
        api: WireApi::OllamaChat,
        env_keys: &["OLLAMA_API_KEY"],
        origin: Origin::Ollama,
        ..REMOTE
    },
    BuiltinProvider {
        id: "lmstudio",
        name: "LM Studio",
        aliases: &["lm-studio", "lm_studio"],
        base_url: "http://127.0.0.1:1234/v1",
        env_keys: &["LMSTUDIO_API_KEY", "LM_API_TOKEN"],
        origin: Origin::LmStudio,
        dialect: OLD_LIMIT,
        ..REMOTE
    },
];

/// The built-in provider of an id or one of its other spellings.
#[must_use]
pub fn builtin_provider(id: &str) -> Option<&'static BuiltinProvider> {
    let is_meant = |name: &&str| name.eq_ignore_ascii_case(id.trim());
    BUILTIN_PROVIDERS.iter().find(|provider| is_meant(&provider.id) || provider.aliases.iter().any(&is_meant))
}

#[cfg(test)]
mod tests {
    use super::{BUILTIN_PROVIDERS, Origin, builtin_provider};
    use crate::catalog::table::builtin_models;
    use openclaw_http::{is_loopback, parse_address};
    use std::collections::BTreeSet;

    #[test]
    fn every_spelling_means_one_provider() {
        let spellings: Vec<&str> = BUILTIN_PROVIDERS
            .iter()
            .flat_map(|provider| [provider.id].into_iter().chain(provider.aliases.iter().copied()))
            .collect();
        let distinct: BTreeSet<&str> = spellings.iter().copied().collect();
        assert_eq!(distinct.len(), spellings.len(), "{spellings:?}");
        for (text, id) in
            [("z.ai", "zai"), ("Z-AI", "zai"), ("kimi-code", "kimi-coding"), (" openai ", "openai")]
        {
            assert_eq!(builtin_provider(text).map(|provider| provider.id), Some(id), "{text}");
        }
        assert_eq!(builtin_provider("nobody"), None);
    }

    #[test]
    fn addresses_are_sound_and_keys_travel_encrypted() {
        for provider in BUILTIN_PROVIDERS {
            let url = parse_address(provider.base_url).unwrap();
            assert_eq!(is_loopback(&url), provider.origin != Origin::Remote, "{}", provider.id);
            assert!(provider.origin != Origin::Remote || url.scheme() == "https", "{}", provider.id);
            assert!(!provider.env_keys.is_empty(), "{}", provider.id);
        }
    }

    #[test]
    fn every_default_model_is_in_the_table() {
        for provider in BUILTIN_PROVIDERS {
            let Some(model) = provider.default_model else {
                assert_ne!(provider.origin, Origin::Remote, "{}", provider.id);
                continue;
            };
            assert!(builtin_models(provider.id).any(|row| row.id == model), "{}/{model}", provider.id);
        }
    }
}
