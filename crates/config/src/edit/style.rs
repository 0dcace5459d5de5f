//! How a file is written, and new values written the same way.

use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;
use serde_json::Value;

use super::layout::{Items, indent_at};

/// The habits of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    /// What ends a line.
    pub(crate) newline: &'static str,
    /// One level of indentation.
    pub(crate) unit: String,
    /// What strings stand in.
    quote: char,
    /// Whether names stand without quotes where they can.
    bare_names: bool,
    /// Whether the last item of an object or list has a comma.
    pub(crate) trailing_comma: bool,
}

/// What a new property or element holds.
pub(crate) enum Content<'c> {
    /// A value, to be written.
    Value(&'c Value),
    /// A text that stands elsewhere, to be taken over as it is; lines below its first one get another indentation.
    Raw {
        /// The text.
        text: &'c str,
        /// The indentation of the line it begins on there.
        indent: &'c str,
    },
}

impl Style {
    /// Reads the habits off a text and its tree. A text without any gets those of the release: two spaces, double
    /// quotes around names and strings.
    pub(crate) fn of(text: &str, root: &ast::Value<'_>) -> Self {
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let items = Items::of(root);
        let first = items.as_ref().and_then(|items| items.ranges.first());
        let unit = first.and_then(|first| indent_at(text, first.start)).filter(|indent| !indent.is_empty());
        let trailing_comma = items.is_some_and(|items| {
            let last = items.ranges.last().map_or(items.close, |last| last.end);
            text.get(last..items.close).is_some_and(|rest| rest.trim_start().starts_with(','))
        });
        let mut habits = Habits::default();
        habits.visit(text, root);
        Self {
            newline,
            unit: unit.unwrap_or("  ").to_owned(),
            quote: habits.quote.unwrap_or('"'),
            bare_names: habits.bare_names.unwrap_or(false),
            trailing_comma,
        }
    }

    /// A property name as it is written here.
    pub(crate) fn name(&self, name: &str) -> String {
        if self.bare_names && is_identifier(name) { name.to_owned() } else { self.string(name) }
    }

    /// A string as it is written here.
    fn string(&self, text: &str) -> String {
        let json = Value::from(text).to_string();
        if self.quote == '"' {
            return json;
        }
        let inner = json[1..json.len() - 1].replace("\\\"", "\"").replace('\'', "\\'");
        format!("'{inner}'")
    }

    /// A value as it is written here; `indent` is that of the line it begins on.
    pub(crate) fn value(&self, value: &Value, indent: &str) -> String {
        let deeper = format!("{indent}{}", self.unit);
        match value {
            Value::Array(items) if items.is_empty() => "[]".to_owned(),
            Value::Object(object) if object.is_empty() => "{}".to_owned(),
            // Short lists of plain values are written in one line by hand, too.
            Value::Array(items) if is_short(items) => {
                let items: Vec<String> = items.iter().map(|item| self.value(item, indent)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Array(items) => {
                let items = items.iter().map(|item| self.value(item, &deeper)).collect();
                self.block(['[', ']'], items, indent)
            }
            Value::Object(object) => {
                let items = object
                    .iter()
                    .map(|(name, value)| format!("{}: {}", self.name(name), self.value(value, &deeper)))
                    .collect();
                self.block(['{', '}'], items, indent)
            }
            Value::String(text) => self.string(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        }
    }

    /// A value in as many objects as there are names, the first one outermost.
    pub(crate) fn nested(&self, names: &[&str], content: &Content<'_>, indent: &str) -> String {
        let Some((name, deeper_names)) = names.split_first() else {
            return match content {
                Content::Value(value) => self.value(value, indent),
                Content::Raw { text, indent: was } => moved(text, was, indent),
            };
        };
        let deeper = format!("{indent}{}", self.unit);
        let item = format!("{}: {}", self.name(name), self.nested(deeper_names, content, &deeper));
        self.block(['{', '}'], vec![item], indent)
    }

    fn block(&self, [open, close]: [char; 2], items: Vec<String>, indent: &str) -> String {
        let Self { newline, unit, .. } = self;
        let last_comma = if self.trailing_comma { "," } else { "" };
        let items = items.join(&format!(",{newline}{indent}{unit}"));
        format!("{open}{newline}{indent}{unit}{items}{last_comma}{newline}{indent}{close}")
    }
}

/// A text at another depth. A string that goes on in the next line would get other content, so then nothing is moved.
fn moved(text: &str, was: &str, is: &str) -> String {
    if text.contains("\\\n") || text.contains("\\\r") {
        return text.to_owned();
    }
    text.replace(&format!("\n{was}"), &format!("\n{is}"))
}

/// Habits that need a look at every name and string: the first of each decides.
#[derive(Default)]
struct Habits {
    quote: Option<char>,
    bare_names: Option<bool>,
}

impl Habits {
    fn visit(&mut self, text: &str, node: &ast::Value<'_>) {
        if self.quote.is_some() && self.bare_names.is_some() {
            return;
        }
        match node {
            ast::Value::Object(object) => {
                for property in &object.properties {
                    let first = text.get(property.start()..).and_then(|rest| rest.chars().next());
                    self.bare_names.get_or_insert(!matches!(first, Some('"' | '\'')));
                    self.visit(text, &property.value);
                }
            }
            ast::Value::Array(list) => list.elements.iter().for_each(|item| self.visit(text, item)),
            ast::Value::StringLit(string) => {
                let first = text.get(string.start()..).and_then(|rest| rest.chars().next());
                self.quote = self.quote.or(first);
            }
            ast::Value::NumberLit(_) | ast::Value::BooleanLit(_) | ast::Value::NullKeyword(_) => {}
        }
    }
}

/// Lists up to this many characters stand in one line.
const SHORT_LIST_CHARS: usize = 72;

fn is_short(items: &[Value]) -> bool {
    let is_plain = |item: &Value| !item.is_array() && !item.is_object();
    items.iter().all(is_plain)
        && items.iter().map(|item| item.to_string().len() + 2).sum::<usize>() <= SHORT_LIST_CHARS
}

/// Whether a name may stand without quotes. JSON5 allows more; these every reader of JSON5 takes.
fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    let is_start = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte == b'$';
    bytes.next().is_some_and(is_start) && bytes.all(|byte| is_start(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Content, Style};
    use crate::text;
    use serde_json::json;

    fn style(text: &str) -> Style {
        Style::of(text, &text::parse(text).unwrap())
    }

    #[test]
    fn habits_are_taken_over() {
        let json = style("{\n    \"a\": \"x\"\n}");
        assert_eq!(json.value(&json!({"b-c": ["x", 1]}), ""), "{\n    \"b-c\": [\"x\", 1]\n}");
        let json5 = style("{\r\n\ta: 'x',\r\n}");
        assert_eq!(json5.value(&json!({"b": "it's \"q\"\n"}), ""), "{\r\n\tb: 'it\\'s \"q\"\\n',\r\n}");
        assert_eq!(json5.value(&json!({"b-c": {}}), "\t"), "{\r\n\t\t'b-c': {},\r\n\t}");
        assert_eq!(style("{}").value(&json!({"a": null}), ""), "{\n  \"a\": null\n}");
    }

    #[test]
    fn missing_objects_are_made_around_a_value() {
        let style = style("{a: 1}");
        let text = style.nested(&["b", "c"], &Content::Raw { text: "[\n  1\n]", indent: "" }, "  ");
        assert_eq!(text, "{\n    b: {\n      c: [\n        1\n      ]\n    }\n  }");
    }
}
