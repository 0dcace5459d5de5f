//! How much a Gemini model shall think.
//!
//! Source: guide "Thinking". Models since 3 take a level, those before a budget in tokens; both at once are refused.

use serde::Serialize;

use crate::ThinkingLevel;

/// The field `thinkingConfig`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThinkingConfig {
    include_thoughts: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_budget: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_level: Option<&'static str>,
}

/// The major version in `gemini-3-pro-preview`; other families have none.
pub(super) fn gemini_version(id: &str) -> Option<u32> {
    let rest = id.get(id.find("gemini-")? + "gemini-".len()..)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Tokens that remain for the answer beside the budget: both come out of `maxOutputTokens`.
const MIN_ANSWER: u32 = 1_024;

/// What to ask for, within `limit` for reasoning and answer together; nothing for models that are not known to think.
pub(super) fn asked(level: Option<ThinkingLevel>, model: &str, limit: Option<u32>) -> Option<ThinkingConfig> {
    let level = level?;
    let include_thoughts = level != ThinkingLevel::Off;
    let config = ThinkingConfig { include_thoughts, thinking_budget: None, thinking_level: None };
    match thinking_version(model)? {
        3.. => Some(ThinkingConfig { thinking_level: Some(word(level, model)), ..config }),
        2 => Some(ThinkingConfig {
            thinking_budget: Some(within(budget(level, model), (model, limit))),
            ..config
        }),
        _ => None,
    }
}

/// A name without a version (`gemini-flash-latest`) takes a budget: the newer ones still do.
fn thinking_version(model: &str) -> Option<u32> {
    let is_moving = model.contains("gemini-") && model.ends_with("-latest");
    gemini_version(model).or_else(|| is_moving.then_some(2))
}

/// What a level comes to; nothing for models that cannot be told.
pub(crate) fn level(level: ThinkingLevel, model: &str) -> Option<ThinkingLevel> {
    match thinking_version(model)? {
        3.. => Some(match word(level, model) {
            "MINIMAL" => ThinkingLevel::Minimal,
            "LOW" => ThinkingLevel::Low,
            "MEDIUM" => ThinkingLevel::Medium,
            _ => ThinkingLevel::High,
        }),
        2 if level == ThinkingLevel::Off && model.contains("pro") => Some(ThinkingLevel::Minimal),
        2 => Some(level.min(ThinkingLevel::High)),
        _ => None,
    }
}

/// Pro models know two levels and cannot stop thinking.
fn word(level: ThinkingLevel, model: &str) -> &'static str {
    match (level, model.contains("pro")) {
        (ThinkingLevel::Off | ThinkingLevel::Minimal, false) => "MINIMAL",
        (ThinkingLevel::Off | ThinkingLevel::Minimal | ThinkingLevel::Low, _) => "LOW",
        (ThinkingLevel::Medium, false) => "MEDIUM",
        (ThinkingLevel::Medium | ThinkingLevel::High | ThinkingLevel::XHigh, _) => "HIGH",
    }
}

/// Within the documented ranges: 128 to 32,768 for Pro, 0 to 24,576 for Flash, from 512 for Flash Lite.
fn budget(level: ThinkingLevel, model: &str) -> u32 {
    let pro = model.contains("pro");
    match level {
        ThinkingLevel::Off if pro => 128,
        ThinkingLevel::Off => 0,
        ThinkingLevel::Minimal => 512,
        ThinkingLevel::Low => 2_048,
        ThinkingLevel::Medium => 8_192,
        ThinkingLevel::High | ThinkingLevel::XHigh if pro => 32_768,
        ThinkingLevel::High | ThinkingLevel::XHigh => 24_576,
    }
}

/// A smaller budget where the answer would have no room, but none that the model refuses.
fn within(budget: u32, (model, limit): (&str, Option<u32>)) -> u32 {
    let least = match (model.contains("pro"), model.contains("lite")) {
        (true, _) => 128,
        (false, true) => 512,
        (false, false) => 0,
    };
    let room = limit.map_or(budget, |limit| limit.saturating_sub(MIN_ANSWER).max(least));
    budget.min(room)
}

#[cfg(test)]
mod tests {
    use super::{ThinkingConfig, asked, gemini_version};
    use crate::ThinkingLevel;

    #[test]
    fn the_form_follows_the_model() {
        let level = |include_thoughts, word| {
            Some(ThinkingConfig { include_thoughts, thinking_budget: None, thinking_level: Some(word) })
        };
        let budget = |include_thoughts, tokens| {
            Some(ThinkingConfig { include_thoughts, thinking_budget: Some(tokens), thinking_level: None })
        };
        let rows = [
            ("gemini-3-pro-preview", ThinkingLevel::Medium, level(true, "HIGH")),
            ("gemini-3-pro-preview", ThinkingLevel::Off, level(false, "LOW")),
            ("gemini-3-flash", ThinkingLevel::Off, level(false, "MINIMAL")),
            ("gemini-3.1-flash-lite", ThinkingLevel::Medium, level(true, "MEDIUM")),
            ("gemini-2.5-pro", ThinkingLevel::Off, budget(false, 128)),
            ("gemini-2.5-flash", ThinkingLevel::Off, budget(false, 0)),
            ("gemini-2.5-flash", ThinkingLevel::XHigh, budget(true, 24_576)),
            ("gemini-flash-latest", ThinkingLevel::Off, budget(false, 0)),
            ("gemini-flash-lite-latest", ThinkingLevel::Low, budget(true, 2_048)),
            ("gemini-1.5-pro", ThinkingLevel::High, None),
            ("gemma-3-27b", ThinkingLevel::High, None),
        ];
        for (model, asked_for, expected) in rows {
            assert_eq!(asked(Some(asked_for), model, None), expected, "{model}");
        }
        let small = |model, limit| asked(Some(ThinkingLevel::High), model, Some(limit));
        assert_eq!(small("gemini-2.5-flash", 4_096), budget(true, 3_072));
        assert_eq!(small("gemini-2.5-pro", 512), budget(true, 128));
        assert_eq!(small("gemini-2.5-flash-lite", 512), budget(true, 512));
        assert_eq!(asked(None, "gemini-3-pro", None), None);
        assert_eq!((gemini_version("gemini-10-x"), gemini_version("gemini-flash-latest")), (Some(10), None));
    }
}
