//! The text of a conversation: a line for each thing that was said, under the day on which it was said. Pure.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::listing::Text;
use super::said::{SessionMessage, said};

/// What somebody said, ready to be written.
struct Said {
    day: Option<Date>,
    /// `User: …` or `Assistant: …`, one line.
    line: String,
}

/// The newest lines of a transcript, at most so many bytes of them. Records that are no messages, thoughts, results of
/// tools, damaged and torn lines are passed over. `redact` gets what was said as it was said.
pub(super) fn derive(jsonl: &[u8], zone: &TimeZone, most: usize, redact: impl Fn(&str) -> String) -> Text {
    let (mut said, mut bytes, mut is_cut) = (Vec::new(), 0, false);
    // Backwards: of a long conversation the beginning is not even read.
    for record in jsonl.rsplit(|&byte| byte == b'\n') {
        let Some(one) = said_in(record, zone, &redact) else { continue };
        bytes += one.line.len() + 1 + HEADING_BYTES;
        if bytes > most {
            is_cut = true;
            break;
        }
        said.push(one);
    }
    let (mut text, mut day) = (String::new(), None);
    for one in said.into_iter().rev() {
        if let Some(new) = one.day.filter(|&new| day != Some(new)) {
            day = Some(new);
            text.push_str(&format!("# {new}\n"));
        }
        text.push_str(&one.line);
        text.push('\n');
    }
    Text { text, is_cut }
}

/// Bytes of `# 2026-11-20` and its line end, which every line may need.
const HEADING_BYTES: usize = 13;

fn said_in(record: &[u8], zone: &TimeZone, redact: impl Fn(&str) -> String) -> Option<Said> {
    let (message, at) = said(record)?;
    let line = line(&message, redact)?;
    Some(Said { day: at.map(|at| at.to_zoned(zone.clone()).date()), line })
}

/// A message on a line of its own, without secrets; nothing when it says nothing.
pub(crate) fn line(message: &SessionMessage, redact: impl Fn(&str) -> String) -> Option<String> {
    // Before line ends go: some secrets have several lines.
    let text = redact(&message.text);
    let words: Vec<&str> = text.split_whitespace().collect();
    (!words.is_empty()).then(|| format!("{}: {}", message.speaker.name(), words.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::derive;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    const TALK: &str = r#"{"type":"session","version":3,"id":"x"}
{"type":"message","id":"1","timestamp":"2026-11-20T10:00:00.000Z","message":{"role":"user","content":"Which  tea\n\n# is best?"}}
{"type":"message","id":"2","timestamp":"2026-11-20T10:00:01.000Z","message":{"role":"assistant","content":[{"type":"thinking","thinking":"hmm","text":"secret thought"},{"type":"text","text":"Green."},{"type":"toolCall","name":"read"},{"type":"text","text":"Or black."}]}}
{"type":"message","id":"3","message":{"role":"toolResult","content":[{"type":"text","text":"a page"}]}}
{"type":"custom","message":{"role":"user","content":"no message"}}
{"type":"message","message":{"role":"user","con
{"type":"message","id":"4","timestamp":1795255200000,"message":{"role":"user","content":[{"type":"text","text":"Next day."}]}}
{"type":"message","message":{"role":"user","content":"   "}}
{"type":"message","timestamp":"whenever","message":{"role":"user","content":"no time"}}
{"type":"message","message":{"role":"user","content":"torn"#;

    #[test]
    fn a_line_for_each_thing_said_under_its_day() {
        let derived = derive(TALK.as_bytes(), &TimeZone::UTC, 10_000, |text| text.replace("black", "***"));
        let expected = "# 2026-11-20\nUser: Which tea # is best?\nAssistant: Green. Or ***.\n\
                        # 2026-11-21\nUser: Next day.\nUser: no time\n";
        assert_eq!((derived.text.as_str(), derived.is_cut), (expected, false));
    }

    #[test]
    fn of_a_long_conversation_the_newest_part_is_kept() {
        let cut = derive(TALK.as_bytes(), &TimeZone::UTC, 60, str::to_owned);
        assert_eq!((cut.text.as_str(), cut.is_cut), ("# 2026-11-21\nUser: Next day.\nUser: no time\n", true));
    }

    proptest! {
        #[test]
        fn any_bytes_are_passed_over(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0_usize..1200) {
            let at = TALK.floor_char_boundary(at.min(TALK.len()));
            let whole = [&TALK.as_bytes()[..at], bytes.as_slice(), &TALK.as_bytes()[at..]].concat();
            let most = 120;
            let derived = derive(&whole, &TimeZone::UTC, most, str::to_owned);
            prop_assert!(derived.text.len() <= most);
            for line in derived.text.lines() {
                prop_assert!(["# ", "User: ", "Assistant: "].iter().any(|start| line.starts_with(start)));
            }
        }
    }
}
