//! The log as a whole: events in, file and console out.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use openclaw_config::{Env, LocationFlags, Locations, Parsed, parse, secrets};
use openclaw_guard::{ManualClock, Secret};
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt as _;

use super::{Earlier, LogHandle, MAX_EARLIER, Screen, Sinks};
use crate::log::file::LogFile;
use crate::log::layer::LogLayer;
use crate::log::screen::Printer;
use crate::log::settings::Settings;

/// A console that can be read.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Desk {
    home: tempfile::TempDir,
    console: Paper,
    clock: Arc<ManualClock>,
    handle: LogHandle,
}

fn parsed(logging: Value) -> Parsed {
    parse(&json!({"logging": logging}).to_string(), "openclaw.json", &Env::default()).unwrap()
}

impl Desk {
    fn new(logging: Value, secrets: &[Secret]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let env = Env::from([("HOME", home.path().to_str().unwrap())]);
        let locations = Locations::resolve(&env, LocationFlags::default()).unwrap();
        let settings = Settings::new(&parsed(logging).config, secrets, &locations, Screen::None);
        let console = Paper::default();
        let clock = Arc::new(ManualClock::new(1_795_171_362_908));
        let handle = LogHandle(Arc::new(Sinks {
            settings: RwLock::new(Arc::new(settings)),
            file: Mutex::new(LogFile::default()),
            console: Printer::new(Box::new(console.clone())),
            earlier: Mutex::new(Earlier::of(secrets.to_vec())),
            screen: Screen::None,
            locations,
            clock: clock.clone(),
        }));
        Self { home, console, clock, handle }
    }

    fn run(&self, work: impl FnOnce()) {
        let subscriber = tracing_subscriber::registry().with(LogLayer(Arc::clone(&self.handle.0)));
        tracing::subscriber::with_default(subscriber, work);
    }

    fn console(&self) -> String {
        String::from_utf8(self.console.0.lock().unwrap().clone()).unwrap()
    }

