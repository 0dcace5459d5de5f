//! Why a change of the configuration is refused. No message holds a value of a file.

use std::path::PathBuf;

use openclaw_guard::FileError;

use super::change::ChangeError;
use crate::key_path::KeyPath;
use crate::loss::Loss;
use crate::problem::{ConfigError, Problem};

/// Why an edit is refused. Nothing has been written, unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The files cannot be read, so nobody can say what a change would do to them.
    #[error(transparent)]
    Read(#[from] ConfigError),
    /// The change does not fit what is there.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The value comes from several places.
    #[error("{path} is put together from {}; edit it there", names(.files))]
    Scattered {
        /// What was to be changed.
        path: KeyPath,
        /// The files.
        files: Vec<PathBuf>,
    },
    /// Writing the change would change something else, such as another place that includes the same file.
    #[error("{path} cannot be changed in {} without changing something else too; edit it by hand", file.display())]
    Entangled {
        /// What was to be changed.
        path: KeyPath,
        /// The file.
        file: PathBuf,
    },
    /// The result would not be a valid configuration.
    #[error("the change is refused, for the configuration would not be valid:\n{}", lines(.problems))]
    Invalid {
        /// Everything that would be wrong.
        problems: Vec<Problem>,
    },
    /// The mark that stands for a hidden value, where there is no value that it could stand for.
    #[error(
        "{path} holds the mark that replaces hidden values, and there is no such value; write the value itself"
    )]
    NothingHidden {
        /// Where.
        path: KeyPath,
    },
    /// The caller did not say which text it means to change.
    #[error("config base hash required; re-run config.get and retry")]
    NoBase,
    /// The file is not the one that the caller means to change.
    #[error("config changed since last load; re-run config.get and retry")]
    OtherBase,
    /// A text that waited for a person, and the file has changed since.
    #[error("{} was made for another text than the configuration is now, so it is not taken; make the change again, or remove it", file.display())]
    Outdated {
        /// The text that waits.
        file: PathBuf,
    },
    /// A client wants to include a file.
    #[error("{path}: files are included only by somebody who edits the configuration file itself")]
    NewInclude {
        /// Where.
        path: KeyPath,
    },
    /// Somebody else wrote the file while it was being changed.
    #[error("{} has been changed by somebody else meanwhile; read it again and repeat the change", file.display())]
    Changed {
        /// The file.
        file: PathBuf,
    },
    /// Other programs keep writing.
    #[error("{} is being changed by other programs all the time (lock {}); try again", file.display(), lock.display())]
    Busy {
        /// The file.
        file: PathBuf,
        /// What they hold.
        lock: PathBuf,
    },
    /// The result would lose much of what was there.
    #[error("{loss} after this change, so it is not made{}", kept(.staged))]
    Lossy {
        /// What would be lost.
        loss: Loss,
        /// Where the text waits, when only the configuration file itself would change.
        staged: Option<PathBuf>,
    },
    /// The file system refused. The old files are as they were, apart from those that `written` names.
    #[error("{source}{}", already(.written))]
    Write {
        /// The step that failed.
        #[source]
        source: FileError,
        /// Files of the same change that were written before.
        written: Vec<PathBuf>,
    },
}

impl EditError {
    /// Everything that is wrong with the configuration, before or after the change.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        if let Self::Invalid { problems } = self {
            return problems;
        }
        if let Self::Read(error) = self { error.problems() } else { &[] }
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn kept(staged: &Option<PathBuf>) -> String {
    match staged {
        Some(file) => {
            format!("; it is kept in {}: look at it, then run `openclaw config confirm`", file.display())
        }
        None => "; make it in smaller steps, or edit the files by hand".to_owned(),
    }
}

fn names(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(" and ")
}

fn already(written: &[PathBuf]) -> String {
    if written.is_empty() { String::new() } else { format!(" (written before that: {})", names(written)) }
}
