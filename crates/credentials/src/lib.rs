//! The keys and tokens of providers: `auth-profiles.json`, which profile is next, and which one rests.
//!
//! The file has OpenClaw's format and keeps every field that this room does not know. It is private (0600), written as a
//! whole or not at all, and changed under a lock that all agents and processes share. Reading blocks on the disk for a
//! moment; run it off the reactor threads where that matters. This room may touch the agents' `auth-profiles.json`, what
//! they were imported from, and its locks in `state`. It opens no socket: [`Refresher`] is somebody else's. Where a credential
//! may be sent is decided here, for all who send one ([`may_go`]).
//!
//! ```
//! use openclaw_credentials::{AuthPlaces, AuthSettings, AuthStore, Credential, Profile};
//! use openclaw_guard::Secret;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let home = tempfile::tempdir()?;
//! let places = AuthPlaces::new(home.path(), &home.path().join("agents/main/agent"));
//! let store = AuthStore::new(places, AuthSettings::default());
//! store.update(|file| {
//!     let credential = Credential::ApiKey { key: Secret::new("sk-1".to_owned()) };
//!     file.put(&Profile { id: "zai:work".into(), provider: "zai".into(), credential, email: None });
//! })?;
//! let view = store.view()?;
//! assert_eq!(view.rotation("zai", store.settings(), 0), ["zai:work"]);
//! # Ok(())
//! # }
//! ```

mod cooldown;
mod error;
mod file;
mod key;
mod legacy;
mod lock;
mod order;
mod places;
mod profile;
mod refresh;
mod settings;
mod store;
mod usage;

pub use cooldown::{CooldownRules, Failure, Reason, Rest, Scope, failed, rest_of, succeeded};
pub use error::AuthError;
pub use file::AuthFile;
pub use key::{AddressFrom, Key, KeyKind, KeySource, may_go, same_origin};
pub use order::{Rotation, rotation};
pub use places::{AuthPlaces, agent_dir};
pub use profile::{Credential, OAuth, Profile};
pub use refresh::{RefreshError, Refreshed, Refresher, Usable};
pub use settings::{AuthSettings, ConfiguredProfile, Mode};
pub use store::{AuthStore, AuthView};
pub use usage::{ModelRest, Usage};
