//! Model providers behind one trait.
//!
//! The room holds the port [`ChatModel`], one driver for all wire APIs ([`wire`]), the wire APIs themselves
//! ([`openai`], [`responses`], [`anthropic`], [`google`], [`ollama`]), the built-in model that needs neither network nor
//! weights ([`offline`]), command-line programs that answer as models ([`cli`]), the catalog that turns `provider/model`
//! into something that runs ([`catalog`]), who is asked when it does not answer ([`failover`]), and what was asked and
//! answered, written down and played back ([`replay`]). It may open sockets and starts the programs that are
//! configured as models; it reads an agent's `models.json`, touches no other file but what it writes for such a program,
//! runs no tool, and knows no session.
//!
//! ```
//! use futures_util::StreamExt;
//! use openclaw_models::{catalog::{Catalog, Environment, Providers}, ModelEvent, ModelRequest};
//! use openclaw_protocol::message::{Content, Message, UserMessage};
//! use std::sync::Arc;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! // Nothing is configured here, so the catalog answers with the offline model.
//! let catalog = Catalog::new(Providers::default(), Environment::default());
//! let model = catalog.resolve_default().unwrap();
//! assert_eq!(model.describe().reference(), "offline/recall");
//!
//! let hello = Message::User(UserMessage { content: Content::Text("hello".into()), timestamp: 0 });
//! let request = ModelRequest { messages: vec![Arc::new(hello)], ..ModelRequest::default() };
//! let mut events = model.stream(request, Default::default());
//! let mut answer = String::new();
//! while let Some(event) = events.next().await {
//!     if let ModelEvent::TextDelta(delta) = event.unwrap() { answer.push_str(&delta) }
//! }
//! assert!(answer.contains("not a language model"));
//! # });
//! ```

pub mod anthropic;
pub mod catalog;
pub mod cli;
mod conversation;
mod error;
pub mod failover;
pub mod google;
pub mod local;
mod model;
pub mod oauth;
pub mod offline;
pub mod ollama;
pub mod openai;
pub mod params;
pub mod probe;
pub mod replay;
pub mod responses;
mod retry;
pub mod scan;
pub mod sse;
mod thinking;
pub mod wire;

#[cfg(test)]
mod contract;

pub use error::{Malformed, ModelError, TimeoutKind};
pub use model::{
    ArgumentsError, ChatModel, Compat, InputKind, MaxTokensField, ModelEvent, ModelInfo, ModelRequest,
    Prices, ReasoningForm, ThinkingLevel, ToolDefinition, WireApi, parse_arguments,
};
pub use openclaw_http::Unreachable;
pub use params::OwnFields;
pub use retry::{CallPolicy, Retries, Timeouts};
pub use thinking::Effect;
