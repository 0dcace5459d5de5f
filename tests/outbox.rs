//! Messages to others: `send`, what a crash does to it, and the outbox at the command line.

use std::time::Duration;

use openclaw_store::{DeliveryState, Ledger as _, NewDelivery, Repeats, SqliteLedger};
use openclaw_testkit::home::TempHome;
use openclaw_testkit::process::free_port;
use openclaw_testkit::ws::WsClient;
use serde_json::{Value, json};

use crate::support::{PATIENCE, client, config, gateway, gateway_in, run, stdout, stdout_json, text};

fn message(key: &str) -> Value {
    json!({"to": "main", "channel": "webchat", "message": format!("text of {key}"), "idempotencyKey": key})
}

/// Texts of the main session.
async fn history(client: &mut WsClient) -> Vec<String> {
    let history = client.call("chat.history", json!({"sessionKey": "main", "limit": 1000})).await.unwrap();
    history["messages"].as_array().unwrap().iter().map(text).collect()
}

/// The text of the next message that the chat windows are told of.
async fn told(client: &mut WsClient) -> String {
    let event = client.next_event("chat", PATIENCE).await.unwrap();
    assert_eq!(
        (&event["payload"]["state"], &event["payload"]["sessionKey"]),
        (&json!("final"), &json!("agent:main:main"))
    );
    text(&event["payload"])
}

#[tokio::test]
async fn a_message_arrives_once_however_often_it_is_sent() {
    let settings = config(json!({}));
    let (home, mut process) = gateway(&settings).await;
    let mut window = client(&process).await;
    let mut sender = client(&process).await;
    let sent = sender.call("send", message("one")).await.unwrap();
    assert_eq!((&sent["runId"], &sent["channel"]), (&json!("one"), &json!("webchat")));
    assert!(sent["messageId"].as_str().is_some_and(|id| !id.is_empty()), "{sent}");
    assert_eq!(told(&mut window).await, "text of one");
    assert_eq!(sender.call("send", message("one")).await.unwrap(), sent);
    sender.call("send", message("two")).await.unwrap();
    assert_eq!(told(&mut window).await, "text of two", "the repetition was not told");
    assert_eq!(history(&mut window).await, ["text of one", "text of two"]);

    process.terminate();
    assert!(process.wait_exit(PATIENCE).await.success());
    let process = gateway_in(&home, &settings).await;
    let mut again = client(&process).await;
    assert_eq!(again.call("send", message("one")).await.unwrap(), sent, "also by the next process");
    assert_eq!(history(&mut again).await, ["text of one", "text of two"]);
}

#[tokio::test]
async fn what_cannot_be_sent_is_said_before_anything_is_kept() {
    let (_home, process) = gateway(&config(json!({}))).await;
    let mut client = client(&process).await;
    client.call("sessions.patch", json!({"key": "closed", "sendPolicy": "deny"})).await.unwrap();
    let rows = [
        (
            json!({"channel": "telegram"}),
            "unsupported channel: telegram; this version sends to channel \"webchat\"",
        ),
        (json!({"channel": ""}), "unsupported channel: whatsapp"),
        (json!({"to": "agent:nobody:main"}), "unknown agent in session key"),
        (json!({"to": "closed"}), "send blocked by session policy"),
        (json!({"accountId": "work"}), "one account"),
        (json!({"mediaUrl": "https://example.org/a.png"}), "words only"),
        (json!({"message": " "}), "message required"),
    ];
    for (change, expected) in rows {
        let mut params = message("k");
        crate::support::merge(&mut params, change);
        let error = client.call("send", params).await.unwrap_err();
        let words = error["message"].as_str().unwrap();
        assert_eq!(error["code"], "INVALID_REQUEST");
        assert!(words.contains(expected), "{words}");
        let details = json!({"session": "agent:main:closed", "rule": "sendPolicy of the session"});
        assert!(!words.contains("session policy") || error["details"] == details, "{error}");
    }
    let health = client.call("health", json!({})).await.unwrap();
    assert_eq!((&health["ok"], &health["disk"]["ok"]), (&json!(true), &json!(true)), "{health}");
    assert!(health["disk"]["freeBytes"].as_u64() > health["disk"]["minFreeBytes"].as_u64(), "{health}");
    let status = client.call("status", json!({})).await.unwrap();
    assert_eq!(status["disk"]["ok"], json!(true), "{status}");
    assert_eq!(client.call("outbox.list", json!({})).await.unwrap()["deliveries"], json!([]));
    let error = client.call("outbox.retry", json!({"id": 1, "allDead": true})).await.unwrap_err();
    assert_eq!(error["message"], "outbox.retry takes either id or allDead: true");
    let error = client.call("outbox.list", json!({"state": "lost"})).await.unwrap_err();
    assert!(error["message"].as_str().unwrap().contains("the states are prepared"), "{error}");
}

