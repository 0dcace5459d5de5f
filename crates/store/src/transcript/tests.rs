use super::{ArchiveReason, Display, HistoryOrigin, NewTranscript, Tail, Transcript, archive, read_tail};
use crate::SessionId;
use openclaw_guard::{ManualClock, write_atomic};
use openclaw_protocol::message::{
    AssistantMessage, Content, Message, Part, StopReason, ToolResultMessage, Usage, UserMessage,
};
use serde_json::{Value, json};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

pub(super) const NOW: i64 = 1_795_171_362_908;

pub(super) fn open(dir: &Path) -> Transcript {
    let new = NewTranscript { cwd: Path::new("/workspace"), key: "agent:main:main", parent: None };
    let id = SessionId::parse("s1").unwrap();
    Transcript::open_or_create(dir, &id, &new, Arc::new(ManualClock::new(NOW))).unwrap()
}

pub(super) fn user(text: &str) -> Arc<Message> {
    Arc::new(Message::User(UserMessage { content: Content::Parts(vec![Part::text(text)]), timestamp: 1 }))
}

pub(super) fn assistant(text: &str, calls: &[&str]) -> Arc<Message> {
    let calls = calls.iter().map(|id| Part::tool_call(*id, "read", json!({"path": "a"})));
    Arc::new(Message::Assistant(AssistantMessage {
        content: std::iter::once(Part::text(text)).chain(calls).collect(),
        api: "openai-completions".into(),
        provider: "mock".into(),
        model: "m".into(),
        usage: Usage::default(),
        stop_reason: StopReason::ToolUse,
        error_message: None,
        timestamp: 2,
    }))
}

pub(super) fn result(call: &str, text: &str) -> Arc<Message> {
    Arc::new(Message::ToolResult(ToolResultMessage {
        tool_call_id: call.into(),
        tool_name: "read".into(),
        content: vec![Part::text(text)],
        details: None,
        is_error: false,
        timestamp: 3,
    }))
}

/// The history as short texts: `user: hi`, `call c1`, `result c1`.
pub(super) fn shape(transcript: &Transcript) -> Vec<String> {
    let one = |message: &Message| match message {
        Message::User(user) => format!("user {}", user.content.text()),
        Message::Assistant(assistant) => {
            let calls: Vec<_> = super::tool_calls(&assistant.content).map(|(id, _)| id).collect();
            let text = openclaw_protocol::message::text_of(&assistant.content);
            format!("assistant {text} {}", calls.join(",")).trim_end().to_owned()
        }
        Message::ToolResult(result) if result.is_error => format!("error {}", result.tool_call_id),
        Message::ToolResult(result) => format!("result {}", result.tool_call_id),
    };
    transcript.history().iter().map(|item| item.message.as_deref().map_or("opaque".into(), one)).collect()
}

