//! What a user may add to a model's requests (`agents.defaults.models.*.params`), and where it goes.
//!
//! Only what a table names is sent: nothing in it can put another model, another conversation, other tools or another kind
//! of answer in the place of ours. Sources: the API references of OpenAI ("Chat", "Responses"), Anthropic ("Messages"),
//! Google ("GenerationConfig"), Z.AI ("Chat Completion"), OpenRouter ("Parameters"), Ollama ("Generate a chat message").

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::WireApi;

/// Fields of the request body that the user set for a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OwnFields {
    /// Beside the model's name.
    body: Arc<Map<String, Value>>,
    /// Beside the temperature, where an API keeps that apart.
    sampling: Arc<Map<String, Value>>,
    /// Whether one of them says how the model thinks.
    about_thinking: bool,
}

/// Fields as a request carries them.
pub(crate) type Fields<'a> = BTreeMap<&'a str, &'a Value>;

impl OwnFields {
    /// Those of the parameters that the API takes.
    #[must_use]
    pub fn new(api: WireApi, params: &Map<String, Value>) -> Self {
        let (mut body, mut sampling, mut about_thinking) = (Map::new(), Map::new(), false);
        for (name, value) in params {
            let Some(row) = row(api, name).filter(|row| row.kind.fits(value)) else { continue };
            about_thinking |= row.about_thinking;
            let value = row.kind.written(value);
            match row.place {
                Place::Body => body.insert(name.clone(), value),
                Place::Sampling => sampling.insert(name.clone(), value),
            };
        }
        Self { body: Arc::new(body), sampling: Arc::new(sampling), about_thinking }
    }

    /// Whether the user decided how the model thinks, so that the session's level does not.
    #[must_use]
    pub fn decide_thinking(&self) -> bool {
        self.about_thinking
    }

    pub(crate) fn body(&self) -> Fields<'_> {
        fields(&self.body, &[])
    }

    /// All but some, which the caller writes itself or must leave out.
    pub(crate) fn body_without(&self, names: &[&str]) -> Fields<'_> {
        fields(&self.body, names)
    }

    pub(crate) fn sampling(&self) -> Fields<'_> {
        fields(&self.sampling, &[])
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.body.get(name)
    }
}

fn fields<'a>(map: &'a Map<String, Value>, without: &[&str]) -> Fields<'a> {
    let kept = map.iter().filter(|(name, _)| !without.contains(&name.as_str()));
    kept.map(|(name, value)| (name.as_str(), value)).collect()
}

/// Whether an API takes a parameter with this value.
#[must_use]
pub fn takes(api: WireApi, name: &str, value: &Value) -> bool {
    row(api, name).is_some_and(|row| row.kind.fits(value))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Body,
    Sampling,
}

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Whole,
    Text,
    Flag,
    /// One text, or several.
    Texts,
    List,
    Object,
    /// How long something is kept: a text with its unit, or seconds.
    Span,
    /// An object with a `type`, or a flag for the types `enabled` and `disabled`.
    Mode,
    /// A flag, or a word that says how much.
    FlagOrText,
}

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Number => value.is_number(),
            Self::Whole => value.is_i64() || value.is_u64(),
            Self::Text => value.is_string(),
            Self::Flag => value.is_boolean(),
            Self::Texts => {
                value.is_string() || value.as_array().is_some_and(|all| all.iter().all(Value::is_string))
            }
            Self::List => value.is_array(),
            Self::Object => value.is_object(),
            Self::Span => value.is_string() || value.is_number(),
            Self::Mode => value["type"].is_string() || value.is_boolean(),
            Self::FlagOrText => value.is_boolean() || value.is_string(),
        }
    }

    /// The value as the API has it.
    fn written(self, value: &Value) -> Value {
        match (self, value.as_bool()) {
            (Self::Mode, Some(on)) => json!({"type": if on { "enabled" } else { "disabled" }}),
            (_, _) => value.clone(),
        }
    }
}

struct Row {
    name: &'static str,
    kind: Kind,
    place: Place,
    /// Whether it says how the model thinks, so that the session's level does not.
    about_thinking: bool,
}

