//! Does the writing of all recordings, one thing after the other on one thread: a disk that hangs takes one of those that do
//! file work, and what waits for it has its limits.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_models::replay::Taken;
use openclaw_store::SessionId;

use super::{ExchangeLog, NotWritten};

/// Calls that wait for the disk. One that hangs must not collect conversations in memory.
pub(super) const MAX_WAITING: usize = 64;
/// Bytes of their answers and frames.
const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;

/// What is to be done for a session.
pub(super) enum Task {
    /// Write a call down.
    Write(Box<Taken>),
    /// Note that so many calls cannot be written, behind those that can.
    Lost(u32),
    /// Remove what is there.
    Remove,
}

struct Waiting {
    log: Arc<ExchangeLog>,
    session: SessionId,
    task: Task,
}

/// The queue of everything that is to be written, whichever recording it belongs to.
#[derive(Default)]
pub struct Scribe {
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    calls: usize,
    bytes: usize,
    is_busy: bool,
}

/// Whoever works. When it is gone, somebody else may.
struct Shift {
    scribe: Arc<Scribe>,
    is_over: bool,
}

impl Drop for Shift {
    /// A runtime that ends drops work that it has not begun.
    fn drop(&mut self) {
        if !self.is_over {
            self.scribe.lock().is_busy = false;
        }
    }
}

impl Scribe {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing is left to be done.
    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        let queue = self.lock();
        !queue.is_busy && queue.waiting.is_empty()
    }

    /// Takes a task and returns at once; whether there was room for it. A call for which there is none is noted as lost.
    pub(super) fn push(self: &Arc<Self>, log: &Arc<ExchangeLog>, session: SessionId, task: Task) -> bool {
        let mut queue = self.lock();
        let has_room = queue.add(log, session, task);
        if std::mem::replace(&mut queue.is_busy, true) {
            return has_room;
        }
        drop(queue);
        let shift = Shift { scribe: Arc::clone(self), is_over: false };
        match tokio::runtime::Handle::try_current() {
            Ok(handle) => drop(handle.spawn_blocking(move || shift.work())),
            // The runtime is gone, and nobody is waited for any more.
            Err(_) => shift.work(),
        }
        has_room
    }
}

impl Queue {
    fn add(&mut self, log: &Arc<ExchangeLog>, session: SessionId, task: Task) -> bool {
        let bytes = bytes(&task);
        let is_call = matches!(task, Task::Write(_));
        let has_room = !is_call
            || self.calls < MAX_WAITING
                && (self.calls == 0 || self.bytes.saturating_add(bytes) <= MAX_WAITING_BYTES);
        if has_room {
            self.calls += usize::from(is_call);
            self.bytes += bytes;
            self.waiting.push_back(Waiting { log: Arc::clone(log), session, task });
            return true;
        }
        let mut own = self
            .waiting
            .iter_mut()
            .rev()
            .filter(|waiting| waiting.session == session && Arc::ptr_eq(&waiting.log, log));
        match own.next().map(|waiting| &mut waiting.task) {
            Some(Task::Lost(count)) => *count = count.saturating_add(1),
            Some(Task::Write(_) | Task::Remove) | None => {
                self.waiting.push_back(Waiting { log: Arc::clone(log), session, task: Task::Lost(1) });
            }
        }
        false
    }

    fn next(&mut self) -> Option<Waiting> {
        let next = self.waiting.pop_front();
        if let Some(Waiting { task, .. }) = &next {
            self.calls -= usize::from(matches!(task, Task::Write(_)));
            self.bytes -= bytes(task);
        }
        next
    }
}

fn bytes(task: &Task) -> usize {
    match task {
        Task::Write(taken) => taken.bytes(),
        Task::Lost(_) | Task::Remove => 0,
    }
}

impl Shift {
    fn work(mut self) {
        loop {
            let mut queue = self.scribe.lock();
            let Some(Waiting { log, session, task }) = queue.next() else {
                queue.is_busy = false;
                self.is_over = true;
                return;
            };
            drop(queue);
            let done = std::panic::catch_unwind(AssertUnwindSafe(|| log.perform(&session, task)));
            if done.is_err() {
                log.complain(&NotWritten::Panicked);
            }
        }
    }
}
