//! Which words for the effort of thinking a model knows, and what a level comes to with it.
//!
//! A word that a model does not know is a refused request, so the nearest one that it knows is sent. The names decide and
//! not the table of models: the same ones are served by several providers, with dates behind them, and newer ones than the
//! table has. Sources: OpenAI's model pages and guide "Reasoning models"; OpenRouter guide "Reasoning tokens"; xAI guide
//! "Reasoning".

use serde_json::Value;

use crate::ThinkingLevel::{self, High, Low, Medium, Minimal, Off, XHigh};
use crate::{ModelInfo, ReasoningForm, WireApi, anthropic, google};

/// What a level does to a model's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It thinks so hard, or not at all.
    Level(ThinkingLevel),
    /// It thinks; how hard it cannot be told.
    On,
    /// None: it does not think.
    Silent,
    /// None: parameters that the user set for the model decide.
    Params,
    /// None: its server cannot be told.
    Untold,
}

/// What `level` comes to with a model whose form of chat completions is known.
pub(crate) fn effect(info: &ModelInfo, level: ThinkingLevel) -> Effect {
    if !info.reasoning {
        return Effect::Silent;
    }
    if info.own_fields.decide_thinking() {
        return Effect::Params;
    }
    let switch = if level == Off { Effect::Level(Off) } else { Effect::On };
    match info.api {
        WireApi::OpenAiCompletions => match info.compat.reasoning_form.unwrap_or(ReasoningForm::Effort) {
            ReasoningForm::Effort => Effect::Level(effort(&info.id, level)),
            ReasoningForm::Object => routed_effort(&info.id, level).map_or(Effect::Untold, Effect::Level),
            ReasoningForm::Type => switch,
            ReasoningForm::Untold => Effect::Untold,
        },
        WireApi::OpenAiResponses => Effect::Level(effort(&info.id, level)),
        WireApi::AnthropicMessages => Effect::Level(anthropic::level(level, &info.id)),
        WireApi::GoogleGenerativeAi => google::level(level, &info.id).map_or(Effect::Untold, Effect::Level),
        WireApi::OllamaChat if knows_efforts(&info.id) => Effect::Level(effort(&info.id, level)),
        WireApi::OllamaChat => switch,
        WireApi::GithubCopilot | WireApi::BedrockConverseStream | WireApi::Cli | WireApi::Offline => {
            Effect::Untold
        }
    }
}

/// The word of the APIs that take an effort.
pub(crate) fn word(level: ThinkingLevel) -> &'static str {
    match level {
        Off => "none",
        Minimal | Low | Medium | High | XHigh => level.as_str(),
    }
}

/// The level nearest to `asked` of those that the model knows.
pub(crate) fn effort(id: &str, asked: ThinkingLevel) -> ThinkingLevel {
    nearest(known(name(id)).unwrap_or(USUAL), asked)
}

/// The same behind OpenRouter, which has a word for every level and finds the nearest of the model itself, but refuses to
/// stop one that always thinks. Nothing where it chooses the model and this cannot be known.
pub(crate) fn routed_effort(id: &str, asked: ThinkingLevel) -> Option<ThinkingLevel> {
    let name = name(id);
    let is_router = matches!(id, "auto" | "openrouter/auto" | "openrouter/free");
    let always = ALWAYS.iter().any(|part| name.contains(part)) || id.starts_with("openai/");
    match known(name) {
        Some(words) => Some(nearest(words, asked)),
        None if asked == Off && is_router => None,
        None if asked == Off && always => Some(if id.starts_with("openai/") { Low } else { Minimal }),
        None if id.starts_with("openai/") => Some(nearest(USUAL, asked)),
        None => Some(asked),
    }
}

/// Whether Ollama tells the model how hard and not only whether to think.
pub(crate) fn knows_efforts(id: &str) -> bool {
    name(id).starts_with("gpt-oss")
}