#[tokio::test]
async fn a_message_survives_a_kill_right_after_the_call() {
    let settings = config(json!({}));
    let home = TempHome::new();
    let mut expected = Vec::new();
    // From before the request is read to after its answer; the gateway is not asked how far it is.
    for (round, delay_us) in [0, 200, 500, 1_000, 2_000, 4_000, 8_000, 50_000].into_iter().enumerate() {
        let key = format!("k{round}");
        let mut process = gateway_in(&home, &settings).await;
        client(&process).await.send("send", message(&key)).await;
        tokio::time::sleep(Duration::from_micros(delay_us)).await;
        process.kill();
        process.wait_exit(PATIENCE).await;

        let process = gateway_in(&home, &settings).await;
        let mut again = client(&process).await;
        let sent = again.call("send", message(&key)).await.unwrap();
        assert_eq!(sent["runId"], json!(key));
        expected.push(format!("text of {key}"));
        assert_eq!(history(&mut again).await, expected, "after {delay_us} us");
    }
}

fn entry(channel: &str, key: &str, repeats: Repeats) -> NewDelivery {
    NewDelivery {
        channel: channel.into(),
        account: "default".into(),
        recipient: "agent:main:main".into(),
        key: key.into(),
        body: json!({"v": 1, "text": format!("text of {key}, {}", "x".repeat(100))}).to_string().into_bytes(),
        repeats,
        created_at_ms: 1_000,
        expires_at_ms: 3_601_000,
    }
}

/// What an earlier process left: a message from long ago, and one that was being sent when it died.
fn leave_behind(home: &TempHome) {
    let ledger = SqliteLedger::open(home.state_dir().as_ref(), 0).unwrap();
    let done = || Box::new(|result: Result<(), _>| result.unwrap());
    ledger.enqueue(vec![entry("ghost", "cut", Repeats::Shown)], done());
    ledger.claim_due(2_000, 1, Box::new(|claimed| assert_eq!(claimed.unwrap().len(), 1)));
    ledger.enqueue(vec![entry("webchat", "stale", Repeats::Harmless)], done());
    ledger.close();
}

#[tokio::test]
async fn five_hundred_stale_messages_are_one_line_and_no_message() {
    let settings = config(json!({"gateway": {"port": free_port()}}));
    let home = TempHome::new();
    home.write_config(&settings);
    let ledger = SqliteLedger::open(home.state_dir().as_ref(), 0).unwrap();
    let stale = (0..500).map(|n| entry("webchat", &format!("k{n}"), Repeats::Harmless)).collect();
    ledger.enqueue(stale, Box::new(|result: Result<(), _>| result.unwrap()));
    ledger.close();

    let process = gateway_in(&home, &settings).await;
    let mut window = client(&process).await;
    window.call("send", message("fresh")).await.unwrap();
    assert_eq!(history(&mut window).await, ["text of fresh"]);
    let listing = stdout_json(&home, &["outbox", "list", "--limit", "1", "--json"]);
    assert_eq!(listing["counts"], json!({"waiting": 0, "unknown": 0, "dead": 500}));
    let log = stdout(&home, &["logs", "--limit", "5000", "--json"]);
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("outbox")).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("500") && lines[0].contains("openclaw outbox list"), "{lines:?}");
}

