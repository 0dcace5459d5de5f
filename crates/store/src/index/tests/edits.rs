use super::{
    INDEX_FILE, NOW, id, keys, killed, load, load_at, new, on_disk, transcript, write, write_in_place,
};
use crate::index::IndexEvent;
use crate::{SessionIndex, field};
use openclaw_guard::{ManualClock, write_atomic};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn edit(dir: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = on_disk(dir);
    change(&mut value);
    write(dir, &value);
}

fn three(dir: &Path, clock: &Arc<ManualClock>) -> SessionIndex {
    let index = load_at(dir, clock);
    for (key, session) in [("a", "s1"), ("b", "s2"), ("c", "s3")] {
        index.get_or_create(key, || new(session, 100)).unwrap();
        index.update(key, |entry| entry.set_text(field::LABEL, key));
    }
    index.flush().unwrap();
    index
}

#[test]
fn an_edit_is_in_force_field_by_field() {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    let index = three(home.path(), &clock);
    index.update("a", |entry| {
        entry.set(field::UPDATED_AT, &500);
        entry.set(field::TOTAL_TOKENS, &9);
        entry.set_text(field::MODEL, "ours");
    });
    index.get_or_create("ours", || new("s8", 1)).unwrap();
    edit(home.path(), |file| {
        file["a"]["label"] = json!("by hand");
        file["a"]["updatedAt"] = json!(200);
        file["a"].as_object_mut().unwrap().insert("future".into(), json!([1]));
        file["b"].as_object_mut().unwrap().remove("label");
        file.as_object_mut().unwrap().remove("c");
        file["theirs"] = json!({"sessionId": "s9", "updatedAt": 7});
    });
    index.flush_if_dirty().unwrap();
    assert_eq!(index.take_events(), [IndexEvent::Edited { added: 1, changed: 2, removed: 1 }]);
    let check = |index: &SessionIndex| {
        let mut keys = keys(index);
        keys.sort();
        assert_eq!(keys, ["a", "b", "ours", "theirs"]);
        let a = index.get("a").unwrap();
        assert_eq!((a.text(field::LABEL), a.updated_at()), (Some("by hand"), 500));
        assert_eq!((a.get(field::TOTAL_TOKENS), a.text(field::MODEL)), (Some(9), Some("ours")));
        assert_eq!(a.json("future"), Some(json!([1])));
        assert_eq!(index.get("b").unwrap().text(field::LABEL), None);
        assert_eq!(index.get("theirs").unwrap().session_id(), id("s9"));
    };
    check(&index);
    check(&load(killed(home.path()).path()));
    clock.advance(Duration::from_secs(2));
    index.flush_if_dirty().unwrap();
    let file = on_disk(home.path());
    assert_eq!((&file["a"]["label"], &file["a"]["totalTokens"]), (&json!("by hand"), &json!(9)));
    check(&load(home.path()));
    assert_eq!(index.take_events(), []);
}

#[test]
fn an_edit_that_is_all_there_is_writes_nothing_again() {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    let index = three(home.path(), &clock);
    let text = format!("{:#}\n\n", json!({"a": {"sessionId": "s1", "label": "x"}, "b": {"sessionId": "s2"}}));
    write_atomic(&home.path().join(INDEX_FILE), text.as_bytes()).unwrap();
    for _ in 0..3 {
        clock.advance(Duration::from_secs(2_000));
        index.flush_if_dirty().unwrap();
    }
    index.close().unwrap();
    // `updatedAt` of an entry never goes back, so "a" and "b" keep theirs, and that is written.
    assert_eq!(on_disk(home.path())["a"]["label"], "x");
    edit(home.path(), |file| file["a"]["label"] = json!("y"));
    let edited = std::fs::read(home.path().join(INDEX_FILE)).unwrap();
    for _ in 0..3 {
        clock.advance(Duration::from_secs(2_000));
        index.flush_if_dirty().unwrap();
    }
    assert_eq!(std::fs::read(home.path().join(INDEX_FILE)).unwrap(), edited);
    assert_eq!(load(killed(home.path()).path()).list(), index.list());
}

