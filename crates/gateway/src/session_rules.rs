//! What the configuration says of sessions, as the agent's decisions take it.

use jiff::tz::TimeZone;
use openclaw_agent::SessionRules;
use openclaw_agent::commands::ResetTriggers;
use openclaw_agent::lifecycle::{ResetMode, ResetRule, ResetRules};
use openclaw_agent::nature::ChatType;
use openclaw_agent::send_policy::{SendDecision, SendPolicy, SendRule};
use openclaw_config::{
    ChatRule, Config, Permission, ResetMode as ConfigMode, ResetPolicy, SendRules, Session, SessionChatType,
    SessionScope as ConfigScope,
};
use openclaw_protocol::session_key::SessionScope;

/// Reads them.
pub(crate) fn session_rules(config: &Config) -> SessionRules {
    let session = &config.session;
    SessionRules {
        scope: scope(config),
        resets: resets(session),
        triggers: ResetTriggers::new(session.reset_triggers.iter().flatten().map(String::as_str)),
        sending: sending(&session.send_policy),
        zone: TimeZone::system(),
    }
}

/// Triggers that never start a session over, for they are other commands, in words for the log.
pub(crate) fn vain_triggers(config: &Config) -> Vec<String> {
    let triggers = ResetTriggers::new(config.session.reset_triggers.iter().flatten().map(String::as_str));
    let words = |word: &str| {
        format!(
            "session.resetTriggers: \"{word}\" is another command and starts no session over; use another word"
        )
    };
    triggers.shadowed().into_iter().map(words).collect()
}

/// `session.scope`
pub(crate) fn scope(config: &Config) -> SessionScope {
    match config.session.scope {
        ConfigScope::PerSender => SessionScope::PerSender,
        ConfigScope::Global => SessionScope::Global,
    }
}

fn resets(session: &Session) -> ResetRules {
    let by_type = &session.reset_by_type;
    let rule_of = |policy: &Option<ResetPolicy>| policy.as_ref().map(rule);
    ResetRules {
        base: rule_of(&session.reset),
        direct: rule_of(&by_type.direct).or_else(|| rule_of(&by_type.dm)),
        group: rule_of(&by_type.group),
        thread: rule_of(&by_type.thread),
        by_channel: session
            .reset_by_channel
            .iter()
            .map(|(channel, policy)| (channel.trim().to_lowercase(), rule(policy)))
            .collect(),
        idle_minutes: session.idle_minutes,
        heartbeat_idle_minutes: session.heartbeat_idle_minutes,
    }
}

fn rule(policy: &ResetPolicy) -> ResetRule {
    ResetRule {
        mode: policy.mode.map(|mode| match mode {
            ConfigMode::Daily => ResetMode::Daily,
            ConfigMode::Idle => ResetMode::Idle,
        }),
        at_hour: policy.at_hour.or(policy.at_time).and_then(|hour| i8::try_from(hour).ok()),
        idle_minutes: policy.idle_minutes,
    }
}

fn sending(policy: &SendRules) -> SendPolicy {
    SendPolicy {
        default: policy.default.map(decision).unwrap_or_default(),
        rules: policy.rules.iter().map(send_rule).collect(),
    }
}

fn send_rule(rule: &ChatRule) -> SendRule {
    let conditions = &rule.conditions;
    SendRule {
        action: rule.action.map(decision).unwrap_or_default(),
        channel: conditions.channel.clone(),
        chat_type: conditions.chat_type.map(|kind| match kind {
            SessionChatType::Direct | SessionChatType::Dm => ChatType::Direct,
            SessionChatType::Group => ChatType::Group,
            SessionChatType::Channel => ChatType::Channel,
        }),
        key_prefix: conditions.key_prefix.clone(),
    }
}

fn decision(permission: Permission) -> SendDecision {
    match permission {
        Permission::Allow => SendDecision::Allow,
        Permission::Deny => SendDecision::Deny,
    }
}

#[cfg(test)]
mod tests {
    use super::{session_rules, vain_triggers};
    use openclaw_agent::commands::ResetTriggers;
    use openclaw_agent::lifecycle::{Occasion, ResetPolicy, ResetType};
    use openclaw_agent::send_policy::SendDecision;
    use openclaw_config::{Env, parse};
    use openclaw_protocol::session_key::{SessionKey, SessionScope};

    #[test]
    fn a_trigger_that_is_another_command_is_named() {
        let of = |text: &str| vain_triggers(&parse(text, "f", &Env::from([])).unwrap().config);
        assert_eq!(of("{}"), [""; 0]);
        let [words] = &of(r#"{session: {resetTriggers: ["/new", "/STOP"]}}"#)[..] else { panic!() };
        assert!(words.contains("session.resetTriggers: \"/stop\" is another command"), "{words}");
    }

    #[test]
    fn every_key_reaches_its_decision() {
        let text = r#"{session: {
            scope: "global", resetTriggers: ["/fresh"],
            reset: {atTime: 6}, resetByType: {dm: {mode: "idle", idleMinutes: 7}, group: {atHour: 1, atTime: 2}},
            resetByChannel: {Discord: {idleMinutes: 9}}, idleMinutes: 8, heartbeatIdleMinutes: 5,
            sendPolicy: {default: "deny", rules: [{action: "allow", match: {chatType: "dm"}}]},
        }}"#;
        let config = parse(text, "f", &Env::from([])).unwrap().config;
        let rules = session_rules(&config);
        assert_eq!(rules.scope, SessionScope::Global);
        assert_eq!(rules.triggers, ResetTriggers::new(["/fresh"]));
        let policy = |kind, channel, occasion| rules.resets.policy(kind, channel, occasion);
        let row = |at_hour, idle_minutes| ResetPolicy { at_hour, idle_minutes };
        assert_eq!(policy(ResetType::Direct, None, Occasion::Message), row(None, Some(7)));
        assert_eq!(policy(ResetType::Direct, None, Occasion::Heartbeat), row(None, Some(5)));
        assert_eq!(policy(ResetType::Group, None, Occasion::Message), row(Some(1), Some(8)));
        assert_eq!(policy(ResetType::Thread, None, Occasion::Message), row(Some(6), Some(8)));
        assert_eq!(policy(ResetType::Thread, Some("discord"), Occasion::Message), row(Some(4), Some(9)));
        let key = |text| SessionKey::canonical(text, "main", "main");
        assert_eq!(rules.sending.decide((&key("main"), "main"), None), SendDecision::Allow);
        assert_eq!(rules.sending.decide((&key("x:group:5"), "main"), None), SendDecision::Deny);
    }
}
