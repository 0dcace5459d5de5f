//! How a file is written, and new values written the same way.

use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;
use serde_json::Value;

use super::comments::ends_line;
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
    /// What stands elsewhere, to be taken over as it is.
    Moved(Moved<'c>),
}

/// A value that stands elsewhere, with its comments.
#[derive(Debug, Default)]
pub(crate) struct Moved<'c> {
    /// The value as it is written there; lines below its first one get another indentation.
    pub(crate) text: &'c str,
    /// The indentation of the line it begins on there.
    pub(crate) indent: &'c str,
    /// The comments before it.
    pub(crate) lead: Vec<&'c str>,
    /// The comments behind it.
    pub(crate) trail: Vec<&'c str>,
}

/// A new item of an object or list.
pub(crate) struct NewItem<'c> {
    /// The names of the objects that it makes, the outermost one first. In an object the first one is its own.
    pub(crate) names: Vec<&'c str>,
    /// Whether it has a name of its own: whether it is for an object.
    pub(crate) is_named: bool,
    /// What the innermost one holds.
    pub(crate) content: Content<'c>,
}

/// An item as it is written, without its comma.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// The comments before it.
    pub(crate) lead: Vec<String>,
    /// The item.
    pub(crate) text: String,
    /// The comments behind it.
    pub(crate) trail: Vec<String>,
}

impl Written {
    /// Whether a comment needs the rest of its line.
    pub(crate) fn ends_line(&self) -> bool {
        self.lead.iter().chain(&self.trail).any(|comment| ends_line(comment))
    }

    /// The item with its comments and with what follows it, a comma or nothing, on lines of its own.
    pub(crate) fn on_lines(&self, comma: &str, newline: &str, indent: &str) -> String {
        let lead: String = self.lead.iter().map(|comment| format!("{comment}{newline}{indent}")).collect();
        format!("{lead}{}{comma}{}", self.text, self.trail(newline, indent))
    }

    /// The same in a line with others; no comment needs the rest of it.
    pub(crate) fn in_line(&self, comma: &str) -> String {
        let lead: String = self.lead.iter().map(|comment| format!("{comment} ")).collect();
        format!("{lead}{}{}{comma}", self.text, self.trail("", ""))
    }

    fn trail(&self, newline: &str, indent: &str) -> String {
        let mut text = String::new();
        let mut before = "";
        for comment in &self.trail {
            match ends_line(before) {
                true => text.extend([newline, indent]),
                false => text.push(' '),
            }
            text.push_str(comment);
            before = comment;
        }
        text
    }
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

    /// A new item; `indent` is that of the line it begins on.
    pub(crate) fn item(&self, new: &NewItem<'_>, indent: &str) -> Written {
        match new.names.split_first().filter(|_| new.is_named) {
            Some((name, names)) => self.named(name, names, &new.content, indent),
            None => self.nested(&new.names, &new.content, indent),
        }
    }

    fn named(&self, name: &str, names: &[&str], content: &Content<'_>, indent: &str) -> Written {
        let written = self.nested(names, content, indent);
        Written { text: format!("{}: {}", self.name(name), written.text), ..written }
    }

    /// A value in as many objects as there are names, the first one outermost.
    fn nested(&self, names: &[&str], content: &Content<'_>, indent: &str) -> Written {
        if let Some((name, names)) = names.split_first() {
            let deeper = format!("{indent}{}", self.unit);
            let item = self.named(name, names, content, &deeper);
            let comma = if self.trailing_comma { "," } else { "" };
            let item = item.on_lines(comma, self.newline, &deeper);
            let text = format!("{{{}{deeper}{item}{}{indent}}}", self.newline, self.newline);
            return Written { text, ..Written::default() };
        }
        match content {
            Content::Value(value) => Written { text: self.value(value, indent), ..Written::default() },
            Content::Moved(content) => {
                let at = |text: &&str| moved(text, content.indent, indent);
                let (lead, trail) =
                    (content.lead.iter().map(at).collect(), content.trail.iter().map(at).collect());
                Written { lead, text: at(&content.text), trail }
            }
        }
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
    use super::{Content, Moved, NewItem, Style};
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
        let moved = Moved { text: "[\n  1\n]", lead: vec!["// l"], trail: vec!["// t"], indent: "" };
        let new = NewItem { names: vec!["b", "c"], is_named: true, content: Content::Moved(moved) };
        let text = style.item(&new, "  ").text;
        assert_eq!(text, "b: {\n    // l\n    c: [\n      1\n    ] // t\n  }");
    }
}
