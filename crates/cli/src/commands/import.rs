//! `openclaw import`: the state of an OpenClaw, copied; the source is only read.
//!
//! `places` says from where to where, `judge` what is copied, `plan` lists it, `copy` copies and checks, `config` points the
//! copied configuration at the copy, `swap` puts the result into its place, `report` says what came of it.

mod config;
mod copy;
mod error;
mod judge;
mod places;
mod plan;
mod report;
mod swap;

#[cfg(test)]
mod tests;

use openclaw_config::Env;
use openclaw_store::{StateLock, StateVersion};

use crate::args::{ImportArgs, InstanceArgs};
use crate::instance::locate;
use crate::output::{self, CannotLook};

use error::ImportError;
use places::{Places, Target};
use plan::Plan;
use report::Report;

/// A step of an import; ahead of each of them the machine may stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Make the directory beside the target.
    Stage,
    /// Copy one file.
    Copy,
    /// Point the configuration at the copy.
    Configure,
    /// Look whether the source is still as it was.
    LookAgain,
    /// Bring the names to the disk.
    Sync,
    /// Put the copy in the place of the target.
    Swap,
    /// Give what was in the target its new name.
    KeepOld,
}

/// Asked ahead of each step; an error stops there.
type BeforeStep<'b> = &'b mut dyn FnMut(Step) -> std::io::Result<()>;

pub(super) fn run(flags: &InstanceArgs, args: &ImportArgs) -> anyhow::Result<()> {
    let (at, env) = locate(flags).map_err(|error| CannotLook(error.into()))?;
    let places = Places::find(&args.from, at, &env).map_err(|error| CannotLook(error.into()))?;
    StateVersion::check(&places.at.state_dir)?;
    let report = if args.dry_run {
        let target = places.target()?;
        let plan = Plan::make(&places, &env)?;
        Report::of_plan(&places, &plan, target)
    } else {
        perform(&places, &env, &mut |_| Ok(()))?
    };
    if args.json {
        return Ok(output::json(&report)?);
    }
    Ok(output::line(&output::printable(&output::for_instance(&report.words(), flags)))?)
}

/// Imports: at every moment the target is as it was, or has everything.
///
/// # Errors
/// Why not. The target is as it was, unless only the last step, which makes the new name survive a power cut, failed.
fn perform(places: &Places, env: &Env, before: BeforeStep<'_>) -> Result<Report, ImportError> {
    let former = swap::rescue(&places.real_target);
    let target = places.target()?;
    // A gateway on the target would go on writing to what is moved aside.
    let _lock = match target {
        Target::Leftovers => Some(StateLock::acquire(&places.real_target)?),
        Target::Missing | Target::Empty => None,
    };
    let plan = Plan::make(places, env)?;
    plan.fits(places)?;
    let staging = copy::Staging::make(&places.real_target, before)?;
    copy::copy_all(places, &plan, &staging, before)?;
    let changed = config::point_at_copy(places, &plan, &staging, env, before)?;
    copy::look_again(places, &plan, env, before)?;
    staging.sync(before)?;
    let kept = swap::put(staging, &places.real_target, target, before)?;
    Ok(Report::of_import(places, &plan, changed, (kept, former)))
}
