//! Who waits for whom, and when, with the program and the time in the hands of the test.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_config::{Qmd, QmdUpdate};
use openclaw_guard::{create_private_dir, write_atomic};
use openclaw_memory::{
    MemoryBackend as _, MemoryError, QmdCall, QmdError, QmdRunner, Query, SyncReason, WithFallback,
};
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

use super::place::{Place, on_demand};

/// A program that does what the test says.
struct Scripted {
    index: std::path::PathBuf,
    tasks: Mutex<Vec<&'static str>>,
    /// Updates wait for a permit of it.
    updates: Semaphore,
    began: Notify,
    is_broken: AtomicBool,
}

impl Scripted {
    fn new(place: &Place, permits: usize) -> Arc<Self> {
        Arc::new(Self {
            index: place.options(&on_demand()).index(),
            tasks: Mutex::default(),
            updates: Semaphore::new(permits),
            began: Notify::new(),
            is_broken: AtomicBool::new(false),
        })
    }

    fn count(&self, task: &str) -> usize {
        self.tasks.lock().unwrap().iter().filter(|&&done| done == task).count()
    }
}

/// The trait is not ours to implement for `Arc`.
struct Runner(Arc<Scripted>);

impl QmdRunner for Runner {
    fn run(&self, call: QmdCall) -> BoxFuture<'static, Result<String, QmdError>> {
        let scripted = Arc::clone(&self.0);
        async move {
            scripted.tasks.lock().unwrap().push(call.task);
            if scripted.is_broken.load(Ordering::SeqCst) {
                return Err(QmdError::Missing { command: "qmd".into() });
            }
            if call.task == "update" {
                scripted.began.notify_one();
                scripted.updates.acquire().await.unwrap().forget();
                create_private_dir(scripted.index.parent().unwrap()).unwrap();
                write_atomic(&scripted.index, b"").unwrap();
            }
            Ok("[]".into())
        }
        .boxed()
    }
}

fn place() -> Place {
    let place = Place::new();
    place.write("workspace/MEMORY.md", "green tea\n");
    place
}

