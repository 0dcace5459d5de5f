//! Every step of writing fails once, and for good: memory stays right, nothing that was acknowledged is lost.

use super::{NOW, killed, load, load_at, new};
use crate::index::lock;
use crate::{SessionIndex, field};
use openclaw_guard::ManualClock;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Lets the step with this number fail, and `then` also those after it.
fn fail(index: &SessionIndex, at: usize, more: usize) -> Arc<AtomicUsize> {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let hook = move |_step| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        if (at..=at.saturating_add(more)).contains(&number) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    };
    *lock(&index.shared.steps.hook) = Some(Box::new(hook));
    seen
}

/// A short life: each call that is acknowledged must be there after a kill.
fn live(index: &SessionIndex, dir: &Path, clock: &ManualClock) {
    let mut labels = 0_u64;
    for round in 0..4_u64 {
        let label = format!("label {round}");
        let acknowledged = index.patch("a", |entry| entry.set_text(field::LABEL, &label)).is_ok();
        assert_eq!(index.get("a").unwrap().text(field::LABEL), Some(&*label));
        if acknowledged {
            labels = round;
        }
        let key = format!("k{round}");
        let made = index.get_or_create(&key, || new(&key, 1)).is_ok();
        index.update("a", |entry| entry.set(field::TOTAL_TOKENS, &round));
        if round == 1 {
            index.flush().ok();
        }
        clock.advance(Duration::from_millis(700));
        index.flush_if_dirty().ok();
        let after = load(killed(dir).path());
        assert!(!after.report().is_repaired(), "{:?}", after.report());
        let label = after.get("a").unwrap().text(field::LABEL).unwrap().to_owned();
        assert!(label >= format!("label {labels}"), "{label}, {labels}");
        assert!(!made || after.get(&key).is_some(), "{key}");
    }
    *lock(&index.shared.steps.hook) = None;
    index.flush_if_dirty().unwrap();
    assert_eq!(load(killed(dir).path()).list(), index.list());
    index.close().unwrap();
    assert_eq!(load(dir).list(), index.list());
}

#[test]
fn each_step_may_fail() {
    let mut steps = usize::MAX;
    let mut at = 0;
    while at <= steps {
        for more in [0, 2, usize::MAX] {
            let home = tempfile::tempdir().unwrap();
            let clock = Arc::new(ManualClock::new(NOW));
            let index = load_at(home.path(), &clock);
            index.get_or_create("a", || new("a", 1)).unwrap();
            index.patch("a", |entry| entry.set_text(field::LABEL, "label 0")).unwrap();
            let seen = fail(&index, at, more);
            live(&index, home.path(), &clock);
            if at == 0 && more == 0 {
                steps = seen.load(Ordering::SeqCst) + 8;
            }
        }
        at += 1;
    }
    assert!((20..400).contains(&steps), "{steps} steps");
}

#[test]
fn a_disk_that_stays_full_does_not_fill_the_memory() {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    let index = load_at(home.path(), &clock);
    index.get_or_create("a", || new("a", 1)).unwrap();
    fail(&index, 0, usize::MAX);
    let text = "x".repeat(10_000);
    for n in 0..1_000_u64 {
        index.update("a", |entry| {
            entry.set(field::TOTAL_TOKENS, &n);
            entry.set_text(field::LABEL, &format!("{n}{text}"));
        });
        if n % 50 == 0 {
            assert!(index.flush_if_dirty().unwrap_err().is_disk_full());
        }
    }
    assert!(lock(&index.shared.state).waiting.take().len() < 5 * 1024 * 1024);
    *lock(&index.shared.steps.hook) = None;
    index.flush_if_dirty().unwrap();
    assert_eq!(load(killed(home.path()).path()).list(), index.list());
}