#[test]
fn an_edit_in_the_last_moment_is_not_overwritten() {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    let index = three(home.path(), &clock);
    index.update("b", |entry| entry.set(field::TOTAL_TOKENS, &4));
    let dir = home.path().to_owned();
    let mut left = 2;
    // Somebody saves right before each of the first steps of the image.
    let hook = move |step| {
        if step == super::super::Step::Image && left > 0 {
            left -= 1;
            edit(&dir, |file| file["a"]["label"] = json!(format!("saved {left}")));
        }
        Ok(())
    };
    *super::super::lock(&index.shared.steps.hook) = Some(Box::new(hook));
    index.flush().unwrap();
    *super::super::lock(&index.shared.steps.hook) = None;
    let file = on_disk(home.path());
    assert_eq!((&file["a"]["label"], &file["b"]["totalTokens"]), (&json!("saved 0"), &json!(4)));
    assert_eq!(index.get("a").unwrap().text(field::LABEL), Some("saved 0"));
    assert_eq!(load(killed(home.path()).path()).list(), index.list());
}

#[test]
fn a_file_that_is_no_json_may_stay_for_a_while() {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    let index = three(home.path(), &clock);
    let file = home.path().join(INDEX_FILE);
    write_atomic(&file, b"{\"a\": {\"sess").unwrap();
    index.flush_if_dirty().unwrap();
    index.patch("b", |entry| entry.set_text(field::LABEL, "meanwhile")).unwrap();
    clock.advance(Duration::from_secs(30));
    index.flush_if_dirty().unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), b"{\"a\": {\"sess");
    assert_eq!(index.take_events(), [IndexEvent::Unreadable { path: file.clone() }]);
    // It becomes readable: an edit like any other.
    write(
        home.path(),
        &json!({"a": {"sessionId": "s1", "updatedAt": 100, "label": "done"}, "b": {"sessionId": "s2"}}),
    );
    index.flush_if_dirty().unwrap();
    assert_eq!(keys(&index), ["a", "b"]);
    assert_eq!(index.get("a").unwrap().text(field::LABEL), Some("done"));
    assert_eq!(index.get("b").unwrap().text(field::LABEL), None, "the edit wins where both changed");
    assert_eq!(index.take_events(), [IndexEvent::Edited { added: 0, changed: 2, removed: 1 }]);
    // It does not: it is kept aside, and written anew.
    write_atomic(&file, b"{").unwrap();
    for seconds in [0, 59, 1] {
        clock.advance(Duration::from_secs(seconds));
        index.flush_if_dirty().unwrap();
    }
    let events = index.take_events();
    let [IndexEvent::Unreadable { .. }, IndexEvent::SetAside { to }] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(std::fs::read(to).unwrap(), b"{");
    assert_eq!(load(home.path()).list(), index.list());
}

#[test]
fn a_kill_while_the_file_is_broken_loses_nothing() {
    for broken in
        [&b""[..], b"\0\0\0", b"[]", b"{\"a\": {\"sessionId\": \"s1\", \"label\": \"half\"}, \"b\": {\"sess"]
    {
        let home = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(NOW));
        let index = three(home.path(), &clock);
        index.update("b", |entry| entry.set(field::TOTAL_TOKENS, &4));
        // No entry names it, and it stays that way: one of a deleted session that was kept, say.
        transcript(home.path(), "s9", "agent:main:unnamed");
        // Written in place, as some editors do.
        write_in_place(&home.path().join(INDEX_FILE), broken);
        index.flush_if_dirty().unwrap();
        let check = |index: &SessionIndex| {
            let copy = killed(home.path());
            let after = load(copy.path());
            assert_eq!(after.list(), index.list(), "{broken:?}");
            assert_eq!(after.report().recovered, 0);
            after.flush_if_dirty().unwrap();
            assert_eq!(load(killed(copy.path()).path()).list(), index.list());
        };
        check(&index);
        index.patch("c", |entry| entry.set_text(field::LABEL, "meanwhile")).unwrap();
        index.remove("a").unwrap();
        check(&index);
        // Moved out of the way, and not written yet.
        let copy = killed(home.path());
        std::fs::remove_file(copy.path().join(INDEX_FILE)).unwrap();
        assert_eq!(load(copy.path()).list(), index.list());
    }
}

