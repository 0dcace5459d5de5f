//! Budgets hold: over kills, and against models and programs that keep to no limit.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use openclaw_testkit::home::TempHome;
use openclaw_testkit::model_server::{ModelServer, Reply};
use openclaw_testkit::process::GatewayProcess;
use serde_json::{Value, json};

use crate::support::{
    PATIENCE, binary, chat, chat_end, client, config, config_with_model, gateway, gateway_in, merge, send,
    text,
};

const SPENDING: &str = ".openclaw/state/spending.json";

fn budgets(budgets: Value) -> Value {
    json!({"models": {"budgets": budgets}})
}

fn kept(home: &TempHome) -> Value {
    serde_json::from_str(&home.read(SPENDING).unwrap_or_default()).unwrap_or_default()
}

/// What was set aside for a call is on the disk before its provider hears of it, and is spent when nobody can say any more
/// what it cost. The turn that begins again goes on with the budget that its first beginning left.
#[tokio::test]
async fn a_kill_in_the_middle_of_a_call_forgets_nothing() {
    const RUN: u64 = 30_000;
    let server = ModelServer::start();
    let models = json!([{"id": "mock-1", "name": "Mock", "contextWindow": 64_000, "maxTokens": RUN}]);
    let mut extra = budgets(json!({"run": {"tokens": RUN}, "day": {"tokens": 1_000_000}}));
    merge(&mut extra, json!({"models": {"providers": {"mock": {"models": models}}}}));
    server.push(Reply::Stall { after: vec!["half an ans".into()] });
    let (home, mut first) = gateway(&config_with_model(&server.base_url(), extra)).await;
    let mut before = client(&first).await;
    let run = send(&mut before, "main", "one").await;
    server.wait_requests(1).await;
    let open = kept(&home);
    assert_eq!(open["calls"]["1"]["shared"]["tokens"], RUN, "the prompt and all that it leaves: {open}");
    first.kill();
    first.wait_exit(PATIENCE).await;

    let second = GatewayProcess::start(binary(), &home).await;
    let mut after = client(&second).await;
    let ended = after.call("agent.wait", json!({"runId": run, "timeoutMs": 15_000})).await.unwrap();
    let told = format!(
        "The budget for this answer does not allow another model call: {RUN} of {RUN} tokens are spent, {RUN} of them counted in full for calls that ran when the gateway was killed (models.budgets.run.tokens). Ask for less at once, or raise it."
    );
    assert_eq!((&ended["status"], &ended["error"]), (&json!("error"), &json!(told)), "{ended}");
    assert_eq!(server.requests().len(), 1, "nobody was asked again");

    let status = text(&chat(&mut after, "main", "/status").await);
    for line in [
        format!("Budget for one answer: {RUN} tokens"),
        format!(
            "Budget for today: {RUN} of 1000000 tokens are spent, {RUN} of them counted in full for calls that ran when the gateway was killed"
        ),
        format!(
            "Calls that ran when the gateway was killed today: 1, counted with all that was set aside for them, {RUN} tokens and 0.0000 dollars"
        ),
    ] {
        assert!(status.lines().any(|it| it == line), "{line}: {status}");
    }
    // The next answer has a budget of its own.
    assert_eq!(chat(&mut after, "main", "two").await["state"], "final");
    let until = Instant::now() + PATIENCE;
    while kept(&home)["calls"] != json!({}) {
        assert!(Instant::now() < until, "{}", kept(&home));
        tokio::task::yield_now().await;
    }
    assert!(kept(&home)["agents"]["main"]["tokens"].as_u64() > Some(RUN), "{}", kept(&home));
}

