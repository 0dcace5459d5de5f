//! What hides secrets in a recording.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use openclaw_credentials::{AuthError, AuthStore, AuthView, Credential};
use openclaw_guard::{Redactor, Secret};

/// Secrets that are remembered although no profile has them: two for each token that was renewed lately.
const MAX_FORMER: usize = 64;

/// Makes what hides secrets: those of the configuration, and the ones it is given.
pub type MakeRedactor = Box<dyn Fn(&[Secret]) -> Redactor + Send + Sync>;

/// Knows what must not be written down: the configuration's secrets, the environment's, those of the profiles as they are
/// when a line is written and as they were before, and those that requests carried.
pub struct Hider {
    auth: Arc<AuthStore>,
    make: MakeRedactor,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    made: Option<(Arc<AuthView>, Arc<Redactor>)>,
    former: VecDeque<Secret>,
}

impl Hider {
    /// With the profiles of an agent.
    #[must_use]
    pub fn new(auth: Arc<AuthStore>, make: MakeRedactor) -> Self {
        Self { auth, make, last: Mutex::default() }
    }

    /// What hides all of them now. Reads the profiles when they have changed.
    ///
    /// # Errors
    /// The profiles cannot be read, so that nobody knows what is secret.
    pub fn redactor(&self) -> Result<Arc<Redactor>, AuthError> {
        self.redactor_with(&[])
    }

    /// The same, and from now on these as well.
    ///
    /// # Errors
    /// The profiles cannot be read.
    pub fn redactor_with(&self, used: &[Secret]) -> Result<Arc<Redactor>, AuthError> {
        let view = self.auth.view()?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_new = false;
        for secret in used {
            is_new |= last.learn(secret);
        }
        if let Some((known, redactor)) = &last.made {
            if Arc::ptr_eq(known, &view) && !is_new {
                return Ok(Arc::clone(redactor));
            }
            // What was said with a token is still written when the token has been renewed.
            for secret in secrets_of(&Arc::clone(known)) {
                last.learn(&secret);
            }
        }
        let secrets: Vec<Secret> = last.former.iter().cloned().chain(secrets_of(&view)).collect();
        let redactor = Arc::new((self.make)(&secrets));
        last.made = Some((view, Arc::clone(&redactor)));
        Ok(redactor)
    }
}

impl Last {
    /// Remembers a secret; whether it was not known.
    fn learn(&mut self, secret: &Secret) -> bool {
        if self.former.iter().any(|known| known.expose() == secret.expose()) {
            return false;
        }
        if self.former.len() >= MAX_FORMER {
            self.former.pop_front();
        }
        self.former.push_back(secret.clone());
        true
    }
}

fn secrets_of(view: &AuthView) -> Vec<Secret> {
    let secrets = view.profiles().into_iter().flat_map(|profile| match profile.credential {
        Credential::ApiKey { key } => vec![key],
        Credential::Token { token, .. } => vec![token],
        Credential::OAuth(oauth) => vec![oauth.access, oauth.refresh],
    });
    secrets.collect()
}
