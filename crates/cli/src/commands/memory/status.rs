//! `openclaw memory status`

use openclaw_memory::{Engine, JobStage, JobUnderWay, MemoryBackend as _, Probe, Role, Skipped, Status};
use serde::Serialize;

use super::open::Opened;
use crate::args::{InstanceArgs, MemoryStatusArgs};
use crate::{format, output, runtime};

/// The state, and what those who make vectors said.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    #[serde(flatten)]
    status: Status,
    /// Who would make vectors, also when there are none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    embedder: Option<String>,
    /// Who gets the text of notes and questions; absent when nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_to: Option<&'static str>,
    /// With `--deep`.
    #[serde(skip_serializing_if = "Option::is_none")]
    probes: Option<Vec<Probe>>,
}

pub(in crate::commands) fn status(flags: &InstanceArgs, args: &MemoryStatusArgs) -> anyhow::Result<()> {
    let Opened { instance, agent, engine } = Opened::find(flags, args.agent.as_deref())?;
    let report = runtime::block_on(async {
        let probes = match args.deep {
            true => Some(look(&engine).await?),
            false => None,
        };
        let (embedder, sent_to) = (engine.embedder(), engine.service());
        Ok(Report { status: engine.status().await?, embedder, sent_to, probes })
    })?;
    if args.json {
        return Ok(output::json(&report)?);
    }
    let short = |path: &std::path::Path| format::short_path(path, &instance.at.home);
    let mut rows = vec![
        ("Notes", format!("{} in {}", format::count(report.status.files, "file"), short(&agent.workspace))),
        ("Search", search_words(&report.status)),
        ("Vectors", vectors(&report)),
        ("Privacy", privacy_words(report.sent_to)),
        ("Index", format!("{}, {}", short(&report.status.database), index_words(&report.status))),
    ];
    if !report.status.jobs.is_empty() {
        rows.push(("Jobs", job_words(&report.status.jobs)));
    }
    rows.extend(report.probes.iter().flatten().map(|probe| ("Asked", probe_words(probe))));
    if let Some(aside) = &report.status.recovered {
        rows.push((
            "Repaired",
            format!("the index was damaged and built anew; the old one is {}", short(aside)),
        ));
    }
    if !report.status.skipped.is_empty() {
        rows.push(("Skipped", skipped_words(&report.status.skipped)));
    }
    output::line(&format!("Memory of {}", agent.id))?;
    Ok(output::line(&output::for_instance(&output::table(&rows), flags))?)
}

/// Reads what has changed, and asks whoever makes vectors.
async fn look(engine: &Engine) -> anyhow::Result<Vec<Probe>> {
    engine.read_notes().await?;
    Ok(engine.probe().await)
}

/// How it is searched, and what that lacks.
fn search_words(status: &Status) -> String {
    let mut words = match status.embedded {
        0 => "by words".to_owned(),
        _ => format!("by words and meaning ({}/{})", status.provider, status.model),
    };
    if let Some(fallback) = &status.fallback {
        words = format!("{words}\nstepped in for {}: {}", fallback.from, fallback.reason);
    }
    if let Some(degraded) = &status.degraded {
        words = format!("{words}\n{degraded}");
    }
    words
}

fn vectors(report: &Report) -> String {
    match &report.embedder {
        None => "nobody makes any; memorySearch.provider names who should".to_owned(),
        Some(embedder) if report.status.embedded == 0 && report.status.passages > 0 => {
            format!("{}; `openclaw memory index` has {embedder} make them", vector_words(&report.status))
        }
        Some(_) => vector_words(&report.status),
    }
}

/// How many passages have vectors.
pub(super) fn vector_words(status: &Status) -> String {
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

fn privacy_words(sent_to: Option<&str>) -> String {
    match sent_to {
        None => "nothing leaves this machine".to_owned(),
        Some(service) => format!("{service} gets the text of notes and questions, to make vectors of it"),
    }
}

fn index_words(status: &Status) -> String {
    let state = if status.dirty {
        "notes have changed; the next search or `openclaw memory index` reads them"
    } else {
        "up to date"
    };
    format!("{}, {state}", format::count(status.windows, "line"))
}

fn probe_words(probe: &Probe) -> String {
    let role = match probe.role {
        Role::Primary => "",
        Role::Fallback => " (steps in when the first fails)",
    };
    match (&probe.error, probe.dimensions) {
        (Some(error), _) => format!("{}{role}: {error}", probe.embedder),
        (None, dimensions) => format!(
            "{}{role} answered in {:.0} ms, {} numbers",
            probe.embedder,
            probe.ms,
            dimensions.unwrap_or_default()
        ),
    }
}

pub(super) fn skipped_words(skipped: &[Skipped]) -> String {
    skipped.iter().map(|note| format!("{}: {}", note.path, note.reason)).collect::<Vec<_>>().join("\n")
}
