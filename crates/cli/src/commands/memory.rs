//! `openclaw memory`: search, index and measure, straight on the files; no gateway is needed.

mod bench;
mod consent;
mod index;
mod open;
mod search;
mod status;
mod watching;

pub(super) use bench::bench;
pub(super) use index::index;
pub(super) use open::memory;
pub(crate) use open::{outlook, unsearched_words};
pub(super) use search::search;
pub(super) use status::{BUILT_IN, QMD, status};
