//! Modes whatever the umask (S-088). The umask belongs to the process, so this test has one of its own.

#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use openclaw_guard::{Root, create_private_dir, write_atomic};
use rustix::fs::Mode;

#[test]
fn files_are_0600_and_directories_0700_under_any_umask() {
    for umask in [0o000, 0o022, 0o077, 0o377] {
        let home = tempfile::tempdir().unwrap();
        rustix::process::umask(Mode::from_raw_mode(umask));
        let state = home.path().join("a/state");
        create_private_dir(&state).unwrap();
        write_atomic(&state.join("atomic"), b"").unwrap();
        let root = Root::open(&state).unwrap();
        root.create_parent_dirs(Path::new("b/c/file")).unwrap();
        root.create_new(Path::new("b/c/file"), b"").unwrap();
        root.replace(Path::new("replaced"), b"").unwrap();
        root.open_append(Path::new("appended")).unwrap();
        for (path, expected) in [
            ("..", 0o700),
            (".", 0o700),
            ("b", 0o700),
            ("b/c", 0o700),
            ("atomic", 0o600),
            ("b/c/file", 0o600),
            ("replaced", 0o600),
            ("appended", 0o600),
        ] {
            let mode = state.join(path).metadata().unwrap().permissions().mode() & 0o7777;
            assert_eq!(mode, expected, "{path} under umask {umask:o}");
        }
    }
}
