//! Short names that come with the program, and spellings that are taken for others.

use super::providers::builtin_provider;

/// Short names of models. They stand behind whatever the user calls so.
pub const BUILTIN_ALIASES: &[(&str, &str)] = &[
    ("opus", "anthropic/claude-opus-4-6"),
    ("sonnet", "anthropic/claude-sonnet-4-5"),
    ("gpt", "openai/gpt-5.2"),
    ("gpt-mini", "openai/gpt-5-mini"),
    ("gemini", "google/gemini-3-pro-preview"),
    ("gemini-flash", "google/gemini-3-flash-preview"),
];

/// Model ids that people write and providers do not know.
const MODEL_SPELLINGS: &[(&str, &str, &str)] = &[
    ("anthropic", "opus-4.6", "claude-opus-4-6"),
    ("anthropic", "opus-4.5", "claude-opus-4-5"),
    ("anthropic", "sonnet-4.5", "claude-sonnet-4-5"),
    ("google", "gemini-3-pro", "gemini-3-pro-preview"),
    ("google", "gemini-3-flash", "gemini-3-flash-preview"),
];

/// The one spelling of a provider's id: lower case, and the built-in one where there are several.
#[must_use]
pub fn canonical_provider(id: &str) -> String {
    builtin_provider(id).map_or_else(|| id.trim().to_ascii_lowercase(), |provider| provider.id.to_owned())
}

/// The id under which a provider knows a model.
#[must_use]
pub fn canonical_model(provider: &str, model: &str) -> String {
    let spelling = MODEL_SPELLINGS
        .iter()
        .find(|(of, written, _)| *of == provider && written.eq_ignore_ascii_case(model));
    spelling.map_or(model, |(_, _, known)| known).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{canonical_model, canonical_provider};

    #[test]
    fn spellings_become_one() {
        let rows = [("Z.AI", "zai"), ("opencode-zen", "opencode"), ("My-Proxy", "my-proxy"), (" x ", "x")];
        for (written, expected) in rows {
            assert_eq!(canonical_provider(written), expected);
        }
        assert_eq!(canonical_model("anthropic", "Opus-4.6"), "claude-opus-4-6");
        assert_eq!(canonical_model("openrouter", "opus-4.6"), "opus-4.6");
    }
}
