//! One at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Where runs wait for one another, in the order in which they came. A configuration that changes makes new models and no
/// new queues, because the programs that run are the same.
#[derive(Default)]
pub struct Queues(Mutex<HashMap<String, Weak<Semaphore>>>);

impl Queues {
    /// Those of this process.
    #[must_use]
    pub fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Arc<Queues>> = OnceLock::new();
        Arc::clone(SHARED.get_or_init(Arc::default))
    }

    /// Returns when nobody else of this name is at work, until the permit is dropped. A semaphore is never closed, so
    /// there is always a permit in the end.
    pub async fn turn(&self, name: &str) -> Option<OwnedSemaphorePermit> {
        let queue = self.of(name);
        queue.acquire_owned().await.ok()
    }

    fn of(&self, name: &str) -> Arc<Semaphore> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = all.get(name).and_then(Weak::upgrade) {
            return queue;
        }
        // Nobody waits in these and nobody works: a permit holds its semaphore.
        all.retain(|_, queue| queue.strong_count() > 0);
        let queue = Arc::new(Semaphore::new(1));
        all.insert(name.to_owned(), Arc::downgrade(&queue));
        queue
    }
}

#[cfg(test)]
mod tests {
    use super::Queues;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn one_at_a_time_for_each_name_and_nothing_is_left() {
        let queues = Queues::default();
        let first = queues.turn("a").await;
        assert!(first.is_some());
        assert!(queues.turn("b").now_or_never().is_some(), "another name does not wait");
        let mut second = Box::pin(queues.turn("a"));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        assert!(second.await.is_some());
        drop(queues.turn("c").await);
        assert!(queues.0.lock().unwrap().len() <= 2, "queues of nobody are let go");
    }
}
