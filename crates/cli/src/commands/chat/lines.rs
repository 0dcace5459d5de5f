//! Standard input, line by line. What is not text is told of and ends nothing.

use std::io;

use tokio::sync::mpsc;

/// Lines that may wait: whoever writes faster than the assistant answers waits.
const MAX_WAITING: usize = 1;

/// One line of the input.
#[derive(Debug)]
pub(crate) enum Line {
    Text(String),
    /// The line of this number, counted from 1, is no UTF-8: its words would be noted wrongly.
    NotText(usize),
    /// The input cannot be read any further.
    Broken(io::Error),
}

impl Line {
    fn of(bytes: Vec<u8>, number: usize) -> Self {
        String::from_utf8(bytes).map_or(Self::NotText(number), Self::Text)
    }

    fn is_blank(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::NotText(_) | Self::Broken(_) => false,
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
fn read(mut from: impl io::BufRead, take: impl Fn(Line) -> bool) {
    for number in 1.. {
        let mut bytes = Vec::new();
        let line = match from.read_until(b'\n', &mut bytes) {
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

#[cfg(test)]
mod tests {
    use super::{Line, read};
    use std::cell::RefCell;

    #[test]
    fn what_is_no_text_ends_nothing() {
        let lines = RefCell::new(Vec::new());
        read(&b"hello\n\n\xff\xfe\nthe end"[..], |line| {
            lines.borrow_mut().push(line);
            true
        });
        let shown: Vec<String> = lines.take().iter().map(|line| format!("{line:?}")).collect();
        assert_eq!(shown, ["Text(\"hello\\n\")", "Text(\"\\n\")", "NotText(3)", "Text(\"the end\")"]);
        let blank = |text: &str| Line::Text(text.to_owned()).is_blank();
        assert!(blank(" \r\n") && !blank("x\n") && !Line::NotText(1).is_blank());
    }
}
