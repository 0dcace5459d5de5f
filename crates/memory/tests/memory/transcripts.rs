//! Conversations as a source of memory: what is taken from them, and whose they are.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use crate::home::Home;
use openclaw_guard::{Hiding, Pattern, Redactor, Secret, create_private_dir, write_atomic};
use openclaw_memory::{
    Engine, EngineOptions, LineRange, MemoryBackend as _, Query, Source, SourceOptions, SyncReason,
    Transcripts,
};
use serde_json::json;

fn record(day: u8, role: &str, text: &str) -> String {
    let at = format!("2026-11-{day:02}T12:00:00.000Z");
    let message = json!({"role": role, "content": [{"type": "text", "text": text}]});
    format!("{}\n", json!({"type": "message", "id": "x", "timestamp": at, "message": message}))
}

fn sessions(home: &Home, agent: &str) -> PathBuf {
    let folder = home.path(&format!("agents/{agent}/sessions"));
    create_private_dir(&folder).unwrap();
    folder
}

fn talk(home: &Home, name: &str, records: &[String]) {
    write_atomic(&sessions(home, "main").join(name), records.concat().as_bytes()).unwrap();
}

fn transcripts(home: &Home) -> Transcripts {
    let secrets = [Secret::new("correct-horse-battery".to_owned())];
    let redactor = Redactor::new(&secrets, Hiding::Shapes { patterns: Vec::new() });
    Transcripts { delta_messages: 3, ..Transcripts::new(sessions(home, "main"), Arc::new(redactor)) }
}

fn engine(home: &Home) -> Engine {
    let sources = SourceOptions { notes: true, transcripts: Some(transcripts(home)) };
    Engine::new(EngineOptions { sources, ..home.options() })
}

async fn found(memory: &Engine, query: &str) -> Vec<(String, String)> {
    let answer = memory.search(Query::new(query)).await.unwrap();
    answer.results.into_iter().map(|hit| (hit.path, hit.snippet)).collect()
}

async fn read(memory: &Engine, path: &str) -> Option<String> {
    let range = LineRange { path: path.to_owned(), from: None, lines: None };
    memory.read(range).await.ok().map(|passage| passage.text)
}

#[tokio::test]
async fn a_conversation_is_found_under_its_day_and_its_lines_can_be_read() {
    let home = Home::new();
    home.note("MEMORY.md", "The cat is called Tom.\n");
    let records = [
        record(19, "user", "Where shall we  have\ndinner?"),
        record(19, "assistant", "At the Lindenhof, at eight."),
        record(20, "toolResult", "a page about zeppelins"),
        record(20, "user", "And the hotel?"),
    ];
    talk(&home, "one.jsonl", &records);
    let memory = engine(&home);
    memory.sync(SyncReason::Requested).await.unwrap();
    let answer = memory.search(Query::new("dinner at the Lindenhof")).await.unwrap();
    let hit = &answer.results[0];
    assert_eq!((hit.path.as_str(), hit.source, hit.start_line), ("sessions/one.jsonl", Source::Sessions, 2));
    assert_eq!(hit.snippet, "User: Where shall we have dinner?\nAssistant: At the Lindenhof, at eight.");
    assert_eq!(
        (hit.date.as_deref(), hit.citation.as_str()),
        (Some("2026-11-19"), "sessions/one.jsonl#L2-L3")
    );
    let range = LineRange { path: hit.path.clone(), from: Some(3), lines: Some(1) };
    assert_eq!(memory.read(range).await.unwrap().text, "Assistant: At the Lindenhof, at eight.");
    assert!(found(&memory, "zeppelins").await.is_empty(), "results of tools are not what was said");
}

#[tokio::test]
async fn secrets_are_neither_shown_nor_kept() {
    let home = Home::new();
    let secrets =
        ["correct-horse-battery", "sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789", "hunter2hunter2"];
    let said = format!("The lighthouse key is {} and {} and password={}", secrets[0], secrets[1], secrets[2]);
    talk(&home, "one.jsonl", &[record(19, "user", &said)]);
    let memory = engine(&home);
    memory.sync(SyncReason::Requested).await.unwrap();
    let shown = format!(
        "{:?} {:?}",
        found(&memory, "lighthouse key").await,
        read(&memory, "sessions/one.jsonl").await
    );
    assert!(shown.contains("lighthouse"), "{shown}");
    drop(memory);
    for secret in secrets {
        assert!(!shown.contains(secret), "{shown}");
        for (path, bytes) in home.contents("memory") {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{}", path.display());
        }
    }
}

