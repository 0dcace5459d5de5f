//! Command-line programs among the providers.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::error::CatalogError;
use super::reference::Reference;
use super::resolve::Catalog;
use super::table::canonical_provider;
use crate::cli::{CliBackend, CliChat, CliLimits, CliProgram, Found, Origin, Queues, locate};
use crate::{ChatModel, ModelInfo};

/// Why there is no program to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoProgram {
    /// No folder that is searched has one of this name.
    NotOnPath,
    /// There is none at this path.
    NotThere,
    /// The path begins at no particular place.
    Relative,
}

impl fmt::Display for NoProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOnPath => "is not found on PATH",
            Self::NotThere => "is not there, or is not a program that may be run",
            Self::Relative => "is a path from no particular place",
        })
    }
}

impl Catalog {
    /// The programs that can stand in a reference: the configured ones first.
    #[must_use]
    pub fn cli_backends(&self) -> &[CliBackend] {
        &self.cli_backends
    }

    /// The program of a provider's name, if that is one.
    #[must_use]
    pub fn cli_backend(&self, provider: &str) -> Option<&CliBackend> {
        let id = canonical_provider(provider);
        self.cli_backends.iter().find(|backend| backend.id == id)
    }

    /// Where a program is.
    ///
    /// # Errors
    /// It is nowhere.
    pub fn locate(&self, backend: &CliBackend) -> Result<PathBuf, CatalogError> {
        let command = &backend.settings.command;
        let why = match locate(command, self.environment.programs()) {
            Found::At(path) => return Ok(path),
            Found::NotOnPath => NoProgram::NotOnPath,
            Found::NotThere => NoProgram::NotThere,
            Found::Relative => NoProgram::Relative,
        };
        Err(CatalogError::NoProgram { provider: backend.id.clone(), command: command.clone(), why })
    }

    /// What is known of one of its models.
    pub(super) fn describe_program(&self, backend: &CliBackend, reference: &Reference) -> ModelInfo {
        self.as_set(reference, CliProgram::describe(&backend.id, &backend.settings, &reference.model))
    }

    pub(super) fn connect_program(
        &self,
        backend: &CliBackend,
        reference: &Reference,
    ) -> Result<Arc<dyn ChatModel>, CatalogError> {
        let path = self.locate(backend)?;
        let info = self.describe_program(backend, reference);
        let program = CliProgram {
            id: backend.id.clone(),
            settings: backend.settings.clone(),
            path,
            environment: self.environment.programs().clone(),
        };
        Ok(Arc::new(CliChat::described(program, info, (Queues::shared(), CliLimits::default()))))
    }

    /// The models of a program that lists show: those that are chosen by name, and those it has short names for, unless
    /// it is a built-in one that is not installed.
    pub(super) fn program_models(&self, backend: &CliBackend) -> Vec<Reference> {
        let is_here = backend.origin == Origin::Config || self.locate(backend).is_ok();
        let known = backend.settings.model.aliases.values().filter(|_| is_here).cloned();
        let mut models: Vec<String> = Vec::new();
        for model in known.chain(self.chosen_of_provider(&backend.id)) {
            if !models.contains(&model) {
                models.push(model);
            }
        }
        models.into_iter().map(|model| Reference { provider: backend.id.clone(), model }).collect()
    }

    /// Those that the configuration names.
    pub(super) fn configured_programs(&self) -> impl Iterator<Item = &CliBackend> {
        self.cli_backends.iter().filter(|backend| backend.origin == Origin::Config)
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::{Catalog, CatalogError, Choice, Environment, NoProgram, ProviderEntry, Providers};
    use crate::cli::{CliBackend, CliSettings, Origin};
    use crate::{InputKind, WireApi};
    use openclaw_guard::write_atomic;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    fn program(at: &Path) {
        write_atomic(at, b"#!/bin/sh\necho '{\"result\":\"hi\"}'\n").unwrap();
        std::fs::set_permissions(at, std::fs::Permissions::from_mode(0o700)).unwrap();
    }

    fn catalog(providers: Providers, path: &Path) -> Catalog {
        let variables = [("PATH", path.to_str().unwrap())];
        let environment = Environment::default().with_programs(variables.into_iter());
        Catalog::new(providers, environment)
    }

    #[test]
    fn a_program_is_a_provider() {
        let place = tempfile::tempdir().unwrap();
        let mine = CliBackend {
            id: "mine".into(),
            origin: Origin::Config,
            settings: CliSettings::new("no-such-program-x"),
        };
        let providers = || Providers {
            model: Choice { primary: Some("mine/m".into()), fallbacks: vec!["Claude-CLI/opus-4.6".into()] },
            cli_backends: vec![mine.clone()],
            // A program stands before a server of the same name.
            entries: vec![ProviderEntry::new("mine", "http://127.0.0.1:1/v1")],
            ..Providers::default()
        };
        let missing = catalog(providers(), place.path());
        let error = missing.resolve_default().err().unwrap();
        assert_eq!(
            error,
            CatalogError::NoProgram {
                provider: "mine".into(),
                command: "no-such-program-x".into(),
                why: NoProgram::NotOnPath
            }
        );
        assert_eq!(
            error.plain_words(),
            "mine: the program \"no-such-program-x\" is not found on PATH. Install it, or set agents.defaults.cliBackends.mine.command to its full path."
        );
        assert_eq!(missing.describe("claude-cli/opus").unwrap().context_window, 200_000);
        program(&place.path().join("claude"));
        let found = catalog(providers(), place.path());
        let model = found.resolve("Claude-CLI/opus-4.6").unwrap();
        let info = model.describe();
        assert_eq!(
            (info.reference().as_str(), info.api, info.calls_tools),
            ("claude-cli/opus-4.6", WireApi::Cli, false)
        );
        assert_eq!(info.input, [InputKind::Text, InputKind::Image]);
        assert!(found.needs_no_key(&found.find("claude-cli/opus").unwrap().0));
        let listed: Vec<String> =
            found.list().iter().map(|row| format!("{}/{}", row.provider, row.id)).collect();
        for wanted in ["mine/m", "claude-cli/opus", "claude-cli/sonnet", "claude-cli/opus-4.6"] {
            assert!(listed.contains(&wanted.to_owned()), "{listed:?}");
        }
        assert_eq!(listed.iter().filter(|name| name.starts_with("mine/")).count(), 1, "{listed:?}");
    }
}
