//! Sessions over time: when they start afresh, what is kept, which of them may be written to.

use std::time::{SystemTime, UNIX_EPOCH};

use openclaw_testkit::home::TempHome;
use openclaw_testkit::model_server::{ModelServer, Reply};
use openclaw_testkit::ws::WsClient;
use serde_json::{Value, json};

use crate::support::{chat, client, config, config_with_model, gateway, gateway_in, text};

const SESSIONS: &str = ".openclaw/agents/main/sessions";
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Puts a session of the past into a home: what was said in it, and how long ago.
fn add_session(home: &TempHome, key: &str, id: &str, age_ms: i64) {
    let index = format!("{SESSIONS}/sessions.json");
    let mut entries: Value =
        home.read(&index).map_or_else(|| json!({}), |text| serde_json::from_str(&text).unwrap());
    entries[key] = json!({
        "sessionId": id, "updatedAt": now_ms() - age_ms, "chatType": "direct", "thinkingLevel": "high",
        "label": id, "inputTokens": 5, "outputTokens": 6, "totalTokens": 11, "compactionCount": 2,
        "lastChannel": "webchat",
    });
    home.write(&index, &entries.to_string());
    let message = json!({"role": "user", "content": format!("said in {id}"), "timestamp": 1});
    let lines = [
        json!({"type": "session", "version": 3, "id": id, "timestamp": "2026-01-01T00:00:00.000Z", "cwd": "/"}),
        json!({"type": "message", "id": "aaaaaaaa", "parentId": null, "timestamp": "2026-01-01T00:00:00.000Z",
            "message": message}),
    ];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    home.write(format!("{SESSIONS}/{id}.jsonl"), &lines);
}

async fn rows(client: &mut WsClient) -> Vec<Value> {
    let list = client.call("sessions.list", json!({"includeGlobal": true})).await.unwrap();
    list["sessions"].as_array().unwrap().clone()
}

async fn row(client: &mut WsClient, key: &str) -> Value {
    rows(client).await.into_iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("no session {key}"))
}

/// The header of a session's transcript.
fn header(home: &TempHome, id: &Value) -> Value {
    let lines = home.read(format!("{SESSIONS}/{}.jsonl", id.as_str().unwrap())).unwrap();
    serde_json::from_str(lines.lines().next().unwrap()).unwrap()
}

fn said(request: &Value) -> String {
    request["messages"].to_string()
}

#[tokio::test]
async fn after_the_hour_of_the_reset_a_message_begins_a_session_that_names_the_one_before() {
    let server = ModelServer::start();
    server.script([Reply::text("new"), Reply::text("same"), Reply::text("again")]);
    // Twelve hours away from now, so that the test does not run over it.
    let hour = (now_ms() / HOUR + 12) % 24;
    let home = TempHome::new();
    add_session(&home, "agent:main:main", "old", 30 * HOUR);
    add_session(&home, "agent:main:work", "young", HOUR);
    let config = config_with_model(&server.base_url(), json!({"session": {"reset": {"atHour": hour}}}));
    let gateway = gateway_in(&home, &config).await;
    let mut client = client(&gateway).await;
    let before = home.read(format!("{SESSIONS}/old.jsonl")).unwrap();

    assert_eq!(text(&chat(&mut client, "main", "good morning").await), "new");
    let renewed = row(&mut client, "agent:main:main").await;
    assert_ne!(renewed["sessionId"], "old");
    assert_eq!((&renewed["previousSessionId"], &renewed["compactionCount"]), (&json!("old"), &json!(0)));
    assert_eq!((&renewed["label"], &renewed["thinkingLevel"]), (&json!("old"), &json!("high")), "kept");
    let parent = header(&home, &renewed["sessionId"])["parentSession"].as_str().unwrap().to_owned();
    assert_eq!(parent, home.path().join(SESSIONS).join("old.jsonl").to_str().unwrap());
    assert_eq!(
        home.read(format!("{SESSIONS}/old.jsonl")).unwrap(),
        before,
        "nothing is written behind its end"
    );
    assert!(!said(&server.requests()[0].body).contains("said in old"));

    assert_eq!(text(&chat(&mut client, "work", "still here?").await), "same");
    assert_eq!(row(&mut client, "agent:main:work").await["sessionId"], "young");
    assert!(said(&server.requests()[1].body).contains("said in young"));

    // The new one goes on, and a reset by hand links, too.
    assert_eq!(text(&chat(&mut client, "main", "/new And now?").await), "again");
    let third = row(&mut client, "agent:main:main").await;
    assert_eq!(third["previousSessionId"], renewed["sessionId"]);
    let parent = header(&home, &third["sessionId"])["parentSession"].as_str().unwrap().to_owned();
    assert!(parent.ends_with(&format!("{}.jsonl", renewed["sessionId"].as_str().unwrap())), "{parent}");
}

