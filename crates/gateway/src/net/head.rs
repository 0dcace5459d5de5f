//! The request head, judged byte by byte before the HTTP library sees it (S-025).
//!
//! A connection carries exactly one request, so there is no second request to smuggle; what is left is to refuse
//! heads on which two parsers could disagree.

/// Longest request line target (S-025).
const MAX_TARGET_BYTES: usize = 8 * 1024;
/// Longest head, request line included (S-025).
pub(crate) const MAX_HEAD_BYTES: usize = 16 * 1024;
/// Most header lines (S-025).
const MAX_HEADERS: usize = 100;

/// Why a head is refused, as the status that is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 400
    Malformed,
    /// 414
    TargetTooLong,
    /// 431
    HeadTooLarge,
}

impl Refusal {
    /// The complete answer; the connection is closed after it.
    pub(crate) fn response(self) -> String {
        let (status, error) = match self {
            Self::Malformed => ("400 Bad Request", "malformed request"),
            Self::TargetTooLong => ("414 URI Too Long", "request target over 8 KiB"),
            Self::HeadTooLarge => {
                ("431 Request Header Fields Too Large", "request head over 16 KiB or 100 headers")
            }
        };
        let body = format!("{{\"error\":\"{error}\"}}");
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        )
    }
}

/// What the bytes received so far are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The head is complete and may be parsed.
    Complete,
    /// More bytes are needed.
    Incomplete,
}

/// Judges the bytes received so far. It errs as early as it can: a bad line is refused before the head is complete.
pub(crate) fn judge(bytes: &[u8]) -> Result<Progress, Refusal> {
    let end = find(bytes, b"\r\n\r\n");
    let head = match end {
        Some(at) => bytes.get(..at + 2).unwrap_or_default(),
        None => bytes,
    };
    let too_large = head.len() > MAX_HEAD_BYTES;
    let first_line_end = find(head, b"\r\n");
    if first_line_end.unwrap_or(head.len()) > MAX_TARGET_BYTES + 32 {
        return Err(Refusal::TargetTooLong);
    }
    if too_large {
        return Err(Refusal::HeadTooLarge);
    }
    check_controls(head)?;
    if end.is_none() {
        return Ok(Progress::Incomplete);
    }
    check_lines(head)?;
    Ok(Progress::Complete)
}

/// No control bytes but tab and CR LF pairs: a bare LF or CR is where parsers part ways.
fn check_controls(head: &[u8]) -> Result<(), Refusal> {
    let mut previous = 0u8;
    for (index, &byte) in head.iter().enumerate() {
        let fine = match byte {
            b'\n' => previous == b'\r',
            b'\r' => head.get(index + 1).is_none_or(|next| *next == b'\n'),
            b'\t' => true,
            0..=31 | 127 => false,
            _ => true,
        };
        if !fine {
            return Err(Refusal::Malformed);
        }
        previous = byte;
    }
    Ok(())
}

fn check_lines(head: &[u8]) -> Result<(), Refusal> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n").filter(|line| !line.is_empty());
    let request = lines.next().ok_or(Refusal::Malformed)?;
    let words: Vec<&str> = request.split(' ').collect();
    let [method, target, version] = words.as_slice() else { return Err(Refusal::Malformed) };
    if target.len() > MAX_TARGET_BYTES {
        return Err(Refusal::TargetTooLong);
    }
    let known_version = matches!(*version, "HTTP/1.1" | "HTTP/1.0");
    if !known_version || method.is_empty() || !target.starts_with('/') {
        return Err(Refusal::Malformed);
    }
    let mut lengths = 0;
    let mut encodings = 0;
    let mut hosts = 0;
    let mut count = 0;
    for line in lines {
        count += 1;
        if count > MAX_HEADERS {
            return Err(Refusal::HeadTooLarge);
        }
        // A line that begins with a blank folds into the one before it (obs-fold).
        let (name, value) = line.split_once(':').ok_or(Refusal::Malformed)?;
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(Refusal::Malformed);
        }
        match name.to_ascii_lowercase().as_str() {
            "content-length" => {
                lengths += 1;
                if value.trim().is_empty() || !value.trim().bytes().all(|b| b.is_ascii_digit()) {
                    return Err(Refusal::Malformed);
                }
            }
            "transfer-encoding" => {
                encodings += 1;
                if !value.trim().eq_ignore_ascii_case("chunked") {
                    return Err(Refusal::Malformed);
                }
            }
            "host" => hosts += 1,
            _ => {}
        }
    }
    if lengths + encodings > 1 || hosts > 1 {
        return Err(Refusal::Malformed);
    }
    Ok(())
}

