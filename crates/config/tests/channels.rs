//! `channels` as people have it.

use openclaw_config::{
    Config, DmPolicy, Env, GroupPolicy, SlackMode, TelegramCapabilities, TelegramStreamMode, Toggle, parse,
};

fn config(text: &str) -> Result<Config, String> {
    let parsed = parse(text, "openclaw.json", &Env::from([("BOT", "123:abc")]));
    let told = |problems: Vec<openclaw_config::Problem>| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    parsed.map(|parsed| parsed.config).map_err(told)
}

fn problems(text: &str) -> Vec<String> {
    let problems = parse(text, "f", &Env::default()).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn one_bot() {
    let config = config(
        "{ channels: {
            defaults: { groupPolicy: 'allowlist', heartbeat: { showOk: true } },
            telegram: {
                enabled: true, botToken: '${BOT}', dmPolicy: 'pairing', allowFrom: [123456789, 'tg:1', '@me'],
                groups: { '*': { requireMention: true }, '-100': { topics: { '99': { skills: ['search'] } },
                    toolsBySender: { '1': { deny: ['exec'] } } } },
                capabilities: { inlineButtons: 'dm' }, commands: { native: 'auto', nativeSkills: false },
                customCommands: [{ command: '/backup', description: 'Save all' }],
                historyLimit: 50, retry: { attempts: 3, jitter: 0.1 }, mediaMaxMb: 5.5, actions: { sticker: false },
            },
        } }",
    )
    .unwrap();
    let telegram = config.channels.telegram.as_ref().unwrap();
    let account = &telegram.account;
    assert!(account.connection.bot_token.as_ref().unwrap().matches("123:abc"));
    let ids: Vec<&str> =
        account.access.allow_from.iter().flatten().map(openclaw_config::Id::as_str).collect();
    assert_eq!(ids, ["123456789", "tg:1", "@me"]);
    assert_eq!(account.access.dm_policy, Some(DmPolicy::Pairing));
    assert_eq!(account.commands.as_ref().and_then(|commands| commands.native_skills), Some(Toggle::Off));
    assert!(matches!(&account.capabilities, Some(TelegramCapabilities::Abilities(_))));
    let group = &account.groups.as_ref().unwrap()["-100"];
    assert_eq!(
        group.topics.as_ref().unwrap()["99"].admission.skills.as_deref(),
        Some(&["search".to_owned()][..])
    );
    assert_eq!(group.rules.tools_by_sender.as_ref().unwrap()["1"].deny.as_ref().map(Vec::len), Some(1));
    assert_eq!(account.replies.stream_mode, None::<TelegramStreamMode>);
    assert_eq!(config.channels.defaults.group_policy, Some(GroupPolicy::Allowlist));
}

/// What an account does not say stays open, so that it can be taken from the channel.
#[test]
fn several_accounts() {
    let config = config(
        "{ channels: {
            whatsapp: { allowFrom: ['+15555550123'], accounts: { default: {}, biz: { authDir: '~/wa', dmPolicy: 'open', allowFrom: ['*'] } } },
            slack: { accounts: { a: { botToken: 'xoxb', appToken: 'xapp' }, b: { mode: 'http', signingSecret: 's', webhookPath: '/b' } } },
        } }",
    )
    .unwrap();
    let whatsapp = config.channels.whatsapp.as_ref().unwrap();
    assert_eq!((whatsapp.media_max_mb, whatsapp.accounts["default"].media_max_mb), (50, None));
    assert_eq!(whatsapp.accounts["default"].phone.access.dm_policy, None);
    assert_eq!(whatsapp.accounts["biz"].phone.access.dm_policy, Some(DmPolicy::Open));
    let slack = config.channels.slack.as_ref().unwrap();
    assert_eq!((slack.mode, slack.webhook_path.as_str()), (SlackMode::Socket, "/slack/events"));
    assert_eq!((slack.accounts["a"].mode, slack.accounts["b"].mode), (None, Some(SlackMode::Http)));
}

