//! Why a run failed: which of the many words that a program prints are about that.

use std::process::ExitStatus;

use super::output::Said;

/// The end of an output in which a reason is looked for, in characters: far above it, it may have spoken of anything.
const MAX_CHARS: usize = 2_000;
/// A longer output without any JSON is an answer rather than a reason.
const MAX_PLAIN_CHARS: usize = 500;
/// A line of the prompt that is shorter is no echo when it stands within another line.
const MIN_ECHO_CHARS: usize = 5;

/// The words of a failure.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reason {
    /// What is shown.
    pub(super) shown: String,
    /// What may decide what the failure means: nothing that the chat has written, and no answer.
    pub(super) telling: String,
}

/// The reason of a run that failed.
pub(super) fn reason(status: &ExitStatus, said: &Said, (remarks, prompt): (&[u8], &str)) -> Option<Reason> {
    if let Some(failure) = &said.failure {
        return Some(Reason { shown: failure.clone(), telling: without_echo(failure, prompt) });
    }
    if status.success() {
        return None;
    }
    let remarks = String::from_utf8_lossy(remarks);
    if !remarks.trim().is_empty() {
        let shown = end_of(&remarks);
        return Some(Reason { telling: without_echo(&shown, prompt), shown });
    }
    if said.is_answer && said.plain.is_empty() {
        return Some(Reason { shown: "it had printed an answer".to_owned(), telling: String::new() });
    }
    let shown = end_of(&said.plain);
    let is_short = said.plain.trim().chars().count() <= MAX_PLAIN_CHARS;
    let telling = if is_short { without_echo(&shown, prompt) } else { String::new() };
    Some(Reason { shown, telling })
}

fn end_of(text: &str) -> String {
    let skip = text.chars().count().saturating_sub(MAX_CHARS);
    text.chars().skip(skip).collect()
}

/// The lines of a text that do not repeat the prompt, as some programs print what they were asked.
fn without_echo(text: &str, prompt: &str) -> String {
    let asked: Vec<&str> =
        prompt.lines().map(str::trim).filter(|line| line.chars().count() >= MIN_ECHO_CHARS).collect();
    let rest = text.lines().map(str::trim).filter(|line| !prompt.contains(line)).map(|line| {
        let line = asked.iter().fold(line.to_owned(), |line, echo| line.replace(echo, " "));
        line.trim().to_owned()
    });
    rest.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::settings::Output;
    use super::{Reason, reason};
    use crate::cli::OutputReader;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    fn of(
        code: i32,
        (form, out): (Output, &str),
        (remarks, prompt): (&str, &str),
    ) -> Option<(String, String)> {
        let mut reader = OutputReader::new(form, &[]);
        reader.push(out.as_bytes()).unwrap();
        let found = reason(&ExitStatus::from_raw(code << 8), &reader.finish(), (remarks.as_bytes(), prompt));
        found.map(|Reason { shown, telling }| (shown, telling))
    }

    #[test]
    fn only_what_is_about_the_failure_tells_what_it_means() {
        let both = |text: &str| Some((text.to_owned(), text.to_owned()));
        let shown = |text: &str, telling: &str| Some((text.to_owned(), telling.to_owned()));
        let answer = r#"{"result":"You asked for it. About rate limit handling."}"#;
        let long = "rate limit ".repeat(60);
        let rows = [
            (0, (Output::Json, answer), ("a warning: rate limit", ""), None),
            (1, (Output::Json, answer), ("", ""), shown("it had printed an answer", "")),
            (1, (Output::Json, answer), ("overloaded", ""), both("overloaded")),
            (1, (Output::Json, "Please run /login"), ("", ""), both("Please run /login")),
            (1, (Output::Text, "Please run /login"), ("", ""), both("Please run /login")),
            (1, (Output::Text, &long), ("", ""), shown(&long, "")),
            (0, (Output::Json, r#"{"is_error":true,"result":"overloaded"}"#), ("", ""), both("overloaded")),
            (
                1,
                (Output::Text, ""),
                (
                    "user\nno conversation found\n> what does rate limit mean?\nbad luck",
                    "no conversation found\nwhat does rate limit mean?",
                ),
                shown(
                    "user\nno conversation found\n> what does rate limit mean?\nbad luck",
                    "user\n>\nbad luck",
                ),
            ),
        ];
        for (code, out, told, expected) in rows {
            assert_eq!(of(code, out, told), expected, "{out:?} {told:?}");
        }
    }
}
