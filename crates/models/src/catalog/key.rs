//! A credential on its way to a provider. The rule that says where it may go is everybody's who has credentials.

pub use openclaw_credentials::{AddressFrom, Key, KeyKind, KeySource, may_go, same_origin};

/// Who gave a configured key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyFrom {
    /// `openclaw.json`, which only the owner writes.
    #[default]
    Config,
    /// The agent's `models.json`: what it holds is no secret of the owner, and goes wherever that file or the owner says.
    ModelsFile,
}
