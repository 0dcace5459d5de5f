//! What `openclaw models` writes and refuses, and how hard models are asked to think.

use std::process::Command;

use openclaw_testkit::home::TempHome;
use openclaw_testkit::model_server::{ModelServer, Reply, ScriptedCall};
use openclaw_testkit::terminal::interrupted_at_a_secret;
use serde_json::{Value, json};

use crate::support::{CONFIG, binary, client, config, fed, gateway_in, run, said, stdout, stdout_json, text};

fn refused(home: &TempHome, args: &[&str], words: &str) {
    let output = run(home, args);
    let said = said(&output);
    assert!(!output.status.success() && said.contains(words), "{args:?}: {said}");
}

#[test]
fn fallbacks_of_an_agent_are_not_written_into_those_of_all() {
    let home = TempHome::new();
    home.write_config(&config(json!({"agents": {
        "defaults": {"model": {"primary": "zai/glm-4.7", "fallbacks": ["openai/gpt-5-mini"]}},
        "list": [{"id": "main", "default": true,
            "model": {"primary": "anthropic/claude-opus-4-6", "fallbacks": ["google/gemini-2.5-flash"]}}]}})));
    let added = run(&home, &["models", "fallbacks", "add", "zai/glm-4.6"]);
    assert!(
        added.status.success() && said(&added).contains("main has its own fallbacks"),
        "{}",
        said(&added)
    );
    let written = || -> Value {
        let file: Value = serde_json::from_str(&home.read(CONFIG).unwrap()).unwrap();
        file["agents"].clone()
    };
    assert_eq!(
        written()["defaults"]["model"],
        json!({"primary": "zai/glm-4.7", "fallbacks": ["openai/gpt-5-mini", "zai/glm-4.6"]})
    );
    refused(
        &home,
        &["models", "fallbacks", "remove", "google/gemini-2.5-flash"],
        "is not among the fallbacks",
    );
    let set = run(&home, &["models", "set", "zai/glm-4.6"]);
    assert!(said(&set).contains("main has its own model"), "{}", said(&set));
    assert_eq!(written()["list"][0]["model"]["fallbacks"], json!(["google/gemini-2.5-flash"]));
    let listed = stdout(&home, &["models", "fallbacks", "list", "--plain"]);
    assert_eq!(listed, "google/gemini-2.5-flash\n", "what holds for the agent");
}

#[test]
fn a_fallback_of_a_provider_that_is_gone_can_be_removed() {
    let home = TempHome::new();
    home.write(
        CONFIG,
        "{ gateway: { mode: 'local' }, agents: { defaults: { model: {\n  primary: 'zai/glm-4.7',\n  fallbacks: [\n    \
         'gone/m', // dead\n    'openai/gpt-5-mini', // cheap\n  ],\n} } } }\n",
    );
    refused(&home, &["models", "fallbacks", "remove", "other/m"], "is not among the fallbacks");
    refused(&home, &["models", "fallbacks", "add", "other/m"], "is not configured");
    let removed = stdout(&home, &["models", "fallbacks", "remove", "gone/m"]);
    assert!(removed.ends_with("Fallbacks: openai/gpt-5-mini\n"), "{removed}");
    let file = home.read(CONFIG).unwrap();
    assert!(!file.contains("gone/m") && file.contains("'openai/gpt-5-mini', // cheap"), "{file}");
    assert_eq!(stdout(&home, &["models", "fallbacks", "list", "--plain"]), "openai/gpt-5-mini\n");
}

#[test]
fn a_model_in_another_spelling_keeps_its_entry() {
    let home = TempHome::new();
    let models = json!({"anthropic/opus-4.6": {"params": {"temperature": 0.1}}});
    home.write_config(&config(json!({"agents": {"defaults": {"models": models}}})));
    stdout(&home, &["models", "set", "anthropic/claude-opus-4-6"]);
    stdout(&home, &["models", "fallbacks", "add", "zai/glm-4.7"]);
    let file: Value = serde_json::from_str(&home.read(CONFIG).unwrap()).unwrap();
    assert_eq!(
        file["agents"]["defaults"]["models"],
        json!({"anthropic/opus-4.6": {"params": {"temperature": 0.1}}, "zai/glm-4.7": {}})
    );
}

/// OpenRouter with one free model that calls tools and sees nothing.
fn blind_router() -> ModelServer {
    let list = json!({"data": [{"id": "a/caller-7b:free", "name": "c", "context_length": 32_000,
        "pricing": {"prompt": "0", "completion": "0"}, "architecture": {"input_modalities": ["text"]},
        "supported_parameters": ["tools"]}]});
    ModelServer::builder()
        .route("/api/v1/models", list)
        .fallback(|_| Reply::ToolCalls {
            text: String::new(),
            calls: vec![ScriptedCall { id: "call_1".into(), name: "ping".into(), arguments: "{}".into() }],
        })
        .start()
}

