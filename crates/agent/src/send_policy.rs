//! Which sessions may be written to: `session.sendPolicy`, and what a session says of itself.

use openclaw_protocol::session_key::SessionKey;
use openclaw_store::{SessionEntry, field};

use crate::nature::{self, ChatType};

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SendDecision {
    /// Go on.
    #[default]
    Allow,
    /// Stop.
    Deny,
}

/// One rule; what is absent matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SendRule {
    /// What happens when it matches.
    pub action: SendDecision,
    /// The channel, in any case.
    pub channel: Option<String>,
    /// The kind of chat.
    pub chat_type: Option<ChatType>,
    /// The beginning of the key, with or without `agent:<id>:`, in any case.
    pub key_prefix: Option<String>,
}

/// All rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SendPolicy {
    /// What happens without a matching rule.
    pub default: SendDecision,
    /// The rules.
    pub rules: Vec<SendRule>,
}

impl SendPolicy {
    /// Whether a session may be written to, where the main session has this key. What the session says of itself comes
    /// first; then a denial by any rule; then a rule that allows; then the default.
    #[must_use]
    pub fn decide(&self, (key, main_key): (&SessionKey, &str), entry: Option<&SessionEntry>) -> SendDecision {
        let own = entry.and_then(|entry| entry.text(field::SEND_POLICY)).map(str::trim);
        match own {
            Some(own) if own.eq_ignore_ascii_case("allow") => return SendDecision::Allow,
            Some(own) if own.eq_ignore_ascii_case("deny") => return SendDecision::Deny,
            Some(_) | None => {}
        }
        let channel = nature::channel(key, entry, main_key);
        let chat_type = nature::chat_type(key, entry, main_key);
        let matches = |rule: &&SendRule| {
            let wanted = |text: &Option<String>| {
                text.as_deref().map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty())
            };
            wanted(&rule.channel).is_none_or(|wanted| channel == wanted)
                && rule.chat_type.is_none_or(|wanted| chat_type == Some(wanted))
                && wanted(&rule.key_prefix)
                    .is_none_or(|prefix| key.as_str().starts_with(&prefix) || key.rest().starts_with(&prefix))
        };
        let found: Vec<SendDecision> = self.rules.iter().filter(matches).map(|rule| rule.action).collect();
        if found.contains(&SendDecision::Deny) {
            return SendDecision::Deny;
        }
        found.first().copied().unwrap_or(self.default)
    }
}

#[cfg(test)]
mod tests {
    use super::{ChatType, SendDecision, SendPolicy, SendRule};
    use openclaw_protocol::session_key::SessionKey;
    use openclaw_store::{SessionEntry, SessionId, field};

    use SendDecision::{Allow, Deny};

    fn entry(fields: &[(&'static str, &str)]) -> SessionEntry {
        let mut entry = SessionEntry::new(&SessionId::random(), 1);
        for (name, value) in fields {
            entry.set_json(name, (*value).into());
        }
        entry
    }

    fn rule(action: SendDecision, change: impl FnOnce(&mut SendRule)) -> SendRule {
        let mut rule = SendRule { action, ..SendRule::default() };
        change(&mut rule);
        rule
    }

    #[test]
    fn rules_match_channel_kind_and_prefix() {
        let channel = |name: &'static str| move |rule: &mut SendRule| rule.channel = Some(name.to_owned());
        let kind = |kind| move |rule: &mut SendRule| rule.chat_type = Some(kind);
        let prefix = |text: &'static str| move |rule: &mut SendRule| rule.key_prefix = Some(text.to_owned());
        let group = "agent:main:discord:group:5";
        let rows = [
            (Deny, Allow, rule(Deny, channel(" Discord ")), group, None),
            (Allow, Allow, rule(Deny, channel("slack")), group, None),
            (Allow, Allow, rule(Deny, channel("slack")), group, Some(entry(&[("lastChannel", "Slack")]))),
            (Allow, Allow, rule(Deny, channel("discord")), group, Some(entry(&[("channel", "slack")]))),
            (Deny, Allow, rule(Deny, kind(ChatType::Group)), group, None),
            (Allow, Allow, rule(Deny, kind(ChatType::Channel)), group, None),
            (Deny, Allow, rule(Deny, kind(ChatType::Channel)), "agent:main:slack:channel:c:thread:1", None),
            (Deny, Allow, rule(Deny, kind(ChatType::Direct)), "agent:main:main", None),
            (
                Deny,
                Allow,
                rule(Deny, kind(ChatType::Channel)),
                "agent:main:main",
                Some(entry(&[("chatType", "channel")])),
            ),
            (Allow, Allow, rule(Deny, kind(ChatType::Direct)), "agent:main:cron:j", None),
            (Deny, Allow, rule(Deny, prefix("cron:")), "agent:main:cron:j", None),
            (Deny, Allow, rule(Deny, prefix("agent:main:CRON:")), "agent:main:cron:j", None),
            (Allow, Allow, rule(Deny, prefix("cron:")), "agent:main:main", None),
            (Allow, Deny, rule(Allow, prefix("main")), "agent:main:main", None),
            (Deny, Deny, rule(Allow, prefix("work")), "agent:main:main", None),
            (Deny, Allow, rule(Deny, |_| {}), "global", None),
            // The first message is judged like those after it.
            (Deny, Allow, rule(Deny, channel("webchat")), "agent:main:work", None),
            (Deny, Allow, rule(Deny, kind(ChatType::Direct)), "agent:main:work", None),
            (Deny, Allow, rule(Deny, channel("webchat")), "agent:main:work", Some(entry(&[]))),
        ];
        for (expected, default, rule, key, entry) in rows {
            let policy = SendPolicy { default, rules: vec![rule] };
            let key = SessionKey::canonical(key, "main", "main");
            assert_eq!(policy.decide((&key, "main"), entry.as_ref()), expected, "{policy:?} {key}");
        }
    }

    #[test]
    fn a_denial_wins_and_the_session_itself_comes_first() {
        let key = SessionKey::canonical("main", "main", "main");
        let both = vec![rule(Allow, |_| {}), rule(Deny, |_| {})];
        for (default, rules, own, expected) in [
            (Allow, vec![], None, Allow),
            (Deny, vec![], None, Deny),
            (Allow, both.clone(), None, Deny),
            (Deny, both.clone(), Some(" Allow "), Allow),
            (Allow, vec![], Some("deny"), Deny),
            (Deny, vec![], Some("whatever"), Deny),
        ] {
            let entry = own.map(|own| entry(&[(field::SEND_POLICY.key(), own)]));
            let policy = SendPolicy { default, rules };
            assert_eq!(policy.decide((&key, "main"), entry.as_ref()), expected, "{policy:?} {own:?}");
        }
    }
}
