//! The first story: from a fresh machine to an answered message that used memory.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use openclaw_testkit::home::TempHome;
use openclaw_testkit::process::{GatewayProcess, free_port};
use serde_json::Value;

use crate::support::{PATIENCE, binary, run, stdout, stdout_json};

/// Every file below a folder with its mode and content, but for what a running gateway writes.
fn snapshot(folder: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            let meta = std::fs::symlink_metadata(&path).unwrap();
            let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            let mode = meta.permissions().mode() & 0o777;
            let expected = if meta.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode, expected, "{name} has mode {mode:o}");
            if meta.is_dir() {
                open.push(path);
            } else if !name.starts_with("logs/") && name != "state/gateway.lock" {
                files.insert(name, (mode, std::fs::read(&path).unwrap()));
            }
        }
    }
    files
}

async fn quickstart(home: &TempHome, extra: &[&str]) -> (GatewayProcess, Value) {
    let port = free_port();
    let port_text = port.to_string();
    let mut args = vec!["quickstart", "--non-interactive", "--json", "--port", &port_text];
    args.extend(extra);
    let gateway = GatewayProcess::start_with(binary(), home, port, &args).await;
    gateway.wait_stdout("\n", PATIENCE).await;
    let line = gateway.stdout();
    let report: Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    (gateway, report)
}

#[tokio::test]
async fn a_fresh_machine_becomes_a_gateway_and_a_second_run_changes_nothing() {
    let home = TempHome::new();
    let (mut gateway, report) = quickstart(&home, &[]).await;
    assert_eq!(report["ok"], true, "{report}");
    assert!(
        report["pairUrl"]
            .as_str()
            .unwrap()
            .starts_with(&format!("http://127.0.0.1:{}/#pair=", gateway.port()))
    );
    let config: Value = serde_json::from_str(&home.read(".openclaw/openclaw.json").unwrap()).unwrap();
    assert_eq!(config["gateway"]["mode"], "local");
    let token = config["gateway"]["auth"]["token"].as_str().unwrap().to_owned();
    assert!(token.len() >= 32);
    assert!(
        !gateway.stdout().contains(&token) && !gateway.stderr().contains(&token),
        "the token is never printed"
    );
    gateway.terminate();
    assert!(gateway.wait_exit(PATIENCE).await.success());

    let before = snapshot(&home.state_dir());
    for file in ["AGENTS.md", "SOUL.md", "USER.md", "IDENTITY.md", "TOOLS.md", "HEARTBEAT.md"] {
        assert!(before.contains_key(&format!("workspace/{file}")), "{file} is missing: {:?}", before.keys());
    }
    let (mut again, report) = quickstart(&home, &[]).await;
    assert_eq!(report["created"], serde_json::json!([]));
    again.terminate();
    assert!(again.wait_exit(PATIENCE).await.success());
    let after = snapshot(&home.state_dir());
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    // The ledger counts the processes that had it; everything that people read is as it was.
    let changed =
        before.iter().filter(|(path, bytes)| after.get(*path) != Some(*bytes)).map(|(path, _)| path);
    assert_eq!(changed.collect::<Vec<_>>(), ["state/gateway.sqlite"]);
}

#[tokio::test]
async fn what_was_told_is_found_in_a_new_session_with_its_source() {
    let home = TempHome::new();
    let (_gateway, _) = quickstart(&home, &[]).await;
    let told = stdout(
        &home,
        &["agent", "--message", "remember that the boiler was serviced on 3 March by Hansen & Co"],
    );
    let notes = std::fs::read_dir(home.state_dir().join("workspace/memory")).unwrap();
    let names: Vec<String> = notes.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let [name] = names.as_slice() else { panic!("one note is expected: {names:?}") };
    let source = format!("memory/{name}#L3");
    assert!(told.contains(&source), "{told}");

    let answer = stdout_json(
        &home,
        &["agent", "--message", "who serviced the boiler?", "--session-key", "another", "--json"],
    );
    assert_eq!(answer["status"], "ok", "{answer}");
    let text = answer["result"]["payloads"][0]["text"].as_str().unwrap();
    assert!(text.contains("Hansen & Co") && text.contains(&source), "{text}");
    assert_eq!(answer["result"]["meta"]["agentMeta"]["provider"], "offline");
    assert!(text.contains("offline/recall"), "it says what it is: {text}");

    let sessions = stdout_json(&home, &["sessions", "--json"]);
    let rows = sessions["sessions"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "also what the index file does not have yet: {sessions}");
    let id =
        rows.iter().find(|row| row["key"] == "agent:main:another").unwrap()["sessionId"].as_str().unwrap();
    stdout(&home, &["agent", "--message", "who serviced the boiler?", "--session-id", id]);
    let unknown = run(&home, &["agent", "--message", "hello", "--session-id", "nope"]);
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert_eq!(unknown.status.code(), Some(1));
    assert!(said.contains("no session with id nope; `openclaw sessions` lists them"), "{said}");
    assert_eq!(stdout_json(&home, &["sessions", "--json"])["count"], 2, "and none has begun");

    let nothing = stdout(&home, &["agent", "--message", "what is the capital of Assyria?"]);
    assert!(nothing.to_lowercase().contains("nothing"), "{nothing}");
}

