//! Compactions, branches, labels, names and predecessors: written as upstream writes them, and read.

use std::path::Path;
use std::sync::Arc;

use openclaw_guard::{ManualClock, write_atomic};
use openclaw_protocol::message::Message;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::{NOW, assistant, open, result, shape, user};
use super::{
    Display, HistoryItem, NewTranscript, RecordId, Summary, SummaryBy, Transcript, predecessor_of, tool_calls,
};
use crate::{SessionId, StoreError};

const SUMMARY: Summary<'static> = Summary { text: "S", details: None, by: SummaryBy::Agent };
const COMPACTED: &str = "user Summary of the conversation up to here:\n\nS";

fn last_lines(transcript: &Transcript, count: usize) -> Vec<Value> {
    let text = std::fs::read_to_string(transcript.path()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines[lines.len() - count..].to_vec()
}

#[test]
fn a_compaction_is_written_and_the_history_follows() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    transcript.append_model_change("mock", "mock-1").unwrap();
    transcript.append_thinking_level("low").unwrap();
    transcript.append_message(&user("a")).unwrap();
    let kept = transcript.append_message(&user("b")).unwrap();
    let details = json!({"readFiles": ["x"]});
    let summary = Summary { text: "S", details: Some(&details), by: SummaryBy::Hook };
    let id = transcript.append_compaction(summary, &kept, 9).unwrap();
    let lines = last_lines(&transcript, 3);
    assert_eq!(
        lines[0],
        json!({
            "type": "compaction", "id": id.as_str(), "parentId": kept.as_str(), "timestamp": lines[0]["timestamp"],
            "firstKeptEntryId": kept.as_str(), "tokensBefore": 9, "summary": "S", "details": details, "fromHook": true,
        })
    );
    assert_eq!((&lines[1]["modelId"], &lines[2]["thinkingLevel"]), (&json!("mock-1"), &json!("low")));
    assert_eq!(shape(&transcript), [COMPACTED, "user b"]);
    transcript.append_message(&user("c")).unwrap();
    let again = open(home.path());
    assert_eq!(shape(&again), [COMPACTED, "user b", "user c"]);
    assert_eq!(again.settings(), transcript.settings());

    let unknown = RecordId::parse("nobody").unwrap();
    let refused = transcript.append_compaction(SUMMARY, &unknown, 1);
    assert!(matches!(refused, Err(StoreError::NoSuchRecord { .. })));
}

#[test]
fn a_compaction_between_a_call_and_its_result_leaves_no_orphan() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    transcript.append_message(&assistant("", &["c1"])).unwrap();
    let kept = transcript.append_message(&result("c1", "x")).unwrap();
    transcript.append_message(&assistant("running", &["c2"])).unwrap();
    transcript.append_compaction(SUMMARY, &kept, 1).unwrap();
    assert_eq!(shape(&transcript), [COMPACTED, "assistant running c2"]);
    transcript.append_message(&result("c2", "x")).unwrap();
    assert_eq!(shape(&open(home.path())), [COMPACTED, "assistant running c2", "result c2"]);
}

#[test]
fn a_branch_goes_on_from_an_earlier_record() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    let ids = ["a", "b", "c"].map(|text| transcript.append_message(&user(text)).unwrap());
    transcript.append_branch_summary(&ids[0], SUMMARY).unwrap();
    let line = last_lines(&transcript, 1).remove(0);
    assert_eq!(
        (&line["type"], &line["fromId"], &line["parentId"], &line["summary"]),
        (&json!("branch_summary"), &json!(ids[0].as_str()), &json!(ids[0].as_str()), &json!("S"))
    );
    transcript.append_message(&user("d")).unwrap();
    let expected = ["user a", "user Summary of an abandoned branch of this conversation:\n\nS", "user d"];
    assert_eq!(shape(&transcript), expected);
    assert_eq!(shape(&open(home.path())), expected);
    assert!(transcript.append_branch_summary(&RecordId::parse("nobody").unwrap(), SUMMARY).is_err());
}

#[test]
fn names_and_labels() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    let ids = ["a", "b"].map(|text| transcript.append_message(&user(text)).unwrap());
    transcript.append_label(&ids[0], "start").unwrap();
    transcript.append_label(&ids[1], "wrong").unwrap();
    transcript.append_label(&ids[1], "").unwrap();
    transcript.append_session_info("first name").unwrap();
    transcript.append_session_info(" Trip ").unwrap();
    assert!(transcript.append_label(&RecordId::parse("nobody").unwrap(), "x").is_err());
    let again = open(home.path());
    assert_eq!(again.notes(), transcript.notes());
    assert_eq!(again.notes().name.as_deref(), Some("Trip"));
    assert_eq!(again.notes().labels, [(ids[0].clone(), "start".to_owned())].into());
    assert_eq!(shape(&again), ["user a", "user b"]);
}

