//! Chat completions as particular servers speak them, over real HTTP: streams that they send, and what goes back.

use std::sync::Arc;
use std::time::Duration;

use openclaw_models::{ModelError, ModelEvent, ModelInfo, ModelRequest, WireApi};
use openclaw_protocol::message::Message;
use openclaw_testkit::model_server::{ModelServer, Reply};
use serde_json::{Value, json};

use crate::apis::{info, judge, model, run, sketch};

fn stream(chunks: &[Value]) -> Reply {
    let events = chunks.iter().map(|chunk| format!("data: {chunk}\n\n"));
    let body: String = [": OPENROUTER PROCESSING\n\n".to_owned()]
        .into_iter()
        .chain(events)
        .chain(["data: [DONE]\n\n".to_owned()])
        .collect();
    Reply::Prebuilt(body.into())
}

fn delta(delta: Value) -> Value {
    json!({"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn end(reason: &str) -> Value {
    json!({"id": "c", "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": reason}]})
}

fn request(messages: Value) -> ModelRequest {
    let messages: Vec<Message> = serde_json::from_value(messages).unwrap();
    ModelRequest { messages: messages.into_iter().map(Arc::new).collect(), ..ModelRequest::default() }
}

fn spoken_to() -> ModelInfo {
    info(WireApi::OpenAiCompletions)
}

async fn answer(reply: Reply) -> (Vec<ModelEvent>, Option<ModelError>) {
    let server = ModelServer::start();
    server.push(reply);
    run(&model(spoken_to(), &server.base_url()), request(json!([{"role": "user", "content": "hello"}]))).await
}

#[tokio::test]
async fn how_an_answer_ends() {
    let server = |status| Some(ModelError::Server { provider: "openai".into(), status });
    let filtered = || Some(ModelError::Filtered { provider: "openai".into() });
    let limited = Some(ModelError::RateLimited { provider: "openai".into(), retry_after: None });
    let said = || delta(json!({"content": "Hel"}));
    let gone = json!({"id": "gen-1", "error": {"code": 502, "message": "Provider disconnected"},
        "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]});
    let busy = json!({"error": {"code": 429, "message": "Rate limited upstream"}});
    let rows = [
        ("Z.AI", end("sensitive"), None, filtered()),
        ("Z.AI", end("network_error"), None, server(200)),
        ("Z.AI", end("model_context_window_exceeded"), Some("done: Length"), None),
        ("Mistral", end("model_length"), Some("done: Length"), None),
        ("Mistral", end("error"), None, server(200)),
        ("OpenRouter", gone, None, server(502)),
        ("OpenRouter", busy, None, limited),
        ("any", end("eos"), Some("done: Stop"), None),
    ];
    for (who, last, done, expected) in rows {
        let words = format!("{who} {last}");
        let (events, error) = answer(stream(&[said(), last])).await;
        let lines: Vec<String> = ["text: Hel"].into_iter().chain(done).map(ToOwned::to_owned).collect();
        assert_eq!((sketch(&events), error), (lines, expected), "{words}");
    }
}

#[tokio::test]
async fn moonshot_counts_in_the_choice() {
    let usage =
        json!({"prompt_tokens": 1336, "completion_tokens": 31, "total_tokens": 1367, "cached_tokens": 1280});
    let mut last = end("stop");
    last["choices"][0]["usage"] = usage;
    let (events, error) = answer(stream(&[delta(json!({"content": "Hi"})), last])).await;
    let Some(ModelEvent::Usage(usage)) = events.iter().rev().nth(1) else { panic!("{events:?}") };
    let usage = (usage.input, usage.cache_read, usage.output);
    assert_eq!((usage, error), ((56, 1_280, 31), None));
}

#[tokio::test]
async fn mistral_thinks_in_its_content() {
    let thought = json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]});
    let said = json!({"content": [{"type": "text", "text": "Grü"}]});
    let chunks = [
        delta(json!({"role": "assistant", "content": ""})),
        delta(thought),
        delta(said),
        delta(json!({"content": "ße"})),
        end("stop"),
    ];
    let (events, error) = answer(stream(&chunks)).await;
    assert_eq!(
        (sketch(&events), error),
        (vec!["thinking: Hm.".into(), "text: Grüße".into(), "done: Stop".into()], None)
    );
}

