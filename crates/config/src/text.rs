//! JSON5 text to a JSON value, keeping the way back from a key to its place in the text.

use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Map as JsonMap, Number, Value};

use crate::key_path::{KeyPath, Step};
use crate::problem::{MAX_PROBLEMS, Place, ProblemKind};

/// 2^53: from here on a floating-point number does not tell whole numbers apart.
const EXACT_FLOATS: f64 = 9_007_199_254_740_992.0;

/// A parsed text.
pub(crate) struct Document<'t> {
    pub(crate) value: Value,
    /// Problems found on the way, with the byte they stand at.
    pub(crate) findings: Vec<Finding>,
    pub(crate) places: Places<'t>,
}

/// A problem of the text.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) key: KeyPath,
    pub(crate) place: Place,
    pub(crate) kind: ProblemKind,
}

/// Finds keys in the text again. It walks the tree at each question, which only problems ask, and these are few.
pub(crate) struct Places<'t> {
    text: &'t str,
    tree: ast::Value<'t>,
}

/// Which part of `key: value` a problem is about.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    Key,
    Value,
}

/// Parses JSON5.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, Finding> {
    let text = without_bom(text);
    let at_start = |kind| Finding { key: KeyPath::default(), place: Place { line: 1, column: 1 }, kind };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options()).map_err(|error| Finding {
        key: KeyPath::default(),
        place: place_of(text, error.range().start),
        kind: ProblemKind::Syntax(syntax_message(error.kind())),
    })?;
    let tree = parsed.value.ok_or_else(|| at_start(ProblemKind::NoValue))?;
    let mut reader = Reader { text, findings: Vec::new() };
    let value = reader.value(&tree, &KeyPath::default());
    Ok(Document { value, findings: reader.findings, places: Places { text, tree } })
}

/// The text without the mark that some editors put first; positions count from behind it.
pub(crate) fn without_bom(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn options() -> ParseOptions {
    ParseOptions { allow_missing_commas: false, ..ParseOptions::default() }
}

/// The parser's words, except about strings: those messages may quote the string, and strings may be secrets.
fn syntax_message(kind: &jsonc_parser::errors::ParseErrorKind) -> String {
    if let jsonc_parser::errors::ParseErrorKind::String(_) = kind {
        return "syntax: this string never ends or holds an escape that JSON5 does not know".to_owned();
    }
    format!("syntax: {}", kind.to_string().to_lowercase())
}

/// Byte offset to line and column.
fn place_of(text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before[line_start..].chars().count() + 1;
    Place { line, column }
}

struct Reader<'t> {
    text: &'t str,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    /// Finding a place reads the text again: a file of nothing but problems must not make that quadratic.
    fn is_full(&self) -> bool {
        self.findings.len() >= MAX_PROBLEMS
    }

    fn find(&mut self, key: &KeyPath, offset: usize, kind: ProblemKind) {
        if self.is_full() {
            return;
        }
        self.findings.push(Finding { key: key.clone(), place: place_of(self.text, offset), kind });
    }

    fn value(&mut self, node: &ast::Value<'_>, path: &KeyPath) -> Value {
        match node {
            ast::Value::StringLit(text) => Value::String(text.value.clone().into_owned()),
            ast::Value::BooleanLit(bool) => Value::Bool(bool.value),
            ast::Value::NullKeyword(_) => Value::Null,
            ast::Value::NumberLit(literal) => number(literal.value).map_or_else(
                || {
                    self.find(path, literal.range.start, ProblemKind::BadNumber);
                    Value::Null
                },
                Value::Number,
            ),
            ast::Value::Array(list) => {
                let items = list.elements.iter().enumerate();
                items.map(|(index, item)| self.value(item, &path.index(index))).collect()
            }
            ast::Value::Object(object) => self.object(object, path),
        }
    }

    fn object(&mut self, object: &ast::Object<'_>, path: &KeyPath) -> Value {
        let mut map = JsonMap::new();
        for property in &object.properties {
            let (name, path) = (property.name.as_str(), path.key(property.name.as_str()));
            let value = self.value(&property.value, &path);
            if map.insert(name.to_owned(), value).is_some() && !self.is_full() {
                let first = object.properties.iter().find(|other| other.name.as_str() == name);
                let first_line = place_of(self.text, first.map_or(0, |first| first.range().start)).line;
                self.find(&path, property.range().start, ProblemKind::Duplicate { first_line });
            }
        }
        Value::Object(map)
    }
}

