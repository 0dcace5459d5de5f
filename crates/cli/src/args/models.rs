//! `openclaw models`

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(after_help = "\
Without a command it is `models status`.

Examples:
  openclaw models
  openclaw models set anthropic/claude-opus-4-6
  openclaw models auth add --provider anthropic
  openclaw models test")]
pub(crate) struct ModelsArgs {
    #[command(flatten)]
    pub(crate) status: ModelsBareArgs,
    #[command(subcommand)]
    pub(crate) command: Option<ModelsCommand>,
}

/// What `models` alone takes, as OpenClaw has it.
#[derive(Debug, Default, Args)]
pub(crate) struct ModelsBareArgs {
    /// The same as `models status --json`
    #[arg(long)]
    pub(crate) status_json: bool,
    /// The same as `models status --plain`
    #[arg(long)]
    pub(crate) status_plain: bool,
    /// Look at this agent
    #[arg(long, value_name = "ID")]
    pub(crate) agent: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// List the configured models, or all of them
    List(ModelsListArgs),
    /// Show which model answers, its fallbacks, and the credentials there are
    Status(ModelsStatusArgs),
    /// Set the default model
    Set(ModelArg),
    /// Set the model for images
    SetImage(ModelArg),
    /// Short names of models
    #[command(subcommand)]
    Aliases(AliasesCommand),
    /// Models that answer when the first one does not
    #[command(subcommand)]
    Fallbacks(FallbacksCommand),
    /// The same for images
    #[command(subcommand)]
    ImageFallbacks(FallbacksCommand),
    /// Credentials of providers
    Auth(ModelsAuthArgs),
    /// Find models: on this machine, and the free ones of OpenRouter
    Scan(ModelsScanArgs),
    /// Send one real request and explain what comes back
    Test(ModelsTestArgs),
}

/// How lists are printed.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct ListForm {
    /// Print JSON
    #[arg(long, conflicts_with = "plain")]
    pub(crate) json: bool,
    /// Print one per line and nothing else
    #[arg(long)]
    pub(crate) plain: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ModelsListArgs {
    /// Also those that are built in and not configured
    #[arg(long)]
    pub(crate) all: bool,
    /// Only models on this machine; asks Ollama and LM Studio
    #[arg(long)]
    pub(crate) local: bool,
    /// Only models of this provider
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    #[command(flatten)]
    pub(crate) form: ListForm,
    /// Look at this agent
    #[arg(long, value_name = "ID")]
    pub(crate) agent: Option<String>,
}

#[derive(Debug, Default, Args)]
pub(crate) struct ModelsStatusArgs {
    #[command(flatten)]
    pub(crate) form: ListForm,
    /// Exit code 1 when a credential is missing or has ended, 2 when one ends within a day
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) probe: ProbeArgs,
    /// Look at this agent
    #[arg(long, value_name = "ID")]
    pub(crate) agent: Option<String>,
}

/// One tiny real request with each credential.
#[derive(Debug, Default, Args)]
pub(crate) struct ProbeArgs {
    /// Also send one tiny real request with each credential; with --check, exit code 1 when one fails
    #[arg(long, conflicts_with = "plain")]
    pub(crate) probe: bool,
    /// Only credentials of this provider
    #[arg(long, value_name = "NAME", requires = "probe")]
    pub(crate) probe_provider: Option<String>,
    /// Only these profiles
    #[arg(long, value_name = "ID", requires = "probe", value_delimiter = ',')]
    pub(crate) probe_profile: Vec<String>,
    /// Milliseconds that each may take
    #[arg(long, value_name = "MS", requires = "probe", default_value_t = 8_000, value_parser = clap::value_parser!(u64).range(1..=600_000))]
    pub(crate) probe_timeout: u64,
    /// How many at a time
    #[arg(long, value_name = "N", requires = "probe", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=32))]
    pub(crate) probe_concurrency: u16,
    /// Tokens that each answer may have
    #[arg(long, value_name = "N", requires = "probe", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(crate) probe_max_tokens: u32,
}

impl ProbeArgs {
    /// What chooses among the credentials, as it was typed.
    pub(crate) fn filter(&self) -> Option<String> {
        let provider = self.probe_provider.iter().map(|name| format!("--probe-provider {name}"));
        let profiles = self.probe_profile.iter().map(|id| format!("--probe-profile {id}"));
        let all: Vec<String> = provider.chain(profiles).collect();
        (!all.is_empty()).then(|| all.join(" "))
    }
}

