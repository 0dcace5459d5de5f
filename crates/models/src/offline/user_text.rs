//! The user's own words, without what the gateway puts around them, and the date that it told.
//!
//! Source: OpenClaw 2026.2.9, `chat.send`: lines `System: [time] event`, a blank line, `[Fri 2026-11-20 10:27 UTC] text`,
//! and a last line `[message_id: …]`.

use jiff::Timestamp;

/// Days of the week in a stamp.
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// What the user said, and the day it was said on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UserText {
    /// The user's words.
    pub(super) text: String,
    /// The user's date, `YYYY-MM-DD`: of the stamp, else of the clock in UTC.
    pub(super) date: String,
    /// Who said it and where, as the channel's stamp has it; nothing where only one person writes.
    pub(super) sender: String,
}

impl UserText {
    pub(super) fn read(raw: &str, now_ms: i64) -> Self {
        let text = without_events(raw);
        let text = without_id(text);
        let (stamp, text) = split_stamp(text);
        let date = stamp.and_then(date_in).map_or_else(|| utc_date(now_ms), ToOwned::to_owned);
        let sender = stamp.map(sender_in).unwrap_or_default();
        Self { text: text.trim().to_owned(), date, sender }
    }
}

/// Drops leading `System: [...]` lines and the blank lines after them.
fn without_events(text: &str) -> &str {
    let mut rest = text.trim_start();
    while rest.starts_with("System: [") {
        rest = rest.split_once('\n').map_or("", |(_, after)| after).trim_start();
    }
    rest
}

fn without_id(text: &str) -> &str {
    let trimmed = text.trim_end();
    match trimmed.rfind("[message_id: ") {
        Some(at) if trimmed.ends_with(']') && !trimmed[at..].contains('\n') => trimmed[..at].trim_end(),
        _ => trimmed,
    }
}

/// Splits a leading `[...]` that contains a date from the text. Channels put a sender in front of the date.
fn split_stamp(text: &str) -> (Option<&str>, &str) {
    let Some(inside) = text.strip_prefix('[') else { return (None, text) };
    match inside.split_once(']') {
        Some((stamp, rest)) if date_in(stamp).is_some() => (Some(stamp), rest),
        _ => (None, text),
    }
}

/// The first `YYYY-MM-DD` among the words of a stamp.
fn date_in(stamp: &str) -> Option<&str> {
    stamp
        .split_whitespace()
        .find(|word| word.len() == 10 && word.is_ascii() && word.parse::<jiff::civil::Date>().is_ok())
}

/// What stands before the date, without the day of the week and how long the one before is ago (`+5m`), which change.
fn sender_in(stamp: &str) -> String {
    let is_date = |word: &&str| date_in(word).is_some();
    let changes = |word: &str| {
        DAYS.contains(&word)
            || word.strip_prefix('+').is_some_and(|ago| {
                ago.ends_with(['s', 'm', 'h', 'd'])
                    && ago[..ago.len() - 1].chars().all(|c| c.is_ascii_digit())
            })
    };
    let words = stamp.split_whitespace().take_while(|word| !is_date(word)).filter(|word| !changes(word));
    words.collect::<Vec<_>>().join(" ")
}

fn utc_date(now_ms: i64) -> String {
    Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH).strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::UserText;
    use proptest::prelude::*;

    #[test]
    fn only_the_users_words_remain() {
        let noon = 1_795_170_420_000;
        let rows = [
            ("[Fri 2026-11-20 10:27 UTC] hi\n[message_id: m1]", "hi", "2026-11-20"),
            (
                "System: [2026-11-20 10:42:41 UTC] event\n\n[Thu 2026-11-19 23:59 CET] a\nb\n[message_id: x]",
                "a\nb",
                "2026-11-19",
            ),
            ("[WhatsApp +49 2026-01-02 08:00 UTC] yes", "yes", "2026-01-02"),
            ("[draft] keep", "[draft] keep", "2026-11-20"),
            ("[2026-13-45 x] keep", "[2026-13-45 x] keep", "2026-11-20"),
            ("the [message_id: x] in the middle", "the [message_id: x] in the middle", "2026-11-20"),
            ("System: [a] only an event", "", "2026-11-20"),
            ("", "", "2026-11-20"),
        ];
        for (raw, text, date) in rows {
            let read = UserText::read(raw, noon);
            assert_eq!((read.text.as_str(), read.date.as_str()), (text, date), "{raw}");
        }
    }

    #[test]
    fn a_stamp_names_who_speaks() {
        let rows = [
            ("[Fri 2026-11-20 10:27 UTC] yes", ""),
            ("yes", ""),
            ("[WhatsApp +491701234567 +5m Fri 2026-11-20 10:27 UTC] yes", "WhatsApp +491701234567"),
            ("[WhatsApp +491701234567 2026-11-21 10:27 UTC] yes", "WhatsApp +491701234567"),
            ("[Telegram Bob id:7 +2h Sat 2026-11-21 10:27 UTC] yes", "Telegram Bob id:7"),
        ];
        for (raw, sender) in rows {
            assert_eq!(UserText::read(raw, 0).sender, sender, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(raw in "(System: \\[)?\\[?[ -~é☃\n]{0,40}(\\[message_id: )?.{0,10}\\]?", now in any::<i64>()) {
            let read = UserText::read(&raw, now);
            prop_assert!(raw.contains(&read.text));
            prop_assert_eq!(read.date.len().min(10), 10);
        }
    }
}
