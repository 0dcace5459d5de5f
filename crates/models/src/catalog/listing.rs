//! Every model with a description, as lists show it.

use openclaw_http::{is_loopback, parse_address};
use serde::Serialize;

use super::providers::ProviderEntry;
use super::reference::Reference;
use super::resolve::Catalog;
use crate::offline::OfflineRecall;
use crate::{ChatModel, InputKind, ModelInfo};

/// A row of `models.list`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelListing {
    /// Model id within the provider.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Provider id.
    pub provider: String,
    /// Tokens of prompt and answer together.
    pub context_window: u32,
    /// Whether it thinks before it answers.
    pub reasoning: bool,
    /// What a user message may contain.
    pub input: Vec<InputKind>,
}

impl From<&ModelInfo> for ModelListing {
    fn from(info: &ModelInfo) -> Self {
        Self {
            id: info.id.clone(),
            name: info.name.clone(),
            provider: info.provider.to_string(),
            context_window: info.context_window,
            reasoning: info.reasoning,
            input: info.input.clone(),
        }
    }
}

/// A model and where it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedModel {
    /// What it is called.
    pub reference: Reference,
    /// What it is.
    pub info: ModelInfo,
    /// Whether it runs on this machine.
    pub is_local: bool,
}

impl Catalog {
    /// For `models.list`: the built-in model, what is configured, and what the table has.
    #[must_use]
    pub fn list(&self) -> Vec<ModelListing> {
        self.all_models().iter().map(|model| ModelListing::from(&model.info)).collect()
    }

    /// The same in full.
    #[must_use]
    pub fn all_models(&self) -> Vec<ListedModel> {
        let offline = OfflineRecall::new().describe().clone();
        let reference = Reference { provider: offline.provider.to_string(), model: offline.id.clone() };
        let mut all = vec![ListedModel { reference, info: offline, is_local: true }];
        let is_server = |entry: &&ProviderEntry| self.cli_backend(&entry.id).is_none();
        for entry in self.providers().iter().filter(is_server) {
            let is_local = is_local(entry);
            for model in model_ids(entry, self.more_models(entry)) {
                let reference = Reference { provider: entry.id.clone(), model };
                // The entry is one of the catalog's own.
                if let Ok(info) = self.describe_found(&reference) {
                    all.push(ListedModel { reference, info, is_local });
                }
            }
        }
        for reference in self.cli_backends().iter().flat_map(|backend| self.program_models(backend)) {
            if let Ok(info) = self.describe_found(&reference) {
                all.push(ListedModel { reference, info, is_local: false });
            }
        }
        all
    }

    /// Models of a provider that no list has: those that its server names, and those that are chosen by name.
    fn more_models(&self, entry: &ProviderEntry) -> Vec<String> {
        let found =
            self.local().of(&entry.id).into_iter().filter(|model| model.converses).map(|model| model.id);
        found.chain(self.chosen_of_provider(&entry.id)).collect()
    }

    /// The models of a provider that the configuration names.
    pub(super) fn chosen_of_provider(&self, provider: &str) -> Vec<String> {
        let default = self.default_reference();
        let written = self.allowed_models().iter().map(|allowed| allowed.reference.as_str());
        let written =
            [default.as_str()].into_iter().chain(written).chain(self.fallbacks().iter().map(String::as_str));
        let of_provider = |text| self.find(text).ok().filter(|(found, _)| found.provider == provider);
        written.filter_map(of_provider).map(|(found, _)| found.model).collect()
    }
}

fn model_ids(entry: &ProviderEntry, named: Vec<String>) -> Vec<String> {
    let listed = entry.models.iter().map(|model| model.id.clone());
    let mut ids: Vec<String> = Vec::new();
    for id in listed.chain(entry.rows().map(|row| row.id.to_owned())).chain(named) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// Whether a provider is on this machine.
#[must_use]
pub(super) fn is_local(entry: &ProviderEntry) -> bool {
    parse_address(&entry.base_url).is_ok_and(|url| is_loopback(&url))
}
