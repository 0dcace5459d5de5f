//! `openclaw memory`: search and index, straight on the files; no gateway is needed.

use std::sync::Arc;

use anyhow::bail;
use openclaw_config::EmbeddingProvider;
use openclaw_guard::{PathComponent, Root, SystemClock};
use openclaw_memory::{
    Answer, Engine, EngineOptions, Explaining, MemoryBackend as _, Query, Skipped, Status, Surroundings,
    SyncReason, SyncReport,
};

use crate::agents::{self, AgentPlaces};
use crate::args::{InstanceArgs, MemoryIndexArgs, MemorySearchArgs, MemoryStatusArgs};
use crate::instance::Instance;
use crate::{format, output, runtime};

/// The memory of an agent.
///
/// # Errors
/// It is turned off, or there is no workspace.
pub(super) fn engine(instance: &Instance, agent: &AgentPlaces) -> anyhow::Result<Engine> {
    let config = instance.config();
    let search = config.agents.memory_search(&agent.id);
    if !search.enabled {
        bail!("memory search is turned off for agent {} (memorySearch.enabled is false)", agent.id);
    }
    if search.provider == EmbeddingProvider::None {
        bail!("memory search is turned off for agent {} (memorySearch.provider is \"none\")", agent.id);
    }
    if config.extensions.plugins.slots.memory == "none" {
        bail!("memory search is turned off (plugins.slots.memory is \"none\")");
    }
    if !agent.workspace.is_dir() {
        bail!("the workspace {} does not exist; `openclaw quickstart` makes it", agent.workspace.display());
    }
    let agent_id = PathComponent::parse(&agent.id)?;
    let workspace = Arc::new(Root::open(&agent.workspace)?);
    let around = Surroundings { config, at: &instance.at, env: &instance.loaded.env };
    Ok(Engine::new(EngineOptions::configured(around, agent_id, workspace, Arc::new(SystemClock))))
}

fn open(flags: &InstanceArgs, agent: Option<&str>) -> anyhow::Result<(Instance, AgentPlaces, Engine)> {
    let instance = Instance::open(flags)?;
    let agent = agents::find(&instance, agent)?;
    let engine = engine(&instance, &agent)?;
    Ok((instance, agent, engine))
}

pub(super) fn status(flags: &InstanceArgs, args: &MemoryStatusArgs) -> anyhow::Result<()> {
    let (instance, agent, engine) = open(flags, args.agent.as_deref())?;
    let status = runtime::block_on(async {
        if args.deep {
            engine.sync(SyncReason::Requested).await?;
        }
        Ok(engine.status().await?)
    })?;
    if args.json {
        return Ok(output::json(&status)?);
    }
    output::line(&format!("Memory of {}", agent.id))?;
    Ok(output::line(&status_words(&instance, &agent, &status))?)
}

fn status_words(instance: &Instance, agent: &AgentPlaces, status: &Status) -> String {
    let short = |path| format::short_path(path, &instance.at.home);
    let state = if status.dirty {
        "notes have changed; the next search or `openclaw memory index` reads them"
    } else {
        "up to date"
    };
    let mut rows = vec![
        ("Notes", format!("{} in {}", format::count(status.files, "file"), short(&agent.workspace))),
        ("Search", search_words(status)),
        (
            "Index",
            format!("{}, {}, {state}", short(&status.database), format::count(status.windows, "passage")),
        ),
    ];
    if let Some(aside) = &status.recovered {
        rows.push((
            "Repaired",
            format!("the index was damaged and built anew; the old one is {}", aside.display()),
        ));
    }
    if !status.skipped.is_empty() {
        rows.push(("Skipped", skipped_words(&status.skipped)));
    }
    output::table(&rows)
}

fn search_words(status: &Status) -> String {
    let mut words = match (status.embedded, status.passages) {
        (0, _) => "by words".to_owned(),
        (embedded, all) => format!(
            "by words and meaning ({}/{}), {embedded} of {} embedded",
            status.provider,
            status.model,
            format::count(all, "passage")
        ),
    };
    if let Some(fallback) = &status.fallback {
        words = format!("{words}\nstepped in for {}: {}", fallback.from, fallback.reason);
    }
    if let Some(degraded) = &status.degraded {
        words = format!("{words}\n{degraded}");
    }
    words
}

fn skipped_words(skipped: &[Skipped]) -> String {
    skipped.iter().map(|note| format!("{}: {}", note.path, note.reason)).collect::<Vec<_>>().join("\n")
}

pub(super) fn index(flags: &InstanceArgs, args: &MemoryIndexArgs) -> anyhow::Result<()> {
    let (_instance, agent, engine) = open(flags, args.agent.as_deref())?;
    let why = if args.force { SyncReason::Rebuild } else { SyncReason::Requested };
    let report: SyncReport = runtime::block_on(async { Ok(engine.sync(why).await?) })?;
    if args.json {
        return Ok(output::json(&report)?);
    }
    let SyncReport { files, indexed, removed, .. } = report;
    let notes = format::count(files, "file");
    output::line(&format!("memory of {}: {notes}, {indexed} indexed now, {removed} gone", agent.id))?;
    if !report.skipped.is_empty() {
        output::line(&output::printable(&skipped_words(&report.skipped)))?;
    }
    Ok(())
}

pub(super) fn search(flags: &InstanceArgs, args: &MemorySearchArgs) -> anyhow::Result<()> {
    let (instance, agent, engine) = open(flags, args.agent.as_deref())?;
    let configured = instance.config().agents.memory_search(&agent.id).query.max_results;
    let max_results = match args.max_results {
        Some(count) => usize::from(count),
        None => usize::try_from(configured).unwrap_or(usize::MAX),
    };
    // The configured cut is on the scale of vector similarity, which this search does not use.
    let query = Query {
        text: args.query.clone(),
        max_results,
        min_score: args.min_score.unwrap_or(0.0),
        explain: Explaining::Off,
    };
    let answer = runtime::block_on(async { Ok(engine.search(query).await?) })?;
    if args.json {
        return Ok(output::json(&answer)?);
    }
    Ok(output::line(&output::printable(&answer_words(&answer)))?)
}

fn answer_words(answer: &Answer) -> String {
    let mut blocks: Vec<String> = answer
        .results
        .iter()
        .map(|hit| {
            let lines: Vec<String> = hit.snippet.lines().map(|line| format!("  {line}")).collect();
            format!("{}  ({:.2})\n{}", hit.citation, hit.score, lines.join("\n"))
        })
        .collect();
    if blocks.is_empty() {
        blocks.push("nothing found".to_owned());
    }
    blocks.extend(answer.degraded.clone());
    blocks.extend(answer.note.clone());
    blocks.join("\n\n")
}
