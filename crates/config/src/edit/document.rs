//! Whole configurations and merge patches that clients send as text.

use std::path::Path;

use jsonc_parser::{CollectOptions, CommentCollectionStrategy, parse_to_ast};
use serde_json::Value;

use super::adopt::{adopt, adopt_text, merge_patch};
use super::diff::diff;
use super::editor::Editor;
use super::error::EditError;
use crate::env::Env;
use crate::include::{Drafts, INCLUDE};
use crate::key_path::{KeyPath, Trail};
use crate::load::parse_from;
use crate::problem::ConfigError;
use crate::reader::{Origin, read_tree};
use crate::text;

/// The mark that some editors put first.
const BOM: &str = "\u{feff}";
/// What problems call a text that came from a client.
const SENT: &str = "the text sent";

impl Editor {
    /// Takes a whole configuration (`config.set`, `config.apply`). A text with comments, or with `$include`, is how its
    /// author wants the file to be and becomes it. Any other is taken by its values, so that the comments, the quoting
    /// and the included files of what is there survive a client that knows nothing of them.
    ///
    /// # Errors
    /// The text, or the one that is there, is not JSON5; it holds a mark that stands for nothing; it includes a file that
    /// was not included.
    pub fn take_document(&mut self, raw: &str) -> Result<(), EditError> {
        self.whole()?;
        if !is_handwritten(raw) {
            let new = sent_value(raw)?;
            return self.become_value(new);
        }
        self.refuse_new_includes(raw)?;
        let text = adopt_text(raw, self.text())?;
        self.replace(self.as_found(&text))
    }

    /// Takes a merge patch (`config.patch`): objects merge, `null` removes, everything else replaces.
    ///
    /// # Errors
    /// The text is not JSON5, or holds a mark that stands for nothing.
    pub fn take_patch(&mut self, raw: &str) -> Result<(), EditError> {
        let new = merge_patch(&self.value(), &sent_value(raw)?);
        self.become_value(new)
    }

    /// Refuses files that were not included before: a client that may see the configuration must not see every file
    /// beside it.
    fn refuse_new_includes(&self, raw: &str) -> Result<(), EditError> {
        let known = included(self.text());
        let asked = included(raw);
        match asked.into_iter().find(|asked| !known.contains(asked)) {
            Some((path, _)) => Err(EditError::NewInclude { path }),
            None => Ok(()),
        }
    }

    /// A text with the line ends and the mark of the one that was found: browsers keep neither.
    fn as_found(&self, text: &str) -> String {
        let found = self.found().unwrap_or_default();
        let is_crlf = found.contains("\r\n") && !text.contains('\r');
        let text = if is_crlf { text.replace('\n', "\r\n") } else { text.to_owned() };
        let has_bom = found.starts_with(BOM) && !text.starts_with(BOM);
        if has_bom { format!("{BOM}{text}") } else { text }
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
    parsed.comments.is_some_and(|comments| !comments.is_empty()) || !included(body).is_empty()
}

/// Each `$include` of a text: where it stands, and what it names.
fn included(text: &str) -> Vec<(KeyPath, Value)> {
    let mut found = Vec::new();
    if let Some(value) = text::value(text) {
        collect_includes(&value, Trail::Root, &mut found);
    }
    found
}

fn collect_includes(value: &Value, trail: Trail<'_>, found: &mut Vec<(KeyPath, Value)>) {
    match value {
        Value::Object(object) => {
            for (name, item) in object {
                let trail = trail.key(name);
                if name == INCLUDE {
                    found.push((trail.to_path(), item.clone()));
                }
                collect_includes(item, trail, found);
            }
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, item)| collect_includes(item, trail.index(index), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
