//! Finding a value or an item in the syntax tree by where it begins.

use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;

/// The value that begins at a byte.
pub(crate) fn value_at<'n, 'a>(root: &'n ast::Value<'a>, offset: usize) -> Option<&'n ast::Value<'a>> {
    let mut node = root;
    while node.start() != offset {
        node = part_around(node, offset)?;
    }
    Some(node)
}

/// The object or list with an item that begins at a byte (a property begins with its name), and the item's position.
pub(crate) fn item_at<'n, 'a>(
    root: &'n ast::Value<'a>,
    offset: usize,
) -> Option<(&'n ast::Value<'a>, usize)> {
    let mut node = root;
    loop {
        let found = match node {
            ast::Value::Object(object) => {
                object.properties.binary_search_by_key(&offset, |property| property.start())
            }
            ast::Value::Array(list) => list.elements.binary_search_by_key(&offset, |item| item.start()),
            ast::Value::StringLit(_)
            | ast::Value::NumberLit(_)
            | ast::Value::BooleanLit(_)
            | ast::Value::NullKeyword(_) => return None,
        };
        if let Ok(position) = found {
            return Some((node, position));
        }
        node = part_around(node, offset)?;
    }
}

/// The value directly in a value that a byte is in. Items stand in the order of the text.
fn part_around<'n, 'a>(node: &'n ast::Value<'a>, offset: usize) -> Option<&'n ast::Value<'a>> {
    let part = match node {
        ast::Value::Object(object) => {
            let behind = object.properties.partition_point(|property| property.value.start() <= offset);
            &object.properties.get(behind.checked_sub(1)?)?.value
        }
        ast::Value::Array(list) => {
            let behind = list.elements.partition_point(|item| item.start() <= offset);
            list.elements.get(behind.checked_sub(1)?)?
        }
        ast::Value::StringLit(_)
        | ast::Value::NumberLit(_)
        | ast::Value::BooleanLit(_)
        | ast::Value::NullKeyword(_) => return None,
    };
    (offset < part.end()).then_some(part)
}

/// What an item of an object or list holds, and where its name ends, if it has one.
pub(crate) fn content_of<'n, 'a>(
    container: &'n ast::Value<'a>,
    index: usize,
) -> Option<(&'n ast::Value<'a>, Option<usize>)> {
    match container {
        ast::Value::Object(object) => {
            let property = object.properties.get(index)?;
            Some((&property.value, Some(property.name.end())))
        }
        ast::Value::Array(list) => Some((list.elements.get(index)?, None)),
        ast::Value::StringLit(_)
        | ast::Value::NumberLit(_)
        | ast::Value::BooleanLit(_)
        | ast::Value::NullKeyword(_) => None,
    }
}
