//! Command-line programs that answer as models, as `models status` shows them.

use std::path::PathBuf;

use openclaw_models::catalog::{CatalogError, Reference};
use openclaw_models::cli::{CliBackend, Origin};
use serde_json::{Value, json};

use super::view::ModelsView;

/// A program, and whether it is there.
pub(super) struct Program<'a> {
    backend: &'a CliBackend,
    found: Result<PathBuf, CatalogError>,
    is_in_use: bool,
}

/// The programs that are worth a line: those that are configured, in use, or simply there.
pub(super) fn programs<'a>(view: &'a ModelsView, in_use: &[Reference]) -> Vec<Program<'a>> {
    let all = view.catalog.cli_backends().iter().map(|backend| Program {
        backend,
        found: view.catalog.locate(backend),
        is_in_use: in_use.iter().any(|reference| reference.provider == backend.id),
    });
    all.filter(|it| it.is_in_use || it.found.is_ok() || it.backend.origin == Origin::Config).collect()
}

impl Program<'_> {
    /// Whether an answer depends on it and it is not there.
    pub(super) fn is_missed(&self) -> bool {
        self.is_in_use && self.found.is_err()
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "provider": self.backend.id,
            "command": self.backend.settings.command,
            "path": self.found.as_ref().ok(),
            "found": self.found.is_ok(),
            "configured": self.backend.origin == Origin::Config,
            "inUse": self.is_in_use,
        })
    }

    /// For people.
    pub(super) fn words(&self) -> String {
        match &self.found {
            Ok(path) => format!("{}: {}", self.backend.id, path.display()),
            Err(error) => error.plain_words(),
        }
    }
}
