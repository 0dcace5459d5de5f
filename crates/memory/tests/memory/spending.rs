//! What costs money waits for a person's word.

use std::sync::Arc;

use crate::home::Home;
use crate::meaning::Letters;
use crate::stepping_in::until;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_embed::{
    BatchLimits, EmbedError, Embedder, EmbedderId, Estimate, Failure, Mode, Purpose, Vector,
};
use openclaw_memory::{Embedders, MemoryBackend as _, Query, SelfTesting, SyncReason};

/// A service that takes a dollar for each text of a thousand tokens.
struct Paid(Arc<Letters>);

impl Embedder for Paid {
    fn identity(&self) -> &EmbedderId {
        self.0.identity()
    }

    fn limits(&self) -> BatchLimits {
        self.0.limits()
    }

    fn embed(&self, purpose: Purpose, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vector>, EmbedError>> {
        self.0.embed(purpose, texts)
    }

    fn estimate(&self, texts: &[&str], _mode: Mode) -> Estimate {
        let count = texts.len();
        Estimate { texts: count, tokens: count as u64 * 1_000, dollars: Some(count as f64) }
    }
}

/// A service that takes so many texts, and then no key any more.
struct Tired {
    letters: Arc<Letters>,
    texts: usize,
}

impl Embedder for Tired {
    fn identity(&self) -> &EmbedderId {
        self.letters.identity()
    }

    fn limits(&self) -> BatchLimits {
        self.letters.limits()
    }

