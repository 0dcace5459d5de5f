//! From a conversation to one text, which is all that a program takes.

use std::path::PathBuf;

use openclaw_protocol::message::{AssistantMessage, Message, StopReason};

use crate::conversation::{
    IdRule, ImageRule, LoneSignatures, Outcome, Piece, Roles, Rules, Said, Turn, turns,
};
use crate::{InputKind, ModelInfo, ModelRequest};

/// The conversation is for reading: ids are not shown, and images are files of any size that a message may have.
const RULES: Rules = Rules {
    ids: IdRule::Plain { max_len: 64 },
    images: ImageRule {
        kinds: &["image/png", "image/jpeg", "image/gif", "image/webp"],
        max_base64: 32 * 1024 * 1024,
    },
    roles: Roles::Free,
    lone_signatures: LoneSignatures::Drop,
};
/// A result of a tool that another model called, in characters: what came of it is in that model's answer.
const MAX_RESULT_CHARS: usize = 2_000;
/// Images of the new message that become files.
const MAX_IMAGES: usize = 20;
const SO_FAR: &str = "The conversation so far, oldest first:";
const MEANWHILE: &str = "What was said since your last answer, while you were not asked:";
const NOW: &str = "The message to answer now:";
const GO_ON: &str = "Answer the last message of the user.";
const AN_IMAGE: &str = "[an image]";

/// An image of the new message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    /// Standard base64.
    pub(crate) base64: String,
    pub(crate) mime: String,
}

/// What a program is asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Prompt {
    pub(crate) text: String,
    pub(crate) images: Vec<Image>,
}

/// The whole conversation, for a program that knows nothing of it.
pub(crate) fn whole(request: &ModelRequest, info: &ModelInfo) -> Prompt {
    render(request, info, SO_FAR)
}

/// What a program has not seen of a conversation that it knows: normally the new message. Nothing when the conversation
/// does not show how much the program knows, as when its last answer is out of sight.
pub(crate) fn unseen(request: &ModelRequest, info: &ModelInfo) -> Option<Prompt> {
    let answers = |message: &Message| match message {
        Message::Assistant(assistant) => Some(is_whole(assistant) && assistant.provider == *info.provider),
        Message::User(_) | Message::ToolResult(_) => None,
    };
    let own = request.messages.iter().rposition(|message| answers(message) == Some(true));
    // OpenClaw keeps the answers of programs out of its transcripts.
    let is_all_new = request.messages.iter().all(|message| answers(message).is_none());
    let from = own.map(|at| at + 1).or(is_all_new.then_some(0))?;
    let messages = request.messages.get(from..).filter(|rest| !rest.is_empty())?.to_vec();
    Some(render(&ModelRequest { messages, ..ModelRequest::default() }, info, MEANWHILE))
}

fn is_whole(message: &AssistantMessage) -> bool {
    match message.stop_reason {
        StopReason::Stop | StopReason::Length | StopReason::ToolUse => !message.content.is_empty(),
        StopReason::Error | StopReason::Aborted => false,
    }
}

fn render(request: &ModelRequest, info: &ModelInfo, title: &str) -> Prompt {
    // Whether or not it is the best one to look at an image: it is the one that is asked.
    let info = ModelInfo { input: vec![InputKind::Text, InputKind::Image], ..info.clone() };
    let turns = turns(request, &info, RULES);
    let is_new = |turn: &Turn<'_>| matches!(turn, Turn::User(_));
    let new = turns.iter().rposition(|turn| !is_new(turn)).map_or(0, |last| last + 1);
    let (before, now) = turns.split_at(new);
    let mut images = Vec::new();
    let now: Vec<String> = now.iter().map(|turn| new_message(turn, &mut images)).collect();
    let now = now.join("\n\n");
    let text = if before.is_empty() {
        now
    } else {
        let before: Vec<String> = before.iter().map(shown).collect();
        let end = if now.is_empty() { GO_ON.to_owned() } else { format!("{NOW}\n\n{now}") };
        format!("{title}\n\n{}\n\n{end}", before.join("\n\n"))
    };
    Prompt { text, images }
}

fn new_message(turn: &Turn<'_>, images: &mut Vec<Image>) -> String {
    let Turn::User(pieces) = turn else { return String::new() };
    let mut texts: Vec<&str> = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => texts.push(text),
            Piece::Image { data, mime } if images.len() < MAX_IMAGES => {
                images.push(Image { base64: data.clone().into_owned(), mime: (*mime).to_owned() });
            }
            Piece::Image { .. } => texts.push("[an image was left out: there are too many]"),
        }
    }
    texts.join("\n")
}

