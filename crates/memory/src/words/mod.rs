//! Words: what of a text is indexed, and what a query asks for. Pure.

mod compose;
mod compound;
mod fold;
mod irregular;
mod language;
mod long;
mod mark;
mod note;
mod query;
mod scan;
mod script;
mod signs;
#[cfg(test)]
mod spellings;
mod stem;
mod stop;

pub(crate) use compose::composed;
pub(crate) use compound::{backwards, heads_of, is_longer, mark, parts_of, tails_of};
pub(crate) use fold::{folded, is_inner, narrow};
pub(crate) use language::Language;
pub use mark::matched_words;
pub(crate) use note::{Analyser, TermKind};
pub(crate) use query::{Concept, analyse, is_about_something};
pub(crate) use script::is_unspaced;
