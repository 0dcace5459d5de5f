//! The vectors in the index file: those of the notes, and the cache by content that outlives notes and rebuilds.

use openclaw_embed::{EmbedderId, Vector};
use ring::digest;
use rusqlite::{OptionalExtension as _, TransactionBehavior, params};

use crate::codes::{Codes, decode_vector, encode_vector};
use crate::corpus::{NoteId, NoteView};
use crate::index::{Index, IndexError, stored};

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
        for (passage, vector) in vectors {
            codes.set(passage.passage, &cache(&tx, embedder, (&passage.text, vector), now_ms)?);
        }
        store(&tx, embedder, first.note, &codes)?;
        tx.commit()?;
        Ok(codes)
    }

    /// Keeps vectors in the cache alone.
    pub(crate) fn keep(
        &mut self,
        embedder: EmbedderKey,
        vectors: &[(Unembedded, Vector)],
        now_ms: i64,
    ) -> Result<(), IndexError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (passage, vector) in vectors {
            cache(&tx, embedder, (&passage.text, vector), now_ms)?;
        }
        Ok(tx.commit()?)
    }

    /// The texts of all passages of a note.
    pub(crate) fn texts(&self, id: NoteId, view: &NoteView) -> Result<Vec<String>, IndexError> {
        let text = self.text(id)?;
        Ok((0..view.passages.len()).map(|passage| passage_text(&text, view, passage)).collect())
    }

    /// How many numbers the vector has that the cache knows for a text.
    pub(crate) fn cached_dimensions(
        &self,
        embedder: EmbedderKey,
        hash: &[u8],
    ) -> Result<Option<usize>, IndexError> {
        let mut find =
            self.db.prepare_cached("SELECT vector FROM mem_cache WHERE embedder = ?1 AND hash = ?2")?;
        let mut rows = find.query(params![embedder.0, hash])?;
        let vector = rows.next()?.map(|row| row.get_ref(0)).transpose()?;
        let decoded = vector.and_then(|vector| decode_vector(vector.as_blob().ok()?));
        Ok(decoded.map(|(codes, _)| codes.len()))
    }

    /// Forgets the vectors of an embedder that have another number of numbers, and what was measured of it.
    pub(crate) fn forget_other_dimensions(
        &mut self,
        embedder: EmbedderKey,
        dimensions: usize,
    ) -> Result<(), IndexError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // As they are written: a scale of four bytes before each vector, the count in four bytes before those of a note.
        let (bytes, count) = (stored(dimensions + 4), u32::try_from(dimensions).unwrap_or(0).to_le_bytes());
        for table in ["mem_cache", "mem_chunk_vectors"] {
            let delete = format!("DELETE FROM {table} WHERE embedder = ?1 AND length(vector) <> ?2");
            tx.execute(&delete, [embedder.0, bytes])?;
        }
        let delete = "DELETE FROM mem_vectors WHERE embedder = ?1 AND substr(vectors, 1, 4) <> ?2";
        tx.execute(delete, params![embedder.0, count])?;
        tx.execute("DELETE FROM mem_measured WHERE embedder = ?1", [embedder.0])?;
        Ok(tx.commit()?)
    }
}

