//! What a change of one key asks of a running gateway.

use crate::key_path::{KeyPath, Step};
use crate::keys::root;
use crate::spec::{Kind, Reload};

/// The reload class of a key: the nearest declaration on the way to it. What is not declared restarts.
#[must_use]
pub fn reload_class(path: &KeyPath) -> Reload {
    let mut class = Reload::Restart;
    let mut kind = root();
    for step in path.steps() {
        let kinds = if let Kind::OneOf(kinds) = kind { kinds } else { std::slice::from_ref(kind) };
        let next = kinds.iter().find_map(|kind| match (kind, step) {
            (Kind::Object(section), Step::Key(name)) => {
                let own = section.find(name).and_then(|key| key.reload);
                section.child(name).map(|(kind, _)| (kind, own))
            }
            (Kind::Map(element), Step::Key(_)) | (Kind::List(element), Step::Index(_)) => {
                Some((*element, None))
            }
            _ => None,
        });
        let Some((next, own)) = next else { break };
        kind = next;
        class = own.unwrap_or(class);
    }
    class
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
            ("plugins.slots.memory", Reload::Restart),
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
