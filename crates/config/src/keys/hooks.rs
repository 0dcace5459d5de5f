//! `hooks`

use openclaw_guard::Secret;

use super::{Install, TailscaleMode};
use crate::declare::{choices, section};
use crate::read::Map;

choices! {
    /// What a webhook does.
    pub enum HookAction { Wake = "wake", Agent = "agent" }
}

choices! {
    /// When a webhook's event is looked at.
    pub enum WakeMode { Now = "now", NextHeartbeat = "next-heartbeat" }
}

choices! {
    /// Where a webhook's reply goes.
    pub enum HookChannel {
        Last = "last",
        Whatsapp = "whatsapp",
        Telegram = "telegram",
        Discord = "discord",
        Slack = "slack",
        Signal = "signal",
        Imessage = "imessage",
        Msteams = "msteams",
    }
}

choices! {
    /// How much the model thinks about mail.
    pub enum GmailThinking { Off = "off", Minimal = "minimal", Low = "low", Medium = "medium", High = "high" }
}

section! {
    /// Webhooks and hooks on the gateway's own events.
    pub struct Hooks {
        /// Whether webhooks are served.
        enabled: bool = false;
        /// The path they are served under.
        path: String = "/hooks".to_owned();
        /// The token that callers send; nothing is served without it.
        token: Option<Secret>;
        /// Largest request in bytes.
        max_body_bytes: u64 = 262_144, min(1.0);
        /// Built-in mappings, such as `gmail`.
        presets: Vec<String>;
        /// The folder of transform modules.
        transforms_dir: Option<String>;
        /// Paths and what they do; the first match counts.
        mappings: Vec<HookMapping>;
        /// Mail from Gmail.
        gmail: Gmail;
        /// Hooks on the gateway's own events.
        internal: InternalHooks, planned("hooks on events are not part of this build yet");
    }
}

section! {
    /// What a webhook does.
    pub struct HookMapping {
        /// A name for it.
        id: Option<String>;
        /// Which requests it takes.
        conditions as "match": HookMatch;
        /// Leave a note for the main session, or start a turn.
        action: HookAction = HookAction::Agent;
        /// Looked at now or at the next heartbeat.
        wake_mode: WakeMode = WakeMode::Now;
        /// The name that people see.
        name: Option<String>;
        /// The session of the turn; it must start with `hook:`.
        session_key: Option<String>;
        /// The message of the turn; `{{field}}` stands for a field of the request.
        message_template: Option<String>;
        /// The text of the note.
        text_template: Option<String>;
    }
    groups {
        /// The reply.
        reply: HookReply;
        /// The turn.
        turn: HookTurn;
    }
}

section! {
    /// Which requests a mapping takes.
    pub struct HookMatch {
        /// The path below the hooks' path.
        path: Option<String>;
        /// The field `source` of the request.
        source: Option<String>;
    }
}

section! {
    /// Where the reply to a webhook goes.
    pub struct HookReply {
        /// Whether it is sent to a chat.
        deliver: Option<bool>;
        /// The channel.
        channel: Option<HookChannel>;
        /// The chat.
        to: Option<String>;
    }
}

section! {
    /// The turn of a webhook.
    pub struct HookTurn {
        /// Its model.
        model: Option<String>;
        /// How much the model thinks.
        thinking: Option<String>;
        /// Seconds after which it is given up.
        timeout_seconds: Option<u64>, min(1.0);
        /// Takes the warning frame off content from outside. Weakens security.
        allow_unsafe_external_content: bool = false;
        /// A module that rewrites the request.
        transform: Option<HookTransform>;
    }
}

section! {
    /// A module that rewrites a request.
    pub struct HookTransform {
        /// Its file.
        module: String, required();
        /// The function in it.
        export: Option<String>;
    }
}

section! {
    /// Mail from Gmail.
    pub struct Gmail {
        /// The account.
        account: Option<String>;
        /// Only mail with this label.
        label: Option<String>;
        /// The Pub/Sub topic.
        topic: Option<String>;
        /// The Pub/Sub subscription.
        subscription: Option<String>;
        /// The token that the push carries.
        push_token: Option<Secret>;
        /// The webhook that is called; it may hold the token.
        hook_url: Option<Secret>, may_be_blank();
        /// The server for the push.
        serve: GmailServe;
        /// Tailscale in front of it.
        tailscale: GmailTailscale;
        /// The model for mail.
        model: Option<String>;
        /// How much it thinks.
        thinking: Option<GmailThinking>;
    }
    groups {
        /// What is read.
        content: GmailContent;
    }
}

section! {
    /// What is read of mail.
    pub struct GmailContent {
        /// Whether the text of the mail is read.
        include_body: Option<bool>;
        /// Most bytes of it.
        max_bytes: Option<u64>, min(1.0);
        /// Minutes between two renewals of the watch.
        renew_every_minutes: Option<u64>, min(1.0);
        /// Takes the warning frame off mail. Weakens security.
        allow_unsafe_external_content: bool = false;
    }
}

section! {
    /// The server for pushed mail.
    pub struct GmailServe {
        /// Its address.
        bind: Option<String>;
        /// Its port.
        port: Option<u16>, min(1.0);
        /// Its path.
        path: Option<String>;
    }
}

section! {
    /// Tailscale in front of the server for pushed mail.
    pub struct GmailTailscale {
        /// How far it carries.
        mode: Option<TailscaleMode>;
        /// The path outside.
        path: Option<String>;
        /// The address inside.
        target: Option<String>;
    }
}

section! {
    /// Hooks on the gateway's own events.
    pub struct InternalHooks {
        /// Whether they run.
        enabled: bool = false;
        /// Single modules. Earlier form of `entries`.
        handlers: Vec<HookHandler>, advanced();
        /// Hooks by name.
        entries: Map<HookEntry>;
        /// Where hooks are found.
        load: HookLoad;
        /// What the installer noted.
        installs: Map<HookInstall>, advanced();
    }
}

section! {
    /// A module on an event.
    pub struct HookHandler {
        /// The event.
        event: String, required();
        /// The module's file.
        module: String, required();
        /// The function in it.
        export: Option<String>;
    }
}

section! {
    /// One hook.
    pub struct HookEntry {
        /// Whether it runs.
        enabled: Option<bool>;
        /// Variables for it.
        env: Map<Secret>, may_be_blank();
    }
}

section! {
    /// Where hooks are found.
    pub struct HookLoad {
        /// More folders.
        extra_dirs: Vec<String>;
    }
}

section! {
    /// What the installer noted about hooks.
    pub struct HookInstall {
        /// The hooks that came with it.
        hooks: Vec<String>;
    }
    groups {
        /// What is noted of everything installed.
        install: Install;
    }
}
