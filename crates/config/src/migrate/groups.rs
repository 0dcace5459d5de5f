//! Whether groups must mention the agent: once one switch, now a rule per channel and group.

use serde_json::{Value, json};

use super::draft::{Draft, at};
use super::plan::Rule;
use crate::key_path::KeyPath;

/// Old keys that take another shape, and what they are now.
pub(super) const REPLACED: &[(&str, &str)] = &[
    ("routing.groupChat.requireMention", "\"requireMention\" under \"*\" of each channel's \"groups\""),
    ("channels.telegram.requireMention", "\"channels.telegram.groups[\\\"*\\\"].requireMention\""),
];

/// The channels that the switch for all held for.
const CHANNELS: [&str; 3] = ["whatsapp", "telegram", "imessage"];
const SWITCH: &str = "requireMention";
/// The rule for every group that has none of its own.
const EVERY_GROUP: &str = "*";

pub(super) fn drafts() -> &'static [Rule] {
    &[telegram, routing]
}

fn telegram(value: &Value) -> Option<Draft> {
    spread(value, &at(&["channels", "telegram", SWITCH]), &["telegram"])
}

fn routing(value: &Value) -> Option<Draft> {
    spread(value, &at(&["routing", "groupChat", SWITCH]), &CHANNELS)
}

/// Writes the switch into each of the channels that the configuration has.
fn spread(value: &Value, from: &KeyPath, channels: &[&str]) -> Option<Draft> {
    let switch = from.find(value)?.clone();
    let about = format!("\"{from}\" becomes a rule for every group of {}", channels.join(", "));
    let mut draft = Draft::new(value, from.clone(), about);
    let mut holds = false;
    for channel in channels {
        holds |= set_for(&mut draft, from, channel, &switch);
    }
    if !holds {
        draft.block(
            from,
            "no configured channel takes it over; set it in the groups of a channel, or remove it",
        );
    }
    draft.remove(from.clone());
    draft.prune(from);
    Some(draft)
}

/// Writes the switch into a channel; returns whether it holds there now. A rule that the channel has already is more
/// specific and stays.
fn set_for(draft: &mut Draft, from: &KeyPath, channel: &str, switch: &Value) -> bool {
    let channel = at(&["channels", channel]);
    if draft.object(&channel).is_none() {
        return false;
    }
    let groups = channel.key("groups");
    let rule = groups.key(EVERY_GROUP);
    match draft.get(&groups) {
        None => draft.set(groups, json!({ EVERY_GROUP: { SWITCH: switch } })),
        Some(Value::Object(rules)) if rules.contains_key(EVERY_GROUP) || rules.is_empty() => {
            let own = rules.get(EVERY_GROUP).and_then(|rule| rule.get(SWITCH));
            match own.map(|own| own == switch) {
                Some(is_same) => return is_same,
                None => draft.set(rule.key(SWITCH), switch.clone()),
            }
        }
        // A rule for every group would let in all the others, too.
        Some(_) => draft.block(
            from,
            format!(
                "\"{groups}\" names the groups that are answered; set \"{SWITCH}\" in each of them by hand"
            ),
        ),
    }
    true
}
