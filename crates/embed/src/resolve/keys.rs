//! Keys that do not stand in `memorySearch` itself.

use std::sync::Arc;

use openclaw_config::Env;
use openclaw_credentials::{AuthSettings, AuthStore, AuthView};
use openclaw_guard::Secret;

use super::remote::sections;
use crate::Dialect;

/// Where keys come from besides the configuration: the environment, profiles of credentials.
pub trait Keys {
    /// The key of a provider.
    fn key(&self, of: Dialect, asked: Asked) -> Option<Key>;
    /// A variable that the configuration names by its bare name, as OpenClaw 2026.2.9 allows for Gemini.
    fn named(&self, variable: &str) -> Option<Secret>;
    /// The key of a provider's next profile that does not rest.
    fn profile(&self, _of: Dialect) -> Option<openclaw_credentials::Key> {
        None
    }
}

/// Why a key is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// `auto`: a key that is found sends notes to its owner, so it must be meant for that.
    Auto,
    /// The configuration names the provider.
    ByName,
}

/// A key, and where it belongs.
#[derive(Clone)]
pub struct Key {
    /// The key.
    pub secret: Secret,
    /// Where it was found, for messages: `OPENAI_API_KEY`.
    pub from: String,
    /// The address that it belongs to, if not the provider's own.
    pub base_url: Option<String>,
}

/// The keys of an agent: its profiles, and the environment.
pub struct OwnKeys<'a> {
    env: EnvKeys<'a>,
    profiles: Option<Arc<AuthView>>,
    settings: &'a AuthSettings,
    now_ms: i64,
}

impl<'a> OwnKeys<'a> {
    /// Reads the agent's profiles. When they cannot be read, there are none: those who chat with them say why.
    #[must_use]
    pub fn new(env: &'a Env, auth: &'a AuthStore, now_ms: i64) -> Self {
        let profiles = auth.view().map_err(|error| {
            tracing::warn!(%error, "embeddings go without keys of profiles");
        });
        Self { env: EnvKeys(env), profiles: profiles.ok(), settings: auth.settings(), now_ms }
    }
}

impl Keys for OwnKeys<'_> {
    fn key(&self, of: Dialect, asked: Asked) -> Option<Key> {
        self.env.key(of, asked)
    }

    fn named(&self, variable: &str) -> Option<Secret> {
        self.env.named(variable)
    }

    fn profile(&self, of: Dialect) -> Option<openclaw_credentials::Key> {
        let profiles = self.profiles.as_ref()?;
        sections(of).iter().find_map(|name| profiles.plain(name, self.settings, self.now_ms))
    }
}

/// The keys in the environment.
pub struct EnvKeys<'a>(pub &'a Env);

impl EnvKeys<'_> {
    fn first(&self, names: &[&str]) -> Option<(Secret, String)> {
        let found = names.iter().find_map(|name| Some((self.0.non_blank(name)?, *name)));
        found.map(|(value, name)| (Secret::new(value.to_owned()), name.to_owned()))
    }
}

impl Keys for EnvKeys<'_> {
    fn key(&self, of: Dialect, asked: Asked) -> Option<Key> {
        let names: &[&str] = match (of, asked) {
            (Dialect::OpenAi, _) => &["OPENAI_API_KEY"],
            (Dialect::Gemini, Asked::Auto) => &["GEMINI_API_KEY"],
            // Google's other services have the same variable: alone it does not say that notes may go to Gemini.
            (Dialect::Gemini, Asked::ByName) => &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
            (Dialect::Voyage, _) => &["VOYAGE_API_KEY"],
        };
        let (secret, from) = self.first(names)?;
        // The variable that the chat models follow as well; the key is for what it names.
        let base_url = (of == Dialect::OpenAi).then(|| self.0.non_blank("OPENAI_BASE_URL")).flatten();
        Some(Key { secret, from, base_url: base_url.map(ToOwned::to_owned) })
    }

    fn named(&self, variable: &str) -> Option<Secret> {
        self.first(&[variable]).map(|(secret, _)| secret)
    }
}
