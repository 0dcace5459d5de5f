//! A recording is private, goes on behind whatever happened to it, stays within its limits, and says what it lacks.

mod lost;

use super::{ExchangeLog, Extent, FOLDER, Hider, Recorded, read_session, remove_session};
use futures_util::StreamExt as _;
use openclaw_credentials::{AuthPlaces, AuthSettings, AuthStore};
use openclaw_guard::{Hiding, Redactor, Secret, create_private_dir, write_atomic};
use openclaw_models::ModelRequest;
use openclaw_models::offline::OfflineRecall;
use openclaw_models::replay::{Remark, WireFrames};
use openclaw_protocol::message::{Content, Message, UserMessage};
use openclaw_store::{SessionEntry, SessionId};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

fn log(dir: &Path, max_bytes: u64) -> Arc<ExchangeLog> {
    let auth = Arc::new(AuthStore::new(AuthPlaces::new(dir, dir), AuthSettings::default()));
    let make = Box::new(|secrets: &[_]| Redactor::new(secrets, Hiding::KnownOnly));
    let extent = Extent { frames: WireFrames::Left, max_bytes };
    Arc::new(ExchangeLog::new(dir.join(FOLDER), extent, Hider::new(auth, make), &Arc::default()))
}

/// Asks the offline model once.
async fn call(log: &Arc<ExchangeLog>, session: &SessionId, words: &str) {
    let entry = SessionEntry::new(session, 0);
    let model = Recorded::turn(Some(log), &entry, 0).wrap(Arc::new(OfflineRecall::new()));
    let hello = Message::User(UserMessage { content: Content::Text(words.into()), timestamp: 0 });
    let request = ModelRequest { messages: vec![Arc::new(hello)], ..ModelRequest::default() };
    let events: Vec<_> = model.stream(request, Default::default()).collect().await;
    assert!(events.last().is_some_and(Result::is_ok), "{events:?}");
}

/// Waits until everything is written, or not.
async fn idle(log: &ExchangeLog) {
    while !log.scribe.is_idle() {
        tokio::task::yield_now().await;
    }
}

async fn ask(log: &Arc<ExchangeLog>, session: &SessionId, words: &str) {
    call(log, session, words).await;
    idle(log).await;
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_session_has_a_private_file_that_goes_on_behind_a_torn_line() {
    let dir = tempfile::tempdir().unwrap();
    let session = SessionId::random();
    assert!(read_session(&dir.path().join(FOLDER), &session).unwrap().files.is_empty());
    let first = log(dir.path(), 1 << 20);
    ask(&first, &session, "one").await;
    ask(&first, &session, "two").await;
    let folder = dir.path().join(FOLDER);
    let path = folder.join(format!("{session}.jsonl"));
    assert_eq!((mode(&folder), mode(&path)), (0o700, 0o600));
    // The machine stops in the middle of a line, and another process goes on.
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"v\":1,\"turn\":\"x").unwrap();
    ask(&log(dir.path(), 1 << 20), &session, "three").await;
    let recording = read_session(&folder, &session).unwrap();
    assert_eq!(recording.exchanges.len(), 3);
    assert!(matches!(&recording.remarks[..], [(_, Remark::Damaged { line: 3, .. })]), "{recording:?}");
    assert!(read_session(&folder, &SessionId::random()).unwrap().files.is_empty());
}

#[tokio::test]
async fn a_full_file_becomes_the_older_one_and_each_can_be_read_alone() {
    let dir = tempfile::tempdir().unwrap();
    let session = SessionId::random();
    let log = log(dir.path(), 3000);
    for number in 0..12 {
        ask(&log, &session, &format!("question {number}")).await;
    }
    let folder = dir.path().join(FOLDER);
    let recording = read_session(&folder, &session).unwrap();
    assert_eq!((recording.files.len(), recording.remarks), (2, Vec::new()));
    for file in &recording.files {
        assert!(file.metadata().unwrap().len() <= 3000);
        assert_eq!(mode(file), 0o600);
    }
    let last = recording.exchanges.last().unwrap().request.messages[0]["content"].to_string();
    assert!(last.contains("question 11"), "{last}");
    assert!((3..12).contains(&recording.exchanges.len()), "{}", recording.exchanges.len());
}

