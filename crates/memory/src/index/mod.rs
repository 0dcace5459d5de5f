//! The index file: notes, their rows, which row holds which term, and the vectors of their passages.
//!
//! The tables have names of their own (`mem_…`), so that an index written by OpenClaw can lie in the same file and
//! a person can go back to it. Everything here is derived from the notes. A rebuild writes a new generation of notes
//! beside the published one, which goes on answering until one row publishes the new one.

mod connection;
mod generation;
mod records;
mod schema;
mod seal;
mod terms;
#[cfg(test)]
pub(crate) mod tests;
mod text;

pub(crate) use crate::fault::IndexError;
pub(crate) use connection::{Index, counted, stored};
pub(crate) use generation::Generation;
pub(crate) use records::{NewNote, Stamp};
