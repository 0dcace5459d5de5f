//! What the tests of several files begin with.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use openclaw_guard::{PathComponent, Root, SystemClock, create_private_dir, write_atomic};

use crate::engine::{Engine, EngineOptions};
use crate::weighted::Fusion;

/// Two notes, and what an engine is made of.
pub(crate) fn options(home: &Path) -> EngineOptions {
    create_private_dir(&home.join("workspace/memory")).unwrap();
    for name in ["a", "b"] {
        write(home, name, &format!("needle of {name}\n"));
    }
    let workspace = Arc::new(Root::open(&home.join("workspace")).unwrap());
    let agent_id = PathComponent::parse("main").unwrap();
    EngineOptions::new(agent_id, workspace, home, Arc::new(SystemClock))
}

pub(crate) fn write(home: &Path, name: &str, text: &str) {
    write_atomic(&home.join(format!("workspace/memory/{name}.md")), text.as_bytes()).unwrap();
}

/// The same, written so many seconds from now.
pub(crate) fn write_at(home: &Path, name: &str, text: &str, seconds: i64) {
    write(home, name, text);
    let file = std::fs::File::options().write(true).open(home.join(format!("workspace/memory/{name}.md")));
    let (now, apart) = (SystemTime::now(), Duration::from_secs(seconds.unsigned_abs()));
    file.unwrap().set_modified(if seconds < 0 { now - apart } else { now + apart }).unwrap();
}

pub(crate) fn engine(home: &Path, fusion: Fusion) -> Engine {
    Engine::new(EngineOptions { fusion, ..options(home) })
}
