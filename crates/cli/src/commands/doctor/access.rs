//! Who else can read what is private (S-088).

use openclaw_config::redact;

use super::findings::{Finding, Severity};
use super::repair::Repair;
use super::snapshot::{Entry, EntryKind, Snapshot};
use crate::copies;

/// The permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;

pub(super) fn findings(snapshot: &Snapshot) -> Vec<Finding> {
    snapshot.private.iter().filter_map(|entry| finding(snapshot, entry)).collect()
}

fn finding(snapshot: &Snapshot, entry: &Entry) -> Option<Finding> {
    let wanted = match entry.kind {
        EntryKind::File => 0o600,
        EntryKind::Directory => 0o700,
        // The mode of a link means nothing, and what it leads to is not ours to judge.
        EntryKind::Link | EntryKind::Other => return None,
    };
    if entry.mode & OTHERS == 0 {
        return None;
    }
    let is_config = copies::names(&snapshot.at.config_path).contains(&entry.path);
    let holds_secrets = snapshot.config.value.as_ref().is_some_and(|value| redact(value) != *value);
    let (severity, what) = match (is_config && holds_secrets, entry.kind == EntryKind::File) {
        (true, _) => (Severity::Error, "holds secrets, and other users of this machine can read it"),
        (false, true) => (Severity::Warning, "other users of this machine can read it"),
        (false, false) => (Severity::Warning, "other users of this machine can look into it"),
    };
    let id = if is_config && holds_secrets { "access.secrets" } else { "access.mode" };
    Some(Finding::new(id, severity, format!("{what} (mode {:04o})", entry.mode)).at(&entry.path).repaired_by(
        format!("set its mode to {wanted:04o}"),
        Repair::SetMode { path: entry.path.clone(), mode: wanted },
    ))
}
