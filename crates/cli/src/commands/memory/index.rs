//! `openclaw memory index`

use std::time::Instant;

use openclaw_memory::{
    AgentMemory, Engine, Fallback, MemoryBackend as _, Spending, Status, SyncReason, SyncReport,
};
use serde::Serialize;

use super::consent::Asking;
use super::open::Opened;
use super::status::{job_words, no_notes_words, skipped_words, stepped_in_words, vector_words};
use super::watching::{End, indexing};
use crate::args::{InstanceArgs, MemoryIndexArgs};
use crate::output::{self, Interrupted};
use crate::{format, runtime};

/// What was done, and what there is now.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Indexed {
    agent_id: String,
    #[serde(flatten)]
    report: SyncReport,
    /// Who answers now: `builtin` or `qmd`.
    backend: &'static str,
    /// Who stepped in for whom, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<Fallback>,
    /// Passages that can have vectors.
    passages: usize,
    /// How long it took.
    ms: u128,
}

pub(in crate::commands) fn index(flags: &InstanceArgs, args: &MemoryIndexArgs) -> anyhow::Result<()> {
    let Opened { memory, .. } = Opened::find(flags, args.agent.as_deref())?;
    let why = if args.force { SyncReason::Rebuild } else { SyncReason::Requested };
    let begun = Instant::now();
    let (report, status) = runtime::block_on(async {
        // What `qmd` does costs nothing.
        let asks = !args.yes && memory.qmd().is_none() && memory.engine().may_cost();
        let read = if asks { ask_first(memory.engine(), why, args).await? } else { SyncReport::default() };
        let report = with(sync(&memory, why).await?, &read, why);
        let status = memory.backend().status().await?;
        // Who was asked about has failed, and the one that stepped in would get much.
        if memory.qmd().is_some() || status.fallback.is_none() || !would_get_much(memory.engine()).await? {
            return Ok((report, status));
        }
        if !args.yes {
            ask_first(memory.engine(), SyncReason::Requested, args).await?;
        }
        let more = sync(&memory, SyncReason::Requested).await?;
        let report =
            SyncReport { embedded: report.embedded + more.embedded, degraded: more.degraded, ..report };
        Ok((report, memory.backend().status().await?))
    })?;
    let indexed = Indexed {
        agent_id: status.agent_id.clone(),
        report,
        backend: status.backend,
        fallback: status.fallback.clone(),
        passages: status.passages,
        ms: begun.elapsed().as_millis(),
    };
    if args.json {
        return Ok(output::json(&indexed)?);
    }
    Ok(output::line(&output::printable(&output::for_instance(&words(&indexed, &status), flags)))?)
}

async fn sync(memory: &AgentMemory, why: SyncReason) -> anyhow::Result<SyncReport> {
    let backend = memory.backend();
    match indexing(memory.engine(), backend.sync(why)).await? {
        End::Done(report) => Ok(report?),
        End::Interrupted => Err(interrupted(&backend.status().await?).into()),
    }
}

async fn would_get_much(engine: &Engine) -> anyhow::Result<bool> {
    Ok(engine.spending(SyncReason::Requested).await?.is_some_and(|spending| spending.is_much()))
}

/// What was done in all, when notes were read before somebody was asked; a rebuild reads them all again.
fn with(report: SyncReport, read: &SyncReport, why: SyncReason) -> SyncReport {
    match why {
        SyncReason::Rebuild => report,
        SyncReason::SessionStart | SyncReason::Written | SyncReason::Requested => SyncReport {
            indexed: report.indexed + read.indexed,
            removed: report.removed + read.removed,
            ..report
        },
    }
}

/// Asks before much is sent to a service that costs money, and tells what was read for that. Vectors that are kept from
/// before are not counted.
async fn ask_first(engine: &Engine, why: SyncReason, args: &MemoryIndexArgs) -> anyhow::Result<SyncReport> {
    let read = match indexing(engine, engine.read_notes()).await? {
        End::Done(report) => report?,
        End::Interrupted => return Err(interrupted(&engine.status().await?).into()),
    };
    let Some(spending) = engine.spending(why).await?.filter(Spending::is_much) else { return Ok(read) };
    let what = format!(
        "{} gets the text of {spending}, which is more than memorySearch.remote.askAboveTokens ({})",
        spending.embedder, spending.ask_above_tokens
    );
    let asking = if args.json { Asking::Never } else { Asking::Allowed };
    let declined = "nothing was sent; the notes are found by their words";
    super::consent::consent(&what, asking, declined)?;
    Ok(read)
}

fn words(indexed: &Indexed, status: &Status) -> String {
    let SyncReport { files, indexed: new, removed, degraded, skipped, .. } = &indexed.report;
    let mut lines = vec![
        format!(
            "memory of {}: {}, {new} indexed now, {removed} gone ({:.1} s)",
            indexed.agent_id,
            format::count(*files, "file"),
            indexed.ms as f64 / 1_000.0
        ),
        format!("vectors: {}", vector_words(status)),
    ];
    if *files == 0 {
        lines.push(no_notes_words(skipped));
    }
    lines.extend(status.fallback.as_ref().map(|fallback| stepped_in_words(status, fallback)));
    if !status.jobs.is_empty() {
        lines.push(format!("jobs: {}; `openclaw memory index` collects them", job_words(&status.jobs)));
    }
    lines.extend(degraded.clone());
    if *files > 0 && !skipped.is_empty() {
        lines.push(format!("skipped:\n{}", skipped_words(skipped)));
    }
    lines.join("\n")
}

fn interrupted(status: &Status) -> Interrupted {
    Interrupted(format!(
        "stopped; what is indexed can be searched: {}, vectors: {}; `openclaw memory index` goes on from here",
        format::count(status.files, "file"),
        vector_words(status),
    ))
}
