//! What goes to the disk, when, and in which order.
//!
//! Locks are taken in the order image, journal, state. The state is held for moments only: readers never wait for the
//! disk.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};

use openclaw_guard::{Clock, Committed, Expected, FileError, Root, StagedFile, WriteStep};

use super::due::{Standing, is_due};
use super::image::{self, Look};
use super::journal::Journal;
use super::lines::{Header, Holds, Stamp, gone_line, image_line, put_line};
use super::rebuild::Recover;
use super::state::{Ahead, State, Use};
use super::{IndexEvent, Step, Steps, lock};
use crate::{SessionEntry, StoreError, quarantine};

/// How often an image is made anew because somebody changed the file meanwhile, before it waits for the next round.
const MAX_IMAGE_TRIES: u32 = 3;
/// How long a file that is no JSON may stay, in milliseconds: somebody is at work in it.
const BROKEN_PATIENCE_MS: i64 = 60_000;
/// How long one in which nothing is may stay: an editor that writes in place empties the file for a moment.
const VOID_PATIENCE_MS: i64 = 200;

/// What the index and its background work share.
pub(super) struct Shared {
    pub(super) root: Root,
    pub(super) path: PathBuf,
    pub(super) agent_id: String,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) image: Mutex<ImageFile>,
    pub(super) journal: Mutex<Journal>,
    pub(super) state: Mutex<State>,
    /// Told when a rebuild has found an entry, or has ended.
    pub(super) found: Condvar,
    pub(super) steps: Steps,
}

/// The file as it was last written or read.
#[derive(Debug, Default)]
pub(super) struct ImageFile {
    pub(super) look: Option<Look>,
    /// What memory is compared with; nothing if there is no file.
    pub(super) stamp: Option<Stamp>,
    /// What is wrong with it.
    pub(super) broken: Option<BrokenFile>,
    pub(super) form: Form,
}

/// How the file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Form {
    #[default]
    Json,
    /// With comments, say: they are kept before it is written over.
    Json5,
}

/// A file that is no index at the moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct BrokenFile {
    pub(super) since_ms: i64,
    pub(super) fault: Fault,
    /// Of what is there.
    pub(super) stamp: Stamp,
}

/// What is wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Empty, or all NUL: nobody wrote that.
    Void,
    /// It may be an edit that is not finished.
    NotJson,
}

impl BrokenFile {
    fn may_stay_at(&self, now_ms: i64) -> bool {
        let patience = match self.fault {
            Fault::Void => VOID_PATIENCE_MS,
            Fault::NotJson => BROKEN_PATIENCE_MS,
        };
        (self.since_ms..self.since_ms + patience).contains(&now_ms)
    }
}

/// What is done with a file that is no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// It may stay for a while.
    MayStay,
    /// It is set aside now, because the image is needed.
    SetAside,
}

/// The entries at one moment.
struct Snapshot {
    entries: Vec<(String, Arc<SessionEntry>)>,
    ahead: Ahead,
    version: u64,
    rebuild: Option<Recover>,
    lines: Use,
}

impl Shared {
    pub(super) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Returns when this change is on the disk.
    pub(super) fn settle(&self, version: u64) -> Result<(), StoreError> {
        {
            let mut journal = lock(&self.journal);
            if journal.synced >= version {
                return Ok(()); // with somebody else's
            }
            self.append(&mut journal)?;
            if journal.is_usable() {
                return journal.sync(&self.root, &self.steps);
            }
        }
        self.write_image(Broken::SetAside)
    }

    /// Appends what waits.
    pub(super) fn append(&self, journal: &mut Journal) -> Result<(), StoreError> {
        let (lines, version, lines_used) = {
            let mut state = lock(&self.state);
            (state.waiting.take(), state.version, state.waiting.use_of())
        };
        if lines_used == Use::None {
            // Too much has waited, and was let go: only an image has it all now.
            journal.close();
            journal.carried = None;
            return Ok(());
        }
        if !lines.is_empty()
            && let Err(error) = journal.append(&self.root, &lines, &self.steps)
        {
            lock(&self.state).waiting.give_back(lines);
            return Err(error);
        }
        if let Some(carried) = &mut journal.carried {
            carried.extend_from_slice(&lines);
        }
        journal.appended = version;
        Ok(())
    }

    /// What the owner's timer does: see [`super::SessionIndex::flush_if_dirty`].
    pub(super) fn tick(&self) -> Result<(), StoreError> {
        let appended = self.append(&mut lock(&self.journal));
        {
            let mut image = lock(&self.image);
            self.look(&mut image)?;
        }
        if self.image_is_due() {
            self.write_image(Broken::MayStay)?;
        }
        appended
    }

