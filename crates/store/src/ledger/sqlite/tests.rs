//! What the ledger promises, with real files; a crash is a copy of the folder while the ledger is open.

use std::path::Path;
use std::sync::mpsc::channel;

use super::SqliteLedger;
use super::deliveries::{After, after};
use crate::RecordId;
use crate::ledger::{
    Accepted, ClaimedDelivery, Delivery, DeliveryFilter, DeliveryState, Done, EventId, EventKey, EventState,
    Expired, FinalLine, Ledger, LedgerError, LinePlace, NewDelivery, NewEvent, Repeats, Settled, SlotClaim,
    SlotKey, TurnCommit,
};

const HOUR_MS: i64 = 3_600_000;

/// Asks and waits.
fn ask<T: Send + 'static>(start: impl FnOnce(Done<T>)) -> Result<T, LedgerError> {
    let (sender, answer) = channel();
    start(Box::new(move |result| sender.send(result).unwrap()));
    answer.recv().unwrap()
}

fn event(id: &str) -> NewEvent {
    NewEvent {
        key: EventKey { channel: "gateway".into(), account: "chat".into(), id: id.into() },
        session_key: "agent:main:main".into(),
        received_at_ms: 1_000,
        payload: format!("payload of {id}").into_bytes(),
    }
}

fn accept(ledger: &SqliteLedger, id: &str) -> Accepted {
    ask(|done| ledger.accept(event(id), done)).unwrap()
}

fn accept_new(ledger: &SqliteLedger, id: &str) -> EventId {
    let Accepted::New(event) = accept(ledger, id) else { panic!("{id} was there") };
    event
}

fn commit(event: EventId, line: Option<FinalLine>, replies: Vec<NewDelivery>) -> TurnCommit {
    TurnCommit { event, outcome: b"ok".to_vec(), ended_at_ms: 2_000, line, replies }
}

fn place(session: &str) -> LinePlace {
    LinePlace { agent: "main".into(), file: format!("{session}.jsonl") }
}

fn line(text: &str) -> FinalLine {
    FinalLine {
        place: place("x"),
        session_key: "agent:main:main".into(),
        record: RecordId::parse("0a1b2c3d").unwrap(),
        line: text.as_bytes().to_vec(),
    }
}

fn delivery(recipient: &str, key: &str, repeats: Repeats) -> NewDelivery {
    NewDelivery {
        channel: "fake".into(),
        account: "default".into(),
        recipient: recipient.into(),
        key: key.into(),
        body: b"{}".to_vec(),
        repeats,
        created_at_ms: 0,
        expires_at_ms: HOUR_MS,
    }
}

fn open(home: &Path) -> SqliteLedger {
    SqliteLedger::open(home, 0).unwrap()
}

/// What a process that dies now leaves behind.
fn crash(home: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    openclaw_guard::create_private_dir(&copy.path().join("state")).unwrap();
    for entry in std::fs::read_dir(home.join("state")).unwrap().map(Result::unwrap) {
        // The shared memory is rebuilt from the log.
        if !entry.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(entry.path(), copy.path().join("state").join(entry.file_name())).unwrap();
        }
    }
    copy
}

fn claim(ledger: &SqliteLedger, now_ms: i64) -> Vec<ClaimedDelivery> {
    ask(|done| ledger.claim_due(now_ms, 100, done)).unwrap()
}

fn keys(claimed: &[ClaimedDelivery]) -> Vec<&str> {
    claimed.iter().map(|delivery| delivery.what.key.as_str()).collect()
}

fn settle(
    ledger: &SqliteLedger,
    claimed: &ClaimedDelivery,
    delivery: Delivery,
    now_ms: i64,
) -> DeliveryState {
    let settled = Settled { id: claimed.id, attempt: claimed.attempt, delivery, now_ms, jitter: 0.5 };
    ask(|done| ledger.settle(settled, done)).unwrap()
}

