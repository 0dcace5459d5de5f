//! What tests put into an index, and the file as others see it.

use std::os::unix::fs::PermissionsExt as _;

use openclaw_embed::EmbedderId;

use super::{Index, NewNote, Stamp};
use crate::backend::Source;

/// A note with a stamp that nobody looks at.
pub(crate) fn note<'a>(path: &'a str, text: &'a str) -> NewNote<'a> {
    static STAMP: Stamp = Stamp { size: 1, mtime_ms: 2, hash: Vec::new() };
    NewNote { source: Source::Memory, path, below: path, stamp: &STAMP, text }
}

/// Puts a note where it is searched.
pub(crate) fn put(index: &mut Index, path: &str, text: &str) {
    index.put(index.published(), &note(path, text)).unwrap();
}

/// An embedder by the name of its model.
pub(crate) fn model(name: &str) -> EmbedderId {
    EmbedderId { provider: "test", model: name.into(), fingerprint: String::new() }
}

/// As the shell `sqlite3` and other programs do: nothing of ours is needed to read what is written down of a person.
#[test]
fn any_program_with_sqlite_reads_the_tables() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("main.sqlite");
    let mut index = Index::open(&path).unwrap();
    index.cut(crate::weighted::Chunking::default()).unwrap();
    put(&mut index, "a.md", "# Tea\ngreen tea\noolong");
    drop(index);
    let plain = rusqlite::Connection::open(&path).unwrap();
    let text = |query: &str| plain.query_row(query, [], |row| row.get::<_, String>(0)).unwrap();
    let count = |query: &str| plain.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(
        text("SELECT path || ': ' || CAST(text AS TEXT) FROM mem_notes"),
        "a.md: # Tea\ngreen tea\noolong"
    );
    assert_eq!(count("SELECT count(*) FROM mem_words WHERE mem_words MATCH 'oolong'"), 1);
    assert_eq!(count("SELECT count(*) FROM mem_chunk_words WHERE mem_chunk_words MATCH 'green AND tea'"), 1);
    assert_eq!(text("SELECT text FROM mem_chunk_words"), "# Tea\ngreen tea\noolong");
    for table in ["mem_words", "mem_chunk_words"] {
        plain.execute(&format!("INSERT INTO {table} ({table}) VALUES ('integrity-check')"), []).unwrap();
    }
    assert_eq!(text("PRAGMA integrity_check"), "ok");
}

#[test]
fn the_file_is_private_and_a_foreign_table_stays() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("main.sqlite");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch("CREATE TABLE files (path TEXT PRIMARY KEY); INSERT INTO files VALUES ('x')").unwrap();
    drop(old);
    let index = Index::open(&path).unwrap();
    let kept: i64 = index.db.query_row("SELECT count(*) FROM files", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 1);
    for entry in std::fs::read_dir(home.path()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
    }
}
