//! What becomes of one delivery.

use std::sync::Arc;
use std::time::Duration;

use openclaw_channels::Notice;
use openclaw_store::{DeliveryState, Expired, NewDelivery, Repeats};
use tokio::time::Instant;

use crate::platform::{Platform, Try};
use crate::world::{Prompt, START_MS, World, entry, seed};

const HOUR: Duration = Duration::from_secs(3_600);

fn world(repeats: Repeats) -> World {
    let platform = Platform::new(repeats);
    World::start(Prompt::new(), &platform, Instant::now())
}

#[tokio::test(start_paused = true)]
async fn a_message_is_delivered_at_once_and_who_waits_hears() {
    let world = world(Repeats::Shown);
    world.pass(HOUR).await;
    let idle = world.ledger.calls();
    let message = world.message("ada", "k");
    let mut changes = world.courier.changes();
    let waiting = {
        let message = message.clone();
        tokio::spawn(async move { changes.of(&message).await })
    };
    let before = Instant::now();
    world.enqueue(vec![message]).await;
    assert!(waiting.await.unwrap());
    assert!(before.elapsed() < Duration::from_millis(50), "{:?}", before.elapsed());
    let row = &world.rows().await[0];
    assert_eq!((row.state, row.message_id.as_deref()), (DeliveryState::Delivered, Some("id of k")));
    world.pass(24 * HOUR).await;
    assert!(idle <= 3 && world.ledger.calls() <= idle + 12, "nothing to do is nothing asked");
    assert_eq!(world.told(), []);
}

#[tokio::test(start_paused = true)]
async fn retries_come_after_5_s_25_s_2_min_and_10_min_until_the_hour_is_over() {
    let world = world(Repeats::Shown);
    world.platform.script("k", &[Try::Busy; 20]);
    world.enqueue(vec![world.message("ada", "k")]).await;
    world.pass(3 * HOUR).await;
    let times: Vec<u64> = world.platform.tries().iter().map(|seen| seen.at.as_secs()).collect();
    assert_eq!(times, [0, 5, 30, 150, 750, 1_350, 1_950, 2_550, 3_150]);
    let row = &world.rows().await[0];
    assert_eq!(row.state, DeliveryState::Dead);
    assert_eq!(row.reason.as_deref(), Some("given up after 9 tries: busy"));
    let stuck = Notice::Stuck { id: row.id, channel: "fake".into(), state: DeliveryState::Dead };
    assert_eq!(world.told(), [stuck]);
}

