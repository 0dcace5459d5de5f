//! Asking a memory for what stands in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::lines::{NoteText, Stock};
use super::needles::{Needle, choose};
use super::random::Random;
use super::report::{BenchReport, Building};
use super::score::{Outcome, judge, rank_of};
use crate::backend::{MemoryBackend as _, Query, Source};
use crate::embedding::Embedders;
use crate::engine::{Engine, EngineOptions};
use crate::error::MemoryError;
use crate::sources::Sources;

/// Questions when nobody says how many: shares to about four points.
pub const DEFAULT_QUESTIONS: usize = 120;
/// More take minutes and say nothing more.
pub const MAX_QUESTIONS: usize = 2_000;
/// Bytes of notes that questions are made of: all of nearly everybody's. Beyond it a choice is made by the seed.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// With fewer questions that have an answer, a share says nothing.
const MIN_QUESTIONS: usize = 5;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How many questions; a fifth of them nonsense.
    pub questions: usize,
    /// What they are chosen by.
    pub seed: u64,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// An index of words is built from nothing, beside the one in use.
    Building,
    /// Questions are asked.
    Asking {
        /// So many are answered.
        done: usize,
        /// Of so many.
        all: usize,
    },
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The memory does not answer.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// There is not enough to ask for.
    #[error(
        "only {questions} questions can be made of {notes} notes, too few to measure anything; lines of at least four words \
         that say something are needed"
    )]
    TooFew {
        /// Questions with an answer.
        questions: usize,
        /// Notes that were read.
        notes: usize,
    },
    /// The notes could not be read to the end.
    #[error("reading the notes stopped; try again")]
    Stopped,
}

/// Measures a memory, which should be up to date. The index in use is only searched; another one is built beside it and
/// removed.
///
/// # Errors
/// The notes say too little, or the memory does not answer.
pub async fn run(
    engine: &Engine,
    plan: Plan,
    tell: &(dyn Fn(Stage) + Sync),
) -> Result<BenchReport, BenchError> {
    let notes = notes_of(engine, plan.seed).await?;
    let plan = Plan { questions: plan.questions.min(MAX_QUESTIONS), ..plan };
    let stock = Stock::of(&notes);
    let needles = choose(&stock, plan);
    let questions = needles.iter().filter(|needle| needle.target.is_some()).count();
    if questions < MIN_QUESTIONS {
        return Err(BenchError::TooFew { questions, notes: notes.len() });
    }
    tell(Stage::Building);
    let scratch = Scratch::beside(&engine.mailbox.options.database);
    let by_words = words_only(engine, scratch.path.clone());
    let building = build(&by_words).await?;
    let status = engine.status().await?;
    let has_vectors = status.embedded > 0;
    let all = needles.len() * if has_vectors { 2 } else { 1 };
    let (words, _) = ask(&by_words, &needles, &|done| tell(Stage::Asking { done, all })).await?;
    let (configured, degraded) = if has_vectors {
        let tell = |done| tell(Stage::Asking { done: done + needles.len(), all });
        let (outcomes, degraded) = ask(engine, &needles, &tell).await?;
        (Some(judge(&outcomes)), degraded)
    } else {
        (None, status.degraded.clone())
    };
    // Before its file is removed.
    drop(by_words);
    Ok(BenchReport {
        agent_id: status.agent_id,
        seed: plan.seed,
        notes: notes.len(),
        lines: stock.lines.len(),
        provider: status.provider,
        model: status.model,
        passages: status.passages,
        embedded: status.embedded,
        configured,
        words: judge(&words),
        building,
        degraded,
    })
}

/// The text of the notes; when they are too many, of some that the seed chooses.
async fn notes_of(engine: &Engine, seed: u64) -> Result<Vec<NoteText>, BenchError> {
    let options = &engine.mailbox.options;
    let sources = Sources::of(options);
    let read = tokio::task::spawn_blocking(move || {
        let mut notes = sources.list(Source::Memory).notes;
        if notes.iter().map(|note| note.size as usize).sum::<usize>() > MAX_BYTES {
            Random::new(seed).shuffle(&mut notes);
        }
        let mut left = MAX_BYTES;
        let mut found = Vec::new();
        for note in notes {
            let Some(rest) = left.checked_sub(note.size as usize) else { break };
            // One that cannot be read is not indexed either, and `status` names it.
            if let Ok(text) = note.text() {
                left = rest;
                found.push(NoteText { path: note.path, text: text.text });
            }
        }
        found
    });
    read.await.map_err(|_stopped| BenchError::Stopped)
}

/// The same notes without vectors, in an index of their own.
fn words_only(engine: &Engine, database: PathBuf) -> Engine {
    let options = &engine.mailbox.options;
    Engine::new(EngineOptions {
        agent_id: options.agent_id.clone(),
        workspace: Arc::clone(&options.workspace),
        database,
        extra_paths: options.extra_paths.clone(),
        embedders: Embedders::default(),
        cache_entries: options.cache_entries,
        sources: options.sources.clone(),
        ignored: Vec::new(),
        sync: options.sync.for_a_moment(),
        fusion: options.fusion,
        clock: Arc::clone(&options.clock),
    })
}

async fn build(engine: &Engine) -> Result<Building, BenchError> {
    let begun = Instant::now();
    let report = engine.read_notes().await?;
    let ms = begun.elapsed().as_secs_f64() * 1_000.0;
    Ok(Building { notes: report.files, windows: engine.status().await?.windows, ms })
}

/// Asks all questions, and says what the answers lacked.
async fn ask(
    engine: &Engine,
    needles: &[Needle],
    tell: &(dyn Fn(usize) + Sync),
) -> Result<(Vec<Outcome>, Option<String>), BenchError> {
    // The first search opens the index and the model.
    if let Some(needle) = needles.first() {
        engine.search(Query::new(needle.query.clone())).await?;
    }
    let (mut outcomes, mut degraded) = (Vec::with_capacity(needles.len()), None);
    for (at, needle) in needles.iter().enumerate() {
        tell(at);
        let begun = Instant::now();
        let answer = engine.search(Query::new(needle.query.clone())).await?;
        outcomes.push(Outcome {
            kind: needle.kind,
            rank: rank_of(needle, &answer.results),
            results: answer.results.len(),
            confidence: answer.confidence,
            ms: begun.elapsed().as_secs_f64() * 1_000.0,
        });
        degraded = answer.degraded.or(degraded);
    }
    tell(needles.len());
    Ok((outcomes, degraded))
}

/// An index file that goes when it is not needed any more, also when a person has seen enough.
struct Scratch {
    path: PathBuf,
}

impl Scratch {
    fn beside(database: &Path) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push(".bench.sqlite");
        let scratch = Self { path: name.into() };
        // What a killed measurement left.
        scratch.remove();
        scratch
    }

    fn remove(&self) {
        for end in ["", "-wal", "-shm", ".lock", ".filling"] {
            let mut name = self.path.as_os_str().to_owned();
            name.push(end);
            // It is not there, or stays as a file that is of no use to anybody.
            std::fs::remove_file(PathBuf::from(name)).ok();
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.remove();
    }
}
