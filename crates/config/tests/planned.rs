//! What is configured and does not run yet, by declaration.

use openclaw_config::{Env, Key, MAX_PLANNED, declared_keys, parse, planned};
use serde_json::{Value, json};

/// The keys that are named for a configuration, or what is wrong with it.
fn named(config: &Value) -> Vec<String> {
    let env = Env::from([("MODE", "off"), ("SCOPE", "per-peer")]);
    match parse(&config.to_string(), "f", &env) {
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
        Ok(parsed) => {
            let found = planned(&parsed.config, &parsed.value, &parsed.effective);
            found.into_iter().map(|(key, _)| key.to_string()).collect()
        }
    }
}

fn is_covered(key: &Key) -> bool {
    key.planned.is_some() && key.met_by.is_empty()
}

/// Every key that this build follows, so that a key that is declared anew asks for a decision: does anything run by it?
/// A key stands here with the values that are followed where others are not.
#[test]
fn the_keys_that_are_followed() {
    let all = declared_keys();
    let covered: Vec<&str> =
        all.iter().filter(|(_, key)| is_covered(key)).map(|(path, _)| path.as_str()).collect();
    let is_below = |path: &str, above: &str| {
        path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let followed: Vec<String> = all
        .iter()
        .filter(|(path, _)| !covered.iter().any(|above| is_below(path, above)))
        .map(|(path, key)| format!("{path} {}", key.met_by.join("|")).trim().to_owned())
        .collect();
    insta::assert_snapshot!(followed.join("\n"));
}

/// A reason is half a sentence that goes on behind the key's name.
#[test]
fn reasons_read_well_behind_a_key() {
    for (path, key) in declared_keys() {
        let Some(why) = key.planned else { continue };
        assert!(!why.ends_with('.') && why.len() < 100, "{path}: {why}");
        assert!(why.contains("yet") || why.contains("this build"), "{path}: {why}");
    }
}

#[test]
fn only_the_outer_key_is_named_and_only_what_stands_in_the_file() {
    for (config, expected) in [
        (json!({}), &[][..]),
        (json!({"gateway": {"mode": "local", "port": 1}, "meta": {}, "ui": {"seamColor": "#000000"}}), &[]),
        (json!({"browser": {"profiles": {"a": {"color": "#000000", "cdpPort": 1}}}}), &["browser"]),
        (json!({"bindings": []}), &[]),
        (json!({"bindings": [{"agentId": "a", "match": {"channel": "x"}}]}), &["bindings"]),
        (
            json!({"agents": {"list": [{"id": "a", "skills": ["x"], "name": "A"}]}}),
            &["agents.list[0].skills"],
        ),
        // What an agent takes over from the defaults is named where it stands.
        (
            json!({"agents": {
                "defaults": {"memorySearch": {"store": {"vector": {"extensionPath": "x"}}}},
                "list": [{"id": "a", "memorySearch": {}}],
            }}),
            &["agents.defaults.memorySearch.store.vector"],
        ),
        (
            json!({"agents": {"defaults": {"subagents": {"model": {"primary": "a/b", "fallbacks": ["c/d"]}}}}}),
            &["agents.defaults.subagents"],
        ),
        (json!({"agents": {"defaults": {"model": {"primary": "a/b", "fallbacks": ["c/d"]}}}}), &[]),
        (json!({"agents": {"defaults": {"model": "a/b", "models": {"a/b": {"alias": "x"}}}}}), &[]),
        (
            json!({"models": {"providers": {"p.q": {"baseUrl": "http://x", "api": "bedrock-converse-stream"}}}}),
            &["models.providers[\"p.q\"].api"],
        ),
    ] {
        assert_eq!(named(&config), expected, "{config}");
    }
}

#[test]
fn what_is_switched_off_is_not_configured() {
    for (config, expected) in [
        (json!({"cron": {"enabled": false, "maxConcurrentRuns": 2}}), &[][..]),
        (json!({"cron": {"maxConcurrentRuns": 2}}), &["cron"]),
        (json!({"cron": {"enabled": true}}), &["cron"]),
        // Off unless somebody says on.
        (json!({"gateway": {"tls": {"certPath": "c"}}}), &[]),
        (json!({"gateway": {"tls": {"enabled": true}}}), &["gateway.tls"]),
        (json!({"hooks": {"token": "t"}}), &[]),
        // What stands in something that is off may have a switch of its own.
        (json!({"hooks": {"internal": {"enabled": true}}}), &["hooks.internal"]),
        (json!({"hooks": {"enabled": true, "internal": {"enabled": true}}}), &["hooks"]),
        (json!({"agents": {"defaults": {"memorySearch": {"enabled": false, "model": "m"}}}}), &[]),
        (json!({"agents": {"defaults": {"heartbeat": {"every": "0m", "target": "last"}}}}), &[]),
        (json!({"agents": {"defaults": {"heartbeat": {"every": "30m"}}}}), &["agents.defaults.heartbeat"]),
        (json!({"agents": {"defaults": {"sandbox": {"mode": "off", "scope": "agent"}}}}), &[]),
        (json!({"agents": {"defaults": {"sandbox": {"docker": {"image": "i"}}}}}), &[]),
        (json!({"agents": {"defaults": {"sandbox": {"mode": "all"}}}}), &["agents.defaults.sandbox"]),
        (json!({"discovery": {"mdns": {"mode": "off"}, "wideArea": {"enabled": false}}}), &[]),
        (json!({"commands": {"bash": false, "text": true, "native": "auto"}}), &[]),
        (json!({"commands": {"bash": true, "text": false}}), &["commands.bash", "commands.text"]),
        (json!({"skills": {"entries": {"x": {"enabled": false, "apiKey": "k"}}}}), &[]),
        (json!({"skills": {"entries": {"x": {"apiKey": "k"}}}}), &["skills"]),
        (json!({"gateway": {"tailscale": {"mode": "off", "resetOnExit": true}}}), &[]),
    ] {
        assert_eq!(named(&config), expected, "{config}");
    }
}

#[test]
fn values_that_ask_for_what_happens_anyway_are_not_named() {
    for (config, expected) in [
        (json!({"session": {"scope": "global", "dmScope": "main", "mainKey": "x"}}), &[][..]),
        (json!({"session": {"dmScope": "per-peer"}}), &["session.dmScope"]),
        (json!({"session": {"typingMode": "never"}}), &[]),
        (json!({"session": {"typingMode": "instant"}}), &["session.typingMode"]),
        (json!({"gateway": {"bind": "lan"}}), &[]),
        (json!({"gateway": {"bind": "tailnet"}}), &["gateway.bind"]),
        (json!({"agents": {"defaults": {"memorySearch": {"provider": "none", "sources": ["memory"]}}}}), &[]),
        (json!({"agents": {"defaults": {"memorySearch": {"sources": ["memory", "sessions"]}}}}), &[]),
        // A variable counts as its value.
        (json!({"agents": {"defaults": {"sandbox": {"mode": "${MODE}"}}}}), &[]),
        (json!({"session": {"dmScope": "${SCOPE}"}}), &["session.dmScope"]),
    ] {
        assert_eq!(named(&config), expected, "{config}");
    }
}

#[test]
fn channels_are_named_by_their_switches() {
    let off = json!({"enabled": false});
    for (config, expected) in [
        (json!({"channels": {"telegram": {}, "slack": off}}), &["channels.telegram"][..]),
        (json!({"channels": {"whatsapp": {"accounts": {"a": off}}}}), &[]),
        (json!({"channels": {"xmpp": {"server": "x"}}}), &["channels.xmpp"]),
        (json!({"channels": {"defaults": {"groupPolicy": "open"}}}), &["channels.defaults"]),
        (json!({"channels": {"telegram": {}}, "plugins": {"deny": ["telegram"]}}), &[]),
    ] {
        assert_eq!(named(&config), expected, "{config}");
    }
}

#[test]
fn a_long_list_ends() {
    let agents: Vec<Value> = (0..200).map(|id| json!({"id": format!("a{id}"), "skills": ["x"]})).collect();
    assert_eq!(named(&json!({"agents": {"list": agents}})).len(), MAX_PLANNED);
}