    fn embed(&self, purpose: Purpose, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vector>, EmbedError>> {
        if purpose == Purpose::Document && self.letters.asked(purpose) >= self.texts {
            let failure = Failure::Auth("the key has expired".into());
            let embedder = self.identity().to_string();
            return async move { Err(EmbedError { embedder, failure }) }.boxed();
        }
        self.letters.embed(purpose, texts)
    }
}

fn paid(letters: &Arc<Letters>, most: u64) -> Embedders {
    let primary: Arc<dyn Embedder> = Arc::new(Paid(Arc::clone(letters)));
    Embedders { primary: Some(primary), ask_above_tokens: Some(most), ..Embedders::default() }
}

#[tokio::test]
async fn much_is_not_sent_in_the_background_but_when_a_person_asks_for_it() {
    let home = Home::new();
    home.note("memory/a.md", "# One\nred\n# Two\ngreen\n# Three\nblue\n");
    let letters = Letters::new("paid", None);
    let memory = home.engine_with(paid(&letters, 2_000));
    memory.sync(SyncReason::Written).await.unwrap();
    let said = loop {
        match memory.status().await.unwrap().degraded {
            Some(said) => break said,
            None => tokio::task::yield_now().await,
        }
    };
    assert!(
        said.contains("3 passages, about 3000 tokens, about 3.00 US dollars, which is more than"),
        "{said}"
    );
    assert!(said.contains("askAboveTokens (2000); `openclaw memory index` asks"), "{said}");
    assert_eq!(letters.asked(Purpose::Document), 0);

    let spending = memory.spending(SyncReason::Requested).await.unwrap().unwrap();
    assert_eq!((spending.passages, spending.tokens, spending.is_much()), (3, 3_000, true));
    let report = memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!((report.embedded, report.degraded), (3, None));
    for why in [SyncReason::Requested, SyncReason::Rebuild] {
        assert_eq!(memory.spending(why).await.unwrap(), None, "what is kept costs nothing again");
    }
}

#[tokio::test]
async fn a_rebuild_without_the_cache_pays_for_all() {
    let home = Home::new();
    home.note("memory/a.md", "# One\nred\n# Two\ngreen\n");
    let letters = Letters::new("paid", None);
    let memory = home.engine_keeping(paid(&letters, 2_000), 0);
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(memory.spending(SyncReason::Requested).await.unwrap(), None);
    let spending = memory.spending(SyncReason::Rebuild).await.unwrap().unwrap();
    assert_eq!((spending.passages, spending.is_much()), (2, false));
}

#[tokio::test]
async fn little_is_sent_in_the_background_and_this_machine_takes_nothing() {
    let home = Home::new();
    home.note("memory/a.md", "# One\nred\n# Two\ngreen\n");
    let letters = Letters::new("paid", None);
    let memory = home.engine_with(paid(&letters, 2_000));
    memory.sync(SyncReason::Written).await.unwrap();
    while memory.status().await.unwrap().embedded < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(letters.asked(Purpose::Document), 2);
    let here = home.engine_with(crate::meaning::only(Letters::new("free", None)));
    assert_eq!(here.spending(SyncReason::Requested).await.unwrap(), None);
}

#[tokio::test]
async fn the_self_test_is_paid_for_like_all_else() {
    let home = Home::new();
    home.note("memory/a.md", "# One\nred\n# Two\ngreen\n");
    let letters = Letters::new("paid", None);
    let tested = |most| Embedders { self_testing: SelfTesting::Once, ..paid(&letters, most) };
    let memory = home.engine_with(tested(2_000));
    memory.read_notes().await.unwrap();
    let spending = memory.spending(SyncReason::Requested).await.unwrap().unwrap();
    assert_eq!((spending.passages, spending.tokens), (2, 78_000));

    let untested = home.engine_with(paid(&letters, 2_000));
    untested.sync(SyncReason::Requested).await.unwrap();
    memory.sync(SyncReason::Written).await.unwrap();
    memory.search(Query::new("red")).await.unwrap();
    assert_eq!(letters.asked(Purpose::Document), 2, "nobody said that it may be sent");
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(letters.asked(Purpose::Document), 2 + 38);
}

#[tokio::test]
async fn a_word_is_for_who_was_asked_about_and_not_for_who_steps_in() {
    let home = Home::new();
    home.note("memory/a.md", "# One\nred\n# Two\ngreen\n# Three\nblue\n");
    let letters = Letters::new("paid", None);
    let Embedders { primary: paid, ask_above_tokens, .. } = paid(&letters, 2_000);
    let broken = Letters::new("broken", Some(Failure::Auth("wrong key".into())));
    let memory =
        home.engine_with(Embedders { fallback: paid, ask_above_tokens, ..crate::meaning::only(broken) });
    assert!(!memory.may_cost(), "nothing is asked before");
    let report = memory.sync(SyncReason::Requested).await.unwrap();
    assert!(report.degraded.unwrap().contains("`openclaw memory index` asks"));
    assert_eq!(letters.asked(Purpose::Document), 0);
    assert!(memory.spending(SyncReason::Requested).await.unwrap().unwrap().is_much());
    // Now it is said of this one.
    let report = memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!((report.embedded, report.degraded, letters.asked(Purpose::Document)), (3, None, 3));
}

#[tokio::test]
async fn who_steps_in_while_the_background_runs_gets_no_more_than_goes_without_saying() {
    // The first one takes some passages, or none.
    for parts in [3, 400] {
        let home = Home::new();
        let note: String = (0..parts).map(|n| format!("# Part {n}\nnumber{n}\n")).collect();
        home.note("memory/a.md", &note);
        let letters = Letters::new("paid", None);
        let Embedders { primary: paid, ask_above_tokens, .. } = paid(&letters, 2_000);
        let first =
            Arc::new(Tired { letters: Letters::new("tired", None), texts: if parts > 3 { 256 } else { 0 } });
        let memory = home.engine_with(Embedders {
            fallback: paid,
            ask_above_tokens,
            ..crate::meaning::only(first.clone())
        });
        memory.sync(SyncReason::Written).await.unwrap();
        until(async || {
            let status = memory.status().await.unwrap();
            status.fallback.is_some() && (status.degraded.is_some() || letters.asked(Purpose::Document) > 0)
        })
        .await;
        let said = memory.status().await.unwrap().degraded.unwrap_or_default();
        assert!(said.contains("`openclaw memory index` asks"), "{parts}: {said}");
        assert_eq!(letters.asked(Purpose::Document), 0, "{parts}");
        assert_eq!(first.letters.asked(Purpose::Document), first.texts, "{parts}");
    }
}
