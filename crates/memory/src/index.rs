//! The index file: notes, their rows, which row holds which term, and the vectors of their passages.
//!
//! The tables have names of their own (`mem_…`), so that an index written by OpenClaw can lie in the same file and
//! a person can go back to it. Everything here is derived from the notes. A rebuild writes a new generation of notes
//! beside the published one, which goes on answering until one row publishes the new one.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, params};

use crate::backend::Source;
use crate::cache;
use crate::codes::Stored;
use crate::corpus::{Corpus, Exact, NoteId, NoteView};
pub(crate) use crate::fault::IndexError;
use crate::jobs;
use crate::layout::lay_out;
use crate::lock::Lock;
use crate::longer;
use crate::measure;
use crate::naming::name_of;
use crate::postings::{Postings, RowId, Rows};
use crate::repair::{check_name, create_file, finish, is_half_mended};
use crate::rows::NoteRows;
use crate::seal::{seal, sums};
use crate::unread;
use crate::vectors::EmbedderKey;
use crate::weighted::{self, Chunking};
use crate::words::Analyser;

/// Changes when tables, terms or windows change; an index of another version is built anew.
const VERSION: i64 = 10;
/// Pages kept in memory, in KiB: an idle agent should cost next to nothing.
const CACHE_KIB: i64 = 1024;
/// The write-ahead log is cut back to this after a large sync.
const MAX_WAL_BYTES: i64 = 4 * 1024 * 1024;
/// The command line and the gateway may both write; a note is indexed in milliseconds.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// Rows that the beginning of a word may stand in before it says nothing.
const MAX_PREFIX_ROWS: i64 = 5_000;
/// Rows of notes that nobody searches any more are deleted so many at a time, between which requests are answered.
const SWEEP_ROWS: usize = 1_000;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS mem_meta (
        version INTEGER NOT NULL,
        published INTEGER NOT NULL,
        filling INTEGER,
        newest INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS mem_notes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        generation INTEGER NOT NULL,
        source TEXT NOT NULL,
        path TEXT NOT NULL,
        size INTEGER NOT NULL,
        mtime_ms INTEGER NOT NULL,
        hash BLOB NOT NULL,
        row_count INTEGER NOT NULL,
        seal BLOB NOT NULL,
        sums BLOB NOT NULL,
        rows BLOB NOT NULL,
        text BLOB NOT NULL,
        UNIQUE (generation, source, path)
    );
    CREATE VIRTUAL TABLE IF NOT EXISTS mem_words
        USING fts5(terms, content='', contentless_delete=1, detail=none, tokenize='ascii');
    CREATE TABLE IF NOT EXISTS mem_vectors (
        note INTEGER NOT NULL,
        embedder INTEGER NOT NULL,
        vectors BLOB NOT NULL,
        PRIMARY KEY (note, embedder)
    );";
/// What outlives a rebuild and a new version: vectors that cost time or money.
const KEPT_SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS mem_embedders (
        id INTEGER PRIMARY KEY,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        UNIQUE (provider, model, fingerprint)
    );
    CREATE TABLE IF NOT EXISTS mem_cache (
        embedder INTEGER NOT NULL,
        hash BLOB NOT NULL,
        vector BLOB NOT NULL,
        used INTEGER NOT NULL,
        PRIMARY KEY (embedder, hash)
    ) WITHOUT ROWID;";
const DROP: &str = "
    DROP TABLE IF EXISTS mem_meta;
    DROP TABLE IF EXISTS mem_notes;
    DROP TABLE IF EXISTS mem_words;
    DROP TABLE IF EXISTS mem_vectors;
    DROP TABLE IF EXISTS lex_meta;
    DROP TABLE IF EXISTS lex_files;
    DROP TABLE IF EXISTS lex_rows;";

/// Size, time and content of a note when it was indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) size: u32,
    pub(crate) mtime_ms: i64,
    pub(crate) hash: Vec<u8>,
}

/// Notes that belong together: one sees either all of a rebuild or none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generation(i64);

impl Generation {
    /// As the tables have it.
    pub(crate) fn number(self) -> i64 {
        self.0
    }
}

/// A note on its way into the index.
pub(crate) struct NewNote<'a> {
    pub(crate) source: Source,
    pub(crate) path: &'a str,
    pub(crate) stamp: &'a Stamp,
    pub(crate) text: &'a str,
}