#[tokio::test]
async fn a_silence_ends_a_session_and_a_command_does_not_prolong_it() {
    let home = TempHome::new();
    add_session(&home, "agent:main:main", "silent", 31 * MINUTE);
    add_session(&home, "agent:main:work", "awake", 29 * MINUTE);
    add_session(&home, "agent:main:asked", "asked", 31 * MINUTE);
    let gateway = gateway_in(&home, &config(json!({"session": {"idleMinutes": 30}}))).await;
    let mut client = client(&gateway).await;
    let status = text(&chat(&mut client, "main", "/status").await);
    let renewed = row(&mut client, "agent:main:main").await;
    assert_eq!(renewed["previousSessionId"], "silent");
    assert!(status.contains(renewed["sessionId"].as_str().unwrap()), "{status}");
    assert!(status.contains("thinkingLevel high") && status.contains("0 compactions"), "{status}");
    chat(&mut client, "work", "hello").await;
    assert_eq!(row(&mut client, "agent:main:work").await["sessionId"], "awake");
    let params = json!({"message": "hello", "sessionId": "asked", "idempotencyKey": "k1"});
    client.call("agent", params).await.unwrap();
    client.call("agent.wait", json!({"runId": "k1"})).await.unwrap();
    assert_eq!(row(&mut client, "agent:main:asked").await["sessionId"], "asked", "it was asked for");
}

#[tokio::test]
async fn own_words_start_a_session_over_and_the_usual_ones_are_text_then() {
    let server = ModelServer::start();
    server.script([Reply::text("one"), Reply::text("two"), Reply::text("three")]);
    let session = json!({"session": {"resetTriggers": ["Start over"]}});
    let (_home, gateway) = gateway(&config_with_model(&server.base_url(), session)).await;
    let mut client = client(&gateway).await;
    chat(&mut client, "main", "first").await;
    let before = row(&mut client, "agent:main:main").await["sessionId"].clone();
    chat(&mut client, "main", "/new").await;
    assert_eq!(row(&mut client, "agent:main:main").await["sessionId"], before);
    assert!(said(&server.requests()[1].body).contains("/new"));
    assert_eq!(text(&chat(&mut client, "main", "START OVER with tea").await), "three");
    assert_eq!(row(&mut client, "agent:main:main").await["previousSessionId"], before);
    let last = said(&server.requests()[2].body);
    assert!(last.contains("with tea") && !last.contains("first") && !last.contains("OVER"), "{last}");
    let answer = text(&chat(&mut client, "main", "start over").await);
    assert!(answer.starts_with("A new conversation."), "{answer}");
    assert!(text(&chat(&mut client, "main", "/help").await).contains("start over: start a new"));
}

#[tokio::test]
async fn a_session_that_is_closed_takes_no_messages() {
    let rules = json!([{"action": "deny", "match": {"keyPrefix": "work"}}]);
    let (_home, gateway) = gateway(&config(json!({"session": {"sendPolicy": {"rules": rules}}}))).await;
    let mut client = client(&gateway).await;
    let refused = |key: &str| {
        let chat = json!({"sessionKey": key, "message": "hi", "idempotencyKey": format!("c-{key}")});
        let agent = json!({"sessionKey": key, "message": "hi", "idempotencyKey": format!("a-{key}")});
        [("chat.send", chat), ("agent", agent)]
    };
    for (method, params) in refused("work") {
        let error = client.call(method, params).await.unwrap_err();
        assert_eq!(
            (error["code"].as_str(), error["message"].as_str()),
            (Some("INVALID_REQUEST"), Some("send blocked by session policy")),
            "{method}"
        );
    }
    assert_eq!(rows(&mut client).await, Vec::<Value>::new(), "nothing was taken");
    assert_eq!(chat(&mut client, "main", "hello").await["state"], "final");

    let patch = |key: &str, value: Value| json!({"key": key, "sendPolicy": value});
    client.call("sessions.patch", patch("main", json!("deny"))).await.unwrap();
    for (method, params) in refused("main") {
        client.call(method, params).await.unwrap_err();
    }
    assert_eq!(row(&mut client, "agent:main:main").await["sendPolicy"], "deny");
    let stop = json!({"sessionKey": "main", "message": "stop", "idempotencyKey": "s"});
    assert_eq!(client.call("chat.send", stop).await.unwrap()["aborted"], false, "stopping is not sending");
    client.call("sessions.patch", patch("main", Value::Null)).await.unwrap();
    assert_eq!(chat(&mut client, "main", "hello again").await["state"], "final");
    // What the session says of itself comes before the rules.
    client.call("sessions.patch", patch("work", json!("allow"))).await.unwrap();
    assert_eq!(chat(&mut client, "work", "hello").await["state"], "final");
}