const fn thinking(row: Row) -> Row {
    Row { about_thinking: true, ..row }
}

const fn body(name: &'static str, kind: Kind) -> Row {
    Row { name, kind, place: Place::Body, about_thinking: false }
}

const fn sampling(name: &'static str, kind: Kind) -> Row {
    Row { name, kind, place: Place::Sampling, about_thinking: false }
}

const COMPLETIONS: &[Row] = &[
    body("top_p", Kind::Number),
    body("top_k", Kind::Whole),
    body("min_p", Kind::Number),
    body("top_a", Kind::Number),
    body("frequency_penalty", Kind::Number),
    body("presence_penalty", Kind::Number),
    body("repetition_penalty", Kind::Number),
    body("seed", Kind::Whole),
    body("stop", Kind::Texts),
    body("logit_bias", Kind::Object),
    body("verbosity", Kind::Text),
    body("service_tier", Kind::Text),
    body("prompt_cache_key", Kind::Text),
    body("safety_identifier", Kind::Text),
    body("user", Kind::Text),
    body("do_sample", Kind::Flag),
    body("provider", Kind::Object),
    body("transforms", Kind::Texts),
    thinking(body("chat_template_kwargs", Kind::Object)),
    thinking(body("reasoning_effort", Kind::Text)),
    thinking(body("reasoning", Kind::Object)),
    thinking(body("thinking", Kind::Mode)),
    thinking(body("enable_thinking", Kind::Flag)),
    thinking(body("thinking_budget", Kind::Whole)),
];

const RESPONSES: &[Row] = &[
    body("top_p", Kind::Number),
    body("text", Kind::Object),
    body("truncation", Kind::Text),
    body("service_tier", Kind::Text),
    body("prompt_cache_key", Kind::Text),
    body("safety_identifier", Kind::Text),
    thinking(body("reasoning", Kind::Object)),
];

const MESSAGES: &[Row] = &[
    body("top_p", Kind::Number),
    body("top_k", Kind::Whole),
    body("stop_sequences", Kind::Texts),
    body("service_tier", Kind::Text),
    body("metadata", Kind::Object),
    thinking(body("thinking", Kind::Mode)),
];

const GEMINI: &[Row] = &[
    sampling("topP", Kind::Number),
    sampling("topK", Kind::Number),
    sampling("seed", Kind::Whole),
    sampling("stopSequences", Kind::List),
    sampling("presencePenalty", Kind::Number),
    sampling("frequencyPenalty", Kind::Number),
    thinking(sampling("thinkingConfig", Kind::Object)),
    body("safetySettings", Kind::List),
];

const OLLAMA: &[Row] = &[
    sampling("top_p", Kind::Number),
    sampling("top_k", Kind::Whole),
    sampling("min_p", Kind::Number),
    sampling("seed", Kind::Whole),
    sampling("stop", Kind::Texts),
    sampling("repeat_penalty", Kind::Number),
    sampling("repeat_last_n", Kind::Whole),
    sampling("presence_penalty", Kind::Number),
    sampling("frequency_penalty", Kind::Number),
    sampling("num_gpu", Kind::Whole),
    sampling("num_thread", Kind::Whole),
    sampling("num_batch", Kind::Whole),
    body("keep_alive", Kind::Span),
    thinking(body("think", Kind::FlagOrText)),
];

fn row(api: WireApi, name: &str) -> Option<&'static Row> {
    let table = match api {
        WireApi::OpenAiCompletions => COMPLETIONS,
        WireApi::OpenAiResponses => RESPONSES,
        WireApi::AnthropicMessages => MESSAGES,
        WireApi::GoogleGenerativeAi => GEMINI,
        WireApi::OllamaChat => OLLAMA,
        WireApi::GithubCopilot | WireApi::BedrockConverseStream | WireApi::Cli | WireApi::Offline => &[],
    };
    table.iter().find(|row| row.name == name)
}

#[cfg(test)]
mod tests {
    use super::{OwnFields, takes};
    use crate::WireApi;
    use serde_json::{Map, Value, json};

