//! What was recorded is what is played, without the secrets, and damage is told.

mod priced;
mod secrets;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use openclaw_guard::{Hiding, Redactor, Secret};
use openclaw_protocol::message::{
    Content, KnownPart, Message, Part, StopReason, ToolResultMessage, Usage, UserMessage,
};
use openclaw_testkit::model_server::{ModelServer, Reply};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    End, Exchange, ExchangeSink, Frame, Player, RecordedRequest, Recorder, Remark, Script, Speed, Taken,
    TakenFrom, WireFrames, Writer, first_difference, read,
};
use crate::catalog::{
    Catalog, CatalogError, Choice, Environment, Keyed, ModelEntry, Patience, ProviderEntry, Providers,
};
use crate::cli::CliFault;
use crate::contract::{asking, collect, keeps_its_promises};
use crate::{
    ChatModel, Malformed, ModelError, ModelEvent, ModelInfo, ModelRequest, ThinkingLevel, TimeoutKind,
    ToolDefinition, Unreachable, WireApi,
};

const KEY: &str = "canary-0123456789";

/// Keeps what it is given.
#[derive(Default)]
struct Kept(Mutex<Vec<Taken>>);

impl ExchangeSink for Kept {
    fn take(&self, taken: Taken) {
        self.0.lock().unwrap().push(taken);
    }
}

impl Kept {
    fn exchanges(&self, redactor: &Redactor) -> Vec<Exchange> {
        self.0.lock().unwrap().drain(..).map(|taken| taken.exchange(redactor)).collect()
    }
}

/// Says what it is told to, with a pause before each event.
struct Says(ModelInfo, Vec<Result<ModelEvent, ModelError>>);

impl Says {
    fn new(items: Vec<Result<ModelEvent, ModelError>>) -> Arc<Self> {
        Arc::new(Self(ModelInfo::new("p", "m", WireApi::OpenAiCompletions), items))
    }
}

impl ChatModel for Says {
    fn describe(&self) -> &ModelInfo {
        &self.0
    }

    fn stream(
        &self,
        _: ModelRequest,
        _: CancellationToken,
    ) -> BoxStream<'static, Result<ModelEvent, ModelError>> {
        let paused = stream::iter(self.1.clone()).then(|item| async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            item
        });
        paused.boxed()
    }
}

fn plain() -> Redactor {
    Redactor::new(&[], Hiding::Shapes { patterns: Vec::new() })
}

fn knowing() -> Redactor {
    Redactor::new(&[Secret::new(KEY.into())], Hiding::Shapes { patterns: Vec::new() })
}

/// Records one call and returns the text of the file.
async fn recorded(items: Vec<Result<ModelEvent, ModelError>>, request: ModelRequest) -> Vec<Exchange> {
    let kept = Arc::new(Kept::default());
    let recorder = Recorder::new(Says::new(items), TakenFrom::turn("t"), kept.clone(), WireFrames::Left);
    collect(&recorder, request).await;
    kept.exchanges(&knowing())
}

fn written(exchanges: Vec<Exchange>) -> String {
    let mut writer = Writer::default();
    let mut file = String::new();
    for exchange in exchanges {
        let line = writer.line(&exchange).unwrap();
        file.push_str(line.text());
        writer.wrote(line);
    }
    file
}

fn text(delta: &str) -> Result<ModelEvent, ModelError> {
    Ok(ModelEvent::TextDelta(delta.into()))
}

fn done() -> Result<ModelEvent, ModelError> {
    Ok(ModelEvent::Done(StopReason::Stop))
}

fn any_event() -> impl Strategy<Value = ModelEvent> {
    let words = || "[ -~é\n\"\\\\]{0,8}";
    prop_oneof![
        words().prop_map(ModelEvent::TextDelta),
        words().prop_map(ModelEvent::ThinkingDelta),
        words().prop_map(ModelEvent::ThinkingSignature),
        words().prop_map(ModelEvent::RedactedThinking),
        words().prop_map(ModelEvent::TextSignature),
        (0..3usize, words(), words()).prop_map(|(index, id, name)| ModelEvent::ToolCallStart {
            index,
            id,
            name
        }),
        (0..3usize, words()).prop_map(|(index, delta)| ModelEvent::ToolCallArguments { index, delta }),
        (0..3usize, words())
            .prop_map(|(index, signature)| ModelEvent::ToolCallSignature { index, signature }),
        (0..9999u64, 0..9999u64).prop_map(|(input, output)| {
            ModelEvent::Usage(Usage { input, output, total_tokens: input + output, ..Usage::default() })
        }),
    ]
}

