//! What meaning counts is measured once for each embedder, and never in the way of anything.

use std::sync::Arc;

use crate::home::Home;
use crate::meaning::{Letters, only};
use futures_util::future::BoxFuture;
use openclaw_embed::{BatchLimits, Builtin, EmbedError, Embedder, EmbedderId, Failure, Purpose, Vector};
use openclaw_memory::{Embedders, Explaining, Fusion, MeaningWeight, MemoryBackend as _, Query};
use openclaw_memory::{SelfTesting, SyncReason, Weighted};

/// Notes of the test, and as many questions.
const TEXTS: usize = 38;
const DEFAULT: MeaningWeight = MeaningWeight { weight: 0.5, measured: None };

fn tested(primary: Arc<dyn Embedder>) -> Embedders {
    Embedders { self_testing: SelfTesting::Once, ..only(primary) }
}

fn home() -> Home {
    let home = Home::new();
    home.note("memory/a.md", "# Tea\n- green\n\n# Coffee\n- black\n");
    home
}

#[tokio::test]
async fn a_poor_model_counts_less_and_is_measured_once_for_an_index() {
    let home = home();
    let letters = Letters::new("letters", None);
    let memory = home.engine_with(tested(letters.clone()));
    memory.sync(SyncReason::Requested).await.unwrap();
    let asked = || (letters.asked(Purpose::Document), letters.asked(Purpose::Query));
    assert_eq!(asked(), (2 + TEXTS, TEXTS));
    let weight = memory.status().await.unwrap().weight.unwrap();
    let measured = weight.measured.unwrap();
    assert!(weight.weight < 0.5 && measured.meaning < measured.words, "{weight}");

    memory.sync(SyncReason::Rebuild).await.unwrap();
    let again = home.engine_with(tested(letters.clone()));
    again.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(asked(), (2 + TEXTS, TEXTS), "what is known is not measured again");
    assert_eq!(again.status().await.unwrap().weight, Some(weight));
    let query = Query { explain: Explaining::On, ..Query::new("green tea") };
    let answer = again.search(query).await.unwrap();
    assert_eq!(answer.results[0].explain.as_ref().unwrap().weight, Some(weight));

    let other = home.engine_with(tested(Letters::new("other", None)));
    other.search(Query::new("tea")).await.unwrap();
    assert_eq!(other.status().await.unwrap().weight, None, "it has no vectors yet");
}

#[tokio::test]
async fn the_built_in_model_counts_what_was_tuned() {
    let home = home();
    let memory = home.engine_with(tested(Arc::new(Builtin::new())));
    memory.sync(SyncReason::Requested).await.unwrap();
    let weight = memory.status().await.unwrap().weight.unwrap();
    assert!(weight.measured.is_some() && weight.weight.to_bits() == 0.5_f64.to_bits(), "{weight}");
}

#[tokio::test]
async fn who_cannot_be_reached_counts_the_default() {
    let home = home();
    let good = home.engine_with(only(Letters::new("letters", None)));
    good.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(good.status().await.unwrap().weight, Some(DEFAULT), "it is not to be tested");
    let broken = Letters::new("letters", Some(Failure::Unreachable("no route".into())));
    let memory = home.engine_with(tested(broken.clone()));
    for _ in 0..2 {
        let report = memory.sync(SyncReason::Requested).await.unwrap();
        assert_eq!((report.embedded, report.degraded), (0, None), "a test that fails is no failure");
    }
    assert_eq!(broken.asked(Purpose::Document), 2, "one call, and none of it again at once");
    assert_eq!(memory.status().await.unwrap().weight, Some(DEFAULT));
}

#[tokio::test]
async fn the_ranking_of_openclaw_has_its_own_weights() {
    let home = home();
    let letters = Letters::new("letters", None);
    let memory = home.engine_by(Fusion::Weighted(Weighted::default()), tested(letters.clone()));
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(letters.asked(Purpose::Query), 0);
    assert_eq!(memory.status().await.unwrap().weight, None);
}

/// Never answers a question; tells when it was asked one.
struct Stuck(Arc<Letters>, tokio::sync::Semaphore);

impl Embedder for Stuck {
    fn identity(&self) -> &EmbedderId {
        self.0.identity()
    }

    fn limits(&self) -> BatchLimits {
        self.0.limits()
    }

    fn embed(&self, purpose: Purpose, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vector>, EmbedError>> {
        match purpose {
            Purpose::Document => self.0.embed(purpose, texts),
            Purpose::Query => {
                self.1.add_permits(1);
                Box::pin(std::future::pending())
            }
        }
    }
}

#[tokio::test]
async fn a_test_that_is_killed_half_way_leaves_nothing_and_is_done_again() {
    let home = home();
    let stuck = Arc::new(Stuck(Letters::new("letters", None), tokio::sync::Semaphore::new(0)));
    let memory = home.engine_with(tested(stuck.clone()));
    let killed = tokio::spawn(async move { memory.sync(SyncReason::Requested).await });
    stuck.1.acquire().await.unwrap().forget();
    killed.abort();
    assert!(killed.await.unwrap_err().is_cancelled());

    let letters = Letters::new("letters", None);
    let memory = home.engine_with(tested(letters.clone()));
    assert_eq!(memory.status().await.unwrap().weight, Some(DEFAULT), "half a test says nothing");
    for _ in 0..2 {
        memory.sync(SyncReason::Requested).await.unwrap();
    }
    let asked = (letters.asked(Purpose::Document), letters.asked(Purpose::Query));
    assert_eq!(asked, (TEXTS, TEXTS), "the notes have their vectors, and the test is done once");
    assert!(memory.status().await.unwrap().weight.unwrap().measured.is_some());
}
