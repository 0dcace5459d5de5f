//! Search by meaning, and what becomes of it when nobody makes vectors.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::home::Home;
use crate::stepping_in::Bell;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_embed::{BatchLimits, Builtin, EmbedError, Embedder, EmbedderId, Failure, Purpose, Vector};
use openclaw_memory::{Embedders, MAX_RESULTS, MemoryBackend as _, Query, SyncReason};

/// An embedder that fails, or counts letters; and counts its texts.
pub(crate) struct Letters {
    id: EmbedderId,
    failure: Option<Failure>,
    documents: AtomicUsize,
    queries: AtomicUsize,
}

impl Letters {
    pub(crate) fn new(model: &str, failure: Option<Failure>) -> Arc<Self> {
        let id = EmbedderId { provider: "test", model: model.into(), fingerprint: String::new() };
        Arc::new(Self { id, failure, documents: AtomicUsize::new(0), queries: AtomicUsize::new(0) })
    }

    fn counter(&self, purpose: Purpose) -> &AtomicUsize {
        match purpose {
            Purpose::Query => &self.queries,
            Purpose::Document => &self.documents,
        }
    }

    /// Texts so far.
    pub(crate) fn asked(&self, purpose: Purpose) -> usize {
        self.counter(purpose).load(Ordering::Relaxed)
    }

    pub(crate) fn vector(text: &str) -> Vector {
        let count = |letter: char| text.chars().filter(|c| c.eq_ignore_ascii_case(&letter)).count() as f32;
        Vector::normalized(('a'..='z').map(|letter| count(letter) + 0.01).collect()).unwrap()
    }
}

impl Embedder for Letters {
    fn identity(&self) -> &EmbedderId {
        &self.id
    }

    fn limits(&self) -> BatchLimits {
        BatchLimits { texts: 2, bytes: 10_000, concurrency: 2 }
    }

