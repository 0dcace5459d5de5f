//! What can go wrong with a memory.

use std::io;
use std::path::PathBuf;

use openclaw_guard::{FileError, RootError};

use crate::fault::IndexError;
use crate::qmd::QmdError;

/// Why a memory could not answer.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// Too many requests are waiting.
    #[error("the memory of agent {agent_id} is busy; try again in a moment")]
    Busy {
        /// Whose memory.
        agent_id: String,
    },
    /// The worker died while it had this request. The next request starts another.
    #[error("the memory of agent {agent_id} stopped while answering; try again")]
    Stopped {
        /// Whose memory.
        agent_id: String,
    },
    /// The operating system gave no thread.
    #[error("cannot start the memory of agent {agent_id}: {source}")]
    Thread {
        /// Whose memory.
        agent_id: String,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The index cannot be used.
    #[error("memory index {}: {source}; it is derived, so it may be deleted and comes back", path.display())]
    Index {
        /// The index file.
        path: PathBuf,
        /// What the database said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another process works on the index, and what was asked for is left to it.
    #[error("memory index {}: {source}", path.display())]
    OtherProcess {
        /// The index file.
        path: PathBuf,
        /// What the other process does.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The index has the name of something else. Nothing was touched.
    #[error(
        "{} cannot be the memory index, for it may be a note; let the name in memorySearch.store.path end in .sqlite, .sqlite3 or .db",
        path.display()
    )]
    IndexName {
        /// The configured file.
        path: PathBuf,
    },
    /// A file of the index cannot be made or moved.
    #[error(transparent)]
    File(#[from] FileError),
    /// A note cannot be opened.
    #[error(transparent)]
    Note(#[from] RootError),
    /// The program `qmd` did not answer.
    #[error(transparent)]
    Qmd(#[from] QmdError),
    /// The path is not a note.
    #[error(
        "{path} is not memory: only MEMORY.md, memory.md, .md files under memory/ and extra paths can be read"
    )]
    NotMemory {
        /// As it was asked for.
        path: String,
    },
    /// The file has other things in it than text.
    #[error("{path} is not text in UTF-8; save it as that, or move it out of the memory")]
    NotText {
        /// As it was asked for.
        path: String,
    },
    /// A second name for a file of somebody else.
    #[error("{path} is a hard link to a file of another user, which is not read")]
    ForeignLink {
        /// As it was asked for.
        path: String,
    },
    /// The range is not in the note.
    #[error("{path} has {available} lines, numbered from 1; line {from} is not one of them")]
    Range {
        /// As it was asked for.
        path: String,
        /// The first line asked for.
        from: u32,
        /// Lines of the note.
        available: usize,
    },
}

impl MemoryError {
    /// Whether somebody is in the way just now, and the same will do in a moment; nothing was changed.
    pub(crate) fn is_busy(&self) -> bool {
        match self {
            Self::Busy { .. } => true,
            Self::Index { source, .. } => {
                source.downcast_ref::<IndexError>().is_some_and(IndexError::is_busy)
            }
            Self::Stopped { .. }
            | Self::Thread { .. }
            | Self::OtherProcess { .. }
            | Self::IndexName { .. }
            | Self::File(_)
            | Self::Note(_)
            | Self::Qmd(_)
            | Self::NotMemory { .. }
            | Self::NotText { .. }
            | Self::ForeignLink { .. }
            | Self::Range { .. } => false,
        }
    }
}
