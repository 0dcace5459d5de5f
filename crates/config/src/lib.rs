//! `openclaw.json`: one declaration per key, typed values, strict errors, edits that keep the file.
//!
//! A key is declared once, in `keys/`; the typed struct, the check, the JSON Schema, the hints of forms, the book's
//! chapter, redaction, completion, migrations and the reload class follow from that declaration. This crate reads the
//! configuration, what it includes and the `.env` of the state directory, and writes these files and what lies beside
//! them (earlier versions, the last good copy); it opens no socket, reads the process environment in [`Env::process`]
//! only, and starts nothing but the owner's login shell when `env.shellEnv` asks for it.
//!
//! ```
//! use openclaw_config::{Change, Env, LocationFlags, Locations, Terms, edit, gateway_port, load, write_new};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let home = tempfile::tempdir()?;
//! let env = Env::from([("HOME", &*home.path().to_string_lossy()), ("GATEWAY_TOKEN", "s3cret")]);
//! let at = Locations::resolve(&env, LocationFlags::default())?;
//!
//! write_new(&at.config_path, "{ gateway: { port: 4000, auth: { token: '${GATEWAY_TOKEN}' } } } // JSON5")?;
//! let loaded = load(&at, &env)?;
//! assert!(loaded.config.gateway.auth.token.as_ref().is_some_and(|token| token.matches("s3cret")));
//! assert_eq!(gateway_port(None, &loaded.env, &loaded.config, &at)?, 4000);
//!
//! let change = Change::Set { path: "gateway.port".parse()?, value: 4001.into() };
//! edit(&at, &env, &Terms::ANY_BASE, &|editor| editor.apply(std::slice::from_ref(&change)))?;
//! let written = std::fs::read_to_string(&at.config_path)?;
//! assert_eq!(written, "{ gateway: { port: 4001, auth: { token: '${GATEWAY_TOKEN}' } } } // JSON5");
//!
//! let problems = openclaw_config::parse("{\n  gateway: { prot: 1 },\n}", "openclaw.json", &env).err();
//! let problem = &problems.unwrap_or_default()[0];
//! assert_eq!(problem.to_string(), "openclaw.json:2:14 gateway.prot: unknown key, did you mean \"port\"?");
//! # Ok(())
//! # }
//! ```

mod book;
mod channel_ids;
mod check;
mod complete;
mod configured;
mod declare;
mod edit;
mod env;
mod file;
mod form_schema;
mod hints;
mod include;
mod inherit;
mod key_path;
mod keys;
mod label;
mod last_good;
mod load;
mod locations;
mod loss;
mod migrate;
mod minimal;
mod planned;
mod port;
mod problem;
mod read;
mod reader;
mod redact;
mod reload;
mod schema;
mod shell_env;
mod source;
mod spec;
mod substitute;
mod suggest;
mod text;
mod tree;

pub use book::configuration_book;
pub use complete::{complete_path, complete_value};
pub use configured::configured_channels;
pub use edit::{
    BACKUPS, Base, Change, ChangeError, Confirmed, Draft, EditError, Editor, FileEdit, Losses, MAX_CHANGES,
    Saved, Terms, Validity, ValueError, backup_path, confirm, diff, edit, edit_watched, staged_path,
    typed_value,
};
pub use env::Env;
pub use file::MAX_CONFIG_BYTES;
pub use form_schema::{form_hints, form_schema};
pub use hints::ui_hints;
pub use include::{IncludeFault, MAX_INCLUDE_DEPTH, MAX_INCLUDES};
pub use key_path::{KeyPath, KeyPathError, Step};
pub use keys::*;
pub use last_good::{beside, keep_last_good, last_good, last_good_path, real_path};
pub use load::{Loaded, Parsed, hash, load, load_files, parse, validate};
pub use locations::{LocationError, LocationFlags, Locations};
pub use loss::{Loss, Shrunk, loss, loss_of_texts, loss_since};
pub use migrate::{Migration, Migrations, Obstacle, is_declared, migrations, new_problems, retired_names};
pub use minimal::{MinimalOptions, minimal_config, write_new};
pub use planned::{MAX_PLANNED, planned};
pub use port::{DEFAULT_PORT, DEV_PORT, PortError, gateway_port};
pub use problem::{ConfigError, IncludedFrom, MAX_PROBLEMS, Place, Problem, ProblemKind};
pub use read::{Id, Map, Scalar, Sealed, Toggle};
pub use redact::{REDACTED, get_path, redact, redact_text, secrets};
pub use reload::{Action, ChangedKey, Plan, carried, reload_class};
pub use schema::{config_schema, declared_keys};
pub use shell_env::ShellEnvFault;
pub use spec::{Form, Key, Kind, Limits, MAX_SAFE_INTEGER, Reload, Rest, SectionSpec};
pub use text::parse_json5;
