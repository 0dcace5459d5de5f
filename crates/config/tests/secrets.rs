//! Which keys are secret, stated once more: what is hidden in output, logs and `config.get` follows from declarations,
//! and a declaration that is wrong would leak without anybody noticing.

use std::collections::BTreeSet;

use openclaw_config::{Kind, declared_keys, redact, ui_hints};
use serde_json::{Value, json};

/// Every secret, with `accounts.*` and `agents.list[]` left out where they repeat what is around them. Headers and
/// variables are secret as a whole: which of them carries a credential cannot be told from outside. An address is
/// secret where services put the token into it. What a plugin checks itself is hidden as a whole.
const SECRETS: &[&str] = &[
    "agents.defaults.cliBackends.*.env",
    "agents.defaults.memorySearch.remote.apiKey",
    "agents.defaults.memorySearch.remote.headers",
    "agents.defaults.sandbox.docker.env",
    "bridge",
    "browser.cdpUrl",
    "browser.profiles.*.cdpUrl",
    "channels.bluebubbles.password",
    "channels.discord.pluralkit.token",
    "channels.discord.token",
    "channels.feishu",
    "channels.googlechat.serviceAccount",
    "channels.line",
    "channels.matrix",
    "channels.mattermost.botToken",
    "channels.msteams.appPassword",
    "channels.nextcloud-talk",
    "channels.nostr",
    "channels.slack.appToken",
    "channels.slack.botToken",
    "channels.slack.signingSecret",
    "channels.slack.userToken",
    "channels.telegram.botToken",
    "channels.telegram.proxy",
    "channels.telegram.webhookSecret",
    "channels.tlon",
    "channels.twitch",
    "channels.zalo",
    "channels.zalouser",
    "diagnostics.otel.headers",
    "env.vars",
    "gateway.auth.password",
    "gateway.auth.token",
    "gateway.remote.password",
    "gateway.remote.token",
    "hooks.gmail.hookUrl",
    "hooks.gmail.pushToken",
    "hooks.internal.entries.*.env",
    "hooks.token",
    "messages.tts.edge.proxy",
    "messages.tts.elevenlabs.apiKey",
    "messages.tts.openai.apiKey",
    "models.providers.*.apiKey",
    "models.providers.*.headers",
    "models.providers.*.models[].headers",
    "plugins.entries.*.config",
    "skills.entries.*.apiKey",
    "skills.entries.*.config",
    "skills.entries.*.env",
    "talk.apiKey",
    "tools.media.audio.headers",
    "tools.media.audio.models[].headers",
    "tools.media.image.headers",
    "tools.media.image.models[].headers",
    "tools.media.models[].headers",
    "tools.media.video.headers",
    "tools.media.video.models[].headers",
    "tools.web.fetch.firecrawl.apiKey",
    "tools.web.search.apiKey",
    "tools.web.search.grok.apiKey",
    "tools.web.search.perplexity.apiKey",
];

/// Keys that sound secret and are not, with the reason. A form must show them, and `maxTokens` must stay a number.
const NOT_SECRET: &[(&str, &str)] = &[
    ("agents.defaults.cliBackends.*.sessionIdFields", "names of fields"),
    ("agents.defaults.compaction.memoryFlush.softThresholdTokens", "a count"),
    ("agents.defaults.compaction.reserveTokensFloor", "a count"),
    ("agents.defaults.contextTokens", "a count"),
    ("agents.defaults.memorySearch.chunking.tokens", "a count; the release hides it"),
    ("agents.defaults.memorySearch.remote.baseUrl", "an address; the key beside it is the credential"),
    ("agents.defaults.models.*.params", "what a request asks for, such as its temperature"),
    (
        "agents.defaults.sandbox.docker.setupCommand",
        "a command; credentials for it belong into `env` beside it",
    ),
    ("agents.list[].agentDir", "a path"),
    ("auth.profiles.*.email", "a name for people; the credential is kept elsewhere"),
    ("auth.profiles.*.mode", "a choice"),
    ("channels.bluebubbles.serverUrl", "an address; the password beside it is the credential"),
    ("channels.googlechat.serviceAccountFile", "a path; the file has its own permissions"),
    ("channels.msteams.appId", "an id that Microsoft shows to everybody in the chat"),
    ("channels.msteams.tenantId", "an id"),
    ("channels.slack.userTokenReadOnly", "a switch; the release hides it"),
    ("channels.telegram.tokenFile", "a path; the file has its own permissions"),
    ("channels.telegram.webhookUrl", "an address; the secret beside it is the credential"),
    ("diagnostics.otel.endpoint", "an address; credentials go into the headers"),
    ("gateway.auth.mode", "a choice"),
    ("gateway.remote.sshIdentity", "a path; the key itself is in that file"),
    ("gateway.remote.tlsFingerprint", "what a certificate shows to everybody"),
    ("gateway.remote.url", "an address; the token beside it is the credential"),
    ("gateway.tls.certPath", "a path"),
    ("gateway.tls.keyPath", "a path; the key itself is in that file"),
    ("hooks.mappings[].sessionKey", "the name of a session"),
    ("models.bedrockDiscovery.defaultMaxTokens", "a count"),
    ("models.providers.*.authHeader", "a switch"),
    ("models.providers.*.baseUrl", "an address that people must see; the key beside it is the credential"),
    ("models.providers.*.models[].compat.maxTokensField", "a choice"),
    ("models.providers.*.models[].maxTokens", "a count"),
    ("session.mainKey", "the name of a session"),
    ("session.sendPolicy.rules[].match.keyPrefix", "the beginning of a session's name"),
    ("tools.media.audio.providerOptions", "what a request asks for"),
];

