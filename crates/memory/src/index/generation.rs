//! Generations of notes: one is searched, another may be filled, and what is left of others goes.

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use super::records::delete_parts;
use super::{Index, counted};
use crate::corpus::NoteId;
use crate::fault::IndexError;
use crate::lock::Lock;
use crate::unread;

/// Rows of notes that nobody searches any more are deleted so many at a time, between which requests are answered.
const SWEEP_ROWS: usize = 1_000;

/// One row.
pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS mem_meta (
        version INTEGER NOT NULL,
        published INTEGER NOT NULL,
        filling INTEGER,
        newest INTEGER NOT NULL
    );";
pub(super) const DROP: &str = "DROP TABLE IF EXISTS mem_meta;";

/// Notes that belong together: one sees either all of a rebuild or none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generation(i64);

impl Generation {
    /// Of an index that was not read yet.
    pub(super) const NONE: Self = Self(0);

    /// As the tables have it.
    pub(crate) fn number(self) -> i64 {
        self.0
    }
}

impl Index {
    /// The generation that is searched.
    pub(crate) fn published(&self) -> Generation {
        self.published
    }

    /// Takes in what another process has written; tells whether it has published a generation.
    pub(crate) fn refresh(&mut self) -> Result<bool, IndexError> {
        self.postings.get_mut().clear();
        let published =
            self.db.query_row("SELECT published FROM mem_meta", [], |row| row.get(0)).optional()?;
        // Written with the tables, and never deleted.
        let Some(published) = published else { return Err(IndexError::Rows { path: "mem_meta".into() }) };
        let changed = Generation(published) != self.published;
        self.published = Generation(published);
        Ok(changed)
    }

    /// Begins a generation. What is left of one that was never published goes, and whoever still fills it is told so:
    /// the one that began last is published.
    pub(crate) fn begin_rebuild(&mut self) -> Result<Generation, IndexError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let update =
            "UPDATE mem_meta SET newest = max(newest, published) + 1, filling = max(newest, published) + 1
             RETURNING published, newest";
        let (published, newest) =
            tx.query_row(update, [], |row| Ok((Generation(row.get(0)?), Generation(row.get(1)?))))?;
        delete_all_but(&tx, published)?;
        tx.commit()?;
        self.postings.get_mut().clear();
        Ok(newest)
    }

    /// Makes a generation the one that is searched. The one before is left to [`Index::sweep`].
    pub(crate) fn publish(&mut self, generation: Generation) -> Result<(), IndexError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let update = "UPDATE mem_meta SET published = ?1, filling = NULL WHERE filling = ?1";
        if tx.execute(update, [generation.0])? == 0 {
            return Err(IndexError::Superseded);
        }
        tx.commit()?;
        self.postings.get_mut().clear();
        self.published = generation;
        Ok(())
    }

    /// Gives up a generation; [`Index::sweep`] deletes it.
    pub(crate) fn abandon(&mut self, generation: Generation) -> Result<(), IndexError> {
        self.db.execute("UPDATE mem_meta SET filling = NULL WHERE filling = ?1", [generation.0])?;
        Ok(())
    }

    /// Deletes some of what is not searched and never will be: notes of generations before the published one, and of one
    /// whose process was killed while it filled it. Gives how many notes; none at the end.
    pub(crate) fn sweep(&mut self) -> Result<usize, IndexError> {
        let known = meta(&self.db)?;
        // Before the look at what is filled: whoever begins to fill has a lock first.
        let file = self.file.as_deref().filter(|_| known.1.is_some());
        let alone = file.map(Lock::abandoned).transpose()?.flatten();
        if alone.is_none() && dead(&self.db, known, 1)?.is_empty() {
            return Ok(0);
        }
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if alone.is_some() {
            tx.execute("UPDATE mem_meta SET filling = NULL WHERE filling IS NOT NULL", [])?;
        }
        let meta = meta(&tx)?;
        let notes = dead(&tx, meta, SWEEP_ROWS)?;
        for (id, rows) in &notes {
            tx.prepare_cached("DELETE FROM mem_notes WHERE id = ?1")?.execute([id.0])?;
            delete_parts(&tx, *id, *rows)?;
        }
        unread::delete_dead(&tx, meta.0.0, meta.1.unwrap_or(meta.0).0)?;
        tx.commit()?;
        for (id, _) in &notes {
            self.postings.get_mut().remove(*id);
        }
        Ok(notes.len())
    }
}

/// The generation that is published, and the one that is filled.
fn meta(db: &Connection) -> Result<(Generation, Option<Generation>), IndexError> {
    let mut query = db.prepare_cached("SELECT published, filling FROM mem_meta")?;
    let found = query
        .query_row([], |row| Ok((Generation(row.get(0)?), row.get::<_, Option<i64>>(1)?.map(Generation))));
    found.optional()?.ok_or_else(|| IndexError::Rows { path: "mem_meta".into() })
}

/// Notes of other generations, with so many rows or one note.
fn dead(
    db: &Connection,
    (published, filling): (Generation, Option<Generation>),
    most: usize,
) -> Result<Vec<(NoteId, usize)>, IndexError> {
    let filling = filling.unwrap_or(published);
    // Three ranges, each of which the index of (generation, source, path) finds.
    let mut query = db.prepare_cached(
        "SELECT id, row_count FROM mem_notes
         WHERE generation < ?1 OR (generation > ?1 AND generation < ?2) OR generation > ?2",
    )?;
    let mut rows = query.query([published.0.min(filling.0), published.0.max(filling.0)])?;
    let (mut found, mut total) = (Vec::new(), 0);
    while total < most
        && let Some(row) = rows.next()?
    {
        let count = counted(row.get(1)?);
        total += count.max(1);
        found.push((NoteId(row.get(0)?), count));
    }
    Ok(found)
}

