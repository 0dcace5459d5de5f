//! The vectors in the index file: those of the notes, and the cache by content that outlives notes and rebuilds.

use openclaw_embed::{EmbedderId, Vector};
use ring::digest;
use rusqlite::{OptionalExtension as _, TransactionBehavior, params};

use crate::codes::{Codes, encode_vector};
use crate::corpus::{NoteId, NoteView};
use crate::index::{Index, IndexError};

/// An embedder in one index file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EmbedderKey(pub(crate) i64);

/// Half a SHA-256 of a passage's text: a stranger cannot make two texts that share it.
pub(crate) const HASH_BYTES: usize = 16;

/// A passage without a vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unembedded {
    pub(crate) note: NoteId,
    pub(crate) passage: usize,
    /// Heading and lines.
    pub(crate) text: String,
}

impl Index {
    /// The number of an embedder in this file; a new one is entered.
    pub(crate) fn embedder(&self, id: &EmbedderId) -> Result<EmbedderKey, IndexError> {
        let mut find = self.db.prepare_cached(
            "SELECT id FROM mem_embedders WHERE provider = ?1 AND model = ?2 AND fingerprint = ?3",
        )?;
        let named = params![id.provider, id.model, id.fingerprint];
        // One that is known is found without writing: another process may be writing for long.
        if let Some(key) = find.query_row(named, |row| row.get(0)).optional()? {
            return Ok(EmbedderKey(key));
        }
        let mut insert = self.db.prepare_cached(
            "INSERT INTO mem_embedders (provider, model, fingerprint) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?;
        insert.execute(named)?;
        Ok(EmbedderKey(find.query_row(named, |row| row.get(0))?))
    }

    /// The vectors of a note, as far as there are any.
    pub(crate) fn codes(
        &self,
        embedder: EmbedderKey,
        id: NoteId,
        passages: usize,
    ) -> Result<Codes, IndexError> {
        let mut find =
            self.db.prepare_cached("SELECT vectors FROM mem_vectors WHERE note = ?1 AND embedder = ?2")?;
        let mut rows = find.query(params![id.0, embedder.0])?;
        let bytes = rows.next()?.map(|row| row.get_ref(0)).transpose()?;
        let codes = bytes.and_then(|bytes| Codes::from_bytes(bytes.as_blob().ok()?, passages));
        Ok(codes.unwrap_or_else(|| Codes::empty(passages)))
    }

    /// The vectors of a note, those that are missing from the cache as far as there are any; and how many it found.
    pub(crate) fn recall(
        &mut self,
        embedder: EmbedderKey,
        id: NoteId,
        view: &NoteView,
    ) -> Result<(Codes, usize), IndexError> {
        let text = self.text(id)?;
        let mut codes = self.codes(embedder, id, view.passages.len())?;
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut found = 0;
        {
            let mut find =
                tx.prepare_cached("SELECT vector FROM mem_cache WHERE embedder = ?1 AND hash = ?2")?;
            for passage in 0..view.passages.len() {
                if codes.has(passage) {
                    continue;
                }
                let hash = hash(&passage_text(&text, view, passage));
                let vector: Option<Vec<u8>> =
                    find.query_row(params![embedder.0, hash], |row| row.get(0)).optional()?;
                found += usize::from(vector.is_some_and(|vector| codes.set(passage, &vector)));
            }
        }
        if found > 0 {
            store(&tx, embedder, id, &codes)?;
        }
        tx.commit()?;
        Ok((codes, found))
    }

    /// The texts of those of a note's passages that have no vector.
    pub(crate) fn unembedded(
        &self,
        id: NoteId,
        view: &NoteView,
        is_embedded: impl Fn(usize) -> bool,
    ) -> Result<Vec<Unembedded>, IndexError> {
        let text = self.text(id)?;
        let missing = (0..view.passages.len()).filter(|&passage| !is_embedded(passage));
        let whole = |passage| Unembedded { note: id, passage, text: passage_text(&text, view, passage) };
        Ok(missing.map(whole).collect())
    }

    /// Keeps the vectors of some of one note's passages in the cache and with the note, in one transaction; returns all
    /// vectors of the note. A note that is gone meanwhile is fine.
    pub(crate) fn remember(
        &mut self,
        embedder: EmbedderKey,
        view: &NoteView,
        vectors: &[(Unembedded, Vector)],
        now_ms: i64,
    ) -> Result<Codes, IndexError> {
        let passages = view.passages.len();
        let Some((first, _)) = vectors.first() else { return Ok(Codes::empty(passages)) };
        let mut codes = self.codes(embedder, first.note, passages)?;
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut cache = tx.prepare_cached(
                "INSERT INTO mem_cache (embedder, hash, vector, used) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET vector = excluded.vector, used = excluded.used",
            )?;
            for (passage, vector) in vectors {
                let encoded = encode_vector(vector);
                cache.execute(params![embedder.0, hash(&passage.text), encoded, now_ms])?;
                codes.set(passage.passage, &encoded);
            }
        }
        store(&tx, embedder, first.note, &codes)?;
        tx.commit()?;
        Ok(codes)
    }

    /// Every passage of a note that has no vector in the cache.
    pub(crate) fn uncached(
        &self,
        embedder: EmbedderKey,
        id: NoteId,
        view: &NoteView,
    ) -> Result<Vec<String>, IndexError> {
        let text = self.text(id)?;
        let texts = (0..view.passages.len()).map(|passage| passage_text(&text, view, passage));
        let mut found = Vec::new();
        for text in texts {
            if !self.is_cached(embedder, &text)? {
                found.push(text);
            }
        }
        Ok(found)
    }

    /// Whether the cache has the vector of a text.
    pub(crate) fn is_cached(&self, embedder: EmbedderKey, text: &str) -> Result<bool, IndexError> {
        let mut find = self
            .db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM mem_cache WHERE embedder = ?1 AND hash = ?2)")?;
        Ok(find.query_row(params![embedder.0, hash(text)], |row| row.get(0))?)
    }
}

fn store(
    tx: &rusqlite::Transaction<'_>,
    embedder: EmbedderKey,
    id: NoteId,
    vectors: &Codes,
) -> Result<(), IndexError> {
    tx.prepare_cached(
        "INSERT INTO mem_vectors (note, embedder, vectors) SELECT id, ?2, ?3 FROM mem_notes WHERE id = ?1
         ON CONFLICT DO UPDATE SET vectors = excluded.vectors",
    )?
    .execute(params![id.0, embedder.0, vectors.to_bytes()])?;
    Ok(())
}

/// Under what the cache knows a text.
pub(crate) fn hash(text: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..HASH_BYTES].to_vec()
}

/// What is embedded for a passage: the heading above it, then its lines.
fn passage_text(text: &str, view: &NoteView, passage: usize) -> String {
    let rows = view.passages.get(passage);
    let piece = |first: usize, last: usize| {
        text.get(view.rows.get(first).start as usize..view.rows.get(last).end as usize).unwrap_or_default()
    };
    let lines = piece(rows.start, rows.end - 1);
    match view.rows.headings(rows.start).find(|&above| above != rows.start) {
        Some(above) => format!("{}\n{lines}", piece(above, above).trim_start_matches(['#', ' ', '\t'])),
        None => lines.to_owned(),
    }
}
