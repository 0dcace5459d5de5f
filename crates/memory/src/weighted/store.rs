//! The chunks in the index file. They belong to a note by its number, which is never used twice: so they stay right when
//! the ranking is changed and changed back, and go with their note.

use openclaw_embed::Vector;
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

use super::chunk::chunks;
use super::chunks::{ChunkId, ChunkView, Chunks, Code};
use super::formula::{Scored, keywords, text_score};
use super::options::Chunking;
use crate::cache;
use crate::corpus::{Corpus, NoteId};
use crate::index::{Index, IndexError, counted, stored};
use crate::vectors::{EmbedderKey, Unembedded, hash};

/// Bits of a chunk's number in its note: a note has at most one chunk per byte, and 2 MiB.
const CHUNK_BITS: u32 = 22;

pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS mem_chunking (tokens INTEGER NOT NULL, overlap INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS mem_chunks (
        id INTEGER PRIMARY KEY,
        first_line INTEGER NOT NULL,
        last_line INTEGER NOT NULL,
        hash BLOB NOT NULL
    );
    CREATE VIRTUAL TABLE IF NOT EXISTS mem_chunk_words USING fts5(text);
    INSERT INTO mem_chunk_words (mem_chunk_words, rank) VALUES ('secure-delete', 1);
    CREATE TABLE IF NOT EXISTS mem_chunk_vectors (
        chunk INTEGER NOT NULL,
        embedder INTEGER NOT NULL,
        vector BLOB NOT NULL,
        PRIMARY KEY (chunk, embedder)
    );";
pub(crate) const DROP: &str = "
    DROP TABLE IF EXISTS mem_chunking;
    DROP TABLE IF EXISTS mem_chunks;
    DROP TABLE IF EXISTS mem_chunk_words;
    DROP TABLE IF EXISTS mem_chunk_vectors;";

/// Chunks with a vector in the cache that they do not have yet.
const RECALLABLE: &str =
    "FROM mem_chunks JOIN mem_cache ON embedder = ?1 AND mem_cache.hash = mem_chunks.hash
    WHERE id >= ?2 AND id < ?3
    AND NOT EXISTS (SELECT 1 FROM mem_chunk_vectors AS own WHERE own.chunk = id AND own.embedder = ?1)";

impl ChunkId {
    fn pack(self) -> i64 {
        (self.note.0 << CHUNK_BITS) | stored(self.chunk)
    }

    fn unpack(packed: i64) -> Self {
        let chunk = packed & ((1 << CHUNK_BITS) - 1);
        Self { note: NoteId(packed >> CHUNK_BITS), chunk: counted(chunk) }
    }
}

/// Which notes are meant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Of {
    All,
    Note(NoteId),
}

impl Of {
    /// The numbers of their chunks: the first, and the one behind the last.
    fn range(self) -> (i64, i64) {
        match self {
            Self::All => (0, i64::MAX),
            Self::Note(NoteId(note)) => (note << CHUNK_BITS, (note + 1) << CHUNK_BITS),
        }
    }
}

/// Enters the chunks of a note.
pub(crate) fn insert(
    db: &Connection,
    note: NoteId,
    text: &str,
    chunking: Chunking,
) -> Result<(), IndexError> {
    let mut chunk = db
        .prepare_cached("INSERT INTO mem_chunks (id, first_line, last_line, hash) VALUES (?1, ?2, ?3, ?4)")?;
    let mut words = db.prepare_cached("INSERT INTO mem_chunk_words (rowid, text) VALUES (?1, ?2)")?;
    for (number, cut) in chunks(text, chunking).into_iter().enumerate() {
        let id = ChunkId { note, chunk: number }.pack();
        chunk.execute(params![id, cut.first_line, cut.last_line, hash(&cut.text)])?;
        words.execute(params![id, cut.text])?;
    }
    Ok(())
}

