//! `channels.signal`

use super::*;
use crate::declare::{choices, section};
use crate::read::{Id, Map};

section! {
    /// Signal.
    pub struct Signal {
        /// Several numbers, by names of your choice.
        accounts: Map<SignalAccount>;
    }
    groups {
        /// The only number, or what the numbers share.
        account: SignalAccount;
    }
}

section! {
    /// A number on Signal.
    pub struct SignalAccount {
        /// A name for people.
        name: Option<String>;
        /// Whether it runs.
        enabled: Option<bool>;
        /// What the client can do.
        capabilities: Option<Vec<String>>;
        /// Whether messages are marked as read.
        send_read_receipts: Option<bool>;
        /// Largest file in megabytes.
        media_max_mb: Option<u64>, min(1.0);
        /// What the agent may do besides writing messages.
        actions: Option<ReactionActions>;
        /// Which reactions the agent hears of.
        reaction_notifications: Option<ReactionNotice>;
        /// People whose reactions it hears of with `allowlist`.
        reaction_allowlist: Option<Vec<Id>>;
        /// How freely the agent reacts.
        reaction_level: Option<ReactionLevel>;
    }
    groups {
        /// What most channels are told.
        manner: ChannelManner;
        /// Who is answered.
        access: SenderAccess;
        /// Earlier messages.
        history: ChannelHistory;
        /// Long replies.
        chunks: ReplyChunks;
        /// Parts of a reply.
        blocks: ReplyBlocks;
        /// The program that speaks to Signal.
        daemon: SignalDaemon;
    }
}

choices! {
    /// When the program fetches messages.
    pub enum SignalReceive { OnStart = "on-start", Manual = "manual" }
}

section! {
    /// The program that speaks to Signal: `signal-cli` as a server.
    pub struct SignalDaemon {
        /// The agent's own number, as `+…`.
        account: Option<String>, placeholder("+15550001234");
        /// The server's address; it wins over host and port.
        http_url: Option<String>;
        /// The server's host.
        http_host: Option<String>;
        /// The server's port.
        http_port: Option<u16>, min(1.0);
        /// The program.
        cli_path: Option<String>;
        /// Whether the gateway starts it; it does if `httpUrl` is absent.
        auto_start: Option<bool>;
        /// Milliseconds to wait for its start.
        startup_timeout_ms: Option<u64>, min(1000.0), max(120_000.0);
        /// Messages are fetched from the start on, or only when asked for.
        receive_mode: Option<SignalReceive>;
        /// Whether files are left out.
        ignore_attachments: Option<bool>;
        /// Whether stories are left out.
        ignore_stories: Option<bool>;
    }
}
