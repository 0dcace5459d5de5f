//! `agents`

use super::not_yet;
use super::{
    AgentTools, BlockStreamingBreak, BlockStreamingChunk, BlockStreamingCoalesce, CliBackend, Compaction,
    ContextPruning, EarlierExec, GroupChat, Heartbeat, HumanDelay, MemorySearch, ModelChoice, Sandbox,
    TypingMode,
};
use crate::declare::{choices, section};
use crate::read::Map;
use serde_json::Value;

/// The agent that exists without being configured.
pub const MAIN_AGENT: &str = "main";

section! {
    /// Agents.
    pub struct Agents {
        /// What holds for every agent.
        defaults: AgentDefaults, was(&["agent"]);
        /// The agents; without any there is one, `main`.
        list: Vec<Agent>;
    }
}

impl Agents {
    /// The agent of that id, if the file has it.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Agent> {
        self.list.iter().find(|agent| agent.id == id)
    }

    /// The id of the agent that answers when nothing else is said: the one marked so, the first, or `main`.
    #[must_use]
    pub fn default_id(&self) -> &str {
        let marked = self.list.iter().find(|agent| agent.default == Some(true));
        marked.or_else(|| self.list.first()).map_or(MAIN_AGENT, |agent| &agent.id)
    }

    /// The memory search of an agent: its own keys over the defaults.
    #[must_use]
    pub fn memory_search(&self, id: &str) -> &MemorySearch {
        self.find(id).map_or(&self.defaults.memory_search, |agent| &agent.memory_search)
    }

    /// The model of an agent: its own, with the fallbacks of the defaults unless it names some.
    #[must_use]
    pub fn model(&self, id: &str) -> ModelChoice {
        let base = self.defaults.model.clone().unwrap_or_default();
        let Some(own) = self.find(id).and_then(|agent| agent.model.clone()) else { return base };
        ModelChoice { primary: own.primary.or(base.primary), fallbacks: own.fallbacks.or(base.fallbacks) }
    }
}

choices! {
    /// How much a model thinks before it answers.
    pub enum ThinkingLevel {
        Off = "off",
        Minimal = "minimal",
        Low = "low",
        Medium = "medium",
        High = "high",
        Xhigh = "xhigh",
    }
}

choices! {
    /// How much of the work is shown in the chat.
    pub enum VerboseLevel { Off = "off", On = "on", Full = "full" }
}

choices! {
    /// Whether commands run outside the sandbox.
    pub enum ElevatedLevel { Off = "off", On = "on", Ask = "ask", Full = "full" }
}

choices! {
    /// How times are written for the agent.
    pub enum TimeFormat { Auto = "auto", Twelve = "12", TwentyFour = "24" }
}

choices! {
    /// On or off, as words.
    pub enum OnOff { On = "on", Off = "off" }
}

section! {
    /// What holds for every agent unless it says otherwise.
    pub struct AgentDefaults {
        /// The model and its fallbacks.
        model: Option<ModelChoice>;
        /// The model that looks at images when the first one cannot.
        image_model: Option<ModelChoice>;
        /// Models that can be chosen, as `provider/model`, with an alias and parameters each; all if absent.
        models: Map<ModelEntry>;
        /// Search in memory.
        memory_search: MemorySearch, was(&["memorySearch"]);
        /// Removing old tool results from the context.
        context_pruning: ContextPruning, planned(not_yet::CONTEXT), advanced();
        /// Shortening a long conversation.
        compaction: Compaction, planned(not_yet::CONTEXT), advanced();
        /// A turn from time to time without a message.
        heartbeat: Heartbeat, hot(), planned(not_yet::HEARTBEAT);
        /// Agents that an agent starts.
        subagents: SubagentDefaults, planned(not_yet::AGENTS);
        /// Where commands of agents run.
        sandbox: Sandbox, planned(not_yet::SANDBOX);
        /// Earlier place of the times in `tools.exec`, which win.
        exec: EarlierExec, planned(not_yet::EXEC), advanced();
        /// Command-line programs that act as models.
        cli_backends: Map<CliBackend>, advanced();
    }
    groups {
        /// Files.
        files: AgentFiles;
        /// Times.
        time: AgentTime;
        /// Limits and levels.
        turn: TurnDefaults;
        /// The manner of replying.
        delivery: DeliveryDefaults;
    }
}

section! {
    /// Files of the agents.
    pub struct AgentFiles {
        /// The folder with the agents' memory and persona; `workspace` in the state directory if absent.
        workspace: Option<String>, placeholder("~/.openclaw/workspace");
        /// The repository that the system prompt names; found by itself if absent.
        repo_root: Option<String>, planned("the system prompt names no repository yet"), advanced();
        /// Whether the workspace's files are not created.
        skip_bootstrap: bool = false, advanced();
        /// Most characters of each workspace file that reach the model.
        bootstrap_max_chars: u64 = 20000, min(1.0), advanced();
    }
}

section! {
    /// Times that agents see.
    pub struct AgentTime {
        /// The user's time zone, such as `Europe/Vienna`; this machine's if absent.
        user_timezone: Option<String>, label("Time zone"), placeholder("Europe/Vienna");
        /// Twelve hours, twenty-four, or as this machine has it.
        time_format: TimeFormat = TimeFormat::Auto, planned(not_yet::ENVELOPE), met_by(&["auto", "24"]);
        /// The zone of the time before each message: `utc`, `local`, `user`, or a name.
        envelope_timezone: Option<String>, planned(not_yet::ENVELOPE), met_by(&["user"]), advanced();
        /// Whether each message comes with its time.
        envelope_timestamp: OnOff = OnOff::On, planned(not_yet::ENVELOPE), met_by(&["on"]), advanced();
        /// Whether each message comes with the time since the one before.
        envelope_elapsed: OnOff = OnOff::On, planned(not_yet::ENVELOPE), advanced();
    }
}

