//! Transcripts: what was said in the conversations of this agent, and of no other.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::tz::TimeZone;
use openclaw_guard::{Redactor, Root, RootError};

use super::derive::derive;
use super::listing::{Listing, Note, Text, open_file, unreadable};
use super::places::{Place, Wanted};
use crate::backend::{MAX_NOTE_BYTES, Source};
use crate::error::MemoryError;

/// How paths of transcripts begin.
const SHOWN: &str = "sessions";
/// Bytes read of a transcript, from its end: what was said is a small part of a file full of results of tools, and half
/// a second is the most that anybody waits for it.
const MAX_TAIL_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes by which secrets and patterns are told from others.
const REDACTION_BYTES: usize = 8;
/// Bytes read at once to count lines.
const COUNT_BUFFER: usize = 64 * 1024;

/// The conversations of an agent, as a source of memory.
#[derive(Clone)]
pub struct Transcripts {
    /// The session folder of this agent. Every `*.jsonl` right in it is a transcript.
    pub folder: PathBuf,
    /// Hides secrets, so that none gets into the index.
    pub redactor: Arc<Redactor>,
    /// The part of a message that somebody wrote: not the time and the number that are put around it for the model.
    pub written: fn(&str) -> &str,
    /// Bytes that a transcript must grow by to be indexed again in passing.
    pub delta_bytes: u64,
    /// Lines that do the same.
    pub delta_messages: u64,
}

impl Transcripts {
    /// Conversations that are indexed again when they have grown by 100,000 bytes or 50 lines.
    #[must_use]
    pub fn new(folder: PathBuf, redactor: Arc<Redactor>) -> Self {
        Self { folder, redactor, written: str::trim, delta_bytes: 100_000, delta_messages: 50 }
    }
}

/// Transcripts on the disk.
pub(super) struct Conversations {
    options: Transcripts,
    reader: Arc<Reader>,
    /// How many lines a transcript has grown by, from one size to another: lines are counted once.
    counted: Mutex<HashMap<String, Growth>>,
    redaction: OnceLock<[u8; REDACTION_BYTES]>,
}

#[derive(Clone, Copy)]
struct Growth {
    from: u64,
    to: u64,
    lines: u64,
}

/// Makes text of transcripts.
pub(super) struct Reader {
    redactor: Arc<Redactor>,
    written: fn(&str) -> &str,
    zone: TimeZone,
}

impl Conversations {
    pub(super) fn new(options: Transcripts) -> Self {
        let reader = Reader {
            redactor: Arc::clone(&options.redactor),
            written: options.written,
            zone: TimeZone::system(),
        };
        Self { options, reader: Arc::new(reader), counted: Mutex::default(), redaction: OnceLock::new() }
    }

    /// Changes with the secrets and patterns that are hidden.
    pub(super) fn redaction(&self) -> &[u8] {
        self.redaction.get_or_init(|| self.options.redactor.fingerprint())
    }

    pub(super) fn list(&self) -> Listing {
        let mut listing = Listing::default();
        match Root::open(&self.options.folder) {
            Ok(root) => listing.add_transcripts(&Arc::new(root), SHOWN, &self.reader),
            // Nobody has said anything yet.
            Err(RootError::NotFound { .. }) => {}
            Err(error) => listing.fail_root(SHOWN, &error),
        }
        listing
    }

    pub(super) fn place(&self) -> Place {
        let wanted = Wanted::Here(|name| is_transcript(Path::new(name)));
        let folder = &self.options.folder;
        let top = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        Place { top, root: None, start: PathBuf::new(), source: Source::Sessions, wanted }
    }

    /// The name of the file that a path stands for.
    pub(super) fn file_of(asked: &str) -> Option<&Path> {
        let name = Path::new(asked.strip_prefix(SHOWN)?.strip_prefix('/')?);
        (name.components().count() == 1 && is_transcript(name)).then_some(name)
    }

    /// The text of a transcript as it is now.
    pub(super) fn read(&self, name: &Path, asked: &str) -> Result<Text, MemoryError> {
        self.reader.read(&Root::open(&self.options.folder)?, name, asked)
    }

    /// Opens a transcript, to see whether it is still there and may be read.
    pub(super) fn open(&self, name: &Path, asked: &str) -> Result<File, MemoryError> {
        open_file(&Root::open(&self.options.folder)?, name, asked)
    }

