//! `openclaw memory status`

use openclaw_memory::{
    AgentMemory, Download, Fallback, JobStage, JobUnderWay, Probe, Reader, Role, Skipped, Status,
};
use serde::Serialize;

use super::open::{Opened, outlook, unsearched_words};
use crate::args::{InstanceArgs, MemoryStatusArgs};
use crate::{format, output, runtime};

/// The program that may be asked before the built-in engine.
pub(in crate::commands) const QMD: &str = "qmd";
/// Who answers otherwise.
pub(in crate::commands) const BUILT_IN: &str = "the built-in engine";

/// The state, and what those who make vectors said.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    #[serde(flatten)]
    status: Status,
    /// Who would make vectors, also when there are none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    embedder: Option<String>,
    /// Who gets the text of notes and questions: a service, or the address of a server on this machine. Absent when
    /// nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_to: Option<Reader>,
    /// Notes on the disk that are searched, whether they are indexed or not; absent where `qmd` lists them.
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<usize>,
    /// Notes outside `memory/` that are not searched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unsearched: Vec<String>,
    /// With `--deep`.
    #[serde(skip_serializing_if = "Option::is_none")]
    probes: Option<Vec<Probe>>,
}

pub(in crate::commands) fn status(flags: &InstanceArgs, args: &MemoryStatusArgs) -> anyhow::Result<()> {
    let Opened { instance, agent, memory } = Opened::find(flags, args.agent.as_deref())?;
    let report = runtime::block_on(async {
        let probes = match args.deep {
            true => Some(look(&memory).await?),
            false => None,
        };
        let (embedder, sent_to) = (memory.engine().embedder(), memory.engine().reader());
        let status = memory.backend().status().await?;
        let outlook = outlook(&instance, &agent)?;
        let notes = outlook.as_ref().map(|outlook| outlook.notes);
        let unsearched = outlook.map(|outlook| outlook.unsearched).unwrap_or_default();
        Ok(Report { status, embedder, sent_to, notes, unsearched, probes })
    })?;
    if args.json {
        return Ok(output::json(&report)?);
    }
    let short = |path: &std::path::Path| format::short_path(path, &instance.at.home);
    let mut rows = vec![
        ("Notes", format!("{} in {}", files_words(&report), short(&agent.workspace))),
        ("Search", search_words(&report)),
        ("Vectors", vectors(&report)),
        ("Privacy", privacy_words(report.sent_to.as_ref())),
        ("Index", format!("{}, {}", short(&report.status.database), index_words(&report.status))),
    ];
    rows.extend(report.status.download.map(|download| ("Model", download_words(download))));
    if !report.status.jobs.is_empty() {
        rows.push(("Jobs", job_words(&report.status.jobs)));
    }
    rows.extend(report.probes.iter().flatten().map(|probe| ("Asked", probe_words(probe))));
    if let Some(weight) = report.status.weight.filter(|_| args.deep) {
        rows.push(("Weight", format!("meaning counts {weight}; words the rest of 1")));
    }
    if let Some(aside) = &report.status.recovered {
        rows.push((
            "Repaired",
            format!("the index was damaged and built anew; the old one is {}", short(aside)),
        ));
    }
    let extra = &instance.config().agents.memory_search(&agent.id).extra_paths;
    rows.extend(unsearched_words(&report.unsearched, extra).map(|words| ("Left out", words)));
    if !report.status.skipped.is_empty() {
        rows.push(("Skipped", skipped_words(&report.status.skipped)));
    }
    if !report.status.ignored.is_empty() {
        rows.push(("Ignored", report.status.ignored.join("\n")));
    }
    output::line(&format!("Memory of {}", agent.id))?;
    Ok(output::line(&output::for_instance(&output::table(&rows), flags))?)
}

/// Reads what has changed, and asks whoever makes vectors.
async fn look(memory: &AgentMemory) -> anyhow::Result<Vec<Probe>> {
    let mut probes = Vec::new();
    probes.extend(memory.probe_qmd().await);
    memory.engine().read_notes().await?;
    probes.extend(memory.engine().probe().await);
    Ok(probes)
}

/// Whether nothing has been indexed yet of notes that are there.
fn is_before_first(report: &Report) -> bool {
    report.status.files == 0 && report.notes.is_some_and(|notes| notes > 0)
}

fn files_words(report: &Report) -> String {
    match report.notes {
        Some(notes) if is_before_first(report) => {
            format!("{}, none of them indexed yet,", format::count(notes, "file"))
        }
        Some(_) | None => format::count(report.status.files, "file"),
    }
}

/// How it is searched, and what that lacks.
fn search_words(report: &Report) -> String {
    let status = &report.status;
    let mut words = match status.embedded {
        _ if status.backend == QMD => "by qmd".to_owned(),
        0 if is_before_first(report) && report.embedder.is_some() => {
            "by words, and by meaning when the notes are indexed".to_owned()
        }
        0 => "by words".to_owned(),
        _ => format!("by words and meaning ({}/{})", status.provider, status.model),
    };
    if let Some(fallback) = &status.fallback {
        words = format!("{words}\n{}", stepped_in_words(status, fallback));
    }
    if let Some(degraded) = &status.degraded {
        words = format!("{words}\n{degraded}");
    }
    words
}

