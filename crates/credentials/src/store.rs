//! The credentials of one agent, on the disk.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use openclaw_guard::{Secret, create_private_dir, write_atomic};

use crate::cooldown::{Failure, Rest, Scope, failed, succeeded};
use crate::error::AuthError;
use crate::file::AuthFile;
use crate::key::{Key, KeyKind, KeySource};
use crate::legacy;
use crate::lock;
use crate::order::{Rotation, rotation};
use crate::places::{AuthPlaces, FILE};
use crate::profile::Profile;
use crate::settings::AuthSettings;
use crate::usage::Usage;

/// The largest file that is read: hundreds of profiles with everything that is noted of them.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;
/// How long a change waits for another one.
const PATIENCE: Duration = Duration::from_secs(10);

/// The credentials of one agent. Every read sees what is on the disk.
pub struct AuthStore {
    places: AuthPlaces,
    settings: AuthSettings,
    /// What was read, while the files stay as they were then.
    seen: Mutex<Option<(Stamp, Arc<AuthView>)>>,
}

/// What tells whether files changed: time and length of the own and of the inherited one.
type Stamp = [Option<(SystemTime, u64)>; 2];

/// The credentials of an agent as they were at one moment: its own, and those that it inherits.
pub struct AuthView {
    own: AuthFile,
    inherited: AuthFile,
}

impl AuthStore {
    /// Opens nothing yet.
    #[must_use]
    pub fn new(places: AuthPlaces, settings: AuthSettings) -> Self {
        Self { places, settings, seen: Mutex::new(None) }
    }

    /// Where it is.
    #[must_use]
    pub fn places(&self) -> &AuthPlaces {
        &self.places
    }

    /// What the configuration says.
    #[must_use]
    pub fn settings(&self) -> &AuthSettings {
        &self.settings
    }

    /// What is there now. A missing file is an empty one, unless an early release left something to import.
    ///
    /// # Errors
    /// A file cannot be read, or is not what it should be.
    pub fn view(&self) -> Result<Arc<AuthView>, AuthError> {
        let stamp = self.stamp();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, view)) = &*seen
            && *known == stamp
        {
            return Ok(Arc::clone(view));
        }
        let inherited = self.places.inherits.as_deref();
        let view = Arc::new(AuthView {
            own: self.own_file()?,
            inherited: inherited.map_or_else(
                || Ok(AuthFile::default()),
                |dir| read(&dir.join(FILE)).map(Option::unwrap_or_default),
            )?,
        });
        *seen = Some((stamp, Arc::clone(&view)));
        Ok(view)
    }

    /// Changes the agent's own file under the lock. Blocks.
    ///
    /// # Errors
    /// The file cannot be read, is damaged, or cannot be written; it is then as it was.
    pub fn update<T>(&self, change: impl FnOnce(&mut AuthFile) -> T) -> Result<T, AuthError> {
        let _held = lock::take(&self.places.state_dir, lock::WRITING, PATIENCE)?;
        let mut file = self.own_file()?;
        let result = change(&mut file);
        self.write(&self.places.file(), &file)?;
        Ok(result)
    }

    /// Changes the file, own or inherited, that holds a profile.
    pub(crate) fn update_file(
        &self,
        path: &Path,
        change: impl FnOnce(&mut AuthFile),
    ) -> Result<(), AuthError> {
        let _held = lock::take(&self.places.state_dir, lock::WRITING, PATIENCE)?;
        let Some(mut file) = read(path)? else { return Ok(()) };
        change(&mut file);
        self.write(path, &file)
    }

    fn write(&self, path: &Path, file: &AuthFile) -> Result<(), AuthError> {
        if let Some(folder) = path.parent() {
            create_private_dir(folder)?;
        }
        write_atomic(path, &file.encode())?;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    /// Notes that a profile failed. Returns the rest that follows. Blocks.
    ///
    /// # Errors
    /// As [`AuthStore::update`].
    pub fn note_failure(
        &self,
        provider: &str,
        profile: &str,
        failure: Failure<'_>,
        now_ms: i64,
    ) -> Result<Option<Rest>, AuthError> {
        if failure.reason.scope() == Scope::Request {
            return Ok(None);
        }
        let rules = self.settings.rules_for(provider);
        self.update(|file| {
            let mut usage = file.usage(profile);
            let rest = failed(&mut usage, failure, &rules, now_ms);
            file.set_usage(profile, &usage);
            rest
        })
    }

    /// Notes that a profile answered. Writes when that says something new: it failed before, or it was long ago. When a key
    /// of the configuration was last used is nobody's concern. Blocks.
    ///
    /// # Errors
    /// As [`AuthStore::update`].
    pub fn note_answer(
        &self,
        provider: &str,
        profile: &str,
        model: &str,
        now_ms: i64,
    ) -> Result<(), AuthError> {
        let view = self.view()?;
        let usage = view.usage(profile);
        let is_rotated = view.profile(profile).is_some();
        let is_recent = usage.last_used.is_some_and(|at| now_ms.saturating_sub(at) < NOTE_EVERY_MS);
        // A rest that is over counts, too: the next failure would be taken for a second one in a row.
        let is_well = usage.error_count == 0 && !usage.models.contains_key(model);
        if is_well && (is_recent || !is_rotated) {
            return Ok(());
        }
        let provider = (self.settings.canonical)(provider);
        self.update(|file| {
            let mut usage = file.usage(profile);
            succeeded(&mut usage, model, now_ms);
            file.set_usage(profile, &usage);
            if file.profile(profile).is_some() {
                file.set_last_good(&provider, profile);
            }
        })
    }

    /// The agent's own file; what early releases left when there is none.
    fn own_file(&self) -> Result<AuthFile, AuthError> {
        if let Some(file) = read(&self.places.file())? {
            return Ok(file);
        }
        let mut file = AuthFile::default();
        // What is shared belongs to one agent; the others have it from there.
        let shared = self.places.inherits.is_none().then(|| self.places.oauth_dir.join(legacy::SHARED_FILE));
        let agent = legacy::read(&self.places.agent_dir.join(legacy::AGENT_FILE));
        let shared = shared.and_then(|path| legacy::read(&path));
        legacy::import(&mut file, agent.as_deref(), shared.as_deref());
        Ok(file)
    }

    fn stamp(&self) -> Stamp {
        let of = |path: &Path| {
            let meta = std::fs::metadata(path).ok()?;
            Some((meta.modified().ok()?, meta.len()))
        };
        [of(&self.places.file()), self.places.inherits.as_deref().and_then(|dir| of(&dir.join(FILE)))]
    }
}

