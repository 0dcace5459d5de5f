//! Which form of thinking a model takes, and how much.
//!
//! Source: guides "Extended thinking" and "Adaptive thinking". Models before 4.6 take a budget in tokens; those since
//! 4.6 decide themselves and take an effort, and the newest refuse a budget.

use serde::Serialize;
use serde_json::Value;

use crate::ThinkingLevel;

/// Least budget that the API takes.
const MIN_BUDGET: u32 = 1_024;
/// Tokens that remain for the answer beside the budget.
const MIN_ANSWER: u32 = 1_024;

/// The field `thinking`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Thinking {
    Enabled { budget_tokens: u32 },
    Adaptive,
}

/// The field `output_config`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct OutputConfig {
    effort: &'static str,
}

/// The version in a model id, `claude-opus-4-6` or `claude-3-7-sonnet-20250219`: the first one or two short numbers.
/// Models that other companies serve through this API have none.
pub(crate) fn claude_version(id: &str) -> Option<(u32, u32)> {
    let id = id.get(id.find("claude")?..)?;
    let mut parts = id.split(['-', '.', '@', ':']).skip_while(|part| small_number(part).is_none());
    let major = small_number(parts.next()?)?;
    Some((major, parts.next().and_then(small_number).unwrap_or(0)))
}

/// Dates have eight digits and are no versions.
fn small_number(part: &str) -> Option<u32> {
    (part.len() <= 2).then(|| part.parse().ok()).flatten()
}

/// What to ask for, within `max_tokens` for reasoning and answer together.
pub(super) fn asked(
    level: Option<ThinkingLevel>,
    model: &str,
    max_tokens: u32,
) -> (Option<Thinking>, Option<OutputConfig>) {
    let Some(level) = level.filter(|level| *level != ThinkingLevel::Off) else { return (None, None) };
    if claude_version(model).is_some_and(|version| version >= (4, 6)) {
        return (Some(Thinking::Adaptive), Some(OutputConfig { effort: effort(level, model) }));
    }
    let budget_tokens = budget(level).min(max_tokens.saturating_sub(MIN_ANSWER));
    let enabled = (budget_tokens >= MIN_BUDGET).then_some(Thinking::Enabled { budget_tokens });
    (enabled, None)
}

/// What a level comes to.
pub(crate) fn level(level: ThinkingLevel, model: &str) -> ThinkingLevel {
    if level == ThinkingLevel::Off || claude_version(model).is_none_or(|version| version < OPUS_4_6) {
        return level;
    }
    match effort(level, model) {
        "low" => ThinkingLevel::Low,
        "medium" => ThinkingLevel::Medium,
        "high" => ThinkingLevel::High,
        _ => ThinkingLevel::XHigh,
    }
}

/// Whether the model thinks between the calls of a turn only when a header asks for it: those of version 4 that take a
/// budget. Without it they think before the first call alone.
pub(super) fn needs_interleaving(model: &str) -> bool {
    claude_version(model).is_some_and(|version| ((4, 0)..OPUS_4_6).contains(&version))
}

/// What the user set for the model, within the same limits. What the API would not understand asks for nothing.
pub(super) fn own(wish: &Value, max_tokens: u32) -> Option<Thinking> {
    match wish["type"].as_str()? {
        "adaptive" => Some(Thinking::Adaptive),
        "enabled" => {
            let budget = wish["budget_tokens"]
                .as_u64()
                .map_or(MIN_BUDGET, |tokens| u32::try_from(tokens).unwrap_or(u32::MAX));
            let budget_tokens = budget.max(MIN_BUDGET).min(max_tokens.saturating_sub(MIN_ANSWER));
            (budget_tokens >= MIN_BUDGET).then_some(Thinking::Enabled { budget_tokens })
        }
        _ => None,
    }
}

/// The first models that sample in their own way alone and know one more effort: "Migrating to Claude Opus 4.7".
const OWN_SAMPLING: (u32, u32) = (4, 7);

fn is_newer(model: &str) -> bool {
    claude_version(model).is_some_and(|version| version >= OWN_SAMPLING)
}

/// Whether a temperature is not refused.
pub(super) fn takes_temperature(model: &str) -> bool {
    !is_newer(model)
}

/// The most that Opus 4.6 takes; it has no word between this and `high`, and no other model of its version has it.
const OPUS_4_6: (u32, u32) = (4, 6);

