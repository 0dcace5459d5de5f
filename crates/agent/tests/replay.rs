//! Turns that were recorded are run again as they were, and what differs is named.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at once when something is not as it should be"
)]

mod world;

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openclaw_agent::exchanges::{ExchangeLog, Extent, FOLDER, Hider, Rest, SessionRecording, read_session};
use openclaw_agent::replay::{
    Compared, Ended, Missing, Replay, Speed, TurnReplay, scratch_history, turns_of,
};
use openclaw_agent::turn::{AbortReason, Outcome};
use openclaw_agent::{Job, TranscriptFate};
use openclaw_guard::{Hiding, Redactor, Secret, write_atomic};
use openclaw_models::catalog::{Catalog, Choice, Environment, ModelEntry, ProviderEntry, Providers};
use openclaw_models::cli::{CliBackend, CliSettings, Origin, Output};
use openclaw_models::replay::{End, Exchange, WireFrames};
use openclaw_models::{InputKind, ModelEvent, Prices, WireApi};
use openclaw_protocol::message::{AssistantMessage, KnownPart, Message, Part, StopReason, Usage};
use openclaw_store::{HistoryItem, SessionId};
use openclaw_testkit::model_server::{ModelServer, Reply};
use openclaw_tools::{Exec, Toolbox, ToolboxOptions};
use serde_json::json;

use world::{World, key_of, replied, world};

const KEY: &str = "agent:main:x";

fn redactor(more: &[Secret]) -> Redactor {
    let mut secrets = more.to_vec();
    secrets.push(Secret::new("canary-0123".into()));
    Redactor::new(&secrets, Hiding::Shapes { patterns: Vec::new() })
}

/// A world whose model calls are recorded.
fn recorded() -> World {
    let mut world = world(&[]);
    let folder = world.dir.path().join(FOLDER);
    let extent = Extent { frames: WireFrames::Kept, max_bytes: 1 << 24 };
    let runtime = Arc::get_mut(&mut world.runtime).unwrap();
    let hider = Hider::new(Arc::clone(&runtime.auth), Box::new(redactor));
    runtime.toolbox = Arc::new(Toolbox::new(ToolboxOptions { exec: Exec::On, ..ToolboxOptions::default() }));
    runtime.settings.recording = Some(Arc::new(ExchangeLog::new(folder, extent, hider, &Arc::default())));
    world
}

impl World {
    fn session(&self) -> (SessionId, PathBuf) {
        let entry = self.runtime.sessions.get(KEY).unwrap();
        (entry.session_id(), self.runtime.sessions_dir.join(entry.transcript_file_name()))
    }

    /// What is recorded, when so many calls are.
    async fn recording(&self, calls: usize) -> SessionRecording {
        let read = || read_session(&self.dir.path().join(FOLDER), &self.session().0).unwrap();
        let all = async {
            while read().exchanges.len() < calls {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), all).await.unwrap();
        read()
    }

    async fn replay(&self, calls: usize) -> Vec<TurnReplay> {
        let recording = self.recording(calls).await;
        assert_eq!(recording.remarks, []);
        let (id, transcript) = self.session();
        let before = std::fs::read(&transcript).unwrap();
        let history = scratch_history(&transcript, &id, self.clock.clone()).unwrap();
        let replay =
            Replay { history, redactor: Arc::new(redactor(&[])), speed: Speed::AtOnce, context_tokens: None };
        let turns = turns_of(recording.exchanges, recording.rest);
        let mut played = Vec::new();
        for at in 0..turns.len() {
            played.push(replay.turn(&turns, at).await.unwrap());
        }
        assert_eq!(std::fs::read(&transcript).unwrap(), before, "the session is not touched");
        played
    }
}

fn same(turns: &[TurnReplay]) {
    for turn in turns {
        assert_eq!(turn.differences, [], "turn {}", turn.number);
        assert!(turn.is_run());
    }
}

