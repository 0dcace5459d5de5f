//! Everything the offline model says in its own words.

mod eastern;
mod nordic;
mod romance;
mod say;
mod table;
mod western;

pub(super) use say::{LANGUAGES, in_brackets, pending_question, plain};
pub(super) use table::Phrases;
