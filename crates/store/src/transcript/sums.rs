//! Checksums beside a transcript, so that damage which still reads as JSON is seen, and a missing end too.
//!
//! `.sums/<file name>.sum` has a line `<offset> <bytes> <crc32 in hex>` for each record that this program appended. The
//! transcript itself stays as every other program writes it, and other programs may append to it or a person edit it:
//! whatever is wrong with the checksums is never an error. They are written, not synced; if power fails they are as
//! short as they are.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use openclaw_guard::{Root, RootError};

use super::content::Content;
use super::scan::Scan;

/// Beside the transcripts. Neither this program nor upstream looks for sessions in folders.
const FOLDER: &str = ".sums";
/// Bytes read of the checksums, from their end: those of 100,000 records. Records further back are not checked.
const MAX_READ_BYTES: u64 = 3 * 1024 * 1024;

/// A length and a checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Sum {
    bytes: usize,
    crc: u32,
}

impl Sum {
    fn of(line: &[u8]) -> Self {
        Self { bytes: line.len(), crc: crc32fast::hash(line) }
    }

    fn entry(self, offset: u64) -> String {
        format!("{offset} {} {:08x}\n", self.bytes, self.crc)
    }
}

/// What the checksums say about a transcript.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Records that are not as this program wrote them.
    pub(super) altered: usize,
    /// Bytes that this program wrote behind what is now the end of the file.
    pub(super) missing_bytes: u64,
}

/// Adds the checksums of new records.
#[derive(Debug)]
pub(super) struct Sums {
    state: State,
}

#[derive(Debug)]
enum State {
    /// Most transcripts are opened to be read; the file is made when there is something to write.
    Closed {
        dir: PathBuf,
        file: PathBuf,
    },
    Open(File),
    /// They are made anew: those of the whole file, in memory until what was found is written down in the transcript.
    Held {
        dir: PathBuf,
        file: PathBuf,
        entries: String,
    },
    /// They could not be written: without them the transcript is as good as upstream's.
    Off,
}

impl Sums {
    pub(super) fn new(dir: &Path, name: &Path) -> Self {
        Self { state: State::Closed { dir: dir.to_owned(), file: path_of(name) } }
    }

    /// Notes that whole lines were written, the first of them at an offset.
    pub(super) fn note_lines(&mut self, bytes: &[u8], mut offset: u64) {
        let mut entries = String::new();
        for line in bytes.split_inclusive(|&b| b == b'\n') {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            if !text.is_empty() {
                entries.push_str(&Sum::of(text).entry(offset));
            }
            offset += line.len() as u64;
        }
        if let State::Held { entries: held, .. } = &mut self.state {
            held.push_str(&entries);
        }
        if let State::Closed { dir, file } = &self.state {
            self.state = open(dir, file).map_or(State::Off, State::Open);
        }
        if let State::Open(file) = &mut self.state
            && file.write_all(entries.as_bytes()).is_err()
        {
            self.state = State::Off;
        }
    }
}

impl Sums {
    /// Puts what a check made anew in the place of the checksums, but not before [`Sums::release`].
    pub(super) fn hold(&mut self, renewed: Renewed) {
        if let State::Closed { dir, file } = &self.state {
            self.state = State::Held { dir: dir.clone(), file: file.clone(), entries: renewed.0 };
        }
    }

    /// Writes what is held, now that it cannot be found a second time.
    pub(super) fn release(&mut self) {
        if let State::Held { dir, file, entries } = &self.state {
            // Without it the same is found again by the next opening.
            Root::open(dir).and_then(|root| root.replace(file, entries.as_bytes())).ok();
            self.state = State::Closed { dir: dir.clone(), file: file.clone() };
        }
    }
}

/// Checksums of what is in a file now.
#[derive(Debug)]
pub(super) struct Renewed(String);

fn open(dir: &Path, file: &Path) -> Result<File, RootError> {
    let root = Root::open(dir)?;
    root.create_parent_dirs(file)?;
    root.open_append(file)
}

fn path_of(name: &Path) -> PathBuf {
    let mut file = name.as_os_str().to_owned();
    file.push(".sum");
    Path::new(FOLDER).join(file)
}

