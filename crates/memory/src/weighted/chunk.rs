//! How OpenClaw cuts a note into chunks, and what it shows of one. Pure; lengths are UTF-16 units, as there.
//!
//! One thing differs: a line that is too long is never cut within a character that takes two units, where OpenClaw
//! leaves half of it on either side. The piece before the cut is one unit shorter then.

use super::options::Chunking;

/// Units of a chunk that are shown.
const SNIPPET_UNITS: usize = 700;

/// Neighbouring lines that are embedded and found together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    /// 1-based.
    pub(super) first_line: u32,
    pub(super) last_line: u32,
    pub(super) text: String,
}

/// A line, or a piece of a long one.
#[derive(Debug, Clone, Copy)]
struct Segment<'a> {
    line: u32,
    text: &'a str,
    /// With the end of the line.
    units: usize,
}

/// The chunks of a note, in order. Those that are blank are left out.
pub(super) fn chunks(text: &str, chunking: Chunking) -> Vec<Chunk> {
    let most = chunking.chunk_units();
    let mut cutter = Cutter { chunking, open: Vec::new(), units: 0, chunks: Vec::new() };
    for (line, text) in (1..).zip(text.split('\n')) {
        for piece in pieces(text, most) {
            cutter.add(Segment { line, text: piece, units: units(piece).saturating_add(1) });
        }
    }
    cutter.flush();
    cutter.chunks
}

/// What is shown of a chunk: its first 700 units.
pub(super) fn snippet(text: &str) -> &str {
    prefix(text, SNIPPET_UNITS)
}

struct Cutter<'a> {
    chunking: Chunking,
    open: Vec<Segment<'a>>,
    units: usize,
    chunks: Vec<Chunk>,
}

impl<'a> Cutter<'a> {
    fn add(&mut self, segment: Segment<'a>) {
        if self.units + segment.units > self.chunking.chunk_units() && !self.open.is_empty() {
            self.flush();
            self.carry_over();
        }
        self.open.push(segment);
        self.units += segment.units;
    }

    fn flush(&mut self) {
        let (Some(first), Some(last)) = (self.open.first(), self.open.last()) else { return };
        if self.open.iter().all(|segment| is_blank(segment.text)) {
            return;
        }
        let text = self.open.iter().map(|segment| segment.text).collect::<Vec<_>>().join("\n");
        self.chunks.push(Chunk { first_line: first.line, last_line: last.line, text });
    }

    /// Leaves the last lines that together reach the overlap: at least one, unless none is wanted.
    fn carry_over(&mut self) {
        let wanted = self.chunking.overlap_units();
        let mut kept = self.open.len();
        let mut units = 0;
        while units < wanted && kept > 0 {
            kept -= 1;
            units += self.open[kept].units;
        }
        self.open.drain(..kept);
        self.units = units;
    }
}

/// A line in pieces of at most so many units; a blank one is one piece.
fn pieces(line: &str, most: usize) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        // A unit is at most three bytes, and a byte at most one unit.
        let piece = if line.len() <= most { line } else { prefix(line, most) };
        rest = Some(&line[piece.len()..]).filter(|rest| !rest.is_empty());
        Some(piece)
    })
}

/// The beginning of a text, at most so many units.
fn prefix(text: &str, most: usize) -> &str {
    let mut units = 0;
    for (at, character) in text.char_indices() {
        units += character.len_utf16();
        if units > most {
            return &text[..at];
        }
    }
    text
}

fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char::len_utf16).sum() }
}

