//! A transcript, line by line: what the gateway will pass over when it opens it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use openclaw_guard::{FileError, Root, RootError};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The longest line that is read; an image of a camera is a tenth of it.
const MAX_LINE_BYTES: u64 = 256 * 1024 * 1024;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Transcript {
    /// Its name in the directory.
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) lines: usize,
    /// Lines that are no records and of which no copy has been kept yet.
    pub(super) damaged: usize,
    /// Lines that are no records, found and copied by a gateway before.
    pub(super) known_damage: usize,
    /// Whether the last line has no end.
    pub(super) is_torn: bool,
    /// Whether the first record is the header.
    pub(super) has_header: bool,
}

/// What the gateway asks of a line before it takes it for a record: the types of these, and none of the fields twice.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(rename = "id")]
    _id: Option<String>,
    #[serde(rename = "parentId")]
    _parent_id: Option<String>,
    #[serde(rename = "timestamp")]
    _timestamp: Option<IgnoredAny>,
    #[serde(rename = "message")]
    _message: Option<IgnoredAny>,
    #[serde(rename = "summary")]
    _summary: Option<IgnoredAny>,
    #[serde(rename = "firstKeptEntryId")]
    _first_kept_entry_id: Option<IgnoredAny>,
    #[serde(rename = "firstKeptEntryIndex")]
    _first_kept_entry_index: Option<IgnoredAny>,
    #[serde(rename = "content")]
    _content: Option<IgnoredAny>,
    #[serde(rename = "provider")]
    _provider: Option<IgnoredAny>,
    #[serde(rename = "modelId")]
    _model_id: Option<IgnoredAny>,
    #[serde(rename = "thinkingLevel")]
    _thinking_level: Option<IgnoredAny>,
}

/// The pieces that a gateway has kept of the transcripts of a directory: which bytes of each.
#[derive(Debug, Default)]
pub(super) struct Kept(HashMap<String, Vec<Range<u64>>>);

impl Kept {
    /// From the names and sizes of the files in `quarantine`: `<transcript>.at-<offset>`, or with a number behind that.
    pub(super) fn of(files: &[PathBuf]) -> Self {
        let mut kept: HashMap<String, Vec<Range<u64>>> = HashMap::new();
        for path in files {
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            let Some((transcript, at)) = name.rsplit_once(".at-") else { continue };
            let offset = at.split('.').next().and_then(|offset| offset.parse::<u64>().ok());
            // One that went this moment is none.
            let bytes = path.symlink_metadata().map(|metadata| metadata.len());
            if let (Some(offset), Ok(bytes)) = (offset, bytes) {
                kept.entry(transcript.to_owned()).or_default().push(offset..offset.saturating_add(bytes));
            }
        }
        Self(kept)
    }

    /// Several damaged lines may be in one piece.
    fn has(&self, transcript: &str, offset: u64) -> bool {
        self.0.get(transcript).is_some_and(|ranges| ranges.iter().any(|range| range.contains(&offset)))
    }
}

impl Transcript {
    /// Reads it to its end, a line at a time.
    ///
    /// # Errors
    /// It cannot be read; a link is not followed.
    pub(super) fn read(dir: &Path, name: String, kept: &Kept) -> Result<Self, ReadError> {
        let file = Root::open(dir)?.open_read(Path::new(&name))?;
        let failed = |source| FileError::new("read", &dir.join(&name), source);
        let is_kept = |offset: u64| kept.has(&name, offset);
        let mut found = Self::scan(file, is_kept).map_err(failed)?;
        found.name = name;
        Ok(found)
    }

