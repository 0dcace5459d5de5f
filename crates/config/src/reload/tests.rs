//! Configurations for the tests of this folder.

use crate::env::Env;
use crate::load::{Loaded, Parsed, parse};

/// A text, loaded as if it were the file.
pub(super) fn loaded(text: &str, env: &Env) -> Loaded {
    let parsed = parse(text, "openclaw.json", env).map_err(|problems| problems[0].to_string());
    let Parsed { config, value, effective, env, .. } = parsed.unwrap();
    Loaded {
        config: Box::new(config),
        parsed: value,
        effective,
        ..Loaded::defaults("openclaw.json".into(), env)
    }
}