/// Whether a refusal says that the model does not know the word, or takes none, so that it is asked without.
pub(crate) fn refuses_effort(body: &[u8]) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return false };
    let error = &body["error"];
    let text = |field: &str| error[field].as_str().unwrap_or_default();
    let of_effort = text("param").ends_with("effort") || text("message").contains("reasoning_effort");
    let of_kind = matches!(text("code"), "unsupported_value" | "unsupported_parameter" | "invalid_value");
    // OpenRouter has no code for it.
    (of_effort && of_kind) || text("message").contains("Reasoning is mandatory")
}

/// What nearly every model with an effort knows.
const USUAL: &[ThinkingLevel] = &[Low, Medium, High];

/// Parts of the names of models that OpenRouter lists with mandatory reasoning.
const ALWAYS: &[&str] = &[
    "-thinking",
    "deepseek-r1",
    "minimax-m",
    "gemini-2.5-pro",
    "gemini-3-pro",
    "gpt-oss",
    "grok-4-0709",
    "grok-code",
];

/// A name as its maker has it: without the router's prefix, the variant behind a colon, and the date.
fn name(id: &str) -> &str {
    let name = id.rsplit('/').next().unwrap_or(id);
    let name = name.split(':').next().unwrap_or(name);
    let is_date = |tail: &str| {
        tail.starts_with('-') && tail.chars().all(|c| c == '-' || c.is_ascii_digit()) && tail.len() == 11
    };
    match name.len().checked_sub(11).and_then(|at| name.split_at_checked(at)) {
        Some((name, tail)) if is_date(tail) => name,
        Some(_) | None => name,
    }
}

/// The words of a model where they are not the usual ones.
fn known(name: &str) -> Option<&'static [ThinkingLevel]> {
    if name.starts_with("grok-3-mini") {
        return Some(&[Low, High]);
    }
    let (minor, kind) = gpt_5(name)?;
    Some(match (minor, kind) {
        (_, "chat" | "chat-latest") => &[Medium],
        (0 | 1, "pro") => &[High],
        (_, "pro") => &[Medium, High, XHigh],
        (1, "codex-max") => &[Low, Medium, High, XHigh],
        // Those who tried `low` disagree about this one.
        (1, "codex-mini") => &[Medium, High],
        (0 | 1, kind) if kind.starts_with("codex") => USUAL,
        (_, kind) if kind.starts_with("codex") => &[Low, Medium, High, XHigh],
        (0, "" | "mini" | "nano") => &[Minimal, Low, Medium, High],
        (1, "" | "mini" | "nano") => &[Off, Low, Medium, High],
        (_, "" | "mini" | "nano") => &[Off, Low, Medium, High, XHigh],
        _ => USUAL,
    })
}

/// The minor version and what follows it in `gpt-5.1-codex-max`.
fn gpt_5(name: &str) -> Option<(u32, &str)> {
    let rest = name.strip_prefix("gpt-5")?;
    let (minor, rest) = match rest.strip_prefix('.') {
        None => (0, rest),
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            (rest.get(..end)?.parse().ok()?, rest.get(end..)?)
        }
    };
    if rest.is_empty() { Some((minor, "")) } else { rest.strip_prefix('-').map(|kind| (minor, kind)) }
}

/// Rather less than was asked for, but some where some was asked for, and the least where none was.
fn nearest(words: &[ThinkingLevel], asked: ThinkingLevel) -> ThinkingLevel {
    let some = || words.iter().copied().filter(|level| *level != Off);
    if words.contains(&asked) {
        return asked;
    }
    match asked {
        Off => words.first().copied().unwrap_or(Low),
        Minimal | Low | Medium | High | XHigh => {
            some().rfind(|level| *level <= asked).or_else(|| some().next()).unwrap_or(asked)
        }
    }
}

/// Whether a model that no table knows thinks, as its family does: Claude since 3.7, GLM since 4.5.
pub(crate) fn reasons_by_name(id: &str) -> bool {
    let name = name(id);
    let glm = name.strip_prefix("glm-").and_then(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (major, minor) = rest.get(..end)?.split_once('.').unwrap_or((rest.get(..end)?, "0"));
        Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?))
    });
    glm.is_some_and(|version| version >= (4, 5))
        || anthropic::claude_version(name).is_some_and(|version| version >= (3, 7))
}

