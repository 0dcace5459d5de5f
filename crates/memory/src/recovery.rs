//! The index file and what becomes of it under the worker: opened, changed by others, lost, damaged and built anew.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::error::MemoryError;
use crate::index::IndexError;
use crate::open::OpenIndex;
use crate::repair::{Identity, Mended, finish, identity, is_of_later_format, mend};
use crate::sources::Sources;
use crate::sync::{Extent, Take, sync};
use crate::worker::{SEARCH_BYTES, Worker};

/// How long anything waits for another process that writes the index: a search answers from what is there then, and a
/// job tries again.
const WAIT: Duration = Duration::from_millis(50);
/// How often the same work is done again because another process has changed the index meanwhile.
const MAX_LOOKS: usize = 4;

/// What became of the index file under us.
#[derive(Default)]
pub(crate) struct Recovery {
    /// Where a damaged one was put.
    pub(crate) aside: Option<PathBuf>,
    /// Why there is a new one, until it has all notes.
    pub(crate) cause: Option<String>,
    /// The file that was opened last, or was to be.
    tried: Option<Identity>,
}

/// What is tidied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Tidy {
    /// The log, where text stands that was written and replaced: a hundredth of a second.
    #[default]
    Log,
    /// Also the index of words: a tenth of a second for 100,000 lines.
    All,
}

impl Worker {
    /// Looks whether the file that is open was deleted, or another one put in its place.
    pub(crate) fn notice_loss(&mut self) {
        if self.file.is_none() || self.file == identity(&self.database) {
            return;
        }
        let cause = "the memory index was deleted or replaced, and is built anew";
        tracing::warn!(agent = %self.agent_id, database = %self.database.display(), "{cause}");
        (self.open, self.file) = (None, None);
        self.recovery.cause = Some(cause.to_owned());
        self.fresh.forget();
        if let Some(job) = &mut self.job {
            job.lose_generation();
        }
    }

    pub(crate) fn with_index<T>(
        &mut self,
        work: impl Fn(&mut OpenIndex, &Sources) -> Result<T, IndexError>,
    ) -> Result<T, MemoryError> {
        self.on_index(work).map_err(|error| self.told(error))
    }

    /// Runs work on the open index. A damaged index is put aside and the work done again on a new one, filled first;
    /// the same on the same file when another version of the program has made the tables its own, and when another
    /// process has changed it under the work, after another look at it.
    pub(crate) fn on_index<T>(
        &mut self,
        work: impl Fn(&mut OpenIndex, &Sources) -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        let sources = Arc::clone(&self.sources);
        self.notice_loss();
        let opened = match self.open.take() {
            Some(open) => Ok(open),
            None => self.open_file(),
        };
        let (open, done) = match opened {
            Ok(mut open) => {
                let done = repeated(&mut open, |open| work(open, &sources));
                if open.took_foreign() {
                    self.fresh.forget();
                }
                (Some(open), done)
            }
            Err(error) => (None, Err(error)),
        };
        match done {
            Ok(value) => {
                self.open = open;
                Ok(value)
            }
            Err(error) if error.is_damage() || error.is_read_only() && is_of_later_format(&self.database) => {
                let is_anothers = open.as_ref().is_some_and(|open| open.index.is_of_another_version());
                drop(open);
                let mut open = if is_anothers { self.take_back() } else { self.rebuild(error) }?;
                let value = work(&mut open, &sources)?;
                self.open = Some(open);
                Ok(value)
            }
            Err(error) => {
                // After any other fault nobody knows whether memory and file still agree.
                self.open = open.filter(|_| error.is_busy() || error.is_outdated());
                Err(error)
            }
        }
    }

    pub(crate) fn told(&self, error: IndexError) -> MemoryError {
        error.told(&self.database)
    }

    fn open_file(&mut self) -> Result<OpenIndex, IndexError> {
        // Somebody may have been killed who had put it aside.
        let mended = finish(&self.database)?;
        self.note_mended(mended);
        self.recovery.tried = identity(&self.database);
        let open = OpenIndex::open(&self.database, self.embedder.as_ref(), self.fusion)?;
        open.index.wait_for_others(WAIT)?;
        let file = identity(&self.database);
        self.recovery.tried = file;
        if self.file != file {
            self.file = file;
            self.fresh.forget();
        }
        Ok(open)
    }

    /// Puts a damaged file aside and begins a new one.
    fn rebuild(&mut self, cause: IndexError) -> Result<OpenIndex, IndexError> {
        tracing::warn!(agent = %self.agent_id, %cause, "memory index was damaged; built anew");
        let mended = mend(&self.database, self.recovery.tried)?;
        self.note_mended(mended);
        self.recovery.cause = Some(format!("the memory index was damaged, and is built anew: {cause}"));
        self.fill()
    }

