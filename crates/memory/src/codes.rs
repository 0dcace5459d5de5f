//! Vectors in eight bits a number, as the index file keeps them.

use openclaw_embed::Vector;
use openclaw_encoder::Kernels;

/// What a code of 1 stands for at most: no number of a vector of length 1 is larger than that, but for rounding. More is
/// a byte that has changed on the disk, and would make every cosine infinite.
const MAX_SCALE: f32 = 1.001 / 127.0;

/// The vectors of a note's passages: eight bits a number and one scale a vector, which keeps .994 of the ten nearest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Codes {
    dimensions: usize,
    codes: Vec<i8>,
    /// What a code of 1 stands for; 0 for a passage that is not embedded.
    scales: Vec<f32>,
}

impl Codes {
    /// No passage is embedded.
    pub(crate) fn empty(passages: usize) -> Self {
        Self { dimensions: 0, codes: Vec::new(), scales: vec![0.0; passages] }
    }

    pub(crate) fn len(&self) -> usize {
        self.scales.len()
    }

    pub(crate) fn has(&self, passage: usize) -> bool {
        self.scales.get(passage).is_some_and(|scale| *scale > 0.0)
    }

    /// Enters a vector of [`encode_vector`]; one of other dimensions than those before is left out.
    pub(crate) fn set(&mut self, passage: usize, encoded: &[u8]) -> bool {
        let Some((codes, scale)) = decode_vector(encoded) else { return false };
        if self.dimensions == 0 {
            self.dimensions = codes.len();
            self.codes = vec![0; codes.len() * self.scales.len()];
        }
        let fits = passage < self.scales.len() && codes.len() == self.dimensions;
        if fits {
            let start = passage * self.dimensions;
            self.codes[start..start + self.dimensions].copy_from_slice(&codes);
            self.scales[passage] = scale;
        }
        fits
    }

    /// The vector of a passage as codes, and what a code of 1 stands for.
    pub(crate) fn get(&self, passage: usize) -> Option<(&[i8], f32)> {
        let scale = *self.scales.get(passage).filter(|scale| **scale > 0.0)?;
        let vector = self.codes.get(passage * self.dimensions..(passage + 1) * self.dimensions)?;
        Some((vector, scale))
    }

    /// Numbers of a vector; 0 when there is none.
    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// As the index stores them: the number of dimensions as `u32`, then scales as `f32`, then codes; little-endian.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = u32::try_from(self.dimensions).unwrap_or(0).to_le_bytes().to_vec();
        bytes.extend(self.scales.iter().flat_map(|scale| scale.to_le_bytes()));
        bytes.extend(self.codes.iter().map(|code| code.to_le_bytes()[0]));
        bytes
    }

    /// The inverse of [`Codes::to_bytes`]; `None` when the bytes are not those of so many passages.
    pub(crate) fn from_bytes(bytes: &[u8], passages: usize) -> Option<Self> {
        let Stored { dimensions, scales, codes } = Stored::of(bytes, passages)?;
        let scales = scales.iter().copied().map(f32::from_le_bytes).collect();
        Some(Self { dimensions, codes: signed(codes).collect(), scales })
    }
}

/// The same as the index stores it, and not copied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored<'a> {
    pub(crate) dimensions: usize,
    /// As little-endian `f32`, one for each passage.
    pub(crate) scales: &'a [[u8; 4]],
    pub(crate) codes: &'a [u8],
}

impl<'a> Stored<'a> {
    /// Reads what [`Codes::to_bytes`] has made of so many passages.
    pub(crate) fn of(bytes: &'a [u8], passages: usize) -> Option<Self> {
        let (dimensions, rest) = bytes.split_first_chunk::<4>()?;
        let dimensions = u32::from_le_bytes(*dimensions) as usize;
        let (scales, codes) = rest.split_at_checked(passages * 4)?;
        let scales = scales.as_chunks::<4>().0;
        let sane = codes.len() == dimensions * passages
            && scales.iter().all(|scale| (0.0..=MAX_SCALE).contains(&f32::from_le_bytes(*scale)));
        sane.then_some(Self { dimensions, scales, codes })
    }
}

/// Codes as they are stored.
pub(crate) fn signed(bytes: &[u8]) -> impl Iterator<Item = i8> {
    bytes.iter().map(|byte| i8::from_le_bytes([*byte]))
}

/// A vector in eight bits a number: the scale as little-endian `f32`, then the codes.
pub(crate) fn encode_vector(vector: &Vector) -> Vec<u8> {
    let (codes, scale) = quantize(vector.as_slice());
    let mut bytes = scale.to_le_bytes().to_vec();
    bytes.extend(codes.iter().map(|code| code.to_le_bytes()[0]));
    bytes
}

/// The inverse of [`encode_vector`]: the codes and their scale.
pub(crate) fn decode_vector(bytes: &[u8]) -> Option<(Vec<i8>, f32)> {
    let (scale, codes) = bytes.split_first_chunk::<4>()?;
    let scale = f32::from_le_bytes(*scale);
    let sane = scale > 0.0 && scale <= MAX_SCALE && !codes.is_empty();
    sane.then(|| (signed(codes).collect(), scale))
}