/// A part of the conversation that is over.
fn shown(turn: &Turn<'_>) -> String {
    match turn {
        Turn::User(pieces) => format!("[user]\n{}", pieces_text(pieces)),
        Turn::Assistant(said) => {
            let parts = said.iter().filter_map(|said| match said {
                Said::Text { text, .. } => Some((*text).to_owned()),
                Said::Thinking { .. } => None,
                Said::Call { name, arguments, .. } => Some(format!("[called {name} with {arguments}]")),
            });
            format!("[assistant]\n{}", parts.collect::<Vec<_>>().join("\n"))
        }
        Turn::Results(results) => results.iter().map(result).collect::<Vec<_>>().join("\n\n"),
    }
}

fn result(outcome: &Outcome<'_>) -> String {
    let text = pieces_text(&outcome.pieces);
    let cut: String = text.chars().take(MAX_RESULT_CHARS).collect();
    let more = if cut.len() < text.len() { " […]" } else { "" };
    format!("[result of {}]\n{cut}{more}", outcome.name)
}

fn pieces_text(pieces: &[Piece<'_>]) -> String {
    let texts = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => text.as_ref(),
        Piece::Image { .. } => AN_IMAGE,
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// The text with the paths of its images, for a program that is given them so.
pub(crate) fn with_paths(text: &str, paths: &[PathBuf]) -> String {
    if paths.is_empty() {
        return text.to_owned();
    }
    let paths: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
    format!("{}\n\n{}", text.trim_end(), paths.join("\n")).trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{unseen, whole};
    use crate::{ModelInfo, ModelRequest, WireApi};
    use openclaw_protocol::message::Message;
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn request(messages: Value) -> ModelRequest {
        let messages: Vec<Message> = serde_json::from_value(messages).unwrap();
        ModelRequest { messages: messages.into_iter().map(Arc::new).collect(), ..ModelRequest::default() }
    }

    fn info() -> ModelInfo {
        ModelInfo::new("claude-cli", "opus", WireApi::Cli)
    }

    fn user(text: &str) -> Value {
        json!({"role": "user", "content": text})
    }

    fn said(provider: &str, text: &str, stop: &str) -> Value {
        json!({"role": "assistant", "provider": provider, "stopReason": stop, "content": [{"type": "text", "text": text}]})
    }

    #[test]
    fn a_first_message_is_nothing_but_itself() {
        let prompt = whole(&request(json!([user("hello")])), &info());
        assert_eq!((prompt.text.as_str(), prompt.images.len()), ("hello", 0));
        let notes = whole(&request(json!([user("notes"), user("hello")])), &info());
        assert_eq!(notes.text, "notes\n\nhello");
    }

    #[test]
    fn the_whole_conversation_is_told() {
        let prompt = whole(
            &request(json!([
                {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image", "data": "aGVsbG8=", "mimeType": "image/png"}]},
                {"role": "assistant", "provider": "zai", "stopReason": "toolUse", "content": [
                    {"type": "thinking", "thinking": "hmm"},
                    {"type": "toolCall", "id": "1", "name": "memory_search", "arguments": {"query": "tea"}}]},
                {"role": "toolResult", "toolCallId": "1", "toolName": "memory_search", "content": [{"type": "text", "text": "r".repeat(3_000)}]},
                said("zai", "It is tea.", "stop"),
                {"role": "user", "content": [{"type": "text", "text": "and this?"}, {"type": "image", "data": "eA==", "mimeType": "image/jpg"}]},
            ])),
            &info(),
        );
        let expected = format!(
            "The conversation so far, oldest first:\n\n[user]\nlook\n[an image]\n\n[assistant]\n[called memory_search with {{\"query\":\"tea\"}}]\n\n[result of memory_search]\n{} […]\n\n[assistant]\nIt is tea.\n\nThe message to answer now:\n\nand this?",
            "r".repeat(2_000)
        );
        assert_eq!(prompt.text, expected);
        assert_eq!((prompt.images.len(), prompt.images[0].mime.as_str()), (1, "image/jpeg"));
    }

    #[test]
    fn only_what_the_program_has_not_seen() {
        let own = "claude-cli";
        let rows = [
            (json!([user("a"), said(own, "b", "stop"), user("c")]), Some("c")),
            (
                json!([user("a"), said(own, "b", "stop"), user("c"), said("zai", "d", "stop"), user("e")]),
                Some(
                    "What was said since your last answer, while you were not asked:\n\n[user]\nc\n\n[assistant]\nd\n\nThe message to answer now:\n\ne",
                ),
            ),
            (
                json!([
                    user("a"),
                    said(own, "b", "stop"),
                    user("c"),
                    said(own, "half", "aborted"),
                    user("e")
                ]),
                Some(
                    "What was said since your last answer, while you were not asked:\n\n[user]\nc\n\n[assistant]\nhalf\n\nThe message to answer now:\n\ne",
                ),
            ),
            (json!([user("a"), said("zai", "b", "stop"), user("c")]), None),
            (json!([user("a"), user("c")]), Some("a\n\nc")),
        ];
        for (messages, expected) in rows {
            let prompt = unseen(&request(messages.clone()), &info());
            assert_eq!(prompt.map(|it| it.text).as_deref(), expected, "{messages}");
        }
    }
}