#[test]
fn a_scan_sets_all_that_is_asked_for_or_nothing() {
    let server = blind_router();
    let home = TempHome::new();
    let base = server.base_url().replace("/v1", "/api/v1");
    home.write_config(&config(
        json!({"models": {"providers": {"openrouter": {"baseUrl": base, "apiKey": "k", "models": []}}}}),
    ));
    let before = home.read(CONFIG);
    let args = ["models", "scan", "--json", "--set-default", "--set-image", "--yes", "--no-input"];
    let half = run(&home, &args);
    assert!(!half.status.success() && said(&half).contains("so nothing is set"), "{}", said(&half));
    assert!(said(&half).contains("a/caller-7b:free"), "what was found is shown all the same");
    assert_eq!(home.read(CONFIG), before);
    stdout(&home, &["models", "scan", "--set-default"]);
    assert_eq!(stdout(&home, &["models", "status", "--plain"]), "openrouter/a/caller-7b:free\n");
}

#[test]
fn a_scan_without_a_list_fails() {
    let home = TempHome::new();
    let server = ModelServer::builder().route("/router/models", json!({"error": "no"})).start();
    let url = format!("http://{}/router", server.address());
    home.write_config(&config(json!({"models": {"providers": {"openrouter": {"baseUrl": url}}}})));
    for args in [&["models", "scan"][..], &["models", "scan", "--set-default"], &["models", "scan", "--json"]]
    {
        let failed = run(&home, args);
        assert_eq!(failed.status.code(), Some(1), "{args:?}: {}", said(&failed));
    }
    assert!(run(&home, &["models", "scan", "--local", "--yes"]).status.success());
}

#[test]
fn slips_at_the_command_line_are_told() {
    let home = TempHome::new();
    home.write_config(&config(
        json!({"models": {"providers": {"zai": {"baseUrl": "https://api.z.ai", "apiKey": "k"}}}}),
    ));
    refused(&home, &["models", "status", "--probe", "--plain"], "cannot be used with");
    let typo = ["models", "status", "--check", "--probe", "--probe-profile", "typo"];
    refused(&home, &typo, "no credential fits --probe-profile typo");
    assert!(stdout(&home, &["models", "--agent", "main", "status"]).contains("main"));
    refused(&home, &["models", "--agent", "nobody", "status"], "nobody");
    refused(&home, &["models", "--agent", "main", "set", "opus"], "--agent goes with");
    refused(&home, &["models", "--status-json", "list"], "stand without a command");
    for login in ["login", "setup-token", "login-github-copilot"] {
        refused(&home, &["models", "auth", login, "--provider", "anthropic"], "models auth paste-token");
    }
}

#[test]
fn a_new_key_is_in_the_order_of_its_agent() {
    let home = TempHome::new();
    home.write_config(&config(json!({})));
    fed(&home, &["models", "auth", "add", "--provider", "zai", "--profile-id", "zai:old"], "sk-1");
    stdout(&home, &["models", "auth", "order", "set", "--provider", "zai", "zai:old"]);
    let added =
        fed(&home, &["models", "auth", "add", "--provider", "zai", "--profile-id", "zai:new"], "sk-2");
    assert!(said(&added).contains("Order of agent main: zai:old, zai:new"), "{}", said(&added));
    let order = stdout_json(&home, &["models", "auth", "order", "get", "--provider", "zai", "--json"]);
    assert_eq!(order["order"], json!(["zai:old", "zai:new"]));
    let long = fed(&home, &["models", "auth", "add", "--provider", "openai"], &"k".repeat(16 * 1024 + 1));
    assert!(!long.status.success() && said(&long).contains("is longer"), "{}", said(&long));
    let most = fed(&home, &["models", "auth", "add", "--provider", "openai"], &"k".repeat(16 * 1024));
    assert!(most.status.success(), "{}", said(&most));
}

#[test]
fn after_ctrl_c_at_a_secret_the_terminal_shows_what_is_typed() {
    let home = TempHome::new();
    home.write_config(&config(json!({})));
    let mut command = Command::new(binary());
    command.args(["models", "auth", "add", "--provider", "zai"]);
    command.env_clear().envs(home.env()).env("TERM", "dumb").current_dir(home.path());
    let (status, shows) = interrupted_at_a_secret(command);
    assert_eq!((status.code(), shows), (Some(130), true));
}