/// Who stepped in for whom, and why.
pub(super) fn stepped_in_words(status: &Status, fallback: &Fallback) -> String {
    let Fallback { from, reason } = fallback;
    match from.as_str() {
        QMD => format!("{BUILT_IN} stepped in for {from}: {reason}"),
        _ => format!("{}/{} stepped in for {from}: {reason}", status.provider, status.model),
    }
}

fn vectors(report: &Report) -> String {
    match &report.embedder {
        Some(_) | None if report.status.backend == QMD => "qmd makes its own".to_owned(),
        None => "nobody makes any; memorySearch.provider names who should".to_owned(),
        Some(embedder) if report.status.embedded == 0 && report.status.passages > 0 => {
            format!("{}; `openclaw memory index` has {embedder} make them", vector_words(&report.status))
        }
        Some(_) => vector_words(&report.status),
    }
}

/// How many passages have vectors.
pub(super) fn vector_words(status: &Status) -> String {
    if status.backend == QMD {
        return "qmd makes its own".to_owned();
    }
    let Status { embedded, passages, cached, .. } = status;
    let mut words = format!("{embedded} of {}", format::count(*passages, "passage"));
    if let Some(share) = (embedded * 100).checked_div(*passages) {
        words = format!("{words} ({share} %)");
    }
    if *cached > 0 { format!("{words}, {cached} kept for text that comes back") } else { words }
}

/// Batch jobs at the service.
pub(super) fn job_words(jobs: &[JobUnderWay]) -> String {
    let words = |job: &JobUnderWay| {
        let state = match job.stage {
            JobStage::Sending => "is being sent",
            JobStage::Running => "is under way",
            JobStage::Stopping => "took too long and was told to stop",
        };
        let name = job.id.as_deref().map_or("one".to_owned(), ToOwned::to_owned);
        let mut words = format!("{name} with {} {state}", format::count(job.texts, "passage"));
        if job.done > 0 {
            words = format!("{words}, {} done", job.done);
        }
        words
    };
    jobs.iter().map(words).collect::<Vec<_>>().join("\n")
}

/// How far a model is on its way here.
fn download_words(download: Download) -> String {
    format!(
        "{download} are downloaded; the gateway or `openclaw memory index` goes on, and words answer meanwhile"
    )
}

fn privacy_words(sent_to: Option<&Reader>) -> String {
    match sent_to {
        None => "nothing leaves this machine".to_owned(),
        Some(reader) => format!("{reader} gets the text of notes and questions, to make vectors of it"),
    }
}

fn index_words(status: &Status) -> String {
    let state = if status.dirty {
        "notes have changed; the next search or `openclaw memory index` reads them"
    } else {
        "up to date"
    };
    let what = if status.backend == QMD { "document" } else { "line" };
    format!("{}, {state}", format::count(status.windows, what))
}

fn probe_words(probe: &Probe) -> String {
    let role = match probe.role {
        Role::Primary => "",
        Role::Fallback => " (steps in when the first fails)",
    };
    match (&probe.error, probe.dimensions) {
        (Some(error), _) => format!("{}{role}: {error}", probe.embedder),
        (None, None) => format!("{}{role} answered in {:.0} ms", probe.embedder, probe.ms),
        (None, Some(dimensions)) => {
            format!("{}{role} answered in {:.0} ms, {dimensions} numbers", probe.embedder, probe.ms)
        }
    }
}

/// What was passed over and why, a line each.
pub(super) fn skipped_words(skipped: &[Skipped]) -> String {
    skipped.iter().map(|one| named_once(&one.path, &one.reason)).collect::<Vec<_>>().join("\n")
}

/// Why not one note is found. Those that cannot be read are there all the same.
pub(super) fn no_notes_words(skipped: &[Skipped]) -> String {
    if skipped.is_empty() {
        return "there are no notes yet: write MEMORY.md or memory/YYYY-MM-DD.md in the workspace".to_owned();
    }
    format!("no note can be read:\n{}", skipped_words(skipped))
}

/// A reason with its path in front, unless it names that itself.
fn named_once(path: &str, reason: &str) -> String {
    if path != "." && reason.contains(path) { reason.to_owned() } else { format!("{path}: {reason}") }
}

#[cfg(test)]
mod tests {
    use super::named_once;

    #[test]
    fn a_file_that_is_passed_over_is_named_once() {
        let rows = [
            ("memory/x.md", "memory/x.md is not text", "memory/x.md is not text"),
            ("a.md", "larger than 2 bytes; split it", "a.md: larger than 2 bytes; split it"),
            (".", "only the first 5. are looked at", ".: only the first 5. are looked at"),
        ];
        for (path, reason, expected) in rows {
            assert_eq!(named_once(path, reason), expected);
        }
    }
}