/// Compares a transcript with its checksums. If they do not fit, they are made anew from what is there now. The caller
/// puts those in their place when it has written down what was found, so that it is found once; if they cannot be written
/// nothing is reported, or every opening would.
pub(super) fn check(
    root: &Root,
    name: &Path,
    content: &Content,
    scan: &Scan<'_>,
) -> (Verdict, Option<Renewed>) {
    let known = read(root, name);
    let verdict = compare(&known, content, scan);
    let as_they_are = || text_of(known.iter().map(|(&offset, &sum)| (offset, sum)).collect());
    if verdict == Verdict::default() || root.replace(&path_of(name), as_they_are().as_bytes()).is_err() {
        return (Verdict::default(), None);
    }
    (verdict, Some(Renewed(renewed(&known, content, scan))))
}

fn compare(known: &HashMap<u64, Sum>, content: &Content, scan: &Scan<'_>) -> Verdict {
    let end =
        known.iter().map(|(offset, sum)| offset.saturating_add(sum.bytes as u64).saturating_add(1)).max();
    let missing_bytes = end.unwrap_or(0).saturating_sub(content.end());
    let suspects: Vec<(Sum, Sum)> = lines(content, scan)
        .filter_map(|(offset, line)| Some((*known.get(&offset)?, Sum::of(line))))
        .filter(|(expected, found)| expected != found)
        .collect();
    if suspects.is_empty() {
        return Verdict { altered: 0, missing_bytes };
    }
    // Something before this place was edited, or another program's line put there: the line that was here, or the one
    // that is, is as it was written.
    let written: HashSet<Sum> = known.values().copied().collect();
    let there: HashSet<Sum> = lines(content, scan).map(|(_, line)| Sum::of(line)).collect();
    let altered =
        suspects.iter().filter(|(expected, found)| !there.contains(expected) && !written.contains(found));
    Verdict { altered: altered.count(), missing_bytes }
}

/// The lines of all records, with their offsets in the file.
fn lines<'c>(content: &'c Content, scan: &'c Scan<'_>) -> impl Iterator<Item = (u64, &'c [u8])> {
    scan.records.iter().filter_map(|record| {
        let line = content.bytes.get(record.span.clone())?;
        Some((content.base + record.span.start as u64, line))
    })
}

fn renewed(known: &HashMap<u64, Sum>, content: &Content, scan: &Scan<'_>) -> String {
    let before = known.iter().filter(|(offset, _)| **offset < content.base);
    let mut entries: Vec<(u64, Sum)> = before.map(|(&offset, &sum)| (offset, sum)).collect();
    entries.extend(lines(content, scan).map(|(offset, line)| (offset, Sum::of(line))));
    text_of(entries)
}

fn text_of(mut entries: Vec<(u64, Sum)>) -> String {
    entries.sort_by_key(|(offset, _)| *offset);
    entries.into_iter().map(|(offset, sum)| sum.entry(offset)).collect()
}

/// The newest checksums; none if there are none, or they cannot be read. Lines that are no entry are passed over.
fn read(root: &Root, name: &Path) -> HashMap<u64, Sum> {
    let Ok(mut file) = root.open_read(&path_of(name)) else { return HashMap::new() };
    let mut bytes = Vec::new();
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let read = file
        .seek(SeekFrom::Start(length.saturating_sub(MAX_READ_BYTES)))
        .and_then(|_| file.take(MAX_READ_BYTES).read_to_end(&mut bytes));
    if read.is_err() {
        return HashMap::new();
    }
    let mut lines = bytes.split(|&b| b == b'\n');
    // The first line may be the end of one; a number cut at its front is still a number.
    if length > MAX_READ_BYTES {
        lines.next();
    }
    lines.filter_map(|line| entry_of(std::str::from_utf8(line).ok()?)).collect()
}

fn entry_of(line: &str) -> Option<(u64, Sum)> {
    let mut fields = line.split(' ');
    let (offset, bytes, crc) = (fields.next()?, fields.next()?, fields.next()?);
    let whole = fields.next().is_none() && crc.len() == 8;
    let sum = Sum { bytes: bytes.parse().ok()?, crc: u32::from_str_radix(crc, 16).ok()? };
    Some((offset.parse().ok()?, sum)).filter(|_| whole)
}

/// Moves the checksums of a renamed transcript along. Without them it is as readable as before.
pub(super) fn follow(root: &Root, name: &Path, new_name: &Path) {
    root.rename(&path_of(name), &path_of(new_name)).ok();
}
