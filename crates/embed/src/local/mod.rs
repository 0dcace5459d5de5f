//! GGUF models on this machine: downloaded once, run by the program `openclaw-local`, which is started on first use.
//!
//! ```no_run
//! use openclaw_embed::local::{Hub, LocalModel, ModelSettings, ModelSource, Program};
//! use openclaw_embed::{Embedder, Purpose};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let state = std::path::Path::new("/var/lib/openclaw");
//! let settings = ModelSettings { model_path: None, model_cache_dir: None, state, home: None };
//! let hub = Hub::from_environment(&|name| std::env::var(name).ok())?;
//! let source = ModelSource::configured(settings, hub)?;
//! let model = LocalModel::new(source, Program::find);
//! let vectors = model.embed(Purpose::Query, vec!["who serviced the boiler".to_owned()]).await?;
//! assert_eq!(vectors.len(), 1);
//! # Ok(())
//! # }
//! ```

mod client;
mod download;
mod failing;
mod hub;
mod program;
mod protocol;
#[cfg(test)]
mod protocol_tests;
mod queue;
mod reference;
mod source;
mod supervisor;
mod worker;

pub use client::{Limits, LocalModel};
pub use download::{DownloadError, Progress};
pub use hub::{Hub, HubError};
pub use program::{Program, ProgramMissing};
pub use reference::{ModelReference, ReferenceError};
pub use source::{ModelSettings, ModelSource};
