//! Turns against a scripted provider over real HTTP: streaming, tools, failures, abort, idempotency.

use std::time::Duration;

use openclaw_testkit::model_server::{ModelServer, Reply};
use serde_json::{Value, json};

use crate::support::{PATIENCE, chat, chat_end, client, config_with_model, gateway, send, stdout_json, text};

#[tokio::test]
async fn an_answer_streams_and_is_recorded() {
    let server = ModelServer::start();
    server.push(Reply::Text {
        chunks: vec!["Hel".into(), "lo ".into(), "there".into()],
        delay: Duration::from_millis(200),
    });
    let (home, gateway) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let mut client = client(&gateway).await;
    let run = send(&mut client, "main", "hi").await;
    let of = |stream: &'static str, run: String| {
        move |f: &Value| {
            f["event"] == "agent" && f["payload"]["runId"] == run && f["payload"]["stream"] == stream
        }
    };
    let start = client.find(of("lifecycle", run.clone()), PATIENCE).await.unwrap();
    assert_eq!((&start["payload"]["data"]["phase"], &start["payload"]["seq"]), (&json!("start"), &json!(1)));
    assert_eq!(start["payload"]["sessionKey"], "agent:main:main");
    let first = client.find(of("assistant", run.clone()), PATIENCE).await.unwrap();
    assert_eq!(first["payload"]["data"], json!({"text": "Hel", "delta": "Hel"}));
    let delta =
        client.find(|f| f["event"] == "chat" && f["payload"]["state"] == "delta", PATIENCE).await.unwrap();
    assert_eq!((text(&delta["payload"]).as_str(), &delta["payload"]["sessionKey"]), ("Hel", &json!("main")));
    let end = chat_end(&mut client, &run).await;
    assert_eq!((end["state"].as_str(), text(&end).as_str()), (Some("final"), "Hello there"));
    let history = client.call("chat.history", json!({"sessionKey": "main"})).await.unwrap();
    let messages = history["messages"].as_array().unwrap();
    assert_eq!((text(&messages[0]).as_str(), text(&messages[1]).as_str()), ("hi", "Hello there"));
    assert_eq!(messages[1]["provider"], "mock");
    assert_eq!(messages[1]["stopReason"], "stop");
    let request = &server.requests()[0].body;
    assert_eq!(request["messages"][0]["role"], "system");
    let user = request["messages"].as_array().unwrap().last().unwrap()["content"].to_string();
    assert!(user.contains(&format!("[message_id: {run}]")), "{user}");
    assert!(home.state_dir().join("agents/main/sessions/sessions.json").is_file());
    assert_eq!(gateway.stderr(), "");
}

#[tokio::test]
async fn tools_run_over_several_rounds_and_the_prompt_keeps_its_prefix() {
    let server = ModelServer::start();
    server.script([
        Reply::tool_call("write", &json!({"path": "plan.md", "content": "one\n"})),
        Reply::tool_call("read", &json!({"path": "plan.md"})),
        Reply::tool_call("read", &json!({"path": "../../openclaw.json"})),
        Reply::text("done"),
        Reply::text("again"),
    ]);
    let (home, gateway) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let mut client = client(&gateway).await;
    client.call("sessions.patch", json!({"key": "main", "verboseLevel": "full"})).await.unwrap();
    let run = send(&mut client, "main", "make a plan").await;
    let tool = |f: &Value| f["event"] == "agent" && f["payload"]["stream"] == "tool";
    let started = client.find(tool, PATIENCE).await.unwrap();
    assert_eq!(started["payload"]["data"]["name"], "write");
    assert!(started.get("seq").is_none(), "events to chosen connections carry no number");
    let ended = client.find(tool, PATIENCE).await.unwrap();
    assert_eq!(
        (&ended["payload"]["data"]["meta"], &ended["payload"]["data"]["isError"]),
        (&json!("plan.md"), &json!(false))
    );
    assert_eq!(text(&chat_end(&mut client, &run).await), "done");
    assert_eq!(home.read(".openclaw/workspace/plan.md").as_deref(), Some("one\n"));
    assert_eq!(text(&chat(&mut client, "main", "thanks").await), "again");

    let requests = server.requests();
    assert_eq!(requests.len(), 5);
    let escape = requests[3].body["messages"].as_array().unwrap().last().unwrap()["content"].to_string();
    assert!(escape.contains("error") && !escape.contains("token"), "{escape}");
    let mut previous: Vec<Value> = Vec::new();
    for request in &requests {
        let messages = request.body["messages"].as_array().unwrap().clone();
        assert!(messages.starts_with(&previous), "what was sent once is sent again unchanged");
        previous = messages;
    }
}

