//! `POST /api/chat` of an Ollama. Source: Ollama API, "Generate a chat completion", and the types of its server
//! (`api/types.go`): arguments of a call are a map, and a request in which they are anything else is not read at all.

use serde_json::Value;

use super::base64;
use super::reader::{At, Check, Violation};

const MESSAGE: &[&str] = &["images", "tool_calls", "tool_name", "thinking"];

/// Checks a request body.
///
/// # Errors
/// It breaks a rule of the API.
pub fn ollama(body: &Value) -> Result<(), Violation> {
    let body = At::root(body);
    body.fields(&["model", "messages", "options"], &["tools", "stream", "think", "keep_alive", "format"])?;
    body.words("model")?;
    if let Some(think) = body.get("think").filter(|think| !think.value.is_boolean()) {
        think.one_of(&["low", "medium", "high"])?;
    }
    options(&body.need("options")?)?;
    tools(&body)?;
    messages(&body)
}

/// Without the window, a long prompt is cut in silence.
fn options(options: &At<'_>) -> Check {
    options.fields(&["num_ctx"], &["num_predict", "temperature", "top_p", "top_k", "seed", "stop"])?;
    options.need("num_ctx")?.integer(1)?;
    if let Some(limit) = options.get("num_predict") {
        limit.integer(1)?;
    }
    if let Some(temperature) = options.get("temperature") {
        temperature.number(0.0, 2.0)?;
    }
    Ok(())
}

fn tools(body: &At<'_>) -> Check {
    let Some(tools) = body.get("tools") else { return Ok(()) };
    for tool in tools.members()? {
        tool.fields(&["type", "function"], &[])?;
        tool.need("type")?.one_of(&["function"])?;
        let function = tool.need("function")?;
        function.fields(&["name", "description", "parameters"], &[])?;
        function.words("name")?;
        let parameters = function.need("parameters")?;
        parameters.need("type")?.one_of(&["object"])?;
    }
    Ok(())
}

fn messages(body: &At<'_>) -> Check {
    // The names of the calls that have no result yet: they have no ids.
    let mut open: Vec<&str> = Vec::new();
    let messages = body.need("messages")?.members()?;
    for (index, message) in messages.iter().enumerate() {
        message.fields(&["role", "content"], MESSAGE)?;
        let role = message.need("role")?.one_of(&["system", "user", "assistant", "tool"])?;
        message.must(role == "tool" || open.is_empty(), "calls before it have no result")?;
        message.must(role != "system" || index == 0, "instructions stand behind other messages")?;
        let says = !message.text_of("content")?.trim().is_empty();
        let shows = images(message)?;
        match role {
            "assistant" => {
                open = calls(message)?;
                message.must(says || !open.is_empty(), "says nothing")?;
            }
            "tool" => {
                let name = message.text_of("tool_name")?;
                message
                    .must(open.first() == Some(&name), "answers no call, or not in the order of the calls")?;
                open.remove(0);
                message.must(says, "is blank")?;
            }
            _ => message.must(says || shows, "says nothing")?,
        }
    }
    body.must(open.is_empty(), "calls at the end have no result")
}

fn images(message: &At<'_>) -> Result<bool, Violation> {
    let Some(images) = message.get("images") else { return Ok(false) };
    for image in images.members()? {
        image.must(base64::is_standard(image.text()?), "is no base64")?;
    }
    Ok(true)
}

fn calls<'a>(message: &At<'a>) -> Result<Vec<&'a str>, Violation> {
    let Some(calls) = message.get("tool_calls") else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for call in calls.members()? {
        call.fields(&["function"], &["id"])?;
        let function = call.need("function")?;
        function.fields(&["name", "arguments"], &["index"])?;
        function.words("name")?;
        function.must(function.value["arguments"].is_object(), "arguments are no object")?;
        names.push(function.text_of("name")?);
    }
    Ok(names)
}
