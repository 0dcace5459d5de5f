//! Whole request bodies, as providers get them. A change here is a change for every user's prompt cache.

use std::sync::Arc;

use openclaw_models::{ModelInfo, ModelRequest, OwnFields, ThinkingLevel, ToolDefinition, WireApi};
use openclaw_protocol::message::Message;
use serde_json::{Value, json};

use crate::apis::{APIS, encoded, info, judge};

/// What the model of `info` itself said, with its signatures.
fn own(info: &ModelInfo, content: Value) -> Value {
    json!({"role": "assistant", "api": info.api.as_str(), "provider": info.provider.as_ref(), "model": info.id,
        "stopReason": "toolUse", "content": content})
}

/// The signature that each API gives to reasoning.
fn signature(api: WireApi) -> String {
    match api {
        WireApi::OpenAiResponses => {
            json!({"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAAA"})
                .to_string()
        }
        WireApi::OpenAiCompletions => "reasoning_content".to_owned(),
        WireApi::AnthropicMessages
        | WireApi::GoogleGenerativeAi
        | WireApi::GithubCopilot
        | WireApi::BedrockConverseStream
        | WireApi::OllamaChat
        | WireApi::Cli
        | WireApi::Offline => "EqQBCgYI".to_owned(),
    }
}

fn conversation(info: &ModelInfo) -> ModelRequest {
    let messages = json!([
        {"role": "user", "content": [{"type": "text", "text": "What is on the photo?"},
            {"type": "image", "data": "QUJD", "mimeType": "image/png"}]},
        {"role": "assistant", "api": "offline", "provider": "offline", "model": "recall", "stopReason": "toolUse",
            "content": [{"type": "thinking", "thinking": "foreign", "thinkingSignature": "x"},
                {"type": "text", "text": "I search."},
                {"type": "toolCall", "id": "call.1", "name": "memory_search", "arguments": {"query": "photo"}}]},
        {"role": "toolResult", "toolCallId": "call.1", "toolName": "memory_search", "isError": true,
            "content": [{"type": "text", "text": "disabled"}]},
        own(info, json!([
            {"type": "thinking", "thinking": "Two files.", "thinkingSignature": signature(info.api)},
            {"type": "text", "text": "I read both.", "textSignature": if info.api == WireApi::OpenAiResponses { "msg_1" } else { "c2ln" }},
            {"type": "toolCall", "id": "call_2|fc_2", "name": "read", "arguments": {"path": "a.md"}, "thoughtSignature": "c2ln"},
            {"type": "toolCall", "id": "call_3|fc_3", "name": "read", "arguments": {"path": "b.png"}}])),
        {"role": "toolResult", "toolCallId": "call_3|fc_3", "toolName": "read",
            "content": [{"type": "text", "text": "a picture"}, {"type": "image", "data": "REVG", "mimeType": "image/jpeg"}]},
        {"role": "user", "content": "and?"}
    ]);
    let messages: Vec<Message> = serde_json::from_value(messages).unwrap();
    let read = ToolDefinition {
        name: "read".into(),
        description: "Reads a file".into(),
        parameters: json!({"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"],
            "additionalProperties": false}),
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

#[test]
fn a_conversation_with_everything_in_it() {
    for api in APIS {
        let info = info(api);
        let body = encoded(&info, &conversation(&info));
        assert_eq!(judge(&info, &body), Ok(()), "{body:#}");
        insta::assert_json_snapshot!(api.as_str(), body);
    }
}

/// What a user might set for a model of each API, with something in it that must not be sent.
fn wishes(api: WireApi) -> Value {
    match api {
        WireApi::OpenAiCompletions => {
            json!({"top_p": 0.9, "seed": 7, "stop": ["END"], "thinking": {"type": "enabled"}})
        }
        WireApi::OpenAiResponses => {
            json!({"top_p": 0.9, "reasoning": {"effort": "high"}, "truncation": "auto"})
        }
        WireApi::AnthropicMessages => json!({"top_p": 0.9, "top_k": 4, "stop_sequences": ["END"],
            "thinking": {"type": "enabled", "budget_tokens": 100_000}}),
        WireApi::GoogleGenerativeAi => json!({"topP": 0.9, "seed": 7, "safetySettings": [],
            "thinkingConfig": {"thinkingLevel": "LOW"}}),
        WireApi::OllamaChat => json!({"top_p": 0.9, "seed": 7, "keep_alive": "5m", "think": true}),
        WireApi::GithubCopilot | WireApi::BedrockConverseStream | WireApi::Cli | WireApi::Offline => {
            json!({})
        }
    }
}

#[test]
fn every_level_and_what_a_user_sets_is_accepted() {
    let levels = ThinkingLevel::ALL.into_iter().map(Some).chain([None]);
    let limits = [None, Some(16), Some(1_500), Some(4_096), Some(64_000)];
    let mut bodies = 0;
    for (level, api) in levels.flat_map(|level| APIS.map(|api| (level, api))) {
        for (max_tokens, reasoning) in limits.into_iter().flat_map(|limit| [(limit, true), (limit, false)]) {
            for set in [false, true] {
                let mut wishes = if set { wishes(api) } else { json!({}) };
                wishes["model"] = json!("another");
                wishes["stream"] = json!(false);
                let own_fields = OwnFields::new(api, wishes.as_object().unwrap());
                let info = ModelInfo { reasoning, own_fields, ..info(api) };
                let asked = ModelRequest {
                    thinking: level,
                    max_tokens,
                    temperature: Some(0.5),
                    ..conversation(&info)
                };
                let body = encoded(&info, &asked);
                assert_eq!(judge(&info, &body), Ok(()), "{level:?} {max_tokens:?} {body:#}");
                let text = body.to_string();
                assert!(!text.contains("another") && !text.contains("\"stream\":false"), "{text}");
                assert!(!set || text.contains("0.9") || api == WireApi::AnthropicMessages, "{text}");
                let silent = !reasoning && !set;
                assert!(!silent || (!text.contains("effort") && !text.contains("budget_tokens")), "{text}");
                bodies += 1;
            }
        }
    }
    assert_eq!(bodies, 700);
}
