//! An assistant message while it is being streamed.

use openclaw_models::parse_arguments;
use openclaw_protocol::message::{KnownPart, Part, Usage};
use openclaw_tools::ToolCall;
use serde_json::Value;

/// Text, thinking and calls received so far, in the order they began.
#[derive(Default)]
pub(super) struct Draft {
    parts: Vec<Piece>,
    text: String,
    /// Bytes of `text` that watchers have been told about.
    told: usize,
    pub(super) usage: Option<Usage>,
}

enum Piece {
    Text(String),
    Thinking(String),
    Call { index: usize, id: String, name: String, arguments: String },
}

impl Draft {
    pub(super) fn push_text(&mut self, delta: &str) {
        self.text.push_str(delta);
        match self.parts.last_mut() {
            Some(Piece::Text(text)) => text.push_str(delta),
            Some(Piece::Thinking(_) | Piece::Call { .. }) | None => {
                self.parts.push(Piece::Text(delta.to_owned()));
            }
        }
    }

    pub(super) fn push_thinking(&mut self, delta: &str) {
        match self.parts.last_mut() {
            Some(Piece::Thinking(text)) => text.push_str(delta),
            Some(Piece::Text(_) | Piece::Call { .. }) | None => {
                self.parts.push(Piece::Thinking(delta.to_owned()));
            }
        }
    }

    pub(super) fn start_call(&mut self, index: usize, id: String, name: String) {
        self.parts.push(Piece::Call { index, id, name, arguments: String::new() });
    }

    pub(super) fn push_arguments(&mut self, wanted: usize, delta: &str) {
        for piece in self.parts.iter_mut().rev() {
            if let Piece::Call { index, arguments, .. } = piece
                && *index == wanted
            {
                arguments.push_str(delta);
                return;
            }
        }
    }

    /// The text watchers have not been told about yet; they have after this call.
    pub(super) fn take_untold(&mut self) -> String {
        let untold = self.text.get(self.told..).unwrap_or_default().to_owned();
        self.told = self.text.len();
        untold
    }

    /// All text so far.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The finished parts, and the calls among them. Arguments that are no JSON are kept as a string: the tool
    /// executor tells the model what is wrong with them.
    pub(super) fn into_parts(self) -> (Vec<Part>, Vec<ToolCall>) {
        let mut parts = Vec::with_capacity(self.parts.len());
        let mut calls = Vec::new();
        for piece in self.parts {
            match piece {
                Piece::Text(text) if text.is_empty() => {}
                Piece::Text(text) => parts.push(Part::text(text)),
                Piece::Thinking(thinking) => {
                    parts.push(Part::Known(KnownPart::Thinking { thinking, thinking_signature: None }));
                }
                Piece::Call { id, name, arguments, .. } => {
                    let arguments = parse_arguments(&arguments).unwrap_or(Value::String(arguments));
                    parts.push(Part::tool_call(&id, &name, arguments.clone()));
                    calls.push(ToolCall { id, name, arguments });
                }
            }
        }
        let only_thinking = parts.iter().all(|part| matches!(part, Part::Known(KnownPart::Thinking { .. })));
        (if only_thinking { Vec::new() } else { parts }, calls)
    }
}
