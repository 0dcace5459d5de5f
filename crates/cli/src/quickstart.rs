//! `openclaw quickstart`: a working gateway from nothing, and nothing changed where there is one already.

mod announce;
mod plan;
mod serve;
mod setup;

use std::io::{ErrorKind, IsTerminal as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use openclaw_config::Locations;
use openclaw_gateway::StartError;
use rustix::fs::FileType;

use crate::args::{InstanceArgs, QuickstartArgs};
use crate::copies;
use crate::instance::Instance;
use crate::output;
use plan::Wish;

/// What is said where lines may wait that nobody has asked to be answered.
const LEFT_ALONE: &str = "openclaw: standard input is not read; `openclaw chat`, or `openclaw quickstart --lines`, answers \
                          the lines of a pipe or a file";

/// What happens once the gateway runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// A chat opens.
    Chat,
    /// The lines of standard input are answered; the announcement is not among the answers.
    Lines,
    /// The gateway stays in the foreground.
    Serve,
    /// The same, announced in one line of JSON.
    ServeJson,
}

pub(crate) fn run(flags: &InstanceArgs, args: &QuickstartArgs) -> anyhow::Result<()> {
    let instance = Instance::open(flags)?;
    let workspace = args.workspace.as_deref().map(|path| absolute(path, &instance.at)).transpose()?;
    if !instance.loaded.exists {
        copies::no_stub_beside_copies(&instance.at, &instance.loaded.env)?;
        // Before it is written into a new configuration.
        port_is_free(instance.port(args.port)?)?;
    }
    let setup = setup::set_up(&instance, &Wish { workspace, port: args.port })?;
    // Read again: now there is a configuration, and it holds the token.
    let instance = Instance::open(flags)?;
    if is_left_alone(args) {
        output::complain(&output::for_instance(LEFT_ALONE, flags));
    }
    serve::serve(instance, args.port, &setup, manner(args))
}

/// Refuses a port that somebody listens on. Whatever else may be wrong with it shows when the gateway starts.
fn port_is_free(port: u16) -> Result<(), StartError> {
    // As the gateway does it: connections that are closing are no reason.
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(StartError::PortInUse { port }),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn manner(args: &QuickstartArgs) -> Manner {
    if args.json {
        Manner::ServeJson
    } else if args.non_interactive {
        Manner::Serve
    } else if args.lines {
        Manner::Lines
    } else if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        Manner::Chat
    } else {
        Manner::Serve
    }
}

/// Whether standard input holds what somebody may expect to be answered. It may as well be the rest of the script that
/// calls this command, with secrets in it, so that lines are read for who asks for that, and for nobody else.
fn is_left_alone(args: &QuickstartArgs) -> bool {
    !args.lines && !args.json && !args.non_interactive && may_have_lines()
}

/// Whether standard input is something that others write into. Services and `nohup` have a device there.
fn may_have_lines() -> bool {
    let kind = rustix::fs::fstat(std::io::stdin()).map(|stat| FileType::from_raw_mode(stat.st_mode));
    matches!(kind, Ok(FileType::Fifo | FileType::Socket | FileType::RegularFile))
}

/// The folder as the file system calls it, so that `.` and a link still name the same one tomorrow.
fn absolute(path: &Path, at: &Locations) -> anyhow::Result<PathBuf> {
    let path = path.to_str().map_or_else(|| path.to_owned(), |text| at.expand(text));
    match path.canonicalize() {
        Ok(path) => Ok(path),
        // It will be made. What else may be wrong with it shows then, with its path.
        Err(_) => Ok(std::path::absolute(path)?),
    }
}