/// White space as JavaScript's `trim` knows it: with the byte order mark.
fn is_blank(text: &str) -> bool {
    text.chars().all(|character| character.is_whitespace() || character == '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{Chunk, chunks, is_blank, pieces, prefix, snippet, units};
    use crate::weighted::options::Chunking;
    use proptest::prelude::*;

    /// First line, last line and text of the chunks of a text, cut to 32 units with so many tokens of overlap.
    fn cut(text: &str, overlap: u64) -> Vec<(u32, u32, String)> {
        let found = chunks(text, Chunking::new(8, overlap));
        found.into_iter().map(|Chunk { first_line, last_line, text }| (first_line, last_line, text)).collect()
    }

    #[test]
    fn chunks_are_cut_by_hand_in_the_same_way() {
        let ten = "0123456789";
        let long = "x".repeat(70);
        let x = |count: usize| "x".repeat(count);
        for (text, overlap, expected) in [
            // One line end too many is still one chunk; nothing is none.
            ("a", 0, vec![(1, 1, "a".to_owned())]),
            ("a\n", 0, vec![(1, 2, "a\n".to_owned())]),
            ("", 0, vec![]),
            ("\n \n\t\n", 2, vec![]),
            // 11 + 11 = 22, and 22 + 11 = 33 > 32.
            (&[ten; 3].join("\n"), 0, vec![(1, 2, format!("{ten}\n{ten}")), (3, 3, ten.to_owned())]),
            // 11 + 11 + 10 = 32 still fits.
            (
                &format!("{ten}\n{ten}\n{}", &ten[..9]),
                0,
                vec![(1, 3, format!("{ten}\n{ten}\n{}", &ten[..9]))],
            ),
            // An overlap of 4 units is one line of 11, one of 12 units two of them: 11 < 12 <= 22; then 22 + 11 > 32
            // again, so that each line makes a chunk with the two before it.
            (
                &[ten; 4].join("\n"),
                1,
                vec![
                    (1, 2, format!("{ten}\n{ten}")),
                    (2, 3, format!("{ten}\n{ten}")),
                    (3, 4, format!("{ten}\n{ten}")),
                ],
            ),
            (
                &[ten; 4].join("\n"),
                3,
                vec![
                    (1, 2, format!("{ten}\n{ten}")),
                    (1, 3, format!("{ten}\n{ten}\n{ten}")),
                    (2, 4, format!("{ten}\n{ten}\n{ten}")),
                ],
            ),
            // 70 = 32 + 32 + 6, all on line 1; a piece of 32 counts 33 and stands alone.
            (&long, 0, vec![(1, 1, x(32)), (1, 1, x(32)), (1, 1, x(6))]),
            // With an overlap the piece before comes along, joined as if it were a line of its own.
            (
                &long,
                1,
                vec![
                    (1, 1, x(32)),
                    (1, 1, format!("{}\n{}", x(32), x(32))),
                    (1, 1, format!("{}\n{}", x(32), x(6))),
                ],
            ),
            // Lines before a long one are flushed first.
            (&format!("a\n{long}"), 0, vec![(1, 1, "a".into()), (2, 2, x(32)), (2, 2, x(32)), (2, 2, x(6))]),
            // Blank chunks go, the numbers of the lines stay: lines 1 to 32 take 32 units.
            (&format!("{}end", "\n".repeat(40)), 0, vec![(33, 41, format!("{}end", "\n".repeat(8)))]),
            // A carriage return is part of its line.
            ("a\r\nb", 0, vec![(1, 2, "a\r\nb".to_owned())]),
            // An emoji is two units: 15 of them and a line end are 31, 16 are 33 and so alone.
            (
                &format!("{}\n{}\nz", "😀".repeat(15), "😀".repeat(16)),
                0,
                vec![(1, 1, "😀".repeat(15)), (2, 2, "😀".repeat(16)), (3, 3, "z".into())],
            ),
            // 31 units and an emoji that would lie across the cut.
            (&format!("{}😀", x(31)), 0, vec![(1, 1, x(31)), (1, 1, "😀".into())]),
        ] {
            assert_eq!(cut(text, overlap), expected, "{text:?} with an overlap of {overlap}");
        }
    }

    #[test]
    fn the_usual_chunk_has_1600_units_and_takes_320_along() {
        // 40 units with the line end: 40 lines are 1,600, and 8 of them 320.
        let text = vec!["0123456789".repeat(4)[..39].to_owned(); 100].join("\n");
        let found = chunks(&text, Chunking::default());
        let lines: Vec<(u32, u32)> = found.iter().map(|chunk| (chunk.first_line, chunk.last_line)).collect();
        assert_eq!(lines, [(1, 40), (33, 72), (65, 100)]);
        assert!(found[..2].iter().all(|chunk| units(&chunk.text) == 1599));
    }

    #[test]
    fn a_snippet_is_the_beginning_and_no_half_of_a_character() {
        assert_eq!(snippet("short"), "short");
        assert_eq!(snippet(&"x".repeat(900)).len(), 700);
        let wide = format!("{}😀rest", "x".repeat(699));
        assert_eq!(snippet(&wide), "x".repeat(699));
        assert_eq!(units(snippet(&"😀".repeat(500))), 700);
    }

    proptest! {
        #[test]
        fn every_line_is_in_a_chunk_and_neighbours_overlap_as_they_should(
            lines in proptest::collection::vec("[a-z😀ä ]{0,60}", 0..40),
            tokens in 1_u64..30,
            overlap in 0_u64..30,
        ) {
            let chunking = Chunking::new(tokens, overlap);
            let text = lines.join("\n");
            let lines: Vec<&str> = text.split('\n').collect();
            let found = chunks(&text, chunking);
            for (number, line) in (1..).zip(&lines).filter(|(_, line)| !is_blank(line)) {
                let holding = found.iter().filter(|chunk| (chunk.first_line..=chunk.last_line).contains(&number));
                let held: Vec<&str> = holding.flat_map(|chunk| chunk.text.split('\n')).collect();
                let all = pieces(line, chunking.chunk_units()).all(|piece| is_blank(piece) || held.contains(&piece));
                prop_assert!(all, "line {number} of {found:?}");
            }
            for chunk in &found {
                prop_assert!(!is_blank(&chunk.text));
                // What is taken along may exceed the overlap by most of one piece, and one new piece is always added.
                let most = chunking.chunk_units();
                let longest = if overlap == 0 { most } else { chunking.overlap_units() + 2 * most + 1 };
                prop_assert!(units(&chunk.text) <= longest.max(most), "{chunk:?}");
            }
            for pair in found.windows(2) {
                prop_assert!(pair[0].first_line <= pair[1].first_line && pair[0].last_line <= pair[1].last_line);
            }
        }

        #[test]
        fn pieces_make_the_line_again(line in "[a-zß😀漢]{0,80}", most in 2_usize..40) {
            let found: Vec<&str> = pieces(&line, most).collect();
            prop_assert_eq!(found.concat(), line.clone());
            for (at, piece) in found.iter().enumerate() {
                // A character of two units may leave one unit free.
                let is_last = at + 1 == found.len();
                prop_assert!(units(piece) <= most && (is_last || units(piece) + 1 >= most));
            }
            prop_assert_eq!(prefix(&line, 80 * 2), line.as_str());
        }
    }
}