#[test]
fn predecessors_are_sessions_of_the_same_folder() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("s2.jsonl");
    let header = |parent: Value| {
        json!({"type": "session", "version": 3, "id": "s2", "parentSession": parent}).to_string()
    };
    let rows = [
        (header(json!("/state/agents/main/sessions/s1.jsonl")), Some("s1")),
        (header(json!("C:\\state\\s1.jsonl")), Some("s1")),
        (header(json!("s1")), Some("s1")),
        (header(json!("/x/s1.jsonl.deleted.2026-11-20T10-42-42.908Z")), Some("s1")),
        (header(json!("../../s1.jsonl")), Some("s1")),
        (header(json!("/x/s2.jsonl")), None),
        (header(json!("..")), None),
        (header(json!("/etc/passwd/")), None),
        (header(json!("a b")), None),
        (header(json!(5)), None),
        (json!({"type": "session", "id": "s2"}).to_string(), None),
        (json!({"type": "message", "parentSession": "s1"}).to_string(), None),
        (format!("{}x", header(json!("s1"))), None),
        (String::new(), None),
    ];
    for (line, expected) in rows {
        write_atomic(&path, format!("{line}\nrest").as_bytes()).unwrap();
        let found = predecessor_of(&path).unwrap();
        assert_eq!(found.as_ref().map(SessionId::as_str), expected, "{line}");
    }
    assert!(predecessor_of(&home.path().join("none.jsonl")).is_err());

    let before = open(home.path()).path().to_owned();
    let new = NewTranscript { cwd: Path::new("/w"), key: "k", parent: Some(&before) };
    let clock = Arc::new(ManualClock::new(NOW));
    let id = SessionId::parse("s3").unwrap();
    let begun = Transcript::open_or_create(home.path(), &id, &new, clock).unwrap();
    assert_eq!(predecessor_of(begun.path()).unwrap().unwrap().as_str(), "s1");
    assert_eq!(predecessor_of(&before).unwrap(), None);
}

#[test]
fn messages_are_shared_and_an_append_writes_only_itself() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    let image = Arc::new(
        serde_json::from_value::<Message>(json!({"role": "user", "content": [
            {"type": "image", "data": "A".repeat(3_000_000), "mimeType": "image/png"}
        ]}))
        .unwrap(),
    );
    transcript.append_message(&image).unwrap();
    let shared = |item: &Arc<HistoryItem>| Arc::ptr_eq(item.message.as_ref().unwrap(), &image);
    assert!(shared(&transcript.history()[0]));
    let size = std::fs::metadata(transcript.path()).unwrap().len();
    assert!(transcript.prepare_message(&user("what is it?")).unwrap().line.len() < 300);
    transcript.append_message(&user("what is it?")).unwrap();
    transcript.append_custom_message("x", "note", Display::Hidden).unwrap();
    assert!(std::fs::metadata(transcript.path()).unwrap().len() - size < 600);
    assert!(shared(&transcript.history()[0]));
}

