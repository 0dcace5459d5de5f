//! Small real requests that show what a model can do: it answers, it calls a tool, it looks at an image. Each is bounded in
//! time and in tokens.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use openclaw_protocol::message::{Content, KnownPart, Message, Part, Usage, UserMessage};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::failover::{Judgement, judge};
use crate::{ChatModel, ModelError, ModelEvent, ModelRequest, ThinkingLevel, ToolDefinition};

/// What is asked where any answer will do.
const PROMPT: &str = "Reply with OK.";
const TOOL: &str = "ping";
const TOOL_PROMPT: &str = "Call the tool ping once with an empty object, and write nothing else.";
/// A PNG of one transparent pixel.
const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

/// How much a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Until its answer has ended.
    pub time: Duration,
    /// Tokens of the answer, reasoning included.
    pub tokens: u32,
    /// How hard to think, as a turn would ask for it.
    pub thinking: Option<ThinkingLevel>,
    /// Milliseconds since the epoch.
    pub now_ms: i64,
}

/// What an answer was.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heard {
    /// Its text.
    pub text: String,
    /// The tools it called.
    pub calls: Vec<String>,
    /// What it used, where the provider says so.
    pub usage: Option<Usage>,
    /// How long it took.
    pub took: Duration,
}

/// Why there was none.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unheard {
    /// The model failed.
    #[error("{}", .0.plain_words())]
    Model(#[from] ModelError),
    /// It took too long.
    #[error("No answer within {} ms.", .0.as_millis())]
    Late(Duration),
    /// It answered and called nothing.
    #[error("It answered without calling the tool.")]
    NoCall,
}

impl Unheard {
    /// The word that `models status --probe --json` has for it.
    #[must_use]
    pub fn status(&self) -> &'static str {
        use openclaw_credentials::Reason;
        let error = match self {
            Self::Late(_) => return "timeout",
            Self::NoCall => return "format",
            Self::Model(error) => error,
        };
        match (error, judge(error)) {
            (ModelError::Auth { .. }, _) => "auth",
            (_, Judgement::Another { reason, .. }) => match reason {
                Reason::Auth => "auth",
                Reason::Billing => "billing",
                Reason::RateLimit => "rate_limit",
                Reason::Timeout => "timeout",
                Reason::Format => "format",
                Reason::Overloaded | Reason::NotFound => "unknown",
            },
            (_, Judgement::Final) => "unknown",
        }
    }
}

/// What a model showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Probed {
    /// It was asked to call a tool.
    pub tool: Result<Heard, Unheard>,
    /// It was shown an image, if it is said to look at them.
    pub image: Option<Result<Heard, Unheard>>,
}

/// Asks for two letters.
///
/// # Errors
/// The model failed, or was too slow.
pub async fn say_ok(model: &dyn ChatModel, bounds: Bounds) -> Result<Heard, Unheard> {
    ask(model, request(vec![Part::text(PROMPT.to_owned())], bounds), bounds).await
}

/// Asks a model for a call of a tool, and to look at an image if it is described as one that does.
pub async fn probe(model: &dyn ChatModel, bounds: Bounds) -> Probed {
    let tool = match ask(model, tool_request(bounds), bounds).await {
        Ok(heard) if heard.calls.iter().any(|name| name == TOOL) => Ok(heard),
        Ok(_) => Err(Unheard::NoCall),
        Err(error) => Err(error),
    };
    let image = match model.describe().sees_images() {
        true => {
            let pixel = KnownPart::Image { data: PIXEL.to_owned(), mime_type: "image/png".to_owned() };
            let parts = vec![Part::text(PROMPT.to_owned()), Part::Known(pixel)];
            Some(ask(model, request(parts, bounds), bounds).await)
        }
        false => None,
    };
    Probed { tool, image }
}

fn request(parts: Vec<Part>, bounds: Bounds) -> ModelRequest {
    let user = UserMessage { content: Content::Parts(parts), timestamp: bounds.now_ms };
    ModelRequest {
        messages: vec![Arc::new(Message::User(user))],
        max_tokens: Some(bounds.tokens),
        thinking: bounds.thinking,
        now_ms: bounds.now_ms,
        ..ModelRequest::default()
    }
}

fn tool_request(bounds: Bounds) -> ModelRequest {
    let tool = ToolDefinition {
        name: TOOL.to_owned(),
        description: "Answers with pong.".to_owned(),
        parameters: json!({"type": "object", "properties": {}}),
    };
    ModelRequest { tools: Arc::from([tool]), ..request(vec![Part::text(TOOL_PROMPT.to_owned())], bounds) }
}

async fn ask(model: &dyn ChatModel, request: ModelRequest, bounds: Bounds) -> Result<Heard, Unheard> {
    let began = Instant::now();
    let mut stream = model.stream(request, CancellationToken::new());
    let read = async {
        let mut heard = Heard::default();
        while let Some(event) = stream.next().await {
            match event? {
                ModelEvent::TextDelta(delta) => heard.text.push_str(&delta),
                ModelEvent::Usage(seen) => heard.usage = Some(seen),
                ModelEvent::ToolCallStart { name, .. } => heard.calls.push(name),
                ModelEvent::Done(_) => break,
                ModelEvent::ThinkingDelta(_)
                | ModelEvent::ThinkingSignature(_)
                | ModelEvent::RedactedThinking(_)
                | ModelEvent::TextSignature(_)
                | ModelEvent::ToolCallArguments { .. }
                | ModelEvent::ToolCallSignature { .. } => {}
            }
        }
        Ok::<_, Unheard>(heard)
    };
    let heard = tokio::time::timeout(bounds.time, read).await.unwrap_or(Err(Unheard::Late(bounds.time)))?;
    Ok(Heard { took: began.elapsed(), ..heard })
}
