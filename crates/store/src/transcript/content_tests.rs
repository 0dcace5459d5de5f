//! Long files are read from their end, and mean the same as if they were read whole.

use std::cell::Cell;
use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;

use openclaw_guard::ManualClock;
use proptest::prelude::*;

use super::back::ReadAt;
use super::content::{Limits, first_kept_offset};
use super::tail::newest;
use super::tests::{NOW, assistant, open, result, shape, user};
use super::{NewTranscript, RecordId, Summary, SummaryBy, Transcript, read_tail};
use crate::SessionId;

const MIB: u64 = 1024 * 1024;
const SUMMARY: Summary<'static> = Summary { text: "S", details: None, by: SummaryBy::Agent };

/// A file that knows what was read of it.
struct Watched {
    file: File,
    lowest: Cell<u64>,
    bytes: Cell<u64>,
}

impl ReadAt for Watched {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
        self.lowest.set(self.lowest.get().min(offset));
        self.bytes.set(self.bytes.get() + buffer.len() as u64);
        std::os::unix::fs::FileExt::read_exact_at(&self.file, buffer, offset)
    }
}

fn watch(path: &Path) -> (Watched, u64) {
    let file = File::open(path).unwrap();
    let length = file.metadata().unwrap().len();
    (Watched { file, lowest: Cell::new(u64::MAX), bytes: Cell::new(0) }, length)
}

fn open_windowed(dir: &Path) -> Transcript {
    let new = NewTranscript { cwd: Path::new("/workspace"), key: "agent:main:main", parent: None };
    let id = SessionId::parse("s1").unwrap();
    let limits = Limits { whole_up_to_bytes: 0, ..Limits::default() };
    Transcript::open_within(
        &dir.join(id.transcript_file_name()),
        &id,
        &new,
        Arc::new(ManualClock::new(NOW)),
        limits,
    )
    .unwrap()
}

/// A transcript of a gigabyte: its first lines, a hole in the place of years of conversation, and then, in one chain,
/// `kept` messages, a compaction that keeps them, and `after` messages.
fn write_gigabyte(dir: &Path, kept: usize, after: usize) -> std::path::PathBuf {
    write_long(dir, 1024 * MIB, (kept, after))
}

fn write_long(dir: &Path, hole: u64, (kept, after): (usize, usize)) -> std::path::PathBuf {
    let mut transcript = open(dir);
    transcript.append_message(&user("first")).unwrap();
    let path = transcript.path().to_owned();
    let mut file = File::options().write(true).open(&path).unwrap();
    file.set_len(hole).unwrap();
    file.seek(SeekFrom::End(0)).unwrap();
    file.write_all(b"\n").unwrap();
    let ids: Vec<_> =
        (0..kept).map(|n| transcript.append_message(&user(&format!("kept {n}"))).unwrap()).collect();
    if let Some(first) = ids.first() {
        transcript.append_compaction(SUMMARY, first, 1).unwrap();
    }
    for n in 0..after {
        transcript.append_message(&user(&format!("after {n}"))).unwrap();
    }
    path
}

#[test]
fn the_last_messages_of_a_gigabyte_touch_only_its_tail() {
    let home = tempfile::tempdir().unwrap();
    let path = write_gigabyte(home.path(), 0, 500);
    for count in [1, 20, 400] {
        let (file, length) = watch(&path);
        let tail = newest(&file, length, count).unwrap();
        assert_eq!((tail.len(), &tail[count - 1]["content"][0]["text"]), (count, &"after 499".into()));
        assert!(length > 1024 * MIB && file.lowest.get() > length - MIB && file.bytes.get() < MIB, "{count}");
    }
    assert_eq!(read_tail(&path, 20).unwrap().len(), 20);
}

#[test]
fn a_gigabyte_opens_from_what_its_last_compaction_kept() {
    let home = tempfile::tempdir().unwrap();
    let path = write_gigabyte(home.path(), 3, 30);
    let (file, length) = watch(&path);
    let from = first_kept_offset(&file, length, 0).unwrap().unwrap();
    assert!(from > 1024 * MIB && file.lowest.get() > length - MIB && file.bytes.get() < MIB);

    let mut transcript = open(home.path());
    assert_eq!(transcript.read_from, from);
    assert_eq!(transcript.report(), &super::RepairReport::default());
    let texts = shape(&transcript);
    assert_eq!((texts.len(), texts[1].as_str(), texts[33].as_str()), (34, "user kept 0", "user after 29"));
    // Ids that cannot be compared with those before the window are longer.
    assert_eq!(transcript.append_message(&user("more")).unwrap().as_str().len(), 16);
    assert_eq!(shape(&open(home.path())).len(), 35);
}

#[test]
fn without_a_way_to_the_kept_records_all_is_read() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    let ids = ["a", "b", "c", "d"].map(|text| transcript.append_message(&user(text)).unwrap());
    transcript.append_model_change("p", "m").unwrap();
    transcript.append_compaction(SUMMARY, &ids[2], 1).unwrap();
    transcript.append_message(&user("e")).unwrap();
    let windowed = open_windowed(home.path());
    assert!(windowed.read_from > 0 && !windowed.contains(&ids[0]) && windowed.contains(&ids[2]));
    assert!(
        windowed.holds(&ids[0]).unwrap() && !windowed.holds(&RecordId::parse("nobody").unwrap()).unwrap()
    );
    assert_eq!(shape(&windowed), shape(&open(home.path())));
    assert_eq!(windowed.settings().model, Some(("p".into(), "m".into())));

    // The compaction is on a branch that was left.
    transcript.append_branch_summary(&ids[1], SUMMARY).unwrap();
    let elsewhere = open_windowed(home.path());
    assert_eq!((elsewhere.read_from, shape(&elsewhere)), (0, shape(&transcript)));
    assert_eq!(shape(&elsewhere)[..2], ["user a", "user b"]);
}

