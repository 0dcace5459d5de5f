//! What `doctor` makes of configurations of earlier releases.

use std::collections::BTreeSet;

use openclaw_config::{
    Env, Migrations, declared_keys, is_declared, migrations, parse, retired_names, validate,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The migrations of a value, after the proof that their changes make their result and that nothing is left to do.
fn migrated(value: &Value) -> Migrations {
    let all = migrations(value);
    let mut applied = value.clone();
    for change in all.changes() {
        assert_eq!(change.apply(&mut applied), Ok(()), "{change:?}");
    }
    assert_eq!(applied, all.result);
    let again = migrations(&all.result);
    assert_eq!(again.steps, [], "migrating twice changes nothing");
    assert_eq!(again.obstacles, all.obstacles);
    all
}

fn problems(value: &Value) -> Vec<String> {
    validate(value, "f", &Env::default()).iter().map(ToString::to_string).collect()
}

/// Old and new.
fn renamed() -> Vec<(Value, Value)> {
    vec![
        (json!({"telegram": {"botToken": "t"}}), json!({"channels": {"telegram": {"botToken": "t"}}})),
        (
            json!({"whatsapp": {"allowFrom": ["+1"]}}),
            json!({"channels": {"whatsapp": {"allowFrom": ["+1"]}}}),
        ),
        (json!({"discord": {"token": "t"}}), json!({"channels": {"discord": {"token": "t"}}})),
        (json!({"slack": {"botToken": "t"}}), json!({"channels": {"slack": {"botToken": "t"}}})),
        (json!({"signal": {"account": "+1"}}), json!({"channels": {"signal": {"account": "+1"}}})),
        (json!({"imessage": {"cliPath": "imsg"}}), json!({"channels": {"imessage": {"cliPath": "imsg"}}})),
        (json!({"msteams": {"appId": "a"}}), json!({"channels": {"msteams": {"appId": "a"}}})),
        (
            json!({"telegram": {"botToken": "t"}, "channels": {"telegram": {"botToken": "t", "dmPolicy": "open"}}}),
            json!({"channels": {"telegram": {"botToken": "t", "dmPolicy": "open"}}}),
        ),
        (json!({"gateway": {"token": "t"}}), json!({"gateway": {"auth": {"token": "t"}}})),
        (
            json!({"routing": {"bindings": [{"agentId": "a", "match": {"provider": "slack", "accountID": "x"}}]}}),
            json!({"bindings": [{"agentId": "a", "match": {"channel": "slack", "accountId": "x"}}]}),
        ),
        (
            json!({"session": {"sendPolicy": {"rules": [{"action": "deny", "match": {"provider": "slack"}}]}}}),
            json!({"session": {"sendPolicy": {"rules": [{"action": "deny", "match": {"channel": "slack"}}]}}}),
        ),
        (
            json!({"routing": {"agentToAgent": {"enabled": true}}}),
            json!({"tools": {"agentToAgent": {"enabled": true}}}),
        ),
        (
            json!({"routing": {"queue": {"mode": "collect", "byProvider": {"slack": "steer"}}}}),
            json!({"messages": {"queue": {"mode": "collect", "byChannel": {"slack": "steer"}}}}),
        ),
        (
            json!({"routing": {"groupChat": {"historyLimit": 9, "mentionPatterns": ["@x"]}}}),
            json!({"messages": {"groupChat": {"historyLimit": 9, "mentionPatterns": ["@x"]}}}),
        ),
        (json!({"tools": {"bash": {"timeoutSec": 5}}}), json!({"tools": {"exec": {"timeoutSec": 5}}})),
        (
            json!({"memorySearch": {"provider": "local"}}),
            json!({"agents": {"defaults": {"memorySearch": {"provider": "local"}}}}),
        ),
        (json!({"routing": {}, "agent": {}}), json!({"agents": {"defaults": {}}})),
    ]
}

fn reshaped() -> Vec<(Value, Value)> {
    vec![
        (
            json!({"agent": {
                "model": "a/b", "bash": {"timeoutSec": 5}, "elevated": {"enabled": true},
                "tools": {"allow": ["read"], "deny": ["exec"]}, "sandbox": {"mode": "all", "tools": {"allow": ["x"]}},
                "subagents": {"maxConcurrent": 2, "tools": {"deny": ["y"]}}, "workspace": "~/w",
            }}),
            json!({
                "tools": {
                    "exec": {"timeoutSec": 5}, "elevated": {"enabled": true}, "allow": ["read"], "deny": ["exec"],
                    "sandbox": {"tools": {"allow": ["x"]}}, "subagents": {"tools": {"deny": ["y"]}},
                },
                "agents": {"defaults": {
                    "model": "a/b", "sandbox": {"mode": "all"}, "subagents": {"maxConcurrent": 2}, "workspace": "~/w",
                }},
            }),
        ),
        (
            json!({"agent": {"model": "a/b", "modelFallbacks": ["c/d"], "imageModelFallbacks": ["e/f"]}}),
            json!({"agents": {"defaults": {
                "model": {"primary": "a/b", "fallbacks": ["c/d"]}, "imageModel": {"fallbacks": ["e/f"]},
            }}}),
        ),
        (
            json!({"agents": {"defaults": {"model": {"primary": "a/b", "fallbacks": []}, "modelFallbacks": ["c/d"]}}}),
            json!({"agents": {"defaults": {"model": {"primary": "a/b", "fallbacks": ["c/d"]}}}}),
        ),
        (
            json!({"agent": {"model": "a/b", "allowedModels": ["c/d"], "modelAliases": {"fast": "e/f"}}}),
            json!({"agents": {"defaults": {
                "model": "a/b", "models": {"c/d": {}, "e/f": {"alias": "fast"}, "a/b": {}},
            }}}),
        ),
        (
            json!({"routing": {"agents": {"work": {
                "name": "W", "mentionPatterns": ["@w"], "sandbox": {"mode": "all", "tools": {"allow": ["read"]}},
            }}, "defaultAgentId": "work"}}),
            json!({"agents": {"list": [{
                "id": "work", "name": "W", "groupChat": {"mentionPatterns": ["@w"]}, "sandbox": {"mode": "all"},
                "tools": {"sandbox": {"tools": {"allow": ["read"]}}}, "default": true,
            }]}}),
        ),
        (
            json!({"routing": {"defaultAgentId": "b"}, "agents": {"list": [{"id": "a"}, {"id": "b"}]}}),
            json!({"agents": {"list": [{"id": "a"}, {"id": "b", "default": true}]}}),
        ),
        (
            json!({"identity": {"name": "Mia", "emoji": "🐈"}}),
            json!({"agents": {"list": [{"id": "main", "identity": {"name": "Mia", "emoji": "🐈"}}]}}),
        ),
        (
            json!({"identity": {"name": "Mia"}, "routing": {"agents": {"a": {}, "b": {}}, "defaultAgentId": "b"}}),
            json!({"agents": {"list": [{"id": "a"}, {"id": "b", "default": true, "identity": {"name": "Mia"}}]}}),
        ),
        (
            json!({"routing": {"allowFrom": ["+1"]}, "whatsapp": {}}),
            json!({"channels": {"whatsapp": {"allowFrom": ["+1"]}}}),
        ),
        (
            json!({"telegram": {"botToken": "t", "requireMention": false}}),
            json!({"channels": {"telegram": {"botToken": "t", "groups": {"*": {"requireMention": false}}}}}),
        ),
        (
            json!({"routing": {"groupChat": {"requireMention": true}},
                "channels": {"telegram": {"groups": {"*": {"requireMention": false}}}, "imessage": {}}}),
            json!({"channels": {
                "telegram": {"groups": {"*": {"requireMention": false}}},
                "imessage": {"groups": {"*": {"requireMention": true}}},
            }}),
        ),
        (
            json!({"routing": {"transcribeAudio": {"command": ["whisper", "--x"], "timeoutSeconds": 9}}}),
            json!({"tools": {"media": {"audio": {"enabled": true, "models": [
                {"type": "cli", "command": "whisper", "args": ["--x"], "timeoutSeconds": 9},
            ]}}}}),
        ),
        (
            json!({"audio": {"transcription": {"command": ["whisper"]}}, "tools": {"media": {"audio": {"enabled": false}}}}),
            json!({"tools": {"media": {"audio": {"enabled": false, "models": [{"type": "cli", "command": "whisper"}]}}}}),
        ),
        (json!({"messages": {"tts": {"enabled": true}}}), json!({"messages": {"tts": {"auto": "always"}}})),
        (json!({"messages": {"tts": {"enabled": false}}}), json!({"messages": {"tts": {"auto": "off"}}})),
        (
            json!({"auth": {"profiles": {"anthropic:claude-cli": {"provider": "anthropic", "mode": "token"}}}}),
            json!({"auth": {"profiles": {"anthropic:claude-cli": {"provider": "anthropic", "mode": "oauth"}}}}),
        ),
    ]
}

#[test]
fn old_configurations_become_valid_ones() {
    for (old, new) in renamed().into_iter().chain(reshaped()) {
        let all = migrated(&old);
        assert_eq!(all.result, new, "{old}");
        assert_eq!(all.obstacles, [], "{old}");
        assert_eq!(problems(&all.result), [""; 0], "{old}");
        assert!(all.steps.iter().all(|step| step.about.ends_with(|last: char| !last.is_whitespace())));
    }
}

#[test]
fn what_is_valid_stays_as_it_is() {
    for config in [
        json!({}),
        json!({"gateway": {"mode": "local", "auth": {"token": "t"}}, "channels": {"telegram": {"botToken": "t"}}}),
        json!({"messages": {"tts": {"enabled": true, "auto": "off"}}}),
        json!({"agents": {"defaults": {"model": "a/b"}, "list": [{"id": "a", "identity": {"name": "x"}}]}}),
    ] {
        let all = migrated(&config);
        assert_eq!((all.steps, all.obstacles), (Vec::new(), Vec::new()), "{config}");
    }
}

/// Nothing is dropped or overwritten: these stay, and the user is told why.
#[test]
fn what_is_in_the_way_is_told() {
    let rows = [
        (
            json!({"gateway": {"token": "a", "auth": {"token": "b"}}}),
            "gateway.token",
            "is set already and differs",
        ),
        (
            json!({"telegram": {"botToken": "a"}, "channels": {"telegram": {"botToken": "b"}}}),
            "telegram.botToken",
            "differs",
        ),
        (json!({"telegram": {}, "channels": "x"}), "telegram", "a string"),
        (json!({"routing": {"allowFrom": ["+1"]}}), "routing.allowFrom", "not configured"),
        (
            json!({"routing": {"groupChat": {"requireMention": true}}}),
            "routing.groupChat.requireMention",
            "no configured channel",
        ),
        (
            json!({"channels": {"telegram": {"requireMention": true, "groups": {"-1": {}}}}}),
            "channels.telegram.requireMention",
            "names the groups",
        ),
        (
            json!({"routing": {"transcribeAudio": {"command": ["a"], "shell": true}}}),
            "routing.transcribeAudio",
            "by hand",
        ),
        (
            json!({"audio": {"transcription": {"command": ["a"]}}, "tools": {"media": {"audio": {"models": [{"type": "cli"}]}}}}),
            "audio.transcription",
            "set already",
        ),
        (json!({"routing": {"agents": []}}), "routing.agents", "not a table"),
        (
            json!({"routing": {"defaultAgentId": "a"}, "agents": {"list": [{"id": "b", "default": true}]}}),
            "routing.defaultAgentId",
            "another agent",
        ),
        (json!({"identity": "Mia"}), "identity", "not an object"),
        (json!({"identity": {"name": "a"}, "agents": {"list": {}}}), "agents.list", "not a list"),
        (
            json!({"agent": {"bash": {"timeoutSec": 1}}, "tools": {"exec": {"timeoutSec": 2}}}),
            "agent.bash.timeoutSec",
            "differs",
        ),
        (
            json!({"agents": {"defaults": {"allowedModels": "a/b"}}}),
            "agents.defaults.allowedModels",
            "by hand",
        ),
        (
            json!({"agents": {"defaults": {"modelAliases": {"x": "a/b"}, "models": {"a/b": {"alias": "y"}}}}}),
            "agents.defaults.modelAliases.x",
            "another alias",
        ),
    ];
    for (config, key, words) in rows {
        let all = migrated(&config);
        let [obstacle] = &all.obstacles[..] else { panic!("{config}: {:?}", all.obstacles) };
        assert!(obstacle.at.to_string() == key && obstacle.about.contains(words), "{config}: {obstacle:?}");
        assert_eq!(all.result, config, "as it was");
    }
}

#[test]
fn a_retired_key_is_named_with_what_it_is_now() {
    let moves = |now: &str| format!("was renamed to {now}; \"openclaw doctor --fix\" moves it");
    let rows = [
        ("{telegram: {}}", "f:1:2 telegram: ", moves("\"channels.telegram\"")),
        ("{routing: {queue: {}}}", "f:1:12 routing.queue: ", moves("\"messages.queue\"")),
        ("{gateway: {token: 'x'}}", "f:1:12 gateway.token: ", moves("\"gateway.auth.token\"")),
        (
            "{bindings: [{agentId: 'a', match: {channel: 'x', accountID: 'y'}}]}",
            "f:1:50 bindings[0].match.accountID: ",
            moves("\"bindings[0].match.accountId\""),
        ),
        ("{agent: {}}", "f:1:2 agent: ", moves("\"agents.defaults\"")),
        ("{routing: {agents: {}}}", "f:1:12 routing.agents: ", moves("\"agents.list\"")),
        ("{identity: {}}", "f:1:2 identity: ", moves("\"identity\" in \"agents.list\"")),
        ("{routing: {foo: 1}}", "f:1:12 routing.foo: ", "unknown key".to_owned()),
        ("{routing: {}}", "f:1:2 routing: ", "unknown key".to_owned()),
        ("{routing: 1}", "f:1:2 routing: ", "unknown key".to_owned()),
    ];
    for (text, place, message) in rows {
        let problems = parse(text, "f", &Env::default()).err().unwrap_or_default();
        let [problem] = &problems[..] else { panic!("{text}: {problems:?}") };
        assert_eq!(problem.to_string(), format!("{place}{message}"), "{text}");
    }
}

#[test]
fn every_old_name_is_retired_and_has_one_successor() {
    let mut seen = BTreeSet::new();
    for (old, new) in retired_names() {
        let [new] = &new[..] else { panic!("{old} is now {new:?}: which of them?") };
        let path = old.replace("*", "x").replace("rules.x", "rules[0]").replace("bindings.x", "bindings[0]");
        assert!(!is_declared(&path.parse().unwrap()), "{old} is still declared");
        assert!(declared_keys().iter().any(|(path, _)| path == new), "{new} is declared");
        assert!(seen.insert(old));
    }
    assert!(seen.len() >= 20, "{seen:?}");
    // A section that stands in several places carries its old names once.
    let sections: BTreeSet<_> = declared_keys().iter().flat_map(|(_, key)| key.was).copied().collect();
    assert!(sections.is_subset(&seen.iter().map(String::as_str).collect()));
}

/// Every text of a value, keys included; those that the random values consist of are all different.
fn words(value: &Value) -> BTreeSet<String> {
    match value {
        Value::String(text) => BTreeSet::from([text.clone()]),
        Value::Array(items) => items.iter().flat_map(words).collect(),
        Value::Object(object) => {
            object.iter().flat_map(|(name, value)| words(value).into_iter().chain([name.clone()])).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => BTreeSet::new(),
    }
}

/// Parts of the values of old and new keys, so that they meet in all ways.
fn fragment() -> impl Strategy<Value = Value> {
    let texts = |count| prop::collection::vec("u[a-z]{6}", count);
    let rows = renamed().into_iter().chain(reshaped()).flat_map(|(old, new)| [old, new]).collect::<Vec<_>>();
    let odd = (
        prop::sample::select(vec![
            "/routing",
            "/routing/agents",
            "/routing/queue",
            "/routing/groupChat",
            "/agent",
            "/agent/tools",
            "/identity",
            "/telegram",
            "/channels/telegram",
            "/agents/list",
            "/agents/defaults/allowedModels",
            "/gateway/token",
            "/agents/defaults/modelAliases",
            "/agents/defaults/models",
            "/audio/transcription",
            "/tools/exec",
            "/bindings",
        ]),
        prop_oneof![
            texts(0..3).prop_map(|texts| json!(texts)),
            texts(1..2).prop_map(|texts| json!(texts[0])),
            texts(2..3).prop_map(|texts| json!({&texts[0]: {"x": texts[1]}})),
            Just(json!({})),
            Just(json!(null)),
            Just(json!(7)),
        ],
    );
    let odd =
        odd.prop_map(|(path, value)| path[1..].rsplit('/').fold(value, |value, name| json!({ name: value })));
    prop_oneof![2 => prop::sample::select(rows), 1 => odd]
}

fn merge(value: &mut Value, extra: Value) {
    match (value, extra) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, item) in from {
                merge(into.entry(key).or_insert(Value::Null), item);
            }
        }
        (value, extra) => *value = extra,
    }
}

