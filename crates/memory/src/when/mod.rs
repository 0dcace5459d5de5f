//! Dates: the range that a query asks for, the day that a note is of. Pure; today is an argument.

mod calendar;
mod east;
mod lists;
mod note;
mod numeric;
mod order;
mod query;
mod tables;
mod tokens;

pub(crate) use calendar::{Mention, Strength};
pub(crate) use note::{date_in_heading, date_of};
pub(crate) use order::{wants_latest, wants_previous};
pub(crate) use query::range_in;
