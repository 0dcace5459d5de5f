//! Chat commands: words that are for the gateway, not for the model.
//!
//! One table; help and parsing read it. The full set of the release comes with the commands issue: a slash word
//! that is not in the table goes to the model as text, as the release does.

/// A command of the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Start the session over.
    New,
    /// Stop the running answer.
    Stop,
    /// What runs here.
    Status,
    /// Look at the configuration, or change it.
    Config,
    /// List the commands.
    Help,
}

struct Row {
    command: Command,
    words: &'static [&'static str],
    help: &'static str,
}

const TABLE: &[Row] = &[
    Row {
        command: Command::New,
        words: &["/new", "/reset"],
        help: "start a new conversation; the old one is kept on disk",
    },
    Row {
        command: Command::Stop,
        // The bare words are the release's; people type them while an answer runs away.
        words: &["/stop", "stop", "esc", "abort", "wait", "exit", "interrupt"],
        help: "stop the answer that is being written",
    },
    Row { command: Command::Status, words: &["/status"], help: "show model, tokens and session" },
    Row {
        command: Command::Config,
        words: &["/config"],
        help: "show the configuration, or change it: show, set key=value, unset key",
    },
    Row { command: Command::Help, words: &["/help", "/commands"], help: "show this list" },
];

/// The command a whole message is, and the text behind it: behind `/new` it is the new session's first message, behind
/// `/config` what is wanted.
#[must_use]
pub fn parse(message: &str) -> Option<(Command, &str)> {
    let message = message.trim();
    let (word, rest) = message.split_once(char::is_whitespace).unwrap_or((message, ""));
    let word = word.to_lowercase();
    let row = TABLE.iter().find(|row| row.words.contains(&word.as_str()))?;
    let rest = rest.trim();
    let takes_more = matches!(row.command, Command::New | Command::Config);
    (rest.is_empty() || takes_more).then_some((row.command, rest))
}

/// The text of `/help`.
#[must_use]
pub fn help() -> String {
    let rows: Vec<String> = TABLE
        .iter()
        .map(|row| {
            let words: Vec<&str> = row.words.iter().filter(|word| word.starts_with('/')).copied().collect();
            format!("{}: {}", words.join(", "), row.help)
        })
        .collect();
    rows.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Command, help, parse};

    #[test]
    fn only_whole_messages_are_commands() {
        let rows = [
            ("/new", Some((Command::New, ""))),
            (" /NEW hello there ", Some((Command::New, "hello there"))),
            ("/stop", Some((Command::Stop, ""))),
            ("Stop", Some((Command::Stop, ""))),
            ("stop the press", None),
            ("/status", Some((Command::Status, ""))),
            ("/statuses", None),
            ("/config set a=b", Some((Command::Config, "set a=b"))),
            ("/unknown", None),
            ("new", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn help_names_every_slash_word_once() {
        let text = help();
        for word in ["/new", "/reset", "/stop", "/status", "/config", "/help"] {
            assert_eq!(text.matches(word).count(), 1, "{word} in {text}");
        }
    }
}
