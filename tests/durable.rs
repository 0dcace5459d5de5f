//! What was accepted is answered once: over crashes, stops and repeated requests.

use std::time::Duration;

use openclaw_testkit::home::TempHome;
use openclaw_testkit::model_server::{ModelServer, Recorded, Reply};
use openclaw_testkit::process::GatewayProcess;
use openclaw_testkit::ws::WsClient;
use serde_json::{Value, json};

use crate::support::{PATIENCE, binary, chat, chat_end, client, config_with_model, gateway, send, text};

async fn again(home: &TempHome) -> GatewayProcess {
    GatewayProcess::start(binary(), home).await
}

async fn wait(client: &mut WsClient, run: &str) -> Value {
    client.call("agent.wait", json!({"runId": run, "timeoutMs": 15_000})).await.unwrap()
}

/// Role and text of every message of a session.
async fn said(client: &mut WsClient, session: &str) -> Vec<(String, String)> {
    let history = client.call("chat.history", json!({"sessionKey": session})).await.unwrap();
    let messages = history["messages"].as_array().unwrap().clone();
    messages.iter().map(|message| (message["role"].as_str().unwrap().to_owned(), text(message))).collect()
}

fn pair(role: &str, text: &str) -> (String, String) {
    (role.to_owned(), text.to_owned())
}

async fn kill(gateway: &mut GatewayProcess) {
    gateway.kill();
    gateway.wait_exit(PATIENCE).await;
}

#[tokio::test]
async fn a_message_that_a_crash_interrupted_is_answered_by_the_next_process() {
    let server = ModelServer::start();
    server.push(Reply::Stall { after: vec!["half an ans".into()] });
    let (home, mut first) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let mut before = client(&first).await;
    let running = send(&mut before, "main", "one").await;
    server.wait_requests(1).await;
    // It waits in the lane behind the first.
    let waiting = send(&mut before, "main", "two").await;
    kill(&mut first).await;

    server.script([Reply::text("first"), Reply::text("second")]);
    let second = again(&home).await;
    let mut after = client(&second).await;
    for run in [&running, &waiting] {
        assert_eq!(wait(&mut after, run).await["status"], "ok");
    }
    let expected =
        [pair("user", "one"), pair("assistant", "first"), pair("user", "two"), pair("assistant", "second")];
    assert_eq!(said(&mut after, "main").await, expected);
    assert_eq!(server.requests().len(), 3);
    // Whoever sends it again hears that it was answered.
    let params = json!({"sessionKey": "main", "message": "one", "idempotencyKey": running});
    assert_eq!(after.call("chat.send", params).await.unwrap(), json!({"runId": running, "status": "ok"}));
    assert_eq!(server.requests().len(), 3);
}

/// Reads what a program prints until it has printed this.
fn read_until(out: &mut impl std::io::Read, wanted: &str) {
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while !String::from_utf8_lossy(&seen).contains(wanted) {
        assert_eq!(out.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&seen));
        seen.push(byte[0]);
    }
}

#[tokio::test]
async fn whoever_chats_hears_that_an_accepted_message_is_kept() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    let server = ModelServer::start();
    server.push(Reply::Stall { after: vec!["half an ans".into()] });
    let (home, mut process) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let mut command = Command::new(binary());
    command.arg("chat").env_clear().envs(home.env()).current_dir(home.path());
    let mut chat =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = chat.stdin.take().unwrap();
    lines.write_all(b"hello\n").unwrap();
    let mut out = chat.stdout.take().unwrap();
    let out = tokio::task::spawn_blocking(move || {
        read_until(&mut out, "half an ans");
        out
    })
    .await
    .unwrap();
    kill(&mut process).await;
    let ended = tokio::task::spawn_blocking(move || chat.wait_with_output().unwrap()).await.unwrap();
    drop((lines, out));
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("your message is kept: the gateway answers it when it runs again"), "{said}");
}