    fn image_is_due(&self) -> bool {
        let stamp = lock(&self.image).stamp;
        let (journal_bytes, has_journal) = {
            let journal = lock(&self.journal);
            (journal.bytes, journal.is_usable())
        };
        let state = lock(&self.state);
        let standing = Standing {
            image_bytes: stamp.map_or(0, |stamp| stamp.bytes),
            journal_bytes,
            since_ms: state.ahead.since_ms,
            last_ms: state.ahead.last_ms,
            now_ms: self.now_ms(),
        };
        state.ahead.is_wanted || (!has_journal && state.ahead.is_any()) || is_due(&standing)
    }

    /// Writes the image if memory is ahead of it.
    pub(super) fn write_image_if_behind(&self) -> Result<(), StoreError> {
        {
            let mut image = lock(&self.image);
            self.look(&mut image)?;
        }
        let is_ahead = lock(&self.state).ahead.is_any();
        if is_ahead { self.write_image(Broken::SetAside) } else { Ok(()) }
    }

    /// Writes the image and begins a new journal. What somebody else wrote into the file meanwhile is taken over first.
    pub(super) fn write_image(&self, broken: Broken) -> Result<(), StoreError> {
        let mut image = lock(&self.image);
        for _ in 0..MAX_IMAGE_TRIES {
            self.look(&mut image)?;
            if let Some(found) = image.broken {
                if found.may_stay_at(self.now_ms()) && broken == Broken::MayStay {
                    return Ok(());
                }
                self.out_of_the_way(&mut image, found)?;
            }
            if image.form == Form::Json5 {
                self.keep_comments(&mut image)?;
            }
            if self.replace(&mut image)? == Committed::Yes {
                return Ok(());
            }
        }
        match broken {
            Broken::MayStay => Ok(()), // the next round tries again
            Broken::SetAside => {
                let source = std::io::ErrorKind::ResourceBusy.into();
                Err(FileError::new("replace", &self.path, source).into())
            }
        }
    }

    /// An image has no room for what people wrote between the entries.
    fn keep_comments(&self, image: &mut ImageFile) -> Result<(), StoreError> {
        let (bytes, _) = image::read(&self.root)?;
        let copy = quarantine::keep_copy(&self.root, super::INDEX_FILE, &bytes, self.now_ms())?;
        image.form = Form::Json;
        lock(&self.state).tell(IndexEvent::Rewritten { copy });
        Ok(())
    }

    /// The image may take the place of a broken file.
    fn out_of_the_way(&self, image: &mut ImageFile, found: BrokenFile) -> Result<(), StoreError> {
        if found.fault == Fault::Void {
            // Nothing in it is worth keeping.
            image.stamp = Some(found.stamp);
            return Ok(());
        }
        let to = quarantine::move_file(&self.root, super::INDEX_FILE, self.now_ms())?;
        *image = ImageFile::default();
        lock(&self.state).tell(IndexEvent::SetAside { to });
        Ok(())
    }

    fn replace(&self, image: &mut ImageFile) -> Result<Committed, StoreError> {
        let mut snapshot = self.snapshot();
        match self.put_in_place(image, &mut snapshot) {
            Ok(Committed::Yes) => Ok(Committed::Yes),
            other => {
                self.give_back(snapshot);
                other
            }
        }
    }

    /// The entries, and from here on lines for the journal that goes with them.
    fn snapshot(&self) -> Snapshot {
        let mut journal = lock(&self.journal);
        // What cannot be appended waits, and is in the image as well.
        self.append(&mut journal).ok();
        journal.carried = Some(Vec::new());
        let mut state = lock(&self.state);
        let lines = state.waiting.use_of();
        state.waiting.start();
        state.shares.prune();
        Snapshot {
            entries: state.in_file_order(),
            ahead: std::mem::take(&mut state.ahead),
            version: state.version,
            rebuild: state.rebuild.what(),
            lines,
        }
    }

    /// It did not become the image.
    fn give_back(&self, snapshot: Snapshot) {
        let mut journal = lock(&self.journal);
        journal.carried = None;
        let mut state = lock(&self.state);
        state.ahead.give_back(snapshot.ahead);
        if snapshot.lines == Use::None || !journal.is_usable() {
            journal.close();
            state.waiting.stop();
        }
    }

