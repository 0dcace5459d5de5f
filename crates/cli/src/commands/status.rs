//! `openclaw status`: what runs, what is configured, and what cannot work.

mod collect;
mod report;

use crate::args::{InstanceArgs, StatusArgs};
use crate::client::Target;
use crate::instance::Instance;
use crate::{output, runtime};

pub(super) fn run(flags: &InstanceArgs, args: &StatusArgs) -> anyhow::Result<()> {
    let (instance, problem) = Instance::reach(flags)?;
    let target = Target::of(&instance, &args.connect)?;
    let depth = if args.deep { collect::Depth::Deep } else { collect::Depth::Usual };
    let report = runtime::block_on(async {
        let answer = collect::ask(&target, depth).await;
        Ok(collect::report(&instance, problem.as_ref(), &target, answer).await)
    })?;
    if args.json {
        output::json(&report)?
    } else {
        output::line(&output::for_instance(&report.words(&instance.at.home), flags))?
    }
    Ok(())
}
