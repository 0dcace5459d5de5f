//! The configuration changes while the gateway runs: applied where it can be, a restart where it must be, and left
//! alone where it is wrong.

use std::time::Duration;

use openclaw_testkit::home::TempHome;
use openclaw_testkit::model_server::{ModelServer, Reply};
use openclaw_testkit::process::{GatewayProcess, free_port};
use openclaw_testkit::ws::WsClient;
use serde_json::{Value, json};

use crate::support::{
    CONFIG, PATIENCE, TOKEN, binary, chat, chat_end, client, config, config_with_model, edit, gateway, merge,
    run, send, stdout_json, text, told,
};

const LAST_GOOD: &str = ".openclaw/openclaw.json.last-good";

/// A configuration that is read soon after it changes.
fn quick(mut config: Value) -> Value {
    merge(&mut config, json!({"gateway": {"reload": {"debounceMs": 40}}}));
    config
}

async fn health(client: &mut WsClient) -> Value {
    client.call("health", json!({"probe": true})).await.unwrap()["config"].take()
}

/// Waits until the copy of the last good configuration holds a text, which no event tells.
async fn kept(home: &TempHome, part: &str) {
    let mut looks = tokio::time::interval(Duration::from_millis(5));
    let waiting = async {
        while !home.read(LAST_GOOD).is_some_and(|text| text.contains(part)) {
            looks.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("the copy of the last good configuration");
}

#[tokio::test]
async fn a_change_is_applied_and_sockets_and_turns_go_on() {
    let server = ModelServer::start();
    let chunks = (0..8).map(|n| format!("{n} ")).collect();
    server.push(Reply::Text { chunks, delay: Duration::from_millis(150) });
    let (home, gateway) = gateway(&quick(config_with_model(&server.base_url(), json!({})))).await;
    let mut client = client(&gateway).await;
    let run = send(&mut client, "main", "count").await;
    server.wait_requests(1).await;
    let mut models = json!([{"id": "mock-1", "name": "Mock", "contextWindow": 64000, "maxTokens": 4096}]);
    models
        .as_array_mut()
        .unwrap()
        .push(json!({"id": "mock-2", "name": "Mock Two", "contextWindow": 64000, "maxTokens": 4096}));
    edit(
        &home,
        json!({
            "models": {"providers": {"mock": {"models": models}}},
            "agents": {"defaults": {"model": {"primary": "mock/mock-2"}, "maxConcurrent": 2}},
            "ui": {"assistant": {"name": "Vesper"}},
        }),
    );
    let applied = told(&mut client, "applied").await;
    assert!(
        applied["paths"].as_array().unwrap().contains(&json!("agents.defaults.model.primary")),
        "{applied}"
    );
    assert_eq!(text(&chat_end(&mut client, &run).await), "0 1 2 3 4 5 6 7 ", "the running turn finishes");
    server.push(Reply::text("after"));
    assert_eq!(text(&chat(&mut client, "main", "and now?").await), "after");
    let requests = server.requests();
    assert_eq!(
        (&requests[0].body["model"], &requests[1].body["model"]),
        (&json!("mock-1"), &json!("mock-2"))
    );
    let prompt = requests[1].body["messages"][0]["content"].to_string();
    assert!(prompt.contains("Vesper"), "{prompt}");
    let identity = client.call("agent.identity.get", json!({})).await.unwrap();
    assert_eq!(identity["name"], "Vesper");
    assert_eq!(health(&mut client).await["ok"], true);
    kept(&home, "Vesper").await;
}

#[tokio::test]
async fn agents_come_and_go_and_their_files_stay() {
    let (home, gateway) = gateway(&quick(config(json!({"agents": {"list": [{"id": "main"}]}})))).await;
    let mut client = client(&gateway).await;
    edit(&home, json!({"agents": {"list": [{"id": "main"}, {"id": "second"}]}}));
    told(&mut client, "applied").await;
    chat(&mut client, "agent:second:main", "remember that the owl is called Ulla").await;
    edit(&home, json!({"agents": {"list": [{"id": "main"}]}}));
    told(&mut client, "applied").await;
    let params = json!({"sessionKey": "agent:second:main", "message": "hi", "idempotencyKey": "gone"});
    assert!(client.call("chat.send", params).await.is_err(), "nobody is there");
    edit(&home, json!({"agents": {"list": [{"id": "main"}, {"id": "second"}]}}));
    told(&mut client, "applied").await;
    let history = client.call("chat.history", json!({"sessionKey": "agent:second:main"})).await.unwrap();
    assert_eq!(text(&history["messages"][0]), "remember that the owl is called Ulla");
    let end = chat(&mut client, "agent:second:main", "who is the owl?").await;
    assert!(text(&end).contains("Ulla"), "{end}");
}

#[tokio::test]
async fn a_wrong_edit_is_told_and_changes_nothing_until_it_is_corrected() {
    let (home, gateway) = gateway(&quick(config(json!({})))).await;
    let mut client = client(&gateway).await;
    let hash = health(&mut client).await["hash"].clone();
    edit(
        &home,
        json!({"gateway": {"prot": 1}, "ui": {"assistant": {"name": 7}}, "modles": {"apiKey": "sk-canary"}}),
    );
    let invalid = told(&mut client, "invalid").await;
    assert_eq!((&invalid["problemCount"], &invalid["hash"]), (&json!(3), &hash), "{invalid}");
    let standing = health(&mut client).await;
    assert_eq!((&standing["ok"], &standing["hash"]), (&json!(false), &hash));
    let problems = standing["problems"].to_string();
    assert!(problems.contains("did you mean \\\"port\\\"") && !problems.contains("canary"), "{problems}");
    assert!(gateway.stderr().contains("gateway.prot") && !gateway.stderr().contains("canary"));
    assert_eq!(chat(&mut client, "main", "hello").await["state"], "final");
    assert!(!home.read(LAST_GOOD).unwrap().contains("prot"));

    let mut fixed: Value = serde_json::from_str(&home.read(CONFIG).unwrap()).unwrap();
    fixed.as_object_mut().unwrap().retain(|name, _| name == "gateway");
    fixed["gateway"].as_object_mut().unwrap().remove("prot");
    home.write_config(&fixed);
    told(&mut client, "applied").await;
    assert_eq!(health(&mut client).await["ok"], true);
}

#[tokio::test]
async fn what_only_a_restart_changes_restarts_inside_the_process() {
    let (home, mut gateway) = gateway(&quick(config(json!({})))).await;
    let mut before = client(&gateway).await;
    chat(&mut before, "main", "remember that the cat is called Mia").await;
    let port = free_port();
    edit(&home, json!({"gateway": {"port": port}}));
    assert_eq!(told(&mut before, "restarting").await["paths"], json!(["gateway.port"]));
    let shutdown = before.next_event("shutdown", PATIENCE).await.unwrap();
    assert_eq!(shutdown["payload"], json!({"reason": "gateway restarting", "restartExpectedMs": 1500}));
    assert_eq!(before.closed(PATIENCE).await, (1012, "service restart".to_owned()));
    gateway.wait_stdout(&port.to_string(), PATIENCE).await;
    let mut after = WsClient::open(port).await;
    after.connect_as_cli(TOKEN).await;
    let end = chat(&mut after, "new", "what is the cat called?").await;
    assert!(text(&end).contains("Mia"), "{end}");
    assert_eq!(health(&mut after).await["ok"], true);
    gateway.terminate();
    assert!(gateway.wait_exit(PATIENCE).await.success(), "the same process, and it still listens to signals");
}

#[tokio::test]
async fn a_restart_that_could_not_come_up_does_not_begin() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let (home, gateway) = gateway(&quick(config(json!({})))).await;
    let mut client = client(&gateway).await;
    for (extra, word) in [
        (json!({"gateway": {"port": port}}), "in use"),
        (json!({"gateway": {"port": free_port(), "tls": {"enabled": true}}}), "TLS"),
        (
            json!({"gateway": {"tls": {"enabled": false}}, "agents": {"defaults": {"workspace": "/dev/null/no"}}}),
            "/dev/null",
        ),
    ] {
        edit(&home, extra);
        let invalid = told(&mut client, "invalid").await;
        assert!(invalid["problems"][0].as_str().unwrap().contains(word), "{invalid}");
    }
    gateway.user_signal();
    // The answer to the signal is the same: it is logged, and the socket stays.
    gateway.wait_stderr("no restart", PATIENCE).await;
    edit(&home, json!({"gateway": {"port": gateway.port()}, "agents": {"defaults": {"workspace": "~/w"}}}));
    told(&mut client, "applied").await;
    assert_eq!(health(&mut client).await["ok"], true);
}

#[tokio::test]
async fn a_restart_that_does_not_come_up_goes_back_to_what_ran() {
    let (home, gateway) = gateway(&quick(config(json!({})))).await;
    let mut before = client(&gateway).await;
    // No machine has this address (RFC 5737), which shows when it is listened on and not before.
    edit(&home, json!({"gateway": {"bind": "custom", "customBindHost": "203.0.113.1"}}));
    assert_eq!(before.closed(PATIENCE).await.0, 1012);
    gateway.wait_announced(2, PATIENCE).await;
    assert!(gateway.stderr().contains("cannot listen on 203.0.113.1"), "{}", gateway.stderr());
    let mut after = client(&gateway).await;
    let standing = async |client: &mut WsClient| health(client).await["problems"].to_string();
    while !standing(&mut after).await.contains("203.0.113.1") {
        after.next_event("config", PATIENCE).await;
    }
    assert!(!home.read(LAST_GOOD).unwrap().contains("203.0.113.1"));
    edit(&home, json!({"gateway": {"bind": "loopback"}, "ui": {"assistant": {"name": "Back"}}}));
    assert_eq!(after.closed(PATIENCE).await.0, 1012, "the host that is asked for is another one still");
    gateway.wait_announced(3, PATIENCE).await;
    let mut last = client(&gateway).await;
    assert_eq!(last.call("agent.identity.get", json!({})).await.unwrap()["name"], "Back");
    assert_eq!(health(&mut last).await["ok"], true);
}

#[tokio::test]
async fn a_signal_restarts_with_the_files_as_they_are() {
    let mut settings = config(json!({"gateway": {"reload": {"mode": "off"}}}));
    merge(&mut settings, json!({"ui": {"assistant": {"name": "Before"}}}));
    let (home, gateway) = gateway(&settings).await;
    let mut client_before = client(&gateway).await;
    edit(&home, json!({"ui": {"assistant": {"name": "After"}}}));
    gateway.user_signal();
    assert_eq!(client_before.closed(PATIENCE).await.0, 1012);
    gateway.wait_announced(2, PATIENCE).await;
    let mut after = client(&gateway).await;
    assert_eq!(after.call("agent.identity.get", json!({})).await.unwrap()["name"], "After");
}

#[tokio::test]
async fn an_emptied_file_and_a_stub_never_replace_what_runs() {
    let extra = json!({"agents": {"list": [{"id": "main", "name": "M"}, {"id": "b", "name": "B"}]}});
    let (home, gateway) = gateway(&quick(config(extra))).await;
    let mut client = client(&gateway).await;
    kept(&home, TOKEN).await;
    let whole = home.read(CONFIG).unwrap();
    for (text, state, word) in [
        ("", "invalid", "empty"),
        (whole.get(..whole.len() / 2).unwrap(), "invalid", "syntax"),
        ("{}", "staged", "nothing is left of gateway"),
    ] {
        home.write(CONFIG, text);
        let event = told(&mut client, state).await;
        assert!(event.to_string().contains(word), "{event}");
        assert_eq!(home.read(CONFIG).as_deref(), Some(text), "nobody writes the file");
        assert_eq!(home.read(LAST_GOOD), Some(whole.clone()));
        let standing = health(&mut client).await;
        assert_eq!(standing["ok"], false, "{standing}");
        assert_eq!(chat(&mut client, "main", "hello").await["state"], "final");
    }
    std::fs::remove_file(home.path().join(CONFIG)).unwrap();
    assert!(told(&mut client, "invalid").await.to_string().contains("gone"));
    home.write(CONFIG, &whole);
    told(&mut client, "applied").await;
    assert_eq!(health(&mut client).await["ok"], true);
}

#[tokio::test]
async fn a_loss_that_is_meant_can_be_confirmed() {
    let extra = json!({"channels": {"telegram": {"enabled": false}}});
    let (home, gateway) = gateway(&quick(config(extra))).await;
    let mut client = client(&gateway).await;
    let mut now: Value = serde_json::from_str(&home.read(CONFIG).unwrap()).unwrap();
    now.as_object_mut().unwrap().remove("channels");
    home.write_config(&now);
    assert_eq!(told(&mut client, "staged").await["reason"], "nothing is left of channels");
    // What `openclaw config confirm` does.
    home.write(LAST_GOOD, &home.read(CONFIG).unwrap());
    let applied = told(&mut client, "applied").await;
    assert_eq!(applied["paths"], json!(["channels.telegram.enabled"]));
}

#[tokio::test]
async fn included_files_and_variables_are_watched_too() {
    let home = TempHome::new();
    home.write(".openclaw/.env", "ASSISTANT=Dotty\n");
    home.write(".openclaw/ui.json5", "{assistant: {name: '${ASSISTANT}'}}");
    let settings = quick(config(json!({"ui": {"$include": "./ui.json5"}})));
    let gateway = crate::support::gateway_in(&home, &settings).await;
    let mut client = client(&gateway).await;
    let name = async |client: &mut WsClient| {
        client.call("agent.identity.get", json!({})).await.unwrap()["name"].take()
    };
    assert_eq!(name(&mut client).await, "Dotty");
    home.write(".openclaw/.env", "ASSISTANT=Ellie\n");
    told(&mut client, "applied").await;
    assert_eq!(name(&mut client).await, "Ellie");
    home.write(".openclaw/ui.json5", "{assistant: {name: 'Fanny'}}");
    told(&mut client, "applied").await;
    assert_eq!(name(&mut client).await, "Fanny");
    std::fs::remove_file(home.path().join(".openclaw/ui.json5")).unwrap();
    assert!(told(&mut client, "invalid").await.to_string().contains("ui.json5"));
    home.write(".openclaw/ui.json5", "{assistant: {name: 'Greta'}}");
    told(&mut client, "applied").await;
    assert_eq!(name(&mut client).await, "Greta");
}

#[tokio::test]
async fn the_mode_decides_what_a_change_does() {
    let (home, gateway) = gateway(&quick(config(json!({"gateway": {"reload": {"mode": "hot"}}})))).await;
    let mut first = client(&gateway).await;
    let port = gateway.port();
    edit(&home, json!({"gateway": {"port": free_port()}, "ui": {"assistant": {"name": "Hot"}}}));
    let needed = told(&mut first, "restart-needed").await;
    assert_eq!(needed["pending"], json!(["gateway.port"]));
    assert_eq!(health(&mut first).await["pending"], json!(["gateway.port"]));
    assert_eq!(first.call("agent.identity.get", json!({})).await.unwrap()["name"], "Hot");
    edit(&home, json!({"gateway": {"port": port}}));
    told(&mut first, "applied").await;
    assert_eq!(health(&mut first).await.get("pending"), None, "changed back, nothing waits");

    edit(&home, json!({"gateway": {"reload": {"mode": "restart"}}}));
    assert_eq!(first.closed(PATIENCE).await.0, 1012);
    gateway.wait_announced(2, PATIENCE).await;
    let mut second = client(&gateway).await;
    edit(&home, json!({"ui": {"assistant": {"name": "Restarted"}}}));
    assert_eq!(second.closed(PATIENCE).await.0, 1012, "any change restarts");
}

#[tokio::test]
async fn a_flag_keeps_its_port_over_a_restart() {
    let home = TempHome::new();
    home.write_config(&quick(config(json!({}))));
    let gateway = GatewayProcess::start(binary(), &home).await;
    let mut before = client(&gateway).await;
    edit(&home, json!({"gateway": {"auth": {"token": "another-token-0123456789"}}}));
    assert_eq!(before.closed(PATIENCE).await.0, 1012, "who knows the old secret does not stay");
    gateway.wait_announced(2, PATIENCE).await;
    let mut after = WsClient::open(gateway.port()).await;
    after.connect_as_cli("another-token-0123456789").await;
}

/// The commands find a gateway whose file went wrong under it, and say what is not in force.
#[tokio::test]
async fn commands_reach_a_gateway_whose_file_is_wrong() {
    let (home, gateway) = gateway(&quick(config(json!({})))).await;
    let mut client = client(&gateway).await;
    kept(&home, "gateway").await;
    home.write(CONFIG, "{ gateway: { prot: 1 } }");
    told(&mut client, "invalid").await;
    for args in [&["health"][..], &["status"]] {
        let output = run(&home, args);
        let words = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && words.contains(&gateway.port().to_string()), "{args:?}: {words}");
        assert!(
            words.contains("gateway.prot: unknown key") && !words.contains("is well"),
            "{args:?}: {words}"
        );
    }
    assert_eq!(stdout_json(&home, &["status", "--json"])["gateway"]["config"]["ok"], false);
    assert_eq!(stdout_json(&home, &["gateway", "call", "health"])["config"]["ok"], false);
    let params = json!({"raw": "{ gateway: { prot: 1 } }"}).to_string();
    let call = ["gateway", "call", "config.set", "--params", &params];
    let words = String::from_utf8_lossy(&run(&home, &call).stderr).into_owned();
    assert!(words.contains("config.set: "), "{words}");
    let output = run(&home, &[&call[..], &["--json"]].concat());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        !output.status.success() && answer["ok"] == false && answer["error"]["message"].is_string(),
        "{answer}"
    );
}
#[tokio::test]
async fn what_was_taken_away_stays_away_when_a_restart_fails() {
    let server = ModelServer::start();
    let (home, gateway) = gateway(&quick(config_with_model(&server.base_url(), json!({})))).await;
    let mut before = client(&gateway).await;
    edit(&home, json!({"tools": {"deny": ["exec", "write", "edit"]}}));
    told(&mut before, "applied").await;
    edit(&home, json!({"gateway": {"bind": "custom", "customBindHost": "203.0.113.1"}}));
    assert_eq!(before.closed(PATIENCE).await.0, 1012);
    gateway.wait_stderr("going on with the configuration that ran before", PATIENCE).await;
    gateway.wait_announced(2, PATIENCE).await;
    let mut after = client(&gateway).await;
    server.push(Reply::text("here"));
    chat(&mut after, "main", "hello").await;
    let tools = server.requests().last().unwrap().body["tools"].to_string();
    assert!(
        tools.contains("\"read\"") && !tools.contains("\"write\"") && !tools.contains("\"edit\""),
        "{tools}"
    );
}

