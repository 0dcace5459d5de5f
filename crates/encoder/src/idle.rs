//! Giving memory back while nobody needs the model.
#![cfg_attr(
    target_os = "linux",
    allow(unsafe_code, reason = "pages are given back by a system call that takes addresses")
)]

/// Gives the pages of the weights back to the system, and with them what the allocator of glibc keeps of the buffers that
/// texts needed meanwhile: each thread has an arena of its own there, of which little is given back by itself. The next text
/// finds the weights where they were, as a rule in the system's cache of files: 2.4 ms for all of them. On systems other than
/// Linux it does nothing.
pub fn give_back() {
    #[cfg(target_os = "linux")]
    linux::give_back(crate::data::model_file());
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::trim();
}

#[cfg(target_os = "linux")]
mod linux {
    use rustix::mm::{Advice, madvise};
    use rustix::param::page_size;

    pub(super) fn give_back(file: &'static [u8]) {
        let size = page_size();
        // Pages at the ends hold other things too.
        let before = file.as_ptr().addr().wrapping_neg() % size;
        let Some(rest) = file.len().checked_sub(before) else { return };
        let whole = rest - rest % size;
        if whole == 0 {
            return;
        }
        let start = file[before..].as_ptr().cast_mut();
        // SAFETY: the pages lie within a constant, which is never written, in the read-only part of the program's file. What the
        // system takes it reads from that file again when it is needed, so that every reader sees the same bytes as before.
        let given = unsafe { madvise(start.cast(), whole, Advice::LinuxDontNeed) };
        // Refused, it only takes more memory.
        given.ok();
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    use std::ffi::c_int;

    unsafe extern "C" {
        /// Declared in `malloc.h`.
        fn malloc_trim(pad: usize) -> c_int;
    }

    pub(super) fn trim() {
        // SAFETY: it takes no pointer, may be called by any thread at any time, and touches free memory only.
        let _released = unsafe { malloc_trim(0) };
    }
}

#[cfg(test)]
mod tests {
    use super::give_back;
    use crate::Encoder;
    use crate::data::{MODEL_SHA256, model_file};

    fn digest() -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, model_file());
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn what_was_given_back_is_there_again() {
        let encoder = Encoder::builtin().unwrap();
        let before = encoder.encode(&["the cat sleeps"]);
        give_back();
        assert_eq!(encoder.encode(&["the cat sleeps"]), before);
        give_back();
        assert_eq!(digest(), MODEL_SHA256);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_pages_are_gone_until_they_are_read() {
        // Other tests of this process may read them meanwhile, so that it is tried more than once.
        let resident = || {
            let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
            let at = model_file().as_ptr().addr() + model_file().len() / 2;
            let mut is_here = false;
            for line in maps.lines() {
                if let Some((from, to)) = line.split_once(' ').and_then(|(range, _)| range.split_once('-')) {
                    let bounds = usize::from_str_radix(from, 16).ok().zip(usize::from_str_radix(to, 16).ok());
                    is_here = bounds.is_some_and(|(from, to)| (from..to).contains(&at));
                }
                if let Some(kib) = line.strip_prefix("Rss:").filter(|_| is_here) {
                    return kib.trim().trim_end_matches(" kB").parse::<usize>().unwrap();
                }
            }
            0
        };
        let mut smallest = usize::MAX;
        for _ in 0..50 {
            assert_eq!(digest(), MODEL_SHA256);
            let read = resident();
            give_back();
            smallest = smallest.min(resident());
            if smallest + 15_000 < read {
                return;
            }
        }
        assert!(smallest < 10_000, "{smallest} KiB stay");
    }
}