#[tokio::test]
async fn a_key_is_known_after_a_restart_and_the_answer_of_agent_is_told_again() {
    let server = ModelServer::start();
    server.push(Reply::text("forty-two"));
    let (home, mut first) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let params = json!({"message": "the answer?", "idempotencyKey": "key-1"});
    let mut before = client(&first).await;
    let id = before.send("agent", params.clone()).await;
    assert_eq!(before.response(&id).await["payload"]["status"], "accepted");
    let told = before.response(&id).await["payload"].clone();
    assert_eq!(told["result"]["payloads"][0]["text"], "forty-two");
    kill(&mut first).await;

    let second = again(&home).await;
    let mut after = client(&second).await;
    let id = after.send("agent", params).await;
    assert_eq!(after.response(&id).await["payload"], told);
    assert_eq!(wait(&mut after, "key-1").await["status"], "ok");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_stop_lets_an_answer_finish() {
    let server = ModelServer::start();
    server.push(Reply::slow_text("slowly and surely", Duration::from_millis(300)));
    let (home, mut first) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let mut before = client(&first).await;
    let run = send(&mut before, "main", "hi").await;
    server.wait_requests(1).await;
    first.terminate();
    let end = chat_end(&mut before, &run).await;
    assert_eq!((end["state"].as_str(), text(&end).as_str()), (Some("final"), "slowly and surely"));
    assert!(first.wait_exit(PATIENCE).await.success());
    let second = again(&home).await;
    let said = said(&mut client(&second).await, "main").await;
    assert_eq!(said, [pair("user", "hi"), pair("assistant", "slowly and surely")]);
}

#[tokio::test]
async fn a_second_signal_leaves_at_once_and_the_message_is_answered_later() {
    let server = ModelServer::start();
    server.push(Reply::Silent);
    let (home, mut first) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let mut before = client(&first).await;
    let run = send(&mut before, "main", "hi").await;
    server.wait_requests(1).await;
    first.terminate();
    first.wait_stderr("stopping", PATIENCE).await;
    first.terminate();
    assert_eq!(first.wait_exit(Duration::from_secs(5)).await.code(), Some(130));
    server.push(Reply::text("hello"));
    let second = again(&home).await;
    let mut after = client(&second).await;
    assert_eq!(wait(&mut after, &run).await["status"], "ok");
    assert_eq!(said(&mut after, "main").await, [pair("user", "hi"), pair("assistant", "hello")]);
}

#[tokio::test]
async fn a_message_that_ends_every_process_is_given_up_in_words() {
    let is_poison = |request: &Recorded| request.last_user_text().contains("poison");
    let answer =
        move |request: &Recorded| if is_poison(request) { Reply::Silent } else { Reply::text("fine") };
    let server = ModelServer::builder().fallback(answer).start();
    let (home, mut gateway) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let mut before = client(&gateway).await;
    let run = send(&mut before, "main", "poison").await;
    server.wait_requests(1).await;
    let innocent = send(&mut before, "main", "an innocent question").await;
    for requests in 1..=5 {
        server.wait_requests(requests).await;
        kill(&mut gateway).await;
        gateway = again(&home).await;
    }
    let mut after = client(&gateway).await;
    assert_eq!(wait(&mut after, &run).await["status"], "error");
    assert_eq!(wait(&mut after, &innocent).await["status"], "ok", "it only waited");
    assert_eq!(server.requests().len(), 6);
    let said = said(&mut after, "main").await;
    assert_eq!((said.len(), &said[0]), (4, &pair("user", "poison")));
    assert!(said[1].1.contains("stopped before the answer was complete"), "{said:?}");
    assert_eq!(said[2..], [pair("user", "an innocent question"), pair("assistant", "fine")]);
}

#[tokio::test]
async fn starting_over_happens_once_over_a_crash() {
    let server = ModelServer::start();
    server.script([Reply::text("old"), Reply::Silent]);
    let (home, mut first) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let mut before = client(&first).await;
    chat(&mut before, "main", "hello").await;
    let run = send(&mut before, "main", "/new what now?").await;
    server.wait_requests(2).await;
    kill(&mut first).await;
    server.push(Reply::text("new"));
    let second = again(&home).await;
    let mut after = client(&second).await;
    assert_eq!(wait(&mut after, &run).await["status"], "ok");
    assert_eq!(said(&mut after, "main").await, [pair("user", "what now?"), pair("assistant", "new")]);
    let files = std::fs::read_dir(home.state_dir().join("agents/main/sessions")).unwrap();
    let is_transcript = |name: &str| name.ends_with(".jsonl");
    let names = files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned());
    assert_eq!(names.filter(|name| is_transcript(name)).count(), 2);
}

#[tokio::test]
async fn a_stop_in_the_middle_is_no_success() {
    let server = ModelServer::start();
    server.push(Reply::Stall { after: vec!["half of".into()] });
    let (home, mut first) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let mut before = client(&first).await;
    let run = send(&mut before, "main", "hi").await;
    server.wait_requests(1).await;
    first.terminate();
    // Longer than the drain.
    let wanted = |frame: &Value| frame["event"] == "chat" && frame["payload"]["state"] == "error";
    let end = before.find(wanted, Duration::from_secs(40)).await.unwrap();
    let words = end["payload"]["errorMessage"].as_str().unwrap();
    assert!(words.contains("will answer this message when it runs again"), "{words}");
    assert!(first.wait_exit(PATIENCE).await.success());
    server.push(Reply::text("all of it"));
    let second = again(&home).await;
    let mut after = client(&second).await;
    assert_eq!(wait(&mut after, &run).await["status"], "ok");
    assert_eq!(said(&mut after, "main").await, [pair("user", "hi"), pair("assistant", "all of it")]);
}

#[tokio::test]
async fn a_damaged_ledger_stops_nobody() {
    let server = ModelServer::builder().fallback(|_| Reply::text("yes")).start();
    let (home, mut first) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    assert_eq!(text(&chat(&mut client(&first).await, "main", "there?").await), "yes");
    kill(&mut first).await;
    for part in ["-wal", "-shm"] {
        std::fs::remove_file(home.state_dir().join(format!("state/gateway.sqlite{part}"))).ok();
    }
    home.write(".openclaw/state/gateway.sqlite", &"no database ".repeat(500));
    let second = again(&home).await;
    let mut after = client(&second).await;
    assert_eq!(text(&chat(&mut after, "main", "still?").await), "yes");
    assert_eq!(said(&mut after, "main").await.len(), 4);
    let aside =
        std::fs::read_dir(home.state_dir().join("state/quarantine")).unwrap().next().unwrap().unwrap();
    assert!(std::fs::read_to_string(aside.path()).unwrap().starts_with("no database"));
}
