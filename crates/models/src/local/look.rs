//! Asks local servers.

use std::time::Duration;

use openclaw_http::{is_loopback, parse_address};
use reqwest::{Method, Url};
use serde_json::json;
use tokio::time::timeout;

use super::facts::{LocalModel, lm_studio_models, ollama_model, ollama_names};
use crate::catalog::table::Origin;
use crate::catalog::{Catalog, ProviderEntry, Reference};

/// How long a server on this machine may take to say what it has.
const LIMIT: Duration = Duration::from_secs(2);
/// More models than anybody keeps.
const MAX_MODELS: usize = 64;
/// A description with its licence and template.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Why a local server said nothing of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LookError {
    /// Its address is not on this machine, or none.
    #[error("it is not on this machine")]
    Elsewhere,
    /// Nobody answered in time.
    #[error("nobody answers there")]
    Absent,
    /// Somebody else answered.
    #[error("what answers there is another program")]
    Strange,
}

/// What was found at one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The provider.
    pub provider: String,
    /// Where it was looked for.
    pub base_url: String,
    /// Its models, those for vectors among them.
    pub found: Result<Vec<LocalModel>, LookError>,
}

/// Asks every local server for its models. The catalog knows them from then on.
pub async fn look_around(catalog: &Catalog) -> Vec<Looked> {
    let mut all = Vec::new();
    for entry in catalog.providers() {
        let Some(origin) = origin(entry) else { continue };
        let found = match timeout(LIMIT * 4, list(catalog, entry, origin)).await {
            Ok(found) => found,
            Err(_) => Err(LookError::Absent),
        };
        for model in found.iter().flatten() {
            let reference = Reference { provider: entry.id.clone(), model: model.id.clone() };
            catalog.local().note(reference, Some(model.clone()));
        }
        all.push(Looked { provider: entry.id.clone(), base_url: entry.base_url.clone(), found });
    }
    all
}

/// Asks the server of a model what it can do, unless that is known. Does nothing for models elsewhere.
pub async fn look_at(catalog: &Catalog, reference: &Reference) {
    let Ok(entry) = catalog.entry(&reference.provider) else { return };
    let Some(origin) = origin(entry) else { return };
    if catalog.local().is_fresh(reference) {
        return;
    }
    let found = match origin {
        Origin::Ollama => timeout(LIMIT, show(catalog, entry, &reference.model)).await.ok(),
        Origin::LmStudio => timeout(LIMIT, studio(catalog, entry)).await.ok().map(|all| {
            all.and_then(|all| all.into_iter().find(|it| it.id == reference.model).ok_or(LookError::Strange))
        }),
        Origin::Remote => None,
    };
    catalog.local().note(reference.clone(), found.and_then(Result::ok));
}

/// The kind of a provider that is on this machine and can be asked.
fn origin(entry: &ProviderEntry) -> Option<Origin> {
    let origin = entry.builtin?.origin;
    (origin != Origin::Remote && address(entry).is_ok()).then_some(origin)
}

fn address(entry: &ProviderEntry) -> Result<Url, LookError> {
    let url = parse_address(&entry.base_url).map_err(|_| LookError::Elsewhere)?;
    if is_loopback(&url) { Ok(url) } else { Err(LookError::Elsewhere) }
}

async fn list(
    catalog: &Catalog,
    entry: &ProviderEntry,
    origin: Origin,
) -> Result<Vec<LocalModel>, LookError> {
    match origin {
        Origin::Remote => Ok(Vec::new()),
        Origin::LmStudio => studio(catalog, entry).await,
        Origin::Ollama => {
            let body = ask(catalog, entry, ("/api/tags", None)).await?;
            let names = ollama_names(&body).ok_or(LookError::Strange)?;
            let mut models = Vec::new();
            for name in names.iter().take(MAX_MODELS) {
                // One that cannot be described is not offered.
                if let Ok(model) = show(catalog, entry, name).await {
                    models.push(model);
                }
            }
            Ok(models)
        }
    }
}

async fn show(catalog: &Catalog, entry: &ProviderEntry, model: &str) -> Result<LocalModel, LookError> {
    let body = json!({"model": model}).to_string();
    let answer = ask(catalog, entry, ("/api/show", Some(body))).await?;
    ollama_model(model, &answer).ok_or(LookError::Strange)
}

async fn studio(catalog: &Catalog, entry: &ProviderEntry) -> Result<Vec<LocalModel>, LookError> {
    let answer = ask(catalog, entry, ("/api/v0/models", None)).await?;
    lm_studio_models(&answer).ok_or(LookError::Strange)
}

/// One request. No credential goes along: nobody needs one to say what it has.
async fn ask(
    catalog: &Catalog,
    entry: &ProviderEntry,
    (path, body): (&str, Option<String>),
) -> Result<Vec<u8>, LookError> {
    let mut url = address(entry)?;
    url.set_path(path);
    url.set_query(None);
    let method = if body.is_some() { Method::POST } else { Method::GET };
    let request = catalog.http().request(method, &url).await.map_err(|_| LookError::Absent)?;
    let request = body.into_iter().fold(request, |request, body| {
        request.header(reqwest::header::CONTENT_TYPE, "application/json").body(body)
    });
    let send = async {
        let mut response = request.send().await.map_err(|_| LookError::Absent)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(LookError::Strange);
        }
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|_| LookError::Absent)? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > MAX_BODY_BYTES {
                return Err(LookError::Strange);
            }
        }
        Ok(bytes)
    };
    timeout(LIMIT, send).await.unwrap_or(Err(LookError::Absent))
}
