//! `tools` and `agents.list[].tools`

use openclaw_guard::Secret;

use super::not_yet;
use super::{LinkTools, MediaTools, ToolLists};
use crate::declare::{choices, section};
use crate::read::{Id, Map};

choices! {
    /// A set of tools to begin with.
    pub enum ToolProfile { Minimal = "minimal", Coding = "coding", Messaging = "messaging", Full = "full" }
}

choices! {
    /// Where commands run.
    pub enum ExecHost { Sandbox = "sandbox", Gateway = "gateway", Node = "node" }
}

choices! {
    /// Which commands run.
    pub enum ExecSecurity { Deny = "deny", Allowlist = "allowlist", Full = "full" }
}

choices! {
    /// When a command needs the owner's approval.
    pub enum ExecAsk { Off = "off", OnMiss = "on-miss", Always = "always" }
}

section! {
    /// What agents can do.
    pub struct Tools {
        /// The set of tools to begin with.
        profile: Option<ToolProfile>;
        /// For models of a provider, or for one model, narrower lists.
        by_provider: Map<ProviderTools>, planned("tools are the same for every model yet");
        /// The web.
        web: WebTools, planned(not_yet::WEB);
        /// Images, sound and video that are sent to the agent.
        media: MediaTools, planned(not_yet::MEDIA);
        /// Links that are sent to the agent.
        links: LinkTools, planned(not_yet::MEDIA);
        /// Sending messages.
        message: MessageTool, planned(not_yet::CHANNELS);
        /// Talking to other agents.
        agent_to_agent: AgentToAgentTool, was(&["routing.agentToAgent"]), planned(not_yet::AGENTS);
        /// Commands outside the sandbox.
        elevated: ElevatedTools, was(&["agent.elevated"]), planned(not_yet::ELEVATED);
        /// Commands.
        exec: ExecTool, was(&["tools.bash", "agent.bash"]);
        /// Agents that an agent starts.
        subagents: SubagentTools, planned(not_yet::AGENTS);
        /// Sessions in a sandbox.
        sandbox: SandboxTools, planned("there is no sandbox in this build yet");
    }
    groups {
        /// Allowed and denied tools.
        lists: ToolLists;
    }
}

section! {
    /// What one agent can do, within what all agents can.
    pub struct AgentTools {
        /// The set of tools to begin with.
        profile: Option<ToolProfile>;
        /// For models of a provider, or for one model, narrower lists.
        by_provider: Map<ProviderTools>, planned("tools are the same for every model yet");
        /// Commands outside the sandbox.
        elevated: ElevatedTools, planned(not_yet::ELEVATED);
        /// Commands.
        exec: AgentExecTool;
        /// Sessions in a sandbox.
        sandbox: SandboxTools, planned("there is no sandbox in this build yet");
    }
    groups {
        /// Allowed and denied tools.
        lists: ToolLists;
    }
}

section! {
    /// Tools for models of one provider.
    pub struct ProviderTools {
        /// The set of tools to begin with.
        profile: Option<ToolProfile>;
    }
    groups {
        /// Allowed and denied tools.
        lists: ToolLists;
    }
}

section! {
    /// Commands.
    pub struct ExecTool {
        /// Where they run.
        host: Option<ExecHost>;
        /// Which ones run.
        security: Option<ExecSecurity>;
        /// When they need the owner's approval.
        ask: Option<ExecAsk>;
        /// The node that they run on.
        node: Option<String>, planned(not_yet::NODES);
        /// Folders before the usual ones in `PATH`.
        path_prepend: Vec<String>, planned(not_yet::EXEC);
        /// Programs that read only their input and need no approval.
        safe_bins: Option<Vec<String>>, planned(not_yet::EXEC);
        /// Milliseconds after which a command goes on in the background.
        background_ms: u64 = 10_000, min(1.0), planned(not_yet::EXEC);
        /// Seconds after which a command is stopped.
        timeout_sec: u64 = 1800, min(1.0), planned(not_yet::EXEC), met_by(&["1800"]);
        /// Milliseconds after which a finished background command is forgotten.
        cleanup_ms: u64 = 1_800_000, min(1.0), planned(not_yet::EXEC);
        /// Whether the agent is told when a background command ends.
        notify_on_exit: bool = true, planned(not_yet::EXEC);
        /// Patches.
        apply_patch: ApplyPatch, planned(not_yet::EXEC);
    }
}

section! {
    /// Times of commands at their earlier place.
    pub struct EarlierExec {
        /// As `tools.exec.backgroundMs`.
        background_ms: Option<u64>, min(1.0);
        /// As `tools.exec.timeoutSec`.
        timeout_sec: Option<u64>, min(1.0);
        /// As `tools.exec.cleanupMs`.
        cleanup_ms: Option<u64>, min(1.0);
    }
}

section! {
    /// Commands of one agent; absent keys are as for all agents.
    pub struct AgentExecTool {
        /// Where they run.
        host: Option<ExecHost>;
        /// Which ones run.
        security: Option<ExecSecurity>;
        /// When they need the owner's approval.
        ask: Option<ExecAsk>;
        /// The node that they run on.
        node: Option<String>, planned(not_yet::NODES);
        /// Folders before the usual ones in `PATH`.
        path_prepend: Option<Vec<String>>, planned(not_yet::EXEC);
        /// Programs that read only their input and need no approval.
        safe_bins: Option<Vec<String>>, planned(not_yet::EXEC);
        /// Milliseconds after which a command goes on in the background.
        background_ms: Option<u64>, min(1.0), planned(not_yet::EXEC);
        /// Seconds after which a command is stopped.
        timeout_sec: Option<u64>, min(1.0), planned(not_yet::EXEC), met_by(&["1800"]);
        /// Milliseconds after which an approved command is reported as still running; 0 means never.
        approval_running_notice_ms: Option<u64>, planned(not_yet::EXEC);
        /// Milliseconds after which a finished background command is forgotten.
        cleanup_ms: Option<u64>, min(1.0), planned(not_yet::EXEC);
        /// Whether the agent is told when a background command ends.
        notify_on_exit: Option<bool>, planned(not_yet::EXEC);
        /// Patches.
        apply_patch: Option<ApplyPatch>, planned(not_yet::EXEC);
    }
}