fn delivered() -> Delivery {
    Delivery::Delivered { message_id: "m1".into() }
}

fn transient() -> Delivery {
    Delivery::Transient { reason: "busy".into(), retry_after_ms: None }
}

fn states(ledger: &SqliteLedger) -> Vec<(String, DeliveryState)> {
    let all = DeliveryFilter { state: None, limit: 100 };
    let mut rows = ask(|done| ledger.deliveries(all, done)).unwrap();
    rows.reverse();
    rows.into_iter().map(|row| (row.what.key, row.state)).collect()
}

#[test]
fn an_event_is_accepted_once_and_its_end_is_told_again() {
    let home = tempfile::tempdir().unwrap();
    let ledger = open(home.path());
    let first = accept_new(&ledger, "a");
    assert_eq!(accept(&ledger, "a"), Accepted::Duplicate(EventState::Open));
    assert_ne!(accept_new(&ledger, "b"), first);
    ask(|done| ledger.commit_turn(commit(first, None, Vec::new()), done)).unwrap();
    let ended = EventState::Ended { ended_at_ms: 2_000, outcome: Some(b"ok".to_vec()) };
    assert_eq!(accept(&ledger, "a"), Accepted::Duplicate(ended.clone()));
    assert_eq!(ask(|done| ledger.event(event("a").key, done)).unwrap(), Some(ended));
    assert_eq!(ask(|done| ledger.event(event("zz").key, done)).unwrap(), None);
    let counts = ask(|done| ledger.counts(done)).unwrap();
    assert_eq!(counts.open_events, 1);
    assert!((2..4).contains(&counts.events), "told from the numbers, of which a repeated one may take one");
}

#[test]
fn a_crash_leaves_open_events_for_the_next_process_and_counts_the_try() {
    let home = tempfile::tempdir().unwrap();
    let ledger = open(home.path());
    assert_eq!(ask(|done| ledger.take_over(done)).unwrap(), []);
    let (a, b) = (accept_new(&ledger, "a"), accept_new(&ledger, "b"));
    let c = accept_new(&ledger, "c");
    for begun in [a, c] {
        ask(|done| ledger.begin(begun, done)).unwrap();
    }
    ask(|done| ledger.commit_turn(commit(a, None, Vec::new()), done)).unwrap();
    let next_home = crash(home.path());
    let next = open(next_home.path());
    let taken = ask(|done| next.take_over(done)).unwrap();
    let order: Vec<_> = taken.iter().map(|event| (event.id, event.attempts)).collect();
    assert_eq!(order, [(c, 1), (b, 0)], "what was begun comes first, and what waited has not been tried");
    assert_eq!(taken[1].payload, b"payload of b");
    ask(|done| next.commit_turn(commit(c, None, Vec::new()), done)).unwrap();
    ask(|done| next.begin(b, done)).unwrap();
    assert_eq!(ask(|done| next.take_over(done)).unwrap(), [], "it is ours now");
    // A stop in good order gives it back, and does not count.
    ask(|done| next.release(b, done)).unwrap();
    drop(next);
    let last = open(next_home.path());
    assert_eq!(ask(|done| last.take_over(done)).unwrap()[0].attempts, 0);
    // The first process is not the owner any more; here it is still alive and must not take it back.
    ask(|done| last.commit_turn(commit(b, None, Vec::new()), done)).unwrap();
    assert_eq!(ask(|done| last.commit_turn(commit(b, Some(line("x")), Vec::new()), done)).unwrap(), None);
    assert_eq!(ask(|done| last.waiting_lines(None, done)).unwrap(), [], "an end is an end");
}

