//! The spellings in which one secret may stand in a text.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Characters of a base64 text that hold bits of the bytes before the secret, for 0, 1 and 2 such bytes.
const FOREIGN_CHARS: [usize; 3] = [0, 2, 3];

/// Every spelling that is looked for: the text itself, inside a JSON string (with and without `\/`), percent-encoded
/// (strict as in RFC 3986, lenient as browsers do it, as a path that keeps its slashes, both cases of the digits, and as
/// forms do it), and base64 in both alphabets (RFC 4648) wherever in the
/// encoded data the secret begins. Base64 that is broken into lines is not covered.
pub(super) fn forms(secret: &str) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::from([secret.as_bytes().to_vec(), json(secret).into_bytes()]);
    forms.insert(json(secret).replace('/', "\\/").into_bytes());
    for kept in ["-._~", "-._~!'()*", "-._~/"] {
        forms.insert(percent(secret, kept, |byte, out| write!(out, "%{byte:02X}")).into_bytes());
        forms.insert(percent(secret, kept, |byte, out| write!(out, "%{byte:02x}")).into_bytes());
    }
    // Forms (`application/x-www-form-urlencoded`) keep other characters, and write a space as `+`.
    forms.insert(
        percent(secret, "-._* ", |byte, out| write!(out, "%{byte:02X}")).replace(' ', "+").into_bytes(),
    );
    for before in 0..FOREIGN_CHARS.len() {
        forms.extend(base64_inside(secret, before));
    }
    forms
}

/// The secret as it stands inside a JSON string, without its quotes.
fn json(secret: &str) -> String {
    let mut out = String::with_capacity(secret.len());
    for char in secret.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
    out
}

fn percent(secret: &str, kept: &str, escape: impl Fn(u8, &mut String) -> std::fmt::Result) -> String {
    let mut out = String::with_capacity(secret.len());
    for byte in secret.bytes() {
        if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            escape(byte, &mut out).ok();
        }
    }
    out
}

/// The characters that depend on nothing but the secret when `before` bytes stand before it in the group of three.
fn base64_inside(secret: &str, before: usize) -> [Vec<u8>; 2] {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(secret.as_bytes());
    let whole = bytes.len() * 8 / 6;
    let skip = FOREIGN_CHARS.get(before).copied().unwrap_or(0);
    [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)]
        .map(|text| text.as_bytes().get(skip..whole).unwrap_or_default().to_vec())
}

#[cfg(test)]
mod tests {
    use super::forms;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    #[test]
    fn every_spelling_is_listed() {
        let forms = forms("pa\"ss/wö rd");
        for spelling in [
            "pa\\\"ss\\/wö rd",
            "pa%22ss/w%C3%B6%20rd",
            "pa%22ss%2Fw%C3%B6+rd",
            "pa\"ss/wö rd",
            "pa\\\"ss/wö rd",
            "pa%22ss%2Fw%C3%B6%20rd",
            "pa%22ss%2fw%c3%b6%20rd",
        ] {
            assert!(forms.contains(spelling.as_bytes()), "{spelling}");
        }
    }

    #[test]
    fn base64_is_found_at_every_place_of_the_data() {
        let secret = "s3cret??>>-value";
        let forms = forms(secret);
        for before in 0..7 {
            for after in 0..4 {
                let data = [vec![0xFF; before], secret.as_bytes().to_vec(), vec![0xFF; after]].concat();
                for text in [STANDARD.encode(&data), URL_SAFE.encode(&data)] {
                    let is_found =
                        |form: &Vec<u8>| text.as_bytes().windows(form.len()).any(|part| part == form);
                    assert!(forms.iter().any(is_found), "{before} {after} {text}");
                }
            }
        }
    }
}
