//! Batch jobs in the index file: which there are, and which texts they hold. They outlive rebuilds and restarts, so
//! that a job that is paid for is collected, and no text is sent a second time while it lies at the service.

use std::collections::HashSet;

use openclaw_embed::{BatchJob, JobMark, Vector};
use rusqlite::types::Type;
use rusqlite::{OptionalExtension as _, TransactionBehavior, params};

use crate::cache;
use crate::index::{Index, IndexError, counted};
use crate::repair::Kept;
use crate::vectors::{EmbedderKey, HASH_BYTES, Unembedded, hash};

/// A job without an id is one that is being sent, or whose sender died: an upload may take ten minutes.
const SENDING_MS: i64 = 15 * 60 * 1_000;
/// Services keep the results of a job for some weeks at most.
const KEPT_MS: i64 = 14 * 24 * 60 * 60 * 1_000;

/// The tables, which are kept when an index is built anew.
pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS mem_jobs (
        id INTEGER PRIMARY KEY,
        embedder INTEGER NOT NULL,
        begun INTEGER NOT NULL,
        job TEXT,
        -- when it was told to stop, in milliseconds since the epoch
        stopped INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE IF NOT EXISTS mem_job_texts (
        embedder INTEGER NOT NULL,
        hash BLOB NOT NULL,
        job INTEGER NOT NULL,
        PRIMARY KEY (embedder, hash)
    ) WITHOUT ROWID;";
/// Their columns, for who saves them from a damaged index.
pub(crate) const KEPT: &[Kept] = &[
    Kept {
        table: "mem_jobs",
        columns: &[
            ("id", Type::Integer),
            ("embedder", Type::Integer),
            ("begun", Type::Integer),
            ("job", Type::Text),
            ("stopped", Type::Integer),
        ],
        key: "id",
    },
    Kept {
        table: "mem_job_texts",
        columns: &[("embedder", Type::Integer), ("hash", Type::Blob), ("job", Type::Integer)],
        key: "embedder, hash",
    },
];

/// A job that is about to be sent.
pub(crate) struct Reserved {
    pub(crate) key: JobKey,
    pub(crate) mark: JobMark,
    pub(crate) texts: Vec<String>,
}

/// A job's number in one index file. It is drawn, and so none is used twice: whoever comes late with the number of a job that
/// is over must not touch another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct JobKey(i64);

/// A job that is under way.
#[derive(Debug, Clone)]
pub(crate) struct StoredJob {
    pub(crate) key: JobKey,
    /// When it was entered.
    pub(crate) begun_ms: i64,
    /// Nothing while it is being sent, and when its sender died.
    pub(crate) job: Option<BatchJob>,
    /// Whether nobody can be sending it any more.
    pub(crate) is_orphan: bool,
    /// When it was told to stop because it took too long.
    pub(crate) stopped_ms: Option<i64>,
    /// Texts in it.
    pub(crate) texts: usize,
}

/// The hash of a text whose digest came back from a service.
pub(crate) fn hash_of_id(id: &str) -> Option<Vec<u8>> {
    let digits = id.get(..HASH_BYTES * 2)?;
    (0..HASH_BYTES).map(|at| u8::from_str_radix(digits.get(at * 2..at * 2 + 2)?, 16).ok()).collect()
}

impl Index {
    /// Enters a job that is about to be sent, and the texts it is to hold: those that are in no other, each once. Two
    /// processes that have the same in mind never send a text twice.
    pub(crate) fn reserve(
        &mut self,
        embedder: EmbedderKey,
        passages: &[Unembedded],
        now_ms: i64,
    ) -> Result<Reserved, IndexError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute(
            "INSERT INTO mem_jobs (id, embedder, begun) VALUES (abs(random() / 2), ?1, ?2)",
            [embedder.0, now_ms],
        )?;
        let key = tx.last_insert_rowid();
        let mut taken = Vec::new();
        {
            let mut insert = tx.prepare_cached(
                "INSERT INTO mem_job_texts (embedder, hash, job) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?;
            for passage in passages {
                if insert.execute(params![embedder.0, hash(&passage.text), key])? > 0 {
                    taken.push(passage.text.clone());
                }
            }
        }
        tx.commit()?;
        let key = JobKey(key);
        Ok(Reserved { key, mark: self.mark(key)?, texts: taken })
    }

    /// What tells a job from all others at the service: when it was entered, and its texts. Whoever comes after a sender
    /// that died makes the same.
    pub(crate) fn mark(&self, key: JobKey) -> Result<JobMark, IndexError> {
        let mut what = Vec::new();
        let mut find = self.db.prepare_cached("SELECT embedder, begun FROM mem_jobs WHERE id = ?1")?;
        let entered: Option<(i64, i64)> =
            find.query_row([key.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        if let Some((embedder, begun)) = entered {
            what.extend(begun.to_be_bytes());
            let mut texts = self.db.prepare_cached(
                "SELECT hash FROM mem_job_texts WHERE embedder = ?1 AND job = ?2 ORDER BY hash",
            )?;
            let mut rows = texts.query([embedder, key.0])?;
            while let Some(row) = rows.next()? {
                what.extend(row.get_ref(0)?.as_blob().unwrap_or_default());
            }
        }
        Ok(JobMark::of(&what))
    }

    /// Notes the service's name of a job, without which it could not be found again. Tells whether the job is still
    /// entered.
    pub(crate) fn job_begun(&self, key: JobKey, job: &BatchJob) -> Result<bool, IndexError> {
        let text = serde_json::to_string(job).map_err(|error| IndexError::Job(error.to_string()))?;
        Ok(self.db.execute("UPDATE mem_jobs SET job = ?2 WHERE id = ?1", params![key.0, text])? > 0)
    }

    /// Notes that a job was told to stop; tells whether nobody had done so.
    pub(crate) fn job_stopped(&self, key: JobKey, now_ms: i64) -> Result<bool, IndexError> {
        let stop = "UPDATE mem_jobs SET stopped = ?2 WHERE id = ?1 AND stopped = 0";
        Ok(self.db.execute(stop, [key.0, now_ms.max(1)])? > 0)
    }

    /// Forgets a job; texts of it that have no vector are free to be sent again. Tells whether it was there: another
    /// process may have collected it.
    pub(crate) fn drop_job(&mut self, key: JobKey) -> Result<bool, IndexError> {
        self.drop_if(key, "true")
    }

    /// The same for one without a name, unless it got one meanwhile.
    pub(crate) fn drop_unnamed(&mut self, key: JobKey) -> Result<bool, IndexError> {
        self.drop_if(key, "job IS NULL")
    }

    fn drop_if(&mut self, key: JobKey, condition: &str) -> Result<bool, IndexError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let delete = format!("DELETE FROM mem_jobs WHERE id = ?1 AND {condition}");
        let is_dropped = tx.execute(&delete, [key.0])? > 0;
        if is_dropped {
            tx.execute("DELETE FROM mem_job_texts WHERE job = ?1", [key.0])?;
        }
        tx.commit()?;
        Ok(is_dropped)
    }

    /// The jobs of an embedder, oldest first. Those that nobody can collect any more are forgotten.
    pub(crate) fn jobs(&mut self, embedder: EmbedderKey, now_ms: i64) -> Result<Vec<StoredJob>, IndexError> {
        let mut found = Vec::new();
        let mut lost = Vec::new();
        {
            let mut query = self.db.prepare_cached(
                "SELECT id, begun, job, stopped, (SELECT count(*) FROM mem_job_texts WHERE job = mem_jobs.id)
                 FROM mem_jobs WHERE embedder = ?1 ORDER BY begun, id",
            )?;
            let mut rows = query.query([embedder.0])?;
            while let Some(row) = rows.next()? {
                let (key, begun_ms) = (JobKey(row.get(0)?), row.get::<_, i64>(1)?);
                let text: Option<String> = row.get(2)?;
                let job = text.as_deref().and_then(|text| serde_json::from_str(text).ok());
                let age = now_ms.saturating_sub(begun_ms);
                if age > KEPT_MS {
                    lost.push(key);
                } else {
                    let is_orphan = job.is_none() && age > SENDING_MS;
                    let stopped_ms = Some(row.get(3)?).filter(|stopped_ms| *stopped_ms != 0);
                    let texts = counted(row.get(4)?);
                    found.push(StoredJob { key, begun_ms, job, is_orphan, stopped_ms, texts });
                }
            }
        }
        for key in lost {
            self.drop_job(key)?;
        }
        Ok(found)
    }

    /// The texts that are in jobs.
    pub(crate) fn in_jobs(&self, embedder: EmbedderKey) -> Result<HashSet<Vec<u8>>, IndexError> {
        let mut query = self.db.prepare_cached("SELECT hash FROM mem_job_texts WHERE embedder = ?1")?;
        let rows = query.query_map([embedder.0], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps vectors that a job made in the cache. Those of texts that were not in it are left out.
    pub(crate) fn keep_job_vectors(
        &mut self,
        key: JobKey,
        vectors: &[(Vec<u8>, Vector)],
        now_ms: i64,
    ) -> Result<usize, IndexError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut kept = 0;
        {
            let mut find =
                tx.prepare_cached("SELECT embedder FROM mem_job_texts WHERE job = ?1 AND hash = ?2")?;
            for (hash, vector) in vectors {
                let of = find.query_row(params![key.0, hash], |row| row.get(0).map(EmbedderKey));
                if let Some(embedder) = of.optional()? {
                    cache::keep(&tx, embedder, hash, vector, now_ms)?;
                    kept += 1;
                }
            }
        }
        tx.commit()?;
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::{JobKey, KEPT_MS, Reserved, SENDING_MS};
    use crate::corpus::NoteId;
    use crate::index::Index;
    use crate::vectors::{EmbedderKey, Unembedded, hash};
    use openclaw_embed::{BatchJob, Vector};

    const NOW: EmbedderKey = EmbedderKey(1);

    fn reserve(index: &mut Index, texts: &[&str]) -> Reserved {
        let passage = |text: &&str| Unembedded { note: NoteId(1), passage: 0, text: (*text).to_owned() };
        index.reserve(NOW, &texts.iter().map(passage).collect::<Vec<_>>(), 5).unwrap()
    }

    fn job(id: &str) -> BatchJob {
        let (provider, fingerprint) = ("test".to_owned(), String::new());
        BatchJob { provider, id: id.to_owned(), fingerprint, created_ms: 5, count: 1 }
    }

    /// A job that has a name.
    fn begun(index: &mut Index, texts: &[&str], id: &str) -> JobKey {
        let key = reserve(index, texts).key;
        assert!(index.job_begun(key, &job(id)).unwrap());
        key
    }

    fn names(index: &mut Index) -> Vec<Option<String>> {
        index.jobs(NOW, 5).unwrap().into_iter().map(|stored| stored.job.map(|job| job.id)).collect()
    }

    #[test]
    fn whoever_comes_late_with_the_number_of_a_job_touches_no_other() {
        let mut index = Index::in_memory().unwrap();
        let old = begun(&mut index, &["a"], "old");
        assert!(index.drop_job(old).unwrap());
        let new = begun(&mut index, &["a", "b"], "new");
        assert_ne!(old, new);
        assert!(!index.job_begun(old, &job("old")).unwrap());
        assert!(!index.job_stopped(old, 9).unwrap());
        assert!(!index.drop_job(old).unwrap());
        let stored = index.jobs(NOW, 5).unwrap();
        assert_eq!((stored.len(), stored[0].texts, stored[0].stopped_ms), (1, 2, None));
        assert_eq!(names(&mut index), [Some("new".to_owned())]);
    }

    #[test]
    fn a_job_that_got_a_name_meanwhile_is_not_given_up_as_one_without() {
        let mut index = Index::in_memory().unwrap();
        let key = begun(&mut index, &["a"], "named");
        assert!(!index.drop_unnamed(key).unwrap());
        assert_eq!(
            (names(&mut index), index.in_jobs(NOW).unwrap().len()),
            (vec![Some("named".to_owned())], 1)
        );
        let other = reserve(&mut index, &["b"]).key;
        assert!(index.drop_unnamed(other).unwrap());
        assert_eq!(index.in_jobs(NOW).unwrap().len(), 1);
    }

    #[test]
    fn vectors_are_kept_of_texts_that_are_in_the_job() {
        let mut index = Index::in_memory().unwrap();
        let key = begun(&mut index, &["a", "b"], "one");
        begun(&mut index, &["c"], "other");
        let vector = |text: &str| (hash(text), Vector::normalized(vec![1.0; 3]).unwrap());
        let made = ["a", "c", "nobody's"].map(vector);
        assert_eq!(index.keep_job_vectors(key, &made, 5).unwrap(), 1);
        assert_eq!(index.keep_job_vectors(key, &made, 6).unwrap(), 1, "it may come twice");
        assert_eq!(index.cached().unwrap(), 1);
        assert_eq!(index.cached_dimensions(NOW, &hash("a")).unwrap(), Some(3));
        index.drop_job(key).unwrap();
        assert_eq!(index.keep_job_vectors(key, &made, 7).unwrap(), 0);
    }

    #[test]
    fn a_job_is_told_to_stop_once_and_it_is_known_when() {
        let mut index = Index::in_memory().unwrap();
        let key: JobKey = reserve(&mut index, &["a"]).key;
        assert!(index.job_stopped(key, 70).unwrap() && !index.job_stopped(key, 80).unwrap());
        assert_eq!(index.jobs(NOW, 90).unwrap()[0].stopped_ms, Some(70));
    }

    #[test]
    fn a_job_without_a_name_is_an_orphan_after_a_while_and_gone_after_weeks() {
        let mut index = Index::in_memory().unwrap();
        let Reserved { key, mark, texts } = reserve(&mut index, &["a", "b", "a"]);
        assert_eq!((texts.len(), mark), (2, index.mark(key).unwrap()));
        assert!(reserve(&mut index, &["a", "b"]).texts.is_empty(), "they are in the first");
        let orphan = |index: &mut Index, now| index.jobs(NOW, now).unwrap()[0].is_orphan;
        assert!(!orphan(&mut index, 5 + SENDING_MS) && orphan(&mut index, 6 + SENDING_MS));
        assert!(index.jobs(NOW, 6 + KEPT_MS).unwrap().is_empty());
        assert!(index.in_jobs(NOW).unwrap().is_empty());
    }
}
