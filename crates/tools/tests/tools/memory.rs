//! `memory_search`, `memory_get` and `session_status`.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_memory::{
    Answer, LineRange, MemoryBackend, MemoryError, Passage, Query, Scope, ScopeRule, Standing, Status,
    SyncReason, SyncReport, Verdict,
};
use openclaw_tools::{Citations, MemoryTools, Policy, SearchDefaults, Toolbox, ToolboxOptions};
use serde_json::{Value, json};

use crate::home::{Home, call, text_of};

async fn search(home: &Home, citations: Citations, session_key: &str) -> Value {
    let toolbox = Toolbox::new(ToolboxOptions { citations, ..ToolboxOptions::default() });
    let mut cx = home.cx.clone();
    cx.session_key = session_key.into();
    let outcome = toolbox.run(call("memory_search", json!({"query": "falcon"})), cx).await;
    let details = outcome.details.clone().unwrap();
    assert_eq!(text_of(&outcome), serde_json::to_string_pretty(&details).unwrap());
    details
}

#[tokio::test]
async fn search_returns_what_the_release_returns() {
    let home = Home::new();
    home.file("workspace/MEMORY.md", "# Projects\n- Falcon ships on Friday.\n");
    let details = search(&home, Citations::Off, "agent:main:main").await;
    let keys: Vec<&String> = details.as_object().unwrap().keys().collect();
    // What the release has, then what it does not say.
    assert_eq!(keys, ["results", "provider", "model", "citations", "confidence"]);
    assert!(details["confidence"].as_f64().unwrap() > 0.5);
    let hit = &details["results"][0];
    let keys: Vec<&String> = hit.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["path", "startLine", "endLine", "score", "snippet", "source", "heading"]);
    assert_eq!(hit["heading"], "Projects");
    assert_eq!(
        (&hit["path"], &hit["startLine"], &hit["endLine"]),
        (&json!("MEMORY.md"), &json!(2), &json!(2))
    );
    assert_eq!((&hit["snippet"], &hit["source"]), (&json!("- Falcon ships on Friday."), &json!("memory")));
}

#[tokio::test]
async fn what_is_shown_once_or_in_part_is_told() {
    let home = Home::new();
    let line = "- The falcon of the north ships on Friday.";
    home.file("workspace/MEMORY.md", &format!("{line}\n"));
    home.file("workspace/memory/b.md", &format!("{line}\n"));
    let hit = &search(&home, Citations::Off, "agent:main:main").await["results"][0];
    assert_eq!(hit["repeated"], 1, "{hit}");
    let other = if hit["path"] == "MEMORY.md" { "memory/b.md" } else { "MEMORY.md" };
    assert_eq!(hit["elsewhere"], json!([{"path": other, "line": 1, "source": "memory"}]), "{hit}");
    assert!(hit.get("cut").is_none(), "{hit}");
    let long = format!("The falcon flies. {}", "It rains in the north for a long time. ".repeat(40));
    home.file("workspace/memory/b.md", &long);
    home.file("workspace/MEMORY.md", "");
    let hit = &search(&home, Citations::Off, "agent:main:main").await["results"][0];
    assert_eq!(hit["cut"], "end", "{hit}");
}

#[tokio::test]
async fn citations_follow_the_mode_and_the_chat() {
    let home = Home::new();
    home.file("workspace/MEMORY.md", "# Projects\n- Falcon ships on Friday.\n");
    let (direct, group) = ("agent:main:main", "agent:main:telegram:group:1");
    let rows = [
        (Citations::Auto, "auto", direct, true),
        (Citations::Auto, "auto", group, false),
        (Citations::Auto, "auto", "unknown", false),
        (Citations::On, "on", group, true),
        (Citations::Off, "off", direct, false),
    ];
    for (mode, name, session_key, cited) in rows {
        let details = search(&home, mode, session_key).await;
        assert_eq!(details["citations"], name);
        let snippet = details["results"][0]["snippet"].as_str().unwrap();
        assert_eq!(snippet.ends_with("\n\nSource: MEMORY.md#L2"), cited, "{mode:?} {session_key}");
        assert_eq!(details["results"][0]["citation"] == "MEMORY.md#L2", cited);
    }
}

#[tokio::test]
async fn a_note_written_by_a_tool_is_found_by_the_next() {
    let home = Home::new();
    let write = json!({"path": "memory/2026-11-20.md", "content": "- the spare key is under the mat", "append": true});
    home.ok("write", write).await;
    let found = home.ok("memory_search", json!({"query": "where is the spare key", "maxResults": "3"})).await;
    assert!(found.contains("under the mat"), "{found}");
    let nothing = home.ok("memory_search", json!({"query": "quantum chromodynamics"})).await;
    assert_eq!(serde_json::from_str::<Value>(&nothing).unwrap()["results"], json!([]));
}

