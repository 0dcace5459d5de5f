//! From the configuration to an embedder: one way for the gateway, the command line and the tools.

mod build;
mod choose;
mod keys;
mod local;
mod own;
mod problem;
mod remote;
mod shared;

pub use build::{Makers, Resolution, build, resolve};
pub use choose::{Around, Choice, Chosen, choose};
pub use keys::{Asked, EnvKeys, Key, Keys, OwnKeys};
pub use local::{DEFAULT_LOCAL_MODEL, LocalModel, LocalSpec};
pub use own::OwnMakers;
pub use problem::ResolveProblem;
