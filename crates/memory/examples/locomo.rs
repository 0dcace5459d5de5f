//! Scores the engine on a folder of LoCoMo workspaces with the same definitions as the project's judge script:
//! `cargo run -p openclaw-memory --example locomo -- --data DIR [--pooled] [--words] [--weighted [--min-score X]]
//! [--abstain] [--hits FILE]`.
//!
//! `shown@6` is the share of a question's evidence lines that stand whole in the snippets of six results; `hit@6`: at
//! least one does; `R@1`: the share in the first result; `MRR`: one over the rank of the first result that shows one;
//! `lines@6`: the share of evidence lines that six results name, whether they show them or not.
//!
//! `--weighted` ranks as OpenClaw 2026.2.9 does, with its least score unless another is named.
//!
//! `--abstain` asks every question of another conversation as well, with the names of its speakers put in: the same form
//! and no answer. `AUC` is the share of pairs of a question with an answer and one without in which the first has the
//! higher confidence; `rejected`, the share of those without whose confidence is below that of 95 % of those with one.
//!
//! `--hits FILE` also writes questions, evidence and results, a line of JSON each, for `--example quotes` of
//! openclaw-models.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use openclaw_embed::{Builtin, Embedder};
use openclaw_guard::{PathComponent, Root, SystemClock, create_private_dir, write_atomic};
use openclaw_memory::bench::separation;
use openclaw_memory::{
    Embedders, Engine, EngineOptions, Fusion, Hit, MemoryBackend as _, Query, SyncReason, Weighted,
};
use serde::Deserialize;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "usage: locomo --data DIR [--pooled] [--words] [--weighted [--min-score X]] [--abstain]";
/// OpenClaw's least score.
const LEAST_WEIGHTED: f64 = 0.35;

/// What is measured.
struct Settings {
    data: PathBuf,
    pooled: bool,
    abstain: bool,
    embedders: Embedders,
    fusion: Fusion,
    min_score: f64,
}

impl Settings {
    fn read(arguments: &[String]) -> Outcome<Self> {
        let has = |name: &str| arguments.iter().any(|argument| argument == name);
        let value = |name: &str| arguments.iter().skip_while(|argument| *argument != name).nth(1);
        let builtin = (!has("--words")).then(|| Arc::new(Builtin::new()) as Arc<dyn Embedder>);
        let fusion = match has("--weighted") {
            true => Fusion::Weighted(Weighted::default()),
            false => Fusion::default(),
        };
        let usual = if has("--weighted") { LEAST_WEIGHTED } else { 0.0 };
        Ok(Self {
            data: value("--data").map(PathBuf::from).ok_or(USAGE)?,
            pooled: has("--pooled"),
            abstain: has("--abstain"),
            embedders: Embedders { primary: builtin, ..Embedders::default() },
            fusion,
            min_score: value("--min-score").map(|score| score.parse()).transpose()?.unwrap_or(usual),
        })
    }

    fn query(&self, text: &str) -> Query {
        Query { min_score: self.min_score, ..Query::new(text) }
    }

    /// The memory that knows a conversation.
    fn name<'a>(&self, conversation: &'a str) -> &'a str {
        if self.pooled { "pool" } else { conversation }
    }

    fn engine(&self, home: &Path, name: &str) -> Outcome<Engine> {
        let agent_id = PathComponent::parse(name)?;
        let workspace = Arc::new(Root::open(&home.join(name))?);
        let options = EngineOptions::new(agent_id, workspace, home, Arc::new(SystemClock));
        Ok(Engine::new(EngineOptions { embedders: self.embedders.clone(), fusion: self.fusion, ..options }))
    }
}

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
    named: f64,
    hit: f64,
    first: f64,
    reciprocal: f64,
    characters: f64,
    empty: f64,
}

impl Sums {
    fn add(&mut self, question: &Question, lines: &[String], hits: &[Hit], prefix: &str) {
        let mut ranks = Vec::new();
        let mut named = 0;
        for (evidence, line) in question.evidence.iter().zip(lines) {
            let path = evidence.path.replacen("memory/", &format!("memory/{prefix}"), 1);
            let holds =
                |hit: &Hit| hit.path == path && !line.is_empty() && normal(&hit.snippet).contains(line);
            ranks.extend(hits.iter().position(holds));
            let names = |hit: &Hit| {
                (hit.start_line as usize..=hit.end_line as usize).contains(&evidence.line) && hit.path == path
            };
            named += usize::from(hits.iter().any(names));
        }
        let all = question.evidence.len() as f64;
        self.questions += 1.0;
        self.shown += ranks.len() as f64 / all;
        self.named += named as f64 / all;
        self.hit += f64::from(!ranks.is_empty());
        self.first += ranks.iter().filter(|rank| **rank == 0).count() as f64 / all;
        self.reciprocal += ranks.iter().min().map_or(0.0, |&rank| 1.0 / (rank + 1) as f64);
        self.characters += hits.iter().map(|hit| hit.snippet.chars().count() as f64).sum::<f64>();
        self.empty += f64::from(hits.is_empty());
    }

