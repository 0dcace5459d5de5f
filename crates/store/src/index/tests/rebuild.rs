use super::{
    INDEX_FILE, JOURNAL_FILE, NOW, PATIENCE, id, journal, keys, killed, load, new, on_disk, transcript, write,
};
use crate::index::{Creation, IndexEvent};
use crate::{NewTranscript, SessionIndex, Transcript, field};
use openclaw_guard::{ManualClock, write_atomic};
use proptest::prelude::*;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

fn make_old(dir: &Path, session: &str) {
    let file = std::fs::File::options().append(true).open(dir.join(format!("{session}.jsonl"))).unwrap();
    file.set_modified(UNIX_EPOCH).unwrap();
}

#[test]
fn a_broken_index_is_kept_aside_and_rebuilt_from_the_transcripts() {
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
        // A kill finds the same again, and after a tick nothing is left to repair.
        let mut after_kill = keys(&load(killed(home.path()).path()));
        after_kill.sort();
        assert_eq!(after_kill, expected, "{bytes:?}");
        index.flush_if_dirty().unwrap();
        let again = load(killed(home.path()).path());
        assert!(!again.report().is_repaired());
        assert_eq!(keys(&again), keys(&index));
    }
}

#[test]
fn a_lost_index_is_rebuilt_and_the_newest_transcript_of_a_key_gets_it() {
    let home = tempfile::tempdir().unwrap();
    transcript(home.path(), "old", "agent:main:main");
    transcript(home.path(), "new", "agent:main:main");
    transcript(home.path(), "room", "agent:main:slack:channel:c1");
    make_old(home.path(), "old");
    let index = load(home.path());
    assert_eq!(index.get("agent:main:main").unwrap().session_id(), id("new"));
    let recovered = index.get("agent:main:recovered-old").unwrap();
    assert_eq!((recovered.session_id(), recovered.updated_at()), (id("old"), 0));
    assert!(recovered.text(field::SESSION_FILE).unwrap().ends_with("/old.jsonl"));
    let kind = |key: &str| index.get(key).unwrap().text(field::CHAT_TYPE).unwrap().to_owned();
    assert_eq!(
        (kind("agent:main:main"), kind("agent:main:slack:channel:c1")),
        ("direct".into(), "group".into())
    );
    assert_eq!(index.take_events(), [IndexEvent::Rebuilt { sessions: 3 }]);
}

/// A fork as OpenClaw makes it: the parent is in the header, and its first records are copied.
fn fork(dir: &Path, parent: &str, session: &str) {
    let parent = dir.join(format!("{parent}.jsonl"));
    let text = std::fs::read_to_string(&parent).unwrap();
    let (_, records) = text.split_once('\n').unwrap();
    let header = json!({
        "type": "session", "version": 3, "id": session, "timestamp": "2026-11-28T00:00:00.000Z", "cwd": "/w",
        "parentSession": parent,
    });
    write_atomic(&dir.join(format!("{session}.jsonl")), format!("{header}\n{records}").as_bytes()).unwrap();
}

#[test]
fn a_session_that_was_forked_from_stays_and_one_that_was_reset_does_not() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path();
    transcript(dir, "trunk", "agent:main:slack:channel:c1");
    make_old(dir, "trunk");
    fork(dir, "trunk", "branch");
    write_atomic(&dir.join("bare.jsonl"), b"{\"type\":\"session\"}\n").unwrap();
    make_old(dir, "bare");
    fork(dir, "bare", "barefork");
    let reset = |parent: &str, session: &str| {
        let parent = dir.join(format!("{parent}.jsonl"));
        let new = NewTranscript { cwd: dir, key: "agent:main:main", parent: Some(&parent) };
        drop(Transcript::open_or_create(dir, &id(session), &new, Arc::new(ManualClock::new(NOW))).unwrap());
    };
    transcript(dir, "before", "agent:main:main");
    make_old(dir, "before");
    reset("before", "after");
    write_atomic(&dir.join("foreign.jsonl"), b"{\"type\":\"session\"}\n").unwrap();
    make_old(dir, "foreign");
    let index = load(dir);
    let session = |key: &str| index.get(key).unwrap().session_id();
    assert_eq!(session("agent:main:slack:channel:c1"), id("trunk"));
    assert_eq!(session("agent:main:main"), id("after"));
    let mut found: Vec<String> =
        index.list().into_iter().map(|(_, entry)| entry.session_id().to_string()).collect();
    found.sort();
    assert_eq!(found, ["after", "bare", "barefork", "branch", "foreign", "trunk"]);
}

