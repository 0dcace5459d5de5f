//! The gateway protocol over real sockets: handshake, refusals, limits, shutdown.

use openclaw_testkit::ws::{NotOpened, WsClient, WsOptions};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{PATIENCE, TOKEN, chat, client, config, gateway, text};

fn connect(edit: &str) -> Value {
    let mut params = json!({
        "minProtocol": 3, "maxProtocol": 3,
        "client": {"id": "cli", "version": "1", "platform": "linux", "mode": "cli"},
        "role": "operator", "scopes": ["operator.admin"], "auth": {"token": TOKEN},
    });
    match edit {
        "wrong token" => params["auth"]["token"] = json!("wrong"),
        "no auth" => params["auth"] = json!({}),
        "old protocol" => params["maxProtocol"] = json!(2),
        "unknown role" => params["role"] = json!("wizard"),
        "unknown client" => params["client"]["id"] = json!("who"),
        "extra property" => params["bogus"] = json!(1),
        "control ui" => {
            params["client"]["id"] = json!("openclaw-control-ui");
            params["client"]["mode"] = json!("webchat");
        }
        "read only" => params["scopes"] = json!(["operator.read"]),
        other => panic!("{other}"),
    }
    if edit == "old protocol" {
        params["minProtocol"] = json!(1);
    }
    params
}

