//! Everybody who could answer, the preferred ones first.

use openclaw_credentials::{AuthSettings, AuthView, Credential, rest_of};

use super::machine::Candidate;
use crate::catalog::{Catalog, Key, KeyKind, KeySource, ProviderEntry, Reference};

/// What is asked for.
pub struct Asked<'a> {
    /// The models, the one that is meant first.
    pub models: &'a [Reference],
    /// The profile that the session used before, or that its user chose.
    pub pinned: Option<Pinned<'a>>,
    /// Milliseconds since the epoch.
    pub now_ms: i64,
}

/// A profile that a session keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pinned<'a> {
    /// It answered before: it goes first, because the provider has the conversation in its cache.
    Before(&'a str),
    /// The user chose it: no other profile of its provider is asked.
    ByUser(&'a str),
}

/// The candidates for an answer: of each model in turn, the profiles in their order, then the keys of configuration and
/// environment. A model without any is a candidate too: it fails with the reason, and the next one is asked.
#[must_use]
pub fn candidates(
    catalog: &Catalog,
    auth: &AuthView,
    settings: &AuthSettings,
    asked: &Asked<'_>,
) -> Vec<Candidate> {
    let mut all: Vec<Candidate> = Vec::new();
    for reference in asked.models {
        for credential in credentials(catalog, auth, settings, (reference, asked)) {
            let mut candidate = Candidate { reference: reference.clone(), credential, rest: None };
            candidate.rest = rest_of(&auth.usage(&candidate.name()), &reference.model, asked.now_ms);
            if all.iter().all(|known| {
                known.reference != candidate.reference || known.credential != candidate.credential
            }) {
                all.push(candidate);
            }
        }
    }
    all
}

/// Whether there is a credential that a model may be asked with.
#[must_use]
pub fn has_credential(
    catalog: &Catalog,
    auth: &AuthView,
    settings: &AuthSettings,
    (reference, now_ms): (&Reference, i64),
) -> bool {
    let asked = Asked { models: &[], pinned: None, now_ms };
    credentials(catalog, auth, settings, (reference, &asked)).iter().any(Option::is_some)
}

fn credentials(
    catalog: &Catalog,
    auth: &AuthView,
    settings: &AuthSettings,
    (reference, asked): (&Reference, &Asked<'_>),
) -> Vec<Option<KeySource>> {
    // A program has its own credentials.
    if catalog.cli_backend(&reference.provider).is_some() {
        return vec![None];
    }
    // The built-in model and what is not configured have no credential; the latter fails with its reason.
    let Ok(entry) = catalog.entry(&reference.provider) else { return vec![None] };
    let turns = auth.turns((&reference.provider, &reference.model), settings, asked.now_ms);
    let may_go = |id: &String| profile_may_go(catalog, auth, entry, id);
    let mut profiles: Vec<String> = turns.into_iter().map(|turn| turn.id).filter(may_go).collect();
    match asked.pinned {
        Some(Pinned::Before(id)) => profiles.sort_by_key(|profile| profile != id),
        Some(Pinned::ByUser(id)) if profiles.iter().any(|profile| profile == id) => {
            return vec![Some(KeySource::Profile(id.to_owned()))];
        }
        Some(Pinned::ByUser(_)) | None => {}
    }
    let keys = catalog.keys(entry).into_iter().map(|key| key.source);
    let all: Vec<_> = profiles.into_iter().map(KeySource::Profile).chain(keys).map(Some).collect();
    if all.is_empty() { vec![None] } else { all }
}

fn profile_may_go(catalog: &Catalog, auth: &AuthView, entry: &ProviderEntry, id: &str) -> bool {
    let Some(profile) = auth.profile(id) else { return false };
    let (secret, kind) = match profile.credential {
        Credential::ApiKey { key } => (key, KeyKind::ApiKey),
        Credential::Token { token, .. } => (token, KeyKind::Token),
        Credential::OAuth(token) => (token.access, KeyKind::Token),
    };
    catalog.may_have(entry, &Key { secret, kind, source: KeySource::Profile(id.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::{Asked, Pinned, candidates, has_credential};
    use crate::catalog::{Catalog, Environment, ProviderEntry, Providers, Reference};
    use openclaw_credentials::{AuthPlaces, AuthSettings, AuthStore, Credential, Failure, Profile, Reason};
    use openclaw_guard::Secret;

    fn key(id: &str, provider: &str) -> Profile {
        let credential = Credential::ApiKey { key: Secret::new("k".into()) };
        Profile { id: id.into(), provider: provider.into(), credential, email: None }
    }

    #[test]
    fn profiles_come_before_keys_and_models_keep_their_order() {
        let state = tempfile::tempdir().unwrap();
        let places = AuthPlaces::new(state.path(), &state.path().join("agent"));
        let store = AuthStore::new(places, AuthSettings::default());
        store
            .update(|file| {
                file.put(&key("zai:1", "zai"));
                file.put(&key("zai:2", "zai"));
                file.put(&key("proxy:1", "proxy"));
            })
            .unwrap();
        let failure = Failure { reason: Reason::RateLimit, model: "glm-4.7", retry_after: None };
        store.note_failure("zai", "zai:1", failure, 1_000).unwrap();
        let mut proxy = ProviderEntry::new("proxy", "http://127.0.0.1:1/v1");
        proxy.api_key = Some(Secret::new("k".into()));
        let providers = Providers { entries: vec![proxy], ..Providers::default() };
        let env = Environment::read(|name| (name == "ZAI_API_KEY").then(|| "e".to_owned()));
        let catalog = Catalog::new(providers, env);
        let models: Vec<Reference> = ["zai/glm-4.7", "proxy/m", "offline/recall", "nobody/m"]
            .iter()
            .map(|text| Reference::parse(text).unwrap())
            .collect();
        let names = |pinned| {
            let asked = Asked { models: &models, pinned, now_ms: 2_000 };
            let view = store.view().unwrap();
            let all = candidates(&catalog, &view, store.settings(), &asked);
            all.iter()
                .map(|it| format!("{}{}", it.name(), if it.rest.is_some() { "*" } else { "" }))
                .collect::<Vec<_>>()
        };
        let rest = ["proxy:1", "proxy:config", "offline:none", "nobody:none"];
        assert_eq!(names(None), [&["zai:2", "zai:1*", "zai:env"][..], &rest].concat());
        assert_eq!(
            names(Some(Pinned::Before("zai:1"))),
            [&["zai:1*", "zai:2", "zai:env"][..], &rest].concat()
        );
        assert_eq!(names(Some(Pinned::ByUser("zai:2"))), [&["zai:2"][..], &rest].concat());
    }

    #[test]
    fn a_subscription_s_token_does_not_go_to_a_proxy() {
        let state = tempfile::tempdir().unwrap();
        let places = AuthPlaces::new(state.path(), &state.path().join("agent"));
        let store = AuthStore::new(places, AuthSettings::default());
        let token = Credential::Token { token: Secret::new("t".into()), expires: None };
        let profile = Profile {
            id: "anthropic:me".into(),
            provider: "anthropic".into(),
            credential: token,
            email: None,
        };
        store.update(|file| file.put(&profile)).unwrap();
        let models = [Reference::parse("anthropic/claude-opus-4-6").unwrap()];
        for (url, expected) in [("", "anthropic:me"), ("https://proxy.example", "anthropic:none")] {
            let entries = vec![ProviderEntry::new("anthropic", url)];
            let catalog = Catalog::new(Providers { entries, ..Providers::default() }, Environment::default());
            let asked = Asked { models: &models, pinned: None, now_ms: 0 };
            let all = candidates(&catalog, &store.view().unwrap(), store.settings(), &asked);
            assert_eq!(all.iter().map(super::Candidate::name).collect::<Vec<_>>(), [expected], "{url}");
            let view = store.view().unwrap();
            let has = has_credential(&catalog, &view, store.settings(), (&models[0], 0));
            assert_eq!(has, expected == "anthropic:me", "{url}");
        }
    }
}
