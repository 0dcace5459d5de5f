//! A model whose printed calls are calls.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use openclaw_protocol::message::StopReason;
use tokio_util::sync::CancellationToken;

use super::scanner::{Piece, Scanner};
use crate::{ChatModel, ModelError, ModelEvent, ModelInfo, ModelRequest};

/// Wraps a model of a local server.
pub struct PrintedCalls {
    inner: Arc<dyn ChatModel>,
}

impl PrintedCalls {
    /// The same model.
    #[must_use]
    pub fn new(inner: Arc<dyn ChatModel>) -> Self {
        Self { inner }
    }
}

type Events = BoxStream<'static, Result<ModelEvent, ModelError>>;

struct Reading {
    events: Events,
    scanner: Scanner,
    ready: VecDeque<ModelEvent>,
    /// Calls that the server told, and those that were found.
    calls: usize,
    found: bool,
}

impl ChatModel for PrintedCalls {
    fn describe(&self) -> &ModelInfo {
        self.inner.describe()
    }

    fn stream(&self, request: ModelRequest, abort: CancellationToken) -> Events {
        let tools: Vec<String> = request.tools.iter().map(|tool| tool.name.clone()).collect();
        let is_plain = tools.is_empty();
        let events = self.inner.stream(request, abort);
        if is_plain {
            return events;
        }
        let reading =
            Reading { events, scanner: Scanner::new(tools), ready: VecDeque::new(), calls: 0, found: false };
        stream::unfold(reading, |mut reading| async move { reading.next().await.map(|item| (item, reading)) })
            .boxed()
    }
}

impl Reading {
    async fn next(&mut self) -> Option<Result<ModelEvent, ModelError>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            match self.events.next().await? {
                Ok(event) => self.take(event),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn take(&mut self, event: ModelEvent) {
        match event {
            ModelEvent::TextDelta(delta) => {
                let pieces = self.scanner.push(&delta);
                self.tell(pieces);
            }
            ModelEvent::Done(reason) => {
                let pieces = self.scanner.finish();
                self.tell(pieces);
                let reason = if self.found { StopReason::ToolUse } else { reason };
                self.ready.push_back(ModelEvent::Done(reason));
            }
            ModelEvent::ToolCallStart { index, .. } => {
                self.calls = self.calls.max(index + 1);
                self.ready.push_back(event);
            }
            ModelEvent::ThinkingDelta(_)
            | ModelEvent::ThinkingSignature(_)
            | ModelEvent::RedactedThinking(_)
            | ModelEvent::TextSignature(_)
            | ModelEvent::ToolCallArguments { .. }
            | ModelEvent::ToolCallSignature { .. }
            | ModelEvent::Usage(_) => self.ready.push_back(event),
        }
    }

    fn tell(&mut self, pieces: Vec<Piece>) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.ready.push_back(ModelEvent::TextDelta(text)),
                Piece::Call { name, arguments } => {
                    let index = self.calls;
                    self.calls += 1;
                    self.found = true;
                    let id = format!("printed_{index}");
                    self.ready.push_back(ModelEvent::ToolCallStart { index, id, name });
                    let delta = arguments.to_string();
                    self.ready.push_back(ModelEvent::ToolCallArguments { index, delta });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PrintedCalls;
    use crate::contract::{asking, collect};
    use crate::{ChatModel, ModelError, ModelEvent, ModelInfo, ModelRequest, ToolDefinition, WireApi};
    use futures_util::StreamExt as _;
    use futures_util::stream::{self, BoxStream};
    use openclaw_protocol::message::StopReason;
    use serde_json::json;
    use std::sync::Arc;
    use tokio_util::sync::CancellationToken;

    struct Says(ModelInfo, Vec<ModelEvent>);

    impl ChatModel for Says {
        fn describe(&self) -> &ModelInfo {
            &self.0
        }

        fn stream(
            &self,
            _: ModelRequest,
            _: CancellationToken,
        ) -> BoxStream<'static, Result<ModelEvent, ModelError>> {
            stream::iter(self.1.clone().into_iter().map(Ok)).boxed()
        }
    }

    fn model(text: &[&str]) -> PrintedCalls {
        let text = text.iter().map(|delta| ModelEvent::TextDelta((*delta).to_owned()));
        let events = text.chain([ModelEvent::Done(StopReason::Stop)]).collect();
        PrintedCalls::new(Arc::new(Says(ModelInfo::new("ollama", "m", WireApi::OpenAiCompletions), events)))
    }

    fn with_tools() -> ModelRequest {
        let tool = ToolDefinition {
            name: "read".into(),
            description: String::new(),
            parameters: json!({"type": "object"}),
        };
        ModelRequest { tools: Arc::from([tool]), ..asking("hello") }
    }

    #[tokio::test]
    async fn a_printed_call_is_a_call() {
        let said = model(&[
            "Let me see. <tool_",
            "call>{\"name\": \"read\", ",
            "\"arguments\": {\"path\": \"a\"}}</tool_call>",
        ]);
        let (events, error) = collect(&said, with_tools()).await;
        assert_eq!(error, None);
        assert_eq!(
            events,
            [
                ModelEvent::TextDelta("Let me see. ".into()),
                ModelEvent::ToolCallStart { index: 0, id: "printed_0".into(), name: "read".into() },
                ModelEvent::ToolCallArguments { index: 0, delta: r#"{"path":"a"}"#.into() },
                ModelEvent::Done(StopReason::ToolUse),
            ]
        );
    }

    #[tokio::test]
    async fn without_tools_nothing_is_looked_for() {
        let text = r#"{"name": "read", "arguments": {}}"#;
        let (events, _) = collect(&model(&[text]), asking("hello")).await;
        assert_eq!(events, [ModelEvent::TextDelta(text.into()), ModelEvent::Done(StopReason::Stop)]);
    }
}
