//! Damage of every kind: nothing that was whole is lost, and the next turn can be sent (P-06).

use std::collections::HashSet;
use std::path::Path;

use openclaw_guard::write_atomic;
use openclaw_protocol::message::Message;
use proptest::prelude::*;

use super::tests::{assistant, open, result, shape, user};
use super::{RepairReport, Transcript, read_tail, tool_calls};

/// What happens to the bytes of a file.
#[derive(Debug, Clone)]
enum Mutation {
    Truncate(usize),
    Flip(usize, u8),
    Duplicate(usize),
    Nul(usize, usize),
    NulTail(usize),
    DropLine(usize),
    Garbage(usize, Vec<u8>),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = 0_usize..100_000;
    prop_oneof![
        at.clone().prop_map(Mutation::Truncate),
        (at.clone(), 1_u8..=255).prop_map(|(at, with)| Mutation::Flip(at, with)),
        at.clone().prop_map(Mutation::Duplicate),
        (at.clone(), 1_usize..600).prop_map(|(at, len)| Mutation::Nul(at, len)),
        (1_usize..600).prop_map(Mutation::NulTail),
        at.clone().prop_map(Mutation::DropLine),
        (at, prop::collection::vec(any::<u8>(), 1..40)).prop_map(|(at, bytes)| Mutation::Garbage(at, bytes)),
    ]
}

fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|&b| b == b'\n').map(<[u8]>::to_vec).collect()
}

fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    let len = bytes.len().max(1);
    match mutation {
        Mutation::Truncate(at) => bytes.truncate(at % len),
        Mutation::Flip(at, with) => {
            if let Some(byte) = bytes.get_mut(at % len) {
                *byte ^= with;
            }
        }
        Mutation::Duplicate(at) => {
            let mut lines = split(bytes);
            let at = at % lines.len().max(1);
            if let Some(line) = lines.get(at).cloned() {
                lines.insert(at, line);
            }
            *bytes = lines.concat();
        }
        Mutation::Nul(at, count) => bytes.iter_mut().skip(at % len).take(*count).for_each(|byte| *byte = 0),
        Mutation::NulTail(count) => bytes.extend(std::iter::repeat_n(0, *count)),
        Mutation::DropLine(at) => {
            let mut lines = split(bytes);
            if !lines.is_empty() {
                lines.remove(at % lines.len());
            }
            *bytes = lines.concat();
        }
        Mutation::Garbage(at, garbage) => {
            bytes.splice(at % len..at % len, garbage.iter().copied());
        }
    }
}

/// A conversation: for each turn, how many calls the assistant makes and how many of them got a result.
fn write_conversation(dir: &Path, turns: &[(usize, usize)]) -> Vec<u8> {
    let mut transcript = open(dir);
    transcript.append_model_change("mock", "mock-1").unwrap();
    for (turn, (calls, results)) in turns.iter().enumerate() {
        let ids: Vec<_> = (0..*calls).map(|call| format!("call{call}")).collect();
        transcript.append_message(&user(&format!("<u{turn}>"))).unwrap();
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        transcript.append_message(&assistant(&format!("<a{turn}>"), &ids)).unwrap();
        for id in ids.iter().take(*results) {
            transcript.append_message(&result(id, "text")).unwrap();
        }
    }
    std::fs::read(transcript.path()).unwrap()
}

/// Markers of user and assistant messages whose lines are in both files.
fn undamaged_markers(before: &[u8], after: &[u8]) -> Vec<String> {
    let originals: HashSet<Vec<u8>> = split(before).into_iter().collect();
    let texts = split(after).into_iter().filter(|line| originals.contains(line));
    texts
        .filter_map(|line| {
            let line = String::from_utf8(line).ok()?;
            let marker = line.get(line.find('<')?..=line.find('>')?)?;
            Some(marker.to_owned())
        })
        .collect()
}

/// Whether every line with the marker is as it was written.
fn is_copied_whole(before: &[u8], after: &[u8], marker: &str) -> bool {
    let originals: HashSet<Vec<u8>> = split(before).into_iter().collect();
    let has_marker = |line: &Vec<u8>| String::from_utf8_lossy(line).contains(marker);
    split(after).iter().filter(|line| has_marker(line)).all(|line| originals.contains(line))
}

