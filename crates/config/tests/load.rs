//! Files that are right, and what becomes of them.

use std::error::Error;

use openclaw_config::{
    Bind, EmbeddingProvider, Env, Loaded, LocationFlags, Locations, ModelApi, ReloadMode, hash, load, parse,
};
use openclaw_guard::write_atomic;

fn loaded(files: &[(&str, &str)], env: &Env) -> Result<Loaded, Box<dyn Error>> {
    let home = tempfile::tempdir()?;
    let state = home.path().to_string_lossy();
    let places = Env::from([("OPENCLAW_HOME", "/nonexistent"), ("OPENCLAW_STATE_DIR", &*state)]);
    for (name, text) in files {
        write_atomic(&home.path().join(name), text.as_bytes())?;
    }
    Ok(load(&Locations::resolve(&places, LocationFlags::default())?, env)?)
}

#[test]
fn no_file_means_defaults() {
    let loaded = loaded(&[], &Env::default()).unwrap();
    assert!(!loaded.exists && loaded.raw.is_none() && loaded.hash.is_none());
    assert_eq!(loaded.parsed, serde_json::json!({}));
    let config = loaded.config;
    assert_eq!((config.gateway.bind, config.gateway.reload.mode), (Bind::Loopback, ReloadMode::Hybrid));
    assert_eq!(config.gateway.reload.debounce_ms, 300);
    let search = config.agents.memory_search("main");
    assert_eq!((search.query.max_results, search.chunking.tokens), (6, 400));
    assert_eq!(search.provider, EmbeddingProvider::Auto);
    assert_eq!(config.agents.default_id(), "main");
}

/// The kind of file that the release's wizard leaves behind.
const ORDINARY: &str = r#"{
  "meta": { "lastTouchedVersion": "2026.2.9", "lastTouchedAt": "2026-11-20T10:43:10.862Z" },
  "wizard": { "lastRunMode": "local", "lastRunCommand": "onboard" },
  "update": { "checkOnStart": false },
  "auth": { "profiles": { "anthropic:default": { "provider": "anthropic", "mode": "api_key" } } },
  "env": { "vars": { "LATER_KEY": "${EARLY_KEY}-2" }, "INLINE_KEY": "inline", "shellEnv": { "enabled": false } },
  "models": { "mode": "merge", "providers": { "mock": {
    "baseUrl": "http://127.0.0.1:18999/v1", "apiKey": "${LATER_KEY}", "api": "openai-completions",
    "models": [ { "id": "mock-1", "name": "Mock One", "reasoning": false, "input": ["text"],
      "cost": { "input": 1, "output": 2, "cacheRead": 0, "cacheWrite": 0 }, "contextWindow": 64000, "maxTokens": 4096 } ] } } },
  "agents": {
    "defaults": { "model": { "primary": "mock/mock-1", "fallbacks": ["mock/b"] }, "workspace": "~/w",
      "memorySearch": { "provider": "openai", "remote": { "baseUrl": "http://127.0.0.1/v1", "apiKey": "k" }, "model": "embed" },
      "heartbeat": { "every": "6h" }, "maxConcurrent": 4, "subagents": { "maxConcurrent": 8 }, "compaction": { "mode": "safeguard" } },
    "list": [ { "id": "main" }, { "id": "two", "default": true, "name": "Two", "model": "mock/c",
      "identity": { "name": "Two", "emoji": "🦞" }, "memorySearch": { "query": { "maxResults": 3 } } } ] },
  "commands": { "native": "auto", "nativeSkills": false },
  "session": { "dmScope": "per-channel-peer", "reset": { "mode": "daily", "atTime": 4 } },
  "hooks": { "enabled": true, "token": "t", "internal": { "enabled": true, "entries": { "session-memory": { "enabled": true } } } },
  "plugins": { "slots": { "memory": "memory-core" }, "entries": { "telegram": { "enabled": true } } },
  "gateway": { "port": 18790, "mode": "local", "bind": "lan", "auth": { "mode": "token", "token": "${EARLY_KEY}" },
    "http": { "endpoints": { "chatCompletions": { "enabled": true } } }, "tailscale": { "mode": "off", "resetOnExit": false } },
  "messages": { "ackReactionScope": "group-mentions" }, "discovery": { "mdns": { "mode": "off" } },
}"#;

#[test]
fn an_ordinary_file_of_the_release_loads() {
    let loaded = loaded(
        &[("openclaw.json", ORDINARY), (".env", "EARLY_KEY=early\nINLINE_KEY=from-dotenv\n")],
        &Env::default(),
    )
    .unwrap();
    assert_eq!(loaded.hash.as_deref(), Some(hash(ORDINARY).as_str()));
    assert_eq!(loaded.raw.as_deref(), Some(ORDINARY));
    assert!(loaded.warnings.is_empty());
    let config = &loaded.config;
    let provider = &config.models.providers["mock"];
    assert_eq!(provider.api, Some(ModelApi::OpenaiCompletions));
    assert!(provider.api_key.as_ref().unwrap().matches("early-2"));
    assert_eq!(provider.models[0].max_tokens, Some(4096));
    assert!(config.gateway.auth.token.as_ref().unwrap().matches("early"));
    assert_eq!(config.agents.default_id(), "two");
    let search = config.agents.memory_search("two");
    assert_eq!((search.model.as_deref(), search.query.max_results), (Some("embed"), 3));
    let model = config.agents.model("two");
    assert_eq!((model.primary.as_deref(), model.fallbacks.unwrap().len()), (Some("mock/c"), 1));
    assert_eq!(loaded.env.get("INLINE_KEY"), Some("from-dotenv"));
    assert_eq!(loaded.parsed["gateway"]["auth"]["token"], "${EARLY_KEY}");
}

#[test]
fn the_process_environment_wins_over_both_files() {
    let env = Env::from([("EARLY_KEY", "process")]);
    let loaded = loaded(&[("openclaw.json", ORDINARY), (".env", "EARLY_KEY=early\n")], &env).unwrap();
    assert!(loaded.config.gateway.auth.token.as_ref().unwrap().matches("process"));
    assert_eq!(loaded.env.get("INLINE_KEY"), Some("inline"));
}

#[test]
fn the_hash_is_sha_256_in_hexadecimal() {
    assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn a_model_may_be_a_string_or_an_object() {
    for (text, primary, fallbacks) in [("'a/b'", Some("a/b"), None), ("{fallbacks: []}", None, Some(0))] {
        let text = format!("{{agents: {{defaults: {{model: {text}}}}}}}");
        let config = parse(&text, "f", &Env::default()).map_err(|p| p.len()).map(|p| p.config).unwrap();
        let model = config.agents.defaults.model.unwrap();
        assert_eq!((model.primary.as_deref(), model.fallbacks.map(|list| list.len())), (primary, fallbacks));
    }
}

#[test]
fn secrets_are_those_in_use_and_those_of_the_environment() {
    let text =
        "{ gateway: { auth: { token: 'pre-${PART}', mode: 'token' } }, env: { vars: { MORE: 'value' } } }";
    let env = Env::from([("PART", "fix"), ("HOME", "/home/me"), ("OPENCLAW_GATEWAY_PASSWORD", "word")]);
    let loaded =
        loaded(&[("openclaw.json", text), (".env", "SOME_API_KEY=key\nEMPTY_TOKEN=")], &env).unwrap();
    let mut found: Vec<String> = loaded.secrets().iter().map(|secret| secret.expose().to_owned()).collect();
    found.sort();
    assert_eq!(found, ["key", "pre-fix", "word"]);
}
