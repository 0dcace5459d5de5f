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

use crate::args::{InstanceArgs, ListForm, ModelsArgs, ModelsAuthCommand, ModelsCommand, ModelsStatusArgs};

pub(super) fn run(flags: &InstanceArgs, args: ModelsArgs) -> anyhow::Result<()> {
    let Some(command) = args.command else {
        let bare = args.status;
        let form = ListForm { json: bare.status_json, plain: bare.status_plain };
        return status::run(
            flags,
            &ModelsStatusArgs { form, agent: bare.agent, ..ModelsStatusArgs::default() },
        );
    };
    match command {
        ModelsCommand::List(args) => list::run(flags, &args),
        ModelsCommand::Status(args) => status::run(flags, &args),
        ModelsCommand::Set(args) => choice::set(flags, choice::Route::Model, &args.model),
        ModelsCommand::SetImage(args) => choice::set(flags, choice::Route::ImageModel, &args.model),
        ModelsCommand::Aliases(command) => choice::aliases(flags, &command),
        ModelsCommand::Fallbacks(command) => choice::fallbacks(flags, choice::Route::Model, &command),
        ModelsCommand::ImageFallbacks(command) => {
            choice::fallbacks(flags, choice::Route::ImageModel, &command)
        }
        ModelsCommand::Auth(args) => match args.command {
            ModelsAuthCommand::Add(add) => auth::add(flags, args.agent.as_deref(), &add),
            ModelsAuthCommand::PasteToken(paste) => auth::paste_token(flags, args.agent.as_deref(), &paste),
            ModelsAuthCommand::Order(command) => order::run(flags, args.agent.as_deref(), &command),
        },
        ModelsCommand::Scan(args) => scan::run(flags, &args),
        ModelsCommand::Test(args) => test::run(flags, &args),
    }
}
