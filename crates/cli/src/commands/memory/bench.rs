//! `openclaw memory bench`

use std::sync::Mutex;

use openclaw_memory::bench::{self, BenchReport, Kind, Plan, Quality, Stage};
use openclaw_memory::{Engine, MemoryBackend as _, Reader, SyncReason};

use super::consent::Asking;
use super::open::Opened;
use super::watching::{End, indexing, stage_words, watching};
use crate::args::{InstanceArgs, MemoryBenchArgs};
use crate::output::{self, Interrupted};
use crate::{format, runtime};

pub(in crate::commands) fn bench(flags: &InstanceArgs, args: &MemoryBenchArgs) -> anyhow::Result<()> {
    let Opened { memory, .. } = Opened::find(flags, args.agent.as_deref())?;
    let engine = memory.engine();
    if let Some(reader) = engine.reader().filter(|_| !args.yes) {
        consent(&reader, args)?;
    }
    let plan = Plan { questions: usize::from(args.questions), seed: args.seed };
    let report = runtime::block_on(measure(engine, plan))?;
    if args.json {
        return Ok(output::json(&report)?);
    }
    let mut shown = words(&report);
    if memory.qmd().is_some() {
        shown.push_str("\nmeasured is the built-in engine; qmd, which is asked before it, has no index of its own for this");
    }
    Ok(output::line(&output::printable(&shown))?)
}

async fn measure(engine: &Engine, plan: Plan) -> anyhow::Result<BenchReport> {
    let stopped = || Interrupted("stopped; nothing was measured, and nothing is left of it".to_owned());
    match indexing(engine, engine.sync(SyncReason::Requested)).await? {
        End::Done(report) => report?,
        End::Interrupted => return Err(stopped().into()),
    };
    let stage: Mutex<Option<Stage>> = Mutex::default();
    let now = || stage.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let tell = |at| *now() = Some(at);
    match watching(bench::run(engine, plan, &tell), || stage_words(*now())).await? {
        End::Done(report) => Ok(report?),
        End::Interrupted => Err(stopped().into()),
    }
}

/// Asks a person whether questions may be sent; without one, they may not.
fn consent(reader: &Reader, args: &MemoryBenchArgs) -> anyhow::Result<()> {
    let what = format!(
        "{reader} makes the vectors of this memory, so that it gets {} questions made of lines of your notes, and \
         passages that have no vector yet",
        args.questions
    );
    let asking = if args.json { Asking::Never } else { Asking::Allowed };
    super::consent::consent(&what, asking, "nothing was sent, and nothing measured")
}

fn words(report: &BenchReport) -> String {
    let best = report.configured.as_ref().unwrap_or(&report.words);
    let how = match &report.configured {
        Some(_) => format!("by words and meaning ({}/{})", report.provider, report.model),
        None => "by words".to_owned(),
    };
    let mut lines = vec![
        format!(
            "Memory of {}: {} made of {} in {} (seed {}), searched {how}",
            report.agent_id,
            format::count(best.questions + best.nonsense, "question"),
            format::count(report.lines, "line"),
            format::count(report.notes, "note"),
            report.seed
        ),
        String::new(),
    ];
    lines.extend(found_table(report, best));
    lines.push(String::new());
    lines.push(output::table(&rows(report, best)));
    lines.extend(report.degraded.iter().map(|degraded| format!("\n{degraded}")));
    lines.join("\n")
}

/// What was found, by kind of question.
fn found_table(report: &BenchReport, best: &Quality) -> Vec<String> {
    let line = |name: &str, asked: usize, found: [f64; 2]| {
        let [first, six] = found.map(percent);
        format!("  {name:26}{asked:>6}{first:>8}{six:>8}")
    };
    let mut lines = vec![format!("  {:26}{:>6}{:>8}{:>8}", "asked for", "asked", "first", "in six")];
    lines.extend(
        best.rows.iter().map(|row| line(kind_words(row.kind), row.questions, [row.found1, row.found6])),
    );
    lines.push(line("all", best.questions, [best.found1, best.found6]));
    if report.configured.is_some() {
        let words = &report.words;
        lines.push(line("all, by words alone", words.questions, [words.found1, words.found6]));
    }
    lines
}

fn rows(report: &BenchReport, best: &Quality) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    if best.nonsense > 0 {
        rows.push((
            "Nonsense",
            format!(
                "{} of {} questions about nothing are rejected, and {} of the others",
                percent(best.rejected),
                best.nonsense,
                percent(1.0 - best.kept)
            ),
        ));
    }
    if let Some(separation) = best.separation {
        let words =
            format!("tells a question with an answer from one without in {} of pairs", percent(separation));
        rows.push(("Confidence", words));
    }
    if best.empty > 0 {
        rows.push((
            "No result",
            format!("for {} that have an answer", format::count(best.empty, "question")),
        ));
    }
    let speed = |quality: &Quality| {
        let search = quality.search;
        format!("{:.1} ms, nineteen of twenty within {:.1} ms", search.p50_ms, search.p95_ms)
    };
    rows.push(("Search", format!("half of all within {}", speed(best))));
    if report.configured.is_some() {
        rows.push(("By words", format!("half of all within {}", speed(&report.words))));
    }
    rows.push((
        "Index",
        format!(
            "the words of {} ({}) in {:.2} s",
            format::count(report.building.notes, "note"),
            format::count(report.building.windows, "line"),
            report.building.ms / 1_000.0
        ),
    ));
    let share = report.embedded as f64 / report.passages.max(1) as f64;
    rows.push((
        "Vectors",
        format!("{} of {} passages ({})", report.embedded, report.passages, percent(share)),
    ));
    rows
}

fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Rare => "its rarest words",
        Kind::Half => "every other word",
        Kind::Quote => "words that stand together",
        Kind::Code => "a code alone",
        Kind::Nonsense => "nonsense",
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::words;
    use openclaw_memory::bench::{BenchReport, Building, Kind, Quality, Row, Speed};

    fn quality(found: f64) -> Quality {
        Quality {
            rows: vec![Row { kind: Kind::Rare, questions: 32, found1: found, found6: 1.0 }],
            questions: 96,
            found1: found,
            found6: 0.987,
            empty: 1,
            nonsense: 24,
            rejected: 0.917,
            kept: 0.969,
            separation: Some(0.991),
            search: Speed { p50_ms: 2.14, p95_ms: 4.4 },
        }
    }

    #[test]
    fn a_table() {
        let report = BenchReport {
            agent_id: "main".into(),
            seed: 7,
            notes: 214,
            lines: 3210,
            provider: "builtin".into(),
            model: "all-MiniLM-L6-v2".into(),
            passages: 4000,
            embedded: 3000,
            configured: Some(quality(0.9)),
            words: quality(0.8),
            building: Building { notes: 214, windows: 5000, ms: 812.0 },
            degraded: Some("words only: the key was refused".into()),
        };
        insta::assert_snapshot!("measured", words(&report));
        insta::assert_snapshot!(
            "measured_by_words",
            words(&BenchReport { configured: None, embedded: 0, ..report })
        );
    }
}