/// `(id, state)` of all, the newest first.
fn listed(home: &TempHome) -> Vec<(i64, String)> {
    let listing = stdout_json(home, &["outbox", "list", "--json"]);
    let row = |row: &Value| (row["id"].as_i64().unwrap(), row["state"].as_str().unwrap().to_owned());
    listing["deliveries"].as_array().unwrap().iter().map(row).collect()
}

#[tokio::test]
async fn the_owner_lists_retries_and_drops() {
    let settings = config(json!({"gateway": {"port": free_port()}}));
    let home = TempHome::new();
    home.write_config(&settings);
    assert_eq!(stdout(&home, &["outbox", "list"]).trim(), "Outbox: nothing waits");
    assert!(!home.state_dir().join("state/gateway.sqlite").exists(), "looking makes nothing");
    leave_behind(&home);
    // Without a gateway the files say what there is: the try broke off with its process.
    let state = |state: DeliveryState| state.as_str().to_owned();
    assert_eq!(listed(&home), [(2, state(DeliveryState::Prepared)), (1, state(DeliveryState::Unknown))]);

    let mut process = gateway_in(&home, &settings).await;
    let words = stdout(&home, &["outbox", "list", "--state", "dead"]);
    assert!(words.starts_with("Outbox: 1 unknown, 1 dead\n"), "{words}");
    assert!(
        words.contains("webchat to agent:main:main\n     too old to be sent without a word\n"),
        "{words}"
    );
    assert!(words.contains("\"text of stale, xxx") && !words.contains(&"x".repeat(60)), "{words}");
    let status = stdout(&home, &["status"]);
    assert!(status.contains("1 unknown, 1 dead; `openclaw outbox list` shows the messages"), "{status}");

    let mut window = client(&process).await;
    assert_eq!(history(&mut window).await, Vec::<String>::new(), "nothing stale is sent silently");
    assert_eq!(stdout(&home, &["outbox", "retry", "--all-dead"]).trim(), "1 message will be sent again");
    assert!(told(&mut window).await.starts_with("text of stale"));
    assert_eq!(stdout(&home, &["outbox", "drop", "1"]).trim(), "message 1 is forgotten");
    let output = run(&home, &["outbox", "retry", "1"]);
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("no message 1 that is failed, unknown or dead"), "{error}");

    process.terminate();
    assert!(process.wait_exit(PATIENCE).await.success());
    assert_eq!(listed(&home), [(2, state(DeliveryState::Delivered))]);
    assert!(!run(&home, &["outbox", "drop", "1"]).status.success());
    let words = stdout(&home, &["outbox", "list", "--state", "Delivered"]);
    assert!(words.starts_with("Outbox: nothing waits; delivered were\n"), "{words}");
    stdout(&home, &["outbox", "drop", "2"]);
    assert_eq!(listed(&home), []);
    let said = run(&home, &["outbox", "retry"]).stderr;
    assert!(String::from_utf8_lossy(&said).contains("--all-dead"));
}

#[test]
fn a_queue_that_cannot_be_read_is_said_and_left_alone() {
    let home = TempHome::new();
    home.write_config(&config(json!({"gateway": {"port": free_port()}})));
    leave_behind(&home);
    let before = crate::takeover::everything(home.path());
    assert_eq!(listed(&home).len(), 2);
    assert!(crate::takeover::everything(home.path()) == before, "looking changes nothing");

    home.write(
        ".openclaw/state/gateway.sqlite",
        &"no database at all, but as long as a header of one\n".repeat(9),
    );
    let before = crate::takeover::everything(home.path());
    for command in [&["list"][..], &["retry", "1"], &["drop", "1"]] {
        let output = run(&home, &[&["outbox"], command].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        for part in ["gateway.sqlite", "cannot be read", "puts it aside when it starts", "may be in it"] {
            assert!(said.contains(part), "{command:?}: {said}");
        }
        assert!(crate::takeover::everything(home.path()) == before, "{command:?} has changed something");
    }
    let report = run(&home, &["doctor", "--json"]);
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["id"] == "state.ledger").unwrap();
    assert_eq!(finding["severity"], "error", "{finding}");
    assert!(crate::takeover::everything(home.path()) == before, "doctor has changed something");
}
