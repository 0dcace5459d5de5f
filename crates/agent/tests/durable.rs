//! What is durable when: one end for each accepted message, over crashes and stops.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at once when something is not as it should be"
)]

mod world;

use std::sync::Mutex;
use std::time::Duration;

use openclaw_agent::turn::{AbortReason, Outcome, TurnError};
use openclaw_agent::{Inbound, Job, Resume};
use openclaw_store::{EventState, FinalLine, LinePlace, RecordId, TurnCommit};
use openclaw_testkit::model_server::Reply;
use serde_json::Value;

use world::{Watcher, World, ask, event_key, key_of, replied, world};

impl World {
    fn state(&self, id: &str) -> EventState {
        ask(&*self.ledger, |ledger, done| ledger.event(event_key(id), done)).unwrap().unwrap()
    }

    /// The messages in the only transcript.
    fn transcript(&self) -> Vec<Value> {
        let dir = self.dir.path().join("sessions");
        let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        let mut files = files.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
        let text = std::fs::read_to_string(files.next().unwrap()).unwrap();
        assert_eq!(files.next(), None);
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["type"] == "message").map(|line| line["message"].clone()).collect()
    }

    fn roles(&self) -> Vec<String> {
        let role = |message: &Value| message["role"].as_str().unwrap().to_owned();
        self.transcript().iter().map(role).collect()
    }
}

/// The same message as another process finds it in the ledger.
fn again(job: &Job, text: &str, world: &World, resume: Resume) -> Job {
    let Job::Turn(job) = job else { panic!("a turn") };
    let (copy, _) = world.job("copy", text);
    let Job::Turn(mut copy) = copy else { panic!("a turn") };
    copy.inbound = job.inbound.clone().map(|inbound| Inbound { resume, ..inbound });
    Job::Turn(copy)
}

#[tokio::test]
async fn the_end_is_in_the_ledger_before_it_is_told_and_the_line_in_the_file_after() {
    let mut world = world(&[]);
    world.server.push(Reply::text("tea"));
    let lanes = world.lanes(1);
    let (job, _) = world.job("a", "what do I drink?");
    lanes.submit(&world.runtime, &key_of("x"), job).unwrap();
    assert_eq!(world.end().await.1, replied("tea"));
    let EventState::Ended { outcome: Some(outcome), .. } = world.state("a") else { panic!("open") };
    assert!(String::from_utf8(outcome).unwrap().contains("tea"));
    assert_eq!(world.roles(), ["user", "assistant"]);
    assert_eq!(world.transcript()[1]["stopReason"], "stop");
}

#[tokio::test]
async fn a_turn_that_is_begun_again_has_one_question_and_one_answer() {
    let mut world = world(&[]);
    let lanes = world.lanes(1);
    world.server.push(Reply::Silent);
    let (job, _) = world.job("a", "what do I drink?");
    let copy = again(&job, "what do I drink?", &world, Resume::GoOn);
    lanes.submit(&world.runtime, &key_of("x"), job).unwrap();
    world.server.wait_requests(1).await;
    // The process dies: nobody is told, nothing ends.
    lanes.shut_down(Duration::from_secs(5)).await;
    assert_eq!(world.end().await.1, Outcome::Failed(TurnError::Interrupted));
    assert_eq!((world.state("a"), world.roles()), (EventState::Open, vec!["user".to_owned()]));

    let next = world.lanes(1);
    world.server.push(Reply::text("tea"));
    next.submit(&world.runtime, &key_of("x"), copy).unwrap();
    assert_eq!(world.end().await.1, replied("tea"));
    assert_eq!(world.roles(), ["user", "assistant"]);
    assert!(matches!(world.state("a"), EventState::Ended { .. }));
}

#[tokio::test]
async fn a_message_that_is_given_up_says_so_in_the_transcript() {
    let mut world = world(&[]);
    let lanes = world.lanes(1);
    let (job, _) = world.job("a", "what do I drink?");
    let copy = again(&job, "what do I drink?", &world, Resume::GiveUp);
    lanes.submit(&world.runtime, &key_of("x"), copy).unwrap();
    assert_eq!(world.end().await.1, Outcome::Failed(TurnError::Interrupted));
    assert_eq!(world.server.requests().len(), 0);
    let messages = world.transcript();
    assert!(messages[0]["content"].to_string().contains("what do I drink?"));
    assert_eq!(messages[1]["stopReason"], "error");
    assert!(messages[1]["content"][0]["text"].as_str().unwrap().contains("Send the message again"));
    assert!(matches!(world.state("a"), EventState::Ended { .. }));
    drop(job);
}