fn is_secret(kind: &Kind) -> bool {
    match kind {
        Kind::Secret | Kind::Sealed => true,
        Kind::List(element) | Kind::Map(element) => is_secret(element),
        Kind::OneOf(kinds) => kinds.iter().any(is_secret),
        Kind::Bool | Kind::Integer { .. } | Kind::Number | Kind::Text => false,
        Kind::Choice(_) | Kind::Object(_) | Kind::Any => false,
    }
}

/// The path without what repeats: an agent has what the defaults have, an account what is around the accounts.
fn plain(path: &str) -> String {
    let path = path.replace(".accounts.*", "");
    match path.strip_prefix("agents.list[].") {
        Some(rest) if rest.starts_with("memorySearch.") || rest.starts_with("sandbox.") => {
            format!("agents.defaults.{rest}")
        }
        Some(_) | None => path,
    }
}

#[test]
fn the_declared_secrets_are_these() {
    let declared: BTreeSet<String> =
        declared_keys().iter().filter(|(_, key)| is_secret(&key.kind)).map(|(path, _)| plain(path)).collect();
    let stated: BTreeSet<String> = SECRETS.iter().map(ToString::to_string).collect();
    assert_eq!(declared, stated);
}

#[test]
fn what_only_sounds_secret_is_shown() {
    let hints = ui_hints();
    for (path, why) in NOT_SECRET {
        let hint = hints.get(*path);
        assert!(hint.is_some_and(|hint| hint.get("sensitive").is_none()), "{path}: {why}");
    }
}

/// A key whose name says that it is a credential is in one of the two tables.
#[test]
fn a_name_that_sounds_secret_has_been_thought_about() {
    let sounds =
        ["token", "password", "secret", "apikey", "proxy", "header", "credential", "privatekey", "cookie"];
    let known: BTreeSet<&str> =
        SECRETS.iter().chain(NOT_SECRET.iter().map(|(path, _)| path)).copied().collect();
    for (path, key) in declared_keys() {
        let name = key.name.to_lowercase();
        let may_hold_text =
            !matches!(key.kind, Kind::Bool | Kind::Integer { .. } | Kind::Number | Kind::Object(_));
        let is_list_of_addresses = matches!(key.kind, Kind::List(_));
        if sounds.iter().any(|word| name.contains(word)) && may_hold_text && !is_list_of_addresses {
            assert!(known.contains(plain(&path).as_str()), "{path}: secret or not?");
        }
    }
}

/// What follows: output hides the one and shows the other.
#[test]
fn redaction_follows_the_tables() {
    let at = |path: &str, value: Value| {
        path.rsplit('.').fold(value, |value, step| match step.strip_suffix("[]") {
            Some(name) => json!({ name: [value] }),
            None => json!({ step: value }),
        })
    };
    for path in SECRETS {
        for value in [json!("canary"), json!({"X": "canary"})] {
            let text = redact(&at(path, value)).to_string();
            assert!(!text.contains("canary"), "{path}: {text}");
        }
    }
    for path in ["gateway.remote.tlsFingerprint", "session.mainKey", "models.providers.*.baseUrl"] {
        let value = at(path, json!("shown"));
        assert_eq!(redact(&value), value, "{path}");
    }
    let counts = at("models.providers.p.models[].maxTokens", json!(4096));
    assert_eq!(redact(&counts), counts);
}
