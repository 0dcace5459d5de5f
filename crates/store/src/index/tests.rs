use super::{Creation, INDEX_FILE, SessionIndex};
use crate::{NewTranscript, SessionEntry, SessionId, Transcript, field};
use openclaw_guard::{ManualClock, write_atomic};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

const NOW: i64 = 1_795_171_362_908;

fn load(dir: &Path) -> SessionIndex {
    SessionIndex::load(dir, "main", Arc::new(ManualClock::new(NOW))).unwrap()
}

fn on_disk(dir: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(dir.join(INDEX_FILE)).unwrap()).unwrap()
}

fn id(text: &str) -> SessionId {
    SessionId::parse(text).unwrap()
}

fn transcript(dir: &Path, session: &str, key: &str) {
    let new = NewTranscript { cwd: dir, key, parent: None };
    drop(Transcript::open_or_create(dir, &id(session), &new, Arc::new(ManualClock::new(NOW))).unwrap());
}

fn keys(index: &SessionIndex) -> Vec<String> {
    index.list().into_iter().map(|(key, _)| key).collect()
}

#[test]
fn what_is_durable_at_once_and_what_waits() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("sessions");
    let index = load(&dir);
    assert!(!dir.join(INDEX_FILE).exists() && !index.report().is_repaired());

    let (_, made) = index.get_or_create("agent:main:b", || SessionEntry::new(&id("s1"), 1)).unwrap();
    let (entry, again) = index.get_or_create("agent:main:b", || SessionEntry::new(&id("s2"), 1)).unwrap();
    assert_eq!((made, again, entry.session_id()), (Creation::New, Creation::Existing, id("s1")));
    index.get_or_create("agent:main:a", || SessionEntry::new(&id("s3"), 2)).unwrap();
    let mode = dir.join(INDEX_FILE).metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    index.update("agent:main:b", |entry| entry.set(field::TOTAL_TOKENS, &9)).unwrap();
    assert_eq!(on_disk(&dir)["agent:main:b"].get("totalTokens"), None);
    index.flush_if_dirty().unwrap();
    assert_eq!(on_disk(&dir)["agent:main:b"]["totalTokens"], 9);

    index.patch("agent:main:a", |entry| entry.set_text(field::LABEL, "work")).unwrap().unwrap();
    assert_eq!(on_disk(&dir)["agent:main:a"]["label"], "work");
    assert_eq!(keys(&load(&dir)), ["agent:main:b", "agent:main:a"]);

    assert!(index.remove("agent:main:b").unwrap().is_some());
    assert!(index.remove("agent:main:b").unwrap().is_none());
    assert!(index.update("agent:main:b", |_| ()).is_none());
    assert_eq!(keys(&load(&dir)), ["agent:main:a"]);
}

#[test]
fn finds_by_session_id_and_label_the_newest_first() {
    let home = tempfile::tempdir().unwrap();
    let index = load(home.path());
    for (key, session, at) in [("cron:a", "s", 5), ("cron:a:run:s", "s", 7), ("other", "t", 9)] {
        index.get_or_create(key, || SessionEntry::new(&id(session), at)).unwrap();
        index.update(key, |entry| entry.set_text(field::LABEL, session));
    }
    assert_eq!(index.find_by_session_id(&id("s")).as_deref(), Some("cron:a:run:s"));
    assert_eq!(index.find_by_label("t").as_deref(), Some("other"));
    assert_eq!(index.find_by_label("none"), None);
}

#[test]
fn the_file_looks_like_upstreams_and_keeps_what_it_had() {
    let home = tempfile::tempdir().unwrap();
    let source = json!({
        "agent:main:main": {"sessionId": "s1", "updatedAt": 5, "skillsSnapshot": {"prompt": "x", "skills": [{"name": "a"}]}},
        "agent:main:z": {"sessionId": "s2", "updatedAt": 6, "future": [1, {"deep": null}]},
    });
    write_atomic(&home.path().join(INDEX_FILE), source.to_string().as_bytes()).unwrap();
    let index = load(home.path());
    index.flush().unwrap();
    let text = std::fs::read_to_string(home.path().join(INDEX_FILE)).unwrap();
    assert_eq!(text, serde_json::to_string_pretty(&source).unwrap());
}

