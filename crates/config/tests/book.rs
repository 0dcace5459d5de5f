//! The chapter of the book follows the declarations.

use std::path::Path;

/// Set to rewrite the chapter after a change of the declarations.
const BLESS: &str = "OPENCLAW_BLESS";

#[test]
fn the_chapter_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let book = openclaw_config::configuration_book();
    if std::env::var_os(BLESS).is_some() {
        openclaw_guard::write_atomic(&path, book.as_bytes()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == book, "docs/configuration.md is not current: run this test with {BLESS}=1");
}
