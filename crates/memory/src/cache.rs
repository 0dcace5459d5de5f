//! The cache of vectors by the text they are of, and how much it keeps.

use openclaw_embed::Vector;
use rusqlite::types::Type;
use rusqlite::{Connection, TransactionBehavior, params};

use crate::codes::{decode_vector, encode_vector};
use crate::index::{Index, IndexError, counted, stored};
use crate::repair::Kept;
use crate::vectors::{EmbedderKey, Unembedded, hash};

/// Vectors of an embedder that nobody has used for so long are forgotten: half a year.
const UNUSED_MS: i64 = 183 * 24 * 60 * 60 * 1_000;
/// When too many are kept, so many parts more go at once, so that not every commit counts and deletes.
const SLACK_PARTS: usize = 16;

/// The vectors, and when an embedder was used last; kept when an index is built anew.
pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS mem_cache (
        embedder INTEGER NOT NULL,
        hash BLOB NOT NULL,
        vector BLOB NOT NULL,
        used INTEGER NOT NULL,
        PRIMARY KEY (embedder, hash)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS mem_embedders_used (
        embedder INTEGER PRIMARY KEY,
        used INTEGER NOT NULL
    );";
/// Their columns, for who saves them from a damaged index.
pub(crate) const KEPT: &[Kept] = &[
    Kept {
        table: "mem_cache",
        columns: &[
            ("embedder", Type::Integer),
            ("hash", Type::Blob),
            ("vector", Type::Blob),
            ("used", Type::Integer),
        ],
        key: "embedder, hash",
    },
    Kept {
        table: "mem_embedders_used",
        columns: &[("embedder", Type::Integer), ("used", Type::Integer)],
        key: "embedder",
    },
];

impl Index {
    /// Vectors in the cache.
    pub(crate) fn cached(&self) -> Result<usize, IndexError> {
        Ok(self.db.query_row("SELECT count(*) FROM mem_cache", [], |row| row.get(0).map(counted))?)
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
            keep(&tx, embedder, &hash(&passage.text), vector, now_ms)?;
        }
        Ok(tx.commit()?)
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

    /// Keeps the cache to a number of vectors, after some were added. Vectors of other embedders go first, then the
    /// oldest. Those that a job has made stay until notes have had the time to take them.
    pub(crate) fn prune_cache(
        &mut self,
        embedder: EmbedderKey,
        most: usize,
        added: usize,
    ) -> Result<(), IndexError> {
        // Never too low: a vector that took the place of another counts twice until the cache is counted again.
        let bound = match self.cache_bound {
            Some(bound) => bound.saturating_add(added),
            None => self.cached()?,
        };
        self.cache_bound = Some(bound);
        if bound <= most {
            return Ok(());
        }
        let cached = self.cached()?;
        self.cache_bound = Some(cached);
        if cached > most {
            let kept = most - most / SLACK_PARTS;
            let gone = self.db.execute(
                "DELETE FROM mem_cache WHERE (embedder, hash) IN
                 (SELECT embedder, hash FROM mem_cache WHERE NOT EXISTS
                   (SELECT 1 FROM mem_job_texts AS job WHERE job.embedder = mem_cache.embedder AND job.hash = mem_cache.hash)
                  ORDER BY embedder = ?2, used LIMIT ?1)",
                params![stored(cached - kept), embedder.0],
            )?;
            self.cache_bound = Some(cached - gone);
        }
        Ok(())
    }

    /// Notes that an embedder is used, and forgets those that nobody has used for half a year.
    pub(crate) fn use_vectors_of(&self, embedder: EmbedderKey, now_ms: i64) -> Result<(), IndexError> {
        self.db.execute(
            "INSERT INTO mem_embedders_used (embedder, used) SELECT id, ?1 FROM mem_embedders WHERE true
             ON CONFLICT DO UPDATE SET used = excluded.used WHERE embedder = ?2",
            [now_ms, embedder.0],
        )?;
        let unused = "SELECT embedder FROM mem_embedders_used WHERE used < ?1";
        for table in ["mem_cache", "mem_vectors", "mem_chunk_vectors", "mem_measured", "mem_embedders_used"] {
            let delete = format!("DELETE FROM {table} WHERE embedder IN ({unused})");
            self.db.execute(&delete, [now_ms.saturating_sub(UNUSED_MS)])?;
        }
        Ok(())
    }
}

/// Enters the vector of a text, by its hash; gives it as it stands there.
pub(crate) fn keep(
    db: &Connection,
    embedder: EmbedderKey,
    hash: &[u8],
    vector: &Vector,
    now_ms: i64,
) -> Result<Vec<u8>, IndexError> {
    let encoded = encode_vector(vector);
    db.prepare_cached(
        "INSERT INTO mem_cache (embedder, hash, vector, used) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET vector = excluded.vector, used = excluded.used",
    )?
    .execute(params![embedder.0, hash, encoded, now_ms])?;
    Ok(encoded)
}

#[cfg(test)]
mod tests {
    use super::{UNUSED_MS, encode_vector, keep};
    use crate::index::Index;
    use crate::index::tests::model;
    use crate::vectors::EmbedderKey;
    use openclaw_embed::Vector;

    fn embedder(index: &Index, name: &str) -> EmbedderKey {
        index.embedder(&model(name)).unwrap()
    }

    fn fill(index: &Index, embedder: EmbedderKey, hashes: std::ops::Range<u8>) {
        for hash in hashes {
            let add = "INSERT INTO mem_cache (embedder, hash, vector, used) VALUES (?1, ?2, x'00', ?3)";
            index.db.execute(add, rusqlite::params![embedder.0, [hash], i64::from(hash)]).unwrap();
        }
    }

    fn left(index: &Index, embedder: EmbedderKey) -> Vec<Vec<u8>> {
        let mut query =
            index.db.prepare("SELECT hash FROM mem_cache WHERE embedder = ?1 ORDER BY hash").unwrap();
        query.query_map([embedder.0], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn a_vector_that_is_made_again_takes_the_place_of_the_old_one() {
        let mut index = Index::in_memory().unwrap();
        let (now, other) = (embedder(&index, "now"), embedder(&index, "other"));
        let vector = |numbers| Vector::normalized(vec![1.0; numbers]).unwrap();
        for (embedder, hash, numbers, now_ms) in
            [(now, 0, 3, 1), (now, 1, 3, 2), (other, 0, 5, 3), (now, 0, 4, 4)]
        {
            let kept = keep(&index.db, embedder, &[hash], &vector(numbers), now_ms).unwrap();
            assert_eq!(kept, encode_vector(&vector(numbers)));
        }
        assert_eq!(index.cached().unwrap(), 3);
        assert_eq!(index.cached_dimensions(now, &[0]).unwrap(), Some(4));
        assert_eq!(index.cached_dimensions(other, &[0]).unwrap(), Some(5));
        assert_eq!(index.cached_dimensions(other, &[1]).unwrap(), None);
        index.prune_cache(now, 1, 3).unwrap();
        assert_eq!((left(&index, other).len(), left(&index, now)), (0, vec![vec![0]]), "it is the newest");
    }

    #[test]
    fn vectors_of_others_go_first_and_then_the_oldest() {
        let home = tempfile::tempdir().unwrap();
        let mut index = Index::open(&home.path().join("main.sqlite")).unwrap();
        let (old, now) = (embedder(&index, "old"), embedder(&index, "now"));
        fill(&index, old, 10..14);
        fill(&index, now, 0..4);
        index.prune_cache(now, 6, 4).unwrap();
        assert_eq!(left(&index, old), [[12], [13]]);
        assert_eq!(left(&index, now).len(), 4);
        index.prune_cache(now, 3, 0).unwrap();
        assert_eq!((left(&index, old).len(), left(&index, now)), (0, vec![vec![1], vec![2], vec![3]]));
        fill(&index, now, 5..7);
        index.prune_cache(now, 3, 2).unwrap();
        assert_eq!(left(&index, now), [[3], [5], [6]]);
    }

    #[test]
    fn what_a_job_has_made_stays_until_the_job_is_over() {
        let mut index = Index::in_memory().unwrap();
        let now = embedder(&index, "now");
        fill(&index, now, 0..6);
        let job = "INSERT INTO mem_job_texts (embedder, hash, job) VALUES (?1, ?2, 7)";
        for hash in [0_u8, 1] {
            index.db.execute(job, rusqlite::params![now.0, [hash]]).unwrap();
        }
        index.prune_cache(now, 3, 6).unwrap();
        assert_eq!(left(&index, now), [[0], [1], [5]]);
        index.db.execute("DELETE FROM mem_job_texts", []).unwrap();
        index.prune_cache(now, 2, 0).unwrap();
        assert_eq!(left(&index, now), [[1], [5]]);
    }

    #[test]
    fn an_embedder_that_nobody_uses_for_half_a_year_is_forgotten() {
        let home = tempfile::tempdir().unwrap();
        let index = Index::open(&home.path().join("main.sqlite")).unwrap();
        let (old, now) = (embedder(&index, "old"), embedder(&index, "now"));
        fill(&index, old, 0..2);
        fill(&index, now, 0..2);
        index.use_vectors_of(now, 5).unwrap();
        index.use_vectors_of(now, 5 + UNUSED_MS).unwrap();
        assert_eq!((left(&index, old).len(), left(&index, now).len()), (2, 2));
        index.use_vectors_of(now, 6 + UNUSED_MS).unwrap();
        assert_eq!((left(&index, old).len(), left(&index, now).len()), (0, 2));
    }
}
