//! Room on a disk, and numbers of bytes in words.

use std::path::Path;

/// Bytes that this user may still write on the disk of a path, which need not be there yet; `None` if the file system
/// does not say.
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    let there = path.ancestors().find(|path| path.exists())?;
    let stat = rustix::fs::statvfs(there).ok()?;
    // Some network file systems have no number.
    (stat.f_blocks > 0).then(|| stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// `17 bytes`, `2.3 KB`, `1.4 GB`; thousands, as file managers count.
pub(crate) fn bytes_words(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") };
    }
    let mut tenths = bytes / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS.get(unit).copied().unwrap_or("TB"))
}

#[cfg(test)]
mod tests {
    use super::{bytes_words, free_bytes};
    use std::path::Path;

    #[test]
    fn words() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1000, "1.0 KB"),
            (176_681, "176.6 KB"),
            (1_500_000_000, "1.5 GB"),
            (u64::MAX, "18446744.0 TB"),
        ] {
            assert_eq!(bytes_words(bytes), expected);
        }
        assert!(free_bytes(Path::new("/no/such/place")).is_some());
    }
}
