//! The model file on this machine.

use std::path::PathBuf;

use openclaw_config::EmbeddingLocal;

use super::problem::ResolveProblem;

/// The model if the configuration names none, as in OpenClaw 2026.2.9.
pub const DEFAULT_LOCAL_MODEL: &str = "hf:ggml-org/embeddinggemma-300M-GGUF/embeddinggemma-300M-Q8_0.gguf";

/// A model that runs on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalSpec {
    /// The model.
    pub model: LocalModel,
    /// `local.modelCacheDir` as configured.
    pub cache_dir: Option<String>,
}

/// Where a model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalModel {
    /// A file that exists.
    File(PathBuf),
    /// To be fetched once: `hf:<owner>/<repository>/<file>` or `https://...`.
    Address(String),
}

pub(super) type FindFile<'a> = &'a dyn Fn(&str) -> Option<PathBuf>;

/// The file of `local.modelPath`, if there is one.
pub(super) fn file(local: &EmbeddingLocal, find: FindFile<'_>) -> Option<LocalSpec> {
    let path = given(local).filter(|path| !is_address(path))?;
    Some(LocalSpec { model: LocalModel::File(find(path)?), cache_dir: local.model_cache_dir.clone() })
}

/// The model that `provider: "local"` means.
pub(super) fn asked(local: &EmbeddingLocal, find: FindFile<'_>) -> Result<LocalSpec, ResolveProblem> {
    let address = match given(local) {
        None => DEFAULT_LOCAL_MODEL,
        Some(address) if is_address(address) => address,
        Some(path) => {
            let missing = || ResolveProblem::ModelFileMissing { path: path.to_owned() };
            return file(local, find).ok_or_else(missing);
        }
    };
    let model = LocalModel::Address(address.to_owned());
    Ok(LocalSpec { model, cache_dir: local.model_cache_dir.clone() })
}

fn given(local: &EmbeddingLocal) -> Option<&str> {
    local.model_path.as_deref().map(str::trim).filter(|path| !path.is_empty())
}

fn is_address(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    ["hf:", "http:", "https:"].iter().any(|scheme| path.starts_with(scheme))
}
