//! The texts of notes, each judged by its sums before it is shown.

use std::ops::Range;

use rusqlite::{OptionalExtension as _, params};

use super::Index;
use super::seal::{BLOCK, SUM, sums};
use crate::backend::Source;
use crate::corpus::NoteId;
use crate::fault::IndexError;

/// A text whose bytes are those that were stored.
fn whole(text: Vec<u8>, own: &[u8]) -> Option<String> {
    String::from_utf8(text).ok().filter(|text| sums(text.as_bytes()) == own)
}

impl Index {
    /// A piece of a note's text, given in bytes.
    pub(crate) fn excerpt(&self, note: NoteId, bytes: Range<u32>) -> Result<String, IndexError> {
        let (first, end) = (bytes.start / BLOCK, bytes.end.div_ceil(BLOCK));
        let blocks = end.saturating_sub(first);
        let mut query = self.db.prepare_cached(
            "SELECT substr(text, ?2, ?3), substr(sums, ?4, ?5) FROM mem_notes WHERE id = ?1",
        )?;
        let range = params![note.0, first * BLOCK + 1, blocks * BLOCK, first * SUM + 1, blocks * SUM];
        let found = query.query_row(range, |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?)));
        let Some((text, own)) = found.optional()? else { return Err(IndexError::Gone { note: note.0 }) };
        let start = first * BLOCK;
        let piece = text.get((bytes.start - start) as usize..bytes.end.saturating_sub(start) as usize);
        let piece = piece.filter(|_| sums(&text) == own).and_then(|piece| std::str::from_utf8(piece).ok());
        piece.map(str::to_owned).ok_or_else(|| IndexError::Rows { path: format!("note {}", note.0) })
    }

    /// The text of a note as it was indexed.
    pub(crate) fn text(&self, id: NoteId) -> Result<String, IndexError> {
        let mut query = self.db.prepare_cached("SELECT text, sums FROM mem_notes WHERE id = ?1")?;
        let found = query.query_row([id.0], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)));
        let Some((text, own)) = found.optional()? else { return Err(IndexError::Gone { note: id.0 }) };
        whole(text, &own).ok_or_else(|| IndexError::Rows { path: format!("note {}", id.0) })
    }

    /// The text of a published note, as it was indexed.
    pub(crate) fn text_of(&self, source: Source, path: &str) -> Result<Option<String>, IndexError> {
        let mut query = self.db.prepare_cached(
            "SELECT text, sums FROM mem_notes WHERE generation = ?1 AND source = ?2 AND path = ?3",
        )?;
        let key = params![self.published().number(), source.as_str(), path];
        let found = query.query_row(key, |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)));
        let Some((text, own)) = found.optional()? else { return Ok(None) };
        whole(text, &own).map(Some).ok_or_else(|| IndexError::Rows { path: path.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::sums;
    use crate::backend::Source;
    use crate::index::tests::note;
    use crate::index::{Index, IndexError};

    #[test]
    fn a_piece_is_what_was_stored_or_damage() {
        let text = (0..400).map(|line| format!("line {line} is here\n")).collect::<String>();
        let mut index = Index::in_memory().unwrap();
        let (_, id, _) = index.put(index.published(), &note("a.md", &text)).unwrap();
        let end = u32::try_from(text.len()).unwrap();
        for (from, to) in
            [(0, 0), (0, 10), (1000, 1030), (1023, 1025), (1024, 2048), (end - 5, end), (0, end)]
        {
            assert_eq!(index.excerpt(id, from..to).unwrap(), text[from as usize..to as usize], "{from} {to}");
        }
        assert!(index.excerpt(id, end..end + 1).unwrap_err().is_damage());
        assert_eq!(index.text(id).unwrap(), text);
        let change =
            "UPDATE mem_notes SET text = CAST(replace(CAST(text AS TEXT), 'line 100 ', 'line 500 ') AS BLOB)";
        index.db.execute(change, []).unwrap();
        let changed = u32::try_from(text.find("line 100 ").unwrap()).unwrap();
        assert!(index.excerpt(id, changed..changed + 4).unwrap_err().is_damage());
        assert!(index.excerpt(id, 0..10).is_ok(), "the other blocks are whole");
        assert!(index.text(id).unwrap_err().is_damage());
        assert!(index.text_of(Source::Memory, "a.md").unwrap_err().is_damage());
        index.db.execute("DELETE FROM mem_notes", []).unwrap();
        let gone = [index.text(id).unwrap_err(), index.excerpt(id, 0..1).unwrap_err()];
        for error in gone {
            assert!(matches!(error, IndexError::Gone { .. }) && !error.is_damage() && error.is_outdated());
        }
        assert_eq!((sums(b"").len(), sums(&[0; 1024]).len(), sums(&[0; 1025]).len()), (0, 8, 16));
    }
}
