//! How many evidence lines `offline/recall` quotes in its answers to what a search found:
//! `cargo run -p openclaw-models --example quotes -- HITS`, with the file that `--example locomo` of openclaw-memory
//! wrote (`--hits`).

use std::sync::Arc;

use futures_util::StreamExt as _;
use openclaw_models::offline::OfflineRecall;
use openclaw_models::{ChatModel as _, ModelEvent, ModelRequest, ToolDefinition};
use openclaw_protocol::message::{Content, Message, Part, ToolResultMessage, UserMessage};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Row {
    question: String,
    /// The lines that answer, with single spaces.
    evidence: Vec<String>,
    /// The result of `memory_search`.
    answer: Value,
}

/// The conversation in which the search has answered.
fn request(row: &Row) -> ModelRequest {
    let user = UserMessage { content: Content::Text(row.question.clone()), timestamp: 0 };
    let result = ToolResultMessage {
        tool_call_id: "recall_1".to_owned(),
        tool_name: "memory_search".to_owned(),
        content: vec![Part::text(row.answer.to_string())],
        details: None,
        is_error: false,
        timestamp: 0,
    };
    let tool = ToolDefinition {
        name: "memory_search".to_owned(),
        description: String::new(),
        parameters: Value::Null,
    };
    ModelRequest {
        messages: vec![Arc::new(Message::User(user)), Arc::new(Message::ToolResult(result))],
        tools: Arc::from([tool]),
        ..ModelRequest::default()
    }
}

#[allow(clippy::print_stdout, reason = "a measuring tool prints its measurement")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("usage: quotes HITS")?;
    let (mut questions, mut quoted, mut hit, mut characters) = (0.0, 0.0, 0.0, 0.0);
    for line in std::fs::read_to_string(file)?.lines() {
        let row: Row = serde_json::from_str(line)?;
        let mut events = OfflineRecall::new().stream(request(&row), Default::default());
        let mut answer = String::new();
        while let Some(event) = events.next().await {
            if let ModelEvent::TextDelta(delta) = event? {
                answer.push_str(&delta);
            }
        }
        let shown = answer.lines().filter_map(|line| line.strip_prefix("> ")).collect::<Vec<_>>().join(" ");
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        let found =
            row.evidence.iter().filter(|line| !line.is_empty() && shown.contains(line.as_str())).count();
        questions += 1.0;
        quoted += found as f64 / row.evidence.len() as f64;
        hit += f64::from(u8::from(found > 0));
        characters += answer.chars().count() as f64;
    }
    println!(
        "questions {questions}  quoted {:.4}  at least one {:.4}  characters {:.0}",
        quoted / questions,
        hit / questions,
        characters / questions
    );
    Ok(())
}
