//! `config.*`: the file as it is, what it may be, and changes that keep it as its owner wrote it.

mod chat;
mod read;
mod write;

pub(super) use chat::ConfigCommand;
pub(super) use read::{get, schema};
pub(super) use write::{apply, patch, set};
