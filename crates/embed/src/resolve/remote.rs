//! Which service, at which address, with which key.
//!
//! A credential goes to the origin it belongs to (S-096), and this map is made here, from the configuration alone:
//!
//! | credential | belongs to |
//! |---|---|
//! | `memorySearch.remote.apiKey`, `.headers` | the address of the chosen provider, `remote.baseUrl` before all others; never to the fallback |
//! | a profile of `auth-profiles.json` | X's own address, and for a key also what `models.providers.X` or the environment says of X; never what `remote.baseUrl` alone says |
//! | `models.providers.X.apiKey`, secret `.headers` | `models.providers.X.baseUrl`, or X's own address without one |
//! | `OPENAI_API_KEY` and the like | X's own address, or `OPENAI_BASE_URL` |
//!
//! A key that is found for another address stays here, and the status says so. Who wants it to go writes it down:
//! `remote: { baseUrl: "https://proxy.example/v1", apiKey: "${OPENAI_API_KEY}" }`.

use std::collections::BTreeMap;

use openclaw_config::{EmbeddingRemote, Provider};
use openclaw_credentials::{AddressFrom, Key as Credential, KeyKind, KeySource, may_go, same_origin};
use openclaw_guard::Secret;
use openclaw_http::parse_address;

use super::choose::Around;
use super::keys::{Asked, Key};
use super::problem::ResolveProblem;
use crate::remote::is_secret_header;
use crate::{BatchApi, Dialect, RemoteSpec};

/// A service that can be used.
pub(super) struct Found {
    pub(super) spec: RemoteSpec,
    /// What gave it the right to be used: a key's place, or an address.
    pub(super) because: String,
    pub(super) notes: Vec<ResolveProblem>,
}

/// What is looked for.
#[derive(Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) dialect: Dialect,
    /// `memorySearch.remote`, which the fallback does not get.
    pub(super) remote: Option<&'a EmbeddingRemote>,
    pub(super) model: Option<&'a str>,
    pub(super) batch: BatchApi,
    pub(super) asked: Asked,
}

/// Names in `models.providers`: the one that OpenClaw uses first.
pub(super) const fn sections(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::OpenAi => &["openai"],
        Dialect::Gemini => &["google", "gemini"],
        Dialect::Voyage => &["voyage"],
    }
}

const fn variable(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi => "OPENAI_API_KEY",
        Dialect::Gemini => "GEMINI_API_KEY",
        Dialect::Voyage => "VOYAGE_API_KEY",
    }
}

/// A credential, where it was found, and whether it belongs to the address.
struct Candidate {
    secret: Secret,
    from: String,
    goes: bool,
}

/// The service as the configuration has it.
pub(super) fn find(wish: Wish<'_>, around: &Around<'_>) -> Result<Found, ResolveProblem> {
    let dialect = wish.dialect;
    let bad = |error| ResolveProblem::BadEndpoint { dialect, error };
    let section = sections(dialect).iter().find_map(|name| Some((*name, around.providers.get(*name)?)));
    let own_key = around.keys.key(dialect, wish.asked);
    let at = address(wish, section, own_key.as_ref());
    let host = parse_address(&at.base).map_err(bad)?.host_str().unwrap_or_default().to_owned();

    let (kept, key) = credentials(wish, around, (section, own_key), &at);
    let headers = headers(section, same_origin(&at.base, own_address(dialect, section)), wish.remote);
    let is_official = same_origin(&at.base, dialect.base_url());
    let has_credential = key.is_some() || headers.iter().any(|(name, _)| is_secret_header(name));
    if is_official && !has_credential {
        let section = sections(dialect)[0];
        return Err(ResolveProblem::KeyMissing { dialect, variable: variable(dialect), section });
    }
    let because = match &key {
        Some(key) => format!("{} is set", key.from),
        None => format!("the address of {host} is set"),
    };
    let notes = kept.filter(|_| key.is_none()).map(|kept| ResolveProblem::KeyKept { from: kept.from, host });
    let spec = RemoteSpec {
        dialect,
        base_url: at.base,
        key: key.map(|key| key.secret),
        headers,
        model: model(dialect, wish.model),
        // Servers that only speak like OpenAI have no jobs.
        batch: if is_official { wish.batch } else { BatchApi::Absent },
    };
    spec.endpoint().map_err(bad)?;
    Ok(Found { spec, because, notes: notes.into_iter().collect() })
}

/// Where the service is.
struct At {
    base: String,
    /// Who says so. Nothing for `memorySearch.remote`: it names an address for its own key, and for no other.
    said_by: Option<AddressFrom>,
}

impl At {
    /// Whether a credential may go there, by the rule for all credentials. `home` is where it belongs.
    fn gets(&self, key: &Credential, home: &str) -> bool {
        match self.said_by {
            None => same_origin(home, &self.base),
            Some(said_by) => may_go(key, &self.base, said_by, Some(home)),
        }
    }
}

/// `remote` before the provider's section before the environment before the provider's own address.
fn address(wish: Wish<'_>, section: Option<(&str, &Provider)>, key: Option<&Key>) -> At {
    let remote = wish.remote.and_then(|remote| text(remote.base_url.as_deref()));
    // A server that the environment names for chat models may have no embeddings: only who asks by name gets it.
    let named = key.filter(|_| wish.asked == Asked::ByName).and_then(|key| key.base_url.as_deref());
    let all = [
        (remote, None),
        (section_url(section), Some(AddressFrom::Config)),
        (named, Some(AddressFrom::Environment)),
    ];
    let said = all.into_iter().find_map(|(base, said_by)| Some((base?, said_by)));
    let (base, said_by) = said.unwrap_or((wish.dialect.base_url(), Some(AddressFrom::Table)));
    At { base: trimmed(wish.dialect, base).to_owned(), said_by }
}