#[tokio::test]
async fn nobody_has_to_read_the_announcement_of_a_restart() {
    let home = TempHome::new();
    let port = free_port();
    let mut settings = quick(config(json!({})));
    merge(&mut settings, json!({"gateway": {"port": port}}));
    home.write_config(&settings);
    // The reader of standard output goes after the first line.
    let script = format!("exec '{}' gateway run 2>err | head -n 1", binary().display());
    let mut shell = GatewayProcess::spawn(std::path::Path::new("/bin/sh"), &home, port, &["-c", &script]);
    shell.wait_stdout("listens at", PATIENCE).await;
    let mut before = WsClient::open(port).await;
    before.connect_as_cli(TOKEN).await;
    edit(&home, json!({"plugins": {"enabled": false}}));
    assert_eq!(before.closed(PATIENCE).await.0, 1012);
    let mut looks = tokio::time::interval(Duration::from_millis(5));
    let up = async {
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            looks.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, up).await.expect("a gateway that started again");
    let mut after = WsClient::open(port).await;
    after.connect_as_cli(TOKEN).await;
    assert_eq!(health(&mut after).await["ok"], true, "it goes on");
    // The shell is not its parent any more: its own lock says who it is.
    let pid = home.read(".openclaw/state/gateway.lock").unwrap();
    let ended = std::process::Command::new("kill").arg(pid.trim()).status().unwrap();
    assert!(ended.success());
    after.closed(PATIENCE).await;
    shell.wait_exit(PATIENCE).await;
}