#[test]
fn a_turn_ends_with_line_and_replies_or_not_at_all() {
    let home = tempfile::tempdir().unwrap();
    let ledger = open(home.path());
    let a = accept_new(&ledger, "a");
    let before = crash(home.path());
    let replies = vec![delivery("r", "k1", Repeats::Shown), delivery("r", "k2", Repeats::Shown)];
    let kept = ask(|done| ledger.commit_turn(commit(a, Some(line("{}")), replies), done)).unwrap();
    let after = crash(home.path());

    let old = open(before.path());
    assert_eq!((states(&old).len(), ask(|done| old.waiting_lines(None, done)).unwrap().len()), (0, 0));
    let new = open(after.path());
    assert_eq!(states(&new).len(), 2);
    let lines = ask(|done| new.waiting_lines(Some(place("x")), done)).unwrap();
    assert_eq!((lines[0].id, &lines[0].line), (kept.unwrap(), &line("{}")));
    assert_eq!(ask(|done| new.waiting_lines(Some(place("other")), done)).unwrap(), []);
    new.forget_lines(vec![lines[0].id]);
    ask(|done| new.sync(done)).unwrap();
    assert_eq!(ask(|done| new.waiting_lines(None, done)).unwrap(), []);
}

#[test]
fn one_recipient_waits_for_its_first_and_nobody_else_does() {
    let home = tempfile::tempdir().unwrap();
    let ledger = open(home.path());
    let make = |recipient: &str, key: &str| delivery(recipient, key, Repeats::Shown);
    let all = vec![make("r", "r1"), make("r", "r2"), make("s", "s1"), make("r", "r1")];
    ask(|done| ledger.enqueue(all, done)).unwrap();
    let first = claim(&ledger, 0);
    assert_eq!(keys(&first), ["r1", "s1"], "and the same key is not made twice");
    assert_eq!(keys(&claim(&ledger, 0)), [""; 0]);
    assert_eq!(ask(|done| ledger.next_due(done)).unwrap(), None, "all that waits, waits for a try");
    assert_eq!(settle(&ledger, &first[0], transient(), 10), DeliveryState::Failed);
    assert_eq!(settle(&ledger, &first[1], delivered(), 10), DeliveryState::Delivered);
    assert_eq!(keys(&claim(&ledger, 5_009)), [""; 0], "r2 waits behind r1");
    assert_eq!(ask(|done| ledger.next_due(done)).unwrap(), Some(5_010), "r2 is due when r1 has ended");
    let second = claim(&ledger, 5_010);
    assert_eq!((keys(&second), second[0].attempt), (vec!["r1"], 2));
    let refused = Delivery::Permanent { reason: "blocked".into() };
    assert_eq!(settle(&ledger, &second[0], refused, 5_020), DeliveryState::Dead);
    assert_eq!(keys(&claim(&ledger, 5_020)), ["r2"], "a dead letter holds nobody up");
    assert!(ask(|done| ledger.retry(first[0].id, 6_000, done)).unwrap());
    assert_eq!(keys(&claim(&ledger, 6_000)), ["r1"]);
    assert!(!ask(|done| ledger.discard(first[0].id, done)).unwrap(), "it is being sent");
    assert!(ask(|done| ledger.discard(first[1].id, done)).unwrap());
    assert!(!ask(|done| ledger.retry(first[1].id, 0, done)).unwrap(), "gone");
}

#[test]
fn a_try_that_broke_off_is_repeated_only_where_that_does_no_harm() {
    let home = tempfile::tempdir().unwrap();
    let ledger = open(home.path());
    let all = vec![delivery("r", "safe", Repeats::Harmless), delivery("s", "shown", Repeats::Shown)];
    ask(|done| ledger.enqueue(all, done)).unwrap();
    assert_eq!(claim(&ledger, 0).len(), 2);
    let next_home = crash(home.path());
    let next = open(next_home.path());
    let expired = Expired { dead: 0, unknown: 1 };
    assert_eq!(ask(|done| next.expire(1, done)).unwrap(), expired, "a person is told");
    assert_eq!(keys(&claim(&next, 1)), ["safe"]);
    assert_eq!(states(&next)[1], ("shown".into(), DeliveryState::Unknown));
    // The same process, but the task that tried is gone.
    assert_eq!(keys(&claim(&ledger, 119_999)), [""; 0]);
    assert_eq!(keys(&claim(&ledger, 120_000)), ["safe"]);
}

