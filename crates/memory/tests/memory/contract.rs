//! What every `MemoryBackend` must do. A new implementation adds itself to `backends`.

use crate::home::Home;
use openclaw_memory::{LineRange, MemoryBackend, MemoryError, Query, SyncReason};
use proptest::prelude::*;

fn backends(home: &Home) -> Vec<Box<dyn MemoryBackend>> {
    vec![Box::new(home.engine())]
}

fn range(path: &str, from: Option<u32>, lines: Option<u32>) -> LineRange {
    LineRange { path: path.into(), from, lines }
}

#[tokio::test]
async fn finds_what_was_written_a_moment_ago_and_forgets_what_is_gone() {
    let home = Home::new();
    for memory in backends(&home) {
        home.note(
            "memory/2026-11-20.md",
            "# Friday\n\n- The router password is on the fridge.\n- Bought tea.\n",
        );
        let answer = memory.search(Query::new("where is the router password?")).await.unwrap();
        assert_eq!(answer.results.len(), 1);
        let hit = &answer.results[0];
        assert_eq!((hit.path.as_str(), hit.start_line, hit.end_line), ("memory/2026-11-20.md", 3, 4));
        assert_eq!(hit.snippet, "- The router password is on the fridge.\n- Bought tea.");
        assert_eq!(hit.citation, "memory/2026-11-20.md#L3-L4");
        assert!(hit.score > 0.5 && answer.confidence > 0.5 && !answer.stale, "{answer:?}");

        home.note(
            "memory/2026-11-20.md",
            "# Friday\n\n- The router password is on the shelf.\n- Bought tea.\n",
        );
        let answer = memory.search(Query::new("router password")).await.unwrap();
        assert!(answer.results[0].snippet.contains("shelf"), "{answer:?}");

        std::fs::remove_file(home.path("workspace/memory/2026-11-20.md")).unwrap();
        let answer = memory.search(Query::new("router password")).await.unwrap();
        assert_eq!((answer.results.len(), answer.confidence), (0, 0.0));
    }
}

#[tokio::test]
async fn nothing_is_found_for_words_that_are_nowhere() {
    let home = Home::new();
    home.note("MEMORY.md", "# Memory\n- The user likes green tea and black coffee.\n");
    for memory in backends(&home) {
        for text in ["quantum chromodynamics", "what was it?", "", "\"*\" OR (NEAR", "\0", "AND NOT"] {
            let answer = memory.search(Query::new(text)).await.unwrap();
            assert!(answer.results.is_empty(), "{text:?} {answer:?}");
        }
        let sure = memory.search(Query::new("green tea")).await.unwrap().confidence;
        let unsure = memory.search(Query::new("green quantum chromodynamics")).await.unwrap().confidence;
        assert!(sure > 0.7 && unsure < 0.4, "{sure} {unsure}");
        let strict = Query { min_score: 0.95, ..Query::new("green quantum chromodynamics") };
        assert!(memory.search(strict).await.unwrap().results.is_empty());
    }
}

#[tokio::test]
async fn fewer_results_are_the_first_of_more() {
    let home = Home::new();
    for day in 1..=9 {
        let filler = "word ".repeat(day);
        home.note(&format!("memory/2026-11-0{day}.md"), &format!("# Day {day}\n- tea {filler}\n- cake\n"));
    }
    for memory in backends(&home) {
        let all =
            memory.search(Query { max_results: 50, ..Query::new("tea and cake") }).await.unwrap().results;
        assert_eq!(all.len(), 9);
        for max_results in 0..9 {
            let some =
                memory.search(Query { max_results, ..Query::new("tea and cake") }).await.unwrap().results;
            assert_eq!(some[..], all[..max_results]);
        }
    }
}