/// The only words that may go: the mode of a login whose name has changed, and names of keys.
fn is_declared_loss(word: &str, names: &BTreeSet<String>) -> bool {
    word == "token" || names.contains(word)
}

/// A value per place would be copied for each of them if a move were worked out on a copy: a minute for these.
#[test]
fn thousands_of_places_move_in_one_go() {
    let binding =
        |n: usize| json!({"agentId": "a", "match": {"provider": "slack", "accountID": n.to_string()}});
    let old = json!({"routing": {"bindings": (0..3000).map(binding).collect::<Vec<_>>()}});
    let all = migrations(&old);
    assert_eq!((all.steps.len(), all.obstacles.len()), (6001, 0));
    assert_eq!(
        all.result.pointer("/bindings/2999"),
        Some(&json!({"agentId": "a", "match": {"channel": "slack", "accountId": "2999"}}))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever meets: no value is lost, the changes apply, and a second run has nothing to do.
    #[test]
    fn nothing_is_lost(parts in prop::collection::vec(fragment(), 1..5)) {
        let mut old = json!({});
        for part in parts {
            merge(&mut old, part);
        }
        let all = migrated(&old);
        let names: BTreeSet<String> = retired_names().keys().flat_map(|path| path.split('.').map(str::to_owned).collect::<Vec<_>>())
            .chain(["identity", "agents", "defaultAgentId", "allowFrom", "requireMention", "transcribeAudio", "transcription",
                "audio", "enabled", "command", "allowedModels", "modelAliases", "modelFallbacks", "imageModelFallbacks"]
                .map(str::to_owned)).collect();
        let kept = words(&all.result);
        let lost: Vec<_> = words(&old).into_iter().filter(|word| !kept.contains(word) && !is_declared_loss(word, &names)).collect();
        prop_assert!(lost.is_empty(), "{:?} of {} in {}", lost, old, all.result);
    }
}
