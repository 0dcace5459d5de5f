//! That memory knows what was changed: at once when it is asked, and by itself when nobody asks.

use std::fs;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::home::Home;
use crate::meaning::{Letters, only};
use openclaw_embed::Purpose;
use openclaw_guard::{PathComponent, create_private_dir};
use openclaw_memory::{Engine, EngineOptions, MemoryBackend as _, Query, SyncOptions, SyncReason};
use proptest::prelude::*;

/// Nothing here takes this long.
const PATIENCE: Duration = Duration::from_secs(20);

async fn paths(memory: &Engine, word: &str) -> Vec<String> {
    let query = Query { max_results: 50, ..Query::new(word) };
    let answer = memory.search(query).await.unwrap();
    assert!(!answer.stale, "{:?}", answer.note);
    let mut paths: Vec<String> = answer.results.into_iter().map(|hit| hit.path).collect();
    paths.sort();
    paths.dedup();
    paths
}

/// Returns when so many passages were embedded, which nobody asked for.
async fn embedded(memory: &Engine, passages: usize) {
    let mut progress = memory.progress();
    let enough = progress.wait_for(|progress| progress.embedded >= passages);
    tokio::time::timeout(PATIENCE, enough).await.expect("nothing happens").unwrap();
}

/// Something that people and programs do to a folder of notes.
#[derive(Debug, Clone)]
enum Act {
    Write(usize),
    Append(usize),
    Remove(usize),
    Rename(usize, usize),
    RemoveFolder(usize),
    RenameFolder(usize, usize),
    /// The folder goes out of memory, and comes back.
    TakeOut(usize),
    BringBack(usize),
}

/// Folders of memory, one in another, and one that is none.
const FOLDERS: [&str; 4] = ["memory", "memory/a", "memory/a/deep", "memory/b"];
const FILES: usize = FOLDERS.len() * 2;

fn act() -> impl Strategy<Value = Act> {
    let (file, folder) = (0..FILES, 0..FOLDERS.len());
    prop_oneof![
        4 => file.clone().prop_map(Act::Write),
        2 => file.clone().prop_map(Act::Append),
        2 => file.clone().prop_map(Act::Remove),
        2 => (file.clone(), file).prop_map(|(from, to)| Act::Rename(from, to)),
        1 => folder.clone().prop_map(Act::RemoveFolder),
        2 => (folder.clone(), folder.clone()).prop_map(|(from, to)| Act::RenameFolder(from, to)),
        1 => folder.clone().prop_map(Act::TakeOut),
        1 => folder.prop_map(Act::BringBack),
    ]
}

fn file(number: usize) -> String {
    format!("{}/n{}.md", FOLDERS[number / 2], number % 2)
}

fn folder(home: &Home, number: usize) -> std::path::PathBuf {
    home.path("workspace").join(FOLDERS[number])
}

/// What cannot be done is not done.
fn perform(home: &Home, act: &Act, serial: usize) {
    let path = |number| home.path("workspace").join(file(number));
    let outside = |number: usize| home.path(&format!("outside-{number}"));
    match act {
        Act::Write(at) => home.note(&file(*at), &format!("common\nword{serial}\n")),
        Act::Append(at) => {
            if let Ok(mut open) = fs::OpenOptions::new().append(true).open(path(*at)) {
                std::io::Write::write_all(&mut open, format!("common word{serial}\n").as_bytes()).unwrap();
            }
        }
        Act::Remove(at) => fs::remove_file(path(*at)).unwrap_or_default(),
        Act::Rename(from, to) => fs::rename(path(*from), path(*to)).unwrap_or_default(),
        Act::RemoveFolder(at) => fs::remove_dir_all(folder(home, *at)).unwrap_or_default(),
        Act::RenameFolder(from, to) => fs::rename(folder(home, *from), folder(home, *to)).unwrap_or_default(),
        Act::TakeOut(at) => fs::rename(folder(home, *at), outside(*at)).unwrap_or_default(),
        Act::BringBack(at) => fs::rename(outside(*at), folder(home, *at)).unwrap_or_default(),
    }
}

