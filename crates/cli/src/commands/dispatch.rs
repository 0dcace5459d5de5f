//! From a parsed command line to the command.

use crate::args::{Cli, Command, ConfigCommand, GatewayCommand, MemoryCommand};
use crate::quickstart;

use super::{
    agent, call, chat, completion, config, dashboard, doctor, gateway, health, import, logs, memory, models,
    outbox, replay, sessions, status,
};

/// Runs the command.
///
/// # Errors
/// Whatever went wrong, in words for the person at the terminal.
pub(crate) fn run(cli: Cli) -> anyhow::Result<()> {
    let flags = &cli.instance;
    match cli.command {
        Command::Quickstart(args) => quickstart::run(flags, &args),
        Command::Chat(args) => chat::run(flags, &args),
        Command::Agent(args) => agent::run(flags, &args),
        Command::Status(args) => status::run(flags, &args),
        Command::Health(args) => health::run(flags, &args),
        Command::Doctor(args) => doctor::run(flags, &args),
        Command::Import(args) => import::run(flags, &args),
        Command::Dashboard(args) => dashboard::run(flags, &args),
        Command::Sessions(args) => sessions::run(flags, &args),
        Command::Outbox(command) => outbox::run(flags, &command),
        Command::Logs(args) => logs::run(flags, &args),
        Command::Gateway(args) => match args.command {
            None => gateway::run(flags, &args.run),
            Some(GatewayCommand::Run(args)) => gateway::run(flags, &args),
            Some(GatewayCommand::Call(args)) => call::run(flags, &args),
            Some(GatewayCommand::Status(args)) => status::run(flags, &args),
            Some(GatewayCommand::Health(args)) => health::run(flags, &args),
        },
        Command::Memory(MemoryCommand::Status(args)) => memory::status(flags, &args),
        Command::Memory(MemoryCommand::Index(args)) => memory::index(flags, &args),
        Command::Memory(MemoryCommand::Search(args)) => memory::search(flags, &args),
        Command::Memory(MemoryCommand::Bench(args)) => memory::bench(flags, &args),
        Command::Models(args) => models::run(flags, args),
        Command::Replay(args) => replay::run(flags, &args),
        Command::Config(ConfigCommand::Get(args)) => config::get(flags, &args),
        Command::Config(ConfigCommand::Set(args)) => config::set(flags, &args),
        Command::Config(ConfigCommand::Unset(args)) => config::unset(flags, &args),
        Command::Config(ConfigCommand::Confirm) => config::confirm(flags),
        Command::Completion(args) => completion::script(&args),
        Command::Complete(args) => completion::complete(&args),
        Command::Config(ConfigCommand::Validate(args)) => config::validate(flags, &args),
        Command::Config(ConfigCommand::Schema) => config::schema(),
        Command::Config(ConfigCommand::File) => config::file(flags),
    }
}
