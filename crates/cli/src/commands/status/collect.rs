//! Asks the gateway, and the files for what it does not say.

use std::time::{Duration, Instant};

use openclaw_config::{ConfigError, GatewayMode};
use openclaw_guard::{Clock as _, PathComponent, SystemClock};
use openclaw_memory::{EngineOptions, Fallback, MemoryBackend as _, Status};
use openclaw_store::LOW_SPACE_BYTES;
use serde_json::{Value, json};

use super::report::{AgentRow, ConfigState, GatewayState, MemoryRow, Report, Sessions};
use crate::agents::{self, AgentPlaces};
use crate::client::{Client, ClientError, Target};
use crate::commands::config::problem_lines;
use crate::commands::{memory, sessions};
use crate::instance::Instance;
use crate::model::{self, ModelState};
use crate::{space, standing};

/// A gateway on this machine answers in milliseconds; one that takes longer than this is as good as none.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Newest sessions in the report.
const RECENT: usize = 10;

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    Usual,
    /// Also have the gateway look at itself afresh.
    Deep,
}

/// What a gateway said.
pub(super) struct Answer {
    latency: Duration,
    hello: Value,
    status: Value,
    health: Value,
    /// Whether it was asked to look at itself afresh.
    is_deep: bool,
}

/// Asks the gateway.
pub(super) async fn ask(target: &Target, depth: Depth) -> Result<Answer, ClientError> {
    let begun = Instant::now();
    let mut client = Client::connect(target, PATIENCE).await?;
    let status = client.call("status", &json!({})).await?;
    let latency = begun.elapsed();
    let is_deep = depth == Depth::Deep;
    let health = client.call("health", &json!({"probe": is_deep})).await?;
    Ok(Answer { latency, hello: client.hello().clone(), status, health, is_deep })
}

/// Puts the answer and the files together.
pub(super) async fn report(
    instance: &Instance,
    problem: Option<&ConfigError>,
    target: &Target,
    answer: Result<Answer, ClientError>,
) -> Report {
    let places = agents::all(instance);
    // What a broken configuration says about agents is not known, and the defaults would be a guess.
    let known: &[AgentPlaces] = if problem.is_some() { &[] } else { &places };
    let status = answer.as_ref().ok().map(|answer| &answer.status);
    let mut rows = Vec::new();
    for agent in known {
        rows.push(memory_row(instance, agent, status.and_then(|status| stepped_in(status, &agent.id))).await);
    }
    let from_gateway = |pointer: &str| status.and_then(|status| status.pointer(pointer)).cloned();
    let sessions =
        from_gateway("/sessions").map_or_else(|| sessions_in_files(&places), |value| sessions_of(&value));
    let model = match problem {
        Some(_) => model::unknown(),
        None => model_of(instance, &places, from_gateway("/sessions/defaults")),
    };
    // What the file asks for and this build cannot do is known without a gateway, unless the file is broken.
    let from_file =
        || problem.is_none().then(|| openclaw_gateway::unsupported(&instance.loaded, &instance.at.state_dir));
    let unsupported =
        from_gateway("/unsupported").and_then(|value| value.as_array().cloned()).or_else(from_file);
    Report {
        version: env!("CARGO_PKG_VERSION"),
        state_dir: instance.at.state_dir.clone(),
        config_path: instance.loaded.path.clone(),
        config: ConfigState {
            exists: instance.loaded.exists,
            valid: problem.is_none(),
            problems: problem.map(problem_lines).unwrap_or_default(),
            warnings: instance.loaded.warnings.iter().map(ToString::to_string).collect(),
        },
        agents: known.iter().map(agent_row).collect(),
        sessions,
        model,
        memory: rows,
        // An older gateway says nothing of it.
        outbox: from_gateway("/outbox").and_then(|counts| serde_json::from_value(counts).ok()),
        free_bytes: match status {
            Some(status) => standing::free_bytes(status),
            // Of a gateway elsewhere nobody knows.
            None => {
                target.state_dir.as_deref().and_then(space::free_bytes).filter(|free| *free < LOW_SPACE_BYTES)
            }
        },
        unsupported,
        health: answer.as_ref().ok().filter(|answer| answer.is_deep).map(|answer| answer.health.clone()),
        gateway: gateway_state(target, answer),
    }
}

