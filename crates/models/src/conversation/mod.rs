//! One conversation as any wire API can take it.
//!
//! A history may have been written by another provider, cut in front, stopped in the middle of a call, or edited by
//! hand. [`turns`] makes of it what every API asks for: calls that are followed by exactly their results, unique ids,
//! no empty content, images of known kinds, and reasoning only for the model that produced it. What remains for an
//! API is its own spelling.

mod ids;
mod images;
mod turns;

pub(crate) use ids::{IdRule, plain_name};
pub(crate) use images::ImageRule;
pub(crate) use turns::{LoneSignatures, Outcome, Piece, Roles, Rules, Said, Shown, Turn, turns};

#[cfg(test)]
mod tests;
