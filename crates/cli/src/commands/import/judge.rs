//! What of a state directory is copied. A decision about names; touches nothing.

use std::ffi::OsStr;
use std::path::Path;

use serde::Serialize;

/// What stays behind, at the top of the state directory.
const LEFT: [(&str, Why); 14] = [
    ("logs", Why::Log),
    ("canvas", Why::Derived),
    ("completions", Why::Derived),
    ("cache", Why::Derived),
    ("tmp", Why::Temporary),
    ("browser", Why::OtherProgram),
    ("sandbox", Why::OtherProgram),
    ("sandboxes", Why::OtherProgram),
    ("extensions", Why::OtherProgram),
    ("plugins", Why::OtherProgram),
    ("tools", Why::OtherProgram),
    ("bin", Why::OtherProgram),
    ("restart-sentinel.json", Why::Temporary),
    ("update-check.json", Why::OtherProgram),
];
/// The folder of search indexes.
const INDEXES: &str = "memory";
/// How folders of notes are named unless the configuration says otherwise.
const WORKSPACE: &str = "workspace";

/// Why something is not copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Why {
    /// A symbolic link.
    Link,
    /// A socket, a pipe, a device.
    Special,
    /// A lock file.
    Lock,
    /// A file that was being written.
    Temporary,
    /// A log.
    Log,
    /// Made from other files.
    Derived,
    /// Of no use to this program.
    OtherProgram,
    /// A configuration that is not in use beside the one that is.
    UnusedConfig,
}

impl Why {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Link => "a symbolic link, which is not followed",
            Self::Special => "a socket, pipe or device",
            Self::Lock => "a lock, which means nothing in a copy",
            Self::Temporary => "left over from a write or a restart",
            Self::Log => "a log",
            Self::Derived => "is made anew when it is needed",
            Self::OtherProgram => "is of no use to this program",
            Self::UnusedConfig => "is not the configuration in use",
        }
    }
}

/// Whether an entry is a directory or a regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    File,
}

/// Whether a path lies in a folder of notes: there nothing is left out for its name.
pub(super) fn is_in_workspace(path: &Path, workspaces: &[&Path]) -> bool {
    let top = path.iter().next().and_then(OsStr::to_str).unwrap_or_default();
    let is_named = top == WORKSPACE || top.starts_with("workspace-") || top == "skills";
    is_named || workspaces.iter().any(|folder| path.starts_with(folder))
}

/// Why a file or a directory, relative to the state directory, is not copied; what no rule names is.
pub(super) fn left_out(path: &Path, kind: Kind, workspaces: &[&Path]) -> Option<Why> {
    let mut parts = path.iter().map(|part| part.to_str().unwrap_or_default());
    let (top, is_top) = (parts.next().unwrap_or_default(), parts.next().is_none());
    let leads_to_workspace = workspaces.iter().any(|folder| folder.starts_with(path));
    if is_in_workspace(path, workspaces) || leads_to_workspace {
        return None;
    }
    if let Some((_, why)) = LEFT.iter().find(|(name, _)| is_top && *name == top) {
        return Some(*why);
    }
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    if name.ends_with(".lock") {
        return Some(Why::Lock);
    }
    match kind {
        Kind::Directory => None,
        Kind::File if name.ends_with(".tmp") => Some(Why::Temporary),
        Kind::File if top == INDEXES && name.contains(".sqlite") => Some(Why::Derived),
        Kind::File if is_top && name.ends_with(".log") => Some(Why::Log),
        Kind::File => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Why, left_out};
    use std::path::Path;

    #[test]
    fn names_decide() {
        let (dir, file) = (Kind::Directory, Kind::File);
        let rows = [
            ("agents", dir, None),
            ("agents/main/sessions/sessions.json", file, None),
            ("agents/main/sessions/sessions.json.lock", file, Some(Why::Lock)),
            ("agents/main/agent/auth-profiles.json.lock", dir, Some(Why::Lock)),
            ("agents/main/sessions/sessions.json.123.abc.tmp", file, Some(Why::Temporary)),
            ("agents/main/sessions/x.jsonl.deleted.2026-02-10T00-00-00.000Z", file, None),
            ("credentials/oauth.json", file, None),
            ("memory/main.sqlite", file, Some(Why::Derived)),
            ("memory/main.sqlite-wal", file, Some(Why::Derived)),
            ("memory/notes.md", file, None),
            ("logs", dir, Some(Why::Log)),
            ("old.log", file, Some(Why::Log)),
            ("something-new", dir, None),
            ("workspace/yarn.lock", file, None),
            ("workspace/x.tmp", file, None),
            ("workspace-two/logs", dir, None),
            ("tools", dir, None),
            ("tools/notes", dir, None),
            ("tools/notes/a.lock", file, None),
            ("extensions", dir, Some(Why::OtherProgram)),
        ];
        for (path, kind, expected) in rows {
            assert_eq!(left_out(Path::new(path), kind, &[Path::new("tools/notes")]), expected, "{path}");
        }
    }
}
