//! Text that JavaScript can hold and write, and UTF-8 cannot: half of a surrogate pair, as in `"\ud83d"`.
//!
//! A program that cuts a text in the middle of an emoji writes such an escape. It is valid JSON to Node, and an error
//! here; the message around it must not be lost for that.

/// What stands in the place of a half: U+FFFD, as browsers show it.
const REPLACEMENT: &str = "\\ufffd";
/// Bytes of an escape: `\uXXXX`.
const ESCAPE_BYTES: usize = 6;

/// Reads a JSON text; if that fails and there are halves in it, once more with each of them replaced.
pub(super) fn mended<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    read(text).or_else(|| read(&without_halves(text)?))
}

/// The text with every unpaired escape replaced; `None` if there is none.
fn without_halves(text: &str) -> Option<String> {
    let mut mended = String::new();
    // Up to where the text is in `mended`, and where to look on.
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = text.get(at..)?.find('\\') {
        let escape = at + found;
        let unit = unit_at(text, escape);
        let is_pair = unit.is_some_and(is_high)
            && unit_at(text, escape + ESCAPE_BYTES).is_some_and(|low| (0xDC00..0xE000).contains(&low));
        at = match unit {
            Some(_) if is_pair => escape + 2 * ESCAPE_BYTES,
            Some(half) if (0xD800..0xE000).contains(&half) => {
                mended.push_str(text.get(copied..escape)?);
                mended.push_str(REPLACEMENT);
                copied = escape + ESCAPE_BYTES;
                copied
            }
            Some(_) => escape + ESCAPE_BYTES,
            // `\\` or `\n`: two bytes, of which the second begins nothing. A longer character is no escape of JSON.
            None => escape + 1 + text.get(escape + 1..)?.chars().next()?.len_utf8(),
        };
    }
    (copied > 0).then(|| mended + text.get(copied..).unwrap_or_default())
}

fn is_high(unit: u16) -> bool {
    (0xD800..0xDC00).contains(&unit)
}

/// The code unit of an escape at an offset.
fn unit_at(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + ESCAPE_BYTES)?.strip_prefix("\\u")?;
    let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)
}

#[cfg(test)]
mod tests {
    use super::without_halves;

    #[test]
    fn only_halves_are_replaced() {
        let rows = [
            (r#""plain""#, None),
            (r#""\ud83d\ude00 \u00e4 \\ \n""#, None),
            (r#""a\ud83d""#, Some(r#""a\ufffd""#)),
            (r#""\uDE00b""#, Some(r#""\ufffdb""#)),
            (r#""\ud83d\ud83d\ude00""#, Some(r#""\ufffd\ud83d\ude00""#)),
            (r#""\ud83d\u0041""#, Some(r#""\ufffd\u0041""#)),
            (r#""\ud83d\n\ude00""#, Some(r#""\ufffd\n\ufffd""#)),
            // A backslash, and then text.
            (r#""\\ud83d""#, None),
            (r#""\\\ud83d""#, Some(r#""\\\ufffd""#)),
            (r#""\ud83"#, None),
            ("\"\\é\\ud83d\"", Some("\"\\é\\ufffd\"")),
            ("\\", None),
        ];
        for (text, expected) in rows {
            assert_eq!(without_halves(text).as_deref(), expected, "{text}");
        }
    }
}
