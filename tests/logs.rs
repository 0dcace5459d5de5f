//! The log of a running gateway: what it says where, and what it never says.

use std::os::unix::fs::PermissionsExt as _;

use openclaw_testkit::home::TempHome;
use openclaw_testkit::model_server::{ModelServer, Reply};
use openclaw_testkit::process::GatewayProcess;
use serde_json::{Value, json};

use crate::support::{
    PATIENCE, TOKEN, chat, client, config, config_with_model, gateway, gateway_in, run, stdout,
};

const API_KEY: &str = "plain-words-as-a-key";

/// A gateway whose provider answers with the secrets that it was sent, and a run that fails of it.
async fn failed_run(logging: Value) -> (TempHome, GatewayProcess) {
    let server = ModelServer::start();
    let message =
        format!("bad key {API_KEY} or {TOKEN}, see sk-abcdefghijklmnopqrstuvwxyz and case-90817263");
    server.push(Reply::Status {
        code: 400,
        retry_after: None,
        body: json!({"error": {"message": message}}).to_string(),
    });
    let mut config = config_with_model(&server.base_url(), json!({"logging": logging}));
    config["models"]["providers"]["mock"]["apiKey"] = API_KEY.into();
    let home = TempHome::new().with_env("SOME_SERVICE_TOKEN", "another-secret");
    let gateway = gateway_in(&home, &config).await;
    let mut client = client(&gateway).await;
    let end = chat(&mut client, "main", "hi").await;
    assert_eq!(end["state"], "error", "{end}");
    (home, gateway)
}

#[tokio::test]
async fn secrets_that_a_provider_repeats_reach_no_sink() {
    let logging = json!({"level": "trace", "consoleLevel": "trace", "redactPatterns": ["case-\\d+"]});
    let (home, mut gateway) = failed_run(logging).await;
    let shown = stdout(&home, &["logs", "--json"]);
    gateway.terminate();
    assert!(gateway.wait_exit(PATIENCE).await.success());
    let from_file = stdout(&home, &["logs"]);
    for text in [gateway.stderr(), shown, from_file] {
        assert!(text.contains("run failed") && text.contains("gateway started"), "{text}");
        for secret in [API_KEY, TOKEN, "another-secret", "klmnopqrstuv", "90817263"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    let logs = home.state_dir().join("logs");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&logs), 0o700);
    for entry in std::fs::read_dir(&logs).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[tokio::test]
async fn the_console_is_quiet_unless_it_is_asked() {
    let table = [
        (json!({}), false, true),
        (json!({"consoleLevel": "silent"}), false, false),
        (json!({"consoleLevel": "info"}), true, true),
    ];
    for (logging, says_info, says_warnings) in table {
        let (_home, gateway) = failed_run(logging.clone()).await;
        let words = gateway.stderr();
        assert_eq!(words.contains("gateway started"), says_info, "{logging}: {words}");
        assert_eq!(words.contains("run failed"), says_warnings, "{logging}: {words}");
        assert!(!words.contains('\u{1b}'), "no colors in a file: {words}");
    }
}

#[tokio::test]
async fn the_console_speaks_json_and_the_file_may_be_elsewhere() {
    let (home, gateway) = gateway(&config(
        json!({"logging": {"consoleLevel": "info", "consoleStyle": "json", "file": "~/own/my.log"}}),
    ))
    .await;
    client(&gateway).await; // whoever is let in comes after the first record
    let words = gateway.stderr();
    let record: Value = serde_json::from_str(words.lines().next().unwrap()).unwrap();
    assert_eq!(record["1"], "gateway started");
    assert_eq!(home.read("own/my.log").unwrap().lines().next(), words.lines().next());
    assert!(!home.state_dir().join("logs").exists());
}

#[test]
fn a_pattern_that_is_none_keeps_the_gateway_from_starting() {
    let home = TempHome::new();
    home.write_config(&config(json!({"logging": {"redactPatterns": ["fine", "a(?=b)"]}})));
    let output = run(&home, &["gateway", "run"]);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && words.contains("logging.redactPatterns[1]"), "{words}");
}