    /// Opens an index anew whose tables are those of another version now: it is whole, and stays where it is.
    fn take_back(&mut self) -> Result<OpenIndex, IndexError> {
        let cause = "the memory index was changed by another version of openclaw, and is built anew";
        tracing::warn!(agent = %self.agent_id, database = %self.database.display(), "{cause}");
        self.recovery.cause = Some(cause.to_owned());
        self.fresh.forget();
        self.fill()
    }

    /// Opens a file that has no notes, and reads as many as a search waits for; the others follow as a job.
    fn fill(&mut self) -> Result<OpenIndex, IndexError> {
        let mut open = self.open_file()?;
        let generation = open.index.published();
        let extent = Extent { bytes: SEARCH_BYTES, transcripts: Some(Take::None) };
        let report = sync(&mut open, generation, &self.sources, self.clock.as_ref(), extent)?;
        if let Some(job) = &mut self.job {
            job.lose_generation();
        }
        if report.pending > 0 {
            self.want(Take::Grown);
        }
        Ok(open)
    }

    fn note_mended(&mut self, mended: Option<Mended>) {
        let Some(Mended { aside, saved }) = mended else { return };
        tracing::info!(agent = %self.agent_id, aside = %aside.display(), saved, "vectors and jobs were saved from a damaged index");
        self.recovery.aside = Some(aside);
    }

    /// Deletes some of what nobody searches any more; tells how many notes.
    pub(crate) fn sweep(&mut self) -> Result<usize, IndexError> {
        let swept = self.on_index(|open, _| open.index.sweep())?;
        self.is_untidy |= swept > 0;
        Ok(swept)
    }

    /// After something was deleted or replaced: lets nothing of it lie about on the disk.
    pub(crate) fn tidy(&mut self, what: Tidy) {
        let Some(open) = self.open.as_ref().filter(|_| self.is_untidy) else { return };
        let done = match what {
            Tidy::Log => open.index.cut_log(),
            Tidy::All => open.index.scrub(),
        };
        match done {
            Ok(()) => self.is_untidy = what == Tidy::Log,
            // Whoever closes the file next does it.
            Err(error) => tracing::debug!(agent = %self.agent_id, %error, "the memory index is not tidied"),
        }
    }
}

