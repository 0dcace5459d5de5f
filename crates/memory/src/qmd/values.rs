//! The values of the port, made in one place.

use crate::backend::{Answer, Hit, Skipped, Status, SyncReport};

use super::options::QmdOptions;
use super::snippet::Shown;

/// Who answers, as [`Answer::provider`], [`Answer::model`] and [`Status::backend`] have it.
pub(super) const QMD: &str = "qmd";

/// The answer of `qmd`; `worry` says why it may be out of date.
pub(super) fn answer(results: Vec<Hit>, worry: Option<String>) -> Answer {
    let confidence = results.first().map_or(0.0, |best| best.score);
    Answer { results, provider: QMD, model: QMD, confidence, stale: worry.is_some(), note: worry }
}

/// One result.
pub(super) fn hit(path: String, shown: Shown, score: f64, source: &'static str) -> Hit {
    let Shown { start_line, end_line, text } = shown;
    let citation = match end_line {
        end if end > start_line => format!("{path}#L{start_line}-L{end}"),
        _ => format!("{path}#L{start_line}"),
    };
    Hit { path, start_line, end_line, score, snippet: text, source, citation }
}

/// An answer of the engine that stepped in.
pub(super) fn stepped_in(mut answer: Answer, reason: &str) -> Answer {
    let says = format!("{reason}; the built-in engine answered");
    answer.note = Some(answer.note.map_or_else(|| says.clone(), |note| format!("{says}; {note}")));
    answer
}

/// The state of the engine that answers in place of `qmd`.
pub(super) fn stepped_in_status(mut status: Status, reason: &str) -> Status {
    status.skipped.insert(0, Skipped { path: QMD.into(), reason: reason.to_owned() });
    status
}

/// The state of `qmd`.
pub(super) fn status(options: &QmdOptions, files: usize, dirty: bool, skipped: Vec<Skipped>) -> Status {
    Status {
        agent_id: options.agent_id.as_str().to_owned(),
        backend: QMD,
        provider: QMD,
        model: QMD,
        database: options.index(),
        files,
        windows: files,
        dirty,
        skipped,
        recovered: None,
    }
}

/// What an update did.
pub(super) fn report(files: usize, changed: usize, removed: usize, skipped: Vec<Skipped>) -> SyncReport {
    SyncReport { files, indexed: changed, removed, pending: 0, skipped }
}
