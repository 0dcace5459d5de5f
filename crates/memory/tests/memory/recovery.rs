//! What becomes of answers when the index file is damaged, deleted, replaced or held by somebody else (P-18). Notes are
//! never touched.

use std::fs;

use crate::home::Home;
use crate::meaning::{Letters, only};
use openclaw_embed::Purpose;
use openclaw_guard::write_atomic;
use openclaw_memory::{Answer, Engine, EngineOptions, MemoryBackend as _, Query, SyncReason};
use rusqlite::Connection;

/// More than is read before an answer.
fn large(home: &Home) -> Engine {
    let filler = "lorem ipsum dolor sit amet\n".repeat(30_000);
    for name in ["a", "b", "c"] {
        home.note(&format!("memory/{name}.md"), &format!("needle {name}\n{filler}"));
    }
    home.engine()
}

async fn search(memory: &Engine) -> Answer {
    memory.search(Query::new("needle")).await.unwrap()
}

/// An answer without everything says why; the next one after a sync has everything.
async fn recovers(memory: &Engine, why: &str) {
    let first = search(memory).await;
    if first.results.len() < 3 {
        assert!(first.stale, "{first:?}");
        assert!(first.degraded.as_deref().is_some_and(|degraded| degraded.contains(why)), "{first:?}");
    }
    let report = memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!((report.files, report.pending), (3, 0));
    let whole = search(memory).await;
    assert_eq!((whole.results.len(), whole.stale, whole.degraded), (3, false, None));
}

#[tokio::test]
async fn an_index_deleted_under_us_is_built_anew() {
    let home = Home::new();
    let memory = large(&home);
    memory.sync(SyncReason::Requested).await.unwrap();
    let before = home.contents("workspace");
    for file in [home.database(), home.path("memory/main.sqlite-wal"), home.path("memory/main.sqlite-shm")] {
        fs::remove_file(file).unwrap_or_default();
    }
    let first = search(&memory).await;
    assert!(first.degraded.as_deref().is_some_and(|degraded| degraded.contains("deleted")), "{first:?}");
    recovers(&memory, "deleted").await;
    assert!(home.database().is_file());
    assert_eq!(home.contents("workspace"), before);
}

#[tokio::test]
async fn an_index_replaced_under_us_is_not_believed() {
    let home = Home::new();
    let memory = large(&home);
    memory.sync(SyncReason::Requested).await.unwrap();
    // One of another time: it has nothing.
    let empty = Home::new();
    search(&Engine::new(empty.options())).await;
    fs::rename(empty.database(), home.database()).unwrap();
    // With the log of the old one beside it, it may also be taken for a damaged one.
    recovers(&memory, "built anew").await;
}

#[tokio::test]
async fn an_index_damaged_under_us_is_put_aside() {
    let home = Home::new();
    let memory = large(&home);
    memory.sync(SyncReason::Requested).await.unwrap();
    let before = home.contents("workspace");
    drop(memory);
    let mut bytes = fs::read(home.database()).unwrap();
    let length = bytes.len();
    // The head stays whole, so that it looks like a database.
    bytes[4096..length].fill(0xa5);
    write_atomic(&home.database(), &bytes).unwrap();
    for log in ["memory/main.sqlite-wal", "memory/main.sqlite-shm"] {
        fs::remove_file(home.path(log)).unwrap_or_default();
    }
    let memory = home.engine();
    recovers(&memory, "damaged").await;
    let aside = memory.status().await.unwrap().recovered.unwrap();
    assert_eq!(fs::read(aside).unwrap(), bytes);
    assert_eq!(home.contents("workspace"), before);
}

/// A newer program that is started while an older one runs.
#[tokio::test]
async fn an_index_that_another_version_has_opened_is_built_anew_and_not_put_aside() {
    let home = Home::new();
    let letters = Letters::new("letters", None);
    home.note("memory/needle.md", "needle\n");
    let memory = home.engine_with(only(letters.clone()));
    for (version, change) in [
        ("version + 1", "ALTER TABLE mem_notes RENAME COLUMN source TO origin"),
        ("version + 1", "UPDATE mem_notes SET size = 'large', source = 7"),
        ("version - 1", "DROP TABLE mem_vectors"),
    ] {
        memory.sync(SyncReason::Requested).await.unwrap();
        let other = Connection::open(home.database()).unwrap();
        let count = |query| other.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
        let ours = count("SELECT version FROM mem_meta");
        let changes = format!("BEGIN; UPDATE mem_meta SET version = {version}; {change}; COMMIT");
        other.execute_batch(&changes).unwrap();
        let answer = search(&memory).await;
        assert_eq!(answer.results.len(), 1, "{change}: {answer:?}");
        let report = memory.sync(SyncReason::Requested).await.unwrap();
        assert_eq!((report.files, report.pending), (1, 0), "{change}");
        let status = memory.status().await.unwrap();
        assert_eq!((status.embedded, status.recovered), (1, None), "{change}");
        assert_eq!(count("SELECT version FROM mem_meta"), ours, "{change}: the same file");
        assert!(!home.path("memory/main.sqlite.damaged").exists(), "{change}");
    }
    assert_eq!(letters.asked(Purpose::Document), 1, "vectors are kept");
}

#[tokio::test]
async fn while_another_process_writes_what_is_indexed_answers_and_says_so() {
    let home = Home::new();
    home.note("memory/a.md", "needle a\n");
    let memory = home.engine();
    assert_eq!(search(&memory).await.results.len(), 1);
    let other = Connection::open(home.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    home.note("memory/b.md", "needle b\n");
    let answer = search(&memory).await;
    assert_eq!((answer.results.len(), answer.stale), (1, true), "{answer:?}");
    assert!(answer.note.unwrap().contains("locked"));
    other.execute_batch("COMMIT").unwrap();
    let answer = search(&memory).await;
    assert_eq!((answer.results.len(), answer.stale), (2, false));
}

/// Somebody may name a note as the index by mistake.
#[tokio::test]
async fn what_is_no_index_is_left_alone() {
    let home = Home::new();
    home.note("MEMORY.md", "needle in the note\n".repeat(100).as_str());
    let database = home.path("workspace/MEMORY.md");
    let before = fs::read(&database).unwrap();
    let memory = Engine::new(EngineOptions { database: database.clone(), ..home.options() });
    let answer = search(&memory).await;
    assert!(!answer.results.is_empty());
    assert!(answer.degraded.unwrap().contains("MEMORY.md"));
    assert!(memory.sync(SyncReason::Requested).await.is_err());
    assert_eq!(fs::read(&database).unwrap(), before);
}
