//! Top-level keys of earlier releases, and where their content stands now.

use crate::keys::Channels;
use crate::read::Section as _;

/// What became of whole objects. The parts of `routing` went to several places, most of them to `messages`.
const MOVED: [(&str, &str); 3] =
    [("agent", "agents.defaults"), ("identity", "agents.list[].identity"), ("routing", "messages")];

/// The present place of a top-level key that is not one any more.
pub(crate) fn moved(name: &str) -> Option<String> {
    if Channels::SPEC.find(name).is_some_and(|_| name != "defaults") {
        return Some(format!("channels.{name}"));
    }
    MOVED.iter().find(|(earlier, _)| *earlier == name).map(|(_, now)| (*now).to_owned())
}