/// Round robin needs to know who was used, not at which second.
const NOTE_EVERY_MS: i64 = 60_000;

impl AuthView {
    /// Every profile: the own ones, and the inherited ones of other names.
    #[must_use]
    pub fn profiles(&self) -> Vec<Profile> {
        let mut all = self.own.profiles();
        let inherited = self.inherited.profiles().into_iter();
        let new: Vec<Profile> =
            inherited.filter(|profile| all.iter().all(|known| known.id != profile.id)).collect();
        all.extend(new);
        all
    }

    /// One profile.
    #[must_use]
    pub fn profile(&self, id: &str) -> Option<Profile> {
        self.own.profile(id).or_else(|| self.inherited.profile(id))
    }

    /// Whether a profile is the agent's own.
    pub(crate) fn is_own(&self, id: &str) -> bool {
        self.own.profile(id).is_some()
    }

    /// Whether a profile is inherited.
    #[must_use]
    pub fn is_inherited(&self, id: &str) -> bool {
        self.own.profile(id).is_none() && self.inherited.profile(id).is_some()
    }

    /// How a profile fared in this agent.
    #[must_use]
    pub fn usage(&self, id: &str) -> Usage {
        let own = self.own.usage(id);
        if own == Usage::default() { self.inherited.usage(id) } else { own }
    }

    /// The order that was set for this agent.
    #[must_use]
    pub fn own_order(&self, provider: &str, settings: &AuthSettings) -> Option<Vec<String>> {
        let is_it = |name: &str| settings.same_provider(name, provider);
        self.own.order(is_it).or_else(|| self.inherited.order(is_it))
    }

    /// The usable profiles of a provider, the first to be tried first.
    #[must_use]
    pub fn rotation(&self, provider: &str, settings: &AuthSettings, now_ms: i64) -> Vec<String> {
        self.turns((provider, ""), settings, now_ms).into_iter().map(|turn| turn.id).collect()
    }

