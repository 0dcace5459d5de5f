//! Which channels a configuration wants to run.

use serde_json::Value;

use crate::keys::{Channels, Config, Plugins};
use crate::read::Map;

/// The ids of the channels that the configuration has and does not switch off, in the order of the declarations, those
/// of plugins sorted behind. A channel is switched off by `enabled: false`, by the same in each of its accounts, or by
/// `plugins`, of which every channel is one. Whether its credentials are there is not asked.
#[must_use]
pub fn configured_channels(config: &Config) -> Vec<String> {
    let is_on = |channel: &Channel<'_>| channel.is_on() && allows(&config.extensions.plugins, channel.id);
    channels(&config.channels).into_iter().filter(is_on).map(|channel| channel.id.to_owned()).collect()
}

/// A channel that the configuration has, and its switches.
struct Channel<'c> {
    id: &'c str,
    enabled: Option<bool>,
    accounts: Vec<Option<bool>>,
}

impl Channel<'_> {
    fn is_on(&self) -> bool {
        let is_on = |enabled: &Option<bool>| *enabled != Some(false);
        is_on(&self.enabled) && (self.accounts.is_empty() || self.accounts.iter().any(is_on))
    }
}

fn channel<'c, A>(
    id: &'c str,
    enabled: Option<bool>,
    accounts: &Map<A>,
    switch: impl Fn(&A) -> Option<bool>,
) -> Channel<'c> {
    Channel { id, enabled, accounts: accounts.values().map(switch).collect() }
}

fn channels(all: &Channels) -> Vec<Channel<'_>> {
    let declared = [
        all.telegram.as_ref().map(|c| channel("telegram", c.account.enabled, &c.accounts, |a| a.enabled)),
        all.whatsapp.as_ref().map(|c| channel("whatsapp", None, &c.accounts, |a| a.enabled)),
        all.discord.as_ref().map(|c| channel("discord", c.account.enabled, &c.accounts, |a| a.enabled)),
        all.googlechat.as_ref().map(|c| channel("googlechat", c.account.enabled, &c.accounts, |a| a.enabled)),
        all.slack.as_ref().map(|c| channel("slack", c.app.enabled, &c.accounts, |a| a.app.enabled)),
        all.signal.as_ref().map(|c| channel("signal", c.account.enabled, &c.accounts, |a| a.enabled)),
        all.imessage.as_ref().map(|c| channel("imessage", c.account.enabled, &c.accounts, |a| a.enabled)),
        all.msteams.as_ref().map(|c| Channel { id: "msteams", enabled: c.enabled, accounts: Vec::new() }),
        all.mattermost.as_ref().map(|c| channel("mattermost", c.account.enabled, &c.accounts, |a| a.enabled)),
        all.bluebubbles
            .as_ref()
            .map(|c| channel("bluebubbles", c.account.enabled, &c.accounts, |a| a.enabled)),
    ];
    let plugins = &all.plugins;
    let shipped = [
        ("feishu", &plugins.feishu),
        ("line", &plugins.line),
        ("matrix", &plugins.matrix),
        ("nextcloud-talk", &plugins.nextcloud_talk),
        ("nostr", &plugins.nostr),
        ("tlon", &plugins.tlon),
        ("twitch", &plugins.twitch),
        ("zalo", &plugins.zalo),
        ("zalouser", &plugins.zalouser),
    ];
    let shipped = shipped.into_iter().filter_map(|(id, channel)| Some((id, channel.as_ref()?)));
    let others = all.others.iter().map(|(id, channel)| (id.as_str(), channel));
    let sealed = shipped.chain(others).map(|(id, channel)| sealed_channel(id, channel.expose()));
    declared.into_iter().flatten().chain(sealed).collect()
}

/// A channel of a plugin: the switches stand where every channel has them.
fn sealed_channel<'c>(id: &'c str, channel: &Value) -> Channel<'c> {
    let enabled = |value: &Value| value.get("enabled").and_then(Value::as_bool);
    let accounts = channel.get("accounts").and_then(Value::as_object);
    Channel {
        id,
        enabled: enabled(channel),
        accounts: accounts.into_iter().flat_map(|map| map.values()).map(enabled).collect(),
    }
}

fn allows(plugins: &Plugins, id: &str) -> bool {
    let lists = |ids: &[String]| ids.iter().any(|one| one == id);
    plugins.enabled
        && !lists(&plugins.deny)
        && plugins.allow.as_deref().is_none_or(|allowed| allowed.is_empty() || lists(allowed))
        && plugins.entries.get(id).is_none_or(|entry| entry.enabled != Some(false))
}

#[cfg(test)]
mod tests {
    use super::{Channels, configured_channels};
    use crate::read::Section as _;
    use crate::{Env, parse};
    use serde_json::{Value, json};

    fn configured(config: &Value) -> Vec<String> {
        let parsed = parse(&config.to_string(), "f", &Env::default());
        configured_channels(&parsed.map_err(|problems| problems[0].to_string()).unwrap().config)
    }

    #[test]
    fn every_declared_channel_is_seen() {
        let ids: Vec<&str> =
            Channels::SPEC.all_keys().map(|key| key.name).filter(|name| *name != "defaults").collect();
        for id in &ids {
            assert_eq!(configured(&json!({"channels": {*id: {}}})), [*id]);
            if *id != "whatsapp" {
                assert_eq!(configured(&json!({"channels": {*id: {"enabled": false}}})), [""; 0]);
            }
        }
        let all: serde_json::Map<String, Value> =
            ids.iter().map(|id| ((*id).to_owned(), json!({}))).collect();
        assert_eq!(configured(&json!({"channels": all})), ids);
    }

    #[test]
    fn switches_count_wherever_they_stand() {
        let off = json!({"enabled": false});
        for (config, expected) in [
            (json!({}), &[][..]),
            (json!({"channels": {"defaults": {"groupPolicy": "open"}}}), &[]),
            (json!({"channels": {"telegram": {"accounts": {"a": off}}}}), &[]),
            (json!({"channels": {"telegram": {"accounts": {"a": off, "b": {}}}}}), &["telegram"]),
            (
                json!({"channels": {"telegram": {"enabled": false, "accounts": {"a": {"enabled": true}}}}}),
                &[],
            ),
            (json!({"channels": {"whatsapp": {"accounts": {"a": off}}}}), &[]),
            (json!({"channels": {"slack": {"accounts": {"a": off}}, "xmpp": {}, "irc": off}}), &["xmpp"]),
            (json!({"channels": {"irc": {"accounts": {"a": off}}, "odd": 1}}), &["odd"]),
            (json!({"channels": {"telegram": {}}, "plugins": {"entries": {"telegram": off}}}), &[]),
            (json!({"channels": {"telegram": {}}, "plugins": {"deny": ["telegram"]}}), &[]),
            (json!({"channels": {"telegram": {}, "slack": {}}, "plugins": {"allow": ["slack"]}}), &["slack"]),
            (json!({"channels": {"telegram": {}}, "plugins": {"allow": [], "enabled": true}}), &["telegram"]),
            (json!({"channels": {"telegram": {}}, "plugins": {"enabled": false}}), &[]),
        ] {
            assert_eq!(configured(&config), expected, "{config}");
        }
    }
}
