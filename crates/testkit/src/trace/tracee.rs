//! What can be learnt about a stopped thread: its call, the files it means, the strings in its memory.

use std::ffi::OsStr;
use std::io::IoSliceMut;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;

use super::call::{Call, Condition, Place, is_working_dir, makes_a_file};

/// A page: reads do not cross one, because the next need not be there.
const PAGE_BYTES: usize = 4096;
/// Longest path the kernel takes.
const MAX_PATH_BYTES: usize = 4096;

/// The path beneath `folder` that a call changes, if it changes something there.
pub(super) fn changed(pid: Pid, call: &Call, folder: &Path) -> Option<PathBuf> {
    let makes = match call.condition {
        Condition::Always => true,
        Condition::Flags(flags) => makes_a_file(flags),
        Condition::FlagsAt(address) => makes_a_file(word(pid, address)?),
    };
    let path = match call.place {
        _ if !makes => return None,
        Place::Open(file) => open_file(pid, file)?,
        Place::Path { folder, address } => {
            let path = PathBuf::from(OsStr::from_bytes(&text(pid, address)?));
            if path.is_absolute() { path } else { base(pid, folder)?.join(path) }
        }
    };
    path.strip_prefix(folder).ok().map(Path::to_owned)
}

fn base(pid: Pid, folder: u64) -> Option<PathBuf> {
    if is_working_dir(folder) {
        std::fs::read_link(format!("/proc/{pid}/cwd")).ok() // a thread that is just being killed has none
    } else {
        open_file(pid, folder)
    }
}

/// What an open file is called; sockets and pipes have names that lie beneath no folder.
fn open_file(pid: Pid, file: u64) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/fd/{}", file as u32)).ok() // the call will fail with EBADF
}

fn word(pid: Pid, address: u64) -> Option<u64> {
    let mut bytes = [0; 8];
    (read(pid, address, &mut bytes)? == bytes.len()).then(|| u64::from_ne_bytes(bytes))
}

/// The bytes up to the NUL.
fn text(pid: Pid, address: u64) -> Option<Vec<u8>> {
    let mut found = Vec::new();
    let mut at = usize::try_from(address).ok()?;
    while found.len() < MAX_PATH_BYTES {
        let mut page = vec![0; PAGE_BYTES - at % PAGE_BYTES];
        let read = read(pid, at as u64, &mut page)?;
        let bytes = page.get(..read)?;
        if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
            found.extend_from_slice(bytes.get(..end)?);
            return Some(found);
        }
        found.extend_from_slice(bytes);
        at += read;
    }
    None
}

fn read(pid: Pid, address: u64, into: &mut [u8]) -> Option<usize> {
    let remote = RemoteIoVec { base: usize::try_from(address).ok()?, len: into.len() };
    // An address that is not there: the call will fail with EFAULT.
    process_vm_readv(pid, &mut [IoSliceMut::new(into)], &[remote]).ok()
}
