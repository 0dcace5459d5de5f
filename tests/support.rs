//! What the whole-binary tests share: the built program, homes with a config, quick commands.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use openclaw_testkit::home::TempHome;
use openclaw_testkit::process::{GatewayProcess, free_port};
use openclaw_testkit::ws::WsClient;
use serde_json::{Value, json};

/// The gateway token of test configs.
pub(crate) const TOKEN: &str = "test-token-0123456789abcdef";
/// The configuration in a home.
pub(crate) const CONFIG: &str = ".openclaw/openclaw.json";
/// Longest a test waits for something that should take milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The built program.
pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_openclaw"))
}

fn command(home: &TempHome, args: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(args).env_clear().envs(home.env()).current_dir(home.path());
    command
}

/// Runs a command of the program in a home and waits for it.
pub(crate) fn run(home: &TempHome, args: &[&str]) -> Output {
    command(home, args).stdin(Stdio::null()).output().expect("the program starts")
}

/// The same with something on its standard input.
pub(crate) fn fed(home: &TempHome, args: &[&str], input: &(impl AsRef<[u8]> + ?Sized)) -> Output {
    let mut child = piped(home, args);
    // One that has heard enough reads no further.
    child.stdin.take().unwrap().write_all(input.as_ref()).ok();
    child.wait_with_output().unwrap()
}

/// A command that runs, with pipes to it and from it.
pub(crate) fn piped(home: &TempHome, args: &[&str]) -> Child {
    let mut command = command(home, args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

/// All that a command printed.
pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Standard output of a command that must succeed.
pub(crate) fn stdout(home: &TempHome, args: &[&str]) -> String {
    let output = run(home, args);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{args:?}: {}\n{text}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// Standard output of a command that must succeed, as JSON.
pub(crate) fn stdout_json(home: &TempHome, args: &[&str]) -> Value {
    let text = stdout(home, args);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error}: {text}"))
}

/// The config of a gateway in tests.
pub(crate) fn config(extra: Value) -> Value {
    let mut config = json!({"gateway": {"mode": "local", "auth": {"mode": "token", "token": TOKEN}}});
    merge(&mut config, extra);
    config
}

/// A config whose default model is a scripted server.
pub(crate) fn config_with_model(base_url: &str, extra: Value) -> Value {
    let mut config = config(json!({
        "models": {"providers": {"mock": {"baseUrl": base_url, "apiKey": "k", "api": "openai-completions",
            "models": [{"id": "mock-1", "name": "Mock", "contextWindow": 64000, "maxTokens": 4096}]}}},
        "agents": {"defaults": {"model": {"primary": "mock/mock-1"}}},
    }));
    merge(&mut config, extra);
    config
}

/// Lays a value over another one: objects merge, everything else is replaced.
pub(crate) fn merge(value: &mut Value, extra: Value) {
    match (value, extra) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, item) in from {
                merge(into.entry(key).or_insert(Value::Null), item);
            }
        }
        (value, extra) => *value = extra,
    }
}

/// A home with this config and a gateway that runs in it.
pub(crate) async fn gateway(config: &Value) -> (TempHome, GatewayProcess) {
    let home = TempHome::new();
    let process = gateway_in(&home, config).await;
    (home, process)
}

/// A gateway that runs in a home, on a port that its config names: commands find it there.
pub(crate) async fn gateway_in(home: &TempHome, config: &Value) -> GatewayProcess {
    let port = free_port();
    let mut config = config.clone();
    merge(&mut config, json!({"gateway": {"port": port}}));
    home.write_config(&config);
    GatewayProcess::start_with(binary(), home, port, &["gateway", "run"]).await
}

/// A client that has connected with the token.
pub(crate) async fn client(gateway: &GatewayProcess) -> WsClient {
    let mut client = WsClient::open(gateway.port()).await;
    client.connect_as_cli(TOKEN).await;
    client
}

/// Sends a message and returns the run's last `chat` event: final, aborted or error.
pub(crate) async fn chat(client: &mut WsClient, session: &str, message: &str) -> Value {
    let id = send(client, session, message).await;
    chat_end(client, &id).await
}

/// Sends a message; returns the run id.
pub(crate) async fn send(client: &mut WsClient, session: &str, message: &str) -> String {
    let id = uuid::Uuid::new_v4().to_string();
    let params = json!({"sessionKey": session, "message": message, "deliver": false, "idempotencyKey": id});
    let answer = client.call("chat.send", params).await.unwrap();
    assert_eq!(answer, json!({"runId": id, "status": "started"}));
    id
}

/// The last `chat` event of a run.
pub(crate) async fn chat_end(client: &mut WsClient, run: &str) -> Value {
    let wanted = |frame: &Value| {
        frame["event"] == "chat" && frame["payload"]["runId"] == run && frame["payload"]["state"] != "delta"
    };
    client.find(wanted, PATIENCE).await.unwrap_or_else(|| panic!("no end of run {run}"))["payload"].take()
}

/// The text of a `chat` event or a message.
pub(crate) fn text(payload: &Value) -> String {
    let message = payload.get("message").unwrap_or(payload);
    message["content"][0]["text"].as_str().unwrap_or_default().to_owned()
}

/// Changes the file as a person's editor does: the running one, with `extra` laid over it.
pub(crate) fn edit(home: &TempHome, extra: Value) {
    let mut now: Value = serde_json::from_str(&home.read(CONFIG).unwrap()).unwrap();
    merge(&mut now, extra);
    home.write("new.json", &format!("{now:#}\n"));
    std::fs::rename(home.path().join("new.json"), home.path().join(CONFIG)).unwrap();
}

/// The next `config` event of a state.
pub(crate) async fn told(client: &mut WsClient, state: &str) -> Value {
    let wanted = |frame: &Value| frame["event"] == "config" && frame["payload"]["state"] == state;
    let found = client.find(wanted, PATIENCE).await;
    found.unwrap_or_else(|| panic!("no event \"{state}\""))["payload"].take()
}