#[test]
fn what_is_too_old_is_not_sent_silently() {
    let home = tempfile::tempdir().unwrap();
    let ledger = open(home.path());
    let all = (0..500).map(|n| delivery(&format!("r{n}"), &format!("k{n}"), Repeats::Shown)).collect();
    ask(|done| ledger.enqueue(all, done)).unwrap();
    let expire = || ask(|done| ledger.expire(HOUR_MS, done)).unwrap();
    assert_eq!(expire(), Expired { dead: 500, unknown: 0 });
    assert_eq!(expire(), Expired::default());
    assert_eq!(keys(&claim(&ledger, HOUR_MS)), [""; 0]);
    let counts = ask(|done| ledger.counts(done)).unwrap();
    assert_eq!((counts.dead, counts.waiting), (500, 0));
    assert_eq!(ask(|done| ledger.retry_dead(HOUR_MS, done)).unwrap(), 500);
    assert_eq!(claim(&ledger, 2 * HOUR_MS - 1).len(), 100, "they have an hour again");
    assert_eq!(ask(|done| ledger.retry_dead(HOUR_MS, done)).unwrap(), 0);
}

#[test]
fn what_a_platform_says_decides() {
    let unknown = || Delivery::Unknown { reason: "cut".into() };
    let asked = |ms| Delivery::Transient { reason: "slow down".into(), retry_after_ms: Some(ms) };
    let refused = || Delivery::Permanent { reason: "no".into() };
    let rows = [
        (delivered(), Repeats::Shown, 1, DeliveryState::Delivered, 0),
        (transient(), Repeats::Shown, 1, DeliveryState::Failed, 5_000),
        (transient(), Repeats::Shown, 2, DeliveryState::Failed, 25_000),
        (transient(), Repeats::Shown, 3, DeliveryState::Failed, 120_000),
        (transient(), Repeats::Shown, 9, DeliveryState::Failed, 600_000),
        (asked(60_000), Repeats::Shown, 1, DeliveryState::Failed, 60_000),
        (asked(HOUR_MS), Repeats::Shown, 1, DeliveryState::Dead, 0),
        (refused(), Repeats::Harmless, 1, DeliveryState::Dead, 0),
        (unknown(), Repeats::Shown, 1, DeliveryState::Unknown, 0),
        (unknown(), Repeats::Harmless, 1, DeliveryState::Failed, 5_000),
    ];
    for (said, repeats, attempts, state, next_at_ms) in rows {
        let id = super::super::DeliveryId(1);
        let settled = Settled { id, attempt: attempts, delivery: said, now_ms: 0, jitter: 0.5 };
        let After { state: is, next_at_ms: next, .. } =
            after(&settled, attempts, &delivery("r", "k", repeats));
        assert_eq!((is, next), (state, next_at_ms), "{settled:?} {repeats:?} {attempts}");
    }
}

#[test]
fn what_came_of_an_event_is_found_by_its_key() {
    let home = tempfile::tempdir().unwrap();
    let ledger = open(home.path());
    let of = |id: &str| ask(|done| ledger.deliveries_of(event(id).key, done)).unwrap();
    let made =
        |id: &str| ask(|done| ledger.accept_delivery(event(id), delivery("r", id, Repeats::Shown), done));
    assert!(matches!(made("a").unwrap(), Accepted::New(_)));
    assert!(matches!(made("a").unwrap(), Accepted::Duplicate(EventState::Ended { .. })));
    assert_eq!(of("a").iter().map(|row| row.what.key.as_str()).collect::<Vec<_>>(), ["a"]);
    let b = accept_new(&ledger, "b");
    let replies = vec![delivery("r", "b1", Repeats::Shown), delivery("r", "b2", Repeats::Shown)];
    ask(|done| ledger.commit_turn(commit(b, None, replies), done)).unwrap();
    assert_eq!(of("b").iter().map(|row| row.what.key.as_str()).collect::<Vec<_>>(), ["b1", "b2"]);
    ask(|done| ledger.enqueue(vec![delivery("r", "c", Repeats::Shown)], done)).unwrap();
    assert_eq!(of("zz"), [], "those of no event are nobody's");
}

