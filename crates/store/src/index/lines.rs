//! The lines of the journal: a checksum, a space, a JSON object.

use std::collections::HashMap;

use openclaw_guard::RootError;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::rebuild::Recover;
use crate::SessionEntry;
use crate::entry::{Changes, Members, write_object, write_text};

/// What this version writes; a journal that says something else is set aside.
const VERSION: u32 = 1;
/// Hexadecimal digits of a checksum.
const SUM_DIGITS: usize = 8;

/// What an image looks like: enough to know it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    pub(super) bytes: u64,
    pub(super) crc: u32,
}

impl Stamp {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.len() as u64, crc: crc32fast::hash(bytes) }
    }
}

/// What a journal is about: its first line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    /// The image its changes are to be made to.
    pub(super) image: Stamp,
    /// What that image lacks and is still looked for in the transcripts.
    pub(super) rebuild: Option<Recover>,
    pub(super) holds: Holds,
}

/// What a journal leads to what there is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// From its image: it has what changed since.
    Changes,
    /// From nothing: its image cannot be read, and it has every entry.
    All,
}

/// A line that was read. Values are absolute, so that a line may be followed twice.
#[derive(Debug, Deserialize)]
pub(super) struct Line<'a> {
    #[serde(default)]
    journal: Option<u32>,
    /// In the first line, and where another image came in force that holds all that went before.
    #[serde(default)]
    image: Option<Stamp>,
    #[serde(default)]
    rebuild: Option<Recover>,
    /// In the first line: there is no need of the image.
    #[serde(default)]
    whole: bool,
    #[serde(default)]
    key: String,
    /// A whole new entry.
    #[serde(default, borrow)]
    put: Option<&'a RawValue>,
    /// Fields with their new values.
    #[serde(default, borrow)]
    set: Option<&'a RawValue>,
    #[serde(default)]
    unset: Vec<String>,
    /// Checksums of the values that these fields had.
    #[serde(default)]
    was: HashMap<String, u32>,
    /// The entry was removed; when it had been used last.
    #[serde(default)]
    gone: Option<i64>,
}

/// A change of one entry.
pub(super) enum Change<'a> {
    Put(SessionEntry),
    Set { set: Members<'a>, unset: &'a [String], was: &'a HashMap<String, u32> },
    Gone { updated_at: i64 },
}

/// A journal, read.
#[derive(Debug, Default)]
pub(super) struct Parsed<'a> {
    pub(super) header: Option<Header>,
    /// The images that the changes may be made to.
    images: Vec<Stamp>,
    lines: Vec<Line<'a>>,
    /// Lines that are none, in between. At the end, and before an empty line, it is a torn one: it was being written
    /// when the process died, or the disk was full, and nobody was told that it is there.
    pub(super) damaged: usize,
    /// Whether the file ends in a torn line, or without a line end.
    pub(super) is_torn: bool,
}

impl<'a> Parsed<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        let mut parsed = Self::default();
        let mut lines = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(text) = lines.next() {
            if text.is_empty() {
                continue; // behind the last line, and where a torn one was closed
            }
            let is_last = lines.peek().is_none();
            let is_closed = lines.peek().is_some_and(|next| next.is_empty());
            parsed.is_torn = is_last;
            match checked(text).and_then(|json| serde_json::from_slice::<Line<'_>>(json).ok()) {
                // A whole line without its end was not acknowledged either, but says what is true.
                Some(line) => parsed.line(line),
                None if is_last || is_closed => parsed.is_torn = true,
                None => parsed.damaged += 1,
            }
        }
        parsed
    }

    fn line(&mut self, line: Line<'a>) {
        self.images.extend(line.image);
        match (line.journal, line.image) {
            (Some(VERSION), Some(image)) if self.header.is_none() => {
                let holds = if line.whole { Holds::All } else { Holds::Changes };
                self.header = Some(Header { image, rebuild: line.rebuild, holds });
            }
            (Some(_), _) => self.damaged += 1,
            (None, _) => self.lines.push(line),
        }
    }

    /// Whether the changes were made to this image, or are in it.
    pub(super) fn knows(&self, image: Stamp) -> bool {
        self.header.is_some() && self.images.contains(&image)
    }

    /// Whether it has every entry, so that the image is not needed.
    pub(super) fn holds_all(&self) -> bool {
        self.damaged == 0 && self.header.is_some_and(|header| header.holds == Holds::All)
    }

    /// The changes with their keys, in order.
    pub(super) fn changes(&self) -> impl Iterator<Item = (&str, Change<'_>)> {
        self.lines.iter().filter_map(|line| Some((line.key.as_str(), line.change()?)))
    }
}

impl Line<'_> {
    fn change(&self) -> Option<Change<'_>> {
        if self.key.is_empty() {
            return None;
        }
        if let Some(updated_at) = self.gone {
            return Some(Change::Gone { updated_at });
        }
        if let Some(put) = self.put {
            return SessionEntry::from_raw(put).ok().map(Change::Put);
        }
        let set = serde_json::from_str(self.set?.get()).ok()?;
        Some(Change::Set { set, unset: &self.unset, was: &self.was })
    }
}

/// The JSON of a line, if it is what was written.
fn checked(line: &[u8]) -> Option<&[u8]> {
    let (sum, json) = (line.get(..SUM_DIGITS)?, line.get(SUM_DIGITS + 1..)?);
    // A digit in the other case was written by nobody.
    if !sum.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let sum = u32::from_str_radix(std::str::from_utf8(sum).ok()?, 16).ok()?;
    (line.get(SUM_DIGITS) == Some(&b' ') && crc32fast::hash(json) == sum).then_some(json)
}