/// A JSON5 number. Whole numbers become integers however they are written (`1.0`, `1e3`), as in JavaScript.
fn number(literal: &str) -> Option<Number> {
    let (is_negative, digits) = match literal.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, literal.strip_prefix('+').unwrap_or(literal)),
    };
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        let value = i64::from_str_radix(hex, 16).ok()?; // too large: the caller reports the number
        return Some(if is_negative { -value } else { value }.into());
    }
    if let Ok(whole) = digits.parse::<i64>() {
        return Some(if is_negative { -whole } else { whole }.into());
    }
    let value: f64 = digits.parse().ok()?; // not a number: the caller reports it
    let value = if is_negative { -value } else { value };
    if value.fract() == 0.0 && value.abs() < EXACT_FLOATS {
        return format!("{value:.0}").parse::<i64>().ok().map(Number::from);
    }
    Number::from_f64(value)
}

impl Places<'_> {
    /// Where the key stands, or the nearest object around it that the text has.
    pub(crate) fn find(&self, path: &KeyPath, part: Part) -> Place {
        let mut node = &self.tree;
        let mut offset = node.start();
        for (position, step) in path.steps().iter().enumerate() {
            let is_last = position + 1 == path.steps().len();
            let next = match step {
                // The last of equal names is the one that counts.
                Step::Key(name) => node.as_object().and_then(|object| {
                    let property =
                        object.properties.iter().rfind(|property| property.name.as_str() == name)?;
                    Some((&property.value, property.start()))
                }),
                Step::Index(index) => {
                    let item = node.as_array().and_then(|list| list.elements.get(*index));
                    item.map(|item| (item, item.start()))
                }
            };
            let Some((value, key_start)) = next else { break };
            node = value;
            offset = match part {
                Part::Key if is_last => key_start,
                Part::Key | Part::Value => value.start(),
            };
        }
        place_of(self.text, offset)
    }

    pub(crate) fn tree(&self) -> &ast::Value<'_> {
        &self.tree
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, number, parse};
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn reads_json5() {
        let text = "\u{feff}// head\n{ a: 'x', \"b\": 0x1F, c: .5, d: [1, 2,], /* in */ e: 1e3, 'f': +2, g: 'a\\\nb', }";
        let document = parse(text).map_err(|f| f.kind).unwrap();
        assert_eq!(
            document.value,
            json!({"a": "x", "b": 31, "c": 0.5, "d": [1, 2], "e": 1000, "f": 2, "g": "ab"})
        );
        assert!(document.findings.is_empty());
    }

    #[test]
    fn places_count_characters_from_one() {
        let document = parse("{\n  \"é\": { b: [1,\n 'x'] },\n}").map_err(|f| f.kind).unwrap();
        let rows = [
            ("é", Part::Key, (2, 3)),
            ("é", Part::Value, (2, 8)),
            ("é.b[1]", Part::Value, (3, 2)),
            ("é.zz", Part::Key, (2, 8)),
        ];
        for (path, part, expected) in rows {
            let place = document.places.find(&path.parse().unwrap(), part);
            assert_eq!((place.line, place.column), expected, "{path}");
        }
    }

    #[test]
    fn syntax_errors_have_a_place_and_never_quote_a_string() {
        for (text, line, column) in [
            ("{a:1 b:2}", 1, 5),
            ("{\n  a: 'sekret\\u00zz',\n}", 2, 13),
            ("{\n a:\n", 3, 1),
            ("{} {}", 1, 4),
            ("{a: [1}", 1, 7),
        ] {
            let finding = parse(text).map(|d| d.value).unwrap_err();
            assert_eq!(
                (finding.place.line, finding.place.column),
                (line, column),
                "{text}: {}",
                finding.kind
            );
            assert!(!finding.kind.to_string().contains("sekret"));
        }
    }

    #[test]
    fn numbers_that_json_lacks_are_findings() {
        for bad in ["Infinity", "-NaN", "1e999", "0xFFFFFFFFFFFFFFFFFF"] {
            let text = format!("{{a: {bad}}}");
            let document = parse(&text).map_err(|f| f.kind).unwrap();
            assert_eq!(document.findings.len(), 1, "{bad}");
        }
        for (text, expected) in [
            ("-0", json!(0)),
            ("1.0", json!(1)),
            ("-2.5", json!(-2.5)),
            ("5.", json!(5)),
            ("1e-3", json!(0.001)),
        ] {
            assert_eq!(json!(number(text)), expected);
        }
    }

    #[test]
    fn deep_nesting_is_refused_and_not_a_crash() {
        for text in
            ["[".repeat(100_000), "{a:".repeat(100_000), format!("{}{}", "[".repeat(400), "]".repeat(400))]
        {
            let _outcome = parse(&text).map(|document| document.value.is_array());
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[\\[\\]{}:,'\"a0-9xe.+$/*\\\\ \\n\u{feff}é-]{0,60}") {
            if let Ok(document) = parse(&text) {
                document.places.find(&"a[0].a".parse().unwrap(), Part::Value);
            }
        }

        #[test]
        fn reads_every_json_text(value in json_value()) {
            let text = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(&parse(&text).map_err(|f| f.kind).unwrap().value, &value);
        }
    }

    fn json_value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }
}
