//! From a [`ModelRequest`] to the bytes of a `streamGenerateContent` request.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use super::schema::reduce;
use super::thinking::{ThinkingConfig, asked, gemini_version};
use crate::conversation::{
    IdRule, ImageRule, LoneSignatures, Outcome, Piece, Roles, Rules, Said, Turn, plain_name, turns,
};
use crate::params::Fields;
use crate::{ModelInfo, ModelRequest, ToolDefinition};

/// Stands for the signature of a call that another model made; without any, models since Gemini 3 refuse the
/// conversation. Source: guide "Thought signatures".
const FOREIGN_CALL: &str = "skip_thought_signature_validator";
/// The first generation that asks for signatures and takes images in results.
const SIGNING_GENERATION: u32 = 3;

/// Ids are free text of the client's; images: guide "Image understanding", 20 MB for the whole request.
const RULES: Rules = Rules {
    ids: IdRule::Plain { max_len: 64 },
    images: ImageRule {
        kinds: &["image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"],
        max_base64: 15 * 1024 * 1024,
    },
    roles: Roles::Alternate,
    lone_signatures: LoneSignatures::Keep,
};

/// The request body.
///
/// # Errors
/// Only if a value cannot be written as JSON, which no value made by `serde_json` can cause.
pub fn encode(request: &ModelRequest, info: &ModelInfo) -> Result<Vec<u8>, serde_json::Error> {
    let limit = match (request.max_tokens, info.max_tokens) {
        (Some(asked), Some(most)) => Some(asked.min(most)),
        (asked, most) => asked.or(most),
    };
    let signing = gemini_version(&info.id).is_some_and(|version| version >= SIGNING_GENERATION);
    let level = request.thinking.filter(|_| info.reasoning && !info.own_fields.decide_thinking());
    let functions: Vec<Function<'_>> = request.tools.iter().map(Function::from).collect();
    serde_json::to_vec(&Body {
        system_instruction: system(&request.system),
        contents: contents(turns(request, info, RULES), signing),
        tools: if functions.is_empty() {
            Vec::new()
        } else {
            vec![Tool { function_declarations: functions }]
        },
        generation_config: GenerationConfig {
            max_output_tokens: limit,
            temperature: request.temperature,
            thinking_config: asked(level, &info.id, limit),
            own: info.own_fields.sampling(),
        },
        own: info.own_fields.body(),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<SystemInstruction<'a>>,
    contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    generation_config: GenerationConfig<'a>,
    #[serde(flatten)]
    own: Fields<'a>,
}

#[derive(Serialize)]
struct SystemInstruction<'a> {
    parts: [Part<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<ThinkingConfig>,
    #[serde(flatten)]
    own: Fields<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tool<'a> {
    function_declarations: Vec<Function<'a>>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: Cow<'a, str>,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Value>,
}

impl<'a> From<&'a ToolDefinition> for Function<'a> {
    fn from(tool: &'a ToolDefinition) -> Self {
        let parameters = reduce(&tool.parameters);
        Self { name: plain_name(&tool.name), description: &tool.description, parameters }
    }
}

#[derive(Serialize)]
struct Content<'a> {
    role: &'static str,
    parts: Vec<Part<'a>>,
}

/// One part; exactly one of the first four fields is there.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inline_data: Option<Blob<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<FunctionCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_response: Option<FunctionResponse<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    thought: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_signature: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Blob<'a> {
    mime_type: &'static str,
    data: Cow<'a, str>,
}

#[derive(Serialize)]
struct FunctionCall<'a> {
    id: String,
    name: Cow<'a, str>,
    args: Cow<'a, Value>,
}

#[derive(Serialize)]
struct FunctionResponse<'a> {
    id: String,
    name: Cow<'a, str>,
    response: Response,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Part<'a>>,
}

/// The keys that the guide "Function calling" names.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Response {
    Output(String),
    Error(String),
}

fn system(text: &str) -> Option<SystemInstruction<'_>> {
    let part = Part { text: Some(Cow::Borrowed(text)), ..Part::default() };
    (!text.trim().is_empty()).then_some(SystemInstruction { parts: [part] })
}

