use super::{INDEX_FILE, JOURNAL_FILE, NOW, id, journal, keys, killed, load, load_at, new, on_disk, write};
use crate::index::{Creation, lock};
use crate::{SessionEntry, SessionId, field};
use openclaw_guard::ManualClock;
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn what_is_durable_at_once_and_what_waits() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("sessions");
    let index = load(&dir);
    index.flush_if_dirty().unwrap();
    assert!(!dir.join(INDEX_FILE).exists() && !index.report().is_repaired());

    let (_, made) = index.get_or_create("agent:main:b", || new("s1", 1)).unwrap();
    let (entry, again) = index.get_or_create("agent:main:b", || new("s2", 1)).unwrap();
    assert_eq!((made, again, entry.session_id()), (Creation::New, Creation::Existing, id("s1")));
    index.get_or_create("agent:main:a", || new("s3", 2)).unwrap();
    for file in [INDEX_FILE, JOURNAL_FILE] {
        let mode = dir.join(file).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let after_kill = || load(killed(&dir).path());

    index.update("agent:main:b", |entry| entry.set(field::TOTAL_TOKENS, &9)).unwrap();
    let tokens = |index: &crate::SessionIndex| index.get("agent:main:b").unwrap().get(field::TOTAL_TOKENS);
    assert_eq!(tokens(&after_kill()), None);
    index.flush_if_dirty().unwrap();
    assert_eq!(tokens(&after_kill()), Some(9));

    index.patch("agent:main:a", |entry| entry.set_text(field::LABEL, "work")).unwrap().unwrap();
    assert_eq!(after_kill().get("agent:main:a").unwrap().text(field::LABEL), Some("work"));
    assert_eq!(keys(&after_kill()), ["agent:main:b", "agent:main:a"]);

    assert!(index.remove("agent:main:b").unwrap().is_some());
    assert!(index.remove("agent:main:b").unwrap().is_none());
    assert!(index.update("agent:main:b", |_| ()).is_none());
    assert_eq!(keys(&after_kill()), ["agent:main:a"]);
    assert_eq!(on_disk(&dir).as_object().unwrap().len(), 1, "the image is from the first call");
    index.close().unwrap();
    assert_eq!(on_disk(&dir)["agent:main:a"]["label"], "work");
    assert_eq!(journal(&dir).iter().filter(|b| **b == b'\n').count(), 1);
}

#[test]
fn a_small_image_is_written_when_it_is_quiet_and_an_idle_index_writes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    let index = load_at(home.path(), &clock);
    index.get_or_create("k", || new("s", 1)).unwrap();
    index.update("k", |entry| entry.set(field::TOTAL_TOKENS, &5)).unwrap();
    let shown = || on_disk(home.path())["k"].get("totalTokens").cloned();
    index.flush_if_dirty().unwrap();
    assert_eq!(shown(), None);
    clock.advance(Duration::from_millis(1_000));
    index.flush_if_dirty().unwrap();
    assert_eq!(shown(), Some(json!(5)));
    let written = home.path().join(INDEX_FILE).metadata().unwrap().modified().unwrap();
    for _ in 0..3 {
        clock.advance(Duration::from_secs(1_000));
        index.flush_if_dirty().unwrap();
        index.close().unwrap();
    }
    assert_eq!(home.path().join(INDEX_FILE).metadata().unwrap().modified().unwrap(), written);
}

#[test]
fn many_changes_write_little() {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    let index = load_at(home.path(), &clock);
    let note = "n".repeat(500);
    for n in 0..1_000 {
        index.get_or_create(&format!("k{n}"), || new(&format!("s{n}"), n)).unwrap();
        index.update(&format!("k{n}"), |entry| entry.set_json("note", json!(note))).unwrap();
    }
    index.flush().unwrap();
    let image = home.path().join(INDEX_FILE).metadata().unwrap();
    for n in 0..100 {
        index.update("k7", |entry| entry.set(field::TOTAL_TOKENS, &n)).unwrap();
        clock.advance(Duration::from_millis(2_500));
        index.flush_if_dirty().unwrap();
    }
    let now = home.path().join(INDEX_FILE).metadata().unwrap();
    assert_eq!(now.modified().unwrap(), image.modified().unwrap());
    assert!(journal(home.path()).len() < 10_000);
    assert_eq!(load(killed(home.path()).path()).get("k7").unwrap().get(field::TOTAL_TOKENS), Some(99));
    // After five minutes whoever opens the file sees what is so.
    clock.advance(Duration::from_secs(51));
    index.flush_if_dirty().unwrap();
    assert_eq!(on_disk(home.path())["k7"]["totalTokens"], 99);
}

