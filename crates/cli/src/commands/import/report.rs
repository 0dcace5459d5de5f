//! What an import does, or has done: as JSON, and in words.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use super::config::{Configured, Moved};
use super::judge::Why;
use super::places::{Places, Target};
use super::plan::{Access, Item, Plan};
use crate::format::{count, short_path};
use crate::space::bytes_words;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    #[serde(serialize_with = "name")]
    source: PathBuf,
    #[serde(serialize_with = "name")]
    target: PathBuf,
    /// Whether this is only what would be done.
    dry_run: bool,
    files: usize,
    bytes: u64,
    copied: Vec<Copied>,
    skipped: Vec<Skipped>,
    /// Folders of notes that stay where they are.
    outside: Vec<Outside>,
    /// Settings that name the copy now.
    moved_settings: Vec<Moved>,
    /// Why the settings were left as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    settings_as_they_are: Option<String>,
    /// Where what was in the target is now.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "names")]
    kept: Option<PathBuf>,
    /// Directories of imports that were broken off.
    #[serde(serialize_with = "names")]
    broken_off: Vec<PathBuf>,
    /// What was in the target before an import that was killed in its last step.
    #[serde(serialize_with = "names")]
    former: Vec<PathBuf>,
    #[serde(skip)]
    home: PathBuf,
    #[serde(skip)]
    asides: Target,
}

#[derive(Debug, Serialize)]
struct Copied {
    #[serde(serialize_with = "name")]
    path: PathBuf,
    #[serde(serialize_with = "name")]
    to: PathBuf,
    bytes: u64,
    executable: bool,
}

#[derive(Debug, Serialize)]
struct Skipped {
    #[serde(serialize_with = "name")]
    path: PathBuf,
    why: Why,
    reason: &'static str,
}

#[derive(Debug, Serialize)]
struct Outside {
    agent: String,
    #[serde(serialize_with = "name")]
    workspace: PathBuf,
    exists: bool,
}

/// A file name may be bytes that are no text; a report that ends there would hide what was done.
fn name<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

/// As [`name`], for those of an `Option`, or of a list.
fn names<P, S>(paths: &P, serializer: S) -> Result<S::Ok, S::Error>
where
    P: Names,
    S: Serializer,
{
    paths.serialize_names(serializer)
}

trait Names {
    fn serialize_names<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

impl Names for Option<PathBuf> {
    fn serialize_names<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().map(|path| path.to_string_lossy()).serialize(serializer)
    }
}

impl Names for Vec<PathBuf> {
    fn serialize_names<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|path| path.to_string_lossy()))
    }
}

impl Report {
    pub(super) fn of_plan(places: &Places, plan: &Plan, target: Target) -> Self {
        let copied = |item: &Item| Copied {
            path: item.path.clone(),
            to: item.to.clone(),
            bytes: item.bytes,
            executable: item.access == Access::Run,
        };
        let skipped = plan.left.iter().map(|left| Skipped {
            path: left.path.clone(),
            why: left.why,
            reason: left.why.words(),
        });
        let (former, broken_off) = leftovers(&places.real_target).into_iter().partition(|dir| is_former(dir));
        let outside = plan.outside.iter().map(|work| Outside {
            agent: work.agent.clone(),
            exists: work.path.is_dir(),
            workspace: work.path.clone(),
        });
        Self {
            source: places.source.clone(),
            target: places.at.state_dir.clone(),
            dry_run: true,
            files: plan.items.len(),
            bytes: plan.bytes(),
            copied: plan.items.iter().map(copied).collect(),
            skipped: skipped.collect(),
            outside: outside.collect(),
            moved_settings: Vec::new(),
            settings_as_they_are: None,
            kept: None,
            broken_off,
            former,
            home: places.at.home.clone(),
            asides: target,
        }
    }

    pub(super) fn of_import(
        places: &Places,
        plan: &Plan,
        configured: Configured,
        (kept, former): (Option<PathBuf>, Vec<PathBuf>),
    ) -> Self {
        let (moved_settings, settings_as_they_are) = match configured {
            Configured::None => (Vec::new(), None),
            Configured::Points(moved) => (moved, None),
            Configured::AsItIs(why) => (Vec::new(), Some(why)),
        };
        let planned = Self::of_plan(places, plan, Target::Missing);
        Self { dry_run: false, moved_settings, settings_as_they_are, kept, former, ..planned }
    }

