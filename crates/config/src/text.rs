//! JSON5 text: its syntax tree, its numbers, and lines and columns.

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::errors::ParseErrorKind;
use jsonc_parser::{CollectOptions, ParseOptions, ParseStringErrorKind, parse_to_ast};
use serde_json::{Number, Value};

use crate::problem::{Place, ProblemKind};

/// 2^53: from here on a floating-point number does not tell whole numbers apart.
const EXACT_FLOATS: f64 = 9_007_199_254_740_992.0;

/// A text that is not JSON5, and the byte from which on it is not.
#[derive(Debug)]
pub(crate) struct SyntaxFault {
    pub(crate) offset: usize,
    pub(crate) kind: ProblemKind,
}

/// Parses JSON5. The text begins behind a byte order mark; see [`without_bom`].
pub(crate) fn parse(text: &str) -> Result<ast::Value<'_>, SyntaxFault> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options()).map_err(|error| SyntaxFault {
        offset: error.range().start,
        kind: ProblemKind::Syntax(syntax_message(error.kind())),
    })?;
    let value = parsed.value.ok_or(SyntaxFault { offset: 0, kind: ProblemKind::NoValue })?;
    let kind = ParseErrorKind::String(ParseStringErrorKind::UnterminatedStringLiteral);
    match unclosed(text, &value) {
        Some(offset) => Err(SyntaxFault { offset, kind: ProblemKind::Syntax(syntax_message(&kind)) }),
        None => Ok(value),
    }
}

/// A string that goes on behind the end of its line without a backslash, which JSON5 has not and the parser takes: its
/// quote was forgotten, and a name made of the lines below it would be told, secrets and all.
fn unclosed(text: &str, node: &ast::Value<'_>) -> Option<usize> {
    let open = |node: &dyn Ranged| ends_line(&text[node.start()..node.end()]).then_some(node.start());
    match node {
        ast::Value::StringLit(string) => open(string),
        ast::Value::Array(list) => list.elements.iter().find_map(|item| unclosed(text, item)),
        ast::Value::Object(object) => object
            .properties
            .iter()
            .find_map(|property| open(&property.name).or_else(|| unclosed(text, &property.value))),
        ast::Value::NumberLit(_) | ast::Value::BooleanLit(_) | ast::Value::NullKeyword(_) => None,
    }
}

/// Whether a string as it is written holds the end of a line that no backslash stands before.
fn ends_line(written: &str) -> bool {
    let mut bytes = written.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\n' | b'\r' => return true,
            b'\\' if bytes.next() == Some(b'\r') => drop(bytes.next_if_eq(&b'\n')),
            _ => {}
        }
    }
    false
}

/// The value of a text alone: `$include` stands in it as it is written. `None` if there is none.
pub(crate) fn value(text: &str) -> Option<Value> {
    let read = jsonc_parser::parse_to_serde_value::<Option<Value>>(without_bom(text), &options());
    read.ok().flatten() // what is wrong with it is said by whoever loads it
}

/// The value of a JSON5 text, for other files than the configuration that people may edit; `None` for what is not JSON5.
/// Where JSON has no such number (`Infinity`), it is none either. Nothing is included or substituted.
///
/// ```
/// assert_eq!(openclaw_config::parse_json5("{a: [1,], // one\n}"), Some(serde_json::json!({"a": [1]})));
/// assert_eq!(openclaw_config::parse_json5("{a: 1"), None);
/// ```
#[must_use]
pub fn parse_json5(text: &str) -> Option<Value> {
    parse(without_bom(text)).ok()?; // stricter than the conversion: no string goes on behind the end of its line
    value(text)
}