fn any_end() -> impl Strategy<Value = Result<ModelEvent, ModelError>> {
    let p = || Arc::from("p");
    let errors = vec![
        ModelError::Auth { provider: p(), status: 403 },
        ModelError::RateLimited { provider: p(), retry_after: Some(Duration::from_millis(1500)) },
        ModelError::RateLimited { provider: p(), retry_after: None },
        ModelError::Overloaded { provider: p(), retry_after: None },
        ModelError::Billing { provider: p() },
        ModelError::ContextOverflow { provider: p(), model: "m".into() },
        ModelError::ModelNotFound { provider: p(), model: "m".into() },
        ModelError::Timeout { provider: p(), kind: TimeoutKind::Idle, after: Duration::from_secs(60) },
        ModelError::Unreachable { provider: p(), host: "h:1".into(), why: Unreachable::Tls },
        ModelError::Server { provider: p(), status: 500 },
        ModelError::Redirected { provider: p(), status: 302 },
        ModelError::BadRequest { provider: p(), status: 400, message: "no".into() },
        ModelError::Filtered { provider: p() },
        ModelError::Malformed { provider: p(), what: Malformed::EndedEarly },
        ModelError::Program {
            provider: p(),
            command: "claude".into(),
            fault: CliFault::Failed { code: Some(2), said: "no".into() },
        },
        ModelError::Program {
            provider: p(),
            command: "claude".into(),
            fault: CliFault::TooLong { after: Duration::from_secs(9) },
        },
    ];
    let reasons = vec![StopReason::Stop, StopReason::Length, StopReason::ToolUse];
    prop_oneof![
        prop::sample::select(errors).prop_map(Err),
        prop::sample::select(reasons).prop_map(|reason| Ok(ModelEvent::Done(reason))),
    ]
}

proptest! {
    /// Nothing is hidden here: a redactor that knows no secret and no shapes.
    #[test]
    fn what_was_recorded_is_played(events in prop::collection::vec(any_event(), 0..12), end in any_end()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let items: Vec<_> = events.into_iter().map(Ok).chain([end]).collect();
            let kept = Arc::new(Kept::default());
            let recorder = Recorder::new(Says::new(items.clone()), TakenFrom::turn("t"), kept.clone(), WireFrames::Left);
            let heard: Vec<_> = recorder.stream(asking("hi"), CancellationToken::new()).collect().await;
            prop_assert_eq!(&heard, &items, "the recorder changes nothing");
            let nothing = Redactor::new(&[], Hiding::KnownOnly);
            let file = written(kept.exchanges(&nothing));
            let recording = read(file.as_bytes());
            prop_assert_eq!(&recording.remarks, &[]);
            let script = Arc::new(Script::new(recording.exchanges.into(), Arc::new(nothing), Speed::AtOnce));
            let player = Player::next(&script).unwrap();
            let played: Vec<_> = player.stream(asking("hi"), CancellationToken::new()).collect().await;
            prop_assert_eq!(played, items);
            prop_assert_eq!(script.differences(), []);
            Ok(())
        })?;
    }

    /// However a secret is cut by the pieces of an answer, nobody who puts them together finds it.
    #[test]
    fn a_secret_that_comes_in_pieces_is_not_in_the_file(cuts in prop::collection::vec(1..KEY.len(), 0..4)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut cuts = cuts;
            cuts.sort_unstable();
            cuts.push(KEY.len());
            let (mut items, mut from) = (vec![text("the key is ")], 0);
            for cut in cuts {
                items.push(text(&KEY[from..cut]));
                items.push(Ok(ModelEvent::ThinkingDelta(KEY[from..cut].into())));
                items.push(Ok(ModelEvent::ToolCallArguments { index: 0, delta: KEY[from..cut].into() }));
                from = cut;
            }
            items.push(done());
            let exchanges = recorded(items, asking("hi")).await;
            let mut said = [String::new(), String::new(), String::new()];
            for (_, event) in &exchanges[0].events {
                if let ModelEvent::TextDelta(delta) = event {
                    said[0].push_str(delta);
                } else if let ModelEvent::ThinkingDelta(delta) = event {
                    said[1].push_str(delta);
                } else if let ModelEvent::ToolCallArguments { delta, .. } = event {
                    said[2].push_str(delta);
                }
            }
            prop_assert_eq!(said, ["the key is ***".to_owned(), "***".into(), "***".into()]);
            Ok(())
        })?;
    }
}