    fn file(&self) -> String {
        read(&self.handle.file())
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn say_all() {
    tracing::error!(target: "openclaw_x", "error");
    tracing::warn!(target: "openclaw_x", "warn");
    tracing::info!(target: "openclaw_x", "info");
    tracing::debug!(target: "openclaw_x", "debug");
    tracing::trace!(target: "openclaw_x", "trace");
    tracing::info!(target: "hyper", "library");
}

#[test]
fn levels_of_file_and_console_are_their_own() {
    let table = [
        (json!({}), 3, 2),
        (json!({"level": "trace", "consoleLevel": "debug"}), 5, 4),
        (json!({"level": "silent", "consoleLevel": "silent"}), 0, 0),
        (json!({"level": "error", "consoleLevel": "trace"}), 1, 5),
        (json!({"level": "warn", "consoleLevel": "fatal"}), 2, 1),
    ];
    for (logging, in_file, on_console) in table {
        let desk = Desk::new(logging.clone(), &[]);
        desk.run(say_all);
        let count = |text: &str| text.lines().count();
        assert_eq!((count(&desk.file()), count(&desk.console())), (in_file, on_console), "{logging}");
    }
}

#[test]
fn another_configuration_takes_effect_at_once() {
    let desk = Desk::new(json!({"consoleLevel": "silent"}), &[]);
    let old_file = desk.handle.file();
    desk.run(|| {
        let say = || tracing::debug!(target: "openclaw_x", "my correct horse and mk-123");
        say();
        assert_eq!((desk.console().as_str(), desk.file().as_str()), ("", ""));
        let file = desk.home.path().join("own/my.log");
        let logging = json!({
            "level": "debug", "file": file, "consoleLevel": "debug", "consoleStyle": "json", "redactPatterns": ["mk-\\d+"],
        });
        desk.handle.apply(&parsed(logging).config, vec![Secret::new("correct horse".to_owned())]);
        say();
        assert_eq!(desk.handle.file(), file);
        assert!(desk.file().contains("\"my *** and ***\""), "{}", desk.file());
        assert_eq!(desk.console(), desk.file());
        assert_eq!(desk.handle.redactor().redact("correct horse"), "***");
        let logging = json!({"level": "debug", "redactSensitive": "off", "redactPatterns": ["mk-\\d+"]});
        desk.handle.apply(&parsed(logging).config, vec![Secret::new("correct horse".to_owned())]);
        say();
        assert!(read(&old_file).contains("\"my *** and mk-123\""), "known secrets are always hidden");
    });
}

#[test]
fn a_new_day_is_a_new_file() {
    let desk = Desk::new(json!({"consoleLevel": "silent"}), &[]);
    let first = desk.handle.file();
    desk.run(|| {
        tracing::info!(target: "openclaw_x", "one");
        desk.clock.advance(std::time::Duration::from_secs(86_400));
        tracing::info!(target: "openclaw_x", "two");
    });
    assert_ne!(first, desk.handle.file());
    assert!(read(&first).contains("one") && desk.file().contains("two"));
    assert_eq!((read(&first).lines().count(), desk.file().lines().count()), (1, 1));
}

#[test]
fn a_log_that_cannot_be_written_is_told_once_and_stops_nothing() {
    let desk = Desk::new(json!({"file": "/dev/null/x.log"}), &[]);
    desk.run(|| (0..3).for_each(|_| tracing::info!(target: "openclaw_x", "work goes on")));
    let console = desk.console();
    assert_eq!(console.lines().count(), 1, "{console}");
    assert!(console.contains("cannot be written") && console.contains("/dev/null"), "{console}");
}

/// Secrets of many kinds, each different.
fn canaries() -> Vec<String> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut word = |length: usize| -> String {
        (0..length)
            .map(|_| {
                // Xorshift (Marsaglia 2003): the same words in every run.
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                char::from(alphabet[usize::try_from(seed >> 33).unwrap() % alphabet.len()])
            })
            .collect()
    };
    let kinds = 10;
    (0..500)
        .map(|at| match at % kinds {
            0 => format!("sk-{}", word(40)),
            1 => format!("{}:{}", 1_000_000_000 + at, word(35)),
            2 => format!("xoxb-{}-{}", word(12), word(24)),
            3 => format!("AIza{}", word(35)),
            4 => word(8),
            5 => format!("{}/{}+{}==", word(10), word(10), word(5)),
            6 => format!("p@ss {} wörd \"{}\"\\", word(6), word(3)),
            7 => format!(
                "-----BEGIN PRIVATE KEY-----\n{}\n{}\n-----END PRIVATE KEY-----\n",
                word(64),
                word(20)
            ),
            8 => format!("{{\"private_key\":\"{}\",\"n\":1}}", word(30)),
            _ => format!("https://user:{}@example.org/{}", word(16), word(9)),
        })
        .collect()
}

/// How a secret gets into a message.
fn occurrences(secret: &str) -> Vec<String> {
    vec![
        secret.to_owned(),
        format!("before{secret}after"),
        format!("Authorization: Bearer {secret}"),
        format!("https://host/path?token={secret}&x=1"),
        format!("{{\"token\":{}}}", Value::from(secret)),
        format!("{:?}", Some(secret)),
        format!("Basic {}", STANDARD.encode(format!("user:{secret}"))),
        URL_SAFE_NO_PAD.encode(format!("{{\"a\":\"{secret}\"}}")),
        format!("{}{secret}", "x".repeat(195)),
    ]
}

#[test]
fn no_canary_is_ever_written() {
    let canaries = canaries();
    let config = json!({
        "env": {"vars": canaries.iter().enumerate().map(|(at, text)| (format!("V{at}_TOKEN"), text.clone().into())).collect::<serde_json::Map<_, _>>()},
    });
    for (style, redact) in [("pretty", "off"), ("compact", "off"), ("json", "off"), ("json", "tools")] {
        let logging = json!({"level": "trace", "consoleLevel": "trace", "consoleStyle": style, "redactSensitive": redact});
        let desk = Desk::new(logging, &secrets(&config));
        desk.run(|| canaries.iter().for_each(|secret| check_canary(&desk, secret)));
    }
}

/// Logs a secret in every way and looks for it in everything that was written.
fn check_canary(desk: &Desk, secret: &str) {
    for (at, text) in occurrences(secret).iter().enumerate() {
        match at % 5 {
            0 => tracing::error!(target: "openclaw_x", error = %text, "failed"),
            1 => tracing::warn!(target: "openclaw_x", "{text}"),
            2 => tracing::info!(target: "openclaw_x", peer = text, "said {text}"),
            3 => tracing::debug!(target: "openclaw_x", value = ?text, "value"),
            _ => tracing::trace!(target: "openclaw_x", "{text:?}"),
        }
    }
    let written = desk.console() + &desk.file();
    assert!(written.lines().count() >= 2 * 9, "everything was logged: {}", written.lines().count());
    let inside = Value::from(secret.trim()).to_string();
    let basic = STANDARD.encode(format!("user:{secret}"));
    for spelling in [secret.trim(), inside.trim_matches('"'), basic.trim_end_matches('=')] {
        assert!(!written.contains(spelling), "{spelling}\n{written}");
    }
    desk.console.0.lock().unwrap().clear();
    std::fs::File::create(desk.handle.file()).unwrap();
}

#[test]
fn secrets_of_earlier_configurations_stay_hidden() {
    let secret = |n: usize| Secret::new(format!("secret-number-{n:06}-"));
    let desk = Desk::new(json!({}), &[secret(0)]);
    // Within the desk: the cache of the events is rebuilt for the subscriber of the thread.
    let apply = |secrets| desk.run(|| desk.handle.apply(&parsed(json!({})).config, secrets));
    (1..=5).for_each(|n| apply(vec![secret(n), secret(1)]));
    let redactor = desk.handle.redactor();
    for n in 0..=5 {
        assert_eq!(redactor.redact(secret(n).expose()), "***");
    }
    apply((10..10 + 2 * MAX_EARLIER).map(secret).collect());
    apply(vec![secret(9)]);
    assert!(desk.handle.0.earlier.lock().unwrap().0.len() <= MAX_EARLIER + 1, "and are bounded");
}

/// Panics when it is logged.
struct Bad;

impl std::fmt::Debug for Bad {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("cannot be shown")
    }
}

#[test]
fn a_panic_is_told_without_its_secrets_and_goes_on_as_ever() {
    let desk = Desk::new(json!({}), &[Secret::new("correct horse".to_owned())]);
    // The hook belongs to the process: what other tests say meanwhile goes to the paper too, and is given back after.
    let before = std::panic::take_hook();
    crate::log::panic::report_to(Arc::clone(&desk.handle.0));
    let caught = catch_unwind(|| panic!("no {} here", "correct horse"));
    let inside =
        catch_unwind(AssertUnwindSafe(|| desk.run(|| tracing::info!(target: "openclaw_x", bad = ?Bad))));
    std::panic::set_hook(before);
    assert!(caught.is_err() && inside.is_err());
    desk.run(|| tracing::warn!(target: "openclaw_x", "the log goes on"));
    for text in [desk.console(), desk.file()] {
        assert!(text.contains("no *** here") && text.contains("tests.rs:"), "{text}");
        assert!(text.contains("cannot be shown") && text.contains("the log goes on"), "{text}");
        assert!(!text.contains("correct horse"), "{text}");
    }
}