fn gateway_state(target: &Target, answer: Result<Answer, ClientError>) -> GatewayState {
    let url = target.url.clone();
    match answer {
        Err(error) => GatewayState { url, error: Some(error.to_string()), ..GatewayState::default() },
        Ok(Answer { latency, hello, health, .. }) => GatewayState {
            not_in_force: standing::troubles(&health),
            config: health.get("config").cloned(),
            reachable: true,
            url,
            latency_ms: Some((latency.as_secs_f64() * 10_000.0).round() / 10.0),
            version: hello.pointer("/server/version").and_then(Value::as_str).map(ToOwned::to_owned),
            uptime_ms: hello.pointer("/snapshot/uptimeMs").and_then(Value::as_u64),
            error: None,
        },
    }
}

fn agent_row(agent: &AgentPlaces) -> AgentRow {
    AgentRow { id: agent.id.clone(), is_default: agent.is_default, workspace: agent.workspace.clone() }
}

/// The files of a remote gateway are elsewhere: its model is what it says.
fn model_of(instance: &Instance, places: &[AgentPlaces], defaults: Option<Value>) -> ModelState {
    let named = |defaults: &Value| {
        let text = |name: &str| defaults.get(name).and_then(Value::as_str);
        Some(format!("{}/{}", text("modelProvider")?, text("model")?))
    };
    if instance.config().gateway.mode == Some(GatewayMode::Remote)
        && let Some(reference) = defaults.as_ref().and_then(named)
    {
        return model::named(reference, None);
    }
    let default = places.iter().find(|agent| agent.is_default).or_else(|| places.first());
    model::of(instance, default.map_or("main", |agent| &agent.id))
}

fn sessions_of(value: &Value) -> Sessions {
    let count = value.get("count").and_then(Value::as_u64).unwrap_or(0);
    Sessions {
        count: usize::try_from(count).unwrap_or(usize::MAX),
        recent: value.get("recent").and_then(Value::as_array).cloned().unwrap_or_default(),
        problem: None,
    }
}

fn sessions_in_files(places: &[AgentPlaces]) -> Sessions {
    let mut all = Vec::new();
    let mut problem = None;
    for agent in places {
        match sessions::read(&agent.sessions, SystemClock.now_ms()) {
            Ok(rows) => all.extend(rows),
            Err(error) => problem = Some(error.to_string()),
        }
    }
    all.sort_by_key(|row| std::cmp::Reverse(row.updated_at));
    let recent = all.iter().take(RECENT).map(|row| json!(row)).collect();
    Sessions { count: all.len(), recent, problem }
}

/// For whom the built-in engine of a running gateway answers, and why.
fn stepped_in(status: &Value, agent: &str) -> Option<Fallback> {
    let rows = status.get("memory")?.as_array()?;
    let row = rows.iter().find(|row| row.get("agentId").and_then(Value::as_str) == Some(agent))?;
    let text = |name: &str| Some(row.get("fallback")?.get(name)?.as_str()?.to_owned());
    Some(Fallback { from: text("from")?, reason: text("reason")? })
}

