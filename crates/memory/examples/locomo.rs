//! Scores the engine on a folder of LoCoMo workspaces with the same definitions as the project's judge script:
//! `cargo run -p openclaw-memory --example locomo -- --data DIR [--pooled] [--words]`.
//!
//! `shown@6` is the share of a question's evidence lines that stand whole in the snippets of six results; `hit@6`: at
//! least one does; `R@1`: the share in the first result. `--hits FILE` also writes questions, evidence and results, a
//! line of JSON each, for `--example quotes` of openclaw-models.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use openclaw_embed::{Builtin, Embedder};
use openclaw_guard::{PathComponent, Root, SystemClock, create_private_dir, write_atomic};
use openclaw_memory::{Embedders, Engine, EngineOptions, Hit, MemoryBackend as _, Query, SyncReason};
use serde::Deserialize;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[derive(Deserialize)]
struct Question {
    workspace: String,
    question: String,
    category_name: String,
    evidence: Vec<Evidence>,
}

#[derive(Deserialize)]
struct Evidence {
    path: String,
    line: usize,
}

/// Sums over questions.
#[derive(Default)]
struct Sums {
    questions: f64,
    shown: f64,
    hit: f64,
    first: f64,
    characters: f64,
    empty: f64,
}

impl Sums {
    fn add(&mut self, question: &Question, lines: &[String], hits: &[Hit], prefix: &str) {
        let mut shown = 0.0;
        for (evidence, line) in question.evidence.iter().zip(lines) {
            let path = evidence.path.replacen("memory/", &format!("memory/{prefix}"), 1);
            let holds =
                |hit: &Hit| hit.path == path && !line.is_empty() && normal(&hit.snippet).contains(line);
            if let Some(rank) = hits.iter().position(holds) {
                shown += 1.0;
                self.first += if rank == 0 { 1.0 / question.evidence.len() as f64 } else { 0.0 };
            }
        }
        self.questions += 1.0;
        self.shown += shown / question.evidence.len() as f64;
        self.hit += f64::from(shown > 0.0);
        self.characters += hits.iter().map(|hit| hit.snippet.chars().count() as f64).sum::<f64>();
        self.empty += f64::from(hits.is_empty());
    }

    fn row(&self) -> String {
        let n = self.questions;
        format!(
            "questions {n:4}  shown@6 {:.4}  hit@6 {:.4}  R@1 {:.4}  tokens {:.0}  empty {:.4}",
            self.shown / n,
            self.hit / n,
            self.first / n,
            self.characters / 4.0 / n,
            self.empty / n
        )
    }
}

fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn copy_notes(from: &Path, to: &Path) -> Outcome<()> {
    create_private_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        write_atomic(&to.join(entry.file_name()), &std::fs::read(entry.path())?)?;
    }
    Ok(())
}

fn engine(home: &Path, name: &str, embedders: Embedders) -> Outcome<Engine> {
    let agent_id = PathComponent::parse(name)?;
    let workspace = Arc::new(Root::open(&home.join(name))?);
    let options = EngineOptions::new(agent_id, workspace, home, Arc::new(SystemClock));
    Ok(Engine::new(EngineOptions { embedders, ..options }))
}

#[allow(clippy::print_stdout, reason = "a measuring tool prints its measurement")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let data = arguments.iter().skip_while(|a| *a != "--data").nth(1).map(PathBuf::from);
    let data = data.ok_or("usage: locomo --data DIR [--pooled] [--words]")?;
    let builtin: Option<Arc<dyn Embedder>> =
        arguments.iter().all(|a| a != "--words").then(|| Arc::new(Builtin::new()) as _);
    let embedders = Embedders { primary: builtin, ..Embedders::default() };
    let pooled = arguments.iter().any(|a| a == "--pooled");
    let text = std::fs::read_to_string(data.join("questions.jsonl"))?;
    let questions: Vec<Question> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;

    let home = tempfile::tempdir()?;
    let mut engines: HashMap<String, Engine> = HashMap::new();
    for question in &questions {
        let conversation = question.workspace.as_str();
        let name = if pooled { "pool" } else { conversation };
        let below = if pooled { conversation } else { "" };
        let target = home.path().join(name).join("memory").join(below);
        if !target.exists() {
            copy_notes(&data.join(conversation).join("memory"), &target)?;
        }
        if !engines.contains_key(name) {
            engines.insert(name.to_owned(), engine(home.path(), name, embedders.clone())?);
        }
    }
    let began = Instant::now();
    for engine in engines.values() {
        engine.sync(SyncReason::Rebuild).await?;
    }
    println!("indexed in {:?}", began.elapsed());

    let hits_file = arguments.iter().skip_while(|a| *a != "--hits").nth(1).map(PathBuf::from);
    let mut rows = String::new();
    let mut sums: std::collections::BTreeMap<String, Sums> = std::collections::BTreeMap::new();
    let mut times: Vec<Duration> = Vec::new();
    for question in &questions {
        let name = if pooled { "pool" } else { &question.workspace };
        let began = Instant::now();
        let answer = engines[name].search(Query::new(question.question.as_str())).await?;
        times.push(began.elapsed());
        let mut lines = Vec::new();
        for evidence in &question.evidence {
            let note = std::fs::read_to_string(data.join(&question.workspace).join(&evidence.path))?;
            lines.push(normal(note.split('\n').nth(evidence.line - 1).unwrap_or_default()));
        }
        let row = serde_json::json!({
            "question": question.question, "evidence": lines, "answer": answer,
        });
        rows.push_str(&format!("{row}\n"));
        let prefix = if pooled { format!("{}/", question.workspace) } else { String::new() };
        for key in ["all", &question.category_name] {
            sums.entry(key.to_owned()).or_default().add(question, &lines, &answer.results, &prefix);
        }
    }
    if let Some(file) = hits_file {
        write_atomic(&file, rows.as_bytes())?;
    }
    for (name, sums) in &sums {
        println!("{name:12} {}", sums.row());
    }
    times.sort();
    println!("search p50 {:?} p95 {:?}", times[times.len() / 2], times[times.len() * 95 / 100]);
    Ok(())
}