/// Does work until no other process has changed the index under it, a few times at most.
fn repeated<T>(
    open: &mut OpenIndex,
    work: impl Fn(&mut OpenIndex) -> Result<T, IndexError>,
) -> Result<T, IndexError> {
    let mut done = work(open);
    for look in 0..MAX_LOOKS {
        let Err(error) = &done else { break };
        if !error.is_outdated() {
            break;
        }
        let is_changed = open.reload()?;
        if look > 0
            && !is_changed
            && let IndexError::Gone { note } = error
        {
            // Nobody has touched the file, and it has a note and has it not.
            return Err(IndexError::Rows { path: format!("note {note}") });
        }
        done = work(open);
    }
    done
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicBool, Ordering};

    use jiff::civil::date;
    use openclaw_guard::{create_private_dir, write_atomic};

    use crate::backend::{MemoryBackend as _, Query, Source, SyncReason, SyncReport};
    use crate::engine::Engine;
    use crate::error::MemoryError;
    use crate::index::tests::note;
    use crate::index::{Index, IndexError};
    use crate::lock::Lock;
    use crate::open::{OpenIndex, Wanted};
    use crate::tests::{engine, write};
    use crate::weighted::{Fusion, Weighted};
    use crate::worker::Request;

    fn database(home: &Path) -> PathBuf {
        home.join("memory/main.sqlite")
    }

    async fn on_index<T: Send + 'static>(
        engine: &Engine,
        work: impl Fn(&mut OpenIndex) -> Result<T, IndexError> + Send + 'static,
    ) -> Result<T, MemoryError> {
        let ask = |reply: tokio::sync::oneshot::Sender<_>| {
            Request::Do(Box::new(move |worker| drop(reply.send(worker.with_index(|open, _| work(open))))))
        };
        engine.mailbox.ask(ask).await
    }

    /// Another process takes a note out of the index, once.
    fn take_out(database: &Path, done: &AtomicBool) -> Result<(), IndexError> {
        if !done.swap(true, Ordering::Relaxed) {
            let mut other = Index::open(database)?;
            other.remove(other.published(), Source::Memory, "memory/a.md")?;
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_note_that_goes_under_a_search_is_no_damage() {
        let home = tempfile::tempdir().unwrap();
        let engine = engine(home.path(), Fusion::default());
        engine.sync(SyncReason::Requested).await.unwrap();
        let (path, done) = (database(home.path()), AtomicBool::new(false));
        let found = on_index(&engine, move |open| {
            let search = |open: &OpenIndex| open.search(&Query::new("needle"), None, date(2026, 11, 28));
            // It knows where the word stands, and then that is not so any more.
            search(open)?;
            take_out(&path, &done)?;
            search(open)
        });
        let found = found.await.unwrap();
        assert_eq!(found.hits.iter().map(|hit| hit.path.as_str()).collect::<Vec<_>>(), ["memory/b.md"]);
        let answer = engine.search(Query::new("needle")).await.unwrap();
        assert_eq!((answer.results.len(), answer.degraded), (1, None));
        assert!(!home.path().join("memory/main.sqlite.damaged").exists());
    }

    #[tokio::test]
    async fn a_chunk_that_goes_before_it_is_embedded_is_no_damage() {
        let home = tempfile::tempdir().unwrap();
        let engine = engine(home.path(), Fusion::Weighted(Weighted::default()));
        engine.sync(SyncReason::Requested).await.unwrap();
        let (path, done) = (database(home.path()), AtomicBool::new(false));
        let missing = on_index(&engine, move |open| {
            take_out(&path, &done)?;
            open.unembedded(&Wanted { texts: 10, bytes: 1_000, except: Default::default() })
        });
        assert_eq!(missing.await.unwrap().len(), 1);
        assert!(!home.path().join("memory/main.sqlite.damaged").exists());
    }

    /// Without the first look at the file a watching memory believes that it has every note.
    #[tokio::test]
    async fn an_index_that_another_process_publishes_is_not_believed() {
        let home = tempfile::tempdir().unwrap();
        let engine = engine(home.path(), Fusion::default());
        engine.sync(SyncReason::Requested).await.unwrap();
        engine.search(Query::new("needle")).await.unwrap();
        let mut other = Index::open(&database(home.path())).unwrap();
        let empty = other.begin_rebuild().unwrap();
        other.publish(empty).unwrap();
        let answer = engine.search(Query::new("needle")).await.unwrap();
        assert_eq!((answer.results.len(), answer.stale), (2, false), "{answer:?}");
    }

    /// A note that is found and has no text, though nobody has written.
    #[tokio::test]
    async fn what_is_gone_without_a_trace_is_damage() {
        let home = tempfile::tempdir().unwrap();
        let engine = engine(home.path(), Fusion::default());
        engine.sync(SyncReason::Requested).await.unwrap();
        let done = AtomicBool::new(false);
        let gone = on_index(&engine, move |open| match done.load(Ordering::Relaxed) {
            false if open.index.count(open.index.published())? == 2 => {
                Err::<(), _>(IndexError::Gone { note: 1 })
            }
            _ => Ok(()),
        });
        assert!(gone.await.is_err(), "the new one says so, too");
        assert!(home.path().join("memory/main.sqlite.damaged").exists());
    }

    /// Notes that take more than one piece of a rebuild, which is begun and stands in the middle of it; then something
    /// happens to the index.
    async fn in_a_rebuild(
        home: &Path,
        happens: impl FnOnce(&Path) + Send + 'static,
    ) -> (Engine, Result<SyncReport, MemoryError>) {
        let engine = engine(home, Fusion::default());
        for name in ["c", "d", "e"] {
            write(home, name, &"a line of it\n".repeat(15_000));
        }
        engine.sync(SyncReason::Requested).await.unwrap();
        let (reply, end) = tokio::sync::oneshot::channel();
        let path = database(home);
        let ask = move |done: tokio::sync::oneshot::Sender<Result<(), MemoryError>>| {
            Request::Do(Box::new(move |worker| {
                worker.begin(SyncReason::Rebuild, reply);
                worker.go_on();
                assert!(worker.job.is_some());
                happens(&path);
                drop(done.send(Ok(())));
            }))
        };
        engine.mailbox.ask(ask).await.unwrap();
        let end = end.await.unwrap();
        (engine, end)
    }

    fn number(database: &Path, query: &str) -> i64 {
        rusqlite::Connection::open(database).unwrap().query_row(query, [], |row| row.get(0)).unwrap()
    }

    const OTHERS: &str = "SELECT count(*) FROM mem_notes, mem_meta WHERE generation <> published";

    #[tokio::test]
    async fn a_rebuild_begins_anew_when_the_index_is_deleted_under_it() {
        let home = tempfile::tempdir().unwrap();
        let delete = |database: &Path| {
            for suffix in ["", "-wal", "-shm"] {
                std::fs::remove_file(database.with_extension(format!("sqlite{suffix}"))).unwrap();
            }
        };
        let (engine, report) = in_a_rebuild(home.path(), delete).await;
        let report = report.unwrap();
        assert_eq!((report.indexed, report.files), (5, 5));
        let answer = engine.search(Query::new("needle")).await.unwrap();
        assert_eq!((answer.results.len(), answer.degraded), (2, None));
    }

    #[tokio::test]
    async fn a_rebuild_that_fails_leaves_nothing_behind() {
        let home = tempfile::tempdir().unwrap();
        let fill = |database: &Path| {
            let other = rusqlite::Connection::open(database).unwrap();
            assert!(other.query_row(OTHERS, [], |row| row.get::<_, i64>(0)).unwrap() > 0);
            let full =
                "CREATE TRIGGER full BEFORE INSERT ON mem_notes BEGIN SELECT RAISE(ABORT, 'full'); END";
            other.execute_batch(full).unwrap();
        };
        let (engine, report) = in_a_rebuild(home.path(), fill).await;
        assert!(report.unwrap_err().to_string().contains("full"));
        let database = database(home.path());
        assert_eq!(number(&database, OTHERS), 0);
        assert_eq!(number(&database, "SELECT filling IS NULL FROM mem_meta"), 1);
        let answer = engine.search(Query::new("needle")).await.unwrap();
        assert_eq!((answer.results.len(), answer.degraded), (2, None));
    }

    #[tokio::test]
    async fn what_a_killed_rebuild_wrote_goes_and_what_a_living_one_writes_stays() {
        let home = tempfile::tempdir().unwrap();
        let engine = engine(home.path(), Fusion::default());
        engine.sync(SyncReason::Requested).await.unwrap();
        let database = database(home.path());
        let lives = Lock::filling(&database).unwrap();
        let mut other = Index::open(&database).unwrap();
        let generation = other.begin_rebuild().unwrap();
        other.put(generation, &note("memory/gone.md", "the password is swordfish")).unwrap();
        engine.sync(SyncReason::Requested).await.unwrap();
        assert_eq!(number(&database, OTHERS), 1);
        drop((lives, other));
        engine.sync(SyncReason::Requested).await.unwrap();
        assert_eq!(number(&database, OTHERS), 0);
        for suffix in ["", "-wal"] {
            let bytes = std::fs::read(database.with_extension(format!("sqlite{suffix}"))).unwrap_or_default();
            assert!(!bytes.windows(9).any(|part| part == b"swordfish"), "{suffix}");
        }
    }

    #[tokio::test]
    async fn a_damaged_index_that_another_process_mends_is_left_to_it() {
        let home = tempfile::tempdir().unwrap();
        let (engine, database) = (engine(home.path(), Fusion::default()), database(home.path()));
        let held = Lock::mending(&database).unwrap();
        let garbage = [b"SQLite format 3\0".as_slice(), &[0x5a; 8176]].concat();
        write_atomic(&database, &garbage).unwrap();
        let answer = engine.search(Query::new("needle")).await.unwrap();
        let why = answer.degraded.unwrap();
        assert!(why.starts_with("words of notes only: ") && why.contains("another process"), "{why}");
        assert_eq!((answer.results.len(), std::fs::read(&database).unwrap() == garbage), (2, true));
        drop(held);
        engine.sync(SyncReason::Requested).await.unwrap();
        assert_eq!(std::fs::read(home.path().join("memory/main.sqlite.damaged")).unwrap(), garbage);
    }

    #[tokio::test]
    async fn an_index_that_was_put_aside_and_not_mended_is_mended_and_told() {
        let home = tempfile::tempdir().unwrap();
        let (engine, database) = (engine(home.path(), Fusion::default()), database(home.path()));
        create_private_dir(&home.path().join("memory")).unwrap();
        write_atomic(&database.with_extension("sqlite.saving"), b"no database").unwrap();
        assert_eq!(engine.search(Query::new("needle")).await.unwrap().results.len(), 2);
        let aside = database.with_extension("sqlite.damaged");
        assert_eq!(std::fs::read(&aside).unwrap(), b"no database");
        assert_eq!(engine.status().await.unwrap().recovered, Some(aside));
    }

    /// Whoever may write it all the same takes its mode back; for everybody else the notes answer.
    #[tokio::test]
    async fn an_index_that_may_only_be_read_answers_or_the_notes_do() {
        let home = tempfile::tempdir().unwrap();
        engine(home.path(), Fusion::default()).sync(SyncReason::Requested).await.unwrap();
        let database = database(home.path());
        std::fs::set_permissions(&database, std::fs::Permissions::from_mode(0o400)).unwrap();
        let may_write = std::fs::OpenOptions::new().append(true).open(&database).is_ok();
        let answer = engine(home.path(), Fusion::default()).search(Query::new("needle")).await.unwrap();
        assert_eq!(answer.results.len(), 2);
        let mode = std::fs::metadata(&database).unwrap().permissions().mode() & 0o777;
        match answer.degraded {
            None => assert!(may_write && mode == 0o600),
            Some(why) => assert!(!may_write && mode == 0o400 && why.contains("main.sqlite"), "{why}"),
        }
    }
}