#[tokio::test]
async fn every_failure_of_a_provider_ends_the_turn_in_plain_words() {
    let server = ModelServer::start();
    let (_home, gateway) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let mut client = client(&gateway).await;
    let rows = [
        (vec![Reply::out_of_credit()], "mock"),
        (vec![Reply::context_overflow()], "mock"),
        (vec![Reply::MalformedSse { after: vec!["part".into()] }], "mock"),
        (vec![Reply::DropMidStream { after: vec!["part".into()] }], "mock"),
        (vec![Reply::EndEarly { after: vec!["part".into()] }], "mock"),
        (
            vec![Reply::Status {
                code: 401,
                retry_after: None,
                body: json!({"error": {"message": "bad key"}}).to_string(),
            }],
            "mock",
        ),
    ];
    for (index, (replies, word)) in rows.into_iter().enumerate() {
        server.script(replies);
        let session = format!("s{index}");
        let run = send(&mut client, &session, "hi").await;
        let end = chat_end(&mut client, &run).await;
        assert_eq!(end["state"], "error", "row {index}: {end}");
        let words = end["errorMessage"].as_str().unwrap();
        assert!(words.contains(word) && !words.contains("bad key"), "row {index}: {words}");
        let lifecycle = client
            .find(|f| f["event"] == "agent" && f["payload"]["data"]["phase"] == "error", PATIENCE)
            .await
            .unwrap();
        assert_eq!(lifecycle["payload"]["data"]["error"].as_str(), Some(words));
    }
    server.push(Reply::text("fine again"));
    assert_eq!(text(&chat(&mut client, "s0", "and now?").await), "fine again");
}

#[tokio::test]
async fn a_busy_provider_is_asked_again_after_the_time_it_names() {
    let server = ModelServer::start();
    server.script([Reply::rate_limited(1), Reply::text("second try")]);
    let (_home, gateway) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let mut client = client(&gateway).await;
    assert_eq!(text(&chat(&mut client, "main", "hi").await), "second try");
    let requests = server.requests();
    assert!(requests[1].at - requests[0].at >= Duration::from_secs(1));
}

#[tokio::test]
async fn an_abort_stops_the_provider_and_keeps_what_was_said() {
    let server = ModelServer::start();
    server.push(Reply::Stall { after: vec!["one ".into(), "two".into()] });
    let (_home, gateway) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let mut client = client(&gateway).await;
    let run = send(&mut client, "main", "tell me").await;
    client.find(|f| f["payload"]["stream"] == "assistant", PATIENCE).await.unwrap();
    let wrong = client.call("chat.abort", json!({"sessionKey": "other", "runId": run})).await.unwrap_err();
    assert_eq!(wrong["message"], "runId does not match sessionKey");
    let abort = client.send("chat.abort", json!({"sessionKey": "main", "runId": run})).await;
    let either = |f: &Value| f["id"] == abort || (f["event"] == "chat" && f["payload"]["state"] == "aborted");
    let first = client.find(either, PATIENCE).await.unwrap();
    assert_eq!(
        (&first["payload"]["state"], &first["payload"]["stopReason"]),
        (&json!("aborted"), &json!("rpc"))
    );
    let answer = client.response(&abort).await;
    assert_eq!(answer["payload"], json!({"ok": true, "aborted": true, "runIds": [run]}));
    server.wait_disconnects(1).await;
    let history = client.call("chat.history", json!({"sessionKey": "main"})).await.unwrap();
    assert_eq!(history["messages"][1]["stopReason"], "aborted");
    server.push(Reply::text("here again"));
    assert_eq!(text(&chat(&mut client, "main", "go on").await), "here again");
}

#[tokio::test]
async fn a_stop_word_stops_and_a_deadline_too() {
    let server = ModelServer::start();
    server.script([Reply::Silent, Reply::Silent]);
    let (_home, gateway) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let mut client = client(&gateway).await;
    let run = send(&mut client, "main", "hi").await;
    server.wait_requests(1).await;
    let stop = json!({"sessionKey": "main", "message": "/stop", "idempotencyKey": "s"});
    let answer = client.call("chat.send", stop).await.unwrap();
    assert_eq!(answer, json!({"ok": true, "aborted": true, "runIds": [run]}));
    assert_eq!(chat_end(&mut client, &run).await["stopReason"], "stop");

    let params = json!({"sessionKey": "main", "message": "hi", "idempotencyKey": "d", "timeoutMs": 300});
    client.call("chat.send", params).await.unwrap();
    let end = chat_end(&mut client, "d").await;
    assert_eq!((&end["state"], &end["stopReason"]), (&json!("aborted"), &json!("timeout")));
    assert!(end["errorMessage"].as_str().unwrap().contains("longer than 0.3 s"), "{end}");
}

#[tokio::test]
async fn a_key_runs_once_and_a_busy_session_queues() {
    let server = ModelServer::start();
    server.script([Reply::slow_text("one two", Duration::from_millis(150)), Reply::text("second")]);
    let (_home, gateway) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let mut client = client(&gateway).await;
    let first = send(&mut client, "main", "first").await;
    let repeat = json!({"sessionKey": "main", "message": "other text", "idempotencyKey": first});
    assert_eq!(client.call("chat.send", repeat.clone()).await.unwrap()["status"], "in_flight");
    let second = send(&mut client, "main", "second").await;
    assert_eq!(text(&chat_end(&mut client, &first).await), "one two");
    assert_eq!(text(&chat_end(&mut client, &second).await), "second");
    assert_eq!(client.call("chat.send", repeat).await.unwrap()["status"], "ok");
    assert_eq!(server.requests().len(), 2, "the repeated key never ran the other text");
}

