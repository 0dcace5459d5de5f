//! What happens to the bytes of a file.

use crate::random::Random;

/// One damage, with all that is needed to do it again.
#[derive(Debug, Clone)]
pub(crate) enum Mutation {
    Flip { at: usize, with: u8 },
    Truncate { at: usize },
    Duplicate { line: usize, before: usize },
    Nul { at: usize, bytes: usize },
    NulTail { bytes: usize },
    DropLine { line: usize },
    Garbage { at: usize, bytes: Vec<u8> },
    Swap { one: usize, other: usize },
}

impl Mutation {
    pub(crate) fn random(random: &mut Random, bytes: &[u8]) -> Self {
        let lines = bytes.iter().filter(|&&b| b == b'\n').count() + 1;
        let at = random.below(bytes.len());
        match random.below(9) {
            0 | 1 => Self::Flip { at, with: 1 << random.below(8) },
            2 => Self::Truncate { at },
            3 => Self::Duplicate { line: random.below(lines), before: random.below(lines) },
            4 => Self::Nul { at, bytes: 1 + random.below(600) },
            5 => Self::NulTail { bytes: 1 + random.below(5_000) },
            6 => Self::DropLine { line: random.below(lines) },
            7 => {
                let count = 1 + random.below(40);
                Self::Garbage { at, bytes: (0..count).map(|_| random.next() as u8).collect() }
            }
            _ => {
                let one = random.below(lines);
                let near = random.chance(50);
                Self::Swap { one, other: if near { one + 1 } else { random.below(lines) } }
            }
        }
    }

    pub(crate) fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Flip { at, with } => bytes.iter_mut().skip(*at).take(1).for_each(|byte| *byte ^= with),
            Self::Truncate { at } => bytes.truncate(*at),
            Self::Nul { at, bytes: count } => {
                bytes.iter_mut().skip(*at).take(*count).for_each(|byte| *byte = 0);
            }
            Self::NulTail { bytes: count } => bytes.extend(std::iter::repeat_n(0, *count)),
            Self::Garbage { at, bytes: garbage } => {
                let at = (*at).min(bytes.len());
                bytes.splice(at..at, garbage.iter().copied());
            }
            Self::Duplicate { .. } | Self::DropLine { .. } | Self::Swap { .. } => {
                let mut lines: Vec<Vec<u8>> = lines_of(bytes).map(<[u8]>::to_vec).collect();
                self.apply_to_lines(&mut lines);
                *bytes = lines.concat();
            }
        }
    }

    fn apply_to_lines(&self, lines: &mut Vec<Vec<u8>>) {
        let count = lines.len();
        match self {
            Self::Duplicate { line, before } if *line < count => {
                let copy = lines[*line].clone();
                lines.insert((*before).min(count), copy);
            }
            Self::DropLine { line } if *line < count => drop(lines.remove(*line)),
            Self::Swap { one, other } if *one < count && *other < count => lines.swap(*one, *other),
            Self::Flip { .. }
            | Self::Truncate { .. }
            | Self::Duplicate { .. }
            | Self::Nul { .. }
            | Self::NulTail { .. }
            | Self::DropLine { .. }
            | Self::Garbage { .. }
            | Self::Swap { .. } => {}
        }
    }
}

pub(crate) fn lines_of(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|&b| b == b'\n')
}