#[tokio::test]
async fn turns_with_tools_and_secrets_are_the_same_again_and_no_tool_runs() {
    let mut world = recorded();
    world.server.script([
        Reply::tool_call("write", &json!({"path": "plan.md", "content": "password=canary-0123\n"})),
        Reply::tool_call("read", &json!({"path": "plan.md"})),
        Reply::text("written: canary-0123"),
        Reply::text("you are welcome"),
    ]);
    let lanes = world.lanes(1);
    assert_eq!(world.turn(&lanes, KEY, "keep canary-0123").await, replied("written: canary-0123"));
    assert_eq!(world.turn(&lanes, KEY, "thanks").await, replied("you are welcome"));
    let plan = world.dir.path().join("workspace/plan.md");
    std::fs::remove_file(&plan).unwrap();
    let turns = world.replay(4).await;
    same(&turns);
    assert!(!plan.exists(), "no tool ran");
    assert_eq!(turns.iter().map(|turn| turn.calls.len()).collect::<Vec<_>>(), [3, 1]);
    assert_eq!((turns[0].outcome, turns[0].answer.as_str()), (Ended::Replied, "written: ***"));
    assert_eq!((turns[0].tools.len(), turns[0].calls[0].tool_calls[0].name.as_str()), (2, "write"));
    assert!(turns[0].said.contains("keep ***") && turns[0].remarks.is_empty(), "{:?}", turns[0]);
    assert!(turns[1].calls[0].usage.is_some() && turns[1].calls[0].messages == 7, "{:?}", turns[1]);
    let file = std::fs::read_to_string(&world.recording(4).await.files[0]).unwrap();
    assert!(!file.contains("canary") && file.contains("/chat/completions"), "{file}");
}

#[tokio::test]
async fn failed_and_stopped_turns_end_as_they_did() {
    let mut world = recorded();
    world.server.script([
        Reply::context_overflow(),
        Reply::text("back again"),
        Reply::EndEarly { after: vec!["half an ans".into()] },
        Reply::Text { chunks: vec!["one".into(), "two".into()], delay: Duration::from_secs(600) },
        Reply::text("fine"),
    ]);
    let lanes = world.lanes(1);
    assert!(matches!(world.turn(&lanes, KEY, "a").await, Outcome::Failed(_)));
    assert_eq!(world.turn(&lanes, KEY, "b").await, replied("back again"));
    assert!(matches!(world.turn(&lanes, KEY, "c").await, Outcome::Failed(_)));
    let (job, abort) = world.job("d", "d");
    lanes.submit(&world.runtime, &key_of(KEY), job).unwrap();
    world.server.wait_requests(4).await;
    abort.abort(AbortReason::Rpc);
    assert!(matches!(world.end().await.1, Outcome::Aborted { .. }));
    assert_eq!(world.turn(&lanes, KEY, "e").await, replied("fine"));
    let turns = world.replay(5).await;
    same(&turns);
    let outcomes: Vec<Ended> = turns.iter().map(|turn| turn.outcome).collect();
    assert_eq!(outcomes, [Ended::Failed, Ended::Replied, Ended::Failed, Ended::Stopped, Ended::Replied]);
    assert!(turns[0].answer.contains("too long") && turns[0].calls[0].error.is_some(), "{:?}", turns[0]);
}

#[tokio::test]
async fn a_turn_that_is_stopped_in_a_tool_or_by_its_time_limit_stops_there_again() {
    let mut world = recorded();
    world.server.script([
        Reply::tool_call("exec", &json!({"command": "echo > begun; sleep 600"})),
        Reply::Silent,
        Reply::text("fine"),
    ]);
    let lanes = world.lanes(1);
    let (job, abort) = world.job("a", "a");
    lanes.submit(&world.runtime, &key_of(KEY), job).unwrap();
    let begun = world.dir.path().join("workspace/begun");
    let begin = async {
        while !begun.exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), begin).await.unwrap();
    abort.abort(AbortReason::StopWord);
    assert!(matches!(world.end().await.1, Outcome::Aborted { .. }));
    let (job, _) = world.job("b", "b");
    let Job::Turn(mut job) = job else { panic!("a turn") };
    job.timeout = Some(Duration::from_millis(50));
    lanes.submit(&world.runtime, &key_of(KEY), Job::Turn(job)).unwrap();
    assert!(matches!(world.end().await.1, Outcome::Failed(_)));
    assert_eq!(world.turn(&lanes, KEY, "c").await, replied("fine"));
    let turns = world.replay(3).await;
    same(&turns);
    let outcomes: Vec<Ended> = turns.iter().map(|turn| turn.outcome).collect();
    assert_eq!(outcomes, [Ended::Stopped, Ended::Stopped, Ended::Replied]);
    assert!(turns[0].tools[0].is_error && turns[0].tools[0].name == "exec", "{:?}", turns[0]);
}