#[tokio::test]
async fn one_session_for_all_is_called_global() {
    let server = ModelServer::start();
    server.script([Reply::text("one"), Reply::text("two"), Reply::text("three")]);
    let extra = json!({"session": {"scope": "global", "mainKey": "home"}});
    let home = TempHome::new();
    home.write(".openclaw/workspace/MEMORY.md", "the owner likes tea");
    let gateway = gateway_in(&home, &config_with_model(&server.base_url(), extra)).await;
    let mut client = WsClient::open(gateway.port()).await;
    let hello = client.connect_as_cli(crate::support::TOKEN).await;
    let defaults = &hello["snapshot"]["sessionDefaults"];
    assert_eq!((&defaults["scope"], &defaults["mainSessionKey"]), (&json!("global"), &json!("global")));
    for (session, answer) in [("main", "one"), ("agent:main:home", "two"), ("global", "three")] {
        assert_eq!(text(&chat(&mut client, session, session).await), answer);
    }
    let only: Vec<Value> = rows(&mut client).await;
    assert_eq!((only.len(), &only[0]["key"], &only[0]["kind"]), (1, &json!("global"), &json!("global")));
    assert!(said(&server.requests()[2].body).contains("agent:main:home"), "one conversation");
    assert!(said(&server.requests()[0].body).contains("likes tea"), "it is the owner's main session");
    let error = client.call("sessions.delete", json!({"key": "main"})).await.unwrap_err();
    assert!(error["message"].as_str().unwrap().contains("main session"), "{error}");
}

#[tokio::test]
async fn what_is_set_for_one_session_is_checked_kept_and_cleared() {
    let home = TempHome::new();
    let set = json!({
        "key": "work", "label": "Job", "thinkingLevel": "high", "verboseLevel": "on", "reasoningLevel": "stream",
        "responseUsage": "tokens", "elevatedLevel": "ask", "execHost": "gateway", "execSecurity": "allowlist",
        "execAsk": "on-miss", "execNode": "phone", "sendPolicy": "allow", "groupActivation": "mention",
    });
    let fields: Vec<&str> =
        set.as_object().unwrap().keys().map(String::as_str).filter(|name| *name != "key").collect();
    {
        let mut gateway = gateway_in(&home, &config(json!({}))).await;
        let mut client = client(&gateway).await;
        for name in &fields {
            let error = client.call("sessions.patch", json!({"key": "work", (*name): ""})).await.unwrap_err();
            assert!(error["message"].as_str().unwrap().contains(name), "{name}: {error}");
        }
        client.call("sessions.patch", set.clone()).await.unwrap();
        gateway.terminate();
        gateway.wait_exit(crate::support::PATIENCE).await;
    }
    let gateway = gateway_in(&home, &config(json!({}))).await;
    let mut client = client(&gateway).await;
    let kept = row(&mut client, "agent:main:work").await;
    let status = text(&chat(&mut client, "work", "/status").await);
    let mut clear = json!({"key": "work"});
    for name in &fields {
        assert_eq!(kept[name], set[name], "{name} is kept over a restart and listed");
        assert!(
            *name == "label" || status.contains(&format!("{name} {}", set[name].as_str().unwrap())),
            "{status}"
        );
        clear[name] = Value::Null;
    }
    let cleared = client.call("sessions.patch", clear).await.unwrap();
    assert!(fields.iter().all(|name| cleared["entry"].get(name).is_none()), "{cleared}");
    for (key, error) in [("work", "only supported"), ("subagent:u1", "")] {
        let params = json!({"key": key, "spawnedBy": "agent:main:main"});
        match client.call("sessions.patch", params).await {
            Ok(_) => assert_eq!(error, ""),
            Err(refused) => assert!(refused["message"].as_str().unwrap().contains(error), "{refused}"),
        }
    }
    // It is kept as a key, and is the same one under every name of it.
    for parent in ["Telegram:direct:5", "agent:main:telegram:direct:5"] {
        let spawned = json!({"key": "subagent:u2", "spawnedBy": parent});
        let patched = client.call("sessions.patch", spawned.clone()).await.unwrap();
        assert_eq!(patched["entry"]["spawnedBy"], "agent:main:telegram:direct:5");
        assert_eq!(client.call("sessions.resolve", spawned).await.unwrap()["key"], "agent:main:subagent:u2");
        let listed = client.call("sessions.list", json!({"spawnedBy": parent})).await.unwrap();
        assert_eq!(listed["sessions"].as_array().unwrap().len(), 1, "{listed}");
    }
    for value in [json!("agent:main:work"), Value::Null] {
        let params = json!({"key": "subagent:u1", "spawnedBy": value});
        let error = client.call("sessions.patch", params).await.unwrap_err();
        assert!(error["message"].as_str().unwrap().contains("once set"), "{error}");
    }
}