#[test]
fn a_key_is_used_as_it_is_looked_up_and_a_label_names_one_session() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path();
    for (session, key) in
        [("mixed", "agent:main:Slack:C1"), ("other", "agent:work:main"), ("plain", "agent:main:a")]
    {
        transcript(dir, session, key);
        let name = b"{\"type\":\"session_info\",\"id\":\"9\",\"parentId\":null,\"name\":\"Holiday\"}\n";
        let path = dir.join(format!("{session}.jsonl"));
        let text = [std::fs::read(&path).unwrap(), name.to_vec()].concat();
        write_atomic(&path, &text).unwrap();
    }
    make_old(dir, "plain");
    let index = load(dir);
    let mut found = keys(&index);
    found.sort();
    assert_eq!(found, ["agent:main:a", "agent:main:recovered-other", "agent:main:slack:c1"]);
    let labelled = index.list().into_iter().filter(|(_, entry)| entry.text(field::LABEL) == Some("Holiday"));
    assert_eq!(labelled.count(), 1);
    assert_eq!(index.get("agent:main:a").unwrap().text(field::LABEL), None, "the older one");
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
    index.flush_if_dirty().unwrap();
    assert!(!load(home.path()).report().is_repaired());
}

/// A folder whose scan takes a moment.
fn many(dir: &Path, count: usize) {
    for n in 0..count {
        transcript(dir, &format!("s{n:05}"), &format!("agent:main:k{n}"));
    }
}

#[test]
fn five_hundred_lost_sessions_are_listed_again_and_messages_do_not_wait() {
    let home = tempfile::tempdir().unwrap();
    many(home.path(), 500);
    let clock = Arc::new(ManualClock::new(NOW));
    let index = SessionIndex::load(home.path(), "main", clock).unwrap();
    // While it runs or after: a known key is never made twice, an unknown one is made in bounded time.
    let (entry, made) = index.get_or_create("agent:main:k7", || new("fresh", 1)).unwrap();
    assert!(index.wait_until_rebuilt(PATIENCE));
    match made {
        Creation::Existing => assert_eq!(entry.session_id(), id("s00007")),
        Creation::New => {
            let entry = index.get("agent:main:k7").unwrap();
            assert_eq!(entry.text(field::PREVIOUS_SESSION_ID), Some("s00007"));
        }
    }
    assert_eq!(index.count(), 500);
    index.close().unwrap();
    assert_eq!(on_disk(home.path()).as_object().unwrap().len(), 500);
    assert!(!load(home.path()).report().is_repaired());
}

#[test]
fn a_session_made_before_its_older_transcript_was_read_is_linked_to_it() {
    use super::super::lock;
    use super::super::rebuild::{Rebuild, Rebuilder, Recover};
    let home = tempfile::tempdir().unwrap();
    let index = load(home.path());
    // As during a rebuild that has not come to this file yet.
    lock(&index.shared.state).rebuild = Rebuild::Running(Recover::All);
    let (_, made) = index.get_or_create("agent:main:main", || new("fresh", 1)).unwrap();
    assert_eq!(made, Creation::New);
    index.get_or_create("agent:main:gone", || new("removed", 1)).unwrap();
    index.remove("agent:main:gone").unwrap().unwrap();
    for (session, key) in
        [("fresh", "agent:main:main"), ("old", "agent:main:main"), ("removed", "agent:main:gone")]
    {
        transcript(home.path(), session, key);
    }
    transcript(home.path(), "older", "agent:main:main");
    make_old(home.path(), "older");
    let after_kill = load(killed(home.path()).path());
    drop(Rebuilder::start(&index.shared, Recover::All));
    assert!(index.wait_until_rebuilt(PATIENCE));
    for index in [&index, &after_kill] {
        let entry = index.get("agent:main:main").unwrap();
        assert_eq!(entry.session_id(), id("fresh"));
    }
    let entry = index.get("agent:main:main").unwrap();
    if let Some(previous) = entry.text(field::PREVIOUS_SESSION_ID) {
        assert_eq!(previous, "old");
        assert_eq!(keys(&index), ["agent:main:main", "agent:main:recovered-older"]);
    } else {
        // The thread was stopped before it came so far.
        assert!(lock(&index.shared.state).rebuild.what().is_some());
    }
}