section! {
    /// Patches as a tool.
    pub struct ApplyPatch {
        /// Whether there is the tool.
        enabled: bool = false;
        /// Only for these models.
        allow_models: Vec<String>;
    }
}

section! {
    /// Commands outside the sandbox.
    pub struct ElevatedTools {
        /// Whether they are possible.
        enabled: Option<bool>;
        /// Who may ask for them: a channel's name, and senders' ids.
        allow_from: Map<Vec<Id>>;
    }
}

section! {
    /// Tools inside a sandbox.
    pub struct SandboxTools {
        /// Allowed and denied tools.
        tools: ToolLists, was(&["agent.sandbox.tools"]);
    }
}

section! {
    /// Tools of agents that an agent starts.
    pub struct SubagentTools {
        /// Allowed and denied tools.
        tools: ToolLists, was(&["agent.subagents.tools"]);
    }
}

section! {
    /// Talking to other agents.
    pub struct AgentToAgentTool {
        /// Whether it is possible.
        enabled: bool = false;
        /// Only with these agents; `*` stands for any text.
        allow: Vec<String>;
    }
}

section! {
    /// Sending messages.
    pub struct MessageTool {
        /// Earlier form: whether any chat may be written to.
        allow_cross_context_send: Option<bool>;
        /// Chats other than the one of the session.
        cross_context: CrossContext;
        /// One message to many chats.
        broadcast: MessageBroadcast;
    }
}

section! {
    /// Chats other than the one of the session.
    pub struct CrossContext {
        /// On the same channel.
        allow_within_provider: Option<bool>;
        /// On other channels.
        allow_across_providers: Option<bool>;
        /// A mark that tells where a message came from.
        marker: CrossContextMarker;
    }
}

section! {
    /// A mark that tells where a message came from.
    pub struct CrossContextMarker {
        /// Whether there is one.
        enabled: Option<bool>;
        /// Text before the message; `{channel}` stands for the place.
        prefix: Option<String>;
        /// Text after the message.
        suffix: Option<String>;
    }
}

section! {
    /// One message to many chats.
    pub struct MessageBroadcast {
        /// Whether it is possible.
        enabled: Option<bool>;
    }
}

choices! {
    /// Who searches the web.
    pub enum SearchProvider { Brave = "brave", Perplexity = "perplexity", Grok = "grok" }
}

section! {
    /// The web.
    pub struct WebTools {
        /// Searching.
        search: WebSearch;
        /// Reading pages.
        fetch: WebFetch;
    }
}

section! {
    /// Searching the web.
    pub struct WebSearch {
        /// Whether there is the tool.
        enabled: Option<bool>;
        /// Who searches.
        provider: Option<SearchProvider>;
        /// The key for Brave.
        api_key: Option<Secret>;
        /// Most results.
        max_results: Option<u64>, min(1.0);
        /// Seconds after which a search is given up.
        timeout_seconds: Option<u64>, min(1.0);
        /// Minutes for which results are kept.
        cache_ttl_minutes: Option<f64>, min(0.0);
        /// Perplexity.
        perplexity: Perplexity;
        /// Grok.
        grok: Grok;
    }
}

section! {
    /// Search by Perplexity.
    pub struct Perplexity {
        /// The key.
        api_key: Option<Secret>;
        /// The address.
        base_url: Option<String>;
        /// The model.
        model: Option<String>;
    }
}

section! {
    /// Search by Grok.
    pub struct Grok {
        /// The key.
        api_key: Option<Secret>;
        /// The model.
        model: Option<String>;
        /// Whether sources stand in the text.
        inline_citations: Option<bool>;
    }
}

section! {
    /// Reading pages.
    pub struct WebFetch {
        /// Whether there is the tool.
        enabled: Option<bool>;
        /// Most characters of a page.
        max_chars: Option<u64>, min(1.0);
        /// The most that an agent may ask for.
        max_chars_cap: Option<u64>, min(1.0);
        /// Seconds after which a page is given up.
        timeout_seconds: Option<u64>, min(1.0);
        /// Minutes for which a page is kept.
        cache_ttl_minutes: Option<f64>, min(0.0);
        /// Most redirects.
        max_redirects: Option<u64>;
        /// The `User-Agent` header.
        user_agent: Option<String>;
        /// Whether pages are reduced to their main text.
        readability: bool = true;
        /// Firecrawl, for pages that cannot be read otherwise.
        firecrawl: Firecrawl;
    }
}

section! {
    /// Reading pages with Firecrawl.
    pub struct Firecrawl {
        /// Whether it is used; by default if there is a key.
        enabled: Option<bool>;
        /// The key.
        api_key: Option<Secret>;
        /// The address.
        base_url: Option<String>;
        /// Whether menus and the like are left out.
        only_main_content: Option<bool>;
        /// Milliseconds for which it may answer from its cache.
        max_age_ms: Option<u64>;
        /// Seconds after which a page is given up.
        timeout_seconds: Option<u64>, min(1.0);
    }
}
