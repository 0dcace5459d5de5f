//! Renewing a token: once, whoever asks, in whatever agent or process.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use openclaw_guard::Secret;

use crate::error::AuthError;
use crate::lock;
use crate::profile::{Credential, OAuth, Profile};
use crate::store::{AuthStore, read};
use tokio::time::Instant;

/// A token that ends so soon is renewed before it is used, so that it does not end on its way.
const MARGIN_MS: i64 = 60_000;
/// How long a renewal waits for another one: longer than a provider takes.
const PATIENCE: Duration = Duration::from_secs(45);
/// How often it looks whether the other one is done.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Renews tokens at their provider. Implemented where sockets are opened.
pub trait Refresher: Send + Sync {
    /// Asks the provider for a new token.
    fn refresh<'a>(
        &'a self,
        provider: &'a str,
        token: &'a OAuth,
        now_ms: i64,
    ) -> BoxFuture<'a, Result<Refreshed, RefreshError>>;
}

/// What a provider gives for a renewal.
pub struct Refreshed {
    /// The new token.
    pub access: Secret,
    /// What renews it, when that changed.
    pub refresh: Option<Secret>,
    /// When it ends, in milliseconds since the epoch.
    pub expires: i64,
}

/// Why a token was not renewed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// This build does not know how.
    #[error("this build cannot renew tokens of {provider}; sign in again")]
    Unknown {
        /// The provider.
        provider: String,
    },
    /// The provider refuses: the account has to sign in again.
    #[error("the provider refused (HTTP {status}); sign in again")]
    Refused {
        /// HTTP status.
        status: u16,
    },
    /// The provider could not be reached, or its answer made no sense.
    #[error("the provider could not be reached")]
    Unreachable,
}

/// A credential that can be sent.
#[derive(Clone)]
pub struct Usable {
    /// What requests carry.
    pub secret: Secret,
    /// Whether it is a token and not a key.
    pub is_token: bool,
}

impl AuthStore {
    /// The credential of a profile, renewed if it has to be. One renewal runs at a time, over all agents and processes; who
    /// comes second finds what the first one got.
    ///
    /// # Errors
    /// There is no such profile, it has ended, or it cannot be renewed.
    pub async fn usable(
        self: &Arc<Self>,
        id: &str,
        refresher: &Arc<dyn Refresher>,
        now_ms: i64,
    ) -> Result<Usable, AuthError> {
        let missing = || AuthError::NoProfile { id: id.to_owned() };
        let profile = self.look(id).await?.ok_or_else(missing)?;
        if !profile.credential.is_usable(now_ms) {
            return Err(missing());
        }
        match profile.credential {
            Credential::ApiKey { key } => Ok(Usable { secret: key, is_token: false }),
            Credential::Token { token, .. } => Ok(Usable { secret: token, is_token: true }),
            Credential::OAuth(token) if is_fresh(&token, now_ms) => {
                Ok(Usable { secret: token.access, is_token: true })
            }
            Credential::OAuth(_) => {
                let (store, id, refresher) = (Arc::clone(self), id.to_owned(), Arc::clone(refresher));
                // Whoever waits may go away. The provider has ended the old token by then, so the new one is kept all the same.
                let renewal = tokio::spawn(async move { store.renewed(&id, &*refresher, now_ms).await });
                renewal.await.map_err(|_ended| AuthError::Interrupted)?
            }
        }
    }

    async fn renewed(
        self: &Arc<Self>,
        id: &str,
        refresher: &dyn Refresher,
        now_ms: i64,
    ) -> Result<Usable, AuthError> {
        let _held = self.lock_renewal().await?;
        // Whoever had the lock before may have renewed it.
        let missing = || AuthError::NoProfile { id: id.to_owned() };
        let profile = self.look(id).await?.ok_or_else(missing)?;
        let Credential::OAuth(token) = &profile.credential else { return Err(missing()) };
        if is_fresh(token, now_ms) {
            return Ok(Usable { secret: token.access.clone(), is_token: true });
        }
        match refresher.refresh(&profile.provider, token, now_ms).await {
            Ok(fresh) => {
                let access = fresh.access.clone();
                let (store, before) = (Arc::clone(self), profile.clone());
                blocking(move || store.keep(&before, &fresh)).await??;
                Ok(Usable { secret: access, is_token: true })
            }
            // It has not ended yet; the provider may be back when it has.
            Err(_) if now_ms < token.expires && !token.access.is_blank() => {
                Ok(Usable { secret: token.access.clone(), is_token: true })
            }
            Err(why) => Err(AuthError::NotRenewed { id: id.to_owned(), why }),
        }
    }

