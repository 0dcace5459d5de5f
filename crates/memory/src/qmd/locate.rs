//! From the program's documents to files: its index says which document a result is, its collections say where that is.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use openclaw_guard::{EntryKind, Root};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::glob;
use super::options::{Collection, QmdOptions};
use super::output::Entry;
use crate::backend::{LineRange, MAX_NOTE_BYTES, Source};
use crate::error::MemoryError;

/// The index is in WAL mode, where readers wait for nobody but a checkpoint.
const BUSY: Duration = Duration::from_millis(250);
/// Documents with the same text that are looked at: copies of one file.
const MAX_COPIES: u32 = 50;
/// Files of a collection that are looked at for a name that the program has changed.
const MAX_ENTRIES: usize = 50_000;

/// A document of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Document {
    collection: String,
    path: String,
}

/// A file that a result is about.
pub(super) struct Located {
    /// As results have it.
    pub(super) path: String,
    pub(super) source: Source,
    /// What it says now.
    pub(super) text: String,
}

/// Opens the program's index for reading. It is somebody else's, and never written.
fn open(index: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(index, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// Whether there is an index that is no database, or a broken one.
pub(super) fn is_damaged(index: &Path) -> bool {
    let look =
        || open(index)?.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
    let code = index.is_file().then(look).and_then(|look| look.err()?.sqlite_error_code());
    matches!(code, Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
}

/// How many documents the configured collections have in the index.
pub(super) fn count(options: &QmdOptions) -> rusqlite::Result<usize> {
    let connection = open(&options.index())?;
    let mut statement = connection
        .prepare("SELECT collection, COUNT(*) FROM documents WHERE active = 1 GROUP BY collection")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    let mut total = 0;
    for row in rows {
        let (name, count) = row?;
        if options.collections.iter().any(|collection| collection.name == name) {
            total += usize::try_from(count).unwrap_or(0);
        }
    }
    Ok(total)
}

/// What the index holds, and whether that is all.
pub(super) struct Seen {
    pub(super) files: usize,
    /// Whether it cannot be read, or a document is newer than it.
    pub(super) is_behind: bool,
}

/// Looks at the index and at the folders, without running the program.
pub(super) fn look(options: &QmdOptions) -> Seen {
    let counted = count(options).ok();
    let index = options.index();
    let mut log = index.as_os_str().to_owned();
    log.push("-wal");
    let written = |path: &Path| std::fs::metadata(path).and_then(|found| found.modified()).ok();
    let indexed = written(&index).max(written(Path::new(&log)));
    let indexed = indexed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let indexed_ms = indexed.and_then(|time| i64::try_from(time.as_millis()).ok()).unwrap_or_default();
    let is_newer = |collection: &Collection| {
        let Ok(root) = Root::open(&collection.path) else { return false };
        let accept = |below: &Path, kind| kind == EntryKind::Directory || is_document(collection, below);
        let walk = root.walk(Path::new(""), accept, MAX_ENTRIES);
        walk.is_ok_and(|walk| walk.files.iter().any(|file| file.mtime_ms > indexed_ms))
    };
    let is_behind = counted.is_none() || options.collections.iter().any(is_newer);
    Seen { files: counted.unwrap_or_default(), is_behind }
}

/// Finds the files of results.
pub(super) struct Locator<'o> {
    options: &'o QmdOptions,
    index: Option<Connection>,
    /// Files of collections, by name of the collection, listed when a name is not the file's own.
    listed: HashMap<String, Vec<PathBuf>>,
}

impl<'o> Locator<'o> {
    /// An index that cannot be read is made up for by what the results say themselves.
    pub(super) fn new(options: &'o QmdOptions) -> Self {
        let index = open(&options.index());
        if let Err(error) = &index {
            tracing::debug!(index = %options.index().display(), %error, "the index of qmd cannot be read");
        }
        Self { options, index: index.ok(), listed: HashMap::new() }
    }

    /// The file of a result; nothing when it is of no configured collection, or gone.
    pub(super) fn locate(&mut self, entry: &Entry) -> Option<Located> {
        let document = self.document(entry)?;
        let options = self.options;
        let collection = options.collections.iter().find(|known| known.name == document.collection)?;
        let root = Root::open(&collection.path).ok()?;
        let below = self.file(collection, &root, &document.path)?;
        // What the pattern leaves out is not shown, whatever an index of earlier days says.
        if !is_document(collection, &below) {
            return None;
        }
        let path = shown(options.workspace.path(), collection, &below);
        let text = text(&root, &below, &path).ok()?;
        Some(Located { path, source: collection.source, text })
    }

    /// The document that a result is. The same text in two files has one `docid`; `file` tells them apart.
    fn document(&self, entry: &Entry) -> Option<Document> {
        let said = entry.file.strip_prefix("qmd://").and_then(|file| file.split_once('/'));
        let said =
            said.map(|(collection, path)| Document { collection: collection.into(), path: path.into() });
        let found = self.of_docid(&entry.docid);
        let is_said = |document: &&Document| {
            said.as_ref().is_some_and(|said| {
                said.collection == document.collection && squashed(&said.path) == squashed(&document.path)
            })
        };
        found.iter().find(is_said).or(found.first()).cloned().or(said)
    }

    fn of_docid(&self, docid: &str) -> Vec<Document> {
        let digits = docid.strip_prefix('#').unwrap_or(docid);
        let is_hash = (4..=64).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let Some(index) = self.index.as_ref().filter(|_| is_hash) else { return Vec::new() };
        let documents = || -> rusqlite::Result<Vec<Document>> {
            let mut statement = index.prepare_cached(
                "SELECT collection, path FROM documents WHERE hash LIKE ?1 AND active = 1 ORDER BY id LIMIT ?2",
            )?;
            let rows = statement.query_map((format!("{digits}%"), MAX_COPIES), |row| {
                Ok(Document { collection: row.get(0)?, path: row.get(1)? })
            })?;
            rows.collect()
        };
        documents().unwrap_or_else(|error| {
            tracing::debug!(%error, "the index of qmd cannot be asked");
            Vec::new()
        })
    }

    /// The file of a document. Versions before 2.1 keep names in small letters and with dashes, which no file has.
    fn file(&mut self, collection: &Collection, root: &Root, path: &str) -> Option<PathBuf> {
        let path = Path::new(path);
        if root.open_read(path).is_ok() {
            return root.relative(path).ok();
        }
        let files = self.listed.entry(collection.name.clone()).or_insert_with(|| {
            let accept = |_: &Path, _: EntryKind| true;
            let walk = root.walk(Path::new(""), accept, MAX_ENTRIES);
            walk.map(|walk| walk.files.into_iter().map(|file| file.path).collect()).unwrap_or_default()
        });
        let wanted = squashed(&path.to_string_lossy());
        files.iter().find(|file| squashed(&file.to_string_lossy()) == wanted).cloned()
    }
}

/// A path as versions before 2.1 keep it: small letters, and dashes for whatever is neither letter nor digit.
fn squashed(path: &str) -> String {
    let path = path.replace("___", "/").to_lowercase();
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if extension.bytes().all(|b| b.is_ascii_alphanumeric()) => (stem, extension),
        Some(_) | None => (name, ""),
    };
    let parts = folders.split('/').chain([stem]).map(dashed).filter(|part| !part.is_empty());
    format!("{}.{extension}", parts.collect::<Vec<_>>().join("/"))
}

fn dashed(part: &str) -> String {
    let words = part.split(|c: char| !c.is_alphanumeric() && c != '$').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// How results call a file: from the workspace, or `qmd/<collection>/<path>` when it is elsewhere.
fn shown(workspace: &Path, collection: &Collection, below: &Path) -> String {
    let path = collection.path.join(below);
    match path.strip_prefix(workspace) {
        Ok(inside) => inside.to_string_lossy().into_owned(),
        Err(_) => format!("qmd/{}/{}", collection.name, below.to_string_lossy()),
    }
}

/// Opens what may be read by the name that results have for it: documents of collections, and nothing beside them.
pub(super) fn read(options: &QmdOptions, range: &LineRange) -> Result<String, MemoryError> {
    let refused = || MemoryError::NotMemory { path: range.path.clone() };
    let named = range.path.strip_prefix("qmd/").and_then(|rest| rest.split_once('/'));
    for collection in &options.collections {
        let below = match named {
            Some((name, below)) if name == collection.name => PathBuf::from(below),
            Some(_) => continue,
            None => {
                let Ok(inside) = options.workspace.relative(Path::new(&range.path)) else {
                    return Err(refused());
                };
                let path = options.workspace.path().join(inside);
                let Ok(below) = path.strip_prefix(&collection.path) else { continue };
                below.to_owned()
            }
        };
        // Clean before it is matched, so that no `..` passes for a name.
        let root = Arc::new(Root::open(&collection.path)?);
        let below = root.relative(&below)?;
        if is_document(collection, &below) {
            return Ok(text(&root, &below, &range.path)?.replace("\r\n", "\n"));
        }
    }
    Err(refused())
}

fn is_document(collection: &Collection, below: &Path) -> bool {
    below.to_str().is_some_and(|below| glob::matches(&collection.pattern, below))
}

/// What a document says, if it is one of the owner's: another name for somebody else's file is none (S-082).
fn text(root: &Root, below: &Path, shown: &str) -> Result<String, MemoryError> {
    let file = root.open_read(below)?;
    let (Ok(found), Ok(folder)) = (file.metadata(), std::fs::metadata(root.path())) else {
        return Err(MemoryError::ForeignLink { path: shown.to_owned() });
    };
    if found.nlink() > 1 && found.uid() != folder.uid() {
        return Err(MemoryError::ForeignLink { path: shown.to_owned() });
    }
    Ok(String::from_utf8_lossy(&root.read_capped(below, MAX_NOTE_BYTES)?).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Collection, Source, shown, squashed};
    use std::path::Path;

    #[test]
    fn names_are_squashed_as_old_versions_do() {
        let rows = [
            ("MEMORY.md", "memory.md"),
            ("Sub Dir/Über Größe_2.md", "sub-dir/über-größe-2.md"),
            ("a___b.md", "a/b.md"),
            ("2026-11-20.md", "2026-11-20.md"),
            ("--x--/y..z.md", "x/y-z.md"),
            ("routes/$id.md", "routes/$id.md"),
        ];
        for (name, kept) in rows {
            assert_eq!(squashed(name), kept);
            assert_eq!(squashed(kept), kept, "twice is once");
        }
    }

    #[test]
    fn files_are_named_from_the_workspace_or_by_collection() {
        let collection = |path: &str| Collection {
            name: "notes".into(),
            path: path.into(),
            pattern: "**/*.md".into(),
            source: Source::Memory,
        };
        let rows = [
            ("/ws", "MEMORY.md", "MEMORY.md"),
            ("/ws/memory", "a/b.md", "memory/a/b.md"),
            ("/elsewhere", "a/b.md", "qmd/notes/a/b.md"),
            ("/ws-other", "a.md", "qmd/notes/a.md"),
        ];
        for (path, below, expected) in rows {
            assert_eq!(shown(Path::new("/ws"), &collection(path), Path::new(below)), expected);
        }
    }
}
