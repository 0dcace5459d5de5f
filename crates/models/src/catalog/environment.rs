//! What the environment says about models.

use openclaw_guard::Secret;

/// Where OpenAI's API is.
pub const OPENAI_BASE_URL: &str = "https://api.openai.com/v1";
/// The model when only a key is set: inexpensive, reads images, calls tools.
pub const DEFAULT_OPENAI_MODEL: &str = "gpt-5-mini";

/// The variables this room reads, taken once so that tests need no real environment.
#[derive(Clone, Default)]
pub struct Environment {
    /// `OPENAI_API_KEY`.
    pub openai_api_key: Option<Secret>,
    /// `OPENAI_BASE_URL`, with the version.
    pub openai_base_url: Option<String>,
    /// `OPENAI_MODEL`, the default model when the configuration names none.
    pub openai_model: Option<String>,
}

impl Environment {
    /// Reads the variables through `get`; blank ones count as absent.
    #[must_use]
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let text =
            |name: &str| get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        Self {
            openai_api_key: text("OPENAI_API_KEY").map(Secret::new),
            openai_base_url: text("OPENAI_BASE_URL"),
            openai_model: text("OPENAI_MODEL"),
        }
    }

    /// Whether the environment alone makes `openai` usable: by a key, or by a server of one's own and its model.
    #[must_use]
    pub fn offers_openai(&self) -> bool {
        self.openai_api_key.is_some() || (self.openai_base_url.is_some() && self.openai_model.is_some())
    }

    /// The model that the environment stands for.
    #[must_use]
    pub fn model(&self) -> &str {
        self.openai_model.as_deref().unwrap_or(DEFAULT_OPENAI_MODEL)
    }
}
