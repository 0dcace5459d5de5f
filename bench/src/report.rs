//! What was measured, as a table with bars and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::machine::Machine;
use crate::stats::median;

/// Something that is measured, declared where it is measured.
#[derive(Debug, Serialize)]
pub(crate) struct Metric {
    /// What the table says.
    pub(crate) what: &'static str,
    /// Unit of the samples.
    pub(crate) unit: &'static str,
    pub(crate) bar: Bar,
}

/// What is asked of the median.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) enum Bar {
    /// Less is better, and this is enough.
    AtMost(f64),
    /// More is better, and this is enough.
    AtLeast(f64),
    /// Less is better; nothing is asked.
    LessIsBetter,
}

impl Bar {
    fn words(self) -> String {
        match self {
            Self::AtMost(value) => format!("<= {}", number(value)),
            Self::AtLeast(value) => format!(">= {}", number(value)),
            Self::LessIsBetter => "recorded".to_owned(),
        }
    }

    fn verdict(self, value: f64) -> &'static str {
        match self {
            Self::AtMost(most) if value > most => "**missed**",
            Self::AtLeast(least) if value < least => "**missed**",
            Self::AtMost(_) | Self::AtLeast(_) => "met",
            Self::LessIsBetter => "",
        }
    }

    /// How many times better `ours` is than `other`; `None` where that means nothing.
    fn ratio(self, ours: f64, other: f64) -> Option<f64> {
        let (better, worse) = match self {
            Self::AtMost(_) | Self::LessIsBetter => (ours, other),
            Self::AtLeast(_) => (other, ours),
        };
        (better > 0.0).then(|| worse / better)
    }
}

/// The samples of one subject, and what could not be measured.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Results {
    samples: Vec<(&'static Metric, Vec<f64>)>,
    notes: Vec<String>,
}

impl Results {
    /// Adds samples of a metric.
    pub(crate) fn record(&mut self, metric: &'static Metric, samples: &[f64]) {
        match self.samples.iter_mut().find(|(known, _)| std::ptr::eq(*known, metric)) {
            Some((_, all)) => all.extend_from_slice(samples),
            None => self.samples.push((metric, samples.to_vec())),
        }
    }

    /// Says what could not be measured, or under which conditions it was.
    pub(crate) fn note(&mut self, words: String) {
        if !self.notes.contains(&words) {
            self.notes.push(words);
        }
    }

    /// Says which row broke off.
    pub(crate) fn failed(&mut self, words: &str) {
        self.note(format!("FAILED: {words}"));
    }

    fn middle(&self, metric: &Metric) -> Option<f64> {
        let samples = self.samples.iter().find(|(known, _)| std::ptr::eq(*known, metric));
        samples.and_then(|(_, samples)| median(samples))
    }
}

/// The whole report. The first subject is ours; ratios compare the others with it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    machine: Machine,
    subjects: Vec<(&'static str, Results)>,
}

impl Report {
    pub(crate) fn new(machine: Machine, subjects: Vec<(&'static str, Results)>) -> Self {
        Self { machine, subjects }
    }

    /// Every metric any subject has, in the order of measuring.
    fn metrics(&self) -> Vec<&'static Metric> {
        let mut metrics: Vec<&'static Metric> = Vec::new();
        for (metric, _) in self.subjects.iter().flat_map(|(_, results)| &results.samples) {
            if !metrics.iter().any(|known| std::ptr::eq(*known, *metric)) {
                metrics.push(metric);
            }
        }
        metrics
    }

    /// A Markdown table with the machine above and the notes below. Every number is a median.
    pub(crate) fn markdown(&self) -> String {
        let Machine { date, commit, processors, model, kernel, load } = &self.machine;
        let mut text = format!(
            "{date}, commit {commit}, {processors} processors ({model}), Linux {kernel}, load {load} before the first row\n\n"
        );
        let mut table = vec![self.head()];
        table.push(table.iter().flatten().map(|_| "---".to_owned()).collect());
        table.extend(self.metrics().into_iter().map(|metric| self.line(metric)));
        for cells in table {
            // Writing to a String cannot fail.
            writeln!(text, "| {} |", cells.join(" | ")).ok();
        }
        text.push('\n');
        for note in self.subjects.iter().flat_map(|(_, results)| &results.notes) {
            writeln!(text, "- {note}").ok();
        }
        text
    }

    fn head(&self) -> Vec<String> {
        let mut head = vec!["median of".to_owned(), "unit".to_owned(), "bar".to_owned()];
        for (at, (name, _)) in self.subjects.iter().enumerate() {
            head.push((*name).to_owned());
            head.push(if at == 0 { String::new() } else { "times better".to_owned() });
        }
        head
    }

    fn line(&self, metric: &Metric) -> Vec<String> {
        let mut cells = vec![metric.what.to_owned(), metric.unit.to_owned(), metric.bar.words()];
        let ours = self.subjects.first().and_then(|(_, results)| results.middle(metric));
        for (at, (_, results)) in self.subjects.iter().enumerate() {
            let value = results.middle(metric);
            cells.push(value.map_or_else(|| "-".to_owned(), number));
            let beside = match (at, value, ours) {
                (0, Some(value), _) => metric.bar.verdict(value).to_owned(),
                (_, Some(value), Some(ours)) => metric.bar.ratio(ours, value).map(number).unwrap_or_default(),
                (_, None, _) | (_, _, None) => String::new(),
            };
            cells.push(beside);
        }
        cells
    }

    /// Every sample.
    pub(crate) fn json(&self) -> String {
        // Strings, numbers and lists always become JSON.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

/// Three significant digits, which is what a shared machine is good for.
fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 100.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else if size >= 0.1 || value == 0.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.4}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Bar, Metric, Report, Results, number};
    use crate::machine::Machine;

    static FAST: Metric = Metric { what: "start", unit: "ms", bar: Bar::AtMost(12.0) };
    static MANY: Metric = Metric { what: "turns", unit: "1/s", bar: Bar::AtLeast(300.0) };

    #[test]
    fn a_table_with_verdicts_and_ratios() {
        let mut ours = Results::default();
        ours.record(&FAST, &[10.0, 30.0]);
        ours.record(&FAST, &[8.0]);
        ours.record(&MANY, &[200.0]);
        let mut peer = Results::default();
        peer.record(&FAST, &[2_000.0]);
        peer.record(&MANY, &[20.0]);
        peer.failed("peer: size: gone");
        let machine = Machine {
            date: "2026-11-20".into(),
            commit: "abc".into(),
            processors: 2,
            model: "cpu".into(),
            kernel: "6".into(),
            load: "0.1".into(),
        };
        let table = Report::new(machine, vec![("openclaw", ours), ("peer", peer)]).markdown();
        assert!(table.contains("| start | ms | <= 12.0 | 10.0 | met | 2000 | 200 |"), "{table}");
        assert!(table.contains("| turns | 1/s | >= 300 | 200 | **missed** | 20.0 | 10.0 |"), "{table}");
        assert!(table.ends_with("- FAILED: peer: size: gone\n"), "{table}");
    }

    #[test]
    fn three_digits() {
        for (value, expected) in
            [(1234.5, "1234"), (12.34, "12.3"), (1.234, "1.23"), (0.0123, "0.0123"), (0.0, "0.00")]
        {
            assert_eq!(number(value), expected);
        }
    }
}
