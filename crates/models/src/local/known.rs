//! What was learnt of local models, for a while.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::facts::LocalModel;
use crate::ModelInfo;
use crate::catalog::Reference;

/// How long an answer of a local server holds: models are exchanged now and then, not with every message.
const HOLDS: Duration = Duration::from_secs(5 * 60);
/// How long it is believed that nobody is there.
const ABSENT: Duration = Duration::from_secs(15);

/// What was learnt, by provider and model.
#[derive(Default)]
pub struct LocalModels {
    models: Mutex<BTreeMap<Reference, (Instant, Option<LocalModel>)>>,
}

impl LocalModels {
    /// Notes what a server said of a model, or that it said nothing.
    pub(super) fn note(&self, reference: Reference, model: Option<LocalModel>) {
        let holds = if model.is_some() { HOLDS } else { ABSENT };
        self.lock().insert(reference, (Instant::now() + holds, model));
    }

    /// Whether it is known what a model can do, or that nobody says so.
    pub(super) fn is_fresh(&self, reference: &Reference) -> bool {
        self.lock().get(reference).is_some_and(|(until, _)| Instant::now() < *until)
    }

    /// The models of a provider.
    #[must_use]
    pub fn of(&self, provider: &str) -> Vec<LocalModel> {
        let models = self.lock();
        let of_it = models.iter().filter(|(reference, _)| reference.provider == provider);
        of_it.filter_map(|(_, (_, model))| model.clone()).collect()
    }

    /// Fills a description.
    pub(crate) fn describe(&self, reference: &Reference, info: &mut ModelInfo, is_window_set: bool) {
        if let Some((_, Some(model))) = self.lock().get(reference) {
            model.lay_under(info, is_window_set);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Reference, (Instant, Option<LocalModel>)>> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
