//! What is to happen to which step.

use std::path::Path;
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
    /// Other steps are counted and left alone.
    pub(super) only: Option<(StepKind, &'static str)>,
}

impl Plan {
    const fn new(from: usize, until: usize, action: Action) -> Self {
        Self { from, until, action, only: None }
    }

    /// The same, for nothing but steps of this kind on files with this extension.
    #[must_use]
    pub const fn only(self, kind: StepKind, extension: &'static str) -> Self {
        Self { only: Some((kind, extension)), ..self }
    }

    /// Only watch.
    #[must_use]
    pub const fn none() -> Self {
        Self::new(usize::MAX, usize::MAX, Action::Nothing)
    }

    /// The program dies when it is about to do this step.
    #[must_use]
    pub const fn kill_before(number: usize) -> Self {
        Self::new(number, usize::MAX, Action::KillBefore)
    }

    /// The program dies when it has done this step, before it learns of it.
    #[must_use]
    pub const fn kill_after(number: usize) -> Self {
        Self::new(number, usize::MAX, Action::KillAfter)
    }

    /// This step does not go well.
    #[must_use]
    pub const fn once(number: usize, fault: Fault) -> Self {
        Self::new(number, number.saturating_add(1), Action::Fault(fault))
    }

    /// This step and all after it do not go well, until there is another plan.
    #[must_use]
    pub const fn from(number: usize, fault: Fault) -> Self {
        Self::new(number, usize::MAX, Action::Fault(fault))
    }

    pub(super) fn action(&self, number: usize, kind: StepKind, path: &Path) -> Action {
        let is_meant = self.only.is_none_or(|(only, extension)| {
            only == kind && path.extension().is_some_and(|found| found == extension)
        });
        let here = is_meant && (self.from..self.until).contains(&number);
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
    use std::path::Path;

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
            (Plan::from(3, full).only(StepKind::Sync, "db"), 9, StepKind::Sync, Action::Fault(full)),
            (Plan::from(3, full).only(StepKind::Sync, "db"), 2, StepKind::Sync, Action::Nothing),
            (Plan::from(3, full).only(StepKind::Write, "db"), 9, StepKind::Sync, Action::Nothing),
            (Plan::from(3, full).only(StepKind::Sync, "txt"), 9, StepKind::Sync, Action::Nothing),
        ];
        for (plan, number, kind, expected) in table {
            assert_eq!(
                plan.action(number, kind, Path::new("a/b.db")),
                expected,
                "{plan:?} {number} {kind:?}"
            );
        }
    }
}
