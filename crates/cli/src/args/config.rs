//! The arguments of `openclaw config` and `openclaw completion`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print a value of the file, with secrets hidden
    #[command(after_help = "\
Examples:
  openclaw config get
  openclaw config get gateway.port
  openclaw config get 'agents.list[0].model' --json")]
    Get(ConfigGetArgs),
    /// Change one value, and not a byte around it
    #[command(after_help = "\
The value is read as what the key is declared to be: 8080 is a number for a port and a text for a token. A value that
stands in an included file is changed there. Comments, order and quoting stay; the ten versions before are kept as
openclaw.json.bak, .bak.1 and so on. Nothing is written that is not a valid configuration.

Examples:
  openclaw config set gateway.port 18800
  openclaw config set agents.defaults.model anthropic/claude-sonnet-4-5
  openclaw config set channels.telegram.allowFrom '[\"123456789\"]'
  openclaw config set gateway.auth.token - < token.txt")]
    Set(ConfigSetArgs),
    /// Take a key out of the file, so that its default holds
    #[command(after_help = "\
Comments around the key stay.

Example:
  openclaw config unset agents.defaults.timeoutSeconds")]
    Unset(ConfigUnsetArgs),
    /// Say that a configuration which lost much is meant
    #[command(after_help = "\
A change that leaves nothing of the sections gateway, auth or channels, or less than half of the file, is not made: its
text waits in openclaw.json.staged. A gateway that finds such a file while it runs goes on with what it has. After this
command the waiting text is the file, and the file is taken.")]
    Confirm,
    /// Check the file and name everything that is wrong with it
    #[command(after_help = "\
Exit code 0 if the file can be used, 1 if not.

Examples:
  openclaw config validate
  openclaw config validate ./new.json5 --json")]
    Validate(ConfigValidateArgs),
    /// Print the JSON Schema of the file
    Schema,
    /// Print the path of the file
    File,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigGetArgs {
    /// The key, such as `gateway.port`; the whole file without one
    #[arg(value_name = "PATH", default_value = "")]
    pub(crate) path: String,
    /// Print the value as JSON, also a text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigSetArgs {
    /// The key, such as `gateway.port` or `agents.list[0].name`
    #[arg(value_name = "PATH")]
    pub(crate) path: String,
    /// The value; `-` reads it from standard input
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    pub(crate) value: String,
    /// Take the value as JSON, whatever the key is declared to be
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigUnsetArgs {
    /// The key, such as `gateway.port`, or an element of a list, such as `agents.list[1]`
    #[arg(value_name = "PATH")]
    pub(crate) path: String,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigValidateArgs {
    /// Check this file instead of the one in use; what it includes is looked for beside it
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Print the problems as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: Shell,
}

/// A shell that can complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// GNU Bash
    Bash,
    /// Z shell
    Zsh,
    /// fish
    Fish,
}

#[derive(Debug, Args)]
pub(crate) struct CompleteArgs {
    /// The words of the line behind `openclaw`, the last one half typed
    #[arg(value_name = "WORD", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) words: Vec<String>,
}
