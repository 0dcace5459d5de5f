//! What tests of the other crates need: a scripted model server, a hub of models, a headless browser, temporary homes,
//! the built program as a process, also under a tracer that breaks its disk, and a WebSocket client.
//!
//! Only tests and benchmarks may depend on this crate. It opens sockets on the loopback interface and nothing else.
//!
//! ```
//! use openclaw_testkit::model_server::{ModelServer, Reply};
//! use std::io::{Read, Write};
//!
//! let server = ModelServer::start();
//! server.push(Reply::text("Hello."));
//! // Anything that speaks HTTP can ask; a crate under test would use its own client.
//! let mut socket = std::net::TcpStream::connect(server.address()).unwrap();
//! let body = r#"{"model":"m","messages":[],"stream":true}"#;
//! write!(socket, "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
//!     body.len()).unwrap();
//! let mut answer = String::new();
//! socket.read_to_string(&mut answer).unwrap();
//! assert!(answer.contains("data: [DONE]"));
//! assert_eq!(server.requests()[0].body["model"], "m");
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test tool stops the test at once, with the place, when its own assumptions break"
)]

pub mod browser;
pub mod crash;
pub mod embeddings;
pub mod home;
pub mod hub;
pub mod model_server;
pub mod mutation;
pub mod process;
pub mod strict;
pub mod terminal;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod trace;
pub mod ws;
