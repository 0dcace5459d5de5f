//! The health summary: built from memory, cached, told to everybody when it is refreshed.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use openclaw_agent::AgentRuntime;
use openclaw_config::Config;
use openclaw_store::{DiskSpace, MIN_FREE_BYTES};
use serde_json::{Value, json};

use crate::core::Core;
use crate::live::Snapshot;
use crate::ws::hub::{Broadcast, ConnId};
use crate::ws::outbox::IfSlow;

/// A cached summary is answered for this long, in milliseconds (release: one minute).
pub(crate) const FRESH_MS: i64 = 60_000;
/// Connects in a burst share one refresh, in milliseconds: a thousand clients must not cause a million frames.
pub(crate) const BURST_MS: i64 = 1_000;
/// Newest sessions shown per agent.
const RECENT: usize = 5;
/// The release's heartbeat interval when none is configured.
const HEARTBEAT_EVERY: &str = "30m";

/// The last summary and when it was made.
#[derive(Default)]
pub(crate) struct HealthCache {
    last: Mutex<Option<(i64, Value)>>,
}

impl HealthCache {
    pub(crate) fn cached(&self) -> Option<Value> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(_, value)| value.clone())
    }

    /// The cached summary if it is younger than this many milliseconds.
    pub(crate) fn younger_than(&self, age_ms: i64, now_ms: i64) -> Option<Value> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(made, _)| now_ms - made < age_ms).map(|(_, value)| value.clone())
    }

    /// Tells a client that just connected how things are: everybody hears a new summary, or, when one was made a
    /// moment ago, the client alone hears that one.
    pub(crate) fn greet(&self, core: &Core, client: ConnId) {
        let now = core.now_ms();
        match self.younger_than(BURST_MS, now) {
            Some(value) => core.hub.send_to(client, "health", &value),
            None => drop(self.renew(core)),
        }
    }

    /// Makes a new summary, tells everybody and returns it.
    pub(crate) fn renew(&self, core: &Core) -> Value {
        let value = summary(core);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((core.now_ms(), value.clone()));
        core.hub.health_changed();
        core.hub.broadcast(&Broadcast { stateful: true, ..Broadcast::new("health", &value, IfSlow::Close) });
        value
    }
}

fn summary(core: &Core) -> Value {
    let started = core.now_ms();
    let now = core.snapshot();
    let agents: Vec<Value> =
        now.agents.all.values().map(|agent| agent_summary(&now, agent, started)).collect();
    let sessions = now.agents.get(&now.agents.default_id).map(|agent| sessions(agent, started));
    let mut health = json!({
        "ok": true, "ts": started, "durationMs": core.now_ms() - started,
        "channels": {}, "channelOrder": [], "channelLabels": {},
        "heartbeatSeconds": 1800, "defaultAgentId": now.agents.default_id,
        "agents": agents, "sessions": sessions, "config": core.reload.summary(&now.loaded),
        "disk": null,
    });
    look_again(core, &mut health);
    health
}

/// Puts in what the disk says at this moment: a minute is long for one that fills, or a folder that is gone.
pub(crate) fn look_again(core: &Core, health: &mut Value) {
    let disk = disk(core);
    let mut is_well = disk["ok"] == true;
    health["disk"] = disk;
    let now = core.snapshot();
    for summary in health["agents"].as_array_mut().into_iter().flatten() {
        let agent = summary["agentId"].as_str().and_then(|id| now.agents.get(id));
        let Some(agent) = agent else { continue };
        let workspace = workspace(agent.workspace.path());
        is_well &= workspace["ok"] == true;
        summary["workspace"] = workspace;
    }
    health["ok"] = is_well.into();
}

/// Room on the disk of what is accepted; ours, the release says nothing of it.
pub(crate) fn disk(core: &Core) -> Value {
    room(DiskSpace::of(&core.locations.state_dir).free_bytes())
}

fn room(free_bytes: u64) -> Value {
    // A file system that does not say how much it has left is not full before a write says so.
    let known = (free_bytes < u64::MAX).then_some(free_bytes);
    json!({"ok": free_bytes >= MIN_FREE_BYTES, "freeBytes": known, "minFreeBytes": MIN_FREE_BYTES})
}

fn agent_summary(now: &Snapshot, agent: &AgentRuntime, now_ms: i64) -> Value {
    json!({
        "agentId": agent.id, "isDefault": agent.id == now.agents.default_id,
        "heartbeat": heartbeat(now.config()),
        "sessions": sessions(agent, now_ms),
    })
}

/// Whether the folder of notes is there; ours, the release says nothing of it.
fn workspace(path: &Path) -> Value {
    json!({"ok": path.is_dir(), "path": path.to_string_lossy()})
}

/// Heartbeats do not run in this build yet, and say so.
pub(crate) fn heartbeat(config: &Config) -> Value {
    let configured = &config.agents.defaults.heartbeat;
    json!({
        "enabled": false, "every": configured.every.as_deref().unwrap_or(HEARTBEAT_EVERY), "everyMs": null,
        "prompt": configured.prompt.as_deref().unwrap_or_default(),
        "target": configured.target.as_deref().unwrap_or("last"), "ackMaxChars": configured.ack_max_chars,
    })
}

fn sessions(agent: &AgentRuntime, now_ms: i64) -> Value {
    let mut rows = agent.sessions.list();
    rows.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.updated_at()));
    let recent: Vec<Value> = rows
        .iter()
        .take(RECENT)
        .map(|(key, entry)| json!({"key": key, "updatedAt": entry.updated_at(), "age": now_ms - entry.updated_at()}))
        .collect();
    let mut sessions =
        json!({"path": agent.sessions.path().to_string_lossy(), "count": rows.len(), "recent": recent});
    if agent.sessions.report().is_rebuilding {
        // Ours, and only while it is so: the index was lost, and more sessions are still being found.
        sessions["rebuilding"] = json!(true);
    }
    sessions
}

#[cfg(test)]
mod tests {
    use super::{room, workspace};
    use openclaw_store::MIN_FREE_BYTES;
    use serde_json::json;

    #[test]
    fn a_workspace_that_is_gone_is_not_well() {
        let home = tempfile::tempdir().unwrap();
        let gone = home.path().join("gone");
        assert_eq!(workspace(home.path())["ok"], true);
        assert_eq!(workspace(&gone), json!({"ok": false, "path": gone.to_str()}));
    }

    #[test]
    fn a_disk_that_takes_nothing_new_is_not_well() {
        let least = MIN_FREE_BYTES;
        let rows = [
            (least - 1, false, json!(least - 1)),
            (least, true, json!(least)),
            (u64::MAX, true, json!(null)),
        ];
        for (free, ok, shown) in rows {
            assert_eq!(room(free), json!({"ok": ok, "freeBytes": shown, "minFreeBytes": least}));
        }
    }
}
