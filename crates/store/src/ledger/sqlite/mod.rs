//! The ledger in SQLite: one file, one thread that writes it, many requests to one wait for the disk.

mod deliveries;
mod events;
mod ledger;
mod open;
mod schema;
mod slots;
#[cfg(test)]
mod tests;
mod view;
mod writer;

pub use ledger::SqliteLedger;
pub use open::LEDGER_FILE;
pub use view::LedgerView;
