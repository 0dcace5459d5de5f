//! Channels of plugins may have any id, so `channels` takes any key. A misspelt id of a known channel is not one of them.

use serde_json::Value;

use crate::check::Report;
use crate::key_path::Trail;
use crate::keys::Channels;
use crate::problem::ProblemKind;
use crate::read::Section as _;
use crate::suggest::nearest;
use crate::tree::Part;

/// Refuses ids that are nearly those of a declared channel, unless `plugins` has a plugin of that id.
pub(crate) fn check_channel_ids(config: &Value, report: &mut Report<'_>) {
    let ids =
        config.get("channels").and_then(Value::as_object).into_iter().flat_map(|channels| channels.keys());
    for id in ids.filter(|id| Channels::SPEC.find(id).is_none() && !names_plugin(config, id)) {
        if let Some(suggestion) = nearest(id, Channels::SPEC.all_keys().map(|key| key.name)) {
            let channels = Trail::Root.key("channels");
            let kind = ProblemKind::UnknownKey { suggestion: Some(suggestion), known: Vec::new() };
            report.add(&channels.key(id), Part::Key, kind);
        }
    }
}

/// Whether the configuration allows, sets up or has installed a plugin of this id.
fn names_plugin(config: &Value, id: &str) -> bool {
    let Some(plugins) = config.get("plugins") else { return false };
    let has_key = |name: &str| plugins.get(name).is_some_and(|entries| entries.get(id).is_some());
    let allowed = plugins.get("allow").and_then(Value::as_array);
    has_key("entries") || has_key("installs") || allowed.is_some_and(|ids| ids.iter().any(|one| one == id))
}

#[cfg(test)]
mod tests {
    use crate::{Env, parse};

    fn problems(text: &str) -> Vec<String> {
        let problems = parse(text, "f", &Env::default()).err().unwrap_or_default();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_spelling_mistake_is_not_a_plugin() {
        for (text, suggestion) in [
            ("{channels: {telegrm: {botToken: 's'}}}", "telegram"),
            ("{channels: {Slack: {}}}", "slack"),
            ("{channels: {matirx: {}}}", "matrix"),
            ("{channels: {default: {}}}", "defaults"),
            ("{channels: {'whatsapp-biz': {}}}", "whatsapp"),
        ] {
            let [problem] = &problems(text)[..] else { panic!("{text}: {:?}", problems(text)) };
            assert!(problem.starts_with("f:1:13 channels."), "{problem}");
            assert!(problem.ends_with(&format!("unknown key, did you mean \"{suggestion}\"?")), "{problem}");
        }
    }

    #[test]
    fn a_plugin_may_have_any_id() {
        for text in [
            "{channels: {wecom: {deep: [{x: 1}]}, 'nextcloud-talk': {}, xmpp: null}}",
            "{channels: {'whatsapp-biz': {}}, plugins: {entries: {'whatsapp-biz': {enabled: true}}}}",
            "{channels: {'whatsapp-biz': {}}, plugins: {installs: {'whatsapp-biz': {source: 'npm'}}}}",
            "{channels: {'whatsapp-biz': {}}, plugins: {allow: ['whatsapp-biz']}}",
        ] {
            assert_eq!(problems(text), [""; 0], "{text}");
        }
    }
}
