//! `POST /v1/chat/completions`. Source: OpenAI API reference, "Chat".

use std::collections::HashSet;

use serde_json::Value;

use super::efforts::efforts;
use super::reader::{At, Check, Violation};

const FIELDS: &[&str] = &[
    "stream",
    "stream_options",
    "store",
    "max_completion_tokens",
    "max_tokens",
    "temperature",
    "tools",
    "reasoning_effort",
    "reasoning",
    "thinking",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "seed",
    "stop",
    "service_tier",
];
const IMAGES: &[&str] = &["image/png", "image/jpeg", "image/webp", "image/gif"];

/// Checks a request body.
///
/// # Errors
/// It breaks a rule of the API.
pub fn completions(body: &Value) -> Result<(), Violation> {
    let body = At::root(body);
    body.fields(&["model", "messages"], FIELDS)?;
    body.words("model")?;
    if let Some(limit) = body.get("max_completion_tokens").or_else(|| body.get("max_tokens")) {
        limit.integer(1)?;
    }
    if let Some(temperature) = body.get("temperature") {
        temperature.number(0.0, 2.0)?;
    }
    thinking(&body)?;
    tools(&body)?;
    let (mut seen, mut open) = (HashSet::new(), HashSet::new());
    let messages = body.need("messages")?.members()?;
    for (index, message) in messages.iter().enumerate() {
        let role = message.need("role")?.one_of(&["system", "developer", "user", "assistant", "tool"])?;
        message.must(role == "tool" || open.is_empty(), "calls before it have no result")?;
        match role {
            "system" | "developer" => {
                message.must(index == 0, "instructions stand behind other messages")?;
                message.fields(&["role", "content"], &[])?;
                message.words("content")?;
            }
            "user" => user(message)?,
            "assistant" => assistant(message, &mut seen, &mut open)?,
            _ => tool(message, &mut open)?,
        }
    }
    body.must(open.is_empty(), "calls at the end have no result")
}

/// Each in the form of one server; two of them at once no server knows.
fn thinking(body: &At<'_>) -> Check {
    let efforts = efforts(body.text_of("model")?);
    let forms = ["reasoning_effort", "reasoning", "thinking"];
    body.must(forms.iter().filter(|form| body.get(form).is_some()).count() < 2, "two forms of thinking")?;
    if let Some(effort) = body.get("reasoning_effort") {
        effort.one_of(efforts)?;
    }
    if let Some(reasoning) = body.get("reasoning") {
        reasoning.fields(&[], &["effort", "max_tokens", "exclude", "enabled"])?;
        reasoning.get("effort").map_or(Ok(()), |effort| effort.one_of(efforts).map(drop))?;
    }
    let Some(thinking) = body.get("thinking") else { return Ok(()) };
    thinking.fields(&["type"], &["clear_thinking"])?;
    thinking.need("type")?.one_of(&["enabled", "disabled"]).map(drop)
}

fn tools(body: &At<'_>) -> Check {
    let Some(tools) = body.get("tools") else { return Ok(()) };
    for tool in tools.members()? {
        tool.fields(&["type", "function"], &[])?;
        let function = tool.need("function")?;
        function.fields(&["name"], &["description", "parameters", "strict"])?;
        function.need("name")?.plain(64)?;
        function.must(function.value["parameters"].is_object(), "parameters are no object")?;
    }
    Ok(())
}

fn user(message: &At<'_>) -> Check {
    message.fields(&["role", "content"], &[])?;
    for part in message.need("content")?.members()? {
        if part.need("type")?.one_of(&["text", "image_url"])? == "text" {
            part.fields(&["type", "text"], &[])?;
            part.words("text")?;
        } else {
            part.fields(&["type", "image_url"], &[])?;
            part.need("image_url")?.need("url")?.data_url(IMAGES)?;
        }
    }
    Ok(())
}

fn assistant<'a>(message: &At<'a>, seen: &mut HashSet<&'a str>, open: &mut HashSet<&'a str>) -> Check {
    message.fields(&["role", "content"], &["tool_calls", "reasoning_content", "reasoning_details"])?;
    for detail in message.get("reasoning_details").map(|list| list.members()).transpose()?.unwrap_or_default()
    {
        let kind = detail.text_of("type")?;
        detail.must(kind.starts_with("reasoning."), "is no reasoning")?;
    }
    let content = message.need("content")?;
    let calls = message.get("tool_calls");
    message.must(!content.value.is_null() || calls.is_some(), "says nothing")?;
    if !content.value.is_null() {
        for part in content.members()? {
            part.fields(&["type", "text"], &[])?;
            part.need("type")?.one_of(&["text"])?;
            part.words("text")?;
        }
    }
    for call in calls.map(|calls| calls.members()).transpose()?.unwrap_or_default() {
        call.fields(&["id", "type", "function"], &["extra_content"])?;
        if let Some(extra) = call.get("extra_content") {
            extra.must(extra.value.is_object(), "is no object")?;
        }
        call.need("type")?.one_of(&["function"])?;
        let function = call.need("function")?;
        function.fields(&["name", "arguments"], &[])?;
        function.need("name")?.plain(64)?;
        let arguments = function.text_of("arguments")?;
        let is_object = serde_json::from_str::<Value>(arguments).is_ok_and(|value| value.is_object());
        function.must(is_object, "arguments are no JSON object")?;
        let id = call.need("id")?.plain(40)?;
        call.must(seen.insert(id), "the id comes twice")?;
        open.insert(id);
    }
    Ok(())
}

fn tool<'a>(message: &At<'a>, open: &mut HashSet<&'a str>) -> Check {
    message.fields(&["role", "content", "tool_call_id"], &[])?;
    message.words("content")?;
    let id = message.text_of("tool_call_id")?;
    message.must(open.remove(id), "answers no open call")
}
