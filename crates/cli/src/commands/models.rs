//! `openclaw models`: which models there are, which one answers, and the credentials for them.

mod ask;
mod auth;
mod choice;
mod list;
mod order;
mod probe;
mod programs;
mod scan;
mod status;
mod test;
mod view;

use anyhow::bail;

use crate::args::{
    InstanceArgs, ListForm, ModelsArgs, ModelsAuthArgs, ModelsAuthCommand, ModelsBareArgs, ModelsCommand,
    ModelsStatusArgs,
};

pub(super) fn run(flags: &InstanceArgs, args: ModelsArgs) -> anyhow::Result<()> {
    let Some(command) = args.command else {
        let bare = args.status;
        let form = ListForm { json: bare.status_json, plain: bare.status_plain };
        return status::run(
            flags,
            &ModelsStatusArgs { form, agent: bare.agent, ..ModelsStatusArgs::default() },
        );
    };
    let ModelsBareArgs { status_json, status_plain, agent } = args.status;
    if status_json || status_plain {
        bail!(
            "--status-json and --status-plain stand without a command; `models status` has --json and --plain"
        );
    }
    match command {
        ModelsCommand::List(mut args) => {
            args.agent = args.agent.or(agent);
            list::run(flags, &args)
        }
        ModelsCommand::Status(mut args) => {
            args.agent = args.agent.or(agent);
            status::run(flags, &args)
        }
        ModelsCommand::Test(mut args) => {
            args.agent = args.agent.or(agent);
            test::run(flags, &args)
        }
        ModelsCommand::Auth(mut args) => {
            args.agent = args.agent.or(agent);
            run_auth(flags, args)
        }
        ModelsCommand::Set(_)
        | ModelsCommand::SetImage(_)
        | ModelsCommand::Aliases(_)
        | ModelsCommand::Fallbacks(_)
        | ModelsCommand::ImageFallbacks(_)
        | ModelsCommand::Scan(_)
            if agent.is_some() =>
        {
            bail!(
                "--agent goes with list, status, test and auth; this command is about agents.defaults, for all agents"
            )
        }
        ModelsCommand::Set(args) => choice::set(flags, choice::Route::Model, &args.model),
        ModelsCommand::SetImage(args) => choice::set(flags, choice::Route::ImageModel, &args.model),
        ModelsCommand::Aliases(command) => choice::aliases(flags, &command),
        ModelsCommand::Fallbacks(command) => choice::fallbacks(flags, choice::Route::Model, &command),
        ModelsCommand::ImageFallbacks(command) => {
            choice::fallbacks(flags, choice::Route::ImageModel, &command)
        }
        ModelsCommand::Scan(args) => scan::run(flags, &args),
    }
}

fn run_auth(flags: &InstanceArgs, args: ModelsAuthArgs) -> anyhow::Result<()> {
    let agent = args.agent.as_deref();
    match args.command {
        ModelsAuthCommand::Add(add) => auth::add(flags, agent, &add),
        ModelsAuthCommand::PasteToken(paste) => auth::paste_token(flags, agent, &paste),
        ModelsAuthCommand::Order(command) => order::run(flags, agent, &command),
        ModelsAuthCommand::Login(_) => bail!(
            "this program opens no dialog with a provider; make a token elsewhere, as with `claude setup-token`, and run \
             `openclaw models auth paste-token --provider NAME`"
        ),
    }
}
