//! The decision, as a pure function.

use std::path::PathBuf;

use openclaw_config::{EmbeddingFallback, EmbeddingProvider, Map, MemorySearch, Provider};

use super::keys::{Asked, Keys};
use super::local::{self, LocalSpec};
use super::problem::ResolveProblem;
use super::remote::{self, Found, Wish};
use crate::{BatchApi, Dialect, RemoteSpec};

/// What the decision needs besides `memorySearch`.
pub struct Around<'a> {
    /// `models.providers`.
    pub providers: &'a Map<Provider>,
    /// Keys outside of the configuration.
    pub keys: &'a dyn Keys,
    /// The path of a file that exists, for a path as a user writes it.
    pub find_file: &'a dyn Fn(&str) -> Option<PathBuf>,
}

/// Who makes vectors.
#[derive(Clone)]
pub enum Choice {
    /// The model inside the program.
    Builtin,
    /// A model file on this machine.
    Local(LocalSpec),
    /// A service.
    Remote(Box<RemoteSpec>),
}

impl Choice {
    /// As the configuration calls it.
    #[must_use]
    pub fn provider(&self) -> &'static str {
        match self {
            Self::Builtin => "builtin",
            Self::Local(_) => "local",
            Self::Remote(spec) => spec.dialect.name(),
        }
    }
}

/// What was decided.
pub struct Chosen {
    /// Who makes the vectors. Nothing when the provider that the configuration names cannot be used, or is `none`:
    /// then search goes by words, and by the fallback's vectors if there is one. No other provider slips in: the
    /// notes go where the user said or nowhere, and an index of vectors that nobody asked for is not built.
    pub primary: Option<Choice>,
    /// Who steps in when the primary fails.
    pub fallback: Option<Choice>,
    /// Why it is this one, for people.
    pub why: String,
    /// What does not work as configured.
    pub problems: Vec<ResolveProblem>,
}

/// Decides who makes vectors.
#[must_use]
pub fn choose(search: &MemorySearch, around: &Around<'_>) -> Chosen {
    let mut problems = Vec::new();
    let (primary, why) = match search.provider {
        EmbeddingProvider::None => return off(),
        EmbeddingProvider::Auto => auto(search, around, &mut problems),
        EmbeddingProvider::Openai => named(Dialect::OpenAi, search, around, &mut problems),
        EmbeddingProvider::Gemini => named(Dialect::Gemini, search, around, &mut problems),
        EmbeddingProvider::Voyage => named(Dialect::Voyage, search, around, &mut problems),
        EmbeddingProvider::Local => {
            let found =
                local::asked(&search.local, around.find_file).map_err(|problem| problems.push(problem));
            (found.ok().map(Choice::Local), "memorySearch.provider is local".to_owned())
        }
    };
    let taken = primary.as_ref().map(Choice::provider);
    let fallback = fallback(search, around, &mut problems).filter(|found| Some(found.provider()) != taken);
    Chosen { primary, fallback, why, problems }
}

fn off() -> Chosen {
    let why = "memorySearch.provider is none".to_owned();
    Chosen { primary: None, fallback: None, why, problems: Vec::new() }
}

const fn batch(search: &MemorySearch) -> BatchApi {
    if search.remote.batch.enabled { BatchApi::Offered } else { BatchApi::Absent }
}

fn wish(dialect: Dialect, search: &MemorySearch, asked: Asked) -> Wish<'_> {
    let (remote, model) = (Some(&search.remote), search.model.as_deref());
    Wish { dialect, remote, model, batch: batch(search), asked }
}

fn use_it(found: Found, problems: &mut Vec<ResolveProblem>) -> (Choice, String) {
    problems.extend(found.notes);
    (Choice::Remote(Box::new(found.spec)), found.because)
}

fn named(
    dialect: Dialect,
    search: &MemorySearch,
    around: &Around<'_>,
    problems: &mut Vec<ResolveProblem>,
) -> (Option<Choice>, String) {
    let why = format!("memorySearch.provider is {}", dialect.name());
    match remote::find(wish(dialect, search, Asked::ByName), around) {
        Ok(found) => (Some(use_it(found, problems).0), why),
        Err(problem) => {
            problems.push(problem);
            (None, why)
        }
    }
}

/// A model file, then a service that `remote` names, then one with a key, then what is built in.
fn auto(
    search: &MemorySearch,
    around: &Around<'_>,
    problems: &mut Vec<ResolveProblem>,
) -> (Option<Choice>, String) {
    if let Some(spec) = local::file(&search.local, around.find_file) {
        return (Some(Choice::Local(spec)), "the file of memorySearch.local.modelPath is there".to_owned());
    }
    let by_model = search.model.as_deref().and_then(remote::owner);
    let address = search.remote.base_url.as_deref().map(str::trim).filter(|address| !address.is_empty());
    let has_key = search.remote.api_key.as_ref().is_some_and(|key| !key.is_blank());
    if address.is_some() || has_key {
        let dialect = address.map_or(by_model.unwrap_or(Dialect::OpenAi), remote::at);
        match remote::find(wish(dialect, search, Asked::ByName), around) {
            Ok(found) => {
                let (choice, because) = use_it(found, problems);
                return (Some(choice), because);
            }
            // Not the next service: notes must not go elsewhere because of a typing mistake.
            Err(problem) => {
                problems.push(problem);
                return (Some(Choice::Builtin), "memorySearch.remote cannot be used".to_owned());
            }
        }
    }
    for dialect in Dialect::ALL.into_iter().filter(|dialect| by_model.is_none_or(|by| by == *dialect)) {
        match remote::find(wish(dialect, search, Asked::Auto), around) {
            Ok(found) if found.spec.key.is_some() => {
                let (choice, because) = use_it(found, problems);
                return (Some(choice), because);
            }
            // An address alone, such as that of a chat model's server, does not ask for embeddings.
            Ok(_) | Err(ResolveProblem::KeyMissing { .. }) => {}
            Err(problem) => problems.push(problem),
        }
    }
    let why = "there is no key of OpenAI, Gemini or Voyage, and the built-in model needs none".to_owned();
    (Some(Choice::Builtin), why)
}

/// The fallback gets nothing of `memorySearch.remote` and `model`: they are the primary's.
fn fallback(
    search: &MemorySearch,
    around: &Around<'_>,
    problems: &mut Vec<ResolveProblem>,
) -> Option<Choice> {
    let dialect = match search.fallback {
        EmbeddingFallback::None => return None,
        EmbeddingFallback::Local => {
            let found =
                local::asked(&search.local, around.find_file).map_err(|problem| problems.push(problem));
            return found.ok().map(Choice::Local);
        }
        EmbeddingFallback::Openai => Dialect::OpenAi,
        EmbeddingFallback::Gemini => Dialect::Gemini,
        EmbeddingFallback::Voyage => Dialect::Voyage,
    };
    let wish = Wish { dialect, remote: None, model: None, batch: batch(search), asked: Asked::ByName };
    match remote::find(wish, around) {
        Ok(found) => Some(use_it(found, problems).0),
        Err(problem) => {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
            None
        }
    }
}
