//! Against the fake program: what goes over its command line, what comes back, and every way in which it fails.

use std::io::Read as _;
use std::time::{Duration, Instant};

use openclaw_config::{Qmd, QmdLimits, QmdPath, QmdSessions};
use openclaw_guard::{child_command, create_private_dir};
use openclaw_memory::{MemoryBackend as _, MemoryError, QmdError, QmdOptions, Query, SyncReason};

use super::place::{Place, found, on_demand, range};

/// A workspace with two notes, and a note elsewhere.
fn place() -> Place {
    let place = Place::new();
    place.write("workspace/MEMORY.md", "# About\n\n- Lives in Aarhus.\n");
    place.write("workspace/memory/2026-11-20.md", "# Preferences\n\n- Likes green tea.\n- Hates mornings.\n");
    place.write("notes/Über Größe_2.md", "# Clothes\n\n- The shoe size is 44.\n");
    place.write("notes/todo.txt", "shoe polish\n");
    place.write("workspace/AGENTS.md", "tea for agents\n");
    place.install();
    place
}

fn config(place: &Place) -> Qmd {
    let path = place.path("notes").to_string_lossy().into_owned();
    Qmd { paths: vec![QmdPath { path, name: Some("notes".into()), pattern: None }], ..on_demand() }
}

#[tokio::test]
async fn notes_are_found_with_their_lines_and_read() {
    let place = place();
    let memory = place.backend(place.options(&config(&place)));
    let report = memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!((report.files, report.skipped), (3, Vec::new()));
    assert_eq!(found(&memory, "green tea").await, ["memory/2026-11-20.md#L3-L4"]);
    assert_eq!(found(&memory, "Aarhus").await, ["MEMORY.md#L3"]);
    assert_eq!(found(&memory, "shoe size").await, ["qmd/notes/Über Größe_2.md#L3"]);
    assert_eq!(found(&memory, "nothing of the kind").await, Vec::<String>::new());
    let answer = memory.search(Query::new("green tea")).await.unwrap();
    assert_eq!(answer.results[0].snippet, "- Likes green tea.\n- Hates mornings.");
    assert_eq!(answer.results[0].heading.as_deref(), Some("Preferences"));
    assert_eq!(answer.results[0].date.as_deref(), Some("2026-11-20"));
    assert_eq!((answer.provider.as_str(), answer.stale, answer.note), ("qmd", false, None));
    let text = memory.read(range("qmd/notes/Über Größe_2.md")).await.unwrap().text;
    assert_eq!(text, "# Clothes\n\n- The shoe size is 44.");
    let line = openclaw_memory::LineRange { from: Some(3), lines: Some(1), ..range("MEMORY.md") };
    assert_eq!(memory.read(line).await.unwrap().text, "- Lives in Aarhus.");
    let status = memory.status().await.unwrap();
    assert_eq!((status.backend, status.files, status.dirty), ("qmd", 3, false));
    assert!(status.database.ends_with("agents/main/qmd/xdg-cache/qmd/index.sqlite"));
}

#[tokio::test]
async fn only_documents_of_collections_are_read() {
    let place = place();
    place.write("secret.md", "secret\n");
    place.write("workspace/memory/.hidden/x.md", "not hidden by its folder\n");
    std::os::unix::fs::symlink(place.path("secret.md"), place.path("workspace/memory/link.md")).unwrap();
    std::os::unix::fs::symlink(place.path("secret.md"), place.path("notes/link.md")).unwrap();
    let memory = place.backend(place.options(&config(&place)));
    let refused = [
        "",
        ".",
        "AGENTS.md",
        "memory",
        "memory/link.md",
        "memory/../AGENTS.md",
        "../secret.md",
        "/etc/passwd",
        "qmd",
        "qmd/",
        "qmd/notes",
        "qmd/notes/",
        "qmd/notes/link.md",
        "qmd/notes/todo.txt",
        "qmd/notes/../secret.md",
        "qmd/notes/../../etc/passwd",
        "qmd/notes//etc/passwd",
        "qmd/memory-root/AGENTS.md",
        "qmd/other/MEMORY.md",
        "qmd/notes/missing.md",
        "MEMORY.md\0",
    ];
    for path in refused {
        assert!(memory.read(range(path)).await.is_err(), "{path:?}");
    }
    assert_eq!(
        memory.read(range("qmd/memory-root/MEMORY.md")).await.unwrap().text,
        "# About\n\n- Lives in Aarhus."
    );
}

