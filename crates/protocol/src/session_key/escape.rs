//! How an id is written into a key, so that no two ids look the same there.
//!
//! Ordinary ids stay as the release writes them: lower case, colons and all. Only what would be read as something
//! else is written as `%` and the two hexadecimal digits of each byte: a control character, white space at the edge of
//! a part, the first letter of a part that is a word of the grammar in this place, and a `%` that looks like an escape.
//! A part with nothing in it is a lone `%`.

/// What stands for a part with nothing in it.
const NOTHING: &str = "%";

/// An id as keys compare it: without case, without white space around it.
pub(super) fn folded(id: &str) -> String {
    id.trim().to_lowercase()
}

/// Writes a folded id. Its colons stay: what is between them are its parts.
pub(super) fn write_id(id: &str, words: &[&str]) -> String {
    let parts: Vec<String> = id.split(':').map(|part| write_part(part, words)).collect();
    parts.join(":")
}

/// Writes a folded id where only one part has room.
pub(super) fn write_segment(id: &str, words: &[&str]) -> String {
    write_part(id, words).replace(':', "%3a")
}

fn write_part(part: &str, words: &[&str]) -> String {
    if part.is_empty() {
        return NOTHING.to_owned();
    }
    let is_word = words.contains(&part);
    let last = part.char_indices().next_back().map_or(0, |(at, _)| at);
    let mut written = String::with_capacity(part.len());
    for (at, c) in part.char_indices() {
        let is_edge = at == 0 || at == last;
        let behind = part.get(at + 1..).unwrap_or_default();
        let looks_escaped = c == '%' && (part.len() == 1 || starts_with_hex(behind));
        if c.is_control() || (is_edge && c.is_whitespace()) || (at == 0 && is_word) || looks_escaped {
            escape(c, &mut written);
        } else {
            written.push(c);
        }
    }
    written
}

/// Writes one character as its bytes.
pub(super) fn escape(c: char, into: &mut String) {
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        into.push('%');
        into.push_str(&crate::device::hex(&[byte]));
    }
}

fn starts_with_hex(text: &str) -> bool {
    text.len() >= 2 && text.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())
}

/// Reads what [`write_id`] or [`write_segment`] wrote. What they never write is read as it stands.
pub(super) fn read(text: &str) -> String {
    let parts: Vec<String> = text.split(':').map(read_part).collect();
    parts.join(":")
}

fn read_part(part: &str) -> String {
    if part == NOTHING {
        return String::new();
    }
    let (mut bytes, mut rest) = (Vec::with_capacity(part.len()), part);
    while let Some(at) = rest.find('%') {
        let (before, behind) = (rest.get(..at).unwrap_or_default(), rest.get(at + 1..).unwrap_or_default());
        bytes.extend_from_slice(before.as_bytes());
        match behind.get(..2).filter(|hex| starts_with_hex(hex)).map(|hex| u8::from_str_radix(hex, 16)) {
            Some(Ok(byte)) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            Some(Err(_)) | None => {
                bytes.push(b'%');
                rest = behind;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap_or_else(|_| part.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{read, write_id, write_segment};
    use proptest::prelude::*;

    #[test]
    fn ordinary_ids_stay_and_others_cannot_be_taken_for_them() {
        for (id, written) in [
            ("-1001234567890", "-1001234567890"),
            ("+49 170 123", "+49 170 123"),
            ("@ada:matrix.org", "@ada:matrix.org"),
            ("group:c4f0", "group:c4f0"),
            ("100%", "100%"),
            ("", "%"),
            ("%", "%25"),
            ("a::b", "a:%:b"),
            ("%3a", "%253a"),
            ("%zz", "%zz"),
            ("x:thread:9", "x:%74hread:9"),
            ("threads", "threads"),
            ("a\u{7}b", "a%07b"),
            ("a : b", "a%20:%20b"),
            ("é\u{2003}", "é%e2%80%83"),
        ] {
            assert_eq!(write_id(id, &["thread"]), written, "{id:?}");
            assert_eq!(read(written), id);
        }
        assert_eq!(write_segment("a:b", &[]), "a%3ab");
        assert_eq!(read("%ff"), "%ff", "no escape of ours, and no text");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(id in "[a-f0-9%: \u{1}\u{85}éthread]{0,24}") {
            for words in [&[][..], &["thread", "a"]] {
                prop_assert_eq!(read(&write_id(&id, words)), id.clone());
                prop_assert_eq!(read(&write_segment(&id, words)), id.clone());
                prop_assert!(!write_segment(&id, words).contains(':'));
            }
        }
    }
}