/// An open index.
pub(crate) struct Index {
    pub(super) db: Connection,
    /// Where it lies, if it is on the disk.
    file: Option<PathBuf>,
    published: Generation,
    analyser: Analyser,
    /// How notes are cut into chunks, if they are.
    pub(super) chunking: Option<Chunking>,
    /// What `rows_with` has found before; the thread that owns the index asks through shared references.
    postings: RefCell<Postings>,
    /// At most so many vectors are in the cache; unknown until it was counted.
    pub(super) cache_bound: Option<usize>,
}

impl Index {
    /// Opens the index, and makes it if it is missing.
    pub(crate) fn open(path: &Path) -> Result<Self, IndexError> {
        check_name(path)?;
        finish(path)?;
        let _held = Lock::opening(path)?;
        // Somebody was killed in the middle of it since.
        if is_half_mended(path) {
            return Err(IndexError::Locked);
        }
        Self::open_held(path)
    }

    /// The same for who has a lock on it already.
    pub(crate) fn open_held(path: &Path) -> Result<Self, IndexError> {
        create_file(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(BUSY_WAIT)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        // A lost commit is a note indexed again; the file itself stays whole.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        db.pragma_update(None, "cache_size", -CACHE_KIB)?;
        // What is deleted from a note must not lie about in the pages that it leaves.
        db.pragma_update(None, "secure_delete", true)?;
        db.pragma_update(None, "journal_size_limit", MAX_WAL_BYTES)?;
        let mut index = Self { file: Some(path.to_owned()), ..Self::of(db) };
        index.migrate()?;
        Ok(index)
    }

    fn of(db: Connection) -> Self {
        Self {
            db,
            file: None,
            published: Generation(0),
            analyser: Analyser::default(),
            chunking: None,
            postings: RefCell::default(),
            cache_bound: None,
        }
    }

    /// An index that is gone with this value.
    pub(crate) fn in_memory() -> Result<Self, IndexError> {
        let db = Connection::open_in_memory()?;
        let mut index = Self::of(db);
        index.migrate()?;
        Ok(index)
    }

    fn migrate(&mut self) -> Result<(), IndexError> {
        // A current index is opened without writing: another process may be writing for long.
        if version(&self.db)? != Some(VERSION) {
            let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if version(&tx)? != Some(VERSION) {
                tx.execute_batch(DROP)?;
                tx.execute_batch(weighted::DROP)?;
                tx.execute_batch(unread::DROP)?;
                tx.execute_batch(SCHEMA)?;
                tx.execute_batch(unread::SCHEMA)?;
                tx.execute_batch(weighted::SCHEMA)?;
                tx.execute("INSERT INTO mem_meta (version, published, newest) VALUES (?1, 1, 1)", [VERSION])?;
            }
            tx.execute_batch(KEPT_SCHEMA)?;
            tx.execute_batch(jobs::SCHEMA)?;
            tx.execute_batch(cache::SCHEMA)?;
            tx.execute_batch(measure::SCHEMA)?;
            tx.commit()?;
        }
        self.db.execute_batch(longer::SCHEMA)?;
        self.refresh()?;
        Ok(())
    }

    /// How long writing waits for another process.
    pub(crate) fn wait_for_others(&self, longest: Duration) -> Result<(), IndexError> {
        Ok(self.db.busy_timeout(longest)?)
    }

    /// The generation that is searched.
    pub(crate) fn published(&self) -> Generation {
        self.published
    }

    /// Takes in what another process has written; tells whether it has published a generation.
    pub(crate) fn refresh(&mut self) -> Result<bool, IndexError> {
        self.postings.get_mut().clear();
        let published =
            self.db.query_row("SELECT published FROM mem_meta", [], |row| row.get(0)).optional()?;
        // Written with the tables, and never deleted.
        let Some(published) = published else { return Err(IndexError::Rows { path: "mem_meta".into() }) };
        let changed = Generation(published) != self.published;
        self.published = Generation(published);
        Ok(changed)
    }

    /// A number that changes when another connection has written.
    pub(crate) fn data_version(&self) -> Result<i64, IndexError> {
        Ok(self.db.query_row("PRAGMA data_version", [], |row| row.get(0))?)
    }

    /// Begins a generation. What is left of one that was never published goes, and whoever still fills it is told so:
    /// the one that began last is published.
    pub(crate) fn begin_rebuild(&mut self) -> Result<Generation, IndexError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let update =
            "UPDATE mem_meta SET newest = max(newest, published) + 1, filling = max(newest, published) + 1
             RETURNING published, newest";
        let (published, newest) =
            tx.query_row(update, [], |row| Ok((Generation(row.get(0)?), Generation(row.get(1)?))))?;
        delete_all_but(&tx, published)?;
        tx.commit()?;
        self.postings.get_mut().clear();
        Ok(newest)
    }

