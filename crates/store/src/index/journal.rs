//! The file that holds what changed since the image was written.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use openclaw_guard::{FileError, Root, write_atomic};

use super::lines::Header;
use super::{JOURNAL_FILE, Step, Steps};
use crate::StoreError;

/// The journal of an index. Whoever holds it may write.
#[derive(Default)]
pub(super) struct Journal {
    target: Target,
    /// Length of the file.
    pub(super) bytes: u64,
    tail: Tail,
    /// The newest change that is in the file, and in the file for good.
    pub(super) appended: u64,
    pub(super) synced: u64,
    /// Lines that were appended since a snapshot was taken: with them begins the journal of the image that is made of
    /// it.
    pub(super) carried: Option<Vec<u8>>,
}

/// Where lines go.
#[derive(Default)]
enum Target {
    /// Nowhere: an image must be written first.
    #[default]
    Nowhere,
    /// Into a file that is made with the first line.
    New(Header),
    /// Into this one.
    File(File),
}

/// How the file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Tail {
    #[default]
    Clean,
    /// With a piece of a line, which is closed before the next one.
    Torn,
}

impl Journal {
    /// A journal that is made when it is needed.
    pub(super) fn new(header: Header) -> Self {
        Self { target: Target::New(header), ..Self::default() }
    }

    /// Goes on with one that was read.
    pub(super) fn resume(root: &Root, bytes: u64, tail: Tail) -> Result<Self, StoreError> {
        let file = root.open_append(Path::new(JOURNAL_FILE))?;
        Ok(Self { target: Target::File(file), bytes, tail, ..Self::default() })
    }

    /// Whether lines have a place to go to.
    pub(super) fn is_usable(&self) -> bool {
        !matches!(self.target, Target::Nowhere)
    }

    /// Whether there is a file with lines of this process, or of the one before that this one goes on with.
    pub(super) fn has_file(&self) -> bool {
        matches!(self.target, Target::File(_))
    }

    /// Nothing can be appended any more.
    pub(super) fn close(&mut self) {
        self.target = Target::Nowhere;
    }

    /// The image that a journal which is still to be made will be about.
    pub(super) fn set_header(&mut self, header: Header) {
        if let Target::New(old) = &mut self.target {
            *old = header;
        }
    }

    /// Appends lines. After an error part of them may be in the file; writing them again does no harm.
    pub(super) fn append(&mut self, root: &Root, lines: &[u8], steps: &Steps) -> Result<(), StoreError> {
        let path = root.path().join(JOURNAL_FILE);
        match &mut self.target {
            Target::Nowhere => {}
            Target::New(header) => {
                let mut text = header.line();
                text.extend_from_slice(lines);
                self.begin(root, &text, steps)?;
            }
            Target::File(file) => {
                // An empty line says that the one before it was torn, not damaged.
                let end: &[u8] = if self.tail == Tail::Torn { b"\n\n" } else { b"" };
                let text = [end, lines].concat();
                self.tail = Tail::Torn;
                steps
                    .before(Step::Append)
                    .and_then(|()| file.write_all(&text))
                    .map_err(|source| FileError::new("write", &path, source))?;
                self.tail = Tail::Clean;
                self.bytes += text.len() as u64;
            }
        }
        Ok(())
    }

    /// Brings to the disk what was appended. After an error nobody knows what the file holds, so that it is given up.
    pub(super) fn sync(&mut self, root: &Root, steps: &Steps) -> Result<(), StoreError> {
        let Target::File(file) = &self.target else { return Ok(()) };
        let synced: io::Result<()> = steps.before(Step::SyncJournal).and_then(|()| file.sync_data());
        if let Err(source) = synced {
            self.close();
            return Err(FileError::new("sync", &root.path().join(JOURNAL_FILE), source).into());
        }
        self.synced = self.appended;
        Ok(())
    }

    /// Puts a file with this content in the place of the present one.
    pub(super) fn begin(&mut self, root: &Root, text: &[u8], steps: &Steps) -> Result<(), StoreError> {
        let path = root.path().join(JOURNAL_FILE);
        steps.before(Step::NewJournal).map_err(|source| FileError::new("write", &path, source))?;
        write_atomic(&path, text)?;
        // Whatever stood there before is not the file any more.
        self.close();
        self.target = Target::File(root.open_append(Path::new(JOURNAL_FILE))?);
        self.bytes = text.len() as u64;
        self.tail = Tail::Clean;
        Ok(())
    }
}
