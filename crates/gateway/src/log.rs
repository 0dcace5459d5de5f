//! The log: one JSON record per line and day, in a private folder, rotated by size; warnings on the console.
//!
//! Records have the outline `logs.tail` clients of the release read: the message under `"1"`, its origin under
//! `"0"`, level and time under `_meta`. Peer-supplied text is escaped by JSON and cut (S-112).

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use openclaw_agent::envelope::{date_of, local_time, user_zone};
use openclaw_config::{Config, Locations, LogLevel};
use openclaw_guard::{Clock, FileError, Root, create_private_dir, iso_millis};
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

/// A file is set aside at this size (S-112).
const MAX_FILE_BYTES: u64 = 50 * 1024 * 1024;
/// Files set aside per day.
const MAX_ROTATED: u32 = 5;
/// Characters of one field.
const MAX_FIELD_CHARS: usize = 2_000;

/// Today's log file: `logging.file`, or `logs/openclaw-<date>.log` in the state directory. Not in a shared temporary
/// folder as in the release: others could read it, or put a link in its place (S-086).
pub(crate) fn file_of(config: &Config, locations: &Locations, now_ms: i64) -> PathBuf {
    match config.system.logging.file.as_deref() {
        Some(file) => locations.expand(file),
        None => {
            let day = date_of(&local_time(now_ms, &user_zone(None)));
            locations.state_dir.join("logs").join(format!("openclaw-{day}.log"))
        }
    }
}

/// Starts logging for the process. A second gateway in the same process (tests) keeps the first one's log.
pub(crate) fn init(config: &Config, locations: &Locations, clock: &Arc<dyn Clock>) {
    let layer = JsonLayer {
        level: level(config.system.logging.level),
        console: level(config.system.logging.console_level.unwrap_or(LogLevel::Warn)),
        sink: Mutex::new(Sink::default()),
        config: config.clone(),
        locations: locations.clone(),
        clock: Arc::clone(clock),
    };
    // A logger is there already: nothing to do.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).ok();
}

fn level(level: LogLevel) -> Option<Level> {
    match level {
        LogLevel::Silent => None,
        LogLevel::Fatal | LogLevel::Error => Some(Level::ERROR),
        LogLevel::Warn => Some(Level::WARN),
        LogLevel::Info => Some(Level::INFO),
        LogLevel::Debug => Some(Level::DEBUG),
        LogLevel::Trace => Some(Level::TRACE),
    }
}

struct JsonLayer {
    level: Option<Level>,
    console: Option<Level>,
    sink: Mutex<Sink>,
    config: Config,
    locations: Locations,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Sink {
    open: Option<(PathBuf, File, u64)>,
}

#[derive(Default)]
struct Fields {
    message: String,
    rest: Map<String, Value>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value.chars().take(MAX_FIELD_CHARS).collect());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.put(field.name(), format!("{value:?}").chars().take(MAX_FIELD_CHARS).collect());
    }
}

impl Fields {
    fn put(&mut self, name: &str, value: String) {
        if name == "message" {
            self.message = value;
        } else {
            self.rest.insert(name.to_owned(), Value::String(value));
        }
    }
}

impl<S: Subscriber> Layer<S> for JsonLayer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let level = *event.metadata().level();
        // Libraries speak up only when something is wrong.
        let ours = event.metadata().target().starts_with("openclaw");
        if !ours && level > Level::WARN {
            return;
        }
        let in_file = self.level.is_some_and(|limit| level <= limit);
        let on_console = self.console.is_some_and(|limit| level <= limit.min(Level::WARN));
        if !in_file && !on_console {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        if on_console {
            let rest = if fields.rest.is_empty() {
                String::new()
            } else {
                format!(" {}", Value::Object(fields.rest.clone()))
            };
            // Nobody may be reading.
            writeln!(std::io::stderr(), "{level} {}{rest}", fields.message).ok();
        }
        if in_file {
            let now = self.clock.now_ms();
            let line = record(event, level, &fields, now);
            let path = file_of(&self.config, &self.locations, now);
            let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
            // A log that cannot be written must not stop the work it tells of.
            sink.write(&path, &line).ok();
        }
    }
}

fn record(event: &Event<'_>, level: Level, fields: &Fields, now_ms: i64) -> String {
    let subsystem = event.metadata().target().trim_start_matches("openclaw_").replace("::", "/");
    let name = json!({"subsystem": subsystem}).to_string();
    let time = iso_millis(now_ms);
    let mut record = json!({
        "0": name, "1": fields.message,
        "_meta": {"runtime": "openclaw", "name": name, "date": time, "logLevelName": level.as_str()},
        "time": time,
    });
    if let (Some(record), false) = (record.as_object_mut(), fields.rest.is_empty()) {
        record.insert("2".to_owned(), Value::Object(fields.rest.clone()));
    }
    record.to_string()
}

impl Sink {
    fn write(&mut self, path: &Path, line: &str) -> Result<(), FileError> {
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX) + 1;
        let is_current =
            self.open.as_ref().is_some_and(|(open, _, size)| open == path && size + length <= MAX_FILE_BYTES);
        if !is_current {
            self.open = Some(open(path, length)?);
        }
        if let Some((_, file, size)) = &mut self.open {
            writeln!(file, "{line}").map_err(|source| FileError::new("append to", path, source))?;
            *size += length;
        }
        Ok(())
    }
}

/// Opens the file for appending, after setting a full one aside.
fn open(path: &Path, room: u64) -> Result<(PathBuf, File, u64), FileError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    create_private_dir(folder)?;
    let full = std::fs::metadata(path).is_ok_and(|meta| meta.len() + room > MAX_FILE_BYTES);
    if full {
        let aside = |n: u32| PathBuf::from(format!("{}.{n}", path.display()));
        for n in (1..MAX_ROTATED).rev() {
            // A gap in the row is no reason to stop.
            std::fs::rename(aside(n), aside(n + 1)).ok();
        }
        std::fs::rename(path, aside(1)).map_err(|source| FileError::new("rename", path, source))?;
    }
    let name = path.file_name().unwrap_or_default();
    let refused = |error: openclaw_guard::RootError| {
        FileError::new("open", path, std::io::Error::other(error.to_string()))
    };
    let file = Root::open(folder).and_then(|root| root.open_append(Path::new(name))).map_err(refused)?;
    let size = file.metadata().map_or(0, |meta| meta.len());
    Ok((path.to_owned(), file, size))
}

#[cfg(test)]
mod tests {
    use super::{MAX_FILE_BYTES, Sink};
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_full_file_is_set_aside_and_modes_are_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("logs/openclaw.log");
        let mut sink = Sink::default();
        sink.write(&path, "first").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        sink.open.as_mut().unwrap().2 = MAX_FILE_BYTES;
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(MAX_FILE_BYTES).unwrap();
        sink.write(&path, "second").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "second\n");
        assert!(dir.path().join("logs/openclaw.log.1").exists());
    }
}