    /// Waits for the turn to renew, without a thread that does nothing else meanwhile.
    async fn lock_renewal(&self) -> Result<lock::Held, AuthError> {
        let until = Instant::now() + PATIENCE;
        loop {
            let state_dir = self.places().state_dir.clone();
            match blocking(move || lock::attempt(&state_dir, lock::RENEWING)).await?? {
                Ok(held) => return Ok(held),
                Err(path) if Instant::now() >= until => return Err(AuthError::Busy { path }),
                Err(_) => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    /// Writes a renewed token wherever the old one is: providers end the old one with the renewal, and another agent must
    /// not be left with it.
    fn keep(&self, before: &Profile, fresh: &Refreshed) -> Result<(), AuthError> {
        let Credential::OAuth(old) = &before.credential else { return Ok(()) };
        let renewed = |profile: Profile| {
            let token = OAuth {
                access: fresh.access.clone(),
                refresh: fresh.refresh.clone().unwrap_or_else(|| old.refresh.clone()),
                expires: fresh.expires,
                client_id: old.client_id.clone(),
            };
            Profile { credential: Credential::OAuth(token), ..profile }
        };
        if read(&self.places().file())?.is_none() && self.view()?.is_own(&before.id) {
            // It lies in a file of an early release, which stays as it is.
            self.update(|file| file.put(&renewed(before.clone())))?;
        }
        for path in self.places().all_files() {
            let holds = |profile: &Profile| match &profile.credential {
                Credential::OAuth(token) => token.refresh.matches(old.refresh.expose()),
                Credential::ApiKey { .. } | Credential::Token { .. } => false,
            };
            let held = read(&path)?.is_some_and(|file| file.profiles().iter().any(holds));
            if !held {
                continue;
            }
            self.update_file(&path, |file| {
                for profile in file.profiles().into_iter().filter(holds) {
                    file.put(&renewed(profile));
                }
            })?;
        }
        Ok(())
    }

    async fn look(self: &Arc<Self>, id: &str) -> Result<Option<Profile>, AuthError> {
        let (store, id) = (Arc::clone(self), id.to_owned());
        blocking(move || Ok(store.view()?.profile(&id))).await?
    }
}

fn is_fresh(token: &OAuth, now_ms: i64) -> bool {
    !token.access.is_blank() && now_ms.saturating_add(MARGIN_MS) < token.expires
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AuthError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| AuthError::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::{RefreshError, Refreshed, Refresher};
    use crate::error::AuthError;
    use crate::places::AuthPlaces;
    use crate::profile::{Credential, OAuth, Profile};
    use crate::settings::AuthSettings;
    use crate::store::AuthStore;
    use futures_util::future::{BoxFuture, join_all};
    use openclaw_guard::Secret;
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const NOW: i64 = 1_000_000;

    /// Takes a token once: the second use of the same one is refused, as providers do.
    #[derive(Default)]
    struct Provider {
        asked: AtomicUsize,
        refuses: bool,
        /// Answers when it opens.
        gate: Option<Arc<tokio::sync::Semaphore>>,
    }

    impl Refresher for Provider {
        fn refresh<'a>(
            &'a self,
            _: &'a str,
            token: &'a OAuth,
            now_ms: i64,
        ) -> BoxFuture<'a, Result<Refreshed, RefreshError>> {
            let count = self.asked.fetch_add(1, Ordering::SeqCst);
            let is_known = token.refresh.matches(&format!("r{count}"));
            Box::pin(async move {
                match &self.gate {
                    Some(gate) => drop(gate.acquire().await),
                    None => tokio::task::yield_now().await,
                }
                if self.refuses || !is_known {
                    return Err(RefreshError::Refused { status: 400 });
                }
                Ok(Refreshed {
                    access: Secret::new(format!("a{}", count + 1)),
                    refresh: Some(Secret::new(format!("r{}", count + 1))),
                    expires: now_ms + 3_600_000,
                })
            })
        }
    }

    fn store(state: &Path, agent: &str) -> Arc<AuthStore> {
        let places = AuthPlaces::new(state, &state.join("agents").join(agent).join("agent"));
        Arc::new(AuthStore::new(places, AuthSettings::default()))
    }

    fn oauth(expires: i64) -> Profile {
        let token = OAuth {
            access: Secret::new("a0".into()),
            refresh: Secret::new("r0".into()),
            expires,
            client_id: None,
        };
        Profile { id: "p:me".into(), provider: "p".into(), credential: Credential::OAuth(token), email: None }
    }

    fn shared(provider: Provider) -> (Arc<Provider>, Arc<dyn Refresher>) {
        let provider = Arc::new(provider);
        (Arc::clone(&provider), provider)
    }

    #[tokio::test]
    async fn a_renewal_that_nobody_waits_for_any_more_is_kept() {
        let state = tempfile::tempdir().unwrap();
        let store = store(state.path(), "main");
        store.update(|file| file.put(&oauth(NOW - 1))).unwrap();
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let (provider, refresher) = shared(Provider { gate: Some(Arc::clone(&gate)), ..Provider::default() });
        let asked = async {
            while provider.asked.load(Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = store.usable("p:me", &refresher, NOW) => panic!("the gate is closed"),
            () = asked => {}
        }
        gate.add_permits(1);
        let usable = store.usable("p:me", &refresher, NOW).await.unwrap();
        assert!(usable.secret.matches("a1"), "the one that came second finds what the first one got");
        assert_eq!(provider.asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_renewed_login_of_an_early_release_is_kept() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("credentials");
        openclaw_guard::create_private_dir(&folder).unwrap();
        let legacy = br#"{"p": {"access": "a0", "refresh": "r0", "expires": 7}}"#;
        openclaw_guard::write_atomic(&folder.join("oauth.json"), legacy).unwrap();
        let main = store(state.path(), "main");
        let (provider, refresher) = shared(Provider::default());
        assert!(main.usable("p:default", &refresher, NOW).await.unwrap().secret.matches("a1"));
        let again = store(state.path(), "main");
        assert!(again.usable("p:default", &refresher, NOW).await.unwrap().secret.matches("a1"));
        let later = again.usable("p:default", &refresher, NOW + 3_600_000).await.unwrap();
        assert!(later.secret.matches("a2"));
        assert_eq!(provider.asked.load(Ordering::SeqCst), 2);
        assert_eq!(
            std::fs::read(folder.join("oauth.json")).unwrap(),
            legacy,
            "and the old file is as it was"
        );
    }

    #[tokio::test]
    async fn an_agent_somewhere_else_gets_the_renewed_token() {
        let state = tempfile::tempdir().unwrap();
        let elsewhere = state.path().join("elsewhere");
        let other =
            Arc::new(AuthStore::new(AuthPlaces::new(state.path(), &elsewhere), AuthSettings::default()));
        let places = AuthPlaces::new(state.path(), &state.path().join("agents/main/agent"));
        let places = AuthPlaces { others: vec![elsewhere], ..places };
        let main = Arc::new(AuthStore::new(places, AuthSettings::default()));
        for store in [&main, &other] {
            store.update(|file| file.put(&oauth(NOW - 1))).unwrap();
        }
        let (provider, refresher) = shared(Provider::default());
        main.usable("p:me", &refresher, NOW).await.unwrap();
        assert!(other.usable("p:me", &refresher, NOW).await.unwrap().secret.matches("a1"));
        assert_eq!(provider.asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_token_is_renewed_once_for_all_agents() {
        let state = tempfile::tempdir().unwrap();
        let stores = [store(state.path(), "main"), store(state.path(), "work")];
        for store in &stores {
            store.update(|file| file.put(&oauth(NOW - 1))).unwrap();
        }
        let (provider, refresher) = shared(Provider::default());
        let asks = (0..10).map(|n| stores[n % 2].usable("p:me", &refresher, NOW));
        for usable in join_all(asks).await {
            let usable = usable.unwrap();
            assert!(usable.secret.matches("a1") && usable.is_token);
        }
        assert_eq!(provider.asked.load(Ordering::SeqCst), 1);
        let later = stores[1].usable("p:me", &refresher, NOW + 3_600_000).await.unwrap();
        assert!(later.secret.matches("a2"), "and the other agent renews the renewed one");
    }

    #[tokio::test]
    async fn what_cannot_be_renewed_says_so_and_is_used_to_its_end() {
        let state = tempfile::tempdir().unwrap();
        let store = store(state.path(), "main");
        let (_, provider) = shared(Provider { refuses: true, ..Provider::default() });
        store.update(|file| file.put(&oauth(NOW + 10_000))).unwrap();
        assert!(store.usable("p:me", &provider, NOW).await.unwrap().secret.matches("a0"));
        store.update(|file| file.put(&oauth(NOW - 1))).unwrap();
        let error = store.usable("p:me", &provider, NOW).await.err().unwrap();
        assert!(
            matches!(&error, AuthError::NotRenewed { why: RefreshError::Refused { status: 400 }, .. }),
            "{error}"
        );
        assert!(matches!(store.usable("p:no", &provider, NOW).await, Err(AuthError::NoProfile { .. })));
    }
}
