//! Asks the engine and compares its results with the expected lines.

use std::path::Path;
use std::sync::Arc;

use openclaw_guard::{Hiding, ManualClock, PathComponent, Redactor, Root};
use openclaw_memory::{
    Answer, Embedders, Engine, EngineOptions, Hit, MemoryBackend as _, Query, SourceOptions, SyncReason,
    Transcripts,
};

use crate::nfd::decompose;
use crate::set::{Needle, Outcome, Place, TODAY_MS};

/// The engine over `home/workspace`, and over the conversations in `home/sessions` if there are any, indexed. The one place that knows how an engine is made.
pub(crate) async fn index(home: &Path, embedders: Embedders) -> Outcome<Engine> {
    let agent_id = PathComponent::parse("needles")?;
    let workspace = Arc::new(Root::open(&home.join("workspace"))?);
    let clock = Arc::new(ManualClock::new(TODAY_MS));
    let options = EngineOptions::new(agent_id, workspace, home, clock);
    let sessions = home.join("sessions");
    let redactor = Arc::new(Redactor::new(&[], Hiding::Shapes { patterns: Vec::new() }));
    let transcripts = sessions.exists().then(|| Transcripts::new(sessions, redactor));
    let sources = SourceOptions { notes: true, transcripts };
    let engine = Engine::new(EngineOptions { embedders, sources, ..options });
    engine.sync(SyncReason::Rebuild).await?;
    Ok(engine)
}

/// How one question went.
pub(crate) struct Score {
    /// Share of the expected lines that stand whole in a result.
    pub(crate) shown: f64,
    /// Of the first result that holds an expected line, from 1.
    pub(crate) rank: Option<usize>,
    /// Whether the newer of two versions comes no later than the older, and the note no later than the talk; `None` when
    /// there are no two.
    pub(crate) ahead: Option<bool>,
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
    let is_ordered = needle.category.has_order() && !needle.rivals.is_empty();
    Score {
        shown: found as f64 / needle.expected.len().max(1) as f64,
        rank: best,
        ahead: is_ordered.then(|| best.is_some_and(|best| rival.is_none_or(|rival| best <= rival))),
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
    ordered: usize,
    ahead: usize,
}

impl Sums {
    pub(crate) fn add(&mut self, score: &Score) {
        self.questions += 1;
        self.hit += usize::from(score.rank.is_some());
        self.shown += score.shown;
        self.first += usize::from(score.rank == Some(1));
        self.ordered += usize::from(score.ahead.is_some());
        self.ahead += usize::from(score.ahead == Some(true));
    }

    pub(crate) fn row(&self) -> String {
        let n = self.questions.max(1) as f64;
        let ahead = if self.ordered == 0 { String::new() } else { format!("{:7.2}", self.ahead_share()) };
        let (hit, first) = (self.hit as f64 / n, self.first as f64 / n);
        format!("{:9}{hit:7.3}{:9.3}{first:6.2}{ahead}", self.questions, self.shown / n)
    }

    pub(crate) fn hit_share(&self) -> f64 {
        self.hit as f64 / self.questions.max(1) as f64
    }

    pub(crate) fn ahead_share(&self) -> f64 {
        self.ahead as f64 / self.ordered.max(1) as f64
    }

    pub(crate) fn first_share(&self) -> f64 {
        self.first as f64 / self.questions.max(1) as f64
    }
}
