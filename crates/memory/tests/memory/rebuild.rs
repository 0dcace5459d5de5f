//! Building anew while others search, build anew themselves, or die.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use crate::home::{self, Home};
use openclaw_guard::child_command;
use openclaw_memory::{Engine, MemoryBackend as _, MemoryError, Query, SyncReason};
use rusqlite::Connection;

const NOTES: usize = 60;
/// Names the home in which a process of its own builds its index anew, until it is killed.
const DYING: &str = "OPENCLAW_TEST_REBUILDS_IN";
/// Nothing here takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

fn filled() -> Home {
    let home = Home::new();
    let filler = "lorem ipsum dolor sit amet\n".repeat(400);
    for note in 0..NOTES {
        home.note(&format!("memory/{note}.md"), &format!("needle of note {note}\n{filler}"));
    }
    home
}

/// Every note is found, and nothing is missing.
async fn is_whole(memory: &Engine) {
    let query = Query { max_results: 10, ..Query::new("needle") };
    let answer = memory.search(query).await.unwrap();
    assert_eq!(answer.results.len(), 10, "{answer:?}");
    let status = memory.status().await.unwrap();
    assert_eq!(status.files, NOTES);
}

/// Notes in the generation that is published, and in others.
fn generations(database: &Path) -> (i64, i64) {
    let db = Connection::open(database).unwrap();
    db.busy_timeout(Duration::from_secs(5)).unwrap();
    let count = "SELECT count(*) FILTER (WHERE generation = published), count(*) FILTER (WHERE generation <> published)
        FROM mem_notes, mem_meta";
    db.query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

#[tokio::test]
async fn two_that_build_anew_at_once_never_publish_an_empty_index() {
    let home = filled();
    let (one, two, reader) = (home.engine(), home.engine(), home.engine());
    one.sync(SyncReason::Requested).await.unwrap();
    is_whole(&reader).await;
    for round in 0..4 {
        let rebuilds = async { tokio::join!(one.sync(SyncReason::Rebuild), two.sync(SyncReason::Rebuild)) };
        let mut rebuilds = std::pin::pin!(rebuilds);
        let (first, second) = loop {
            tokio::select! {
                done = &mut rebuilds => break done,
                () = is_whole(&reader) => assert_eq!(generations(&home.database()).0, NOTES as i64, "{round}"),
            }
        };
        let both = [first, second];
        assert!(both.iter().any(Result::is_ok), "{both:?}");
        for error in both.into_iter().filter_map(Result::err) {
            assert!(matches!(error, MemoryError::OtherProcess { .. }), "{error}");
        }
        is_whole(&reader).await;
        assert_eq!(generations(&home.database()), (NOTES as i64, 0));
    }
}

/// Does nothing in an ordinary run; see below.
#[tokio::test]
async fn builds_anew_until_it_is_killed() {
    let Some(home) = std::env::var_os(DYING).map(PathBuf::from) else { return };
    let memory = home::engine(&home, &[]);
    loop {
        memory.sync(SyncReason::Rebuild).await.unwrap();
    }
}

fn spawn(home: &Home) -> Child {
    child_command(std::env::current_exe().unwrap())
        .args(["--exact", "rebuild::builds_anew_until_it_is_killed"])
        .env(DYING, home.dir.path())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn a_process_that_is_killed_while_it_builds_anew_leaves_what_was_there() {
    let home = filled();
    let memory = home.engine();
    memory.sync(SyncReason::Requested).await.unwrap();
    drop(memory);
    for enough in [1, 13, 40] {
        let mut child = spawn(&home);
        let begun = Instant::now();
        // A rebuild is under way when there are notes that are not published.
        while generations(&home.database()).1 < enough {
            assert!(begun.elapsed() < PATIENCE, "nothing is built");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(generations(&home.database()).0, NOTES as i64);
        let memory = home.engine();
        is_whole(&memory).await;
        let answer = memory.search(Query::new("needle of note 7")).await.unwrap();
        assert_eq!((answer.stale, answer.degraded), (false, None));
        memory.sync(SyncReason::Rebuild).await.unwrap();
        is_whole(&memory).await;
        assert_eq!(generations(&home.database()), (NOTES as i64, 0));
    }
}