fn lines(transcript: &Transcript) -> Vec<Value> {
    let text = std::fs::read_to_string(transcript.path()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Writes records as a chain of version 3, with ids `00000001` and so on.
fn write_records(dir: &Path, records: &[Value]) {
    let mut text = String::from("{\"type\":\"session\",\"version\":3,\"id\":\"s1\"}\n");
    for (n, record) in records.iter().enumerate() {
        let parent = if n == 0 { Value::Null } else { json!(format!("{n:08}")) };
        let mut record = record.clone();
        let map = record.as_object_mut().unwrap();
        map.entry("id").or_insert(json!(format!("{:08}", n + 1)));
        map.entry("parentId").or_insert(parent);
        text.push_str(&format!("{record}\n"));
    }
    write_atomic(&dir.join("s1.jsonl"), text.as_bytes()).unwrap();
}

fn message(message: &Arc<Message>) -> Value {
    json!({"type": "message", "message": message})
}

#[test]
fn writes_the_format_of_the_release() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    transcript.append_model_change("mock", "mock-1").unwrap();
    transcript.append_thinking_level("off").unwrap();
    transcript.append_custom("model-snapshot", &json!({"modelId": "mock-1"})).unwrap();
    transcript.append_message(&user("hi")).unwrap();
    let lines = lines(&transcript);
    let time = "2026-11-20T10:42:42.908Z";
    let header = json!({"type": "session", "version": 3, "id": "s1", "timestamp": time, "cwd": "/workspace"});
    assert_eq!(lines[0], header);
    assert_eq!(lines[1]["data"], json!({"key": "agent:main:main"}));
    let mut parent = Value::Null;
    for line in &lines[1..] {
        let id = line["id"].as_str().unwrap();
        assert!(id.len() == 8 && id.bytes().all(|b| b.is_ascii_hexdigit()));
        assert_eq!((&line["parentId"], &line["timestamp"]), (&parent, &json!(time)));
        parent = json!(id);
    }
    assert_eq!(
        (&lines[2]["type"], &lines[2]["provider"], &lines[2]["modelId"]),
        (&json!("model_change"), &json!("mock"), &json!("mock-1"))
    );
    assert_eq!(
        (&lines[3]["type"], &lines[3]["thinkingLevel"]),
        (&json!("thinking_level_change"), &json!("off"))
    );
    assert_eq!((&lines[4]["type"], &lines[4]["customType"]), (&json!("custom"), &json!("model-snapshot")));
    assert_eq!(
        lines[5]["message"],
        json!({"role": "user", "content": [{"type": "text", "text": "hi"}], "timestamp": 1})
    );
    let mode = transcript.path().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let again = open(home.path());
    assert_eq!(again.report(), &super::RepairReport::default());
    assert_eq!(shape(&again), ["user hi"]);
    assert_eq!(again.settings().model, Some(("mock".into(), "mock-1".into())));
    assert_eq!(again.settings().thinking_level.as_deref(), Some("off"));
}

#[test]
fn calls_at_the_end_are_closed_on_disk_once() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    for message in [user("go"), assistant("", &["c1", "c2", "c2"]), result("c2", "x")] {
        transcript.append_message(&message).unwrap();
    }
    let size = lines(&transcript).len();
    let again = open(home.path());
    assert_eq!(shape(&again), ["user go", "assistant  c1,c2,c2", "result c2", "error c1"]);
    assert_eq!(again.report().closed_calls, 1);
    assert_eq!(lines(&again).len(), size + 1);
    assert_eq!(open(home.path()).report().closed_calls, 0);
    assert_eq!(shape(&open(home.path())), shape(&again));
}

#[test]
fn a_turn_can_close_its_calls_itself() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    assert_eq!(transcript.close_open_calls("no").unwrap(), 0);
    transcript.append_message(&assistant("a", &["c1", "c2"])).unwrap();
    transcript.append_message(&result("c1", "x")).unwrap();
    assert_eq!(transcript.close_open_calls("aborted").unwrap(), 1);
    assert_eq!(transcript.close_open_calls("aborted").unwrap(), 0);
    assert_eq!(shape(&transcript), ["assistant a c1,c2", "result c1", "error c2"]);
    assert_eq!(open(home.path()).report().closed_calls, 0);
}

#[test]
fn calls_and_results_in_the_middle_are_paired_in_memory() {
    let a = |calls: &[&str]| assistant("", calls);
    let r = |call: &str| result(call, "x");
    type Row<'a> = (&'a [Arc<Message>], &'a [&'a str], usize, usize);
    let rows: [Row<'_>; 5] = [
        (&[a(&["c"]), user("u")], &["assistant  c", "error c", "user u"], 1, 0),
        (&[a(&["c"]), user("u"), r("c")], &["assistant  c", "result c", "user u"], 0, 0),
        (&[r("c"), user("u"), r("d")], &["user u"], 0, 2),
        (&[a(&["c"]), r("c"), r("c"), user("u")], &["assistant  c", "result c", "user u"], 0, 1),
        // The same id in two messages: some providers count from zero in every turn.
        (
            &[a(&["c"]), a(&["c"]), r("c"), user("u")],
            &["assistant  c", "error c", "assistant  c", "result c", "user u"],
            1,
            0,
        ),
    ];
    for (messages, expected, patched, orphans) in rows {
        let home = tempfile::tempdir().unwrap();
        write_records(home.path(), &messages.iter().map(message).collect::<Vec<_>>());
        let before = std::fs::read(home.path().join("s1.jsonl")).unwrap();
        let transcript = open(home.path());
        assert_eq!(shape(&transcript), expected);
        assert_eq!(
            (transcript.report().patched_calls, transcript.report().orphan_results),
            (patched, orphans)
        );
        let patches = transcript.history().iter().filter(|item| item.origin == HistoryOrigin::Patch);
        assert_eq!(patches.filter(|item| item.record.is_none()).count(), patched);
        assert_eq!(std::fs::read(transcript.path()).unwrap(), before);
    }
}

