//! `config.get` and `config.schema`.

use std::sync::Arc;

use openclaw_config::{
    Editor, Loaded, Problem, ProblemKind, form_hints, form_schema, load, redact, redact_text,
};
use openclaw_guard::iso_millis;
use serde_json::{Value, json};

use super::super::{Call, Reply, RpcResult};
use crate::core::Core;

pub(in crate::rpc) fn get(call: &Call<'_>) -> Reply {
    let core = Arc::clone(call.core);
    Reply::blocking(move || Ok(snapshot(&core)))
}

/// Reads the files anew: they may have been edited since they were applied.
fn snapshot(core: &Core) -> Value {
    let error = match load(&core.locations, core.reload.env()) {
        Ok(loaded) => return valid(&loaded),
        Err(error) => error,
    };
    let problems = error.problems();
    let legacy = problems.iter().filter(|problem| matches!(problem.kind, ProblemKind::RetiredKey { .. }));
    let legacy: Vec<Value> = legacy.map(issue).collect();
    let mut issues: Vec<Value> = problems.iter().map(issue).collect();
    if issues.is_empty() {
        issues.push(json!({"path": "", "message": error.to_string()}));
    }
    // A file that is not even JSON5 is not shown: nobody can say what in it is secret.
    let found = Editor::open(&core.locations, core.reload.env()).ok();
    let parsed = found.as_ref().map_or_else(|| json!({}), |found| redact(&found.value()));
    let raw = found.as_ref().and_then(|found| redact_text(found.found()?));
    // Without a hash no client can write over it: of a file that cannot be read, everything would be lost.
    let hash = found
        .as_ref()
        .filter(|found| found.is_readable())
        .and_then(|found| found.hash().map(ToOwned::to_owned));
    json!({
        "path": core.locations.config_path, "exists": true, "raw": raw, "parsed": parsed, "valid": false,
        "config": parsed, "hash": hash, "issues": issues, "warnings": [], "legacyIssues": legacy,
    })
}

fn valid(loaded: &Loaded) -> Value {
    let raw = loaded.raw.as_deref().and_then(redact_text);
    let parsed = redact(&loaded.parsed);
    let warnings: Vec<Value> = loaded.warnings.iter().map(issue).collect();
    json!({
        "path": loaded.path, "exists": loaded.exists, "raw": raw, "parsed": parsed, "valid": true,
        "config": parsed, "hash": loaded.hash, "issues": [], "warnings": warnings, "legacyIssues": [],
    })
}

/// A problem as clients read it.
pub(super) fn issue(problem: &Problem) -> Value {
    json!({"path": problem.key.to_string(), "message": problem.to_string()})
}

pub(in crate::rpc) fn schema(call: &Call<'_>) -> Reply {
    let now_ms = call.core.now_ms();
    Reply::blocking(move || -> RpcResult {
        Ok(json!({
            "schema": form_schema(), "uiHints": form_hints(), "version": crate::VERSION,
            "generatedAt": iso_millis(now_ms),
        }))
    })
}