/// Somebody learns that something is a secret after it was said.
#[tokio::test]
async fn a_new_secret_or_pattern_goes_from_what_was_indexed_before() {
    let home = Home::new();
    talk(
        &home,
        "one.jsonl",
        &[record(19, "user", "the lighthouse belongs to customer-4711 and tangerine-42")],
    );
    talk(&home, "two.jsonl", &[record(19, "user", "the lighthouse is white")]);
    let memory = engine(&home);
    memory.sync(SyncReason::Requested).await.unwrap();
    assert!(format!("{:?}", found(&memory, "lighthouse").await).contains("tangerine-42"));
    drop(memory);
    let known = || vec![Secret::new("tangerine-42".to_owned())];
    let patterns = || vec![Pattern::parse(r"customer-\d+").unwrap()];
    let steps = [(known(), Vec::new()), (known(), patterns()), (Vec::new(), patterns())];
    for (secrets, patterns) in steps {
        let (hides_secret, hides_customer) = (!secrets.is_empty(), !patterns.is_empty());
        let redactor = Arc::new(Redactor::new(&secrets, Hiding::Shapes { patterns }));
        let options = Transcripts { redactor, ..transcripts(&home) };
        let sources = SourceOptions { notes: true, transcripts: Some(options) };
        let memory = Engine::new(EngineOptions { sources, ..home.options() });
        assert!(memory.status().await.unwrap().dirty);
        // In passing, as the gateway does it.
        memory.sync(SyncReason::Written).await.unwrap();
        let shown = format!("{:?}", found(&memory, "lighthouse").await);
        assert_eq!(shown.contains("tangerine-42"), !hides_secret, "{shown}");
        assert_eq!(shown.contains("customer-4711"), !hides_customer, "{shown}");
        let status = memory.status().await.unwrap();
        assert_eq!((status.files, status.dirty), (2, false));
    }
}

#[tokio::test]
async fn only_conversations_of_this_agent_are_found_and_read() {
    let home = Home::new();
    talk(&home, "mine.jsonl", &[record(19, "user", "the gazebo is green")]);
    let theirs = sessions(&home, "other");
    write_atomic(&theirs.join("theirs.jsonl"), record(19, "user", "the gazebo is theirs").as_bytes())
        .unwrap();
    std::os::unix::fs::symlink(theirs.join("theirs.jsonl"), sessions(&home, "main").join("link.jsonl"))
        .unwrap();
    let memory = engine(&home);
    memory.sync(SyncReason::Requested).await.unwrap();
    let paths: Vec<String> = found(&memory, "gazebo").await.into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["sessions/mine.jsonl"]);
    let absolute = theirs.join("theirs.jsonl");
    for path in [
        "sessions/theirs.jsonl",
        "sessions/link.jsonl",
        "sessions/../../other/sessions/theirs.jsonl",
        "agents/other/sessions/theirs.jsonl",
        "../agents/main/sessions/mine.jsonl",
        absolute.to_str().unwrap(),
    ] {
        assert_eq!(read(&memory, path).await, None, "{path}");
    }
}

#[tokio::test]
async fn without_being_configured_no_conversation_is_found_also_when_one_was() {
    let home = Home::new();
    talk(&home, "one.jsonl", &[record(19, "user", "the gazebo is green")]);
    home.note("MEMORY.md", "the gazebo stands in the garden\n");
    let with = engine(&home);
    with.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(found(&with, "gazebo").await.len(), 2);
    drop(with);
    let without = home.engine();
    assert_eq!(found(&without, "gazebo").await.len(), 1);
    assert_eq!(read(&without, "sessions/one.jsonl").await, None);
    // And the other way round.
    let sources = SourceOptions { notes: false, transcripts: Some(transcripts(&home)) };
    let only = Engine::new(EngineOptions { sources, ..home.options() });
    only.sync(SyncReason::Requested).await.unwrap();
    let paths: Vec<String> = found(&only, "gazebo").await.into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["sessions/one.jsonl"]);
}

#[tokio::test]
async fn one_that_grows_is_taken_in_when_it_has_grown_enough_or_a_session_begins() {
    let home = Home::new();
    let path = sessions(&home, "main").join("one.jsonl");
    talk(&home, "one.jsonl", &[record(19, "user", "one gazebo")]);
    let memory = engine(&home);
    memory.sync(SyncReason::Written).await.unwrap();
    let add = |text: &str| {
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(record(19, "user", text).as_bytes()).unwrap();
    };
    // (what is added, why memory is brought up to date, whether it is found then)
    let steps = [
        ("pagoda", SyncReason::Written, false),
        ("obelisk", SyncReason::Written, false),
        ("cupola", SyncReason::Written, true),
        ("rotunda", SyncReason::Written, false),
        ("minaret", SyncReason::SessionStart, true),
    ];
    for (word, why, is_found) in steps {
        add(word);
        memory.sync(why).await.unwrap();
        assert_eq!(!found(&memory, word).await.is_empty(), is_found, "{word}");
    }
    assert_eq!(memory.status().await.unwrap().files, 1);
    fs::rename(&path, path.with_extension("jsonl.deleted.2026-11-20T10-00-00.000Z")).unwrap();
    assert_eq!(read(&memory, "sessions/one.jsonl").await, None);
    memory.sync(SyncReason::Written).await.unwrap();
    assert!(found(&memory, "gazebo").await.is_empty());
}

#[tokio::test]
async fn of_a_note_and_a_conversation_that_say_the_same_the_note_comes_first() {
    let home = Home::new();
    // The talk is new and the note is old.
    home.note("memory/2024-01-05.md", "The spare key is under the blue pot.\n");
    let records = [record(19, "user", "The spare key is under the blue pot.")];
    talk(&home, "one.jsonl", &records);
    let memory = engine(&home);
    memory.sync(SyncReason::Requested).await.unwrap();
    let paths: Vec<String> =
        found(&memory, "where is the spare key?").await.into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["memory/2024-01-05.md", "sessions/one.jsonl"]);
    // What only was said is found first nevertheless.
    talk(&home, "two.jsonl", &[record(19, "user", "The spare key of the barn hangs behind the ladder.")]);
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(found(&memory, "where is the key of the barn?").await[0].0, "sessions/two.jsonl");
}