#[tokio::test(start_paused = true)]
async fn what_a_channel_does_decides_and_nothing_it_does_ends_the_courier() {
    use DeliveryState::{Dead, Delivered, Unknown};
    let rows = [
        (Try::Shown, Repeats::Shown, Delivered, 1, 1),
        (Try::Busy, Repeats::Shown, Delivered, 2, 1),
        (Try::Refused, Repeats::Shown, Dead, 1, 0),
        (Try::Lost, Repeats::Shown, Unknown, 1, 1),
        (Try::Lost, Repeats::Harmless, Delivered, 2, 1),
        (Try::Hangs, Repeats::Shown, Unknown, 1, 0),
        (Try::Hangs, Repeats::Harmless, Delivered, 2, 1),
        (Try::Panics, Repeats::Shown, Unknown, 1, 0),
        (Try::Panics, Repeats::Harmless, Delivered, 2, 1),
    ];
    for (how, repeats, state, tries, shown) in rows {
        let world = world(repeats);
        world.platform.script("k", &[how]);
        world.enqueue(vec![world.message("ada", "k")]).await;
        world.pass(Duration::from_secs(120)).await;
        let made = (world.platform.tries().len(), world.platform.times_shown("k"));
        assert_eq!((world.states().await[0].1, made), (state, (tries, shown)), "{how:?} {repeats:?}");
        world.enqueue(vec![world.message("ada", "next")]).await;
        world.pass(Duration::from_secs(1)).await;
        assert_eq!(world.states().await[1].1, Delivered, "the courier works after {how:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_hour_down_sends_nothing_stale_and_says_so_once() {
    let platform = Platform::new(Repeats::Shown);
    let ledger = Prompt::new();
    let stale = |n: usize| NewDelivery {
        created_at_ms: START_MS - 7_200_000,
        expires_at_ms: START_MS - 3_600_000,
        ..entry(&platform, &format!("r{}", n % 50), &format!("k{n}"))
    };
    seed(&ledger, (0..500).map(stale).collect());
    let world = World::start(ledger, &platform, Instant::now());
    world.enqueue(vec![world.message("r1", "fresh")]).await;
    world.pass(2 * HOUR).await;
    assert_eq!(world.told(), [Notice::Expired(Expired { dead: 500, unknown: 0 })]);
    assert_eq!(platform.tries().len(), 1, "only the fresh one is sent");
    assert_eq!(platform.shown_to("r1"), ["fresh"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_dead_and_what_has_no_channel_waits() {
    let world = world(Repeats::Shown);
    let newer = NewDelivery { body: br#"{"v":2}"#.to_vec(), ..world.message("ada", "newer") };
    let gone = NewDelivery { channel: "gone".into(), ..world.message("ada", "gone") };
    world.enqueue(vec![newer, gone]).await;
    world.pass(Duration::from_secs(1)).await;
    let rows = world.rows().await;
    assert_eq!((rows[0].state, rows[1].state), (DeliveryState::Dead, DeliveryState::Failed));
    assert!(rows[0].reason.as_deref().unwrap().contains("version 2"));
    assert_eq!(rows[1].reason.as_deref(), Some("no channel gone runs here"));
}

#[tokio::test(start_paused = true)]
async fn a_stop_gives_a_try_a_moment_and_leaves_the_rest_to_the_next_start() {
    let world = world(Repeats::Shown);
    world.platform.script("slow", &[Try::Slow(Duration::from_secs(1))]);
    world.platform.script("stuck", &[Try::Hangs]);
    let all = [("a", "slow"), ("a", "later"), ("b", "stuck")];
    world.enqueue(all.iter().map(|(to, key)| world.message(to, key)).collect()).await;
    world.pass(Duration::from_millis(100)).await;
    let before = Instant::now();
    world.courier.stop().await;
    assert!(world.is_over() || before.elapsed() <= Duration::from_secs(3));
    assert!(before.elapsed() <= Duration::from_secs(3), "{:?}", before.elapsed());
    use DeliveryState::{Delivered, Prepared, Sending};
    let states: Vec<_> = world.states().await.into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, [Delivered, Prepared, Sending]);

    let begun = Instant::now();
    let next = World::start(Prompt::open(world.ledger.leave(), None), &world.platform, begun);
    next.pass(Duration::from_secs(1)).await;
    assert_eq!(next.told(), [Notice::Expired(Expired { dead: 0, unknown: 1 })]);
    let states: Vec<_> = next.states().await.into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, [Delivered, Delivered, DeliveryState::Unknown]);
    assert_eq!(world.platform.tries().len(), 3, "the stuck one is not sent again silently");
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_refuses_is_asked_again_and_nothing_is_forgotten() {
    let world = world(Repeats::Shown);
    world.platform.script("k", &[Try::Slow(Duration::from_secs(1))]);
    world.enqueue(vec![world.message("ada", "k")]).await;
    world.pass(Duration::from_millis(500)).await;
    world.ledger.refuse(7);
    world.pass(Duration::from_secs(120)).await;
    assert_eq!(world.states().await[0].1, DeliveryState::Delivered);
    assert_eq!(world.platform.times_shown("k"), 1);
    assert!(world.ledger.calls() < 60, "{}", world.ledger.calls());
}

#[tokio::test(start_paused = true)]
async fn a_stopped_courier_that_never_worked_holds_nobody_up() {
    let before = Instant::now();
    let ledger: Arc<dyn openclaw_store::Ledger> = Prompt::new();
    openclaw_channels::Courier::new(ledger).stop().await;
    assert!(before.elapsed() <= Duration::from_secs(5));
}
