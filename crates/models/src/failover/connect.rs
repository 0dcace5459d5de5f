//! From a candidate to a model that runs: finds its key, renews a token that is about to end, and connects.
//!
//! Turns and the commands that try models go the same way, so that what works for the one works for the other.

use std::sync::Arc;
use std::time::Duration;

use openclaw_credentials::{AuthError, AuthStore, RefreshError, Refresher};
use openclaw_http::Unreachable;

use super::machine::Candidate;
use crate::catalog::{Catalog, CatalogError, Key, KeyKind, KeySource, Keyed, Patience};
use crate::local::look_at;
use crate::{ChatModel, ModelError, ModelInfo, TimeoutKind};

/// What models are connected with.
#[derive(Clone, Copy)]
pub struct Connector<'a> {
    /// The models.
    pub catalog: &'a Catalog,
    /// The credentials.
    pub auth: &'a Arc<AuthStore>,
    /// Who renews tokens.
    pub refresher: &'a Arc<dyn Refresher>,
}

/// How long is waited.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    /// For an answer in trouble.
    pub patience: Patience,
    /// For a token to be renewed; without a limit where nobody else could answer.
    pub renewal: Option<Duration>,
    /// Milliseconds since the epoch.
    pub now_ms: i64,
}

/// Who says what a model is like.
#[derive(Debug, Clone)]
pub enum Description {
    /// The catalog and the model's own server.
    Known,
    /// Whoever asks.
    Given(Box<ModelInfo>),
}

/// Why a candidate cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum NotConnected {
    /// The model cannot run.
    #[error("{}", .0.plain_words())]
    Catalog(#[from] CatalogError),
    /// Its credential cannot be used.
    #[error("{why}.")]
    Credential {
        /// Provider id.
        provider: Arc<str>,
        /// Why.
        why: AuthError,
    },
    /// Its token was not renewed in time.
    #[error("The token of {provider} was not renewed within {} ms.", .after.as_millis())]
    Late {
        /// Provider id.
        provider: Arc<str>,
        /// The limit.
        after: Duration,
    },
}

impl Connector<'_> {
    /// Connects a candidate. Sends nothing but what renews its token, and asks a server on this machine what its model is.
    ///
    /// # Errors
    /// It cannot be asked.
    pub async fn connect(
        &self,
        candidate: &Candidate,
        description: Description,
        waiting: Waiting,
    ) -> Result<Arc<dyn ChatModel>, NotConnected> {
        let reference = &candidate.reference;
        if let Description::Known = description {
            look_at(self.catalog, reference).await;
        }
        let key = self.key(candidate, waiting).await?;
        let keyed = key.as_ref().map_or(Keyed::Without, Keyed::With);
        Ok(match description {
            Description::Known => self.catalog.connect_with(reference, keyed, waiting.patience)?,
            Description::Given(info) => self.catalog.connect_described(reference, *info, keyed)?,
        })
    }

    async fn key(&self, candidate: &Candidate, waiting: Waiting) -> Result<Option<Key>, NotConnected> {
        let provider = &candidate.reference.provider;
        let id = match &candidate.credential {
            None => return Ok(None),
            Some(KeySource::Profile(id)) => id,
            Some(source @ (KeySource::Config | KeySource::Environment(_))) => {
                let keys =
                    self.catalog.entry(provider).map(|entry| self.catalog.keys(entry)).unwrap_or_default();
                return Ok(keys.into_iter().find(|key| key.source == *source));
            }
        };
        let usable = self.auth.usable(id, self.refresher, waiting.now_ms);
        let usable = match waiting.renewal {
            None => usable.await,
            Some(after) => tokio::time::timeout(after, usable)
                .await
                .map_err(|_elapsed| NotConnected::Late { provider: Arc::from(provider.as_str()), after })?,
        };
        let usable =
            usable.map_err(|why| NotConnected::Credential { provider: Arc::from(provider.as_str()), why })?;
        let kind = if usable.is_token { KeyKind::Token } else { KeyKind::ApiKey };
        Ok(Some(Key { secret: usable.secret, kind, source: KeySource::Profile(id.clone()) }))
    }
}

