//! What local servers say of their models. Sources: Ollama API ("List Local Models", "Show Model Information"), LM Studio
//! REST API v0 ("GET /api/v0/models").

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{InputKind, ModelInfo};

/// A model of a server on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalModel {
    /// Its id.
    pub id: String,
    /// Tokens of prompt and answer together that it was trained for.
    pub context_window: Option<u32>,
    /// The window that the server runs it with, where it says so: prompts beyond it are cut.
    pub running_window: Option<u32>,
    /// Whether it calls tools.
    pub calls_tools: bool,
    /// Whether it looks at images.
    pub sees_images: bool,
    /// Whether it thinks before it answers.
    pub reasoning: bool,
    /// Whether it can hold a conversation; models for vectors cannot.
    pub converses: bool,
}

impl LocalModel {
    /// Fills in what is known, where the user has not said otherwise.
    pub(crate) fn lay_under(&self, info: &mut ModelInfo, is_window_set: bool) {
        if let (false, Some(window)) = (is_window_set, self.running_window.or(self.context_window)) {
            info.context_window = window;
        }
        info.calls_tools = self.calls_tools;
        info.reasoning |= self.reasoning;
        if self.sees_images && !info.input.contains(&InputKind::Image) {
            info.input.push(InputKind::Image);
        }
    }
}

/// The window that Ollama is asked to run a model with when nothing says otherwise, in tokens. Its own default, 4096, is
/// filled by the prompt of an agent with its tools; the memory for this many is one to two gigabytes with a model of eight
/// billion parameters.
pub(crate) const OLLAMA_WINDOW: u32 = 16_384;

#[derive(Deserialize)]
struct Tags {
    #[serde(default)]
    models: Vec<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
}

/// The names in an answer of `GET /api/tags`.
#[must_use]
pub fn ollama_names(body: &[u8]) -> Option<Vec<String>> {
    let tags: Tags = serde_json::from_slice(body).ok()?;
    Some(tags.models.into_iter().map(|tag| tag.name).collect())
}

#[derive(Deserialize)]
struct Show {
    #[serde(default)]
    capabilities: Option<Vec<String>>,
    #[serde(default)]
    model_info: Map<String, Value>,
    #[serde(default)]
    parameters: String,
    #[serde(default)]
    template: String,
}

/// The model of an answer of `POST /api/show`.
#[must_use]
pub fn ollama_model(id: &str, body: &[u8]) -> Option<LocalModel> {
    let show: Show = serde_json::from_slice(body).ok()?;
    let window = show.model_info.get("general.architecture").and_then(Value::as_str).and_then(|arch| {
        let count = show.model_info.get(&format!("{arch}.context_length"))?.as_u64()?;
        u32::try_from(count).ok()
    });
    let set = show.parameters.lines().find_map(|line| {
        let (name, value) = line.trim().split_once(char::is_whitespace)?;
        (name == "num_ctx").then(|| value.trim().parse().ok()).flatten()
    });
    let can = |what: &str| show.capabilities.as_ref().map(|all| all.iter().any(|one| one == what));
    Some(LocalModel {
        id: id.to_owned(),
        context_window: window,
        running_window: Some(set.unwrap_or_else(|| window.unwrap_or(u32::MAX).min(OLLAMA_WINDOW))),
        // Servers before 0.6.4 name no capabilities; a template with tools is then what tells.
        calls_tools: can("tools").unwrap_or_else(|| show.template.contains(".Tools")),
        sees_images: can("vision").unwrap_or(false),
        reasoning: can("thinking").unwrap_or(false),
        converses: can("completion").unwrap_or(true),
    })
}

#[derive(Deserialize)]
struct StudioList {
    data: Vec<StudioModel>,
}

#[derive(Deserialize)]
struct StudioModel {
    id: String,
    #[serde(rename = "type", default)]
    kind: String,
    max_context_length: Option<u32>,
    loaded_context_length: Option<u32>,
    #[serde(default)]
    capabilities: Vec<String>,
}

