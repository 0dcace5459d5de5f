//! What is wrong with the text of the configuration: problems, keys of earlier releases, damage, and its backups.

use openclaw_config::{ConfigError, KeyPath, Migration, Migrations, Problem, ProblemKind, loss};
use openclaw_guard::iso_millis;

use super::damage::{Damage, restorable, valid};
use super::findings::{Finding, Severity, name};
use super::repair::Repair;
use super::snapshot::{Backup, Snapshot};

pub(super) fn findings(snapshot: &Snapshot) -> Vec<Finding> {
    let plan = snapshot.config.plan.as_ref();
    let mut all = match &snapshot.config.loaded {
        Ok(loaded) if !loaded.exists => vec![missing(snapshot)],
        Ok(loaded) => loaded
            .warnings
            .iter()
            .filter(|problem| !is_dotenv(problem))
            .map(|problem| Finding::of_problem("config.warning", Severity::Warning, problem))
            .collect(),
        Err(error) => broken(snapshot, error, plan),
    };
    if let Some(plan) = plan {
        all.extend(outdated(snapshot, plan, &all));
    }
    let has_lost = snapshot.config.loaded.is_ok().then(|| shrunk(snapshot)).flatten();
    all.extend(has_lost);
    all.extend(staged(snapshot));
    let is_about_copies = |finding: &Finding| {
        matches!(finding.id, "config.damaged" | "config.shrunk" | "config.missing" | "config.staged")
    };
    if all.iter().any(is_about_copies) {
        all.extend(snapshot.backups.iter().map(backup_finding));
    }
    all
}

/// No configuration at all. Where there is a copy, nothing can be lost by restoring it.
fn missing(snapshot: &Snapshot) -> Finding {
    let path = &snapshot.at.config_path;
    let finding = |severity, message: &str| Finding::new("config.missing", severity, message).at(path);
    match (valid(&snapshot.backups).first(), snapshot.backups.is_empty()) {
        (Some(backup), _) => finding(Severity::Error, "the configuration is gone, and a copy of it is there")
            .repaired_by(
                format!("restore {} of {}", name(&backup.path), iso_millis(backup.modified_ms())),
                Repair::Restore { backup: backup.path.clone() },
            ),
        (None, false) => finding(Severity::Error, "the configuration is gone, and no copy of it is valid").by_hand(
            format!(
                "correct a copy and put it at {}; or move the copies away, and `openclaw quickstart` begins anew",
                path.display()
            ),
        ),
        (None, true) => finding(Severity::Warning, "there is no configuration")
            .by_hand("`openclaw quickstart` makes one"),
    }
}

/// A change that lost much and waits beside the file.
fn staged(snapshot: &Snapshot) -> Option<Finding> {
    let path = snapshot.staged.as_ref()?;
    let message = "a change that lost much waits here and is not in force";
    Some(
        Finding::new("config.staged", Severity::Warning, message)
            .at(path)
            .by_hand("if it is meant: `openclaw config confirm`; if not, remove this file"),
    )
}

fn is_dotenv(problem: &Problem) -> bool {
    matches!(problem.kind, ProblemKind::BadEnvLine)
}

/// The findings of a configuration that is refused.
fn broken(snapshot: &Snapshot, error: &ConfigError, plan: Option<&Migrations>) -> Vec<Finding> {
    match error {
        // The same file is told as what it is.
        _ if snapshot.dotenv.is_err() && error.problems().iter().all(|p| p.file.ends_with(".env")) => {
            Vec::new()
        }
        ConfigError::Unreadable { path, source } => {
            let message = format!("cannot be read: {source}");
            let about = "make it a file that you can read; the gateway does not start before";
            vec![Finding::new("config.unreadable", Severity::Error, message).at(path).by_hand(about)]
        }
        ConfigError::Invalid { problems, .. } => {
            problems.iter().map(|problem| problem_finding(snapshot, problem, plan)).collect()
        }
    }
}

fn problem_finding(snapshot: &Snapshot, problem: &Problem, plan: Option<&Migrations>) -> Finding {
    if matches!(problem.kind, ProblemKind::RetiredKey { .. }) {
        return retired(problem, plan);
    }
    use ProblemKind::{EmptyFile, NoValue, NotUtf8, NulByte, Syntax, Utf16};
    if !matches!(problem.kind, EmptyFile | NoValue | NotUtf8 | NulByte | Syntax(_) | Utf16) {
        return Finding::of_problem("config.invalid", Severity::Error, problem);
    }
    damaged(snapshot, problem)
}

/// A key of an earlier release, with what becomes of it or what is in its way.
fn retired(problem: &Problem, plan: Option<&Migrations>) -> Finding {
    let finding = Finding::of_problem("config.retired", Severity::Error, problem);
    let Some(plan) = plan else { return finding };
    let is_near = |at: &KeyPath| {
        at.steps().starts_with(problem.key.steps()) || problem.key.steps().starts_with(at.steps())
    };
    if let Some(obstacle) = plan.obstacles.iter().find(|obstacle| is_near(&obstacle.at)) {
        let message = if let ProblemKind::RetiredKey { now } = &problem.kind {
            format!("was renamed to {now}")
        } else {
            finding.message.clone()
        };
        // Its own message promises that it is moved.
        return Finding { message, ..finding }.by_hand(format!("{}: {}", obstacle.at, obstacle.about));
    }
    let steps: Vec<&str> =
        plan.steps.iter().filter(|step| is_near(&step.at)).map(|step| step.about.as_str()).collect();
    if steps.is_empty() { finding } else { finding.repaired_by(steps.join("; "), Repair::Migrate) }
}