#[tokio::test]
async fn agent_answers_twice_and_can_be_waited_for() {
    let server = ModelServer::start();
    server.push(Reply::text("pong"));
    let (home, gateway) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let mut client = client(&gateway).await;
    let id = client.send("agent", json!({"message": "ping", "idempotencyKey": "a1"})).await;
    let accepted = client.response(&id).await;
    assert_eq!(accepted["payload"]["status"], "accepted");
    let done = client.response(&id).await;
    assert_eq!(done["payload"]["status"], "ok");
    assert_eq!(done["payload"]["result"]["payloads"][0]["text"], "pong");
    assert_eq!(done["payload"]["result"]["meta"]["agentMeta"]["model"], "mock-1");
    let waited = client.call("agent.wait", json!({"runId": "a1", "timeoutMs": 1000})).await.unwrap();
    assert_eq!(waited["status"], "ok");
    let unknown = client.call("agent.wait", json!({"runId": "nope", "timeoutMs": 10})).await.unwrap();
    assert_eq!(unknown["status"], "timeout");
    let again = client.send("agent", json!({"message": "other", "idempotencyKey": "a1"})).await;
    assert_eq!(
        client.response(&again).await["payload"],
        done["payload"],
        "a repeat gets the answer of the first"
    );

    server.push(Reply::slow_text("late one", Duration::from_millis(150)));
    let wait = client.send("agent.wait", json!({"runId": "a2", "timeoutMs": 10_000})).await;
    let first = client.send("agent", json!({"message": "ping", "idempotencyKey": "a2"})).await;
    let second = client.send("agent", json!({"message": "ping", "idempotencyKey": "a2"})).await;
    for id in [&first, &second] {
        assert_eq!(client.response(id).await["payload"]["status"], "accepted");
        assert_eq!(client.response(id).await["payload"]["result"]["payloads"][0]["text"], "late one");
    }
    assert_eq!(
        client.response(&wait).await["payload"]["status"],
        "ok",
        "it waits for a run that is not there yet"
    );
    server.push(Reply::text("from the shell"));
    let answer = stdout_json(&home, &["agent", "--message", "hi", "--json"]);
    assert_eq!(answer["result"]["payloads"][0]["text"], "from the shell");
}

#[tokio::test]
async fn commands_need_no_model() {
    let server = ModelServer::start();
    let (_home, gateway) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let mut client = client(&gateway).await;
    let status = text(&chat(&mut client, "main", "/status").await);
    assert!(status.contains("mock/mock-1"), "{status}");
    assert!(text(&chat(&mut client, "main", "/help").await).contains("/new"));
    let before = client.call("chat.history", json!({"sessionKey": "main"})).await.unwrap();
    chat(&mut client, "main", "/new").await;
    let after = client.call("chat.history", json!({"sessionKey": "main"})).await.unwrap();
    assert_ne!(before["sessionId"], after["sessionId"]);
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_transcript_belongs_to_one_session_and_a_deleted_one_is_not_written_to() {
    let server = ModelServer::start();
    let (_home, gateway) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let mut client = client(&gateway).await;
    server.push(Reply::text("one"));
    chat(&mut client, "main", "hi").await;
    let history = client.call("chat.history", json!({"sessionKey": "main"})).await.unwrap();
    let taken = json!({"message": "x", "idempotencyKey": "t", "sessionKey": "other", "sessionId": history["sessionId"]});
    let error = client.call("agent", taken).await.unwrap_err();
    assert_eq!(error["message"], "sessionId belongs to session agent:main:main");

    for round in 0..10 {
        server.script([Reply::text("before"), Reply::text("after")]);
        chat(&mut client, "work", "hi").await;
        let delete = client.send("sessions.delete", json!({"key": "work"})).await;
        let run = format!("after-{round}");
        let send = json!({"sessionKey": "work", "message": "again", "idempotencyKey": run});
        let sent = client.send("chat.send", send).await;
        assert_eq!(client.response(&delete).await["payload"]["deleted"], true);
        assert_eq!(client.response(&sent).await["payload"]["status"], "started");
        assert_eq!(text(&chat_end(&mut client, &run).await), "after");
        let history = client.call("chat.history", json!({"sessionKey": "work"})).await.unwrap();
        let texts: Vec<String> = history["messages"].as_array().unwrap().iter().map(text).collect();
        assert_eq!(texts, ["again", "after"], "what was answered is in the history");
        client.call("sessions.delete", json!({"key": "work"})).await.unwrap();
    }
}
