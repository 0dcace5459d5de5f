//! `channels`: what several chat services share first, then a file per service.

mod access;
mod bluebubbles;
mod delivery;
mod discord;
mod googlechat;
mod imessage;
mod mattermost;
mod msteams;
mod reactions;
mod services;
mod signal;
mod slack;
mod telegram;
mod whatsapp;

pub use access::*;
pub use bluebubbles::*;
pub use delivery::*;
pub use discord::*;
pub use googlechat::*;
pub use imessage::*;
pub use mattermost::*;
pub use msteams::*;
pub use reactions::*;
pub use services::*;
pub use signal::*;
pub use slack::*;
pub use telegram::*;
pub use whatsapp::*;
