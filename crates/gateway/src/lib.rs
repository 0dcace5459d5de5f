//! The daemon: one port for HTTP and WebSocket, who may connect, what they may call, what they are told.
//!
//! It wires the other rooms together and opens the only listening socket of the product. It decides nothing about
//! turns, memory or models.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use openclaw_config::{Env, LocationFlags, Locations, gateway_port, load};
//! use openclaw_gateway::{Exit, StartOptions, start};
//!
//! let env = Env::process();
//! let locations = Locations::resolve(&env, LocationFlags::default())?;
//! let loaded = load(&locations, &env)?;
//! let port = gateway_port(None, &loaded.env, &loaded.config, &locations)?;
//!
//! let gateway = start(StartOptions::new(locations, loaded, port, env)).await?;
//! let address = format!("http://{}/#pair={}", gateway.address(), gateway.pairing_code()?);
//! assert!(address.starts_with("http://127.0.0.1"));
//!
//! gateway.control().stop();
//! assert!(matches!(gateway.wait().await, Exit::Stopped));
//! # Ok(())
//! # }
//! ```

mod agents;
mod auth;
mod control;
mod core;
mod credentials;
mod delivering;
mod doors;
mod gateway;
mod health;
mod http;
mod inbound;
mod live;
mod log;
mod net;
mod observer;
mod raw_keys;
mod reload;
mod restart_note;
mod rpc;
mod runs;
mod session_rules;
mod start;
mod text;
mod tool_policy;
mod unsupported;
mod wake;
mod webchat;
mod ws;

pub use agents::AgentError;
pub use control::Control;
pub use doors::has_secret;
pub use gateway::{Again, Exit, Gateway};
pub use log::{LogFileTaken, log_redactor, newest_log, open_log, recording_redactor, redact_log_line};
pub use reload::Refused;
pub use start::{StartError, StartOptions, VERSION, start};
pub use unsupported::unsupported;