#[test]
fn a_broken_file_that_becomes_what_it_was_is_no_edit() {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    let index = three(home.path(), &clock);
    let sound = std::fs::read(home.path().join(INDEX_FILE)).unwrap();
    index.patch("b", |entry| entry.set_text(field::LABEL, "patched")).unwrap();
    write_in_place(&home.path().join(INDEX_FILE), b"{");
    index.flush_if_dirty().unwrap();
    assert_eq!(index.take_events().len(), 1);
    write_in_place(&home.path().join(INDEX_FILE), &sound);
    index.flush_if_dirty().unwrap();
    assert_eq!(index.get("b").unwrap().text(field::LABEL), Some("patched"));
    assert_eq!(index.take_events(), []);
    assert_eq!(load(killed(home.path()).path()).list(), index.list());
}

const COMMENTED: &str = "\u{feff}// mine\n{'a': {sessionId: 's1', \"updatedAt\": 100, label: 'by hand',}, /* b */ b: {sessionId: 's2'}}";

#[test]
fn an_edit_with_comments_is_in_force_and_kept_before_the_comments_go() {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    let index = three(home.path(), &clock);
    write_atomic(&home.path().join(INDEX_FILE), COMMENTED.as_bytes()).unwrap();
    index.flush_if_dirty().unwrap();
    assert_eq!(index.take_events(), [IndexEvent::Edited { added: 0, changed: 2, removed: 1 }]);
    assert_eq!(index.get("a").unwrap().text(field::LABEL), Some("by hand"));
    assert_eq!(load(killed(home.path()).path()).list(), index.list());
    for (label, kept) in [("x", 1), ("y", 0)] {
        index.patch("b", |entry| entry.set_text(field::LABEL, label)).unwrap();
        index.flush().unwrap();
        let events = index.take_events();
        assert_eq!(events.len(), kept, "{events:?}");
        for event in events {
            let IndexEvent::Rewritten { copy } = event else { panic!("{event}") };
            assert_eq!(std::fs::read_to_string(copy).unwrap(), COMMENTED);
        }
        assert_eq!(on_disk(home.path())["b"]["label"], label);
    }
}

#[test]
fn a_start_reads_json5_and_writes_nothing_without_need() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(INDEX_FILE);
    write_atomic(&file, COMMENTED.as_bytes()).unwrap();
    let index = load(home.path());
    assert_eq!((index.report().is_repaired(), keys(&index)), (false, vec!["a".into(), "b".into()]));
    index.close().unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), COMMENTED);
    index.patch("b", |entry| entry.set_text(field::LABEL, "x")).unwrap();
    index.close().unwrap();
    let events = index.take_events();
    assert!(matches!(&events[..], [IndexEvent::Rewritten { .. }]), "{events:?}");
    // An entry that is none is found in JSON5 as well.
    write_atomic(&file, b"{a: {sessionId: 's1'}, b: 7, /* */}").unwrap();
    let index = load(home.path());
    assert_eq!((keys(&index), index.report().dropped), (vec!["a".into()], vec!["b".into()]));
}