#[test]
fn a_slot_is_taken_once() {
    let home = tempfile::tempdir().unwrap();
    let ledger = open(home.path());
    let slot = |job: &str| SlotKey { job: job.into(), due_at_ms: 60_000 };
    let take =
        |ledger: &SqliteLedger, job: &str| ask(|done| ledger.claim_slot(slot(job), 60_000, done)).unwrap();
    assert_eq!(take(&ledger, "a"), SlotClaim::Claimed);
    assert_eq!(take(&ledger, "a"), SlotClaim::Running);
    assert_eq!(take(&ledger, "b"), SlotClaim::Claimed);
    ask(|done| ledger.end_slot(slot("b"), 61_000, "ok".into(), done)).unwrap();
    assert_eq!(take(&ledger, "b"), SlotClaim::Ended);
    let next_home = crash(home.path());
    let next = open(next_home.path());
    assert_eq!((take(&next, "a"), take(&next, "b")), (SlotClaim::Interrupted, SlotClaim::Ended));
}

#[test]
fn a_damaged_file_is_put_aside_and_a_later_version_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    accept_new(&open(home.path()), "a");
    let file = home.path().join(super::LEDGER_FILE);
    let bytes = std::fs::read(&file).unwrap();
    openclaw_guard::write_atomic(&file, b"this was never a database, and it is longer than a header is")
        .unwrap();
    let ledger = open(home.path());
    let aside = ledger.quarantined().unwrap().to_owned();
    assert!(std::fs::read(aside).unwrap().starts_with(b"this was never"));
    accept_new(&ledger, "a");
    drop(ledger);

    openclaw_guard::write_atomic(&file, &bytes).unwrap();
    let db = rusqlite::Connection::open(&file).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let before = std::fs::read(&file).unwrap();
    assert!(matches!(SqliteLedger::open(home.path(), 0), Err(LedgerError::Newer { found: 99, .. })));
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn many_requests_share_a_commit_and_keep_their_order() {
    let home = tempfile::tempdir().unwrap();
    let ledger = open(home.path());
    let (sender, answers) = channel();
    for n in 0..1_000 {
        let sender = sender.clone();
        ledger.accept(event(&n.to_string()), Box::new(move |accepted| sender.send((n, accepted)).unwrap()));
    }
    drop(sender);
    let order: Vec<(i64, i64)> = answers
        .iter()
        .map(|(n, accepted)| match accepted.unwrap() {
            Accepted::New(id) => (n, id.number()),
            Accepted::Duplicate(_) => panic!("{n}"),
        })
        .collect();
    assert!(order.iter().map(|(n, _)| *n).eq(0..1_000));
    assert!(order.is_sorted_by_key(|(_, id)| *id));
}

#[test]
fn keys_outlive_outcomes() {
    let home = tempfile::tempdir().unwrap();
    let ledger = open(home.path());
    let a = accept_new(&ledger, "a");
    ask(|done| ledger.commit_turn(commit(a, None, Vec::new()), done)).unwrap();
    assert_eq!(ask(|done| ledger.prune(2_000 + 24 * HOUR_MS, done)).unwrap(), 0);
    assert_eq!(ask(|done| ledger.prune(2_001 + 24 * HOUR_MS, done)).unwrap(), 1);
    let ended = EventState::Ended { ended_at_ms: 2_000, outcome: None };
    assert_eq!(ask(|done| ledger.event(event("a").key, done)).unwrap(), Some(ended));
    assert_eq!(ask(|done| ledger.prune(i64::MAX, done)).unwrap(), 0, "fewer than a million keys");
}
