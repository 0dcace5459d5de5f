//! `auth`: a word that has changed.

use serde_json::Value;

use super::draft::{Draft, at};
use super::plan::Rule;

pub(super) fn drafts() -> &'static [Rule] {
    &[claude_cli]
}

/// The profile that is taken over from the Claude command line holds a refreshable login, not a fixed token.
fn claude_cli(value: &Value) -> Option<Draft> {
    let mode = at(&["auth", "profiles", "anthropic:claude-cli", "mode"]);
    (mode.find(value)?.as_str()? == "token").then(|| {
        let mut draft = Draft::new(value, mode.clone(), format!("\"{mode}\" becomes \"oauth\""));
        draft.set(mode, "oauth".into());
        draft
    })
}
