//! The free models of OpenRouter. Source: OpenRouter API reference, "List available models".

use std::time::Duration;

use openclaw_http::parse_address;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use tokio::time::timeout;

use crate::catalog::{Catalog, CatalogError};

/// The whole list has a few hundred models and is a few hundred kilobytes.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
/// How long it may take.
const LIMIT: Duration = Duration::from_secs(20);
const PROVIDER: &str = "openrouter";

/// Which of them are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// At least so many billion parameters, as far as the name says.
    pub min_params: u32,
    /// Not older than this, in milliseconds.
    pub max_age_ms: Option<i64>,
    /// Of this maker: what stands before the slash.
    pub maker: Option<String>,
    /// At most so many.
    pub most: usize,
    /// Milliseconds since the epoch.
    pub now_ms: i64,
}

/// A model that costs nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeModel {
    /// Its id at OpenRouter.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Tokens of prompt and answer together.
    pub context_length: Option<u32>,
    /// Billion parameters, as far as the name says.
    pub params: Option<u32>,
    /// When it was listed.
    pub created_at_ms: Option<i64>,
    /// Whether it calls tools.
    pub calls_tools: bool,
    /// Whether it looks at images.
    pub sees_images: bool,
}

/// Why there is no list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// The provider is not there.
    #[error("{}", .0.plain_words())]
    Catalog(CatalogError),
    /// Its address cannot be used, or nobody answers there.
    #[error("its list of models cannot be had; check the network and models.providers.openrouter.baseUrl")]
    Unreachable,
    /// It refused.
    #[error("it answered {status}")]
    Refused {
        /// HTTP status.
        status: u16,
    },
    /// The answer is no list of models.
    #[error("its answer is no list of models")]
    Malformed,
}

/// Asks for the list. No credential goes along: it is public.
///
/// # Errors
/// There is no list.
pub async fn free_models(catalog: &Catalog, wanted: &Wanted) -> Result<Vec<FreeModel>, ScanError> {
    let entry = catalog.entry(PROVIDER).map_err(ScanError::Catalog)?;
    let address = format!("{}/models", entry.base_url.trim().trim_end_matches('/'));
    let url = parse_address(&address).map_err(|_| ScanError::Unreachable)?;
    let read = async {
        let request = catalog.http().request(Method::GET, &url).await.map_err(|_| ScanError::Unreachable)?;
        let mut response = request.send().await.map_err(|_| ScanError::Unreachable)?;
        if response.status() != StatusCode::OK {
            return Err(ScanError::Refused { status: response.status().as_u16() });
        }
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|_| ScanError::Unreachable)? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > MAX_BODY_BYTES {
                return Err(ScanError::Malformed);
            }
        }
        Ok(bytes)
    };
    let bytes = timeout(LIMIT, read).await.unwrap_or(Err(ScanError::Unreachable))?;
    choose(&bytes, wanted).ok_or(ScanError::Malformed)
}

#[derive(Deserialize)]
struct List {
    data: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    name: Option<String>,
    created: Option<i64>,
    context_length: Option<u32>,
    #[serde(default)]
    pricing: Pricing,
    #[serde(default)]
    architecture: Architecture,
    #[serde(default)]
    supported_parameters: Vec<String>,
}

#[derive(Deserialize, Default)]
struct Pricing {
    prompt: Option<String>,
    completion: Option<String>,
}

#[derive(Deserialize, Default)]
struct Architecture {
    #[serde(default)]
    input_modalities: Vec<String>,
    modality: Option<String>,
}

/// The wanted free models, the best first: those that look at images, then those that call tools, then by size.
#[must_use]
pub fn choose(body: &[u8], wanted: &Wanted) -> Option<Vec<FreeModel>> {
    let list: List = serde_json::from_slice(body).ok()?;
    let mut all: Vec<FreeModel> = list.data.into_iter().filter(is_free).map(describe).collect();
    all.retain(|model| {
        let maker = wanted.maker.as_ref().is_none_or(|maker| {
            model.id.split('/').next().is_some_and(|made| made.eq_ignore_ascii_case(maker.trim()))
        });
        let age = wanted
            .max_age_ms
            .is_none_or(|most| model.created_at_ms.is_none_or(|at| wanted.now_ms.saturating_sub(at) <= most));
        maker && age && model.params.unwrap_or(0) >= wanted.min_params
    });
    all.sort_by_key(|model| {
        let size = (model.context_length.unwrap_or(0), model.params.unwrap_or(0));
        std::cmp::Reverse((model.sees_images, model.calls_tools, size))
    });
    all.truncate(wanted.most);
    Some(all)
}

