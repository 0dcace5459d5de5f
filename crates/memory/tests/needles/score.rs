//! Asks the engine and compares its results with the expected lines.

use std::path::Path;
use std::sync::Arc;

use openclaw_guard::{ManualClock, PathComponent, Root};
use openclaw_memory::{Answer, Embedders, Engine, EngineOptions, Hit, MemoryBackend as _, Query, SyncReason};

use crate::nfd::decompose;
use crate::set::{Category, Needle, Outcome, Place, TODAY_MS};

/// The engine over `home/workspace`, indexed. The one place that knows how an engine is made.
pub(crate) async fn index(home: &Path, embedders: Embedders) -> Outcome<Engine> {
    let agent_id = PathComponent::parse("needles")?;
    let workspace = Arc::new(Root::open(&home.join("workspace"))?);
    let clock = Arc::new(ManualClock::new(TODAY_MS));
    let options = EngineOptions::new(agent_id, workspace, home, clock);
    let engine = Engine::new(EngineOptions { embedders, ..options });
    engine.sync(SyncReason::Rebuild).await?;
    Ok(engine)
}

/// How one question went.
pub(crate) struct Score {
    /// Share of the expected lines that stand whole in a result.
    pub(crate) shown: f64,
    /// Of the first result that holds an expected line, from 1.
    pub(crate) rank: Option<usize>,
    /// Whether the newer of two versions comes no later than the older; `None` when it is not asked.
    pub(crate) newer: Option<bool>,
    pub(crate) confidence: f64,
    /// The citation of the first result.
    pub(crate) first: String,
}

/// Asks one question.
pub(crate) async fn score(engine: &Engine, needle: &Needle) -> Outcome<Score> {
    let answer = engine.search(Query::new(needle.question.as_str())).await?;
    Ok(judge(&answer, needle))
}

fn judge(answer: &Answer, needle: &Needle) -> Score {
    let ranks: Vec<Option<usize>> =
        needle.expected.iter().map(|place| rank(&answer.results, place)).collect();
    let found = ranks.iter().flatten().count();
    let best = ranks.iter().flatten().min().copied();
    let rival = needle.rivals.iter().filter_map(|place| rank(&answer.results, place)).min();
    let update = needle.category == Category::Update && !needle.rivals.is_empty();
    Score {
        shown: found as f64 / needle.expected.len().max(1) as f64,
        rank: best,
        newer: update.then(|| best.is_some_and(|best| rival.is_none_or(|rival| best <= rival))),
        confidence: answer.confidence,
        first: answer.results.first().map(|hit| hit.citation.clone()).unwrap_or_default(),
    }
}

/// From 1: the first result of the same note that shows the whole line.
pub(crate) fn rank(hits: &[Hit], place: &Place) -> Option<usize> {
    let text = normal(&place.text);
    let shows = |hit: &Hit| hit.path == place.path && normal(&hit.snippet).contains(&text);
    hits.iter().position(shows).map(|at| at + 1)
}

/// White space and the composition of accents make no difference.
pub(crate) fn normal(text: &str) -> String {
    decompose(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Sums over questions.
#[derive(Default)]
pub(crate) struct Sums {
    questions: usize,
    hit: usize,
    shown: f64,
    first: usize,
    updates: usize,
    newer: usize,
}

impl Sums {
    pub(crate) fn add(&mut self, score: &Score) {
        self.questions += 1;
        self.hit += usize::from(score.rank.is_some());
        self.shown += score.shown;
        self.first += usize::from(score.rank == Some(1));
        self.updates += usize::from(score.newer.is_some());
        self.newer += usize::from(score.newer == Some(true));
    }

    pub(crate) fn row(&self) -> String {
        let n = self.questions.max(1) as f64;
        let newer = if self.updates == 0 {
            String::new()
        } else {
            format!("{:7.2}", self.newer as f64 / self.updates as f64)
        };
        let (hit, first) = (self.hit as f64 / n, self.first as f64 / n);
        format!("{:9}{hit:7.3}{:9.3}{first:6.2}{newer}", self.questions, self.shown / n)
    }

    pub(crate) fn hit_share(&self) -> f64 {
        self.hit as f64 / self.questions.max(1) as f64
    }

    pub(crate) fn first_share(&self) -> f64 {
        self.first as f64 / self.questions.max(1) as f64
    }
}