#[tokio::test]
async fn what_is_configured_holds_until_the_model_says_otherwise() {
    let home = Home::new();
    let lines: Vec<String> = (1..=8).map(|day| format!("## Day {day}\n- falcon flight {day}\n")).collect();
    home.file("workspace/MEMORY.md", &lines.concat());
    let count = async |search: SearchDefaults, arguments: Value| {
        let toolbox = Toolbox::new(ToolboxOptions { search, ..ToolboxOptions::default() });
        let outcome = toolbox.run(call("memory_search", arguments), home.cx.clone()).await;
        outcome.details.unwrap()["results"].as_array().unwrap().len()
    };
    let query = || json!({"query": "falcon"});
    assert_eq!(count(SearchDefaults::default(), query()).await, 6, "as the release");
    assert_eq!(count(SearchDefaults::of(2, None), query()).await, 2);
    assert_eq!(count(SearchDefaults::of(2, None), json!({"query": "falcon", "maxResults": 3})).await, 3);
    assert_eq!(count(SearchDefaults::of(6, Some(1.0)), query()).await, 0);
    assert_eq!(count(SearchDefaults::of(6, Some(1.0)), json!({"query": "falcon", "minScore": 0})).await, 6);
    assert_eq!(count(SearchDefaults::of(u64::MAX, None), query()).await, 8, "no more than anybody can use");
}

/// No results is not the same as nothing noted.
#[tokio::test]
async fn what_the_least_score_leaves_out_is_told() {
    let home = Home::new();
    home.file("workspace/MEMORY.md", "- falcon flight\n");
    let answer = async |arguments: Value| {
        let text = home.ok("memory_search", arguments).await;
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let cut = answer(json!({"query": "falcon", "minScore": 1})).await;
    let told = "results that score below minScore 1 are left out; the best of them scores 0.";
    assert_eq!(cut["results"], json!([]));
    assert!(cut["note"].as_str().unwrap().contains(told), "{cut}");
    let found = answer(json!({"query": "falcon", "minScore": 0.1})).await;
    assert!(found["results"][0].is_object() && found.get("note").is_none(), "{found}");
    let nothing = answer(json!({"query": "quantum chromodynamics", "minScore": 1})).await;
    assert!(!nothing["note"].as_str().unwrap_or_default().contains("minScore"), "{nothing}");
}

/// S-047: what a group is given.
#[tokio::test]
async fn without_memory_tools_nothing_reads_notes() {
    let home = Home::new();
    home.file("workspace/MEMORY.md", "- canary-owner\n");
    let policy = Policy { allow: vec!["session_status".into()], ..Policy::default() };
    let options = ToolboxOptions { policy, memory: MemoryTools::Off, ..ToolboxOptions::default() };
    let toolbox = Toolbox::new(options);
    let names: Vec<String> = toolbox.definitions().iter().map(|tool| tool.name.to_string()).collect();
    assert_eq!(names, ["session_status"]);
    for (name, arguments) in [
        ("memory_get", json!({"path": "MEMORY.md"})),
        ("memory_search", json!({"query": "canary"})),
        ("read", json!({"path": "MEMORY.md"})),
    ] {
        let outcome = toolbox.run(call(name, arguments), home.cx.clone()).await;
        assert!(outcome.is_error && !text_of(&outcome).contains("canary-owner"), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_scope_keeps_memory_out_of_other_chats() {
    let home = Home::new();
    home.file("workspace/MEMORY.md", "- Falcon ships on Friday.\n");
    let (direct, group, unknown) = ("agent:main:main", "agent:main:telegram:group:1", "nobody-knows");
    let telegram =
        ScopeRule { verdict: Verdict::Allow, channel: Some("telegram".into()), kind: None, key_prefix: None };
    let rows = [
        (None, [true, true, true]),
        (Some(Scope::default()), [true, false, false]),
        (Some(Scope { rules: vec![telegram], default: Verdict::Deny }), [false, true, false]),
        (Some(Scope { rules: Vec::new(), default: Verdict::Deny }), [false, false, false]),
    ];
    for (scope, expected) in rows {
        let toolbox = Toolbox::new(ToolboxOptions { scope: scope.clone(), ..ToolboxOptions::default() });
        for (session_key, allowed) in [direct, group, unknown].into_iter().zip(expected) {
            let mut cx = home.cx.clone();
            cx.session_key = session_key.into();
            for (name, arguments) in
                [("memory_search", json!({"query": "falcon"})), ("memory_get", json!({"path": "MEMORY.md"}))]
            {
                let outcome = toolbox.run(call(name, arguments), cx.clone()).await;
                let text = text_of(&outcome);
                assert_eq!(text.contains("Friday"), allowed, "{name} {session_key} {scope:?}: {text}");
                assert_eq!(text.contains("memory.qmd.scope"), !allowed, "{name} {session_key}: {text}");
                assert_eq!(outcome.is_error, !allowed);
            }
        }
    }
}

#[tokio::test]
async fn get_reads_notes_and_nothing_else() {
    let home = Home::new();
    home.file("workspace/memory/a.md", "one\ntwo\nthree\n");
    home.file("workspace/AGENTS.md", "canary");
    let text = home.ok("memory_get", json!({"path": "memory/a.md", "from": 2, "lines": 1})).await;
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!({"path": "memory/a.md", "text": "two"}));
    for path in ["AGENTS.md", "../openclaw.json", "memory/../AGENTS.md", "memory", "memory/none.md", ""] {
        let error = home.err("memory_get", json!({"path": path})).await;
        assert!(!error.contains("canary"), "{error}");
    }
    // The release says "path required" whatever is wrong; here the path is named, and what would be right.
    let error = home.err("memory_get", json!({"path": "AGENTS.md"})).await;
    assert!(error.starts_with("AGENTS.md is not memory: only MEMORY.md"), "{error}");
    let error = home.err("memory_get", json!({"path": "memory/a.md", "from": 9})).await;
    assert!(error.contains("has 3 lines"), "{error}");
}

#[tokio::test]
async fn an_index_that_cannot_be_used_is_named_and_the_notes_answer() {
    let home = Home::new();
    home.file("memory/main.sqlite/in-the-way", "");
    home.file("workspace/MEMORY.md", "- Likes tea.\n");
    let answer: Value =
        serde_json::from_str(&home.ok("memory_search", json!({"query": "tea"})).await).unwrap();
    assert_eq!(answer["results"].as_array().unwrap().len(), 1, "{answer:#}");
    assert!(answer["degraded"].as_str().unwrap().contains("main.sqlite"), "{answer:#}");
}

/// A memory that cannot do anything.
struct Broken;

impl Broken {
    fn fail<T: Send + 'static>() -> BoxFuture<'static, Result<T, MemoryError>> {
        async { Err(MemoryError::Stopped { agent_id: "main".into() }) }.boxed()
    }
}

impl MemoryBackend for Broken {
    fn search(&self, _query: Query) -> BoxFuture<'_, Result<Answer, MemoryError>> {
        Self::fail()
    }

    fn read(&self, _range: LineRange) -> BoxFuture<'_, Result<Passage, MemoryError>> {
        Self::fail()
    }

    fn status(&self) -> BoxFuture<'_, Result<Status, MemoryError>> {
        Self::fail()
    }

    fn sync(&self, _why: SyncReason) -> BoxFuture<'_, Result<SyncReport, MemoryError>> {
        Self::fail()
    }
}

