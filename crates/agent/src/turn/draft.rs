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
    Text { text: String, signature: Option<String> },
    Thinking { text: String, signature: Option<String>, shown: Shown },
    Call { index: usize, id: String, name: String, arguments: String, signature: Option<String> },
}

/// Whether the provider shows its reasoning.
#[derive(PartialEq)]
enum Shown {
    Yes,
    Redacted,
}

impl Draft {
    /// Whether neither text nor a call came.
    pub(super) fn is_unspoken(&self) -> bool {
        self.text.is_empty() && !self.parts.iter().any(|part| matches!(part, Piece::Call { .. }))
    }

    pub(super) fn push_text(&mut self, delta: &str) {
        self.text.push_str(delta);
        match self.parts.last_mut() {
            Some(Piece::Text { text, signature: None }) => text.push_str(delta),
            Some(Piece::Text { .. } | Piece::Thinking { .. } | Piece::Call { .. }) | None => {
                self.parts.push(Piece::Text { text: delta.to_owned(), signature: None });
            }
        }
    }

    pub(super) fn push_thinking(&mut self, delta: &str) {
        match self.parts.last_mut() {
            Some(Piece::Thinking { text, signature: None, shown: Shown::Yes }) => text.push_str(delta),
            Some(Piece::Text { .. } | Piece::Thinking { .. } | Piece::Call { .. }) | None => {
                let text = delta.to_owned();
                self.parts.push(Piece::Thinking { text, signature: None, shown: Shown::Yes });
            }
        }
    }

    /// Signs the open text; a signature without text stands alone.
    pub(super) fn sign_text(&mut self, signed: String) {
        match self.parts.last_mut() {
            Some(Piece::Text { signature, .. }) if signature.is_none() => *signature = Some(signed),
            Some(Piece::Text { .. } | Piece::Thinking { .. } | Piece::Call { .. }) | None => {
                self.parts.push(Piece::Text { text: String::new(), signature: Some(signed) });
            }
        }
    }

    /// Signs the open reasoning; a signature without reasoning stands alone.
    pub(super) fn sign_thinking(&mut self, signed: String) {
        match self.parts.last_mut() {
            Some(Piece::Thinking { signature, shown: Shown::Yes, .. }) if signature.is_none() => {
                *signature = Some(signed);
            }
            Some(Piece::Text { .. } | Piece::Thinking { .. } | Piece::Call { .. }) | None => {
                let text = String::new();
                self.parts.push(Piece::Thinking { text, signature: Some(signed), shown: Shown::Yes });
            }
        }
    }

    pub(super) fn push_redacted(&mut self, data: String) {
        let text = String::new();
        self.parts.push(Piece::Thinking { text, signature: Some(data), shown: Shown::Redacted });
    }

    pub(super) fn start_call(&mut self, index: usize, id: String, name: String) {
        self.parts.push(Piece::Call { index, id, name, arguments: String::new(), signature: None });
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

    pub(super) fn sign_call(&mut self, wanted: usize, signed: String) {
        for piece in self.parts.iter_mut().rev() {
            if let Piece::Call { index, signature, .. } = piece
                && *index == wanted
            {
                *signature = Some(signed);
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
                Piece::Text { text, signature: None } if text.is_empty() => {}
                Piece::Text { text, signature } => {
                    parts.push(Part::Known(KnownPart::Text { text, text_signature: signature }));
                }
                Piece::Thinking { text, signature, shown } => parts.push(Part::Known(KnownPart::Thinking {
                    thinking: text,
                    thinking_signature: signature,
                    redacted: shown == Shown::Redacted,
                })),
                Piece::Call { id, name, arguments, signature, .. } => {
                    let arguments = parse_arguments(&arguments).unwrap_or(Value::String(arguments));
                    parts.push(Part::Known(KnownPart::ToolCall {
                        id: id.clone(),
                        name: name.clone(),
                        arguments: arguments.clone(),
                        thought_signature: signature,
                    }));
                    calls.push(ToolCall { id, name, arguments });
                }
            }
        }
        let says_something = parts.iter().any(is_answer);
        (if says_something { parts } else { Vec::new() }, calls)
    }
}

/// Reasoning alone, or a signature without words, answers nobody.
fn is_answer(part: &Part) -> bool {
    match part {
        Part::Known(KnownPart::Thinking { .. }) => false,
        Part::Known(KnownPart::Text { text, .. }) => !text.is_empty(),
        Part::Known(KnownPart::ToolCall { .. } | KnownPart::Image { .. }) | Part::Other(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::Draft;
    use openclaw_protocol::message::{KnownPart, Part};
    use serde_json::json;

    #[test]
    fn signatures_close_what_they_sign_and_stand_alone_without_it() {
        let mut draft = Draft::default();
        draft.push_thinking("a");
        draft.sign_thinking("s1".into());
        draft.push_thinking("b");
        draft.push_redacted("hidden".into());
        draft.sign_thinking("s2".into());
        draft.push_text("Hel");
        draft.push_text("lo");
        draft.sign_text("s3".into());
        draft.push_text("!");
        draft.start_call(0, "c".into(), "read".into());
        draft.push_arguments(0, "{}");
        draft.sign_call(0, "s4".into());
        draft.sign_text("s5".into());
        let (parts, calls) = draft.into_parts();
        assert_eq!(
            serde_json::to_value(&parts).unwrap(),
            json!([
                {"type":"thinking","thinking":"a","thinkingSignature":"s1"},
                {"type":"thinking","thinking":"b"},
                {"type":"thinking","thinking":"","thinkingSignature":"hidden","redacted":true},
                {"type":"thinking","thinking":"","thinkingSignature":"s2"},
                {"type":"text","text":"Hello","textSignature":"s3"},
                {"type":"text","text":"!"},
                {"type":"toolCall","id":"c","name":"read","arguments":{},"thoughtSignature":"s4"},
                {"type":"text","text":"","textSignature":"s5"}
            ])
        );
        assert_eq!(calls.len(), 1);
        let back: Vec<Part> = serde_json::from_value(serde_json::to_value(&parts).unwrap()).unwrap();
        assert_eq!(back, parts);
    }

    #[test]
    fn signatures_and_thoughts_alone_are_no_answer() {
        let mut draft = Draft::default();
        draft.push_thinking("hm");
        draft.sign_text("s".into());
        assert!(draft.into_parts().0.is_empty());
        let mut draft = Draft::default();
        draft.push_text("yes");
        let (parts, _) = draft.into_parts();
        assert!(matches!(&parts[0], Part::Known(KnownPart::Text { text_signature: None, .. })));
    }
}