    /// The same for a model of the provider, with the rests.
    #[must_use]
    pub fn turns(
        &self,
        (provider, model): (&str, &str),
        settings: &AuthSettings,
        now_ms: i64,
    ) -> Vec<Rotation> {
        let usage = |id: &str| self.usage(id);
        let own = self.own_order(provider, settings);
        rotation(&self.profiles(), own, &usage, (provider, model), (settings, now_ms))
    }

    /// The key or token of the first usable profile that needs no renewal: for services that take a plain key.
    #[must_use]
    pub fn plain_key(&self, provider: &str, settings: &AuthSettings, now_ms: i64) -> Option<Secret> {
        self.plain(provider, settings, now_ms).map(|key| key.secret)
    }

    /// The same, with what it is and whose.
    #[must_use]
    pub fn plain(&self, provider: &str, settings: &AuthSettings, now_ms: i64) -> Option<Key> {
        use crate::profile::Credential;
        self.rotation(provider, settings, now_ms).into_iter().find_map(|id| {
            let (secret, kind) = match self.profile(&id)?.credential {
                Credential::ApiKey { key } => (key, KeyKind::ApiKey),
                Credential::Token { token, .. } => (token, KeyKind::Token),
                Credential::OAuth(_) => return None,
            };
            Some(Key { secret, kind, source: KeySource::Profile(id) })
        })
    }

    /// Every name of which something is noted.
    #[must_use]
    pub fn used(&self) -> Vec<String> {
        let mut all = self.own.used();
        let inherited: Vec<String> =
            self.inherited.used().into_iter().filter(|id| !all.contains(id)).collect();
        all.extend(inherited);
        all
    }
}

/// A file, if there is one.
pub(crate) fn read(path: &Path) -> Result<Option<AuthFile>, AuthError> {
    let failed = |source| AuthError::Read { path: path.to_owned(), source };
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
        Ok(meta) if !meta.is_file() || meta.len() > MAX_FILE_BYTES => {
            return Err(failed(std::io::ErrorKind::InvalidData.into()));
        }
        Ok(_) => {}
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    AuthFile::parse(&bytes, path).map(Some)
}

#[cfg(test)]
mod tests {
    use super::AuthStore;
    use crate::cooldown::{Failure, Reason};
    use crate::places::AuthPlaces;
    use crate::profile::{Credential, Profile};
    use crate::settings::AuthSettings;
    use openclaw_guard::{Secret, create_private_dir, write_atomic};
    use serde_json::{Value, json};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::sync::Arc;

    fn store(state: &Path, agent: &str) -> AuthStore {
        let places = AuthPlaces::new(state, &state.join("agents").join(agent).join("agent"));
        let main = state.join("agents/main/agent");
        let inherits = (agent != "main").then_some(main);
        AuthStore::new(AuthPlaces { inherits, ..places }, AuthSettings::default())
    }

    fn key(id: &str, text: &str) -> Profile {
        let credential = Credential::ApiKey { key: Secret::new(text.to_owned()) };
        Profile { id: id.into(), provider: "p".into(), credential, email: None }
    }

    fn put(path: &Path, value: &Value) {
        create_private_dir(path.parent().unwrap()).unwrap();
        write_atomic(path, value.to_string().as_bytes()).unwrap();
    }

    #[test]
    fn a_file_is_private_and_a_damaged_one_is_left_alone() {
        let state = tempfile::tempdir().unwrap();
        let store = store(state.path(), "main");
        store.update(|file| file.put(&key("p:1", "k"))).unwrap();
        let path = store.places().file();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        write_atomic(&path, b"{\"profiles\": {\"p:1\": {\"key\": \"sk-secret").unwrap();
        let error = store.update(|_| ()).unwrap_err().to_string();
        assert!(error.contains("auth-profiles.json:1:") && !error.contains("sk-secret"), "{error}");
        assert!(std::fs::read_to_string(&path).unwrap().contains("sk-secret"));
        assert!(store.view().is_err());
    }