/// A memory that does not look at notes, and notes what it is told.
struct Told(tokio::sync::mpsc::UnboundedSender<SyncReason>);

impl MemoryBackend for Told {
    fn search(&self, _query: Query) -> BoxFuture<'_, Result<Answer, MemoryError>> {
        Broken::fail()
    }

    fn read(&self, _range: LineRange) -> BoxFuture<'_, Result<Passage, MemoryError>> {
        Broken::fail()
    }

    fn status(&self) -> BoxFuture<'_, Result<Status, MemoryError>> {
        Broken::fail()
    }

    fn sync(&self, why: SyncReason) -> BoxFuture<'_, Result<SyncReport, MemoryError>> {
        self.0.send(why).unwrap();
        async { Ok(SyncReport::default()) }.boxed()
    }

    fn standing(&self) -> Standing {
        Standing { backend: "qmd", fallback: None }
    }
}

#[tokio::test]
async fn memory_is_told_of_notes_that_the_agent_writes() {
    let mut home = Home::new();
    let (sender, mut told) = tokio::sync::mpsc::unbounded_channel();
    home.cx.memory = Arc::new(Told(sender));
    home.ok("write", json!({"path": "memory/a.txt", "content": "no note"})).await;
    home.run("edit", json!({"path": "MEMORY.md", "oldText": "nothing", "newText": "x"})).await;
    home.ok("write", json!({"path": "memory/a.md", "content": "green tea"})).await;
    assert_eq!(told.recv().await, Some(SyncReason::Written));
    home.ok("edit", json!({"path": "memory/a.md", "oldText": "green", "newText": "black"})).await;
    assert_eq!(told.recv().await, Some(SyncReason::Written));
    assert!(told.try_recv().is_err(), "of nothing else");
}

#[tokio::test]
async fn memory_that_fails_says_why() {
    let mut home = Home::new();
    home.cx.memory = Arc::new(Broken);
    let outcome = home.run("memory_search", json!({"query": "tea"})).await;
    let details = outcome.details.unwrap();
    assert!(outcome.is_error && details["disabled"] == true && details["results"] == json!([]));
    assert!(details["error"].as_str().unwrap().contains("stopped"), "{details}");
}

#[tokio::test]
async fn status_is_a_card() {
    let home = Home::new();
    let expected = "Session: agent:main:main\nModel: openai/gpt-test\nContext: 1200 of 128000 tokens\n\
                    Time: 2026-11-20T10:42:42.908Z";
    assert_eq!(home.ok("session_status", json!({})).await, expected);
}