#[test]
fn the_other_services_and_plugins() {
    let config = config(
        "{ channels: {
            discord: { token: 't', dm: { policy: 'pairing', groupEnabled: true, groupChannels: ['x', 7] },
                guilds: { '123': { slug: 'friends', channels: { general: { allow: true, autoThread: true } } } } },
            googlechat: { serviceAccount: { type: 'service_account', private_key: 'k' }, audienceType: 'app-url', dm: { enabled: true } },
            signal: { account: '+1', httpPort: 8080, startupTimeoutMs: 120000, reactionNotifications: 'allowlist' },
            imessage: { service: 'auto', dbPath: '~/chat.db', groups: { '1': { requireMention: false } } },
            msteams: { appId: 'a', appPassword: 'p', webhook: { port: 3978 }, teams: { t: { replyStyle: 'thread', channels: { c: { replyStyle: 'top-level' } } } } },
            mattermost: { botToken: 'b', baseUrl: 'http://c', chatmode: 'onchar', oncharPrefixes: ['>'] },
            bluebubbles: { serverUrl: 'http://mac', password: 'p', actions: { edit: false } },
            matrix: { homeserver: 'http://m', accessToken: 's' }, 'nextcloud-talk': {}, wecom: { any: [1] },
        } }",
    )
    .unwrap();
    let channels = &config.channels;
    let key = channels.googlechat.as_ref().and_then(|chat| chat.account.connection.service_account.as_ref());
    assert_eq!(key.unwrap().expose()["private_key"], "k");
    let actions = &channels.bluebubbles.as_ref().unwrap().actions;
    assert_eq!((actions.edit, actions.reactions), (false, true));
    assert_eq!(channels.plugins.matrix.as_ref().unwrap().expose()["homeserver"], "http://m");
    assert_eq!(channels.others.keys().collect::<Vec<_>>(), ["wecom"]);
}

#[test]
fn strict_where_the_service_is_known() {
    let rows = [
        (
            "telegram: {customCommands: [{command: 'x'}]}",
            "f:1:41 channels.telegram.customCommands[0].description: is missing and required; add it",
        ),
        (
            "telegram: {capabilities: 'x'}",
            "f:1:38 channels.telegram.capabilities: expected a list or an object, found a string",
        ),
        ("telegram: {dmHistoryLimit: -1}", "f:1:40 channels.telegram.dmHistoryLimit: must be at least 0"),
        (
            "telegram: {retry: {jitter: 2}}",
            "f:1:40 channels.telegram.retry.jitter: must be at least 0 and at most 1",
        ),
        (
            "whatsapp: {allowFrom: [1]}",
            "f:1:36 channels.whatsapp.allowFrom[0]: expected a string, found a number",
        ),
        ("whatsapp: {authDir: 'x'}", "f:1:24 channels.whatsapp.authDir: unknown key"),
        (
            "googlechat: {serviceAccount: 5}",
            "f:1:42 channels.googlechat.serviceAccount: expected a string or an object, found a number",
        ),
        (
            "googlechat: {serviceAccount: ' '}",
            "f:1:42 channels.googlechat.serviceAccount: is blank; give it a value or remove the key",
        ),
        (
            "signal: {startupTimeoutMs: 10}",
            "f:1:40 channels.signal.startupTimeoutMs: must be at least 1000 and at most 120000",
        ),
        (
            "slack: {accounts: {a: {channels: {x: {alow: true}}}}}",
            "f:1:51 channels.slack.accounts.a.channels.x.alow: unknown key, did you mean \"allow\"?",
        ),
        ("msteams: {accounts: {}}", "f:1:23 channels.msteams.accounts: unknown key"),
        ("discord: 'sekret'", "f:1:22 channels.discord: expected an object, found a string"),
    ];
    for (channel, expected) in rows {
        assert_eq!(problems(&format!("{{channels: {{{channel}}}}}")), [expected], "{channel}");
    }
}
