//! Base64 as the APIs take it.

/// RFC 4648 section 4, padded, not empty.
pub(super) fn is_standard(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let code = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    !text.is_empty() && text.len().is_multiple_of(4) && text.len() - body.len() <= 2 && body.bytes().all(code)
}

/// Either alphabet, padded or not: what the JSON form of a protocol buffer takes.
pub(super) fn is_any(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let code = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    !body.is_empty() && body.bytes().all(code) && body.len() % 4 != 1
}
