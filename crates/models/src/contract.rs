//! What every [`ChatModel`] promises, as a test that each implementation runs.

use futures_util::StreamExt;
use openclaw_protocol::message::{Content, Message, UserMessage};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

use crate::{ChatModel, ModelError, ModelEvent, ModelRequest};

/// A request with one user message.
pub(crate) fn asking(text: &str) -> ModelRequest {
    let message = UserMessage { content: Content::Text(text.to_owned()), timestamp: 0 };
    ModelRequest { messages: vec![Arc::new(Message::User(message))], ..ModelRequest::default() }
}

/// Runs a call to its end.
pub(crate) async fn collect(
    model: &dyn ChatModel,
    request: ModelRequest,
) -> (Vec<ModelEvent>, Option<ModelError>) {
    let mut stream = model.stream(request, CancellationToken::new());
    let mut events = Vec::new();
    while let Some(item) = stream.next().await {
        match item {
            Ok(event) => events.push(event),
            Err(error) => {
                assert!(stream.next().await.is_none(), "nothing follows an error");
                return (events, Some(error));
            }
        }
    }
    (events, None)
}

/// The text of the events.
pub(crate) fn said(events: &[ModelEvent]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        ModelEvent::TextDelta(text) => Some(text.as_str()),
        ModelEvent::ThinkingDelta(_)
        | ModelEvent::ThinkingSignature(_)
        | ModelEvent::RedactedThinking(_)
        | ModelEvent::TextSignature(_)
        | ModelEvent::ToolCallStart { .. }
        | ModelEvent::ToolCallArguments { .. }
        | ModelEvent::ToolCallSignature { .. }
        | ModelEvent::Usage(_)
        | ModelEvent::Done(_) => None,
    });
    texts.collect()
}

/// The promises that need no particular answer. The model must be ready to answer "hello" twice.
pub(crate) async fn keeps_its_promises(model: &dyn ChatModel) {
    let (events, error) = collect(model, asking("hello")).await;
    assert_eq!(error, None);
    let done = events.iter().filter(|event| matches!(event, ModelEvent::Done(_))).count();
    assert_eq!(done, 1, "exactly one end: {events:?}");
    assert!(matches!(events.last(), Some(ModelEvent::Done(_))), "the end comes last: {events:?}");
    assert!(events.iter().filter(|event| matches!(event, ModelEvent::Usage(_))).count() <= 1);
    assert!(!said(&events).is_empty(), "hello gets an answer");

    let cancelled = CancellationToken::new();
    cancelled.cancel();
    let items: Vec<_> = model.stream(asking("hello"), cancelled).collect().await;
    assert_eq!(items, [Err(ModelError::Aborted)], "a cancelled call says so and ends");

    let abort = CancellationToken::new();
    let mut stream = model.stream(asking("hello"), abort.clone());
    assert!(stream.next().await.is_some_and(|first| first.is_ok()));
    abort.cancel();
    assert_eq!(stream.next().await, Some(Err(ModelError::Aborted)), "a cancel is the next thing seen");
    assert!(stream.next().await.is_none());

    let info = model.describe();
    assert_eq!(info.reference(), format!("{}/{}", info.provider, info.id));
    assert!(info.context_window > 0);
}
