//! The machine around the agents: logs, variables, updates, schedules, commands.

use openclaw_guard::Secret;

use super::not_yet;
use crate::declare::{choices, section};
use crate::read::{Id, Map, Toggle};

section! {
    /// Who wrote the file last.
    pub struct Meta {
        /// The version.
        last_touched_version: Option<String>;
        /// The time.
        last_touched_at: Option<String>;
    }
}

section! {
    /// Environment variables.
    pub struct EnvVars {
        /// Variables that the login shell of the user has.
        shell_env: ShellEnv, advanced();
        /// Variables; the environment's own values win.
        vars: Map<Secret>, may_be_blank(), label("Variables");
    }
    rest {
        /// Variables written directly into `env`.
        inline: Map<Secret>;
    }
}

section! {
    /// Variables that the login shell of the user has.
    pub struct ShellEnv {
        /// Whether the shell is asked for credentials that are missing.
        enabled: bool = false;
        /// Milliseconds to wait for it.
        timeout_ms: u64 = 15_000;
    }
}

choices! {
    /// Which gateway the wizard set up.
    pub enum WizardMode { Local = "local", Remote = "remote" }
}

section! {
    /// What the setup wizard did.
    pub struct Wizard {
        /// When it ran last.
        last_run_at: Option<String>;
        /// Its version.
        last_run_version: Option<String>;
        /// Its commit.
        last_run_commit: Option<String>;
        /// Its command.
        last_run_command: Option<String>;
        /// Which gateway it set up.
        last_run_mode: Option<WizardMode>;
    }
}

choices! {
    /// How telemetry is sent.
    pub enum OtelProtocol { HttpProtobuf = "http/protobuf", Grpc = "grpc" }
}

section! {
    /// Diagnostics and telemetry.
    pub struct Diagnostics {
        /// Whether events are gathered.
        enabled: bool = false, planned(not_yet::DIAGNOSTICS);
        /// Areas that log more; `*` stands for any text.
        flags: Vec<String>, planned(not_yet::DIAGNOSTICS);
        /// Sending telemetry.
        otel: Otel, planned(not_yet::DIAGNOSTICS);
        /// Writing down what is sent to models.
        cache_trace: CacheTrace, planned(not_yet::DIAGNOSTICS);
    }
}

section! {
    /// Sending telemetry (OpenTelemetry).
    pub struct Otel {
        /// Whether it is sent.
        enabled: bool = false;
        /// Where to.
        endpoint: Option<String>;
        /// How.
        protocol: Option<OtelProtocol>;
        /// Headers added to each request.
        headers: Map<Secret>, may_be_blank();
        /// The name that it goes under.
        service_name: Option<String>;
        /// Whether traces are sent.
        traces: Option<bool>;
        /// Whether metrics are sent.
        metrics: Option<bool>;
        /// Whether logs are sent.
        logs: Option<bool>;
        /// The share of traces that is sent.
        sample_rate: Option<f64>, min(0.0), max(1.0);
        /// Milliseconds between two sendings.
        flush_interval_ms: Option<u64>;
    }
}

section! {
    /// Writing down what is sent to models.
    pub struct CacheTrace {
        /// Whether it is written.
        enabled: bool = false;
        /// The file.
        file_path: Option<String>;
        /// With messages.
        include_messages: Option<bool>;
        /// With the prompt.
        include_prompt: Option<bool>;
        /// With the system prompt.
        include_system: Option<bool>;
    }
}

choices! {
    /// From which weight on something is logged.
    pub enum LogLevel {
        Silent = "silent",
        Fatal = "fatal",
        Error = "error",
        Warn = "warn",
        Info = "info",
        Debug = "debug",
        Trace = "trace",
    }
}

choices! {
    /// How the console looks.
    pub enum ConsoleStyle { Pretty = "pretty", Compact = "compact", Json = "json" }
}

choices! {
    /// Where secrets are hidden in logs.
    pub enum RedactSensitive { Off = "off", Tools = "tools" }
}