#[test]
fn a_long_file_without_its_header_says_so() {
    let home = tempfile::tempdir().unwrap();
    let mut transcript = open(home.path());
    let id = transcript.append_message(&user("a")).unwrap();
    transcript.append_compaction(SUMMARY, &id, 1).unwrap();
    let text = std::fs::read_to_string(transcript.path()).unwrap();
    let body: String = text.split_inclusive('\n').skip(1).collect();
    openclaw_guard::write_atomic(transcript.path(), body.as_bytes()).unwrap();
    assert!(open_windowed(home.path()).report().header_missing);
}

#[derive(Debug, Clone)]
enum Step {
    User,
    Calls(usize, usize),
    Compact(usize),
    Branch(usize),
    Model,
    Drop(usize),
    Flip(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let at = 0_usize..10_000;
    prop_oneof![
        4 => Just(Step::User),
        4 => (1_usize..3, 0_usize..3).prop_map(|(calls, results)| Step::Calls(calls, results)),
        2 => at.clone().prop_map(Step::Compact),
        1 => at.clone().prop_map(Step::Branch),
        1 => Just(Step::Model),
        1 => at.clone().prop_map(Step::Drop),
        1 => at.prop_map(Step::Flip),
    ]
}

fn take(transcript: &mut Transcript, step: &Step, n: usize) {
    let pick = |transcript: &Transcript, at: usize| {
        let known: Vec<_> = transcript.history().iter().filter_map(|item| item.record.clone()).collect();
        (!known.is_empty()).then(|| known[at % known.len()].clone())
    };
    match step {
        Step::User => drop(transcript.append_message(&user(&format!("u{n}"))).unwrap()),
        Step::Calls(calls, results) => {
            let ids: Vec<_> = (0..*calls).map(|call| format!("c{call}")).collect();
            let ids: Vec<_> = ids.iter().map(String::as_str).collect();
            transcript.append_message(&assistant(&format!("a{n}"), &ids)).unwrap();
            for id in ids.iter().take(*results) {
                transcript.append_message(&result(id, "x")).unwrap();
            }
        }
        Step::Compact(at) => {
            if let Some(id) = pick(transcript, *at) {
                transcript.append_compaction(SUMMARY, &id, 1).unwrap();
            }
        }
        Step::Branch(at) => {
            if let Some(id) = pick(transcript, *at) {
                transcript.append_branch_summary(&id, SUMMARY).unwrap();
            }
        }
        Step::Model => drop(transcript.append_model_change("p", &format!("m{n}")).unwrap()),
        Step::Drop(_) | Step::Flip(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_window_shows_what_the_whole_file_shows(steps in prop::collection::vec(step(), 1..30)) {
        let home = tempfile::tempdir().unwrap();
        let mut transcript = open(home.path());
        for (n, step) in steps.iter().enumerate() {
            take(&mut transcript, step, n);
        }
        let mut bytes = std::fs::read(transcript.path()).unwrap();
        for step in &steps {
            match step {
                Step::Drop(at) => {
                    let mut lines: Vec<_> = bytes.split_inclusive(|&b| b == b'\n').map(<[u8]>::to_vec).collect();
                    lines.remove(at % lines.len());
                    bytes = lines.concat();
                }
                Step::Flip(at) => {
                    let at = at % bytes.len().max(1);
                    bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1);
                }
                Step::User | Step::Calls(..) | Step::Compact(_) | Step::Branch(_) | Step::Model => {}
            }
        }
        openclaw_guard::write_atomic(transcript.path(), &bytes).unwrap();
        let other = tempfile::tempdir().unwrap();
        openclaw_guard::write_atomic(&other.path().join("s1.jsonl"), &bytes).unwrap();
        let (whole, windowed) = (open(home.path()), open_windowed(other.path()));
        prop_assert_eq!(shape(&whole), shape(&windowed));
        prop_assert_eq!(whole.report().closed_calls, windowed.report().closed_calls);
    }
}

#[test]
fn what_is_too_long_to_be_read_goes_on_from_its_end() {
    let home = tempfile::tempdir().unwrap();
    let path = write_long(home.path(), 300 * MIB, (0, 30));
    let length = path.metadata().unwrap().len();
    // A line that was committed and is not there yet, and one that is there, before what is read.
    let new = NewTranscript { cwd: Path::new("/workspace"), key: "agent:main:main", parent: None };
    let id = SessionId::parse("s1").unwrap();
    let line = br#"{"type":"message","id":"late-1","parentId":"gone","message":{"role":"user","content":"late","timestamp":1}}"#;
    for expected in [super::Restored::Appended, super::Restored::Present] {
        assert_eq!(super::restore_named(&path, &id, &new, NOW, line).unwrap(), expected);
    }

    let mut transcript = open(home.path());
    let texts = shape(&transcript);
    assert!(texts[0].contains("left out here"), "{texts:?}");
    assert_eq!((texts.len(), texts[1].as_str(), texts[31].as_str()), (32, "user after 0", "user late"));
    let left_out = transcript.report().left_out_bytes;
    assert!(left_out > 200 * MIB && left_out < length && !transcript.report().header_missing);
    assert!(!transcript.is_whole());
    transcript.append_message(&user("more")).unwrap();
    let grown = path.metadata().unwrap().len();
    // Said once.
    let again = open(home.path());
    assert_eq!((shape(&again), again.report().left_out_bytes), (shape(&transcript), 0));
    assert_eq!(shape(&again).len(), 33);
    assert_eq!(path.metadata().unwrap().len(), grown);
}