#[test]
fn a_rebuild_that_was_cut_off_goes_on_at_the_next_start() {
    use super::super::lock;
    use super::super::rebuild::{Rebuild, Recover};
    let home = tempfile::tempdir().unwrap();
    let index = load(home.path());
    index.get_or_create("agent:main:a", || new("s1", 1)).unwrap();
    lock(&index.shared.state).rebuild = Rebuild::Running(Recover::All);
    index.flush().unwrap();
    index.patch("agent:main:a", |entry| entry.set_text(field::LABEL, "kept")).unwrap();
    drop(index);
    transcript(home.path(), "s2", "agent:main:b");
    let next = load(home.path());
    assert_eq!(keys(&next), ["agent:main:a", "agent:main:b"]);
    assert_eq!(next.get("agent:main:a").unwrap().text(field::LABEL), Some("kept"));
    next.close().unwrap();
    transcript(home.path(), "s3", "agent:main:c");
    assert_eq!(keys(&load(home.path())), ["agent:main:a", "agent:main:b"], "it was complete");
}

#[test]
fn a_damaged_journal_is_kept_and_its_sound_lines_are_followed() {
    let home = tempfile::tempdir().unwrap();
    let index = load(home.path());
    for (key, session) in [("a", "s1"), ("b", "s2"), ("c", "s3")] {
        index.get_or_create(key, || new(session, 1)).unwrap();
    }
    index.update("a", |entry| entry.set(field::TOTAL_TOKENS, &3));
    index.flush_if_dirty().unwrap();
    drop(index);
    let sound = journal(home.path());
    let mut bytes = sound.clone();
    let at = bytes.windows(3).position(|window| window == b"\"b\"").unwrap();
    bytes[at + 1] = b'B';
    write_atomic(&home.path().join(JOURNAL_FILE), &bytes).unwrap();
    let index = load(home.path());
    assert_eq!(keys(&index), ["a", "c"]);
    assert_eq!(index.get("a").unwrap().get(field::TOTAL_TOKENS), Some(3));
    let copy = index.report().journal_quarantined.unwrap();
    assert_eq!(std::fs::read(copy).unwrap(), bytes);
    index.flush_if_dirty().unwrap();
    assert!(!load(home.path()).report().is_repaired());

    // A torn last line is what a kill leaves: no damage, and the next line does not end up in it.
    write_atomic(&home.path().join(JOURNAL_FILE), b"").unwrap();
    let index = load(home.path());
    index.patch("a", |entry| entry.set_text(field::LABEL, "x")).unwrap();
    let mut bytes = journal(home.path());
    bytes.extend_from_slice(b"0badc0de {\"key\":\"a\",\"se");
    write_atomic(&home.path().join(JOURNAL_FILE), &bytes).unwrap();
    let copy = killed(home.path());
    let index = load(copy.path());
    assert!(!index.report().is_repaired());
    index.patch("a", |entry| entry.set_text(field::LABEL, "y")).unwrap();
    let again = load(killed(copy.path()).path());
    assert_eq!(again.get("a").unwrap().text(field::LABEL), Some("y"));
}

