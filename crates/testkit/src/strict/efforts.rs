//! Which words for the effort of reasoning a model takes. Source: OpenAI's pages of its models, as of 2026-02.

const ALL: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh"];
const USUAL: &[&str] = &["low", "medium", "high"];

const MODELS: &[(&str, &[&str])] = &[
    ("codex-mini-latest", USUAL),
    ("gpt-5", &["minimal", "low", "medium", "high"]),
    ("gpt-5-codex", USUAL),
    ("gpt-5-mini", &["minimal", "low", "medium", "high"]),
    ("gpt-5-nano", &["minimal", "low", "medium", "high"]),
    ("gpt-5-pro", &["high"]),
    ("gpt-5.1", &["none", "low", "medium", "high"]),
    ("gpt-5.1-chat-latest", &["medium"]),
    ("gpt-5.1-codex", USUAL),
    ("gpt-5.1-codex-max", &["low", "medium", "high", "xhigh"]),
    ("gpt-5.1-codex-mini", &["medium", "high"]),
    ("gpt-5.2", &["none", "low", "medium", "high", "xhigh"]),
    ("gpt-5.2-chat-latest", &["medium"]),
    ("gpt-5.2-codex", &["low", "medium", "high", "xhigh"]),
    ("gpt-5.2-pro", &["medium", "high", "xhigh"]),
    ("gpt-5.3-codex", &["low", "medium", "high", "xhigh"]),
    ("o1", USUAL),
    ("o1-pro", USUAL),
    ("o3", USUAL),
    ("o3-mini", USUAL),
    ("o3-pro", USUAL),
    ("o4-mini", USUAL),
];

/// The words of a model; those of all for one that nobody knows.
#[must_use]
pub fn efforts(model: &str) -> &'static [&'static str] {
    MODELS.iter().find(|(id, _)| *id == model).map_or(ALL, |(_, words)| words)
}
