//! `/think`: how hard the model shall think, for a session or for one message.

use openclaw_models::ThinkingLevel;

/// How the command is written.
pub(crate) const NAMES: &[&str] = &["/think", "/thinking", "/t"];

/// How hard the model shall think, as whoever sent a message says beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedThinking {
    /// For this message.
    Once(ThinkingLevel),
    /// From now on in this session.
    FromNowOn(ThinkingLevel),
}

/// What stands behind the command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Think<'m> {
    /// Nothing: how is it now?
    Show,
    /// A level for the session.
    Set(ThinkingLevel),
    /// The configured level again.
    Clear,
    /// One word that is no level.
    Unknown(&'m str),
    /// More than that: a message, with or without a level for it alone.
    Words,
}

/// Reads what stands behind the command.
pub(crate) fn read(rest: &str) -> Think<'_> {
    let one = rest.split_whitespace().count() == 1;
    match rest {
        "" => Think::Show,
        "default" | "inherit" | "reset" => Think::Clear,
        _ => match level_of(rest) {
            Some((level, "")) => Think::Set(level),
            Some(_) => Think::Words,
            None if one => Think::Unknown(rest),
            None => Think::Words,
        },
    }
}

/// A level at the beginning or at the end of a message, for this message alone, and the message without it.
pub(crate) fn strip(text: &str) -> (Option<ThinkingLevel>, &str) {
    if let Some((level, rest)) = behind_name(text).and_then(level_of) {
        return (Some(level), rest);
    }
    let begins = text.char_indices().rev().filter(|(_, c)| *c == '/').map(|(at, _)| at);
    for (before, command) in begins.take(2).filter_map(|at| text.split_at_checked(at)) {
        if before.ends_with(char::is_whitespace)
            && let Some((level, "")) = behind_name(command).and_then(level_of)
        {
            return (Some(level), before.trim_end());
        }
    }
    (None, text)
}

/// What follows the command at the beginning of a text.
fn behind_name(text: &str) -> Option<&str> {
    let end = text.find(|c: char| c.is_whitespace() || c == ':')?;
    let (name, rest) = text.split_at_checked(end)?;
    let is_name = NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
    is_name.then(|| rest.trim_start_matches(':').trim())
}

/// The level at the beginning of a text, and the rest.
fn level_of(text: &str) -> Option<(ThinkingLevel, &str)> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    if word.eq_ignore_ascii_case("extra") {
        let (second, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        return second.eq_ignore_ascii_case("high").then_some((ThinkingLevel::XHigh, rest.trim()));
    }
    ThinkingLevel::parse(word).map(|level| (level, rest))
}

/// All levels, for people.
pub(crate) fn levels() -> String {
    ThinkingLevel::ALL.map(ThinkingLevel::as_str).join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Think, read, strip};
    use openclaw_models::ThinkingLevel::{High, Low, Medium, Off, XHigh};

    #[test]
    fn what_stands_behind_the_command() {
        let rows = [
            ("", Think::Show),
            ("high", Think::Set(High)),
            ("OFF", Think::Set(Off)),
            ("extra high", Think::Set(XHigh)),
            ("x-high", Think::Set(XHigh)),
            ("max", Think::Set(High)),
            ("on", Think::Set(Low)),
            ("default", Think::Clear),
            ("big", Think::Unknown("big")),
            ("about the sea", Think::Words),
            ("high what is it?", Think::Words),
        ];
        for (rest, expected) in rows {
            assert_eq!(read(rest), expected, "{rest:?}");
        }
    }

    #[test]
    fn a_level_for_one_message_stands_at_its_ends() {
        let rows = [
            ("/think high what is it?", Some(High), "what is it?"),
            ("/THINK:medium  what\nis it?", Some(Medium), "what\nis it?"),
            ("/t off", Some(Off), ""),
            ("what is it? /thinking extra high", Some(XHigh), "what is it?"),
            ("what is a/b? /t:low", Some(Low), "what is a/b?"),
            ("what is /think high about?", None, "what is /think high about?"),
            ("/think about the sea", None, "/think about the sea"),
            ("see /t", None, "see /t"),
            ("x/t high", None, "x/t high"),
            ("/thinker high", None, "/thinker high"),
            ("", None, ""),
        ];
        for (text, level, rest) in rows {
            assert_eq!(strip(text), (level, rest), "{text:?}");
        }
    }
}
