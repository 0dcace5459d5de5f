//! Lines of an output, of which one may be too long for anybody.

use crate::sse::MAX_EVENT_BYTES;

/// Cuts an output into lines. One that is longer than [`MAX_EVENT_BYTES`], as a picture that a tool has read can be, is
/// passed over.
#[derive(Default)]
pub(super) struct Lines {
    held: Vec<u8>,
    is_too_long: bool,
}

impl Lines {
    /// Takes more of the output; returns what is whole.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.hold(&rest[..end]);
            lines.extend(self.finish());
            rest = &rest[end + 1..];
        }
        self.hold(rest);
        lines
    }

    /// The output is over. A last line without an end counts as well.
    pub(super) fn finish(&mut self) -> Option<String> {
        let held = std::mem::take(&mut self.held);
        let text = String::from_utf8_lossy(&held);
        let text = text.trim();
        (!std::mem::take(&mut self.is_too_long) && !text.is_empty()).then(|| text.to_owned())
    }

    fn hold(&mut self, bytes: &[u8]) {
        self.is_too_long |= self.held.len() + bytes.len() > MAX_EVENT_BYTES;
        if self.is_too_long {
            self.held = Vec::new();
        } else {
            self.held.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, MAX_EVENT_BYTES};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_cut_gives_the_same_lines(text in "([a-zé]{0,5}\r?\n){0,6}[a-z]{0,3}", at in 0usize..40) {
            let whole: Vec<&str> = text.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect();
            let (head, tail) = text.as_bytes().split_at(at.min(text.len()));
            let mut lines = Lines::default();
            let mut cut = lines.push(head);
            cut.extend(lines.push(tail));
            cut.extend(lines.finish());
            prop_assert_eq!(cut, whole);
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let mut lines = Lines::default();
        assert_eq!(lines.push(b"a\nb"), ["a"]);
        assert_eq!(lines.push(&vec![b'x'; MAX_EVENT_BYTES]), Vec::<String>::new());
        assert_eq!(lines.push(b"y\nc\n"), ["c"]);
        assert_eq!(lines.push(&vec![b'x'; MAX_EVENT_BYTES + 1]), Vec::<String>::new());
        assert_eq!(lines.finish(), None);
        assert_eq!(lines.push(b"d\n"), ["d"]);
    }
}
