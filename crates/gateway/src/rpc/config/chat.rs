//! `/config` in a chat: show, set and unset keys, for administrators in private sessions.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use openclaw_agent::SettingsCommand;
use openclaw_config::{
    Change, Editor, KeyPath, KeyPathError, Terms, ValueError, edit, get_path, load, typed_value,
};
use openclaw_protocol::methods::Scope;
use serde_json::Value;

use super::write::{Wish, settle};
use crate::core::Core;

/// The answer has to arrive before a restart begins.
const RESTART_DELAY: Duration = Duration::from_secs(2);
const USAGE: &str = "Usage: /config show [key], /config set key=value, /config unset key";

/// The command of one client.
pub(in crate::rpc) struct ConfigCommand {
    core: Arc<Core>,
    is_admin: bool,
}

/// What was typed behind `/config`.
#[derive(Debug, PartialEq, Eq)]
enum Wanted<'t> {
    Show(&'t str),
    Set(&'t str, &'t str),
    Unset(&'t str),
}

impl ConfigCommand {
    pub(in crate::rpc) fn of(core: &Arc<Core>, scopes: &[String]) -> Self {
        Self { core: Arc::clone(core), is_admin: Scope::Admin.is_satisfied_by(scopes) }
    }

    /// Why the command does not run, if it does not.
    fn refusal(&self) -> Option<&'static str> {
        let is_on = self.core.snapshot().config().system.commands.config;
        match (self.is_admin, is_on) {
            (false, _) => Some("/config is for administrators of this gateway."),
            (true, false) => {
                Some("/config is switched off. To allow it: openclaw config set commands.config true")
            }
            (true, true) => None,
        }
    }

    async fn answer(&self, words: &str) -> String {
        let Some(wanted) = parse(words) else { return USAGE.to_owned() };
        let change = match wanted {
            Wanted::Show(path) => return self.show(path.to_owned()).await,
            Wanted::Set(path, text) => set(path, text),
            Wanted::Unset(path) => path.parse().map(|path| Change::Remove { path }).map_err(Unclear::from),
        };
        match change {
            Ok(change) => self.change(change).await,
            Err(unclear) => unclear.to_string(),
        }
    }

    async fn show(&self, path: String) -> String {
        let core = Arc::clone(&self.core);
        let work = move || match load(&core.locations, core.reload.env()) {
            Err(error) => error.to_string(),
            Ok(loaded) => match get_path(&loaded.parsed, &path) {
                Err(error) => error.to_string(),
                Ok(None) => format!("{path} is not set; its default holds."),
                Ok(Some(Value::String(text))) => text,
                Ok(Some(value)) => format!("```json\n{value:#}\n```"),
            },
        };
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| error.to_string())
    }

    async fn change(&self, change: Change) -> String {
        let core = Arc::clone(&self.core);
        let path = change.path().to_string();
        let work = move || {
            let make = |editor: &mut Editor| editor.apply(std::slice::from_ref(&change));
            edit(&core.locations, core.reload.env(), &Terms::ANY_BASE, &make)
                .map(|(_, saved)| saved)
                .map_err(|error| error.to_string())
        };
        match tokio::task::spawn_blocking(work).await {
            Err(error) => error.to_string(),
            Ok(Err(refused)) => refused,
            Ok(Ok(saved)) => match saved.files.first() {
                None => format!("{path} is so already."),
                Some(file) => {
                    settle(&self.core, RESTART_DELAY, Wish::AsConfigured).await;
                    format!("{path} is changed in {}.", file.display())
                }
            },
        }
    }
}

/// Why a command is no change.
#[derive(Debug, thiserror::Error)]
enum Unclear {
    #[error(transparent)]
    Path(#[from] KeyPathError),
    #[error(transparent)]
    Value(#[from] ValueError),
}

fn set(path: &str, text: &str) -> Result<Change, Unclear> {
    let path: KeyPath = path.parse()?;
    let value = typed_value(&path, text)?;
    Ok(Change::Set { path, value })
}

impl SettingsCommand for ConfigCommand {
    fn run<'a>(&'a self, words: &'a str) -> BoxFuture<'a, String> {
        async move {
            match self.refusal() {
                Some(refusal) => refusal.to_owned(),
                None => self.answer(words).await,
            }
        }
        .boxed()
    }
}

/// `show [key]`, `get [key]`, `set key=value`, `set key value`, `unset key`; nothing shows everything.
fn parse(words: &str) -> Option<Wanted<'_>> {
    let (verb, rest) = words.trim().split_once(char::is_whitespace).unwrap_or((words.trim(), ""));
    let rest = rest.trim();
    match verb.to_lowercase().as_str() {
        "" | "show" | "get" => Some(Wanted::Show(rest)),
        "unset" if !rest.is_empty() => Some(Wanted::Unset(rest)),
        "set" => {
            let (path, value) = rest.split_once(|c: char| c == '=' || c.is_whitespace())?;
            let value = value.trim();
            (!path.is_empty() && !value.is_empty()).then_some(Wanted::Set(path, value))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Wanted, parse};

    #[test]
    fn commands_are_read_as_people_type_them() {
        for (words, expected) in [
            ("", Some(Wanted::Show(""))),
            (" show  gateway.port ", Some(Wanted::Show("gateway.port"))),
            ("GET ui", Some(Wanted::Show("ui"))),
            ("set gateway.port=1", Some(Wanted::Set("gateway.port", "1"))),
            ("set ui.assistant.name  Two Words", Some(Wanted::Set("ui.assistant.name", "Two Words"))),
            ("set a=b=c", Some(Wanted::Set("a", "b=c"))),
            ("unset ui", Some(Wanted::Unset("ui"))),
            ("unset", None),
            ("set ui", None),
            ("drop everything", None),
        ] {
            assert_eq!(parse(words), expected, "{words}");
        }
    }
}
