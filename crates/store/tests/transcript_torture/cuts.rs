//! P-05: a session cut at every byte, with the lines that a ledger still had.

use std::path::Path;

use openclaw_guard::write_atomic;
use openclaw_protocol::message::Part;
use openclaw_protocol::message::{AssistantMessage, Message, StopReason, ToolResultMessage, Usage};
use openclaw_store::{Restored, Summary, SummaryBy, Transcript, restore_record};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::mutation::lines_of;
use crate::random::Random;
use crate::{NOW, history, new_transcript, open, refusal, session_id, user};

const RECORDS: usize = 200;
/// Records behind the cut that a ledger had committed and not yet forgotten.
const REDO_LINES: usize = 3;
/// Cuts of the small slice, besides those around line ends.
const SLICE: usize = 150;

fn write_session(dir: &Path) -> Vec<u8> {
    let mut random = Random::new(5);
    let mut transcript = open(dir).unwrap();
    transcript.append_model_change("mock", "mock-1").unwrap();
    let mut turn = 0;
    let mut kept = None;
    while lines(&transcript) < RECORDS + 1 {
        turn += 1;
        let id = transcript.append_message(&user(&format!("<u{turn}> naïve 🦞"))).unwrap();
        for _ in 0..random.below(3) {
            call(&mut transcript, turn, 1 + random.below(3));
        }
        transcript.append_message(&assistant(&format!("<a{turn}>"), &[])).unwrap();
        if turn % 9 == 0 {
            let summary = Summary { text: "<s>", details: Some(&json!({"n": turn})), by: SummaryBy::Agent };
            transcript.append_compaction(summary, kept.as_ref().unwrap_or(&id), 9).unwrap();
        }
        if turn % 11 == 0 {
            transcript.append_custom("x", &json!({"turn": turn})).unwrap();
        }
        kept = Some(id);
    }
    std::fs::read(transcript.path()).unwrap()
}

fn lines(transcript: &Transcript) -> usize {
    lines_of(&std::fs::read(transcript.path()).unwrap()).count()
}

fn call(transcript: &mut Transcript, turn: usize, calls: usize) {
    let ids: Vec<String> = (0..calls).map(|n| format!("c{turn}_{n}")).collect();
    transcript.append_message(&assistant("", &ids)).unwrap();
    for id in &ids {
        let result = ToolResultMessage {
            tool_call_id: id.clone(),
            tool_name: "read".into(),
            content: vec![Part::text("text")],
            details: None,
            is_error: false,
            timestamp: NOW,
        };
        transcript.append_message(&Arc::new(Message::ToolResult(result))).unwrap();
    }
}

fn assistant(text: &str, calls: &[String]) -> Arc<Message> {
    let calls = calls.iter().map(|id| Part::tool_call(id, "read", json!({"path": "a"})));
    Arc::new(Message::Assistant(AssistantMessage {
        content: std::iter::once(Part::text(text)).chain(calls).collect(),
        api: "openai-completions".into(),
        provider: "mock".into(),
        model: "m".into(),
        usage: Usage::default(),
        stop_reason: StopReason::Stop,
        error_message: None,
        timestamp: NOW,
    }))
}

/// All cuts, or those around line ends and some more.
fn cuts(bytes: &[u8]) -> Vec<usize> {
    if std::env::var("OPENCLAW_TORTURE_CUTS").is_ok_and(|cuts| cuts == "all") {
        return (0..=bytes.len()).collect();
    }
    let mut random = Random::new(7);
    let ends = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at);
    let near = ends.step_by(10).flat_map(|end| [end.saturating_sub(1), end, end + 1, end + 2]);
    let mut cuts: Vec<usize> = near.filter(|cut| *cut <= bytes.len()).collect();
    cuts.extend((0..SLICE).map(|_| random.below(bytes.len())));
    cuts
}

struct Line<'a> {
    end: usize,
    text: &'a [u8],
    id: String,
}

fn records(bytes: &[u8]) -> Vec<Line<'_>> {
    let mut end = 0;
    let lines = lines_of(bytes).map(|line| {
        end += line.len();
        let text = &line[..line.len() - 1];
        let record: Value = serde_json::from_slice(text).unwrap();
        (record["type"] != "session").then(|| Line {
            end,
            text,
            id: record["id"].as_str().unwrap().to_owned(),
        })
    });
    lines.flatten().collect()
}

fn check(dir: &Path, bytes: &[u8], records: &[Line<'_>], cut: usize) {
    write_atomic(&dir.join("s1.jsonl"), &bytes[..cut]).unwrap();
    // A record is whole without its line end.
    let whole = records.iter().take_while(|line| line.end - 1 <= cut).count();
    let redo = &records[whole.saturating_sub(1)..(whole + REDO_LINES).min(records.len())];
    for line in redo {
        let present = line.end - 1 <= cut;
        let expected = if present { Restored::Present } else { Restored::Appended };
        let restored = restore_record(dir, &session_id(), &new_transcript(), NOW, line.text).unwrap();
        assert_eq!(restored, expected, "cut at {cut}: {}", line.id);
    }
    let mut transcript = open(dir).unwrap();
    for line in &records[..(whole + REDO_LINES).min(records.len())] {
        let id = openclaw_store::RecordId::parse(&line.id).unwrap();
        assert!(transcript.contains(&id), "cut at {cut}: {id} is lost");
    }
    assert_eq!(refusal(&transcript), None, "cut at {cut}");
    transcript.append_message(&user("next")).unwrap();
    let again = open(dir).unwrap();
    assert_eq!(history(&again), history(&transcript), "cut at {cut}");
    assert!(history(&again).last().is_some_and(|last| last.contains("next")), "cut at {cut}");
    let quiet = again.report();
    assert!(
        quiet.quarantined.is_empty() && !quiet.torn_tail && quiet.missing_bytes == 0,
        "cut at {cut}: {quiet:?}"
    );
}

#[test]
fn a_session_cut_anywhere_has_every_whole_record_and_every_line_put_back() {
    let home = tempfile::tempdir().unwrap();
    let bytes = write_session(home.path());
    let sums = std::fs::read(home.path().join(".sums/s1.jsonl.sum")).unwrap();
    let records = records(&bytes);
    assert!(records.len() >= RECORDS);
    for cut in cuts(&bytes) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".sums")).unwrap();
        write_atomic(&dir.path().join(".sums/s1.jsonl.sum"), &sums).unwrap();
        check(dir.path(), &bytes, &records, cut);
    }
}
