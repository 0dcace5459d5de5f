//! What a valid configuration still lacks to run, and what of it this build cannot run.

use openclaw_config::GatewayMode;
use serde_json::Value;

use super::findings::{Finding, Severity};
use super::snapshot::Snapshot;

pub(super) fn findings(snapshot: &Snapshot) -> Vec<Finding> {
    let Ok(loaded) = &snapshot.config.loaded else { return Vec::new() };
    let path = &loaded.path;
    if !loaded.exists {
        return Vec::new(); // said as what the file is: gone
    }
    let mut all = Vec::new();
    match loaded.config.gateway.mode {
        None => all.push(
            Finding::new("gateway.mode", Severity::Error, "is not set, so the gateway does not start here")
                .at(path)
                .key("gateway.mode")
                .by_hand("`openclaw config set gateway.mode local`"),
        ),
        Some(GatewayMode::Local) if !openclaw_gateway::has_secret(loaded) => all.push(
            Finding::new("gateway.secret", Severity::Error, "is not set, so the gateway does not start")
                .at(path)
                .key("gateway.auth.token")
                .by_hand(
                    "set it, or OPENCLAW_GATEWAY_TOKEN in the environment or the .env of the state directory",
                ),
        ),
        Some(GatewayMode::Local | GatewayMode::Remote) => {}
    }
    let rows = openclaw_gateway::unsupported(loaded, &snapshot.at.state_dir);
    all.extend(rows.iter().map(|row| {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Finding::new("config.unsupported", Severity::Warning, text("reason")).at(path).key(text("key"))
    }));
    all
}
