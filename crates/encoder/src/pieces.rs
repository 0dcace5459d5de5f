//! The vocabulary: pieces of words, sorted, so that they are found where they lie in the file.

use std::cmp::Ordering;

use crate::data::{DataError, Reader, u32_at};

pub(crate) struct Pieces {
    begin: Table,
    go_on: Table,
    text: &'static [u8],
    pub(crate) unknown: u16,
    pub(crate) first: u16,
    pub(crate) last: u16,
}

/// Pieces of one kind, sorted by bytes.
struct Table {
    /// Where the first one begins.
    start: u32,
    ends: &'static [u8],
    ids: &'static [[u8; 2]],
    /// Bytes of the longest one: nothing longer need be looked up.
    longest: usize,
}

/// Where in a word a piece lies.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    Begin,
    Inside,
}

impl Pieces {
    /// Reads the tables; `counts` are those that begin a word, those that continue one, and the bytes of all.
    pub(crate) fn read(reader: &mut Reader, counts: [usize; 3]) -> Result<Self, DataError> {
        let [begin, go_on, bytes] = counts;
        let ends = reader.section(4 * (begin + go_on))?;
        let ids = reader.section(2 * (begin + go_on))?.as_chunks().0;
        let text = reader.section(bytes)?;
        let middle = if begin == 0 { 0 } else { u32_at(ends, begin - 1) };
        let (begin_ends, go_on_ends) = ends.split_at(4 * begin);
        let (begin_ids, go_on_ids) = ids.split_at(begin);
        let mut pieces = Self {
            begin: Table::new(0, begin_ends, begin_ids),
            go_on: Table::new(middle, go_on_ends, go_on_ids),
            text,
            unknown: 0,
            first: 0,
            last: 0,
        };
        for (name, place) in [("[UNK]", 0), ("[CLS]", 1), ("[SEP]", 2)] {
            let id = pieces.id(Place::Begin, name.as_bytes()).ok_or(reader.damaged())?;
            *[&mut pieces.unknown, &mut pieces.first, &mut pieces.last][place] = id;
        }
        Ok(pieces)
    }

    fn table(&self, place: Place) -> &Table {
        match place {
            Place::Begin => &self.begin,
            Place::Inside => &self.go_on,
        }
    }

    /// The piece with exactly these bytes.
    fn id(&self, place: Place, piece: &[u8]) -> Option<u16> {
        let table = self.table(place);
        let (mut low, mut high) = (0, table.ids.len());
        while low < high {
            let middle = low.midpoint(high);
            match table.piece(self.text, middle).cmp(piece) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return table.ids.get(middle).map(|id| u16::from_le_bytes(*id)),
            }
        }
        None
    }

    /// The longest piece that text begins with, and how many bytes it has.
    pub(crate) fn longest(&self, place: Place, text: &str) -> Option<(u16, usize)> {
        let mut end = text.len().min(self.table(place).longest);
        while end > 0 {
            if let Some(piece) = text.get(..end)
                && let Some(id) = self.id(place, piece.as_bytes())
            {
                return Some((id, end));
            }
            end -= 1;
        }
        None
    }
}

impl Table {
    fn new(start: u32, ends: &'static [u8], ids: &'static [[u8; 2]]) -> Self {
        let (mut longest, mut from) = (0, start);
        for end in ends.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)) {
            longest = longest.max(end.saturating_sub(from));
            from = end;
        }
        Self { start, ends, ids, longest: longest as usize }
    }

    fn piece(&self, text: &'static [u8], index: usize) -> &'static [u8] {
        let from = if index == 0 { self.start } else { u32_at(self.ends, index - 1) };
        text.get(from as usize..u32_at(self.ends, index) as usize).unwrap_or_default()
    }
}
