//! A model with one of its credentials, ready to be asked.

use std::sync::Arc;

use openclaw_credentials::Refresher;
use openclaw_models::ChatModel;
use openclaw_models::catalog::{CatalogError, Patience};
use openclaw_models::failover::{Candidate, Connector, Description, NotConnected, Waiting};
use openclaw_models::oauth::TokenRefresher;
use openclaw_models::probe::Unheard;

use super::view::ModelsView;

/// Why a credential brought nothing, in words with the next step.
#[derive(Debug, thiserror::Error)]
pub(super) enum Silence {
    #[error(transparent)]
    NotConnected(#[from] NotConnected),
    #[error("{0}")]
    Unheard(#[from] Unheard),
}

impl Silence {
    /// The word that `models status --probe --json` has for it.
    pub(super) fn status(&self) -> &'static str {
        match self {
            Self::NotConnected(
                NotConnected::Credential { .. } | NotConnected::Catalog(CatalogError::MissingKey { .. }),
            ) => "auth",
            Self::NotConnected(NotConnected::Late { .. }) => "timeout",
            Self::NotConnected(NotConnected::Catalog(_)) => "no_model",
            Self::Unheard(why) => why.status(),
        }
    }
}

/// Connects a model with a credential, as it is known or as it is described here. A renewal has no limit but its own: the
/// provider has ended the old token when this program stops waiting, and the new one would be lost.
pub(super) async fn connect(
    view: &ModelsView,
    candidate: &Candidate,
    description: Description,
) -> Result<Arc<dyn ChatModel>, Silence> {
    let refresher: Arc<dyn Refresher> = Arc::new(TokenRefresher::default());
    let connector = Connector { catalog: &view.catalog, auth: &view.auth, refresher: &refresher };
    let waiting = Waiting { patience: Patience::Alone, renewal: None, now_ms: view.now_ms };
    Ok(connector.connect(candidate, description, waiting).await?)
}