#[tokio::test]
async fn a_changed_answer_a_changed_transcript_and_a_lost_one_are_told() {
    let mut world = recorded();
    world.server.script([
        Reply::tool_call("write", &json!({"path": "a.md", "content": "x"})),
        Reply::text("it is done"),
        Reply::text("gladly"),
    ]);
    let lanes = world.lanes(1);
    world.turn(&lanes, KEY, "write it").await;
    world.turn(&lanes, KEY, "thanks").await;
    same(&world.replay(3).await);
    let path = world.recording(3).await.files[0].clone();
    let then = std::fs::read_to_string(&path).unwrap();

    // Another answer: the first place is the one that the user sees.
    write_atomic(&path, then.replace(r#"{"textDelta":"gladly"}"#, r#"{"textDelta":"never"}"#).as_bytes())
        .unwrap();
    let turns = world.replay(3).await;
    same(&turns[..1]);
    let [difference] = &turns[1].differences[..] else { panic!("{:?}", turns[1]) };
    assert_eq!(difference.place, "answer 1.content[0].text");
    assert_eq!((difference.then.as_str(), difference.now.as_str()), ("\"gladly\"", "\"never\""));

    // Another tool call: there is no result of it.
    write_atomic(&path, then.replacen(r#""name":"write"}"#, r#""name":"exec"}"#, 1).as_bytes()).unwrap();
    let turns = world.replay(3).await;
    assert!(turns[0].differences.iter().any(|difference| difference.place == "tool exec"), "{:?}", turns[0]);
    write_atomic(&path, then.as_bytes()).unwrap();

    // Somebody changed what was said: the request is not the one that was sent.
    let (_, transcript) = world.session();
    let said = std::fs::read_to_string(&transcript).unwrap();
    write_atomic(&transcript, said.replacen("it is done", "it is DONE", 1).as_bytes()).unwrap();
    let turns = world.replay(3).await;
    assert_eq!(turns[0].differences[0].place, "answer 3.content[0].text");
    let place = &turns[1].differences[0];
    assert!(place.place.starts_with("request 1: messages["), "{place}");
    assert!(place.then.contains("it is done") && place.now.contains("it is DONE"), "{place}");

    // Without the transcript the recording stands for itself.
    let recording = world.recording(3).await;
    let replay = Replay {
        history: None,
        redactor: Arc::new(redactor(&[])),
        speed: Speed::AtOnce,
        context_tokens: None,
    };
    let turns = turns_of(recording.exchanges.clone(), Rest::Nothing);
    let turn = replay.turn(&turns, 0).await.unwrap();
    same(std::slice::from_ref(&turn));
    assert!(turn.remarks[0].contains("no transcript"), "{:?}", turn.remarks);
    // A turn whose beginning was rotated away is not run.
    let turns = turns_of(recording.exchanges.into_iter().skip(1).collect(), Rest::Nothing);
    let turn = replay.turn(&turns, 0).await.unwrap();
    assert!(!turn.is_run() && turn.remarks.iter().any(|words| words.contains("beginning")), "{turn:?}");
}

impl World {
    /// What the turns are run again from.
    fn replaying(&self) -> Replay {
        let (id, transcript) = self.session();
        let history = scratch_history(&transcript, &id, self.clock.clone()).unwrap();
        Replay { history, redactor: Arc::new(redactor(&[])), speed: Speed::AtOnce, context_tokens: None }
    }

    /// Asks other models from now on.
    fn ask_others(&mut self, change: impl FnOnce(&mut ProviderEntry, &mut Providers)) {
        let mut provider = ProviderEntry::new("mock", &self.server.base_url());
        provider.api = Some(WireApi::OpenAiCompletions);
        provider.models = vec![ModelEntry::new("m")];
        let mut providers = Providers { model: Choice::only("mock/m"), ..Providers::default() };
        change(&mut provider, &mut providers);
        providers.entries.insert(0, provider);
        let runtime = Arc::get_mut(&mut self.runtime).unwrap();
        runtime.models = Arc::new(Catalog::new(providers, Environment::default()));
    }
}

async fn first(replay: &Replay, exchanges: &[Exchange], rest: Rest) -> TurnReplay {
    replay.turn(&turns_of(exchanges.to_vec(), rest), 0).await.unwrap()
}

#[tokio::test]
async fn answers_with_costs_are_the_same_again_however_many_digits_they_have() {
    let mut world = recorded();
    world.ask_others(|provider, _| {
        provider.models[0].prices = Prices { input: 0.15, output: 0.6, cache_read: 0.0375, cache_write: 0.3 };
    });
    let long = "so many words that they cost something ".repeat(7);
    for number in 0..4 {
        world.server.script([
            Reply::tool_call("write", &json!({"path": "a.md", "content": long.repeat(number + 1)})),
            Reply::text(&long.repeat(number + 1)),
        ]);
        let lanes = world.lanes(1);
        let question = long.repeat(number + 2);
        assert!(matches!(world.turn(&lanes, KEY, &question).await, Outcome::Replied { .. }));
    }
    let turns = world.replay(8).await;
    same(&turns);
    let cost = turns[3].calls[1].usage.unwrap();
    assert!(cost.input > 0 && turns.iter().all(TurnReplay::is_complete), "{cost:?}");
}

#[tokio::test]
async fn one_call_too_many_is_told_and_nothing_is_called_the_same_that_was_not_compared() {
    let mut world = recorded();
    world
        .server
        .script([Reply::tool_call("write", &json!({"path": "a.md", "content": "x"})), Reply::text("done")]);
    let lanes = world.lanes(1);
    world.turn(&lanes, KEY, "write it").await;
    let recording = world.recording(2).await;
    let with = world.replaying();
    let without = Replay { history: None, ..world.replaying() };

    let turn = first(&without, &recording.exchanges, Rest::Nothing).await;
    assert_eq!((turn.differences.len(), turn.compared), (0, Compared::Requests));
    assert!(!turn.is_complete() && turn.remarks[0].contains("only what is asked is compared"), "{turn:?}");
    for replay in [&with, &without] {
        let turn = first(replay, &recording.exchanges[..1], Rest::Nothing).await;
        let calls = turn.differences.last().unwrap();
        assert_eq!((calls.then.as_str(), calls.now.as_str()), ("1 calls of a model", "2 calls of a model"));
    }
    let turn = first(&with, &recording.exchanges, Rest::Nothing).await;
    assert_eq!((turn.differences.len(), turn.compared, turn.is_complete()), (0, Compared::Whole, true));
}

#[tokio::test]
async fn a_turn_of_which_something_is_missing_is_not_run_and_not_called_different() {
    let mut world = recorded();
    let call = |path: &str| Reply::tool_call("write", &json!({"path": path, "content": "x"}));
    world.server.script([call("a"), call("b"), Reply::text("done"), Reply::text("gladly")]);
    let lanes = world.lanes(1);
    world.turn(&lanes, KEY, "write them").await;
    world.turn(&lanes, KEY, "thanks").await;
    let all = world.recording(4).await.exchanges;
    let replay = world.replaying();
    let (calls, next) = all.split_at(3);
    let lost = |exchange: &Exchange| Exchange { lost: 1, ..exchange.clone() };
    let large = |exchange: &Exchange| Exchange { end: End::TooLarge, ..exchange.clone() };
    let [one, two, three] = [0, 1, 2].map(|at| calls[at].clone());
    let next = next[0].clone();
    for (exchanges, rest, missing) in [
        (vec![two.clone(), three.clone()], Rest::Nothing, Missing::Beginning),
        (vec![lost(&two), three.clone()], Rest::Nothing, Missing::Calls),
        (vec![one.clone(), three.clone()], Rest::Nothing, Missing::Calls),
        (vec![one.clone(), lost(&two), three.clone()], Rest::Nothing, Missing::Calls),
        (vec![one.clone(), two.clone()], Rest::Torn, Missing::End),
        (vec![one.clone(), two.clone()], Rest::Unreadable, Missing::Calls),
        (vec![one.clone(), two.clone(), lost(&next)], Rest::Nothing, Missing::Calls),
        (vec![one.clone(), two.clone(), large(&three)], Rest::Nothing, Missing::Answer),
    ] {
        let turn = first(&replay, &exchanges, rest).await;
        assert_eq!(
            (turn.missing, turn.outcome, turn.compared),
            (Some(missing), Ended::NotRun, Compared::Nothing)
        );
        assert_eq!((turn.differences.len(), turn.is_complete()), (0, missing.is_usual()), "{missing:?}");
        assert_eq!(turn.remarks, [missing.words()]);
    }
    // What is lost behind an answer is none of its turn.
    for (exchanges, rest) in
        [(calls.to_vec(), Rest::Torn), ([calls, &[lost(&next)]].concat(), Rest::Unreadable)]
    {
        let turn = first(&replay, &exchanges, rest).await;
        assert_eq!((turn.missing, turn.differences.len(), turn.is_run()), (None, 0, true));
    }
    let second = replay.turn(&turns_of(vec![one, two, three, lost(&next)], Rest::Nothing), 1).await.unwrap();
    assert!(second.is_run() && second.differences.is_empty(), "{second:?}");
    // A call that is lost behind another turn's end and before the second call of the next.
    let again = [calls, &[Exchange { call: 1, ..next }]].concat();
    let second = replay.turn(&turns_of(again, Rest::Nothing), 1).await.unwrap();
    assert_eq!(second.missing, Some(Missing::Calls));
}

/// The history of a turn whose last message is another one; nothing: it is not there.
fn ending(replay: Replay, message: Option<Message>) -> Replay {
    let mut history = replay.history.clone().unwrap();
    let last = history.pop().unwrap();
    history.extend(
        message.map(|message| Arc::new(HistoryItem { message: Some(Arc::new(message)), ..(*last).clone() })),
    );
    Replay { history: Some(history), ..replay }
}

fn closing(stop_reason: StopReason, words: Option<&str>) -> Message {
    Message::Assistant(AssistantMessage {
        content: Vec::new(),
        api: "openai-responses".into(),
        provider: "mock".into(),
        model: "m".into(),
        usage: Usage::default(),
        stop_reason,
        error_message: words.map(str::to_owned),
        timestamp: 0,
    })
}

#[tokio::test]
async fn a_turn_in_which_the_gateway_stopped_is_compared_as_far_as_it_came() {
    let mut world = recorded();
    world
        .server
        .script([Reply::tool_call("write", &json!({"path": "a.md", "content": "x"})), Reply::text("done")]);
    let lanes = world.lanes(1);
    world.turn(&lanes, KEY, "write it").await;
    let calls = world.recording(2).await.exchanges;
    // It was killed while the second call was made: nobody could write that down.
    let given_up = "The gateway stopped before the answer was complete. Send the message again.";
    for message in [None, Some(closing(StopReason::Error, Some(given_up)))] {
        let replay = ending(world.replaying(), message);
        let turn = first(&replay, &calls[..1], Rest::Nothing).await;
        assert_eq!(turn.differences, []);
        assert_eq!((turn.compared, turn.is_complete(), turn.is_run()), (Compared::Beginning, false, true));
        assert!(turn.remarks[0].contains("the gateway stopped in it"), "{turn:?}");
        // What it wrote before is compared.
        let mut changed = calls[0].clone();
        for (_, event) in &mut changed.events {
            if let ModelEvent::ToolCallStart { name, .. } = event {
                "read".clone_into(name);
            }
        }
        let turn = first(&replay, &[changed], Rest::Nothing).await;
        assert_eq!(turn.differences[0].place, "answer 1.content[0].name");
    }
}

#[tokio::test]
async fn how_a_turn_ends_is_compared_with_and_without_closing_words() {
    let mut world = recorded();
    world.server.script([Reply::text("done"), Reply::context_overflow()]);
    let lanes = world.lanes(1);
    world.turn(&lanes, KEY, "a").await;
    let answered = world.recording(1).await.exchanges;
    // All of its text is there, and today somebody stops it then.
    let mut stopped = answered[0].clone();
    stopped.events.retain(|(_, event)| matches!(event, ModelEvent::TextDelta(_)));
    stopped.end = End::Stopped;
    let Message::Assistant(mut said) = closing(StopReason::Stop, None) else { panic!("an answer") };
    said.api = "openai-completions".into();
    said.content = vec![Part::text("done")];
    let replay = ending(world.replaying(), Some(Message::Assistant(said)));
    let turn = first(&replay, &[stopped], Rest::Nothing).await;
    let [end] = &turn.differences[..] else { panic!("{turn:?}") };
    assert_eq!(
        (end.place.as_str(), end.then.as_str(), end.now.as_str()),
        ("turn", "replied", "Stopped: done")
    );

    world.turn(&lanes, KEY, "b").await;
    let all = world.recording(2).await.exchanges;
    let turns = turns_of(all, Rest::Nothing);
    let replay = world.replaying();
    let turn = replay.turn(&turns, 1).await.unwrap();
    assert_eq!((turn.differences.len(), turn.outcome), (0, Ended::Failed));
    // It was stopped when the first model had failed and the next was not asked yet.
    let replay = ending(world.replaying(), Some(closing(StopReason::Aborted, None)));
    let turn = replay.turn(&turns, 1).await.unwrap();
    assert_eq!((turn.differences.len(), turn.compared, turn.is_complete()), (0, Compared::Whole, true));
    assert!(turn.remarks[0].contains("stopped before another model was asked"), "{turn:?}");
    // Words that are not those of today.
    let replay = ending(world.replaying(), Some(closing(StopReason::Error, Some("The moon is full."))));
    let turn = replay.turn(&turns, 1).await.unwrap();
    assert_eq!(turn.differences[0].then, "The moon is full.");
}

#[tokio::test]
async fn a_fallback_after_silence_images_and_a_program_are_the_same_again() {
    let second = ModelServer::start();
    let mut world = recorded();
    world.ask_others(|provider, providers| {
        provider.models[0].input = vec![InputKind::Text, InputKind::Image];
        let mut other = ProviderEntry::new("second", &second.base_url());
        other.api = Some(WireApi::OpenAiCompletions);
        other.models =
            vec![ModelEntry { input: vec![InputKind::Text, InputKind::Image], ..ModelEntry::new("m") }];
        providers.entries.push(other);
        providers.model.fallbacks = vec!["second/m".into()];
    });
    Arc::get_mut(&mut world.runtime).unwrap().settings.failover_wait = Duration::from_millis(50);
    world.server.push(Reply::Silent);
    second.push(Reply::text("from the second"));
    let lanes = world.lanes(1);
    let (job, _) = world.job("a", "what is in it?");
    let Job::Turn(mut job) = job else { panic!("a turn") };
    let data = "iVBORw0KGgo".repeat(100);
    job.images = vec![Part::Known(KnownPart::Image { data, mime_type: "image/png".into() })];
    lanes.submit(&world.runtime, &key_of(KEY), Job::Turn(job)).unwrap();
    assert_eq!(world.end().await.1, replied("from the second"));
    let turns = world.replay(2).await;
    same(&turns);
    let models: Vec<&str> = turns[0].calls.iter().map(|call| call.model.as_str()).collect();
    assert_eq!((models, turns[0].is_complete()), (vec!["mock/m", "second/m"], true));
    let file = std::fs::read_to_string(&world.recording(2).await.files[0]).unwrap();
    assert!(file.contains("sha256:"), "{file}");

    let mut world = recorded();
    let program = world.dir.path().join("program");
    write_atomic(&program, b"#!/bin/sh\necho 'a program says this'\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    world.ask_others(|_, providers| {
        let settings = CliSettings { output: Output::Text, ..CliSettings::new(program.to_str().unwrap()) };
        providers.cli_backends = vec![CliBackend { id: "prog".into(), origin: Origin::Config, settings }];
        providers.model = Choice::only("prog/x");
    });
    let lanes = world.lanes(1);
    assert_eq!(world.turn(&lanes, KEY, "hello").await, replied("a program says this"));
    assert_eq!(world.turn(&lanes, KEY, "again").await, replied("a program says this"));
    std::fs::remove_file(&program).unwrap();
    let turns = world.replay(2).await;
    same(&turns);
    assert!(turns.iter().all(TurnReplay::is_complete), "{turns:?}");
    assert_eq!(turns[1].calls[0].model, "prog/x");
}

#[tokio::test]
async fn a_deleted_session_takes_its_recording_with_it_and_a_kept_one_does_not() {
    for (fate, is_kept) in [(TranscriptFate::Archived, false), (TranscriptFate::Kept, true)] {
        let mut world = recorded();
        world.server.push(Reply::text("fine"));
        let lanes = world.lanes(1);
        world.turn(&lanes, KEY, "hello").await;
        let path = world.recording(1).await.files[0].clone();
        let (done, deleted) = tokio::sync::oneshot::channel();
        let delete = Job::Delete { transcript: fate, done };
        lanes.submit(&world.runtime, &key_of(KEY), delete).unwrap();
        assert!(deleted.await.unwrap().unwrap().existed);
        assert_eq!(path.exists(), is_kept, "{fate:?}");
    }
}
