//! From events of the program to records.

use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::handle::Sinks;
use super::record::Record;

/// Hands every event that a sink wants to the sinks.
pub(super) struct LogLayer(pub(super) Arc<Sinks>);

impl<S: Subscriber> Layer<S> for LogLayer {
    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        self.0.settings().wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.0.settings().max_level())
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let settings = self.0.settings();
        // Made before any lock is taken: what formats a field may panic, and a panic is logged too.
        let record = Record::of(event, self.0.now_ms(), &settings.redactor);
        self.0.emit(&settings, &record);
    }
}
