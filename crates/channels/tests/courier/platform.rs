//! A platform that does as it is told.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use openclaw_channels::contract::{Subject, check};
use openclaw_channels::{Channel, IdempotencyKey, Outbound};
use openclaw_store::{Delivery, Repeats};
use tokio::time::Instant;

/// How a try goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Try {
    /// Shown and confirmed.
    Shown,
    /// Shown, after so long.
    Slow(Duration),
    /// Not now.
    Busy,
    /// Never.
    Refused,
    /// Shown, but the connection breaks before that is said.
    Lost,
    /// Nothing is shown and nothing is ever said.
    Hangs,
    /// The channel panics.
    Panics,
}

/// A fake chat service and its channel.
pub(crate) struct Platform {
    repeats: Repeats,
    /// Whether it keeps what `repeats` says.
    honest: bool,
    begun: Instant,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    script: HashMap<String, VecDeque<Try>>,
    tries: Vec<Seen>,
    shown: Vec<Seen>,
}

/// A message that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) at: Duration,
    pub(crate) to: String,
    pub(crate) key: String,
    pub(crate) text: String,
}

impl Platform {
    pub(crate) fn new(repeats: Repeats) -> Arc<Self> {
        Arc::new(Self { repeats, honest: true, begun: Instant::now(), inner: Mutex::default() })
    }

    /// How the next tries of a message go; later ones succeed.
    pub(crate) fn script(&self, key: &str, tries: &[Try]) {
        self.inner.lock().unwrap().script.insert(key.to_owned(), tries.iter().copied().collect());
    }

    /// Tries that began, in their order.
    pub(crate) fn tries(&self) -> Vec<Seen> {
        self.inner.lock().unwrap().tries.clone()
    }

    /// The keys of what a recipient sees.
    pub(crate) fn shown_to(&self, to: &str) -> Vec<String> {
        let inner = self.inner.lock().unwrap();
        inner.shown.iter().filter(|seen| seen.to == to).map(|seen| seen.key.clone()).collect()
    }

    /// How often a message is seen.
    pub(crate) fn times_shown(&self, key: &str) -> usize {
        self.inner.lock().unwrap().shown.iter().filter(|seen| seen.key == key).count()
    }

    fn show(&self, seen: Seen) {
        let mut inner = self.inner.lock().unwrap();
        let known = self.honest && inner.shown.iter().any(|shown| shown.key == seen.key);
        if !known || self.repeats == Repeats::Shown {
            inner.shown.push(seen);
        }
    }

    fn begin(&self, message: Outbound, key: &IdempotencyKey) -> (Try, Seen) {
        let Outbound { recipient: to, text, .. } = message;
        let seen = Seen { at: self.begun.elapsed(), to, key: key.as_str().to_owned(), text };
        let mut inner = self.inner.lock().unwrap();
        inner.tries.push(seen.clone());
        let next = inner.script.get_mut(&seen.key).and_then(VecDeque::pop_front).unwrap_or(Try::Shown);
        (if seen.to == "stranger" { Try::Refused } else { next }, seen)
    }
}

impl Channel for Platform {
    fn id(&self) -> &'static str {
        "fake"
    }

    fn repeats(&self) -> Repeats {
        self.repeats
    }

    fn deliver(&self, message: Outbound, key: IdempotencyKey) -> BoxFuture<'_, Delivery> {
        let (how, seen) = self.begin(message, &key);
        let delivered = move || Delivery::Delivered { message_id: format!("id of {}", key.as_str()) };
        Box::pin(async move {
            match how {
                Try::Shown => {
                    self.show(seen);
                    delivered()
                }
                Try::Slow(time) => {
                    tokio::time::sleep(time).await;
                    self.show(seen);
                    delivered()
                }
                Try::Busy => Delivery::Transient { reason: "busy".into(), retry_after_ms: None },
                Try::Refused => Delivery::Permanent { reason: "blocked".into() },
                Try::Lost => {
                    self.show(seen);
                    Delivery::Unknown { reason: "cut".into() }
                }
                Try::Hangs => std::future::pending().await,
                Try::Panics => panic!("as the test wants it"),
            }
        })
    }
}

struct Fake(Arc<Platform>);

impl Subject for Fake {
    fn channel(&self) -> Arc<dyn Channel> {
        Arc::clone(&self.0) as Arc<dyn Channel>
    }
    fn recipient(&self) -> String {
        "friend".into()
    }
    fn stranger(&self) -> String {
        "stranger".into()
    }
    fn shown(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async { self.0.inner.lock().unwrap().shown.iter().map(|seen| seen.text.clone()).collect() })
    }
}

#[tokio::test]
async fn the_fake_keeps_the_contract_and_a_liar_does_not() {
    for repeats in [Repeats::Harmless, Repeats::Shown] {
        check(&Fake(Platform::new(repeats))).await.unwrap();
    }
    let liar = Platform {
        repeats: Repeats::Harmless,
        honest: false,
        begun: Instant::now(),
        inner: Mutex::default(),
    };
    let error = check(&Fake(Arc::new(liar))).await.unwrap_err().to_string();
    assert_eq!(error, "a repetition shows nothing: 3");
}
