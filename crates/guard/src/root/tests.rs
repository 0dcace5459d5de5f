use super::{EntryKind, Resolver, Root, RootError};
use crate::{create_private_dir, write_atomic};
use proptest::prelude::*;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// A root with a file, a directory, links out and in, a FIFO, and a secret beside it.
struct House {
    home: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("root");
        create_private_dir(&root.join("dir/deep")).unwrap();
        write_atomic(&home.path().join("secret"), b"secret").unwrap();
        write_atomic(&root.join("file"), b"inside").unwrap();
        write_atomic(&root.join("dir/deep/note.md"), b"note").unwrap();
        symlink(home.path().join("secret"), root.join("link-out")).unwrap();
        symlink("file", root.join("link-in")).unwrap();
        symlink(home.path(), root.join("dir-out")).unwrap();
        symlink("dir", root.join("dir-in")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            root.join("fifo"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .unwrap();
        Self { home }
    }

    fn dir(&self) -> PathBuf {
        self.home.path().join("root")
    }

    fn roots(&self) -> [Root; 2] {
        [Resolver::Kernel, Resolver::Walk]
            .map(|resolver| Root { resolver, ..Root::open(&self.dir()).unwrap() })
    }
}

fn reason<T>(result: Result<T, RootError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(RootError::Outside { .. }) => "outside",
        Err(RootError::Symlink { .. }) => "symlink",
        Err(RootError::NotAFile { .. }) => "not a file",
        Err(RootError::NotFound { .. }) => "not found",
        Err(RootError::Exists { .. }) => "exists",
        Err(RootError::TooLarge { .. }) => "too large",
        Err(RootError::Io { .. }) => "io",
    }
}

#[test]
fn every_way_of_opening_gives_the_same_reasons() {
    let house = House::new();
    let absolute = |tail: &str| house.dir().join(tail).to_str().unwrap().to_owned();
    let beside = house.home.path().join("root-beside/file").to_str().unwrap().to_owned();
    let rows = [
        ("file", "ok", "ok", "exists"),
        ("./dir//deep/./note.md", "ok", "ok", "exists"),
        (&absolute("file"), "ok", "ok", "exists"),
        (&absolute("../secret"), "outside", "outside", "outside"),
        (&beside, "outside", "outside", "outside"),
        ("/etc/passwd", "outside", "outside", "outside"),
        ("..", "outside", "outside", "outside"),
        ("dir/../file", "outside", "outside", "outside"),
        ("link-out", "symlink", "symlink", "exists"),
        ("link-in", "symlink", "symlink", "exists"),
        ("dir-out/secret", "symlink", "symlink", "symlink"),
        ("dir-in/deep/note.md", "symlink", "symlink", "symlink"),
        ("fifo", "not a file", "not a file", "exists"),
        ("dir", "not a file", "not a file", "exists"),
        ("file/below", "not a file", "not a file", "not a file"),
        ("", "not a file", "not a file", "not a file"),
        ("missing", "not found", "ok", "ok"),
        ("no/such", "not found", "not found", "not found"),
    ];
    for root in house.roots() {
        for (path, read, replace, create) in rows {
            let path = Path::new(path);
            assert_eq!(reason(root.open_read(path)), read, "read {path:?} {root:?}");
            let append = if read == "not found" { replace } else { read };
            assert_eq!(reason(root.create_new(path, b"x")), create, "create {path:?} {root:?}");
            assert_eq!(reason(root.replace(path, b"inside")), replace, "replace {path:?} {root:?}");
            assert_eq!(reason(root.open_append(path)), append, "append {path:?} {root:?}");
        }
        std::fs::remove_file(house.dir().join("missing")).unwrap();
    }
    assert_eq!(std::fs::read(house.home.path().join("secret")).unwrap(), b"secret");
    assert!(house.dir().join("link-out").is_symlink());
}

#[test]
fn replace_keeps_the_executable_bit_and_new_files_are_private() {
    let house = House::new();
    let [root, _] = house.roots();
    let mode = |name: &str| house.dir().join(name).metadata().unwrap().permissions().mode() & 0o7777;
    std::fs::set_permissions(house.dir().join("file"), std::fs::Permissions::from_mode(0o755)).unwrap();
    root.replace(Path::new("file"), b"#!/bin/sh").unwrap();
    root.replace(Path::new("fresh"), b"").unwrap();
    root.create_new(Path::new("newer"), b"").unwrap();
    root.open_append(Path::new("log")).unwrap();
    assert_eq!((mode("file"), mode("fresh"), mode("newer"), mode("log")), (0o755, 0o600, 0o600, 0o600));
}