/// Enters a vector of a text into the cache; gives it as it stands there.
fn cache(
    tx: &rusqlite::Transaction<'_>,
    embedder: EmbedderKey,
    (text, vector): (&str, &Vector),
    now_ms: i64,
) -> Result<Vec<u8>, IndexError> {
    let encoded = encode_vector(vector);
    tx.prepare_cached(
        "INSERT INTO mem_cache (embedder, hash, vector, used) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET vector = excluded.vector, used = excluded.used",
    )?
    .execute(params![embedder.0, hash(text), encoded, now_ms])?;
    Ok(encoded)
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
    // The name of the note is no heading that stands in it: where a note lies must not cost a vector.
    let above = view.rows.headings(rows.start).find(|&above| above != rows.start);
    match above.filter(|&above| view.rows.get(above).line > 0) {
        Some(above) => format!("{}\n{lines}", piece(above, above).trim_start_matches(['#', ' ', '\t'])),
        None => lines.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Unembedded;
    use crate::backend::Source;
    use crate::index::{Generation, NewNote, Stamp};
    use crate::open::{OpenIndex, Wanted};
    use crate::weighted::{Fusion, Weighted};
    use openclaw_embed::{EmbedderId, Vector};

    fn open(home: &std::path::Path, fusion: Fusion) -> OpenIndex {
        let id = EmbedderId { provider: "test", model: "m".into(), fingerprint: String::new() };
        OpenIndex::open(&home.join("main.sqlite"), Some(&id), fusion).unwrap()
    }

    fn put(open: &mut OpenIndex, generation: Generation, path: &str, text: &str) {
        let stamp = Stamp { size: 1, mtime_ms: 1, hash: Vec::new() };
        open.put(generation, &NewNote { source: Source::Memory, path, stamp: &stamp, text }).unwrap();
    }

    fn missing(open: &mut OpenIndex) -> Vec<Unembedded> {
        open.unembedded(&Wanted { texts: 100, bytes: 10_000, except: Arc::default() }).unwrap()
    }

    fn remember(open: &mut OpenIndex, passages: Vec<Unembedded>, numbers: usize) {
        let vector = |passage| (passage, Vector::normalized(vec![1.0; numbers]).unwrap());
        open.remember(passages.into_iter().map(vector).collect(), 1).unwrap();
    }

    fn both() -> [Fusion; 2] {
        [Fusion::default(), Fusion::Weighted(Weighted::default())]
    }

    #[test]
    fn a_text_in_two_notes_is_wanted_once_and_both_get_its_vector() {
        for fusion in both() {
            let home = tempfile::tempdir().unwrap();
            let mut open = open(home.path(), fusion);
            let published = open.index.published();
            put(&mut open, published, "a.md", "green tea\n");
            put(&mut open, published, "b.md", "green tea\n");
            assert_eq!(open.uncached().unwrap().len(), 1);
            let passages = missing(&mut open);
            assert_eq!(passages.len(), 1);
            remember(&mut open, passages, 4);
            assert!(missing(&mut open).is_empty() && open.uncached().unwrap().is_empty());
            assert_eq!(open.embedded(), (2, 2));
        }
    }

    #[test]
    fn vectors_that_come_during_a_rebuild_are_not_wanted_again_after_it() {
        for fusion in both() {
            let home = tempfile::tempdir().unwrap();
            let mut open = open(home.path(), fusion);
            let published = open.index.published();
            put(&mut open, published, "a.md", "green tea\n");
            let passages = missing(&mut open);
            let next = open.index.begin_rebuild().unwrap();
            put(&mut open, next, "a.md", "green tea\n");
            remember(&mut open, passages, 4);
            open.publish(next).unwrap();
            assert!(missing(&mut open).is_empty());
            assert_eq!(open.embedded(), (1, 1));
        }
    }

    #[test]
    fn vectors_of_a_note_that_changed_meanwhile_are_kept() {
        for fusion in both() {
            let home = tempfile::tempdir().unwrap();
            let mut open = open(home.path(), fusion);
            let published = open.index.published();
            put(&mut open, published, "a.md", "green tea\n");
            let passages = missing(&mut open);
            put(&mut open, published, "a.md", "black coffee\n");
            remember(&mut open, passages, 4);
            assert_eq!(open.index.cached().unwrap(), 1);
            put(&mut open, published, "a.md", "green tea\n");
            assert!(missing(&mut open).is_empty());
            assert_eq!(open.embedded(), (1, 1));
        }
    }

    #[test]
    fn vectors_of_other_dimensions_go_when_a_model_has_changed() {
        for fusion in both() {
            let home = tempfile::tempdir().unwrap();
            let mut open = open(home.path(), fusion);
            let published = open.index.published();
            put(&mut open, published, "a.md", "green tea\n");
            put(&mut open, published, "b.md", "black coffee\n");
            let passages = missing(&mut open);
            remember(&mut open, passages, 4);
            assert_eq!((open.expect(4).unwrap(), open.embedded()), (None, (2, 2)));
            put(&mut open, published, "c.md", "white milk\n");
            let passages = missing(&mut open);
            remember(&mut open, passages, 3);
            assert_eq!((open.embedded(), open.index.cached().unwrap()), ((3, 1), 1));
            let passages = missing(&mut open);
            assert_eq!(passages.len(), 2);
            remember(&mut open, passages, 3);
            assert_eq!((open.embedded(), missing(&mut open).len()), ((3, 3), 0));
            assert_eq!((open.expect(5).unwrap(), open.embedded()), (Some(3), (3, 0)));
            assert_eq!(open.uncached().unwrap().len(), 3);
        }
    }
}