/// A request with a secret wherever one can stand.
fn planted() -> ModelRequest {
    let shaped = "sk-aaaabbbbccccddddeeeeffff";
    let result = ToolResultMessage {
        tool_call_id: KEY.into(),
        tool_name: KEY.into(),
        content: vec![
            Part::text(format!("password: {shaped}")),
            Part::Other(json!({KEY: [KEY, {"token": "short"}]})),
        ],
        details: Some(json!({"apiKey": "plain"})),
        is_error: false,
        timestamp: 0,
    };
    let image = Part::Known(KnownPart::Image { data: "A".repeat(4000), mime_type: "image/png".into() });
    let user = UserMessage { content: Content::Parts(vec![Part::text(KEY), image]), timestamp: 1 };
    let tool = ToolDefinition {
        name: "t".into(),
        description: format!("knows {KEY}"),
        parameters: json!({"default": KEY}),
    };
    ModelRequest {
        system: Arc::from(format!("never say {KEY}")),
        messages: vec![Arc::new(Message::User(user)), Arc::new(Message::ToolResult(result))],
        tools: Arc::from([tool]),
        thinking: Some(ThinkingLevel::XHigh),
        ..ModelRequest::default()
    }
}

#[tokio::test(start_paused = true)]
async fn secrets_and_large_images_are_not_in_the_file() {
    let error =
        ModelError::BadRequest { provider: Arc::from("p"), status: 400, message: format!("bad {KEY}") };
    let items = vec![
        Ok(ModelEvent::ToolCallStart { index: 0, id: KEY.into(), name: "t".into() }),
        Ok(ModelEvent::ThinkingSignature(KEY.into())),
        Err(error),
    ];
    let exchanges = recorded(items, planted()).await;
    let message = |then: &Exchange| {
        let End::Failed(fault) = &then.end else { panic!("{:?}", then.end) };
        fault.error().plain_words()
    };
    assert!(message(&exchanges[0]).ends_with("bad ***"), "{}", message(&exchanges[0]));
    let file = written(exchanges);
    for secret in [KEY, "aaaabbbbccccddddeeee", "short", "plain", "AAAAAAAA"] {
        assert!(!file.contains(secret), "{secret} is in {file}");
    }
    assert!(file.contains("sha256:") && file.contains("xhigh"), "{file}");
    // And what is asked today is the same: it is compared without its secrets.
    let then = &read(file.as_bytes()).exchanges[0].request;
    assert_eq!(first_difference(then, &RecordedRequest::of(&planted(), &knowing()), &knowing()), None);
    assert_eq!(then.request().thinking, Some(ThinkingLevel::XHigh));
}