#[test]
fn append_appends_and_caps_hold() {
    let house = House::new();
    for root in house.roots() {
        root.replace(Path::new("log"), b"").unwrap();
        for text in ["one ", "two"] {
            root.open_append(Path::new("log")).unwrap().write_all(text.as_bytes()).unwrap();
        }
        let mut text = String::new();
        root.open_read(Path::new("log")).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "one two");
        assert_eq!(root.read_capped(Path::new("log"), 7).unwrap(), b"one two");
        assert_eq!(reason(root.read_capped(Path::new("log"), 6)), "too large");
    }
}

#[test]
fn parent_dirs_are_private_and_never_made_through_links() {
    let house = House::new();
    for root in house.roots() {
        root.create_parent_dirs(Path::new("x/y/file")).unwrap();
        root.create_parent_dirs(Path::new("x/y/file")).unwrap();
        root.create_parent_dirs(Path::new("file")).unwrap();
        let mode = house.dir().join("x/y").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o700);
        assert_eq!(reason(root.create_parent_dirs(Path::new("dir-out/new/file"))), "symlink");
        assert_eq!(reason(root.create_parent_dirs(Path::new("file/new/file"))), "not a file");
        assert_eq!(reason(root.create_parent_dirs(Path::new("../new/file"))), "outside");
    }
    assert!(!house.home.path().join("new").exists());
}

#[test]
fn rename_takes_only_free_names_and_stays_beneath() {
    let house = House::new();
    for root in house.roots() {
        let rename = |from: &str, to: &str| reason(root.rename(Path::new(from), Path::new(to)));
        assert_eq!(rename("file", "dir/renamed"), "ok");
        assert_eq!(rename("file", "dir/other"), "not found");
        assert_eq!(rename("dir/renamed", "link-out"), "exists");
        assert_eq!(rename("dir/renamed", "dir-out/stolen"), "symlink");
        assert_eq!(rename("dir/renamed", "../stolen"), "outside");
        assert_eq!(rename("dir/renamed", "file"), "ok");
    }
    assert!(!house.home.path().join("stolen").exists());
}

#[test]
fn a_root_that_was_moved_or_replaced_is_not_in_place() {
    let house = House::new();
    let root = Root::open(&house.dir()).unwrap();
    assert!(root.is_in_place());
    let aside = house.home.path().join("aside");
    std::fs::rename(house.dir(), &aside).unwrap();
    assert!(!root.is_in_place());
    create_private_dir(&house.dir()).unwrap();
    assert!(!root.is_in_place());
    std::fs::remove_dir(house.dir()).unwrap();
    std::fs::rename(&aside, house.dir()).unwrap();
    assert!(root.is_in_place());
}

#[test]
fn whoever_follows_works_in_the_directory_that_is_there_now() {
    let house = House::new();
    for root in house.roots() {
        let note = |text: &str| house.dir().join(text);
        let aside = house.home.path().join("aside");
        root.follow().unwrap();
        assert_eq!(root.number(), 0);
        std::fs::rename(house.dir(), &aside).unwrap();
        assert_eq!(reason(root.follow()), "not found");
        assert!(root.open_read(Path::new("file")).is_ok(), "what was open stays open");
        create_private_dir(&house.dir()).unwrap();
        write_atomic(&note("new"), b"new").unwrap();
        root.follow().unwrap();
        assert_eq!((root.number(), root.is_in_place()), (1, true));
        assert_eq!(root.read_capped(&note("new"), 9).unwrap(), b"new");
        assert_eq!(reason(root.open_read(Path::new("file"))), "not found");
        std::fs::remove_dir_all(house.dir()).unwrap();
        // The owner's name may be a link.
        symlink(&aside, house.dir()).unwrap();
        root.follow().unwrap();
        assert_eq!(
            (root.number(), root.read_capped(&aside.join("file"), 9).unwrap()),
            (2, b"inside".to_vec())
        );
        std::fs::remove_file(house.dir()).unwrap();
        write_atomic(&house.dir(), b"no directory").unwrap();
        assert!(root.follow().is_err() && root.open_read(Path::new("file")).is_ok());
        std::fs::remove_file(house.dir()).unwrap();
        std::fs::rename(&aside, house.dir()).unwrap();
    }
}

#[test]
fn a_pinned_root_stays_where_it_is_while_the_one_it_is_of_goes_on() {
    let house = House::new();
    for root in house.roots() {
        let aside = house.home.path().join("aside");
        let pinned = root.pinned();
        std::fs::rename(house.dir(), &aside).unwrap();
        create_private_dir(&house.dir()).unwrap();
        root.follow().unwrap();
        pinned.follow().unwrap();
        assert_eq!((root.number(), pinned.number(), pinned.is_in_place()), (1, 0, false));
        assert_eq!(pinned.read_capped(&house.dir().join("file"), 9).unwrap(), b"inside");
        pinned.replace(Path::new("new"), b"new").unwrap();
        assert!(aside.join("new").exists() && !house.dir().join("new").exists());
        assert_eq!(reason(root.open_read(Path::new("new"))), "not found");
        // Of the pinned one too.
        assert_eq!((pinned.pinned().number(), root.pinned().number()), (0, 1));
        std::fs::remove_file(aside.join("new")).unwrap();
        std::fs::remove_dir(house.dir()).unwrap();
        std::fs::rename(&aside, house.dir()).unwrap();
    }
}

