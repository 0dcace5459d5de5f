//! Which system calls change what is on the disk, and where they say what they change.

use nix::libc;

use super::StepKind;

/// Where a call names the file it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// An open file.
    Open(u64),
    /// A path at this address, relative to this open folder.
    Path { folder: u64, address: u64 },
}

/// Which part of a call has to be looked at before it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Always,
    /// Open flags that make or empty a file.
    Flags(u64),
    /// The same, in a structure at this address.
    FlagsAt(u64),
}

/// Which argument of a call that writes says how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// `write` and most others; bytes, or parts for `writev`.
    Third,
    /// `sendfile`.
    Fourth,
    /// `copy_file_range`.
    Fifth,
}

/// A call that may be a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) name: &'static str,
    pub(super) kind: StepKind,
    pub(super) place: Place,
    pub(super) condition: Condition,
    pub(super) length: Length,
}

/// Relative to the working directory, as the kernel reads it.
const WORKING_DIR: u64 = (libc::AT_FDCWD as i64).cast_unsigned();

/// Reads a call by its number and arguments; `None` for those that change nothing.
pub(super) fn decode(number: i64, arguments: [u64; 4]) -> Option<Call> {
    let [a, b, c, d] = arguments;
    let call =
        |name, kind, place| Call { name, kind, place, condition: Condition::Always, length: Length::Third };
    let open = |name, kind, file| Some(call(name, kind, Place::Open(file)));
    let path = |name, kind, folder, address| Some(call(name, kind, Place::Path { folder, address }));
    let opening = |name, folder, address, condition| {
        Some(Call { condition, ..call(name, StepKind::Create, Place::Path { folder, address }) })
    };
    let sized = |name, file, length| Some(Call { length, ..call(name, StepKind::Write, Place::Open(file)) });
    match number {
        libc::SYS_write => open("write", StepKind::Write, a),
        libc::SYS_pwrite64 => open("pwrite64", StepKind::Write, a),
        libc::SYS_writev => open("writev", StepKind::Write, a),
        libc::SYS_pwritev => open("pwritev", StepKind::Write, a),
        libc::SYS_pwritev2 => open("pwritev2", StepKind::Write, a),
        libc::SYS_sendfile => sized("sendfile", a, Length::Fourth),
        libc::SYS_copy_file_range => sized("copy_file_range", c, Length::Fifth),
        libc::SYS_fsync => open("fsync", StepKind::Sync, a),
        libc::SYS_fdatasync => open("fdatasync", StepKind::Sync, a),
        libc::SYS_sync_file_range => open("sync_file_range", StepKind::Sync, a),
        libc::SYS_ftruncate => open("ftruncate", StepKind::Truncate, a),
        libc::SYS_truncate => path("truncate", StepKind::Truncate, WORKING_DIR, a),
        libc::SYS_fallocate => open("fallocate", StepKind::Allocate, a),
        libc::SYS_rename => path("rename", StepKind::Rename, WORKING_DIR, b),
        libc::SYS_renameat => path("renameat", StepKind::Rename, c, d),
        libc::SYS_renameat2 => path("renameat2", StepKind::Rename, c, d),
        libc::SYS_link => path("link", StepKind::Link, WORKING_DIR, b),
        libc::SYS_linkat => path("linkat", StepKind::Link, c, d),
        libc::SYS_symlink => path("symlink", StepKind::Link, WORKING_DIR, b),
        libc::SYS_symlinkat => path("symlinkat", StepKind::Link, b, c),
        libc::SYS_unlink => path("unlink", StepKind::Remove, WORKING_DIR, a),
        libc::SYS_unlinkat => path("unlinkat", StepKind::Remove, a, b),
        libc::SYS_rmdir => path("rmdir", StepKind::Remove, WORKING_DIR, a),
        libc::SYS_mkdir => path("mkdir", StepKind::MakeDir, WORKING_DIR, a),
        libc::SYS_mkdirat => path("mkdirat", StepKind::MakeDir, a, b),
        libc::SYS_creat => opening("creat", WORKING_DIR, a, Condition::Always),
        libc::SYS_open => opening("open", WORKING_DIR, a, Condition::Flags(b)),
        libc::SYS_openat => opening("openat", a, b, Condition::Flags(c)),
        libc::SYS_openat2 => opening("openat2", a, b, Condition::FlagsAt(c)),
        _ => None,
    }
}

/// Whether open flags make a file, or empty one.
pub(super) fn makes_a_file(flags: u64) -> bool {
    let wanted = libc::O_CREAT | libc::O_TRUNC | (libc::O_TMPFILE & !libc::O_DIRECTORY);
    flags & u64::from(wanted.cast_unsigned()) != 0
}

/// Whether a folder means the working directory. Programs may leave the upper half of the register as it was.
pub(super) fn is_working_dir(folder: u64) -> bool {
    folder as u32 == WORKING_DIR as u32
}

#[cfg(test)]
mod tests {
    use super::{Condition, Place, StepKind, decode, is_working_dir, makes_a_file};
    use nix::libc;

    #[test]
    fn calls_name_what_they_change() {
        let arguments = [3, 4, 5, 6];
        let write = decode(libc::SYS_pwrite64, arguments).unwrap();
        assert_eq!((write.name, write.kind, write.place), ("pwrite64", StepKind::Write, Place::Open(3)));
        let rename = decode(libc::SYS_renameat2, arguments).unwrap();
        assert_eq!(rename.place, Place::Path { folder: 5, address: 6 }, "the new name is what counts");
        let open = decode(libc::SYS_openat, arguments).unwrap();
        assert_eq!((open.kind, open.condition), (StepKind::Create, Condition::Flags(5)));
        assert_eq!(decode(libc::SYS_read, arguments), None);
        let unlink = decode(libc::SYS_unlink, arguments).unwrap();
        assert!(matches!(unlink.place, Place::Path { folder, address: 3 } if is_working_dir(folder)));
    }

    #[test]
    fn opening_counts_when_it_makes_or_empties() {
        let flags = |flags: i32| makes_a_file(u64::from(flags.cast_unsigned()));
        assert!(flags(libc::O_CREAT | libc::O_WRONLY) && flags(libc::O_TRUNC) && flags(libc::O_TMPFILE));
        assert!(!flags(libc::O_RDWR | libc::O_APPEND) && !flags(libc::O_DIRECTORY));
    }
}
