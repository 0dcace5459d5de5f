//! The port: what the agent asks of a model and what it gets back.

use std::sync::Arc;

use futures_util::stream::BoxStream;
use openclaw_protocol::message::{Cost, Message, StopReason, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::cli::CliSession;
use crate::{ModelError, OwnFields};

/// A chat model, near or far.
///
/// A stream gives any number of events and then either [`ModelEvent::Done`] or one error, and ends. Dropping the
/// stream, or cancelling `abort`, closes the connection; after a cancel the next item is [`ModelError::Aborted`].
pub trait ChatModel: Send + Sync {
    /// What the model is and can take.
    fn describe(&self) -> &ModelInfo;
    /// Runs one model call.
    fn stream(
        &self,
        request: ModelRequest,
        abort: CancellationToken,
    ) -> BoxStream<'static, Result<ModelEvent, ModelError>>;
}

/// One model call.
#[derive(Debug, Clone)]
pub struct ModelRequest {
    /// The system prompt, byte-stable within a session. Empty for none.
    pub system: Arc<str>,
    /// The conversation, oldest first.
    pub messages: Vec<Arc<Message>>,
    /// The tools the model may call.
    pub tools: Arc<[ToolDefinition]>,
    /// Most tokens to produce; the model's own limit applies as well.
    pub max_tokens: Option<u32>,
    /// Bytes of an answer after which it is stopped, where a budget must hold whether its model keeps to `max_tokens` or not.
    /// Whoever asks counts what comes; of a program what it prints is counted here, because not all of that is shown.
    pub max_bytes: Option<u64>,
    /// Sampling temperature, left to the provider when absent.
    pub temperature: Option<f64>,
    /// How hard a model that reasons shall think, left to the provider when absent.
    pub thinking: Option<ThinkingLevel>,
    /// The session that asks, for models that keep a conversation of their own.
    pub session: Option<Arc<dyn CliSession>>,
    /// Milliseconds since the epoch; the only clock a model may look at.
    pub now_ms: i64,
}

impl Default for ModelRequest {
    fn default() -> Self {
        Self {
            system: Arc::from(""),
            messages: Vec::new(),
            tools: Arc::from([]),
            max_tokens: None,
            max_bytes: None,
            temperature: None,
            thinking: None,
            session: None,
            now_ms: 0,
        }
    }
}

/// How hard a model shall think.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ThinkingLevel {
    /// Not at all, where the model allows that.
    Off,
    /// As little as it can.
    Minimal,
    /// A little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// As much as it can.
    XHigh,
}

impl ThinkingLevel {
    /// From none to most.
    pub const ALL: [Self; 6] = [Self::Off, Self::Minimal, Self::Low, Self::Medium, Self::High, Self::XHigh];

    /// The name that configuration, sessions and clients use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
        }
    }

    /// The level of a word, in any of the spellings that the release takes.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().replace(['-', '_', ' '], "").as_str() {
            "off" => Self::Off,
            "minimal" | "min" | "think" => Self::Minimal,
            "low" | "on" | "enable" | "enabled" | "thinkhard" => Self::Low,
            "medium" | "mid" | "med" | "thinkharder" | "harder" => Self::Medium,
            "high" | "highest" | "max" | "ultra" | "ultrathink" | "thinkhardest" => Self::High,
            "xhigh" | "extrahigh" | "ultrathink+" => Self::XHigh,
            _ => return None,
        })
    }
}

/// A tool as the model sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolDefinition {
    /// The exact name to call it by.
    pub name: String,
    /// When and how to use it.
    pub description: String,
    /// JSON Schema of the arguments.
    pub parameters: Value,
}

/// One step of an answer. Recordings write it down as serde does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ModelEvent {
    /// More of the answer.
    TextDelta(String),
    /// More of the model's reasoning.
    ThinkingDelta(String),
    /// The provider's signature of the reasoning so far, which is replayed as it is. It closes the reasoning; without
    /// any it stands alone, because some providers show none.
    ThinkingSignature(String),
    /// Reasoning that the provider shows to nobody, as the data it wants back. Closes what came before.
    RedactedThinking(String),
    /// The provider's signature of the text so far, which is replayed as it is. It closes the text.
    TextSignature(String),
    /// A tool call begins. `index` counts from 0 in the order of appearance.
    ToolCallStart {
        /// Position of the call in this answer.
        index: usize,
        /// The provider's id of the call.
        id: String,
        /// The tool's name.
        name: String,
    },
    /// More of the arguments' JSON text of one call.
    ToolCallArguments {
        /// Position of the call in this answer.
        index: usize,
        /// The next piece of text; it may end anywhere.
        delta: String,
    },
    /// The provider's signature of one call, which is replayed as it is.
    ToolCallSignature {
        /// Position of the call in this answer.
        index: usize,
        /// The signature.
        signature: String,
    },
    /// What the call used, at most once, before `Done`.
    Usage(Usage),
    /// The end, exactly once and last.
    Done(StopReason),
}