#[cfg(test)]
mod tests {
    use super::{Effect, effect, effort, name, reasons_by_name, refuses_effort, routed_effort};
    use crate::ThinkingLevel::{self, High, Low, Medium, Minimal, Off, XHigh};
    use crate::catalog::table::builtin_models;
    use crate::{ModelInfo, ModelRequest, OwnFields, ReasoningForm, WireApi, openai, responses};
    use openclaw_testkit::strict::efforts;
    use serde_json::{Value, json};

    fn reasoning(id: &str, api: WireApi) -> ModelInfo {
        ModelInfo { reasoning: true, ..ModelInfo::new("openai", id, api) }
    }

    fn body(bytes: Vec<u8>) -> Value {
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn every_built_in_model_of_openai_gets_a_word_that_it_knows() {
        for id in builtin_models("openai").filter(|row| row.reasoning).map(|row| row.id) {
            let words = efforts(id);
            assert_ne!(words, efforts("nobody knows"), "{id} is in the strict table");
            for level in ThinkingLevel::ALL {
                let request = ModelRequest { thinking: Some(level), ..ModelRequest::default() };
                let sent = [
                    body(responses::encode(&request, &reasoning(id, WireApi::OpenAiResponses)).unwrap())["reasoning"]
                        ["effort"]
                        .clone(),
                    body(openai::encode(&request, &reasoning(id, WireApi::OpenAiCompletions)).unwrap())["reasoning_effort"]
                        .clone(),
                ];
                for word in sent {
                    let word = word.as_str().unwrap_or_else(|| panic!("{id} {level:?}: nothing is sent"));
                    assert!(words.contains(&word), "{id} {level:?}: {word}");
                    // What it knows it is given, and it is stopped where it can be.
                    assert!(!words.contains(&level.as_str()) || word == level.as_str(), "{id} {level:?}");
                    assert!(level != Off || word == words[0], "{id}: {word}");
                }
            }
        }
    }

    #[test]
    fn names_with_dates_and_prefixes_are_the_same_models() {
        for id in ["gpt-5-pro-2025-10-06", "openai/gpt-5-pro", "openai/gpt-5-pro:beta"] {
            assert_eq!(name(id), "gpt-5-pro");
            assert_eq!(effort(id, Low), High);
        }
        assert_eq!((effort("gpt-5.4", XHigh), effort("gpt-5.4-pro", Off)), (XHigh, Medium));
        assert_eq!((effort("some-model", XHigh), effort("some-model", Off)), (High, Low));
        assert_eq!((effort("grok-3-mini", Medium), name("é-2025")), (Low, "é-2025"));
    }

    #[test]
    fn openrouter_is_told_none_but_for_those_that_always_think() {
        let rows = [
            ("anthropic/claude-opus-4.6", Off, Some(Off)),
            ("anthropic/claude-opus-4.6", XHigh, Some(XHigh)),
            ("moonshotai/kimi-k2-thinking", Off, Some(Minimal)),
            ("google/gemini-2.5-pro", Off, Some(Minimal)),
            ("google/gemini-2.5-flash", Off, Some(Off)),
            ("openai/gpt-5-pro", Low, Some(High)),
            ("openai/o3", Off, Some(Low)),
            ("openai/gpt-oss-20b:free", XHigh, Some(High)),
            ("openrouter/auto", Off, None),
            ("openrouter/auto", Low, Some(Low)),
        ];
        for (id, asked, expected) in rows {
            assert_eq!(routed_effort(id, asked), expected, "{id}");
        }
        let mut info = reasoning("anthropic/claude-opus-4.6", WireApi::OpenAiCompletions);
        info.compat.reasoning_form = Some(ReasoningForm::Object);
        let request = ModelRequest { thinking: Some(Off), ..ModelRequest::default() };
        assert_eq!(body(openai::encode(&request, &info).unwrap())["reasoning"], json!({"effort": "none"}));
    }

    #[test]
    fn what_a_level_comes_to() {
        let mut own = reasoning("m", WireApi::OpenAiCompletions);
        let params = json!({"reasoning_effort": "low"});
        own.own_fields = OwnFields::new(own.api, params.as_object().unwrap());
        let mut untold = reasoning("m", WireApi::OpenAiCompletions);
        untold.compat.reasoning_form = Some(ReasoningForm::Untold);
        let mut switched = untold.clone();
        switched.compat.reasoning_form = Some(ReasoningForm::Type);
        let rows = [
            (ModelInfo::new("p", "m", WireApi::OpenAiCompletions), High, Effect::Silent),
            (own, High, Effect::Params),
            (untold, High, Effect::Untold),
            (switched.clone(), High, Effect::On),
            (switched, Off, Effect::Level(Off)),
            (reasoning("gpt-5", WireApi::OpenAiResponses), Off, Effect::Level(Minimal)),
            (reasoning("gpt-5.2", WireApi::OpenAiResponses), XHigh, Effect::Level(XHigh)),
            (reasoning("claude-opus-4-5", WireApi::AnthropicMessages), XHigh, Effect::Level(XHigh)),
            (reasoning("claude-opus-4-6", WireApi::AnthropicMessages), XHigh, Effect::Level(XHigh)),
            (reasoning("claude-sonnet-4-6", WireApi::AnthropicMessages), XHigh, Effect::Level(High)),
            (reasoning("claude-opus-4-6", WireApi::AnthropicMessages), Off, Effect::Level(Off)),
            (reasoning("gemini-2.5-pro", WireApi::GoogleGenerativeAi), Off, Effect::Level(Minimal)),
            (reasoning("gemini-3-pro-preview", WireApi::GoogleGenerativeAi), Medium, Effect::Level(High)),
            (reasoning("gemini-flash-latest", WireApi::GoogleGenerativeAi), Off, Effect::Level(Off)),
            (reasoning("gemma-3", WireApi::GoogleGenerativeAi), Off, Effect::Untold),
            (reasoning("gpt-oss:20b", WireApi::OllamaChat), Off, Effect::Level(Low)),
            (reasoning("qwen3:8b", WireApi::OllamaChat), Low, Effect::On),
        ];
        for (info, level, expected) in rows {
            assert_eq!(effect(&info, level), expected, "{} {level:?}", info.id);
        }
    }

    #[test]
    fn refusals_that_name_the_effort() {
        let of = |code: &str, param: &str| {
            refuses_effort(
                json!({"error": {"message": "x", "code": code, "param": param}}).to_string().as_bytes(),
            )
        };
        assert!(of("unsupported_value", "reasoning_effort") && of("unsupported_value", "reasoning.effort"));
        assert!(of("unsupported_parameter", "reasoning.effort"));
        let copilot = r#"{"error":{"message":"'reasoning_effort' does not support 'xhigh'","code":"unsupported_value"}}"#;
        assert!(refuses_effort(copilot.as_bytes()));
        assert!(!of("unsupported_value", "temperature") && !of("rate_limit_exceeded", "reasoning_effort"));
        let mandatory = br#"{"error":{"code":400,"message":"Reasoning is mandatory for this endpoint and cannot be disabled."}}"#;
        assert!(refuses_effort(mandatory) && !refuses_effort(b"<html>") && !refuses_effort(b"[]"));
    }

    #[test]
    fn families_think() {
        for id in [
            "claude-opus-4-7",
            "anthropic/claude-sonnet-4.6",
            "claude-3-7-sonnet-latest",
            "glm-5",
            "glm-4.5-x",
        ] {
            assert!(reasons_by_name(id), "{id}");
        }
        for id in ["claude-3-5-haiku-latest", "claude-latest", "glm-4-plus", "glm-4.1v", "gpt-4o", "glm-"] {
            assert!(!reasons_by_name(id), "{id}");
        }
    }
}
