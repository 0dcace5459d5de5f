//! From messages to turns.

use std::borrow::Cow;
use std::sync::Arc;

use openclaw_protocol::message::{
    AssistantMessage, Content, KnownPart, Message, Part, StopReason, ToolResultMessage,
};
use serde_json::Value;

use super::ids::{IdRule, Ids, plain_name};
use super::images::{ImageRule, fitting};
use crate::{ModelInfo, ModelRequest};

/// Stands for the result of a call that never got one, for example because the process ended. Every API refuses a
/// conversation in which a call has no result.
const INTERRUPTED: &str = "No result: the call was interrupted.";
/// Stands for the text of a result that has none.
const NO_TEXT: &str = "(no text)";
/// Stands for a user message that says nothing; APIs refuse empty content.
const EMPTY_MESSAGE: &str = "(empty message)";
/// Stands in front of a history whose beginning is missing, where an API wants the user to begin.
const NOT_SHOWN: &str = "(The beginning of this conversation is not shown.)";
/// Stands behind a history that ends with the model's own words, where an API wants the user to end.
const GO_ON: &str = "(Go on.)";

/// What an API asks of a conversation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) ids: IdRule,
    pub(crate) images: ImageRule,
    pub(crate) roles: Roles,
    pub(crate) lone_signatures: LoneSignatures,
}

/// What becomes of a signature that signs a text without words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoneSignatures {
    /// It is left out.
    Drop,
    /// The API wants it back.
    Keep,
}

/// Which order of roles an API takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Roles {
    /// Any.
    Free,
    /// The user begins and ends, and nobody speaks twice in a row.
    Alternate,
}

/// One step of a conversation. No list is empty.
#[derive(Debug, PartialEq)]
pub(crate) enum Turn<'a> {
    User(Vec<Piece<'a>>),
    Assistant(Vec<Said<'a>>),
    /// Directly behind the turn that called: one for each of its calls and no other.
    Results(Vec<Outcome<'a>>),
}

/// What a user or a tool shows. Text is never blank.
#[derive(Debug, PartialEq)]
pub(crate) enum Piece<'a> {
    Text(Cow<'a, str>),
    Image { data: Cow<'a, str>, mime: &'static str },
}

/// What a model said.
#[derive(Debug, PartialEq)]
pub(crate) enum Said<'a> {
    /// Not blank, unless a signature stands alone.
    Text { text: &'a str, signature: Option<&'a str> },
    /// Signed reasoning of the very model that is asked now.
    Thinking { text: &'a str, signature: &'a str, shown: Shown },
    Call {
        id: String,
        stored_id: &'a str,
        /// The second id that OpenAI's responses give to a call of the very model that is asked now.
        item_id: Option<&'a str>,
        name: Cow<'a, str>,
        arguments: &'a Value,
        signature: Option<&'a str>,
    },
}

/// Whether the reasoning came as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Yes,
    /// The signature is the provider's hidden data.
    Redacted,
}

/// The result of one call.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome<'a> {
    pub(crate) id: String,
    /// Position of the call among those of its turn.
    pub(crate) position: usize,
    pub(crate) name: Cow<'a, str>,
    /// Never empty.
    pub(crate) pieces: Vec<Piece<'a>>,
    pub(crate) failed: bool,
}

impl Outcome<'_> {
    /// The text of the result, or words that say there is none.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        let mut texts = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.as_ref()),
            Piece::Image { .. } => None,
        });
        match (texts.next(), texts.next()) {
            (None, _) => Cow::Borrowed(NO_TEXT),
            (Some(only), None) => Cow::Borrowed(only),
            (Some(first), Some(second)) => {
                Cow::Owned([first, second].into_iter().chain(texts).collect::<Vec<_>>().join("\n"))
            }
        }
    }
}

