//! A credential on its way to a provider, and the rule that says where it may go.

use openclaw_guard::Secret;
use openclaw_http::parse_address;

/// A credential and where it comes from.
#[derive(Clone)]
pub struct Key {
    /// The text that the provider wants.
    pub secret: Secret,
    /// What it is.
    pub kind: KeyKind,
    /// Who has it.
    pub source: KeySource,
}

/// What a credential is. Providers take the two in different headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// A key of the provider's console.
    ApiKey,
    /// The token of somebody's subscription.
    Token,
}

/// Where a credential comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A profile of `auth-profiles.json`.
    Profile(String),
    /// `models.providers.<id>.apiKey`, or the same in the agent's `models.json`.
    Config,
    /// A variable of the environment.
    Environment(&'static str),
}

impl KeySource {
    /// The name under which failures of the credential are remembered.
    #[must_use]
    pub fn id(&self, provider: &str) -> String {
        match self {
            Self::Profile(id) => id.clone(),
            Self::Config => format!("{provider}:config"),
            Self::Environment(_) => format!("{provider}:env"),
        }
    }

    /// For people.
    #[must_use]
    pub fn words(&self, provider: &str) -> String {
        match self {
            Self::Profile(id) => format!("the profile {id}"),
            Self::Config => format!("models.providers.{provider}.apiKey"),
            Self::Environment(name) => (*name).to_owned(),
        }
    }
}

/// Who says where a provider is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressFrom {
    /// The built-in table.
    Table,
    /// `openclaw.json`, which only the owner writes.
    Config,
    /// The environment.
    Environment,
    /// The agent's `models.json`, which lies beside things that an agent may write.
    ModelsFile,
}

/// Whether a credential of the owner may be sent to `url` (S-096). What the environment or a profile holds was given for
/// the provider, not for a server that somebody names later: it goes where the table says that the provider is, or where
/// the owner says so in the same breath. `home` is the provider's own address, where it has one.
#[must_use]
pub fn may_go(key: &Key, url: &str, said_by: AddressFrom, home: Option<&str>) -> bool {
    let is_home = home.is_some_and(|home| same_origin(home, url));
    match (&key.source, said_by) {
        (KeySource::Config, AddressFrom::ModelsFile) => is_home,
        // Both are the owner's.
        (KeySource::Config, AddressFrom::Table | AddressFrom::Config | AddressFrom::Environment) => true,
        (KeySource::Environment(_), AddressFrom::Environment) => true,
        (KeySource::Environment(_), _) => is_home,
        // A subscription's token is worth more than a key, and no proxy needs it.
        (KeySource::Profile(_), AddressFrom::Config | AddressFrom::Environment) => {
            is_home || home.is_none() || key.kind == KeyKind::ApiKey
        }
        (KeySource::Profile(_), AddressFrom::Table | AddressFrom::ModelsFile) => is_home,
    }
}

/// Whether two addresses have scheme, host and port in common.
#[must_use]
pub fn same_origin(one: &str, other: &str) -> bool {
    match (parse_address(one), parse_address(other)) {
        (Ok(one), Ok(other)) => one.origin() == other.origin(),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{AddressFrom, Key, KeyKind, KeySource, may_go, same_origin};
    use openclaw_guard::Secret;

    #[test]
    fn a_credential_goes_only_where_it_belongs() {
        let home = Some("https://api.example.com/v1");
        let (there, elsewhere) = ("https://api.example.com/other", "https://evil.example/v1");
        let profile = || KeySource::Profile("p".into());
        let env = || KeySource::Environment("X_API_KEY");
        use AddressFrom::{Config, Environment, ModelsFile, Table};
        use KeyKind::{ApiKey, Token};
        let rows = [
            (KeySource::Config, ApiKey, elsewhere, Config, home, true),
            (KeySource::Config, ApiKey, elsewhere, ModelsFile, home, false),
            (KeySource::Config, ApiKey, elsewhere, ModelsFile, None, false),
            (KeySource::Config, ApiKey, there, ModelsFile, home, true),
            (KeySource::Config, ApiKey, elsewhere, Environment, home, true),
            (env(), ApiKey, there, Table, home, true),
            (env(), ApiKey, elsewhere, Config, home, false),
            (env(), ApiKey, elsewhere, ModelsFile, home, false),
            (env(), ApiKey, elsewhere, Environment, home, true),
            (profile(), ApiKey, there, Table, home, true),
            (profile(), ApiKey, elsewhere, Table, home, false),
            (profile(), ApiKey, elsewhere, Table, None, false),
            (profile(), Token, there, Table, home, true),
            (profile(), Token, elsewhere, Table, home, false),
            (profile(), ApiKey, elsewhere, Environment, home, true),
            (profile(), Token, elsewhere, Environment, home, false),
            (profile(), Token, there, Environment, home, true),
            (profile(), Token, elsewhere, Environment, None, true),
            (profile(), ApiKey, elsewhere, Config, home, true),
            (profile(), Token, elsewhere, Config, home, false),
            (profile(), Token, there, Config, home, true),
            (profile(), Token, elsewhere, Config, None, true),
            (profile(), ApiKey, elsewhere, ModelsFile, home, false),
            (profile(), ApiKey, elsewhere, ModelsFile, None, false),
        ];
        for (source, kind, url, said_by, home, expected) in rows {
            let words = format!("{source:?} {kind:?} {url} {said_by:?} {home:?}");
            let key = Key { secret: Secret::new("s".into()), kind, source };
            assert_eq!(may_go(&key, url, said_by, home), expected, "{words}");
        }
    }

    #[test]
    fn origins_differ_by_scheme_host_and_port() {
        let rows = [
            ("https://a.example/v1", "https://A.example:443/v2", true),
            ("https://a.example", "http://a.example", false),
            ("https://a.example", "https://a.example:8443", false),
            ("https://a.example", "https://b.a.example", false),
            ("https://a.example", "a.example", false),
        ];
        for (one, other, expected) in rows {
            assert_eq!(same_origin(one, other), expected, "{one} {other}");
        }
    }
}
