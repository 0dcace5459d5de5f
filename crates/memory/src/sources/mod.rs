//! Which files are memory, and reading them. Symbolic links are passed over; every file is opened through a
//! [`Root`](openclaw_guard::Root).

mod all;
mod derive;
mod listing;
mod notes;
mod places;
mod said;
mod transcripts;

pub use all::SourceOptions;
pub(crate) use all::Sources;
pub(crate) use derive::line;
pub(crate) use listing::{Listing, Note, Text};
pub use notes::{Outlook, outlook};
pub(crate) use places::{Place, Wanted};
pub(crate) use said::said;
pub use said::{SessionMessage, Speaker};
pub use transcripts::Transcripts;
pub(crate) use transcripts::is_of_conversations;
