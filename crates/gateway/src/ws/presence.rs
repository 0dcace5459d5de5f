//! Who is connected, as clients show it.

use std::collections::VecDeque;

use openclaw_protocol::connect::ClientInfo;
use serde_json::{Map, Value, json};

/// Entries shown. The release shows 200; the list goes to every client with every change, and a socket keeps a buffer
/// as large as its largest frame, so two hundred rows cost 60 kB for each of thousands of clients.
const MAX_ENTRIES: usize = 32;
/// An entry that was not refreshed lives this long, in milliseconds (release: five minutes).
const TTL_MS: i64 = 5 * 60_000;

/// The presence list: the gateway first, then one entry per client, newest last.
pub(crate) struct Presence {
    own: Value,
    entries: VecDeque<(String, i64, Value)>,
    /// Counts changes.
    pub(crate) version: u64,
}

impl Presence {
    pub(crate) fn new(host: &str, version: &str, now_ms: i64) -> Self {
        let own = json!({
            "host": host, "version": version, "platform": std::env::consts::OS, "mode": "gateway", "reason": "self",
            "text": format!("Gateway: {host} · app {version} · mode gateway · reason self"), "ts": now_ms,
        });
        Self { own, entries: VecDeque::new(), version: 1 }
    }

    /// Adds or refreshes the entry of a client under its device id, instance id or connection id.
    pub(crate) fn connected(&mut self, key: &str, entry: Value, now_ms: i64) {
        self.entries.retain(|(known, seen, _)| known != key && now_ms - seen < TTL_MS);
        if self.entries.len() >= MAX_ENTRIES {
            self.entries.pop_front();
        }
        self.entries.push_back((key.to_owned(), now_ms, entry));
        self.version += 1;
    }

    /// Marks a client as gone.
    pub(crate) fn disconnected(&mut self, key: &str, now_ms: i64) {
        for (known, _, entry) in &mut self.entries {
            if known == key
                && let Some(entry) = entry.as_object_mut()
            {
                entry.insert("reason".to_owned(), json!("disconnect"));
                entry.insert("ts".to_owned(), json!(now_ms));
            }
        }
        self.version += 1;
    }

    /// The list clients get.
    pub(crate) fn list(&self, now_ms: i64) -> Value {
        let mut own = self.own.clone();
        if let Some(own) = own.as_object_mut() {
            own.insert("ts".to_owned(), json!(now_ms));
        }
        let live = self
            .entries
            .iter()
            .filter(|(_, seen, _)| now_ms - seen < TTL_MS)
            .map(|(_, _, entry)| entry.clone());
        Value::Array(std::iter::once(own).chain(live).collect())
    }
}

/// The entry of a client.
pub(crate) fn entry(
    client: &ClientInfo,
    device: Option<&str>,
    role: &str,
    scopes: &[String],
    now_ms: i64,
) -> Value {
    let host = client.display_name.as_deref().unwrap_or(&client.id);
    let mut entry = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            entry.insert(name.to_owned(), value);
        }
    };
    put("host", json!(clip(host)));
    put("version", json!(clip(&client.version)));
    put("platform", json!(clip(&client.platform)));
    put("deviceFamily", json!(client.device_family.as_deref().map(clip)));
    put("modelIdentifier", json!(client.model_identifier.as_deref().map(clip)));
    put("mode", json!(client.mode));
    put("deviceId", json!(device));
    put("roles", json!([role]));
    put("scopes", json!(scopes));
    put("instanceId", json!(device.or(client.instance_id.as_deref()).map(clip)));
    put("reason", json!("connect"));
    put("ts", json!(now_ms));
    put("text", json!(format!("Node: {} · mode {}", clip(host), client.mode)));
    Value::Object(entry)
}

/// What a peer says about itself is shown on one line, at most 200 characters (S-112).
fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::{MAX_ENTRIES, Presence, TTL_MS};
    use serde_json::json;

    #[test]
    fn entries_are_bounded_and_age() {
        let mut presence = Presence::new("box", "1", 0);
        for n in 0..MAX_ENTRIES + 50 {
            presence.connected(&format!("c{n}"), json!({ "n": n }), 0);
        }
        assert_eq!(presence.list(1).as_array().unwrap().len(), MAX_ENTRIES + 1);
        presence.disconnected(&format!("c{}", MAX_ENTRIES + 49), 1);
        assert_eq!(presence.list(1).as_array().unwrap().last().unwrap()["reason"], "disconnect");
        assert_eq!(presence.list(TTL_MS).as_array().unwrap().len(), 1);
    }
}
