//! Records whose line is made durable elsewhere before it is in the file (P-05).

use std::path::Path;

use openclaw_guard::write_atomic;

use super::open::Opening;
use super::restore::put_back;
use super::sync::Disk;
use super::tests::{NOW, assistant, open, result, shape, user};
use super::{NewTranscript, RecordId, Restored, restore_record};
use crate::{SessionId, StoreError};

fn restore(dir: &Path, line: &[u8]) -> Restored {
    let new = NewTranscript { cwd: Path::new("/workspace"), key: "agent:main:main", parent: None };
    restore_record(dir, &SessionId::parse("s1").unwrap(), &new, NOW, line).unwrap()
}

#[test]
fn prepare_changes_nothing_and_write_hangs_on_the_last_record() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    let before = std::fs::read(transcript.path()).unwrap();
    let prepared = transcript.prepare_message(&user("late")).unwrap();
    assert_eq!(std::fs::read(transcript.path()).unwrap(), before);
    assert!(transcript.history().is_empty() && !transcript.contains(&prepared.id));

    transcript.append_message(&user("early")).unwrap();
    let id = transcript.write(prepared).unwrap();
    assert_eq!(shape(&transcript), ["user early", "user late"]);
    assert!(transcript.contains(&id));
    assert_eq!(transcript.message_of(&id).unwrap().record.as_ref(), Some(&id));
    assert_eq!(shape(&open(home.path())), ["user early", "user late"]);
    transcript.syncer().sync().unwrap();
}

#[test]
fn a_chosen_id_is_used_once() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    let id = RecordId::parse("chosen-1").unwrap();
    transcript.append_message_as(&id, &user("one")).unwrap();
    let again = transcript.append_message_as(&id, &user("two"));
    assert!(matches!(again, Err(StoreError::RecordExists { .. })));
    let reopened = open(home.path());
    assert!(reopened.contains(&id));
    assert_eq!(shape(&reopened), ["user one"]);
}

#[test]
fn record_ids_from_outside_are_checked() {
    let (longest, too_long) = ("x".repeat(64), "x".repeat(65));
    for (text, good) in [
        ("0a1b2c3d", true),
        ("a-B_9", true),
        (&longest, true),
        (&too_long, false),
        ("", false),
        ("a b", false),
    ] {
        assert_eq!(RecordId::parse(text).is_some(), good, "{text:?}");
    }
    assert_eq!(RecordId::random().unwrap().as_str().len(), 16);
}

#[test]
fn a_committed_line_comes_back_once_wherever_the_write_broke_off() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    transcript.append_message(&user("go")).unwrap();
    transcript.append_message(&assistant("", &["c1"])).unwrap();
    let path = transcript.path().to_owned();
    let before = std::fs::read(&path).unwrap();
    let prepared = transcript.prepare_message(&result("c1", "done")).unwrap();
    let line = prepared.line.clone();
    transcript.write(prepared).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for cut in before.len()..=whole.len() {
        write_atomic(&path, &whole[..cut]).unwrap();
        let complete = cut + 1 >= whole.len();
        assert_eq!(
            restore(home.path(), &line),
            if complete { Restored::Present } else { Restored::Appended }
        );
        assert_eq!(restore(home.path(), &line), Restored::Present);
        let reopened = open(home.path());
        assert_eq!(shape(&reopened), ["user go", "assistant  c1", "result c1"], "cut at {cut}");
        assert_eq!(reopened.report().closed_calls, 0);
    }
}

#[test]
fn a_missing_file_is_made_and_other_records_stay_on_the_branch() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    let line = transcript.prepare_message(&user("late")).unwrap().line;
    transcript.append_message(&user("early")).unwrap();
    assert_eq!(restore(home.path(), &line), Restored::Appended);
    assert_eq!(shape(&open(home.path())), ["user early", "user late"]);

    std::fs::remove_file(transcript.path()).unwrap();
    assert_eq!(restore(home.path(), &line), Restored::Appended);
    let reopened = open(home.path());
    assert_eq!(shape(&reopened), ["user late"]);
    assert!(!reopened.report().header_missing && reopened.report().bridged == 0);

    for bad in [&b""[..], b"[]", b"{\"type\":\"message\"}", b"{\"type\":\"message\",\"id\":\"zz\"}"] {
        let new = NewTranscript { cwd: Path::new("/workspace"), key: "k", parent: None };
        let refused = restore_record(home.path(), &SessionId::parse("s1").unwrap(), &new, NOW, bad);
        assert!(matches!(refused, Err(StoreError::NotARecord { .. })), "{bad:?}");
    }
}