fn is_accepted_by_a_strict_provider(transcript: &Transcript) -> bool {
    let mut open: HashSet<String> = HashSet::new();
    for item in transcript.history() {
        match item.message.as_deref() {
            Some(Message::ToolResult(result)) => {
                if !open.remove(&result.tool_call_id) {
                    return false;
                }
            }
            _ if !open.is_empty() => return false,
            Some(Message::Assistant(message)) => {
                open = tool_calls(&message.content).map(|(id, _)| id.to_owned()).collect();
            }
            Some(Message::User(_)) | None => {}
        }
    }
    open.is_empty()
}

fn quarantined_files(dir: &Path) -> usize {
    std::fs::read_dir(dir.join("quarantine")).map_or(0, Iterator::count)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn damage_is_contained(
        turns in prop::collection::vec((0_usize..3, 0_usize..3), 1..6),
        mutations in prop::collection::vec(mutation(), 1..4),
    ) {
        let home = tempfile::tempdir().unwrap();
        let before = write_conversation(home.path(), &turns);
        let mut after = before.clone();
        for mutation in &mutations {
            mutate(&mut after, mutation);
        }
        let path = home.path().join("s1.jsonl");
        write_atomic(&path, &after).unwrap();

        let mut transcript = open(home.path());
        prop_assert!(std::fs::read(&path).unwrap().starts_with(&after), "the file only grows");
        prop_assert!(is_accepted_by_a_strict_provider(&transcript), "{:?}", shape(&transcript));
        let history = shape(&transcript).join("\n");
        for marker in undamaged_markers(&before, &after) {
            // A copy of its line that was damaged in its turn may count as a message of its own.
            let copies = String::from_utf8_lossy(&after).matches(&marker).count();
            let shown = history.matches(&marker).count();
            let whole = is_copied_whole(&before, &after, &marker);
            prop_assert!((1..=if whole { 1 } else { copies }).contains(&shown), "{} in {}", marker, history);
        }

        transcript.append_message(&user("next")).unwrap();
        let copies = quarantined_files(home.path());
        let again = open(home.path());
        prop_assert_eq!(shape(&again), shape(&transcript));
        prop_assert!(again.report().quarantined.is_empty() && again.report().closed_calls == 0);
        prop_assert_eq!(quarantined_files(home.path()), copies);
        let tail = read_tail(&path, 1).unwrap();
        prop_assert_eq!(&tail[0]["content"][0]["text"], "next");
    }

    #[test]
    fn arbitrary_bytes_open(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("s1.jsonl");
        write_atomic(&path, &bytes).unwrap();
        let mut transcript = open(home.path());
        transcript.append_message(&user("next")).unwrap();
        prop_assert!(std::fs::read(&path).unwrap().starts_with(&bytes));
        prop_assert_eq!(shape(&open(home.path())), ["user next"]);
    }
}

/// A file whose lines are given, opened.
fn open_text(dir: &Path, text: &str) -> Transcript {
    write_atomic(&dir.join("s1.jsonl"), text.as_bytes()).unwrap();
    open(dir)
}

