//! The command line, declared once: parser and help follow from these types.

mod config;
mod memory;
mod models;
mod replay;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use config::{
    CompleteArgs, CompletionArgs, ConfigCommand, ConfigGetArgs, ConfigSetArgs, ConfigUnsetArgs,
    ConfigValidateArgs, Shell,
};
pub(crate) use memory::{
    MemoryBenchArgs, MemoryCommand, MemoryIndexArgs, MemorySearchArgs, MemoryStatusArgs,
};
pub(crate) use models::{
    AliasesCommand, AuthAddArgs, AuthOrderCommand, FallbacksCommand, ListForm, ModelsArgs, ModelsAuthArgs,
    ModelsAuthCommand, ModelsBareArgs, ModelsCommand, ModelsListArgs, ModelsScanArgs, ModelsStatusArgs,
    ModelsTestArgs, PasteTokenArgs, ProbeArgs,
};
pub(crate) use replay::{ReplayArgs, ReplaySpeed};

/// A personal assistant that remembers in plain Markdown.
#[derive(Debug, Parser)]
#[command(name = "openclaw", version, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  openclaw quickstart                  set up what is missing, start the gateway, chat here
  openclaw quickstart --workspace .    the same, with this folder's notes as memory
  openclaw agent -m \"What is due?\"     ask once from the shell
  openclaw dashboard                   a fresh address for the browser
  openclaw status                      what runs, and what is missing")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) instance: InstanceArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Which instance.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct InstanceArgs {
    /// Work on another instance, with its state in ~/.openclaw-NAME
    #[arg(long, global = true, value_name = "NAME", help_heading = "Instance")]
    pub(crate) profile: Option<String>,
    /// Work on the development instance: state in ~/.openclaw-dev, port 19001
    #[arg(long, global = true, help_heading = "Instance")]
    pub(crate) dev: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Set up what is missing, start the gateway, and chat in this terminal
    Quickstart(QuickstartArgs),
    /// Chat with the assistant in this terminal
    #[command(visible_alias = "tui")]
    Chat(ChatArgs),
    /// Send one message and print the answer
    Agent(AgentArgs),
    /// Run the gateway, or call one that runs
    Gateway(GatewayArgs),
    /// Show what runs, what is configured, and what cannot work
    Status(StatusArgs),
    /// Ask the gateway whether it is well
    Health(HealthArgs),
    /// Find what is wrong with configuration and state, and repair the configuration when asked to
    Doctor(DoctorArgs),
    /// Copy the state of an OpenClaw into this instance; the source is only read
    Import(ImportArgs),
    /// Print a one-time address that opens the gateway's page in a browser
    Dashboard(DashboardArgs),
    /// List sessions
    Sessions(SessionsArgs),
    /// Show messages that could not be delivered, send them again, or forget them
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// Search the assistant's notes, look after their index, and measure how well they are found
    #[command(subcommand)]
    Memory(MemoryCommand),
    /// Show, choose and test models, and keep the credentials for them
    Models(ModelsArgs),
    /// Run a recorded session again, offline, and say whether the answers are the same
    Replay(ReplayArgs),
    /// Read, check and change the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Show the gateway's log
    Logs(LogsArgs),
    /// Print the script with which a shell completes commands, keys and values
    #[command(after_help = "\
