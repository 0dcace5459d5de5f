//! Which tables there are, and the step from another version to this one. What a table holds is declared where it is used.

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use super::{Index, generation, records, terms};
use crate::fault::IndexError;
use crate::{cache, jobs, longer, measure, unread, vectors, weighted};

/// Changes when tables, terms or windows change; an index of another version is built anew.
const VERSION: i64 = 11;

/// Tables of what is derived from the notes; they begin empty with each version.
const DERIVED: [&str; 6] =
    [generation::SCHEMA, records::SCHEMA, terms::SCHEMA, vectors::SCHEMA, unread::SCHEMA, weighted::SCHEMA];
/// Tables of what outlives a rebuild and a new version: what cost time or money.
const KEPT: [&str; 4] = [vectors::KEPT_SCHEMA, cache::SCHEMA, jobs::SCHEMA, measure::SCHEMA];
/// What an older version leaves goes.
const DROP: [&str; 7] = [
    generation::DROP,
    records::DROP,
    terms::DROP,
    vectors::DROP,
    unread::DROP,
    weighted::DROP,
    // Of the first versions.
    "DROP TABLE IF EXISTS lex_meta; DROP TABLE IF EXISTS lex_files; DROP TABLE IF EXISTS lex_rows;",
];

impl Index {
    /// Brings the tables to this version.
    pub(super) fn migrate(&mut self) -> Result<(), IndexError> {
        // A current index is opened without writing: another process may be writing for long.
        if version(&self.db)? != Some(VERSION) {
            let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if version(&tx)? != Some(VERSION) {
                for batch in DROP.iter().chain(&DERIVED) {
                    tx.execute_batch(batch)?;
                }
                tx.execute("INSERT INTO mem_meta (version, published, newest) VALUES (?1, 1, 1)", [VERSION])?;
            }
            for batch in KEPT {
                tx.execute_batch(batch)?;
            }
            tx.commit()?;
        }
        self.db.execute_batch(longer::SCHEMA)?;
        self.refresh()?;
        Ok(())
    }

    /// Whether the tables are no longer ours: a newer or older program has opened the file since this one did.
    pub(crate) fn is_of_another_version(&self) -> bool {
        // Where nobody can say, they are damaged.
        version(&self.db).is_ok_and(|found| found.is_some_and(|found| found != VERSION))
    }
}

/// The version of the tables, if there are any.
fn version(db: &Connection) -> Result<Option<i64>, IndexError> {
    let is_there = "SELECT count(*) FROM sqlite_schema WHERE name = 'mem_meta'";
    if db.query_row(is_there, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(None);
    }
    Ok(db.query_row("SELECT version FROM mem_meta", [], |row| row.get(0)).optional()?)
}

#[cfg(test)]
mod tests {
    use super::{KEPT, VERSION, version};
    use crate::index::Index;
    use crate::index::tests::{model, put};
    use crate::repair::Kept;
    use crate::{cache, jobs, measure, vectors};
    use rusqlite::Connection;
    use std::collections::BTreeMap;

    /// Tables and their columns, in order.
    fn tables(db: &Connection) -> BTreeMap<String, Vec<String>> {
        let columns = "SELECT tables.name, columns.name FROM pragma_table_list AS tables, pragma_table_info(tables.name) AS columns
            WHERE tables.name NOT LIKE 'sqlite_%' ORDER BY tables.name, cid";
        let mut query = db.prepare(columns).unwrap();
        let mut found = BTreeMap::<String, Vec<String>>::new();
        for row in query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap() {
            let (table, column): (String, String) = row.unwrap();
            found.entry(table).or_default().push(column);
        }
        found
    }

    #[test]
    fn what_outlives_a_version_is_saved_from_damage_with_all_its_columns() {
        let db = Connection::open_in_memory().unwrap();
        KEPT.iter().for_each(|batch| db.execute_batch(batch).unwrap());
        let lists = [&[vectors::EMBEDDERS], cache::KEPT, measure::KEPT, jobs::KEPT];
        let row = |kept: &Kept| {
            let columns = kept.columns.iter().map(|(name, _)| (*name).to_owned()).collect();
            (kept.table.to_owned(), columns)
        };
        let saved: BTreeMap<_, Vec<_>> = lists.into_iter().flatten().map(row).collect();
        assert_eq!(tables(&db), saved);
    }

    #[test]
    fn another_version_begins_empty_and_keeps_what_cost_something() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("main.sqlite");
        let mut index = Index::open(&path).unwrap();
        put(&mut index, "a.md", "green tea");
        let embedder = index.embedder(&model("m")).unwrap();
        let fresh = tables(&index.db);
        for other in [VERSION - 1, VERSION + 1] {
            put(&mut index, "a.md", "green tea");
            // A table of it may be anything.
            index.db.execute_batch("DROP TABLE mem_vectors; CREATE TABLE mem_vectors (x)").unwrap();
            index.db.execute_batch("CREATE TABLE lex_rows (x)").unwrap();
            index.db.execute("UPDATE mem_meta SET version = ?1", [other]).unwrap();
            index = Index::open(&path).unwrap();
            assert_eq!(tables(&index.db), fresh, "{other}");
            assert_eq!(version(&index.db).unwrap(), Some(VERSION), "{other}");
            assert_eq!(index.count_published().unwrap(), 0, "{other}");
            assert!(index.rows_with("green").unwrap().is_empty(), "{other}");
            assert_eq!(index.embedder(&model("m")).unwrap(), embedder, "{other}");
        }
    }
}
