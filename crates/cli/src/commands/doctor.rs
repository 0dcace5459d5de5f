//! `openclaw doctor`: what is wrong with the configuration, the state and their files, and its repair.
//!
//! `snapshot` and `state` look, `findings` decides, `repair` acts; nothing else here reads or writes a file.

mod access;
mod configuration;
mod damage;
mod diff;
mod findings;
mod migration;
mod places;
mod repair;
mod report;
mod run_ready;
mod snapshot;
mod state;

use std::path::PathBuf;

use openclaw_guard::{Clock as _, SystemClock};
use openclaw_store::StateVersion;

use crate::args::{DoctorArgs, InstanceArgs};
use crate::instance::locate;
use crate::output::{self, AlreadyTold, CannotLook};

use findings::{Finding, Findings};
use repair::{Fixed, Phase, Repair};
use snapshot::Snapshot;
use state::State;

pub(super) fn run(flags: &InstanceArgs, args: &DoctorArgs) -> anyhow::Result<()> {
    let (mut fixed, mut failed) = (Vec::new(), Vec::new());
    if (args.fix || args.yes) && is_ours(flags)? {
        fix(flags, args, &mut fixed, &mut failed)?;
    }
    let snapshot = look(flags)?;
    // Once, and not for each repair: it reads every conversation.
    let state = State::look(&snapshot.at, &snapshot.env);
    let findings = Findings::of(&snapshot).and(state.findings()).with(failed).for_instance(flags);
    let report = report::Report { findings, fixed, state: state.summary() };
    if args.json {
        output::json(&report)?;
    } else {
        output::line(&output::printable(&report.words(flags)))?;
    }
    if report.findings.is_clean() { Ok(()) } else { Err(AlreadyTold.into()) }
}

/// Whether this program may change the state. If not, the findings say why.
fn is_ours(flags: &InstanceArgs) -> anyhow::Result<bool> {
    let (at, _env) = locate(flags).map_err(|error| CannotLook(error.into()))?;
    Ok(StateVersion::check(&at.state_dir).is_ok())
}

/// Repairs in phases; each looks afresh, because the one before may have moved what it needs.
fn fix(
    flags: &InstanceArgs,
    args: &DoctorArgs,
    fixed: &mut Vec<Fixed>,
    failed: &mut Vec<Finding>,
) -> anyhow::Result<()> {
    for phase in Phase::ALL {
        let snapshot = look(flags)?;
        for repair in Findings::of(&snapshot).repairs(phase) {
            match mend(&snapshot, repair.clone(), args) {
                Ok(done) => fixed.extend(done),
                // Another doctor at the same time may have been faster.
                Err(_) if !Findings::of(&look(flags)?).repairs(phase).contains(&repair) => {}
                Err(error) => failed.push(Finding::failed(error.to_string())),
            }
        }
    }
    Ok(())
}

/// Makes one repair. What is going to happen is said before it happens.
fn mend(snapshot: &Snapshot, repair: Repair, args: &DoctorArgs) -> anyhow::Result<Vec<Fixed>> {
    let plan = repair::plan(snapshot, repair)?;
    if let (Some(diff), false) = (&plan.diff, args.json) {
        output::line(&output::printable(diff))?;
    }
    Ok(repair::perform(snapshot, plan, SystemClock.now_ms())?)
}

fn look(flags: &InstanceArgs) -> anyhow::Result<Snapshot> {
    let (at, env) = locate(flags).map_err(|error| CannotLook(error.into()))?;
    // Without a working directory there is no `.env` in it either.
    let here: Option<PathBuf> = std::env::current_dir().ok();
    Ok(Snapshot::take(at, env, here))
}