#[tokio::test]
async fn the_program_gets_its_own_folders_and_nothing_of_ours() {
    let place = place();
    create_private_dir(&place.path("user/.cache/qmd/models")).unwrap();
    place.write("user/.cache/qmd/models/model.gguf", "weights");
    let memory = place.backend(place.options(&on_demand()));
    memory.sync(SyncReason::Requested).await.unwrap();
    found(&memory, "--help\nme").await;
    let calls = place.calls();
    assert_eq!(calls[0], "collection list --json --index index");
    let folder = place.path("workspace/memory");
    let add = format!("collection add {} --name memory-dir --mask **/*.md --index index", folder.display());
    assert!(calls.contains(&add), "{calls:?}");
    assert_eq!(calls.last().unwrap(), "query  --help me --json -n 6 --index index");
    let env = std::fs::read_to_string(place.path("fake/env")).unwrap();
    let home = place.path("state/agents/main/qmd");
    for (name, folder) in [("XDG_CONFIG_HOME", "xdg-config"), ("XDG_CACHE_HOME", "xdg-cache")] {
        let line = format!("{name}={}", home.join(folder).display());
        assert!(env.lines().any(|found| found == line), "{line} in {env}");
    }
    assert!(env.contains("NO_COLOR=1") && !env.contains("CARGO"), "{env}");
    let pwd = std::fs::read_to_string(place.path("fake/pwd")).unwrap();
    assert_eq!(std::path::Path::new(pwd.trim()), place.path("workspace").canonicalize().unwrap());
    let model = home.join("xdg-cache/qmd/models/model.gguf");
    assert_eq!(std::fs::read_to_string(model).unwrap(), "weights");
}

#[tokio::test]
async fn collections_follow_the_configuration() {
    let place = place();
    let update = |config: Qmd| {
        let memory = place.backend(place.options(&config));
        async move {
            let report = memory.sync(SyncReason::SessionStart).await.unwrap();
            let found = found(&memory, "shoe").await;
            (report.files, report.skipped, found)
        }
    };
    let (files, skipped, _) = update(config(&place)).await;
    assert_eq!((files, skipped), (3, Vec::new()));
    let added = |place: &Place| place.calls().iter().filter(|call| call.contains("collection add")).count();
    assert_eq!(added(&place), 4);
    // The same again: nothing to do.
    update(config(&place)).await;
    assert_eq!(added(&place), 4);
    // Other files of the same folder.
    let mut changed = config(&place);
    changed.paths[0].pattern = Some("**/*.txt".into());
    assert_eq!(update(changed).await.2, ["qmd/notes/todo.txt#L1"]);
    // A folder that is not there yet does not stop the others.
    let mut missing = config(&place);
    missing.paths[0].path = "../later".into();
    let (files, skipped, _) = update(missing.clone()).await;
    assert_eq!((files, skipped[0].path.as_str()), (2, "qmd/notes"));
    place.write("later/x.md", "# Later\nshoe horn\n");
    assert_eq!(update(missing).await.2, ["qmd/notes/x.md#L1-L2"]);
    // What is not configured any more is not found any more.
    assert_eq!(update(on_demand()).await, (2, Vec::new(), Vec::new()));
}

#[tokio::test]
async fn conversations_are_found_without_their_secrets_and_go_when_switched_off() {
    let place = place();
    let line = |role: &str, text: &str| {
        let content = serde_json::json!([{"type": "text", "text": text}]);
        serde_json::json!({"type": "message", "message": {"role": role, "content": content}}).to_string()
    };
    let secret = "OPENAI_API_KEY=sk-abcdefghijklmnopqrstuvwxyz0123456789";
    let lines = [line("user", &format!("My locker code is blue. {secret}")), line("toolResult", "locker")];
    place.write("state/agents/main/sessions/s1.jsonl", &lines.join("\n"));
    let on = Qmd { sessions: QmdSessions { enabled: true, ..QmdSessions::default() }, ..on_demand() };
    let memory = place.backend(place.options(&on));
    memory.sync(SyncReason::Requested).await.unwrap();
    let answer = memory.search(Query::new("locker")).await.unwrap();
    let hit = &answer.results[0];
    assert_eq!((hit.path.as_str(), answer.results.len()), ("qmd/sessions/s1.md", 1));
    assert!(
        hit.snippet.contains("User: My locker code is blue.") && !hit.snippet.contains("klmnop"),
        "{hit:?}"
    );
    assert!(memory.read(range("qmd/sessions/s1.md")).await.unwrap().text.starts_with("# Session s1\n"));
    let exported = place.path("state/agents/main/qmd/sessions/s1.md");
    assert!(exported.is_file());
    let memory = place.backend(place.options(&on_demand()));
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(found(&memory, "locker").await, Vec::<String>::new());
    assert!(memory.read(range("qmd/sessions/s1.md")).await.is_err());
    assert!(!exported.exists(), "what is not wanted any more is not kept");
    // A folder that other agents are told, too.
    let shared =
        QmdSessions { enabled: true, export_dir: Some("../shared".into()), ..QmdSessions::default() };
    let options = place.options(&Qmd { sessions: shared, ..on_demand() });
    let own = place.path("shared/main");
    assert_eq!(options.sessions.as_ref().map(|sessions| sessions.directory.as_path()), Some(own.as_path()));
    place.write("shared/other/s2.md", "# Session s2\n\nUser: locker of somebody else\n");
    let memory = place.backend(options);
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(memory.search(Query::new("locker")).await.unwrap().results.len(), 1);
    assert!(place.path("shared/other/s2.md").is_file());
}