#[test]
fn an_index_that_is_a_link_is_left_alone_and_the_error_says_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let elsewhere = home.path().join("synced.json");
    write_atomic(&elsewhere, br#"{"a": {"sessionId": "s1"}}"#).unwrap();
    let dir = home.path().join("sessions");
    openclaw_guard::create_private_dir(&dir).unwrap();
    std::os::unix::fs::symlink(&elsewhere, dir.join(INDEX_FILE)).unwrap();
    let error = SessionIndex::load(&dir, "main", Arc::new(ManualClock::new(NOW))).unwrap_err().to_string();
    for part in ["sessions.json", "synced.json", "cp --remove-destination"] {
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(dir.join(INDEX_FILE).read_link().unwrap(), elsewhere);
    assert!(!dir.join("quarantine").exists());
}

#[test]
fn a_file_that_was_emptied_is_written_again_at_the_next_tick() {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    let index = three(home.path(), &clock);
    let file = home.path().join(INDEX_FILE);
    for nothing in [&b""[..], b"\0\0"] {
        write_in_place(&file, nothing);
        index.flush_if_dirty().unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), nothing, "an editor may be about to write");
        clock.advance(Duration::from_millis(250));
        index.flush_if_dirty().unwrap();
        assert_eq!(on_disk(home.path()).as_object().unwrap().len(), 3);
        assert_eq!(index.take_events(), [IndexEvent::Emptied { path: file.clone() }]);
        assert_eq!(load(killed(home.path()).path()).list(), index.list());
    }
    assert!(!home.path().join("quarantine").exists());
}

#[test]
fn an_edit_that_keeps_size_and_time_is_seen() {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    let index = three(home.path(), &clock);
    let file = home.path().join(INDEX_FILE);
    let was = file.metadata().unwrap();
    let text = std::fs::read_to_string(&file).unwrap().replace("\"label\": \"a\"", "\"label\": \"A\"");
    assert_eq!(u64::try_from(text.len()).unwrap(), was.len());
    write_in_place(&file, text.as_bytes());
    let options = std::fs::File::options().write(true).open(&file).unwrap();
    options.set_modified(was.modified().unwrap()).unwrap();
    index.patch("b", |entry| entry.set_text(field::LABEL, "ours")).unwrap();
    index.flush().unwrap();
    assert_eq!(index.get("a").unwrap().text(field::LABEL), Some("A"));
    assert_eq!(on_disk(home.path())["b"]["label"], "ours");
}

#[test]
fn a_file_that_is_gone_is_written_again_and_bad_entries_change_nothing() {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    let index = three(home.path(), &clock);
    std::fs::remove_file(home.path().join(INDEX_FILE)).unwrap();
    index.flush_if_dirty().unwrap();
    assert_eq!(on_disk(home.path()).as_object().unwrap().len(), 3);

    edit(home.path(), |file| {
        file["a"]["sessionId"] = json!("../../etc");
        file["b"] = json!(null);
        file["c"]["label"] = json!("good");
    });
    index.flush_if_dirty().unwrap();
    let events = index.take_events();
    let [IndexEvent::BadEntries { count: 2, copy }, IndexEvent::Edited { added: 0, changed: 1, removed: 0 }] =
        &events[..]
    else {
        panic!("{events:?}");
    };
    assert!(std::fs::read_to_string(copy).unwrap().contains("../../etc"));
    assert_eq!(index.get("a").unwrap().session_id(), id("s1"));
    assert_eq!(on_disk(home.path())["b"]["label"], "b");
    assert_eq!(on_disk(home.path())["c"]["label"], "good");
}

#[test]
fn an_edit_that_removes_most_sessions_leaves_a_copy() {
    let home = tempfile::tempdir().unwrap();
    let index = load(home.path());
    for n in 0..20 {
        index.get_or_create(&format!("k{n}"), || new(&format!("s{n}"), n)).unwrap();
    }
    index.flush().unwrap();
    edit(home.path(), |file| file.as_object_mut().unwrap().retain(|key, _| key == "k3"));
    index.flush_if_dirty().unwrap();
    assert_eq!(keys(&index), ["k3"]);
    let events = index.take_events();
    let Some(IndexEvent::ManyRemoved { count: 19, copy }) = events.first() else { panic!("{events:?}") };
    let copy: Value = serde_json::from_slice(&std::fs::read(copy).unwrap()).unwrap();
    assert_eq!(copy["k19"]["sessionId"], "s19");
}