/// What the index of an agent holds. An index that does not exist is not made for this. `heard` is what the gateway knows
/// of its own memory and the files do not show.
async fn memory_row(instance: &Instance, agent: &AgentPlaces, heard: Option<Fallback>) -> MemoryRow {
    let row = MemoryRow { agent_id: agent.id.clone(), ..MemoryRow::default() };
    let failed = |problem: String| MemoryRow {
        problem: Some(problem),
        agent_id: agent.id.clone(),
        ..MemoryRow::default()
    };
    let memory = match memory::memory(instance, agent) {
        Ok(memory) => memory,
        Err(error) => return failed(error.to_string()),
    };
    let has_index = PathComponent::parse(&agent.id)
        .is_ok_and(|id| EngineOptions::database_of(instance.config(), &instance.at, &id).is_file());
    if !has_index && memory.qmd().is_none() {
        return row;
    }
    let status = match heard.filter(|_| memory.qmd().is_some()) {
        None => memory.backend().status().await,
        Some(fallback) => {
            memory.engine().status().await.map(|status| Status { fallback: Some(fallback), ..status })
        }
    };
    match status {
        Ok(status) => MemoryRow {
            files: Some(status.files),
            windows: Some(status.windows),
            dirty: Some(status.dirty),
            provider: Some(status.provider),
            model: Some(status.model),
            passages: Some(status.passages),
            embedded: Some(status.embedded),
            degraded: status.degraded,
            backend: Some(status.backend),
            fallback: status.fallback,
            ..row
        },
        Err(error) => failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, report};
    use crate::args::ConnectArgs;
    use crate::client::{ClientError, Target};
    use crate::instance::Instance;
    use openclaw_config::{Env, LocationFlags, Locations, load, write_new};
    use openclaw_guard::create_private_dir;
    use serde_json::{Value, json};
    use std::path::Path;
    use std::time::Duration;

    fn instance(home: &Path, config: &str) -> Instance {
        let env = Env::from([("HOME", home.to_str().unwrap())]);
        let at = Locations::resolve(&env, LocationFlags::default()).unwrap();
        write_new(&at.config_path, config).unwrap();
        let loaded = load(&at, &env).map_err(|error| error.to_string()).unwrap();
        Instance { at, loaded }
    }

    /// The report with the temporary home replaced by `~`.
    async fn shown(home: &Path, config: &str, answer: Result<Answer, ClientError>) -> (Value, String) {
        let instance = instance(home, config);
        let target = Target::of(&instance, &ConnectArgs::default()).unwrap();
        let report = report(&instance, None, &target, answer).await;
        let json = serde_json::to_string(&report).unwrap().replace(home.to_str().unwrap(), "~");
        (serde_json::from_str(&json).unwrap(), report.words(home))
    }

    #[tokio::test]
    async fn without_a_gateway_the_files_speak() {
        let home = tempfile::tempdir().unwrap();
        let state = home.path().join(".openclaw");
        create_private_dir(&state.join("workspace")).unwrap();
        let index = json!({"agent:main:main": {"sessionId": "s1", "updatedAt": 5}});
        write_new(&state.join("agents/main/sessions/sessions.json"), &index.to_string()).unwrap();
        let absent = ClientError::NotRunning { url: "ws://127.0.0.1:18789".to_owned() };
        let (mut json, words) = shown(home.path(), "{gateway: {mode: 'local'}}", Err(absent)).await;
        json["sessions"]["recent"][0]["ageMs"] = json!(0);
        insta::assert_json_snapshot!("status_without_a_gateway", json);
        assert!(words.contains("no gateway at ws://127.0.0.1:18789"), "{words}");
        assert!(!state.join("identity").exists() && !state.join("memory").exists(), "status makes nothing");
    }

    #[tokio::test]
    async fn a_broken_configuration_is_told_and_nothing_is_guessed() {
        let home = tempfile::tempdir().unwrap();
        let instance = instance(home.path(), "{}");
        let problems = openclaw_config::parse("{bogus: 1}", "openclaw.json", &Env::default()).err().unwrap();
        let error = openclaw_config::ConfigError::Invalid { path: "openclaw.json".into(), problems };
        let target = Target::of(&instance, &ConnectArgs::default()).unwrap();
        let absent = ClientError::NotRunning { url: target.url.clone() };
        let report = report(&instance, Some(&error), &target, Err(absent)).await;
        assert_eq!(report.config.problems, ["openclaw.json:1:2 bogus: unknown key"]);
        assert!(!report.config.valid && !report.model.ok);
        assert!(report.agents.is_empty() && report.memory.is_empty());
    }

    #[tokio::test]
    async fn a_gateway_speaks_for_itself() {
        let home = tempfile::tempdir().unwrap();
        create_private_dir(&home.path().join(".openclaw/workspace")).unwrap();
        let answer = Answer {
            latency: Duration::from_micros(2_340),
            hello: json!({"server": {"version": "9.9"}, "snapshot": {"uptimeMs": 7}}),
            status: json!({
                "sessions": {"count": 12, "recent": [{"key": "agent:main:main", "age": 120_000}]},
                "unsupported": [{"key": "hooks", "reason": "not yet"}],
                "outbox": {"waiting": 0, "unknown": 1, "dead": 3},
                "disk": {"ok": false, "freeBytes": 7_000_000},
            }),
            health: json!({"config": {"problems": ["f:1:2 a: unknown key"], "problemCount": 1}}),
            is_deep: false,
        };
        let (json, words) = shown(home.path(), "{agents: {defaults: {model: 'nobody/m'}}}", Ok(answer)).await;
        assert_eq!(json["gateway"]["latencyMs"], 2.3);
        assert_eq!(json["sessions"]["count"], 12);
        assert_eq!(json["model"]["ok"], false);
        assert!(words.contains("full: 7.0 MB free; new messages are refused"), "{words}");
        insta::assert_snapshot!("status_in_words", words);
    }
}