/// What it is for the choice of the next one.
impl From<NotConnected> for ModelError {
    fn from(error: NotConnected) -> Self {
        match error {
            NotConnected::Catalog(error) => error.into(),
            NotConnected::Late { provider, after } => {
                Self::Timeout { provider, kind: TimeoutKind::Connect, after }
            }
            NotConnected::Credential { provider, why } => credential_error(provider, &why),
        }
    }
}

fn credential_error(provider: Arc<str>, error: &AuthError) -> ModelError {
    match error {
        AuthError::NotRenewed { why: RefreshError::Refused { status }, .. } => {
            ModelError::Auth { provider, status: (*status).max(401) }
        }
        AuthError::NotRenewed { why: RefreshError::Unreachable, .. } => ModelError::Unreachable {
            provider,
            host: "its sign-in service".to_owned(),
            why: Unreachable::Network,
        },
        AuthError::NotRenewed { why: RefreshError::Unknown { .. }, .. }
        | AuthError::NoProfile { .. }
        | AuthError::Read { .. }
        | AuthError::NotJson { .. }
        | AuthError::Write(_)
        | AuthError::Lock(_)
        | AuthError::Busy { .. }
        | AuthError::Interrupted => {
            CatalogError::Credential { provider: provider.to_string(), why: error.to_string() }.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Candidate, Connector, Description, NotConnected, Waiting};
    use crate::catalog::{Catalog, Environment, KeySource, Patience, Providers, Reference};
    use crate::{ModelError, TimeoutKind};
    use futures_util::future::BoxFuture;
    use openclaw_credentials::{
        AuthPlaces, AuthSettings, AuthStore, Credential, OAuth, Profile, RefreshError, Refreshed, Refresher,
    };
    use openclaw_guard::Secret;
    use std::sync::Arc;
    use std::time::Duration;

    /// A sign-in service that refuses, or never answers.
    struct SignIn {
        refuses: bool,
    }

    impl Refresher for SignIn {
        fn refresh<'a>(
            &'a self,
            _: &'a str,
            _: &'a OAuth,
            _: i64,
        ) -> BoxFuture<'a, Result<Refreshed, RefreshError>> {
            Box::pin(async move {
                match self.refuses {
                    true => Err(RefreshError::Refused { status: 400 }),
                    false => std::future::pending().await,
                }
            })
        }
    }

    async fn connect(refuses: bool) -> Option<NotConnected> {
        let state = tempfile::tempdir().unwrap();
        let places = AuthPlaces::new(state.path(), &state.path().join("agent"));
        let auth = Arc::new(AuthStore::new(places, AuthSettings::default()));
        let secret = |text: &str| Secret::new(text.into());
        let token = OAuth { access: secret("a"), refresh: secret("r"), expires: 1, client_id: None };
        let profile = Profile {
            id: "anthropic:me".into(),
            provider: "anthropic".into(),
            credential: Credential::OAuth(token),
            email: None,
        };
        auth.update(|file| file.put(&profile)).unwrap();
        let catalog = Catalog::new(Providers::default(), Environment::default());
        let refresher: Arc<dyn Refresher> = Arc::new(SignIn { refuses });
        let connector = Connector { catalog: &catalog, auth: &auth, refresher: &refresher };
        let candidate = Candidate {
            reference: Reference::parse("anthropic/claude-opus-4-6").unwrap(),
            credential: Some(KeySource::Profile("anthropic:me".into())),
            rest: None,
        };
        let waiting = Waiting {
            patience: Patience::OthersWait,
            renewal: Some(Duration::from_millis(20)),
            now_ms: 1_000_000,
        };
        connector.connect(&candidate, Description::Known, waiting).await.err()
    }

    #[tokio::test]
    async fn a_renewal_is_waited_for_as_long_as_is_said() {
        let late = connect(false).await.unwrap();
        let after = Duration::from_millis(20);
        assert_eq!(late.to_string(), "The token of anthropic was not renewed within 20 ms.");
        let expected =
            ModelError::Timeout { provider: "anthropic".into(), kind: TimeoutKind::Connect, after };
        assert_eq!(ModelError::from(late), expected);
        let refused = ModelError::from(connect(true).await.unwrap());
        assert_eq!(refused, ModelError::Auth { provider: "anthropic".into(), status: 401 });
    }
}
