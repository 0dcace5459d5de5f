//! `provider/model`, and what people write in its place.

use std::fmt;

use super::table::{canonical_model, canonical_provider};

/// The provider of a reference that names none.
pub const ASSUMED_PROVIDER: &str = "anthropic";

/// A model of a provider, both in the one spelling that the catalog uses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    /// Provider id.
    pub provider: String,
    /// Model id within the provider; may contain slashes.
    pub model: String,
}

impl Reference {
    /// Of a provider's and a model's id, in whatever spelling.
    #[must_use]
    pub fn new(provider: &str, model: &str) -> Self {
        let provider = canonical_provider(provider);
        let model = canonical_model(&provider, model.trim());
        Self { provider, model }
    }

    /// Of `provider/model`; nothing when one of the two is missing. The first slash counts.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (provider, model) = text.trim().split_once('/')?;
        let (provider, model) = (provider.trim(), model.trim());
        (!provider.is_empty() && !model.is_empty()).then(|| Self::new(provider, model))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}

/// How a reference was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Naming {
    /// It was written out.
    Full,
    /// By a short name.
    Alias,
    /// By the id of the one configured model that has it.
    OnlyModel,
    /// It named no provider, and [`ASSUMED_PROVIDER`] was taken.
    Assumed {
        /// What was written.
        written: String,
        /// Whether another built-in provider has a model of this id.
        meant: Option<String>,
    },
}

impl Naming {
    /// What a user should hear of it: something was assumed.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        match self {
            Self::Full | Self::Alias | Self::OnlyModel => None,
            Self::Assumed { written, meant } => {
                let better = meant.clone().unwrap_or_else(|| format!("{ASSUMED_PROVIDER}/{written}"));
                Some(format!(
                    "The model \"{written}\" names no provider, so {ASSUMED_PROVIDER}/{written} is taken. Write \"{better}\"."
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Reference;

    #[test]
    fn the_first_slash_divides_and_spellings_become_one() {
        let rows = [
            ("z.ai/glm-4.7", Some("zai/glm-4.7")),
            ("OpenRouter/moonshotai/kimi-k2", Some("openrouter/moonshotai/kimi-k2")),
            (" anthropic/opus-4.6 ", Some("anthropic/claude-opus-4-6")),
            ("mock/", None),
            ("/m", None),
            ("m", None),
        ];
        for (text, expected) in rows {
            assert_eq!(Reference::parse(text).map(|it| it.to_string()).as_deref(), expected, "{text}");
        }
    }
}
