//! How good a model's vectors are beside words, measured by a small test of our own.
//!
//! Every model is asked the same questions about the same notes, once for each index file. Whoever finds the right
//! note first more often counts more when words and meaning are brought together.

mod find;
mod formula;
mod set;
mod store;

pub(crate) use find::{by_meaning, by_words};
pub use formula::{MeaningWeight, SelfTest};
pub(crate) use set::SET;
pub(crate) use store::{KEPT, SCHEMA};
