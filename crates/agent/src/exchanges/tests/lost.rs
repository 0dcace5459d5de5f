//! What cannot be written leaves a mark, and nothing that happens ends a recording for good.

use std::os::unix::process::ExitStatusExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use openclaw_guard::{Root, child_command};
use openclaw_models::replay::{Exchange, Frame, RecordedModel, RecordedRequest, Wire};
use openclaw_models::{ModelInfo, WireApi};

use super::super::file::Lines;
use super::super::reading::{Rest, open_both};
use super::super::{MakeRedactor, NotWritten, Scribe, file_name, older_name};
use super::*;

/// A log whose secrets are found as said.
fn log_with(dir: &Path, make: MakeRedactor, scribe: &Arc<Scribe>) -> Arc<ExchangeLog> {
    let auth = Arc::new(AuthStore::new(AuthPlaces::new(dir, dir), AuthSettings::default()));
    let extent = Extent { frames: WireFrames::Left, max_bytes: 1 << 20 };
    Arc::new(ExchangeLog::new(dir.join(FOLDER), extent, Hider::new(auth, make), scribe))
}

fn nothing(secrets: &[openclaw_guard::Secret]) -> Redactor {
    Redactor::new(secrets, Hiding::KnownOnly)
}

#[tokio::test]
async fn calls_that_a_hanging_disk_has_no_room_for_are_counted_in_the_next_line() {
    let dir = tempfile::tempdir().unwrap();
    let (session, other) = (SessionId::random(), SessionId::random());
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let make = move |secrets: &[_]| {
        begun.send(()).unwrap();
        released.lock().unwrap().recv().ok();
        nothing(secrets)
    };
    let scribe = Arc::new(Scribe::default());
    let log = log_with(dir.path(), Box::new(make), &scribe);
    call(&log, &session, "0").await;
    begins.recv().await.unwrap();
    // One is being written, and so many wait.
    for number in 1..=64 {
        call(&log, &session, &number.to_string()).await;
    }
    call(&log, &session, "lost").await;
    call(&log, &other, "lost as well").await;
    call(&log, &session, "lost too").await;
    drop(release);
    idle(&log).await;
    assert!(log.complained.load(Ordering::Relaxed));
    ask(&log, &session, "after").await;
    ask(&log, &other, "after").await;

    let folder = dir.path().join(FOLDER);
    let recording = read_session(&folder, &session).unwrap();
    let lost: Vec<(usize, u32)> =
        recording.exchanges.iter().map(|exchange| exchange.lost).enumerate().collect();
    assert_eq!(lost.len(), 66);
    assert!(lost[..65].iter().all(|(_, lost)| *lost == 0), "{lost:?}");
    assert_eq!(lost[65], (65, 2));
    assert!(!recording.is_whole());
    assert_eq!(read_session(&folder, &other).unwrap().exchanges[0].lost, 1);
    ask(&log, &session, "and again").await;
    assert_eq!(read_session(&folder, &session).unwrap().exchanges[66].lost, 0, "it is said once");
}

#[tokio::test]
async fn a_panic_ends_no_recording() {
    let dir = tempfile::tempdir().unwrap();
    let session = SessionId::random();
    let times = AtomicUsize::new(0);
    let make = move |secrets: &[_]| {
        assert!(times.fetch_add(1, Ordering::Relaxed) > 0, "the first time");
        nothing(secrets)
    };
    let scribe = Arc::new(Scribe::default());
    let log = log_with(dir.path(), Box::new(make), &scribe);
    ask(&log, &session, "one").await;
    assert!(log.complained.load(Ordering::Relaxed));
    ask(&log, &session, "two").await;
    let recording = read_session(&dir.path().join(FOLDER), &session).unwrap();
    assert_eq!(recording.exchanges.iter().map(|exchange| exchange.lost).collect::<Vec<_>>(), [1]);
}

#[test]
fn work_that_a_runtime_dropped_is_done_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let session = SessionId::random();
    let log = log(dir.path(), 1 << 20);
    let runtime = || {
        tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap()
    };
    let first = runtime();
    let (release, released) = mpsc::channel::<()>();
    first.block_on(async {
        // The one thread for such work is busy until the runtime is gone.
        drop(tokio::task::spawn_blocking(move || released.recv()));
        call(&log, &session, "one").await;
    });
    first.shutdown_background();
    drop(release);
    runtime().block_on(ask(&log, &session, "two"));
    let recording = read_session(&dir.path().join(FOLDER), &session).unwrap();
    assert_eq!((recording.exchanges.len(), recording.is_whole()), (2, true));
}