#[test]
fn the_active_branch_ends_at_the_last_line() {
    let home = tempfile::tempdir().unwrap();
    let branch =
        json!({"type": "branch_summary", "fromId": "00000002", "summary": "tried b", "parentId": "00000001"});
    let records = [message(&user("a")), message(&user("b")), branch, message(&user("c"))];
    write_records(home.path(), &records);
    let mut transcript = open(home.path());
    let expected =
        ["user a", "user Summary of an abandoned branch of this conversation:\n\ntried b", "user c"];
    assert_eq!(shape(&transcript), expected);
    assert_eq!(transcript.history()[1].origin, HistoryOrigin::Summary);
    transcript.append_message(&user("d")).unwrap();
    assert_eq!(shape(&open(home.path())), [&expected[..], &["user d"]].concat());
}

#[test]
fn a_compaction_leaves_its_summary_and_what_it_kept() {
    let compaction = |kept: &str| json!({"type": "compaction", "summary": "S", "firstKeptEntryId": kept, "tokensBefore": 9});
    let summary = "user Summary of the conversation up to here:\n\nS";
    let rows: [(Value, &[&str]); 3] = [
        (compaction("00000002"), &[summary, "user b", "user c", "user d"]),
        (compaction("gone"), &[summary, "user d"]),
        (
            json!({"type": "compaction", "summary": "S", "firstKeptEntryIndex": 3}),
            &[summary, "user c", "user d"],
        ),
    ];
    for (record, expected) in rows {
        let home = tempfile::tempdir().unwrap();
        let old = json!({"type": "compaction", "summary": "older", "firstKeptEntryId": "00000001"});
        let mut records: Vec<_> = ["a", "b", "c"].map(|text| message(&user(text))).into();
        records.extend([old, record, message(&user("d"))]);
        write_records(home.path(), &records);
        assert_eq!(shape(&open(home.path())), expected);
    }
}

#[test]
fn custom_stays_out_and_custom_message_goes_in() {
    let home = tempfile::tempdir().unwrap();
    let records = [
        json!({"type": "custom", "customType": "x", "data": 1}),
        json!({"type": "custom_message", "customType": "x", "content": "plain", "display": false}),
        json!({"type": "custom_message", "customType": "x", "content": [{"type": "text", "text": "parts"}], "display": true}),
        json!({"type": "label", "targetId": "00000001", "label": "l"}),
        json!({"type": "from_the_future", "content": {"x": 1}, "summary": 5}),
        json!({"type": "message", "message": {"role": "bashExecution", "command": "ls"}}),
    ];
    write_records(home.path(), &records);
    let transcript = open(home.path());
    assert_eq!(shape(&transcript), ["user plain", "user parts", "opaque"]);
    assert_eq!(transcript.report().damaged_lines, 0);
}

#[test]
fn what_a_program_tells_the_model_is_there_again_after_reopening() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    transcript.append_custom_message("openclaw.notes", "notes", Display::Hidden).unwrap();
    assert_eq!(shape(&transcript), ["user notes"]);
    drop(transcript);
    assert_eq!(shape(&open(home.path())), ["user notes"]);
    assert_eq!(read_tail(&home.path().join("s1.jsonl"), 5).unwrap(), Vec::<Value>::new());
}