#[tokio::test(start_paused = true)]
async fn a_search_waits_half_a_second_for_an_update_and_no_longer() {
    let place = place();
    let scripted = Scripted::new(&place, 1);
    let memory = place.backend_on(place.options(&on_demand()), Arc::new(Runner(Arc::clone(&scripted))));
    memory.sync(SyncReason::Requested).await.unwrap();
    // The second update does not end.
    let running = Arc::clone(&memory);
    let update = tokio::spawn(async move { running.sync(SyncReason::Requested).await });
    scripted.began.notified().await;
    scripted.began.notified().await;
    let began = Instant::now();
    memory.search(Query::new("tea")).await.unwrap();
    assert_eq!(began.elapsed().as_millis(), 500);
    assert_eq!(scripted.count("query"), 1);
    // With the end in sight, it does not wait at all.
    scripted.updates.add_permits(1);
    update.await.unwrap().unwrap();
    let began = Instant::now();
    memory.search(Query::new("tea")).await.unwrap();
    assert_eq!(began.elapsed().as_millis(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_first_index_is_no_failure() {
    let place = place();
    let scripted = Scripted::new(&place, 0);
    let primary = place.backend_on(place.options(&on_demand()), Arc::new(Runner(Arc::clone(&scripted))));
    let error = primary.search(Query::new("tea")).await.unwrap_err();
    assert!(matches!(error, MemoryError::Qmd(QmdError::Starting)), "{error}");
    let memory: WithFallback = place.with_fallback(Arc::clone(&primary));
    let answer = memory.search(Query::new("tea")).await.unwrap();
    assert_eq!(answer.fallback.unwrap().reason, "qmd is making its index for the first time");
    assert_eq!((answer.results.len(), memory.status().await.unwrap().backend), (1, "builtin"));
    scripted.updates.add_permits(100);
    primary.sync(SyncReason::SessionStart).await.unwrap();
    assert_eq!(memory.search(Query::new("tea")).await.unwrap().fallback, None);
    assert_eq!(memory.status().await.unwrap().backend, "qmd");
}

#[tokio::test(start_paused = true)]
async fn updates_are_joined_and_debounced_unless_a_person_asks() {
    let place = place();
    let scripted = Scripted::new(&place, 0);
    let config = Qmd { update: QmdUpdate { debounce_ms: None, ..on_demand().update }, ..on_demand() };
    let memory = place.backend_on(place.options(&config), Arc::new(Runner(Arc::clone(&scripted))));
    let sync = |why| {
        let memory = Arc::clone(&memory);
        tokio::spawn(async move { memory.sync(why).await })
    };
    let first = sync(SyncReason::Written);
    scripted.began.notified().await;
    let joined: Vec<_> = (0..3).map(|_| sync(SyncReason::Written)).collect();
    let asked: Vec<_> = (0..3).map(|_| sync(SyncReason::Requested)).collect();
    tokio::task::yield_now().await;
    scripted.updates.add_permits(100);
    for task in [first].into_iter().chain(joined).chain(asked) {
        task.await.unwrap().unwrap();
    }
    // One that was running, and one for all who asked meanwhile.
    assert_eq!(scripted.count("update"), 2);
    sync(SyncReason::SessionStart).await.unwrap().unwrap();
    assert_eq!(scripted.count("update"), 2, "a moment ago");
    assert_eq!(scripted.count("embed"), 2);
    place.clock.advance(Duration::from_secs(15));
    sync(SyncReason::SessionStart).await.unwrap().unwrap();
    assert_eq!(
        (scripted.count("update"), scripted.count("embed")),
        (3, 2),
        "vectors are made each hour only"
    );
    place.clock.advance(Duration::from_secs(3_600));
    sync(SyncReason::Written).await.unwrap().unwrap();
    assert_eq!((scripted.count("update"), scripted.count("embed")), (4, 3));
}

#[tokio::test(start_paused = true)]
async fn the_start_waits_only_when_it_should_and_time_brings_updates() {
    for waits in [false, true] {
        let place = place();
        let scripted = Scripted::new(&place, 0);
        let update =
            QmdUpdate { wait_for_boot_sync: Some(waits), debounce_ms: Some(0), ..QmdUpdate::default() };
        let config = Qmd { update, ..Qmd::default() };
        let memory = place.backend_on(place.options(&config), Arc::new(Runner(Arc::clone(&scripted))));
        let started = Arc::clone(&memory);
        let start = tokio::spawn(async move { started.start().await });
        scripted.began.notified().await;
        assert_eq!(start.is_finished(), !waits, "waits: {waits}");
        scripted.updates.add_permits(100);
        start.await.unwrap();
        memory.sync(SyncReason::SessionStart).await.unwrap();
        let before = scripted.count("update");
        // Nobody asks; five minutes pass.
        scripted.began.notified().now_or_never();
        let began = Instant::now();
        scripted.began.notified().await;
        assert!((1..=300).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
        assert_eq!(scripted.count("update"), before + 1);
        drop(memory);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failing_program_is_left_alone_longer_and_longer() {
    let place = place();
    let scripted = Scripted::new(&place, 100);
    let memory = place.with_fallback(
        place.backend_on(place.options(&on_demand()), Arc::new(Runner(Arc::clone(&scripted)))),
    );
    memory.sync(SyncReason::Requested).await.unwrap();
    scripted.is_broken.store(true, Ordering::SeqCst);
    let mut tried = Vec::new();
    for second in 0..400 {
        let before = scripted.count("query");
        let answer = memory.search(Query::new("tea")).await.unwrap();
        assert_eq!((answer.results.len(), answer.fallback.is_some()), (1, true));
        if scripted.count("query") > before {
            tried.push(second);
        }
        place.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(tried, [0, 30, 90, 210]);
    scripted.is_broken.store(false, Ordering::SeqCst);
    place.clock.advance(Duration::from_secs(240));
    assert_eq!(memory.search(Query::new("tea")).await.unwrap().fallback, None);
    // The next failure begins anew.
    scripted.is_broken.store(true, Ordering::SeqCst);
    memory.search(Query::new("tea")).await.unwrap();
    scripted.is_broken.store(false, Ordering::SeqCst);
    place.clock.advance(Duration::from_secs(30));
    assert_eq!(memory.search(Query::new("tea")).await.unwrap().fallback, None);
}

#[tokio::test(start_paused = true)]
async fn what_is_written_a_moment_after_an_update_is_indexed_when_updates_may_follow() {
    let place = place();
    let scripted = Scripted::new(&place, 100);
    let config = Qmd { update: QmdUpdate { debounce_ms: None, ..on_demand().update }, ..on_demand() };
    let memory = place.backend_on(place.options(&config), Arc::new(Runner(Arc::clone(&scripted))));
    memory.sync(SyncReason::Requested).await.unwrap();
    let began = Instant::now();
    for _ in 0..3 {
        memory.sync(SyncReason::Written).await.unwrap();
    }
    assert_eq!((scripted.count("update"), began.elapsed().as_millis()), (1, 0), "nobody waits");
    scripted.began.notified().await;
    scripted.began.notified().await;
    assert_eq!((scripted.count("update"), began.elapsed().as_secs()), (2, 15), "one for all three");

    // An update of somebody else that begins behind the change has it.
    memory.sync(SyncReason::Written).await.unwrap();
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(scripted.count("update"), 3);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(scripted.count("update"), 3);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_note_that_anybody_writes_brings_an_update() {
    let place = place();
    let scripted = Scripted::new(&place, 100);
    let update = QmdUpdate { on_boot: Some(false), debounce_ms: Some(0), ..QmdUpdate::default() };
    let config = Qmd { update, ..Qmd::default() };
    let memory = place.backend_on(place.options(&config), Arc::new(Runner(Arc::clone(&scripted))));
    memory.start().await;
    // The watch begins behind the start: until it is there, a change is not heard.
    for number in 0.. {
        place.write(&format!("workspace/memory/{number}.md"), "tea");
        let heard = tokio::time::timeout(Duration::from_millis(200), scripted.began.notified()).await;
        if heard.is_ok() {
            break;
        }
        assert!(number < 300, "no update came");
    }
    assert!(scripted.count("update") >= 1);
}
