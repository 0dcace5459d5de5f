//! The mark that replaces hidden values must never become one: not alone, not inside a text, not as a name.

use jsonc_parser::ast;

use crate::key_path::{KeyPath, Trail};
use crate::redact::REDACTED;
use crate::text;

/// Where a text holds the mark, outside its comments.
pub(super) fn find_mark(text: &str) -> Option<KeyPath> {
    let tree = text::parse(text::without_bom(text)).ok()?; // what cannot be read is refused for that
    find(&tree, Trail::Root)
}

fn find(node: &ast::Value<'_>, trail: Trail<'_>) -> Option<KeyPath> {
    match node {
        ast::Value::StringLit(string) => string.value.contains(REDACTED).then(|| trail.to_path()),
        ast::Value::Array(list) => {
            let mut items = list.elements.iter().enumerate();
            items.find_map(|(index, item)| find(item, trail.index(index)))
        }
        ast::Value::Object(object) => object.properties.iter().find_map(|property| {
            let name = property.name.as_str();
            let trail = trail.key(name);
            if name.contains(REDACTED) { Some(trail.to_path()) } else { find(&property.value, trail) }
        }),
        ast::Value::NumberLit(_) | ast::Value::BooleanLit(_) | ast::Value::NullKeyword(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::find_mark;

    #[test]
    fn every_mark_is_found_and_comments_are_not_looked_at() {
        for (text, path) in [
            ("{a: [{b: 'Bearer __OPENCLAW_REDACTED__'}]}", Some("a[0].b")),
            ("{a: 'x', a: 1, b: {__OPENCLAW_REDACTED__: 1}}", Some("b.__OPENCLAW_REDACTED__")),
            ("{a: '__OPENCLAW_REDACTED__', a: 'real'}", Some("a")),
            ("{a: 'x' /* __OPENCLAW_REDACTED__ */}", None),
            ("{a: ", None),
        ] {
            assert_eq!(find_mark(text).map(|path| path.to_string()).as_deref(), path, "{text}");
        }
    }
}