/// Migrations of keys that are not refused, and what stands in the way of others.
fn outdated(snapshot: &Snapshot, plan: &Migrations, told: &[Finding]) -> Vec<Finding> {
    let value = snapshot.config.value.as_ref();
    let path = &snapshot.at.config_path;
    let keys: Vec<KeyPath> = told.iter().filter_map(|finding| finding.path.as_ref()?.parse().ok()).collect();
    let is_told = |at: &KeyPath| keys.iter().any(|told| at.steps().starts_with(told.steps()));
    // Those that are not there yet follow from another one, which is told.
    let is_own =
        |step: &&Migration| !is_told(&step.at) && value.is_some_and(|value| step.at.find(value).is_some());
    let steps = plan.steps.iter().filter(is_own).map(|step| {
        Finding::new("config.outdated", Severity::Warning, "is the form of an earlier release")
            .at(path)
            .key(&step.at)
            .repaired_by(step.about.clone(), Repair::Migrate)
    });
    let obstacles = plan.obstacles.iter().filter(|obstacle| !is_told(&obstacle.at)).map(|obstacle| {
        Finding::new(
            "config.blocked",
            Severity::Warning,
            "is of an earlier release and cannot be moved by itself",
        )
        .at(path)
        .key(&obstacle.at)
        .by_hand(obstacle.about.clone())
    });
    steps.chain(obstacles).collect()
}

/// A file that is not JSON5: the configuration itself, or one that it includes.
fn damaged(snapshot: &Snapshot, problem: &Problem) -> Finding {
    let finding = Finding::of_problem("config.damaged", Severity::Error, problem);
    let is_main = problem.included_from.is_empty() && !problem.file.ends_with(".env");
    let Some(bytes) = snapshot.config.bytes.as_deref().filter(|_| is_main) else {
        return finding.by_hand("correct it at this place, or restore a backup that is beside it");
    };
    let is_utf16 = matches!(problem.kind, ProblemKind::Utf16);
    let damage = if is_utf16 { Damage::Utf16 } else { Damage::of(bytes) };
    match restorable(damage, &snapshot.backups) {
        Some(backup) => {
            let about = format!(
                "restore {} of {}; the damaged file is kept beside it",
                name(&backup.path),
                iso_millis(backup.modified_ms())
            );
            finding.repaired_by(about, Repair::Restore { backup: backup.path.clone() })
        }
        None => finding.by_hand(match valid(&snapshot.backups).first() {
            Some(newest) => format!("{}, or {}", damage.what_to_do(), copy_back(newest, snapshot)),
            None => damage.what_to_do().to_owned(),
        }),
    }
}

/// A valid configuration that has lost much of what its newest valid backup has, as a stub that a program wrote.
fn shrunk(snapshot: &Snapshot) -> Option<Finding> {
    let value = snapshot.config.value.as_ref()?;
    let len = snapshot.config.bytes.as_ref()?.len();
    let newest = *valid(&snapshot.backups).first()?;
    let lost = loss(newest.value.as_ref()?, usize::try_from(newest.len).ok()?, value, len)?;
    let message = format!("lost much against {}: {lost}", name(&newest.path));
    let about = format!("if that was not meant: {}", copy_back(newest, snapshot));
    Some(
        Finding::new("config.shrunk", Severity::Warning, message).at(&snapshot.at.config_path).by_hand(about),
    )
}

/// The command that puts a backup back.
fn copy_back(backup: &Backup, snapshot: &Snapshot) -> String {
    format!("cp {} {}", backup.path.display(), snapshot.at.config_path.display())
}

fn backup_finding(backup: &Backup) -> Finding {
    let verdict = if backup.value.is_some() { "valid" } else { "not valid" };
    let message =
        format!("a backup of {}, {} bytes, {verdict}", iso_millis(backup.modified_ms()), backup.len);
    Finding::new("config.backup", Severity::Info, message).at(&backup.path)
}

#[cfg(test)]
mod tests {
    use super::super::findings::Findings;
    use super::super::repair::{Phase, Repair};
    use super::super::snapshot::Snapshot;
    use openclaw_config::{Env, LocationFlags, Locations, beside};
    use openclaw_guard::{create_private_dir, write_atomic};

    const GOOD: &str = "\
// mine
{
  gateway: { mode: 'local', auth: { token: 's' } }, // a token
  agents: { list: [{ id: 'a', name: 'A' }, { id: 'b' }] },
}
";

    /// Cut off anywhere, and with NUL bytes up to the old length: always a finding, and never a restoring that undoes.
    #[test]
    fn every_beginning_of_a_file_is_restored_from_it_and_no_other_is() {
        let home = tempfile::tempdir().unwrap();
        let env = Env::from([("HOME", home.path().to_str().unwrap())]);
        let at = Locations::resolve(&env, LocationFlags::default()).unwrap();
        create_private_dir(&at.state_dir).unwrap();
        write_atomic(&beside(&at.config_path, "bak"), GOOD.as_bytes()).unwrap();
        let restored = |bytes: &[u8]| {
            write_atomic(&at.config_path, bytes).unwrap();
            let findings = Findings::of(&Snapshot::take(at.clone(), env.clone(), None));
            assert!(!findings.is_clean(), "{}", String::from_utf8_lossy(bytes));
            matches!(&findings.repairs(Phase::Content)[..], [Repair::Restore { .. }])
        };
        let whole = GOOD.trim_end().len();
        for end in 0..whole {
            assert!(restored(&GOOD.as_bytes()[..end]), "{end}");
            let mut padded = GOOD.as_bytes()[..end].to_vec();
            padded.resize(GOOD.len(), 0);
            assert!(restored(&padded), "{end} and NUL bytes");
        }
        for end in GOOD.find("local").unwrap() + 5..whole {
            assert!(!restored(GOOD[..end].replace("local", "lan").as_bytes()), "{end}");
        }
    }
}