fn line(json: &str) -> Vec<u8> {
    format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes())).into_bytes()
}

impl Header {
    pub(super) fn line(&self) -> Vec<u8> {
        let Stamp { bytes, crc } = self.image;
        let rebuild = self.rebuild.map_or(String::new(), |what| format!(",\"rebuild\":\"{}\"", what.word()));
        let whole = if self.holds == Holds::All { ",\"whole\":true" } else { "" };
        line(&format!(
            "{{\"journal\":{VERSION},\"image\":{{\"bytes\":{bytes},\"crc\":{crc}}}{rebuild}{whole}}}"
        ))
    }
}

/// Says that an image holds all that went before.
pub(super) fn image_line(Stamp { bytes, crc }: Stamp) -> Vec<u8> {
    line(&format!("{{\"image\":{{\"bytes\":{bytes},\"crc\":{crc}}}}}"))
}

fn begin(key: &str) -> String {
    let mut json = String::from("{\"key\":");
    write_text(key, &mut json);
    json
}

pub(super) fn put_line(key: &str, entry: &SessionEntry) -> Vec<u8> {
    let mut json = begin(key);
    json.push_str(",\"put\":");
    entry.write_json(&mut json);
    json.push('}');
    line(&json)
}

pub(super) fn set_line(key: &str, changes: &Changes<'_>) -> Vec<u8> {
    let mut json = begin(key);
    json.push_str(",\"set\":");
    write_object(changes.set.iter().copied(), &mut json);
    if !changes.unset.is_empty() {
        json.push_str(",\"unset\":");
        let mut before = '[';
        for name in &changes.unset {
            json.push(before);
            before = ',';
            write_text(name, &mut json);
        }
        json.push(']');
    }
    if !changes.was.is_empty() {
        json.push_str(",\"was\":");
        let mut before = '{';
        for field in &changes.was {
            json.push(before);
            before = ',';
            write_text(field.name, &mut json);
            json.push(':');
            json.push_str(&field.sum().to_string());
        }
        json.push('}');
    }
    json.push('}');
    line(&json)
}

pub(super) fn gone_line(key: &str, updated_at: i64) -> Vec<u8> {
    line(&format!("{},\"gone\":{updated_at}}}", begin(key)))
}

/// Whether something stands in the place of a file that is none, or too large to be one of ours.
pub(super) fn is_foreign(error: &RootError) -> bool {
    match error {
        RootError::Symlink { .. } | RootError::NotAFile { .. } | RootError::TooLarge { .. } => true,
        RootError::Outside { .. }
        | RootError::NotFound { .. }
        | RootError::Exists { .. }
        | RootError::Io { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Header, Holds, Parsed, Stamp, gone_line, image_line, put_line, set_line};
    use crate::index::rebuild::Recover;
    use crate::{SessionEntry, SessionId, field};
    use proptest::prelude::*;

    fn sample() -> Vec<Vec<u8>> {
        let mut old = SessionEntry::new(&SessionId::parse("s1").unwrap(), 1);
        old.set_text(field::LABEL, "a \"label\"\nof two lines");
        let mut new = old.clone();
        new.set(field::TOTAL_TOKENS, &7);
        new.clear(field::LABEL);
        let image = Stamp { bytes: 5, crc: 6 };
        vec![
            Header { image, rebuild: Some(Recover::Named), holds: Holds::Changes }.line(),
            put_line("agent:main:é\n", &old),
            set_line("agent:main:é\n", &new.changes_since(&old)),
            image_line(Stamp { bytes: 8, crc: 9 }),
            gone_line("k", 42),
        ]
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = sample().concat();
        let parsed = Parsed::read(&bytes);
        let header = parsed.header.unwrap();
        assert_eq!((header.image.bytes, header.rebuild), (5, Some(Recover::Named)));
        assert!(parsed.knows(Stamp { bytes: 8, crc: 9 }) && !parsed.knows(Stamp { bytes: 8, crc: 8 }));
        assert_eq!((parsed.damaged, parsed.is_torn), (0, false));
        let changes: Vec<_> = parsed.changes().collect();
        let [
            (key, Change::Put(entry)),
            (_, Change::Set { set, unset, .. }),
            (_, Change::Gone { updated_at }),
        ] = &changes[..]
        else {
            panic!("{} changes", changes.len());
        };
        assert_eq!((*key, *updated_at), ("agent:main:é\n", 42));
        let mut entry = entry.clone();
        entry.apply_raw(set, unset);
        assert_eq!((entry.get(field::TOTAL_TOKENS), entry.text(field::LABEL)), (Some(7), None));
    }

    proptest! {
        #[test]
        fn a_damaged_line_is_passed_over_alone(hit in 0_usize..600, with in any::<u8>(), cut in 0_usize..600) {
            let lines = sample();
            let whole = lines.concat();
            let (hit, cut) = (hit % whole.len(), whole.len() - cut % whole.len());
            let mut bytes = whole.clone();
            bytes[hit] = with;
            bytes.truncate(cut);
            let (mut start, mut sound, mut begins) = (0, 0, true);
            for line in &lines {
                let (range, end) = (start..start + line.len() - 1, start + line.len() - 1);
                start = end + 1;
                let ends = matches!(bytes.get(end), None | Some(b'\n'));
                sound += usize::from(begins && ends && bytes.get(range.clone()) == line.get(..line.len() - 1));
                begins = bytes.get(end) == Some(&b'\n');
            }
            let parsed = Parsed::read(&bytes);
            let read = usize::from(parsed.header.is_some()) + parsed.lines.len();
            prop_assert_eq!(read, sound);
        }
    }
}
