//! One chunk of an answer, as servers send it.
//!
//! Sources: OpenAI API reference, "The chat completion chunk object"; Moonshot's and Mistral's API references, where
//! `usage` lies in the choice and `content` may be a list; OpenRouter, "Reasoning tokens" and "Errors"; Google, "Thought
//! signatures" on its OpenAI-compatible endpoint. All are read from everybody: gateways pass on what they get.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Deserialize)]
pub(super) struct Chunk<'a> {
    #[serde(borrow, default)]
    pub(super) choices: Option<Vec<Choice<'a>>>,
    #[serde(default)]
    pub(super) usage: Option<WireUsage>,
    #[serde(borrow, default)]
    pub(super) error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(default)]
    pub(super) index: u32,
    #[serde(borrow, default)]
    pub(super) delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) usage: Option<WireUsage>,
    #[serde(borrow, default)]
    pub(super) error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Delta<'a> {
    #[serde(default)]
    pub(super) content: Said,
    /// A refusal in the model's own words; it is what the user gets to read.
    #[serde(default)]
    pub(super) refusal: Option<String>,
    #[serde(default)]
    pub(super) reasoning_content: Option<String>,
    #[serde(default)]
    pub(super) reasoning: Option<String>,
    #[serde(default)]
    pub(super) reasoning_details: Option<Vec<Value>>,
    #[serde(borrow, default)]
    pub(super) tool_calls: Option<Vec<CallDelta<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct CallDelta<'a> {
    #[serde(default)]
    pub(super) index: Option<u32>,
    #[serde(borrow, default)]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) function: Option<FunctionDelta>,
    /// What the provider wants back with the call, as it is.
    #[serde(borrow, default)]
    pub(super) extra_content: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
pub(super) struct FunctionDelta {
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) arguments: Option<String>,
}

/// `usage`, in the provider's tokens. `prompt_tokens` includes the cached ones.
#[derive(Deserialize, Clone, Copy)]
pub(super) struct WireUsage {
    #[serde(default)]
    pub(super) prompt_tokens: u64,
    #[serde(default)]
    pub(super) completion_tokens: u64,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
    /// Where Moonshot says it as well, or only.
    #[serde(default)]
    cached_tokens: Option<u64>,
}

#[derive(Deserialize, Clone, Copy)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

impl WireUsage {
    /// Tokens of the prompt that came from the provider's cache.
    pub(super) fn cached(&self) -> u64 {
        let detailed = self.prompt_tokens_details.and_then(|details| details.cached_tokens);
        detailed.or(self.cached_tokens).unwrap_or(0).min(self.prompt_tokens)
    }
}

/// `content`: a text, or Mistral's list of what was thought and said.
#[derive(Default)]
pub(super) struct Said {
    pub(super) thinking: String,
    pub(super) text: String,
}

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SaidVisitor)
    }
}

struct SaidVisitor;

impl<'de> Visitor<'de> for SaidVisitor {
    type Value = Said;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a list of parts, or null")
    }

    fn visit_unit<E: Error>(self) -> Result<Said, E> {
        Ok(Said::default())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Said, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Said, E> {
        Ok(Said { text, ..Said::default() })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Said, A::Error> {
        let mut said = Said::default();
        while let Some(part) = parts.next_element::<Value>()? {
            match part["type"].as_str() {
                Some("thinking") => said.thinking.push_str(&texts(&part["thinking"])),
                // Others, for example references, are no words.
                Some(_) | None => said.text.push_str(part["text"].as_str().unwrap_or_default()),
            }
        }
        Ok(said)
    }
}

/// A text, or the texts of a list of parts.
fn texts(value: &Value) -> String {
    let parts = value.as_array().into_iter().flatten().filter_map(|part| part["text"].as_str());
    value.as_str().into_iter().chain(parts).collect()
}