#[test]
fn finds_by_session_id_and_label_the_newest_first() {
    let home = tempfile::tempdir().unwrap();
    let index = load(home.path());
    for (key, session, at) in [("cron:a", "s", 5), ("cron:a:run:s", "s", 7), ("other", "t", 9)] {
        index.get_or_create(key, || new(session, at)).unwrap();
        index.update(key, |entry| entry.set_text(field::LABEL, session));
    }
    assert_eq!(index.find_by_session_id(&id("s")).as_deref(), Some("cron:a:run:s"));
    assert_eq!(index.find_by_label("t").as_deref(), Some("other"));
    assert_eq!(index.find_by_label("none"), None);
}

#[test]
fn keys_that_are_not_in_lower_case_are_found() {
    let home = tempfile::tempdir().unwrap();
    write(
        home.path(),
        &json!({
            "agent:main:Telegram:G-1": {"sessionId": "s1"},
            "agent:main:Both": {"sessionId": "s2"},
            "agent:main:both": {"sessionId": "s3"},
        }),
    );
    let index = load(home.path());
    let session = |key: &str| index.get(key).map(|entry| entry.session_id().to_string());
    assert_eq!(session("agent:main:telegram:g-1").as_deref(), Some("s1"));
    assert_eq!(session("agent:main:both").as_deref(), Some("s3"));
    index.patch("agent:main:telegram:g-1", |entry| entry.set_text(field::LABEL, "x")).unwrap().unwrap();
    let (_, made) = index.get_or_create("agent:main:telegram:g-1", || new("s9", 1)).unwrap();
    assert_eq!(made, Creation::Existing);
    index.flush().unwrap();
    assert_eq!(on_disk(home.path())["agent:main:Telegram:G-1"]["label"], "x");
    index.remove("agent:main:telegram:g-1").unwrap().unwrap();
    assert_eq!(session("agent:main:telegram:g-1"), None);
    assert_eq!(keys(&load(killed(home.path()).path())), ["agent:main:Both", "agent:main:both"]);

    let file = json!({"k:AB": {"sessionId": "s0"}, "k:Ab": {"sessionId": "s1"}, "k:aB": {"sessionId": "s2"}});
    write(home.path(), &file);
    index.flush_if_dirty().unwrap();
    for left in ["s2", "s1", "s0"] {
        assert_eq!(index.remove("k:ab").unwrap().unwrap().session_id(), id(left));
    }
    assert!(index.get("k:ab").is_none());
}

#[test]
fn the_file_looks_like_upstreams_and_keeps_what_it_had() {
    let home = tempfile::tempdir().unwrap();
    let source = json!({
        "agent:main:main": {"sessionId": "s1", "updatedAt": 5, "skillsSnapshot": {"prompt": "x", "skills": [{"name": "a"}]}},
        "agent:main:z": {"sessionId": "s2", "updatedAt": 6, "future": [1, {"deep": null, "none": [], "no": {}}]},
        "agent:main:y": {"sessionId": "s3", "report": {"sessionId": "s3", "text": "t".repeat(400), "list": vec![1; 300]}},
    });
    write(home.path(), &source);
    let index = load(home.path());
    index.flush().unwrap();
    let text = std::fs::read_to_string(home.path().join(INDEX_FILE)).unwrap();
    assert_eq!(text, serde_json::to_string_pretty(&source).unwrap());
    assert_eq!(json!(index.list().into_iter().collect::<std::collections::HashMap<_, _>>()), source);
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
                    if n % 5 == worker {
                        index.flush().unwrap();
                    }
                    if n % 8 == 0 {
                        // A folder that changes while it is copied shows no moment that ever was.
                        let _nobody_writes = (lock(&index.shared.image), lock(&index.shared.journal));
                        assert!(load(killed(dir).path()).get(&key).is_some(), "{key}");
                    }
                    index.update("agent:main:0-0", |entry| {
                        let tokens = entry.get(field::TOTAL_TOKENS).unwrap_or(0);
                        entry.set(field::TOTAL_TOKENS, &(tokens + 1));
                    });
                }
            });
        }
    });
    index.flush_if_dirty().unwrap();
    assert_eq!(index.count(), 100);
    let after_kill = load(killed(home.path()).path());
    let sorted = |index: &crate::SessionIndex| {
        let mut list = index.list();
        list.sort_by(|(a, _), (b, _)| a.cmp(b));
        list
    };
    assert_eq!(sorted(&after_kill), sorted(&index));
}