/// RFC 9110 token characters.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::{Progress, Refusal, judge};
    use proptest::prelude::*;

    #[test]
    fn heads_on_which_parsers_could_disagree_are_refused() {
        let get = |rest: &str| format!("GET / HTTP/1.1\r\nHost: a\r\n{rest}\r\n").into_bytes();
        let rows: Vec<(&str, Vec<u8>, Result<Progress, Refusal>)> = vec![
            ("plain", get(""), Ok(Progress::Complete)),
            ("body", get("Content-Length: 2\r\n"), Ok(Progress::Complete)),
            ("two lengths", get("Content-Length: 2\r\nContent-Length: 2\r\n"), Err(Refusal::Malformed)),
            ("length list", get("Content-Length: 2, 2\r\n"), Err(Refusal::Malformed)),
            ("signed length", get("Content-Length: +2\r\n"), Err(Refusal::Malformed)),
            (
                "length and encoding",
                get("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"),
                Err(Refusal::Malformed),
            ),
            ("odd encoding", get("Transfer-Encoding: xchunked\r\n"), Err(Refusal::Malformed)),
            ("folded", get("A: b\r\n c: d\r\n"), Err(Refusal::Malformed)),
            ("blank before colon", get("A : b\r\n"), Err(Refusal::Malformed)),
            ("two hosts", get("Host: b\r\n"), Err(Refusal::Malformed)),
            ("bare LF", b"GET / HTTP/1.1\nHost: a\r\n\r\n".to_vec(), Err(Refusal::Malformed)),
            ("bare CR", b"GET / HTTP/1.1\rHost: a\r\n\r\n".to_vec(), Err(Refusal::Malformed)),
            ("NUL", b"GET /\0 HTTP/1.1\r\n\r\n".to_vec(), Err(Refusal::Malformed)),
            ("proxy form", b"GET http://x/ HTTP/1.1\r\n\r\n".to_vec(), Err(Refusal::Malformed)),
            ("connect", b"CONNECT x:1 HTTP/1.1\r\n\r\n".to_vec(), Err(Refusal::Malformed)),
            ("http/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), Err(Refusal::Malformed)),
            ("tls", b"\x16\x03\x01\x02".to_vec(), Err(Refusal::Malformed)),
            ("half", b"GET / HTTP/1.1\r\nHo".to_vec(), Ok(Progress::Incomplete)),
            (
                "long target",
                format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(9_000)).into_bytes(),
                Err(Refusal::TargetTooLong),
            ),
            (
                "endless target",
                format!("GET /{}", "a".repeat(9_000)).into_bytes(),
                Err(Refusal::TargetTooLong),
            ),
            ("long head", get(&format!("A: {}\r\n", "b".repeat(17_000))), Err(Refusal::HeadTooLarge)),
            ("many headers", get(&"A: b\r\n".repeat(101)), Err(Refusal::HeadTooLarge)),
        ];
        for (name, bytes, expected) in rows {
            assert_eq!(judge(&bytes), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_refusal_never_turns_into_a_pass(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in 0usize..300) {
            let part = &bytes[..cut.min(bytes.len())];
            // A head may not be refused early and accepted later, except that a trailing CR waits for its LF.
            if judge(part).is_err() {
                prop_assert!(judge(&bytes) != Ok(Progress::Complete));
            }
        }
    }
}
