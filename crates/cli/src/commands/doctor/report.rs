//! What the doctor says: as JSON, and in words.

use serde::Serialize;

use super::findings::{Finding, Findings, Severity};
use super::repair::Fixed;
use super::state::Summary;
use crate::args::InstanceArgs;
use crate::{format, output};

/// Everything that is still wrong, and what has been repaired.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) findings: Findings,
    pub(super) fixed: Vec<Fixed>,
    /// The numbers of the state directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<Summary>,
}

impl Report {
    /// For people: what was repaired, what is wrong and what to do about each, and how to go on.
    pub(super) fn words(&self, flags: &InstanceArgs) -> String {
        let mut blocks: Vec<String> =
            self.fixed.iter().map(|fixed| format!("repaired: {}", fixed.about)).collect();
        blocks.extend(self.findings.iter().map(finding_words));
        blocks.push(output::for_instance(&self.summary(), flags));
        blocks.join("\n")
    }

    fn summary(&self) -> String {
        let count = |severity| self.findings.iter().filter(|finding| finding.severity == severity).count();
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        if self.findings.is_clean() {
            return if self.fixed.is_empty() { "nothing is wrong" } else { "everything is repaired" }
                .to_owned();
        }
        let counts = format!("{}, {}", format::count(errors, "error"), format::count(warnings, "warning"));
        let is_automatic = |finding: &&Finding| finding.fix.as_ref().is_some_and(|fix| fix.automatic);
        match self.findings.iter().filter(is_automatic).count() {
            0 => counts,
            some => format!("{counts}; `openclaw doctor --fix` repairs {some} of them"),
        }
    }
}

fn finding_words(finding: &Finding) -> String {
    let place = finding.place();
    let separator = if place.is_empty() { "" } else { ": " };
    let mut words = format!("{}: {place}{separator}{}", finding.severity.word(), finding.message);
    if let Some(fix) = &finding.fix {
        let who = if fix.automatic { "--fix" } else { "to do" };
        words.push_str(&format!("\n    {who}: {}", fix.about));
    }
    words
}