#[tokio::test]
async fn files_that_change_and_go_are_followed() {
    let place = place();
    let memory = place.backend(place.options(&config(&place)));
    memory.sync(SyncReason::Requested).await.unwrap();
    // The index does not know yet: lines are where they are now, and what is gone is not shown.
    place.write(
        "workspace/memory/2026-11-20.md",
        "new\nnew\n# Preferences\n\n- Likes green tea.\n- Hates mornings.\n",
    );
    assert_eq!(found(&memory, "green tea").await, ["memory/2026-11-20.md#L5-L6"]);
    std::fs::remove_file(place.path("workspace/MEMORY.md")).unwrap();
    let error = memory.search(Query::new("Aarhus")).await.unwrap_err();
    assert!(matches!(error, MemoryError::Qmd(QmdError::Unknown { count: 1, .. })), "{error}");
    let report = memory.sync(SyncReason::Written).await.unwrap();
    assert_eq!((report.files, report.indexed, report.removed), (2, 1, 1));
    assert_eq!(found(&memory, "Aarhus").await, Vec::<String>::new());
}

#[tokio::test]
async fn the_same_text_in_two_files_is_two_results() {
    let place = place();
    place.write("notes/copy.md", "# Clothes\n\n- The shoe size is 44.\n");
    let memory = place.backend(place.options(&config(&place)));
    memory.sync(SyncReason::Requested).await.unwrap();
    let mut paths = found(&memory, "shoe").await;
    paths.sort();
    assert_eq!(paths, ["qmd/notes/copy.md#L3", "qmd/notes/Über Größe_2.md#L3"]);
}

#[tokio::test]
async fn an_old_version_is_understood() {
    let place = place();
    for command in ["collection", "update", "query"] {
        place.mode(command, "old");
    }
    let memory = place.backend(place.options(&config(&place)));
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(found(&memory, "shoe size").await, ["qmd/notes/Über Größe_2.md#L3"]);
    assert_eq!(found(&memory, "Aarhus").await, ["MEMORY.md#L3"]);
    assert_eq!(found(&memory, "nothing").await, Vec::<String>::new());
    // It is replaced by a new one that reads the same index.
    for command in ["collection", "update", "query"] {
        place.mode(command, "");
    }
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(found(&memory, "shoe size").await, ["qmd/notes/Über Größe_2.md#L3"]);
}

#[tokio::test]
async fn progress_before_results_and_an_unknown_index_do_no_harm() {
    let place = place();
    let memory = place.backend(place.options(&config(&place)));
    memory.sync(SyncReason::Requested).await.unwrap();
    place.mode("query", "progress");
    assert_eq!(found(&memory, "green tea").await, ["memory/2026-11-20.md#L3-L4"]);
    // A version that keeps its documents elsewhere: the results say themselves which file it is.
    place.mode("query", "other");
    assert_eq!(found(&memory, "green tea").await, ["memory/2026-11-20.md#L3-L4"]);
    assert!(memory.status().await.unwrap().dirty);
}

#[tokio::test]
async fn results_are_limited_and_never_reordered() {
    let place = place();
    for number in 0..9 {
        place.write(
            &format!("workspace/memory/n{number}.md"),
            &format!("oolong {}\n", "tea ".repeat(number + 1)),
        );
    }
    let limits = QmdLimits { max_results: Some(5), max_snippet_chars: Some(12), ..QmdLimits::default() };
    let memory = place.backend(place.options(&Qmd { limits, ..on_demand() }));
    memory.sync(SyncReason::Requested).await.unwrap();
    let all = found(&memory, "oolong").await;
    assert_eq!(all.len(), 5);
    for max_results in 0..=6 {
        let answer = memory.search(Query { max_results, ..Query::new("oolong") }).await.unwrap();
        let some: Vec<String> = answer.results.iter().map(|hit| hit.citation.clone()).collect();
        assert_eq!(some, all[..max_results.min(5)]);
        assert!(answer.results.iter().all(|hit| hit.snippet.chars().count() <= 12));
    }
}