#[test]
fn a_line_that_is_there_is_given_up_only_when_it_is_on_the_disk() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    let prepared = transcript.prepare_message(&user("said")).unwrap();
    let line = prepared.line.clone();
    transcript.write(prepared).unwrap();
    let (id, new) = (
        SessionId::parse("s1").unwrap(),
        NewTranscript { cwd: Path::new("/workspace"), key: "agent:main:main", parent: None },
    );
    let opening = Opening { id: &id, new: &new, now_ms: NOW };
    let broken = Disk { sync: |_| Err(std::io::ErrorKind::Other.into()), ..Disk::default() };
    assert!(matches!(put_back(transcript.path(), &opening, &line, broken), Err(StoreError::File(_))));
    assert_eq!(restore(home.path(), &line), Restored::Present);
}

/// Has the transcript use another disk from now on. Nobody else may hold its file.
fn put_on(transcript: &mut super::Transcript, disk: Disk) {
    std::sync::Arc::get_mut(&mut transcript.handle).unwrap().disk = disk;
}

fn fails<T>() -> std::io::Result<T> {
    Err(std::io::ErrorKind::Other.into())
}

#[test]
fn after_a_failed_sync_nothing_is_believed_until_the_file_is_opened_again() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    let id = RecordId::parse("chosen-1").unwrap();
    transcript.append_message_as(&id, &user("one")).unwrap();
    put_on(&mut transcript, Disk { sync: |_| fails(), ..Disk::default() });
    let syncer = transcript.syncer();
    assert!(matches!(transcript.sync(), Err(StoreError::File(_))));
    assert!(!transcript.is_sound());
    for again in [
        syncer.sync(),
        transcript.sync(),
        transcript.holds(&id).map(drop),
        transcript.append_message(&user("two")).map(drop),
        transcript.append_thinking_level("low").map(drop),
    ] {
        assert!(matches!(again, Err(StoreError::Unsound { .. })), "{again:?}");
    }
    // Opening it writes what it reads to the disk again, and only then.
    let path = transcript.path().to_owned();
    let bytes = std::fs::read(&path).unwrap();
    let old = std::time::SystemTime::UNIX_EPOCH;
    let age = || std::fs::File::options().append(true).open(&path).unwrap().set_modified(old).unwrap();
    let modified = || path.metadata().unwrap().modified().unwrap();
    age();
    let mut again = open(home.path());
    assert!(modified() > old && again.is_sound() && again.holds(&id).unwrap());
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    age();
    again = open(home.path());
    assert_eq!(modified(), old);
    again.append_message(&user("two")).unwrap();
    assert_eq!(shape(&again), ["user one", "user two"]);
}

#[test]
fn a_write_that_failed_leaves_nothing_that_a_second_try_repeats() {
    type Write = fn(&std::fs::File, &[u8]) -> std::io::Result<()>;
    // All but the end of the line, and none of it.
    let pieces: [Write; 2] = [
        |mut file, bytes| {
            std::io::Write::write_all(&mut file, &bytes[..bytes.len() - 1]).and_then(|()| fails())
        },
        |_, _| fails(),
    ];
    for write in pieces {
        let home = tempfile::tempdir().unwrap();
        let mut transcript = open(home.path());
        let before = std::fs::read(transcript.path()).unwrap();
        let id = RecordId::parse("chosen-1").unwrap();
        put_on(&mut transcript, Disk { write, ..Disk::default() });
        assert!(transcript.append_message_as(&id, &user("one")).is_err());
        assert_eq!(std::fs::read(transcript.path()).unwrap(), before);
        put_on(&mut transcript, Disk::default());
        transcript.append_message_as(&id, &user("one")).unwrap();
        let text = std::fs::read_to_string(transcript.path()).unwrap();
        assert_eq!(text.matches("chosen-1").count(), 1, "{text}");

        // Where it cannot be taken back, the file must be looked at again.
        let two = RecordId::parse("chosen-2").unwrap();
        put_on(&mut transcript, Disk { write, cut: |_, _| fails(), ..Disk::default() });
        assert!(transcript.append_message_as(&two, &user("two")).is_err());
        put_on(&mut transcript, Disk::default());
        let again = transcript.append_message_as(&two, &user("two"));
        assert!(matches!(again, Err(StoreError::Unsound { .. })));
        let mut again = open(home.path());
        if !again.contains(&two) {
            again.append_message_as(&two, &user("two")).unwrap();
        }
        assert_eq!(shape(&open(home.path())), ["user one", "user two"]);
    }
}