    fn row(&self) -> String {
        let n = self.questions;
        format!(
            "questions {n:4}  shown@6 {:.4}  lines@6 {:.4}  hit@6 {:.4}  R@1 {:.4}  MRR {:.4}  tokens {:.0}  empty {:.4}",
            self.shown / n,
            self.named / n,
            self.hit / n,
            self.first / n,
            self.reciprocal / n,
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

/// Copies the conversations and indexes them.
async fn prepare(
    settings: &Settings,
    questions: &[Question],
    home: &Path,
) -> Outcome<HashMap<String, Engine>> {
    let mut engines: HashMap<String, Engine> = HashMap::new();
    for question in questions {
        let conversation = question.workspace.as_str();
        let name = settings.name(conversation);
        let below = if settings.pooled { conversation } else { "" };
        let target = home.join(name).join("memory").join(below);
        if !target.exists() {
            copy_notes(&settings.data.join(conversation).join("memory"), &target)?;
        }
        if !engines.contains_key(name) {
            engines.insert(name.to_owned(), settings.engine(home, name)?);
        }
    }
    for engine in engines.values() {
        engine.sync(SyncReason::Rebuild).await?;
    }
    Ok(engines)
}

/// Questions of other conversations with the names of this one's speakers: the conversation and the question.
fn unanswerable(data: &Path, questions: &[Question]) -> Outcome<Vec<(String, String)>> {
    let mut speakers: BTreeMap<&str, [String; 2]> = BTreeMap::new();
    for question in questions {
        if !speakers.contains_key(question.workspace.as_str()) {
            let found = speakers_of(&data.join(&question.workspace).join("memory"))?;
            speakers.insert(&question.workspace, found);
        }
    }
    let mut found = Vec::new();
    for (at, question) in questions.iter().enumerate() {
        let others: Vec<&str> = speakers.keys().copied().filter(|name| *name != question.workspace).collect();
        let other = *others.get(at % others.len().max(1)).ok_or("one conversation has no other")?;
        let names = speakers[question.workspace.as_str()].iter().zip(&speakers[other]);
        let text = names.fold(question.question.clone(), |text, (own, of)| swapped(&text, own, of));
        found.push((other.to_owned(), text));
    }
    Ok(found)
}

/// The speakers, of the heading of the first note: `# 8 May 2023, 1:56 pm: Caroline and Melanie`.
fn speakers_of(notes: &Path) -> Outcome<[String; 2]> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(notes)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    paths.sort();
    let text = std::fs::read_to_string(paths.first().ok_or("a conversation without notes")?)?;
    let heading = text.lines().next().unwrap_or_default();
    let names = heading.rsplit_once(": ").and_then(|(_, names)| names.split_once(" and "));
    let (one, other) = names.ok_or("a heading without speakers")?;
    Ok([one.to_owned(), other.to_owned()])
}

/// Puts another word in the place of a whole word.
fn swapped(text: &str, own: &str, of: &str) -> String {
    let is_letter = |character: char| character.is_alphanumeric() || character == '_';
    let mut found = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(own) {
        let end = at + own.len();
        let before = rest[..at].chars().next_back().or(found.chars().next_back());
        let is_word = !before.is_some_and(is_letter) && !rest[end..].starts_with(is_letter);
        found.push_str(&rest[..at]);
        found.push_str(if is_word { of } else { own });
        rest = &rest[end..];
    }
    found + rest
}

/// The value that a share of the values is below, between two of them if need be.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let at = share * last as f64;
    let below = sorted[at.floor() as usize];
    below + (sorted[at.ceil() as usize] - below) * at.fract()
}

#[allow(clippy::print_stdout, reason = "a measuring tool prints its measurement")]
async fn abstain(
    settings: &Settings,
    questions: &[Question],
    engines: &HashMap<String, Engine>,
    with_answer: &[f64],
) -> Outcome<()> {
    let mut without = Vec::new();
    for (conversation, text) in unanswerable(&settings.data, questions)? {
        without.push(engines[settings.name(&conversation)].search(settings.query(&text)).await?.confidence);
    }
    let below = |least: f64| without.iter().filter(|one| **one < least).count() as f64 / without.len() as f64;
    println!(
        "confidence   AUC {:.4}  median {:.3} with an answer, {:.3} without  rejected {:.3} at 95 % kept, {:.3} at 90 %",
        separation(with_answer, &without).unwrap_or_default(),
        quantile(with_answer, 0.5),
        quantile(&without, 0.5),
        below(quantile(with_answer, 0.05)),
        below(quantile(with_answer, 0.10)),
    );
    Ok(())
}

#[allow(clippy::print_stdout, reason = "a measuring tool prints its measurement")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let settings = Settings::read(&arguments)?;
    let text = std::fs::read_to_string(settings.data.join("questions.jsonl"))?;
    let questions: Vec<Question> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;

    let home = tempfile::tempdir()?;
    let began = Instant::now();
    let engines = prepare(&settings, &questions, home.path()).await?;
    println!("indexed in {:?}", began.elapsed());

    let hits_file = arguments.iter().skip_while(|a| *a != "--hits").nth(1).map(PathBuf::from);
    let mut rows = String::new();
    let mut sums: BTreeMap<String, Sums> = BTreeMap::new();
    let mut times: Vec<Duration> = Vec::new();
    let mut confidences = Vec::new();
    for question in &questions {
        let engine = &engines[settings.name(&question.workspace)];
        let began = Instant::now();
        let answer = engine.search(settings.query(&question.question)).await?;
        times.push(began.elapsed());
        confidences.push(answer.confidence);
        let mut lines = Vec::new();
        for evidence in &question.evidence {
            let path = settings.data.join(&question.workspace).join(&evidence.path);
            let note = std::fs::read_to_string(path)?;
            lines.push(normal(note.split('\n').nth(evidence.line - 1).unwrap_or_default()));
        }
        let row = serde_json::json!({ "question": question.question, "evidence": lines, "answer": answer });
        rows.push_str(&format!("{row}\n"));
        let prefix = if settings.pooled { format!("{}/", question.workspace) } else { String::new() };
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
    if settings.abstain {
        abstain(&settings, &questions, &engines, &confidences).await?;
    }
    times.sort();
    println!("search p50 {:?} p95 {:?}", times[times.len() / 2], times[times.len() * 95 / 100]);
    Ok(())
}
