//! What is known without being configured: providers, their models, and short names. Data only.

mod aliases;
mod models;
mod providers;

pub use aliases::{BUILTIN_ALIASES, canonical_model, canonical_provider};
pub use models::{BuiltinModel, builtin_models};
pub(crate) use providers::COMMON;
pub use providers::{BUILTIN_PROVIDERS, BuiltinProvider, Origin, builtin_provider};
