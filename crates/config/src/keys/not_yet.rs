//! Why keys are `planned`: what this build lacks, as `status` says it beside the key.

pub(crate) const AGENTS: &str = "agents do not start or write to other agents yet";
pub(crate) const APPROVALS: &str = "there are no approvals in this build yet";
pub(crate) const BROWSER: &str = "agents do not drive a browser yet";
pub(crate) const CHANNELS: &str = "channels are not part of this build yet";
pub(crate) const COMMANDS: &str = "only /new, /reset, /stop, /status and /help are read yet";
pub(crate) const CONTEXT: &str = "long conversations are cut and not yet summarised or pruned";
pub(crate) const CRON: &str = "scheduled jobs are not part of this build yet";
pub(crate) const DELIVERY: &str = "replies are not delivered to chats yet";
pub(crate) const DIAGNOSTICS: &str = "diagnostics and telemetry are not part of this build yet";
pub(crate) const DISCOVERY: &str = "the gateway does not announce itself yet";
pub(crate) const ELEVATED: &str = "there is no sandbox in this build yet, so nothing runs outside of one";
pub(crate) const ENDPOINTS: &str = "the HTTP endpoints are not part of this build yet";
pub(crate) const ENVELOPE: &str = "messages come with date, time and zone in one form yet";
pub(crate) const EXEC: &str = "commands run in the foreground with the built-in limits yet";
pub(crate) const HEARTBEAT: &str = "heartbeats are not part of this build yet";
pub(crate) const HOOKS: &str = "webhooks are not part of this build yet";
pub(crate) const INDEX: &str =
    "this build searches vectors itself, faster than sqlite-vec, and loads no extension";
pub(crate) const LEVELS: &str = "levels are kept with a session and not followed yet";
pub(crate) const MEDIA: &str = "agents are not given images, sound, video or links yet";
pub(crate) const MODEL_APIS: &str = "models of Copilot and Bedrock are not asked yet";
pub(crate) const MODEL_REQUESTS: &str = "requests to models are made in the built-in way yet";
pub(crate) const NODES: &str = "nodes are not part of this build yet";
pub(crate) const PLUGINS: &str = "plugins are not part of this build yet";
pub(crate) const QUEUE: &str = "messages of a busy session wait for their turn one by one yet";
pub(crate) const REMOTE: &str =
    "commands reach a gateway directly over ws:// only yet; open the tunnel yourself";
pub(crate) const SANDBOX: &str = "there is no sandbox in this build yet, so no commands run";
pub(crate) const SKILLS: &str = "skills are not part of this build yet";
pub(crate) const SPEECH: &str = "speech is not part of this build yet";
pub(crate) const TAILNET: &str =
    "the gateway does not start with this yet; use custom with the tailnet address";
pub(crate) const TAILSCALE: &str = "the gateway does not serve through Tailscale yet";
pub(crate) const TLS: &str = "the gateway does not speak TLS yet; use a reverse proxy";
pub(crate) const UPDATE: &str = "this build does not look for updates yet";
pub(crate) const WEB: &str = "agents do not search or read the web yet";
