//! The one declaration of a tool: name, words for the model, parameters.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::arguments::Arguments;

/// Characters of a label in an event: one line in a chat window.
const MAX_LABEL_CHARS: usize = 120;

/// What a tool is called and what it takes.
#[derive(Debug)]
pub struct ToolSpec {
    /// The name the model uses.
    pub name: &'static str,
    /// What it does, for the model.
    pub description: &'static str,
    /// What it takes, in the order the model sees.
    pub params: &'static [Param],
    /// The parameter that says best what a call is about: the path, the query, the command.
    pub label: Option<&'static str>,
    /// How long a call may take before the executor gives up on it.
    pub timeout: Duration,
}

/// One parameter.
#[derive(Debug)]
pub struct Param {
    /// The name the model sees.
    pub name: &'static str,
    /// Names models have learned elsewhere; accepted, not shown.
    pub aliases: &'static [&'static str],
    /// What it must be.
    pub kind: ParamKind,
    /// Whether it must be there.
    pub need: Need,
    /// What it means, for the model.
    pub description: &'static str,
}

/// Type and bounds of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParamKind {
    /// Text of at most so many bytes.
    Text {
        /// Bytes.
        max_bytes: usize,
    },
    /// A whole number between the two, both allowed.
    Integer {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
    },
    /// A number between the two, both allowed.
    Number {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// True or false.
    Flag,
}

/// Whether a parameter must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The call fails without it.
    Required,
    /// It may be missing or null.
    Optional,
}

/// A tool as a model request carries it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Definition {
    /// See [`ToolSpec::name`].
    pub name: &'static str,
    /// See [`ToolSpec::description`].
    pub description: &'static str,
    /// JSON Schema of the arguments.
    pub parameters: Value,
}

impl ToolSpec {
    /// The tool as a model request carries it; the same bytes every time.
    #[must_use]
    pub fn definition(&self) -> Definition {
        let properties: Map<String, Value> =
            self.params.iter().map(|param| (param.name.to_owned(), param.schema())).collect();
        let required: Vec<&str> =
            self.params.iter().filter(|param| param.need == Need::Required).map(|param| param.name).collect();
        let parameters = json!({ "type": "object", "properties": properties, "required": required });
        Definition { name: self.name, description: self.description, parameters }
    }

    /// A short label for the events of a call, on one line; `None` when the arguments do not hold one.
    #[must_use]
    pub fn label_of(&self, arguments: &Value) -> Option<String> {
        let checked = Arguments::check(self, arguments).ok()?;
        let text = checked.text(self.label?).ok()??;
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let mut chars = line.trim().chars();
        let mut label: String = chars.by_ref().take(MAX_LABEL_CHARS).collect();
        if chars.next().is_some() {
            label.push('…');
        }
        Some(label)
    }
}

impl Param {
    fn schema(&self) -> Value {
        let mut schema = match self.kind {
            ParamKind::Text { .. } => json!({ "type": "string" }),
            ParamKind::Integer { min, .. } => json!({ "type": "integer", "minimum": min }),
            ParamKind::Number { min, max } => json!({ "type": "number", "minimum": min, "maximum": max }),
            ParamKind::Flag => json!({ "type": "boolean" }),
        };
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".into(), self.description.into());
        }
        schema
    }
}
