//! Turns that were recorded are run again as they were, and what differs is named.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at once when something is not as it should be"
)]

mod world;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openclaw_agent::Job;
use openclaw_agent::exchanges::{ExchangeLog, Extent, FOLDER, Hider, Rest, SessionRecording, read_session};
use openclaw_agent::replay::{Ended, Replay, Speed, TurnReplay, scratch_history, turns_of};
use openclaw_agent::turn::{AbortReason, Outcome};
use openclaw_guard::{Hiding, Redactor, Secret, write_atomic};
use openclaw_models::replay::WireFrames;
use openclaw_store::SessionId;
use openclaw_testkit::model_server::Reply;
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
