//! What has happened in the turn so far: the user's words, the calls made, their results.

use std::collections::HashMap;
use std::sync::Arc;

use openclaw_protocol::message::{KnownPart, Message, Part, text_of};
use serde_json::Value;

use super::user_text::UserText;
use crate::ModelRequest;

/// How far back the subject of a question may stand, in messages of the user.
const MAX_EARLIER: usize = 6;

/// The turn as the messages tell it.
pub(super) struct Turn<'a> {
    pub(super) user: UserText,
    /// The last answer before this turn, if the offline model gave it.
    pub(super) said: Option<String>,
    /// When that was, in milliseconds since 1970.
    pub(super) said_ms: i64,
    /// Who spoke before that answer.
    pub(super) sender_before: Option<String>,
    /// What the user said before, the last first.
    pub(super) earlier: Vec<String>,
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
        let (said, earlier) = (said(before), earlier(before, request.now_ms));
        let mut turn = Self {
            user: UserText::read(&raw.unwrap_or_default(), request.now_ms),
            said_ms: said.as_ref().map_or(0, |(_, at)| *at),
            said: said.map(|(text, _)| text),
            sender_before: earlier.first().map(|user| user.sender.clone()),
            earlier: earlier.into_iter().map(|user| user.text).collect(),
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

/// The text and the time of the last message before the user's, when this model wrote it: what another one says is no promise of
/// this one.
fn said(before: &[Arc<Message>]) -> Option<(String, i64)> {
    let mut answers = before.split_last().map_or(&[][..], |(_, answers)| answers).iter().rev();
    match answers.next()?.as_ref() {
        Message::Assistant(answer) if answer.provider == "offline" && answer.model == "recall" => {
            Some((text_of(&answer.content), answer.timestamp))
        }
        Message::Assistant(_) | Message::User(_) | Message::ToolResult(_) => None,
    }
}

fn earlier(before: &[Arc<Message>], now_ms: i64) -> Vec<UserText> {
    let users = before.iter().rev().skip(1).filter_map(|message| match message.as_ref() {
        Message::User(user) => Some(UserText::read(&user.content.text(), now_ms)),
        Message::Assistant(_) | Message::ToolResult(_) => None,
    });
    users.take(MAX_EARLIER).collect()
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