fn contents(turns: Vec<Turn<'_>>, signing: bool) -> Vec<Content<'_>> {
    let mut contents = Vec::with_capacity(turns.len());
    for turn in turns {
        match turn {
            Turn::User(pieces) => user(pieces, &mut contents),
            Turn::Assistant(said) => contents.push(Content { role: "model", parts: model(said, signing) }),
            Turn::Results(outcomes) => results(outcomes, signing, &mut contents),
        }
    }
    contents
}

/// Behind the images of results what the user says is the same message.
fn user<'a>(pieces: Vec<Piece<'a>>, contents: &mut Vec<Content<'a>>) {
    let parts = pieces.into_iter().map(part);
    let is_result = |part: &Part<'_>| part.function_response.is_some();
    match contents.last_mut() {
        Some(last) if last.role == "user" && !last.parts.iter().any(is_result) => last.parts.extend(parts),
        Some(_) | None => contents.push(Content { role: "user", parts: parts.collect() }),
    }
}

fn part(piece: Piece<'_>) -> Part<'_> {
    match piece {
        Piece::Text(text) => Part { text: Some(text), ..Part::default() },
        Piece::Image { data, mime } => {
            Part { inline_data: Some(Blob { mime_type: mime, data }), ..Part::default() }
        }
    }
}

/// Only the first call of a step carries a signature.
fn model(said: Vec<Said<'_>>, signing: bool) -> Vec<Part<'_>> {
    let mut missing = signing.then_some(FOREIGN_CALL);
    let part = |said| match said {
        Said::Text { text, signature } => {
            let thought_signature = signature.filter(|signature| is_bytes(signature));
            let says_something = thought_signature.is_some() || !text.trim().is_empty();
            says_something.then(|| Part { thought_signature, ..text_part(text) })
        }
        Said::Thinking { text, signature, .. } => is_bytes(signature).then(|| Part {
            thought: true,
            thought_signature: Some(signature),
            ..text_part(text)
        }),
        Said::Call { id, name, arguments, signature, .. } => Some(Part {
            function_call: Some(FunctionCall { id, name, args: object(arguments) }),
            thought_signature: signature.filter(|signature| is_bytes(signature)).or(missing.take()),
            ..Part::default()
        }),
    };
    said.into_iter().filter_map(part).collect()
}

fn text_part(text: &str) -> Part<'_> {
    Part { text: Some(Cow::Borrowed(text)), ..Part::default() }
}

/// Whether the field, which holds bytes, can hold this: base64 in either alphabet.
fn is_bytes(signature: &str) -> bool {
    let body = signature.trim_end_matches('=');
    let code = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    !body.is_empty() && body.len() % 4 != 1 && body.bytes().all(code)
}

/// What a model wrote as arguments need not be an object; the result of the call says so already.
fn object(arguments: &Value) -> Cow<'_, Value> {
    if arguments.is_object() { Cow::Borrowed(arguments) } else { Cow::Owned(Value::Object(Map::new())) }
}

/// As many responses as calls, in their order. Images lie inside a response where the model takes them so, else behind.
fn results<'a>(mut outcomes: Vec<Outcome<'a>>, inside: bool, contents: &mut Vec<Content<'a>>) {
    outcomes.sort_by_key(|outcome| outcome.position);
    let (mut responses, mut behind) = (Vec::with_capacity(outcomes.len()), Vec::new());
    for outcome in outcomes {
        let text = outcome.text().into_owned();
        let response = if outcome.failed { Response::Error(text) } else { Response::Output(text) };
        let images = outcome.pieces.into_iter().filter(|piece| matches!(piece, Piece::Image { .. }));
        let mut parts: Vec<Part<'a>> = images.map(part).collect();
        if !inside {
            behind.append(&mut parts);
        }
        let response = FunctionResponse { id: outcome.id, name: outcome.name, response, parts };
        responses.push(Part { function_response: Some(response), ..Part::default() });
    }
    contents.push(Content { role: "user", parts: responses });
    if !behind.is_empty() {
        let words = Cow::Borrowed("Images from the tool results above:");
        behind.insert(0, Part { text: Some(words), ..Part::default() });
        contents.push(Content { role: "user", parts: behind });
    }
}
