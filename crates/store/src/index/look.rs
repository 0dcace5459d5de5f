//! `sessions.json` for somebody who only looks at it: nothing is written, repaired or moved.

use std::path::Path;

use openclaw_guard::{Root, RootError};

use super::image::{self, Whole};
use super::load::link_error;
use crate::StoreError;

/// What there is of an index.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct IndexLook {
    /// What the file is like.
    pub form: IndexForm,
    /// Session keys, each with the name of its transcript; of a damaged file those before the damage.
    pub entries: Vec<(String, String)>,
    /// Keys whose value is no session.
    pub odd: Vec<String>,
}

/// What an index file is like.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum IndexForm {
    /// JSON.
    #[default]
    Json,
    /// JSON5, with comments for example: it is read, and is JSON when it is written.
    Json5,
    /// There is none.
    Missing,
    /// Empty, or nothing but NUL, as a power cut leaves it.
    Void,
    /// Neither JSON nor JSON5, or no object: why.
    Damaged(String),
}

/// Looks at the index in a `sessions` folder, as [`super::SessionIndex::load`] would read it.
///
/// # Errors
/// When it cannot be read; also when it is a link.
pub fn look_at_index(dir: &Path) -> Result<IndexLook, StoreError> {
    let bytes = match Root::open(dir).and_then(|root| image::read(&root)) {
        Ok((bytes, _)) => bytes,
        Err(RootError::NotFound { .. }) => {
            return Ok(IndexLook { form: IndexForm::Missing, ..IndexLook::default() });
        }
        Err(RootError::Symlink { .. }) => return Err(link_error(dir)),
        Err(error) => return Err(error.into()),
    };
    if bytes.iter().all(|byte| *byte == 0) {
        return Ok(IndexLook { form: IndexForm::Void, ..IndexLook::default() });
    }
    let (look, whole) = image::parse(&bytes, |look: &mut IndexLook, key, entry| match entry {
        Some(entry) => look.entries.push((key, entry.transcript_file_name())),
        None => look.odd.push(key),
    });
    let form = match whole {
        Whole::Json => IndexForm::Json,
        Whole::Json5 => IndexForm::Json5,
        Whole::No(why) => IndexForm::Damaged(why),
    };
    Ok(IndexLook { form, ..look })
}
