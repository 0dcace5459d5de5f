//! `openclaw quickstart`: a working gateway from nothing, and nothing changed where there is one already.

mod announce;
mod plan;
mod serve;
mod setup;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use openclaw_config::Locations;

use crate::args::{InstanceArgs, QuickstartArgs};
use crate::instance::Instance;
use plan::Wish;

/// What happens once the gateway runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// A chat opens.
    Chat,
    /// The gateway stays in the foreground.
    Serve,
    /// The same, announced in one line of JSON.
    ServeJson,
}

pub(crate) fn run(flags: &InstanceArgs, args: &QuickstartArgs) -> anyhow::Result<()> {
    let instance = Instance::open(flags)?;
    let workspace = args.workspace.as_deref().map(|path| absolute(path, &instance.at)).transpose()?;
    let setup = setup::set_up(&instance, &Wish { workspace, port: args.port })?;
    // Read again: now there is a configuration, and it holds the token.
    let instance = Instance::open(flags)?;
    serve::serve(instance, args.port, &setup, manner(args))
}

fn manner(args: &QuickstartArgs) -> Manner {
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    match (args.json, args.non_interactive || !is_terminal) {
        (true, _) => Manner::ServeJson,
        (false, true) => Manner::Serve,
        (false, false) => Manner::Chat,
    }
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