#[tokio::test]
async fn a_rule_holds_for_a_session_however_it_began_and_for_all_its_messages() {
    let rules = json!([{"action": "deny", "match": {"channel": "webchat"}}]);
    let home = TempHome::new();
    let gateway = gateway_in(&home, &config(json!({"session": {"sendPolicy": {"rules": rules}}}))).await;
    let mut client = client(&gateway).await;
    client.call("sessions.patch", json!({"key": "work", "label": "Job"})).await.unwrap();
    let made = row(&mut client, "agent:main:work").await;
    assert_eq!((&made["chatType"], &made["lastChannel"]), (&json!("direct"), &json!("webchat")));
    let message = json!({"sessionKey": "work", "message": "hi", "idempotencyKey": "k"});
    let error = client.call("chat.send", message).await.unwrap_err();
    assert_eq!(error["message"], "send blocked by session policy");
    // Its key says that it is of another channel, whoever writes the first message.
    for text in ["first", "second"] {
        assert_eq!(chat(&mut client, "discord:channel:1", text).await["state"], "final", "{text}");
    }
    assert_eq!(row(&mut client, "agent:main:discord:channel:1").await["chatType"], "channel");
}

#[tokio::test]
async fn a_direct_chat_goes_on_under_the_name_that_early_releases_gave_it() {
    let home = TempHome::new();
    add_session(&home, "agent:main:telegram:dm:5", "early", MINUTE);
    let gateway = gateway_in(&home, &config(json!({"session": {"idleMinutes": 600}}))).await;
    let mut client = client(&gateway).await;
    let key = json!("agent:main:telegram:dm:5");
    for given in ["agent:main:telegram:direct:5", "telegram:DM:5"] {
        let found = client.call("sessions.resolve", json!({"key": given})).await.unwrap();
        assert_eq!(found["key"], key, "{given}");
    }
    let params = json!({"message": "hi", "sessionKey": "telegram:direct:5", "idempotencyKey": "k"});
    client.call("agent", params).await.unwrap();
    client.call("agent.wait", json!({"runId": "k"})).await.unwrap();
    let rows = rows(&mut client).await;
    assert_eq!((rows.len(), &rows[0]["key"], &rows[0]["sessionId"]), (1, &key, &json!("early")));
    assert!(home.read(format!("{SESSIONS}/early.jsonl")).unwrap().contains("hi"));
}

/// Two agents, and a session `x` of the second; returns the id of that.
async fn two_agents(client: &mut WsClient) -> Value {
    let made = client.call("sessions.patch", json!({"key": "agent:work:x", "label": "Mine"})).await.unwrap();
    made["entry"]["sessionId"].clone()
}

fn with_two_agents() -> Value {
    config(json!({"agents": {"list": [{"id": "main", "default": true}, {"id": "work"}]}}))
}