#[tokio::test]
async fn reads_lines_of_notes_and_nothing_else() {
    let home = Home::new();
    home.note("MEMORY.md", "one\r\ntwo\nthree\n");
    home.note("memory/deep/er/note.md", "deep");
    home.note("memory/image.png", "png");
    home.note("AGENTS.md", "not memory");
    home.note("../secret.md", "secret");
    for memory in backends(&home) {
        let rows = [
            (range("MEMORY.md", None, None), "one\ntwo\nthree"),
            (range("./MEMORY.md", Some(2), None), "two\nthree"),
            (range("MEMORY.md", Some(2), Some(1)), "two"),
            (range("MEMORY.md", Some(3), Some(u32::MAX)), "three"),
            (range("memory/deep/er/note.md", Some(1), Some(0)), ""),
            (range(home.path("workspace/memory/deep/er/note.md").to_str().unwrap(), None, None), "deep"),
        ];
        for (range, expected) in rows {
            assert_eq!(memory.read(range.clone()).await.unwrap().text, expected, "{range:?}");
        }
        for from in [0, 4, u32::MAX] {
            let error = memory.read(range("MEMORY.md", Some(from), None)).await.unwrap_err();
            assert!(matches!(error, MemoryError::Range { available: 3, .. }), "{error}");
        }
        let long = format!("memory/{}.md", "a".repeat(5_000));
        let refused = [
            "",
            ".",
            "AGENTS.md",
            "../secret.md",
            "memory/../AGENTS.md",
            "memory/../../secret.md",
            "/etc/passwd",
            "memory",
            "memory/image.png",
            "memory/missing.md",
            "memory/a\0b.md",
            "MEMORY.md/x.md",
            &long,
        ];
        for path in refused {
            assert!(memory.read(range(path, None, None)).await.is_err(), "{path:?}");
        }
    }
}

#[tokio::test]
async fn status_and_sync_count() {
    let home = Home::new();
    for memory in backends(&home) {
        home.note("MEMORY.md", "tea\n");
        home.note("memory/a.md", "cake\n");
        let report = memory.sync(SyncReason::Requested).await.unwrap();
        assert_eq!((report.files, report.indexed, report.removed, report.pending), (2, 2, 0, 0));
        std::fs::remove_file(home.path("workspace/memory/a.md")).unwrap();
        assert!(memory.status().await.unwrap().dirty);
        let report = memory.sync(SyncReason::SessionStart).await.unwrap();
        assert_eq!((report.files, report.indexed, report.removed), (1, 0, 1));
        let report = memory.sync(SyncReason::Rebuild).await.unwrap();
        assert_eq!((report.files, report.indexed, report.removed), (1, 1, 0));
        let status = memory.status().await.unwrap();
        assert_eq!((status.files, status.windows, status.dirty), (1, 1, false));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_note_and_any_query_give_lines_that_are_there(
        text in "((# |## |- |```)?((tea|cake|猫が|\\PC{0,12}|z{300}) ?){0,6}\r?\n){0,30}",
        query in "((tea|cake|猫|\"|\\*|OR|\\PC{0,8}) ?){0,5}",
    ) {
        let home = Home::new();
        home.note("memory/note.md", &text);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for memory in backends(&home) {
            let query = Query { max_results: 50, ..Query::new(query.as_str()) };
            let answer = runtime.block_on(memory.search(query)).unwrap();
            let text = text.replace("\r\n", "\n");
            let lines: Vec<&str> = text.split('\n').collect();
            for hit in answer.results {
                let named = &lines[hit.start_line as usize - 1..hit.end_line as usize];
                let shown: Vec<&str> = hit.snippet.split('\n').collect();
                prop_assert_eq!(shown.len(), named.len());
                prop_assert!(hit.snippet.chars().count() <= 700);
                prop_assert!((0.0..=1.0).contains(&hit.score));
                for (shown, named) in shown.iter().zip(named) {
                    let right = if named.chars().count() <= 700 { shown == named } else { named.contains(shown) };
                    prop_assert!(right, "{:?} is not {:?}", shown, named);
                }
            }
        }
    }
}
