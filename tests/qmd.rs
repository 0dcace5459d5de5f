//! `memory.backend: "qmd"` in the whole product: who answers, who steps in, and what is left when it ends.

#[path = "../crates/memory/tests/qmd/fake.rs"]
mod fake;

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use openclaw_testkit::home::TempHome;
use openclaw_testkit::model_server::{ModelServer, Reply};
use openclaw_testkit::process::GatewayProcess;
use openclaw_testkit::ws::WsClient;
use serde_json::{Value, json};

use crate::support::{
    PATIENCE, chat, client, config, config_with_model, edit, gateway_in, merge, run, stdout, stdout_json,
    told,
};

/// A home with notes and a fake `qmd`.
struct Place(TempHome);

impl Place {
    fn new() -> Self {
        let home = TempHome::new();
        home.write(".openclaw/workspace/MEMORY.md", "# About\n\n- Lives in Aarhus.\n");
        home.write(".openclaw/workspace/memory/2026-11-20.md", "# Preferences\n\n- Likes green tea.\n");
        home.write("notes/clothes.md", "# Clothes\n\n- The shoe size is 44.\n");
        let place = Self(home);
        place.0.write("fake/calls", "");
        place.0.write("bin/qmd", &fake::script(&place.path("fake")));
        std::fs::set_permissions(place.path("bin/qmd"), std::fs::Permissions::from_mode(0o700)).unwrap();
        place
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    /// How the fake behaves at a command from now on; empty for well.
    fn mode(&self, command: &str, mode: &str) {
        self.0.write(format!("fake/mode-{command}"), mode);
    }

    /// `qmd` with times that a busy machine keeps, and notes of another folder.
    fn wanted(&self, extra: Value) -> Value {
        let mut config = json!({"gateway": {"reload": {"debounceMs": 40}}, "memory": {"backend": "qmd", "qmd": {
            "command": self.path("bin/qmd"),
            "paths": [{"path": self.path("notes"), "name": "notes"}],
            "limits": {"timeoutMs": 60_000},
            "update": {"commandTimeoutMs": 60_000, "updateTimeoutMs": 60_000, "waitForBootSync": true},
        }}});
        merge(&mut config, extra);
        config
    }

    async fn gateway(&self, server: &ModelServer, extra: Value) -> (GatewayProcess, WsClient) {
        let gateway = gateway_in(&self.0, &config_with_model(&server.base_url(), self.wanted(extra))).await;
        let client = client(&gateway).await;
        (gateway, client)
    }

    /// A pipe whose other end the hanging fake and its child hold open: the tree of processes is gone when it closes.
    fn pipe(&self) -> Tree {
        let alive = self.path("fake/alive");
        assert!(openclaw_guard::child_command("mkfifo").arg(&alive).status().unwrap().success());
        let (opened, begun) = tokio::sync::oneshot::channel();
        let (closed, ended) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut pipe = std::fs::File::open(alive).unwrap();
            opened.send(()).unwrap();
            pipe.read_to_end(&mut Vec::new()).unwrap();
            closed.send(()).ok();
        });
        Tree { begun, ended }
    }
}

/// The processes of a hanging fake.
struct Tree {
    begun: tokio::sync::oneshot::Receiver<()>,
    ended: tokio::sync::oneshot::Receiver<()>,
}

impl Tree {
    async fn begun(&mut self) {
        tokio::time::timeout(PATIENCE, &mut self.begun).await.expect("a program that runs").unwrap();
    }

    async fn ended(self) {
        tokio::time::timeout(PATIENCE, self.ended).await.expect("the end of the program").unwrap();
    }
}

/// What the agent's tool answers.
async fn asked(server: &ModelServer, client: &mut WsClient, tool: &str, arguments: Value) -> Value {
    server.script([Reply::tool_call(tool, &arguments), Reply::text("done")]);
    chat(client, "main", "look it up").await;
    let requests = server.requests();
    let messages = requests.last().unwrap().body["messages"].as_array().unwrap();
    serde_json::from_str(messages.last().unwrap()["content"].as_str().unwrap()).unwrap()
}

