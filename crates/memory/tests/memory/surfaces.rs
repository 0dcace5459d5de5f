//! What the command line shows beside answers: progress, who answers, how well.

use std::collections::BTreeSet;
use std::sync::Mutex;

use openclaw_embed::{Failure, Purpose};
use openclaw_guard::write_atomic;
use openclaw_memory::bench::{BenchError, Kind, Plan, Stage, run};
use openclaw_memory::{Embedders, Engine, MemoryBackend as _, Query, Reader, Role, SyncReason};

use crate::home::Home;
use crate::meaning::{Letters, only};

fn fill(home: &Home) {
    for day in 1..=20 {
        let line = |n: usize| {
            format!("- Person{day}x{n} repaired the gadget{day}x{n} beside tower{n} with tool{day}\n")
        };
        home.note(&format!("memory/2026-11-{day:02}.md"), &(1..=4).map(line).collect::<String>());
    }
}

#[tokio::test]
async fn progress_counts_down_to_nothing() {
    let home = Home::new();
    fill(&home);
    let engine = home.engine_with(only(Letters::new("a", None)));
    let progress = engine.progress();
    engine.read_notes().await.unwrap();
    let before = engine.status().await.unwrap();
    assert_eq!((before.embedded, progress.borrow().embedded), (0, 0), "words only");
    engine.sync(SyncReason::Requested).await.unwrap();
    let after = engine.status().await.unwrap();
    assert_eq!(after.embedded, after.passages);
    assert_eq!((progress.borrow().embedded, progress.borrow().left), (after.passages, 0));
}

#[tokio::test]
async fn whoever_is_asked_says_so() {
    let home = Home::new();
    let broken = Letters::new("broken", Some(Failure::Auth("no".into())));
    let embedders = Embedders { fallback: Some(Letters::new("b", None)), ..only(broken) };
    let engine = home.engine_with(embedders);
    let probes = engine.probe().await;
    let shown: Vec<_> = probes
        .iter()
        .map(|probe| (probe.embedder.as_str(), probe.role, probe.dimensions, probe.error.is_some()))
        .collect();
    assert_eq!(
        shown,
        [("test/broken", Role::Primary, None, true), ("test/b", Role::Fallback, Some(26), false)]
    );
    assert!(home.engine().probe().await.is_empty());
    assert_eq!((engine.reader(), home.engine().reader()), (Some(Reader::Service("test")), None));
}

#[tokio::test]
async fn folders_that_are_passed_over_are_known_before_anything_is_indexed() {
    let home = Home::new();
    let engine = crate::home::engine(home.dir.path(), &[home.path("nowhere")]);
    let skipped = engine.status().await.unwrap().skipped;
    assert_eq!(skipped.len(), 1, "{skipped:?}");
    assert!(skipped[0].reason.contains("extra path"), "{skipped:?}");
    engine.read_notes().await.unwrap();
    assert_eq!(engine.status().await.unwrap().skipped, skipped, "and named once");
}

#[tokio::test]
async fn a_measurement_finds_what_is_there_and_leaves_nothing() {
    let home = Home::new();
    fill(&home);
    let before = home.contents("workspace");
    let letters = Letters::new("a", None);
    let engine = home.engine_with(only(letters.clone()));
    engine.sync(SyncReason::Requested).await.unwrap();
    let stages = Mutex::new(Vec::new());
    let plan = Plan { questions: 50, seed: 1 };
    let report = run(&engine, plan, &|stage| stages.lock().unwrap().push(stage)).await.unwrap();
    let configured = report.configured.as_ref().unwrap();
    assert_eq!((report.notes, report.lines, report.seed), (20, 80, 1));
    assert_eq!((configured.questions, configured.nonsense, configured.empty), (40, 10, 0));
    assert_eq!(report.words.found6, 1.0, "{:?}", report.words);
    assert_eq!(report.words.rejected, 1.0, "{:?}", report.words);
    assert_eq!((report.building.notes, report.embedded), (20, report.passages));
    assert!(report.words.rows.iter().all(|row| row.kind != Kind::Nonsense));
    let stages = stages.into_inner().unwrap();
    assert_eq!(stages.first(), Some(&Stage::Building));
    assert_eq!(stages.last(), Some(&Stage::Asking { done: 100, all: 100 }));

    assert_eq!(home.contents("workspace"), before, "notes are never changed");
    let left = home.contents("memory");
    assert!(left.iter().all(|path| !path.0.to_string_lossy().contains("bench")), "{left:?}");
    let again = run(&engine, plan, &|_| {}).await.unwrap();
    assert_eq!(again.words.rows, report.words.rows, "the same seed, the same questions");

    // Without vectors there is one column.
    let report = run(&home.engine(), plan, &|_| {}).await.unwrap();
    assert_eq!((report.configured, report.embedded), (None, 0));
    assert!(letters.asked(Purpose::Query) >= 100);
}

#[tokio::test]
async fn too_few_notes_are_said() {
    let home = Home::new();
    home.note("MEMORY.md", "- Hansen serviced the old boiler in March\n");
    let error = run(&home.engine(), Plan { questions: 50, seed: 1 }, &|_| {}).await.unwrap_err();
    assert!(matches!(error, BenchError::TooFew { questions: 1, notes: 1 }), "{error}");
}

#[tokio::test]
async fn what_is_no_text_is_not_searched_and_said() {
    let home = Home::new();
    home.note("memory/tea.md", "green tea\n");
    for (name, bytes) in [
        ("picture", &b"\x89PNG\r\n\x1a\n\x00\x00tea"[..]),
        ("utf16", b"\xff\xfet\x00e\x00a\x00"),
        ("noise", b"tea \xff\xfe\xfd\xfc\xfb\xfa"),
    ] {
        write_atomic(&home.path(&format!("workspace/memory/{name}.md")), bytes).unwrap();
    }
    // An old encoding: two letters of many cannot be read.
    write_atomic(&home.path("workspace/memory/old.md"), b"tea with Zo\xeb and Ren\xe9, every day at five\n")
        .unwrap();
    let memory = Engine::new(home.options());
    let report = memory.sync(SyncReason::Requested).await.unwrap();
    let skipped: BTreeSet<&str> = report.skipped.iter().map(|note| note.path.as_str()).collect();
    assert_eq!(skipped, BTreeSet::from(["memory/noise.md", "memory/picture.md", "memory/utf16.md"]));
    assert!(report.skipped[0].reason.contains("save it as that"), "{:?}", report.skipped);
    let answer = memory.search(Query::new("tea")).await.unwrap();
    let found: BTreeSet<&str> = answer.results.iter().map(|hit| hit.path.as_str()).collect();
    assert_eq!(found, BTreeSet::from(["memory/old.md", "memory/tea.md"]));
}
