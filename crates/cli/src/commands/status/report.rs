//! What `status` says: as JSON, and in words.

use std::path::{Path, PathBuf};

use openclaw_channels::Counts;
use openclaw_memory::Fallback;
use serde::Serialize;
use serde_json::Value;

use crate::commands::memory;
use crate::commands::outbox::counts_words;
use crate::model::ModelState;
use crate::{format, output, standing};

/// Everything `status` knows.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) version: &'static str,
    pub(super) gateway: GatewayState,
    pub(super) state_dir: PathBuf,
    pub(super) config_path: PathBuf,
    pub(super) config: ConfigState,
    pub(super) agents: Vec<AgentRow>,
    pub(super) sessions: Sessions,
    pub(super) model: ModelState,
    pub(super) memory: Vec<MemoryRow>,
    /// Messages that wait or were not delivered; only a gateway can say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outbox: Option<Counts>,
    /// Bytes that the disk of the state has free, when the gateway says so or there are few.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) free_bytes: Option<u64>,
    /// `{key, reason}` of everything that is configured and cannot run; null when no gateway could be asked.
    pub(super) unsupported: Option<Vec<Value>>,
    /// With `--deep`: the gateway's health, looked at afresh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) health: Option<Value>,
}

/// Whether there is a gateway.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GatewayState {
    pub(super) reachable: bool,
    pub(super) url: String,
    /// Connecting and asking, in milliseconds.
    pub(super) latency_ms: Option<f64>,
    pub(super) version: Option<String>,
    pub(super) uptime_ms: Option<u64>,
    /// What it says about its configuration file: `ok`, `problems`, `pending`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) config: Option<Value>,
    /// The same in words.
    #[serde(skip)]
    pub(super) not_in_force: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

/// Whether the configuration can be used.
#[derive(Debug, Serialize)]
pub(super) struct ConfigState {
    pub(super) exists: bool,
    pub(super) valid: bool,
    pub(super) problems: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// One agent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AgentRow {
    pub(super) id: String,
    pub(super) is_default: bool,
    pub(super) workspace: PathBuf,
}

/// Sessions of all agents.
#[derive(Debug, Default, Serialize)]
pub(super) struct Sessions {
    pub(super) count: usize,
    /// The newest, as the gateway or the files describe them.
    pub(super) recent: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<String>,
}

/// The memory of one agent.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MemoryRow {
    pub(super) agent_id: String,
    /// Notes in the index; null when there is no index yet.
    pub(super) files: Option<usize>,
    /// Passages that can be found.
    pub(super) windows: Option<usize>,
    /// Whether notes have changed since.
    pub(super) dirty: Option<bool>,
    pub(super) provider: Option<String>,
    /// The model of the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<String>,
    /// Passages, and how many of them have vectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) passages: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) embedded: Option<usize>,
    /// Why answers are worse than they should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) degraded: Option<String>,
    /// Who answers: `builtin` or `qmd`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) backend: Option<&'static str>,
    /// Who stepped in for whom, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fallback: Option<Fallback>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<String>,
}

impl Report {
    /// For people: a screen, with everything that needs attention at its end.
    pub(super) fn words(&self, home: &Path) -> String {
        let short = |path: &Path| format::short_path(path, home);
        let mut rows = vec![
            ("Gateway", self.gateway_words()),
            ("State", short(&self.state_dir)),
            ("Config", format!("{}{}", short(&self.config_path), self.config_note())),
        ];
        rows.extend(
            self.agents
                .iter()
                .map(|agent| ("Agent", format!("{}, works in {}", agent.id, short(&agent.workspace)))),
        );
        rows.push(("Model", self.model.words()));
        rows.push(("Sessions", self.session_words()));
        rows.extend(self.memory.iter().map(|memory| ("Memory", memory.words())));
        rows.extend(
            self.outbox
                .and_then(counts_words)
                .map(|counts| ("Outbox", format!("{counts}; `openclaw outbox list` shows the messages"))),
        );
        rows.extend(self.free_bytes.and_then(standing::room).map(|room| ("Disk", room)));
        rows.extend(self.unsupported.iter().flatten().map(|row| ("Cannot run", unsupported_words(row))));
        rows.extend(self.gateway.not_in_force.iter().map(|line| ("Not in force", line.clone())));
        rows.extend(self.config.problems.iter().map(|problem| ("Problem", problem.clone())));
        rows.extend(self.config.warnings.iter().map(|warning| ("Warning", warning.clone())));
        format!("openclaw {}\n\n{}", self.version, output::table(&rows))
    }

    fn gateway_words(&self) -> String {
        let GatewayState { url, latency_ms, version, error, .. } = &self.gateway;
        match error {
            Some(error) => error.clone(),
            None => format!(
                "runs at {url} (version {}, answered in {:.1} ms)",
                version.as_deref().unwrap_or("unknown"),
                latency_ms.unwrap_or_default()
            ),
        }
    }

    fn config_note(&self) -> &'static str {
        match (self.config.exists, self.config.valid) {
            (false, _) => " (missing; `openclaw quickstart` makes it)",
            (true, true) => "",
            (true, false) => " (broken, see below)",
        }
    }

    fn session_words(&self) -> String {
        if let Some(problem) = &self.sessions.problem {
            return problem.clone();
        }
        let count = format::count(self.sessions.count, "session");
        let Some(newest) = self.sessions.recent.first() else { return count };
        let key = newest.get("key").and_then(Value::as_str).unwrap_or_default();
        let age =
            newest.get("ageMs").or_else(|| newest.get("age")).and_then(Value::as_i64).unwrap_or_default();
        format!("{count}, last {key} ({})", format::ago(age))
    }
}

impl MemoryRow {
    fn words(&self) -> String {
        let files = match (&self.problem, self.files) {
            (Some(problem), _) => return problem.clone(),
            (None, None) => return "not indexed yet; the first search does it".to_owned(),
            (None, Some(files)) => format::count(files, "note"),
        };
        let state = if self.dirty == Some(true) { ", changed since" } else { "" };
        let (embedded, passages) = (self.embedded.unwrap_or_default(), self.passages.unwrap_or_default());
        let how = match (&self.provider, &self.model) {
            (Some(_) | None, Some(_) | None) if self.backend == Some(memory::QMD) => "by qmd".to_owned(),
            (Some(provider), Some(model)) if embedded > 0 => {
                format!("by words and meaning ({provider}/{model}, {embedded} of {passages} passages)")
            }
            (Some(_) | None, Some(_) | None) => "by words".to_owned(),
        };
        let degraded = self.degraded.as_ref().map(|degraded| format!("\n{degraded}")).unwrap_or_default();
        let stepped_in = self.fallback.as_ref().map(|fallback| {
            let who = match fallback.from.as_str() {
                memory::QMD => memory::BUILT_IN,
                _ => self.provider.as_deref().unwrap_or_default(),
            };
            format!("\n{who} stepped in for {}: {}", fallback.from, fallback.reason)
        });
        format!("{files}{state}, searched {how}{}{degraded}", stepped_in.unwrap_or_default())
    }
}

fn unsupported_words(row: &Value) -> String {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    format!("{}: {}", text("key"), text("reason"))
}
