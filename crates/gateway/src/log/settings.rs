//! What the configuration says about the log.

use std::sync::Arc;

use openclaw_config::{Config, ConsoleStyle, Loaded, Locations, LogLevel, RedactSensitive};
use openclaw_guard::{Hiding, Pattern, Redactor, Secret};
use tracing::Metadata;
use tracing::level_filters::LevelFilter;

use super::console::Screen;
use super::place::{LogFileTaken, Place};

/// Everything that a reload of the configuration may change.
pub(super) struct Settings {
    pub(super) file_level: LevelFilter,
    pub(super) console_level: LevelFilter,
    pub(super) style: ConsoleStyle,
    pub(super) place: Place,
    pub(super) redactor: Arc<Redactor>,
}

impl Settings {
    pub(super) fn new(config: &Config, secrets: &[Secret], locations: &Locations, screen: Screen) -> Self {
        let logging = &config.system.logging;
        let style = match screen {
            Screen::None => ConsoleStyle::Compact,
            Screen::Plain | Screen::Colors => ConsoleStyle::Pretty,
        };
        Self {
            file_level: filter(logging.level),
            console_level: filter(logging.console_level.unwrap_or(LogLevel::Warn)),
            style: logging.console_style.unwrap_or(style),
            place: Place::of(config, locations),
            redactor: Arc::new(redactor(config, secrets)),
        }
    }

    /// The most that any sink wants.
    pub(super) fn max_level(&self) -> LevelFilter {
        self.file_level.max(self.console_level)
    }

    /// Whether any sink wants an event. Libraries speak up only when something is wrong.
    pub(super) fn wants(&self, metadata: &Metadata<'_>) -> bool {
        let ours = metadata.target().starts_with("openclaw");
        let limit = if ours { LevelFilter::TRACE } else { LevelFilter::WARN };
        *metadata.level() <= self.max_level().min(limit)
    }
}

/// There is no level above `error` in the program: `fatal` shows errors too.
fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Silent => LevelFilter::OFF,
        LogLevel::Fatal | LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

/// Refuses a configuration whose `logging.file` holds something else.
pub(crate) fn check_file(loaded: &Loaded, locations: &Locations) -> Result<(), LogFileTaken> {
    Place::of(&loaded.config, locations).check(locations, &loaded.files)
}

fn redactor(config: &Config, secrets: &[Secret]) -> Redactor {
    let logging = &config.system.logging;
    let patterns = logging.redact_patterns.iter().flatten();
    let hiding = match logging.redact_sensitive {
        RedactSensitive::Off => Hiding::KnownOnly,
        // The check of the configuration has refused what is no expression.
        RedactSensitive::Tools => {
            Hiding::Shapes { patterns: patterns.filter_map(|text| Pattern::parse(text).ok()).collect() }
        }
    };
    Redactor::new(secrets, hiding)
}

/// Makes what hides secrets in recordings of model calls: those of the instance, those that an agent's `models.json` has
/// beside them, and those that it is given. What looks like a secret is hidden too, whatever the log does: a recording is
/// made to be handed on.
pub fn recording_redactor(
    loaded: &Loaded,
    of_providers: Vec<Secret>,
) -> impl Fn(&[Secret]) -> Redactor + Send + Sync + use<> {
    let secrets: Vec<Secret> = loaded.secrets().into_iter().chain(of_providers).collect();
    let patterns = loaded.config.system.logging.redact_patterns.clone().unwrap_or_default();
    move |more| {
        let all: Vec<Secret> = secrets.iter().chain(more).cloned().collect();
        let patterns = patterns.iter().filter_map(|text| Pattern::parse(text).ok()).collect();
        Redactor::new(&all, Hiding::Shapes { patterns })
    }
}

/// What hides secrets in the log of an instance, for whoever shows its lines: see
/// [`redact_log_line`](super::redact_log_line).
#[must_use]
pub fn log_redactor(loaded: &Loaded) -> Redactor {
    redactor(&loaded.config, &loaded.secrets())
}
