//! The built program at a terminal: what a person sees, and what they type.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

/// Longer than any program takes to ask for a secret.
const PATIENCE: Duration = Duration::from_secs(20);

/// Interrupts a command as soon as its terminal shows no more what is typed. Returns how it ended, and whether the terminal
/// shows it again.
#[must_use]
pub fn interrupted_at_a_secret(mut command: Command) -> (ExitStatus, bool) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("the system has terminals");
    grantpt(&master).expect("it is ours");
    unlockpt(&master).expect("it is ours");
    let name = ptsname(&master, Vec::new()).expect("it has a name");
    let slave: OwnedFd = rustix::fs::open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty())
        .expect("the other end opens");
    let shows = || tcgetattr(&slave).expect("it is a terminal").local_modes.contains(LocalModes::ECHO);
    command
        .stdin(slave.try_clone().expect("a terminal is shared"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    let until = Instant::now() + PATIENCE;
    while shows() {
        assert!(Instant::now() < until, "the program asks for no secret");
        std::thread::yield_now();
    }
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::INT).expect("it runs");
    let status = child.wait().expect("the program ends");
    (status, shows())
}

/// Runs a command at a terminal of its own and types a text right away. Returns how it ended, and everything that was on the
/// screen: what it said, and what was typed.
#[must_use]
pub fn at_terminal(mut command: Command, typed: &str) -> (ExitStatus, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("the system has terminals");
    grantpt(&master).expect("it is ours");
    unlockpt(&master).expect("it is ours");
    let name = ptsname(&master, Vec::new()).expect("it has a name");
    let open = || rustix::fs::open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty());
    let slave = || Stdio::from(open().expect("the other end opens"));
    command.stdin(slave()).stdout(slave()).stderr(slave());
    let mut child = command.spawn().expect("the program starts");
    // Its ends are the child's alone: when that is gone, the terminal is closed.
    drop(command);
    let mut screen = File::from(master);
    screen.write_all(typed.as_bytes()).expect("the terminal takes what is typed");
    let mut seen = Vec::new();
    let mut piece = [0; 4096];
    // A terminal that nobody has open any more fails to be read.
    while let Ok(count @ 1..) = screen.read(&mut piece) {
        seen.extend_from_slice(&piece[..count]);
    }
    let status = child.wait().expect("the program ends");
    (status, String::from_utf8_lossy(&seen).into_owned())
}