#[test]
fn all_who_follow_at_once_count_a_directory_once() {
    let house = House::new();
    for root in house.roots() {
        for turn in 1..=20 {
            let aside = house.home.path().join(format!("aside-{turn}"));
            std::fs::rename(house.dir(), &aside).unwrap();
            create_private_dir(&house.dir()).unwrap();
            let together = std::sync::Barrier::new(4);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        together.wait();
                        root.follow().unwrap();
                    });
                }
            });
            assert_eq!(root.number(), turn);
            std::fs::remove_dir_all(aside).unwrap();
        }
    }
}

#[test]
fn walk_lists_regular_files_only_and_is_bounded() {
    let house = House::new();
    let everything = |_: &Path, _: EntryKind| true;
    for root in house.roots() {
        let walk = root.walk(Path::new(""), everything, 1_000).unwrap();
        let paths: Vec<_> = walk.files.iter().map(|f| f.path.to_str().unwrap()).collect();
        assert_eq!(paths, ["dir/deep/note.md", "file"]);
        assert!(!walk.truncated && !walk.too_deep && walk.unreadable.is_empty());
        assert!(walk.links.iter().any(|link| link == Path::new("dir-in")), "{:?}", walk.links);
        assert_eq!(walk.files[0].size, 4);
        assert!(walk.files[0].mtime_ms > 1_700_000_000_000);

        let notes = |path: &Path, kind: EntryKind| {
            kind == EntryKind::Directory || path.extension().is_some_and(|e| e == "md")
        };
        assert_eq!(root.walk(Path::new("dir"), notes, 1_000).unwrap().files.len(), 1);
        let shallow = |_: &Path, kind: EntryKind| kind == EntryKind::File;
        assert_eq!(root.walk(Path::new(""), shallow, 1_000).unwrap().files.len(), 1);

        assert!(root.walk(Path::new(""), everything, 3).unwrap().truncated);
        assert_eq!(reason(root.walk(Path::new("dir-in"), everything, 9)), "symlink");
        assert_eq!(reason(root.walk(Path::new("nothing"), everything, 9)), "not found");
    }
}

#[test]
fn walk_does_not_go_deeper_than_its_bound() {
    let house = House::new();
    let deep: PathBuf = std::iter::repeat_n("d", super::MAX_WALK_DEPTH + 1).collect();
    create_private_dir(&house.dir().join("well").join(&deep)).unwrap();
    write_atomic(&house.dir().join("well").join(&deep).join("bottom"), b"").unwrap();
    let [root, _] = house.roots();
    let walk = root.walk(Path::new("well"), |_, _| true, 1_000).unwrap();
    assert!(walk.too_deep && !walk.truncated && walk.files.is_empty());
}

#[test]
fn the_handle_is_the_root_not_its_name() {
    let house = House::new();
    for root in house.roots() {
        let moved = house.home.path().join("moved");
        std::fs::rename(house.dir(), &moved).unwrap();
        symlink(house.home.path(), house.dir()).unwrap();
        assert_eq!(root.read_capped(Path::new("file"), 100).unwrap(), b"inside");
        assert_eq!(reason(root.open_read(Path::new("secret"))), "not found");
        std::fs::remove_file(house.dir()).unwrap();
        std::fs::rename(&moved, house.dir()).unwrap();
    }
}

#[test]
fn exchanging_a_directory_with_a_link_never_leaks() {
    let house = House::new();
    let trap = house.dir().join("trap");
    create_private_dir(&trap).unwrap();
    write_atomic(&trap.join("secret"), b"bait").unwrap();
    symlink(house.home.path(), house.dir().join("swap")).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            use rustix::fs::{CWD, RenameFlags, renameat_with};
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                renameat_with(CWD, &trap, CWD, house.dir().join("swap"), RenameFlags::EXCHANGE).unwrap();
            }
        });
        for root in house.roots() {
            for _ in 0..2_000 {
                match root.read_capped(Path::new("trap/secret"), 100) {
                    Ok(bytes) => assert_eq!(bytes, b"bait"),
                    // The walk may find the link gone again by the time it asks what it was.
                    Err(RootError::Symlink { .. } | RootError::NotAFile { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

proptest! {
    #[test]
    fn no_path_reads_the_secret(path in "(\\.{1,2}|dir|deep|file|link-out|dir-out|dir-in|secret|root|/|\u{0}|a){0,8}") {
        let house = House::new();
        for root in house.roots() {
            if let Ok(bytes) = root.read_capped(Path::new(&path), 100) {
                prop_assert_ne!(bytes, b"secret".to_vec());
            }
        }
    }
}
