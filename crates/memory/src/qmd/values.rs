//! The values of the port, made in one place.

use crate::backend::{Answer, Cut, Fallback, Hit, Skipped, Source, Status, SyncReport};
use crate::when::{date_in_heading, date_of};

use super::core::Condition;
use super::locate::Seen;
use super::options::QmdOptions;
use super::snippet::{Shown, headings};

/// Who answers, as [`Answer::provider`], [`Answer::model`] and [`Status::backend`] have it.
pub(super) const QMD: &str = "qmd";

/// The answer of `qmd`.
pub(super) fn answer(results: Vec<Hit>, condition: Condition) -> Answer {
    Answer {
        confidence: results.first().map_or(0.0, |best| best.score),
        results,
        provider: QMD.into(),
        model: QMD.into(),
        fallback: None,
        stale: condition.worry.is_some(),
        degraded: condition.without_vectors,
        note: condition.worry,
        days: None,
    }
}

/// One result: lines of a file that says `text`.
pub(super) fn hit(path: String, shown: Shown, score: f64, source: Source, text: &str) -> Hit {
    let above = headings(text, shown.start_line);
    let date = above.iter().find_map(|line| date_in_heading(line)).or_else(|| date_of(&path));
    let heading = above.first().map(|line| line.trim_start_matches('#').trim().to_owned());
    let cut = cut(&shown, text);
    Hit {
        citation: citation(&path, &shown),
        path,
        start_line: shown.start_line,
        end_line: shown.end_line,
        score,
        snippet: shown.text,
        source,
        heading: heading.filter(|heading| !heading.is_empty()),
        date: date.map(|date| date.to_string()),
        repeated: 0,
        elsewhere: Vec::new(),
        cut,
        explain: None,
    }
}

/// Which ends of what is shown are not those of the document's lines.
fn cut(shown: &Shown, document: &str) -> Option<Cut> {
    let whole = |line: u32| document.lines().nth((line as usize).saturating_sub(1)).map(str::trim_end);
    let first = whole(shown.start_line).zip(shown.text.lines().next());
    let last = whole(shown.end_line).zip(shown.text.lines().next_back());
    Cut::at((
        first.is_some_and(|(whole, piece)| !whole.starts_with(piece.trim_end())),
        last.is_some_and(|(whole, piece)| !whole.ends_with(piece.trim_end())),
    ))
}

/// The same result with fewer lines, the last of them perhaps in part.
pub(super) fn shortened(hit: Hit, shown: Shown) -> Hit {
    let last = |text: &str| text.lines().next_back().unwrap_or_default().to_owned();
    let whole = hit.snippet.lines().nth((shown.end_line - shown.start_line) as usize).map(str::trim_end);
    let starts_before = matches!(hit.cut, Some(Cut::Start | Cut::Both));
    let goes_on = whole.is_some_and(|whole| whole != last(&shown.text));
    let goes_on =
        goes_on || (shown.end_line == hit.end_line && matches!(hit.cut, Some(Cut::End | Cut::Both)));
    let hit = Hit { cut: Cut::at((starts_before, goes_on)), ..hit };
    Hit { citation: citation(&hit.path, &shown), end_line: shown.end_line, snippet: shown.text, ..hit }
}

fn citation(path: &str, shown: &Shown) -> String {
    let Shown { start_line, end_line, .. } = shown;
    if end_line > start_line {
        format!("{path}#L{start_line}-L{end_line}")
    } else {
        format!("{path}#L{start_line}")
    }
}

/// An answer of the engine that stepped in.
pub(super) fn stepped_in(answer: Answer, reason: &str) -> Answer {
    Answer { fallback: Some(fallback(reason)), ..answer }
}

/// The state of the engine that answers in place of `qmd`.
pub(super) fn stepped_in_status(status: Status, reason: &str) -> Status {
    Status { fallback: Some(fallback(reason)), ..status }
}

/// Why `qmd` does not answer.
pub(super) fn fallback(reason: &str) -> Fallback {
    Fallback { from: QMD.into(), reason: reason.to_owned() }
}

/// The state of `qmd`. How much is embedded it keeps to itself.
pub(super) fn status(
    options: &QmdOptions,
    seen: Seen,
    condition: Condition,
    mut skipped: Vec<Skipped>,
) -> Status {
    let dirty = seen.is_behind || condition.worry.is_some();
    let files = seen.files;
    skipped.extend(condition.worry.map(|reason| Skipped::note(QMD, reason)));
    Status {
        agent_id: options.agent_id.as_str().to_owned(),
        backend: QMD,
        provider: QMD.into(),
        model: QMD.into(),
        fallback: None,
        degraded: condition.without_vectors,
        database: options.index(),
        files,
        windows: files,
        passages: 0,
        embedded: 0,
        cached: 0,
        dirty,
        skipped,
        weight: None,
        ignored: Vec::new(),
        recovered: None,
        jobs: Vec::new(),
    }
}

/// What an update did.
pub(super) fn report(files: usize, changed: usize, removed: usize, skipped: Vec<Skipped>) -> SyncReport {
    SyncReport { files, indexed: changed, removed, skipped, ..SyncReport::default() }
}
