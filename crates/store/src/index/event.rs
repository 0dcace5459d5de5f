//! What the index does on its own, in words for the log.

use std::fmt;
use std::path::PathBuf;

/// Something that happened to an index and that its owner may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexEvent {
    /// Somebody else changed `sessions.json`, and the changes were taken over.
    Edited {
        /// New entries.
        added: usize,
        /// Entries with other fields.
        changed: usize,
        /// Entries that are gone.
        removed: usize,
    },
    /// An edit removed most entries.
    ManyRemoved {
        /// How many.
        count: usize,
        /// Where they are kept.
        copy: PathBuf,
    },
    /// An edit has entries that are none.
    BadEntries {
        /// How many.
        count: usize,
        /// Where the file is kept.
        copy: PathBuf,
    },
    /// The file is not JSON at the moment.
    Unreadable {
        /// The file.
        path: PathBuf,
    },
    /// Nothing is in the file.
    Emptied {
        /// The file.
        path: PathBuf,
    },
    /// Somebody edited the file after this program was killed, and so not everything that it had noted is in force.
    EditedOffline {
        /// Fields that stay as they were edited.
        fields: usize,
        /// Entries of the file that had been removed.
        removed: usize,
        /// Where the file is kept.
        image: PathBuf,
        /// Where the journal is kept.
        journal: PathBuf,
    },
    /// The file was JSON5, with comments for example, and is JSON now.
    Rewritten {
        /// Where it is kept as it was.
        copy: PathBuf,
    },
    /// The file stayed unreadable, and was moved.
    SetAside {
        /// Where it is.
        to: PathBuf,
    },
    /// All transcripts are read.
    Rebuilt {
        /// Entries made from them.
        sessions: usize,
    },
    /// The transcripts could not be listed.
    NotRebuilt {
        /// What the system said.
        why: String,
    },
}

impl fmt::Display for IndexEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edited { added, changed, removed } => write!(
                f,
                "sessions.json was edited, and the edit is in force: {added} added, {changed} changed, {removed} removed"
            ),
            Self::ManyRemoved { count, copy } => {
                write!(f, "an edit removed {count} sessions; their entries are kept in {}", copy.display())
            }
            Self::BadEntries { count, copy } => write!(
                f,
                "{count} edited entries are not valid and were left as they were; the edit is kept in {}",
                copy.display()
            ),
            Self::Unreadable { path } => {
                write!(f, "{} is not JSON; if it stays so for a minute it is set aside", path.display())
            }
            Self::Emptied { path } => write!(f, "{} was emptied; it is written again", path.display()),
            Self::EditedOffline { fields, removed, image, journal } => write!(
                f,
                "sessions.json was edited while no gateway ran: {fields} fields stay as edited, {removed} sessions that had \
                 been removed stay so; what both said is kept in {} and {}",
                image.display(),
                journal.display()
            ),
            Self::Rewritten { copy } => write!(
                f,
                "sessions.json is written without its comments; it is kept as it was in {}",
                copy.display()
            ),
            Self::SetAside { to } => {
                write!(f, "sessions.json was not JSON; it is kept in {} and written anew", to.display())
            }
            Self::Rebuilt { sessions } => write!(f, "{sessions} sessions were found in the transcripts"),
            Self::NotRebuilt { why } => {
                write!(f, "sessions.json is incomplete and the transcripts cannot be listed: {why}")
            }
        }
    }
}