    fn put_in_place(&self, image: &mut ImageFile, snapshot: &mut Snapshot) -> Result<Committed, StoreError> {
        let mut before = |_: WriteStep| self.steps.before(Step::Image);
        let mut staged = StagedFile::create(&self.path, &mut before)?;
        let stamp = image::write(&snapshot.entries, &mut staged)
            .map_err(|source| FileError::new("write", &self.path, source))?;
        let look = Look::of(&staged.sync(&mut before)?);
        let mut journal = lock(&self.journal);
        self.append(&mut journal)?;
        let known = image.stamp;
        if let Some(known) = known.filter(|_| !journal.is_usable()) {
            // What an earlier process left in its journal must not be followed again on top of the new image.
            self.begin_anew(&mut journal, snapshot, known)?;
        }
        // If the process dies between the two renames, the old journal knows the new image.
        self.append_mark(&mut journal, stamp)?;
        let mut is_known = |file: &std::fs::File| image::stamp_of(file).ok() == known;
        let expected = if known.is_some() { Expected::File(&mut is_known) } else { Expected::Nothing };
        if staged.commit_over(expected, &mut before)? == Committed::Refused {
            // It is another file than was read, whatever it looks like.
            image.look = None;
            return Ok(Committed::Refused);
        }
        // The rename has changed the file's own time; if more is different, somebody wrote into it already.
        let look = Look::at(&self.path)?.filter(|now| now.is_like(&look)).unwrap_or(look);
        *image = ImageFile { look: Some(look), stamp: Some(stamp), broken: None, form: Form::Json };
        snapshot.ahead = Ahead::default();
        self.begin_journal(&mut journal, snapshot, stamp)?;
        Ok(Committed::Yes)
    }

    fn begin_journal(
        &self,
        journal: &mut Journal,
        snapshot: &mut Snapshot,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        let carried = journal.carried.take();
        let header = Header { image: stamp, rebuild: snapshot.rebuild, holds: Holds::Changes };
        let Some(carried) = carried else {
            // More has waited than was kept. The image is sound, but a journal would lack some of what came since.
            journal.close();
            lock(&self.state).ahead.is_wanted = true;
            return Ok(());
        };
        let text = [header.line(), carried.clone()].concat();
        if let Err(error) = journal.begin(&self.root, &text, &self.steps) {
            if !journal.is_usable() {
                *journal = Journal::new(header);
                lock(&self.state).waiting.give_back(carried);
                snapshot.lines = Use::Journal;
            }
            return Err(error);
        }
        journal.appended = journal.appended.max(snapshot.version);
        journal.synced = journal.appended;
        Ok(())
    }

    /// A journal that leads from the image that is there to the one that is about to be.
    fn begin_anew(&self, journal: &mut Journal, snapshot: &Snapshot, known: Stamp) -> Result<(), StoreError> {
        let mut text = Header { image: known, rebuild: snapshot.rebuild, holds: Holds::Changes }.line();
        let entries: HashMap<&str, &SessionEntry> =
            snapshot.entries.iter().map(|(key, entry)| (key.as_str(), &**entry)).collect();
        for (key, before) in &snapshot.ahead.changed {
            match (entries.get(key.as_str()), before) {
                (Some(entry), _) => text.extend(put_line(key, entry)),
                (None, Some(before)) => text.extend(gone_line(key, before.updated_at())),
                (None, None) => {}
            }
        }
        text.extend_from_slice(journal.carried.as_deref().unwrap_or_default());
        journal.begin(&self.root, &text, &self.steps)
    }

    /// A journal that has every entry, because the file that is there cannot be read.
    pub(super) fn begin_whole(&self, there: Stamp) -> Result<(), StoreError> {
        let mut journal = lock(&self.journal);
        let (entries, header, version, lines, use_of) = {
            let mut state = lock(&self.state);
            let header = Header { image: there, rebuild: state.rebuild.what(), holds: Holds::All };
            let (lines, use_of) = (state.waiting.take(), state.waiting.use_of());
            state.waiting.start();
            (state.in_file_order(), header, state.version, lines, use_of)
        };
        let mut text = header.line();
        for (key, entry) in &entries {
            text.extend(put_line(key, entry));
        }
        if let Err(error) = journal.begin(&self.root, &text, &self.steps) {
            let mut state = lock(&self.state);
            if use_of == Use::None || !journal.is_usable() {
                journal.close();
                state.waiting.stop();
            } else {
                state.waiting.give_back(lines);
            }
            return Err(error);
        }
        journal.appended = version;
        journal.synced = version;
        Ok(())
    }

    /// Notes for good in the journal that this image holds all that the journal tells of.
    pub(super) fn append_mark(&self, journal: &mut Journal, stamp: Stamp) -> Result<(), StoreError> {
        let rebuild = lock(&self.state).rebuild.what();
        journal.set_header(Header { image: stamp, rebuild, holds: Holds::Changes });
        if !journal.has_file() {
            return Ok(());
        }
        journal.append(&self.root, &image_line(stamp), &self.steps)?;
        journal.sync(&self.root, &self.steps)
    }
}
