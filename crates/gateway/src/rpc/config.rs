//! `config.get`: the file as it is, secrets redacted by declaration.

use openclaw_config::{redact, redact_text};
use serde_json::{Value, json};

use super::{Call, Reply, RpcResult};

pub(super) fn get(call: &Call<'_>) -> Reply {
    let core = std::sync::Arc::clone(call.core);
    Reply::blocking(move || snapshot(&core))
}

/// Reads the file anew: it may have been edited since the start.
fn snapshot(core: &crate::core::Core) -> RpcResult {
    let path = core.locations.config_path.to_string_lossy().into_owned();
    match openclaw_config::load(&core.locations, core.reload.env()) {
        Ok(loaded) => {
            let raw = loaded.raw.as_deref().and_then(redact_text);
            let parsed = redact(&loaded.parsed);
            let warnings: Vec<Value> = loaded.warnings.iter().map(issue).collect();
            Ok(json!({
                "path": path, "exists": loaded.exists, "raw": raw, "parsed": parsed, "valid": true,
                "config": parsed, "hash": loaded.hash, "issues": [], "warnings": warnings, "legacyIssues": [],
            }))
        }
        Err(error) => {
            let mut issues: Vec<Value> = error.problems().iter().map(issue).collect();
            if issues.is_empty() {
                issues.push(json!({"path": "", "message": error.to_string()}));
            }
            Ok(json!({
                "path": path, "exists": true, "raw": null, "parsed": {}, "valid": false, "config": {},
                "hash": null, "issues": issues, "warnings": [], "legacyIssues": [],
            }))
        }
    }
}

fn issue(problem: &openclaw_config::Problem) -> Value {
    json!({"path": problem.key.to_string(), "message": problem.to_string()})
}
