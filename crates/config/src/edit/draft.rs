//! What an edit would make of the files, and whether that may be written.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::editor::Editor;
use super::error::EditError;
use crate::env::Env;
use crate::include::Drafts;
use crate::last_good::last_good;
use crate::load::parse_from;
use crate::loss::{Loss, loss};
use crate::migrate::{migrations, new_problems};
use crate::problem::Problem;
use crate::reader::Origin;
use crate::text;

/// The new texts of a configuration, not written yet. They hold secrets; there is no `Debug`.
pub struct Draft {
    path: PathBuf,
    files: Vec<FileEdit>,
    problems: Vec<Problem>,
    is_worse: bool,
    loss: Option<Loss>,
    value: Value,
}

/// A file and what becomes of it.
#[derive(Clone, PartialEq, Eq)]
pub struct FileEdit {
    /// The file, links in its name followed.
    pub path: PathBuf,
    /// Its text; `None` when there is no file yet.
    pub before: Option<String>,
    /// Its new text.
    pub after: String,
}

/// What a result must be to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// A valid configuration.
    Valid,
    /// One with no problem that was not there before, or that a key of an earlier release did not hide: a repair may
    /// leave others for later.
    NoWorse,
}

/// What happens to a result that loses much of what was there (P-09).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Losses {
    /// It is put beside the file and waits for a person.
    Stage,
    /// A person has said that it is meant.
    Accept,
}

impl Editor {
    /// The new texts, checked like those of a start.
    #[must_use]
    pub fn draft(self) -> Draft {
        let value = self.value();
        let texts = |path: &Path| self.now.get(path).cloned();
        let files: Vec<FileEdit> = self
            .before
            .iter()
            .filter_map(|(path, before)| Some((path, before, texts(path)?)))
            .filter(|(path, before, after)| match before {
                Some(before) => before != after,
                // A file that is not there is made once there is something in it.
                None => **path != self.path || value != self.original,
            })
            .map(|(path, before, after)| FileEdit { path: path.clone(), before: before.clone(), after })
            .collect();
        let problems = problems(&self.path, &self.now, &self.env);
        let found = Drafts::from([(self.path.clone(), before_text(&self))]);
        let is_worse = !problems.is_empty() && {
            let known = crate::edit::draft::problems(&self.path, &found, &self.env);
            let targets = migrations(&self.original).targets();
            !new_problems(&known, &problems, &targets).is_empty()
        };
        let len = |text: fn(&FileEdit) -> usize| files.iter().map(text).sum::<usize>();
        let before_len = len(|file| file.before.as_ref().map_or(0, String::len));
        let loss = self.loss(&value, before_len, len(|file| file.after.len()));
        Draft { path: self.path, files, problems, is_worse, loss, value }
    }
}

impl Editor {
    /// What the result would lose. What is not there, or cannot be read, has lost already: then the last good copy is
    /// what the result is compared with.
    fn loss(&self, value: &Value, before_len: usize, after_len: usize) -> Option<Loss> {
        if self.hash().is_some() && self.is_readable() {
            return loss(&self.original, before_len, value, after_len);
        }
        let copy = last_good(&self.path)?;
        loss(&text::value(&copy)?, copy.len(), value, after_len)
    }
}

fn before_text(editor: &Editor) -> String {
    editor.before.get(&editor.path).cloned().flatten().unwrap_or_default()
}

/// Everything wrong with the texts.
fn problems(path: &Path, texts: &Drafts, env: &Env) -> Vec<Problem> {
    let main = texts.get(path).map_or("", String::as_str);
    parse_from(main, Origin::File(path), texts, env).err().unwrap_or_default()
}

impl Draft {
    /// The configuration file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files that change.
    #[must_use]
    pub fn files(&self) -> &[FileEdit] {
        &self.files
    }

    /// What would be wrong with the result.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What the result would lose.
    #[must_use]
    pub fn loss(&self) -> Option<&Loss> {
        self.loss.as_ref()
    }

    /// The result as it would be written, `${NAME}` and all. It holds secrets.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Whether the result may be written.
    ///
    /// # Errors
    /// [`EditError::Invalid`] with everything that is wrong.
    pub fn check(&self, validity: Validity) -> Result<(), EditError> {
        let is_refused = match validity {
            Validity::Valid => !self.problems.is_empty(),
            Validity::NoWorse => self.is_worse,
        };
        if is_refused { Err(EditError::Invalid { problems: self.problems.clone() }) } else { Ok(()) }
    }
}
