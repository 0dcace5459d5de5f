//! What travels over the gateway socket, as types: frames, methods, events, session keys, messages.
//!
//! This crate does no I/O and knows no time. Everything in it follows OpenClaw 2026.2.9, protocol version 3:
//! one JSON object per WebSocket text frame, requests answered by responses with the same id, events in between.
//!
//! ```
//! use openclaw_protocol::{frame::{RequestFrame, ResponseFrame}, methods, session_key::SessionKey};
//!
//! let text = r#"{"type":"req","id":"1","method":"chat.history","params":{"sessionKey":"main"}}"#;
//! let request = RequestFrame::parse(text).expect("a valid frame");
//! let method = methods::find(&request.method).expect("a known method");
//! method.check(request.params.as_ref()).expect("valid parameters");
//!
//! let key = SessionKey::canonical("main", "main", "main");
//! assert_eq!(key.as_str(), "agent:main:main");
//!
//! let answer = ResponseFrame::ok(&request.id, serde_json::json!({"messages": []}));
//! assert!(answer.encode().starts_with(r#"{"type":"res","id":"1","ok":true"#));
//! ```

pub mod connect;
pub mod device;
pub mod event;
pub mod frame;
pub mod limits;
pub mod message;
pub mod methods;
pub mod schema;
pub mod session_key;