section! {
    /// Log files and console output; see `docs/logging.md`.
    pub struct Logging {
        /// What goes into the file.
        level: LogLevel = LogLevel::Info;
        /// The file; if absent, one a day in `logs/` of the state directory, of which the last seven days are kept.
        file: Option<String>;
        /// What goes to the console. If absent, warnings and errors: nobody reads along with a service.
        console_level: Option<LogLevel>;
        /// How the console looks; `pretty` in a terminal and `compact` elsewhere if absent.
        console_style: Option<ConsoleStyle>;
        /// `tools` hides what looks like a secret or matches `redactPatterns`, in files and on the console. With `off`
        /// only the secrets of the configuration and the environment are hidden; those always are.
        redact_sensitive: RedactSensitive = RedactSensitive::Tools;
        /// What is hidden besides, `expression` (case does not matter) or `/expression/flags`; with groups only what
        /// they match. They run in linear time: look-around and back-references are refused.
        redact_patterns: Option<Vec<String>>, pattern(), advanced();
    }
}

choices! {
    /// Which versions are offered.
    pub enum UpdateChannel { Stable = "stable", Beta = "beta", Dev = "dev" }
}

section! {
    /// Updates of the product itself.
    pub struct Update {
        /// Which versions are offered.
        channel: Option<UpdateChannel>;
        /// Whether the gateway asks for new versions when it starts.
        check_on_start: bool = true;
    }
}

section! {
    /// How the Control UI looks.
    pub struct Ui {
        /// The accent color.
        seam_color: Option<String>, color(), label("Accent color"), placeholder("#ff8800");
        /// The assistant.
        assistant: UiAssistant;
    }
}

section! {
    /// The assistant in the Control UI.
    pub struct UiAssistant {
        /// Its name.
        name: Option<String>, max(50.0);
        /// Its picture: an emoji, an address, or a file.
        avatar: Option<String>, max(200.0);
    }
}

choices! {
    /// What kind of credential a profile holds.
    pub enum AuthProfileMode { ApiKey = "api_key", Oauth = "oauth", Token = "token" }
}

section! {
    /// Credential profiles of model providers. The credentials themselves are kept elsewhere.
    pub struct Auth {
        /// Profiles by name.
        profiles: Map<AuthProfile>;
        /// In which order a provider's profiles are tried.
        order: Map<Vec<String>>;
        /// How long a failed profile rests.
        cooldowns: AuthCooldowns;
    }
}

section! {
    /// One credential profile.
    pub struct AuthProfile {
        /// The provider.
        provider: String, required();
        /// What kind of credential it is.
        mode: Option<AuthProfileMode>, required();
        /// The account.
        email: Option<String>;
    }
}

section! {
    /// How long a failed credential profile rests.
    pub struct AuthCooldowns {
        /// Hours after the first failure to pay.
        billing_backoff_hours: Option<f64>, above(0.0);
        /// The same for providers.
        billing_backoff_hours_by_provider: Map<f64>, above(0.0);
        /// Most hours after repeated failures to pay.
        billing_max_hours: Option<f64>, above(0.0);
        /// Hours after which failures are forgotten.
        failure_window_hours: Option<f64>, above(0.0);
    }
}

section! {
    /// What this machine does as a node of another gateway.
    pub struct NodeHost {
        /// Lending its browser.
        browser_proxy: NodeBrowserProxy;
    }
}

section! {
    /// Lending the browser of this machine.
    pub struct NodeBrowserProxy {
        /// Whether it is lent.
        enabled: bool = true;
        /// Only these profiles; all if empty.
        allow_profiles: Vec<String>;
    }
}

choices! {
    /// How much is announced on the local network.
    pub enum MdnsMode { Off = "off", Minimal = "minimal", Full = "full" }
}

section! {
    /// Announcing the gateway.
    pub struct Discovery {
        /// Beyond the local network.
        wide_area: WideArea;
        /// On the local network.
        mdns: Mdns;
    }
}

section! {
    /// Announcing beyond the local network (DNS-SD).
    pub struct WideArea {
        /// Whether it is done.
        enabled: bool = false;
    }
}

