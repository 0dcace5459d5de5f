//! How long a server asks to be left alone.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// The wait that a refusal asks for. `retry-after-ms` is OpenAI's more exact form and comes first.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let exact = text("retry-after-ms").and_then(|value| value.trim().parse::<f64>().ok());
    let exact = exact.and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok());
    exact.or_else(|| wait(text(RETRY_AFTER.as_str())?, now))
}

/// Reads `Retry-After`: seconds, or an HTTP date (RFC 9110, section 10.2.3).
fn wait(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTimeParser::new().relaxed_weekday(true).parse_timestamp(value).ok()?;
    let seconds = at.as_second().saturating_sub(now.as_second());
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::{retry_after, wait};
    use jiff::Timestamp;
    use reqwest::header::{HeaderMap, HeaderValue};
    use std::time::Duration;

    #[test]
    fn the_wait_is_seconds_or_a_date() {
        let now: Timestamp = "1994-11-06T08:49:30Z".parse().unwrap();
        let rows = [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(7)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("soon", None),
            ("-3", None),
            ("", None),
        ];
        for (value, expected) in rows {
            assert_eq!(wait(value, now), expected.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn milliseconds_come_first_and_nonsense_does_not_count() {
        let rows = [
            (Some("1500"), Some("9"), Some(1500)),
            (Some("NaN"), Some("9"), Some(9000)),
            (Some("-1"), None, None),
            (None, Some("2"), Some(2000)),
            (None, None, None),
        ];
        for (exact, plain, expected) in rows {
            let mut headers = HeaderMap::new();
            for (name, value) in [("retry-after-ms", exact), ("retry-after", plain)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            let expected = expected.map(Duration::from_millis);
            assert_eq!(retry_after(&headers, Timestamp::UNIX_EPOCH), expected, "{exact:?} {plain:?}");
        }
    }
}