/// The notes that there are.
fn truth(home: &Home) -> Vec<String> {
    let files = home.contents("workspace").into_iter().map(|(path, _)| path);
    let workspace = home.path("workspace");
    files.map(|path| path.strip_prefix(&workspace).unwrap().to_str().unwrap().to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_watching_memory_finds_what_is_there_and_nothing_else(
        acts in proptest::collection::vec((act(), any::<bool>()), 1..14),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let home = Home::new();
        home.note("MEMORY.md", "common\n");
        let memory = home.engine();
        runtime.block_on(async {
            prop_assert_eq!(paths(&memory, "common").await, truth(&home));
            for (serial, (act, is_asked)) in acts.iter().enumerate() {
                perform(&home, act, serial);
                if *is_asked {
                    prop_assert_eq!(paths(&memory, "common").await, truth(&home), "{:?}", act);
                    if let Act::Write(at) = act {
                        prop_assert_eq!(paths(&memory, &format!("word{serial}")).await, [file(*at)]);
                    }
                }
            }
            prop_assert_eq!(paths(&memory, "common").await, truth(&home));
            Ok(())
        })?;
    }
}

/// No event tells of a change that is made under another name of the file, elsewhere. So whoever does not know of it has
/// not looked at the folders.
#[tokio::test]
async fn a_search_with_nothing_changed_does_not_look_at_the_folders() {
    let home = Home::new();
    home.note("memory/a.md", "green tea\n");
    let watching = home.engine();
    let asking = Engine::new(EngineOptions {
        sync: SyncOptions::default().for_a_moment(),
        database: home.path("other.sqlite"),
        ..home.options()
    });
    for memory in [&watching, &asking] {
        assert_eq!(paths(memory, "tea").await.len(), 1);
    }
    fs::hard_link(home.path("workspace/memory/a.md"), home.path("elsewhere")).unwrap();
    let mut elsewhere = fs::OpenOptions::new().append(true).open(home.path("elsewhere")).unwrap();
    std::io::Write::write_all(&mut elsewhere, b"black coffee\n").unwrap();
    assert_eq!(paths(&asking, "coffee").await.len(), 1);
    if cfg!(target_os = "linux") {
        assert_eq!(paths(&watching, "coffee").await.len(), 0);
    }
    watching.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(paths(&watching, "coffee").await.len(), 1);
}

fn quick(home: &Home, sync: SyncOptions) -> (Engine, Arc<Letters>) {
    let letters = Letters::new("letters", None);
    let embedders = only(letters.clone());
    (Engine::new(EngineOptions { sync, embedders, ..home.options() }), letters)
}

#[tokio::test]
async fn what_is_written_is_indexed_and_embedded_though_nobody_asks_and_a_move_costs_nothing() {
    let home = Home::new();
    home.note("memory/a.md", "green tea\n");
    let sync = SyncOptions { debounce: Duration::from_millis(1), ..SyncOptions::default() };
    let (memory, letters) = quick(&home, sync);
    memory.sync(SyncReason::SessionStart).await.unwrap();
    embedded(&memory, 1).await;
    home.note("memory/b.md", "black coffee\n");
    embedded(&memory, 2).await;
    fs::rename(home.path("workspace/memory/a.md"), home.path("workspace/memory/c.md")).unwrap();
    home.note("memory/d.md", "white milk\n");
    embedded(&memory, 3).await;
    let status = memory.status().await.unwrap();
    assert_eq!((status.files, status.passages, status.embedded, status.dirty), (3, 3, 3, false));
    assert_eq!(letters.asked(Purpose::Document), 3, "a moved note is embedded again");
}

#[tokio::test]
async fn what_cannot_be_watched_is_looked_at_now_and_then() {
    let home = Home::new();
    let sync = SyncOptions { poll: Duration::from_millis(5), ..SyncOptions::default() };
    let embedders = only(Letters::new("letters", None));
    let extra_paths = vec![home.path("later")];
    let memory = Engine::new(EngineOptions { extra_paths, sync, embedders, ..home.options() });
    memory.sync(SyncReason::SessionStart).await.unwrap();
    // Nobody can be told of a folder that is not there yet.
    home.note("../later/x.md", "black coffee\n");
    embedded(&memory, 1).await;
}

#[tokio::test]
async fn syncs_come_at_the_configured_rhythm() {
    let home = Home::new();
    let interval = Some(Duration::from_millis(5));
    let (memory, _) = quick(&home, SyncOptions { watch: false, interval, ..SyncOptions::default() });
    memory.status().await.unwrap();
    home.note("memory/x.md", "black coffee\n");
    embedded(&memory, 1).await;
}

#[tokio::test]
async fn without_a_sync_on_search_an_answer_says_that_it_is_old() {
    let home = Home::new();
    home.note("memory/a.md", "green tea\n");
    let still =
        SyncOptions { on_search: false, on_session_start: false, watch: false, ..SyncOptions::default() };
    let memory = Engine::new(EngineOptions { sync: still, ..home.options() });
    let untouched = memory.sync(SyncReason::SessionStart).await.unwrap();
    assert_eq!(untouched.files, 0);
    let answer = memory.search(Query::new("tea")).await.unwrap();
    assert!(answer.stale && answer.results.is_empty(), "{answer:?}");
    assert!(answer.note.unwrap().contains("sync.onSearch"));
    memory.sync(SyncReason::Requested).await.unwrap();
    let answer = memory.search(Query::new("tea")).await.unwrap();
    assert_eq!((answer.stale, answer.results.len()), (false, 1));
}

/// Wakes the thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn wait_for<T>(work: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut work = pin!(work);
    loop {
        match work.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[test]
fn it_works_without_a_runtime() {
    let home = Home::new();
    home.note("memory/a.md", "green tea\n");
    let memory = home.engine();
    assert_eq!(wait_for(paths(&memory, "tea")), ["memory/a.md"]);
    home.note("memory/b.md", "black tea\n");
    assert_eq!(wait_for(paths(&memory, "tea")), ["memory/a.md", "memory/b.md"]);
}

/// How many threads of this process have a name like this.
fn threads(name: &str) -> usize {
    let names = fs::read_dir("/proc/self/task").unwrap().filter_map(|task| {
        // One that ended meanwhile is not counted.
        fs::read_to_string(task.ok()?.path().join("comm")).ok()
    });
    names.filter(|comm| comm.trim_end().ends_with(name)).count()
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn engines_that_go_leave_no_thread_behind_also_in_the_middle_of_work() {
    let home = Home::new();
    let filler = "lorem ipsum dolor sit amet\n".repeat(20_000);
    home.note("memory/a.md", &format!("needle\n{filler}"));
    home.note("memory/b.md", &format!("needle\n{filler}"));
    let agent_id = PathComponent::parse("leaks").unwrap();
    let engines: Vec<Engine> = (0..150)
        .map(|number| {
            let database = home.path(&format!("memory/{number}.sqlite"));
            Engine::new(EngineOptions { database, agent_id: agent_id.clone(), ..home.options() })
        })
        .collect();
    // More than a user may have watches: those that get none look instead.
    for (number, memory) in engines.iter().enumerate() {
        if number % 30 == 0 {
            let answer = memory.search(Query::new("needle")).await.unwrap();
            assert!(!answer.results.is_empty(), "{answer:?}");
        } else {
            memory
                .read(openclaw_memory::LineRange { path: "MEMORY.md".into(), from: None, lines: None })
                .await
                .ok();
        }
    }
    assert!(threads("-leaks") >= 150);
    drop(engines);
    let deadline = Instant::now() + PATIENCE;
    while threads("-leaks") > 0 {
        assert!(Instant::now() < deadline, "{} threads are left", threads("-leaks"));
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn what_another_process_did_to_the_index_is_seen() {
    let home = Home::new();
    home.note("memory/a.md", "green tea\n");
    let (gateway, command) = (home.engine(), home.engine());
    assert_eq!(paths(&gateway, "tea").await.len(), 1);
    command.sync(SyncReason::Rebuild).await.unwrap();
    assert_eq!(paths(&gateway, "tea").await.len(), 1);
}

/// The engine holds a handle, and the owner means the path.
#[tokio::test]
async fn a_workspace_that_is_replaced_is_another_memory() {
    let home = Home::new();
    home.note("memory/a.md", "- the yellow submarine\n");
    let (place, aside) = (home.path("workspace"), home.path("aside"));
    for watch in [true, false] {
        let sync = SyncOptions { watch, ..SyncOptions::default() };
        let memory = Engine::new(EngineOptions { sync, ..home.options() });
        assert_eq!(paths(&memory, "submarine").await, ["memory/a.md"]);
        fs::rename(&place, &aside).unwrap();
        let lost = memory.search(Query::new("submarine")).await.unwrap();
        assert!(lost.stale && lost.note.unwrap().contains("the workspace is not there"));
        assert_eq!(lost.results.len(), 1, "what is indexed is not thrown away");
        assert_eq!(memory.status().await.unwrap().files, 1);
        create_private_dir(&place.join("memory")).unwrap();
        home.note("memory/b.md", "- the purple submarine\n");
        assert_eq!(paths(&memory, "submarine").await, ["memory/b.md"]);
        // What happens in the new one is heard of.
        home.note("memory/c.md", "- the green submarine\n");
        assert_eq!(paths(&memory, "submarine").await, ["memory/b.md", "memory/c.md"]);
        fs::remove_dir_all(&place).unwrap();
        std::os::unix::fs::symlink(&aside, &place).unwrap();
        assert_eq!(paths(&memory, "submarine").await, ["memory/a.md"]);
        fs::remove_file(&place).unwrap();
        fs::rename(&aside, &place).unwrap();
    }
}
