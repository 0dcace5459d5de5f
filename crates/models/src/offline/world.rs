//! A workspace of memory files for tests, with the tools of the offline model, and the turn loop around them.

use std::collections::BTreeMap;
use std::sync::Arc;

use openclaw_protocol::message::{AssistantMessage, Content, Message, Part, ToolResultMessage, UserMessage};
use serde_json::{Value, json};

use super::double::{Double, Known, STALE};
use super::plan::{Step, plan};
use crate::{ModelRequest, ToolDefinition};

/// Saturday, 2026-11-21 in UTC.
const NOW_MS: i64 = 1_795_253_220_000;
/// More rounds than any plan has.
const MAX_ROUNDS: usize = 6;

/// Why a tool did nothing.
struct Refusal(&'static str);

/// Files and the conversation about them.
pub(super) struct World {
    pub(super) files: BTreeMap<String, String>,
    /// Conversations that are searched as well.
    pub(super) talks: BTreeMap<String, String>,
    /// The files as the search has read them, if it is behind.
    pub(super) indexed: Option<BTreeMap<String, String>>,
    /// Who searches; nobody means that every file comes whole.
    pub(super) double: Option<Double>,
    /// Whether `memory_get` is not allowed.
    pub(super) without_get: bool,
    messages: Vec<Arc<Message>>,
    /// What `memory_search` says about days, whatever it is asked.
    pub(super) days: Option<Value>,
    pub(super) calls: Vec<(String, Value)>,
    /// How long after the last answer it is.
    pub(super) later_ms: i64,
}

impl World {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self {
            files,
            talks: BTreeMap::new(),
            indexed: None,
            double: None,
            without_get: false,
            messages: Vec::new(),
            days: None,
            calls: Vec::new(),
            later_ms: 0,
        }
    }

    /// Says something, and gives the answer.
    pub(super) fn say(&mut self, text: &str) -> String {
        let user = UserMessage { content: Content::Text(text.to_owned()), timestamp: 0 };
        self.messages.push(Arc::new(Message::User(user)));
        for _ in 0..MAX_ROUNDS {
            match plan(&self.request()) {
                Step::Say(answer) => {
                    self.messages.push(assistant(vec![Part::text(answer.clone())]));
                    return answer;
                }
                Step::Call(calls) => {
                    let parts = calls.iter().map(|c| Part::tool_call(&c.id, c.name, c.arguments.clone()));
                    self.messages.push(assistant(parts.collect()));
                    for call in calls {
                        let result = self.run(call.name, &call.arguments);
                        let (text, is_error) =
                            result.map_or_else(|refusal| (refusal.0.to_owned(), true), |text| (text, false));
                        self.calls.push((call.name.to_owned(), call.arguments));
                        self.messages.push(Arc::new(Message::ToolResult(ToolResultMessage {
                            tool_call_id: call.id,
                            tool_name: call.name.to_owned(),
                            content: vec![Part::text(text)],
                            details: None,
                            is_error,
                            timestamp: 0,
                        })));
                    }
                }
            }
        }
        panic!("the plan does not end: {:?}", self.calls);
    }

    fn request(&self) -> ModelRequest {
        let tool = |name: &&str| ToolDefinition {
            name: (*name).to_owned(),
            description: String::new(),
            parameters: json!({}),
        };
        let tools = ["read", "write", "edit", "memory_search", "memory_get"];
        ModelRequest {
            messages: self.messages.clone(),
            tools: tools
                .iter()
                .filter(|name| !(self.without_get && **name == "memory_get"))
                .map(tool)
                .collect(),
            now_ms: NOW_MS + self.later_ms,
            ..ModelRequest::default()
        }
    }

    fn run(&mut self, tool: &str, arguments: &Value) -> Result<String, Refusal> {
        let path = arguments["path"].as_str().unwrap_or_default().to_owned();
        match tool {
            "memory_search" => Ok(self.search(arguments)),
            "memory_get" => {
                let text = self.files.get(&path).or_else(|| self.talks.get(&path));
                let text = text.ok_or(Refusal("no such note"))?;
                let from = arguments["from"].as_u64().map_or(1, |from| from as usize);
                let lines = arguments["lines"].as_u64().map_or(usize::MAX, |lines| lines as usize);
                let all: Vec<&str> = text.lines().collect();
                if from > 1 && from > all.len() {
                    return Err(Refusal("the note is shorter"));
                }
                let shown: Vec<&str> = all.into_iter().skip(from - 1).take(lines).collect();
                Ok(json!({ "path": path, "text": shown.join("\n") }).to_string())
            }
            "read" => self.files.get(&path).cloned().ok_or(Refusal("no such file")),
            "write" => {
                let content = arguments["content"].as_str().unwrap_or_default();
                let text = self.files.entry(path.clone()).or_default();
                // What the tool does: whole lines, and where they are.
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push('\n');
                }
                let first = text.matches('\n').count() + 1;
                text.push_str(content);
                let last = first + content.lines().count() - 1;
                Ok(format!("Appended to {path} (lines {first}-{last})"))
            }
            "edit" => {
                let text = self.files.get_mut(&path).ok_or(Refusal("no such file"))?;
                let old = arguments["oldText"].as_str().unwrap_or_default();
                // What the tool does with a line.
                let line = arguments["line"].as_u64().map_or(0, |line| line as usize);
                let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
                let count = old.lines().count();
                let found = lines.get(line - 1..line - 1 + count).ok_or(Refusal("the file is shorter"))?;
                let bare = |line: &str| {
                    line.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']).to_owned()
                };
                if !found.iter().zip(old.lines()).all(|(found, old)| bare(found) == bare(old)) {
                    return Err(Refusal("the line reads differently"));
                }
                let new = arguments["newText"].as_str().unwrap_or_default();
                let put = if new.is_empty() { String::new() } else { format!("{new}\n") };
                lines.splice(line - 1..line - 1 + count, [put.as_str()]);
                *text = lines.concat();
                Ok("done".to_owned())
            }
            _ => Err(Refusal("no such tool")),
        }
    }

    /// Whether the search has not read the files as they are.
    pub(super) fn is_behind(&self) -> bool {
        self.indexed.as_ref().is_some_and(|indexed| *indexed != self.files)
    }

    /// What the search finds; without a double every file, whole: the model must choose by itself.
    fn search(&self, arguments: &Value) -> String {
        if let Some(double) = &self.double {
            let notes = self.indexed.as_ref().unwrap_or(&self.files);
            let mut found = double.search(&Known { notes, talks: &self.talks }, arguments);
            found["days"] = self.days.clone().unwrap_or_default();
            if self.is_behind() {
                found["note"] = STALE.into();
            }
            return found.to_string();
        }
        let hits = self.files.iter().map(|(path, text)| {
            let date = path.strip_prefix("memory/").and_then(|name| name.strip_suffix(".md"));
            json!({
                "path": path, "startLine": 1, "endLine": text.split('\n').count(), "score": 0.5,
                "snippet": text, "source": "memory", "date": date,
            })
        });
        json!({ "results": hits.collect::<Vec<_>>(), "days": self.days }).to_string()
    }
}

fn assistant(content: Vec<Part>) -> Arc<Message> {
    Arc::new(Message::Assistant(AssistantMessage {
        content,
        api: "offline".to_owned(),
        provider: "offline".to_owned(),
        model: "recall".to_owned(),
        usage: Default::default(),
        stop_reason: Default::default(),
        error_message: None,
        timestamp: NOW_MS,
    }))
}