    /// For people.
    pub(super) fn words(&self) -> String {
        let short = |path: &Path| short_path(path, &self.home);
        let (source, target) = (short(&self.source), short(&self.target));
        let size = format!("{}, {}", count(self.files, "file"), bytes_words(self.bytes));
        let mut lines = vec![if self.dry_run {
            format!("{size} would be copied from {source} to {target}; nothing was written")
        } else {
            format!("{size} copied from {source} to {target}, and checked; {source} is as it was")
        }];
        lines.extend(if self.dry_run { self.every_file() } else { self.by_top() });
        lines.extend(
            self.skipped.iter().map(|left| format!("  left  {}: {}", left.path.display(), left.reason)),
        );
        lines.extend(self.outside.iter().map(|work| {
            let gone = if work.exists { "" } else { ", which is not there" };
            format!(
                "the workspace of agent {} stays where it is: {}{gone}",
                work.agent,
                short(&work.workspace)
            )
        }));
        lines.extend(
            self.moved_settings.iter().map(|moved| {
                format!("openclaw.json: {} is {} now, it was {}", moved.key, moved.to, moved.from)
            }),
        );
        lines.extend(self.settings_as_they_are.as_ref().map(|why| {
            format!("openclaw.json is copied as it is ({why}); look for paths that lead into {source}")
        }));
        if self.dry_run && self.asides == Target::Leftovers {
            lines.push(format!("what is in {target} would be kept beside it as {target}.before-import"));
        }
        lines
            .extend(self.kept.as_ref().map(|kept| format!("what was in {target} is in {} now", short(kept))));
        lines.extend(self.broken_off.iter().map(|dir| {
            format!("{} is left from an import that was broken off; it can be removed", short(dir))
        }));
        lines.extend(self.former.iter().map(|dir| {
            format!("{} has what was in {target} before an import that was broken off; keep it", short(dir))
        }));
        if !self.dry_run {
            lines.push("next: `openclaw doctor`, then `openclaw gateway`".to_owned());
        }
        lines.join("\n")
    }

    fn every_file(&self) -> Vec<String> {
        let line = |copied: &Copied| {
            let renamed = if copied.to == copied.path {
                String::new()
            } else {
                format!(" (as {})", copied.to.display())
            };
            format!("  copy  {}{renamed}  {}", copied.path.display(), bytes_words(copied.bytes))
        };
        self.copied.iter().map(line).collect()
    }

    /// What there is at the top of the directory.
    fn by_top(&self) -> Vec<String> {
        let mut tops: BTreeMap<&Path, (usize, u64)> = BTreeMap::new();
        for copied in &self.copied {
            let top = copied.to.iter().next().map_or(Path::new(""), Path::new);
            let (files, bytes) = tops.entry(top).or_default();
            *files += 1;
            *bytes += copied.bytes;
        }
        let line = |(top, (files, bytes)): (&Path, (usize, u64))| {
            format!("  copied  {}  {}, {}", top.display(), count(files, "file"), bytes_words(bytes))
        };
        tops.into_iter().map(line).collect()
    }
}

/// Whether a directory that an import left is not its copy but what was in the target: that was locked meanwhile, and
/// locks are never copied.
pub(super) fn is_former(dir: &Path) -> bool {
    dir.join("state/gateway.lock").exists()
}

/// Directories beside the target that an import which was killed has left.
pub(super) fn leftovers(target: &Path) -> Vec<PathBuf> {
    let prefix = format!("{}.import-", target.file_name().unwrap_or_default().to_string_lossy());
    let entries =
        std::fs::read_dir(target.parent().unwrap_or(Path::new("/"))).into_iter().flatten().flatten();
    let is_one = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.strip_prefix(&prefix)
            .is_some_and(|hex| hex.len() == 8 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_one).collect();
    found.sort();
    found
}
