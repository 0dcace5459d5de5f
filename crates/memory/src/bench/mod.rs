//! How well and how fast this memory finds what stands in it, measured on its own notes.
//!
//! Questions are made of lines of the notes, and a search must show the line again. What is asked is the same for the
//! same notes and the same seed. Nothing here writes a note.

mod lines;
mod needles;
mod nonsense;
mod random;
mod report;
mod run;
mod scale;
mod score;

pub use lines::{Line, NoteText, lines};
pub use needles::{Kind, Needle, Target, needles};
pub use report::{BenchReport, Building, Quality, Row, Speed};
pub use run::{BenchError, DEFAULT_QUESTIONS, MAX_QUESTIONS, Plan, Stage, run};
pub use scale::Scale;
pub use score::{Outcome, judge, percentile, rank_of, separation};
