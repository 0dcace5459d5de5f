//! What a start tells: where to go, what is there, what is not.

use std::path::{Path, PathBuf};

use openclaw_config::{EmbeddingProvider, MemoryBackend};
use openclaw_guard::SystemClock;
use openclaw_memory::{Reader, Surroundings};
use openclaw_models::catalog::table::canonical_provider;
use serde::Serialize;

use super::setup::Setup;
use crate::agents;
use crate::commands::{outlook, unsearched_words};
use crate::instance::Instance;
use crate::model::{self, ModelState};
use crate::{format, output};

/// What a start tells. It holds a one-time code and never the token.
#[derive(Debug, Serialize)]
pub(super) struct Announcement {
    pub(super) ok: bool,
    #[serde(flatten)]
    pub(super) place: Place,
    #[serde(flatten)]
    pub(super) facts: Facts,
}

/// Where a gateway can be reached.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    /// The gateway's page.
    pub(super) url: String,
    /// Where it listens.
    pub(super) address: String,
    /// The page with a code that lets one browser in.
    pub(super) pair_url: String,
    /// Whether the gateway ran before this command.
    pub(super) already_running: bool,
}

/// What is there and what is not.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Facts {
    pub(super) state_dir: PathBuf,
    pub(super) config_path: PathBuf,
    pub(super) workspace: PathBuf,
    /// What was created by this run.
    pub(super) created: Vec<PathBuf>,
    pub(super) model: ModelState,
    /// Chat services: none in this version.
    pub(super) channels: Vec<String>,
    pub(super) memory: MemoryState,
}

/// How notes are searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MemoryState {
    pub(super) enabled: bool,
    /// Who makes the vectors, as the configuration calls it; `none` when words alone are compared.
    pub(super) provider: &'static str,
    /// The program that is asked before the built-in engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) backend: Option<&'static str>,
    /// Who gets the text of notes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sent_to: Option<Reader>,
    /// Notes outside `memory/` that this run has had searched.
    pub(super) added: usize,
    /// Those that are not searched.
    pub(super) unsearched: usize,
    /// What to do about them.
    #[serde(skip)]
    pub(super) hint: Option<String>,
}

/// Nobody makes vectors.
const NO_VECTORS: &str = "none";

/// How the notes of an agent are searched.
fn memory_state(instance: &Instance, agent: &str, added: usize) -> MemoryState {
    let config = instance.config();
    let search = config.agents.memory_search(agent);
    let around = Surroundings {
        loaded: &instance.loaded,
        at: &instance.at,
        written: str::trim,
        canonical: canonical_provider,
    };
    let embedders = around.embedders(agent, &SystemClock);
    // A workspace that cannot be opened is told of by whoever starts.
    let outlook = agents::find(instance, Some(agent)).ok().and_then(|agent| outlook(instance, &agent).ok());
    let unsearched = outlook.flatten().map(|outlook| outlook.unsearched).unwrap_or_default();
    MemoryState {
        enabled: search.enabled && search.provider != EmbeddingProvider::None,
        sent_to: embedders.reader(),
        provider: embedders.primary.map_or(NO_VECTORS, |primary| primary.identity().provider),
        backend: match config.memory.backend {
            MemoryBackend::Builtin => None,
            MemoryBackend::Qmd => Some("qmd"),
        },
        added,
        unsearched: unsearched.len(),
        hint: unsearched_words(&unsearched, &search.extra_paths),
    }
}

impl MemoryState {
    fn words(&self) -> String {
        if !self.enabled {
            return "Markdown files, search is turned off in the configuration".to_owned();
        }
        let how = match (self.backend, self.provider) {
            (Some(backend), _) => format!("by {backend}, or by the built-in engine when it does not answer"),
            (None, NO_VECTORS) => "by words".to_owned(),
            (None, _) => "by words and meaning".to_owned(),
        };
        let words = match &self.sent_to {
            None => format!("Markdown files, searched {how} (nothing leaves this machine)"),
            Some(reader) => format!("Markdown files, searched {how}; {reader} gets their text"),
        };
        let added = (self.added > 0).then(|| {
            let files = format::count(self.added, ".md file");
            format!("with {files} outside memory/ (memorySearch.extraPaths in the configuration)")
        });
        [Some(words), added, self.hint.clone()].into_iter().flatten().collect::<Vec<_>>().join("\n")
    }
}

impl Facts {
    pub(super) fn of(instance: &Instance, setup: &Setup) -> Self {
        let agent = agents::find(instance, None).map_or_else(|_none| "main".to_owned(), |agent| agent.id);
        Self {
            state_dir: instance.at.state_dir.clone(),
            config_path: instance.loaded.path.clone(),
            workspace: setup.workspace.clone(),
            created: setup.created.clone(),
            model: model::of(instance, &agent),
            channels: Vec::new(),
            memory: memory_state(instance, &agent, setup.added),
        }
    }

    fn path_words(&self, path: &Path, home: &Path) -> String {
        let note = if self.created.iter().any(|created| created == path) { " (new)" } else { "" };
        format!("{}{note}", format::short_path(path, home))
    }
}

impl Announcement {
    pub(super) fn new(place: Place, facts: Facts) -> Self {
        Self { ok: true, place, facts }
    }

    /// For people.
    pub(super) fn words(&self, home: &Path) -> String {
        let Self { place, facts, .. } = self;
        let memory = facts.memory.words();
        let open =
            format!("{}\n(works once, within five minutes; another: `openclaw dashboard`)", place.pair_url);
        let rows = [
            ("Open", open),
            ("Workspace", facts.path_words(&facts.workspace, home)),
            ("Config", facts.path_words(&facts.config_path, home)),
            ("Model", facts.model.words()),
            ("Memory", memory),
            ("Channels", "none yet: this version talks here and in the browser".to_owned()),
        ];
        let state = if place.already_running { "is running already" } else { "is running" };
        format!(
            "openclaw {} {state} at {}\n\n{}\n",
            env!("CARGO_PKG_VERSION"),
            place.url,
            output::table(&rows)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Announcement, Facts, Place};
    use crate::instance::Instance;
    use crate::quickstart::setup::Setup;
    use openclaw_config::{Env, LocationFlags, Locations, load, write_new};

    #[test]
    fn tells_everything_but_the_token() {
        let home = tempfile::tempdir().unwrap();
        let env = Env::from([("HOME", home.path().to_str().unwrap())]);
        let at = Locations::resolve(&env, LocationFlags::default()).unwrap();
        write_new(&at.config_path, "{gateway: {auth: {token: 's3cret'}}}").unwrap();
        let loaded = load(&at, &env).map_err(|error| error.to_string()).unwrap();
        let created = vec![at.config_path.clone()];
        let setup = Setup { workspace: home.path().join("notes"), created, added: 3 };
        let place = Place {
            url: "http://127.0.0.1:18789/".to_owned(),
            address: "127.0.0.1:18789".to_owned(),
            pair_url: "http://127.0.0.1:18789/#pair=c0de".to_owned(),
            already_running: false,
        };
        let announcement = Announcement::new(place, Facts::of(&Instance { at, loaded }, &setup));
        let words = announcement.words(home.path());
        let json = serde_json::to_string(&announcement).unwrap();
        assert!(!words.contains("s3cret") && !json.contains("s3cret"));
        assert!(!json.contains('\n'));
        insta::assert_snapshot!("quickstart_in_words", words);
    }
}
