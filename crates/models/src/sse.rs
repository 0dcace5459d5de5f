//! A bounded parser of server-sent events, pure and synchronous.
//!
//! Source: WHATWG HTML, section 9.2.6 "Interpreting an event stream". Only `data` matters to the wire APIs here;
//! `event`, `id`, `retry` and comments are read over.

use memchr::memchr2;

/// Largest `data` of one event, in bytes. Some servers send a whole tool call in one event, and a call that writes
/// a file carries the file.
pub const MAX_EVENT_BYTES: usize = 4 * 1024 * 1024;

/// One event is larger than [`MAX_EVENT_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is larger than {MAX_EVENT_BYTES} bytes")]
pub struct EventTooLarge;

/// Splits a byte stream, cut anywhere, into the `data` of its events.
///
/// ```
/// let mut parser = openclaw_models::sse::Parser::default();
/// assert!(parser.push(b"data: {\"a\":").unwrap().is_empty());
/// assert_eq!(parser.push(b"1}\n\n").unwrap(), ["{\"a\":1}"]);
/// ```
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    data: String,
    has_data: bool,
    after_cr: bool,
    begun: bool,
}

impl Parser {
    /// Takes the next bytes and gives the events that they complete.
    ///
    /// # Errors
    /// An event is larger than [`MAX_EVENT_BYTES`]; the parser is of no use afterwards.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, EventTooLarge> {
        let mut events = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            if std::mem::take(&mut self.after_cr) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', rest) else {
                self.extend_line(rest)?;
                break;
            };
            let line = &rest[..end];
            if self.line.is_empty() {
                // The usual case: the line lies whole in what came.
                check_size(line.len())?;
                events.extend(self.end_line(line)?);
            } else {
                self.extend_line(line)?;
                let mut whole = std::mem::take(&mut self.line);
                events.extend(self.end_line(&whole)?);
                whole.clear();
                self.line = whole;
            }
            self.after_cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
        }
        Ok(events)
    }

    /// The last event, when the stream ended without the blank line that should follow it. A cut line is dropped.
    pub fn finish(&mut self) -> Option<String> {
        self.line.clear();
        self.take_event()
    }

    fn extend_line(&mut self, bytes: &[u8]) -> Result<(), EventTooLarge> {
        check_size(self.line.len() + bytes.len())?;
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self, mut line: &[u8]) -> Result<Option<String>, EventTooLarge> {
        if !std::mem::replace(&mut self.begun, true) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            return Ok(self.take_event());
        }
        let Some(value) = data_value(line) else { return Ok(None) };
        check_size(self.data.len() + value.len())?;
        if std::mem::replace(&mut self.has_data, true) {
            self.data.push('\n');
        }
        match std::str::from_utf8(value) {
            Ok(value) => self.data.push_str(value),
            Err(_) => self.data.push_str(&String::from_utf8_lossy(value)),
        }
        Ok(None)
    }

    fn take_event(&mut self) -> Option<String> {
        std::mem::take(&mut self.has_data).then(|| std::mem::take(&mut self.data))
    }
}

fn check_size(bytes: usize) -> Result<(), EventTooLarge> {
    if bytes > MAX_EVENT_BYTES { Err(EventTooLarge) } else { Ok(()) }
}

/// The value of a `data` line; one space after the colon belongs to the syntax.
fn data_value(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"data")?;
    match rest.first() {
        None => Some(rest),
        Some(b':') => Some(rest.strip_prefix(b": ").unwrap_or(&rest[1..])),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{EventTooLarge, MAX_EVENT_BYTES, Parser};
    use proptest::prelude::*;

    fn parse(bytes: &[u8]) -> Vec<String> {
        let mut parser = Parser::default();
        let mut events = parser.push(bytes).unwrap();
        events.extend(parser.finish());
        events
    }

    #[test]
    fn reads_what_the_standard_describes() {
        let rows: [(&str, &[&str]); 9] = [
            ("data: a\n\ndata: b\n\n", &["a", "b"]),
            ("data:a\r\n\r\ndata: b\r\r", &["a", "b"]),
            ("data: a\ndata: b\n\n", &["a\nb"]),
            (": comment\n\ndata: a\n\n", &["a"]),
            ("event: x\nid: 1\nretry: 5\ndata: a\n\n", &["a"]),
            ("\u{feff}data: a\n\n", &["a"]),
            ("data\n\n", &[""]),
            ("database: a\n\n", &[]),
            ("data: a\ndata: cut", &["a"]),
        ];
        for (text, expected) in rows {
            assert_eq!(parse(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut parser = Parser::default();
        let piece = vec![b'x'; MAX_EVENT_BYTES / 2];
        assert!(parser.push(&piece).is_ok());
        assert_eq!(parser.push(&[piece.as_slice(), b"yy"].concat()), Err(EventTooLarge));
        let mut parser = Parser::default();
        let line = [b"data: ".as_slice(), &vec![b'x'; MAX_EVENT_BYTES / 2], b"\n"].concat();
        assert!(parser.push(&line).is_ok());
        assert!(parser.push(&line).is_ok());
        assert_eq!(parser.push(b"data: yy\n"), Err(EventTooLarge));
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same_events(
            text in "(data: [a-zé]{0,4}|:c|event: e|data)?(\n|\r\n|\r)(.{0,3}(\n|\r\n|\r)|data: [ü☃]{0,3}\n\n){0,12}",
            cuts in proptest::collection::vec(0usize..200, 0..8),
        ) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            cuts.push(bytes.len());
            let mut parser = Parser::default();
            let (mut events, mut from) = (Vec::new(), 0);
            for cut in cuts {
                events.extend(parser.push(&bytes[from..cut]).unwrap());
                from = cut;
            }
            events.extend(parser.finish());
            prop_assert_eq!(events, parse(bytes));
        }
    }
}
