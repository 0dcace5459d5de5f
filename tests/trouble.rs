//! Things that are broken before the gateway starts, or break while it runs.

use openclaw_testkit::home::TempHome;
use openclaw_testkit::model_server::{ModelServer, Reply};
use openclaw_testkit::process::{GatewayProcess, free_port};
use serde_json::json;

use crate::support::{
    PATIENCE, binary, chat, client, config, config_with_model, gateway, gateway_in, run, stdout_json, text,
};

/// A gateway that must not start: its exit code is not zero and it says why in one line.
async fn refused(home: &TempHome, port: u16) -> String {
    let mut process =
        GatewayProcess::spawn(binary(), home, port, &["gateway", "run", "--port", &port.to_string()]);
    let status = process.wait_exit(PATIENCE).await;
    assert!(!status.success());
    let words = process.stderr();
    assert_eq!(words.trim().lines().count(), 1, "one clear line: {words}");
    words
}

#[tokio::test]
async fn what_keeps_a_gateway_from_starting_is_said_in_one_line() {
    let (home, first) = gateway(&config(json!({}))).await;
    assert!(refused(&home, free_port()).await.contains("another"), "a second gateway on the same directory");

    let other = TempHome::new();
    other.write_config(&config(json!({})));
    let words = refused(&other, first.port()).await;
    assert!(words.contains(&first.port().to_string()) && words.contains("in use"), "{words}");

    let remote = TempHome::new();
    remote.write_config(&json!({"gateway": {"mode": "remote"}}));
    assert!(refused(&remote, free_port()).await.contains("gateway.mode"));

    let open = TempHome::new();
    open.write_config(&json!({"gateway": {"mode": "local", "bind": "lan"}}));
    assert!(refused(&open, free_port()).await.contains("gateway.auth.token"));

    let tls = TempHome::new();
    tls.write_config(&config(json!({"gateway": {"tls": {"enabled": true}}})));
    assert!(refused(&tls, free_port()).await.contains("TLS"));
}

#[tokio::test]
async fn a_state_directory_that_cannot_be_used_is_named() {
    let home = TempHome::new();
    home.write("blocked", "a file, not a directory");
    let home = home.with_env("OPENCLAW_GATEWAY_TOKEN", "x");
    let blocked = home.path().join("blocked");
    let home = home.with_env("OPENCLAW_STATE_DIR", blocked.to_str().unwrap());
    let words = refused(&home, free_port()).await;
    assert!(words.contains("blocked"), "{words}");
}

#[tokio::test]
async fn a_wrong_config_lists_every_problem_and_diagnostics_still_run() {
    let home = TempHome::new();
    let text = "{\n  gateway: { prot: 1, mode: 'local', port: 'x' },\n  modles: {},\n}\n";
    home.write(".openclaw/openclaw.json", text);
    let output = run(&home, &["gateway", "run"]);
    assert!(!output.status.success());
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    for part in [
        "2:14 gateway.prot: unknown key, did you mean \"port\"?",
        "gateway.port",
        "3:3 modles",
        "did you mean \"models\"?",
    ] {
        assert!(words.contains(part), "{part} in {words}");
    }
    assert_eq!(home.read(".openclaw/openclaw.json").as_deref(), Some(text), "nothing rewrites a config");
    let status = stdout_json(&home, &["status", "--json"]);
    assert_eq!(status["config"]["valid"], false, "{status}");
}

#[tokio::test]
async fn broken_session_files_are_set_aside_and_the_rest_goes_on() {
    let (home, mut first) = gateway(&config(json!({}))).await;
    let mut before = client(&first).await;
    chat(&mut before, "main", "hello").await;
    chat(&mut before, "work", "hello").await;
    let history = before.call("chat.history", json!({"sessionKey": "main"})).await.unwrap();
    let id = history["sessionId"].as_str().unwrap().to_owned();
    first.terminate();
    first.wait_exit(PATIENCE).await;

    let folder = home.state_dir().join("agents/main/sessions");
    let transcript = folder.join(format!("{id}.jsonl"));
    let mut bytes = std::fs::read(&transcript).unwrap();
    bytes.extend_from_slice(b"{\"type\":\"message\",\"id\":\"torn");
    std::fs::write(&transcript, &bytes).unwrap();
    std::fs::write(folder.join("sessions.json"), b"").unwrap();

    let second = GatewayProcess::start(binary(), &home).await;
    let mut after = client(&second).await;
    let list = after.call("sessions.list", json!({})).await.unwrap();
    assert_eq!(list["count"], 2, "the index is rebuilt from the transcripts: {list}");
    let end = chat(&mut after, "main", "who are you?").await;
    assert_eq!(end["state"], "final", "{end}");
    let history = after.call("chat.history", json!({"sessionKey": "main"})).await.unwrap();
    assert_eq!(history["sessionId"], id.as_str());
    assert_eq!(text(&history["messages"][0]), "hello");
    let now = std::fs::read(&transcript).unwrap();
    assert!(now.starts_with(&bytes), "a damaged transcript is never cut");
}

#[tokio::test]
async fn a_killed_gateway_leaves_nothing_locked_and_nothing_lost() {
    let (home, mut first) = gateway(&config(json!({}))).await;
    let mut before = client(&first).await;
    chat(&mut before, "main", "remember that the cat is called Mia").await;
    first.kill();
    first.wait_exit(PATIENCE).await;
    let second = GatewayProcess::start(binary(), &home).await;
    let mut after = client(&second).await;
    let history = after.call("chat.history", json!({"sessionKey": "main"})).await.unwrap();
    assert!(history["messages"].as_array().unwrap().len() >= 2, "{history}");
    let end = chat(&mut after, "new", "what is the cat called?").await;
    assert!(text(&end).contains("Mia"), "{end}");
}

#[tokio::test]
async fn a_workspace_that_cannot_be_written_is_a_plain_answer() {
    let (home, gateway) = gateway(&config(json!({}))).await;
    let mut client = client(&gateway).await;
    // A file where the folder of the notes should be: that stops even root.
    std::fs::remove_dir(home.state_dir().join("workspace/memory")).unwrap();
    home.write(".openclaw/workspace/memory", "in the way");
    let end = chat(&mut client, "main", "remember that it rains").await;
    assert!(!text(&end).contains("Noted") && end["state"] == "final", "{end}");
}

#[tokio::test]
async fn the_environment_of_a_command_holds_no_secret() {
    let server = ModelServer::start();
    server.script([
        Reply::tool_call("exec", &json!({"command": "env; cat /proc/$PPID/comm"})),
        Reply::text("ok"),
    ]);
    let extra = json!({"tools": {"exec": {"security": "full"}}});
    let home = TempHome::new().with_env("OPENCLAW_CANARY_SECRET", "canary-77");
    let gateway = gateway_in(&home, &config_with_model(&server.base_url(), extra)).await;
    let mut client = client(&gateway).await;
    assert_eq!(text(&chat(&mut client, "main", "go").await), "ok");
    let result =
        server.requests()[1].body["messages"].as_array().unwrap().last().unwrap()["content"].to_string();
    assert!(result.contains("PATH=") && !result.contains("canary-77"), "{result}");
}
