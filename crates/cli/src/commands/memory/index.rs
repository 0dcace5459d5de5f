//! `openclaw memory index`

use std::time::Instant;

use openclaw_memory::{Fallback, Status, SyncReason, SyncReport};
use serde::Serialize;

use super::open::Opened;
use super::status::{skipped_words, stepped_in_words, vector_words};
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
        let backend = memory.backend();
        match indexing(memory.engine(), backend.sync(why)).await? {
            End::Done(report) => Ok((report?, backend.status().await?)),
            End::Interrupted => Err(interrupted(&backend.status().await?).into()),
        }
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
        lines.push(
            "there are no notes yet: write MEMORY.md or memory/YYYY-MM-DD.md in the workspace".to_owned(),
        );
    }
    lines.extend(status.fallback.as_ref().map(|fallback| stepped_in_words(status, fallback)));
    lines.extend(degraded.clone());
    if !skipped.is_empty() {
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