fn exchange(words: &str, frames: &str) -> Exchange {
    let frames = vec![(1, Frame::Piece(frames.to_owned()))];
    let request = RecordedRequest {
        messages: vec![Arc::new(serde_json::json!({"role": "user", "content": words}))],
        ..RecordedRequest::default()
    };
    Exchange {
        turn: "t".into(),
        call: 0,
        lost: 0,
        at_ms: 0,
        by: "1".into(),
        model: RecordedModel::of(&ModelInfo::new("p", "m", WireApi::OpenAiCompletions)),
        request,
        events: Vec::new(),
        end: openclaw_models::replay::End::Done,
        took_ms: 0,
        wire: Some(Wire { frames, left_out_bytes: 7, withheld: false }),
    }
}

fn root(dir: &Path) -> Root {
    create_private_dir(dir).unwrap();
    Root::open(dir).unwrap()
}

#[test]
fn frames_that_do_not_fit_are_counted_and_a_call_that_does_not_puts_nothing_aside() {
    let dir = tempfile::tempdir().unwrap();
    let root = root(dir.path());
    let session = SessionId::random();
    let mut lines = Lines::new(&session);
    lines.append(&root, exchange("one", &"x".repeat(5000)), 1500).unwrap();
    let read = || read_session(dir.path(), &session).unwrap();
    let wire = read().exchanges[0].wire.clone().unwrap();
    assert_eq!(wire, Wire { frames: Vec::new(), left_out_bytes: 5007, withheld: false });

    for number in 2..6 {
        lines.append(&root, exchange(&format!("{number} {}", "x".repeat(400)), "y"), 1500).unwrap();
    }
    let before = read();
    assert_eq!(before.files.len(), 2);
    let refused = lines.append(&root, exchange(&"x".repeat(2000), "y"), 1500);
    assert!(matches!(refused, Err(NotWritten::TooLarge)));
    let after = read();
    assert_eq!(
        (after.exchanges, after.remarks),
        (before.exchanges, Vec::new()),
        "nothing is thrown away for it"
    );
    lines.append(&root, exchange("on", "y"), 1500).unwrap();
    assert!(read().exchanges.len() > 1);
}

#[test]
fn a_file_that_somebody_removed_begins_with_all_that_was_asked() {
    let dir = tempfile::tempdir().unwrap();
    let root = root(dir.path());
    let session = SessionId::random();
    let mut lines = Lines::new(&session);
    lines.append(&root, exchange("one", "x"), 5000).unwrap();
    std::fs::remove_file(dir.path().join(file_name(&session))).unwrap();
    lines.append(&root, exchange("one", "x"), 5000).unwrap();
    let recording = read_session(dir.path(), &session).unwrap();
    assert_eq!((recording.exchanges.len(), recording.remarks), (1, Vec::new()));
}

#[test]
fn reading_sees_both_files_as_they_are_at_one_moment() {
    let dir = tempfile::tempdir().unwrap();
    let root = root(dir.path());
    let session = SessionId::random();
    let (older, newer) = (dir.path().join(older_name(&session)), dir.path().join(file_name(&session)));
    for (path, text) in [(&older, "a"), (&newer, "b")] {
        write_atomic(path, text.as_bytes()).unwrap();
    }
    let mut is_first = true;
    let opened = open_both(&root, &session, || {
        if std::mem::take(&mut is_first) {
            std::fs::rename(&newer, &older).unwrap();
            write_atomic(&newer, b"c").unwrap();
        }
    });
    let read = |(_, file)| std::io::read_to_string::<std::fs::File>(file).unwrap();
    let texts: Vec<String> = opened.unwrap().into_iter().map(read).collect();
    assert_eq!(texts, ["b", "c"]);
}

const LIMITED: &str = "OPENCLAW_TEST_LIMITED_FILES";

/// A file that may not grow any further takes the beginning of a line.
#[test]
fn a_line_that_is_written_in_part_is_taken_back() {
    if std::env::var_os(LIMITED).is_none() {
        let mut again = child_command("sh");
        again.args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\""]);
        again.arg(std::env::current_exe().unwrap());
        again.args(["--exact", "exchanges::tests::lost::a_line_that_is_written_in_part_is_taken_back"]);
        let output = again.env(LIMITED, "1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{:?} {said}", output.status.signal());
        return;
    }
    // Four blocks of 512 or of 1024 bytes.
    let dir = tempfile::tempdir().unwrap();
    let root = root(dir.path());
    let session = SessionId::random();
    let path = dir.path().join(file_name(&session));
    let mut lines = Lines::new(&session);
    lines.append(&root, exchange("one", "x"), 1 << 20).unwrap();
    let length = path.metadata().unwrap().len();
    let refused = lines.append(&root, exchange(&"x".repeat(5000), "y"), 1 << 20);
    assert!(matches!(refused, Err(NotWritten::File(_))));
    assert_eq!(path.metadata().unwrap().len(), length, "nothing of it is left");
    lines.append(&root, exchange("two", "x"), 1 << 20).unwrap();
    let recording = read_session(dir.path(), &session).unwrap();
    assert_eq!(
        (recording.exchanges.len(), recording.remarks, recording.rest),
        (2, Vec::new(), Rest::Nothing)
    );
}