/// Whether a generation is searched, or may be one day. What is put into another one is lost.
pub(super) fn is_current(db: &Connection, generation: Generation) -> Result<bool, IndexError> {
    let mut query =
        db.prepare_cached("SELECT count(*) FROM mem_meta WHERE published = ?1 OR filling = ?1")?;
    Ok(query.query_row([generation.0], |row| row.get::<_, i64>(0))? > 0)
}

fn delete_all_but(tx: &Transaction<'_>, generation: Generation) -> Result<(), IndexError> {
    let mut find = tx.prepare("DELETE FROM mem_notes WHERE generation <> ?1 RETURNING id, row_count")?;
    let old: Vec<(i64, usize)> = find
        .query_map([generation.0], |row| Ok((row.get(0)?, counted(row.get(1)?))))?
        .collect::<Result<_, _>>()?;
    for (id, rows) in old {
        delete_parts(tx, NoteId(id), rows)?;
    }
    unread::delete_all_but(tx, generation)
}

#[cfg(test)]
mod tests {
    use super::{Lock, SWEEP_ROWS, meta};
    use crate::corpus::Exact;
    use crate::index::tests::{note, put};
    use crate::index::{Index, IndexError};

    #[test]
    fn a_rebuild_is_seen_when_it_is_published_and_an_abandoned_one_never() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("main.sqlite");
        let mut index = Index::open(&path).unwrap();
        put(&mut index, "a.md", "green");
        let note = note("a.md", "black");
        let abandoned = index.begin_rebuild().unwrap();
        index.put(abandoned, &note).unwrap();
        drop(index);

        let mut index = Index::open(&path).unwrap();
        assert_eq!(index.load(None, Exact::default()).unwrap().notes().count(), 1);
        let generation = index.begin_rebuild().unwrap();
        assert!(index.rows_with("black").unwrap().is_empty());
        index.put(generation, &note).unwrap();
        let mut other = Index::open(&path).unwrap();
        index.publish(generation).unwrap();
        assert_eq!((index.sweep().unwrap(), index.sweep().unwrap()), (1, 0));
        assert!(index.rows_with("green").unwrap().is_empty());
        assert!(other.refresh().unwrap() && !other.refresh().unwrap());
        assert_eq!(other.count(other.published()).unwrap(), 1);
    }

    /// Two processes build anew at once.
    #[test]
    fn the_rebuild_that_began_last_is_published_and_no_other() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("main.sqlite");
        let mut one = Index::open(&path).unwrap();
        put(&mut one, "a.md", "green");
        let mut two = Index::open(&path).unwrap();
        let note = note("a.md", "black");
        let (first, second) = (one.begin_rebuild().unwrap(), two.begin_rebuild().unwrap());
        assert_ne!(first, second);
        let superseded = |error: IndexError| matches!(error, IndexError::Superseded);
        assert!(
            superseded(one.put(first, &note).err().unwrap()) && superseded(one.publish(first).unwrap_err())
        );
        assert_eq!(one.count(one.published()).unwrap(), 1);
        two.put(second, &note).unwrap();
        two.publish(second).unwrap();
        // What was published before takes nothing any more, and no number comes twice.
        assert!(superseded(one.put(one.published(), &note).err().unwrap()));
        assert!(one.refresh().unwrap());
        assert_eq!((one.published(), one.count(one.published()).unwrap()), (second, 1));
        assert!(![first, second].contains(&one.begin_rebuild().unwrap()));
    }

    #[test]
    fn what_is_left_of_other_generations_goes_in_pieces_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("main.sqlite");
        let mut index = Index::open(&path).unwrap();
        let line = "green\n".repeat(SWEEP_ROWS);
        for path in ["a.md", "b.md", "c.md"] {
            put(&mut index, path, &line);
        }
        let generation = index.begin_rebuild().unwrap();
        let note = note("a.md", "black");
        index.put(generation, &note).unwrap();
        index.publish(generation).unwrap();
        // Another rebuild, by a process that lives.
        let mut other = Index::open(&path).unwrap();
        let filling = Lock::filling(&path).unwrap();
        other.db.execute("UPDATE mem_meta SET newest = newest + 1, filling = newest + 1", []).unwrap();
        let next = meta(&other.db).unwrap().1.unwrap();
        other.put(next, &note).unwrap();
        let swept: Vec<usize> = (0..4).map(|_| index.sweep().unwrap()).collect();
        assert_eq!(swept, [1, 1, 1, 0]);
        assert_eq!((index.count(generation).unwrap(), index.count(next).unwrap()), (1, 1));
        // It is killed.
        drop((other, filling));
        assert_eq!((index.sweep().unwrap(), index.sweep().unwrap()), (1, 0));
        assert_eq!((index.count(generation).unwrap(), index.rows_with("black").unwrap().len()), (1, 1));
        let words: i64 = index.db.query_row("SELECT count(*) FROM mem_words", [], |row| row.get(0)).unwrap();
        assert_eq!(words, 1);
        assert!(matches!(index.put(next, &note).err().unwrap(), IndexError::Superseded));
    }
}
