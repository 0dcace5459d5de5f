//! Whole configurations and merge patches that clients send as text.

use std::path::Path;

use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ast, parse_to_ast};
use serde_json::Value;

use super::adopt::{adopt, adopt_text, merge_patch};
use super::diff::diff;
use super::editor::Editor;
use super::error::EditError;
use crate::env::Env;
use crate::include::{Drafts, INCLUDE};
use crate::load::parse_from;
use crate::problem::ConfigError;
use crate::reader::{Origin, read_tree};
use crate::text;

/// What problems call a text that came from a client.
const SENT: &str = "the text sent";

impl Editor {
    /// Takes a whole configuration (`config.set`, `config.apply`). A text with comments, or with `$include`, is how its
    /// author wants the file to be and becomes it. Any other is taken by its values, so that the comments, the quoting
    /// and the included files of what is there survive a client that knows nothing of them.
    ///
    /// # Errors
    /// The text is not JSON5, or holds a mark that stands for nothing.
    pub fn take_document(&mut self, raw: &str) -> Result<(), EditError> {
        if self.is_torn() || is_handwritten(raw) {
            let own = text::parse(text::without_bom(self.text())).map(Value::from).unwrap_or_default();
            return self.replace(adopt_text(raw, &own)?);
        }
        let new = sent_value(raw)?;
        self.become_value(new)
    }

    /// Takes a merge patch (`config.patch`): objects merge, `null` removes, everything else replaces.
    ///
    /// # Errors
    /// The text is not JSON5, or holds a mark that stands for nothing.
    pub fn take_patch(&mut self, raw: &str) -> Result<(), EditError> {
        let new = merge_patch(&self.value(), &sent_value(raw)?);
        self.become_value(new)
    }

    fn become_value(&mut self, mut new: Value) -> Result<(), EditError> {
        let old = self.value();
        adopt(&mut new, &old, &self.full_env())?;
        self.apply(&diff(&old, &new))
    }

    /// The environment with the variables of the configuration itself, as far as it is valid.
    fn full_env(&self) -> Env {
        let parsed = parse_from(self.text(), Origin::File(&self.path), &self.now, &self.env);
        parsed.map_or_else(|_| self.env.clone(), |parsed| parsed.env) // its problems are told when it is written
    }
}

/// The value of a text that was sent.
fn sent_value(raw: &str) -> Result<Value, EditError> {
    let reading = read_tree(raw, Origin::Text(SENT), &Drafts::new());
    match reading.tree {
        Some(tree) if reading.problems.is_empty() => Ok(tree.root.to_value()),
        _ => {
            Err(ConfigError::Invalid { path: Path::new(SENT).to_owned(), problems: reading.problems }.into())
        }
    }
}

/// Whether a text has comments, or includes files. Programs that write a configuration out again do neither.
fn is_handwritten(raw: &str) -> bool {
    let body = text::without_bom(raw);
    let collect = CollectOptions { comments: CommentCollectionStrategy::Separate, tokens: false };
    // A text that is not JSON5 is refused when its value is asked for.
    let Ok(parsed) = parse_to_ast(body, &collect, &text::options()) else { return false };
    parsed.comments.is_some_and(|comments| !comments.is_empty())
        || parsed.value.as_ref().is_some_and(includes)
}

fn includes(node: &ast::Value<'_>) -> bool {
    match node {
        ast::Value::Object(object) => object
            .properties
            .iter()
            .any(|property| property.name.as_str() == INCLUDE || includes(&property.value)),
        ast::Value::Array(list) => list.elements.iter().any(includes),
        ast::Value::StringLit(_)
        | ast::Value::NumberLit(_)
        | ast::Value::BooleanLit(_)
        | ast::Value::NullKeyword(_) => false,
    }
}
