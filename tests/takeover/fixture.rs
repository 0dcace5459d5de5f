//! The fixture in a home of the test's own, and ways to compare directories.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use openclaw_testkit::home::TempHome;
use openclaw_testkit::model_server::ModelServer;
use openclaw_testkit::process::{GatewayProcess, free_port};
use openclaw_testkit::ws::WsClient;
use serde_json::Value;

use crate::support::{binary, merge};

/// The gateway token of the fixture.
pub(super) const TOKEN: &str = "fixture-token-0123456789abcdef";
/// The folder with the sessions of the main agent, below the state directory.
pub(super) const SESSIONS: &str = "agents/main/sessions";
/// What the fixture has in place of a home, and of the address of its model.
const HOME: &str = "/home/user";
const MODEL: &str = "http://127.0.0.1:18872/v1";

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/openclaw-2026.2.9/state")
}

/// Puts the state directory of the fixture into a home, as if it had been used a minute ago: an old session begins
/// anew with its next message.
pub(super) fn put(home: &TempHome, name: &str) -> PathBuf {
    let target = home.path().join(name);
    let own = home.path().to_str().unwrap();
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        std::fs::create_dir_all(target.join(&below)).unwrap();
        for entry in std::fs::read_dir(fixture().join(&below)).unwrap() {
            let path = below.join(entry.unwrap().file_name());
            if fixture().join(&path).is_dir() {
                open.push(path);
                continue;
            }
            let text = std::fs::read_to_string(fixture().join(&path)).unwrap().replace(HOME, own);
            let text = if path.ends_with("sessions.json") { used_a_minute_ago(&text) } else { text };
            std::fs::write(target.join(&path), text).unwrap();
            // As OpenClaw makes them.
            let mode =
                if path.extension().is_some_and(|end| end == "jsonl" || end == "md") { 0o644 } else { 0o600 };
            std::fs::set_permissions(target.join(&path), std::fs::Permissions::from_mode(mode)).unwrap();
        }
    }
    target
}

/// Moves every `updatedAt` on, so that the latest is a minute old. Everything else stays byte for byte.
fn used_a_minute_ago(text: &str) -> String {
    const NAME: &str = "\"updatedAt\": ";
    let number = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
    let parts: Vec<&str> = text.split(NAME).collect();
    let latest = parts[1..].iter().map(|part| number(part).parse::<u128>().unwrap()).max().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let moved = parts[1..].iter().map(|part| {
        let old = number(part);
        format!("{NAME}{}{}", old.parse::<u128>().unwrap() + now - 60_000 - latest, &part[old.len()..])
    });
    parts[0].to_owned() + &moved.collect::<String>()
}

/// Starts our gateway on the fixture in `.openclaw` of a home, against a model of the test.
pub(super) async fn start(home: &TempHome, model: &ModelServer) -> GatewayProcess {
    let path = home.state_dir().join("openclaw.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let port = free_port();
    let text = text.replace(MODEL, &model.base_url()).replace("18789", &port.to_string());
    std::fs::write(&path, text).unwrap();
    GatewayProcess::start_with(binary(), home, port, &["gateway", "run"]).await
}

pub(super) async fn client(gateway: &GatewayProcess) -> WsClient {
    let mut client = WsClient::open(gateway.port()).await;
    client.connect_as_cli(TOKEN).await;
    client
}

/// The index of the main agent.
pub(super) fn index(state: &Path) -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(state.join(SESSIONS).join("sessions.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Changes the index of the main agent.
pub(super) fn edit_index(state: &Path, change: impl FnOnce(&mut Value)) {
    let path = state.join(SESSIONS).join("sessions.json");
    let mut value: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut value);
    std::fs::write(&path, format!("{value:#}")).unwrap();
}

/// Lays a value over what the index of the main agent has.
pub(super) fn lay_over_index(state: &Path, more: Value) {
    edit_index(state, |index| merge(index, more));
}

/// The transcript of a session of the main agent.
pub(super) fn transcript(state: &Path, key: &str) -> PathBuf {
    let id = index(state)[key]["sessionId"].as_str().unwrap().to_owned();
    state.join(SESSIONS).join(format!("{id}.jsonl"))
}

/// What is known of a file or directory.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    pub(super) mode: u32,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    /// Of a link, where it leads.
    pub(super) content: Vec<u8>,
}

/// Everything in a directory, itself included.
pub(crate) fn everything(dir: &Path) -> BTreeMap<PathBuf, Known> {
    let mut all = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(path) = open.pop() {
        let metadata = std::fs::symlink_metadata(&path).unwrap();
        let content = if metadata.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            Vec::new()
        } else if metadata.is_symlink() {
            std::fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
        } else if metadata.is_file() {
            std::fs::read(&path).unwrap()
        } else {
            Vec::new()
        };
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        let name = path.strip_prefix(dir).unwrap().to_owned();
        all.insert(name, Known { mode: metadata.permissions().mode() & 0o7777, modified, content });
    }
    all
}
