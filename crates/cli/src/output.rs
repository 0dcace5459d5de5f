//! The only module that writes to the terminal.

use std::io::{self, Write};
use std::process::ExitCode;

use openclaw_config::ConfigError;
use serde::Serialize;

use crate::args::InstanceArgs;

/// The exit code of a command that Ctrl-C ended.
const INTERRUPTED: u8 = 130;
/// The exit code of a comparison that could not look at everything.
const INCOMPLETE: u8 = 3;

/// Standard output that does not take what is written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputError {
    /// Whoever read the output has seen enough (`openclaw … | head`). Not a failure.
    #[error("nobody reads the output any more")]
    Closed,
    /// For example a full disk behind a redirection.
    #[error("cannot write the output: {0}")]
    Io(#[source] io::Error),
}

impl From<io::Error> for OutputError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::Closed } else { Self::Io(error) }
    }
}

/// A failure that the output has already told, as `--json` does: only the exit code is left to say.
#[derive(Debug, thiserror::Error)]
#[error("the command failed, as its output says")]
pub(crate) struct AlreadyTold;

/// A command that a person stopped with Ctrl-C, and what is left of it: exit code 130, as shells have it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Interrupted(pub(crate) String);

/// A command that could not even look at what it was asked about: exit code 2 instead of 1.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct CannotLook(pub(crate) anyhow::Error);

/// A comparison that found nothing, and could not look at everything: exit code 3.
#[derive(Debug, thiserror::Error)]
#[error("not everything could be compared, as the output says")]
pub(crate) struct Incomplete;

/// Writes text and a newline to standard output.
pub(crate) fn line(text: &str) -> Result<(), OutputError> {
    writeln!(io::stdout().lock(), "{text}")?;
    Ok(())
}

/// Writes text to standard output as it is, and shows it at once.
pub(crate) fn fragment(text: &str) -> Result<(), OutputError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Writes a value as indented JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), OutputError> {
    let text = serde_json::to_string_pretty(value).map_err(io::Error::from)?;
    line(&text)
}

/// Writes a value as JSON in one line.
pub(crate) fn json_line(value: &impl Serialize) -> Result<(), OutputError> {
    let text = serde_json::to_string(value).map_err(io::Error::from)?;
    line(&text)
}

/// Writes a line to standard error.
pub(crate) fn complain(text: &str) {
    // When nobody reads standard error either, there is nobody left to tell.
    writeln!(io::stderr().lock(), "{text}").ok();
}

/// The same without waiting for whoever reads it: in a service nobody may.
pub(crate) fn complain_aside(text: String) {
    tokio::task::spawn_blocking(move || complain(&text));
}

/// Writes over the last line of a terminal on standard error; an empty text leaves the line clear.
pub(crate) fn overwrite(text: &str) {
    let mut error = io::stderr().lock();
    // When nobody reads standard error, there is nobody to show it to.
    write!(error, "\r{text}\u{1b}[K").and_then(|()| error.flush()).ok();
}

/// Tells why a command failed, and gives the exit code for it.
pub(crate) fn report(error: &anyhow::Error, flags: &InstanceArgs) -> ExitCode {
    if matches!(error.downcast_ref(), Some(OutputError::Closed)) {
        return ExitCode::SUCCESS;
    }
    let text = for_instance(&printable(&error.to_string()), flags);
    if let Some(error) = error.downcast_ref::<ConfigError>() {
        // One line per problem, each with its file and place.
        complain(&text);
        if !error.problems().is_empty() {
            let hint = "the configuration cannot be used; `openclaw doctor` says what can be done about it";
            complain(&for_instance(&format!("openclaw: {hint}"), flags));
        }
    } else if !error.is::<AlreadyTold>() && !error.is::<Incomplete>() {
        // Every error of the house names its cause in its own text.
        complain(&format!("openclaw: {text}"));
    }
    if error.is::<CannotLook>() {
        ExitCode::from(2)
    } else if error.is::<Incomplete>() {
        ExitCode::from(INCOMPLETE)
    } else if error.is::<Interrupted>() {
        ExitCode::from(INTERRUPTED)
    } else {
        ExitCode::FAILURE
    }
}

/// Text whose hints name the instance it speaks of: `openclaw doctor` would look at another one without its flags.
pub(crate) fn for_instance(text: &str, flags: &InstanceArgs) -> String {
    let named = match (&flags.profile, flags.dev) {
        (Some(profile), _) => format!("openclaw --profile {profile} "),
        (None, true) => "openclaw --dev ".to_owned(),
        (None, false) => return text.to_owned(),
    };
    ['`', '"'].iter().fold(text.to_owned(), |text, mark| {
        text.replace(&format!("{mark}openclaw "), &format!("{mark}{named}"))
    })
}

/// Text without the characters that steer a terminal: what a model, a note or a peer says must not move the cursor,
/// set the title, fill the clipboard, or turn the order of what is read (Trojan Source, CVE-2021-42574). Newlines and
/// tabs stay.
pub(crate) fn printable(text: &str) -> String {
    let steers = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|&c| matches!(c, '\n' | '\t') || !steers(c)).collect()
}

/// Names and values in two aligned columns, two spaces in. A value with several lines stays in its column.
pub(crate) fn table(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (name, value) in rows {
        let value = printable(value);
        for (at, part) in value.lines().enumerate() {
            let name = if at == 0 { name } else { "" };
            lines.push(format!("  {name:width$}  {part}").trim_end().to_owned());
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{for_instance, printable, table};
    use crate::args::InstanceArgs;

    #[test]
    fn hints_name_their_instance() {
        let hint = "run `openclaw doctor --fix`; \"openclaw status\" of openclaw.json";
        let flags = |profile: Option<&str>, dev| InstanceArgs { profile: profile.map(str::to_owned), dev };
        assert_eq!(for_instance(hint, &flags(None, false)), hint);
        assert_eq!(
            for_instance(hint, &flags(Some("x"), false)),
            "run `openclaw --profile x doctor --fix`; \"openclaw --profile x status\" of openclaw.json"
        );
        assert!(for_instance(hint, &flags(None, true)).starts_with("run `openclaw --dev doctor --fix`"));
    }

    #[test]
    fn nothing_that_steers_a_terminal_gets_through() {
        assert_eq!(printable("a\u{1b}[2J\tb\r\nc\u{9b}31m\u{7}d"), "a[2J\tb\nc31md");
        assert_eq!(printable("pay \u{202e}001\u{2066} to"), "pay 001 to");
    }

    #[test]
    fn columns_line_up() {
        let rows = [("Open", "http://x".to_owned()), ("Workspace", "one\ntwo".to_owned())];
        assert_eq!(table(&rows), "  Open       http://x\n  Workspace  one\n             two");
    }
}
