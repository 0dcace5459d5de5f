//! Histories as they may lie on a disk: by any provider, stopped anywhere, cut in front, edited by hand.

use std::sync::Arc;

use openclaw_models::{ModelRequest, ThinkingLevel, ToolDefinition};
use openclaw_protocol::message::Message;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Ids as providers and people make them; few, so that some come twice.
fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "call_[0-3]",
        1 => "toolu_[a-c]{1,3}",
        1 => "call_[0-2]\\|fc_[0-2]",
        1 => "[a-zA-Z0-9|._ é-]{0,90}",
        1 => Just(format!("call_{}|fc_{}", "x".repeat(80), "y".repeat(400))),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![4 => "read|ls|memory_search", 1 => "[a-z0-9 .é-]{0,70}"]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-zäß☃\"\\\\\n]{1,12}", 1 => "[ \n\t]{0,3}"]
}

fn image() -> impl Strategy<Value = Value> {
    let data =
        prop_oneof![Just("QUJD"), Just("QUI"), Just("data:image/png;base64,QUJD"), Just(""), Just("%%")];
    let mime =
        prop_oneof![Just("image/png"), Just("image/jpg"), Just("image/bmp"), Just("image/heic"), Just("")];
    (data, mime).prop_map(|(data, mime)| json!({"type": "image", "data": data, "mimeType": mime}))
}

fn text_part() -> impl Strategy<Value = Value> {
    text().prop_map(|text| json!({"type": "text", "text": text}))
}

fn shown() -> impl Strategy<Value = Value> {
    prop_oneof![4 => text_part(), 1 => image(), 1 => Just(json!({"type": "hologram", "x": 1}))]
}

fn user() -> impl Strategy<Value = Value> {
    let content = prop_oneof![
        text().prop_map(Value::String),
        proptest::collection::vec(shown(), 0..4).prop_map(Value::Array)
    ];
    content.prop_map(|content| json!({"role": "user", "content": content}))
}

/// Signatures of every provider, and some of none.
fn signature() -> impl Strategy<Value = Option<String>> {
    let item =
        json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}).to_string();
    let unstored = json!({"type": "reasoning", "id": "rs_2", "summary": []}).to_string();
    prop_oneof![
        Just(None),
        Just(Some(String::new())),
        Just(Some("EqQBCgYI".to_owned())),
        Just(Some("reasoning_content".to_owned())),
        Just(Some("no base64!".to_owned())),
        Just(Some("msg_1".to_owned())),
        Just(Some(item)),
        Just(Some(unstored)),
    ]
}

fn said() -> impl Strategy<Value = Value> {
    let arguments =
        prop_oneof![Just(json!({})), Just(json!({"p": "é"})), Just(json!("{\"cut")), Just(json!([1]))];
    prop_oneof![
        3 => (text(), signature()).prop_map(|(text, signature)| {
            json!({"type": "text", "text": text, "textSignature": signature})
        }),
        2 => (text(), signature(), any::<bool>()).prop_map(|(text, signature, redacted)| {
            json!({"type": "thinking", "thinking": text, "thinkingSignature": signature, "redacted": redacted})
        }),
        3 => (id(), name(), arguments, signature()).prop_map(|(id, name, arguments, signature)| {
            json!({"type": "toolCall", "id": id, "name": name, "arguments": arguments, "thoughtSignature": signature})
        }),
        1 => shown(),
    ]
}

fn assistant() -> impl Strategy<Value = Value> {
    let made_by = prop_oneof![
        Just(("openai-completions", "openai", "gpt-5")),
        Just(("openai-responses", "openai", "gpt-5")),
        Just(("anthropic-messages", "anthropic", "claude-sonnet-4-5")),
        Just(("google-generative-ai", "google", "gemini-3-pro")),
        Just(("offline", "offline", "recall")),
    ];
    let stop = prop_oneof![4 => Just("stop"), 2 => Just("toolUse"), 1 => Just("length"), 1 => Just("aborted"), 1 => Just("error")];
    (proptest::collection::vec(said(), 0..6), made_by, stop).prop_map(
        |(content, (api, provider, model), stop)| {
            json!({"role": "assistant", "content": content, "api": api, "provider": provider, "model": model,
            "stopReason": stop})
        },
    )
}

fn result() -> impl Strategy<Value = Value> {
    (id(), name(), proptest::collection::vec(shown(), 0..3), any::<bool>()).prop_map(|(id, name, content, failed)| {
        json!({"role": "toolResult", "toolCallId": id, "toolName": name, "content": content, "isError": failed})
    })
}

/// Any messages in any order.
fn messages() -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(prop_oneof![2 => user(), 3 => assistant(), 3 => result()], 0..14)
}

fn tools() -> Vec<ToolDefinition> {
    let tool = |name: &str, parameters: Value| ToolDefinition {
        name: name.into(),
        description: format!("Does {name}"),
        parameters,
    };
    vec![
        tool(
            "read",
            json!({"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"],
            "additionalProperties": false}),
        ),
        tool("ls", json!({"type": "object", "properties": {}})),
    ]
}

prop_compose! {
    /// A request with any history and any settings.
    pub(crate) fn any_request()(
        messages in messages(),
        thinking in prop_oneof![Just(None), Just(Some(ThinkingLevel::Off)), Just(Some(ThinkingLevel::Minimal)),
            Just(Some(ThinkingLevel::High))],
        max_tokens in prop_oneof![Just(None), Just(Some(1u32)), Just(Some(2_000)), Just(Some(u32::MAX))],
        system in prop_oneof![Just(""), Just("You are it.")],
        with_tools in any::<bool>(),
        temperature in prop_oneof![Just(None), Just(Some(0.5)), Just(Some(2.0))],
    ) -> ModelRequest {
        let parsed = messages.into_iter().map(|message| Arc::new(serde_json::from_value::<Message>(message).unwrap()));
        ModelRequest {
            system: Arc::from(system),
            messages: parsed.collect(),
            tools: if with_tools { tools().into() } else { Arc::from([]) },
            max_tokens,
            temperature,
            thinking,
            ..ModelRequest::default()
        }
    }
}
