//! A person says that a configuration is meant, although it lost much (P-09).

use openclaw_guard::FileError;

use super::draft::{Losses, Validity};
use super::editor::Editor;
use super::error::EditError;
use super::save::{Base, Terms, beside, edit, nothing_between};
use crate::env::Env;
use crate::file::read_text;
use crate::last_good::confirm_last_good;
use crate::load::load;
use crate::locations::Locations;

/// What was confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// The text that waited beside the file is the file now.
    Staged,
    /// The file as it is.
    File,
    /// There is no file, and nothing waits.
    Nothing,
}

/// Takes the text that waits beside the file, if one does, and marks the file as good: a gateway that held it back
/// takes it.
///
/// # Errors
/// The text is not a valid configuration, or cannot be written.
pub fn confirm(locations: &Locations, env: &Env) -> Result<Confirmed, EditError> {
    let failed = |source| EditError::Write { source, written: Vec::new() };
    let staged = beside(&locations.config_path, "staged");
    let text = read_text(&staged)?;
    let confirmed = match &text {
        Some(text) => {
            let terms = Terms { base: Base::Any, validity: Validity::Valid, losses: Losses::Accept };
            let take = |editor: &mut Editor| editor.replace(text.clone());
            edit(locations, env, &terms, &mut nothing_between, &take)?;
            std::fs::remove_file(&staged)
                .map_err(|source| failed(FileError::new("remove", &staged, source)))?;
            Confirmed::Staged
        }
        None => Confirmed::File,
    };
    let Some(raw) = load(locations, env)?.raw else { return Ok(Confirmed::Nothing) };
    confirm_last_good(&locations.config_path, &raw).map_err(failed)?;
    Ok(confirmed)
}
