//! In which chats `qmd` may be asked (`memory.qmd.scope`).

use openclaw_config::{ChatRules, Permission, SessionChatType};

/// The kinds of chats that rules tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatKind {
    /// One person.
    Direct,
    /// A group.
    Group,
    /// A channel of a server.
    Channel,
}

/// The chat that a search is for.
#[derive(Debug, Clone, Copy)]
pub struct Chat<'a> {
    /// The session key, such as `agent:main:telegram:group:42`.
    pub key: &'a str,
    /// The channel's name, when there is one.
    pub channel: Option<&'a str>,
    /// The kind; nothing for what is no chat, such as a job or a sub-agent.
    pub kind: Option<ChatKind>,
}

/// Whether something may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Allow,
    /// It may not.
    Deny,
}

/// One rule. What is absent matches everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeRule {
    /// What happens when it matches.
    pub verdict: Verdict,
    /// The channel's name.
    pub channel: Option<String>,
    /// The kind of chat.
    pub kind: Option<ChatKind>,
    /// The beginning of the session key, with or without `agent:<id>:`.
    pub key_prefix: Option<String>,
}

/// The rules: the first one that matches decides, else the default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// In this order.
    pub rules: Vec<ScopeRule>,
    /// Without a matching rule.
    pub default: Verdict,
}

impl Default for Scope {
    /// Direct chats only: what a person noted in private is not for a group (S-047).
    fn default() -> Self {
        let direct = ScopeRule {
            verdict: Verdict::Allow,
            channel: None,
            kind: Some(ChatKind::Direct),
            key_prefix: None,
        };
        Self { rules: vec![direct], default: Verdict::Deny }
    }
}

impl Scope {
    /// The rules of the configuration; without any, direct chats only.
    #[must_use]
    pub fn of(config: Option<&ChatRules>) -> Self {
        let Some(config) = config else { return Self::default() };
        let rules = config.rules.iter().map(|rule| ScopeRule {
            verdict: rule.action.map_or(Verdict::Deny, verdict),
            channel: rule.conditions.channel.clone(),
            kind: rule.conditions.chat_type.map(kind),
            key_prefix: rule.conditions.key_prefix.clone(),
        });
        // OpenClaw: who writes rules without a default means them as exceptions.
        Self { rules: rules.collect(), default: config.default.map_or(Verdict::Allow, verdict) }
    }

    /// What the rules say about a chat.
    #[must_use]
    pub fn verdict(&self, chat: &Chat<'_>) -> Verdict {
        self.rules.iter().find(|rule| rule.matches(chat)).map_or(self.default, |rule| rule.verdict)
    }
}

impl ScopeRule {
    fn matches(&self, chat: &Chat<'_>) -> bool {
        let channel = self.channel.as_deref().is_none_or(|wanted| {
            chat.channel.is_some_and(|channel| channel.eq_ignore_ascii_case(wanted.trim()))
        });
        channel
            && self.kind.is_none_or(|wanted| chat.kind == Some(wanted))
            && self.key_prefix.as_deref().is_none_or(|prefix| begins(chat.key, prefix))
    }
}

/// Whether a session key begins with a prefix, as it is or after `agent:<id>:`.
fn begins(key: &str, prefix: &str) -> bool {
    let rest = key.strip_prefix("agent:").and_then(|rest| rest.split_once(':')).map(|(_, rest)| rest);
    key.starts_with(prefix) || rest.is_some_and(|rest| rest.starts_with(prefix))
}

fn verdict(permission: Permission) -> Verdict {
    match permission {
        Permission::Allow => Verdict::Allow,
        Permission::Deny => Verdict::Deny,
    }
}

fn kind(kind: SessionChatType) -> ChatKind {
    match kind {
        SessionChatType::Direct | SessionChatType::Dm => ChatKind::Direct,
        SessionChatType::Group => ChatKind::Group,
        SessionChatType::Channel => ChatKind::Channel,
    }
}

#[cfg(test)]
mod tests {
    use super::{Chat, ChatKind, Scope, Verdict};
    use openclaw_config::{ChatMatch, ChatRule, ChatRules, Permission, SessionChatType};

    const DIRECT: Chat<'_> =
        Chat { key: "agent:main:main", channel: Some("webchat"), kind: Some(ChatKind::Direct) };
    const GROUP: Chat<'_> =
        Chat { key: "agent:main:telegram:group:7", channel: Some("telegram"), kind: Some(ChatKind::Group) };
    const JOB: Chat<'_> = Chat { key: "agent:main:cron:nightly", channel: None, kind: None };

    fn rules(default: Option<Permission>, action: Permission, conditions: ChatMatch) -> Scope {
        let rule = ChatRule { action: Some(action), conditions };
        Scope::of(Some(&ChatRules { default, rules: vec![rule] }))
    }

    #[test]
    fn without_rules_direct_chats_only() {
        let scope = Scope::of(None);
        let verdicts = [DIRECT, GROUP, JOB].map(|chat| scope.verdict(&chat));
        assert_eq!(verdicts, [Verdict::Allow, Verdict::Deny, Verdict::Deny]);
    }

    #[test]
    fn the_first_match_decides() {
        use Permission::{Allow, Deny};
        let any = ChatMatch::default;
        let channel = |name: &str| ChatMatch { channel: Some(name.into()), ..any() };
        let kind = |kind| ChatMatch { chat_type: Some(kind), ..any() };
        let prefix = |text: &str| ChatMatch { key_prefix: Some(text.into()), ..any() };
        let yes = Verdict::Allow;
        let no = Verdict::Deny;
        let rows = [
            (Some(Deny), Allow, channel("Telegram"), [no, yes, no]),
            (Some(Deny), Allow, kind(SessionChatType::Dm), [yes, no, no]),
            (Some(Allow), Deny, kind(SessionChatType::Group), [yes, no, yes]),
            (Some(Deny), Allow, prefix("telegram:group:"), [no, yes, no]),
            (Some(Deny), Allow, prefix("agent:main:"), [yes, yes, yes]),
            (Some(Deny), Allow, prefix("main"), [yes, no, no]),
            (None, Deny, channel("telegram"), [yes, no, yes]),
            (None, Deny, any(), [no, no, no]),
        ];
        for (default, action, conditions, expected) in rows {
            let scope = rules(default, action, conditions);
            assert_eq!([DIRECT, GROUP, JOB].map(|chat| scope.verdict(&chat)), expected, "{scope:?}");
        }
    }
}