#[tokio::test]
async fn a_stop_in_good_order_leaves_the_message_to_the_next_process() {
    let mut world = world(&[]);
    let lanes = world.lanes(1);
    world.server.push(Reply::Silent);
    let (job, abort) = world.job("a", "hello");
    lanes.submit(&world.runtime, &key_of("x"), job).unwrap();
    world.server.wait_requests(1).await;
    abort.abort(AbortReason::Shutdown);
    assert_eq!(world.end().await.1, Outcome::Failed(TurnError::Postponed));
    assert_eq!((world.state("a"), world.roles()), (EventState::Open, vec!["user".to_owned()]));
    let taken = ask(&*world.ledger, |ledger, done| ledger.take_over(done)).unwrap();
    assert_eq!(taken.iter().map(|event| event.attempts).collect::<Vec<_>>(), [0], "no try is counted");
}

#[tokio::test]
async fn every_failed_message_has_a_last_record() {
    let mut world = world(&[]);
    let lanes = world.lanes(1);
    world.server.push(Reply::out_of_credit());
    let (job, _) = world.job("a", "hello");
    lanes.submit(&world.runtime, &key_of("x"), job).unwrap();
    assert!(matches!(world.end().await.1, Outcome::Failed(_)));
    let messages = world.transcript();
    assert_eq!(world.roles(), ["user", "assistant"]);
    assert_eq!(
        (&messages[1]["stopReason"], &messages[1]["content"]),
        (&"error".into(), &serde_json::json!([]))
    );
    world.server.push(Reply::text("fine"));
    assert_eq!(world.turn(&lanes, "x", "again").await, replied("fine"));
    let (_, sent) = world.prompt(world.server.requests().len() - 1);
    assert_eq!(sent.len(), 2, "the model does not see the record of a failure: {sent:?}");
}

#[tokio::test]
async fn a_line_that_did_not_reach_its_file_is_there_before_the_session_goes_on() {
    let mut world = world(&[]);
    let lanes = world.lanes(1);
    world.server.push(Reply::text("one"));
    assert_eq!(world.turn(&lanes, "x", "first").await, replied("one"));
    // What a crash between commit and write leaves: the ledger has the line, the file does not.
    let (job, _) = world.job("lost", "second");
    let Job::Turn(job) = job else { panic!("a turn") };
    let session = world.runtime.sessions.get("agent:main:x").unwrap().session_id();
    let record = RecordId::random().unwrap();
    let lost = record.clone();
    let text = serde_json::json!({
        "type": "message", "id": record, "parentId": null, "timestamp": "2026-11-20T10:27:00.000Z",
        "message": {"role": "user", "content": "second", "timestamp": 5},
    });
    let line = FinalLine {
        place: LinePlace { agent: "main".into(), file: session.transcript_file_name() },
        session_key: "agent:main:x".into(),
        record,
        line: text.to_string().into_bytes(),
    };
    let event = job.inbound.as_ref().unwrap().event;
    job.ending.discard();
    let commit =
        TurnCommit { event, outcome: Vec::new(), ended_at_ms: 1, line: Some(line), replies: Vec::new() };
    ask(&*world.ledger, |ledger, done| ledger.commit_turn(commit, done)).unwrap();

    let next = world.lanes(1);
    world.server.push(Reply::text("two"));
    assert_eq!(world.turn(&next, "x", "third").await, replied("two"));
    assert_eq!(world.roles(), ["user", "assistant", "user", "user", "assistant"]);
    let waiting = ask(&*world.ledger, |ledger, done| ledger.waiting_lines(None, done)).unwrap();
    assert!(waiting.iter().all(|waiting| waiting.line.record != lost), "the ledger's copy is forgotten");
}

#[tokio::test]
async fn a_panic_takes_nobody_with_it() {
    let mut world = world(&[]);
    let lanes = world.lanes(1);
    // The first breaks before the model is asked.
    world.server.push(Reply::text("two"));
    let watcher = Watcher { id: "a".into(), ends: world.sender.clone(), panics: true, seen: Mutex::new(0) };
    let (breaks, _) = world.job_watched_by("first", watcher);
    let (waits, _) = world.job("b", "second");
    lanes.submit(&world.runtime, &key_of("x"), breaks).unwrap();
    lanes.submit(&world.runtime, &key_of("x"), waits).unwrap();
    assert_eq!(world.end().await, ("a".into(), Outcome::Failed(TurnError::Interrupted)));
    assert_eq!(world.end().await, ("b".into(), replied("two")));
    assert_eq!(world.roles(), ["user", "assistant", "user", "assistant"]);
    assert!(matches!(
        (world.state("a"), world.state("b")),
        (EventState::Ended { .. }, EventState::Ended { .. })
    ));
}