#[test]
fn an_image_written_while_no_gateway_ran_keeps_what_is_newer_in_it() {
    let home = tempfile::tempdir().unwrap();
    let index = load(home.path());
    for (key, session) in [("used", "s1"), ("edited", "s2"), ("gone", "s3")] {
        index.get_or_create(key, || new(session, 100)).unwrap();
    }
    index.flush().unwrap();
    for key in ["used", "edited", "gone"] {
        index.update(key, |entry| {
            entry.set(field::UPDATED_AT, &200);
            entry.set(field::TOTAL_TOKENS, &7);
        });
    }
    index.get_or_create("new", || new("s4", 150)).unwrap();
    drop(index); // killed
    write(
        home.path(),
        &json!({
            "used": {"sessionId": "s1", "updatedAt": 300, "totalTokens": 9},
            "edited": {"sessionId": "s2", "updatedAt": 100, "label": "by hand"},
        }),
    );
    let index = load(home.path());
    let seen: Vec<_> = index
        .list()
        .into_iter()
        .map(|(key, entry)| (key, entry.updated_at(), entry.get(field::TOTAL_TOKENS)))
        .collect();
    assert_eq!(
        seen,
        [("used".into(), 300, Some(9)), ("edited".into(), 200, Some(7)), ("new".into(), 150, None)]
    );
    assert_eq!(index.get("edited").unwrap().text(field::LABEL), Some("by hand"));
    index.flush_if_dirty().unwrap();
    assert_eq!(load(killed(home.path()).path()).list(), index.list());
}

#[test]
fn a_hand_edit_after_a_kill_stays_and_so_does_what_it_did_not_touch() {
    let home = tempfile::tempdir().unwrap();
    let index = load(home.path());
    for (key, session) in [("a", "s1"), ("b", "s2"), ("gone", "s3")] {
        index.get_or_create(key, || new(session, 100)).unwrap();
        index.update(key, |entry| {
            entry.set_text(field::LABEL, "in the image");
            entry.set_text(field::MODEL, "old");
            entry.set_json("note", json!({"n": [1, 2]}));
        });
    }
    index.flush().unwrap();
    for (tokens, label) in [(5_u64, "first"), (7, "second")] {
        index.update("a", |entry| {
            entry.set(field::TOTAL_TOKENS, &tokens);
            entry.set_text(field::LABEL, label);
            entry.set_text(field::MODEL, "new");
            entry.set_json("note", json!({"n": [tokens]}));
            entry.set(field::UPDATED_AT, &200);
        });
    }
    index.update("b", |entry| entry.remove("note"));
    index.remove("gone").unwrap();
    drop(index); // killed
    let mut file = on_disk(home.path());
    file["a"]["label"] = json!("by hand");
    file["a"]["mine"] = json!(1);
    file["a"].as_object_mut().unwrap().remove("note");
    file["b"]["note"] = json!("by hand");
    write(home.path(), &file);
    let index = load(home.path());
    let expected = json!({
        "sessionId": "s1", "updatedAt": 200, "label": "by hand", "model": "new", "mine": 1, "totalTokens": 7,
    });
    assert_eq!(json!(*index.get("a").unwrap()), expected);
    assert_eq!(index.get("b").unwrap().json("note"), Some(json!("by hand")));
    assert!(index.get("gone").is_none());
    let events = index.take_events();
    let [IndexEvent::EditedOffline { fields: 3, removed: 1, image, journal }] = &events[..] else {
        panic!("{events:?}");
    };
    let kept: serde_json::Value = serde_json::from_slice(&std::fs::read(image).unwrap()).unwrap();
    assert_eq!(kept, file);
    assert!(std::fs::read_to_string(journal).unwrap().contains("second"));
    index.flush_if_dirty().unwrap();
    assert_eq!(load(killed(home.path()).path()).list(), index.list());
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
        index.flush_if_dirty().unwrap();
        let again = load(home.path());
        prop_assert!(!again.report().is_repaired());
        prop_assert_eq!(again.list(), index.list());
    }
}
