//! What is wrong, as values: made from a snapshot, printed, and turned into repairs.

use std::path::{Path, PathBuf};

use openclaw_config::{Place, Problem};
use serde::Serialize;

use super::repair::{Phase, Repair};
use super::snapshot::Snapshot;
use super::{access, configuration, places, run_ready};
use crate::args::InstanceArgs;
use crate::output::for_instance;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// The gateway does not start, or somebody else can read a secret.
    Error,
    /// Something does not do what it looks like.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "note",
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What kind of thing, for programs.
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    /// The key of the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<usize>,
    pub(super) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fix: Option<Fix>,
    #[serde(skip)]
    pub(super) repair: Option<Repair>,
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Fix {
    /// Whether `--fix` does it.
    pub(super) automatic: bool,
    pub(super) about: String,
}

impl Finding {
    pub(super) fn new(id: &'static str, severity: Severity, message: impl Into<String>) -> Self {
        let message = message.into();
        let (path, file, line, column) = (None, None, None, None);
        Self { id, severity, path, file, line, column, message, fix: None, repair: None }
    }

    /// A problem of the configuration, with its place.
    pub(super) fn of_problem(id: &'static str, severity: Severity, problem: &Problem) -> Self {
        let mut finding = Self::new(id, severity, problem.message());
        finding.path = (!problem.key.is_root()).then(|| problem.key.to_string());
        finding.file = Some(problem.file.clone());
        finding.line = problem.place.map(|Place { line, .. }| line);
        finding.column = problem.place.map(|Place { column, .. }| column);
        finding
    }

    /// A repair that did not work.
    pub(super) fn failed(message: String) -> Self {
        Self::new("fix.failed", Severity::Error, message)
    }

    pub(super) fn at(mut self, file: &Path) -> Self {
        self.file = Some(file.display().to_string());
        self
    }

    pub(super) fn key(mut self, path: impl ToString) -> Self {
        self.path = Some(path.to_string());
        self
    }

    /// What a person can do.
    pub(super) fn by_hand(mut self, about: impl Into<String>) -> Self {
        self.fix = Some(Fix { automatic: false, about: about.into() });
        self
    }

    /// What `--fix` does.
    pub(super) fn repaired_by(mut self, about: impl Into<String>, repair: Repair) -> Self {
        self.fix = Some(Fix { automatic: true, about: about.into() });
        self.repair = Some(repair);
        self
    }

    /// The place as an editor understands it, and the key.
    pub(super) fn place(&self) -> String {
        let mut place = self.file.clone().unwrap_or_default();
        if let (Some(line), Some(column)) = (self.line, self.column) {
            place = format!("{place}:{line}:{column}");
        }
        match &self.path {
            Some(path) if place.is_empty() => path.clone(),
            Some(path) => format!("{place} {path}"),
            None => place,
        }
    }
}

/// Everything that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    /// Judges what was found; touches nothing.
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let mut all = places::findings(snapshot);
        all.extend(configuration::findings(snapshot));
        all.extend(run_ready::findings(snapshot));
        all.extend(access::findings(snapshot));
        // Stable: within a severity the order is that of a person looking from the outside in.
        all.sort_by_key(|finding| finding.severity);
        Self(all)
    }

    /// These and others, each in the place of its severity.
    pub(super) fn and(self, more: Vec<Finding>) -> Self {
        let mut all = self.with(more).0;
        all.sort_by_key(|finding| finding.severity);
        Self(all)
    }

    /// These, and others behind them.
    pub(super) fn with(mut self, more: Vec<Finding>) -> Self {
        self.0.extend(more);
        self
    }

    /// The same with hints that name the instance.
    pub(super) fn for_instance(mut self, flags: &InstanceArgs) -> Self {
        for finding in &mut self.0 {
            finding.message = for_instance(&finding.message, flags);
            if let Some(fix) = &mut finding.fix {
                fix.about = for_instance(&fix.about, flags);
            }
        }
        self
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter()
    }

    /// Whether nothing needs attention; what is only good to know does not.
    pub(super) fn is_clean(&self) -> bool {
        self.0.iter().all(|finding| finding.severity == Severity::Info)
    }

    /// What a phase does, each repair once.
    pub(super) fn repairs(&self, phase: Phase) -> Vec<Repair> {
        let mut repairs: Vec<Repair> = Vec::new();
        for repair in self.0.iter().filter_map(|finding| finding.repair.clone()) {
            if repair.phase() == phase && !repairs.contains(&repair) {
                repairs.push(repair);
            }
        }
        repairs
    }
}

/// A path as people name it in a sentence.
pub(super) fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// The same for several.
pub(super) fn names(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