    fn own(api: WireApi, params: Value) -> OwnFields {
        let Value::Object(params) = params else { return OwnFields::new(api, &Map::new()) };
        OwnFields::new(api, &params)
    }

    #[test]
    fn parameters_of_thinking_have_the_kinds_of_their_api() {
        use WireApi::{
            AnthropicMessages as Messages, GoogleGenerativeAi as Gemini, OllamaChat as Ollama,
            OpenAiCompletions as Completions, OpenAiResponses as Responses,
        };
        let rows = [
            (Completions, "reasoning_effort", json!("low"), vec![json!(1), json!({}), json!(true)]),
            (Completions, "thinking", json!({"type": "enabled"}), vec![json!("high"), json!({}), json!(7)]),
            (Completions, "enable_thinking", json!(false), vec![json!("false"), json!(0)]),
            (Completions, "thinking_budget", json!(1_024), vec![json!("1024"), json!(1.5), json!({})]),
            (Completions, "chat_template_kwargs", json!({"thinking": false}), vec![json!(true)]),
            (Responses, "reasoning", json!({"effort": "low"}), vec![json!("low"), json!(true)]),
            (Messages, "thinking", json!({"type": "adaptive"}), vec![json!("adaptive"), json!(8_000)]),
            (Gemini, "thinkingConfig", json!({"thinkingBudget": 0}), vec![json!(0), json!("LOW")]),
            (Ollama, "think", json!("low"), vec![json!(1), json!({})]),
        ];
        for (api, name, right, wrong) in rows {
            assert!(takes(api, name, &right), "{name} {right}");
            for wrong in wrong {
                assert!(!takes(api, name, &wrong), "{name} {wrong}");
            }
        }
    }

    #[test]
    fn nothing_stands_in_the_place_of_what_we_write() {
        let ours = [
            "model",
            "messages",
            "input",
            "contents",
            "instructions",
            "system",
            "systemInstruction",
            "tools",
            "tool_choice",
            "stream",
            "stream_options",
            "store",
            "include",
            "n",
            "max_tokens",
            "max_completion_tokens",
            "max_output_tokens",
            "generationConfig",
            "options",
            "format",
            "temperature",
            "response_format",
            "previous_response_id",
            "background",
            "models",
            "plugins",
        ];
        let apis = [
            WireApi::OpenAiCompletions,
            WireApi::OpenAiResponses,
            WireApi::AnthropicMessages,
            WireApi::GoogleGenerativeAi,
            WireApi::OllamaChat,
            WireApi::Offline,
        ];
        let values = [json!("x"), json!(1), json!(true), json!([]), json!({})];
        for (api, name) in apis.into_iter().flat_map(|api| ours.map(|name| (api, name))) {
            assert!(values.iter().all(|value| !takes(api, name, value)), "{api:?} {name}");
        }
    }

    #[test]
    fn values_have_the_api_s_kinds_and_its_places() {
        let gemini = own(
            WireApi::GoogleGenerativeAi,
            json!({"topP": 0.9, "seed": 1.5, "safetySettings": [], "top_p": 1, "model": "x"}),
        );
        assert_eq!(gemini.sampling().into_keys().collect::<Vec<_>>(), ["topP"]);
        assert_eq!(gemini.body().into_keys().collect::<Vec<_>>(), ["safetySettings"]);
        assert!(!gemini.decide_thinking());
        let zai = own(WireApi::OpenAiCompletions, json!({"thinking": {"type": "enabled"}, "top_p": "high"}));
        assert!(zai.decide_thinking() && zai.body().len() == 1);
        assert!(zai.body_without(&["thinking"]).is_empty());
        let off = own(WireApi::OpenAiCompletions, json!({"thinking": false}));
        assert_eq!(off.get("thinking"), Some(&json!({"type": "disabled"})));
        assert!(takes(WireApi::OllamaChat, "keep_alive", &json!(-1)));
        assert!(!takes(WireApi::OpenAiCompletions, "stop", &json!(["a", 1])));
    }
}
