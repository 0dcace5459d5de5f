//! `session` and `bindings`

use super::not_yet;
use crate::declare::{choices, section};
use crate::read::Map;

use super::{ChatRule, Permission, TypingMode};

choices! {
    /// Which senders share a session.
    pub enum SessionScope { PerSender = "per-sender", Global = "global" }
}

choices! {
    /// Which direct chats share a session.
    pub enum DmScope {
        Main = "main",
        PerPeer = "per-peer",
        PerChannelPeer = "per-channel-peer",
        PerAccountChannelPeer = "per-account-channel-peer",
    }
}

choices! {
    /// The kind of a chat; `dm` is the earlier name of `direct`.
    pub enum SessionChatType { Direct = "direct", Group = "group", Channel = "channel", Dm = "dm" }
}

choices! {
    /// When a session starts afresh.
    pub enum ResetMode { Daily = "daily", Idle = "idle" }
}

section! {
    /// Sessions.
    pub struct Session {
        /// Whether every chat has a session of its own, or one called `global` takes the place of every main session.
        scope: SessionScope = SessionScope::PerSender;
        /// Which direct chats share a session.
        dm_scope: DmScope = DmScope::Main, planned(not_yet::CHANNELS), met_by(&["main"]);
        /// One person under several names: a name, and the person's ids as `channel:id`.
        identity_links: Map<Vec<String>>, planned(not_yet::CHANNELS);
        /// Messages that start a session afresh; `/new` and `/reset` if absent. Text behind one is the first message of
        /// the new session.
        reset_triggers: Option<Vec<String>>;
        /// Minutes of silence after which a session starts afresh. Earlier form of `reset`.
        idle_minutes: Option<u64>, min(1.0);
        /// The same for sessions of heartbeats.
        heartbeat_idle_minutes: Option<u64>, min(1.0), planned(not_yet::HEARTBEAT), advanced();
        /// When a session starts afresh; every day at four if absent.
        reset: Option<ResetPolicy>;
        /// The same for kinds of chats.
        reset_by_type: ResetByType;
        /// The same for channels.
        reset_by_channel: Map<ResetPolicy>;
        /// The file of the session index; `{agentId}` stands for the agent.
        store: Option<String>, planned("the index of sessions stays in the state directory, which is guarded, in this build"), advanced();
        /// Seconds between two typing signals.
        typing_interval_seconds: Option<u64>, min(1.0), planned(not_yet::DELIVERY);
        /// When the typing signal starts.
        typing_mode: Option<TypingMode>, planned(not_yet::DELIVERY), met_by(&["never"]);
        /// The name of the main session.
        main_key: String = "main".to_owned(), advanced();
        /// Which sessions may be written to.
        send_policy: SendRules;
        /// Agents that talk to each other.
        agent_to_agent: AgentToAgentSession, planned(not_yet::AGENTS);
    }
}

section! {
    /// Rules on sessions: a denial by any rule counts, then a rule that allows, then the default. What a session says
    /// of itself comes before all of them.
    pub struct SendRules {
        /// What happens without a matching rule.
        default: Option<Permission>;
        /// The rules.
        rules: Vec<ChatRule>;
    }
}

section! {
    /// When a session starts afresh. With both a time of day and minutes of silence, the first one counts.
    pub struct ResetPolicy {
        /// Every day, or after silence.
        mode: Option<ResetMode>;
        /// The hour of the day, 0 to 23, on this machine's clock.
        at_hour: Option<u64>, max(23.0);
        /// Earlier name of `atHour`.
        at_time: Option<u64>, max(23.0);
        /// Minutes of silence.
        idle_minutes: Option<u64>, min(1.0);
    }
}

section! {
    /// When sessions of a kind of chat start afresh.
    pub struct ResetByType {
        /// Direct chats.
        direct: Option<ResetPolicy>;
        /// Earlier name of `direct`.
        dm: Option<ResetPolicy>;
        /// Groups.
        group: Option<ResetPolicy>;
        /// Threads.
        thread: Option<ResetPolicy>;
    }
}

section! {
    /// Agents that talk to each other.
    pub struct AgentToAgentSession {
        /// Most turns back and forth.
        max_ping_pong_turns: u64 = 5, max(5.0);
    }
}

section! {
    /// Which agent answers which chat.
    pub struct Binding {
        /// The agent.
        agent_id: String, required();
        /// The chats.
        conditions as "match": BindingMatch, required();
    }
}

section! {
    /// The chats of a binding.
    pub struct BindingMatch {
        /// The channel's name.
        channel: String, required(), was(&["bindings.*.match.provider"]);
        /// The account; `*` is any, absent is the default one.
        account_id: Option<String>, was(&["bindings.*.match.accountID"]);
        /// One chat.
        peer: Option<BindingPeer>;
        /// A server of Discord.
        guild_id: Option<String>;
        /// A workspace of Slack or a team of Microsoft Teams.
        team_id: Option<String>;
    }
}

section! {
    /// One chat.
    pub struct BindingPeer {
        /// Its kind.
        kind: Option<SessionChatType>, required();
        /// Its id in the channel.
        id: String, required();
    }
}