#[tokio::test]
async fn a_stop_while_it_goes_back_ends_it_in_order() {
    let (home, mut gateway) = gateway(&quick(config(json!({})))).await;
    let mut before = client(&gateway).await;
    edit(&home, json!({"gateway": {"bind": "custom", "customBindHost": "203.0.113.1"}}));
    assert_eq!(before.closed(PATIENCE).await.0, 1012);
    gateway.terminate();
    assert!(gateway.wait_exit(PATIENCE).await.success(), "{}", gateway.stderr());
}

#[tokio::test]
async fn a_loss_in_an_included_file_can_be_confirmed() {
    let home = TempHome::new();
    home.write(".openclaw/channels.json5", "{telegram: {enabled: false}}");
    let settings = quick(config(json!({"channels": {"$include": "./channels.json5"}})));
    let gateway = crate::support::gateway_in(&home, &settings).await;
    let mut client = client(&gateway).await;
    kept(&home, "channels.json5").await;
    home.write(".openclaw/channels.json5", "{}");
    assert_eq!(told(&mut client, "staged").await["reason"], "nothing is left of channels");
    gateway.user_signal();
    gateway.wait_stderr("no restart", PATIENCE).await;
    crate::support::stdout(&home, &["config", "confirm"]);
    told(&mut client, "applied").await;
    gateway.user_signal();
    assert_eq!(client.closed(PATIENCE).await.0, 1012, "now it may restart");
}
