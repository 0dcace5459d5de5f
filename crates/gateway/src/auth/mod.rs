//! Who may connect, and as what.

pub(crate) mod client_key;
pub(crate) mod codes;
pub(crate) mod decide;
pub(crate) mod devices;
pub(crate) mod limiter;
pub(crate) mod origin;