#[tokio::test(start_paused = true)]
async fn a_stopped_call_is_recorded_as_far_as_it_came_and_stops_again() {
    let kept = Arc::new(Kept::default());
    let says = Says::new(vec![text("a"), text("b"), done()]);
    let recorder = Recorder::new(says, TakenFrom::turn("t"), kept.clone(), WireFrames::Left);
    let mut stream = recorder.stream(asking("hi"), CancellationToken::new());
    assert_eq!(stream.next().await, Some(text("a")));
    drop(stream);
    let exchanges = kept.exchanges(&plain());
    assert_eq!((exchanges[0].events.len(), &exchanges[0].end), (1, &End::Stopped));

    let script = Arc::new(Script::new(exchanges.clone().into(), Arc::new(plain()), Speed::AtOnce));
    let abort = CancellationToken::new();
    let mut played = Player::next(&script).unwrap().stream(asking("hi"), abort.clone());
    assert_eq!(played.next().await, Some(text("a")));
    let stopped = script.stopped().clone();
    tokio::spawn(async move {
        stopped.cancelled().await;
        abort.cancel();
    });
    assert_eq!(played.next().await, Some(Err(ModelError::Aborted)));

    // One that was given up for another model has timed out.
    let two = vec![exchanges[0].clone(), exchanges[0].clone()];
    let script = Arc::new(Script::new(two.into(), Arc::new(plain()), Speed::AtOnce));
    let (_, error) = collect(&Player::next(&script).unwrap(), asking("hi")).await;
    assert!(matches!(error, Some(ModelError::Timeout { kind: TimeoutKind::FirstByte, .. })), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_player_keeps_the_promises_of_a_model_and_says_when_it_is_over() {
    let mut exchanges = recorded(vec![text("hello "), text("you"), done()], asking("hello")).await;
    exchanges.extend([exchanges[0].clone(), exchanges[0].clone()]);
    let script = Arc::new(Script::new(exchanges.into(), Arc::new(plain()), Speed::Original));
    let player = Player::next(&script).unwrap();
    let began = tokio::time::Instant::now();
    keeps_its_promises(&player).await;
    assert!(began.elapsed() >= Duration::from_millis(10), "as slowly as then");
    assert_eq!(script.differences(), []);
    let (events, error) = collect(&player, asking("hello")).await;
    assert_eq!(events, []);
    let over = CatalogError::RecordingOver { reference: "p/m".into() };
    assert_eq!(error, Some(ModelError::Unavailable(over)));
    assert!(Player::next(&script).is_none());
    assert_eq!((script.asked(), script.exchanges().len()), (4, 3), "one call too many is counted");
    assert!(error.unwrap().plain_words().contains("no further answer of p/m"));
}

#[tokio::test(start_paused = true)]
async fn where_the_question_differs_is_said() {
    let ask = |words: &str, timestamp| {
        let user = UserMessage { content: Content::Text(words.into()), timestamp };
        ModelRequest {
            system: Arc::from("be kind"),
            messages: vec![Arc::new(Message::User(user))],
            ..ModelRequest::default()
        }
    };
    let exchanges = recorded(vec![text("ok"), done()], ask("what about the boat?", 1)).await;
    let place = |request: ModelRequest| {
        let now = RecordedRequest::of(&request, &plain());
        first_difference(&exchanges[0].request, &now, &plain())
    };
    assert_eq!(place(ask("what about the boat?", 99)), None, "time does not count");
    let words = place(ask("what about the goat?", 1)).unwrap();
    assert_eq!(words.place, "messages[0].content");
    assert!(words.then.contains("boat") && words.now.contains("goat"), "{words}");
    let system = ModelRequest { system: Arc::from("be brief"), ..ask("what about the boat?", 1) };
    assert_eq!(place(system).unwrap().place, "system");
    let limit = ModelRequest { max_tokens: Some(5), ..ask("what about the boat?", 1) };
    assert_eq!(place(limit).unwrap().place, "maxTokens");
    let longer = ModelRequest { messages: Vec::new(), ..ask("", 1) };
    let count = place(longer).unwrap();
    assert_eq!(
        (count.place.as_str(), count.then.as_str(), count.now.as_str()),
        ("messages", "1 of them", "0 of them")
    );
}

#[tokio::test(start_paused = true)]
async fn damage_is_told_and_the_rest_is_read() {
    let mut request = asking("one");
    let mut exchanges = Vec::new();
    for words in ["one", "two", "three"] {
        request.messages.push(asking(words).messages[0].clone());
        exchanges.extend(recorded(vec![text(words), done()], request.clone()).await);
    }
    let file = written(exchanges.clone());
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!(read(file.as_bytes()).exchanges, exchanges, "later lines hold only what is new");
    assert!(!lines[2].contains("\"one\""), "{}", lines[2]);

    let torn = &file[..file.len() - 20];
    let recording = read(torn.as_bytes());
    assert_eq!((recording.exchanges.len(), recording.remarks), (2, vec![Remark::Torn { line: 3 }]));
    assert!(Remark::Torn { line: 3 }.to_string().contains("line 3, the last one, ends in the middle"));

    let newer = file.replacen("\"v\":1", "\"v\":7", 1);
    let recording = read(newer.as_bytes());
    assert_eq!(recording.exchanges.len(), 0, "they go on from one that cannot be read");
    assert_eq!(
        recording.remarks,
        [
            Remark::OtherVersion { line: 1, version: 7 },
            Remark::DoesNotFit { line: 2 },
            Remark::DoesNotFit { line: 3 }
        ]
    );
    assert!(recording.remarks[0].to_string().contains("version 7"));

    // A line after a damaged one stands alone when the writer was told to forget.
    let mut writer = Writer::default();
    let first = writer.line(&exchanges[0]).unwrap();
    let torn = first.text()[..40].to_owned();
    writer.wrote(first);
    writer.forget();
    let second = writer.line(&exchanges[1]).unwrap();
    let mended = format!("{torn}\n{}", second.text());
    let recording = read(mended.as_bytes());
    assert_eq!(recording.exchanges, [Exchange { lost: 1, ..exchanges[1].clone() }]);
    assert!(matches!(recording.remarks[..], [Remark::Damaged { line: 1, .. }]));

    let changed = file.replacen("\"two\"", "\"owt\"", 1);
    assert!(read(changed.as_bytes()).remarks.contains(&Remark::DoesNotFit { line: 2 }));
    assert_eq!(read(b"").exchanges, []);
}

/// A model of the catalog.
fn connected(server: &ModelServer, query: &str) -> Arc<dyn ChatModel> {
    let mut provider = ProviderEntry::new("mock", &format!("{}{query}", server.base_url()));
    provider.api = Some(WireApi::OpenAiCompletions);
    provider.api_key = Some(Secret::new(KEY.into()));
    provider.models = vec![ModelEntry::new("m")];
    let providers =
        Providers { model: Choice::only("mock/m"), entries: vec![provider], ..Providers::default() };
    let catalog = Catalog::new(providers, Environment::default());
    let (found, _) = catalog.find("mock/m").unwrap();
    let keys = catalog.keys(catalog.entry("mock").unwrap());
    catalog.connect_with(&found, Keyed::With(&keys[0]), Patience::Alone).unwrap()
}

/// The same behind a recorder that keeps what goes over the wire.
fn on_the_wire(server: &ModelServer, query: &str) -> (Recorder, Arc<Kept>) {
    let model = connected(server, query);
    let kept = Arc::new(Kept::default());
    (Recorder::new(model, TakenFrom::turn("t"), kept.clone(), WireFrames::Kept), kept)
}

#[tokio::test]
async fn frames_of_the_wire_have_no_headers_and_no_key() {
    let server = ModelServer::start();
    server.script([
        Reply::Text { chunks: vec!["can".into(), "ary-0123456789".into()], delay: Duration::ZERO },
        Reply::text("fine"),
        Reply::Status {
            code: 401,
            retry_after: None,
            body: json!({"error": {"message": format!("bad {KEY}")}}).to_string(),
        },
    ]);
    let (recorder, kept) = on_the_wire(&server, "");
    collect(&recorder, asking(KEY)).await;
    collect(&recorder, asking("hello")).await;
    let (_, error) = collect(&recorder, asking("hello")).await;
    assert!(matches!(error, Some(ModelError::Auth { status: 401, .. })), "{error:?}");
    assert_eq!(server.requests()[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));

    let exchanges = kept.exchanges(&knowing());
    let calls: Vec<u32> = exchanges.iter().map(|exchange| exchange.call).collect();
    assert_eq!(calls, [0, 1, 2]);
    let wires: Vec<_> = exchanges.iter().map(|exchange| exchange.wire.clone().unwrap()).collect();
    assert!(wires[0].withheld, "the frames spell it out");
    let kinds = |frames: &[(u64, Frame)]| -> String {
        frames
            .iter()
            .map(|(_, frame)| match frame {
                Frame::Asked { .. } => 'q',
                Frame::Answered { .. } => 'a',
                Frame::Piece(_) => 'p',
            })
            .collect()
    };
    assert_eq!(kinds(&wires[0].frames), "qa");
    assert!(kinds(&wires[1].frames).starts_with("qap"), "{:?}", wires[1].frames);
    assert!(kinds(&wires[2].frames).starts_with("qap"), "{:?}", wires[2].frames);
    let body = wires[1].frames.iter().map(|(_, frame)| format!("{frame:?}")).collect::<String>();
    assert!(body.contains("fine") && body.contains("text/event-stream") && body.contains("hello"), "{body}");
    let file = written(exchanges);
    assert!(!file.contains(KEY) && !file.contains("Bearer") && !file.contains("ary-0123456789"), "{file}");
    let again: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(again[2]["end"]["failed"]["kind"], json!({"auth": {"status": 401}}));
    assert_eq!(read(file.as_bytes()).exchanges[1].wire.as_ref(), Some(&wires[1]));
}