/// A query's vector, to be compared.
pub(crate) struct QueryCodes {
    pub(crate) codes: Vec<i8>,
    /// What a code of 1 stands for.
    pub(crate) scale: f32,
    pub(crate) kernels: Kernels,
}

impl QueryCodes {
    pub(crate) fn of(query: &Vector) -> Self {
        let (codes, scale) = quantize(query.as_slice());
        Self { codes, scale, kernels: Kernels::best() }
    }

    /// The cosines with the vectors of a note, passage by passage; none for a passage that is not embedded.
    pub(crate) fn cosines(&self, of: &Codes) -> impl Iterator<Item = Option<f32>> {
        let mut sums = vec![0; of.len()];
        if of.dimensions == self.codes.len() {
            self.kernels.dots(&self.codes, &of.codes, &mut sums);
        }
        let scales = of.scales.clone();
        let cosine = move |(sum, scale): (i32, f32)| (scale > 0.0).then_some(sum as f32 * self.scale * scale);
        sums.into_iter().zip(scales).map(cosine)
    }
}

/// The signs of a vector, one bit each, in whole words: whether a number is above 0.
pub(crate) fn signs_of(codes: &[i8]) -> Vec<u64> {
    let word = |codes: &[i8]| {
        let eight = |codes: &[i8]| {
            let mut bytes = [0; 8];
            bytes.iter_mut().zip(codes).for_each(|(byte, code)| *byte = u8::from(*code > 0));
            // Moves the lowest bit of each byte to the highest byte, side by side.
            u64::from_le_bytes(bytes).wrapping_mul(0x0102_0408_1020_4080) >> 56
        };
        codes.chunks(8).rev().fold(0, |word, codes| word << 8 | eight(codes))
    };
    codes.chunks(64).map(word).collect()
}

fn quantize(vector: &[f32]) -> (Vec<i8>, f32) {
    let largest = vector.iter().fold(0.0_f32, |most, number| most.max(number.abs()));
    let scale = if largest > 0.0 { largest / f32::from(i8::MAX) } else { 1.0 };
    (vector.iter().map(|number| (number / scale).round() as i8).collect(), scale)
}

#[cfg(test)]
mod tests {
    use super::{Codes, QueryCodes, decode_vector, encode_vector, signs_of};
    use openclaw_embed::Vector;
    use proptest::prelude::*;

    #[test]
    fn a_scale_that_no_vector_has_is_damage() {
        // The largest number there can be: all of the vector's length.
        let vector = Vector::normalized(vec![0.0, -3.0, 0.0]).unwrap();
        let encoded = encode_vector(&vector);
        assert!(decode_vector(&encoded).is_some());
        let mut codes = Codes::empty(2);
        assert!(codes.set(0, &encoded));
        let bytes = codes.to_bytes();
        assert!(Codes::from_bytes(&bytes, 2).is_some());
        for scale in [1e38_f32, 0.01, f32::INFINITY, f32::NAN, -0.001] {
            let mut flipped = encoded.clone();
            flipped[..4].copy_from_slice(&scale.to_le_bytes());
            assert_eq!(decode_vector(&flipped), None, "{scale}");
            assert!(!Codes::empty(1).set(0, &flipped), "{scale}");
            let mut flipped = bytes.clone();
            flipped[4..8].copy_from_slice(&scale.to_le_bytes());
            assert_eq!(Codes::from_bytes(&flipped, 2), None, "{scale}");
        }
    }

    proptest! {
        #[test]
        fn codes_keep_the_angle(a in proptest::collection::vec(-1_f32..1.0, 384), b in proptest::collection::vec(-1_f32..1.0, 384)) {
            let (Some(a), Some(b)) = (Vector::normalized(a), Vector::normalized(b)) else { return Ok(()) };
            let exact: f32 = a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| a * b).sum();
            let mut codes = Codes::empty(2);
            prop_assert!(codes.set(1, &encode_vector(&b)));
            let cosines: Vec<_> = QueryCodes::of(&a).cosines(&codes).collect();
            prop_assert_eq!((codes.get(0), cosines.len(), cosines[0]), (None, 2, None));
            prop_assert!(cosines[1].is_some_and(|cosine| (cosine - exact).abs() < 0.01));
            prop_assert_eq!(Codes::from_bytes(&codes.to_bytes(), 2), Some(codes));
        }

        #[test]
        fn a_bit_says_whether_a_number_is_above_zero(codes in proptest::collection::vec(any::<i8>(), 0..200)) {
            let signs = signs_of(&codes);
            prop_assert_eq!(signs.len(), codes.len().div_ceil(64));
            for at in 0..signs.len() * 64 {
                prop_assert_eq!(signs[at / 64] >> (at % 64) & 1 == 1, codes.get(at).is_some_and(|code| *code > 0));
            }
        }

        #[test]
        fn bytes_from_anywhere_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..64), passages in 0_usize..4) {
            if let Some(codes) = Codes::from_bytes(&bytes, passages) {
                prop_assert_eq!(codes.len(), passages);
            }
            prop_assert!(!Codes::empty(1).set(0, &bytes) || bytes.len() > 4);
        }
    }
}