section! {
    /// Limits and levels of a turn.
    pub struct TurnDefaults {
        /// Tokens of context that are used; the model's own if absent.
        context_tokens: Option<u64>, min(1.0);
        /// Seconds after which a turn is given up.
        timeout_seconds: u64 = 600, min(1.0);
        /// Turns at the same time, over all sessions.
        max_concurrent: u64 = 4, min(1.0), max(10_000.0);
        /// How much the model thinks.
        thinking_default: Option<ThinkingLevel>;
        /// How much of the work is shown.
        verbose_default: VerboseLevel = VerboseLevel::Off, planned(not_yet::LEVELS);
        /// Whether commands run outside the sandbox.
        elevated_default: Option<ElevatedLevel>, planned(not_yet::ELEVATED);
    }
}

section! {
    /// The manner of replying.
    pub struct DeliveryDefaults {
        /// Whether parts of a reply are sent before it is complete.
        block_streaming_default: OnOff = OnOff::Off, planned(not_yet::DELIVERY);
        /// When a part ends.
        block_streaming_break: BlockStreamingBreak = BlockStreamingBreak::TextEnd, planned(not_yet::DELIVERY), advanced();
        /// How long a part is.
        block_streaming_chunk: BlockStreamingChunk, planned(not_yet::DELIVERY), advanced();
        /// When short parts are joined.
        block_streaming_coalesce: BlockStreamingCoalesce, planned(not_yet::DELIVERY), advanced();
        /// Pauses between the parts.
        human_delay: HumanDelay, planned(not_yet::DELIVERY), advanced();
        /// Largest file taken from a chat, in megabytes.
        media_max_mb: Option<f64>, above(0.0), planned(not_yet::DELIVERY);
        /// Seconds between two typing signals.
        typing_interval_seconds: Option<u64>, min(1.0), planned(not_yet::DELIVERY);
        /// When the typing signal starts.
        typing_mode: Option<TypingMode>, planned(not_yet::DELIVERY), met_by(&["never"]);
    }
}

section! {
    /// What is set for one model.
    pub struct ModelEntry {
        /// A short name for it.
        alias: Option<String>;
        /// Parameters of its requests, as the provider has them.
        params: Map<Value>;
        /// Whether its answers are streamed.
        streaming: Option<bool>, planned(not_yet::MODEL_REQUESTS), met_by(&["true"]);
    }
}

section! {
    /// Agents that an agent starts.
    pub struct SubagentDefaults {
        /// How many run at the same time.
        max_concurrent: u64 = 8, min(1.0);
        /// Minutes after which a finished one is put away.
        archive_after_minutes: u64 = 60, min(1.0);
        /// Their model; the starting agent's if absent.
        model: Option<ModelChoice>;
        /// How much they think.
        thinking: Option<String>;
    }
}

section! {
    /// One agent.
    pub struct Agent {
        /// Its id: part of session keys and folder names.
        id: String, required(), placeholder("work");
        /// Whether it answers when nothing else is said.
        default: Option<bool>;
        /// The name that people see.
        name: Option<String>;
        /// Its workspace.
        workspace: Option<String>, placeholder("~/.openclaw/workspace-work");
        /// Its folder for credentials and models.
        agent_dir: Option<String>, advanced();
        /// Its model.
        model: Option<ModelChoice>;
        /// Only these skills; all if absent, none if empty.
        skills: Option<Vec<String>>, planned(not_yet::SKILLS);
        /// Search in its memory.
        memory_search: MemorySearch;
        /// A turn from time to time without a message.
        heartbeat: Option<Heartbeat>, hot(), planned(not_yet::HEARTBEAT);
        /// Who it is.
        identity: Identity;
        /// How it behaves in groups.
        group_chat: GroupChat, planned(not_yet::CHANNELS);
        /// Where its commands run.
        sandbox: Option<Sandbox>, planned(not_yet::SANDBOX);
    }
    groups {
        /// Pauses and sub-agents.
        manner: AgentManner;
        /// Tools.
        abilities: AgentAbilities;
    }
}

section! {
    /// Pauses and sub-agents of one agent.
    pub struct AgentManner {
        /// Pauses between the parts of a reply.
        human_delay: Option<HumanDelay>, planned(not_yet::DELIVERY);
        /// Agents that it starts.
        subagents: AgentSubagents, planned(not_yet::AGENTS);
    }
}

section! {
    /// Tools of one agent.
    pub struct AgentAbilities {
        /// What it can do, and what it must not.
        tools: AgentTools;
    }
}

section! {
    /// Agents that one agent starts.
    pub struct AgentSubagents {
        /// Which agents it may start; `*` means any.
        allow_agents: Vec<String>;
        /// Their model.
        model: Option<ModelChoice>;
        /// How much they think.
        thinking: Option<String>;
    }
}

section! {
    /// Who an agent is.
    pub struct Identity {
        /// Its name.
        name: Option<String>;
        /// Its manner, in a few words.
        theme: Option<String>;
        /// Its sign.
        emoji: Option<String>;
        /// Its picture: a file in the workspace, an address, or a `data:` address.
        avatar: Option<String>;
    }
}