/// A turn of two calls, of which the gateway is killed in the second, goes on with what both have left.
#[tokio::test]
async fn a_turn_that_begins_again_has_the_budget_that_it_left() {
    let server = ModelServer::start();
    let extra = budgets(json!({"run": {"tokens": 60_000}}));
    server.script([
        Reply::tool_call("read", &json!({"path": "MEMORY.md"})),
        Reply::Stall { after: vec!["half an ans".into()] },
    ]);
    let (home, mut first) = gateway(&config_with_model(&server.base_url(), extra)).await;
    let mut before = client(&first).await;
    let run = send(&mut before, "main", "one").await;
    server.wait_requests(2).await;
    let then = kept(&home);
    first.kill();
    first.wait_exit(PATIENCE).await;
    let of_the_run = |file: &Value| file["runs"].as_object().unwrap().iter().next().unwrap().1.clone();
    let (spent, open) =
        (of_the_run(&then)["spent"]["tokens"].clone(), then["calls"]["2"]["own"]["tokens"].clone());
    let (spent, open) = (spent.as_u64().unwrap(), open.as_u64().unwrap());
    assert!(spent > 0 && open > 4_096, "{then}");

    server.push(Reply::Stall { after: vec!["half an ans".into()] });
    let second = GatewayProcess::start(binary(), &home).await;
    server.wait_requests(3).await;
    let now = of_the_run(&kept(&home));
    assert_eq!(
        (&now["spent"]["tokens"], &now["lost"]["tokens"]),
        (&json!(spent + open), &json!(open)),
        "{now}"
    );
    let mut after = client(&second).await;
    after.call("chat.abort", json!({"sessionKey": "main", "runId": run})).await.unwrap();
    let until = Instant::now() + PATIENCE;
    // The turn is over, so the next call's file does not know it any more.
    assert_eq!(chat(&mut after, "main", "two").await["state"], "final");
    while kept(&home)["runs"].as_object().is_none_or(|runs| runs.len() > 1) {
        assert!(Instant::now() < until, "{}", kept(&home));
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nothing_is_kept_without_a_budget() {
    let server = ModelServer::start();
    let (home, process) = gateway(&config_with_model(&server.base_url(), json!({}))).await;
    let mut client = client(&process).await;
    assert_eq!(chat(&mut client, "main", "one").await["state"], "final");
    let status = text(&chat(&mut client, "main", "/status").await);
    assert!(!status.contains("udget") && home.read(SPENDING).is_none(), "{status}");
}

#[tokio::test]
async fn a_provider_that_ignores_the_limit_is_cut_off() {
    let server = ModelServer::start();
    let extra = budgets(json!({"session": {"tokens": 100_000}}));
    let (_home, process) = gateway(&config_with_model(&server.base_url(), extra)).await;
    let mut client = client(&process).await;
    let chunks = vec!["and so on and so on ".to_owned(); 4_000];
    server.push(Reply::Text { chunks, delay: std::time::Duration::ZERO });
    let ended = chat(&mut client, "main", "one").await;
    assert_eq!(server.requests()[0].body["max_completion_tokens"], 4_096);
    let told = "mock/mock-1 was stopped: it wrote more than the 4096 tokens that it was asked for, and where models.budgets limits anything no more than that is paid for. Ask for less at once, or raise its maxTokens.";
    assert_eq!((&ended["state"], &ended["errorMessage"]), (&json!("error"), &json!(told)), "{ended}");
    let history = client.call("chat.history", json!({"sessionKey": "main"})).await.unwrap();
    let said = text(history["messages"].as_array().unwrap().last().unwrap());
    assert!(said.len() > 4 * 4_096 && said.len() < 6 * 4_096, "what came is kept: {} bytes", said.len());
    let status = text(&chat(&mut client, "main", "/status").await);
    let spent = status.lines().find_map(|line| line.strip_prefix("Budget for this session: ")).unwrap();
    let spent: u64 = spent.split(' ').next().unwrap().parse().unwrap();
    assert!(spent > 4_096 && spent < 20_000, "the prompt and what came: {spent}");
}

#[tokio::test]
async fn a_program_that_talks_without_end_is_stopped_with_what_it_started() {
    let words = "and so on ".repeat(500);
    let rows = [("jsonl", format!(r#"{{"item":{{"text":"{words}"}}}}"#)), ("text", words)];
    for (output, line) in rows {
        let home = TempHome::new();
        let path = format!("{}/bin:/usr/bin:/bin", home.path().display());
        let home = home.with_env("PATH", &path);
        let script = format!(
            "#!/bin/sh\nsleep 1000 &\necho $! > \"$HOME/pid.new\"; mv \"$HOME/pid.new\" \"$HOME/pid\"\nwhile true; do echo '{line}'; done\n"
        );
        home.write("bin/talks", &script);
        let mode = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(home.path().join("bin/talks"), mode).unwrap();
        let backends = json!({"talks": {"command": "talks", "output": output}});
        let mut all = config(json!({"agents": {"defaults": {"model": "talks/m", "cliBackends": backends}}}));
        merge(&mut all, budgets(json!({"day": {"tokens": 12_000}})));
        let process = gateway_in(&home, &all).await;
        let mut client = client(&process).await;
        let run = send(&mut client, "main", "hello").await;
        let ended = chat_end(&mut client, &run).await;
        let words = ended["errorMessage"].as_str().unwrap_or_default();
        assert!(words.starts_with("talks/m was stopped: it wrote more than the "), "{output}: {ended}");
        let end = "tokens that the budget for today left for its answer (models.budgets.day.tokens). Wait until tomorrow, or raise it.";
        assert!(words.ends_with(end), "{output}: {ended}");
        let pid = home.read("pid").unwrap();
        let until = Instant::now() + PATIENCE;
        while std::path::Path::new(&format!("/proc/{}/cwd", pid.trim())).exists() {
            assert!(Instant::now() < until, "{output}: {pid} lives on");
            tokio::task::yield_now().await;
        }
        let next = chat(&mut client, "main", "and now?").await;
        let words = next["errorMessage"].as_str().unwrap_or_default();
        assert!(
            words.starts_with("The budget for today does not allow another model call"),
            "{output}: {next}"
        );
    }
}