/// The conversation of a request, ready for an API with these rules.
pub(crate) fn turns<'a>(request: &'a ModelRequest, info: &ModelInfo, rules: Rules) -> Vec<Turn<'a>> {
    let images = info.sees_images().then_some(rules.images);
    let mut making = Making { info, images, rules, ids: Ids::new(rules.ids), turns: Vec::new() };
    for (index, message) in request.messages.iter().enumerate() {
        match message.as_ref() {
            Message::User(user) => making.user(&user.content),
            Message::Assistant(assistant) => {
                let behind = request.messages.get(index + 1..).unwrap_or_default();
                making.assistant(assistant, behind);
            }
            // Taken together with the call it belongs to; without one it is left out.
            Message::ToolResult(_) => {}
        }
    }
    making.finish()
}

struct Making<'a, 'i> {
    info: &'i ModelInfo,
    images: Option<ImageRule>,
    rules: Rules,
    ids: Ids,
    turns: Vec<Turn<'a>>,
}

impl<'a> Making<'a, '_> {
    fn user(&mut self, content: &'a Content) {
        let mut pieces = match content {
            Content::Text(text) => text_piece(text).into_iter().collect(),
            Content::Parts(parts) => self.pieces(parts),
        };
        if pieces.is_empty() {
            pieces.push(Piece::Text(Cow::Borrowed(EMPTY_MESSAGE)));
        }
        match self.turns.last_mut() {
            Some(Turn::User(earlier)) if self.rules.roles == Roles::Alternate => earlier.append(&mut pieces),
            Some(Turn::User(_) | Turn::Assistant(_) | Turn::Results(_)) | None => {
                self.turns.push(Turn::User(pieces));
            }
        }
    }

    fn pieces(&self, parts: &'a [Part]) -> Vec<Piece<'a>> {
        let piece = |part: &'a Part| match part {
            Part::Known(KnownPart::Text { text, .. }) => text_piece(text),
            Part::Known(KnownPart::Image { data, mime_type }) => {
                Some(match fitting(data, mime_type, self.images) {
                    Ok((data, mime)) => Piece::Image { data, mime },
                    Err(words) => Piece::Text(words),
                })
            }
            Part::Known(KnownPart::Thinking { .. } | KnownPart::ToolCall { .. }) | Part::Other(_) => None,
        };
        parts.iter().filter_map(piece).collect()
    }

    /// An answer with the results of its calls, which may stand anywhere before the next answer.
    fn assistant(&mut self, message: &'a AssistantMessage, behind: &'a [Arc<Message>]) {
        let own = self.is_own(message);
        let mut said: Vec<Said<'a>> =
            message.content.iter().filter_map(|part| self.said(part, own)).collect();
        // An answer that failed before its first word says nothing, and reasoning alone answers nobody.
        if !said.iter().any(says_something) {
            return;
        }
        let results = results_in(behind);
        let outcomes = self.outcomes(&said, &results);
        match self.turns.last_mut() {
            Some(Turn::Assistant(earlier)) if self.rules.roles == Roles::Alternate => {
                earlier.append(&mut said)
            }
            Some(Turn::User(_) | Turn::Assistant(_) | Turn::Results(_)) | None => {
                self.turns.push(Turn::Assistant(said));
            }
        }
        if !outcomes.is_empty() {
            self.turns.push(Turn::Results(outcomes));
        }
    }

    /// Whether what the provider signed may go back to it. A stopped answer may have lost half of it.
    fn is_own(&self, message: &AssistantMessage) -> Own {
        let same = message.api == self.info.api.as_str()
            && message.provider == *self.info.provider
            && message.model == self.info.id;
        let whole = match message.stop_reason {
            StopReason::Stop | StopReason::Length | StopReason::ToolUse => true,
            StopReason::Error | StopReason::Aborted => false,
        };
        if same && whole { Own::Yes } else { Own::No }
    }

    fn said(&mut self, part: &'a Part, own: Own) -> Option<Said<'a>> {
        let signed = |signature: &'a Option<String>| {
            signature.as_deref().filter(|signature| own == Own::Yes && !signature.is_empty())
        };
        match part {
            Part::Known(KnownPart::Text { text, text_signature }) => {
                let signature = signed(text_signature);
                let lone = signature.is_some() && self.rules.lone_signatures == LoneSignatures::Keep;
                (lone || !text.trim().is_empty()).then_some(Said::Text { text, signature })
            }
            Part::Known(KnownPart::Thinking { thinking, thinking_signature, redacted }) => {
                let shown = if *redacted { Shown::Redacted } else { Shown::Yes };
                Some(Said::Thinking { text: thinking, signature: signed(thinking_signature)?, shown })
            }
            Part::Known(KnownPart::ToolCall { id, name, arguments, thought_signature }) => Some(Said::Call {
                id: self.ids.take(id),
                stored_id: id,
                item_id: id.split_once('|').map(|(_, item)| item).filter(|_| own == Own::Yes),
                name: plain_name(name),
                arguments,
                signature: signed(thought_signature),
            }),
            Part::Known(KnownPart::Image { .. }) | Part::Other(_) => None,
        }
    }

    /// The results that came, in their order, and then words for those that did not.
    fn outcomes(&self, said: &[Said<'a>], results: &[&'a ToolResultMessage]) -> Vec<Outcome<'a>> {
        let calls = said.iter().filter_map(|said| match said {
            Said::Call { id, stored_id, name, .. } => Some((id, *stored_id, name)),
            Said::Text { .. } | Said::Thinking { .. } => None,
        });
        let mut open: Vec<_> = calls.enumerate().collect();
        let mut outcomes = Vec::with_capacity(open.len());
        for result in results {
            let Some(place) = open.iter().position(|(_, (_, stored, _))| *stored == result.tool_call_id)
            else {
                continue;
            };
            let (position, (id, _, name)) = open.remove(place);
            let mut pieces = self.pieces(&result.content);
            if pieces.is_empty() {
                pieces.push(Piece::Text(Cow::Borrowed(NO_TEXT)));
            }
            let failed = result.is_error;
            outcomes.push(Outcome { id: id.clone(), position, name: name.clone(), pieces, failed });
        }
        outcomes.extend(open.into_iter().map(|(position, (id, _, name))| Outcome {
            id: id.clone(),
            position,
            name: name.clone(),
            pieces: vec![Piece::Text(Cow::Borrowed(INTERRUPTED))],
            failed: true,
        }));
        outcomes
    }

    fn finish(mut self) -> Vec<Turn<'a>> {
        let says = |words: &'static str| Turn::User(vec![Piece::Text(Cow::Borrowed(words))]);
        if self.turns.is_empty() {
            self.turns.push(says(EMPTY_MESSAGE));
        }
        if self.rules.roles == Roles::Alternate {
            if matches!(self.turns.first(), Some(Turn::Assistant(_))) {
                self.turns.insert(0, says(NOT_SHOWN));
            }
            if matches!(self.turns.last(), Some(Turn::Assistant(_))) {
                self.turns.push(says(GO_ON));
            }
        }
        self.turns
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Own {
    Yes,
    No,
}

fn says_something(said: &Said<'_>) -> bool {
    match said {
        Said::Text { text, .. } => !text.trim().is_empty(),
        Said::Call { .. } => true,
        Said::Thinking { .. } => false,
    }
}

fn text_piece(text: &str) -> Option<Piece<'_>> {
    (!text.trim().is_empty()).then_some(Piece::Text(Cow::Borrowed(text)))
}

/// The results before the next answer.
fn results_in(behind: &[Arc<Message>]) -> Vec<&ToolResultMessage> {
    let until_next = behind.iter().take_while(|message| !matches!(***message, Message::Assistant(_)));
    until_next
        .filter_map(|message| match message.as_ref() {
            Message::ToolResult(result) => Some(result),
            Message::User(_) | Message::Assistant(_) => None,
        })
        .collect()
}
