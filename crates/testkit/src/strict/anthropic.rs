//! `POST /v1/messages`. Source: Anthropic API reference, "Messages"; guides "Tool use", "Extended thinking",
//! "Prompt caching", "Vision".

use std::collections::HashSet;

use serde_json::Value;

use super::base64;
use super::reader::{At, Check, Violation};

/// Most marks of the prompt cache in one request.
const MAX_CACHE_MARKS: usize = 4;
const MAX_IMAGE_BASE64: usize = 5 * 1024 * 1024;
const FIELDS: &[&str] = &[
    "system",
    "tools",
    "stream",
    "temperature",
    "thinking",
    "output_config",
    "top_p",
    "top_k",
    "stop_sequences",
    "service_tier",
    "metadata",
];

/// Checks a request body.
///
/// # Errors
/// It breaks a rule of the API.
pub fn anthropic(body: &Value) -> Result<(), Violation> {
    let body = At::root(body);
    body.fields(&["model", "max_tokens", "messages"], FIELDS)?;
    body.words("model")?;
    body.need("max_tokens")?.integer(1)?;
    if let Some(system) = body.get("system") {
        for block in system.members()? {
            block.fields(&["type", "text"], &["cache_control"])?;
            block.need("type")?.one_of(&["text"])?;
            block.words("text")?;
        }
    }
    tools(&body)?;
    messages(&body)?;
    thinking(&body)?;
    let marks = body.value.to_string().matches(r#""cache_control":{"type":"ephemeral"}"#).count();
    body.must(marks <= MAX_CACHE_MARKS, "too many cache marks")
}

fn tools(body: &At<'_>) -> Check {
    let Some(tools) = body.get("tools") else { return Ok(()) };
    let mut names = HashSet::new();
    for tool in tools.members()? {
        tool.fields(&["name", "input_schema"], &["description", "cache_control"])?;
        let name = tool.need("name")?.plain(64)?;
        tool.must(names.insert(name), "the name comes twice")?;
        tool.need("input_schema")?.need("type")?.one_of(&["object"])?;
    }
    Ok(())
}

fn messages(body: &At<'_>) -> Check {
    let mut seen = HashSet::new();
    let mut open: Vec<&str> = Vec::new();
    let mut role_wanted = "user";
    let messages = body.need("messages")?.members()?;
    for message in &messages {
        message.fields(&["role", "content"], &[])?;
        message.need("role")?.one_of(&[role_wanted])?;
        let blocks = message.need("content")?.members()?;
        if role_wanted == "user" {
            user(message, &blocks, &open)?;
            open.clear();
            role_wanted = "assistant";
        } else {
            open = assistant(&blocks, &mut seen)?;
            role_wanted = "user";
        }
    }
    body.must(role_wanted == "assistant", "the last message is not the user's")
}

/// Results of exactly the open calls come first.
fn user(message: &At<'_>, blocks: &[At<'_>], open: &[&str]) -> Check {
    let mut answered = Vec::new();
    let mut results_over = false;
    for block in blocks {
        if block.need("type")?.text()? == "tool_result" {
            block.must(!results_over, "a result stands behind other content")?;
            answered.push(tool_result(block)?);
        } else {
            results_over = true;
            text_or_image(block)?;
        }
    }
    let all: HashSet<_> = answered.iter().copied().collect();
    message.must(all.len() == answered.len(), "a call is answered twice")?;
    let wanted: HashSet<_> = open.iter().copied().collect();
    message.must(all == wanted, &format!("results {all:?} for calls {wanted:?}"))
}

fn tool_result<'a>(block: &At<'a>) -> Result<&'a str, Violation> {
    block.fields(&["type", "tool_use_id", "content"], &["is_error", "cache_control"])?;
    for inner in block.need("content")?.members()? {
        text_or_image(&inner)?;
    }
    block.need("tool_use_id")?.plain(64)
}

fn text_or_image(block: &At<'_>) -> Check {
    if block.need("type")?.one_of(&["text", "image"])? == "text" {
        block.fields(&["type", "text"], &["cache_control"])?;
        return block.words("text");
    }
    block.fields(&["type", "source"], &["cache_control"])?;
    let source = block.need("source")?;
    source.fields(&["type", "media_type", "data"], &[])?;
    source.need("type")?.one_of(&["base64"])?;
    source.need("media_type")?.one_of(&["image/jpeg", "image/png", "image/gif", "image/webp"])?;
    let data = source.text_of("data")?;
    source.must(base64::is_standard(data) && data.len() <= MAX_IMAGE_BASE64, "no image data")
}

/// The ids of the calls.
fn assistant<'a>(blocks: &[At<'a>], seen: &mut HashSet<&'a str>) -> Result<Vec<&'a str>, Violation> {
    let mut calls = Vec::new();
    for block in blocks {
        match block.need("type")?.one_of(&["text", "thinking", "redacted_thinking", "tool_use"])? {
            "text" => {
                block.fields(&["type", "text"], &["cache_control"])?;
                block.words("text")?;
            }
            "thinking" => {
                block.fields(&["type", "thinking", "signature"], &[])?;
                block.text_of("thinking")?;
                block.words("signature")?;
            }
            "redacted_thinking" => {
                block.fields(&["type", "data"], &[])?;
                block.words("data")?;
            }
            _ => {
                block.fields(&["type", "id", "name", "input"], &["cache_control"])?;
                block.need("name")?.plain(64)?;
                block.must(block.value["input"].is_object(), "input is no object")?;
                let id = block.need("id")?.plain(64)?;
                block.must(seen.insert(id), "the id comes twice")?;
                calls.push(id);
            }
        }
    }
    Ok(calls)
}

fn thinking(body: &At<'_>) -> Check {
    if let Some(temperature) = body.get("temperature") {
        temperature.number(0.0, 1.0)?;
    }
    if let Some(config) = body.get("output_config") {
        config.fields(&["effort"], &[])?;
        config.need("effort")?.one_of(&["low", "medium", "high", "xhigh", "max"])?;
    }
    let Some(thinking) = body.get("thinking") else { return Ok(()) };
    body.must(body.get("temperature").is_none(), "temperature with thinking")?;
    if thinking.need("type")?.one_of(&["enabled", "adaptive", "disabled"])? != "enabled" {
        return thinking.fields(&["type"], &["display"]).map(drop);
    }
    body.must(body.get("top_k").is_none() && body.get("top_p").is_none(), "sampling with thinking")?;
    thinking.fields(&["type", "budget_tokens"], &["display"])?;
    let budget = thinking.need("budget_tokens")?;
    budget.integer(1_024)?;
    budget.must(budget.value.as_u64() < body.value["max_tokens"].as_u64(), "is not below max_tokens")?;
    let messages = body.need("messages")?.members()?;
    let [.., last_said, last] = messages.as_slice() else { return Ok(()) };
    let in_loop = last.value["content"][0]["type"] == "tool_result";
    let first = last_said.value["content"][0]["type"].as_str().unwrap_or_default();
    let begins_well = matches!(first, "thinking" | "redacted_thinking");
    last_said.must(!in_loop || begins_well, "does not begin with thinking")
}
