//! Lines out of pieces of a body.

/// Longest line: a vector of 4,096 numbers at 25 bytes of JSON is 100 kB.
const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;

/// Collects pieces and gives whole lines.
#[derive(Default)]
pub(super) struct Lines {
    open: Vec<u8>,
}

/// A line that never ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineTooLong;

impl Lines {
    /// The lines that this piece ends, without blank ones.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<Vec<Vec<u8>>, LineTooLong> {
        let mut whole = Vec::new();
        let mut parts = piece.split(|&byte| byte == b'\n');
        self.open.extend_from_slice(parts.next().unwrap_or_default());
        for part in parts {
            whole.push(std::mem::replace(&mut self.open, part.to_vec()));
        }
        if self.open.len() > MAX_LINE_BYTES {
            return Err(LineTooLong);
        }
        whole.retain(|line| !line.trim_ascii().is_empty());
        Ok(whole)
    }

    /// What stands behind the last line break.
    pub(super) fn finish(&mut self) -> Option<Vec<u8>> {
        let last = std::mem::take(&mut self.open);
        (!last.trim_ascii().is_empty()).then_some(last)
    }
}

#[cfg(test)]
mod tests {
    use super::{LineTooLong, Lines, MAX_LINE_BYTES};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_cut_gives_the_same_lines(text in "[a-c\n\r ]{0,60}", cuts in proptest::collection::vec(0_usize..60, 0..6)) {
            let expected: Vec<&str> = text.split('\n').filter(|line| !line.trim().is_empty()).collect();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let mut lines = Lines::default();
            let mut found = Vec::new();
            for pair in cuts.windows(2) {
                found.extend(lines.push(&text.as_bytes()[pair[0]..pair[1]]).unwrap());
            }
            found.extend(lines.finish());
            let found: Vec<&str> = found.iter().map(|line| std::str::from_utf8(line).unwrap()).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut lines = Lines::default();
        assert_eq!(lines.push(&vec![b'a'; MAX_LINE_BYTES]), Ok(Vec::new()));
        assert_eq!(lines.push(b"a"), Err(LineTooLong));
    }
}