section! {
    /// Announcing on the local network.
    pub struct Mdns {
        /// Not at all, the least that is needed, or with paths and ports.
        mode: Option<MdnsMode>;
    }
}

section! {
    /// The server for pages that agents draw.
    pub struct CanvasHost {
        /// Whether it runs.
        enabled: Option<bool>;
        /// The folder of the pages.
        root: Option<String>;
        /// Its port; four above the gateway's if absent.
        port: Option<u16>, min(1.0);
        /// Whether pages reload as files change.
        live_reload: bool = true;
    }
}

section! {
    /// Scheduled jobs.
    pub struct Cron {
        /// Whether they run.
        enabled: bool = true;
        /// The file of the jobs.
        store: Option<String>;
        /// How many run at the same time.
        max_concurrent_runs: Option<u64>, min(1.0);
    }
}

section! {
    /// The connection to WhatsApp Web.
    pub struct Web {
        /// Whether it is made.
        enabled: Option<bool>;
        /// Seconds between two signs of life.
        heartbeat_seconds: Option<u64>, min(1.0);
        /// Connecting again.
        reconnect: WebReconnect;
    }
}

section! {
    /// Connecting again after a loss.
    pub struct WebReconnect {
        /// First pause in milliseconds.
        initial_ms: Option<f64>, above(0.0);
        /// Longest pause in milliseconds.
        max_ms: Option<f64>, above(0.0);
        /// Growth of the pause.
        factor: Option<f64>, above(0.0);
        /// Random share of the pause.
        jitter: Option<f64>, min(0.0), max(1.0);
        /// Most attempts; 0 means no limit.
        max_attempts: Option<u64>;
    }
}

section! {
    /// Slash commands.
    pub struct Commands {
        /// Whether chats offer them in their menus.
        native: Toggle = Toggle::Auto, planned(not_yet::COMMANDS), met_by(&["false", "auto"]);
        /// Whether chats offer skills in their menus.
        native_skills: Toggle = Toggle::Auto, planned(not_yet::COMMANDS), met_by(&["false", "auto"]);
        /// Whether they are read from text.
        text: bool = true, planned(not_yet::COMMANDS), met_by(&["true"]);
        /// Whether `! command` runs a command on this machine.
        bash: bool = false, planned(not_yet::COMMANDS);
        /// Milliseconds after which such a command goes on in the background.
        bash_foreground_ms: u64 = 2000, max(30_000.0), planned(not_yet::COMMANDS);
        /// Whether `/config` changes this file.
        config: bool = false;
        /// Whether `/debug` changes settings until the next start.
        debug: bool = false, planned(not_yet::COMMANDS);
        /// Whether `/restart` restarts the gateway.
        restart: bool = false, planned(not_yet::COMMANDS);
        /// Whether the channels' allowlists hold for commands.
        use_access_groups: bool = true, planned(not_yet::COMMANDS), met_by(&["true"]);
        /// Who counts as the owner.
        owner_allow_from: Vec<Id>, planned(not_yet::COMMANDS);
    }
}

section! {
    /// Where approval requests are sent.
    pub struct Approvals {
        /// Requests to run a command.
        exec: ExecApprovals;
    }
}

choices! {
    /// Where approval requests go.
    pub enum ApprovalMode { Session = "session", Targets = "targets", Both = "both" }
}

section! {
    /// Where requests to run a command are sent.
    pub struct ExecApprovals {
        /// Whether they are sent to chats.
        enabled: bool = false;
        /// To the chat of the session, to the places below, or both.
        mode: ApprovalMode = ApprovalMode::Session;
        /// Only of these agents.
        agent_filter: Option<Vec<String>>;
        /// Only of sessions whose key holds one of these.
        session_filter: Option<Vec<String>>;
        /// Places.
        targets: Vec<ApprovalTarget>;
    }
}

section! {
    /// A place for approval requests.
    pub struct ApprovalTarget {
        /// The channel.
        channel: String, required(), min(1.0);
        /// The chat.
        to: String, required(), min(1.0);
        /// The account that sends.
        account_id: Option<String>;
        /// The thread.
        thread_id: Option<Id>;
    }
}
