//! What came of it: a row for each thing tried, and a table at the end.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use openclaw_testkit::crash::{Verdict, Wrong};

use super::args::Promise;
use super::output::progress;

/// Findings printed for a row.
const MAX_SHOWN: usize = 12;

/// One thing tried.
pub(crate) struct Row {
    promise: String,
    what: String,
    wanted: usize,
    pub(crate) done: usize,
    verdict: Verdict,
    /// What is wrong and no matter of messages: too slow, two owners, no owner named.
    wrong: Vec<String>,
    /// Remarks that are no failure.
    notes: Vec<String>,
    began: Instant,
    took: Duration,
}

impl Row {
    /// A row to be filled.
    pub(crate) fn new(promise: Promise, what: &str, wanted: usize) -> Self {
        Self {
            promise: promise.to_string(),
            what: what.to_owned(),
            wanted,
            done: 0,
            verdict: Verdict::default(),
            wrong: Vec::new(),
            notes: Vec::new(),
            began: Instant::now(),
            took: Duration::ZERO,
        }
    }

    /// A row that could not be filled.
    pub(crate) fn broken(promise: Promise, error: &anyhow::Error) -> Self {
        let mut row = Self::new(promise, "broke off", 1);
        row.fail(format!("{error:#}"));
        row
    }

    /// Takes in a verdict; `place` leads back to what it is about.
    pub(crate) fn judge(&mut self, verdict: Verdict, place: &str) {
        self.verdict.acknowledged += verdict.acknowledged;
        self.verdict.answered += verdict.answered;
        self.verdict.interrupted += verdict.interrupted;
        self.verdict.fragments += verdict.fragments;
        for mut finding in verdict.findings {
            finding.what = format!("{place}: {}", finding.what);
            // A whole run takes half an hour; whoever waits may be gone.
            progress(&format!("  {} {}: {:?}: {}", self.promise, self.what, finding.wrong, finding.what))
                .ok();
            self.verdict.findings.push(finding);
        }
    }

    /// Something is wrong.
    pub(crate) fn fail(&mut self, what: String) {
        self.wrong.push(what);
    }

    /// Something is worth saying.
    pub(crate) fn note(&mut self, what: String) {
        self.notes.push(what);
    }

    /// The clock stops here.
    pub(crate) fn finish(mut self) -> Self {
        self.took = self.began.elapsed();
        self
    }

    fn state(&self) -> &'static str {
        match (self.is_clean(), self.wanted) {
            (false, _) => "FAILED",
            (true, 0) => "not tried",
            (true, _) => "ok",
        }
    }

    fn lost(&self) -> usize {
        self.verdict.count(Wrong::Lost) + self.verdict.count(Wrong::Unanswered)
    }

    fn is_clean(&self) -> bool {
        self.verdict.is_clean() && self.wrong.is_empty() && self.done >= self.wanted
    }

    /// What is wrong, and what else is worth saying, line by line.
    pub(crate) fn details(&self) -> String {
        let mut text = String::new();
        let fragments = self.verdict.fragments;
        let fragments =
            (fragments > 0).then(|| format!("{fragments} torn lines were found, marked and passed over"));
        for note in self.notes.iter().chain(&fragments) {
            // Writing to a String cannot fail, here and below.
            writeln!(text, "  {} {}: {note}", self.promise, self.what).ok();
        }
        for wrong in self.wrong.iter().take(MAX_SHOWN) {
            writeln!(text, "  {} {}: WRONG: {wrong}", self.promise, self.what).ok();
        }
        if self.wrong.len() > MAX_SHOWN {
            writeln!(text, "  and {} more", self.wrong.len() - MAX_SHOWN).ok();
        }
        for line in self.verdict.describe(MAX_SHOWN).lines() {
            writeln!(text, "  {} {}: {line}", self.promise, self.what).ok();
        }
        text
    }
}

/// The table.
pub(crate) struct Report {
    seed: u64,
    rows: Vec<Row>,
}

impl Report {
    /// An empty one.
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, rows: Vec::new() }
    }

    /// One more row.
    pub(crate) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Success when every row reached its number and nothing was wrong.
    pub(crate) fn exit_code(&self) -> ExitCode {
        if self.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn is_clean(&self) -> bool {
        self.rows.iter().all(Row::is_clean)
    }

    /// In Markdown, so that it can be pasted.
    pub(crate) fn table(&self) -> String {
        let mut text = format!(
            "Seed {}\n\n\
             | promise | what | to reach | done | acknowledged | interrupted | lost | stuck | doubled | corrupt | other | s | |\n\
             |---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|\n",
            self.seed
        );
        for row in &self.rows {
            writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.1} | {} |",
                row.promise,
                row.what,
                row.wanted,
                row.done,
                row.verdict.acknowledged,
                row.verdict.interrupted,
                row.lost(),
                row.verdict.count(Wrong::Stuck),
                row.verdict.count(Wrong::Doubled),
                row.verdict.count(Wrong::Corrupt),
                row.wrong.len(),
                row.took.as_secs_f64(),
                row.state(),
            )
            .ok();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::args::Promise;
    use super::{Report, Row};
    use openclaw_testkit::crash::{Verdict, Wrong};

    fn row(done: usize) -> Row {
        let mut row = Row::new(Promise::P01, "kills", 2);
        row.done = done;
        row.finish()
    }

    fn is_clean(row: Row) -> (bool, String) {
        let mut report = Report::new(7);
        report.add(row);
        (report.is_clean(), report.table())
    }

    #[test]
    fn a_row_fails_by_findings_by_faults_and_by_too_few() {
        assert!(is_clean(row(2)).0);
        assert!(!is_clean(row(1)).0);
        let mut wrong = row(2);
        wrong.fail("two owners".into());
        assert!(wrong.details().contains("two owners"));
        assert!(!is_clean(wrong).0);
        let mut lost = row(2);
        let mut verdict = Verdict::default();
        verdict.find(Wrong::Unanswered, "tk1");
        lost.judge(verdict, "home 3");
        assert!(lost.details().contains("home 3: tk1"));
        let (clean, table) = is_clean(lost);
        assert!(!clean && table.contains("| P-01 | kills | 2 | 2 | 0 | 0 | 1 | 0 | 0 | 0 | 0 |"), "{table}");
    }
}
