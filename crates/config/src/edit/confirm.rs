//! A person says that a configuration is meant, although it lost much (P-09).

use super::backups::keep;
use super::draft::{Losses, Validity};
use super::editor::Editor;
use super::error::EditError;
use super::lock::Lock;
use super::save::{Base, Terms, edit_locked};
use super::stage::{self, Waiting};
use crate::env::Env;
use crate::last_good::{confirm_last_good, last_good, real_path};
use crate::load::load;
use crate::locations::Locations;

/// What was confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// The text that waited beside the file is the file now.
    Staged,
    /// The file as it is.
    File,
    /// There is no file, and nothing waits.
    Nothing,
}

/// Takes the text that waits beside the file, if one does, and marks the file as good: a gateway that held it back
/// takes it. The copy that was good before is kept as a version.
///
/// # Errors
/// The text is not a valid configuration, was made for another text than the present one, or cannot be written.
pub fn confirm(locations: &Locations, env: &Env) -> Result<Confirmed, EditError> {
    let _lock = Lock::take(&locations.config_path)?;
    let confirmed = match stage::waiting(&locations.config_path)? {
        None => Confirmed::File,
        Some(Waiting { text, base }) => {
            let seen = base.as_deref();
            let terms = Terms { base: Base::Hash(seen), validity: Validity::Valid, losses: Losses::Accept };
            let take = |editor: &mut Editor| editor.replace(text.clone());
            edit_locked(locations, env, &terms, &mut |_| Ok(()), &take).map_err(|error| {
                let file = stage::staged_path(&locations.config_path);
                if is_other(&error) { EditError::Outdated { file } } else { error }
            })?;
            Confirmed::Staged
        }
    };
    let Some(raw) = load(locations, env)?.raw else { return Ok(Confirmed::Nothing) };
    let failed = |source| EditError::Write { source, written: Vec::new() };
    if let Some(before) = last_good(&locations.config_path).filter(|before| *before != raw) {
        keep(&real_path(&locations.config_path), &before, &mut |_| Ok(())).map_err(failed)?;
    }
    confirm_last_good(&locations.config_path, &raw).map_err(failed)?;
    Ok(confirmed)
}

fn is_other(error: &EditError) -> bool {
    matches!(error, EditError::NoBase | EditError::OtherBase)
}
