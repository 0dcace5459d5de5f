//! The log of a process: its sinks, and the handle that changes them while it runs.

use std::cell::Cell;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use openclaw_agent::envelope::user_zone;
use openclaw_config::{Config, Loaded, Locations};
use openclaw_guard::{Clock, Redactor, Secret};
use tracing::Level;
use tracing_subscriber::layer::SubscriberExt as _;

use super::console::{Screen, line};
use super::file::{LogFile, Written};
use super::layer::LogLayer;
use super::record::Record;
use super::screen::Printer;
use super::settings::Settings;

/// Changes the log while the gateway runs. Copies change the same log.
#[derive(Clone)]
pub(crate) struct LogHandle(Arc<Sinks>);

/// Secrets of earlier configurations that are still hidden: those of many changes, in an automaton of a few megabytes.
const MAX_EARLIER: usize = 512;

/// The log that the process writes.
static INSTALLED: OnceLock<Arc<Sinks>> = OnceLock::new();

/// Starts logging for the process and reports panics there. A gateway that starts again goes on with the same log, by
/// its new configuration. A gateway of another instance in the same process (tests) leaves that log alone; its own
/// handle still knows its own file and secrets.
pub(crate) fn init(loaded: &Loaded, locations: &Locations, clock: &Arc<dyn Clock>) -> LogHandle {
    if let Some(sinks) = INSTALLED.get().filter(|sinks| sinks.locations == *locations) {
        sinks.apply(&loaded.config, loaded.secrets());
        return LogHandle(Arc::clone(sinks));
    }
    let screen = Screen::of_stderr(&loaded.env);
    let secrets = loaded.secrets();
    let settings = Settings::new(&loaded.config, &secrets, locations, screen);
    let sinks = Arc::new(Sinks {
        earlier: Mutex::new(Earlier::of(secrets)),
        settings: RwLock::new(Arc::new(settings)),
        file: Mutex::new(LogFile::default()),
        console: Printer::new(Box::new(std::io::stderr())),
        screen,
        locations: locations.clone(),
        clock: Arc::clone(clock),
    });
    let subscriber = tracing_subscriber::registry().with(LogLayer(Arc::clone(&sinks)));
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        super::panic::report_to(Arc::clone(&sinks));
        INSTALLED.get_or_init(|| Arc::clone(&sinks));
    }
    LogHandle(sinks)
}

impl LogHandle {
    /// Levels, styles, file, patterns and secrets of another configuration take effect at once. `secrets` is what
    /// [`Loaded::secrets`] lists, also of configurations that are still in use. Those of earlier ones are hidden as well:
    /// a turn may run with a key that was changed a moment ago. Takes a while with many secrets: for a blocking thread.
    pub(crate) fn apply(&self, config: &Config, secrets: Vec<Secret>) {
        self.0.apply(config, secrets);
    }

    /// What hides secrets, for readers of the log.
    pub(crate) fn redactor(&self) -> Arc<Redactor> {
        Arc::clone(&self.0.settings().redactor)
    }

    /// The file of this moment.
    pub(crate) fn file(&self) -> PathBuf {
        self.0.settings().place.file(self.0.now_ms())
    }
}

/// Where records go. A record holds no secret when it comes here.
pub(super) struct Sinks {
    settings: RwLock<Arc<Settings>>,
    file: Mutex<LogFile>,
    console: Printer,
    /// Secrets of earlier configurations, the newest last.
    earlier: Mutex<Earlier>,
    screen: Screen,
    locations: Locations,
    clock: Arc<dyn Clock>,
}

thread_local! {
    static IS_WRITING: Cell<bool> = const { Cell::new(false) };
}

/// While it lives this thread writes a record: a panic in the middle of that must not wait for its own locks.
struct Writing;

impl Writing {
    /// `None` if the thread is writing already.
    fn begin() -> Option<Self> {
        (!IS_WRITING.replace(true)).then_some(Self)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        IS_WRITING.set(false);
    }
}

impl Sinks {
    /// The settings of this moment.
    pub(super) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    fn apply(&self, config: &Config, secrets: Vec<Secret>) {
        let all = {
            let mut earlier = self.earlier.lock().unwrap_or_else(PoisonError::into_inner);
            earlier.add(secrets);
            earlier.0.clone()
        };
        let settings = Settings::new(config, &all, &self.locations, self.screen);
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        // Events that nobody wanted so far are switched off where they happen.
        tracing::callsite::rebuild_interest_cache();
    }

    /// Writes a record where its level is wanted.
    pub(super) fn emit(&self, settings: &Settings, record: &Record) {
        let Some(_writing) = Writing::begin() else { return };
        if record.level <= settings.console_level {
            self.show(settings, record);
        }
        if record.level <= settings.file_level {
            self.keep(settings, record);
        }
    }

    fn show(&self, settings: &Settings, record: &Record) {
        self.console.show(line(record, settings.style, self.screen, &user_zone(None)) + "\n");
    }

    fn keep(&self, settings: &Settings, record: &Record) {
        let write = |record: &Record| {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.write(&settings.place, record.now_ms, &record.to_json())
        };
        match write(record) {
            Written::Yes | Written::Lost => {}
            Written::AfterLoss(count) => {
                let mut told = Record::new(Level::WARN, "gateway/log", record.now_ms);
                told.put("message", "records before this one are lost", &settings.redactor);
                told.put("count", &count.to_string(), &settings.redactor);
                write(&told);
            }
            Written::FirstLoss(error) => {
                let mut told = Record::new(Level::ERROR, "gateway/log", record.now_ms);
                told.put(
                    "message",
                    "the log cannot be written; records are lost until it can",
                    &settings.redactor,
                );
                told.put("error", &error.to_string(), &settings.redactor);
                if told.level <= settings.console_level {
                    self.show(settings, &told);
                }
            }
        }
    }
}

/// Secrets that were known, the newest last.
struct Earlier(Vec<Secret>);

impl Earlier {
    fn of(secrets: Vec<Secret>) -> Self {
        let mut earlier = Self(Vec::new());
        earlier.add(secrets);
        earlier
    }

    /// Adds secrets as the newest. The oldest of what was known before are forgotten beyond the bound.
    fn add(&mut self, secrets: Vec<Secret>) {
        let now: HashSet<String> = secrets.iter().map(|secret| secret.expose().to_owned()).collect();
        self.0.retain(|secret| !now.contains(secret.expose()));
        let surplus = self.0.len().saturating_sub(MAX_EARLIER);
        self.0.drain(..surplus);
        self.0.extend(secrets);
    }
}

#[cfg(test)]
mod tests;
