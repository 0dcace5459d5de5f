//! From configuration and environment to models that run.
//!
//! A reference is `provider/model`. Providers come from `models.providers`; `openai` also from the environment, and
//! `offline` is always there. A configured model that cannot run is an error with its reason, never a silent change
//! to another model.

mod environment;
mod error;
mod from_config;
mod providers;
mod resolve;

pub use environment::{DEFAULT_OPENAI_MODEL, Environment, OPENAI_BASE_URL};
pub use error::CatalogError;
pub use providers::{ModelEntry, ProviderEntry, Providers};
pub use resolve::{Catalog, ModelListing, OFFLINE_REFERENCE};
