//! Checksums see what still reads well, and are never in the way.

use std::path::{Path, PathBuf};

use openclaw_guard::{Root, write_atomic};

use super::content::{Content, Limits};
use super::sums::check;
use super::tests::{NOW, open, shape, user};
use super::{ArchiveReason, RepairReport, archive};

fn sums_of(dir: &Path) -> PathBuf {
    dir.join(".sums/s1.jsonl.sum")
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from}");
    write_atomic(path, text.replace(from, to).as_bytes()).unwrap();
}

fn conversation(dir: &Path) -> PathBuf {
    let mut transcript = open(dir);
    for text in ["alpha", "beta", "gamma"] {
        transcript.append_message(&user(text)).unwrap();
    }
    transcript.path().to_owned()
}

#[test]
fn every_line_we_append_has_its_checksum() {
    let home = tempfile::tempdir().unwrap();
    let path = conversation(home.path());
    let file = std::fs::read(&path).unwrap();
    let text = std::fs::read_to_string(sums_of(home.path())).unwrap();
    let mut at = 0;
    for (entry, line) in text.lines().zip(file.split_inclusive(|&b| b == b'\n')) {
        let crc = crc32fast::hash(&line[..line.len() - 1]);
        assert_eq!(entry, format!("{at} {} {crc:08x}", line.len() - 1));
        at += line.len();
    }
    assert_eq!((text.lines().count(), at), (5, file.len()));
    assert_eq!(open(home.path()).report(), &RepairReport::default());
}

#[test]
fn what_is_altered_is_kept_and_reported_once() {
    // What is done to the file, and how many records are then not as they were written.
    let rows: [(&str, &str, usize); 5] = [
        ("beta", "bexa", 1),
        // A longer line moves those behind it, which are whole.
        ("beta", "better", 1),
        ("beta", "b", 1),
        ("\"timestamp\":1}", "\"timestamp\":2}", 3),
        // Another program's line in the middle is no alteration of ours.
        (
            "{\"type\":\"custom\"",
            "{\"type\":\"custom\",\"id\":\"x\",\"parentId\":null}\n{\"type\":\"custom\"",
            0,
        ),
    ];
    for (from, to, altered) in rows {
        let home = tempfile::tempdir().unwrap();
        let path = conversation(home.path());
        edit(&path, from, to);
        let opened = open(home.path());
        assert_eq!((opened.report().altered, shape(&opened).len()), (altered, 3), "{to}");
        let marked = std::fs::read_to_string(&path).unwrap().contains("openclaw.repair");
        assert_eq!(marked, altered > 0 || opened.report().missing_bytes > 0, "{to}");
        let again = open(home.path());
        assert_eq!((again.report().altered, again.report().missing_bytes), (0, 0), "{to}");
    }
}

#[test]
fn a_file_that_became_shorter_is_reported_once() {
    let home = tempfile::tempdir().unwrap();
    let path = conversation(home.path());
    let bytes = std::fs::read(&path).unwrap();
    let last = bytes[..bytes.len() - 1].iter().rposition(|&b| b == b'\n').unwrap() + 1;
    write_atomic(&path, &bytes[..last]).unwrap();
    let report = open(home.path()).report().clone();
    assert_eq!(
        report,
        RepairReport { missing_bytes: (bytes.len() - last) as u64, ..RepairReport::default() }
    );
    assert_eq!(open(home.path()).report(), &RepairReport::default());
    // Also if it is gone.
    std::fs::remove_file(&path).unwrap();
    assert!(open(home.path()).report().missing_bytes > 0);
    assert_eq!(open(home.path()).report(), &RepairReport::default());
}

#[test]
fn bad_checksums_are_no_error() {
    let home = tempfile::tempdir().unwrap();
    conversation(home.path());
    for text in [
        "",
        "\n\n",
        "0 1",
        "99999999999999999999999 1 00000000\n",
        "7 x 00000000\n",
        "\u{0}\u{1}",
        "1 2 3 4\n",
    ] {
        write_atomic(&sums_of(home.path()), text.as_bytes()).unwrap();
        let mut transcript = open(home.path());
        assert_eq!(transcript.report(), &RepairReport::default(), "{text:?}");
        transcript.append_message(&user("more")).unwrap();
    }
    // Not even a place to write them.
    std::fs::remove_dir_all(home.path().join(".sums")).unwrap();
    write_atomic(&home.path().join(".sums"), b"in the way").unwrap();
    let mut transcript = open(home.path());
    transcript.append_message(&user("last")).unwrap();
    assert_eq!(open(home.path()).report(), &RepairReport::default());
    assert_eq!(shape(&transcript).last().map(String::as_str), Some("user last"));
}

#[test]
fn they_follow_an_archived_transcript() {
    let home = tempfile::tempdir().unwrap();
    let path = conversation(home.path());
    let archived = archive(&path, ArchiveReason::Deleted, NOW).unwrap();
    let name = format!("{}.sum", archived.file_name().unwrap().to_str().unwrap());
    assert!(home.path().join(".sums").join(name).exists() && !sums_of(home.path()).exists());
}

#[test]
fn what_was_found_is_found_again_until_it_is_written_down() {
    let home = tempfile::tempdir().unwrap();
    let path = conversation(home.path());
    edit(&path, "beta", "bexa");
    let root = Root::open(home.path()).unwrap();
    let name = Path::new("s1.jsonl");
    // A process that is killed between the two.
    Content::read(&root, name, Limits::default(), |content, scan| {
        let (verdict, renewed) = check(&root, name, content, scan);
        assert!(verdict.altered == 1 && renewed.is_some());
        Ok(())
    })
    .unwrap();
    assert_eq!(open(home.path()).report().altered, 1);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches("openclaw.repair").count(), 1);
    // The marker has its checksum, too.
    edit(&path, "\"altered\":1", "\"altered\":7");
    assert_eq!(open(home.path()).report().altered, 1);
    assert_eq!(open(home.path()).report().altered, 0);
}