async fn search(server: &ModelServer, client: &mut WsClient, query: &str) -> Value {
    asked(server, client, "memory_search", json!({"query": query})).await
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut pending) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            found.push(entry.path());
            if entry.file_type().unwrap().is_dir() {
                pending.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn the_agent_is_answered_by_qmd_and_by_the_engine_when_it_fails() {
    let server = ModelServer::start();
    let place = Place::new();
    let (_gateway, mut client) = place.gateway(&server, json!({})).await;
    let answer = search(&server, &mut client, "shoe size").await;
    assert_eq!((&answer["provider"], &answer["fallback"]), (&json!("qmd"), &Value::Null), "{answer:#}");
    assert_eq!(answer["results"][0]["path"], "qmd/notes/clothes.md");
    let note =
        asked(&server, &mut client, "memory_get", json!({"path": "qmd/notes/clothes.md", "from": 3})).await;
    assert_eq!(note["text"], "- The shoe size is 44.");
    let status = client.call("status", json!({})).await.unwrap();
    assert_eq!(status["memory"], json!([{"agentId": "main", "backend": "qmd"}]));
    assert_eq!(status["unsupported"], json!([]), "the keys are followed");

    place.mode("query", "fail");
    let answer = search(&server, &mut client, "green tea").await;
    assert_eq!(answer["results"][0]["path"], "memory/2026-11-20.md", "{answer:#}");
    assert_eq!(answer["fallback"]["from"], "qmd");
    assert!(
        answer["fallback"]["reason"].as_str().unwrap().contains("database or disk is full"),
        "{answer:#}"
    );
    let status = client.call("status", json!({})).await.unwrap();
    let row = &status["memory"][0];
    assert_eq!((&row["backend"], &row["fallback"]["from"]), (&json!("builtin"), &json!("qmd")), "{row}");
    assert!(row["fallback"]["reason"].as_str().unwrap().contains("; it is tried again in "), "{row}");
    // The person who asks another process hears it from the gateway.
    let words = stdout(&place.0, &["status"]);
    assert!(words.contains("the built-in engine stepped in for qmd: qmd query failed"), "{words}");
}

#[tokio::test]
async fn a_first_index_is_waited_for_by_nobody_and_then_answers() {
    let server = ModelServer::start();
    let place = Place::new();
    place.mode("collection", "wait");
    let update = json!({"memory": {"qmd": {"update": {"waitForBootSync": false}}}});
    let (_gateway, mut client) = place.gateway(&server, update).await;
    let answer = search(&server, &mut client, "green tea").await;
    assert_eq!(answer["results"][0]["path"], "memory/2026-11-20.md", "{answer:#}");
    assert_eq!(answer["fallback"]["reason"], "qmd is making its index for the first time");
    place.0.write("fake/go", "");
    let recovered = async {
        loop {
            let answer = search(&server, &mut client, "shoe size").await;
            if answer["provider"] == "qmd" {
                return answer;
            }
        }
    };
    let answer = tokio::time::timeout(PATIENCE, recovered).await.expect("an answer of qmd");
    assert_eq!(
        (&answer["results"][0]["path"], &answer["fallback"]),
        (&json!("qmd/notes/clothes.md"), &Value::Null)
    );
}

#[tokio::test]
async fn a_missing_program_is_said_and_a_corrected_path_is_followed_at_once() {
    let server = ModelServer::start();
    let place = Place::new();
    let wrong = json!({"memory": {"qmd": {"command": place.path("bin/none")}}});
    let (_gateway, mut client) = place.gateway(&server, wrong).await;
    let answer = search(&server, &mut client, "green tea").await;
    assert_eq!(answer["results"][0]["path"], "memory/2026-11-20.md", "{answer:#}");
    let reason = answer["fallback"]["reason"].as_str().unwrap();
    assert!(reason.contains("bin/none was not found") && reason.contains("memory.qmd.command"), "{reason}");

    edit(&place.0, json!({"memory": {"qmd": {"command": place.path("bin/qmd")}}}));
    told(&mut client, "applied").await;
    // Nobody waits for the first index here; it answers when it is there.
    let recovered = async {
        loop {
            let answer = search(&server, &mut client, "shoe size").await;
            if answer["provider"] == "qmd" {
                return answer;
            }
        }
    };
    let answer = tokio::time::timeout(PATIENCE, recovered).await.expect("an answer of qmd");
    assert_eq!(answer["results"][0]["path"], "qmd/notes/clothes.md", "{answer:#}");
    // And back: the built-in engine answers for itself, and nothing stepped in.
    edit(&place.0, json!({"memory": {"backend": "builtin"}}));
    told(&mut client, "applied").await;
    let answer = search(&server, &mut client, "green tea").await;
    assert_eq!(
        (&answer["results"][0]["path"], &answer["fallback"]),
        (&json!("memory/2026-11-20.md"), &Value::Null)
    );
}

#[tokio::test]
async fn a_chat_outside_of_the_scope_is_told_so() {
    let server = ModelServer::start();
    let place = Place::new();
    let rules = json!([{"action": "allow", "match": {"keyPrefix": "work"}}]);
    let scope = json!({"memory": {"qmd": {"scope": {"default": "deny", "rules": rules}}}});
    let (_gateway, mut client) = place.gateway(&server, scope).await;
    let calls = place.0.read("fake/calls").unwrap();
    let answer = search(&server, &mut client, "green tea").await;
    assert_eq!((&answer["disabled"], &answer["results"]), (&json!(true), &json!([])), "{answer:#}");
    assert!(answer["error"].as_str().unwrap().contains("memory.qmd.scope"), "{answer:#}");
    let refused = asked(&server, &mut client, "memory_get", json!({"path": "MEMORY.md"})).await;
    assert!(refused["error"].as_str().unwrap().contains("memory.qmd.scope"), "{refused:#}");
    assert_eq!(place.0.read("fake/calls").unwrap(), calls, "it was not asked");
    server.script([Reply::tool_call("memory_search", &json!({"query": "green tea"})), Reply::text("tea")]);
    chat(&mut client, "agent:main:work", "look it up").await;
    let body = server.requests().last().unwrap().body.to_string();
    assert!(body.contains("2026-11-20.md") && body.contains("\\\"provider\\\": \\\"qmd\\\""), "{body}");
}

#[tokio::test]
async fn nothing_of_qmd_outlives_its_gateway_or_its_configuration() {
    let server = ModelServer::start();
    let background = json!({"memory": {"qmd": {"update": {"waitForBootSync": false}}}});
    // It is told to stop while the program hangs with a child of its own.
    let place = Place::new();
    place.mode("update", "hang");
    let mut tree = place.pipe();
    let (mut gateway, client) = place.gateway(&server, background.clone()).await;
    tree.begun().await;
    drop(client);
    gateway.terminate();
    assert!(gateway.wait_exit(PATIENCE).await.success(), "{}", gateway.stderr());
    tree.ended().await;

    // And while the start waits for it.
    let place = Place::new();
    place.mode("update", "hang");
    let mut tree = place.pipe();
    let mut gateway = gateway_in(&place.0, &config(place.wanted(json!({})))).await;
    tree.begun().await;
    gateway.terminate();
    gateway.wait_exit(PATIENCE).await;
    tree.ended().await;

    // The configuration wants it no more.
    let place = Place::new();
    place.mode("update", "hang");
    let mut tree = place.pipe();
    let (_gateway, mut client) = place.gateway(&server, background).await;
    tree.begun().await;
    edit(&place.0, json!({"memory": {"backend": "builtin"}}));
    told(&mut client, "applied").await;
    tree.ended().await;
}

#[test]
fn the_command_line_asks_the_same_memory() {
    let place = Place::new();
    place.0.write_config(&config(place.wanted(json!({}))));
    let before = files(place.0.path());
    let status = stdout_json(&place.0, &["memory", "status", "--json"]);
    assert_eq!(
        (&status["backend"], &status["fallback"]["from"]),
        (&json!("builtin"), &json!("qmd")),
        "{status:#}"
    );
    assert!(status["fallback"]["reason"].as_str().unwrap().contains("`openclaw memory index` makes it"));
    stdout(&place.0, &["status"]);
    assert_eq!(files(place.0.path()), before, "a status makes nothing");

    let indexed = stdout_json(&place.0, &["memory", "index", "--json"]);
    assert_eq!(
        (&indexed["backend"], &indexed["files"], &indexed["fallback"]),
        (&json!("qmd"), &json!(3), &Value::Null)
    );
    let status = stdout(&place.0, &["memory", "status"]);
    for part in [
        "3 files in ~/.openclaw/workspace",
        "by qmd",
        "qmd makes its own",
        "nothing leaves this machine",
        "3 documents",
    ] {
        assert!(status.contains(part), "{part}: {status}");
    }
    assert!(stdout(&place.0, &["memory", "status", "--deep"]).contains("qmd answered in "));
    assert!(stdout(&place.0, &["status"]).contains("3 notes, searched by qmd"));
    let found = stdout(&place.0, &["memory", "search", "shoe size"]);
    assert!(found.contains("qmd/notes/clothes.md#L3"), "{found}");

    place.mode("query", "killed");
    let found = stdout(&place.0, &["memory", "search", "green tea"]);
    assert!(
        found.contains("memory/2026-11-20.md") && found.contains("the built-in engine stepped in for qmd: "),
        "{found}"
    );
    assert!(found.contains("signal: 9"), "{found}");
    let deep = stdout(&place.0, &["memory", "status", "--deep"]);
    assert!(deep.contains("qmd: qmd query failed (signal: 9"), "{deep}");

    std::fs::remove_file(place.path("bin/qmd")).unwrap();
    let status = stdout(&place.0, &["memory", "status"]);
    assert!(status.contains("stepped in for qmd: ") && status.contains("was not found"), "{status}");
    let indexed = run(&place.0, &["memory", "index"]);
    let words = String::from_utf8_lossy(&indexed.stdout).into_owned();
    assert!(
        indexed.status.success() && words.contains("was not found") && words.contains("2 files"),
        "{words}"
    );
}
