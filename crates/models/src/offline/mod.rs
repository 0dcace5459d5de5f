//! The built-in model `offline/recall`: no network, no weights, no key.
//!
//! It plans with rules and works through the same tools and the same turn loop as any other model: it notes what it
//! is told to remember in the day's memory file, and answers questions by quoting the lines of the memory files that
//! fit best. Each step is a pure function of the request. It never pretends to be a language model.

mod answer;
mod evidence;
mod intent;
mod note;
mod phrases;
mod plan;
mod recall;
mod score;
mod select;
mod shape;
mod turn;
mod user_text;
mod words;

pub use recall::OfflineRecall;
