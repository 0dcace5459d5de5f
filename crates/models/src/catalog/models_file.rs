//! The agent's `models.json`: providers in the format of OpenClaw's model registry.
//!
//! It is read, never written: OpenClaw puts resolved keys into it, and a key is better off in one place.

use std::path::Path;

use openclaw_config::Env;
use openclaw_guard::Secret;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::key::{AddressFrom, KeyFrom};
use super::providers::{KeyHeader, Mode, ModelEntry, ProviderEntry, Providers};
use super::table::{BuiltinProvider, canonical_provider};
use crate::{Compat, InputKind, Prices, WireApi};

/// Why a `models.json` says nothing.
#[derive(Debug, thiserror::Error)]
pub enum ModelsFileError {
    /// It is not JSON, or not what the file is.
    #[error("not the JSON of a models.json: line {line}, column {column}")]
    NotJson {
        /// 1-based line.
        line: usize,
        /// 1-based column.
        column: usize,
    },
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    providers: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawProvider {
    #[serde(default)]
    base_url: String,
    api_key: Option<String>,
    api: Option<String>,
    #[serde(default)]
    headers: Map<String, Value>,
    auth_header: Option<bool>,
    #[serde(default)]
    models: Vec<RawModel>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawModel {
    id: String,
    name: Option<String>,
    api: Option<String>,
    #[serde(default)]
    reasoning: bool,
    #[serde(default)]
    input: Vec<String>,
    #[serde(default)]
    cost: Prices,
    context_window: Option<f64>,
    max_tokens: Option<f64>,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    compat: Value,
}

/// The file in an agent's folder.
const FILE: &str = "models.json";
/// Hundreds of models.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// Lays what the `models.json` of an agent's folder says below what is configured, unless that stands alone. Returns what
/// is to be said of it; a missing file says nothing.
pub fn read_models_file(agent_dir: &Path, providers: &mut Providers, env: &Env) -> Vec<String> {
    let path = agent_dir.join(FILE);
    let is_plain = std::fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_FILE_BYTES);
    if providers.mode == Mode::Replace || !is_plain {
        return Vec::new();
    }
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => return vec![format!("{} is not used: {error}", path.display())],
    };
    match parse_models_file(&text, |name| env.non_blank(name).map(ToOwned::to_owned)) {
        Ok((entries, mut remarks)) => {
            remarks.extend(withheld(&providers.entries, &entries));
            providers.entries.extend(entries);
            remarks
        }
        Err(error) => vec![format!("{} is not used: {error}", path.display())],
    }
}

/// One line about each provider whose configured secrets are not sent to the address that the file names.
fn withheld(configured: &[ProviderEntry], entries: &[ProviderEntry]) -> Vec<String> {
    let same = |one: &ProviderEntry, other: &ProviderEntry| {
        canonical_provider(&one.id) == canonical_provider(&other.id)
    };
    let loses = |entry: &&ProviderEntry| {
        configured.iter().any(|upper| same(upper, entry) && upper.loses_secrets_over(entry))
    };
    let line = |entry: &ProviderEntry| {
        let id = &entry.id;
        format!(
            "models.json providers.{id}.baseUrl: the key and the headers of models.providers.{id} are not sent there, \
             because only models.json names the address; if it is yours, set models.providers.{id}.baseUrl to it"
        )
    };
    entries.iter().filter(loses).map(line).collect()
}

/// The providers of a `models.json`, and one line about each that cannot be used. A key that is the name of a variable
/// of the provider's own means its value, which goes only where the environment's keys may go; any other variable is not
/// read, because the file could send it anywhere. A key that would run a program is refused.
///
/// # Errors
/// The text is not a `models.json`.
pub fn parse_models_file(
    text: &str,
    env: impl Fn(&str) -> Option<String>,
) -> Result<(Vec<ProviderEntry>, Vec<String>), ModelsFileError> {
    let not_json =
        |error: serde_json::Error| ModelsFileError::NotJson { line: error.line(), column: error.column() };
    let file: File = serde_json::from_str(text).map_err(not_json)?;
    let (mut entries, mut remarks) = (Vec::new(), Vec::new());
    for (id, value) in file.providers {
        match serde_json::from_value::<RawProvider>(value) {
            Ok(raw) => entries.push(provider(&id, raw, &env, &mut remarks)),
            // The error would quote a value, which may be a key.
            Err(_) => remarks
                .push(format!("models.json providers.{id}: a value has the wrong type; it is left out")),
        }
    }
    Ok((entries, remarks))
}

fn provider(
    id: &str,
    raw: RawProvider,
    env: &impl Fn(&str) -> Option<String>,
    remarks: &mut Vec<String>,
) -> ProviderEntry {
    let mut entry = ProviderEntry::new(id, &raw.base_url);
    if entry.address_from == AddressFrom::Config {
        entry.address_from = AddressFrom::ModelsFile;
    }
    entry.api_key = raw.api_key.and_then(|text| secret((id, entry.builtin), &text, env, remarks));
    entry.key_from = KeyFrom::ModelsFile;
    entry.key_header = match raw.auth_header {
        Some(true) => KeyHeader::Authorization,
        Some(false) | None => KeyHeader::OfTheApi,
    };
    entry.api = raw.api.as_deref().and_then(WireApi::parse);
    if let (Some(name), None) = (&raw.api, entry.api) {
        remarks.push(format!("models.json providers.{id}.api: {name:?} is no wire API of this build"));
    }
    entry.headers = headers(&raw.headers);
    entry.models = raw.models.into_iter().map(model).collect();
    entry
}

