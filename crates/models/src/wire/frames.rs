//! How a body is cut into what a decoder takes.

use crate::sse::{EventTooLarge, MAX_EVENT_BYTES, Parser};

/// How an API sends the pieces of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Events,
    /// One JSON value in a line.
    Lines,
}

/// Cuts a body.
pub(crate) enum Frames {
    Events(Parser),
    Lines(Vec<u8>),
}

impl Frames {
    pub(crate) fn new(framing: Framing) -> Self {
        match framing {
            Framing::Events => Self::Events(Parser::default()),
            Framing::Lines => Self::Lines(Vec::new()),
        }
    }

    /// Takes more of the body; returns what is whole.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, EventTooLarge> {
        match self {
            Self::Events(parser) => parser.push(bytes),
            Self::Lines(held) => {
                let mut lines = Vec::new();
                let mut rest = bytes;
                while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                    extend(held, &rest[..end])?;
                    lines.extend(line(&std::mem::take(held)));
                    rest = &rest[end + 1..];
                }
                extend(held, rest)?;
                Ok(lines)
            }
        }
    }

    /// The body is over.
    pub(crate) fn finish(&mut self) -> Option<String> {
        match self {
            Self::Events(parser) => parser.finish(),
            Self::Lines(held) => line(&std::mem::take(held)),
        }
    }
}

fn extend(held: &mut Vec<u8>, bytes: &[u8]) -> Result<(), EventTooLarge> {
    if held.len() + bytes.len() > MAX_EVENT_BYTES {
        return Err(EventTooLarge);
    }
    held.extend_from_slice(bytes);
    Ok(())
}

fn line(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Frames, Framing};
    use crate::sse::{EventTooLarge, MAX_EVENT_BYTES};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_cut_gives_the_same_lines(text in "([a-zé]{0,5}\r?\n){0,6}[a-z]{0,3}", cuts in prop::collection::vec(0..40usize, 0..6)) {
            let whole: Vec<String> =
                text.split('\n').map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            cuts.push(text.len());
            let mut frames = Frames::new(Framing::Lines);
            let (mut lines, mut from) = (Vec::new(), 0);
            for cut in cuts {
                lines.extend(frames.push(&text.as_bytes()[from..cut]).unwrap());
                from = cut;
            }
            lines.extend(frames.finish());
            prop_assert_eq!(lines, whole);
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut frames = Frames::new(Framing::Lines);
        assert_eq!(frames.push(&vec![b'x'; MAX_EVENT_BYTES + 1]), Err(EventTooLarge));
    }
}
