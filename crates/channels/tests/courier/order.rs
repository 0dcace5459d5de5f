//! The order of one recipient, and that others do not wait for it.

use std::collections::BTreeMap;
use std::time::Duration;

use openclaw_store::{DeliveryState, Repeats};
use proptest::prelude::*;
use tokio::time::Instant;

use crate::platform::{Platform, Try};
use crate::world::{Prompt, World, entry, seed};

#[tokio::test(start_paused = true)]
async fn a_recipient_that_fails_delays_nobody_else_and_nothing_spins() {
    let platform = Platform::new(Repeats::Shown);
    let world = World::start(Prompt::new(), &platform, Instant::now());
    platform.script("a0", &[Try::Busy, Try::Slow(Duration::from_secs(50))]);
    let mut all = vec![world.message("a", "a0"), world.message("a", "a1")];
    all.extend((0..100).map(|n| world.message(&format!("r{}", n % 40), &format!("k{n}"))));
    world.enqueue(all).await;
    world.pass(Duration::from_secs(60)).await;
    let tries = platform.tries();
    let late = tries.iter().filter(|seen| seen.to != "a" && seen.at > Duration::from_millis(50));
    assert_eq!(late.count(), 0, "{tries:?}");
    assert_eq!(platform.shown_to("a"), ["a0", "a1"]);
    let calls = world.ledger.calls();
    // A round, three calls, for the end of each try, and one to record it; a few more for what waits.
    assert!(calls < 4 * tries.len() + 30, "{calls} calls for {} tries", tries.len());
}

fn how() -> impl Strategy<Value = Try> {
    prop_oneof![
        3 => Just(Try::Shown),
        1 => Just(Try::Slow(Duration::from_secs(7))),
        3 => Just(Try::Busy),
        1 => Just(Try::Refused),
        2 => Just(Try::Lost),
        1 => Just(Try::Hangs),
        1 => Just(Try::Panics),
    ]
}

/// How a delivery must end, and how often its recipient sees it.
fn expected(script: &[Try], repeats: Repeats) -> (DeliveryState, usize) {
    let mut shown = 0;
    for how in script.iter().chain([&Try::Shown]) {
        match (how, repeats) {
            (Try::Shown | Try::Slow(_), Repeats::Shown) => return (DeliveryState::Delivered, shown + 1),
            (Try::Shown | Try::Slow(_), Repeats::Harmless) => return (DeliveryState::Delivered, 1),
            (Try::Refused, _) => return (DeliveryState::Dead, shown),
            (Try::Lost, Repeats::Shown) => return (DeliveryState::Unknown, shown + 1),
            (Try::Hangs | Try::Panics, Repeats::Shown) => return (DeliveryState::Unknown, shown),
            (Try::Lost, Repeats::Harmless) => shown = 1,
            (Try::Hangs | Try::Panics, Repeats::Harmless) | (Try::Busy, _) => {}
        }
    }
    unreachable!("the last one is shown")
}

/// Messages as `(recipient, script)`.
type Messages = Vec<(u8, Vec<Try>)>;

fn runs_as_expected(messages: &Messages, repeats: Repeats) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (platform, ledger) = (Platform::new(repeats), Prompt::new());
        let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut entries = Vec::new();
        for (n, (recipient, script)) in messages.iter().enumerate() {
            let (to, key) = (format!("r{recipient}"), format!("k{n}"));
            platform.script(&key, script);
            entries.push(entry(&platform, &to, &key));
            wanted.entry(to).or_default().push(key);
        }
        seed(&ledger, entries);
        let world = World::start(ledger, &platform, Instant::now());
        world.pass(Duration::from_secs(20 * 3_600)).await;
        for (n, (key, state)) in world.states().await.into_iter().enumerate() {
            let found = (state, platform.times_shown(&key));
            assert_eq!(found, expected(&messages[n].1, repeats), "{key} of {messages:?}");
        }
        for (to, keys) in wanted {
            let mut tried: Vec<String> =
                platform.tries().into_iter().filter(|seen| seen.to == to).map(|seen| seen.key).collect();
            tried.dedup();
            assert_eq!(tried, keys, "nobody is tried before the one before has ended");
        }
        assert!(!world.is_over());
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_delivery_ends_as_it_must_and_in_order(
        messages in proptest::collection::vec((0_u8..3, proptest::collection::vec(how(), 0..4)), 1..12),
        harmless in any::<bool>(),
    ) {
        runs_as_expected(&messages, if harmless { Repeats::Harmless } else { Repeats::Shown });
    }
}
