//! Finding a value or an item in the syntax tree by where it begins.

use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;

/// The value that begins at a byte.
pub(crate) fn value_at<'n, 'a>(node: &'n ast::Value<'a>, offset: usize) -> Option<&'n ast::Value<'a>> {
    if node.start() == offset {
        return Some(node);
    }
    values(node).into_iter().find(|value| contains(value, offset)).and_then(|value| value_at(value, offset))
}

/// The object or list with an item that begins at a byte (a property begins with its name), and the item's position.
pub(crate) fn item_at<'n, 'a>(
    node: &'n ast::Value<'a>,
    offset: usize,
) -> Option<(&'n ast::Value<'a>, usize)> {
    let starts: Vec<usize> = match node {
        ast::Value::Object(object) => object.properties.iter().map(|property| property.start()).collect(),
        ast::Value::Array(list) => list.elements.iter().map(|element| element.start()).collect(),
        ast::Value::StringLit(_)
        | ast::Value::NumberLit(_)
        | ast::Value::BooleanLit(_)
        | ast::Value::NullKeyword(_) => return None,
    };
    if let Some(position) = starts.iter().position(|start| *start == offset) {
        return Some((node, position));
    }
    values(node).into_iter().find(|value| contains(value, offset)).and_then(|value| item_at(value, offset))
}

fn contains(node: &ast::Value<'_>, offset: usize) -> bool {
    (node.start()..node.end()).contains(&offset)
}

/// The values directly in a value.
fn values<'n, 'a>(node: &'n ast::Value<'a>) -> Vec<&'n ast::Value<'a>> {
    match node {
        ast::Value::Object(object) => object.properties.iter().map(|property| &property.value).collect(),
        ast::Value::Array(list) => list.elements.iter().collect(),
        ast::Value::StringLit(_)
        | ast::Value::NumberLit(_)
        | ast::Value::BooleanLit(_)
        | ast::Value::NullKeyword(_) => Vec::new(),
    }
}