#[tokio::test]
async fn hello_says_who_and_what() {
    let (home, gateway) = gateway(&config(json!({}))).await;
    let mut client = WsClient::open(gateway.port()).await;
    let hello = client.connect_as_cli(TOKEN).await;
    assert_eq!((&hello["type"], &hello["protocol"]), (&json!("hello-ok"), &json!(3)));
    assert_eq!(
        hello["policy"],
        json!({"maxPayload": 524_288, "maxBufferedBytes": 1_572_864, "tickIntervalMs": 30_000})
    );
    assert_eq!(hello["snapshot"]["sessionDefaults"]["mainSessionKey"], "agent:main:main");
    assert_eq!(hello["snapshot"]["presence"][0]["mode"], "gateway");
    assert_eq!(hello["snapshot"]["stateDir"].as_str(), home.state_dir().to_str());
    assert!(hello.get("auth").is_none(), "no device was presented");
    let methods: Vec<&str> =
        hello["features"]["methods"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for method in
        ["health", "status", "chat.send", "chat.inject", "sessions.delete", "agent.wait", "logs.tail"]
    {
        assert!(methods.contains(&method), "{method}");
    }
    let health = client.next_event("health", PATIENCE).await.unwrap();
    assert_eq!(health["payload"]["ok"], true);
    assert!(health["seq"].is_u64() && health["stateVersion"]["health"].is_u64(), "{health}");
}

#[tokio::test]
async fn refusals_have_the_words_and_codes_of_the_protocol() {
    let (_home, gateway) = gateway(&config(json!({}))).await;
    let mismatch =
        "unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)";
    let rows = [
        ("wrong token", "INVALID_REQUEST", mismatch, 1008),
        ("no auth", "NOT_PAIRED", "device identity required", 1008),
        ("old protocol", "INVALID_REQUEST", "protocol mismatch", 1002),
        ("unknown role", "INVALID_REQUEST", "invalid role", 1008),
        (
            "unknown client",
            "INVALID_REQUEST",
            "invalid connect params: at /client/id: must be equal to constant; at /client/id: must match a schema in anyOf",
            1008,
        ),
        (
            "extra property",
            "INVALID_REQUEST",
            "invalid connect params: at root: unexpected property 'bogus'",
            1008,
        ),
        (
            "control ui",
            "INVALID_REQUEST",
            "origin not allowed (open the Control UI from the gateway host or allow it in gateway.controlUi.allowedOrigins)",
            1008,
        ),
    ];
    for (case, code, message, close) in rows {
        let mut client = WsClient::open(gateway.port()).await;
        client.challenge().await;
        let error = client.connect_with(connect(case)).await.unwrap_err();
        assert_eq!(
            (error["code"].as_str(), error["message"].as_str()),
            (Some(code), Some(message)),
            "{case}"
        );
        let (closed, reason) = client.closed(PATIENCE).await;
        assert_eq!(closed, close, "{case}");
        assert!(message.starts_with(&reason) && !reason.is_empty(), "{case}: {reason}");
    }
}

#[tokio::test]
async fn frames_that_are_no_handshake_end_the_connection() {
    let (_home, gateway) = gateway(&config(json!({}))).await;
    let early = r#"{"type":"req","id":"1","method":"health","params":{}}"#;
    let rows = [
        ("not json".to_owned(), (1000, "")),
        (r#"{"hello":1}"#.to_owned(), (1008, "invalid request frame")),
        (early.to_owned(), (1008, "invalid handshake: first request must be connect")),
        ("x".repeat(70_000), (1009, "")),
        ("x".repeat(600_000), (1009, "")),
    ];
    for (frame, (code, reason)) in rows {
        let mut client = WsClient::open(gateway.port()).await;
        client.challenge().await;
        client.send_raw(&frame).await;
        assert_eq!(
            client.closed(PATIENCE).await,
            (code, reason.to_owned()),
            "{}",
            &frame[..frame.len().min(40)]
        );
    }
}

#[tokio::test]
async fn after_the_handshake_bad_frames_are_answered_and_the_rest_goes_on() {
    let (_home, gateway) = gateway(&config(json!({}))).await;
    let mut client = client(&gateway).await;
    client.send_raw("not json").await;
    client.send_raw(r#"{"type":"req","id":"x","bogus":1}"#).await;
    let answer = client.response("x").await;
    assert_eq!(
        answer["error"]["message"],
        "invalid request frame: must have required property 'method'; at root: unexpected property 'bogus'"
    );
    let rows = [
        ("nope.method", json!({}), "unknown method: nope.method"),
        ("connect", json!({}), "connect is only valid as the first request"),
        (
            "chat.send",
            json!({"sessionKey": "main"}),
            "invalid chat.send params: must have required property 'message'; must have required property 'idempotencyKey'",
        ),
        (
            "sessions.list",
            json!({"bogus": true}),
            "invalid sessions.list params: at root: unexpected property 'bogus'",
        ),
        ("sessions.delete", json!({"key": "main"}), "Cannot delete the main session (agent:main:main)."),
        ("sessions.resolve", json!({"key": "agent:main:none"}), "No session found: agent:main:none"),
    ];
    for (method, params, message) in rows {
        let error = client.call(method, params).await.unwrap_err();
        assert_eq!(error["message"], message, "{method}");
    }
    client.send_raw(&"x".repeat(600_000)).await;
    assert_eq!(client.closed(PATIENCE).await.0, 1009);
}

#[tokio::test]
async fn a_connection_can_do_what_it_was_granted_and_no_more() {
    let (_home, gateway) = gateway(&config(json!({}))).await;
    let mut reader = WsClient::open(gateway.port()).await;
    reader.challenge().await;
    reader.connect_with(connect("read only")).await.unwrap();
    assert!(reader.call("health", json!({})).await.is_ok());
    let send = json!({"sessionKey": "main", "message": "x", "idempotencyKey": "1"});
    for (method, params, scope) in [
        ("chat.send", send, "operator.write"),
        ("config.get", json!({}), "operator.admin"),
        ("sessions.reset", json!({"key": "main"}), "operator.admin"),
        ("device.pair.code", json!({}), "operator.pairing"),
        ("no.such.method", json!({}), "operator.admin"),
    ] {
        let error = reader.call(method, params).await.unwrap_err();
        assert_eq!(error["message"], format!("missing scope: {scope}"), "{method}");
    }
}

#[tokio::test]
async fn pages_and_names_that_are_not_ours_never_reach_the_handshake() {
    let (_home, gateway) = gateway(&config(json!({}))).await;
    let rows = [
        (Some("https://evil.example"), None, 403),
        (Some("null"), None, 403),
        (None, Some("evil.example"), 421),
        (None, Some("127.0.0.1.evil.example"), 421),
    ];
    for (origin, host, status) in rows {
        let options = WsOptions {
            origin: origin.map(str::to_owned),
            host: host.map(str::to_owned),
            ..WsOptions::default()
        };
        match WsClient::open_with(gateway.port(), &options).await {
            Err(refused) => assert_eq!(refused, NotOpened::Status(status), "{origin:?} {host:?}"),
            Ok(_) => panic!("{origin:?} {host:?}: let in"),
        }
    }
}

async fn raw(port: u16, request: &str) -> String {
    let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, socket.read_to_end(&mut answer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn http_gives_strangers_a_page_and_nothing_else() {
    let (_home, gateway) = gateway(&config(json!({}))).await;
    let port = gateway.port();
    let get =
        |path: &str, extra: &str| format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{extra}\r\n");
    let rows = [
        (get("/", ""), 200),
        (get("/app.css", ""), 200),
        (get("/healthz", ""), 200),
        (get("/avatar/main?meta=1", ""), 200),
        (get("/avatar/nobody?meta=1", ""), 404),
        (get("/some/page", "Accept: text/html\r\n"), 200),
        (get("/some/page", ""), 404),
        (get("/v1/models", ""), 404),
        (get("/?token=canary-secret", ""), 400),
        (get("/a/%2e%2e/b", ""), 400),
        (get("/", "Content-Length: 1\r\nContent-Length: 1\r\n"), 400),
        (get(&format!("/{}", "a".repeat(9_000)), ""), 414),
        (get("/", &"X: y\r\n".repeat(101)), 431),
        (format!("POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 2\r\n\r\n{{}}"), 405),
        (
            format!(
                "POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: https://evil.example\r\nContent-Length: 0\r\n\r\n"
            ),
            403,
        ),
        ("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(), 421),
        (format!("GET / HTTP/1.1\nHost: 127.0.0.1:{port}\n\n"), 400),
    ];
    for (request, status) in rows {
        let answer = raw(port, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request:.80}: {answer:.120}");
        assert!(!answer.contains("canary-secret") && !answer.contains(TOKEN));
        assert!(!answer.contains(env!("CARGO_PKG_VERSION")) || answer.contains("<html"), "{answer:.200}");
    }
    let page = raw(port, &get("/", "")).await.to_lowercase();
    for header in [
        "content-security-policy: default-src 'none'",
        "x-frame-options: deny",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
    ] {
        assert!(page.contains(header), "{header}");
    }
}

#[tokio::test]
async fn guesses_are_limited_and_the_paired_owner_is_not_locked_out() {
    let (home, gateway) = gateway(&config(json!({}))).await;
    // The command line pairs its device with the first call.
    crate::support::stdout(&home, &["gateway", "call", "health"]);
    let mut compared = 0;
    for _ in 0..30 {
        let mut client = WsClient::open(gateway.port()).await;
        client.challenge().await;
        let error = client.connect_with(connect("wrong token")).await.unwrap_err();
        if error["message"].as_str().unwrap().contains("mismatch") {
            compared += 1;
        } else {
            assert!(error["retryAfterMs"].as_u64().is_some(), "{error}");
        }
    }
    assert_eq!(compared, 10);
    // The paired command line shows its key beside the token: somebody else's guesses do not shut it out.
    crate::support::stdout(&home, &["gateway", "call", "health"]);
    let address = crate::support::stdout(&home, &["dashboard"]);
    assert!(address.contains("/#pair="), "{address}");
}

#[tokio::test]
async fn a_stop_is_announced_and_closes_with_1012() {
    let (_home, mut gateway) = gateway(&config(json!({}))).await;
    let mut client = client(&gateway).await;
    gateway.terminate();
    let event = client.next_event("shutdown", PATIENCE).await.unwrap();
    assert_eq!(event["payload"]["restartExpectedMs"], Value::Null);
    assert_eq!(client.closed(PATIENCE).await, (1012, "service restart".to_owned()));
    assert!(gateway.wait_exit(PATIENCE).await.success());
}

#[tokio::test]
async fn sessions_can_be_listed_patched_reset_and_deleted() {
    let (_home, gateway) = gateway(&config(json!({}))).await;
    let mut client = client(&gateway).await;
    chat(&mut client, "Work", "hello").await;
    let list = client
        .call("sessions.list", json!({"includeDerivedTitles": true, "includeLastMessage": true}))
        .await
        .unwrap();
    assert_eq!(list["sessions"][0]["key"], "agent:main:work");
    assert_eq!(list["sessions"][0]["derivedTitle"], "hello");
    let patched = client
        .call("sessions.patch", json!({"key": "work", "label": "Job", "verboseLevel": "full"}))
        .await
        .unwrap();
    assert_eq!((&patched["entry"]["label"], &patched["key"]), (&json!("Job"), &json!("agent:main:work")));
    assert_eq!(
        client.call("sessions.resolve", json!({"label": "Job"})).await.unwrap()["key"],
        "agent:main:work"
    );
    let taken = client.call("sessions.patch", json!({"key": "other", "label": "Job"})).await.unwrap_err();
    assert!(taken["message"].as_str().unwrap().contains("label already in use"));
    let preview = client
        .call("sessions.preview", json!({"keys": ["agent:main:work", "agent:main:nope"]}))
        .await
        .unwrap();
    assert_eq!(
        (&preview["previews"][0]["status"], &preview["previews"][1]["status"]),
        (&json!("ok"), &json!("missing"))
    );
    assert_eq!(preview["previews"][0]["items"][0], json!({"role": "user", "text": "hello"}));
    let before = patched["entry"]["sessionId"].clone();
    let reset = client.call("sessions.reset", json!({"key": "work"})).await.unwrap();
    assert_ne!(reset["entry"]["sessionId"], before);
    assert_eq!(reset["entry"]["label"], "Job", "a label outlives a reset");
    let history = client.call("chat.history", json!({"sessionKey": "work"})).await.unwrap();
    assert_eq!(history["messages"], json!([]));
    let deleted = client.call("sessions.delete", json!({"key": "work"})).await.unwrap();
    assert_eq!(deleted["deleted"], true);
    assert_eq!(client.call("sessions.list", json!({})).await.unwrap()["count"], 0);
}

#[tokio::test]
async fn injected_text_is_in_the_history_and_announced() {
    let (_home, gateway) = gateway(&config(json!({}))).await;
    let mut client = client(&gateway).await;
    let answer = client
        .call("chat.inject", json!({"sessionKey": "main", "message": "Note", "label": "test"}))
        .await
        .unwrap();
    let event = client.next_event("chat", PATIENCE).await.unwrap();
    assert_eq!(event["payload"]["runId"], format!("inject-{}", answer["messageId"].as_str().unwrap()));
    assert_eq!(text(&event["payload"]), "[test]\n\nNote");
    let history = client.call("chat.history", json!({"sessionKey": "main"})).await.unwrap();
    assert_eq!(text(&history["messages"][0]), "[test]\n\nNote");
}

#[tokio::test]
async fn config_and_logs_show_no_secret() {
    let (_home, gateway) = gateway(&config(json!({"agents": {"defaults": {"contextTokens": 9000}}}))).await;
    let mut client = client(&gateway).await;
    let answer = client.call("config.get", json!({})).await.unwrap();
    assert!(!answer.to_string().contains(TOKEN));
    assert_eq!(answer["config"]["gateway"]["auth"]["token"], "__OPENCLAW_REDACTED__");
    assert_eq!(answer["config"]["agents"]["defaults"]["contextTokens"], 9000);
    assert_eq!(answer["hash"].as_str().unwrap().len(), 64);
    let logs = client.call("logs.tail", json!({"limit": 50})).await.unwrap();
    let lines = logs["lines"].as_array().unwrap();
    assert!(!lines.is_empty() && !logs.to_string().contains(TOKEN));
    let record: Value = serde_json::from_str(lines[0].as_str().unwrap()).unwrap();
    assert!(record["1"].is_string() && record["_meta"]["logLevelName"].is_string(), "{record}");
}

#[tokio::test]
async fn a_client_that_does_not_sign_in_is_let_go() {
    let (_home, gateway) = gateway(&config(json!({}))).await;
    let mut sockets = Vec::new();
    let mut refused = 0;
    for _ in 0..40 {
        match WsClient::open_with(gateway.port(), &WsOptions::default()).await {
            Ok(client) => sockets.push(client),
            Err(_) => refused += 1,
        }
    }
    assert_eq!((sockets.len(), refused), (32, 8), "places of strangers are bounded");
    let (code, reason) = sockets.remove(0).closed(Duration::from_secs(15)).await;
    assert_eq!((code, reason.as_str()), (1000, ""), "nobody waits longer than ten seconds");
}

#[tokio::test]
async fn a_device_elsewhere_is_paired_by_hand_and_can_be_sent_away() {
    use openclaw_protocol::device::{DeviceKey, SignedConnect};
    let (_home, gateway) = gateway(&config(json!({}))).await;
    let mut owner = client(&gateway).await;
    let key = DeviceKey::from_seed(&[9; 32]).unwrap();
    let scopes = vec!["operator.read".to_owned()];
    // A proxy header from a peer that is no trusted proxy makes the client remote.
    let elsewhere =
        WsOptions { headers: vec![("X-Forwarded-For".into(), "127.0.0.1".into())], ..WsOptions::default() };
    let knock = |challenge: Value| {
        let nonce = challenge["nonce"].as_str().unwrap().to_owned();
        let signed_at_ms = challenge["ts"].as_i64().unwrap();
        let proof = key.prove(&SignedConnect {
            client_id: "cli",
            client_mode: "cli",
            role: "operator",
            scopes: &scopes,
            signed_at_ms,
            token: TOKEN,
            nonce: Some(&nonce),
        });
        json!({
            "minProtocol": 3, "maxProtocol": 3, "role": "operator", "scopes": scopes, "auth": {"token": TOKEN},
            "client": {"id": "cli", "version": "1", "platform": "linux", "mode": "cli"}, "device": proof,
        })
    };
    let mut first = WsClient::open_with(gateway.port(), &elsewhere).await.unwrap();
    let challenge = first.challenge().await;
    let refused = first.connect_with(knock(challenge)).await.unwrap_err();
    assert_eq!(
        (refused["code"].as_str(), refused["message"].as_str()),
        (Some("NOT_PAIRED"), Some("pairing required"))
    );
    let request = refused["details"]["requestId"].as_str().unwrap();
    let asked = owner.next_event("device.pair.requested", PATIENCE).await.unwrap();
    assert_eq!(asked["payload"]["requestId"], request);
    assert_eq!(owner.call("device.pair.list", json!({})).await.unwrap()["pending"][0]["requestId"], request);
    let approved = owner.call("device.pair.approve", json!({"requestId": request})).await.unwrap();
    assert_eq!(approved["device"]["scopes"], json!(["operator.read"]));
    assert_eq!(
        owner.call("device.pair.approve", json!({"requestId": request})).await.unwrap_err()["message"],
        "unknown requestId"
    );

    let mut second = WsClient::open_with(gateway.port(), &elsewhere).await.unwrap();
    let challenge = second.challenge().await;
    let hello = second.connect_with(knock(challenge)).await.unwrap();
    assert_eq!(hello["auth"]["scopes"], json!(["operator.read"]));
    let device = approved["device"]["deviceId"].as_str().unwrap();
    owner.call("device.token.revoke", json!({"deviceId": device, "role": "operator"})).await.unwrap();
    assert_eq!(second.closed(PATIENCE).await, (1008, "device token revoked".to_owned()));
}

#[tokio::test]
async fn a_refused_upgrade_does_not_keep_the_connection() {
    let (_home, gateway) = gateway(&config(json!({}))).await;
    let port = gateway.port();
    let upgrade = format!(
        "GET /__openclaw__/ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    let second = format!("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    let answer = raw(port, &format!("{upgrade}{second}")).await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "one connection carries one request: {answer}");
}

#[tokio::test]
async fn a_frame_full_of_nonsense_costs_little_and_is_answered_shortly() {
    let (_home, gateway) = gateway(&config(json!({}))).await;
    let mut client = client(&gateway).await;
    let names: serde_json::Map<String, Value> = (0..30_000).map(|n| (n.to_string(), Value::Null)).collect();
    let error = client.call("sessions.list", Value::Object(names)).await.unwrap_err();
    assert!(error["message"].as_str().unwrap().len() < 4_096);
}

#[tokio::test]
async fn who_may_only_pair_cannot_make_an_admin() {
    let (_home, gateway) = gateway(&config(json!({}))).await;
    let mut small = WsClient::open(gateway.port()).await;
    small.challenge().await;
    let mut params = connect("read only");
    params["scopes"] = json!(["operator.pairing"]);
    small.connect_with(params).await.unwrap();
    let code = small.call("device.pair.code", json!({})).await.unwrap()["code"].clone();
    let mut other = WsClient::open(gateway.port()).await;
    let nonce = other.challenge().await["nonce"].as_str().unwrap().to_owned();
    let key = openclaw_protocol::device::DeviceKey::from_seed(&[3; 32]).unwrap();
    let scopes = vec!["operator.admin".to_owned()];
    let proof = key.prove(&openclaw_protocol::device::SignedConnect {
        client_id: "cli",
        client_mode: "cli",
        role: "operator",
        scopes: &scopes,
        signed_at_ms: std::time::UNIX_EPOCH.elapsed().unwrap().as_millis().try_into().unwrap(),
        token: code.as_str().unwrap(),
        nonce: Some(&nonce),
    });
    let mut params = connect("no auth");
    params["auth"] = json!({"pairingCode": code});
    params["device"] = serde_json::to_value(proof).unwrap();
    let error = other.connect_with(params).await.unwrap_err();
    assert_eq!(error["message"], "the pairing code does not grant operator.admin");
}
