//! Files that cannot be read: they are named, and keep nothing else out.

use std::fs::File;
use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

use crate::home::Home;
use openclaw_guard::write_atomic;
use openclaw_memory::{Engine, EngineOptions, MemoryBackend as _, Query, SyncOptions, SyncReason};

/// Nothing here takes this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A picture of so many bytes that somebody called a note, newer than every note.
fn picture(home: &Home, below: &str, bytes: usize) {
    let path = home.path("workspace").join(below);
    let noise: Vec<u8> = (0..bytes).map(|at| (at * 7 % 251) as u8).collect();
    write_atomic(&path, &noise).unwrap();
    let later = SystemTime::now() + Duration::from_secs(3_600);
    File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
}

/// Lets a note look old, so that it has settled.
fn settle(home: &Home, below: &str) {
    let path = home.path("workspace").join(below);
    let before = SystemTime::now() - Duration::from_secs(3_600);
    File::options().write(true).open(path).unwrap().set_modified(before).unwrap();
}

async fn skipped(memory: &Engine) -> Vec<String> {
    let status = memory.status().await.unwrap();
    status.skipped.into_iter().map(|skipped| skipped.path).collect()
}

#[tokio::test]
async fn a_large_picture_keeps_no_note_out_and_is_named_by_every_process() {
    let home = Home::new();
    home.note("memory/a.md", "green tea\n");
    picture(&home, "memory/picture.md", 300 * 1024);
    picture(&home, "memory/other.md", 300 * 1024);
    let memory = home.engine();
    let sync = |memory| async move {
        let memory: &Engine = memory;
        tokio::time::timeout(PATIENCE, memory.sync(SyncReason::Requested)).await.expect("it ends").unwrap()
    };
    let report = sync(&memory).await;
    assert_eq!((report.files, report.pending, report.skipped.len()), (1, 0, 2));
    home.note("memory/a.md", "black coffee\n");
    settle(&home, "memory/a.md");
    let report = sync(&memory).await;
    assert_eq!((report.indexed, report.pending, report.skipped.len()), (1, 0, 2));
    let status = memory.status().await.unwrap();
    assert!(!status.dirty, "{status:?}");

    let other = home.engine();
    let status = other.status().await.unwrap();
    assert!(!status.dirty, "{status:?}");
    assert_eq!(skipped(&other).await, ["memory/other.md", "memory/picture.md"]);
    assert!(status.skipped[0].reason.contains("not text"), "{status:?}");
    let answer = other.search(Query::new("coffee")).await.unwrap();
    assert_eq!((answer.results.len(), answer.stale), (1, false));

    // With changes left to syncs, nothing is missing.
    let lazy = SyncOptions { on_search: false, watch: false, ..SyncOptions::default() };
    let lazy = Engine::new(EngineOptions { sync: lazy, ..home.options() });
    assert!(!lazy.search(Query::new("coffee")).await.unwrap().stale);

    // It becomes a note, another goes.
    home.note("memory/picture.md", "a picture of tea\n");
    std::fs::remove_file(home.path("workspace/memory/other.md")).unwrap();
    let report = sync(&memory).await;
    assert_eq!((report.files, report.skipped.len()), (2, 0));
    assert!(skipped(&home.engine()).await.is_empty());
}

#[tokio::test]
async fn a_note_that_becomes_a_picture_is_not_found_any_more() {
    let home = Home::new();
    home.note("memory/a.md", "green tea\n");
    let memory = home.engine();
    memory.sync(SyncReason::Requested).await.unwrap();
    picture(&home, "memory/a.md", 1_000);
    let answer = memory.search(Query::new("tea")).await.unwrap();
    assert!(answer.results.is_empty() && !answer.stale, "{answer:?}");
    memory.sync(SyncReason::Rebuild).await.unwrap();
    assert_eq!(skipped(&home.engine()).await, ["memory/a.md"]);
}

#[tokio::test]
async fn links_are_named() {
    let home = Home::new();
    home.note("memory/a.md", "green tea\n");
    home.note("elsewhere/b.md", "black tea\n");
    let memory_folder = home.path("workspace/memory");
    symlink(home.path("workspace/elsewhere/b.md"), memory_folder.join("b.md")).unwrap();
    symlink(home.path("workspace/elsewhere"), memory_folder.join("folder")).unwrap();
    symlink(home.path("workspace/elsewhere"), home.path("workspace/no-memory")).unwrap();
    let memory = home.engine();
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(memory.search(Query::new("tea")).await.unwrap().results.len(), 1);
    let status = memory.status().await.unwrap();
    assert_eq!(skipped(&memory).await, ["memory/b.md", "memory/folder"]);
    assert!(!status.dirty && status.skipped[0].reason.contains("symbolic link"), "{status:?}");
}
