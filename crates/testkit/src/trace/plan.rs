//! What is to happen to which step.

use std::time::Duration;

use nix::errno::Errno;

use super::StepKind;

/// The error a step gets instead of being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// `ENOSPC`: the disk is full.
    NoSpace,
    /// `EDQUOT`: the user's share of it is.
    Quota,
    /// `EIO`: the disk is broken.
    Io,
    /// `EROFS`: the disk may be read only, which is what systems make of a broken one.
    ReadOnly,
}

impl Refusal {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::NoSpace, Self::Quota, Self::Io, Self::ReadOnly];

    /// The name of the error.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoSpace => "ENOSPC",
            Self::Quota => "EDQUOT",
            Self::Io => "EIO",
            Self::ReadOnly => "EROFS",
        }
    }

    pub(super) fn errno(self) -> Errno {
        match self {
            Self::NoSpace => Errno::ENOSPC,
            Self::Quota => Errno::EDQUOT,
            Self::Io => Errno::EIO,
            Self::ReadOnly => Errno::EROFS,
        }
    }

    /// Whether a real disk in this state refuses such a step. A full one still lets go of things.
    fn hits(self, kind: StepKind) -> bool {
        match self {
            Self::Io => true,
            Self::ReadOnly => kind != StepKind::Sync,
            Self::NoSpace | Self::Quota => !matches!(kind, StepKind::Remove | StepKind::Truncate),
        }
    }
}

/// What happens to a step instead of success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not done, and fails.
    Refuse(Refusal),
    /// Half of the bytes are written, and the call says so.
    Short,
    /// Making something durable takes this much longer.
    SlowSync(Duration),
}

impl Fault {
    pub(super) fn hits(self, kind: StepKind) -> bool {
        match self {
            Self::Refuse(refusal) => refusal.hits(kind),
            Self::Short => kind == StepKind::Write,
            Self::SlowSync(_) => kind == StepKind::Sync,
        }
    }

    /// How a trace calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Refuse(refusal) => refusal.name(),
            Self::Short => "short",
            Self::SlowSync(_) => "slow",
        }
    }
}

/// What a plan does to the steps it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Nothing,
    KillBefore,
    KillAfter,
    Fault(Fault),
}

/// What is to happen from which step on. It can be changed while the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    pub(super) from: usize,
    /// The first step after it.
    pub(super) until: usize,
    pub(super) action: Action,
}

impl Plan {
    /// Only watch.
    #[must_use]
    pub const fn none() -> Self {
        Self { from: usize::MAX, until: usize::MAX, action: Action::Nothing }
    }

    /// The program dies when it is about to do this step.
    #[must_use]
    pub const fn kill_before(number: usize) -> Self {
        Self { from: number, until: usize::MAX, action: Action::KillBefore }
    }

    /// The program dies when it has done this step, before it learns of it.
    #[must_use]
    pub const fn kill_after(number: usize) -> Self {
        Self { from: number, until: usize::MAX, action: Action::KillAfter }
    }

    /// This step does not go well.
    #[must_use]
    pub const fn once(number: usize, fault: Fault) -> Self {
        Self { from: number, until: number.saturating_add(1), action: Action::Fault(fault) }
    }

    /// This step and all after it do not go well, until there is another plan.
    #[must_use]
    pub const fn from(number: usize, fault: Fault) -> Self {
        Self { from: number, until: usize::MAX, action: Action::Fault(fault) }
    }

    pub(super) fn action(&self, number: usize, kind: StepKind) -> Action {
        let here = (self.from..self.until).contains(&number);
        match self.action {
            Action::Fault(fault) if here && !fault.hits(kind) => Action::Nothing,
            action if here => action,
            Action::Nothing | Action::KillBefore | Action::KillAfter | Action::Fault(_) => Action::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Fault, Plan, Refusal, StepKind};

    #[test]
    fn a_plan_names_its_steps() {
        let full = Fault::Refuse(Refusal::NoSpace);
        let table = [
            (Plan::none(), 1, StepKind::Write, Action::Nothing),
            (Plan::kill_before(3), 2, StepKind::Write, Action::Nothing),
            (Plan::kill_before(3), 3, StepKind::Write, Action::KillBefore),
            (Plan::kill_after(3), 4, StepKind::Sync, Action::KillAfter),
            (Plan::once(3, full), 3, StepKind::Write, Action::Fault(full)),
            (Plan::once(3, full), 4, StepKind::Write, Action::Nothing),
            (Plan::from(3, full), 9, StepKind::Create, Action::Fault(full)),
            (Plan::from(3, full), 9, StepKind::Remove, Action::Nothing),
            (Plan::from(3, Fault::Short), 9, StepKind::Rename, Action::Nothing),
        ];
        for (plan, number, kind, expected) in table {
            assert_eq!(plan.action(number, kind), expected, "{plan:?} {number} {kind:?}");
        }
    }
}
