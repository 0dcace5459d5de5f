//! The two files that are compiled in, and how they are read.

use std::error::Error;
use std::fmt;

/// The digest of the weights' file, as `tools/encoder-data.py` prints it.
pub const MODEL_SHA256: &str = "6455860bbd5004ef601b51121cbfe21379f1101e676fa0e812b500b6fdeb470a";

/// Vector instructions load 64 bytes; those that lie on such a boundary load faster.
#[repr(C, align(64))]
struct Aligned<T: ?Sized>(T);

static MODEL_FILE: &Aligned<[u8]> = &Aligned(*include_bytes!("../data/all-MiniLM-L6-v2.int8"));

/// The weights, laid out as `tools/encoder-data.py` says.
#[must_use]
pub fn model_file() -> &'static [u8] {
    &MODEL_FILE.0
}

/// What BERT's normaliser does with characters, laid out as `tools/encoder-characters.py` says.
pub(crate) static CHARACTERS_FILE: &[u8] = include_bytes!("../data/characters.bin");

/// The compiled-in model cannot be used: the program was built from a damaged file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataError {
    /// The file begins differently.
    NotAModel,
    /// The file is of another version or shape than this program reads.
    OtherShape,
    /// The file ends too early, or holds a number that cannot be right, at this byte.
    Damaged(usize),
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let again = "build the program again from an undamaged copy of its source";
        match self {
            Self::NotAModel => write!(f, "the built-in model is no model file; {again}"),
            Self::OtherShape => write!(f, "the built-in model is of another version; {again}"),
            Self::Damaged(at) => write!(f, "the built-in model is damaged at byte {at}; {again}"),
        }
    }
}

impl Error for DataError {}

/// Reads sections one after the other.
pub(crate) struct Reader {
    data: &'static [u8],
    at: usize,
}

impl Reader {
    pub(crate) fn new(data: &'static [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// The next bytes, wherever they begin.
    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'static [u8], DataError> {
        let end = self.at.checked_add(count).ok_or(DataError::Damaged(self.at))?;
        let found = self.data.get(self.at..end).ok_or(DataError::Damaged(self.at))?;
        self.at = end;
        Ok(found)
    }

    /// The next section: it begins on a multiple of 64.
    pub(crate) fn section(&mut self, bytes: usize) -> Result<&'static [u8], DataError> {
        self.at = self.at.next_multiple_of(64);
        self.bytes(bytes)
    }

    /// A section of f32.
    pub(crate) fn floats(&mut self, count: usize) -> Result<Vec<f32>, DataError> {
        let (numbers, _) = self.section(4 * count)?.as_chunks();
        let numbers: Vec<f32> = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if numbers.iter().all(|number| number.is_finite()) { Ok(numbers) } else { Err(self.damaged()) }
    }

    /// A section of i32.
    pub(crate) fn integers(&mut self, count: usize) -> Result<Vec<i32>, DataError> {
        let (numbers, _) = self.section(4 * count)?.as_chunks();
        Ok(numbers.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect())
    }

    /// A number outside of sections.
    pub(crate) fn number(&mut self) -> Result<usize, DataError> {
        let (numbers, _) = self.bytes(4)?.as_chunks();
        Ok(numbers.first().map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize))
    }

    /// That something read here makes no sense.
    pub(crate) fn damaged(&self) -> DataError {
        DataError::Damaged(self.at)
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at == self.data.len()
    }
}

/// The number at an index of a table of u32; 0 behind its end.
pub(crate) fn u32_at(table: &[u8], index: usize) -> u32 {
    table.as_chunks().0.get(index).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}
