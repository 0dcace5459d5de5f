//! The weights, found in the file. Matrices stay where they are; small tables are read into memory.

use crate::data::{DataError, Reader};
use crate::kernels::{Activation, Linear, Norm};
use crate::pieces::Pieces;

/// How wide a vector is, inside as well as outside.
pub(crate) const WIDTH: usize = 384;
/// How wide the inner layers are.
pub(crate) const INNER: usize = 1536;
/// Heads of attention.
pub(crate) const HEADS: usize = 12;
/// How many places of a text have an embedding of their own.
pub(crate) const POSITIONS: usize = 256;
const LAYERS: usize = 6;
const MAGIC: &[u8] = b"openclaw encoder";
const VERSION: usize = 1;

pub(crate) struct Model {
    pub(crate) pieces: Pieces,
    pub(crate) embedding: Embedding,
    pub(crate) layers: Vec<Layer>,
}

/// Rows of pieces of words and of places.
pub(crate) struct Embedding {
    words: &'static [[u8; WIDTH]],
    scales: &'static [[u8; 4]],
    positions: &'static [[u8; 4 * WIDTH]],
    pub(crate) norm: Norm,
}

pub(crate) struct Layer {
    pub(crate) qkv: Linear,
    pub(crate) mixed: Linear,
    pub(crate) mixed_norm: Norm,
    pub(crate) up: Linear,
    pub(crate) down: Linear,
    pub(crate) down_norm: Norm,
}

impl Model {
    pub(crate) fn read(file: &'static [u8]) -> Result<Self, DataError> {
        let mut reader = Reader::new(file);
        if reader.bytes(MAGIC.len())? != MAGIC {
            return Err(DataError::NotAModel);
        }
        let mut header = [0; 10];
        for field in &mut header {
            *field = reader.number()?;
        }
        let [version, vocabulary, width, layers, heads, inner, positions, begin, go_on, text] = header;
        let shape = [version, width, layers, heads, inner, positions];
        if shape != [VERSION, WIDTH, LAYERS, HEADS, INNER, POSITIONS]
            || begin.checked_add(go_on) != Some(vocabulary)
        {
            return Err(DataError::OtherShape);
        }
        let pieces = Pieces::read(&mut reader, [begin, go_on, text])?;
        let embedding = Embedding::read(&mut reader, vocabulary)?;
        let layers = (0..LAYERS).map(|_| Layer::read(&mut reader)).collect::<Result<_, _>>()?;
        if reader.is_at_end() { Ok(Self { pieces, embedding, layers }) } else { Err(reader.damaged()) }
    }
}

impl Embedding {
    fn read(reader: &mut Reader, vocabulary: usize) -> Result<Self, DataError> {
        let (words, _) = reader.section(vocabulary * WIDTH)?.as_chunks();
        let (scales, _) = reader.section(vocabulary * 4)?.as_chunks();
        let (positions, _) = reader.section(POSITIONS * WIDTH * 4)?.as_chunks();
        Ok(Self { words, scales, positions, norm: norm(reader)? })
    }

    /// Writes the sum of a piece's row and its place's row.
    pub(crate) fn write(&self, id: u16, place: usize, row: &mut [f32]) {
        let index = usize::from(id);
        let (Some(word), Some(scale), Some(place)) =
            (self.words.get(index), self.scales.get(index), self.positions.get(place))
        else {
            // Ids come from the file's own table and places are counted to its end.
            row.fill(0.0);
            return;
        };
        let scale = f32::from_le_bytes(*scale);
        for ((number, word), place) in row.iter_mut().zip(word).zip(place.as_chunks().0) {
            *number = f32::from(word.cast_signed()) * scale + f32::from_le_bytes(*place);
        }
    }
}

impl Layer {
    fn read(reader: &mut Reader) -> Result<Self, DataError> {
        Ok(Self {
            qkv: linear(reader, WIDTH, 3 * WIDTH, Activation::None)?,
            mixed: linear(reader, WIDTH, WIDTH, Activation::None)?,
            mixed_norm: norm(reader)?,
            up: linear(reader, WIDTH, INNER, Activation::Gelu)?,
            down: linear(reader, INNER, WIDTH, Activation::None)?,
            down_norm: norm(reader)?,
        })
    }
}

fn norm(reader: &mut Reader) -> Result<Norm, DataError> {
    Ok(Norm { factors: reader.floats(WIDTH)?, offsets: reader.floats(WIDTH)? })
}

fn linear(
    reader: &mut Reader,
    columns: usize,
    rows: usize,
    activation: Activation,
) -> Result<Linear, DataError> {
    Ok(Linear {
        balance: reader.floats(columns)?,
        weights: reader.section(columns * rows)?,
        scales: reader.floats(rows)?,
        weight_sums: reader.integers(rows)?,
        biases: reader.floats(rows)?,
        activation,
    })
}
