//! What a page asked for and complained about, folded from DevTools events.

use std::collections::HashMap;

use serde_json::Value;

/// A page that logs more than this is broken in a way that the first entries tell.
const MAX_ENTRIES: usize = 10_000;

/// Requests and complaints of one page, oldest first.
#[derive(Debug, Default)]
pub(super) struct PageLog {
    pub(super) requests: Vec<String>,
    pub(super) errors: Vec<String>,
    urls: HashMap<String, String>,
}

impl PageLog {
    /// Takes one DevTools event into account. Events of no interest change nothing.
    pub(super) fn record(&mut self, method: &str, params: &Value) {
        match method {
            "Network.requestWillBeSent" => {
                self.request(&params["requestId"], &params["request"]["url"]);
            }
            "Network.webSocketCreated" => self.request(&params["requestId"], &params["url"]),
            "Network.loadingFailed" if params["canceled"] != true => {
                let url = params["requestId"].as_str().and_then(|id| self.urls.get(id));
                let reason = params["blockedReason"].as_str().or_else(|| params["errorText"].as_str());
                let line =
                    format!("request failed: {} {}", url.map_or("", String::as_str), reason.unwrap_or(""));
                self.error(line);
            }
            "Runtime.exceptionThrown" => self.error(exception_text(&params["exceptionDetails"])),
            "Runtime.consoleAPICalled" if params["type"] == "error" || params["type"] == "assert" => {
                let arguments = params["args"].as_array().map(Vec::as_slice).unwrap_or_default();
                let words: Vec<String> = arguments.iter().map(argument_text).collect();
                self.error(words.join(" "));
            }
            "Log.entryAdded" if params["entry"]["level"] == "error" => {
                self.error(text(&params["entry"]["text"]));
            }
            _ => {}
        }
    }

    fn request(&mut self, id: &Value, url: &Value) {
        if self.requests.len() < MAX_ENTRIES {
            self.requests.push(text(url));
            self.urls.insert(text(id), text(url));
        }
    }

    fn error(&mut self, line: String) {
        if self.errors.len() < MAX_ENTRIES {
            self.errors.push(line);
        }
    }
}

/// The message of DevTools `ExceptionDetails`: the stack if there is one.
pub(super) fn exception_text(details: &Value) -> String {
    let description = &details["exception"]["description"];
    if description.is_string() { text(description) } else { text(&details["text"]) }
}

fn argument_text(argument: &Value) -> String {
    match &argument["value"] {
        Value::Null => text(&argument["description"]),
        Value::String(value) => value.clone(),
        value @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => value.to_string(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::PageLog;
    use serde_json::json;

    #[test]
    fn collects_requests_and_every_kind_of_complaint() {
        let events = [
            ("Network.requestWillBeSent", json!({"requestId": "1", "request": {"url": "http://a/x.js"}})),
            ("Network.webSocketCreated", json!({"requestId": "2", "url": "ws://a/"})),
            ("Network.loadingFailed", json!({"requestId": "1", "errorText": "net::ERR_FAILED"})),
            ("Network.loadingFailed", json!({"requestId": "1", "canceled": true})),
            ("Runtime.consoleAPICalled", json!({"type": "error", "args": [{"value": "bad"}, {"value": 7}]})),
            ("Runtime.consoleAPICalled", json!({"type": "log", "args": [{"value": "fine"}]})),
            ("Runtime.exceptionThrown", json!({"exceptionDetails": {"text": "Uncaught"}})),
            ("Log.entryAdded", json!({"entry": {"level": "error", "text": "Refused to load"}})),
            ("Log.entryAdded", json!({"entry": {"level": "warning", "text": "slow"}})),
        ];
        let mut log = PageLog::default();
        for (method, params) in &events {
            log.record(method, params);
        }
        assert_eq!(log.requests, ["http://a/x.js", "ws://a/"]);
        assert_eq!(
            log.errors,
            ["request failed: http://a/x.js net::ERR_FAILED", "bad 7", "Uncaught", "Refused to load"]
        );
    }
}
