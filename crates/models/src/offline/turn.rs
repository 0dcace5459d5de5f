//! What has happened in the turn so far: the user's words, the calls made, their results.

use std::collections::HashMap;

use openclaw_protocol::message::{KnownPart, Message, Part, text_of};
use serde_json::Value;

use super::user_text::UserText;
use crate::ModelRequest;

/// The turn as the messages tell it.
pub(super) struct Turn<'a> {
    pub(super) user: UserText,
    /// Whether nothing was answered before this turn.
    pub(super) first: bool,
    /// Calls made in the whole conversation, for the next call's id.
    pub(super) calls_made: usize,
    /// Assistant messages with calls since the user spoke.
    pub(super) rounds: usize,
    /// Results since the user spoke, oldest first.
    pub(super) outcomes: Vec<Outcome<'a>>,
}

/// The result of one call.
pub(super) struct Outcome<'a> {
    pub(super) tool: &'a str,
    /// The arguments of the call, if it is in the conversation.
    pub(super) arguments: Option<&'a Value>,
    pub(super) text: String,
    pub(super) failed: bool,
}

impl<'a> Turn<'a> {
    pub(super) fn read(request: &'a ModelRequest) -> Self {
        let messages = &request.messages;
        let last_user = messages.iter().rposition(|message| matches!(message.as_ref(), Message::User(_)));
        let raw = last_user.map(|at| match messages[at].as_ref() {
            Message::User(user) => user.content.text(),
            Message::Assistant(_) | Message::ToolResult(_) => String::new(),
        });
        let (before, since) = messages.split_at(last_user.map_or(0, |at| at + 1));
        let mut turn = Self {
            user: UserText::read(&raw.unwrap_or_default(), request.now_ms),
            first: !before.iter().any(|message| matches!(message.as_ref(), Message::Assistant(_))),
            calls_made: before.iter().map(|message| calls_of(message).count()).sum(),
            rounds: 0,
            outcomes: Vec::new(),
        };
        let mut arguments: HashMap<&str, &Value> = HashMap::new();
        for message in since {
            arguments.extend(calls_of(message));
            turn.note(message, &arguments);
        }
        turn
    }

    fn note(&mut self, message: &'a Message, arguments: &HashMap<&str, &'a Value>) {
        match message {
            Message::User(_) => {}
            Message::Assistant(_) => {
                let calls = calls_of(message).count();
                self.calls_made += calls;
                self.rounds += usize::from(calls > 0);
            }
            Message::ToolResult(result) => self.outcomes.push(Outcome {
                tool: &result.tool_name,
                arguments: arguments.get(result.tool_call_id.as_str()).copied(),
                text: text_of(&result.content),
                failed: result.is_error,
            }),
        }
    }

    /// The last result of a tool in this turn.
    pub(super) fn outcome(&self, tool: &str) -> Option<&Outcome<'a>> {
        self.outcomes.iter().rfind(|outcome| outcome.tool == tool)
    }
}

fn calls_of(message: &Message) -> impl Iterator<Item = (&str, &Value)> {
    let parts: &[Part] = match message {
        Message::Assistant(assistant) => &assistant.content,
        Message::User(_) | Message::ToolResult(_) => &[],
    };
    parts.iter().filter_map(|part| match part {
        Part::Known(KnownPart::ToolCall { id, arguments, .. }) => Some((id.as_str(), arguments)),
        Part::Known(KnownPart::Text { .. } | KnownPart::Thinking { .. } | KnownPart::Image { .. })
        | Part::Other(_) => None,
    })
}
