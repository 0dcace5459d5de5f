//! What was measured, in the index file: once for each embedder, and kept when an index is built anew.

use ring::digest;
use rusqlite::types::Type;
use rusqlite::{OptionalExtension as _, params};

use super::formula::SelfTest;
use super::set::SET;
use crate::index::{Index, IndexError};
use crate::repair::Kept;
use crate::vectors::EmbedderKey;

/// The table.
pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS mem_measured (
        embedder INTEGER PRIMARY KEY,
        test BLOB NOT NULL,
        meaning REAL NOT NULL,
        words REAL NOT NULL
    );";
/// Its columns, for who saves them from a damaged index.
pub(crate) const KEPT: &[Kept] = &[Kept {
    table: "mem_measured",
    columns: &[
        ("embedder", Type::Integer),
        ("test", Type::Blob),
        ("meaning", Type::Real),
        ("words", Type::Real),
    ],
    key: "embedder",
}];

impl Index {
    /// What was measured of an embedder with the test as it is now.
    pub(crate) fn measured(&self, embedder: EmbedderKey) -> Result<Option<SelfTest>, IndexError> {
        let mut find = self
            .db
            .prepare_cached("SELECT meaning, words FROM mem_measured WHERE embedder = ?1 AND test = ?2")?;
        let found = find.query_row(params![embedder.0, test()], |row| {
            Ok(SelfTest { meaning: row.get(0)?, words: row.get(1)? })
        });
        Ok(found.optional()?)
    }

    /// Keeps what was measured.
    pub(crate) fn keep_measured(&self, embedder: EmbedderKey, measured: SelfTest) -> Result<(), IndexError> {
        let mut insert = self.db.prepare_cached(
            "INSERT INTO mem_measured (embedder, test, meaning, words) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET test = excluded.test, meaning = excluded.meaning, words = excluded.words",
        )?;
        insert.execute(params![embedder.0, test(), measured.meaning, measured.words])?;
        Ok(())
    }
}

/// Tells this test from an older one.
fn test() -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    for pair in SET {
        for text in [pair.note, pair.question] {
            context.update(text.as_bytes());
            context.update(b"\0");
        }
    }
    context.finish().as_ref()[..8].to_vec()
}
