//! The records of notes: what is known of each, and its rows.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::generation::is_current;
use super::seal::{seal, sums};
use super::{Generation, Index, counted, stored, terms};
use crate::backend::Source;
use crate::codes::Stored;
use crate::corpus::{Corpus, Exact, NoteId, NoteView};
use crate::fault::IndexError;
use crate::layout::lay_out;
use crate::naming::name_of;
use crate::rows::NoteRows;
use crate::vectors::{self, EmbedderKey};
use crate::weighted;

pub(super) const SCHEMA: &str = "
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
    );";
pub(super) const DROP: &str = "DROP TABLE IF EXISTS mem_notes;";

/// Size, time and content of a note when it was indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) size: u32,
    pub(crate) mtime_ms: i64,
    pub(crate) hash: Vec<u8>,
}

/// A note on its way into the index.
pub(crate) struct NewNote<'a> {
    pub(crate) source: Source,
    pub(crate) path: &'a str,
    /// Its path below the folder that it was found in: what its name says.
    pub(crate) below: &'a str,
    pub(crate) stamp: &'a Stamp,
    pub(crate) text: &'a str,
}

impl Index {
    /// Path and stamp of every note of a source.
    pub(crate) fn stamps(
        &self,
        generation: Generation,
        source: Source,
    ) -> Result<Vec<(String, Stamp)>, IndexError> {
        let mut query = self.db.prepare_cached(
            "SELECT path, size, mtime_ms, hash FROM mem_notes WHERE generation = ?1 AND source = ?2",
        )?;
        let rows = query.query_map(params![generation.number(), source.as_str()], |row| {
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
        update.execute(params![generation.number(), source.as_str(), path, size, mtime_ms, hash])?;
        Ok(())
    }

    /// Indexes a note in place of its older state, in one transaction. Returns the number of the older state, that of
    /// the new one, and what a search needs of it.
    pub(crate) fn put(
        &mut self,
        generation: Generation,
        note: &NewNote<'_>,
    ) -> Result<(Option<NoteId>, NoteId, NoteView), IndexError> {
        let layout = lay_out(&name_of(note.source, note.below), note.text, &mut self.analyser);
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
            generation.number(),
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
        terms::insert(&tx, id, &layout.terms)?;
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
        let mut rows = query.query(params![self.published.number(), embedder.map(|key| key.0)])?;
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
        Ok(query.query_row([generation.number()], |row| row.get(0).map(counted))?)
    }

    /// Notes of the generation that is published at this moment, by whatever process.
    pub(crate) fn count_published(&self) -> Result<usize, IndexError> {
        let count = "SELECT count(*) FROM mem_notes, mem_meta WHERE generation = published";
        Ok(self.db.prepare_cached(count)?.query_row([], |row| row.get(0).map(counted))?)
    }
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
        .query_row(params![generation.number(), source.as_str(), path], |row| {
            Ok((row.get(0)?, counted(row.get(1)?)))
        })
        .optional()?;
    let Some((id, rows)) = old else { return Ok(None) };
    delete_parts(db, NoteId(id), rows)?;
    Ok(Some(NoteId(id)))
}

/// Deletes what belongs to a note beside its record.
pub(super) fn delete_parts(db: &Connection, note: NoteId, rows: usize) -> Result<(), IndexError> {
    terms::delete(db, note, rows)?;
    vectors::delete(db, note)?;
    weighted::delete(db, note)
}

#[cfg(test)]
mod tests {
    use crate::backend::Source;
    use crate::corpus::Exact;
    use crate::index::Index;
    use crate::index::tests::put;

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
}