/// The models in an answer of `GET /api/v0/models`.
#[must_use]
pub fn lm_studio_models(body: &[u8]) -> Option<Vec<LocalModel>> {
    let list: StudioList = serde_json::from_slice(body).ok()?;
    let model = |model: StudioModel| LocalModel {
        context_window: model.max_context_length,
        running_window: model.loaded_context_length,
        calls_tools: model.capabilities.iter().any(|one| one == "tool_use"),
        sees_images: model.kind == "vlm",
        reasoning: false,
        converses: model.kind != "embeddings",
        id: model.id,
    };
    Some(list.data.into_iter().map(model).collect())
}

#[cfg(test)]
mod tests {
    use super::{lm_studio_models, ollama_model, ollama_names};
    use crate::{InputKind, ModelInfo, WireApi};
    use proptest::prelude::*;

    const SHOW: &[u8] =
        br#"{"license": "l", "parameters": "num_ctx                        16384\nstop  \"x\"",
        "template": "{{ .Prompt }}", "details": {"family": "qwen3"},
        "model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40960},
        "capabilities": ["completion", "tools", "vision", "thinking"]}"#;

    #[test]
    fn what_ollama_says() {
        let tags = br#"{"models": [{"name": "qwen3:8b", "model": "qwen3:8b", "size": 1}, {"name": "nomic-embed-text:latest"}]}"#;
        assert_eq!(ollama_names(tags).unwrap(), ["qwen3:8b", "nomic-embed-text:latest"]);
        let model = ollama_model("qwen3:8b", SHOW).unwrap();
        assert_eq!((model.context_window, model.running_window), (Some(40_960), Some(16_384)));
        assert!(model.calls_tools && model.sees_images && model.reasoning && model.converses);
        let plain = ollama_model(
            "m",
            br#"{"model_info": {"general.architecture": "a", "a.context_length": 131072}}"#,
        );
        let plain = plain.unwrap();
        assert_eq!((plain.context_window, plain.running_window), (Some(131_072), Some(16_384)));
        assert!(!plain.calls_tools && plain.converses);
        let old = ollama_model("m", br#"{"template": "{{- if .Tools }}"}"#).unwrap();
        assert!(old.calls_tools);
        let vectors = ollama_model("m", br#"{"capabilities": ["embedding"]}"#).unwrap();
        assert!(!vectors.converses);
    }

    #[test]
    fn what_lm_studio_says() {
        let body = br#"{"object": "list", "data": [
            {"id": "qwen2-vl-7b-instruct", "type": "vlm", "state": "not-loaded", "max_context_length": 32768},
            {"id": "llama", "type": "llm", "state": "loaded", "max_context_length": 131072,
                "loaded_context_length": 8192, "capabilities": ["tool_use"]},
            {"id": "nomic", "type": "embeddings", "max_context_length": 2048}]}"#;
        let models = lm_studio_models(body).unwrap();
        let seen: Vec<_> = models.iter().map(|it| (it.sees_images, it.calls_tools, it.converses)).collect();
        assert_eq!(seen, [(true, false, true), (false, true, true), (false, false, false)]);
        assert_eq!(models[1].running_window, Some(8_192));
    }

    #[test]
    fn the_description_is_filled_and_what_the_user_set_stays() {
        let model = ollama_model("m", SHOW).unwrap();
        let mut info = ModelInfo::new("ollama", "m", WireApi::OpenAiCompletions);
        model.lay_under(&mut info, false);
        assert_eq!((info.context_window, info.calls_tools, info.reasoning), (16_384, true, true));
        assert_eq!(info.input, [InputKind::Text, InputKind::Image]);
        info.context_window = 1_000;
        model.lay_under(&mut info, true);
        assert_eq!(info.context_window, 1_000);
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_passed_over(body in prop::collection::vec(any::<u8>(), 0..300)) {
            drop((ollama_names(&body), ollama_model("m", &body), lm_studio_models(&body)));
        }
    }
}
