//! The top of the file.

use super::not_yet;
use super::*;
use crate::declare::{choices, section};
use crate::read::{Map, Sealed};

section! {
    /// The whole of `openclaw.json`.
    pub struct Config {
        /// The gateway: its port, who may reach it, what it serves.
        gateway: Gateway, restart();
        /// Model providers and what is known of their models.
        models: Models, live();
        /// Agents: the defaults of all of them, and each one's own.
        agents: Agents, live();
        /// Which agent answers which chat; the first match counts.
        bindings: Vec<Binding>, live(), was(&["routing.bindings"]), planned(not_yet::CHANNELS);
        /// Sessions: which messages share one, and when one starts afresh.
        session: Session, live();
        /// Messages: queueing, prefixes, acknowledgements, speech.
        messages: Messages, live();
        /// Chat services.
        channels: Channels, hot();
        /// What agents can do, and what they must not.
        tools: Tools, live();
        /// The engine behind memory search.
        memory: Memory, live();
    }
    groups {
        /// Keys of the machine around the agents.
        system: SystemKeys;
        /// Keys of what is added to the gateway.
        extensions: ExtensionKeys;
    }
}

section! {
    /// Top-level keys of the machine around the agents.
    pub struct SystemKeys {
        /// Who wrote the file last.
        meta: Meta, live(), advanced();
        /// Environment variables, for the gateway and for `${NAME}`. A change of one that begins with `OPENCLAW_` restarts.
        env: EnvVars, live(), label("Environment");
        /// What the setup wizard did.
        wizard: Wizard, live(), advanced();
        /// Diagnostics and telemetry, off unless asked for.
        diagnostics: Diagnostics, restart(), advanced();
        /// Log files and console output.
        logging: Logging, live();
        /// Updates of the product itself.
        update: Update, live(), planned(not_yet::UPDATE);
        /// How the Control UI looks.
        ui: Ui, live();
        /// Credential profiles of model providers.
        auth: Auth, live();
        /// What this machine does as a node of another gateway.
        node_host: NodeHost, restart(), planned(not_yet::NODES), advanced();
        /// Announcing the gateway on the network.
        discovery: Discovery, restart(), planned(not_yet::DISCOVERY), advanced();
        /// The server for pages that agents draw.
        canvas_host: CanvasHost, restart(), planned(not_yet::BROWSER), advanced();
        /// Scheduled jobs.
        cron: Cron, hot(), planned(not_yet::CRON);
        /// The connection to WhatsApp Web.
        web: Web, restart(), planned(not_yet::CHANNELS), advanced(), label("WhatsApp Web");
        /// Slash commands.
        commands: Commands, live();
        /// Where approval requests are sent.
        approvals: Approvals, restart(), planned(not_yet::APPROVALS), advanced();
    }
}

section! {
    /// Top-level keys of what is added to the gateway.
    pub struct ExtensionKeys {
        /// Webhooks that wake an agent, and hooks on the gateway's own events.
        hooks: Hooks, hot(), planned(not_yet::HOOKS);
        /// The browser that agents drive.
        browser: Browser, hot(), planned(not_yet::BROWSER);
        /// Skills: where they come from and what they need.
        skills: Skills, live(), planned(not_yet::SKILLS);
        /// Plugins.
        plugins: Plugins, restart();
        /// Talk mode of the apps.
        talk: Talk, live(), planned(not_yet::SPEECH);
        /// Voice messages.
        audio: Audio, live(), planned(not_yet::SPEECH), advanced();
        /// Files sent and received.
        media: MediaFiles, restart(), planned(not_yet::MEDIA), advanced();
        /// One chat answered by several agents.
        broadcast: Broadcast, restart(), planned(not_yet::CHANNELS), advanced();
        /// The bridge of early releases: read and ignored.
        bridge: Option<Sealed>, restart(), advanced();
    }
}

choices! {
    /// In which order the agents of a broadcast answer.
    pub enum BroadcastStrategy { Parallel = "parallel", Sequential = "sequential" }
}

section! {
    /// Agents that answer a chat together: a chat's id, and the agents' ids.
    pub struct Broadcast {
        /// All at once, or one after the other.
        strategy: BroadcastStrategy = BroadcastStrategy::Parallel;
    }
    rest {
        /// Chat id to agent ids.
        chats: Map<Vec<String>>;
    }
}
