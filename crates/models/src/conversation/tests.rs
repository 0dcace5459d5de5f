//! The rules of a conversation, as a table and as properties.

use std::sync::Arc;

use openclaw_protocol::message::Message;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{IdRule, ImageRule, LoneSignatures, Piece, Roles, Rules, Said, Turn, turns};
use crate::{InputKind, ModelInfo, ModelRequest, WireApi};

fn rules(roles: Roles) -> Rules {
    Rules {
        ids: IdRule::Plain { max_len: 40 },
        images: ImageRule { kinds: &["image/png"], max_base64: 1024 },
        roles,
        lone_signatures: LoneSignatures::Drop,
    }
}

fn request(messages: Value) -> ModelRequest {
    let messages: Vec<Message> = serde_json::from_value(messages).unwrap();
    ModelRequest { messages: messages.into_iter().map(Arc::new).collect(), ..ModelRequest::default() }
}

fn info() -> ModelInfo {
    let input = vec![InputKind::Text, InputKind::Image];
    ModelInfo { input, ..ModelInfo::new("anthropic", "m", WireApi::AnthropicMessages) }
}

/// One letter per turn, and what is in it.
fn sketch(request: &ModelRequest, roles: Roles) -> Vec<String> {
    let piece = |piece: &Piece<'_>| match piece {
        Piece::Text(text) => text.to_string(),
        Piece::Image { mime, .. } => (*mime).to_owned(),
    };
    let pieces = |all: &[Piece<'_>]| all.iter().map(piece).collect::<Vec<_>>().join("|");
    let said = |said: &Said<'_>| match said {
        Said::Text { text, .. } => (*text).to_owned(),
        Said::Thinking { text, signature, .. } => format!("<{text} {signature}>"),
        Said::Call { id, name, .. } => format!("{name}#{id}"),
    };
    turns(request, &info(), rules(roles))
        .iter()
        .map(|turn| match turn {
            Turn::User(all) => format!("U {}", pieces(all)),
            Turn::Assistant(all) => format!("A {}", all.iter().map(said).collect::<Vec<_>>().join("|")),
            Turn::Results(all) => {
                let each = all.iter().map(|outcome| format!("{}={}", outcome.id, pieces(&outcome.pieces)));
                format!("R {}", each.collect::<Vec<_>>().join("|"))
            }
        })
        .collect()
}

#[test]
fn results_stand_behind_their_calls_wherever_they_came() {
    let request = request(json!([
        {"role":"assistant","content":[{"type":"text","text":"I look"}]},
        {"role":"assistant","content":[{"type":"toolCall","id":"a","name":"read","arguments":{}},
            {"type":"toolCall","id":"a","name":"ls","arguments":{}},
            {"type":"toolCall","id":"c","name":"ls","arguments":{}}]},
        {"role":"user","content":"in between"},
        {"role":"toolResult","toolCallId":"a","toolName":"read","content":[{"type":"text","text":"1"}]},
        {"role":"toolResult","toolCallId":"ghost","toolName":"read","content":[]},
        {"role":"toolResult","toolCallId":"a","toolName":"ls","content":[{"type":"text","text":" "}]},
        {"role":"toolResult","toolCallId":"a","toolName":"ls","content":[{"type":"text","text":"third"}]},
        {"role":"assistant","content":[{"type":"text","text":" \n"}],"stopReason":"error"},
        {"role":"user","content":"go on"},
        {"role":"user","content":[{"type":"text","text":""}]},
        {"role":"assistant","content":[{"type":"text","text":"done"}]}
    ]));
    let got = sketch(&request, Roles::Alternate);
    let second = got[1].split('|').nth(2).unwrap().trim_start_matches("ls#").to_owned();
    assert!(second.starts_with("a_"), "{second}");
    assert_eq!(
        got,
        [
            "U (The beginning of this conversation is not shown.)".to_owned(),
            format!("A I look|read#a|ls#{second}|ls#c"),
            format!("R a=1|{second}=(no text)|c=No result: the call was interrupted."),
            "U in between|go on|(empty message)".to_owned(),
            "A done".to_owned(),
            "U (Go on.)".to_owned(),
        ]
    );
    let free = sketch(&request, Roles::Free);
    assert_eq!((free.len(), free[0].as_str(), free[6].as_str()), (7, "A I look", "A done"));
    assert_eq!(sketch(&ModelRequest::default(), Roles::Free), ["U (empty message)"]);
}

#[test]
fn reasoning_goes_only_to_the_model_that_made_it() {
    let message = |api: &str, model: &str, stop: &str| {
        json!({"role":"assistant","api":api,"provider":"anthropic","model":model,"stopReason":stop,"content":[
            {"type":"thinking","thinking":"t","thinkingSignature":"s"},
            {"type":"thinking","thinking":"unsigned"},
            {"type":"text","text":"x"}]})
    };
    let rows = [
        (message("anthropic-messages", "m", "stop"), "A <t s>|x"),
        (message("anthropic-messages", "m", "aborted"), "A x"),
        (message("anthropic-messages", "other", "stop"), "A x"),
        (message("openai-responses", "m", "stop"), "A x"),
    ];
    for (message, expected) in rows {
        assert_eq!(sketch(&request(json!([message])), Roles::Free), [expected]);
    }
}

proptest! {
    /// A request that grows by an exchange keeps its beginning, so that the provider's cache does.
    #[test]
    fn the_beginning_does_not_change(texts in proptest::collection::vec("[a-c]{0,2}", 1..6)) {
        let mut messages = Vec::new();
        let mut before: Vec<String> = Vec::new();
        for text in &texts {
            messages.push(json!({"role":"user","content":text}));
            messages.push(json!({"role":"assistant","content":[{"type":"toolCall","id":text,"name":"n","arguments":{}}]}));
            messages.push(json!({"role":"toolResult","toolCallId":text,"toolName":"n","content":[]}));
            let now = sketch(&request(json!(messages)), Roles::Alternate);
            prop_assert_eq!(&now[..before.len()], &before[..]);
            before = now;
        }
    }
}
