//! Keys that do not stand in `memorySearch` itself.

use openclaw_config::Env;
use openclaw_guard::Secret;

use crate::Dialect;

/// Where keys come from besides the configuration: the environment, profiles of credentials.
pub trait Keys {
    /// The key of a provider.
    fn key(&self, of: Dialect, asked: Asked) -> Option<Key>;
    /// A variable that the configuration names by its bare name, as OpenClaw 2026.2.9 allows for Gemini.
    fn named(&self, variable: &str) -> Option<Secret>;
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