#[tokio::test]
async fn a_call_that_names_two_sessions_runs_in_none() {
    let (_home, gateway) = gateway(&with_two_agents()).await;
    let mut client = client(&gateway).await;
    let id = two_agents(&mut client).await;
    for (target, words) in [
        (json!({"agentId": "main", "sessionKey": "agent:work:x"}), "does not fit"),
        (json!({"agentId": "work", "sessionKey": "global"}), "does not fit"),
        (json!({"sessionKey": "agent:work:y", "sessionId": id}), "belongs to session agent:work:x"),
        (json!({"sessionKey": "x", "sessionId": id}), "belongs to session agent:work:x"),
        (json!({"agentId": "main", "sessionId": id}), "belongs to session agent:work:x"),
        (json!({"agentId": "nobody", "sessionKey": "x"}), "unknown agent: nobody"),
        (json!({"sessionKey": "agent:nobody:x"}), "unknown agent in session key"),
    ] {
        let mut params = target.clone();
        (params["message"], params["idempotencyKey"]) = (json!("hi"), json!("refused"));
        let error = client.call("agent", params).await.unwrap_err();
        assert_eq!(error["code"], "INVALID_REQUEST", "{target}");
        assert!(error["message"].as_str().unwrap().contains(words), "{target}: {error}");
    }
    assert_eq!(rows(&mut client).await.len(), 1, "nothing was begun");
    for (n, target) in [
        json!({"sessionId": id}),
        json!({"agentId": "work", "sessionId": id}),
        json!({"agentId": "work", "sessionKey": "x"}),
        json!({"sessionKey": "agent:work:x", "sessionId": id, "agentId": "Work"}),
    ]
    .into_iter()
    .enumerate()
    {
        let (mut params, run) = (target.clone(), format!("run-{n}"));
        (params["message"], params["idempotencyKey"]) = (json!("hi"), json!(run));
        client.call("agent", params).await.unwrap();
        client.call("agent.wait", json!({"runId": run})).await.unwrap();
        let rows = rows(&mut client).await;
        assert_eq!((rows.len(), &rows[0]["sessionId"]), (1, &id), "{target}");
    }
}

#[tokio::test]
async fn a_session_is_found_by_what_is_said_of_it() {
    let (_home, gateway) = gateway(&with_two_agents()).await;
    let mut client = client(&gateway).await;
    let id = two_agents(&mut client).await;
    let patch = json!({"key": "work", "label": "Mine"});
    let error = client.call("sessions.patch", patch).await.unwrap_err();
    assert_eq!(error["message"], "label already in use: Mine", "by a session of another agent");
    client.call("sessions.patch", json!({"key": "global", "label": "All"})).await.unwrap();
    let spawned = json!({"key": "agent:work:subagent:u", "label": "Child", "spawnedBy": "agent:work:x"});
    client.call("sessions.patch", spawned).await.unwrap();
    for (params, found) in [
        (json!({"label": "Mine"}), Some("agent:work:x")),
        (json!({"label": "Mine", "agentId": "Work"}), Some("agent:work:x")),
        (json!({"label": "Mine", "agentId": "main"}), None),
        (json!({"sessionId": id}), Some("agent:work:x")),
        (json!({"sessionId": id, "agentId": "main"}), None),
        (json!({"sessionId": "no such / id"}), None),
        (json!({"key": "x"}), None),
        (json!({"key": "x", "agentId": "work"}), Some("agent:work:x")),
        (json!({"key": "agent:work:x", "agentId": "main"}), None),
        (json!({"label": "Child", "spawnedBy": "agent:work:x"}), Some("agent:work:subagent:u")),
        (json!({"label": "Child", "spawnedBy": "agent:work:y"}), None),
        (json!({"key": "agent:work:subagent:u", "spawnedBy": "agent:work:y"}), None),
        (json!({"label": "All"}), None),
        (json!({"label": "All", "includeGlobal": true}), Some("global")),
        (json!({"label": "All", "includeUnknown": true}), None),
    ] {
        match (client.call("sessions.resolve", params.clone()).await, found) {
            (Ok(answer), Some(found)) => assert_eq!(answer["key"], found, "{params}"),
            (Err(error), None) => {
                assert!(
                    error["message"].as_str().unwrap().starts_with("No session found"),
                    "{params}: {error}"
                );
            }
            (answer, _) => panic!("{params}: {answer:?}"),
        }
    }
}

#[tokio::test]
async fn what_a_list_shows_can_be_opened() {
    let home = TempHome::new();
    for (name, id) in [("main", "first"), ("group:777", "second"), ("agent:main:Work", "third")] {
        add_session(&home, name, id, MINUTE);
    }
    let gateway = gateway_in(&home, &config(json!({"session": {"idleMinutes": 600}}))).await;
    let mut client = client(&gateway).await;
    let rows = rows(&mut client).await;
    assert_eq!(rows.len(), 3);
    for row in rows {
        let found = client.call("sessions.resolve", json!({"key": row["key"]})).await.unwrap();
        assert_eq!(found["key"], row["key"]);
    }
    chat(&mut client, "main", "hello").await;
    assert_eq!(self::row(&mut client, "agent:main:main").await["sessionId"], "first");
}