fn is_free(model: &Listed) -> bool {
    let is_zero = |price: &Option<String>| {
        price.as_deref().and_then(|price| price.parse::<f64>().ok()).is_some_and(|price| price == 0.0)
    };
    model.id.ends_with(":free") || (is_zero(&model.pricing.prompt) && is_zero(&model.pricing.completion))
}

fn describe(model: Listed) -> FreeModel {
    let modality = model.architecture.modality.unwrap_or_default();
    let given = modality.split("->").next().unwrap_or_default();
    let sees =
        model.architecture.input_modalities.iter().any(|kind| kind == "image") || given.contains("image");
    FreeModel {
        name: model.name.unwrap_or_else(|| model.id.clone()),
        context_length: model.context_length,
        params: params(&model.id),
        created_at_ms: model.created.map(|seconds| seconds.saturating_mul(1_000)),
        calls_tools: model.supported_parameters.iter().any(|one| one == "tools"),
        sees_images: sees,
        id: model.id,
    }
}

/// `70b` in `meta-llama/llama-3.3-70b-instruct:free`.
fn params(id: &str) -> Option<u32> {
    let words = id.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let sizes = words.filter_map(|word| word.to_ascii_lowercase().strip_suffix('b')?.parse::<f64>().ok());
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "billions of parameters")]
    let whole = |size: f64| (size.is_finite() && size >= 0.0).then_some(size as u32);
    sizes.filter_map(whole).max()
}

#[cfg(test)]
mod tests {
    use super::{Wanted, choose, params};
    use proptest::prelude::*;

    const LIST: &[u8] = br#"{"data": [
        {"id": "meta-llama/llama-3.3-70b-instruct:free", "name": "Llama", "created": 1000, "context_length": 131072,
            "pricing": {"prompt": "0", "completion": "0"}, "supported_parameters": ["tools"],
            "architecture": {"modality": "text->text"}},
        {"id": "qwen/qwen2.5-vl-7b", "created": 2000, "context_length": 32768,
            "pricing": {"prompt": "0", "completion": "0.0"}, "architecture": {"input_modalities": ["text", "image"]}},
        {"id": "openai/gpt-5", "pricing": {"prompt": "0.00000125", "completion": "0.00001"}},
        {"id": "odd/one", "pricing": {"prompt": "x"}}]}"#;

    fn ids(wanted: &Wanted) -> Vec<String> {
        choose(LIST, wanted).unwrap().into_iter().map(|model| model.id).collect()
    }

    #[test]
    fn free_models_are_filtered_and_ranked() {
        let all = Wanted { most: 9, now_ms: 3_000_000, ..Wanted::default() };
        let (llama, qwen) = ("meta-llama/llama-3.3-70b-instruct:free", "qwen/qwen2.5-vl-7b");
        assert_eq!(ids(&all), [qwen, llama]);
        assert_eq!(ids(&Wanted { min_params: 30, ..all.clone() }), [llama]);
        assert_eq!(ids(&Wanted { max_age_ms: Some(1_500_000), ..all.clone() }), [qwen]);
        assert_eq!(ids(&Wanted { maker: Some("Qwen".into()), ..all.clone() }), [qwen]);
        assert_eq!(ids(&Wanted { most: 1, ..all }), [qwen]);
        assert_eq!(params("a/mixtral-8x22b"), None);
        assert_eq!(params("a/qwen3-30b-a3b"), Some(30));
    }

    proptest! {
        #[test]
        fn any_body(body in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(choose(&body, &Wanted::default()));
        }
    }
}
