//! The wire APIs from outside: any history becomes a valid request, and any answer, however it breaks, is told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a broken property stops the test at once")]

mod apis;
mod breaks;
mod dialects;
mod golden;
mod histories;
mod matrix;
mod providers;
mod requests;
mod secrets;