#[test]
fn versions_one_and_two_are_read_and_continued() {
    let home = tempfile::tempdir().unwrap();
    let one = [
        r#"{"type":"session","id":"s1"}"#,
        r#"{"type":"message","message":{"role":"user","content":"one"}}"#,
        r#"{"type":"message","message":{"role":"assistant","content":"two","usage":null,"stopReason":"odd"}}"#,
        r#"{"type":"compaction","summary":"S","firstKeptEntryIndex":2}"#,
        r#"{"type":"message","message":{"role":"hookMessage","content":"three","display":true}}"#,
    ];
    write_atomic(&home.path().join("s1.jsonl"), (one.join("\n") + "\n").as_bytes()).unwrap();
    let expected = ["user Summary of the conversation up to here:\n\nS", "assistant two", "user three"];
    let mut transcript = open(home.path());
    assert_eq!(shape(&transcript), expected);
    transcript.append_message(&user("four")).unwrap();
    let again = open(home.path());
    assert_eq!(shape(&again), [&expected[..], &["user four"]].concat());
    assert_eq!(again.report(), &super::RepairReport::default());
}

#[test]
fn a_broken_write_costs_only_itself() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    transcript.append_message(&user("before")).unwrap();
    (&transcript.handle.file).write_all(b"{\"type\":\"mess").unwrap();
    transcript.tail = Tail::Torn;
    transcript.append_message(&user("after")).unwrap();
    let again = open(home.path());
    assert_eq!(shape(&again), ["user before", "user after"]);
    assert_eq!((again.report().damaged_lines, again.report().bridged), (1, 0));
}

#[test]
fn tails_are_the_newest_messages_however_long_the_lines() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    let text = |n: usize| format!("{n} {}", "x".repeat(if n.is_multiple_of(7) { 150_000 } else { n * 40 }));
    for n in 0..60 {
        transcript.append_message(&user(&text(n))).unwrap();
        transcript.append_custom("noise", &json!(n)).unwrap();
    }
    for count in [0, 1, 5, 13, 59, 60, 100] {
        let tail = read_tail(transcript.path(), count).unwrap();
        let found: Vec<_> =
            tail.iter().map(|m| m["content"][0]["text"].as_str().unwrap().to_owned()).collect();
        let expected: Vec<_> = (60 - count.min(60)..60).map(text).collect();
        assert!(found == expected, "{count}");
    }
    assert!(read_tail(&home.path().join("none.jsonl"), 5).is_err());
}

#[test]
fn a_tail_of_a_damaged_file_is_what_is_whole_in_it() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("x.jsonl");
    let line = |text: &str| {
        format!(r#"{{"type":"message","id":"{text}","parentId":null,"message":{{"t":"{text}"}}}}"#)
    };
    let rows = [
        (String::new(), vec![]),
        (line("a"), vec!["a"]),
        (format!("\0\0{}\0\n\r\n{}\n{{\"type\":\"mes", line("a"), line("b")), vec!["a", "b"]),
        (format!("{}?{}\n", line("a"), line("b")), vec!["a", "b"]),
    ];
    for (content, expected) in rows {
        write_atomic(&path, content.as_bytes()).unwrap();
        let tail = read_tail(&path, 9).unwrap();
        assert_eq!(
            tail.iter().map(|m| m["t"].as_str().unwrap()).collect::<Vec<_>>(),
            expected,
            "{content:?}"
        );
    }
}

#[test]
fn archives_never_replace_each_other() {
    let home = tempfile::tempdir().unwrap();
    let path = open(home.path()).path().to_owned();
    let time = "2026-11-20T10-42-42.90";
    for (reason, expected) in [
        (ArchiveReason::Deleted, format!("s1.jsonl.deleted.{time}8Z")),
        (ArchiveReason::Deleted, format!("s1.jsonl.deleted.{time}9Z")),
        (ArchiveReason::Backup, format!("s1.jsonl.bak.{time}8Z")),
    ] {
        open(home.path());
        assert_eq!(archive(&path, reason, NOW).unwrap(), home.path().join(expected));
        assert!(!path.exists());
    }
    assert!(archive(&path, ArchiveReason::Deleted, NOW).is_err());
}
