//! Being told when notes and transcripts change, where the system can tell.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod inotify;
#[cfg(target_os = "linux")]
mod waiting;
mod watcher;

pub(crate) use watcher::{Among, Wake, Watch};
