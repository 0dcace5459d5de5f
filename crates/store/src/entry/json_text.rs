//! JSON as text, changed without reading it into values: what stands in a string, or how a number is written, stays.

use std::ops::Range;

use serde_json::value::RawValue;

use super::members::Members;

/// Walks over the bytes of a JSON text that are not inside strings.
struct Outside<'t> {
    bytes: std::iter::Enumerate<std::slice::Iter<'t, u8>>,
}

impl Iterator for Outside<'_> {
    type Item = (usize, u8);

    fn next(&mut self) -> Option<Self::Item> {
        let (at, byte) = self.bytes.next()?;
        if *byte == b'"' {
            while let Some((_, byte)) = self.bytes.next() {
                match byte {
                    b'"' => break,
                    b'\\' => {
                        self.bytes.next();
                    }
                    _ => {}
                }
            }
        }
        Some((at, *byte))
    }
}

fn outside_strings(json: &str) -> Outside<'_> {
    Outside { bytes: json.as_bytes().iter().enumerate() }
}

fn slice(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

/// The same JSON without white space between its tokens.
pub(super) fn squeeze(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut from = 0;
    for (at, byte) in outside_strings(json) {
        if byte.is_ascii_whitespace() {
            out.push_str(slice(json, from..at));
            from = at + 1;
        }
    }
    out.push_str(slice(json, from..json.len()));
    out
}

/// Two spaces a level, as the release writes it.
fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    (0..depth).for_each(|_| out.push_str("  "));
}

/// Appends squeezed JSON as `JSON.stringify(value, null, 2)` lays it out at this depth.
pub(super) fn indent(json: &str, depth: usize, out: &mut String) {
    let (mut depth, mut from) = (depth, 0);
    let mut is_open = false;
    for (at, byte) in outside_strings(json) {
        let closes = matches!(byte, b'}' | b']');
        if is_open && !closes {
            out.push_str(slice(json, from..at));
            from = at;
            depth += 1;
            new_line(out, depth);
        }
        if closes && !is_open {
            out.push_str(slice(json, from..at));
            from = at;
            depth = depth.saturating_sub(1);
            new_line(out, depth);
        }
        is_open = matches!(byte, b'{' | b'[');
        if matches!(byte, b',' | b':') {
            out.push_str(slice(json, from..at + 1));
            from = at + 1;
            if byte == b':' { out.push(' ') } else { new_line(out, depth) }
        }
    }
    out.push_str(slice(json, from..json.len()));
}

/// Members that make an object one of its kind: no two sessions have an equal one.
const OWN: [&str; 3] = ["sessionId", "sessionKey", "generatedAt"];

/// The parts of at least `min_bytes` of a squeezed value that other sessions may have as well: the whole, or if it names
/// its session, its members.
pub(super) fn common_parts(json: &str, min_bytes: usize) -> Vec<Range<usize>> {
    if json.len() < min_bytes {
        return Vec::new();
    }
    let whole = || std::iter::once(0..json.len()).collect();
    if !json.starts_with('{') {
        return whole();
    }
    let Ok(members) = serde_json::from_str::<Members<'_>>(json) else { return whole() };
    if !members.0.iter().any(|(name, _)| OWN.contains(&name.as_str())) {
        return whole();
    }
    let large = members.0.iter().filter(|(_, value)| value.get().len() >= min_bytes);
    large.filter_map(|(_, value)| place_of(value, json)).collect()
}

/// Where a value that was read from `json` stands in it.
fn place_of(value: &RawValue, json: &str) -> Option<Range<usize>> {
    let start = (value.get().as_ptr() as usize).checked_sub(json.as_ptr() as usize)?;
    let end = start + value.get().len();
    (end <= json.len()).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::{common_parts, indent, squeeze};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(|number| json!(number)),
            ".{0,12}".prop_map(Value::from),
            "[{}\\[\\]:, \\\\\"]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((".{0,6}", inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn layout_is_that_of_the_release_and_back(value in any_json()) {
            let (compact, pretty) = (value.to_string(), format!("{value:#}"));
            let mut laid_out = String::new();
            indent(&compact, 0, &mut laid_out);
            prop_assert_eq!(&laid_out, &pretty);
            prop_assert_eq!(squeeze(&pretty), compact);
        }

        #[test]
        fn any_text_is_survived(text in ".{0,60}") {
            let mut out = String::new();
            indent(&text, 3, &mut out);
            prop_assert!(squeeze(&text).len() <= text.len() && out.len() >= text.len());
            common_parts(&text, 1);
        }
    }

    #[test]
    fn what_may_be_shared() {
        let parts = |json: &str| -> Vec<String> {
            common_parts(json, 8).into_iter().map(|part| json[part].to_owned()).collect()
        };
        assert_eq!(parts("[1,2,3]"), [""; 0]);
        assert_eq!(parts("[1,2,3,4]"), ["[1,2,3,4]"]);
        assert_eq!(parts(r#"{"a":[1,2,3,4]}"#), [r#"{"a":[1,2,3,4]}"#]);
        let own = r#"{"sessionId":"x","a":[1,2,3,4],"b":"0123456789","c":1}"#;
        assert_eq!(parts(own), ["[1,2,3,4]", "\"0123456789\""]);
    }
}
