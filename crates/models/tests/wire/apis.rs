//! The four APIs as the tests need them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use openclaw_guard::Secret;
use openclaw_http::GuardedHttp;
use openclaw_models::wire::{Access, Api, Endpoint, RemoteChat, speaks};
use openclaw_models::{
    CallPolicy, ChatModel, InputKind, ModelError, ModelEvent, ModelInfo, ModelRequest, Retries, Timeouts,
    WireApi,
};
use openclaw_testkit::strict::{self, Violation};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

pub(crate) const APIS: [WireApi; 4] = [
    WireApi::OpenAiCompletions,
    WireApi::OpenAiResponses,
    WireApi::AnthropicMessages,
    WireApi::GoogleGenerativeAi,
];
pub(crate) const KEY: &str = "sk-canary-0123456789";

pub(crate) fn implementation(api: WireApi) -> &'static dyn Api {
    speaks(api).unwrap()
}

/// A model that reasons and sees, under an id that its provider would use.
pub(crate) fn info(api: WireApi) -> ModelInfo {
    let (provider, id) = match api {
        WireApi::AnthropicMessages => ("anthropic", "claude-sonnet-4-5"),
        WireApi::GoogleGenerativeAi => ("google", "gemini-3-pro"),
        WireApi::OpenAiResponses | WireApi::OpenAiCompletions => ("openai", "gpt-5"),
        WireApi::GithubCopilot
        | WireApi::BedrockConverseStream
        | WireApi::OllamaChat
        | WireApi::Cli
        | WireApi::Offline => {
            panic!("not tested here")
        }
    };
    ModelInfo {
        reasoning: true,
        input: vec![InputKind::Text, InputKind::Image],
        max_tokens: Some(32_000),
        ..ModelInfo::new(provider, id, api)
    }
}

/// The path that the fake server knows the API by.
pub(crate) fn path(api: WireApi) -> &'static str {
    match api {
        WireApi::AnthropicMessages => "/v1/messages",
        WireApi::GoogleGenerativeAi => "/v1beta/models/gemini-3-pro:streamGenerateContent",
        WireApi::OpenAiResponses => "/v1/responses",
        WireApi::OpenAiCompletions => "/v1/chat/completions",
        WireApi::GithubCopilot
        | WireApi::BedrockConverseStream
        | WireApi::OllamaChat
        | WireApi::Cli
        | WireApi::Offline => {
            panic!("not tested here")
        }
    }
}

pub(crate) fn judge(info: &ModelInfo, body: &Value) -> Result<(), Violation> {
    match info.api {
        WireApi::AnthropicMessages => strict::anthropic(body),
        WireApi::GoogleGenerativeAi => strict::gemini(body, &info.id),
        WireApi::OpenAiResponses => strict::responses(body),
        WireApi::OpenAiCompletions => strict::completions(body),
        WireApi::GithubCopilot
        | WireApi::BedrockConverseStream
        | WireApi::OllamaChat
        | WireApi::Cli
        | WireApi::Offline => {
            panic!("not tested here")
        }
    }
}

pub(crate) fn encoded(info: &ModelInfo, request: &ModelRequest) -> Value {
    serde_json::from_slice(&implementation(info.api).encode(request, info).unwrap()).unwrap()
}

/// A model behind the fake server; it does not repeat a call.
pub(crate) fn model(info: ModelInfo, base_url: &str) -> RemoteChat {
    let api = implementation(info.api);
    let access = Access { base_url, key: Some(Secret::new(KEY.into())), key_place: None, headers: &[] };
    let endpoint = Endpoint::new(api, &info, access).unwrap();
    let limit = Duration::from_secs(10);
    let timeouts = Timeouts { connect: limit, first_byte: limit, idle: limit };
    let retries = Retries { pauses: Vec::new(), max_retry_after: Duration::ZERO };
    let http = Arc::new(GuardedHttp::new(limit));
    RemoteChat::new(api, info, endpoint, http, CallPolicy { timeouts, retries })
}

/// Runs a call to its end.
pub(crate) async fn run(model: &RemoteChat, request: ModelRequest) -> (Vec<ModelEvent>, Option<ModelError>) {
    let mut stream = model.stream(request, CancellationToken::new());
    let mut events = Vec::new();
    while let Some(item) = stream.next().await {
        match item {
            Ok(event) => events.push(event),
            Err(error) => return (events, Some(error)),
        }
    }
    (events, None)
}

/// An answer as a transcript would keep it, one line per part; usage is left out.
pub(crate) fn sketch(events: &[ModelEvent]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut add = |kind: &str, text: &str| match lines.last_mut() {
        Some(last) if last.starts_with(kind) => last.push_str(text),
        Some(_) | None => lines.push(format!("{kind}{text}")),
    };
    for event in events {
        match event {
            ModelEvent::TextDelta(text) => add("text: ", text),
            ModelEvent::ThinkingDelta(text) => add("thinking: ", text),
            ModelEvent::ThinkingSignature(text) => add("signed: ", text),
            ModelEvent::RedactedThinking(text) => add("redacted: ", text),
            ModelEvent::TextSignature(text) => add("text signed: ", text),
            ModelEvent::ToolCallStart { index, id, name } => {
                add(&format!("call {index}: "), &format!("{name} {id} "))
            }
            ModelEvent::ToolCallArguments { index, delta } => add(&format!("call {index}: "), delta),
            ModelEvent::ToolCallSignature { index, signature } => {
                add(&format!("call {index} signed: "), signature)
            }
            ModelEvent::Usage(_) => {}
            ModelEvent::Done(reason) => add("done: ", &format!("{reason:?}")),
        }
    }
    lines
}