/// Deletes the chunks of a note.
pub(crate) fn delete(db: &Connection, note: NoteId) -> Result<(), IndexError> {
    let (first, end) = Of::Note(note).range();
    for delete in [
        "DELETE FROM mem_chunks WHERE id >= ?1 AND id < ?2",
        "DELETE FROM mem_chunk_words WHERE rowid >= ?1 AND rowid < ?2",
        "DELETE FROM mem_chunk_vectors WHERE chunk >= ?1 AND chunk < ?2",
    ] {
        db.prepare_cached(delete)?.execute([first, end])?;
    }
    Ok(())
}

impl Index {
    /// Cuts every note in this way from now on, and those that are not yet. Nothing is written when all are.
    pub(crate) fn cut(&mut self, chunking: Chunking) -> Result<(), IndexError> {
        self.chunking = Some(chunking);
        let (tokens, overlap) = chunking.tokens();
        let wanted = (bounded(tokens), bounded(overlap));
        let mark = "SELECT tokens, overlap FROM mem_chunking";
        let cut: Option<(i64, i64)> =
            self.db.query_row(mark, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        if cut != Some(wanted) {
            let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            tx.execute_batch(DROP)?;
            tx.execute_batch(SCHEMA)?;
            tx.execute("INSERT INTO mem_chunking (tokens, overlap) VALUES (?1, ?2)", [wanted.0, wanted.1])?;
            tx.commit()?;
        }
        self.cut_the_rest(chunking)
    }

    fn cut_the_rest(&mut self, chunking: Chunking) -> Result<(), IndexError> {
        for note in self.uncut()? {
            let text = match self.text(note) {
                Ok(text) if text.trim().is_empty() => continue,
                Ok(text) => text,
                // Another process has replaced it meanwhile, and cuts what came in its place.
                Err(IndexError::Gone { .. }) => continue,
                Err(error) => return Err(error),
            };
            let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            // Another process may have cut or deleted it meanwhile.
            delete(&tx, note)?;
            let exists = "SELECT count(*) FROM mem_notes WHERE id = ?1";
            if tx.query_row(exists, [note.0], |row| row.get::<_, i64>(0))? > 0 {
                insert(&tx, note, &text, chunking)?;
            }
            tx.commit()?;
        }
        Ok(())
    }

    fn uncut(&self) -> Result<Vec<NoteId>, IndexError> {
        let mut query = self.db.prepare_cached(
            "SELECT id FROM mem_notes WHERE NOT EXISTS (SELECT 1 FROM mem_chunks WHERE mem_chunks.id
             BETWEEN mem_notes.id << ?1 AND ((mem_notes.id + 1) << ?1) - 1)",
        )?;
        let notes = query.query_map([CHUNK_BITS], |row| row.get(0).map(NoteId))?;
        Ok(notes.collect::<Result<_, _>>()?)
    }

    /// Takes vectors of chunks from the cache, as far as there are any; tells how many.
    pub(crate) fn recall_chunks(&mut self, embedder: EmbedderKey, of: Of) -> Result<usize, IndexError> {
        let (first, end) = of.range();
        let values = [embedder.0, first, end];
        let any = format!("SELECT EXISTS (SELECT 1 {RECALLABLE})");
        if !self.db.prepare_cached(&any)?.query_row(values, |row| row.get::<_, bool>(0))? {
            return Ok(0);
        }
        let take = format!(
            "INSERT INTO mem_chunk_vectors (chunk, embedder, vector) SELECT id, ?1, vector {RECALLABLE}"
        );
        Ok(self.db.prepare_cached(&take)?.execute(values)?)
    }