#[test]
fn the_report_says_what_was_found_and_once() {
    let line = |id: &str, parent: &str| {
        let message = serde_json::json!({"role": "user", "content": id});
        format!(r#"{{"type":"message","id":"{id}","parentId":{parent},"message":{message}}}"#)
    };
    let header = r#"{"type":"session","version":3,"id":"s1"}"#;
    let (a, b, c) = (line("a", "null"), line("b", r#""a""#), line("c", r#""b""#));
    let none = RepairReport::default;
    let rows = [
        (format!("{header}\n{a}\n{b}\n"), none(), 2),
        (format!("{header}\n{a}\n{b}"), RepairReport { torn_tail: true, ..none() }, 2),
        (
            format!("{header}\n{a}\n{b}\n{{\"ty"),
            RepairReport { torn_tail: true, damaged_lines: 1, ..none() },
            2,
        ),
        (
            format!("{header}\n{a}\nrubbish\n{c}\n"),
            RepairReport { damaged_lines: 1, bridged: 1, ..none() },
            2,
        ),
        (format!("{header}\n{a}\n{b}\n{a}\n"), RepairReport { duplicates: 1, ..none() }, 2),
        (format!("{a}\n{b}\n"), RepairReport { header_missing: true, ..none() }, 2),
        (
            format!("{{\"type\":5}}\n{a}\n"),
            RepairReport { header_missing: true, damaged_lines: 1, ..none() },
            1,
        ),
        (format!("{header}\n{a}{b}\n"), RepairReport { damaged_lines: 1, ..none() }, 2),
        (format!("{header}\n{a}\n\0\0\0{b}\n\0\0\n"), none(), 2),
        (format!("{header}\n{a}\n{}\n", line("b", r#""zz""#)), RepairReport { bridged: 1, ..none() }, 2),
    ];
    for (text, expected, messages) in rows {
        let home = tempfile::tempdir().unwrap();
        let transcript = open_text(home.path(), &text);
        assert_eq!(transcript.history().len(), messages, "{text}");
        let mut report = transcript.report().clone();
        for copy in report.quarantined.drain(..) {
            assert!(text.contains(&std::fs::read_to_string(copy).unwrap()));
        }
        assert_eq!(quarantined_files(home.path()), expected.damaged_lines, "{text}");
        assert_eq!(report, expected, "{text}");
        let marked = std::fs::read_to_string(transcript.path()).unwrap().contains("openclaw.repair");
        assert_eq!(marked, expected.damaged_lines > 0, "{text}");
    }
}

#[test]
fn lines_in_another_order_are_the_same_conversation() {
    let line = |n: usize| {
        let parent = if n == 0 { "null".to_owned() } else { format!(r#""{}""#, n - 1) };
        let message = serde_json::json!({"role": "user", "content": n.to_string()});
        let time = format!("2026-11-20T10:42:{n:02}.000Z");
        format!(
            r#"{{"type":"message","id":"{n}","parentId":{parent},"timestamp":"{time}","message":{message}}}"#
        )
    };
    // The order of the lines, and of what is shown.
    let rows: [(&[usize], &str); 7] = [
        (&[0, 1, 2, 3], "0 1 2 3"),
        (&[0, 2, 1, 3], "0 1 2 3"),
        (&[0, 1, 3, 2], "0 1 2 3"),
        (&[3, 1, 2, 0], "0 1 2 3"),
        (&[0, 3, 1, 2, 3], "0 1 2 3"),
        // A copy of the last line, and of one that others hang on.
        (&[0, 1, 2, 3, 3], "0 1 2 3"),
        (&[0, 1, 2, 3, 1], "0 1 2 3"),
    ];
    for (order, expected) in rows {
        let home = tempfile::tempdir().unwrap();
        let lines: Vec<_> = order.iter().map(|&n| line(n)).collect();
        let text = format!("{{\"type\":\"session\",\"version\":3}}\n{}\n", lines.join("\n"));
        let transcript = open_text(home.path(), &text);
        let shown: Vec<_> = shape(&transcript).iter().map(|one| one.replace("user ", "")).collect();
        assert_eq!(shown.join(" "), expected, "{order:?}");
        assert_eq!(transcript.report().bridged, 0, "{order:?}");
    }
}

#[test]
fn a_branch_whose_beginning_is_damaged_stays_a_branch() {
    let line = |kind: &str, id: &str, parent: &str, rest: &str| {
        format!(r#"{{"type":"{kind}","id":"{id}","parentId":{parent},{rest}}}"#)
    };
    let said = |text: &str| format!(r#""message":{{"role":"user","content":"{text}"}}"#);
    let lines = [
        r#"{"type":"session","version":3}"#.to_owned(),
        line("message", "a", "null", &said("a")),
        // Its quote is gone; its id can still be read.
        line("message", "b", "\"a\"", &said("b")).replace(r#""user""#, r#"user""#),
        line("message", "c", "\"b\"", &said("c")),
        line("compaction", "d", "\"c\"", r#""summary":"S","firstKeptEntryId":"c""#),
        line("branch_summary", "e", "\"b\"", r#""summary":"T","fromId":"b""#),
        line("message", "f", "\"e\"", &said("f")),
    ];
    let home = tempfile::tempdir().unwrap();
    let transcript = open_text(home.path(), &(lines.join("\n") + "\n"));
    let summary = "user Summary of an abandoned branch of this conversation:\n\nT";
    assert_eq!(shape(&transcript), ["user a", summary, "user f"]);
}

#[test]
fn special_files_are_refused_at_once() {
    let home = tempfile::tempdir().unwrap();
    let new = super::NewTranscript { cwd: home.path(), key: "k", parent: None };
    let id = crate::SessionId::parse("s1").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", home.path().join("s1.jsonl")).unwrap();
    let clock = std::sync::Arc::new(openclaw_guard::SystemClock);
    assert!(Transcript::open_or_create(home.path(), &id, &new, clock).is_err());
}

#[test]
fn a_file_that_was_not_begun_in_full_is_begun_by_the_next_opening() {
    let home = tempfile::tempdir().unwrap();
    let path = open(home.path()).path().to_owned();
    let whole = std::fs::read(&path).unwrap();
    for cut in 0..=whole.len() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("s1.jsonl");
        write_atomic(&path, &whole[..cut]).unwrap();
        let mut transcript = open(home.path());
        assert!(!transcript.report().header_missing, "cut at {cut}");
        transcript.append_message(&user("next")).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.as_bytes().starts_with(&whole[..cut]), "cut at {cut}");
        let keys: Vec<_> = text.lines().filter_map(|line| super::session_key_of(line.as_bytes())).collect();
        assert_eq!(keys, ["agent:main:main"], "cut at {cut}: {text}");
        let headers = text.lines().filter(|line| {
            serde_json::from_str::<serde_json::Value>(line).is_ok_and(|line| line["type"] == "session")
        });
        assert_eq!(headers.count(), 1, "cut at {cut}: {text}");
        let again = open(home.path());
        assert!(!again.report().header_missing && again.report().quarantined.is_empty(), "cut at {cut}");
        assert_eq!(shape(&again), ["user next"], "cut at {cut}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "cut at {cut}");
    }
}

#[test]
fn half_an_emoji_hides_nothing() {
    let lines = [
        r#"{"type":"session","version":3,"id":"s1"}"#,
        r#"{"type":"message","id":"a","parentId":null,"message":{"role":"user","content":[{"type":"text","text":"one \ud83d"}],"timestamp":1}}"#,
        r#"{"type":"custom_message","customType":"x","id":"b","parentId":"a","content":"two \ude00","display":true}"#,
        r#"{"type":"message","id":"c","parentId":"b","message":{"role":"assistant","content":[{"type":"text","text":"three"}],"api":"\ud83d","stopReason":"stop"}}"#,
        r#"{"type":"session_info","id":"d","parentId":"c","name":"Trip \ud83d"}"#,
    ];
    let home = tempfile::tempdir().unwrap();
    let text = lines.join("\n") + "\n";
    let transcript = open_text(home.path(), &text);
    assert_eq!(shape(&transcript), ["user one \u{fffd}", "user two \u{fffd}", "assistant three"]);
    assert_eq!(transcript.notes().name.as_deref(), Some("Trip \u{fffd}"));
    let tail = read_tail(transcript.path(), 9).unwrap();
    assert_eq!((tail.len(), &tail[0]["content"][0]["text"]), (2, &"one \u{fffd}".into()));
    assert_eq!(std::fs::read_to_string(transcript.path()).unwrap(), text, "the file stays");
}

#[test]
fn thousands_of_damaged_lines_make_few_copies() {
    let record = |n: usize| format!(r#"{{"type":"custom","id":"c{n}","parentId":null}}"#);
    let header = r#"{"type":"session","version":3,"id":"s1"}"#;
    // Together they are one piece.
    let home = tempfile::tempdir().unwrap();
    let damage: String = (0..5000).map(|n| format!("damaged {n}\n")).collect();
    let transcript = open_text(home.path(), &format!("{header}\n{}\n{damage}{}\n", record(1), record(2)));
    assert_eq!(transcript.report().damaged_lines, 5000);
    let [copy] = &transcript.report().quarantined[..] else {
        panic!("{:?}", transcript.report().quarantined)
    };
    assert_eq!(std::fs::read_to_string(copy).unwrap(), damage.trim_end());
    // Each by itself they are copied up to a number.
    let home = tempfile::tempdir().unwrap();
    let lines: String = (0..100).map(|n| format!("damaged {n}\n{}\n", record(n))).collect();
    let transcript = open_text(home.path(), &format!("{header}\n{lines}"));
    assert_eq!((transcript.report().damaged_lines, transcript.report().quarantined.len()), (100, 64));
    assert!(open(home.path()).report().quarantined.is_empty());
    assert_eq!(quarantined_files(home.path()), 64);
}
