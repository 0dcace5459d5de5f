//! From a [`ModelRequest`] to the bytes of a responses request.
//!
//! Nothing is stored at the provider: the whole conversation travels, encrypted reasoning items included.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::Serialize;
use serde_json::Value;

use crate::conversation::{
    IdRule, ImageRule, LoneSignatures, Outcome, Piece, Roles, Rules, Said, Turn, plain_name, turns,
};
use crate::params::Fields;
use crate::thinking;
use crate::wire::{object, output_limit};
use crate::{ModelInfo, ModelRequest, ToolDefinition};

/// The least that the API takes as `max_output_tokens`.
const MIN_OUTPUT_TOKENS: u32 = 16;
/// Longest id of an item.
const MAX_ITEM_ID: usize = 64;
/// Carries reasoning without storing it: guide "Reasoning models", "Encrypted reasoning items".
const ENCRYPTED: &[&str] = &["reasoning.encrypted_content"];

/// `call_id` has at most 64 bytes; images as in the guide "Images and vision".
const RULES: Rules = Rules {
    ids: IdRule::Plain { max_len: 64 },
    images: ImageRule {
        kinds: &["image/png", "image/jpeg", "image/webp", "image/gif"],
        max_base64: 20 * 1024 * 1024,
    },
    roles: Roles::Free,
    lone_signatures: LoneSignatures::Drop,
};

/// The request body.
///
/// # Errors
/// Only if a value cannot be written as JSON, which no value made by `serde_json` can cause.
pub fn encode(request: &ModelRequest, info: &ModelInfo) -> Result<Vec<u8>, serde_json::Error> {
    let limit = output_limit(request, info);
    let asked = request.thinking.filter(|_| info.reasoning && !info.own_fields.decide_thinking());
    let reasoning = asked.map(|level| Reasoning {
        effort: thinking::word(thinking::effort(&info.id, level)),
        summary: "auto",
    });
    let input = input(turns(request, info, RULES));
    // Carried reasoning comes from a model that reasons, whatever is configured of it.
    let reasons = info.reasoning || input.iter().any(|item| matches!(item, Item::Carried(_)));
    serde_json::to_vec(&Body {
        model: &info.id,
        instructions: Some(request.system.as_ref()).filter(|system| !system.is_empty()),
        input,
        tools: request.tools.iter().map(WireTool::from).collect(),
        stream: true,
        store: (info.compat.supports_store != Some(false)).then_some(false),
        include: if reasons { ENCRYPTED } else { &[] },
        reasoning,
        max_output_tokens: limit.map(|limit| limit.max(MIN_OUTPUT_TOKENS)),
        temperature: request.temperature,
        own: info.own_fields.body(),
    })
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<&'a str>,
    input: Vec<Item<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WireTool<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<bool>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    include: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Reasoning>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(flatten)]
    own: Fields<'a>,
}