#[derive(Debug, Args)]
pub(crate) struct ModelArg {
    /// `provider/model`, or a short name
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AliasesCommand {
    /// List them
    List(ListForm),
    /// Add one, or let it mean another model
    Add {
        /// The short name
        #[arg(value_name = "ALIAS")]
        alias: String,
        /// `provider/model`, or a short name
        #[arg(value_name = "MODEL")]
        model: String,
    },
    /// Remove one
    Remove {
        /// The short name
        #[arg(value_name = "ALIAS")]
        alias: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum FallbacksCommand {
    /// List them
    List(ListForm),
    /// Add one behind the others
    Add(ModelArg),
    /// Remove one
    Remove(ModelArg),
    /// Remove all
    Clear,
}

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct ModelsAuthArgs {
    /// Work on the credentials of this agent
    #[arg(long, value_name = "ID", global = true)]
    pub(crate) agent: Option<String>,
    #[command(subcommand)]
    pub(crate) command: ModelsAuthCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsAuthCommand {
    /// Keep an API key; it is read from standard input
    #[command(after_help = "\
Examples:
  openclaw models auth add --provider zai
  pass show zai | openclaw models auth add --provider zai --profile-id zai:work")]
    Add(AuthAddArgs),
    /// Keep a token that was made elsewhere; it is read from standard input
    PasteToken(PasteTokenArgs),
    /// OpenClaw's dialogs; a token is made elsewhere and pasted
    #[command(hide = true, aliases = ["setup-token", "login-github-copilot"])]
    Login(OtherWay),
    /// In which order an agent tries the profiles of a provider
    #[command(subcommand)]
    Order(AuthOrderCommand),
}

/// Whatever stands behind a command that is not here.
#[derive(Debug, Args)]
pub(crate) struct OtherWay {
    #[arg(value_name = "ANYTHING", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) rest: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct AuthAddArgs {
    /// The provider, such as `anthropic`
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: String,
    /// The profile's name; PROVIDER:default if absent
    #[arg(long, value_name = "ID")]
    pub(crate) profile_id: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PasteTokenArgs {
    /// The provider, such as `anthropic`
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: String,
    /// The profile's name; PROVIDER:manual if absent
    #[arg(long, value_name = "ID")]
    pub(crate) profile_id: Option<String>,
    /// When it ends: 365d, 12h, 30m; days if no unit is given
    #[arg(long, value_name = "TIME")]
    pub(crate) expires_in: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuthOrderCommand {
    /// Show the order that was set for the agent
    Get {
        /// The provider
        #[arg(long, value_name = "NAME")]
        provider: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Set it: only these profiles are tried, in this order
    Set {
        /// The provider
        #[arg(long, value_name = "NAME")]
        provider: String,
        /// Profiles
        #[arg(value_name = "PROFILE", required = true)]
        profiles: Vec<String>,
    },
    /// Go back to the order of the configuration
    Clear {
        /// The provider
        #[arg(long, value_name = "NAME")]
        provider: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ModelsScanArgs {
    /// Only models of at least so many billion parameters, as their names say
    #[arg(long, value_name = "B", default_value_t = 0)]
    pub(crate) min_params: u32,
    /// Only models that are not older
    #[arg(long, value_name = "DAYS")]
    pub(crate) max_age_days: Option<u32>,
    /// Only models of this maker, such as `qwen`
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=50))]
    pub(crate) max_candidates: u16,
    /// Take the lists at their word: ask no model to call a tool or to look at an image
    #[arg(long)]
    pub(crate) no_probe: bool,
    /// Milliseconds that each request to a model may take
    #[arg(long, value_name = "MS", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=600_000))]
    pub(crate) timeout: u64,
    /// How many models at a time
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=32))]
    pub(crate) concurrency: u16,
    /// Make the best one that calls tools the default model
    #[arg(long, conflicts_with = "local")]
    pub(crate) set_default: bool,
    /// Make the best one that looks at images the model for images
    #[arg(long, conflicts_with = "local")]
    pub(crate) set_image: bool,
    /// Nothing is ever asked; OpenClaw's scripts say so
    #[arg(long, hide = true)]
    pub(crate) yes: bool,
    /// The same
    #[arg(long, hide = true)]
    pub(crate) no_input: bool,
    /// Ask only this machine, nobody on the network
    #[arg(long)]
    pub(crate) local: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Sends \"Reply with OK.\" with each credential in the order in which turns try them, until one answers. It costs a few
tokens. What fails is not held against a credential.

Exit code 0: a model answered; 1: none did.")]
pub(crate) struct ModelsTestArgs {
    /// `provider/model`, or a short name; the default model if absent
    #[arg(value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// Look at this agent
    #[arg(long, value_name = "ID")]
    pub(crate) agent: Option<String>,
    /// Give up on a credential after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) timeout: u64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
