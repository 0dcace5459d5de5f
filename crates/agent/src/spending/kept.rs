//! The book and its file. What is set aside for a call is on the disk before the call is sent.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_guard::{FileError, create_private_dir, write_atomic};

use super::amount::Amount;
use super::book::{Book, Lost, Own, Who};
use super::grant::{Grant, Over, Used};
use super::purse::Unpaid;

/// What all agents of this process spend. Kept in a file, so that a restart is no way around a limit.
pub struct Spending {
    file: PathBuf,
    state: Mutex<State>,
    /// The version that the file has. Held while it is written, so that an older state never replaces a newer one.
    written: Mutex<u64>,
}

#[derive(Default)]
struct State {
    /// Absent until somebody asked.
    book: Option<Book>,
    /// Counts the changes.
    version: u64,
}

/// Whether a killed process must not forget something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    /// It must be on the disk first. Blocks.
    Durable,
    /// Nothing is limited.
    Process,
}

/// What is set aside for a call. Nothing is, when it is dropped.
pub(super) struct Reservation {
    spending: Arc<Spending>,
    id: u64,
    is_settled: bool,
}

impl Reservation {
    /// Counts what the call cost in the place of what was set aside.
    pub(super) fn settle(mut self, cost: Amount) {
        self.is_settled = true;
        self.spending.settle(self.id, cost);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.is_settled {
            self.spending.settle(self.id, Amount::default());
        }
    }
}

/// How the budgets stand, for whoever wants to see them.
pub(super) struct Standing {
    pub(super) used: Used,
    pub(super) lost: Lost,
}

impl Spending {
    /// Kept in this file. Nothing is read before somebody asks.
    #[must_use]
    pub fn new(file: PathBuf) -> Self {
        Self { file, state: Mutex::new(State::default()), written: Mutex::new(0) }
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The book, open at a day. As long as the file cannot be read it is a book of nothing, which replaces nothing.
    fn change<T>(&self, date: &str, change: impl FnOnce(&mut Book) -> T) -> (T, u64) {
        // Whoever must know of it asks before.
        self.open().ok();
        let mut state = self.lock();
        let State { book, version } = &mut *state;
        let mut unread = Book::default();
        let book = book.as_mut().unwrap_or(&mut unread);
        book.turn_to(date);
        *version += 1;
        (change(book), *version)
    }

    /// Reads the file, unless it is read.
    fn open(&self) -> io::Result<()> {
        let mut state = self.lock();
        if state.book.is_none() {
            state.book = Some(read(&self.file)?);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets aside what `allow` grants; nobody else spends anything between the look and the answer. Returns with it what
    /// the answer and its session have spent, which may be more than whoever asks knows.
    pub(super) fn reserve(
        self: &Arc<Self>,
        (who, known): (&Who, Own),
        date: &str,
        memory: Memory,
        allow: impl FnOnce(&Used) -> Result<Grant, Over>,
    ) -> Result<(Reservation, Grant, Own), Unpaid> {
        if memory == Memory::Durable {
            let unread = |error| format!("{} cannot be read: {error}", self.file.display());
            self.open().map_err(|error| Unpaid::NotKept { why: unread(error) })?;
        }
        let (answer, version) = self.change(date, |book| {
            let grant = allow(&book.used(who, known))?;
            let own = book.own(who, known);
            Ok((book.set_aside(who, known, grant.aside), grant, own))
        });
        let (id, grant, own) = answer.map_err(Unpaid::Over)?;
        let reservation = Reservation { spending: Arc::clone(self), id, is_settled: false };
        if memory == Memory::Durable {
            self.save(version).map_err(|error| Unpaid::NotKept { why: error.to_string() })?;
        }
        Ok((reservation, grant, own))
    }

    fn settle(&self, id: u64, cost: Amount) {
        let mut state = self.lock();
        state.version += 1;
        if let Some(book) = &mut state.book {
            book.settle(id, cost);
        }
    }

    /// A turn is over for good: what it has spent is not asked for again.
    pub(crate) fn end_run(&self, run: &str) {
        if let Some(book) = &mut self.lock().book {
            book.end_run(run);
        }
    }

    /// How everything stands.
    pub(super) fn standing(&self, who: &Who, known: Own, date: &str) -> Standing {
        self.change(date, |book| Standing { used: book.used(who, known), lost: book.lost_today() }).0
    }

    /// Writes what there is now. Blocks.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn save_all(&self) -> Result<(), FileError> {
        let version = self.lock().version;
        self.save(version)
    }

    /// Writes what is not written yet, if anything ever was: the process ends. Blocks.
    ///
    /// # Errors
    /// The file cannot be written. What was set aside then counts in full at the next start.
    pub fn close(&self) -> Result<(), FileError> {
        let is_kept = *self.written.lock().unwrap_or_else(PoisonError::into_inner) > 0;
        if is_kept { self.save_all() } else { Ok(()) }
    }

    /// Writes the book, unless somebody has with this change. Blocks.
    fn save(&self, version: u64) -> Result<(), FileError> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if *written >= version {
            return Ok(());
        }
        let (bytes, version) = {
            let state = self.lock();
            let Some(book) = &state.book else { return Ok(()) };
            // Text, numbers and maps of them always become JSON.
            (serde_json::to_vec(book).unwrap_or_default(), state.version)
        };
        if let Some(folder) = self.file.parent() {
            create_private_dir(folder)?;
        }
        write_atomic(&self.file, &bytes)?;
        *written = version;
        Ok(())
    }
}

/// What the file has. Calls that it still has ran when their process was killed. A file that says nothing is put aside.
fn read(file: &Path) -> io::Result<Book> {
    let mut book = match std::fs::read(file) {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(book) => book,
            Err(error) => {
                // A limit that nobody could lift would be worse than one that begins anew.
                let aside = file.with_extension("json.damaged");
                std::fs::rename(file, &aside)?;
                let aside = aside.display();
                tracing::error!(%error, file = %file.display(), %aside, "what was spent cannot be read, budgets begin anew");
                Book::default()
            }
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Book::default(),
        Err(error) => return Err(error),
    };
    let calls = book.recover();
    if calls > 0 {
        tracing::warn!(
            calls,
            "model calls ran when the gateway was killed; all that was set aside for them counts as spent"
        );
    }
    Ok(book)
}
