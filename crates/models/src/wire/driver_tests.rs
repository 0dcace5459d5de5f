//! The driver against a scripted server over real HTTP.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use openclaw_guard::Secret;
use openclaw_protocol::message::StopReason;
use openclaw_testkit::model_server::{ModelServer, Reply};
use tokio_util::sync::CancellationToken;

use super::driver::RemoteChat;
use super::endpoint::{Access, Endpoint};
use crate::contract::{asking, collect, keeps_its_promises, said};
use crate::openai::Completions;
use crate::{
    CallPolicy, ChatModel, Malformed, ModelError, ModelEvent, ModelInfo, Retries, TimeoutKind, Timeouts,
    Unreachable, WireApi,
};
use openclaw_http::EndpointError;
use openclaw_http::GuardedHttp;

const KEY: &str = "sk-canary-0123456789";

fn policy(limit: Duration) -> CallPolicy {
    CallPolicy {
        timeouts: Timeouts { connect: Duration::from_secs(5), first_byte: limit, idle: limit },
        retries: Retries { pauses: vec![Duration::ZERO; 2], max_retry_after: Duration::from_secs(30) },
    }
}

fn info() -> ModelInfo {
    ModelInfo::new("mock", "mock-1", WireApi::OpenAiCompletions)
}

fn endpoint(base_url: &str, key: Option<&str>) -> Result<Endpoint, EndpointError> {
    let key = key.map(|key| Secret::new(key.into()));
    Endpoint::new(&Completions, &info(), Access { base_url, key, key_place: None, headers: &[] })
}

fn model_at(base_url: &str, limit: Duration) -> RemoteChat {
    let endpoint = endpoint(base_url, Some(KEY)).unwrap();
    RemoteChat::new(
        &Completions,
        info(),
        endpoint,
        Arc::new(GuardedHttp::new(Duration::from_secs(5))),
        policy(limit),
    )
}

fn model(server: &ModelServer) -> RemoteChat {
    model_at(&server.base_url(), Duration::from_secs(10))
}

fn pieces() -> Vec<String> {
    vec!["Hel".into(), "lo".into()]
}

#[tokio::test]
async fn keeps_the_contract() {
    let server = ModelServer::builder().require_key(KEY).start();
    keeps_its_promises(&model(&server)).await;
}