    fn scan(file: File, is_kept: impl Fn(u64) -> bool) -> io::Result<Self> {
        let mut found = Self { is_torn: false, ..Self::default() };
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let count = reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
            if count == 0 {
                return Ok(found);
            }
            found.is_torn = !line.ends_with(b"\n");
            found.line(&line, &is_kept);
            found.bytes += u64::try_from(count).unwrap_or(u64::MAX);
        }
    }

    fn line(&mut self, line: &[u8], is_kept: &impl Fn(u64) -> bool) {
        // A power cut leaves NULs where a file had grown and was not written yet: no damage to a record.
        let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
        let lead = line.iter().take_while(|byte| blank(byte)).count();
        let text = line.get(lead..).unwrap_or_default();
        let tail = text.iter().rev().take_while(|byte| blank(byte)).count();
        let text = text.get(..text.len() - tail).unwrap_or_default();
        if text.is_empty() {
            return;
        }
        match serde_json::from_slice::<Line<'_>>(text) {
            Ok(parsed) => self.has_header |= self.lines == 0 && parsed.kind == "session",
            Err(_) if is_kept(self.bytes + u64::try_from(lead).unwrap_or(0)) => self.known_damage += 1,
            Err(_) => self.damaged += 1,
        }
        self.lines += 1;
    }
}

/// Why a transcript cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error(transparent)]
    Root(#[from] RootError),
    #[error(transparent)]
    File(#[from] FileError),
}

#[cfg(test)]
mod tests {
    use super::{Kept, Transcript};
    use openclaw_guard::write_atomic;

    const HEADER: &str = "{\"type\":\"session\",\"version\":3}\n";

    fn read(text: &str) -> Transcript {
        let dir = tempfile::tempdir().unwrap();
        write_atomic(&dir.path().join("a.jsonl"), text.as_bytes()).unwrap();
        let found = Transcript::read(dir.path(), "a.jsonl".to_owned(), &Kept::default()).unwrap();
        assert_eq!(found.bytes, u64::try_from(text.len()).unwrap());
        found
    }

    /// Lines, damaged ones, whether the end is torn, whether there is a header.
    type Expected = (usize, usize, bool, bool);

    #[test]
    fn lines_are_counted_and_damage_is_found() {
        let message = "{\"type\":\"message\"}";
        let rows: [(String, Expected); 8] = [
            // To the gateway a record has a text for an id, and nothing twice.
            (
                format!(
                    "{HEADER}{{\"type\":\"message\",\"id\":5}}\n{{\"type\":\"message\",\"parentId\":[]}}\n\
                     {{\"type\":\"message\",\"message\":1,\"message\":2}}\n{{\"type\":\"x\",\"id\":null}}\n"
                ),
                (5, 3, false, true),
            ),
            (String::new(), (0, 0, false, false)),
            (format!("{HEADER}{message}\n"), (2, 0, false, true)),
            (format!("{HEADER}{message}"), (2, 0, true, true)),
            (format!("{HEADER}{{\"type\":\"mess"), (2, 1, true, true)),
            (format!("{message}\n"), (1, 0, false, false)),
            (format!("{HEADER}{message}{message}\n\0\0\0{message}\n\n\0\n"), (3, 1, false, true)),
            (format!("{HEADER}7\n\"x\"\n{{\"kind\":1}}\n"), (4, 3, false, true)),
        ];
        for (text, expected) in rows {
            let found = read(&text);
            assert_eq!((found.lines, found.damaged, found.is_torn, found.has_header), expected, "{text:?}");
        }
    }

    #[test]
    fn damage_that_was_kept_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let damage = "x\n{\"type\"";
        let text = format!("{HEADER}\0{damage}\n{HEADER}y\n");
        write_atomic(&dir.path().join("a.jsonl"), text.as_bytes()).unwrap();
        openclaw_guard::create_private_dir(&dir.path().join("quarantine")).unwrap();
        let at = HEADER.len() + 1;
        let piece = dir.path().join(format!("quarantine/a.jsonl.at-{at}"));
        write_atomic(&piece, damage.as_bytes()).unwrap();
        let others = ["a.jsonl.at-x", "b.jsonl.at-0", "sessions.json.2026"];
        let others = others.map(|name| dir.path().join("quarantine").join(name));
        others.iter().for_each(|path| write_atomic(path, &[0; 999]).unwrap());
        let kept = Kept::of(&[&others[..], &[piece]].concat());
        let found = Transcript::read(dir.path(), "a.jsonl".to_owned(), &kept).unwrap();
        assert_eq!((found.damaged, found.known_damage), (1, 2), "both lines of one piece, and a new one");
    }
}
