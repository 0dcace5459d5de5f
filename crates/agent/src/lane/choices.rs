//! `/think` and `/model`: what is chosen for a session in the chat.

use std::sync::Arc;

use openclaw_models::catalog::{CatalogError, Reference};
use openclaw_models::{Effect, ThinkingLevel};
use openclaw_store::{SessionEntry, StoreError, field};

use super::{ANY_SESSION, Lane};
use crate::prompt::Audience;
use crate::runtime::AgentRuntime;
use crate::session::{blocking, choose_model};
use crate::think::{Think, levels};

/// What the sender of a message may do to its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderMay {
    /// Choose its model and how hard it thinks.
    Choose,
    /// Look at both, and have a level for the message alone.
    Look,
}

impl SenderMay {
    /// Whether what `/think` says is not done.
    pub(super) fn refuses_think(self, asked: &Think<'_>) -> bool {
        match (self, asked) {
            (Self::Look, Think::Set(_) | Think::Clear) => true,
            (Self::Look, Think::Show | Think::Unknown(_) | Think::Words) | (Self::Choose, _) => false,
        }
    }

    /// Whether what stands behind `/model` is not done.
    pub(super) fn refuses_model(self, words: &str) -> bool {
        self == Self::Look && !matches!(words, "" | "list" | "status")
    }
}

/// As many models as a list in a chat may have.
const MOST_SHOWN: usize = 40;
/// As much of a wrong word as is said again.
const MOST_REPEATED: usize = 40;

impl Lane {
    /// Does what `/think` says, unless it belongs to a message.
    pub(super) async fn think(&self, asked: &Think<'_>) -> Result<Option<String>, StoreError> {
        let entry = self.entry(ANY_SESSION).await?;
        let words = match asked {
            Think::Words => return Ok(None),
            Think::Show => {
                let level = self.runtime.thinking_of(Some(&entry));
                format!("Current thinking level: {}. Levels: {}.", level.as_str(), levels())
            }
            Think::Unknown(word) => {
                let word: String = word.chars().take(MOST_REPEATED).collect();
                format!("Unrecognized thinking level {word:?}. Levels: {}.", levels())
            }
            Think::Clear => {
                self.change(|entry| entry.clear(field::THINKING_LEVEL));
                let entry = self.entry(ANY_SESSION).await?;
                let level = self.runtime.thinking_of(Some(&entry));
                format!("Thinking level is the configured one again: {}.", level.as_str())
            }
            Think::Set(level) => {
                self.change(|entry| entry.set_text(field::THINKING_LEVEL, level.as_str()));
                let effect = self.runtime.model_of(&entry).map(|info| {
                    let effect = self.runtime.models.effect_of(&info, *level);
                    (info.reference(), effect)
                });
                match effect {
                    Ok((model, effect)) => set_words(&model, *level, effect),
                    Err(_) => format!("Thinking level set to {}.", level.as_str()),
                }
            }
        };
        Ok(Some(words))
    }

    fn change(&self, change: impl FnOnce(&mut SessionEntry)) {
        self.runtime.sessions.update(self.key.as_str(), change);
    }

    /// Does what `/model` says.
    pub(super) async fn model(&self, words: &str) -> Result<String, StoreError> {
        let entry = self.entry(ANY_SESSION).await?;
        match words {
            "" | "list" => {
                let runtime = Arc::clone(&self.runtime);
                blocking(move || list(&runtime, &entry)).await
            }
            "status" => Ok(status(&self.runtime, &entry, self.audience())),
            "default" | "reset" => {
                self.change(|entry| choose_model(entry, None));
                Ok(format!("Model reset to default ({}).", self.runtime.models.default_reference()))
            }
            words => {
                let (runtime, asked) = (Arc::clone(&self.runtime), words.to_owned());
                let chosen = blocking(move || choose(&runtime, &asked)).await?;
                match chosen {
                    Ok(reference) => {
                        self.change(|entry| choose_model(entry, Some(&reference)));
                        let name = reference.to_string();
                        let is_same = words.eq_ignore_ascii_case(&name);
                        let alias = !is_same && words.parse::<usize>().is_err();
                        Ok(if alias {
                            format!("Model set to {words} ({name}).")
                        } else {
                            format!("Model set to {name}.")
                        })
                    }
                    Err(why) => Ok(why.to_string()),
                }
            }
        }
    }
}