#[test]
fn old_versions_are_read() {
    let header = |version: &str| format!(r#"{{"type":"session"{version},"id":"s1"}}"#);
    let v1 = |role: &str, text: &str| {
        format!(r#"{{"type":"message","message":{{"role":"{role}","content":"{text}"}}}}"#)
    };
    let v2 = |id: &str, parent: &str, role: &str| {
        format!(
            r#"{{"type":"message","id":"{id}","parentId":{parent},"message":{{"role":"{role}","content":"{id}"}}}}"#
        )
    };
    let call = r#"{"type":"message","message":{"role":"assistant","content":[{"type":"toolCall","id":"c","name":"n","arguments":{}}]}}"#;
    let rows: [(Vec<String>, &[&str]); 7] = [
        (vec![header(""), v1("user", "a"), v1("assistant", "b")], &["user a", "assistant b"]),
        (vec![header(",\"version\":1"), v1("user", "a")], &["user a"]),
        // The first kept entry is counted from the header, which is 0.
        (
            vec![
                header(""),
                v1("user", "a"),
                v1("user", "b"),
                r#"{"type":"compaction","summary":"S","firstKeptEntryIndex":2}"#.into(),
            ],
            &[COMPACTED, "user b"],
        ),
        (vec![header(""), v1("user", "a"), call.into()], &["user a", "assistant  c", "error c"]),
        (vec![header(""), v1("hookMessage", "a")], &["user a"]),
        (
            vec![header(",\"version\":2"), v2("a", "null", "user"), v2("b", "\"a\"", "hookMessage")],
            &["user a", "user b"],
        ),
        // A branch in version 2, and role names of version 3.
        (
            vec![
                header(",\"version\":2"),
                v2("a", "null", "user"),
                v2("b", "\"a\"", "user"),
                v2("c", "\"a\"", "custom"),
            ],
            &["user a", "user c"],
        ),
    ];
    for (lines, expected) in rows {
        let home = tempfile::tempdir().unwrap();
        write_atomic(&home.path().join("s1.jsonl"), (lines.join("\n") + "\n").as_bytes()).unwrap();
        let mut transcript = open(home.path());
        assert_eq!(shape(&transcript), expected, "{lines:?}");
        assert_eq!(transcript.report().damaged_lines, 0);
        transcript.append_message(&user("more")).unwrap();
        assert_eq!(shape(&open(home.path())), [expected, &["user more"]].concat(), "{lines:?}");
    }
}

/// What may happen to a turn.
#[derive(Debug, Clone)]
enum Event {
    User,
    Assistant(usize),
    /// The result of one of the open calls, in any order.
    Result(usize),
    /// The turn is stopped by its owner.
    Abort,
    /// The process is killed while it writes; this many bytes of the file are lost.
    Kill(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => Just(Event::User),
        3 => (0_usize..4).prop_map(Event::Assistant),
        4 => (0_usize..8).prop_map(Event::Result),
        1 => Just(Event::Abort),
        1 => (0_usize..400).prop_map(Event::Kill),
    ]
}

/// The calls of the last assistant message without a result.
fn open_calls(transcript: &Transcript) -> Vec<String> {
    let mut open = Vec::new();
    for item in transcript.history() {
        match item.message.as_deref() {
            Some(Message::Assistant(message)) => {
                open = tool_calls(&message.content).map(|(id, _)| id.to_owned()).collect();
            }
            Some(Message::ToolResult(result)) => open.retain(|id| *id != result.tool_call_id),
            Some(Message::User(_)) | None => {}
        }
    }
    open
}

fn assert_paired(transcript: &Transcript) {
    let mut open: Vec<String> = Vec::new();
    for item in transcript.history() {
        match item.message.as_deref() {
            Some(Message::ToolResult(result)) => {
                let at = open.iter().position(|id| *id == result.tool_call_id);
                open.remove(at.unwrap_or_else(|| panic!("orphan in {:?}", shape(transcript))));
            }
            Some(Message::Assistant(message)) => {
                assert!(open.is_empty(), "{:?}", shape(transcript));
                open = tool_calls(&message.content).map(|(id, _)| id.to_owned()).collect();
            }
            Some(Message::User(_)) | None => assert!(open.is_empty(), "{:?}", shape(transcript)),
        }
    }
    assert!(open.is_empty(), "{:?}", shape(transcript));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn calls_and_results_stay_paired_under_aborts(events in prop::collection::vec(event(), 1..40)) {
        let home = tempfile::tempdir().unwrap();
        let mut transcript = open(home.path());
        for (n, event) in events.iter().enumerate() {
            match event {
                // As the turn does: nothing else is said while calls are open.
                Event::User | Event::Assistant(_) if !open_calls(&transcript).is_empty() => {}
                Event::User => drop(transcript.append_message(&user(&n.to_string())).unwrap()),
                Event::Assistant(calls) => {
                    let ids: Vec<_> = (0..*calls).map(|call| format!("c{call}")).collect();
                    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
                    transcript.append_message(&assistant(&n.to_string(), &ids)).unwrap();
                }
                Event::Result(at) => {
                    let open = open_calls(&transcript);
                    if !open.is_empty() {
                        transcript.append_message(&result(&open[at % open.len()], "x")).unwrap();
                    }
                }
                Event::Abort => {
                    transcript.close_open_calls("stopped").unwrap();
                    assert_paired(&transcript);
                }
                Event::Kill(lost) => {
                    let bytes = std::fs::read(transcript.path()).unwrap();
                    let keep = bytes.len().saturating_sub(*lost);
                    write_atomic(transcript.path(), &bytes[..keep]).unwrap();
                    transcript = open(home.path());
                    assert_paired(&transcript);
                }
            }
        }
        let reopened = open(home.path());
        assert_paired(&reopened);
        prop_assert_eq!(shape(&open(home.path())), shape(&reopened));
    }
}
