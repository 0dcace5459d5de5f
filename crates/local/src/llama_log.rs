//! What llama.cpp reports: kept for the reason of a failure, and shown only on request.

use std::fmt;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use llama_cpp_2::{LogOptions, send_logs_to_tracing};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::options::Verbosity;

/// A reason is a line; what is longer is a dump.
const MAX_REASON_CHARS: usize = 300;

/// The last error that llama.cpp reported.
#[derive(Clone, Default)]
pub(crate) struct LastError(Arc<Mutex<String>>);

impl LastError {
    /// From now on llama.cpp reports here, and on standard error if that is wished for.
    pub(crate) fn listen(verbosity: Verbosity) -> Self {
        let last = Self::default();
        let listener = Listener { last: last.clone(), verbosity };
        // There is one listener per process, and this is the first.
        tracing::subscriber::set_global_default(listener).ok();
        send_logs_to_tracing(LogOptions::default());
        last
    }

    /// It, in brackets, with a space before; nothing when there was none.
    pub(crate) fn in_brackets(&self) -> String {
        let text = self.0.lock().map(|text| text.clone()).unwrap_or_default();
        if text.is_empty() { String::new() } else { format!(" (llama.cpp: {text})") }
    }

    fn keep(&self, text: &str) {
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Ok(mut last) = self.0.lock() {
            // The first error is the cause; those behind it say that somebody gave up.
            if last.is_empty() {
                *last = line.chars().take(MAX_REASON_CHARS).collect();
            }
        }
    }
}

struct Listener {
    last: LastError,
    verbosity: Verbosity,
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        !metadata.is_span() && (self.verbosity == Verbosity::Verbose || *metadata.level() == Level::ERROR)
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        if *event.metadata().level() == Level::ERROR {
            self.last.keep(&message.0);
        }
        if self.verbosity == Verbosity::Verbose {
            // Nobody may be reading.
            writeln!(std::io::stderr(), "{}", message.0.trim_end()).ok();
        }
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// The field of an event that has the text.
struct Message(String);

impl Visit for Message {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.0 = value.to_owned();
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
