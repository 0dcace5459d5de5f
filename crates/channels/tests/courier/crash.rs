//! The process dies between any two steps that are on the disk, and another one goes on (P-02).

use std::time::Duration;

use openclaw_channels::Notice;
use openclaw_store::{DeliveryState, Expired, Repeats};
use tokio::time::Instant;

use crate::platform::{Platform, Try};
use crate::world::{Death, Prompt, World, entry, seed};

const KEYS: [(&str, &str); 5] = [("a", "a0"), ("a", "a1"), ("b", "b0"), ("c", "c0"), ("c", "c1")];

/// Whether the process died before everything was done.
async fn dies_and_goes_on(repeats: Repeats, death: Death) -> bool {
    let platform = Platform::new(repeats);
    platform.script("a0", &[Try::Busy]);
    platform.script("c0", &[Try::Slow(Duration::from_secs(2))]);
    let begun = Instant::now();
    let first = {
        let ledger = Prompt::new();
        seed(&ledger, KEYS.iter().map(|(to, key)| entry(&platform, to, key)).collect());
        Prompt::open(ledger.leave(), Some(death))
    };
    let world = World::start(first, &platform, begun);
    world.pass(Duration::from_secs(30)).await;
    let died = world.is_over();

    let next = World::start(Prompt::open(world.ledger.leave(), None), &platform, begun);
    next.pass(Duration::from_secs(600)).await;
    let mut unknown = 0;
    for (key, state) in next.states().await {
        let shown = platform.times_shown(&key);
        match (repeats, state) {
            (_, DeliveryState::Delivered) => assert_eq!(shown, 1, "{key} {death:?}"),
            (Repeats::Shown, DeliveryState::Unknown) => {
                unknown += 1;
                assert!(shown <= 1, "{key} {death:?}");
            }
            (_, other) => panic!("{key} is {other:?} after {death:?}"),
        }
    }
    assert!(unknown <= 3, "at most what was under way: {unknown} {death:?}");
    let flagged = Notice::Expired(Expired { dead: 0, unknown });
    assert_eq!(next.told(), if unknown > 0 { vec![flagged] } else { Vec::new() }, "{death:?}");
    for to in ["a", "b", "c"] {
        let shown = platform.shown_to(to);
        assert!(shown.is_sorted(), "{shown:?} {death:?}");
    }
    died
}

#[tokio::test(start_paused = true)]
async fn a_death_between_any_two_states_loses_nothing_and_doubles_nothing() {
    for repeats in [Repeats::Harmless, Repeats::Shown] {
        let mut step = 0;
        while dies_and_goes_on(repeats, Death::Before(step)).await {
            assert!(dies_and_goes_on(repeats, Death::After(step)).await);
            step += 1;
        }
        assert!(step >= 20, "{step} steps");
    }
}
