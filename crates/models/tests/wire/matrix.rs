//! Every provider with everything that can happen, over real HTTP. No cell is empty: the table is made of both lists.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use openclaw_models::{
    ChatModel as _, Malformed, ModelError, ModelEvent, ModelRequest, ThinkingLevel, WireApi,
};
use openclaw_protocol::message::Message;
use openclaw_testkit::model_server::{ModelServer, Reply, ScriptedCall};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::apis::{APIS, KEY, info, judge, model, path, run, sketch};

/// What happens.
#[derive(Debug, Clone, Copy)]
enum Case {
    Answer(Answer),
    Image,
    Thinking,
    Abort,
    Refused(Refused),
    Broken(Broken),
    Paced(Pace),
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Text,
    Tools,
    ParallelTools,
}

#[derive(Debug, Clone, Copy)]
enum Refused {
    Overflow,
    Key,
    Limited,
    Failed,
    Overloaded,
}

#[derive(Debug, Clone, Copy)]
enum Broken {
    Cut,
    CutInEvent,
    Malformed,
    ErrorInside,
}

#[derive(Debug, Clone, Copy)]
enum Pace {
    Slow,
    Duplicated,
}

const CASES: [Case; 17] = [
    Case::Answer(Answer::Text),
    Case::Answer(Answer::Tools),
    Case::Answer(Answer::ParallelTools),
    Case::Image,
    Case::Thinking,
    Case::Abort,
    Case::Refused(Refused::Overflow),
    Case::Refused(Refused::Key),
    Case::Refused(Refused::Limited),
    Case::Refused(Refused::Failed),
    Case::Refused(Refused::Overloaded),
    Case::Broken(Broken::Cut),
    Case::Broken(Broken::CutInEvent),
    Case::Broken(Broken::Malformed),
    Case::Broken(Broken::ErrorInside),
    Case::Paced(Pace::Slow),
    Case::Paced(Pace::Duplicated),
];

/// A cell's server and model.
struct Cell {
    api: WireApi,
    server: ModelServer,
}

impl Cell {
    fn base_url(&self) -> String {
        match self.api {
            WireApi::GoogleGenerativeAi => self.server.base_url().replace("/v1", "/v1beta"),
            WireApi::OpenAiCompletions
            | WireApi::OpenAiResponses
            | WireApi::AnthropicMessages
            | WireApi::GithubCopilot
            | WireApi::BedrockConverseStream
            | WireApi::OllamaChat
            | WireApi::Cli
            | WireApi::Offline => self.server.base_url(),
        }
    }

    async fn answer(&self, reply: Reply, request: ModelRequest) -> (Vec<String>, Option<ModelError>) {
        self.server.push(reply);
        let model = model(info(self.api), &self.base_url());
        let (events, error) = run(&model, request).await;
        let asked = self.server.requests().pop().unwrap();
        assert_eq!(judge(model.describe(), &asked.body), Ok(()), "{:#}", asked.body);
        assert_eq!(asked.path.split('?').next(), Some(path(self.api)));
        assert!(error.as_ref().is_none_or(|error| !format!("{error:?}").contains(KEY)));
        (sketch(&events), error)
    }

    fn malformed(&self, what: Malformed) -> Option<ModelError> {
        Some(ModelError::Malformed { provider: info(self.api).provider, what })
    }
}

fn request(messages: Value) -> ModelRequest {
    let messages: Vec<Message> = serde_json::from_value(messages).unwrap();
    ModelRequest { messages: messages.into_iter().map(Arc::new).collect(), ..ModelRequest::default() }
}

fn hello() -> ModelRequest {
    request(json!([{"role": "user", "content": "hello"}]))
}

