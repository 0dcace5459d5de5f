//! Numbers and paths in words.

use std::path::Path;

/// How long ago, in the largest unit that fits: `now`, `5m ago`, `3h ago`, `2d ago`. Milliseconds.
pub(crate) fn ago(age_ms: i64) -> String {
    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    match age_ms {
        ..MINUTE => "now".to_owned(),
        MINUTE..HOUR => format!("{}m ago", age_ms / MINUTE),
        HOUR..DAY => format!("{}h ago", age_ms / HOUR),
        DAY.. => format!("{}d ago", age_ms / DAY),
    }
}

/// A path with `~` for the home directory, as people write it.
pub(crate) fn short_path(path: &Path, home: &Path) -> String {
    match path.strip_prefix(home) {
        Ok(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
        Ok(rest) => format!("~/{}", rest.display()),
        Err(_) => path.display().to_string(),
    }
}

/// `1 session`, `2 sessions`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::{ago, count, short_path};
    use std::path::Path;

    #[test]
    fn words() {
        for (ms, expected) in
            [(-5, "now"), (59_999, "now"), (60_000, "1m ago"), (7_200_000, "2h ago"), (172_800_000, "2d ago")]
        {
            assert_eq!(ago(ms), expected);
        }
        let home = Path::new("/h/o");
        for (path, expected) in [("/h/o/x", "~/x"), ("/h/o", "~"), ("/h/other", "/h/other")] {
            assert_eq!(short_path(Path::new(path), home), expected);
        }
        assert_eq!((count(1, "file"), count(0, "file")), ("1 file".to_owned(), "0 files".to_owned()));
    }
}