    /// The chunks of notes that are in the corpus, with the vectors of one embedder.
    pub(crate) fn chunks(
        &self,
        embedder: Option<EmbedderKey>,
        of: Of,
        corpus: &Corpus,
    ) -> Result<Chunks, IndexError> {
        let (first, end) = of.range();
        let mut query = self.db.prepare_cached(
            "SELECT id, first_line, last_line, vector FROM mem_chunks
             LEFT JOIN mem_chunk_vectors ON chunk = id AND embedder = ?1
             WHERE id >= ?2 AND id < ?3 ORDER BY id",
        )?;
        let mut rows = query.query(params![embedder.map(|key| key.0), first, end])?;
        let mut found = Chunks::default();
        while let Some(row) = rows.next()? {
            let id = ChunkId::unpack(row.get(0)?);
            if corpus.get(id.note).is_some() {
                found.push(id.note, view(row)?);
            }
        }
        Ok(found)
    }

    /// The text of a chunk.
    pub(super) fn chunk_text(&self, id: ChunkId) -> Result<String, IndexError> {
        let mut query = self.db.prepare_cached(
            "SELECT mem_chunk_words.text, hash FROM mem_chunk_words JOIN mem_chunks ON mem_chunks.id = mem_chunk_words.rowid
             WHERE mem_chunk_words.rowid = ?1",
        )?;
        let found = query.query_row([id.pack()], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)));
        let (text, own): (String, _) = found.optional()?.ok_or(IndexError::Gone { note: id.note.0 })?;
        match own == hash(&text) {
            true => Ok(text),
            false => Err(IndexError::Rows { path: format!("note {}", id.note.0) }),
        }
    }

    /// A chunk that is to be embedded.
    pub(crate) fn unembedded_chunk(&self, id: ChunkId) -> Result<Unembedded, IndexError> {
        Ok(Unembedded { note: id.note, passage: id.chunk, text: self.chunk_text(id)? })
    }

    /// Keeps vectors in the cache and with their chunks, in one transaction. A chunk that is gone meanwhile is fine.
    pub(crate) fn remember_chunks(
        &mut self,
        embedder: EmbedderKey,
        chunks: &mut Chunks,
        vectors: &[(Unembedded, Vector)],
        now_ms: i64,
    ) -> Result<(), IndexError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut keep = tx.prepare_cached(
                "INSERT INTO mem_chunk_vectors (chunk, embedder, vector) SELECT id, ?2, ?3 FROM mem_chunks WHERE id = ?1
                 ON CONFLICT DO UPDATE SET vector = excluded.vector",
            )?;
            for (passage, vector) in vectors {
                let id = ChunkId { note: passage.note, chunk: passage.passage };
                let encoded = cache::keep(&tx, embedder, &hash(&passage.text), vector, now_ms)?;
                keep.execute(params![id.pack(), embedder.0, encoded])?;
                chunks.set(id, Code::decode(&encoded));
            }
        }
        Ok(tx.commit()?)
    }

    /// The chunks with every keyword of a query, by BM25.
    pub(super) fn with_keywords(
        &self,
        query: &str,
        chunks: &Chunks,
        limit: usize,
    ) -> Result<Vec<Scored>, IndexError> {
        let Some(keywords) = keywords(query) else { return Ok(Vec::new()) };
        let mut find = self.db.prepare_cached(
            "SELECT rowid, bm25(mem_chunk_words) AS rank FROM mem_chunk_words WHERE mem_chunk_words MATCH ?1
             ORDER BY rank, rowid",
        )?;
        let mut rows = find.query([keywords])?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(row) = rows.next()?
        {
            let id = ChunkId::unpack(row.get(0)?);
            // Others are of a rebuild that is not published, or deleted a moment ago by another process.
            if chunks.get(id).is_some() {
                found.push((id, text_score(row.get(1)?)));
            }
        }
        Ok(found)
    }
}

fn view(row: &Row<'_>) -> Result<ChunkView, IndexError> {
    let vector = row.get_ref(3)?.as_blob_or_null().ok().flatten().and_then(Code::decode);
    Ok(ChunkView { first_line: row.get(1)?, last_line: row.get(2)?, vector })
}

/// A number as SQLite stores it; settings are far below 2^63, and larger ones mean the same.
fn bounded(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