Examples:
  eval \"$(openclaw completion bash)\"
  openclaw completion fish | source")]
    Completion(CompletionArgs),
    /// Print what may stand in place of the last word; completion scripts call this
    #[command(hide = true)]
    Complete(CompleteArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
With nothing set up it creates the state directory, a minimal openclaw.json with a random token, and a workspace. What
exists is never changed: a second run finds everything in place. Without a terminal, or with --non-interactive, the
gateway stays in the foreground until it is told to stop, and standard input is not read: it may be the rest of a script.

With --lines, every line of standard input is a message, `exit` too, and they are answered in their order: the answers
come on standard output, everything else on standard error, and at the end of the input the gateway stops, unless it ran
before. Exit code 1: one of them got no answer.

Examples:
  openclaw quickstart
  openclaw quickstart --workspace ~/notes
  echo \"remember that the spare key is under the blue pot\" | openclaw quickstart --lines
  openclaw quickstart --dev --json")]
pub(crate) struct QuickstartArgs {
    /// Use this folder, with the notes that are in it, as the workspace
    #[arg(long, value_name = "DIR")]
    pub(crate) workspace: Option<PathBuf>,
    /// Listen on this port
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// Answer the lines of standard input, and stop after the last one
    #[arg(long, conflicts_with_all = ["non_interactive", "json"])]
    pub(crate) lines: bool,
    /// Do not open a chat, also in a terminal
    #[arg(long)]
    pub(crate) non_interactive: bool,
    /// Print one line of JSON instead of text; implies --non-interactive
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which gateway, and how to get in.
#[derive(Debug, Default, Args)]
pub(crate) struct ConnectArgs {
    /// Connect to this gateway (ws://HOST:PORT); credentials must then come from a flag or the environment
    #[arg(long, value_name = "URL", help_heading = "Connection")]
    pub(crate) url: Option<String>,
    /// The gateway's token; other users of this machine can see it, OPENCLAW_GATEWAY_TOKEN they cannot
    #[arg(long, value_name = "TOKEN", help_heading = "Connection")]
    pub(crate) token: Option<String>,
    /// The gateway's password; rather set OPENCLAW_GATEWAY_PASSWORD
    #[arg(long, value_name = "PASSWORD", help_heading = "Connection")]
    pub(crate) password: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
In the chat: /exit, exit or Ctrl-D leaves, Ctrl-C stops a running answer and leaves when there is none. Other /commands
go to the gateway; /help lists them. From a pipe or a file, every line is a message, up to one that leaves; with
`openclaw quickstart --lines` no line leaves.

Exit code 0; 1 when lines came from elsewhere than a terminal and one of them got no answer.")]
pub(crate) struct ChatArgs {
    /// The session to talk in; the main one by default
    #[arg(long, value_name = "KEY")]
    pub(crate) session: Option<String>,
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  openclaw agent --message \"Summarise my notes on the garden\"
  openclaw agent -m \"And the next step?\" --session-key errands --json")]
pub(crate) struct AgentArgs {
    /// What to say
    #[arg(long, short, value_name = "TEXT")]
    pub(crate) message: String,
    /// Continue the session with this id
    #[arg(long, value_name = "ID")]
    pub(crate) session_id: Option<String>,
    /// Continue the session with this key
    #[arg(long, value_name = "KEY", conflicts_with = "session_id")]
    pub(crate) session_key: Option<String>,
    /// Ask this agent
    #[arg(long, value_name = "ID")]
    pub(crate) agent: Option<String>,
    /// How much the model thinks before it answers
    #[arg(long, value_name = "LEVEL")]
    pub(crate) thinking: Option<String>,
    /// Give up after this many seconds; as configured by default
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: Option<u64>,
    /// Print the whole result as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "\
Examples:
  openclaw gateway                            run it in the foreground
  openclaw gateway run --port 19100
  openclaw gateway call sessions.list --params '{\"limit\": 5}'")]
pub(crate) struct GatewayArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,
    #[command(subcommand)]
    pub(crate) command: Option<GatewayCommand>,
}

#[derive(Debug, Default, Args)]
pub(crate) struct RunArgs {
    /// Listen on this port
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GatewayCommand {
    /// Run the gateway in the foreground until it is told to stop
    Run(RunArgs),
    /// Call a method of the running gateway and print its answer as JSON
    Call(CallArgs),
    /// The same as `openclaw status`
    Status(StatusArgs),
    /// The same as `openclaw health`
    Health(HealthArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// The method, such as `health` or `sessions.list`
    #[arg(value_name = "METHOD")]
    pub(crate) method: String,
    /// Its parameters as a JSON object
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) params: String,
    /// Keep waiting for the last answer of a method that answers twice, such as `agent`
    #[arg(long)]
    pub(crate) expect_final: bool,
    /// Give up after this many milliseconds
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: u64,
    /// Print the answer in one line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Print everything as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Also have the gateway look at itself afresh
    #[arg(long)]
    pub(crate) deep: bool,
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Exit code 0: the gateway answers; 1: it does not. Also when it answers it may not be well: a configuration file that is
not in force is said, with --json under \"config\".")]
pub(crate) struct HealthArgs {
    /// Print the whole summary as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Give up after this many milliseconds
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: u64,
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Without a flag nothing is written. --fix prints what it changes in the configuration, secrets hidden, and changes it:
renames keys of earlier releases, moves their directory and file, restores a damaged configuration from the newest
valid backup, makes files private. What is replaced is kept beside the new file.

Exit code 0: nothing is wrong, or everything was repaired; 1: something is still wrong; 2: the doctor could not look.

Examples:
  openclaw doctor
  openclaw doctor --fix
  openclaw doctor --json")]
pub(crate) struct DoctorArgs {
    /// Repair what can be repaired without a question
    #[arg(long)]
    pub(crate) fix: bool,
    /// The same
    #[arg(long)]
    pub(crate) yes: bool,
    /// Print the findings as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Copies configuration, conversations, credentials, devices, cron jobs and notes from a state directory of OpenClaw, or of
its earlier releases, and checks each copy. Links are not followed; logs, locks and search indexes stay behind. It goes
into an instance without data of its own, at once or not at all.

Exit code 0: copied; 1: not copied, and why; 2: there is nothing to copy, or no place for it.

Examples:
  openclaw import --from ~/.clawdbot --dry-run
  openclaw --profile trial import --from ~/.openclaw")]
pub(crate) struct ImportArgs {
    /// The state directory to copy
    #[arg(long, value_name = "DIR")]
    pub(crate) from: PathBuf,
    /// Say what would be copied and what not, with sizes, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DashboardArgs {
    /// Print the address and when it expires as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SessionsArgs {
    /// Print everything as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Read this sessions.json
    #[arg(long, value_name = "PATH")]
    pub(crate) store: Option<PathBuf>,
    /// Only sessions used in the last so many minutes
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) active: Option<u32>,
    /// Sessions of this agent
    #[arg(long, value_name = "ID", conflicts_with = "store")]
    pub(crate) agent: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OutboxCommand {
    /// List messages to others, the newest first, and how they stand
    #[command(after_help = "\
Examples:
  openclaw outbox list
  openclaw outbox list --state dead --limit 10")]
    List(OutboxListArgs),
    /// Send messages again that were not delivered
    #[command(after_help = "\
Of an unknown message nobody can say whether it arrived: sent again, it may be there twice.

Examples:
  openclaw outbox retry 17
  openclaw outbox retry --all-dead")]
    Retry(OutboxRetryArgs),
    /// Forget a message; it is not sent any more
    Drop(OutboxDropArgs),
}

#[derive(Debug, Args)]
pub(crate) struct OutboxListArgs {
    /// Only messages that stand like this: prepared, sending, delivered, unknown, failed or dead
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub(crate) limit: u16,
    /// Print everything as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true))]
pub(crate) struct OutboxRetryArgs {
    /// The message's number in the list
    #[arg(value_name = "ID", group = "which", value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) id: Option<i64>,
    /// All messages that were given up
    #[arg(long, group = "which")]
    pub(crate) all_dead: bool,
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

#[derive(Debug, Args)]
pub(crate) struct OutboxDropArgs {
    /// The message's number in the list
    #[arg(value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) id: i64,
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// Show the last so many lines
    #[arg(long, short = 'n', value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub(crate) limit: u32,
    /// Go on with new lines as they are written
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// Print the records as they are, one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

#[cfg(test)]
mod tests {
    use super::{Cli, Command, GatewayCommand};
    use clap::{CommandFactory as _, Parser as _};

    #[test]
    fn the_declaration_is_sound() {
        Cli::command().debug_assert();
    }

    /// The help of every command, as people see it.
    #[test]
    fn help() {
        let mut root = Cli::command().term_width(100);
        root.build();
        let mut pages = vec![root.render_long_help().to_string()];
        let mut open: Vec<clap::Command> = root.get_subcommands().cloned().collect();
        while !open.is_empty() {
            let mut command = open.remove(0);
            if command.get_name() == "help" {
                continue;
            }
            pages.push(command.render_long_help().to_string());
            open.extend(command.get_subcommands().cloned());
        }
        insta::assert_snapshot!("help", pages.join("\n----------\n"));
    }

    #[test]
    fn global_flags_stand_anywhere_and_the_gateway_runs_without_a_word() {
        for line in [["openclaw", "--dev", "status"], ["openclaw", "status", "--dev"]] {
            assert!(Cli::parse_from(line).instance.dev, "{line:?}");
        }
        let port = |line: &[&str]| {
            let Command::Gateway(args) = Cli::parse_from(line).command else { panic!("{line:?}") };
            match args.command {
                Some(GatewayCommand::Run(run)) => run.port,
                None => args.run.port,
                Some(GatewayCommand::Call(_) | GatewayCommand::Status(_) | GatewayCommand::Health(_)) => None,
            }
        };
        assert_eq!(port(&["openclaw", "gateway", "--port", "7"]), Some(7));
        assert_eq!(port(&["openclaw", "gateway", "run", "--port", "8"]), Some(8));
    }

    #[test]
    fn misuse_is_a_usage_error() {
        for line in [
            &["openclaw"][..],
            &["openclaw", "bogus"],
            &["openclaw", "agent"],
            &["openclaw", "agent", "-m", "x", "--session-id", "a", "--session-key", "b"],
            &["openclaw", "quickstart", "--port", "0"],
            &["openclaw", "gateway", "--port", "7", "status"],
            &["openclaw", "memory", "search"],
            &["openclaw", "memory", "search", "x", "--min-score", "1.5"],
            &["openclaw", "memory", "search", "x", "--min-score", "NaN"],
            &["openclaw", "memory", "search", "x", "--max-results", "0"],
            &["openclaw", "memory", "bench", "--questions", "3"],
            &["openclaw", "outbox", "retry"],
            &["openclaw", "outbox", "retry", "3", "--all-dead"],
        ] {
            let error = Cli::try_parse_from(line).map(|_| ()).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line:?}");
        }
    }
}