#[test]
fn a_subscription_s_token_is_no_credential_for_a_proxy() {
    let home = TempHome::new();
    home.write_config(&config(json!({"agents": {"defaults": {"model": "anthropic/claude-opus-4-6"}}})));
    fed(&home, &["models", "auth", "paste-token", "--provider", "anthropic"], "sk-ant-oat01-x");
    let missing = |home: &TempHome| {
        stdout_json(home, &["models", "status", "--json"])["auth"]["missingProvidersInUse"].clone()
    };
    assert_eq!(missing(&home), json!([]));
    home.write_config(&config(json!({"agents": {"defaults": {"model": "anthropic/claude-opus-4-6"}},
        "models": {"providers": {"anthropic": {"baseUrl": "https://proxy.example"}}}})));
    assert_eq!(missing(&home), json!(["anthropic"]));
}

/// A server with one model that thinks as `gpt-5-pro` does.
fn thinking(server: &ModelServer, extra: &Value) -> Value {
    let mut all =
        config(json!({"models": {"providers": {"mine": {"baseUrl": server.base_url(), "apiKey": "k",
        "api": "openai-completions", "models": [{"id": "gpt-5-pro", "name": "P", "reasoning": true},
            {"id": "gpt-5.2", "name": "T", "reasoning": true}]}}}}));
    crate::support::merge(&mut all, extra.clone());
    all
}

#[test]
fn tests_ask_at_the_level_of_turns() {
    let server = ModelServer::start();
    let home = TempHome::new();
    home.write_config(&thinking(&server, &json!({})));
    stdout(&home, &["models", "test", "mine/gpt-5-pro"]);
    stdout(&home, &["models", "test", "mine/gpt-5.2"]);
    stdout(&home, &["models", "status", "--probe"]);
    let level = json!({"agents": {"defaults": {"thinkingDefault": "xhigh"}}});
    home.write_config(&thinking(&server, &level));
    stdout(&home, &["models", "test", "mine/gpt-5.2"]);
    let efforts: Vec<Value> =
        server.requests().iter().map(|request| request.body["reasoning_effort"].clone()).collect();
    assert_eq!(efforts, ["high", "low", "high", "xhigh"]);
}

#[tokio::test]
async fn the_level_of_the_command_line_arrives_at_the_model_and_stays() {
    let server = ModelServer::start();
    let home = TempHome::new();
    let all = thinking(&server, &json!({"agents": {"defaults": {"model": "mine/gpt-5.2"}}}));
    let process = gateway_in(&home, &all).await;
    let ask = |args: &[&str]| {
        let before = server.requests().len();
        stdout(&home, &[&["agent", "--session-key", "s", "--message", "hi"][..], args].concat());
        server.requests().split_off(before)[0].body["reasoning_effort"].clone()
    };
    assert_eq!(ask(&[]), "low");
    assert_eq!(ask(&["--thinking", "xhigh"]), "xhigh");
    assert_eq!(ask(&[]), "xhigh");
    let mut client = client(&process).await;
    let answer = crate::support::chat(&mut client, "s", "/think off").await;
    assert_eq!(text(&answer), "Thinking disabled.");
    assert_eq!(ask(&[]), "none");
}

/// A model that thinks between its calls only when it is allowed to, as Claude 4 does.
#[tokio::test]
async fn a_model_thinks_until_the_end_of_a_turn_with_tools() {
    let server = ModelServer::builder()
        .fallback(|request| {
            let results = request.body["messages"].to_string().matches("\"tool_result\"").count();
            let may =
                request.header("anthropic-beta").is_some_and(|beta| beta.contains("interleaved-thinking"));
            let thinks = results == 0 || may;
            let calls = vec![ScriptedCall {
                id: format!("toolu_{results}"),
                name: "read".into(),
                arguments: json!({"path": "AGENTS.md"}).to_string(),
            }];
            match (results, thinks) {
                (0..3, true) => Reply::Thinking {
                    thought: "Hm.".into(),
                    signature: "c2lnbmVk".into(),
                    text: String::new(),
                    calls,
                },
                (0..3, false) => Reply::ToolCalls { text: String::new(), calls },
                (_, _) => Reply::text("Done."),
            }
        })
        .start();
    let home = TempHome::new();
    let all = config(json!({
        "models": {"providers": {"anthropic": {"baseUrl": server.base_url(), "apiKey": "k", "models": []}}},
        "agents": {"defaults": {"model": "anthropic/claude-sonnet-4-5", "thinkingDefault": "low"}},
    }));
    let process = gateway_in(&home, &all).await;
    let mut client = client(&process).await;
    assert_eq!(text(&crate::support::chat(&mut client, "main", "look").await), "Done.");
    let kinds: Vec<Value> =
        server.requests().iter().map(|request| request.body["thinking"]["type"].clone()).collect();
    assert_eq!(kinds, ["enabled"; 4]);
}
