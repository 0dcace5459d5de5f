//! Chat services behind one port, and the one way out to them.
//!
//! A [`Channel`] delivers one message and says what the platform said. Everything else about sending is the same for all
//! of them and is done once: the [`Courier`] takes what the ledger's outbox holds, keeps the order of each recipient,
//! tries again, gives up, and never sends silently what is too old. What a platform does with a message that comes twice
//! decides what happens after a crash: [`Channel::repeats`]. This crate knows no platform and touches neither disk nor
//! network itself; each channel passes [`contract::check`].
//!
//! ```
//! use futures_util::future::BoxFuture;
//! use openclaw_channels::{Channel, IdempotencyKey, Outbound, interactive};
//! use openclaw_store::{Delivery, Repeats};
//!
//! struct Printer;
//!
//! impl Channel for Printer {
//!     fn id(&self) -> &str {
//!         "printer"
//!     }
//!     fn repeats(&self) -> Repeats {
//!         Repeats::Shown // paper forgets nothing
//!     }
//!     fn deliver(&self, message: Outbound, key: IdempotencyKey) -> BoxFuture<'_, Delivery> {
//!         assert_eq!(message.text, "Good morning");
//!         Box::pin(async move { Delivery::Delivered { message_id: key.as_str().to_owned() } })
//!     }
//! }
//!
//! let message = Outbound::new("default", "Ada", "Good morning");
//! let entry = interactive(&Printer, &message, IdempotencyKey::new("k1"), 0); // goes to `Ledger::enqueue`
//! assert_eq!(Outbound::of(&entry).unwrap(), message);
//! ```

mod ask;
mod attempt;
mod changes;
mod channel;
pub mod contract;
mod courier;
mod listing;
mod outbound;

pub use ask::ask;
pub use changes::Changes;
pub use channel::{Channel, IdempotencyKey};
pub use courier::{Courier, CourierOptions, Notice};
pub use listing::{Counts, DeliveryRow, Listing, NotAState, none_to_drop, none_to_retry, state_of};
pub use outbound::{BodyError, CRON_TTL, INTERACTIVE_TTL, Outbound, interactive, scheduled};