#[derive(Serialize)]
struct Reasoning {
    effort: &'static str,
    summary: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Item<'a> {
    /// A reasoning item as it came.
    Carried(Value),
    Own(OwnItem<'a>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum OwnItem<'a> {
    Message {
        role: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<&'static str>,
        content: Vec<WirePart<'a>>,
    },
    FunctionCall {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        call_id: String,
        name: Cow<'a, str>,
        /// JSON as a string, as the API wants it.
        arguments: String,
    },
    FunctionCallOutput {
        call_id: String,
        output: Output<'a>,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Output<'a> {
    Text(String),
    Parts(Vec<WirePart<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum WirePart<'a> {
    InputText { text: Cow<'a, str> },
    InputImage { detail: &'static str, image_url: String },
    OutputText { text: Cow<'a, str>, annotations: [(); 0] },
}

#[derive(Serialize)]
struct WireTool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: Cow<'a, str>,
    description: &'a str,
    parameters: &'a Value,
    strict: bool,
}

impl<'a> From<&'a ToolDefinition> for WireTool<'a> {
    fn from(tool: &'a ToolDefinition) -> Self {
        Self {
            kind: "function",
            name: plain_name(&tool.name),
            description: &tool.description,
            parameters: &tool.parameters,
            strict: false,
        }
    }
}

fn input(turns: Vec<Turn<'_>>) -> Vec<Item<'_>> {
    let mut items = Vec::with_capacity(turns.len());
    let mut known = HashSet::new();
    for turn in turns {
        match turn {
            Turn::User(pieces) => items.push(Item::Own(OwnItem::Message {
                role: "user",
                id: None,
                status: None,
                content: pieces.into_iter().map(part).collect(),
            })),
            Turn::Assistant(said) => assistant(said, &mut known, &mut items),
            Turn::Results(outcomes) => items.extend(outcomes.into_iter().map(output)),
        }
    }
    items
}

fn part(piece: Piece<'_>) -> WirePart<'_> {
    match piece {
        Piece::Text(text) => WirePart::InputText { text },
        Piece::Image { data, mime } => {
            WirePart::InputImage { detail: "auto", image_url: format!("data:{mime};base64,{data}") }
        }
    }
}

/// Ids of items go along only when all reasoning of the answer does: the API looks for the reasoning in front of an
/// item that it knows by its id, and refuses reasoning that nothing follows. No id goes twice.
fn assistant<'a>(mut said: Vec<Said<'a>>, known: &mut HashSet<String>, items: &mut Vec<Item<'a>>) {
    while matches!(said.last(), Some(Said::Thinking { .. })) {
        said.pop();
    }
    let whole = said.iter().all(|said| match said {
        Said::Thinking { signature, .. } => reasoning(signature).is_some_and(|(id, _)| known.insert(id)),
        Said::Text { .. } | Said::Call { .. } => true,
    });
    let mut own_id = |id: Option<&'a str>, prefix: &str| {
        id.filter(|id| whole && is_item_id(id, prefix) && known.insert((*id).to_owned()))
    };
    for said in said {
        match said {
            Said::Thinking { signature, .. } => {
                let item = reasoning(signature).filter(|_| whole);
                items.extend(item.map(|(_, item)| Item::Carried(item)));
            }
            Said::Text { text, signature } => {
                let id = own_id(signature, "msg_");
                items.push(Item::Own(OwnItem::Message {
                    role: "assistant",
                    id,
                    status: id.map(|_| "completed"),
                    content: vec![WirePart::OutputText { text: Cow::Borrowed(text), annotations: [] }],
                }));
            }
            Said::Call { id, item_id, name, arguments, .. } => {
                let item_id = own_id(item_id, "fc_");
                let arguments = object(arguments).to_string();
                items.push(Item::Own(OwnItem::FunctionCall { id: item_id, call_id: id, name, arguments }));
            }
        }
    }
}

/// The id and the item that reasoning was stored as, if it can be carried without the provider's storage.
fn reasoning(signature: &str) -> Option<(String, Value)> {
    let item: Value = serde_json::from_str(signature).ok()?;
    let text = |name: &str| item[name].as_str().unwrap_or_default();
    let carries = text("type") == "reasoning"
        && is_item_id(text("id"), "rs_")
        && !text("encrypted_content").is_empty()
        && item["summary"].is_array();
    carries.then(|| (text("id").to_owned(), item.clone()))
}

fn is_item_id(id: &str, prefix: &str) -> bool {
    id.starts_with(prefix)
        && id.len() <= MAX_ITEM_ID
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn output(outcome: Outcome<'_>) -> Item<'_> {
    let has_image = outcome.pieces.iter().any(|piece| matches!(piece, Piece::Image { .. }));
    let output = if has_image {
        Output::Parts(outcome.pieces.into_iter().map(part).collect())
    } else {
        Output::Text(outcome.text().into_owned())
    };
    Item::Own(OwnItem::FunctionCallOutput { call_id: outcome.id, output })
}
