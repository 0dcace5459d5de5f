//! Sums over what the index stores, so that bytes that changed on the disk are never shown as a note's words. SQLite
//! itself notices only damage to its own structure.

use ring::digest;

/// Bytes of text under one sum: showing a piece reads little more than the piece.
pub(super) const BLOCK: u32 = 1024;
/// Bytes of a sum.
pub(super) const SUM: u32 = 8;

/// The sum over what is known of a note beside its text.
pub(super) fn seal(source: &str, path: &str, rows: &[u8]) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    // Neither a source nor a path holds a zero.
    for part in [source.as_bytes(), b"\0", path.as_bytes(), b"\0", rows] {
        context.update(part);
    }
    context.finish().as_ref()[..SUM as usize].to_vec()
}

/// The sums over a text, block by block.
pub(super) fn sums(text: &[u8]) -> Vec<u8> {
    let mut sums = Vec::with_capacity(text.len().div_ceil(BLOCK as usize) * SUM as usize);
    for block in text.chunks(BLOCK as usize) {
        sums.extend_from_slice(&digest::digest(&digest::SHA256, block).as_ref()[..SUM as usize]);
    }
    sums
}

#[cfg(test)]
mod tests {
    use crate::corpus::Exact;
    use crate::index::Index;
    use crate::index::tests::put;

    #[test]
    fn a_note_under_another_path_or_with_other_rows_is_damage() {
        for change in ["path = 'b.md'", "source = 'sessions'", "rows = rows || x'00'"] {
            let mut index = Index::in_memory().unwrap();
            put(&mut index, "a.md", "# Tea\ngreen\n");
            assert!(index.load(None, Exact::default()).is_ok());
            index.db.execute(&format!("UPDATE mem_notes SET {change}"), []).unwrap();
            assert!(index.load(None, Exact::default()).err().unwrap().is_damage(), "{change}");
        }
    }
}
