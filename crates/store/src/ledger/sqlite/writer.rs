//! The thread that writes: takes what waits, does it in one transaction, and answers when that is on the disk.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::open::Place;
use crate::ledger::{DiskSpace, Done, LedgerError, MIN_FREE_BYTES};

/// Requests that are made durable together. More would only make the first of them wait; a commit of this many takes
/// about as long as the disk takes.
const MAX_GROUP: usize = 256;
/// How long a request that nobody waits for may be kept in memory.
const IDLE_WAIT: Duration = Duration::from_millis(500);

/// One request on its way through the writer.
pub(super) trait Request: Send {
    /// Does it. On an error nothing of it is kept.
    fn run(&mut self, db: &Connection, epoch: i64) -> rusqlite::Result<()>;
    /// Answers: with what it found when all is well, else with the error.
    fn answer(self: Box<Self>, error: Option<LedgerError>);
}

/// What is sent to the writer.
pub(super) struct Job {
    pub(super) request: Box<dyn Request>,
    pub(super) needs: Needs,
}

/// What a request needs of the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Room for something new.
    Room,
    /// To be written before it is answered.
    Commit,
    /// To be written some time.
    Later,
}

/// A request made of a closure.
pub(super) struct Asked<T, F> {
    work: F,
    found: Option<T>,
    /// Absent once it was answered.
    done: Option<Done<T>>,
}

impl<T, F> Drop for Asked<T, F> {
    /// The writer is gone, by a panic that the log has: whoever waits must not wait for ever.
    fn drop(&mut self) {
        if let Some(done) = self.done.take() {
            done(Err(LedgerError::Closed));
        }
    }
}

impl<T, F> Asked<T, F> {
    pub(super) fn new(work: F, done: Done<T>) -> Self {
        Self { work, found: None, done: Some(done) }
    }
}

impl<T: Send, F: FnMut(&Connection, i64) -> rusqlite::Result<T> + Send> Request for Asked<T, F> {
    fn run(&mut self, db: &Connection, epoch: i64) -> rusqlite::Result<()> {
        self.found = Some((self.work)(db, epoch)?);
        Ok(())
    }

    fn answer(mut self: Box<Self>, error: Option<LedgerError>) {
        let Some(done) = self.done.take() else { return };
        // A request that did not run has an error; the gateway stops when there is neither.
        done(match (error, self.found.take()) {
            (None, Some(found)) => Ok(found),
            (Some(error), _) => Err(error),
            (None, None) => Err(LedgerError::Closed),
        });
    }
}

/// The writer.
pub(super) struct Writer {
    pub(super) db: Connection,
    pub(super) epoch: i64,
    pub(super) place: Arc<Place>,
    pub(super) space: DiskSpace,
}

impl Writer {
    /// Works until nobody can ask any more.
    pub(super) fn work(mut self, jobs: &Receiver<Job>) {
        while let Some(group) = next_group(jobs) {
            self.commit(group);
        }
        // Closing writes what the log has into the file. An error leaves it in the log, where the next start finds it.
        self.db.close().ok();
    }

    fn commit(&mut self, mut group: Vec<Job>) {
        // Making it again can wait; a message cannot.
        self.space.reserve().ok();
        let wants_room = group.iter().any(|job| job.needs == Needs::Room);
        if wants_room && let Some(error) = self.too_little_room() {
            let (refused, rest): (Vec<_>, Vec<_>) =
                group.into_iter().partition(|job| job.needs == Needs::Room);
            answer_all(refused, Some(&error));
            group = rest;
        }
        let mut outcome = self.try_commit(&mut group);
        if outcome.as_ref().err().is_some_and(LedgerError::is_disk_full) && self.space.release() {
            // New messages do not get what was held back for the end of accepted ones.
            let (refused, rest): (Vec<_>, Vec<_>) =
                group.into_iter().partition(|job| job.needs == Needs::Room);
            answer_all(refused, outcome.as_ref().err());
            group = rest;
            outcome = self.try_commit(&mut group);
        }
        answer_all(group, outcome.err().as_ref());
    }

    /// Why nothing new may come.
    fn too_little_room(&mut self) -> Option<LedgerError> {
        let free_bytes = self.space.free_bytes();
        (free_bytes < MIN_FREE_BYTES)
            .then(|| LedgerError::LowSpace { path: self.place.file.clone(), free_bytes })
    }

    /// Does a group in one transaction. A request that fails by itself is answered and taken out; what fails the whole
    /// transaction is the error.
    fn try_commit(&mut self, group: &mut Vec<Job>) -> Result<(), LedgerError> {
        if group.is_empty() {
            return Ok(());
        }
        let place = Arc::clone(&self.place);
        let fatal = |error| place.error(error);
        let mut transaction =
            self.db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fatal)?;
        let mut index = 0;
        while let Some(job) = group.get_mut(index) {
            let step = transaction.savepoint().and_then(|savepoint| {
                job.request.run(&savepoint, self.epoch)?;
                savepoint.commit()
            });
            match step {
                Ok(()) => index += 1,
                Err(error) if ends_the_transaction(&error) || transaction.is_autocommit() => {
                    return Err(fatal(error));
                }
                Err(error) => group.remove(index).request.answer(Some(fatal(error))),
            }
        }
        transaction.commit().map_err(fatal)
    }
}

/// Whether an error is about the disk or the file, and not about one request.
fn ends_the_transaction(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory
        )
    )
}

fn answer_all(group: Vec<Job>, error: Option<&LedgerError>) {
    for job in group {
        job.request.answer(error.cloned());
    }
}

/// Waits for requests. Those nobody waits for ride along with the next others, or go when nothing else comes.
fn next_group(jobs: &Receiver<Job>) -> Option<Vec<Job>> {
    let mut group = vec![jobs.recv().ok()?];
    let deadline = Instant::now() + IDLE_WAIT;
    loop {
        match jobs.try_recv() {
            Ok(job) => group.push(job),
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) if group.iter().any(|job| job.needs != Needs::Later) => break,
            Err(TryRecvError::Empty) => {
                match jobs.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                    Ok(job) => group.push(job),
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                }
            }
        }
        if group.len() >= MAX_GROUP {
            break;
        }
    }
    Some(group)
}
