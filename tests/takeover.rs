//! The state of an OpenClaw: used in place, copied, explained; and that of a newer program: left alone.

mod damaged;
mod fixture;
mod import;
mod in_place;
mod version;

pub(crate) use fixture::everything;