fn secret(
    (id, builtin): (&str, Option<&BuiltinProvider>),
    text: &str,
    env: &impl Fn(&str) -> Option<String>,
    remarks: &mut Vec<String>,
) -> Option<Secret> {
    if text.starts_with('!') {
        remarks.push(format!("models.json providers.{id}.apiKey: a command is not run; set the key itself"));
        return None;
    }
    // The catalog has these from the environment, with their source.
    if builtin.is_some_and(|builtin| builtin.env_keys.contains(&text)) {
        return None;
    }
    if env(text).is_some() {
        remarks.push(format!(
            "models.json providers.{id}.apiKey: the variable {text} is not read for a server that models.json names; \
             set models.providers.{id}.baseUrl and apiKey: \"${{{text}}}\" in openclaw.json"
        ));
        return None;
    }
    Some(Secret::new(text.to_owned()))
}

fn headers(raw: &Map<String, Value>) -> Vec<(String, Secret)> {
    raw.iter()
        .filter_map(|(name, value)| Some((name.clone(), Secret::new(value.as_str()?.to_owned()))))
        .collect()
}

fn model(raw: RawModel) -> ModelEntry {
    let kinds = raw.input.iter().filter_map(|kind| match kind.as_str() {
        "text" => Some(InputKind::Text),
        "image" => Some(InputKind::Image),
        _ => None,
    });
    ModelEntry {
        name: raw.name,
        api: raw.api.as_deref().and_then(WireApi::parse),
        reasoning: raw.reasoning,
        input: kinds.collect(),
        prices: raw.cost,
        context_window: raw.context_window.and_then(tokens),
        max_tokens: raw.max_tokens.and_then(tokens),
        headers: headers(&raw.headers),
        // Fields that are not ours are passed over.
        compat: serde_json::from_value::<Compat>(raw.compat).unwrap_or_default(),
        ..ModelEntry::new(&raw.id)
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a whole number in range"
)]
fn tokens(count: f64) -> Option<u32> {
    (count >= 1.0 && count <= f64::from(u32::MAX)).then_some(count as u32)
}

#[cfg(test)]
mod tests {
    use super::parse_models_file;
    use crate::WireApi;
    use crate::catalog::{AddressFrom, KeyHeader};

    const FILE: &str = r#"{ "providers": {
        "proxy": { "baseUrl": "http://127.0.0.1:9/v1", "apiKey": "secret", "api": "openai-completions",
            "authHeader": true, "headers": {"X-Team": "t"}, "other": 1,
            "models": [ { "id": "a", "name": "A", "contextWindow": 64000, "maxTokens": 1e3, "input": ["text", "image"],
                "cost": {"input": 1, "output": 2, "cacheRead": 0, "cacheWrite": 0},
                "compat": {"supportsStore": false, "thinkingFormat": "zai"} } ] },
        "zai": { "apiKey": "!security find", "models": [] },
        "odd": { "baseUrl": 5 }
    } }"#;

    #[test]
    fn the_registry_of_the_release_is_read() {
        let (entries, remarks) = parse_models_file(FILE, |_| None).unwrap();
        let [proxy, zai] = entries.as_slice() else { panic!("{}", entries.len()) };
        assert_eq!((proxy.id.as_str(), proxy.address_from), ("proxy", AddressFrom::ModelsFile));
        assert!(proxy.api_key.as_ref().is_some_and(|key| key.matches("secret")));
        assert_eq!(
            (proxy.api, proxy.key_header),
            (Some(WireApi::OpenAiCompletions), KeyHeader::Authorization)
        );
        let info = proxy.describe("a");
        assert_eq!((info.context_window, info.max_tokens, info.prices.output), (64_000, Some(1_000), 2.0));
        assert_eq!(info.compat.supports_store, Some(false));
        assert!(zai.api_key.is_none() && zai.address_from == AddressFrom::Table);
        assert_eq!(remarks.len(), 2, "{remarks:?}");
        assert!(remarks[0].contains("providers.zai.apiKey: a command is not run"), "{remarks:?}");
        assert!(remarks[1].contains("providers.odd"), "{remarks:?}");
    }

    /// Only a built-in provider's own variables mean something, and they stay with the environment.
    #[test]
    fn a_variable_is_not_sent_to_whom_the_file_names() {
        let file = |id: &str, key: &str| {
            format!(r#"{{"providers":{{"{id}":{{"baseUrl":"https://evil.example/v1","apiKey":"{key}"}}}}}}"#)
        };
        let rows = [
            ("mine", "ANTHROPIC_API_KEY", None, 1),
            ("openai", "ANTHROPIC_API_KEY", None, 1),
            ("openai", "OPENAI_API_KEY", None, 0),
            ("mine", "HOME", None, 1),
            ("mine", "UNSET_NAME", Some("UNSET_NAME"), 0),
        ];
        for (id, key, expected, said) in rows {
            let env = |name: &str| (name != "UNSET_NAME").then(|| "of the owner".to_owned());
            let (entries, remarks) = parse_models_file(&file(id, key), env).unwrap();
            let sent = entries[0].api_key.as_ref().map(openclaw_guard::Secret::expose);
            assert_eq!((sent, remarks.len()), (expected, said), "{id} {key}: {remarks:?}");
            assert!(!remarks.concat().contains("of the owner"));
        }
    }

    #[test]
    fn what_is_no_registry_says_where() {
        let error = parse_models_file("{\n \"providers\": [", |_| None).err().unwrap();
        assert_eq!(error.to_string(), "not the JSON of a models.json: line 2, column 14");
        assert!(parse_models_file("{}", |_| None).unwrap().0.is_empty());
    }
}