/// The answer as a transcript keeps it goes into the next request to the same model.
async fn goes_back(chunks: &[Value]) -> Value {
    let info = spoken_to();
    let (events, error) = answer(stream(chunks)).await;
    assert_eq!(error, None);
    let (mut content, mut call): (Vec<Value>, _) = (Vec::new(), Value::Null);
    for event in &events {
        if let ModelEvent::ThinkingSignature(signature) = event {
            content.push(json!({"type": "thinking", "thinking": "", "thinkingSignature": signature}));
        }
        if let ModelEvent::ToolCallStart { id, name, .. } = event {
            call = json!({"type": "toolCall", "id": id, "name": name, "arguments": {"path": "a"}});
        }
        if let ModelEvent::ToolCallSignature { signature, .. } = event {
            call["thoughtSignature"] = json!(signature);
        }
    }
    let id = call["id"].clone();
    content.push(call);
    let server = ModelServer::start();
    let again = request(json!([
        {"role": "user", "content": "hello"},
        {"role": "assistant", "api": info.api.as_str(), "provider": info.provider.as_ref(), "model": info.id,
            "stopReason": "toolUse", "content": content},
        {"role": "toolResult", "toolCallId": id, "toolName": "read", "content": []}
    ]));
    assert_eq!(run(&model(info.clone(), &server.base_url()), again).await.1, None);
    let body = server.requests().pop().unwrap().body;
    assert_eq!(judge(&info, &body), Ok(()), "{body:#}");
    body["messages"][1].clone()
}

#[tokio::test]
async fn reasoning_of_openrouter_goes_back_as_it_came() {
    let piece = |text: &str| {
        json!({"content": "", "reasoning": text, "reasoning_details":
            [{"type": "reasoning.text", "text": text, "format": "google-gemini-v1", "index": 0}]})
    };
    let call = json!({"tool_calls": [{"index": 0, "id": "tool.0", "type": "function",
        "function": {"name": "read", "arguments": "{\"path\":\"a\"}"}}]});
    let hidden = json!({"content": "", "reasoning_details":
        [{"type": "reasoning.encrypted", "data": "EjQ=", "id": "tool.0", "format": "google-gemini-v1", "index": 1}]});
    let chunks = [delta(piece("I ")), delta(piece("read.")), delta(call), delta(hidden), end("tool_calls")];
    let said = goes_back(&chunks).await;
    let id = &said["tool_calls"][0]["id"];
    assert_eq!(
        said["reasoning_details"],
        json!([{"type": "reasoning.text", "text": "I read.", "format": "google-gemini-v1", "index": 0},
            {"type": "reasoning.encrypted", "data": "EjQ=", "id": id, "format": "google-gemini-v1", "index": 1}])
    );
}

#[tokio::test]
async fn the_signature_of_a_call_to_gemini_goes_back_beside_it() {
    let extra = json!({"google": {"thought_signature": "EjQKMgEM"}});
    let call = json!({"role": "assistant", "tool_calls": [{"extra_content": extra, "id": "jm4owj31",
        "type": "function", "function": {"arguments": "{\"path\":\"a\"}", "name": "read"}}]});
    let said = goes_back(&[delta(call), end("tool_calls")]).await;
    assert_eq!(said["tool_calls"][0]["extra_content"], extra);
}

/// Any failure may say when to come back.
#[tokio::test]
async fn a_failure_names_its_time() {
    for code in [408, 500, 502, 503, 504] {
        let reply = Reply::Status { code, retry_after: Some("7".into()), body: String::new() };
        let expected =
            ModelError::Overloaded { provider: "openai".into(), retry_after: Some(Duration::from_secs(7)) };
        assert_eq!(answer(reply).await.1, Some(expected), "{code}");
    }
}
