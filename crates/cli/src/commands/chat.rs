//! `openclaw chat`: a conversation in the terminal, line by line, over the gateway's protocol like any other client.

mod answer;
mod lines;
mod talk;

pub(crate) use lines::Lines;
pub(crate) use talk::{answer_lines, is_gateway_gone, talk};

use crate::args::{ChatArgs, InstanceArgs};
use crate::client::{CALL_TIMEOUT, Client, Target};
use crate::instance::Instance;
use crate::runtime;

pub(super) fn run(flags: &InstanceArgs, args: &ChatArgs) -> anyhow::Result<()> {
    let instance = Instance::open(flags)?;
    let target = Target::of(&instance, &args.connect)?;
    runtime::block_on(async {
        let mut client = Client::connect(&target, CALL_TIMEOUT).await?;
        talk(&mut client, args.session.as_deref()).await
    })
}
