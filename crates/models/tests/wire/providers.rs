//! The request that each built-in provider gets, from the catalog's own row of it.

use std::sync::Arc;

use openclaw_guard::Secret;
use openclaw_models::catalog::table::BUILTIN_PROVIDERS;
use openclaw_models::catalog::{
    Catalog, Environment, Key, KeyKind, KeySource, Keyed, ModelEntry, ProviderEntry, Providers, Reference,
};
use openclaw_models::{Compat, MaxTokensField, ModelRequest, ThinkingLevel, ToolDefinition};
use openclaw_protocol::message::Message;
use serde_json::json;

use crate::apis::{KEY, encoded, judge};

/// A call and its result: what servers differ in is all around them.
fn request() -> ModelRequest {
    let messages: Vec<Message> = serde_json::from_value(json!([
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": [
            {"type": "toolCall", "id": "call_1", "name": "read", "arguments": {"path": "a"}}]},
        {"role": "toolResult", "toolCallId": "call_1", "toolName": "read",
            "content": [{"type": "text", "text": "tea"}]}
    ]))
    .unwrap();
    let read = ToolDefinition {
        name: "read".into(),
        description: "Reads a file".into(),
        parameters: json!({"type": "object", "properties": {"path": {"type": "string"}}}),
    };
    ModelRequest {
        system: Arc::from("You are it."),
        messages: messages.into_iter().map(Arc::new).collect(),
        tools: Arc::from([read]),
        max_tokens: Some(4_096),
        thinking: Some(ThinkingLevel::Low),
        ..ModelRequest::default()
    }
}

fn key() -> Key {
    let source = KeySource::Profile("p".into());
    Key { secret: Secret::new(KEY.into()), kind: KeyKind::ApiKey, source }
}

#[test]
fn each_provider_gets_what_it_takes() {
    let catalog = Catalog::new(Providers::default(), Environment::default());
    for provider in BUILTIN_PROVIDERS {
        let reference = Reference::new(provider.id, provider.default_model.unwrap_or("qwen3:8b"));
        let model = catalog.connect(&reference, Keyed::With(&key())).unwrap();
        let info = model.describe();
        let body = encoded(info, &request());
        assert_eq!(judge(info, &body), Ok(()), "{}: {body:#}", provider.id);
        insta::assert_json_snapshot!(format!("provider-{}", provider.id), body);
    }
}

/// What a user says of a model stands above the table.
#[test]
fn compat_of_the_configuration_wins() {
    let compat = Compat {
        supports_store: Some(true),
        max_tokens_field: Some(MaxTokensField::MaxCompletionTokens),
        supports_usage_in_streaming: Some(true),
        ..Compat::default()
    };
    let entry = ProviderEntry {
        models: vec![ModelEntry { compat, ..ModelEntry::new("mistral-large-latest") }],
        ..ProviderEntry::new("mistral", "")
    };
    let providers = Providers { entries: vec![entry], ..Providers::default() };
    let catalog = Catalog::new(providers, Environment::default());
    let reference = Reference::new("mistral", "mistral-large-latest");
    let model = catalog.connect(&reference, Keyed::With(&key())).unwrap();
    let body = encoded(model.describe(), &request());
    assert_eq!((&body["store"], &body["max_completion_tokens"]), (&json!(false), &json!(4_096)));
    assert_eq!(body["stream_options"]["include_usage"], true);
    // What is not said comes from the table.
    assert_eq!(body["messages"][2]["tool_calls"][0]["id"].as_str().map(str::len), Some(9));
}
