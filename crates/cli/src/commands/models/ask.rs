//! A model with one of its credentials, ready to be asked.

use std::sync::Arc;

use openclaw_credentials::{AuthError, Refresher};
use openclaw_models::catalog::{CatalogError, Key, KeyKind, KeySource, Keyed, Reference};
use openclaw_models::oauth::TokenRefresher;
use openclaw_models::probe::Unheard;
use openclaw_models::{ChatModel, ModelInfo};

use super::view::ModelsView;

/// Why a credential brought nothing, in words with the next step.
#[derive(Debug, thiserror::Error)]
pub(super) enum Silence {
    #[error("{0}.")]
    Auth(#[from] AuthError),
    #[error("{}", .0.plain_words())]
    Catalog(#[from] CatalogError),
    #[error("{0}")]
    Unheard(#[from] Unheard),
}

impl Silence {
    /// The word that `models status --probe --json` has for it.
    pub(super) fn status(&self) -> &'static str {
        match self {
            Self::Auth(_) | Self::Catalog(CatalogError::MissingKey { .. }) => "auth",
            Self::Catalog(_) => "no_model",
            Self::Unheard(why) => why.status(),
        }
    }
}

/// Connects a model with a credential, as it is known or as it is described here.
pub(super) async fn connect(
    view: &ModelsView,
    reference: &Reference,
    (credential, described): (Option<&KeySource>, Option<ModelInfo>),
) -> Result<Arc<dyn ChatModel>, Silence> {
    let catalog = &view.catalog;
    let key = match credential {
        None => None,
        Some(KeySource::Profile(id)) => {
            let refresher: Arc<dyn Refresher> = Arc::new(TokenRefresher::default());
            let usable = view.auth.usable(id, &refresher, view.now_ms).await?;
            let kind = if usable.is_token { KeyKind::Token } else { KeyKind::ApiKey };
            Some(Key { secret: usable.secret, kind, source: KeySource::Profile(id.clone()) })
        }
        Some(source @ (KeySource::Config | KeySource::Environment(_))) => {
            let keys =
                catalog.entry(&reference.provider).map(|entry| catalog.keys(entry)).unwrap_or_default();
            keys.into_iter().find(|key| key.source == *source)
        }
    };
    let keyed = key.as_ref().map_or(Keyed::Without, Keyed::With);
    Ok(match described {
        Some(info) => catalog.connect_described(reference, info, keyed)?,
        None => catalog.connect(reference, keyed)?,
    })
}
