//! The built-in model `offline/recall`: no network, no weights, no key.
//!
//! It plans with rules and works through the same tools and the same turn loop as any other model: it notes what it
//! is told to remember in the day's memory file, answers questions by quoting the lines of the memory files that fit
//! best, lists or counts them, and removes lines after it has shown them and got a yes. Each step is a pure function of
//! the request. It never pretends to be a language model.

mod answer;
mod commands;
mod days;
mod echo;
mod evidence;
mod follow;
mod forget;
mod intent;
mod listing;
mod note;
mod phrases;
mod plan;
mod recall;
mod remember;
mod reply;
mod score;
mod select;
mod shape;
mod stop_words;
mod tongue;
mod turn;
mod user_text;
mod words;

#[cfg(test)]
mod double;
#[cfg(test)]
mod gaps;
#[cfg(test)]
mod judge;
#[cfg(test)]
mod manners;
#[cfg(test)]
mod property;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod talks;
#[cfg(test)]
mod world;

pub use recall::OfflineRecall;
