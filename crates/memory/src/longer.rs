//! Longer words that begin or end with a word: compounds of German, Dutch and the Nordic languages, see
//! [`crate::words::backwards`].

use rusqlite::params;

use crate::index::{Index, IndexError};
use crate::postings::{RowId, Rows};
use crate::words::{Concept, backwards, heads_of, is_longer, mark, tails_of};

/// The terms of the index, in order. It is of one connection alone and holds nothing.
pub(crate) const SCHEMA: &str =
    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.mem_terms USING fts5vocab('main', 'mem_words', 'row');";
/// Terms with one beginning that are looked at: what more words have in common says little about any of them.
const MAX_SCANNED: usize = 128;
/// Longer words whose rows are taken, the shortest first: they say the least beside the word.
const MAX_WORDS: usize = 32;

impl Index {
    /// The rows that hold longer words with this one at their beginning or end, of all generations; at most so many. A longer
    /// word that stands in too many rows is passed over.
    pub(crate) fn rows_with_longer(&self, concept: &Concept, most: usize) -> Result<Rows, IndexError> {
        // Without such words, as in a memory in English, that is all.
        if self.terms_behind(&mark(), 1)?.is_empty() {
            return Ok(Rows::default());
        }
        let mut terms: Vec<String> = Vec::new();
        for head in heads_of(concept) {
            let longer = self.terms_behind(&head, MAX_SCANNED + 1)?;
            terms.extend(few(longer).filter(|term| is_longer(term, &head)).map(|term| backwards(&term)));
        }
        for tail in tails_of(concept) {
            let start = backwards(&tail);
            let longer = self.terms_behind(&start, MAX_SCANNED + 1)?;
            terms.extend(few(longer).filter(|term| is_longer(term.trim_start_matches(&mark()), &tail)));
        }
        terms.sort_unstable_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        terms.dedup();
        let mut found: Vec<RowId> = Vec::new();
        let mut words = 0;
        for term in &terms {
            // Most of what a word begins is no compound, and stands nowhere backwards.
            let rows = self.rows_with(term)?;
            if !rows.is_empty() && rows.len() <= most - found.len() {
                words += 1;
                found.extend(rows.iter());
            }
            if words == MAX_WORDS || found.len() >= most {
                break;
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found.into_iter().collect())
    }

    /// The terms that go on behind a beginning with a plain letter, in order.
    fn terms_behind(&self, start: &str, most: usize) -> Result<Vec<String>, IndexError> {
        let mut query = self
            .db
            .prepare_cached("SELECT term FROM temp.mem_terms WHERE term >= ?1 AND term < ?2 LIMIT ?3")?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows =
            query.query_map(params![format!("{start}a"), format!("{start}{{"), most], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The terms, unless they are so many that not all were looked at.
fn few(terms: Vec<String>) -> impl Iterator<Item = String> {
    let is_few = terms.len() <= MAX_SCANNED;
    terms.into_iter().filter(move |_| is_few)
}
