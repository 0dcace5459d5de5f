//! Configured things that this build cannot run yet. They are an error in `status`, never only a log line.

use openclaw_config::Config;
use serde_json::{Value, json};

/// What is configured and does not run, as `{key, reason}` objects, for `status`.
#[must_use]
pub fn unsupported(config: &Config) -> Vec<Value> {
    let hooks = &config.extensions.hooks;
    let rows = [
        (hooks.enabled, "hooks", "webhooks are not part of this build yet"),
        (
            config.agents.defaults.heartbeat.every.is_some(),
            "agents.defaults.heartbeat",
            "heartbeats are not part of this build yet",
        ),
        (
            !config.bindings.is_empty(),
            "bindings",
            "there are no channels in this build yet, so nothing is routed",
        ),
        (
            config.gateway.http.endpoints.chat_completions.enabled,
            "gateway.http.endpoints.chatCompletions",
            "the HTTP endpoints are not part of this build yet",
        ),
        (
            config.gateway.http.endpoints.responses.enabled,
            "gateway.http.endpoints.responses",
            "the HTTP endpoints are not part of this build yet",
        ),
        (
            config.gateway.tls.enabled,
            "gateway.tls",
            "the gateway does not speak TLS yet; use a reverse proxy",
        ),
    ];
    rows.into_iter()
        .filter(|(configured, _, _)| *configured)
        .map(|(_, key, reason)| json!({"key": key, "reason": reason}))
        .collect()
}
