//! Chat commands: words that are for the gateway, not for the model.
//!
//! One table; help and parsing read it. The full set of the release comes with the commands issue: a slash word
//! that is not in the table goes to the model as text, as the release does.

use crate::think;

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
    /// How hard the model thinks.
    Think,
    /// Which model answers.
    Model,
    /// List the commands.
    Help,
}

/// The words that start a session over (`session.resetTriggers`): `/new` and `/reset`, or others in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetTriggers(Vec<String>);

impl Default for ResetTriggers {
    fn default() -> Self {
        Self(vec!["/new".to_owned(), "/reset".to_owned()])
    }
}

impl ResetTriggers {
    /// The configured ones; without any, the default ones.
    #[must_use]
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let words = words.into_iter().map(|word| word.trim().to_lowercase()).filter(|word| !word.is_empty());
        let words: Vec<String> = words.collect();
        if words.is_empty() { Self::default() } else { Self(words) }
    }

    /// The triggers that never are one, because they are commands of another kind.
    #[must_use]
    pub fn shadowed(&self) -> Vec<&str> {
        let nothing = Self(Vec::new());
        let is_other = |word: &&String| parse_with(word, &nothing).is_some();
        self.0.iter().filter(is_other).map(String::as_str).collect()
    }

    /// The text behind a trigger at the beginning of a message, in whatever case it is written; nothing when there is
    /// none. A trigger may be several words; of two the longer one is meant.
    fn strip<'m>(&self, message: &'m str) -> Option<&'m str> {
        let longest = self.0.iter().map(String::len).max().unwrap_or_default();
        let ends = message.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(at, _)| at);
        ends.chain([message.len()])
            // Lower case may take fewer bytes than what was written, though never by so much.
            .take_while(|end| *end <= longest.saturating_mul(4))
            .filter_map(|end| message.split_at_checked(end))
            .filter(|(word, _)| self.0.contains(&word.to_lowercase()))
            .last()
            .map(|(_, rest)| rest.trim())
    }
}

struct Row {
    command: Command,
    words: &'static [&'static str],
    help: &'static str,
}

const TABLE: &[Row] = &[
    Row {
        command: Command::New,
        // These are configured.
        words: &[],
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
    Row {
        command: Command::Think,
        words: think::NAMES,
        help: "how hard the model thinks: off, minimal, low, medium, high, xhigh; before a message, for it alone",
    },
    Row {
        command: Command::Model,
        words: &["/model"],
        help: "which model answers: list, status, default, a number of the list, provider/model",
    },
    Row { command: Command::Help, words: &["/help", "/commands"], help: "show this list" },
];

/// The command a whole message is, and the text behind it: behind `/new` it is the new session's first message, behind
/// `/config`, `/think` and `/model` what is wanted.
#[must_use]
pub fn parse(message: &str) -> Option<(Command, &str)> {
    parse_with(message, &ResetTriggers::default())
}

/// The same where other words may start a session over.
#[must_use]
pub fn parse_with<'m>(message: &'m str, triggers: &ResetTriggers) -> Option<(Command, &'m str)> {
    let message = message.trim();
    // The release takes `/think:high` as well.
    let ends = |c: char| c.is_whitespace() || (c == ':' && message.starts_with('/'));
    let (word, rest) = message.split_once(ends).unwrap_or((message, ""));
    let word = word.to_lowercase();
    let rest = rest.trim();
    let is_meant = |row: &&Row| {
        let takes_words = match row.command {
            Command::Config | Command::Think | Command::Model => true,
            Command::New | Command::Stop | Command::Status | Command::Help => false,
        };
        row.words.contains(&word.as_str()) && (rest.is_empty() || takes_words)
    };
    match TABLE.iter().find(is_meant) {
        Some(row) => Some((row.command, rest)),
        None => triggers.strip(message).map(|rest| (Command::New, rest)),
    }
}

/// The text of `/help`.
#[must_use]
pub fn help(triggers: &ResetTriggers) -> String {
    let words_of = |row: &Row| match row.command {
        Command::New => triggers.0.join(", "),
        Command::Stop
        | Command::Status
        | Command::Config
        | Command::Think
        | Command::Model
        | Command::Help => {
            let words: Vec<&str> = row.words.iter().filter(|word| word.starts_with('/')).copied().collect();
            words.join(", ")
        }
    };
    let rows: Vec<String> = TABLE.iter().map(|row| format!("{}: {}", words_of(row), row.help)).collect();
    rows.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Command, ResetTriggers, help, parse, parse_with};

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
            ("/think", Some((Command::Think, ""))),
            ("/t:high", Some((Command::Think, "high"))),
            ("/Thinking high x: y", Some((Command::Think, "high x: y"))),
            ("/model a/b:free", Some((Command::Model, "a/b:free"))),
            ("/models", None),
            ("think: high", None),
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
        let text = help(&ResetTriggers::default());
        for word in ["/new", "/reset", "/stop", "/status", "/config", "/help"] {
            assert_eq!(text.matches(word).count(), 1, "{word} in {text}");
        }
    }

    #[test]
    fn own_words_start_a_session_over_in_place_of_the_usual_ones() {
        let own = ResetTriggers::new(["Start Over", " /fresh ", "", "İ"]);
        let rows = [
            ("start over", Some((Command::New, ""))),
            ("START over  please, go", Some((Command::New, "please, go"))),
            ("/Fresh\nhello", Some((Command::New, "hello"))),
            ("İ x", Some((Command::New, "x"))),
            ("start overs", None),
            ("do start over", None),
            ("start  over", None),
            ("/new", None),
            ("/reset now", None),
            ("/status", Some((Command::Status, ""))),
            ("stop", Some((Command::Stop, ""))),
        ];
        for (text, expected) in rows {
            assert_eq!(parse_with(text, &own), expected, "{text:?}");
        }
        let nested = ResetTriggers::new(["start", "start over", "/stop", "/config reset", "/stop now"]);
        assert_eq!(parse_with("Start over please", &nested), Some((Command::New, "please")));
        assert_eq!(parse_with("start please", &nested), Some((Command::New, "please")));
        assert_eq!(parse_with("/stop now please", &nested), Some((Command::New, "please")));
        assert_eq!(nested.shadowed(), ["/stop", "/config reset"]);
        assert!(own.shadowed().is_empty() && ResetTriggers::default().shadowed().is_empty());
        assert!(help(&own).contains("start over, /fresh, i̇: start a new"), "{}", help(&own));
        assert_eq!(ResetTriggers::new(["", " "]), ResetTriggers::default());
        assert_eq!(parse_with(&format!("{} x", "y".repeat(100_000)), &own), None);
    }
}
