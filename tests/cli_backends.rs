//! Command-line programs that answer as models, with the whole program and a small script in the place of Claude Code.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use openclaw_testkit::home::TempHome;
use openclaw_testkit::model_server::{ModelServer, Reply};
use serde_json::{Value, json};

use crate::support::{
    PATIENCE, binary, chat, chat_end, client, config, config_with_model, gateway_in, run, send, stdout,
    stdout_json, text,
};

/// Answers with the number of its run, under an id of its own, and writes down how it was called.
const CLAUDE: &str = r#"#!/bin/sh
for arg in "$@"; do printf '%s\n' "$arg"; done > "$HOME/args"
env > "$HOME/env"
pwd > "$HOME/cwd"
echo run >> "$HOME/runs"
echo "{\"type\":\"result\",\"is_error\":false,\"result\":\"Answer $(wc -l < "$HOME/runs" | tr -d ' ')\",\"session_id\":\"s-1\",\"usage\":{\"input_tokens\":12,\"output_tokens\":3}}"
"#;

/// What Claude Code is called with each time.
const FLAGS: &str = "-p\n--output-format\njson\n--setting-sources\nuser\n--strict-mcp-config\n";

/// A home in whose `bin`, which is on the `PATH`, there are these programs.
fn home_with(programs: &[(&str, &str)]) -> TempHome {
    let home = TempHome::new();
    let path = format!("{}/bin:/usr/local/bin:/usr/bin:/bin", home.path().display());
    let home = home.with_env("PATH", &path).with_env("ANTHROPIC_API_KEY", "sk-canary-anthropic");
    for (name, script) in programs {
        let name = format!("bin/{name}");
        home.write(&name, script);
        std::fs::set_permissions(home.path().join(&name), std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    home
}

fn claude_only() -> Value {
    config(json!({"agents": {"defaults": {"model": "claude-cli/opus-4.6"}}}))
}

fn args(home: &TempHome) -> String {
    home.read("args").unwrap_or_default()
}

fn entry(home: &TempHome) -> Value {
    let index: Value =
        serde_json::from_str(&home.read(".openclaw/agents/main/sessions/sessions.json").unwrap()).unwrap();
    index["agent:main:main"].clone()
}

#[tokio::test]
async fn a_program_answers_and_goes_on_after_a_restart() {
    let home = home_with(&[("claude", CLAUDE)]);
    let mut process = gateway_in(&home, &claude_only()).await;
    let mut one = client(&process).await;
    let answer = chat(&mut one, "main", "what do I drink?").await;
    let notice = "_claude-cli/opus-4.6 cannot call tools, so it answers without them._";
    assert_eq!(text(&answer), format!("{notice}\n\nAnswer 1"), "{answer}");
    let first = args(&home);
    assert!(first.starts_with(&format!("{FLAGS}--model\nopus\n--append-system-prompt\n")), "{first}");
    assert!(home.read("env").unwrap().contains("CLAUDE_CODE_DISABLE_ATTACHMENTS=1\n"));
    assert!(first.contains("\n--session-id\n") && first.contains("what do I drink?"), "{first}");
    assert!(!home.read("env").unwrap().contains("canary"), "no key of the gateway");
    assert!(home.read("cwd").unwrap().trim().ends_with("/.openclaw/workspace"));

    let next = chat(&mut one, "main", "with milk?").await;
    assert_eq!(text(&next), "Answer 2", "{next}");
    let second = args(&home);
    assert!(second.starts_with(&format!("{FLAGS}--resume\ns-1\n--model\nopus\n")), "{second}");
    assert!(second.contains("\n--append-system-prompt\n"), "no session keeps it: {second}");
    assert!(second.contains("with milk?") && !second.contains("what do I drink?"), "{second}");

    drop(one);
    process.terminate();
    assert!(process.wait_exit(PATIENCE).await.success());
    assert_eq!(entry(&home)["cliSessionIds"], json!({"claude-cli": "s-1"}));
    assert_eq!(entry(&home)["claudeCliSessionId"], "s-1");
    assert_eq!(entry(&home)["cliSessionModels"], json!({"claude-cli": "opus-4.6"}));

    let process = gateway_in(&home, &claude_only()).await;
    let mut two = client(&process).await;
    assert_eq!(text(&chat(&mut two, "main", "or lemon?").await), "Answer 3");
    let third = args(&home);
    assert!(
        third.contains("--resume\ns-1\n") && third.contains("or lemon?") && !third.contains("milk"),
        "{third}"
    );
    let history = two.call("chat.history", json!({"sessionKey": "main"})).await.unwrap();
    let last = history["messages"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["provider"], &last["model"], &last["usage"]["output"]),
        (&json!("claude-cli"), &json!("opus-4.6"), &json!(3)),
        "{last}"
    );

    chat(&mut two, "main", "/new hello").await;
    let anew = args(&home);
    assert!(anew.contains("--session-id") && !anew.contains("lemon"), "a new conversation: {anew}");
}

/// A program that is told the system prompt once still hears what holds for one message.
#[tokio::test]
async fn what_holds_for_one_message_reaches_a_known_conversation() {
    let home = home_with(&[("claude", CLAUDE)]);
    let mine = json!({"command": "claude", "args": ["--json"], "resumeArgs": ["--resume", "{sessionId}"],
        "systemPromptArg": "--system"});
    let defaults = json!({"model": "mine/m", "cliBackends": {"mine": mine}});
    let process = gateway_in(&home, &config(json!({"agents": {"defaults": defaults}}))).await;
    let mut client = client(&process).await;
    chat(&mut client, "main", "one").await;
    assert!(args(&home).starts_with("--json\n--system\n"), "{}", args(&home));
    let params = json!({"message": "two", "sessionKey": "main", "extraSystemPrompt": "be brief", "idempotencyKey": "k1"});
    client.call("agent", params).await.unwrap();
    client.call("agent.wait", json!({"runId": "k1"})).await.unwrap();
    let told = args(&home);
    assert!(told.starts_with("--resume\ns-1\nbe brief\n\n") && told.contains("two"), "{told}");
}

#[tokio::test]
async fn in_groups_it_runs_only_as_its_owner_says_and_where_nothing_is() {
    const GROUP: &str = "agent:main:telegram:group:1";
    let home = home_with(&[("claude", CLAUDE)]);
    let mut process = gateway_in(&home, &claude_only()).await;
    let mut one = client(&process).await;
    let refused = chat(&mut one, GROUP, "@~/.ssh/id_ed25519").await;
    assert!(refused.to_string().contains("does not answer in groups"), "{refused}");
    assert_eq!(home.read("runs"), None, "it was not run");
    drop(one);
    process.terminate();
    assert!(process.wait_exit(PATIENCE).await.success());

    let claude =
        json!({"command": "claude", "args": ["--safe"], "resumeArgs": ["--safe", "--resume", "{sessionId}"]});
    let defaults = json!({"model": "claude-cli/opus", "cliBackends": {"claude-cli": claude}});
    let process = gateway_in(&home, &config(json!({"agents": {"defaults": defaults}}))).await;
    let mut two = client(&process).await;
    let answer = chat(&mut two, GROUP, "one").await;
    assert!(text(&answer).ends_with("Answer 1"), "{answer}");
    let place = home.read("cwd").unwrap();
    assert!(place.contains("/.openclaw/agents/main/cli/"), "{place}");
    assert_eq!(text(&chat(&mut two, GROUP, "two").await), "Answer 2", "one run for each message");
    assert!(args(&home).starts_with("--safe\n--resume\ns-1\n"), "{}", args(&home));
    assert_eq!(home.read("cwd").unwrap(), place, "where it began");
    assert_eq!(std::fs::read_dir(place.trim()).unwrap().count(), 0);
    chat(&mut two, GROUP, "/new three").await;
    assert_ne!(home.read("cwd").unwrap(), place);
    assert!(!std::path::Path::new(place.trim()).exists(), "the folder of what is over goes");
}

#[tokio::test]
async fn it_stands_in_for_a_provider_and_knows_what_was_said() {
    let server = ModelServer::start();
    let home = home_with(&[("claude", CLAUDE)]);
    let extra = json!({"agents": {"defaults": {"model": {"fallbacks": ["claude-cli/opus"]}}}});
    let process = gateway_in(&home, &config_with_model(&server.base_url(), extra)).await;
    let mut client = client(&process).await;
    chat(&mut client, "main", "my tea is green").await;
    server.script([Reply::rate_limited(3_600)]);
    let answer = chat(&mut client, "main", "what is green?").await;
    let words = text(&answer);
    assert!(
        words.contains("claude-cli/opus answers in place of mock/mock-1: it is rate limited."),
        "{answer}"
    );
    assert!(words.ends_with("Answer 1"), "{answer}");
    let told = args(&home);
    for part in ["The conversation so far", "my tea is green", "Mock reply to:", "what is green?"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

/// Hangs with a process that has left its group and has no parent left, writes down that one's number, and counts its
/// runs.
const HANGS: &str = r#"#!/bin/sh
echo run >> "$HOME/runs"
(setsid sh -c 'echo $$ > "$HOME/pid.new"; mv "$HOME/pid.new" "$HOME/pid"; exec sleep 1000' &)
exec sleep 1000
"#;

/// The number that the program has written down.
async fn hanging(home: &TempHome) -> String {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(pid) = home.read("pid") {
            return pid.trim().to_owned();
        }
        assert!(Instant::now() < until, "it was not started");
        tokio::task::yield_now().await;
    }
}

fn lives(pid: &str) -> bool {
    std::path::Path::new(&format!("/proc/{pid}/cwd")).exists()
}

async fn wait_until_gone(pid: &str) {
    let until = Instant::now() + PATIENCE;
    while lives(pid) {
        assert!(Instant::now() < until, "{pid} lives on");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_stop_kills_the_program_with_what_it_started() {
    let home = home_with(&[("claude", HANGS)]);
    let process = gateway_in(&home, &claude_only()).await;
    let mut client = client(&process).await;
    let id = send(&mut client, "main", "hello").await;
    let pid = hanging(&home).await;
    assert!(lives(&pid));
    client.call("chat.abort", json!({"sessionKey": "main", "runId": id})).await.unwrap();
    assert_eq!(chat_end(&mut client, &id).await["state"], "aborted");
    wait_until_gone(&pid).await;
}

#[tokio::test]
async fn a_second_signal_ends_the_program_too() {
    let home = home_with(&[("claude", HANGS)]);
    let mut process = gateway_in(&home, &claude_only()).await;
    let mut client = client(&process).await;
    send(&mut client, "main", "hello").await;
    let pid = hanging(&home).await;
    process.terminate();
    process.wait_stderr("once more to stop at once", PATIENCE).await;
    assert!(lives(&pid), "it gets its time");
    process.terminate();
    assert_eq!(process.wait_exit(PATIENCE).await.code(), Some(130));
    wait_until_gone(&pid).await;
}

/// After a crash the answer is tried again, and the program of the first try does not work beside the second one.
#[tokio::test]
async fn after_a_crash_nothing_of_the_program_is_left() {
    let home = home_with(&[("claude", HANGS)]);
    let temporary = home.path().join("tmp");
    openclaw_guard::create_private_dir(&temporary).unwrap();
    let home = home.with_env("TMPDIR", &temporary.display().to_string());
    let mut process = gateway_in(&home, &claude_only()).await;
    let mut one = client(&process).await;
    send(&mut one, "main", "hello").await;
    let pid = hanging(&home).await;
    process.kill();
    process.wait_exit(PATIENCE).await;
    std::fs::remove_file(home.path().join("pid")).unwrap();
    let old = home.path().join("tmp/openclaw-cli-0123456789abcdef01234567");
    openclaw_guard::create_private_dir(&old).unwrap();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(24 * 60 * 60);
    std::fs::File::open(&old).unwrap().set_modified(long_ago).unwrap();
    let process = gateway_in(&home, &claude_only()).await;
    // It listens before it is ready, and answers afterwards.
    let two = client(&process).await;
    wait_until_gone(&pid).await;
    assert!(!old.exists(), "nor of its images");
    drop(two);
}

#[test]
fn programs_are_listed_tried_and_missed_in_plain_words() {
    let home = home_with(&[("claude", CLAUDE), ("mine", "#!/bin/sh\ncat\n")]);
    let backends = json!({"mine": {"command": "mine", "input": "stdin", "output": "text"}, "lost": {"command": "lost-program"}});
    let defaults = json!({"model": {"primary": "mine/m", "fallbacks": ["claude-cli/opus", "lost/m"]}, "cliBackends": backends});
    home.write_config(&config(json!({"agents": {"defaults": defaults}})));
    let status = stdout_json(&home, &["models", "status", "--json"]);
    let rows = status["cliBackends"].as_array().unwrap();
    let row = |id: &str| rows.iter().find(|row| row["provider"] == id).unwrap_or(&Value::Null);
    assert_eq!(row("claude-cli")["path"], json!(home.path().join("bin/claude")), "{status}");
    assert_eq!(
        (&row("mine")["found"], &row("mine")["configured"], &row("mine")["inUse"]),
        (&json!(true), &json!(true), &json!(true))
    );
    assert_eq!((&row("lost")["found"], &row("lost")["path"]), (&json!(false), &Value::Null));
    assert_eq!(status["auth"]["missingProvidersInUse"], json!([]), "a program needs no credential");
    let missed = "lost: the program \"lost-program\" is not found on PATH. Install it, or set agents.defaults.cliBackends.lost.command to its full path.";
    assert!(stdout(&home, &["models", "status"]).contains(missed));
    assert_eq!(run(&home, &["models", "status", "--check"]).status.code(), Some(1));
    let list = stdout_json(&home, &["models", "list", "--json"]);
    let available: Vec<_> =
        list["models"].as_array().unwrap().iter().map(|row| (&row["key"], &row["available"])).collect();
    assert_eq!(
        available,
        [
            (&json!("mine/m"), &json!(true)),
            (&json!("claude-cli/opus"), &json!(true)),
            (&json!("lost/m"), &json!(false))
        ]
    );
    let all = stdout(&home, &["models", "list", "--all", "--provider", "claude-cli", "--plain"]);
    assert_eq!(all, "claude-cli/haiku\nclaude-cli/opus\nclaude-cli/sonnet\n");

    let tested = stdout(&home, &["models", "test", "claude-cli/sonnet"]);
    let place = home.path().join("bin/claude");
    let expected =
        format!("claude-cli/sonnet with the program claude at {} answers: \"Answer 1\" in ", place.display());
    assert!(tested.starts_with(&expected) && tested.contains("12 tokens in, 3 out"), "{tested}");
    assert!(args(&home).contains("--model\nsonnet\n") && !args(&home).contains("--session-id"));
    let lost = run(&home, &["models", "test", "lost/m"]);
    assert_eq!(lost.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&lost.stdout).contains(missed), "{lost:?}");
    let model = &stdout_json(&home, &["status", "--json"])["model"];
    assert_eq!((&model["reference"], &model["ok"]), (&json!("mine/m"), &json!(true)));
    assert!(binary().exists());
}