#[tokio::test]
async fn a_folder_of_notes_is_taken_as_it_is() {
    let home = TempHome::new();
    home.write(
        "notes/memory/2024-05-01.md",
        "# Garden\n\n- The apple trees were planted by Uncle Piet.\n- The pond is 80 cm deep.\n",
    );
    let folder = home.path().join("notes");
    let (_gateway, report) = quickstart(&home, &["--workspace", folder.to_str().unwrap()]).await;
    assert_eq!(report["workspace"].as_str(), folder.to_str());
    let answer = stdout(&home, &["agent", "--message", "Who planted the apple trees?"]);
    assert!(answer.contains("Uncle Piet") && answer.contains("memory/2024-05-01.md#L3"), "{answer}");
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["memory"], "nothing is put beside somebody's notes");
}

#[tokio::test]
async fn the_commands_answer_with_and_without_a_gateway() {
    let home = TempHome::new();
    let (mut gateway, _) = quickstart(&home, &[]).await;
    stdout(&home, &["agent", "--message", "note that the spare key is under the blue pot"]);
    let status = stdout_json(&home, &["status", "--json"]);
    assert_eq!(status["gateway"]["reachable"], true, "{status}");
    assert_eq!(status["model"]["reference"], "offline/recall", "{status}");
    assert_eq!(stdout_json(&home, &["health", "--json"])["ok"], true);
    let called = stdout_json(&home, &["gateway", "call", "sessions.list", "--params", "{}"]);
    assert_eq!(called["count"], 1, "{called}");
    let wrong = run(&home, &["gateway", "call", "nope.method"]);
    assert!(!wrong.status.success());
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("unknown method: nope.method"));
    let dashboard = stdout(&home, &["dashboard"]);
    assert!(dashboard.contains("/#pair="), "{dashboard}");

    gateway.terminate();
    assert!(gateway.wait_exit(PATIENCE).await.success());
    let mut config: Value = serde_json::from_str(&home.read(".openclaw/openclaw.json").unwrap()).unwrap();
    config["channels"] = serde_json::json!({"telegram": {"botToken": "1:abc"}});
    home.write_config(&config);
    let status = stdout_json(&home, &["status", "--json"]);
    assert_eq!(status["gateway"]["reachable"], false, "{status}");
    assert_eq!(status["unsupported"][0]["key"], "channels.telegram", "what cannot run is said: {status}");
    assert!(!run(&home, &["health", "--json"]).status.success());
    let sessions = stdout_json(&home, &["sessions", "--json"]);
    assert_eq!(sessions["count"], 1, "{sessions}");
    stdout(&home, &["memory", "index"]);
    let found = stdout_json(&home, &["memory", "search", "spare key", "--json"]);
    assert!(found["results"][0]["snippet"].as_str().unwrap().contains("blue pot"), "{found}");
    assert_eq!(stdout(&home, &["config", "get", "gateway.mode"]).trim(), "local");
    assert!(!stdout(&home, &["config", "get", "gateway"]).contains("\"token\": \"0"));
    let failed = run(&home, &["agent", "--message", "hello"]);
    assert!(!failed.status.success());
    let words = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(words.contains("openclaw gateway") && words.lines().count() == 1, "{words}");
}