/// What follows from a level, so that nobody believes in one that changes nothing.
fn set_words(model: &str, level: ThinkingLevel, effect: Effect) -> String {
    let set = format!("Thinking level set to {}.", level.as_str());
    match effect {
        Effect::Level(ThinkingLevel::Off) if level == ThinkingLevel::Off => "Thinking disabled.".to_owned(),
        Effect::Level(told) if told == level => set,
        Effect::Level(told) if level == ThinkingLevel::Off => {
            format!(
                "{set} {model} cannot stop thinking, so it thinks as little as it can: {}.",
                told.as_str()
            )
        }
        Effect::Level(told) => format!("{set} {model} has no such level and thinks at {}.", told.as_str()),
        Effect::On => format!("{set} {model} only thinks or does not, so now it thinks."),
        Effect::Silent => format!("{set} {model} does not think, so its answers stay as they are."),
        Effect::Params => {
            format!(
                "{set} The `params` of {model} in agents.defaults.models decide how it thinks, so its answers stay as they are."
            )
        }
        Effect::Untold => {
            format!("{set} {model} cannot be told how hard to think, so its answers stay as they are.")
        }
    }
}

/// The model of a number of the list, of an alias or of a reference, if it can run.
fn choose(runtime: &AgentRuntime, asked: &str) -> Result<Reference, NoChoice> {
    let Ok(number) = asked.parse::<usize>() else { return Ok(runtime.choose_model(asked)?) };
    let all = offered(runtime);
    let chosen = number.checked_sub(1).and_then(|at| all.get(at));
    let chosen = chosen.ok_or(NoChoice::Number { count: all.len() })?;
    Ok(runtime.choose_model(&chosen.to_string())?)
}

/// Why `/model` chose nothing, for whoever sent it.
#[derive(Debug, thiserror::Error)]
enum NoChoice {
    #[error("There are {count} models in the list; `/model` shows it.")]
    Number { count: usize },
    #[error("{}", .0.plain_words())]
    Catalog(#[from] CatalogError),
}

/// What can be chosen: what is allowed, or else what has a credential; the configured model and its fallbacks first.
fn offered(runtime: &AgentRuntime) -> Vec<Reference> {
    let catalog = &runtime.models;
    let find = |text: &str| catalog.find(text).ok().map(|(found, _)| found);
    let own = find(&catalog.default_reference());
    let fallbacks = catalog.fallbacks().iter().filter_map(|text| find(text));
    let others: Vec<Reference> = if catalog.allowed_models().is_empty() {
        let usable =
            |reference: &Reference| catalog.needs_no_key(reference) || runtime.has_credential(reference);
        let all = catalog.all_models().into_iter().map(|model| model.reference);
        all.filter(usable).collect()
    } else {
        catalog.allowed_models().iter().filter_map(|allowed| find(&allowed.reference)).collect()
    };
    let mut all: Vec<Reference> = Vec::new();
    for reference in own.into_iter().chain(fallbacks).chain(others) {
        if !all.contains(&reference) {
            all.push(reference);
        }
    }
    all
}

fn current(runtime: &AgentRuntime, entry: &SessionEntry) -> String {
    match runtime.model_of(entry) {
        Ok(info) => info.reference(),
        Err(error) => error.plain_words(),
    }
}

fn list(runtime: &AgentRuntime, entry: &SessionEntry) -> String {
    let aliases = runtime.models.aliases();
    let all = offered(runtime);
    let mut lines = vec![format!("Current: {}", current(runtime, entry))];
    for (at, reference) in all.iter().take(MOST_SHOWN).enumerate() {
        let name = reference.to_string();
        let alias = aliases.iter().find(|(_, target)| *target == name);
        let alias = alias.map(|(alias, _)| format!(" ({alias})")).unwrap_or_default();
        lines.push(format!("{}. {name}{alias}", at + 1));
    }
    if let Some(more) = all.len().checked_sub(MOST_SHOWN).filter(|more| *more > 0) {
        lines.push(format!("and {more} more"));
    }
    lines.push(
        "`/model NUMBER` or `/model PROVIDER/MODEL` switches, `/model default` switches back.".to_owned(),
    );
    lines.join("\n")
}

/// A group hears neither where a provider is nor with which account it is asked.
fn status(runtime: &AgentRuntime, entry: &SessionEntry, audience: Audience) -> String {
    let catalog = &runtime.models;
    let mut lines = vec![
        format!("Current: {}", current(runtime, entry)),
        format!("Default: {}", catalog.default_reference()),
        format!("Thinking: {}", runtime.thinking_of(Some(entry)).as_str()),
    ];
    if !catalog.fallbacks().is_empty() {
        lines.push(format!("Fallbacks: {}", catalog.fallbacks().join(", ")));
    }
    if let (Ok(info), Audience::MainPrivate | Audience::Private) = (runtime.model_of(entry), audience)
        && let Ok(provider) = catalog.entry(&info.provider)
    {
        lines.push(format!("Endpoint: {} ({})", provider.base_url, info.api.as_str()));
    }
    // The names of profiles are those of accounts.
    if let (Some(profile), Audience::MainPrivate | Audience::Private) =
        (entry.text(field::AUTH_PROFILE_OVERRIDE), audience)
    {
        lines.push(format!("Credential: {profile}"));
    }
    lines.join("\n")
}
