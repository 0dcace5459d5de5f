//! Configured things that this build cannot run yet. They are an error in `status`, never only a log line.

use std::path::Path;

use openclaw_config::{Config, DmScope, SandboxMode, SessionScope, configured_channels};
use serde_json::{Value, json};

use crate::tool_policy;

/// What is configured and does not run, as `{key, reason}` objects, for `status`.
#[must_use]
pub fn unsupported(config: &Config, state_dir: &Path) -> Vec<Value> {
    let main = openclaw_protocol::session_key::agent_id(config.agents.default_id());
    let exec =
        tool_policy::exec_refusal(config, &main, state_dir).filter(|_| config.tools.exec.security.is_some());
    parts(config)
        .into_iter()
        .chain(settings(config))
        .filter(|(configured, _, _)| *configured)
        .map(|(_, key, reason)| json!({"key": key, "reason": reason}))
        .chain(configured_channels(config).into_iter().map(|channel| {
            json!({"key": format!("channels.{channel}"), "reason": "channels are not part of this build yet"})
        }))
        .chain(exec.map(|why| json!({"key": "tools.exec", "reason": format!("no commands run: {why}")})))
        .collect()
}

type Row = (bool, &'static str, &'static str);

/// Whole parts of the product that are not here yet.
fn parts(config: &Config) -> Vec<Row> {
    let endpoints = &config.gateway.http.endpoints;
    let no_endpoints = "the HTTP endpoints are not part of this build yet";
    vec![
        (config.extensions.hooks.enabled, "hooks", "webhooks are not part of this build yet"),
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
        (endpoints.chat_completions.enabled, "gateway.http.endpoints.chatCompletions", no_endpoints),
        (endpoints.responses.enabled, "gateway.http.endpoints.responses", no_endpoints),
        (
            config.gateway.tls.enabled,
            "gateway.tls",
            "the gateway does not speak TLS yet; use a reverse proxy",
        ),
    ]
}

/// Settings of parts that are here, which they do not follow yet.
fn settings(config: &Config) -> Vec<Row> {
    let session = &config.session;
    let sandbox = config.agents.defaults.sandbox.mode;
    vec![
        (
            session.scope == SessionScope::Global,
            "session.scope",
            "every chat has its own session in this build",
        ),
        (session.dm_scope != DmScope::Main, "session.dmScope", "there are no channels in this build yet"),
        (
            session.reset.is_some() || session.idle_minutes.is_some(),
            "session.reset",
            "sessions are not started over by time yet",
        ),
        (
            sandbox.is_some_and(|mode| mode != SandboxMode::Off),
            "agents.defaults.sandbox",
            "there is no sandbox in this build yet, so no commands run",
        ),
    ]
}
