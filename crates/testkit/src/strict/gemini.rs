//! `POST /v1beta/models/…:streamGenerateContent`. Source: Gemini API reference, "Content"; guides "Function calling",
//! "Thought signatures", "Thinking".

use serde_json::Value;

use super::base64;
use super::gemini_schema;
use super::reader::{At, Check, Violation};

const IMAGES: &[&str] = &["image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"];
/// What a part is; exactly one of them.
const DATA: &[&str] = &["text", "inlineData", "functionCall", "functionResponse"];

/// Checks a request body to `model`.
///
/// # Errors
/// It breaks a rule of the API.
pub fn gemini(body: &Value, model: &str) -> Result<(), Violation> {
    let signing = model.contains("gemini-3");
    let body = At::root(body);
    body.fields(&["contents"], &["systemInstruction", "tools", "generationConfig", "safetySettings"])?;
    if let Some(system) = body.get("systemInstruction") {
        system.fields(&["parts"], &[])?;
        for part in system.need("parts")?.members()? {
            part.fields(&["text"], &[])?;
            part.words("text")?;
        }
    }
    generation(&body)?;
    tools(&body)?;
    contents(&body, signing)
}

const CONFIG: &[&str] = &[
    "maxOutputTokens",
    "temperature",
    "thinkingConfig",
    "topP",
    "topK",
    "seed",
    "stopSequences",
    "presencePenalty",
    "frequencyPenalty",
];

fn generation(body: &At<'_>) -> Check {
    let Some(config) = body.get("generationConfig") else { return Ok(()) };
    config.fields(&[], CONFIG)?;
    if let Some(limit) = config.get("maxOutputTokens") {
        limit.integer(1)?;
    }
    if let Some(temperature) = config.get("temperature") {
        temperature.number(0.0, 2.0)?;
    }
    let Some(thinking) = config.get("thinkingConfig") else { return Ok(()) };
    thinking.fields(&[], &["includeThoughts", "thinkingBudget", "thinkingLevel"])?;
    if let Some(level) = thinking.get("thinkingLevel") {
        level.one_of(&["MINIMAL", "LOW", "MEDIUM", "HIGH"])?;
        thinking.must(thinking.get("thinkingBudget").is_none(), "level and budget")?;
    }
    if let (Some(budget), Some(limit)) = (thinking.get("thinkingBudget"), config.get("maxOutputTokens")) {
        let fits = budget.value.as_u64() <= limit.value.as_u64();
        budget.must(fits, "is above maxOutputTokens")?;
    }
    Ok(())
}

fn tools(body: &At<'_>) -> Check {
    let Some(tools) = body.get("tools") else { return Ok(()) };
    for tool in tools.members()? {
        tool.fields(&["functionDeclarations"], &[])?;
        for function in tool.need("functionDeclarations")?.members()? {
            function.fields(&["name", "description"], &["parameters"])?;
            name(&function)?;
            if let Some(parameters) = function.get("parameters") {
                parameters.need("type")?.one_of(&["OBJECT"])?;
                parameters.need("properties")?;
                gemini_schema::check(&parameters)?;
            }
        }
    }
    Ok(())
}

fn name(at: &At<'_>) -> Check {
    let name = at.need("name")?;
    let text = name.plain(64)?;
    name.must(!text.starts_with(|c: char| c.is_ascii_digit() || c == '-'), "begins with a digit or a dash")
}

fn contents(body: &At<'_>, signing: bool) -> Check {
    let mut open: Vec<(Value, Value)> = Vec::new();
    let mut before = "model";
    let mut results_before = false;
    for content in body.need("contents")?.members()? {
        content.fields(&["role", "parts"], &[])?;
        let role = content.need("role")?.one_of(&["user", "model"])?;
        let parts = content.need("parts")?.members()?;
        content.must(role != before || results_before, "the same role twice")?;
        for part in &parts {
            self::part(part, role)?;
        }
        if open.is_empty() {
            let stray = parts.iter().any(|part| part.get("functionResponse").is_some());
            content.must(!stray, "a response without its call")?;
            results_before = false;
        } else {
            content.must(role == "user", "calls before it have no response")?;
            responses(&content, &parts, &open)?;
            results_before = true;
        }
        open = calls(&parts);
        if signing && let Some(first) = parts.iter().find(|part| part.get("functionCall").is_some()) {
            first.need("thoughtSignature")?;
        }
        before = role;
    }
    body.must(before == "user", "the last turn is not the user's")
}

/// The id and name of each call.
fn calls(parts: &[At<'_>]) -> Vec<(Value, Value)> {
    let calls = parts.iter().filter_map(|part| part.get("functionCall"));
    calls.map(|call| (call.value["id"].clone(), call.value["name"].clone())).collect()
}

/// As many responses as calls, for the same ids and names, in the same order, and nothing else.
fn responses(content: &At<'_>, parts: &[At<'_>], open: &[(Value, Value)]) -> Check {
    let mut answered = Vec::new();
    for part in parts {
        let response = part.need("functionResponse")?;
        answered.push((response.value["id"].clone(), response.value["name"].clone()));
    }
    content.must(answered == open, "responses do not match the calls")
}

fn part(part: &At<'_>, role: &str) -> Check {
    part.fields(
        &[],
        &["text", "inlineData", "functionCall", "functionResponse", "thought", "thoughtSignature"],
    )?;
    let data: Vec<&str> = DATA.iter().copied().filter(|key| part.get(key).is_some()).collect();
    let [kind] = data.as_slice() else { return Err(part.fail("is not exactly one thing")) };
    let signature = part.get("thoughtSignature");
    if let Some(signature) = &signature {
        signature.must(base64::is_any(signature.text()?), "is no base64")?;
        signature.must(role == "model", "only a model signs")?;
    }
    match (*kind, role) {
        ("text", _) if signature.is_some() => part.text_of("text").map(drop),
        ("text", _) => part.words("text"),
        ("inlineData", "user") => blob(&part.need("inlineData")?),
        ("functionCall", "model") => {
            let call = part.need("functionCall")?;
            call.fields(&["id", "name", "args"], &[])?;
            name(&call)?;
            call.words("id")?;
            call.must(call.value["args"].is_object(), "args are no object")
        }
        ("functionResponse", "user") => response(&part.need("functionResponse")?),
        (other, _) => Err(part.fail(format!("{other} does not belong to {role}"))),
    }
}

fn response(response: &At<'_>) -> Check {
    response.fields(&["id", "name", "response"], &["parts"])?;
    name(response)?;
    response.words("id")?;
    response.need("response")?.fields(&[], &["output", "error"])?;
    for part in response.get("parts").map(|parts| parts.members()).transpose()?.unwrap_or_default() {
        part.fields(&["inlineData"], &[])?;
        blob(&part.need("inlineData")?)?;
    }
    Ok(())
}

fn blob(blob: &At<'_>) -> Check {
    blob.fields(&["mimeType", "data"], &[])?;
    blob.need("mimeType")?.one_of(IMAGES)?;
    blob.must(base64::is_standard(blob.text_of("data")?), "is no base64")
}