/// The text without the mark that some editors put first; positions count from behind it.
pub(crate) fn without_bom(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

pub(crate) fn options() -> ParseOptions {
    ParseOptions { allow_missing_commas: false, ..ParseOptions::default() }
}

/// What is wrong and what to do. The parser's own words may quote a string, and strings may be secrets.
fn syntax_message(kind: &ParseErrorKind) -> String {
    let words = match kind {
        ParseErrorKind::String(ParseStringErrorKind::UnterminatedStringLiteral) => {
            "this string never ends; close its quote"
        }
        ParseErrorKind::String(_) => {
            "this string holds an escape that JSON5 does not know; write \\\\ for a backslash"
        }
        ParseErrorKind::ExpectedComma => "a comma is missing before this",
        ParseErrorKind::ExpectedColonAfterObjectKey => "a colon is missing after the key",
        ParseErrorKind::ExpectedObjectValue => "a value is missing after the colon",
        ParseErrorKind::UnterminatedObject => "this object is never closed; add its }",
        ParseErrorKind::UnterminatedArray => "this list is never closed; add its ]",
        ParseErrorKind::UnterminatedCommentBlock => "this comment is never closed; add its */",
        ParseErrorKind::MultipleRootJsonValues => "the value has ended before this; remove the rest",
        ParseErrorKind::UnexpectedCloseBrace => {
            "this } does not fit what is open here; remove it, or add what is missing before it"
        }
        ParseErrorKind::UnexpectedCloseBracket => {
            "this ] does not fit what is open here; remove it, or add what is missing before it"
        }
        ParseErrorKind::UnexpectedTokenInObject => "a key, a comma or the } of the object belongs here",
        ParseErrorKind::UnexpectedComma => {
            "a value is missing before this comma; write it or remove the comma"
        }
        ParseErrorKind::UnexpectedToken | ParseErrorKind::UnexpectedWord => {
            "this does not belong here; strings need quotes, keys a colon, comments a //"
        }
        ParseErrorKind::NestingDepthExceeded => "lists and objects lie too deep in each other here",
        ParseErrorKind::ExpectedDigit
        | ParseErrorKind::ExpectedDigitFollowingNegativeSign
        | ParseErrorKind::ExpectedPlusMinusOrDigitInNumberLiteral => "a digit of this number is missing",
        ParseErrorKind::UnexpectedColon => "this colon does not belong here; a key stands before a colon",
        // Not told of JSON5, or with words of its own.
        ParseErrorKind::BareDecimalPointNumbersNotAllowed
        | ParseErrorKind::CommentsNotAllowed
        | ParseErrorKind::ExpectedStringObjectProperty
        | ParseErrorKind::HexadecimalNumbersNotAllowed
        | ParseErrorKind::NonFiniteNumbersNotAllowed
        | ParseErrorKind::SingleQuotedStringsNotAllowed
        | ParseErrorKind::TrailingCommasNotAllowed
        | ParseErrorKind::UnaryPlusNumbersNotAllowed
        | ParseErrorKind::Custom(_) => "this is not JSON5",
    };
    format!("syntax: {words}")
}

/// Byte offset to line and column.
pub(crate) fn place_of(text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before[line_start..].chars().count() + 1;
    Place { line, column }
}

/// A JSON5 number. Whole numbers become integers however they are written (`1.0`, `1e3`), as in JavaScript.
pub(crate) fn number(literal: &str) -> Option<Number> {
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

#[cfg(test)]
mod tests {
    use super::{number, parse, place_of, without_bom};
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn syntax_errors_have_a_place_and_never_quote_a_string() {
        for (text, line, column) in [
            ("{a:1 b:2}", 1, 5),
            ("{\n  a: 'sekret\\u00zz',\n}", 2, 13),
            ("{\n a:\n", 3, 1),
            ("{} {}", 1, 4),
            ("{a: [1}", 1, 7),
            ("// nothing", 1, 1),
            ("{\n  'a: { token: \"sekret\",\n  },\n  b': 1}", 2, 3),
            ("{a: ['b\\\r\nc', 'sekret\r']}", 2, 5),
        ] {
            let fault = parse(text).map(|_| ()).unwrap_err();
            let place = place_of(text, fault.offset);
            assert_eq!((place.line, place.column), (line, column), "{text}: {}", fault.kind);
            assert!(!fault.kind.to_string().contains("sekret"));
        }
    }

    #[test]
    fn numbers_are_read_as_javascript_does() {
        for bad in ["Infinity", "-NaN", "1e999", "0xFFFFFFFFFFFFFFFFFF"] {
            assert!(number(bad).is_none(), "{bad}");
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
        for text in ["[".repeat(100_000), "{a:".repeat(100_000), "[".repeat(600) + &"]".repeat(600)] {
            assert!(parse(&text).is_err());
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[\\[\\]{}:,'\"a0-9xe.+$/*\\\\ \\n\u{feff}é-]{0,60}") {
            let text = without_bom(&text);
            if let Err(fault) = parse(text) {
                prop_assert!(place_of(text, fault.offset).line >= 1);
            }
        }
    }
}
