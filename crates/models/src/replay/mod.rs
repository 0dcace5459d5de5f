//! Writing down what models were asked and what they answered, and playing it back.
//!
//! A [`Recorder`] stands before a model and hands every call to an [`ExchangeSink`]; [`Taken::exchange`] takes the
//! secrets out and makes an [`Exchange`] of it, [`Writer`] a line, and [`read`] reads the lines again. A [`Player`] is a
//! model that answers from them and notes where it is asked something else than then. Nothing here touches a file.

mod compare;
mod exchange;
mod fault;
mod frames;
mod hide;
mod line;
mod player;
mod recorder;

#[cfg(test)]
mod tests;

pub use compare::{Difference, first_difference};
pub use exchange::{End, Exchange, Frame, Hidden, RecordedModel, RecordedRequest, Wire, with_sums};
pub use fault::{Fault, Kind, Waiting, What, Why};
pub use line::{Line, RECORDING_VERSION, Recording, Remark, Writer, read};
pub use player::{Player, Script, Speed};
pub use recorder::{ExchangeSink, MAX_EVENT_BYTES, Recorder, Taken, TakenFrom, WireFrames};
