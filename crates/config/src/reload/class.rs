//! What a change of one key asks of a running gateway.

use serde_json::Value;

use crate::key_path::{KeyPath, Step};
use crate::keys::root;
use crate::spec::{Key, Kind, Reload};

/// The reload class of a key: the nearest declaration on the way to it. What is not declared restarts.
#[must_use]
pub fn reload_class(path: &KeyPath) -> Reload {
    way_to(path).0
}

/// The value that a key has when it is absent, where one is declared.
pub(super) fn default_of(path: &KeyPath) -> Option<Value> {
    way_to(path).1?.default.map(|default| default())
}

/// The reload class of a key, and its declaration if it has one of its own.
fn way_to(path: &KeyPath) -> (Reload, Option<&'static Key>) {
    let (mut class, mut declared) = (Reload::Restart, None);
    let mut kind = root();
    for step in path.steps() {
        let kinds = if let Kind::OneOf(kinds) = kind { kinds } else { std::slice::from_ref(kind) };
        let next = kinds.iter().find_map(|kind| match (kind, step) {
            (Kind::Object(section), Step::Key(name)) => {
                section.child(name).map(|(kind, _)| (kind, section.find(name)))
            }
            (Kind::Map(element), Step::Key(_)) | (Kind::List(element), Step::Index(_)) => {
                Some((*element, None))
            }
            _ => None,
        });
        let Some((next, own)) = next else { return (class, None) };
        kind = next;
        declared = own;
        class = own.and_then(|key| key.reload).unwrap_or(class);
    }
    (class, declared)
}

#[cfg(test)]
mod tests {
    use super::reload_class;
    use crate::spec::Reload;

    #[test]
    fn the_nearest_declaration_counts() {
        let rows = [
            ("gateway.port", Reload::Restart),
            ("gateway.auth.token", Reload::Restart),
            ("gateway.reload.mode", Reload::Live),
            ("gateway.remote.url", Reload::Live),
            ("models.providers.x.baseUrl", Reload::Live),
            ("agents.defaults.model", Reload::Live),
            ("agents.defaults.model.primary", Reload::Live),
            ("agents.defaults.heartbeat.every", Reload::Hot),
            ("agents.list[3].heartbeat", Reload::Hot),
            ("hooks.token", Reload::Hot),
            ("meta.lastTouchedAt", Reload::Live),
            ("plugins.slots.memory", Reload::Live),
            ("plugins.enabled", Reload::Restart),
            ("gateway.controlUi.basePath", Reload::Live),
            ("gateway.controlUi.allowedOrigins", Reload::Restart),
            ("gateway.trustedProxies", Reload::Restart),
            ("memory.citations", Reload::Live),
            ("no.such.key", Reload::Restart),
            ("", Reload::Restart),
        ];
        for (path, class) in rows {
            assert_eq!(reload_class(&path.parse().unwrap()), class, "{path}");
        }
    }
}
