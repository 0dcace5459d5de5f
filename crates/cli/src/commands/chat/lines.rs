//! Standard input, line by line. What is not text is told of and ends nothing.

use std::io::{self, BufRead, Read as _};

use tokio::sync::mpsc;

/// Lines that may wait: whoever writes faster than the assistant answers waits.
const MAX_WAITING: usize = 1;
/// Longest message that a gateway takes.
pub(super) const MAX_MESSAGE_BYTES: usize = 400 * 1024;
/// The same with the end of its line.
const MAX_LINE_BYTES: usize = MAX_MESSAGE_BYTES + 2;
/// What some editors write in front of the first line of a file.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// One line of the input.
#[derive(Debug)]
pub(crate) enum Line {
    Text(String),
    /// The line of this number, counted from 1, is no UTF-8: its words would be noted wrongly.
    NotText(usize),
    /// The line of this number is longer than a message may be.
    TooLong(usize),
    /// The input cannot be read any further.
    Broken(io::Error),
}

impl Line {
    fn of(mut bytes: Vec<u8>, number: usize) -> Self {
        if bytes.len() > MAX_LINE_BYTES {
            return Self::TooLong(number);
        }
        if number == 1 && bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.drain(..BYTE_ORDER_MARK.len());
        }
        String::from_utf8(bytes).map_or(Self::NotText(number), Self::Text)
    }

    fn is_blank(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::NotText(_) | Self::TooLong(_) | Self::Broken(_) => false,
        }
    }
}

/// The lines of standard input, as they come.
pub(crate) struct Lines {
    coming: mpsc::Receiver<Line>,
    /// One that was looked at already.
    first: Option<Line>,
}

impl Lines {
    /// Begins to read, on a thread of its own: a read cannot be given up, and must not keep the process alive.
    pub(crate) fn of_stdin() -> Self {
        let (sender, coming) = mpsc::channel(MAX_WAITING);
        std::thread::spawn(move || read(io::stdin().lock(), |line| sender.blocking_send(line).is_ok()));
        Self { coming, first: None }
    }

    /// The next line; `None` at the end of the input.
    pub(super) async fn next(&mut self) -> Option<Line> {
        match self.first.take() {
            Some(line) => Some(line),
            None => self.coming.recv().await,
        }
    }

    /// Waits until something is said, or the input ends; the end is told by `None`.
    pub(crate) async fn begun(mut self) -> Option<Self> {
        loop {
            let line = self.next().await?;
            if !line.is_blank() {
                return Some(Self { first: Some(line), ..self });
            }
        }
    }
}

/// Reads until the end, or until nobody takes any more.
fn read(mut from: impl BufRead, take: impl Fn(Line) -> bool) {
    for number in 1.. {
        let mut bytes = Vec::new();
        let line = match read_line(&mut from, &mut bytes) {
            Ok(0) => return,
            Ok(_) => Line::of(bytes, number),
            Err(error) => {
                take(Line::Broken(error));
                return;
            }
        };
        if !take(line) {
            return;
        }
    }
}

/// Reads a line, at most one byte more of it than is taken; the rest of it is passed over.
fn read_line(from: &mut impl BufRead, bytes: &mut Vec<u8>) -> io::Result<usize> {
    let most = u64::try_from(MAX_LINE_BYTES + 1).unwrap_or(u64::MAX);
    let read = from.by_ref().take(most).read_until(b'\n', bytes)?;
    if bytes.len() > MAX_LINE_BYTES && !bytes.ends_with(b"\n") {
        from.skip_until(b'\n')?;
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::{Line, MAX_LINE_BYTES, MAX_MESSAGE_BYTES, read};
    use std::cell::RefCell;

    fn lines_of(input: &[u8]) -> Vec<Line> {
        let lines = RefCell::new(Vec::new());
        read(input, |line| {
            lines.borrow_mut().push(line);
            true
        });
        lines.take()
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_to_its_end() {
        for (length, fits) in [
            (MAX_MESSAGE_BYTES, true),
            (MAX_LINE_BYTES - 1, true),
            (MAX_LINE_BYTES, false),
            (MAX_LINE_BYTES + 1, false),
            (3 * MAX_LINE_BYTES, false),
        ] {
            let input = format!("one\n{}\nthree", "x".repeat(length));
            let [Line::Text(one), second, Line::Text(three)] = &lines_of(input.as_bytes())[..] else {
                panic!("no three lines with {length} bytes in the second");
            };
            assert_eq!((one.as_str(), three.as_str()), ("one\n", "three"));
            match second {
                Line::Text(text) => assert!(fits && text.len() == length + 1, "{length}"),
                Line::TooLong(number) => assert!(!fits && *number == 2, "{length}"),
                Line::NotText(_) | Line::Broken(_) => panic!("{length}"),
            }
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_word_of_the_first_line() {
        let shown: Vec<String> =
            lines_of("\u{feff}one\n\u{feff}two".as_bytes()).iter().map(|line| format!("{line:?}")).collect();
        assert_eq!(shown, [r#"Text("one\n")"#, r#"Text("\u{feff}two")"#]);
    }

    #[test]
    fn what_is_no_text_ends_nothing() {
        let lines = lines_of(b"hello\n\n\xff\xfe\nthe end");
        let shown: Vec<String> = lines.iter().map(|line| format!("{line:?}")).collect();
        assert_eq!(shown, ["Text(\"hello\\n\")", "Text(\"\\n\")", "NotText(3)", "Text(\"the end\")"]);
        let blank = |text: &str| Line::Text(text.to_owned()).is_blank();
        assert!(blank(" \r\n") && !blank("x\n") && !Line::NotText(1).is_blank());
    }
}
