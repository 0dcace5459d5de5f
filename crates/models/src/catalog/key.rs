//! A credential on its way to a provider. The rule that says where it may go is everybody's who has credentials.

pub use openclaw_credentials::{AddressFrom, Key, KeyKind, KeySource, may_go, same_origin};