#[test]
fn a_broken_index_is_moved_away_and_rebuilt_from_the_transcripts() {
    let good = r#"{"agent:main:kept": {"sessionId": "s1", "updatedAt": 5, "label": "kept"}, "agent:main:lost": {"sess"#;
    let nothing_left = ["agent:main:named", "agent:main:recovered-s1", "agent:main:recovered-s4"];
    let rows: [(&[u8], &[&str]); 7] = [
        (b"", &nothing_left),
        (b"[]", &nothing_left),
        (b"null", &nothing_left),
        (b"\0\0\0\0", &nothing_left),
        (b"\xff\xfe{", &nothing_left),
        (b"\"text\"", &nothing_left),
        (good.as_bytes(), &["agent:main:kept", "agent:main:named", "agent:main:recovered-s4"]),
    ];
    for (bytes, expected) in rows {
        let home = tempfile::tempdir().unwrap();
        transcript(home.path(), "s2", "agent:main:named");
        for foreign in ["s1.jsonl", "s4.jsonl", "s5.jsonl.deleted.2026-01-01T00-00-00.000Z"] {
            write_atomic(&home.path().join(foreign), b"{\"type\":\"session\"}\n").unwrap();
        }
        write_atomic(&home.path().join(INDEX_FILE), bytes).unwrap();
        let index = load(home.path());
        let mut found = keys(&index);
        found.sort();
        assert_eq!(found, expected, "{bytes:?}");
        assert_eq!(std::fs::read(index.report().quarantined.as_ref().unwrap()).unwrap(), bytes);
        let again = load(home.path());
        assert!(!again.report().is_repaired());
        assert_eq!(keys(&again), keys(&index));
    }
}

#[test]
fn a_lost_index_is_rebuilt_and_the_newest_transcript_of_a_key_gets_it() {
    let home = tempfile::tempdir().unwrap();
    transcript(home.path(), "old", "agent:main:main");
    transcript(home.path(), "new", "agent:main:main");
    let old = std::fs::File::options().append(true).open(home.path().join("old.jsonl")).unwrap();
    old.set_modified(std::time::UNIX_EPOCH).unwrap();
    let index = load(home.path());
    assert_eq!(index.get("agent:main:main").unwrap().session_id(), id("new"));
    let recovered = index.get("agent:main:recovered-old").unwrap();
    assert_eq!((recovered.session_id(), recovered.updated_at()), (id("old"), 0));
    assert!(recovered.text(field::SESSION_FILE).unwrap().ends_with("/old.jsonl"));
}

#[test]
fn one_bad_entry_goes_alone() {
    let home = tempfile::tempdir().unwrap();
    transcript(home.path(), "s2", "agent:main:bad");
    transcript(home.path(), "s3", "agent:main:good");
    let text = r#"{"agent:main:good": {"sessionId": "s1"}, "agent:main:bad": {"sessionId": 5}, "agent:main:worse": null}"#;
    write_atomic(&home.path().join(INDEX_FILE), text.as_bytes()).unwrap();
    let index = load(home.path());
    // s3 was left behind by a reset of agent:main:good: its key is taken, so it stays out.
    assert_eq!(keys(&index), ["agent:main:good", "agent:main:bad"]);
    assert_eq!(index.get("agent:main:bad").unwrap().session_id(), id("s2"));
    assert_eq!(index.report().dropped, ["agent:main:bad", "agent:main:worse"]);
    let copy = index.report().quarantined.clone().unwrap();
    assert_eq!(std::fs::read_to_string(copy).unwrap(), text);
    assert!(!load(home.path()).report().is_repaired());
}

#[test]
fn concurrent_writers_lose_nothing() {
    let home = tempfile::tempdir().unwrap();
    let index = load(home.path());
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let (index, dir) = (&index, home.path());
            scope.spawn(move || {
                for n in 0..25 {
                    let key = format!("agent:main:{worker}-{n}");
                    index.get_or_create(&key, || SessionEntry::new(&SessionId::random(), n)).unwrap();
                    // Another writer's older image must not have replaced the one with our entry.
                    assert!(on_disk(dir).get(&key).is_some(), "{key}");
                    index.update("agent:main:0-0", |entry| {
                        let tokens = entry.get(field::TOTAL_TOKENS).unwrap_or(0);
                        entry.set(field::TOTAL_TOKENS, &(tokens + 1));
                    });
                }
            });
        }
    });
    index.flush_if_dirty().unwrap();
    assert_eq!(on_disk(home.path()).as_object().unwrap().len(), 100);
    assert_eq!(load(home.path()).list(), index.list());
}

proptest! {
    #[test]
    fn any_bytes_load_and_are_kept_somewhere(cut in 0_usize..400, flip in 0_usize..400, with in any::<u8>()) {
        let home = tempfile::tempdir().unwrap();
        let whole = json!({
            "agent:main:a": {"sessionId": "s1", "updatedAt": 5, "label": "one"},
            "agent:main:b": {"sessionId": "s2", "updatedAt": 6, "origin": {"provider": "webchat"}},
        });
        let mut bytes = serde_json::to_vec_pretty(&whole).unwrap();
        if let Some(byte) = bytes.get_mut(flip) {
            *byte = with;
        }
        bytes.truncate(cut);
        write_atomic(&home.path().join(INDEX_FILE), &bytes).unwrap();
        let index = load(home.path());
        if let Some(copy) = &index.report().quarantined {
            prop_assert_eq!(std::fs::read(copy).unwrap(), bytes);
        } else {
            prop_assert_eq!(std::fs::read(home.path().join(INDEX_FILE)).unwrap(), bytes);
        }
        let again = load(home.path());
        prop_assert!(!again.report().is_repaired());
        prop_assert_eq!(again.list(), index.list());
    }
}
