//! `sessions.json` itself: reading it, writing it, and knowing it again.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use openclaw_guard::{FileError, Root, RootError};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::INDEX_FILE;
use super::lines::Stamp;
use crate::SessionEntry;
use crate::entry::write_text;

/// Upstream writes about 6 kB per session; this is room for tens of thousands. What is larger is not an index.
pub(super) const MAX_INDEX_BYTES: u64 = 512 * 1024 * 1024;
/// Larger files are read as JSON only: their JSON5 would take several times their size in memory.
const MAX_JSON5_BYTES: usize = 32 * 1024 * 1024;
/// Bytes read at once when a file is only compared.
const COMPARE_BYTES: usize = 64 * 1024;

/// By what it is seen, without reading it, that a file has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    inode: u64,
    bytes: u64,
    seconds: i64,
    nanoseconds: i64,
    /// Of the last change of any kind; nobody can turn that back, as some editors and copiers do with the other.
    changed: (i64, i64),
}

impl Look {
    pub(super) fn of(meta: &Metadata) -> Self {
        Self {
            inode: meta.ino(),
            bytes: meta.len(),
            seconds: meta.mtime(),
            nanoseconds: meta.mtime_nsec(),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }

    /// Whether these are the same but for a new name.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        *self == Self { changed: self.changed, ..*other }
    }

    /// Looks at what is there; nothing if nothing is.
    pub(super) fn at(path: &Path) -> Result<Option<Self>, FileError> {
        match path.symlink_metadata() {
            Ok(meta) => Ok(Some(Self::of(&meta))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(FileError::new("look at", path, source)),
        }
    }
}

/// Reads the file, and says how it looked before it was read: what changes meanwhile will look different.
pub(super) fn read(root: &Root) -> Result<(Vec<u8>, Look), RootError> {
    let path = Path::new(INDEX_FILE);
    let io = |source| RootError::Io { path: path.to_owned(), action: "read", source };
    let file = root.open_read(path)?;
    let meta = file.metadata().map_err(io)?;
    let too_large = RootError::TooLarge { path: path.to_owned(), max_bytes: MAX_INDEX_BYTES };
    if meta.len() > MAX_INDEX_BYTES {
        return Err(too_large);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0));
    file.take(MAX_INDEX_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MAX_INDEX_BYTES { Err(too_large) } else { Ok((bytes, Look::of(&meta))) }
}

/// The stamp of a file, read piece by piece.
pub(super) fn stamp_of(mut file: &File) -> io::Result<Stamp> {
    let mut sum = crc32fast::Hasher::new();
    let mut buffer = vec![0; COMPARE_BYTES];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(Stamp { bytes, crc: sum.finalize() });
        }
        sum.update(buffer.get(..read).unwrap_or_default());
        bytes += read as u64;
    }
}

/// Whether a file could be read from its first byte to its last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whole {
    Json,
    /// With comments, or what else upstream reads and never writes.
    Json5,
    /// It could not: why.
    No(String),
}

/// Collects the entries; of a damaged file those up to the first byte that is not JSON, so that a torn one still gives
/// what it has. `None` stands for what is no entry.
pub(super) fn parse<T: Default>(
    bytes: &[u8],
    mut each: impl FnMut(&mut T, String, Option<SessionEntry>),
) -> (T, Whole) {
    let mut found = T::default();
    let Err(error) = parse_json(bytes, |key, entry| each(&mut found, key, entry)) else {
        return (found, Whole::Json);
    };
    if let Some(json) = json_of_json5(bytes) {
        let mut again = T::default();
        if parse_json(json.as_bytes(), |key, entry| each(&mut again, key, entry)).is_ok() {
            return (again, Whole::Json5);
        }
    }
    (found, Whole::No(error.to_string()))
}

fn parse_json(
    bytes: &[u8],
    mut each: impl FnMut(String, Option<SessionEntry>),
) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    Collect(&mut each).deserialize(&mut reader).and_then(|()| reader.end())
}

/// What was edited by hand, as JSON.
fn json_of_json5(bytes: &[u8]) -> Option<String> {
    if bytes.len() > MAX_JSON5_BYTES {
        return None;
    }
    openclaw_config::parse_json5(std::str::from_utf8(bytes).ok()?).map(|value| value.to_string())
}

struct Collect<'f, F>(&'f mut F);

impl<'de, F: FnMut(String, Option<SessionEntry>)> DeserializeSeed<'de> for Collect<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: FnMut(String, Option<SessionEntry>)> Visitor<'de> for Collect<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of session entries")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
            (self.0)(key, SessionEntry::from_raw(value).ok());
        }
        Ok(())
    }
}

/// Writes the entries as one JSON object, laid out as upstream does it, and says what it is like.
pub(super) fn write(entries: &[(String, Arc<SessionEntry>)], to: &mut impl Write) -> io::Result<Stamp> {
    let mut sum = crc32fast::Hasher::new();
    let mut bytes = 0;
    let mut put = |text: &str| {
        sum.update(text.as_bytes());
        bytes += text.len() as u64;
        to.write_all(text.as_bytes())
    };
    let mut text = String::new();
    for (place, (key, entry)) in entries.iter().enumerate() {
        text.clear();
        text.push_str(if place == 0 { "{\n  " } else { ",\n  " });
        write_text(key, &mut text);
        text.push_str(": ");
        entry.write_indented(1, &mut text);
        put(&text)?;
    }
    put(if entries.is_empty() { "{}" } else { "\n}" })?;
    Ok(Stamp { bytes, crc: sum.finalize() })
}
