//! One module per command.

mod agent;
mod call;
mod chat;
mod completion;
mod config;
mod dashboard;
mod dispatch;
mod doctor;
mod gateway;
mod health;
mod import;
mod logs;
mod memory;
mod models;
mod outbox;
mod replay;
mod sessions;
mod status;

pub(crate) use chat::{Lines, answer_lines, is_gateway_gone, talk};
pub(crate) use dashboard::{page_address, page_of, pair_url};
pub(crate) use dispatch::run;
pub(crate) use memory::{outlook, unsearched_words};