    /// Makes a generation the one that is searched. The one before is left to [`Index::sweep`].
    pub(crate) fn publish(&mut self, generation: Generation) -> Result<(), IndexError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let update = "UPDATE mem_meta SET published = ?1, filling = NULL WHERE filling = ?1";
        if tx.execute(update, [generation.0])? == 0 {
            return Err(IndexError::Superseded);
        }
        tx.commit()?;
        self.postings.get_mut().clear();
        self.published = generation;
        Ok(())
    }

    /// Gives up a generation; [`Index::sweep`] deletes it.
    pub(crate) fn abandon(&mut self, generation: Generation) -> Result<(), IndexError> {
        self.db.execute("UPDATE mem_meta SET filling = NULL WHERE filling = ?1", [generation.0])?;
        Ok(())
    }

    /// Deletes some of what is not searched and never will be: notes of generations before the published one, and of one
    /// whose process was killed while it filled it. Gives how many notes; none at the end.
    pub(crate) fn sweep(&mut self) -> Result<usize, IndexError> {
        let known = meta(&self.db)?;
        // Before the look at what is filled: whoever begins to fill has a lock first.
        let file = self.file.as_deref().filter(|_| known.1.is_some());
        let alone = file.map(Lock::abandoned).transpose()?.flatten();
        if alone.is_none() && dead(&self.db, known, 1)?.is_empty() {
            return Ok(0);
        }
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if alone.is_some() {
            tx.execute("UPDATE mem_meta SET filling = NULL WHERE filling IS NOT NULL", [])?;
        }
        let meta = meta(&tx)?;
        let notes = dead(&tx, meta, SWEEP_ROWS)?;
        for (id, rows) in &notes {
            tx.prepare_cached("DELETE FROM mem_notes WHERE id = ?1")?.execute([id.0])?;
            delete_words(&tx, *id, *rows)?;
        }
        unread::delete_dead(&tx, meta.0.0, meta.1.unwrap_or(meta.0).0)?;
        tx.commit()?;
        for (id, _) in &notes {
            self.postings.get_mut().remove(*id);
        }
        Ok(notes.len())
    }

    /// Path and stamp of every note of a source.
    pub(crate) fn stamps(
        &self,
        generation: Generation,
        source: Source,
    ) -> Result<Vec<(String, Stamp)>, IndexError> {
        let mut query = self.db.prepare_cached(
            "SELECT path, size, mtime_ms, hash FROM mem_notes WHERE generation = ?1 AND source = ?2",
        )?;
        let rows = query.query_map(params![generation.0, source.as_str()], |row| {
            let stamp = Stamp { size: row.get(1)?, mtime_ms: row.get(2)?, hash: row.get(3)? };
            Ok((row.get(0)?, stamp))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes that a note was touched but not changed.
    pub(crate) fn touch(
        &self,
        generation: Generation,
        source: Source,
        path: &str,
        stamp: &Stamp,
    ) -> Result<(), IndexError> {
        let mut update = self.db.prepare_cached(
            "UPDATE mem_notes SET size = ?4, mtime_ms = ?5, hash = ?6
             WHERE generation = ?1 AND source = ?2 AND path = ?3",
        )?;
        let Stamp { size, mtime_ms, hash } = stamp;
        update.execute(params![generation.0, source.as_str(), path, size, mtime_ms, hash])?;
        Ok(())
    }

    /// Indexes a note in place of its older state, in one transaction. Returns the number of the older state, that of
    /// the new one, and what a search needs of it.
    pub(crate) fn put(
        &mut self,
        generation: Generation,
        note: &NewNote<'_>,
    ) -> Result<(Option<NoteId>, NoteId, NoteView), IndexError> {
        let layout = lay_out(&name_of(note.source, note.path), note.text, &mut self.analyser);
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !is_current(&tx, generation)? {
            return Err(IndexError::Superseded);
        }
        let old = delete(&tx, generation, note.source, note.path)?;
        let rows = NoteRows::of(&layout.rows);
        let bytes = rows.to_bytes();
        tx.prepare_cached(
            "INSERT INTO mem_notes (generation, source, path, size, mtime_ms, hash, row_count, seal, sums, rows, text)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            generation.0,
            note.source.as_str(),
            note.path,
            note.stamp.size,
            note.stamp.mtime_ms,
            note.stamp.hash,
            stored(layout.rows.len()),
            seal(note.source.as_str(), note.path, &bytes),
            sums(note.text.as_bytes()),
            bytes,
            note.text.as_bytes(),
        ])?;
        let id = NoteId(tx.last_insert_rowid());
        {
            let mut insert = tx.prepare_cached("INSERT INTO mem_words (rowid, terms) VALUES (?1, ?2)")?;
            for (row, terms) in layout.terms.iter().enumerate().filter(|(_, terms)| !terms.is_empty()) {
                insert.execute(params![RowId::new(id, row).pack(), terms.join(" ")])?;
            }
        }
        if let Some(chunking) = self.chunking {
            weighted::insert(&tx, id, note.text, chunking)?;
        }
        tx.commit()?;
        let postings = self.postings.get_mut();
        if let Some(old) = old {
            postings.remove(old);
        }
        postings.add(id, &layout.terms);
        Ok((old, id, NoteView::new(note.path.into(), note.source, rows)))
    }

    /// Forgets a note.
    pub(crate) fn remove(
        &mut self,
        generation: Generation,
        source: Source,
        path: &str,
    ) -> Result<Option<NoteId>, IndexError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let id = delete(&tx, generation, source, path)?;
        tx.commit()?;
        if let Some(id) = id {
            self.postings.get_mut().remove(id);
        }
        Ok(id)
    }

    /// Everything that a search needs of the published notes, with the vectors of one embedder.
    pub(crate) fn load(&self, embedder: Option<EmbedderKey>, exact: Exact) -> Result<Corpus, IndexError> {
        let mut corpus = Corpus::new(embedder, exact);
        let mut query = self.db.prepare_cached(
            "SELECT id, source, path, rows, length(text), vectors, seal FROM mem_notes
             LEFT JOIN mem_vectors ON note = id AND embedder = ?2 WHERE +generation = ?1 ORDER BY id",
        )?;
        let mut rows = query.query(params![self.published.0, embedder.map(|key| key.0)])?;
        while let Some(row) = rows.next()? {
            let path: String = row.get(2)?;
            let name = row.get_ref(1)?.as_str().unwrap_or_default();
            let source = if name == Source::Sessions.as_str() { Source::Sessions } else { Source::Memory };
            let bytes = row.get_ref(3)?.as_blob().unwrap_or_default();
            let is_whole = row.get_ref(6)?.as_blob().is_ok_and(|own| own == seal(name, &path, bytes));
            let decoded = NoteRows::from_bytes(bytes, counted(row.get(4)?)).filter(|_| is_whole);
            let Some(decoded) = decoded else { return Err(IndexError::Rows { path }) };
            let view = NoteView::new(Arc::from(path), source, decoded);
            let passages = view.passages.len();
            let codes = row.get_ref(5)?.as_blob_or_null().ok().flatten();
            let stored = codes.and_then(|bytes| Stored::of(bytes, passages));
            corpus.load(NoteId(row.get(0)?), view, stored);
        }
        Ok(corpus)
    }

    /// How many notes are published.
    pub(crate) fn count(&self, generation: Generation) -> Result<usize, IndexError> {
        let mut query = self.db.prepare_cached("SELECT count(*) FROM mem_notes WHERE generation = ?1")?;
        Ok(query.query_row([generation.0], |row| row.get(0).map(counted))?)
    }

    /// Notes of the generation that is published at this moment, by whatever process.
    pub(crate) fn count_published(&self) -> Result<usize, IndexError> {
        let count = "SELECT count(*) FROM mem_notes, mem_meta WHERE generation = published";
        Ok(self.db.prepare_cached(count)?.query_row([], |row| row.get(0).map(counted))?)
    }

    /// The rows that hold a term, of all generations, ascending.
    pub(crate) fn rows_with(&self, term: &str) -> Result<Arc<Rows>, IndexError> {
        if let Some(rows) = self.postings.borrow_mut().get(term) {
            return Ok(rows);
        }
        let mut query =
            self.db.prepare_cached("SELECT rowid FROM mem_words WHERE mem_words MATCH ?1 ORDER BY rowid")?;
        let rows = query.query_map([quoted(term)], |row| row.get(0).map(RowId::unpack))?;
        let rows: Arc<Rows> = Arc::new(rows.collect::<Result<_, _>>()?);
        self.postings.borrow_mut().insert(term, &rows);
        Ok(rows)
    }

    /// How large the memory is: what is remembered of words that were asked for grows with it.
    pub(crate) fn fit(&self, windows: usize) {
        self.postings.borrow_mut().fit(windows);
    }

    /// The rows that hold a term that begins like this, of all generations, ascending.
    pub(crate) fn rows_with_prefix(&self, start: &str) -> Result<Rows, IndexError> {
        let mut query = self
            .db
            .prepare_cached("SELECT rowid FROM mem_words WHERE mem_words MATCH ?1 ORDER BY rowid LIMIT ?2")?;
        let rows = query.query_map(params![format!("{}*", quoted(start)), MAX_PREFIX_ROWS], |row| {
            row.get(0).map(RowId::unpack)
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The version of the tables, if there are any.
fn version(db: &Connection) -> Result<Option<i64>, IndexError> {
    let is_there = "SELECT count(*) FROM sqlite_schema WHERE name = 'mem_meta'";
    if db.query_row(is_there, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(None);
    }
    Ok(db.query_row("SELECT version FROM mem_meta", [], |row| row.get(0)).optional()?)
}

/// The generation that is published, and the one that is filled.
fn meta(db: &Connection) -> Result<(Generation, Option<Generation>), IndexError> {
    let mut query = db.prepare_cached("SELECT published, filling FROM mem_meta")?;
    let found = query
        .query_row([], |row| Ok((Generation(row.get(0)?), row.get::<_, Option<i64>>(1)?.map(Generation))));
    found.optional()?.ok_or_else(|| IndexError::Rows { path: "mem_meta".into() })
}

/// Notes of other generations, with so many rows or one note.
fn dead(
    db: &Connection,
    (published, filling): (Generation, Option<Generation>),
    most: usize,
) -> Result<Vec<(NoteId, usize)>, IndexError> {
    let filling = filling.unwrap_or(published);
    // Three ranges, each of which the index of (generation, source, path) finds.
    let mut query = db.prepare_cached(
        "SELECT id, row_count FROM mem_notes
         WHERE generation < ?1 OR (generation > ?1 AND generation < ?2) OR generation > ?2",
    )?;
    let mut rows = query.query([published.0.min(filling.0), published.0.max(filling.0)])?;
    let (mut found, mut total) = (Vec::new(), 0);
    while total < most
        && let Some(row) = rows.next()?
    {
        let count = counted(row.get(1)?);
        total += count.max(1);
        found.push((NoteId(row.get(0)?), count));
    }
    Ok(found)
}

/// Whether a generation is searched, or may be one day. What is put into another one is lost.
fn is_current(db: &Connection, generation: Generation) -> Result<bool, IndexError> {
    let mut query =
        db.prepare_cached("SELECT count(*) FROM mem_meta WHERE published = ?1 OR filling = ?1")?;
    Ok(query.query_row([generation.0], |row| row.get::<_, i64>(0))? > 0)
}

/// Deletes a note and returns its number.
fn delete(
    db: &Connection,
    generation: Generation,
    source: Source,
    path: &str,
) -> Result<Option<NoteId>, IndexError> {
    let mut find = db.prepare_cached(
        "DELETE FROM mem_notes WHERE generation = ?1 AND source = ?2 AND path = ?3 RETURNING id, row_count",
    )?;
    let old: Option<(i64, usize)> = find
        .query_row(params![generation.0, source.as_str(), path], |row| {
            Ok((row.get(0)?, counted(row.get(1)?)))
        })
        .optional()?;
    let Some((id, rows)) = old else { return Ok(None) };
    delete_words(db, NoteId(id), rows)?;
    Ok(Some(NoteId(id)))
}

fn delete_words(db: &Connection, note: NoteId, rows: usize) -> Result<(), IndexError> {
    let (first, end) = (RowId::new(note, 0), RowId::new(note, rows));
    db.prepare_cached("DELETE FROM mem_words WHERE rowid >= ?1 AND rowid < ?2")?
        .execute(params![first.pack(), end.pack()])?;
    db.prepare_cached("DELETE FROM mem_vectors WHERE note = ?1")?.execute([note.0])?;
    weighted::delete(db, note)
}

fn delete_all_but(tx: &Transaction<'_>, generation: Generation) -> Result<(), IndexError> {
    let mut find = tx.prepare("DELETE FROM mem_notes WHERE generation <> ?1 RETURNING id, row_count")?;
    let old: Vec<(i64, usize)> = find
        .query_map([generation.0], |row| Ok((row.get(0)?, counted(row.get(1)?))))?
        .collect::<Result<_, _>>()?;
    for (id, rows) in old {
        delete_words(tx, NoteId(id), rows)?;
    }
    unread::delete_all_but(tx, generation)
}

/// A count as SQLite stores it; counts of rows are far below 2^63.
pub(super) fn stored(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The inverse of [`stored`]; SQLite has no unsigned numbers.
pub(super) fn counted(stored: i64) -> usize {
    usize::try_from(stored).unwrap_or(0)
}

/// A term as an FTS5 string, whatever it holds: query syntax never comes from outside.
fn quoted(term: &str) -> String {
    format!("\"{}\"", term.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::{Index, IndexError, NewNote, Stamp, quoted};
    use crate::backend::Source;
    use crate::corpus::Exact;
    use std::os::unix::fs::PermissionsExt as _;

    fn put(index: &mut Index, path: &str, text: &str) {
        let stamp = Stamp { size: 1, mtime_ms: 2, hash: vec![3] };
        let generation = index.published();
        index.put(generation, &NewNote { source: Source::Memory, path, stamp: &stamp, text }).unwrap();
    }

    #[test]
    fn a_note_replaced_or_removed_leaves_no_rows() {
        let home = tempfile::tempdir().unwrap();
        let mut index = Index::open(&home.path().join("memory/main.sqlite")).unwrap();
        put(&mut index, "a.md", "# Tea\ngreen\noolong");
        put(&mut index, "b.md", "green");
        assert_eq!(index.rows_with("green").unwrap().len(), 2);
        put(&mut index, "a.md", "black");
        assert_eq!(index.rows_with("green").unwrap().len(), 1);
        assert!(index.rows_with("oolong").unwrap().is_empty());
        index.remove(index.published(), Source::Memory, "b.md").unwrap();
        assert!(index.rows_with("green").unwrap().is_empty());
        assert_eq!(index.load(None, Exact::default()).unwrap().windows(), 1);
    }

    #[test]
    fn a_rebuild_is_seen_when_it_is_published_and_an_abandoned_one_never() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("main.sqlite");
        let mut index = Index::open(&path).unwrap();
        put(&mut index, "a.md", "green");
        let stamp = Stamp { size: 1, mtime_ms: 2, hash: vec![3] };
        let note = NewNote { source: Source::Memory, path: "a.md", stamp: &stamp, text: "black" };
        let abandoned = index.begin_rebuild().unwrap();
        index.put(abandoned, &note).unwrap();
        drop(index);

        let mut index = Index::open(&path).unwrap();
        assert_eq!(index.load(None, Exact::default()).unwrap().notes().count(), 1);
        let generation = index.begin_rebuild().unwrap();
        assert!(index.rows_with("black").unwrap().is_empty());
        index.put(generation, &note).unwrap();
        let mut other = Index::open(&path).unwrap();
        index.publish(generation).unwrap();
        assert_eq!((index.sweep().unwrap(), index.sweep().unwrap()), (1, 0));
        assert!(index.rows_with("green").unwrap().is_empty());
        assert!(other.refresh().unwrap() && !other.refresh().unwrap());
        assert_eq!(other.count(other.published()).unwrap(), 1);
    }

    /// Two processes build anew at once.
    #[test]
    fn the_rebuild_that_began_last_is_published_and_no_other() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("main.sqlite");
        let mut one = Index::open(&path).unwrap();
        put(&mut one, "a.md", "green");
        let mut two = Index::open(&path).unwrap();
        let stamp = Stamp { size: 1, mtime_ms: 2, hash: vec![3] };
        let note = NewNote { source: Source::Memory, path: "a.md", stamp: &stamp, text: "black" };
        let (first, second) = (one.begin_rebuild().unwrap(), two.begin_rebuild().unwrap());
        assert_ne!(first, second);
        let superseded = |error: IndexError| matches!(error, IndexError::Superseded);
        assert!(
            superseded(one.put(first, &note).err().unwrap()) && superseded(one.publish(first).unwrap_err())
        );
        assert_eq!(one.count(one.published()).unwrap(), 1);
        two.put(second, &note).unwrap();
        two.publish(second).unwrap();
        // What was published before takes nothing any more, and no number comes twice.
        assert!(superseded(one.put(one.published(), &note).err().unwrap()));
        assert!(one.refresh().unwrap());
        assert_eq!((one.published(), one.count(one.published()).unwrap()), (second, 1));
        assert!(![first, second].contains(&one.begin_rebuild().unwrap()));
    }

    #[test]
    fn what_is_left_of_other_generations_goes_in_pieces_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("main.sqlite");
        let mut index = Index::open(&path).unwrap();
        let line = "green\n".repeat(super::SWEEP_ROWS);
        for path in ["a.md", "b.md", "c.md"] {
            put(&mut index, path, &line);
        }
        let generation = index.begin_rebuild().unwrap();
        let stamp = Stamp { size: 1, mtime_ms: 2, hash: vec![3] };
        let note = NewNote { source: Source::Memory, path: "a.md", stamp: &stamp, text: "black" };
        index.put(generation, &note).unwrap();
        index.publish(generation).unwrap();
        // Another rebuild, by a process that lives.
        let mut other = Index::open(&path).unwrap();
        let filling = super::Lock::filling(&path).unwrap();
        other.db.execute("UPDATE mem_meta SET newest = newest + 1, filling = newest + 1", []).unwrap();
        let next = super::meta(&other.db).unwrap().1.unwrap();
        other.put(next, &note).unwrap();
        let swept: Vec<usize> = (0..4).map(|_| index.sweep().unwrap()).collect();
        assert_eq!(swept, [1, 1, 1, 0]);
        assert_eq!((index.count(generation).unwrap(), index.count(next).unwrap()), (1, 1));
        // It is killed.
        drop((other, filling));
        assert_eq!((index.sweep().unwrap(), index.sweep().unwrap()), (1, 0));
        assert_eq!((index.count(generation).unwrap(), index.rows_with("black").unwrap().len()), (1, 1));
        let words: i64 = index.db.query_row("SELECT count(*) FROM mem_words", [], |row| row.get(0)).unwrap();
        assert_eq!(words, 1);
        assert!(matches!(index.put(next, &note).err().unwrap(), IndexError::Superseded));
    }

    /// As the shell `sqlite3` and other programs do: nothing of ours is needed to read what is written down of a person.
    #[test]
    fn any_program_with_sqlite_reads_the_tables() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("main.sqlite");
        let mut index = Index::open(&path).unwrap();
        index.cut(crate::weighted::Chunking::default()).unwrap();
        put(&mut index, "a.md", "# Tea\ngreen tea\noolong");
        drop(index);
        let plain = rusqlite::Connection::open(&path).unwrap();
        let text = |query: &str| plain.query_row(query, [], |row| row.get::<_, String>(0)).unwrap();
        let count = |query: &str| plain.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(
            text("SELECT path || ': ' || CAST(text AS TEXT) FROM mem_notes"),
            "a.md: # Tea\ngreen tea\noolong"
        );
        assert_eq!(count("SELECT count(*) FROM mem_words WHERE mem_words MATCH 'oolong'"), 1);
        assert_eq!(
            count("SELECT count(*) FROM mem_chunk_words WHERE mem_chunk_words MATCH 'green AND tea'"),
            1
        );
        assert_eq!(text("SELECT text FROM mem_chunk_words"), "# Tea\ngreen tea\noolong");
        for table in ["mem_words", "mem_chunk_words"] {
            plain.execute(&format!("INSERT INTO {table} ({table}) VALUES ('integrity-check')"), []).unwrap();
        }
        assert_eq!(text("PRAGMA integrity_check"), "ok");
    }

    #[test]
    fn the_file_is_private_and_a_foreign_table_stays() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("main.sqlite");
        let old = rusqlite::Connection::open(&path).unwrap();
        old.execute_batch("CREATE TABLE files (path TEXT PRIMARY KEY); INSERT INTO files VALUES ('x')")
            .unwrap();
        drop(old);
        let index = Index::open(&path).unwrap();
        let kept: i64 = index.db.query_row("SELECT count(*) FROM files", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 1);
        for entry in std::fs::read_dir(home.path()).unwrap() {
            let mode = entry.unwrap().metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600);
        }
    }

    #[test]
    fn terms_are_quoted() {
        assert_eq!(quoted("a\" OR b*"), "\"a\"\" OR b*\"");
    }
}
