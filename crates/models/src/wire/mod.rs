//! What all wire APIs share: one driver, one endpoint, one way to say that a provider refused.
//!
//! An [`Api`] is pure: it writes a request, reads the events of the answer, and names the errors. [`RemoteChat`] does
//! the I/O for all of them, so that time limits, repetitions, aborts and redaction are the same everywhere.

mod api;
mod common;
mod driver;
mod endpoint;
mod frames;
mod meaning;
mod redact;
mod speak;
mod tap;

pub use api::{Api, Decoder, KeyPlace, Refusal};
pub use driver::{MAX_RESPONSE_BYTES, RemoteChat};
pub use endpoint::{Access, Endpoint};
pub use frames::{Frames, Framing};
pub use openclaw_http::EndpointError;
pub use redact::Redactor;
pub use speak::speaks;

pub(crate) use common::{IMAGES_ABOVE, MAX_TOOL_CALLS, lower, object, output_limit};
pub(crate) use meaning::{Meaning, Verdict};
pub(crate) use tap::{Keep, Seen, Tap, Tapped, tapped};

#[cfg(test)]
mod driver_tests;