/// The first key that stays here, and the first that goes to `url`.
fn credentials(
    wish: Wish<'_>,
    around: &Around<'_>,
    (section, own_key): (Option<(&str, &Provider)>, Option<Key>),
    at: &At,
) -> (Option<Candidate>, Option<Candidate>) {
    let dialect = wish.dialect;
    let mut all = Vec::new();
    if let Some(secret) = wish.remote.and_then(|remote| remote_key(dialect, remote, around)) {
        all.push(Candidate { secret, from: "memorySearch.remote.apiKey".to_owned(), goes: true });
    }
    // As in OpenClaw: profiles, then the configuration, then the environment.
    if let Some(key) = around.keys.profile(dialect) {
        let goes = at.gets(&key, dialect.base_url());
        all.push(Candidate { from: key.source.words(sections(dialect)[0]), secret: key.secret, goes });
    }
    if let Some((name, provider)) = section {
        // The two are from one entry, unless that names no address.
        let goes = same_origin(&at.base, own_address(dialect, section));
        let secret = provider.api_key.clone().filter(|key| !key.is_blank());
        let from = format!("models.providers.{name}.apiKey");
        all.extend(secret.map(|secret| Candidate { secret, from, goes }));
    }
    if let Some(Key { secret, from, base_url }) = own_key {
        let source = KeySource::Environment(variable(dialect));
        let key = Credential { secret, kind: KeyKind::ApiKey, source };
        let goes = at.gets(&key, base_url.as_deref().unwrap_or(dialect.base_url()));
        all.push(Candidate { secret: key.secret, from, goes });
    }
    let (goes, kept): (Vec<_>, Vec<_>) = all.into_iter().partition(|candidate| candidate.goes);
    (kept.into_iter().next(), goes.into_iter().next())
}

fn section_url<'a>(section: Option<(&str, &'a Provider)>) -> Option<&'a str> {
    section.and_then(|(_, provider)| text(Some(&provider.base_url)))
}

/// The address of the provider's section, or the provider's own without one.
fn own_address<'a>(dialect: Dialect, section: Option<(&str, &'a Provider)>) -> &'a str {
    section_url(section).unwrap_or(dialect.base_url())
}

/// `remote.apiKey`; for Gemini it may be the bare name of a variable, as in OpenClaw 2026.2.9.
fn remote_key(dialect: Dialect, remote: &EmbeddingRemote, around: &Around<'_>) -> Option<Secret> {
    let key = remote.api_key.as_ref().filter(|key| !key.is_blank())?;
    let name = key.expose().trim();
    if dialect == Dialect::Gemini && matches!(name, "GEMINI_API_KEY" | "GOOGLE_API_KEY") {
        return around.keys.named(name);
    }
    Some(key.clone())
}

/// Headers of the provider and of `remote`, which win. The provider's secrets go to its own origin only.
fn headers(
    section: Option<(&str, &Provider)>,
    is_own_origin: bool,
    remote: Option<&EmbeddingRemote>,
) -> Vec<(String, Secret)> {
    let mut merged = BTreeMap::new();
    let all = section.iter().flat_map(|(_, provider)| &provider.headers);
    for (name, value) in all.filter(|(name, _)| is_own_origin || !is_secret_header(name)) {
        merged.insert(name.to_ascii_lowercase(), value.clone());
    }
    for (name, value) in remote.iter().flat_map(|remote| &remote.headers) {
        merged.insert(name.to_ascii_lowercase(), value.clone());
    }
    merged.into_iter().collect()
}

/// The provider that a model's name belongs to, if the name says so.
pub(super) fn owner(model: &str) -> Option<Dialect> {
    let name = model.trim().trim_start_matches("models/");
    let begins = |starts: &[&str]| starts.iter().any(|start| name.starts_with(start));
    if begins(&["text-embedding-3", "text-embedding-ada", "openai/"]) {
        Some(Dialect::OpenAi)
    } else if begins(&["gemini", "google/", "text-embedding-0"]) {
        Some(Dialect::Gemini)
    } else if begins(&["voyage"]) {
        Some(Dialect::Voyage)
    } else {
        None
    }
}

/// The provider that an address belongs to; everybody else speaks like OpenAI.
pub(super) fn at(base_url: &str) -> Dialect {
    let is_at = |dialect: &&Dialect| same_origin(base_url, dialect.base_url());
    Dialect::ALL.iter().find(is_at).copied().unwrap_or(Dialect::OpenAi)
}

/// The model without the provider's name before it.
fn model(dialect: Dialect, given: Option<&str>) -> String {
    let Some(given) = text(given) else { return dialect.default_model().to_owned() };
    let prefixes: &[&str] = match dialect {
        Dialect::OpenAi => &["openai/"],
        Dialect::Gemini => &["models/", "gemini/", "google/"],
        Dialect::Voyage => &["voyage/"],
    };
    let short = prefixes.iter().fold(given, |name, prefix| name.strip_prefix(prefix).unwrap_or(name));
    short.to_owned()
}

/// The chat models speak to Google at `.../openai`; embeddings do not.
fn trimmed(dialect: Dialect, base: &str) -> &str {
    let base = base.trim().trim_end_matches('/');
    if dialect == Dialect::Gemini { base.split("/openai").next().unwrap_or(base) } else { base }
}

fn text(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}