/// A model as the catalog describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelInfo {
    /// Provider id, for example `openai`.
    pub provider: Arc<str>,
    /// Model id within the provider; may contain slashes.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// How it is spoken to.
    pub api: WireApi,
    /// Tokens of prompt and answer together.
    pub context_window: u32,
    /// Most tokens of one answer, when known.
    pub max_tokens: Option<u32>,
    /// Whether it thinks before it answers.
    pub reasoning: bool,
    /// What a user message may contain.
    pub input: Vec<InputKind>,
    /// Whether it can call tools.
    pub calls_tools: bool,
    /// Sampling temperature of its requests, where the user set one.
    pub temperature: Option<f64>,
    /// What else the user set for its requests.
    pub own_fields: OwnFields,
    /// US dollars per million tokens.
    pub prices: Prices,
    /// What its server does differently from the published API.
    pub compat: Compat,
}

/// Context window assumed when nothing says better, in tokens: what most served models have at least.
pub(crate) const DEFAULT_CONTEXT_WINDOW: u32 = 128_000;

impl ModelInfo {
    /// A text model with the defaults for an id that no table knows.
    #[must_use]
    pub fn new(provider: &str, id: &str, api: WireApi) -> Self {
        Self {
            provider: Arc::from(provider),
            id: id.to_owned(),
            name: id.to_owned(),
            api,
            context_window: DEFAULT_CONTEXT_WINDOW,
            max_tokens: None,
            reasoning: false,
            input: vec![InputKind::Text],
            calls_tools: true,
            temperature: None,
            own_fields: OwnFields::default(),
            prices: Prices::default(),
            compat: Compat::default(),
        }
    }

    /// `provider/model`, as configuration and `status` write it.
    #[must_use]
    pub fn reference(&self) -> String {
        format!("{}/{}", self.provider, self.id)
    }

    /// Whether user messages may carry images.
    #[must_use]
    pub fn sees_images(&self) -> bool {
        self.input.contains(&InputKind::Image)
    }
}

/// What a user message may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    /// Text.
    Text,
    /// Images.
    Image,
}

/// The wire APIs that configuration can name (`models.providers.<id>.api`), and the offline model's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WireApi {
    /// OpenAI chat completions; most other servers speak it too.
    #[serde(rename = "openai-completions")]
    OpenAiCompletions,
    /// OpenAI responses.
    #[serde(rename = "openai-responses")]
    OpenAiResponses,
    /// Anthropic messages.
    #[serde(rename = "anthropic-messages")]
    AnthropicMessages,
    /// Google generative AI.
    #[serde(rename = "google-generative-ai")]
    GoogleGenerativeAi,
    /// GitHub Copilot.
    #[serde(rename = "github-copilot")]
    GithubCopilot,
    /// Amazon Bedrock converse stream.
    #[serde(rename = "bedrock-converse-stream")]
    BedrockConverseStream,
    /// Ollama's own chat. Not for the configuration: an Ollama is spoken to so.
    #[serde(rename = "ollama")]
    OllamaChat,
    /// A command-line program. Not for the configuration: `agents.defaults.cliBackends` names them.
    #[serde(rename = "cli")]
    Cli,
    /// The built-in model: no wire at all.
    #[serde(rename = "offline")]
    Offline,
}

impl WireApi {
    /// The name configuration and transcripts use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenAiCompletions => "openai-completions",
            Self::OpenAiResponses => "openai-responses",
            Self::AnthropicMessages => "anthropic-messages",
            Self::GoogleGenerativeAi => "google-generative-ai",
            Self::GithubCopilot => "github-copilot",
            Self::BedrockConverseStream => "bedrock-converse-stream",
            Self::OllamaChat => "ollama",
            Self::Cli => "cli",
            Self::Offline => "offline",
        }
    }

    /// The API of a name that configuration may use.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let known = [
            Self::OpenAiCompletions,
            Self::OpenAiResponses,
            Self::AnthropicMessages,
            Self::GoogleGenerativeAi,
            Self::GithubCopilot,
            Self::BedrockConverseStream,
        ];
        known.into_iter().find(|api| api.as_str() == name)
    }
}

/// US dollars per million tokens (`models.providers.*.models[].cost`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Prices {
    /// Prompt tokens.
    pub input: f64,
    /// Completion tokens.
    pub output: f64,
    /// Prompt tokens read from the provider's cache.
    pub cache_read: f64,
    /// Prompt tokens written to the provider's cache.
    pub cache_write: f64,
}

impl Prices {
    /// The cost of `usage` at these prices.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "token counts stay far below 2^52")]
    pub fn cost_of(&self, usage: &Usage) -> Cost {
        let dollars = |tokens: u64, price: f64| tokens as f64 * price / 1_000_000.0;
        let input = dollars(usage.input, self.input);
        let output = dollars(usage.output, self.output);
        let cache_read = dollars(usage.cache_read, self.cache_read);
        let cache_write = dollars(usage.cache_write, self.cache_write);
        Cost { input, output, cache_read, cache_write, total: input + output + cache_read + cache_write }
    }
}