fn effort(level: ThinkingLevel, model: &str) -> &'static str {
    let is_opus = claude_version(model) == Some(OPUS_4_6) && model.contains("opus");
    match level {
        ThinkingLevel::XHigh if is_newer(model) => "xhigh",
        ThinkingLevel::XHigh if is_opus => "max",
        ThinkingLevel::Off | ThinkingLevel::Minimal | ThinkingLevel::Low => "low",
        ThinkingLevel::Medium => "medium",
        ThinkingLevel::High | ThinkingLevel::XHigh => "high",
    }
}

fn budget(level: ThinkingLevel) -> u32 {
    match level {
        ThinkingLevel::Off | ThinkingLevel::Minimal => MIN_BUDGET,
        ThinkingLevel::Low => 2_048,
        ThinkingLevel::Medium => 8_192,
        ThinkingLevel::High => 16_384,
        ThinkingLevel::XHigh => 32_768,
    }
}

#[cfg(test)]
mod tests {
    use super::{OutputConfig, Thinking, asked, claude_version, own, takes_temperature};
    use crate::ThinkingLevel;
    use serde_json::json;

    #[test]
    fn versions_of_model_ids() {
        let rows = [
            ("claude-opus-4-6", Some((4, 6))),
            ("claude-sonnet-4-5-20250929", Some((4, 5))),
            ("claude-sonnet-4-20250514", Some((4, 0))),
            ("claude-3-7-sonnet-20250219", Some((3, 7))),
            ("anthropic/claude-opus-5.1", Some((5, 1))),
            ("claude-opus-5", Some((5, 0))),
            ("claude-latest", None),
            ("MiniMax-M2.1", None),
            ("kimi-k2-thinking", None),
        ];
        for (id, expected) in rows {
            assert_eq!(claude_version(id), expected, "{id}");
        }
    }

    #[test]
    fn the_form_follows_the_model() {
        let high = Some(ThinkingLevel::High);
        let budget = |budget_tokens| (Some(Thinking::Enabled { budget_tokens }), None);
        assert_eq!(asked(high, "claude-sonnet-4-5", 64_000), budget(16_384));
        assert_eq!(asked(high, "claude-sonnet-4-5", 4_096), budget(3_072));
        assert_eq!(asked(high, "claude-sonnet-4-5", 1_500), (None, None));
        assert_eq!(asked(Some(ThinkingLevel::Off), "claude-opus-4-6", 64_000), (None, None));
        assert_eq!(asked(None, "claude-opus-4-6", 64_000), (None, None));
        let adaptive = (Some(Thinking::Adaptive), Some(OutputConfig { effort: "high" }));
        assert_eq!(asked(high, "claude-opus-5", 64_000), adaptive);
        let most = |model| asked(Some(ThinkingLevel::XHigh), model, 64_000).1;
        assert_eq!(most("claude-opus-4-6"), Some(OutputConfig { effort: "max" }));
        assert_eq!(most("claude-sonnet-4-6"), Some(OutputConfig { effort: "high" }));
        assert_eq!(most("claude-opus-4-7"), Some(OutputConfig { effort: "xhigh" }));
        assert!(takes_temperature("claude-opus-4-6") && takes_temperature("MiniMax-M2.1"));
        assert!(!takes_temperature("claude-opus-4-7") && !takes_temperature("claude-sonnet-5"));
    }

    #[test]
    fn what_the_user_set_stays_within_the_limits() {
        let enabled = |tokens: u64| json!({"type": "enabled", "budget_tokens": tokens});
        let budget = |budget_tokens| Some(Thinking::Enabled { budget_tokens });
        assert_eq!(own(&enabled(8_000), 32_000), budget(8_000));
        assert_eq!(own(&enabled(8_000), 4_096), budget(3_072));
        assert_eq!(own(&enabled(10), 4_096), budget(1_024));
        assert_eq!(own(&enabled(u64::MAX), 1_500), None);
        assert_eq!(own(&json!({"type": "adaptive"}), 10), Some(Thinking::Adaptive));
        for nothing in [json!({"type": "disabled"}), json!("high"), json!({"type": 1}), json!({})] {
            assert_eq!(own(&nothing, 32_000), None, "{nothing}");
        }
    }
}
