//! Which session a direct message belongs to: `session.dmScope` and `session.identityLinks`.

use std::collections::BTreeMap;

use super::Chat;
use super::escape::folded;

/// Which direct chats share a session (`session.dmScope`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DmScope {
    /// All of them: the main session.
    #[default]
    Main,
    /// Those of one person, on any channel.
    PerPeer,
    /// Those of one person on one channel.
    PerChannelPeer,
    /// Those of one person on one account of a channel.
    PerAccountChannelPeer,
}

/// Who wrote a direct message.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    /// The channel it came over.
    pub channel: &'a str,
    /// The account it was sent to; nothing is the default one.
    pub account: &'a str,
    /// The person's id in the channel.
    pub peer: &'a str,
}

/// One person under several ids (`session.identityLinks`).
#[derive(Debug, Clone, Default)]
pub struct IdentityLinks {
    names: BTreeMap<String, String>,
}

impl IdentityLinks {
    /// Reads names, each with the ids of a person: `channel:id`, or an id alone for every channel. Of two names that
    /// claim an id the first one has it.
    pub fn new<'a, Ids: IntoIterator<Item = &'a str>>(
        links: impl IntoIterator<Item = (&'a str, Ids)>,
    ) -> Self {
        let mut names = BTreeMap::new();
        for (name, ids) in links {
            let name = folded(name);
            for id in ids.into_iter().map(folded) {
                if !name.is_empty() && !id.is_empty() {
                    names.entry(id).or_insert_with(|| name.clone());
                }
            }
        }
        Self { names }
    }

    /// The name of a person.
    fn name(&self, sender: &Sender<'_>) -> Option<&String> {
        let (channel, peer) = (folded(sender.channel), folded(sender.peer));
        self.names.get(&format!("{channel}:{peer}")).or_else(|| self.names.get(&peer))
    }
}

/// The chat that a direct message belongs to. A sender without an id is in the main session.
#[must_use]
pub fn direct_chat(scope: DmScope, links: &IdentityLinks, sender: &Sender<'_>) -> Chat {
    let peer = folded(sender.peer);
    if peer.is_empty() {
        return Chat::Main;
    }
    let peer = links.name(sender).cloned().unwrap_or(peer);
    let channel = sender.channel.to_owned();
    match scope {
        DmScope::Main => Chat::Main,
        DmScope::PerPeer => Chat::Peer(peer),
        DmScope::PerChannelPeer => Chat::ChannelPeer { channel, peer },
        DmScope::PerAccountChannelPeer => {
            Chat::AccountPeer { channel, account: sender.account.to_owned(), peer }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DmScope, IdentityLinks, Sender, direct_chat};
    use crate::session_key::{Conversation, SessionKey};

    #[test]
    fn scopes_and_links_decide_who_shares_a_session() {
        let links = IdentityLinks::new([
            ("Ada", vec!["telegram:111", " Discord:ADA#1 ", ""]),
            ("Bob", vec!["222", "telegram:111"]),
            ("", vec!["telegram:333"]),
        ]);
        let rows = [
            (DmScope::Main, "telegram", "", "111", "agent:a:main"),
            (DmScope::PerPeer, "telegram", "", "111", "agent:a:direct:ada"),
            (DmScope::PerPeer, "Discord", "", "Ada#1", "agent:a:direct:ada"),
            (DmScope::PerPeer, "discord", "", "111", "agent:a:direct:111"),
            (DmScope::PerPeer, "slack", "", "222", "agent:a:direct:bob"),
            (DmScope::PerPeer, "telegram", "", "333", "agent:a:direct:333"),
            (DmScope::PerPeer, "telegram", "", "  ", "agent:a:main"),
            (DmScope::PerChannelPeer, "telegram", "", "111", "agent:a:telegram:direct:ada"),
            (DmScope::PerChannelPeer, "WhatsApp", "", "+49170", "agent:a:whatsapp:direct:+49170"),
            (DmScope::PerAccountChannelPeer, "telegram", "", "5", "agent:a:telegram:default:direct:5"),
            (DmScope::PerAccountChannelPeer, "telegram", "Work", "5", "agent:a:telegram:work:direct:5"),
        ];
        for (scope, channel, account, peer, expected) in rows {
            let chat = direct_chat(scope, &links, &Sender { channel, account, peer });
            let key = SessionKey::of("a", Conversation::chat(chat), "main");
            assert_eq!(key.as_str(), expected, "{scope:?} {channel} {account} {peer}");
        }
    }
}