/// What a server does differently (`models.providers.*.models[].compat`). Absent means: as the table says of the provider
/// at this address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Compat {
    /// Whether `store` is a known field.
    pub supports_store: Option<bool>,
    /// Whether reasoning models take their instructions under the role `developer`.
    pub supports_developer_role: Option<bool>,
    /// Whether reasoning models take `reasoning_effort`.
    pub supports_reasoning_effort: Option<bool>,
    /// Which field carries the output limit.
    pub max_tokens_field: Option<MaxTokensField>,
    /// How it is told to think. Not for the configuration: decided by provider and host.
    #[serde(skip)]
    pub reasoning_form: Option<ReasoningForm>,
    /// Whether the usage of a stream has to be asked for and may be: some send it unasked and refuse the question.
    pub supports_usage_in_streaming: Option<bool>,
    /// Whether ids of calls have nine letters and digits, as Mistral wants them.
    pub requires_mistral_tool_ids: Option<bool>,
}

impl Compat {
    /// The same with what `below` says where this says nothing.
    #[must_use]
    pub(crate) fn or(self, below: Self) -> Self {
        Self {
            supports_store: self.supports_store.or(below.supports_store),
            supports_developer_role: self.supports_developer_role.or(below.supports_developer_role),
            supports_reasoning_effort: self.supports_reasoning_effort.or(below.supports_reasoning_effort),
            reasoning_form: self.reasoning_form.or(below.reasoning_form),
            max_tokens_field: self.max_tokens_field.or(below.max_tokens_field),
            supports_usage_in_streaming: self
                .supports_usage_in_streaming
                .or(below.supports_usage_in_streaming),
            requires_mistral_tool_ids: self.requires_mistral_tool_ids.or(below.requires_mistral_tool_ids),
        }
    }
}

/// How a server with chat completions is told how hard to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasoningForm {
    /// `reasoning_effort`, as OpenAI has it.
    Effort,
    /// `thinking: {type}`, which is on or off, as Z.AI has it.
    Type,
    /// `reasoning: {effort}`, as OpenRouter has it.
    Object,
    /// Not at all.
    Untold,
}

/// The field that carries the output limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxTokensField {
    /// What OpenAI documents today.
    MaxCompletionTokens,
    /// What it documented before; some servers know only this.
    MaxTokens,
}

/// Why a tool call's arguments cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ArgumentsError {
    /// The text is not JSON, usually because the answer was cut.
    #[error(
        "the arguments are not valid JSON (line {line}, column {column}); send the call again with complete JSON"
    )]
    NotJson {
        /// 1-based line of the fault.
        line: usize,
        /// 1-based column of the fault.
        column: usize,
    },
    /// The text is JSON but not an object.
    #[error("the arguments must be a JSON object")]
    NotObject,
}

/// Parses the collected arguments of a tool call. An empty text means no arguments: some servers send nothing for
/// a tool without parameters.
///
/// # Errors
/// The text is not a JSON object.
pub fn parse_arguments(text: &str) -> Result<Value, ArgumentsError> {
    if text.trim().is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    let value: Value = serde_json::from_str(text)
        .map_err(|error| ArgumentsError::NotJson { line: error.line(), column: error.column() })?;
    if value.is_object() { Ok(value) } else { Err(ArgumentsError::NotObject) }
}

#[cfg(test)]
mod tests {
    use super::{ArgumentsError, Prices, WireApi, parse_arguments};
    use openclaw_protocol::message::Usage;
    use serde_json::json;

    #[test]
    fn arguments_are_an_object_or_an_error() {
        assert_eq!(parse_arguments("").unwrap(), json!({}));
        assert_eq!(parse_arguments(" {\"path\":\"a\"} ").unwrap(), json!({"path":"a"}));
        assert!(matches!(parse_arguments("[1]"), Err(ArgumentsError::NotObject)));
        assert!(matches!(parse_arguments("{\"path\":"), Err(ArgumentsError::NotJson { .. })));
    }

    #[test]
    fn prices_are_per_million_tokens() {
        let prices = Prices { input: 1.0, output: 2.0, cache_read: 0.5, cache_write: 0.0 };
        let usage = Usage { input: 1_000_000, output: 500_000, cache_read: 2_000_000, ..Usage::default() };
        let cost = prices.cost_of(&usage);
        assert_eq!((cost.input, cost.output, cost.cache_read, cost.total), (1.0, 1.0, 1.0, 3.0));
    }

    #[test]
    fn wire_api_names_match_their_serialisation() {
        for api in [
            WireApi::OpenAiCompletions,
            WireApi::AnthropicMessages,
            WireApi::BedrockConverseStream,
            WireApi::Offline,
        ] {
            assert_eq!(serde_json::to_value(api).unwrap(), json!(api.as_str()));
        }
    }
}
