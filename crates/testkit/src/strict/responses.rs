//! `POST /v1/responses` without storage. Source: OpenAI API reference, "Responses"; guide "Reasoning models".

use std::collections::HashSet;

use serde_json::Value;

use super::efforts::efforts;
use super::reader::{At, Check, Violation};

const FIELDS: &[&str] = &[
    "instructions",
    "tools",
    "stream",
    "store",
    "include",
    "reasoning",
    "max_output_tokens",
    "temperature",
    "top_p",
    "text",
    "truncation",
    "service_tier",
];
const IMAGES: &[&str] = &["image/png", "image/jpeg", "image/webp", "image/gif"];

/// Checks a request body.
///
/// # Errors
/// It breaks a rule of the API.
pub fn responses(body: &Value) -> Result<(), Violation> {
    let body = At::root(body);
    body.fields(&["model", "input"], FIELDS)?;
    body.words("model")?;
    if body.get("instructions").is_some() {
        body.words("instructions")?;
    }
    if let Some(limit) = body.get("max_output_tokens") {
        limit.integer(16)?;
    }
    if let Some(reasoning) = body.get("reasoning") {
        reasoning.fields(&["effort"], &["summary"])?;
        reasoning.need("effort")?.one_of(efforts(body.text_of("model")?))?;
    }
    tools(&body)?;
    input(&body)
}

fn tools(body: &At<'_>) -> Check {
    let Some(tools) = body.get("tools") else { return Ok(()) };
    for tool in tools.members()? {
        tool.fields(&["type", "name", "parameters", "strict"], &["description"])?;
        tool.need("type")?.one_of(&["function"])?;
        tool.need("name")?.plain(64)?;
        tool.must(tool.value["parameters"].is_object(), "parameters are no object")?;
    }
    Ok(())
}

/// What has been read so far.
#[derive(Default)]
struct Seen<'a> {
    items: HashSet<&'a str>,
    calls: HashSet<&'a str>,
    open: HashSet<&'a str>,
    /// A reasoning item waits for what it led to.
    reasoning: bool,
}

fn input(body: &At<'_>) -> Check {
    let mut seen = Seen::default();
    let may_carry = body.value["include"]
        .as_array()
        .is_some_and(|all| all.iter().any(|one| one == "reasoning.encrypted_content"));
    for item in body.need("input")?.members()? {
        let kind =
            item.need("type")?.one_of(&["message", "reasoning", "function_call", "function_call_output"])?;
        let said = matches!(kind, "message" | "function_call") && item.value["role"] != "user";
        item.must(
            said || kind == "reasoning" || !seen.reasoning,
            "reasoning before it has nothing it led to",
        )?;
        match kind {
            "message" => message(&item, &mut seen)?,
            "reasoning" => {
                item.must(may_carry, "include does not ask for encrypted reasoning")?;
                reasoning(&item, &mut seen)?;
            }
            "function_call" => call(&item, &mut seen)?,
            _ => output(&item, &mut seen)?,
        }
        seen.reasoning = kind == "reasoning";
        let is_user = item.value["role"] == "user";
        item.must(!is_user || seen.open.is_empty(), "calls before it have no result")?;
    }
    body.must(!seen.reasoning, "ends with reasoning")?;
    body.must(seen.open.is_empty(), "calls at the end have no result")
}

fn message<'a>(item: &At<'a>, seen: &mut Seen<'a>) -> Check {
    item.fields(&["type", "role", "content"], &["id", "status"])?;
    let role = item.need("role")?.one_of(&["user", "assistant"])?;
    for part in item.need("content")?.members()? {
        match (role, part.text_of("type")?) {
            ("user", "input_text") => {
                part.fields(&["type", "text"], &[])?;
                part.words("text")?;
            }
            ("user", "input_image") => image(&part)?,
            ("assistant", "output_text") => {
                part.fields(&["type", "text", "annotations"], &[])?;
                part.words("text")?;
            }
            (_, other) => return Err(part.fail(format!("{other} does not belong to {role}"))),
        }
    }
    item_id(item, "msg_", seen)
}

fn image(part: &At<'_>) -> Check {
    part.fields(&["type", "image_url", "detail"], &[])?;
    part.need("detail")?.one_of(&["auto", "low", "high"])?;
    part.need("image_url")?.data_url(IMAGES)
}

fn item_id<'a>(item: &At<'a>, prefix: &str, seen: &mut Seen<'a>) -> Check {
    let Some(at) = item.get("id") else { return Ok(()) };
    let id = at.plain(64)?;
    at.must(id.starts_with(prefix), &format!("does not begin with {prefix}"))?;
    at.must(seen.items.insert(id), "the id comes twice")
}

fn reasoning<'a>(item: &At<'a>, seen: &mut Seen<'a>) -> Check {
    item.fields(&["type", "id", "summary", "encrypted_content"], &["status", "content"])?;
    item.words("encrypted_content")?;
    item.must(item.value["summary"].is_array(), "the summary is no list")?;
    item_id(item, "rs_", seen)
}

fn call<'a>(item: &At<'a>, seen: &mut Seen<'a>) -> Check {
    item.fields(&["type", "call_id", "name", "arguments"], &["id"])?;
    item.need("name")?.plain(64)?;
    let arguments = item.text_of("arguments")?;
    let is_object = serde_json::from_str::<Value>(arguments).is_ok_and(|value| value.is_object());
    item.must(is_object, "arguments are no JSON object")?;
    let id = item.need("call_id")?.plain(64)?;
    item.must(seen.calls.insert(id), "the call_id comes twice")?;
    seen.open.insert(id);
    item_id(item, "fc_", seen)
}

fn output<'a>(item: &At<'a>, seen: &mut Seen<'a>) -> Check {
    item.fields(&["type", "call_id", "output"], &[])?;
    let id = item.text_of("call_id")?;
    item.must(seen.open.remove(id), "answers no open call")?;
    let output = item.need("output")?;
    if output.value.is_string() {
        return item.words("output");
    }
    for part in output.members()? {
        if part.need("type")?.one_of(&["input_text", "input_image"])? == "input_text" {
            part.words("text")?;
        } else {
            image(&part)?;
        }
    }
    Ok(())
}
