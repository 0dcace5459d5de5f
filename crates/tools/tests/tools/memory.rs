//! `memory_search`, `memory_get` and `session_status`.

use openclaw_tools::{Citations, Toolbox, ToolboxOptions};
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
    let error = home.err("memory_get", json!({"path": "memory/a.md", "from": 9})).await;
    assert!(error.contains("has 3 lines"), "{error}");
}

#[tokio::test]
async fn memory_that_fails_says_why() {
    let home = Home::new();
    home.file("memory/main.sqlite/in-the-way", "");
    let outcome = home.run("memory_search", json!({"query": "tea"})).await;
    let details = outcome.details.unwrap();
    assert!(outcome.is_error && details["disabled"] == true && details["results"] == json!([]));
    assert!(details["error"].as_str().unwrap().contains("main.sqlite"), "{details}");
}

#[tokio::test]
async fn status_is_a_card() {
    let home = Home::new();
    let expected = "Session: agent:main:main\nModel: openai/gpt-test\nContext: 1200 of 128000 tokens\n\
                    Time: 2026-11-20T10:42:42.908Z";
    assert_eq!(home.ok("session_status", json!({})).await, expected);
}
