//! From configuration and environment to models that run.
//!
//! A reference is `provider/model`. Providers are the built-in ones ([`table`]), those of `models.providers`, and those
//! of the agent's `models.json`; `offline` and the built-in command-line programs are always there. A configured model that cannot run is an error with its
//! reason, never a silent change to another model.

mod connect;
mod environment;
mod error;
mod from_config;
mod key;
mod listing;
mod models_file;
mod programs;
mod providers;
mod reference;
mod resolve;
pub mod table;

pub use environment::Environment;
pub use error::CatalogError;
pub use key::{AddressFrom, Key, KeyKind, KeySource, may_go, same_origin};
pub use listing::{ListedModel, ModelListing};
pub use models_file::{ModelsFileError, parse_models_file, read_models_file};
pub use programs::NoProgram;
pub use providers::{AllowedModel, Choice, KeyHeader, Mode, ModelEntry, ProviderEntry, Providers};
pub use reference::{ASSUMED_PROVIDER, Naming, Reference};
pub use resolve::{Catalog, Keyed, OFFLINE_REFERENCE, Patience};