    #[test]
    fn agents_have_the_profiles_of_main_and_their_own_before_them() {
        let state = tempfile::tempdir().unwrap();
        let (main, work) = (store(state.path(), "main"), store(state.path(), "work"));
        main.update(|file| file.put(&key("p:1", "main"))).unwrap();
        main.update(|file| file.put(&key("p:2", "main"))).unwrap();
        work.update(|file| file.put(&key("p:2", "work"))).unwrap();
        let view = work.view().unwrap();
        assert_eq!(view.rotation("p", work.settings(), 0), ["p:2", "p:1"]);
        assert!(view.is_inherited("p:1") && !view.is_inherited("p:2"));
        assert!(view.plain_key("P", work.settings(), 0).unwrap().matches("work"));
        main.update(|file| file.remove("p:1")).unwrap();
        assert_eq!(work.view().unwrap().rotation("p", work.settings(), 0), ["p:2"], "a change is seen");
    }

    #[test]
    fn what_early_releases_left_is_read_and_stays_theirs() {
        let state = tempfile::tempdir().unwrap();
        let oauth = state.path().join("credentials/oauth.json");
        put(&oauth, &json!({"anthropic": {"access": "a", "refresh": "r", "expires": 1}}));
        let store = store(state.path(), "main");
        assert_eq!(store.view().unwrap().rotation("anthropic", store.settings(), 0), ["anthropic:default"]);
        assert!(!store.places().file().exists(), "looking writes nothing");
        store.update(|file| file.put(&key("p:1", "k"))).unwrap();
        assert_eq!(store.view().unwrap().profiles().len(), 2);
        put(&oauth, &json!({"other": {"access": "a", "refresh": "r", "expires": 1}}));
        assert_eq!(store.view().unwrap().profiles().len(), 2, "it is imported once");
    }

    #[test]
    fn a_rest_outlives_the_process_and_ends_with_an_answer() {
        let state = tempfile::tempdir().unwrap();
        let first = store(state.path(), "main");
        first.update(|file| file.put(&key("p:1", "k"))).unwrap();
        let before = std::fs::read(first.places().file()).unwrap();
        let refused = Failure { reason: Reason::Format, model: "m", retry_after: None };
        assert_eq!(first.note_failure("p", "p:1", refused, 1_000).unwrap(), None);
        assert_eq!(
            std::fs::read(first.places().file()).unwrap(),
            before,
            "one request says nothing of the others"
        );
        let failure = Failure { reason: Reason::RateLimit, model: "m", retry_after: None };
        let rest = first.note_failure("p", "p:1", failure, 1_000).unwrap().unwrap();
        assert_eq!((rest.until, rest.reason), (61_000, Reason::RateLimit));
        let second = store(state.path(), "main");
        let turns = |model| second.view().unwrap().turns(("p", model), second.settings(), 2_000);
        assert_eq!((turns("m")[0].rest, turns("n")[0].rest), (Some(rest), None));
        second.note_answer("p", "p:1", "m", 70_000).unwrap();
        assert_eq!(turns("m")[0].rest, None);
        let written: Value = serde_json::from_slice(&std::fs::read(second.places().file()).unwrap()).unwrap();
        assert_eq!(written["usageStats"]["p:1"], json!({"lastUsed": 70_000}));
        assert_eq!(written["lastGood"], json!({"p": "p:1"}));
        let before = std::fs::metadata(second.places().file()).unwrap().modified().unwrap();
        second.note_answer("p", "p:1", "m", 71_000).unwrap();
        assert_eq!(std::fs::metadata(second.places().file()).unwrap().modified().unwrap(), before);
    }

    #[test]
    fn an_answer_between_two_failures_ends_the_row_of_them_for_keys_without_a_profile_too() {
        let state = tempfile::tempdir().unwrap();
        let store = store(state.path(), "main");
        let failure = Failure { reason: Reason::RateLimit, model: "m", retry_after: None };
        let fail = |at| store.note_failure("p", "p:config", failure, at).unwrap().unwrap().until;
        assert_eq!(fail(1_000), 61_000);
        store.note_answer("p", "p:config", "m", 70_000).unwrap();
        assert_eq!(fail(100_000), 160_000);
        assert_eq!(fail(200_000), 500_000, "and without one the rest grows");
    }

    #[test]
    fn many_writers_lose_nothing() {
        let state = tempfile::tempdir().unwrap();
        let shared = Arc::new(state);
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || {
                    let store = store(state.path(), "main");
                    for n in 0..5 {
                        store.update(|file| file.put(&key(&format!("p:{writer}-{n}"), "k"))).unwrap();
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        assert_eq!(store(shared.path(), "main").view().unwrap().profiles().len(), 40);
    }
}
