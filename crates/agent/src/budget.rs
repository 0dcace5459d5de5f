//! What fits into the model's context window. The history on disk is never touched.

use std::sync::Arc;

use openclaw_models::ModelInfo;
use openclaw_protocol::message::{Content, KnownPart, Message, Part};

/// Bytes of JSON-ish text per token: a cautious average over languages and code, good enough to decide what to
/// leave out; the provider's own count is what `usage` reports.
const BYTES_PER_TOKEN: usize = 4;
/// An image costs about this many tokens at every provider in use.
const IMAGE_TOKENS: usize = 1_200;

/// Estimated tokens of one message.
#[must_use]
pub fn tokens(message: &Message) -> usize {
    let parts = |parts: &[Part]| parts.iter().map(part_tokens).sum::<usize>();
    let body = match message {
        Message::User(user) => match &user.content {
            Content::Text(text) => text_tokens(text),
            Content::Parts(list) => parts(list),
        },
        Message::Assistant(assistant) => parts(&assistant.content),
        Message::ToolResult(result) => parts(&result.content),
    };
    body + 4
}

/// Estimated tokens of a text.
#[must_use]
pub fn text_tokens(text: &str) -> usize {
    text.len().div_ceil(BYTES_PER_TOKEN)
}

/// Estimated tokens of so many bytes of text.
pub(crate) fn byte_tokens(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(BYTES_PER_TOKEN)).unwrap_or(u64::MAX)
}

fn part_tokens(part: &Part) -> usize {
    match part {
        Part::Known(KnownPart::Text { text, .. }) => text_tokens(text),
        Part::Known(KnownPart::Thinking { thinking, .. }) => text_tokens(thinking),
        Part::Known(KnownPart::Image { .. }) => IMAGE_TOKENS,
        Part::Known(KnownPart::ToolCall { name, arguments, .. }) => {
            text_tokens(name) + text_tokens(&arguments.to_string())
        }
        Part::Other(value) => text_tokens(&value.to_string()),
    }
}

/// Tokens kept free for the answer when the model does not say how long its answers get.
pub(crate) const ANSWER_RESERVE_TOKENS: usize = 4_096;

/// The tokens that are left for the conversation beside the system prompt and the answer.
#[must_use]
pub fn room(info: &ModelInfo, context_tokens: Option<usize>, system: &str) -> usize {
    let window = usize::try_from(info.context_window).unwrap_or(usize::MAX);
    let window = context_tokens.map_or(window, |limit| limit.min(window));
    let reserve = info.max_tokens.and_then(|n| usize::try_from(n).ok()).unwrap_or(ANSWER_RESERVE_TOKENS);
    window.saturating_sub(reserve.min(window / 2)).saturating_sub(text_tokens(system))
}

/// The newest messages that fit into `limit` tokens, cut only in front of a user message, so that no tool result
/// loses its call. At least the last user message and what follows it is always kept.
#[must_use]
pub fn newest_that_fit(messages: &[Arc<Message>], limit: usize) -> &[Arc<Message>] {
    let mut total = 0;
    let mut start = messages.len();
    for (index, message) in messages.iter().enumerate().rev() {
        total += tokens(message);
        let keeps_any = start < messages.len();
        if total > limit && keeps_any {
            break;
        }
        if matches!(**message, Message::User(_)) {
            start = index;
        }
    }
    messages.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{newest_that_fit, tokens};
    use openclaw_protocol::message::Message;
    use proptest::prelude::*;
    use serde_json::json;
    use std::sync::Arc;

    fn conversation(sizes: &[usize]) -> Vec<Arc<Message>> {
        let text = |n: usize| "x".repeat(n);
        let mut messages = Vec::new();
        for &size in sizes {
            for value in [
                json!({"role":"user","content":text(size)}),
                json!({"role":"assistant","content":[{"type":"toolCall","id":"a","name":"n","arguments":{}}]}),
                json!({"role":"toolResult","toolCallId":"a","toolName":"n","content":[{"type":"text","text":text(size)}]}),
                json!({"role":"assistant","content":[{"type":"text","text":text(size)}]}),
            ] {
                messages.push(Arc::new(serde_json::from_value(value).unwrap()));
            }
        }
        messages
    }

    proptest! {
        #[test]
        fn keeps_the_newest_whole_exchanges(
            sizes in proptest::collection::vec(0usize..400, 1..12),
            limit in 0usize..2_000,
        ) {
            let messages = conversation(&sizes);
            let kept = newest_that_fit(&messages, limit);
            prop_assert!(matches!(*kept[0], Message::User(_)));
            prop_assert!(messages.ends_with(kept));
            let total: usize = kept.iter().map(|m| tokens(m)).sum();
            prop_assert!(total <= limit || kept.len() == 4);
        }
    }
}