fn call(id: &str) -> ScriptedCall {
    ScriptedCall { id: id.into(), name: "read".into(), arguments: r#"{"path":"ä"}"#.into() }
}

/// The stored id of a call: responses have two.
fn stored(api: WireApi, id: &str, output: usize) -> String {
    if api == WireApi::OpenAiResponses { format!("{id}|fc_mock{output}") } else { id.to_owned() }
}

/// The lines of one call in a sketch.
fn call_lines(api: WireApi, index: usize, id: &str, output: usize) -> Vec<String> {
    let mut lines = vec![format!("call {index}: read {} {{\"path\":\"ä\"}}", stored(api, id, output))];
    if api == WireApi::GoogleGenerativeAi {
        lines.push(format!("call {index} signed: bW9jaw=="));
    }
    lines
}

/// The lines of a text in a sketch: responses sign each message with its id.
fn text_lines(api: WireApi, text: &str, output: usize) -> Vec<String> {
    let mut lines = vec![format!("text: {text}")];
    if api == WireApi::OpenAiResponses {
        lines.push(format!("text signed: msg_mock{output}"));
    }
    lines
}

/// Bodies as the providers send them: overflow, a refused key, a rate limit, a failure, overload.
fn bodies(api: WireApi) -> [(u16, &'static str); 5] {
    match api {
        WireApi::AnthropicMessages => [
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 213462 tokens > 200000 maximum"}}"#,
            ),
            (
                401,
                r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key sk-canary-0123456789"}}"#,
            ),
            (
                429,
                r#"{"type":"error","error":{"type":"rate_limit_error","message":"Number of requests has exceeded your per-minute rate limit"}}"#,
            ),
            (500, r#"{"type":"error","error":{"type":"api_error","message":"Internal server error"}}"#),
            (529, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#),
        ],
        WireApi::GoogleGenerativeAi => [
            (
                400,
                r#"{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}"#,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}"#,
            ),
            (
                429,
                r#"{"error":{"code":429,"message":"You exceeded your current quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7s"}]}}"#,
            ),
            (
                500,
                r#"{"error":{"code":500,"message":"An internal error has occurred.","status":"INTERNAL"}}"#,
            ),
            (503, r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#),
        ],
        WireApi::OpenAiCompletions
        | WireApi::OpenAiResponses
        | WireApi::GithubCopilot
        | WireApi::BedrockConverseStream
        | WireApi::OllamaChat
        | WireApi::Cli
        | WireApi::Offline => [
            (
                400,
                r#"{"error":{"message":"Your input exceeds the context window of this model.","type":"invalid_request_error","param":"input","code":"context_length_exceeded"}}"#,
            ),
            (
                401,
                r#"{"error":{"message":"Incorrect API key provided: sk-canary-0123456789","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
            ),
            (
                429,
                r#"{"error":{"message":"Rate limit reached for gpt-5","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
            ),
            (
                500,
                r#"{"error":{"message":"The server had an error","type":"server_error","param":null,"code":"server_error"}}"#,
            ),
            (
                503,
                r#"{"error":{"message":"The engine is currently overloaded","type":"overloaded_error","param":null,"code":"server_is_overloaded"}}"#,
            ),
        ],
    }
}

async fn refused(cell: &Cell, row: usize) -> Option<ModelError> {
    let (code, body) = bodies(cell.api)[row];
    // Gemini says the delay in the body, the others in a header.
    let header = cell.api != WireApi::GoogleGenerativeAi && code == 429;
    let retry_after = header.then(|| "7".to_owned());
    let (lines, error) = cell.answer(Reply::Status { code, retry_after, body: body.into() }, hello()).await;
    assert!(lines.is_empty(), "{lines:?}");
    error
}

async fn refusals(cell: &Cell, refused_by: Refused) {
    let provider = info(cell.api).provider;
    let (row, expected) = match refused_by {
        Refused::Overflow => (0, ModelError::ContextOverflow { provider, model: info(cell.api).id }),
        Refused::Key => (1, ModelError::Auth { provider, status: bodies(cell.api)[1].0 }),
        Refused::Limited => {
            (2, ModelError::RateLimited { provider, retry_after: Some(Duration::from_secs(7)) })
        }
        Refused::Failed => (3, ModelError::Server { provider, status: 500 }),
        Refused::Overloaded => (4, ModelError::Overloaded { provider, retry_after: None }),
    };
    assert_eq!(refused(cell, row).await, Some(expected));
}

async fn answers(cell: &Cell, answer: Answer) {
    let api = cell.api;
    let done = |reason: &str| vec![format!("done: {reason}")];
    let (reply, expected) = match answer {
        Answer::Tools => {
            let reply = Reply::ToolCalls { text: "I read.".into(), calls: vec![call("call_1")] };
            (
                reply,
                [text_lines(api, "I read.", 0), call_lines(api, 0, "call_1", 1), done("ToolUse")].concat(),
            )
        }
        Answer::ParallelTools => {
            let reply = Reply::ToolCalls { text: String::new(), calls: vec![call("call_1"), call("call_2")] };
            let both = [call_lines(api, 0, "call_1", 0), call_lines(api, 1, "call_2", 1)].concat();
            (reply, [both, done("ToolUse")].concat())
        }
        Answer::Text => {
            (Reply::text("Grüße ☃ an alle"), [text_lines(api, "Grüße ☃ an alle", 0), done("Stop")].concat())
        }
    };
    let (lines, error) = cell.answer(reply, hello()).await;
    assert_eq!((lines, error), (expected, None));
}

/// The image goes out; the strict validator has seen the request.
async fn image(cell: &Cell) {
    let parts = json!([{"type": "text", "text": "What is this?"}, {"type": "image", "data": "QUJD", "mimeType": "image/png"}]);
    let request = request(json!([
        {"role": "user", "content": parts},
        {"role": "assistant", "content": [{"type": "toolCall", "id": "a", "name": "read", "arguments": {}}]},
        {"role": "toolResult", "toolCallId": "a", "toolName": "read",
            "content": [{"type": "image", "data": "REVG", "mimeType": "image/png"}]}
    ]));
    let (_, error) = cell.answer(Reply::text("A cat."), request).await;
    assert_eq!(error, None);
    let body = cell.server.requests().pop().unwrap().body.to_string();
    assert!(body.contains("QUJD") && body.contains("REVG"), "{body}");
}

/// What the model thought comes, is kept with its signature, and goes back in the next request.
async fn thinking(cell: &Cell) {
    let reply = Reply::Thinking {
        thought: "Let me think".into(),
        signature: "c2ln".into(),
        text: String::new(),
        calls: vec![call("call_1")],
    };
    let request = ModelRequest { thinking: Some(ThinkingLevel::High), ..hello() };
    let (lines, error) = cell.answer(reply, request).await;
    assert_eq!((error, lines[0].as_str()), (None, "thinking: Let me think"));
    let signature = lines[1].strip_prefix("signed: ").unwrap();
    let info = info(cell.api);
    let again = self::request(json!([
        {"role": "user", "content": "hello"},
        {"role": "assistant", "api": info.api.as_str(), "provider": info.provider.as_ref(), "model": info.id,
            "stopReason": "toolUse", "content": [
                {"type": "thinking", "thinking": "Let me think", "thinkingSignature": signature},
                {"type": "toolCall", "id": stored(cell.api, "call_1", 1), "name": "read", "arguments": {"path": "ä"}}]},
        {"role": "toolResult", "toolCallId": stored(cell.api, "call_1", 1), "toolName": "read", "content": []}
    ]));
    let again = ModelRequest { thinking: Some(ThinkingLevel::High), ..again };
    assert_eq!(cell.answer(Reply::text("Done."), again).await.1, None);
    let body = cell.server.requests().pop().unwrap().body.to_string();
    let carried = if cell.api == WireApi::OpenAiCompletions { "Let me think" } else { "c2ln" };
    assert!(body.contains(carried), "{body}");
}

async fn abort(cell: &Cell) {
    cell.server.push(Reply::Stall { after: vec!["Hel".into()] });
    let token = CancellationToken::new();
    let mut stream = model(info(cell.api), &cell.base_url()).stream(hello(), token.clone());
    assert_eq!(stream.next().await, Some(Ok(ModelEvent::TextDelta("Hel".into()))));
    token.cancel();
    assert_eq!(stream.next().await, Some(Err(ModelError::Aborted)));
    assert!(stream.next().await.is_none());
    cell.server.wait_disconnects(1).await;
}

async fn breaks(cell: &Cell, broken: Broken) {
    let after = vec!["Hel".to_owned(), "lo".to_owned()];
    let provider = info(cell.api).provider;
    let code = if cell.api == WireApi::GoogleGenerativeAi { "INTERNAL" } else { "server_error" };
    let code = if cell.api == WireApi::AnthropicMessages { "api_error" } else { code };
    let (reply, expected) = match broken {
        Broken::Malformed => (Reply::MalformedSse { after }, cell.malformed(Malformed::NotJson)),
        Broken::ErrorInside => {
            let reply = Reply::ErrorMidStream { after, code: code.into() };
            (reply, Some(ModelError::Server { provider, status: 200 }))
        }
        Broken::CutInEvent => {
            let body = Reply::text("Hello again").body(path(cell.api));
            // In the middle of the event with the second word.
            let at = body.windows(5).position(|bytes| bytes == b"again").unwrap();
            let (lines, error) = cell.answer(Reply::Cut { body, at }, hello()).await;
            assert_eq!(
                (lines, error),
                (vec!["text: Hello ".to_owned()], cell.malformed(Malformed::EndedEarly))
            );
            return;
        }
        Broken::Cut => (Reply::DropMidStream { after }, cell.malformed(Malformed::EndedEarly)),
    };
    let (lines, error) = cell.answer(reply, hello()).await;
    assert_eq!((lines, error), (vec!["text: Hello".to_owned()], expected));
}

/// A body that comes in small pieces, or whole and then once more.
async fn odd_pace(cell: &Cell, pace: Pace) {
    let body = Reply::text("Grüße ☃").body(path(cell.api));
    let reply = match pace {
        Pace::Slow => Reply::InPieces { body, size: 3 },
        Pace::Duplicated => Reply::Prebuilt([body.as_ref(), body.as_ref()].concat().into()),
    };
    let (lines, error) = cell.answer(reply, hello()).await;
    let expected = [text_lines(cell.api, "Grüße ☃", 0), vec!["done: Stop".to_owned()]].concat();
    assert_eq!((lines, error), (expected, None));
}

#[tokio::test]
async fn no_cell_is_empty() {
    let mut cells = 0;
    for api in APIS {
        for case in CASES {
            let cell = Cell { api, server: ModelServer::builder().require_key(KEY).start() };
            match case {
                Case::Answer(answer) => answers(&cell, answer).await,
                Case::Image => image(&cell).await,
                Case::Thinking => thinking(&cell).await,
                Case::Abort => abort(&cell).await,
                Case::Refused(refused_by) => refusals(&cell, refused_by).await,
                Case::Broken(broken) => breaks(&cell, broken).await,
                Case::Paced(pace) => odd_pace(&cell, pace).await,
            }
            assert!(!cell.server.requests().is_empty(), "{api:?} {case:?} asked nobody");
            cells += 1;
        }
    }
    assert_eq!(cells, 68);
}
