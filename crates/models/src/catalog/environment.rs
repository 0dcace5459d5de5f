//! What the environment says about models.

use std::collections::BTreeMap;
use std::path::PathBuf;

use openclaw_guard::Secret;

use super::key::{Key, KeyKind, KeySource};
use super::table::{BUILTIN_PROVIDERS, BuiltinProvider};
use crate::cli::CliEnvironment;

/// Where `openai` is, when not at OpenAI's.
const OPENAI_BASE_URL: &str = "OPENAI_BASE_URL";
/// The model of `openai` when the configuration names none.
const OPENAI_MODEL: &str = "OPENAI_MODEL";
/// Where the Ollama of this machine is, as its own programs read it.
const OLLAMA_HOST: &str = "OLLAMA_HOST";

/// The variables this room reads, taken once so that tests need no real environment.
#[derive(Clone, Default)]
pub struct Environment {
    values: BTreeMap<&'static str, Secret>,
    programs: CliEnvironment,
}

impl Environment {
    /// Reads the variables through `get`; blank ones count as absent.
    #[must_use]
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let keys = BUILTIN_PROVIDERS.iter().flat_map(|provider| provider.env_keys.iter().copied());
        let names = keys.chain([OPENAI_BASE_URL, OPENAI_MODEL, OLLAMA_HOST]);
        let values = names.filter_map(|name| {
            let value = get(name)?.trim().to_owned();
            (!value.is_empty()).then(|| (name, Secret::new(value)))
        });
        Self { values: values.collect(), programs: CliEnvironment::default() }
    }

    /// The same with what programs inherit of these variables.
    #[must_use]
    pub fn with_programs<'a>(self, variables: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self { programs: CliEnvironment::read(variables), ..self }
    }

    /// The same where agents write into these folders.
    #[must_use]
    pub(super) fn beside(mut self, workspaces: Vec<PathBuf>) -> Self {
        self.programs = self.programs.beside(workspaces);
        self
    }

    pub(super) fn programs(&self) -> &CliEnvironment {
        &self.programs
    }

    /// The key for a provider, and the variable it is in.
    #[must_use]
    pub fn key(&self, provider: &BuiltinProvider) -> Option<Key> {
        let (name, secret) = provider.env_keys.iter().find_map(|name| self.values.get_key_value(name))?;
        let kind = if name.contains("OAUTH_TOKEN") { KeyKind::Token } else { KeyKind::ApiKey };
        Some(Key { secret: secret.clone(), kind, source: KeySource::Environment(name) })
    }

    /// Where a provider is, when the environment says so.
    #[must_use]
    pub fn base_url(&self, provider: &BuiltinProvider) -> Option<String> {
        match provider.id {
            "openai" => self.text(OPENAI_BASE_URL).map(ToOwned::to_owned),
            "ollama" => self.text(OLLAMA_HOST).map(ollama_base_url),
            _ => None,
        }
    }

    /// The model that the environment alone stands for: of a provider by its key, or of a server of one's own.
    #[must_use]
    pub fn model(&self, provider: &BuiltinProvider) -> Option<&str> {
        let named = (provider.id == "openai").then(|| self.text(OPENAI_MODEL)).flatten();
        let has_server = named.is_some() && self.base_url(provider).is_some();
        (self.key(provider).is_some() || has_server).then(|| named.or(provider.default_model)).flatten()
    }

    /// None of these three is secret.
    fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(Secret::expose)
    }
}

/// `OLLAMA_HOST` is a host, a port, or both, with or without a scheme; `0.0.0.0` means that it listens everywhere.
fn ollama_base_url(host: &str) -> String {
    let (scheme, rest) = host.split_once("://").unwrap_or(("http", host));
    let rest = rest.trim_end_matches('/').trim_end_matches("/v1");
    let rest =
        rest.strip_prefix("0.0.0.0").map_or_else(|| rest.to_owned(), |port| format!("127.0.0.1{port}"));
    let rest = if rest.starts_with(':') { format!("127.0.0.1{rest}") } else { rest };
    let has_port = rest.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let port = if has_port || scheme == "https" { "" } else { ":11434" };
    format!("{scheme}://{rest}{port}/v1")
}

#[cfg(test)]
mod tests {
    use super::{Environment, ollama_base_url};
    use crate::catalog::KeyKind;
    use crate::catalog::table::builtin_provider;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::read(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_first_variable_that_is_set_is_the_key() {
        let anthropic = builtin_provider("anthropic").unwrap();
        let both = environment(&[("ANTHROPIC_API_KEY", "sk"), ("ANTHROPIC_OAUTH_TOKEN", "oat")]);
        let key = both.key(anthropic).unwrap();
        assert!(key.secret.matches("oat") && key.kind == KeyKind::Token);
        let one = environment(&[("ANTHROPIC_API_KEY", "sk"), ("ANTHROPIC_OAUTH_TOKEN", " ")]);
        assert!(
            one.key(anthropic).is_some_and(|key| key.secret.matches("sk") && key.kind == KeyKind::ApiKey)
        );
        assert!(one.key(builtin_provider("zai").unwrap()).is_none());
    }

    #[test]
    fn a_server_of_ones_own_needs_a_model_and_no_key() {
        let openai = builtin_provider("openai").unwrap();
        let rows = [
            (vec![("OPENAI_API_KEY", "k")], Some("gpt-5-mini")),
            (vec![("OPENAI_API_KEY", "k"), ("OPENAI_MODEL", "m")], Some("m")),
            (vec![("OPENAI_BASE_URL", "http://127.0.0.1:1/v1"), ("OPENAI_MODEL", "m")], Some("m")),
            (vec![("OPENAI_MODEL", "m")], None),
        ];
        for (pairs, model) in rows {
            assert_eq!(environment(&pairs).model(openai), model, "{pairs:?}");
        }
    }

    #[test]
    fn an_ollama_host_becomes_an_address() {
        let rows = [
            ("127.0.0.1", "http://127.0.0.1:11434/v1"),
            ("0.0.0.0:8080", "http://127.0.0.1:8080/v1"),
            (":9000", "http://127.0.0.1:9000/v1"),
            ("http://box:1/", "http://box:1/v1"),
            ("https://ollama.example", "https://ollama.example/v1"),
        ];
        for (host, url) in rows {
            assert_eq!(ollama_base_url(host), url);
        }
    }
}
