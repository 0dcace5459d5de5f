//! How a record looks on the console. What comes from data cannot steer the terminal.

use openclaw_agent::envelope::local_time;
use openclaw_config::{ConsoleStyle, Env};
use serde_json::Value;
use std::io::IsTerminal as _;
use tracing::Level;

use super::record::{Record, steers};

/// Characters of a line in the compact style: two or three lines of a terminal.
const MAX_COMPACT_CHARS: usize = 240;

/// What standard error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Screen {
    /// A file or a pipe.
    None,
    /// A terminal whose user wants no colors.
    Plain,
    /// A terminal.
    Colors,
}

impl Screen {
    /// Colors are for terminals, unless `NO_COLOR` has a value or `TERM` is `dumb`.
    pub(super) fn of_stderr(env: &Env) -> Self {
        let is_plain = env.get("NO_COLOR").is_some_and(|value| !value.is_empty())
            || env.get("TERM").is_some_and(|value| value == "dumb");
        match (std::io::stderr().is_terminal(), is_plain) {
            (false, _) => Self::None,
            (true, true) => Self::Plain,
            (true, false) => Self::Colors,
        }
    }
}

/// The line of a record, without its end.
pub(super) fn line(
    record: &Record,
    style: ConsoleStyle,
    screen: Screen,
    zone: &jiff::tz::TimeZone,
) -> String {
    match style {
        ConsoleStyle::Json => record.to_json(),
        ConsoleStyle::Compact => compact(record),
        ConsoleStyle::Pretty => pretty(record, screen, zone),
    }
}

/// `WARN gateway/ws: closed peer=…`, cut.
fn compact(record: &Record) -> String {
    let message = plain(&record.message);
    let line = format!("{} {}: {message}{}", record.level, record.subsystem, fields(record));
    match line.char_indices().nth(MAX_COMPACT_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// `10:42:42 WARN  gateway/ws  closed peer=…`, whole. A backtrace follows in lines of its own.
fn pretty(record: &Record, screen: Screen, zone: &jiff::tz::TimeZone) -> String {
    let paint = |code: &str, text: &str| match screen {
        Screen::Colors => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        Screen::Plain | Screen::None => text.to_owned(),
    };
    let time = local_time(record.now_ms, zone).strftime("%H:%M:%S").to_string();
    let level = format!("{:5}", record.level.as_str());
    let words = [
        paint("2", &time),
        paint(color(record.level), &level),
        paint("36", &record.subsystem),
        format!("{}{}", plain(&record.message), paint("2", &fields(record))),
    ];
    words.join(" ") + &backtrace(record)
}

fn color(level: Level) -> &'static str {
    match level {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::INFO => "32",
        Level::DEBUG => "34",
        Level::TRACE => "35",
    }
}

const BACKTRACE: &str = "backtrace";

fn backtrace(record: &Record) -> String {
    let text = record.fields.get(BACKTRACE).and_then(Value::as_str).unwrap_or_default();
    text.lines().map(|line| format!("\n  {}", plain(line))).collect()
}

/// ` name=value` for each field.
fn fields(record: &Record) -> String {
    let shown = record.fields.iter().filter(|(name, _)| *name != BACKTRACE);
    shown.map(|(name, value)| format!(" {name}={}", word(value))).collect()
}

/// A value that is one word as it is, everything else in quotes.
fn word(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let is_word = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || "\"'=".contains(c));
    if is_word { plain(&text) } else { format!("\"{}\"", plain(&text.replace('"', "\\\""))) }
}

/// Text in which what steers a terminal is spelled out.
fn plain(text: &str) -> String {
    let spell = |c: char| if steers(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(spell).collect()
}

#[cfg(test)]
mod tests {
    use super::{MAX_COMPACT_CHARS, Screen, line};
    use crate::log::record::Record;
    use openclaw_config::ConsoleStyle;
    use openclaw_guard::{Hiding, Redactor};
    use proptest::prelude::*;
    use tracing::Level;

    const STYLES: [ConsoleStyle; 3] = [ConsoleStyle::Pretty, ConsoleStyle::Compact, ConsoleStyle::Json];

    fn record(level: Level, message: &str, fields: &[(&str, &str)]) -> Record {
        let redactor = Redactor::new(&[], Hiding::KnownOnly);
        let mut record = Record::new(level, "gateway/ws", 1_795_171_362_908);
        record.put("message", message, &redactor);
        fields.iter().for_each(|(name, value)| record.put(name, value, &redactor));
        record
    }

    fn shown(record: &Record, style: ConsoleStyle, screen: Screen) -> String {
        line(record, style, screen, &jiff::tz::TimeZone::UTC)
    }

    #[test]
    fn every_style() {
        let records = [
            record(Level::INFO, "gateway started", &[("address", "127.0.0.1:18789")]),
            record(
                Level::WARN,
                "run failed",
                &[("session", "agent:main:main"), ("error", "no \"model\" there")],
            ),
            record(
                Level::ERROR,
                "peer said \u{1b}[31mred\u{202e}\r\nand more",
                &[("peer", "a\tb"), ("empty", "")],
            ),
            record(Level::DEBUG, "é", &[]),
            record(Level::ERROR, "panicked", &[("backtrace", "0: one\n1: two")]),
        ];
        let mut all = String::new();
        for style in STYLES {
            all += &format!("{}\n", style.as_str());
            records.iter().for_each(|record| all += &format!("  {}\n", shown(record, style, Screen::None)));
        }
        insta::assert_snapshot!(all);
    }

    #[test]
    fn colors_are_for_terminals() {
        let record = record(Level::WARN, "closed", &[("n", "1")]);
        let colored = shown(&record, ConsoleStyle::Pretty, Screen::Colors);
        insta::assert_snapshot!(colored.replace('\u{1b}', "ESC"), @"ESC[2m10:42:42ESC[0m ESC[33mWARN ESC[0m ESC[36mgateway/wsESC[0m closedESC[2m n=1ESC[0m");
        for (style, screen) in [
            (ConsoleStyle::Pretty, Screen::Plain),
            (ConsoleStyle::Pretty, Screen::None),
            (ConsoleStyle::Compact, Screen::Colors),
            (ConsoleStyle::Json, Screen::Colors),
        ] {
            assert!(!shown(&record, style, screen).contains('\u{1b}'), "{style:?} {screen:?}");
        }
    }

    proptest! {
        #[test]
        fn data_cannot_steer_the_terminal(message in any::<String>(), field in any::<String>()) {
            let record = record(Level::INFO, &message, &[("peer", &field)]);
            for style in STYLES {
                let line = shown(&record, style, Screen::Plain);
                prop_assert!(!line.chars().any(crate::log::record::steers), "{line:?}");
            }
            prop_assert!(shown(&record, ConsoleStyle::Compact, Screen::Plain).chars().count() <= MAX_COMPACT_CHARS + 1);
        }
    }
}
