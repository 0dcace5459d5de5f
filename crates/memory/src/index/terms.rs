//! Which row holds which term.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::Index;
use crate::corpus::NoteId;
use crate::fault::IndexError;
use crate::postings::{RowId, Rows};

/// Rows that the beginning of a word may stand in before it says nothing.
const MAX_PREFIX_ROWS: i64 = 5_000;

pub(super) const SCHEMA: &str = "
    CREATE VIRTUAL TABLE IF NOT EXISTS mem_words
        USING fts5(terms, content='', contentless_delete=1, detail=none, tokenize='ascii');";
pub(super) const DROP: &str = "DROP TABLE IF EXISTS mem_words;";

impl Index {
    /// The rows that hold a term, of all generations, ascending.
    pub(crate) fn rows_with(&self, term: &str) -> Result<Arc<Rows>, IndexError> {
        if let Some(rows) = self.postings.borrow_mut().get(term) {
            return Ok(rows);
        }
        let mut query =
            self.db.prepare_cached("SELECT rowid FROM mem_words WHERE mem_words MATCH ?1 ORDER BY rowid")?;
        let rows = query.query_map([quoted(term)], |row| row.get(0).map(RowId::unpack))?;
        let rows: Arc<Rows> = Arc::new(rows.collect::<Result<_, _>>()?);
        self.postings.borrow_mut().insert(term, &rows);
        Ok(rows)
    }

    /// How large the memory is: what is remembered of words that were asked for grows with it.
    pub(crate) fn fit(&self, windows: usize) {
        self.postings.borrow_mut().fit(windows);
    }

    /// The rows that hold a term that begins like this, of all generations, ascending.
    pub(crate) fn rows_with_prefix(&self, start: &str) -> Result<Rows, IndexError> {
        let mut query = self
            .db
            .prepare_cached("SELECT rowid FROM mem_words WHERE mem_words MATCH ?1 ORDER BY rowid LIMIT ?2")?;
        let rows = query.query_map(params![format!("{}*", quoted(start)), MAX_PREFIX_ROWS], |row| {
            row.get(0).map(RowId::unpack)
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Enters the terms of a note's rows.
pub(super) fn insert(db: &Connection, note: NoteId, terms: &[Vec<String>]) -> Result<(), IndexError> {
    let mut insert = db.prepare_cached("INSERT INTO mem_words (rowid, terms) VALUES (?1, ?2)")?;
    for (row, terms) in terms.iter().enumerate().filter(|(_, terms)| !terms.is_empty()) {
        insert.execute(params![RowId::new(note, row).pack(), terms.join(" ")])?;
    }
    Ok(())
}

/// Deletes the terms of a note with so many rows.
pub(super) fn delete(db: &Connection, note: NoteId, rows: usize) -> Result<(), IndexError> {
    let (first, end) = (RowId::new(note, 0), RowId::new(note, rows));
    db.prepare_cached("DELETE FROM mem_words WHERE rowid >= ?1 AND rowid < ?2")?
        .execute(params![first.pack(), end.pack()])?;
    Ok(())
}

/// Writes all terms anew: those of a deleted note stay where they are until their part of the table is written.
pub(super) fn rewrite(db: &Connection) -> Result<(), IndexError> {
    db.execute("INSERT INTO mem_words (mem_words) VALUES ('optimize')", [])?;
    Ok(())
}

/// A term as an FTS5 string, whatever it holds: query syntax never comes from outside.
fn quoted(term: &str) -> String {
    format!("\"{}\"", term.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn terms_are_quoted() {
        assert_eq!(quoted("a\" OR b*"), "\"a\"\" OR b*\"");
    }
}