    fn embed(&self, purpose: Purpose, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vector>, EmbedError>> {
        self.counter(purpose).fetch_add(texts.len(), Ordering::Relaxed);
        let refusal = || Failure::Refused("poison".into());
        let poisoned = texts.iter().any(|text| text.contains("poison")).then(refusal);
        let answer = match self.failure.as_ref().or(poisoned.as_ref()) {
            Some(failure) => Err(EmbedError { embedder: self.id.to_string(), failure: failure.clone() }),
            None => Ok(texts.iter().map(|text| Self::vector(text)).collect()),
        };
        async move { answer }.boxed()
    }
}

pub(crate) fn only(primary: Arc<dyn Embedder>) -> Embedders {
    Embedders { primary: Some(primary), ..Embedders::default() }
}

#[tokio::test]
async fn a_question_that_shares_no_word_with_the_note_is_answered_without_a_key() {
    let home = Home::new();
    home.note("memory/2026-11-20.md", "# Boat\n- The boat lies at berth 14 in the north marina.\n");
    home.note("MEMORY.md", "- Prefers green tea over coffee.\n");
    let memory = home.engine_with(only(Arc::new(Builtin::new())));
    let report = memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!((report.embedded, report.degraded), (2, None));
    let answer = memory.search(Query::new("Where is our sailing vessel moored?")).await.unwrap();
    assert_eq!(answer.results.first().map(|hit| hit.start_line), Some(2), "{answer:?}");
    assert_eq!(answer.results[0].date.as_deref(), Some("2026-11-20"));
    assert_eq!((answer.provider.as_str(), answer.degraded), ("builtin", None));
}

#[tokio::test]
async fn a_note_that_moves_and_an_index_built_anew_need_no_embedding() {
    let home = Home::new();
    home.note("memory/a.md", "# Tea\n- green\n\n# Coffee\n- black\n");
    let letters = Letters::new("letters", None);
    let memory = home.engine_with(only(letters.clone()));
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(letters.documents.load(Ordering::Relaxed), 2);
    std::fs::rename(home.path("workspace/memory/a.md"), home.path("workspace/memory/b.md")).unwrap();
    for why in [SyncReason::Requested, SyncReason::Rebuild] {
        memory.sync(why).await.unwrap();
        let status = memory.status().await.unwrap();
        assert_eq!((status.files, status.embedded, status.cached), (1, 2, 2));
    }
    assert_eq!(letters.documents.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn words_answer_and_say_why_when_nobody_makes_vectors() {
    let home = Home::new();
    home.note("MEMORY.md", "green tea\n");
    for failure in [Failure::Auth("no".into()), Failure::Overloaded("busy".into())] {
        let memory = home.engine_with(only(Letters::new("broken", Some(failure.clone()))));
        memory.sync(SyncReason::Requested).await.unwrap();
        let answer = memory.search(Query::new("tea")).await.unwrap();
        assert_eq!(answer.results.len(), 1);
        let degraded = answer.degraded.unwrap();
        assert!(
            degraded.starts_with("words only: ") && degraded.contains(&failure.to_string()),
            "{degraded}"
        );
        assert_eq!((answer.provider.as_str(), answer.fallback), ("none", None));
    }
}

#[tokio::test]
async fn an_embedder_that_fails_is_not_asked_again_by_every_search() {
    let home = Home::new();
    home.note("MEMORY.md", "green tea\n");
    let broken = Letters::new("broken", Some(Failure::Overloaded("busy".into())));
    let memory = home.engine_with(only(broken.clone()));
    for _ in 0..3 {
        let answer = memory.search(Query::new("tea")).await.unwrap();
        assert!(answer.results.len() == 1 && answer.degraded.is_some(), "{answer:?}");
    }
    assert_eq!(broken.queries.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_text_that_is_refused_does_not_keep_out_the_others() {
    let home = Home::new();
    let poison: String = (0..300).map(|n| format!("# Part {n}\npoison\n")).collect();
    home.note("memory/a.md", &poison);
    home.note("memory/b.md", "# Tea\ngreen\n# Coffee\nblack\n");
    let memory = home.engine_with(only(Letters::new("letters", None)));
    memory.sync(SyncReason::Requested).await.unwrap();
    let status = memory.status().await.unwrap();
    assert_eq!((status.passages - status.embedded, status.degraded), (300, None));
    assert_eq!(memory.search(Query::new("green tea")).await.unwrap().model, "letters");
}

#[tokio::test]
async fn who_refuses_everything_is_not_asked_for_every_passage() {
    let home = Home::new();
    let parts: String = (0..300).map(|n| format!("# Part {n}\ntea\n")).collect();
    home.note("memory/a.md", &parts);
    let broken = Letters::new("broken", Some(Failure::Refused("no such model".into())));
    let memory = home.engine_with(only(broken.clone()));
    let report = memory.sync(SyncReason::Requested).await.unwrap();
    assert!(report.degraded.is_some_and(|why| why.contains("no such model")));
    // Two calls at the same time of two texts each, and one that nobody could refuse for its text.
    assert!(broken.asked(Purpose::Document) <= 5, "{}", broken.asked(Purpose::Document));
}

#[tokio::test]
async fn who_steps_in_is_named_with_the_reason() {
    let home = Home::new();
    home.note("MEMORY.md", "green tea\n");
    let refused = Failure::Refused("no such model, or a wrong key".into());
    for failure in [Failure::Auth("wrong key".into()), Failure::Unreachable("wrong key".into()), refused] {
        steps_in(&home, failure).await;
    }
}

async fn steps_in(home: &Home, failure: Failure) {
    let primary = Letters::new("broken", Some(failure));
    let fallback = Letters::new("spare", None);
    let memory = home.engine_with(Embedders {
        fallback: Some(fallback.clone()),
        problem: None,
        ..crate::stepping_in::belled(&Bell::new(), primary, None)
    });
    memory.sync(SyncReason::Requested).await.unwrap();
    let answer = memory.search(Query::new("tea")).await.unwrap();
    assert_eq!((answer.model.as_str(), answer.results.len()), ("spare", 1));
    let stepped_in = answer.fallback.unwrap();
    assert!(stepped_in.from == "test/broken" && stepped_in.reason.contains("wrong key"), "{stepped_in:?}");
}

/// Fails once for documents, then counts letters.
struct Flaky {
    letters: Arc<Letters>,
    has_failed: AtomicUsize,
}

impl Embedder for Flaky {
    fn identity(&self) -> &EmbedderId {
        self.letters.identity()
    }

    fn limits(&self) -> BatchLimits {
        self.letters.limits()
    }

    fn embed(&self, purpose: Purpose, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vector>, EmbedError>> {
        if purpose == Purpose::Document && self.has_failed.fetch_add(1, Ordering::Relaxed) == 0 {
            let (embedder, failure) =
                (self.letters.id.to_string(), Failure::Overloaded("busy just now".into()));
            return async move { Err(EmbedError { embedder, failure }) }.boxed();
        }
        self.letters.embed(purpose, texts)
    }
}

#[tokio::test]
async fn after_a_failure_it_is_tried_again_though_nobody_asks() {
    const REST: Duration = Duration::from_secs(31);
    const PATIENCE: Duration = Duration::from_secs(20);
    let home = Home::new();
    home.note("MEMORY.md", "green tea\n");
    let flaky = Arc::new(Flaky { letters: Letters::new("letters", None), has_failed: AtomicUsize::new(0) });
    let memory = home.engine_with(only(flaky));
    memory.search(Query::new("tea")).await.unwrap();
    while memory.status().await.unwrap().degraded.is_none() {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    tokio::time::advance(REST).await;
    tokio::time::resume();
    let mut progress = memory.progress();
    let embedded = progress.wait_for(|progress| progress.embedded == 1);
    tokio::time::timeout(PATIENCE, embedded).await.expect("nobody comes back").unwrap();
    assert_eq!(memory.status().await.unwrap().degraded, None);
}

/// G11 by meaning, with lines that stand in several notes.
#[tokio::test]
async fn fewer_results_by_meaning_are_the_first_of_more() {
    let home = Home::new();
    for day in 1..=12 {
        let said = if day % 3 == 0 { "the same every time" } else { "zebras and quays" };
        let note = format!("# Day {day}\n- {}\n- {said}\n- tea {day}\n", "abcdefghijkl".repeat(day % 4 + 1));
        home.note(&format!("memory/2026-11-{day:02}.md"), &note);
    }
    let memory = home.engine_with(only(Letters::new("letters", None)));
    memory.sync(SyncReason::Requested).await.unwrap();
    for text in ["tea", "the same every time", "buzzing quokkas", "Day 4 zebras"] {
        let ask = async |max_results| {
            let query = Query { max_results, ..Query::new(text) };
            let mut hits = memory.search(query).await.unwrap().results;
            // Only what is not shown in the same answer is told of.
            hits.iter_mut().for_each(|hit| hit.elsewhere.clear());
            hits
        };
        let all = ask(MAX_RESULTS).await;
        assert!(all.len() > 3, "{text}: {all:?}");
        for fewer in 0..all.len() {
            assert_eq!(ask(fewer).await[..], all[..fewer], "{text}");
        }
    }
}
