//! When the whole image is written again.

/// An index of this size is written as soon as it is quiet: that costs no more than a few messages.
const SMALL_IMAGE_BYTES: u64 = 64 * 1024;
/// Quiet for this long, in milliseconds.
const QUIET_MS: i64 = 1_000;
/// The journal may become a quarter of the image: each byte in it then causes at most four in images.
const IMAGE_PER_JOURNAL: u64 = 4;
/// Shorter journals are not worth a new image, in bytes.
const MIN_JOURNAL_BYTES: u64 = 64 * 1024;
/// Nobody who reads the file by hand sees a state older than this, in milliseconds, …
const MAX_AGE_MS: i64 = 5 * 60 * 1_000;
/// … unless the file is so large that this would write more than this many bytes a second.
const MAX_BYTES_PER_SECOND: u64 = 4 * 1024;

/// What the decision depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// Of the image on the disk, or of the one that would be written.
    pub(super) image_bytes: u64,
    pub(super) journal_bytes: u64,
    /// When memory began to be ahead of the image; nothing if it is not.
    pub(super) since_ms: Option<i64>,
    pub(super) last_ms: i64,
    pub(super) now_ms: i64,
}

/// Whether it is time.
pub(super) fn is_due(standing: &Standing) -> bool {
    let Some(since_ms) = standing.since_ms else { return false };
    // A clock that was turned back says nothing about how long it has been.
    let past = |from_ms: i64, limit_ms: i64| !(from_ms..from_ms + limit_ms).contains(&standing.now_ms);
    let enough = (standing.image_bytes / IMAGE_PER_JOURNAL).max(MIN_JOURNAL_BYTES);
    let seconds = i64::try_from(standing.image_bytes / MAX_BYTES_PER_SECOND).unwrap_or(i64::MAX / 1_000);
    let is_small = standing.image_bytes <= SMALL_IMAGE_BYTES;
    standing.journal_bytes >= enough
        || (is_small && past(standing.last_ms, QUIET_MS))
        || past(since_ms, MAX_AGE_MS.max(seconds.saturating_mul(1_000)))
}

#[cfg(test)]
mod tests {
    use super::{Standing, is_due};

    #[test]
    fn when_an_image_is_due() {
        let mb = 1024 * 1024;
        let minute = 60_000;
        let rows = [
            // image, journal, changed since, last change, due at time 1,000,000
            (1_000, 100, None, 0, false),
            (1_000, 100, Some(999_900), 999_900, false),
            (1_000, 100, Some(998_000), 999_500, false),
            (1_000, 100, Some(998_000), 999_000, true),
            (1_000, 64 * 1024, Some(999_900), 999_900, true),
            (mb, 64 * 1024, Some(998_000), 998_000, false),
            (mb, mb / 4, Some(998_000), 998_000, true),
            (mb, 100, Some(1_000_000 - 5 * minute), 999_000, true),
            (8 * mb, 100, Some(1_000_000 - 5 * minute), 0, false),
            (8 * mb, 100, Some(1_000_000 - 35 * minute), 0, true),
            (1_000, 100, Some(2_000_000), 2_000_000, true),
        ];
        for (image_bytes, journal_bytes, since_ms, last_ms, expected) in rows {
            let standing = Standing { image_bytes, journal_bytes, since_ms, last_ms, now_ms: 1_000_000 };
            assert_eq!(is_due(&standing), expected, "{standing:?}");
        }
    }
}