#[tokio::test]
async fn what_cannot_be_written_stops_no_answer_and_is_said_once() {
    let dir = tempfile::tempdir().unwrap();
    let session = SessionId::random();
    // A file where the folder belongs.
    write_atomic(&dir.path().join(FOLDER), b"").unwrap();
    let blocked = log(dir.path(), 1 << 20);
    ask(&blocked, &session, "one").await;
    assert!(blocked.complained.load(Ordering::Relaxed));
    std::fs::remove_file(dir.path().join(FOLDER)).unwrap();
    ask(&blocked, &session, "two").await;
    assert_eq!(read_session(&dir.path().join(FOLDER), &session).unwrap().exchanges.len(), 1);

    // Larger than a file may be.
    let small = log(dir.path(), 100);
    ask(&small, &SessionId::random(), "three").await;
    assert!(small.complained.load(Ordering::Relaxed));

    // Without the profiles nobody knows what is secret.
    let other = tempfile::tempdir().unwrap();
    create_private_dir(&other.path().join("auth-profiles.json")).unwrap();
    let ignorant = log(other.path(), 1 << 20);
    ask(&ignorant, &session, "four").await;
    assert!(ignorant.complained.load(Ordering::Relaxed) && !other.path().join(FOLDER).exists());
}

#[tokio::test]
async fn secrets_of_profiles_are_left_out_as_they_are_at_the_time() {
    let dir = tempfile::tempdir().unwrap();
    let session = SessionId::random();
    let log = log(dir.path(), 1 << 20);
    ask(&log, &session, "nothing").await;
    let profiles =
        r#"{"version":1,"profiles":{"p:x":{"type":"api_key","provider":"p","key":"canary-012345"}}}"#;
    write_atomic(&dir.path().join("auth-profiles.json"), profiles.as_bytes()).unwrap();
    ask(&log, &session, "is it canary-012345?").await;
    let folder = dir.path().join(FOLDER);
    let file = std::fs::read_to_string(folder.join(format!("{session}.jsonl"))).unwrap();
    assert!(file.contains("is it ***?") && !file.contains("canary"), "{file}");
}

#[tokio::test]
async fn the_oldest_recordings_go_when_there_are_too_many_and_a_deleted_session_has_none() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path(), 2000);
    let folder = dir.path().join(FOLDER);
    let sessions: Vec<SessionId> = (0..60).map(|_| SessionId::random()).collect();
    let bytes = || -> u64 {
        let entries = std::fs::read_dir(&folder).unwrap();
        entries.map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
    };
    let other = folder.join("notes.txt");
    for (number, session) in sessions.iter().enumerate() {
        ask(&log, session, &format!("question {number} {}", "x".repeat(200))).await;
        assert!(bytes() <= 16 * 2000 + 4, "{} after {number}", bytes());
        if number == 0 {
            write_atomic(&other, b"mine").unwrap();
        }
    }
    let is_there = |session: &SessionId| !read_session(&folder, session).unwrap().exchanges.is_empty();
    assert!(!is_there(&sessions[0]) && is_there(&sessions[58]) && is_there(&sessions[59]));
    assert!(other.exists(), "what is no recording is left alone");
    // One whose file went begins anew.
    ask(&log, &sessions[0], "again").await;
    assert_eq!(read_session(&folder, &sessions[0]).unwrap().remarks, []);

    // What waits is removed too.
    call(&log, &sessions[59], "more").await;
    log.remove(sessions[59].clone());
    idle(&log).await;
    assert!(!is_there(&sessions[59]) && is_there(&sessions[58]));
    remove_session(&folder, &sessions[58]).unwrap();
    remove_session(&folder, &sessions[58]).unwrap();
    remove_session(&dir.path().join("nowhere"), &sessions[58]).unwrap();
    assert!(!is_there(&sessions[58]));
}

#[test]
fn a_token_that_was_renewed_and_one_that_was_only_sent_are_hidden() {
    let dir = tempfile::tempdir().unwrap();
    let auth = Arc::new(AuthStore::new(AuthPlaces::new(dir.path(), dir.path()), AuthSettings::default()));
    let hider = Hider::new(auth, Box::new(|secrets: &[_]| Redactor::new(secrets, Hiding::KnownOnly)));
    let path = dir.path().join("auth-profiles.json");
    let keep = |key: &str| {
        let profile = serde_json::json!({"type": "api_key", "provider": "p", "key": key});
        let file = serde_json::json!({"version": 1, "profiles": {"p:x": profile}});
        write_atomic(&path, file.to_string().as_bytes()).unwrap();
    };
    keep("token-of-yesterday");
    assert_eq!(hider.redactor().unwrap().redact("token-of-yesterday"), "***");
    keep("token-of-today-1");
    let sent = [Secret::new("token-not-kept".into())];
    let redactor = hider.redactor_with(&sent).unwrap();
    for text in ["token-of-yesterday", "token-of-today-1", "token-not-kept"] {
        assert_eq!(redactor.redact(text), "***", "{text}");
    }
    assert!(Arc::ptr_eq(&redactor, &hider.redactor_with(&sent).unwrap()), "it is made once");
}