    /// Whether a transcript has grown enough since it had a size.
    pub(super) fn has_grown(&self, note: &Note, from: u32) -> bool {
        let (from, to) = (u64::from(from), u64::from(note.size));
        if to.saturating_sub(from) >= self.options.delta_bytes {
            return true;
        }
        // What cannot be read has no lines to index.
        self.new_lines(note, from, to).is_ok_and(|lines| lines >= self.options.delta_messages)
    }

    fn new_lines(&self, note: &Note, from: u64, to: u64) -> Result<u64, MemoryError> {
        // Only ever held for a few moves of values, so that a poisoned one is still whole.
        let known = || self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known().get(&note.path).copied().filter(|known| known.from == from && known.to <= to);
        let (at, lines) = before.map_or((from, 0), |known| (known.to, known.lines));
        let failed = |error| unreadable(&note.path, error);
        let lines =
            if at == to { lines } else { lines + count_lines(note.open()?, at, to).map_err(failed)? };
        known().insert(note.path.clone(), Growth { from, to, lines });
        Ok(lines)
    }
}

/// Counts the line ends of a piece of a file.
fn count_lines(mut file: File, from: u64, to: u64) -> io::Result<u64> {
    file.seek(SeekFrom::Start(from))?;
    let mut piece = file.take(to.saturating_sub(from));
    let (mut buffer, mut lines) = (vec![0; COUNT_BUFFER], 0);
    loop {
        match piece.read(&mut buffer)? {
            0 => return Ok(lines),
            read => lines += buffer[..read].iter().filter(|&&byte| byte == b'\n').count() as u64,
        }
    }
}

impl Reader {
    /// The newest things that were said, one a line; line numbers are those of this text.
    pub(super) fn read(&self, root: &Root, below: &Path, asked: &str) -> Result<Text, MemoryError> {
        let (jsonl, has_more) =
            tail(open_file(root, below, asked)?).map_err(|error| unreadable(asked, error))?;
        let most = usize::try_from(MAX_NOTE_BYTES).unwrap_or(usize::MAX);
        let redact = |text: &str| self.redactor.redact((self.written)(text)).into_owned();
        let text = derive(&jsonl, &self.zone, most, redact);
        Ok(Text { is_cut: text.is_cut || has_more, ..text })
    }
}

/// The last whole lines of a file, and whether there is more before them.
fn tail(mut file: File) -> io::Result<(Vec<u8>, bool)> {
    let size = file.metadata()?.len();
    let start = size.saturating_sub(MAX_TAIL_BYTES);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    // What is written meanwhile belongs to the next time.
    file.take(MAX_TAIL_BYTES).read_to_end(&mut bytes)?;
    if start > 0 {
        let first_end = bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |end| end + 1);
        bytes.drain(..first_end);
    }
    Ok((bytes, start > 0))
}

/// Whether a name is that of a conversation that still goes on: not one that was put aside (`….jsonl.deleted.<time>`).
pub(super) fn is_transcript(path: &Path) -> bool {
    let name = path.to_str().unwrap_or_default();
    let aside = [".jsonl.", ".deleted.", ".reset.", ".bak."];
    name.ends_with(".jsonl") && !name.starts_with('.') && !aside.iter().any(|mark| name.contains(mark))
}

/// Whether a path, as results show it, is that of a conversation or of their folder.
pub(crate) fn is_of_conversations(path: &str) -> bool {
    path.strip_prefix(SHOWN).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::{Conversations, is_transcript};
    use std::path::Path;

    #[test]
    fn names_of_transcripts() {
        for name in ["a.jsonl", "5f0e-topic-7.jsonl", "x y.jsonl"] {
            assert!(is_transcript(Path::new(name)), "{name}");
            assert_eq!(Conversations::file_of(&format!("sessions/{name}")), Some(Path::new(name)));
        }
        let others = [
            "sessions.json",
            ".jsonl",
            ".a.jsonl",
            "a.jsonl.deleted.2026-11-20T10-00-00.000Z",
            "a.jsonl.reset.2026-11-20T10-00-00.000Z",
            "a.jsonl.bak.2026-11-20T10-00-00.000Z.jsonl",
            "a.jsonl.sum",
            "a.md",
        ];
        for name in others {
            assert!(!is_transcript(Path::new(name)), "{name}");
        }
        for path in ["sessions/../a.jsonl", "sessions/.sums/a.jsonl", "sessions//etc/a.jsonl", "a.jsonl"] {
            assert_eq!(Conversations::file_of(path), None, "{path}");
        }
    }
}