/// What each failure is called, and that the built-in engine answers, says so, and gives way again.
#[tokio::test]
async fn every_failure_is_answered_by_the_built_in_engine_and_overcome() {
    let rows = [
        ("garbage", "printed no list of results but: Segmentation fault"),
        ("fail", "exit status: 1): Error: database or disk is full"),
        ("killed", "signal: 9"),
        ("flood", "printed more than"),
        ("hang", "took longer than 200 ms and was stopped"),
        ("leak", "OPENAI_API_KEY="),
    ];
    for (mode, said) in rows {
        let place = place();
        let mut options = place.options(&config(&place));
        options.limits.query_limit =
            if mode == "hang" { Duration::from_millis(200) } else { super::place::PATIENCE };
        let memory = place.with_fallback(place.backend(options));
        memory.sync(SyncReason::Requested).await.unwrap();
        place.mode("query", mode);
        for _ in 0..2 {
            let answer = memory.search(Query::new("green tea")).await.unwrap();
            assert_eq!(answer.results[0].path, "memory/2026-11-20.md", "{mode}");
            let fallback = answer.fallback.unwrap();
            assert_eq!(fallback.from, "qmd");
            assert!(fallback.reason.contains(said), "{mode}: {fallback:?}");
            assert!(!fallback.reason.contains("klmnopqrst"), "{mode}: {fallback:?}");
        }
        assert_eq!(place.count("query"), 1, "{mode}: it is left alone for a while");
        let status = memory.status().await.unwrap();
        assert_eq!(status.backend, "builtin", "{mode}");
        assert!(status.fallback.unwrap().reason.contains(said), "{mode}");
        place.mode("query", "");
        place.clock.advance(Duration::from_secs(30));
        if mode != "hang" {
            let answer = memory.search(Query::new("green tea")).await.unwrap();
            assert_eq!((answer.provider.as_str(), answer.fallback), ("qmd", None), "{mode}");
            assert_eq!(memory.status().await.unwrap().backend, "qmd", "{mode}");
        }
    }
}

#[tokio::test]
async fn a_program_that_is_missing_is_used_when_it_is_there() {
    let place = place();
    std::fs::remove_file(place.path("bin/qmd")).unwrap();
    let memory = place.with_fallback(place.backend(place.options(&config(&place))));
    let answer = memory.search(Query::new("green tea")).await.unwrap();
    let reason = answer.fallback.unwrap().reason;
    assert!(reason.contains("bin/qmd was not found; install it"), "{reason}");
    assert_eq!(answer.results.len(), 1);
    place.install();
    // Who asks for it does not wait for the pause.
    assert_eq!(memory.sync(SyncReason::Requested).await.unwrap().files, 3);
    let answer = memory.search(Query::new("shoe size")).await.unwrap();
    assert_eq!(answer.results[0].path, "qmd/notes/Über Größe_2.md");
    assert_eq!(memory.read(range("memory/2026-11-20.md")).await.unwrap().text.lines().count(), 4);
}

#[tokio::test]
async fn a_timeout_stops_everything_that_was_started() {
    let place = place();
    let mut options = place.options(&on_demand());
    options.limits.query_limit = Duration::from_millis(200);
    let memory = place.backend(options);
    memory.sync(SyncReason::Requested).await.unwrap();
    place.mode("query", "hang");
    let alive = place.path("fake/alive");
    assert!(child_command("mkfifo").arg(&alive).status().unwrap().success());
    // Reads the pipe to its end, which comes when the last process that has it is gone.
    let watcher = std::thread::spawn(move || {
        let mut pipe = std::fs::File::open(alive).unwrap();
        let began = Instant::now();
        pipe.read_to_end(&mut Vec::new()).unwrap();
        began.elapsed()
    });
    let error = memory.search(Query::new("tea")).await.unwrap_err();
    assert!(matches!(error, MemoryError::Qmd(QmdError::Timeout { .. })), "{error}");
    assert!(watcher.join().unwrap() < Duration::from_secs(300), "it ended by itself only");
}

