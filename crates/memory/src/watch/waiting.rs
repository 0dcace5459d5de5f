//! The thread that waits for changes. It sleeps in the kernel while nothing happens, and reads nothing.

use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionread};

use super::watcher::Wake;

/// Shorter rests would be a busy loop while the worker is busy.
const MIN_REST: Duration = Duration::from_millis(50);
/// Rests without an end are not waited for: somebody may write all the time.
const MAX_RESTS: usize = 10;

/// Starts the thread; it ends when what is returned is dropped, or nobody is left to wake.
pub(super) fn wait_in_thread(
    name: &str,
    queue: Arc<OwnedFd>,
    rest: Duration,
    wake: Wake,
) -> io::Result<PipeWriter> {
    let (stop, handle) = io::pipe()?;
    let rest = rest.max(MIN_REST);
    std::thread::Builder::new()
        .name(format!("watch-{name}"))
        .spawn(move || while wait(&queue, &stop, rest).is_ok_and(|()| wake()) {})?;
    Ok(handle)
}

/// Returns when there is something in the queue that has rested.
fn wait(queue: &OwnedFd, stop: &PipeReader, rest: Duration) -> Result<(), Errno> {
    loop {
        let mut fds = [PollFd::new(queue, PollFlags::IN), PollFd::new(stop, PollFlags::IN)];
        wait_for(&mut fds, Rest::Endless)?;
        if !fds[1].revents().is_empty() {
            return Err(Errno::CANCELED);
        }
        let mut queued = ioctl_fionread(queue)?;
        for _ in 0..MAX_RESTS {
            let mut fds = [PollFd::new(stop, PollFlags::IN)];
            if wait_for(&mut fds, Rest::For(rest))? > 0 {
                return Err(Errno::CANCELED);
            }
            let before = std::mem::replace(&mut queued, ioctl_fionread(queue)?);
            if before == queued {
                break;
            }
        }
        // A search may have taken it in meanwhile.
        if queued > 0 {
            return Ok(());
        }
    }
}

#[derive(Clone, Copy)]
enum Rest {
    Endless,
    For(Duration),
}

fn wait_for(fds: &mut [PollFd<'_>], rest: Rest) -> Result<usize, Errno> {
    let timeout = match rest {
        Rest::Endless => None,
        Rest::For(rest) => Timespec::try_from(rest).ok(),
    };
    loop {
        match poll(fds, timeout.as_ref()) {
            Err(Errno::INTR) => {}
            done => return done,
        }
    }
}
