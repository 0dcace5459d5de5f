//! A text as the fuzzed code must see it, found out another way than that code does.

use std::collections::HashSet;
use std::ops::Range;

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};
use openclaw_config::{KeyPath, Step};

pub(crate) fn options() -> ParseOptions {
    ParseOptions { allow_missing_commas: false, ..ParseOptions::default() }
}

/// A text that is JSON5.
pub(crate) struct Syntax<'t> {
    text: &'t str,
    root: Value<'t>,
    comments: Vec<Range<usize>>,
}

/// Where the value at a path is written.
pub(crate) struct Written {
    /// With its name, if it has one.
    pub(crate) item: Range<usize>,
    pub(crate) value: Range<usize>,
    pub(crate) is_leaf: bool,
}

impl<'t> Syntax<'t> {
    /// `None` for a text that is not JSON5.
    pub(crate) fn of(text: &'t str) -> Option<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let collect = CollectOptions { comments: CommentCollectionStrategy::Separate, tokens: false };
        let parsed = parse_to_ast(text, &collect, &options()).ok()?; // the loader tells what is wrong with it
        let found = parsed.comments.into_iter().flat_map(|map| map.into_values().collect::<Vec<_>>());
        let mut comments: Vec<Range<usize>> =
            found.flat_map(|list| list.iter().map(range).collect::<Vec<_>>()).collect();
        comments.sort_by_key(|comment| comment.start);
        comments.dedup();
        Some(Self { text, root: parsed.value?, comments })
    }

    /// The text behind a byte order mark.
    pub(crate) fn text(&self) -> &'t str {
        self.text
    }

    /// The comments outside a stretch, in their order.
    pub(crate) fn comments_outside(&self, stretch: &Range<usize>) -> Vec<&'t str> {
        let is_inside = |comment: &Range<usize>| stretch.start <= comment.start && comment.end <= stretch.end;
        let outside = self.comments.iter().filter(|comment| !is_inside(comment));
        outside.map(|comment| &self.text[comment.clone()]).collect()
    }

    /// Where a value is written; only sure for a text that is [plain](Self::is_plain).
    pub(crate) fn written(&self, path: &KeyPath) -> Option<Written> {
        let (mut item, mut value) = (range(&self.root), &self.root);
        for step in path.steps() {
            (item, value) = match (step, value) {
                (Step::Key(name), Value::Object(object)) => {
                    let property = object.properties.iter().find(|own| own.name.as_str() == name)?;
                    (range(property), &property.value)
                }
                (Step::Index(index), Value::Array(list)) => {
                    let element = list.elements.get(*index)?;
                    (range(element), element)
                }
                _ => return None,
            };
        }
        let is_leaf = !matches!(value, Value::Object(_) | Value::Array(_));
        Some(Written { item, value: range(value), is_leaf })
    }

    /// Whether no name stands twice in an object and nothing is included.
    pub(crate) fn is_plain(&self) -> bool {
        is_plain(&self.root)
    }

    /// Whether a name, or the name of an included file, holds a text: messages may say names.
    pub(crate) fn names(&self, part: &str) -> bool {
        names(&self.root, part)
    }
}

fn range(node: &impl Ranged) -> Range<usize> {
    node.start()..node.end()
}

fn is_plain(value: &Value<'_>) -> bool {
    match value {
        Value::Array(list) => list.elements.iter().all(is_plain),
        Value::Object(object) => {
            let mut seen = HashSet::new();
            object.properties.iter().all(|property| {
                let name = property.name.as_str();
                name != "$include" && seen.insert(name) && is_plain(&property.value)
            })
        }
        Value::StringLit(_) | Value::NumberLit(_) | Value::BooleanLit(_) | Value::NullKeyword(_) => true,
    }
}

fn names(value: &Value<'_>, part: &str) -> bool {
    match value {
        Value::Array(list) => list.elements.iter().any(|item| names(item, part)),
        Value::Object(object) => object.properties.iter().any(|property| {
            let name = property.name.as_str();
            name.contains(part)
                || name == "$include" && holds(&property.value, part)
                || names(&property.value, part)
        }),
        Value::StringLit(_) | Value::NumberLit(_) | Value::BooleanLit(_) | Value::NullKeyword(_) => false,
    }
}

fn holds(value: &Value<'_>, part: &str) -> bool {
    match value {
        Value::StringLit(text) => text.value.contains(part),
        Value::Array(list) => list.elements.iter().any(|item| holds(item, part)),
        Value::Object(_) | Value::NumberLit(_) | Value::BooleanLit(_) | Value::NullKeyword(_) => false,
    }
}
