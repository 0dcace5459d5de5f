//! Panics go through the log, so that what they say loses its secrets (S-110).

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;
use std::sync::Arc;

use tracing::Level;

use super::handle::Sinks;
use super::record::Record;

/// Replaces what the language prints about a panic, unredacted, by a record at the level of errors. Unwinding goes on
/// as ever, and `RUST_BACKTRACE` adds a backtrace as ever.
pub(super) fn report_to(sinks: Arc<Sinks>) {
    std::panic::set_hook(Box::new(move |info| report(&sinks, info)));
}

fn report(sinks: &Sinks, info: &PanicHookInfo<'_>) {
    let settings = sinks.settings();
    let mut record = Record::new(Level::ERROR, "panic", sinks.now_ms());
    let mut put = |name: &str, value: &str| record.put(name, value, &settings.redactor);
    put("message", info.payload_as_str().unwrap_or("a panic without words"));
    put("thread", std::thread::current().name().unwrap_or("unnamed"));
    if let Some(location) = info.location() {
        put("at", &location.to_string());
    }
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        put("backtrace", &backtrace.to_string());
    }
    sinks.emit(&settings, &record);
}