#[tokio::test]
async fn a_text_arrives_whole_with_usage_and_the_right_request() {
    let server = ModelServer::start();
    server.push(Reply::text("Grüße from the mock."));
    let (events, error) = collect(&model(&server), asking("hi")).await;
    assert_eq!((said(&events).as_str(), error), ("Grüße from the mock.", None));
    let [.., ModelEvent::Usage(usage), ModelEvent::Done(StopReason::Stop)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert!(usage.input > 0 && usage.output > 0);
    let request = &server.requests()[0];
    assert_eq!(request.path, "/v1/chat/completions");
    assert_eq!(request.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!((request.body["stream"].as_bool(), request.last_user_text().as_str()), (Some(true), "hi"));
}

#[tokio::test]
async fn a_tool_call_arrives_with_its_arguments() {
    let server = ModelServer::start();
    server.push(Reply::tool_call("read", &serde_json::json!({"path":"MEMORY.md"})));
    let (events, error) = collect(&model(&server), asking("hi")).await;
    let arguments: String = events
        .iter()
        .filter_map(|event| match event {
            ModelEvent::ToolCallArguments { index: 0, delta } => Some(delta.as_str()),
            ModelEvent::ToolCallArguments { .. }
            | ModelEvent::TextDelta(_)
            | ModelEvent::ThinkingDelta(_)
            | ModelEvent::ThinkingSignature(_)
            | ModelEvent::RedactedThinking(_)
            | ModelEvent::TextSignature(_)
            | ModelEvent::ToolCallStart { .. }
            | ModelEvent::ToolCallSignature { .. }
            | ModelEvent::Usage(_)
            | ModelEvent::Done(_) => None,
        })
        .collect();
    assert_eq!(error, None);
    assert_eq!(crate::parse_arguments(&arguments).unwrap(), serde_json::json!({"path":"MEMORY.md"}));
    assert_eq!(events.last(), Some(&ModelEvent::Done(StopReason::ToolUse)));
}

#[tokio::test]
async fn what_may_pass_is_repeated_and_the_user_sees_one_answer() {
    let server = ModelServer::start();
    server.script([Reply::server_error(), Reply::rate_limited(0), Reply::text("third time")]);
    let (events, error) = collect(&model(&server), asking("hi")).await;
    assert_eq!((said(&events).as_str(), error, server.requests().len()), ("third time", None, 3));
}

#[tokio::test]
async fn a_stream_that_breaks_before_any_output_is_repeated() {
    let server = ModelServer::start();
    server.script([Reply::DropMidStream { after: vec![] }, Reply::text("again")]);
    let (events, error) = collect(&model(&server), asking("hi")).await;
    assert_eq!((said(&events).as_str(), error, server.requests().len()), ("again", None, 2));
}

#[tokio::test]
async fn nothing_is_repeated_after_output_began() {
    let provider: Arc<str> = Arc::from("mock");
    let malformed = |what| ModelError::Malformed { provider: Arc::clone(&provider), what };
    let rows = [
        (Reply::DropMidStream { after: pieces() }, malformed(Malformed::EndedEarly)),
        (Reply::EndEarly { after: pieces() }, malformed(Malformed::EndedEarly)),
        (Reply::MalformedSse { after: pieces() }, malformed(Malformed::NotJson)),
        (
            Reply::ErrorMidStream { after: pieces(), code: "server_error".into() },
            ModelError::Server { provider: Arc::clone(&provider), status: 200 },
        ),
    ];
    for (reply, expected) in rows {
        let server = ModelServer::start();
        server.push(reply);
        let (events, error) = collect(&model(&server), asking("hi")).await;
        assert_eq!((said(&events).as_str(), error), ("Hello", Some(expected)));
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn refusals_are_typed_final_and_without_the_key() {
    let provider: Arc<str> = Arc::from("mock");
    let wait = Some(Duration::from_secs(31));
    let leak = format!(r#"{{"error":{{"message":"bad key {KEY}"}}}}"#);
    let rows = [
        (
            Reply::rate_limited(31),
            ModelError::RateLimited { provider: Arc::clone(&provider), retry_after: wait },
        ),
        (Reply::out_of_credit(), ModelError::Billing { provider: Arc::clone(&provider) }),
        (
            Reply::context_overflow(),
            ModelError::ContextOverflow { provider: Arc::clone(&provider), model: "mock-1".into() },
        ),
        (
            Reply::Status { code: 422, retry_after: None, body: leak },
            ModelError::BadRequest {
                provider: Arc::clone(&provider),
                status: 422,
                message: "bad key [redacted]".into(),
            },
        ),
        (
            Reply::Status { code: 302, retry_after: None, body: String::new() },
            ModelError::Redirected { provider: Arc::clone(&provider), status: 302 },
        ),
        (
            Reply::Status { code: 200, retry_after: None, body: "{}".into() },
            ModelError::Malformed { provider: Arc::clone(&provider), what: Malformed::NotEventStream },
        ),
    ];
    for (reply, expected) in rows {
        let server = ModelServer::start();
        server.push(reply);
        let (events, error) = collect(&model(&server), asking("hi")).await;
        assert_eq!((events.len(), error), (0, Some(expected)));
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn silence_is_limited_in_every_phase() {
    let limit = Duration::from_millis(40);
    let rows = [
        (Reply::Silent, "", TimeoutKind::FirstByte),
        (Reply::Stall { after: pieces() }, "Hello", TimeoutKind::Idle),
    ];
    for (reply, text, kind) in rows {
        let server = ModelServer::start();
        server.push(reply);
        let (events, error) = collect(&model_at(&server.base_url(), limit), asking("hi")).await;
        let expected = ModelError::Timeout { provider: Arc::from("mock"), kind, after: limit };
        assert_eq!((said(&events).as_str(), error), (text, Some(expected)));
        server.wait_disconnects(1).await;
    }
}

#[tokio::test]
async fn an_abort_closes_the_connection_at_once() {
    let server = ModelServer::start();
    server.script([Reply::Stall { after: pieces() }, Reply::Silent]);
    let model = model(&server);
    let abort = CancellationToken::new();
    let mut stream = model.stream(asking("hi"), abort.clone());
    assert_eq!(stream.next().await, Some(Ok(ModelEvent::TextDelta("Hel".into()))));
    abort.cancel();
    assert_eq!(stream.next().await, Some(Err(ModelError::Aborted)));
    server.wait_disconnects(1).await;

    let mut stream = model.stream(asking("hi"), CancellationToken::new());
    let waited = tokio::select! {
        biased;
        item = stream.next() => item,
        () = server.wait_requests(2) => None,
    };
    assert_eq!(waited, None);
    drop(stream);
    server.wait_disconnects(2).await;
}

#[tokio::test]
async fn nobody_there_is_said_with_the_address() {
    let server = ModelServer::start();
    let (base_url, address) = (server.base_url(), server.address());
    drop(server);
    let (_, error) = collect(&model_at(&base_url, Duration::from_secs(5)), asking("hi")).await;
    let expected = ModelError::Unreachable {
        provider: Arc::from("mock"),
        host: address.to_string(),
        why: Unreachable::Refused,
    };
    assert_eq!(error, Some(expected));
}

#[tokio::test]
async fn a_connection_serves_turn_after_turn() {
    let server = ModelServer::builder().fallback(|_| Reply::text("a few words")).start();
    let model = model(&server);
    for _ in 0..5 {
        assert_eq!(collect(&model, asking("hi")).await.1, None);
        // The release of the connection runs on its own task.
        tokio::task::yield_now().await;
    }
    assert!(server.connections() <= 2, "{} connections for 5 turns", server.connections());
}

#[test]
fn endpoints_that_cannot_be_used_are_refused() {
    let rows = [
        ("api.openai.com/v1", EndpointError::NotHttp),
        ("ftp://host/v1", EndpointError::NotHttp),
        ("", EndpointError::NotHttp),
        ("https://user:secret@host/v1", EndpointError::Credentials),
    ];
    for (url, expected) in rows {
        assert_eq!(endpoint(url, None).err(), Some(expected), "{url}");
    }
    assert_eq!(endpoint("https://host/v1", Some("a\nb")).err(), Some(EndpointError::BadHeader));
    let slash = endpoint("https://host/v1/", None).unwrap();
    assert_eq!(slash.url().as_str(), "https://host/v1/chat/completions");
}

/// The model answers without what it does not know, and is not told it again.
#[tokio::test]
async fn an_effort_that_is_refused_is_left_out() {
    let refused = |param: &str| Reply::Status {
        code: 400,
        retry_after: None,
        body: serde_json::json!({"error": {"message": "Unsupported value", "type": "invalid_request_error",
            "param": param, "code": "unsupported_value"}})
        .to_string(),
    };
    let server = ModelServer::start();
    server.script([
        refused("reasoning_effort"),
        Reply::text("one"),
        Reply::text("two"),
        refused("temperature"),
    ]);
    let info = ModelInfo { reasoning: true, ..info() };
    let http = Arc::new(GuardedHttp::new(Duration::from_secs(5)));
    let endpoint = endpoint(&server.base_url(), Some(KEY)).unwrap();
    let model = RemoteChat::new(&Completions, info, endpoint, http, policy(Duration::from_secs(10)));
    let told = || crate::ModelRequest { thinking: Some(crate::ThinkingLevel::High), ..asking("hi") };
    for expected in ["one", "two"] {
        let (events, error) = collect(&model, told()).await;
        assert_eq!((said(&events).as_str(), error), (expected, None));
    }
    let efforts: Vec<_> =
        server.requests().iter().map(|request| request.body["reasoning_effort"].clone()).collect();
    assert_eq!(efforts, [serde_json::json!("high"), serde_json::Value::Null, serde_json::Value::Null]);
    let (_, error) = collect(&model, told()).await;
    assert!(matches!(error, Some(ModelError::BadRequest { .. })), "{error:?}");
    assert_eq!(server.requests().len(), 4);
}