#[tokio::test]
async fn a_search_that_nobody_waits_for_stops_the_program() {
    let place = place();
    let memory = place.backend(place.options(&on_demand()));
    memory.sync(SyncReason::Requested).await.unwrap();
    place.mode("query", "hang");
    let alive = place.path("fake/alive");
    assert!(child_command("mkfifo").arg(&alive).status().unwrap().success());
    let (opened, is_open) = tokio::sync::oneshot::channel();
    let watcher = std::thread::spawn(move || {
        let mut pipe = std::fs::File::open(alive).unwrap();
        opened.send(()).unwrap();
        let began = Instant::now();
        pipe.read_to_end(&mut Vec::new()).unwrap();
        began.elapsed()
    });
    tokio::select! {
        answer = memory.search(Query::new("tea")) => panic!("{answer:?}"),
        opened = is_open => opened.unwrap(),
    }
    assert!(watcher.join().unwrap() < Duration::from_secs(30), "it ran into its limit only");
}

#[tokio::test]
async fn an_update_that_fails_is_said_and_the_index_answers_as_it_was() {
    let place = place();
    let memory = place.with_fallback(place.backend(place.options(&config(&place))));
    memory.sync(SyncReason::Requested).await.unwrap();
    place.mode("update", "fail");
    // The engine steps in for the update; the search goes on with the old index and says so.
    memory.sync(SyncReason::Requested).await.unwrap();
    place.clock.advance(Duration::from_secs(30));
    let answer = memory.search(Query::new("green tea")).await.unwrap();
    assert_eq!((answer.provider.as_str(), answer.stale), ("qmd", true));
    assert!(answer.note.unwrap().contains("qmd update failed"));
    place.mode("update", "");
    memory.sync(SyncReason::Requested).await.unwrap();
    let answer = memory.search(Query::new("green tea")).await.unwrap();
    assert_eq!((answer.stale, answer.note), (false, None));
}

#[tokio::test]
async fn without_vectors_there_are_words() {
    let place = place();
    place.mode("embed", "fail");
    let memory = place.backend(place.options(&on_demand()));
    memory.sync(SyncReason::Requested).await.unwrap();
    let answer = memory.search(Query::new("green tea")).await.unwrap();
    let degraded = answer.degraded.unwrap();
    assert!(
        answer.results.len() == 1 && degraded.starts_with("no new vectors: qmd embed failed"),
        "{degraded}"
    );
    assert_eq!(memory.status().await.unwrap().degraded, Some(degraded));
    place.mode("embed", "");
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(memory.status().await.unwrap().degraded, None);
}

#[tokio::test]
async fn an_index_that_is_damaged_or_gone_is_made_anew() {
    let place = place();
    let options = place.options(&config(&place));
    let index = options.index();
    let memory = place.backend(options);
    memory.sync(SyncReason::Requested).await.unwrap();
    let close = |tail: &str| index.with_file_name(format!("index.sqlite{tail}"));
    for tail in ["-wal", "-shm"] {
        // They are there only while somebody has it open.
        std::fs::remove_file(close(tail)).ok();
    }
    openclaw_guard::write_atomic(&index, &[0xa5; 20_000]).unwrap();
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(found(&memory, "shoe size").await.len(), 1);
    assert_eq!(std::fs::read(close(".damaged")).unwrap().len(), 20_000);
    for tail in ["", "-wal", "-shm"] {
        std::fs::remove_file(close(tail)).ok();
    }
    // The search itself sees that it is gone. A slow machine answers the first time that it is being made.
    let answer = match memory.search(Query::new("shoe size")).await {
        Err(MemoryError::Qmd(QmdError::Starting)) => {
            memory.sync(SyncReason::SessionStart).await.unwrap();
            memory.search(Query::new("shoe size")).await
        }
        other => other,
    };
    assert_eq!(answer.unwrap().results.len(), 1);
    memory.sync(SyncReason::Rebuild).await.unwrap();
    assert_eq!(found(&memory, "shoe size").await.len(), 1);
    assert!(place.calls().iter().any(|call| call.starts_with("collection remove notes")));
}

#[tokio::test]
async fn a_new_process_uses_the_index_of_the_last_one() {
    let place = place();
    let memory = place.backend(place.options(&config(&place)));
    memory.sync(SyncReason::Requested).await.unwrap();
    let before = place.calls().len();
    let options: QmdOptions = place.options(&config(&place));
    assert_eq!(found(&place.backend(options), "shoe size").await.len(), 1);
    assert_eq!(place.calls().len(), before + 1, "nothing but the query runs");
}
