//! What a program prints, and what that says: text as it comes, the session's id, tokens, a failure.

use std::collections::HashMap;

use openclaw_protocol::message::Usage;
use serde_json::{Map, Value};

use super::invocation::is_session_id;
use super::lines::Lines;
use super::settings::Output;
use super::usage::usage;

/// Most bytes of an output: as for an answer that comes over the network.
pub(crate) const MAX_OUTPUT_BYTES: usize = crate::wire::MAX_RESPONSE_BYTES;
/// What is kept of lines that may turn out not to be JSON, in bytes.
const MAX_PLAIN_BYTES: usize = 256 * 1024;
/// Items of one output that are followed as they grow.
const MAX_ITEMS: usize = 4_096;
/// Levels of an object that are looked into for its text.
const MAX_DEPTH: usize = 8;
/// Where an object has its answer; the first that is not empty counts.
const ANSWER_KEYS: [&str; 6] = ["message", "content", "result", "response", "output", "text"];
/// Events of Codex, of Claude Code, and of programs that print alike. An output of others only says nothing here.
const KNOWN_KINDS: [&str; 10] = [
    "stream_event",
    "assistant",
    "result",
    "system",
    "init",
    "thread.started",
    "turn.started",
    "turn.completed",
    "turn.failed",
    "error",
];
/// What one object has beside its text, in bytes: tokens, prices and ids of Claude Code are about two thousand.
const MAX_FRAME_BYTES: usize = 4_096;
/// Where Codex puts the id of a session, whatever is configured.
const THREAD_ID: &str = "thread_id";

/// The output is longer than any answer.
#[derive(Debug, PartialEq, Eq)]
pub struct TooMuch;

/// Reads an output.
pub struct Reader {
    form: Output,
    lines: Lines,
    /// Everything, or of lines the beginning.
    plain: Vec<u8>,
    bytes: usize,
    told: Told,
}

/// What an output said when it is over.
#[derive(Debug, Default, PartialEq)]
pub struct Said {
    /// What was not told before.
    pub rest: String,
    /// Whether there was any text.
    pub is_answer: bool,
    /// Whether it is not in the form that is configured.
    pub is_strange: bool,
    /// The id of the session, fit to be an argument.
    pub session: Option<String>,
    /// Tokens.
    pub usage: Option<Usage>,
    /// The program's own report of a failure.
    pub failure: Option<String>,
    /// An output without any JSON, as far as it is kept: a program that fails says why in any form.
    pub plain: String,
}

impl Reader {
    /// For an output of this form, with the id of the session in one of `fields`.
    #[must_use]
    pub fn new(form: Output, fields: &[String]) -> Self {
        let told = Told { fields: fields.to_vec(), ..Told::default() };
        Self { form, lines: Lines::default(), plain: Vec::new(), bytes: 0, told }
    }

    /// Takes more of the output. Returns more of the answer; of an output that is one object, or that counts only when the
    /// program ends well, it comes at the end.
    ///
    /// # Errors
    /// It is longer than any answer.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooMuch> {
        self.bytes += bytes.len();
        if self.bytes > MAX_OUTPUT_BYTES {
            return Err(TooMuch);
        }
        match self.form {
            Output::Json | Output::Text => {
                self.plain.extend_from_slice(bytes);
                Ok(Vec::new())
            }
            Output::Jsonl => {
                let room = MAX_PLAIN_BYTES.saturating_sub(self.plain.len());
                self.plain.extend_from_slice(&bytes[..bytes.len().min(room)]);
                Ok(self.lines.push(bytes).iter().filter_map(|line| self.told.line(line)).collect())
            }
        }
    }

    /// Bytes that the program's model has written so far, shown or not, about.
    #[must_use]
    pub fn written(&self) -> usize {
        match self.form {
            Output::Text => self.bytes,
            Output::Json => self.bytes.saturating_sub(MAX_FRAME_BYTES),
            Output::Jsonl => self.told.text.len().saturating_add(self.told.unshown),
        }
    }

    /// The output is over.
    #[must_use]
    pub fn finish(mut self) -> Said {
        let plain = String::from_utf8_lossy(&self.plain).into_owned();
        let rest = match self.form {
            Output::Text => self.told.text(plain.trim()).unwrap_or_default(),
            Output::Json => self.told.whole(plain.trim()).unwrap_or_default(),
            Output::Jsonl => self.lines.finish().and_then(|line| self.told.line(&line)).unwrap_or_default(),
        };
        let mut said = Said { rest, ..Said::default() };
        if self.form != Output::Text && !self.told.is_understood {
            // A program that prints no JSON at all says what it has to say.
            let text = plain.trim();
            said.is_strange = looks_like_json(text) || text.contains('\u{fffd}') || text.contains('\0');
            if !said.is_strange {
                said.rest = self.told.text(text).unwrap_or_default();
            }
        }
        said.is_answer = !self.told.text.trim().is_empty();
        let failure = self.told.failure.or(self.told.remark.filter(|_| !said.is_answer));
        if self.told.is_understood {
            // Its answer may be under a name that nobody here knows.
            said.is_strange = !said.is_answer && failure.is_none() && !self.told.has_known_names;
        } else {
            said.plain = plain;
        }
        Said { session: self.told.session, usage: self.told.usage, failure, ..said }
    }
}

fn looks_like_json(text: &str) -> bool {
    text.starts_with(['{', '['])
}

/// What was told so far.
#[derive(Default)]
struct Told {
    fields: Vec<String>,
    text: String,
    session: Option<String>,
    usage: Option<Usage>,
    failure: Option<String>,
    /// An error of which nothing says that it ended the run: it counts when there is no answer.
    remark: Option<String>,
    is_understood: bool,
    /// Whether something has one of the names by which answers are known, even an empty one.
    has_known_names: bool,
    /// Bytes of thoughts and calls of tools, which are written like text and told to nobody.
    unshown: usize,
    /// How much of an item's text was told, by its id: an item is printed again as it grows.
    items: HashMap<String, usize>,
    /// Whether the present message comes in pieces, so that its end says nothing new.
    in_pieces: bool,
}

impl Told {
    /// One object, or the objects of a list; possibly behind other words.
    fn whole(&mut self, text: &str) -> Option<String> {
        let parsed = serde_json::from_str::<Value>(text).ok();
        let last_line = || {
            let mut lines = text.lines().rev().map(str::trim);
            lines.find_map(|line| serde_json::from_str::<Value>(line).ok().filter(Value::is_object))
        };
        match parsed.filter(|value| value.is_object() || value.is_array()).or_else(last_line)? {
            Value::Object(object) => {
                self.note(&object);
                self.has_known_names = ANSWER_KEYS.iter().any(|key| object.get(*key).is_some_and(is_blank));
                let texts = ANSWER_KEYS
                    .iter()
                    .map(|key| object.get(*key).map(|it| collect(it, 0)).unwrap_or_default());
                let text = texts.into_iter().find(|text| !text.trim().is_empty()).unwrap_or_default();
                if object.get("type").and_then(Value::as_str) == Some("error") {
                    self.note_error("error", &object);
                    return None;
                }
                if is_failure(&object) {
                    self.failure = error_of(&object).or(Some(text).filter(|text| !text.is_empty()));
                    self.failure.get_or_insert_with(|| kind_of_failure(&object));
                    return None;
                }
                let is_well = object.get("is_error") == Some(&Value::Bool(false));
                self.failure = error_of(&object).filter(|_| !is_well);
                self.text(text.trim())
            }
            Value::Array(events) => {
                let objects = events.iter().filter_map(Value::as_object);
                let pieces: Vec<String> = objects.filter_map(|event| self.event(event)).collect();
                (!pieces.is_empty()).then(|| pieces.concat())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }

    fn line(&mut self, line: &str) -> Option<String> {
        match serde_json::from_str::<Value>(line.trim()) {
            Ok(Value::Object(event)) => self.event(&event),
            // Words between the objects are a program's remarks.
            Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_))
            | Err(_) => None,
        }
    }

    /// One event of Codex, of Claude Code's `stream-json`, or of a program that prints alike.
    fn event(&mut self, event: &Map<String, Value>) -> Option<String> {
        self.note(event);
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
        self.has_known_names |= KNOWN_KINDS.contains(&kind);
        self.unshown = self.unshown.saturating_add(unshown(kind, event));
        if let Some(item) = event.get("item").and_then(Value::as_object) {
            self.has_known_names = true;
            return self.item(item);
        }
        self.note_error(kind, event);
        // What a sub-agent says is said to the one that asked it.
        if matches!(kind, "stream_event" | "assistant")
            && event.get("parent_tool_use_id").is_some_and(|parent| !parent.is_null())
        {
            // Its whole message counts as written all the same.
            let inner = event.get("message").map(|message| collect(message, 0).len()).unwrap_or_default();
            self.unshown = self.unshown.saturating_add(inner);
            return None;
        }
        match kind {
            "stream_event" => self.piece(event.get("event")?.as_object()?),
            "assistant" => self.message(&collect(event.get("message")?, 0)),
            "result" => {
                let text = event.get("result").map(|it| collect(it, 0)).unwrap_or_default();
                if is_failure(event) {
                    let said = error_of(event).or(Some(text).filter(|text| !text.is_empty()));
                    self.failure = said.or_else(|| Some(kind_of_failure(event)));
                    return None;
                }
                // What was reported before it was overcome.
                self.failure = None;
                // It repeats what was said.
                if self.text.trim().is_empty() { self.text(text.trim()) } else { None }
            }
            _ if event.get("role").and_then(Value::as_str) == Some("assistant") => {
                self.has_known_names = true;
                let text = collect(event.get("content")?, 0);
                if event.get("delta") == Some(&Value::Bool(true)) {
                    self.more(&text)
                } else {
                    self.message(&text)
                }
            }
            _ => None,
        }
    }

    /// What any object may say besides.
    fn note(&mut self, object: &Map<String, Value>) {
        self.is_understood = true;
        let id = self.fields.iter().map(String::as_str).chain([THREAD_ID]);
        let id =
            id.filter_map(|field| object.get(field)?.as_str()).map(str::trim).find(|id| is_session_id(id));
        if self.session.is_none() {
            self.session = id.map(str::to_owned);
        }
        let report = object.get("usage").and_then(Value::as_object).and_then(usage);
        self.usage = report.or(self.usage);
    }

    /// An event about the run as a whole. What went wrong on the way, in a tool for example, is not the run's failure.
    fn note_error(&mut self, kind: &str, event: &Map<String, Value>) {
        match kind {
            "error" | "turn.failed" => {
                let message =
                    event.get("message").and_then(Value::as_str).filter(|text| !text.trim().is_empty());
                self.failure = error_of(event).or(message.map(str::to_owned)).or(self.failure.take());
            }
            // What was reported before it was overcome.
            "turn.completed" => self.failure = None,
            "" => self.remark = error_of(event).or(self.remark.take()),
            _ => {}
        }
    }

    /// A message of Codex, whole each time.
    fn item(&mut self, item: &Map<String, Value>) -> Option<String> {
        let kind = item.get("type").and_then(Value::as_str).unwrap_or_default().to_lowercase();
        let text = item.get("text").and_then(Value::as_str)?;
        if !kind.is_empty() && !kind.contains("message") {
            return None;
        }
        let Some(id) = item.get("id").and_then(Value::as_str).filter(|_| self.items.len() < MAX_ITEMS) else {
            return self.message(text);
        };
        let Some(told) = self.items.get(id).copied() else {
            self.items.insert(id.to_owned(), text.len());
            return self.message(text);
        };
        // A text that was changed is not told again: what was said was said.
        let new = text.get(told..)?.to_owned();
        self.items.insert(id.to_owned(), text.len().max(told));
        self.more(&new)
    }

    /// A piece of a message of Claude Code.
    fn piece(&mut self, event: &Map<String, Value>) -> Option<String> {
        match event.get("type").and_then(Value::as_str)? {
            "message_start" => {
                self.in_pieces = false;
                None
            }
            "content_block_delta" => {
                let text = event.get("delta")?.get("text")?.as_str()?;
                if self.in_pieces {
                    return self.more(text);
                }
                self.in_pieces = true;
                self.part(text)
            }
            _ => None,
        }
    }

    /// A message of its own.
    fn message(&mut self, text: &str) -> Option<String> {
        if std::mem::take(&mut self.in_pieces) {
            return None;
        }
        self.part(text.trim())
    }

    fn part(&mut self, text: &str) -> Option<String> {
        let text = if self.text.is_empty() { text.trim_start() } else { text };
        if text.is_empty() {
            return None;
        }
        if self.text.is_empty() { self.more(text) } else { self.more(&format!("\n{text}")) }
    }

    fn text(&mut self, text: &str) -> Option<String> {
        self.more(text)
    }

    fn more(&mut self, text: &str) -> Option<String> {
        self.text.push_str(text);
        (!text.is_empty()).then(|| text.to_owned())
    }
}

/// Whether an object says of itself that it is a failure.
fn is_failure(object: &Map<String, Value>) -> bool {
    object.get("is_error") == Some(&Value::Bool(true))
        || object.get("status").and_then(Value::as_str) == Some("error")
}

/// The words of an object's error, if it has any.
fn error_of(object: &Map<String, Value>) -> Option<String> {
    let error = match object.get("error")? {
        Value::Object(error) => error.get("message").and_then(Value::as_str),
        Value::String(error) => Some(error.as_str()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    };
    error.filter(|error| !error.trim().is_empty()).map(str::to_owned)
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(parts) => parts.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn kind_of_failure(event: &Map<String, Value>) -> String {
    event.get("subtype").and_then(Value::as_str).unwrap_or("it reported a failure").to_owned()
}

/// Bytes of an event that a model wrote and that are not told: of Claude Code's whole messages, and of Codex' items when they
/// are complete.
fn unshown(kind: &str, event: &Map<String, Value>) -> usize {
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.len(),
        Some(Value::Null) | None => 0,
        Some(other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => {
            other.to_string().len()
        }
    };
    let of = |part: &Map<String, Value>| match part.get("type").and_then(Value::as_str) {
        Some("thinking") => text(part.get("thinking")),
        Some("tool_use") => text(part.get("input")),
        Some("reasoning") => text(part.get("text")),
        Some("command_execution") => text(part.get("command")),
        Some("mcp_tool_call") => text(part.get("arguments")),
        Some("file_change") => text(part.get("changes")),
        Some(_) | None => 0,
    };
    match kind {
        "assistant" => {
            let parts = event.get("message").and_then(|message| message.get("content"));
            parts.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object).map(of).sum()
        }
        "item.completed" => event.get("item").and_then(Value::as_object).map(of).unwrap_or_default(),
        _ => 0,
    }
}

/// The text of a value: a text, the texts of a list, or what an object has under one of the usual names.
fn collect(value: &Value, depth: usize) -> String {
    if depth > MAX_DEPTH {
        return String::new();
    }
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(|part| collect(part, depth + 1)).collect(),
        Value::Object(object) => {
            // A call of a tool is no text, whatever its fields are called.
            let kind = object.get("type").and_then(Value::as_str).unwrap_or("text");
            if matches!(kind, "tool_use" | "tool_result" | "thinking" | "redacted_thinking") {
                return String::new();
            }
            let inner = ["text", "content", "message"].iter().find_map(|key| object.get(*key));
            inner.map(|inner| collect(inner, depth + 1)).unwrap_or_default()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_OUTPUT_BYTES, Output, Reader, Said, TooMuch};
    use proptest::prelude::*;

    fn fields() -> Vec<String> {
        vec!["session_id".into(), "conversationId".into()]
    }

    /// The pieces, a bar between them and a double bar before the last one, and what else was said.
    fn read(form: Output, text: &str) -> (String, Said) {
        let mut reader = Reader::new(form, &fields());
        let pieces = reader.push(text.as_bytes()).unwrap();
        let said = reader.finish();
        (format!("{}‖{}", pieces.join("|"), said.rest), said)
    }

    #[test]
    fn one_object() {
        let rows = [
            (
                r#"{"type":"result","subtype":"success","is_error":false,"result":" Tea. ","session_id":"s-1","usage":{"input_tokens":3,"output_tokens":4}}"#,
                "‖Tea.",
                Some("s-1"),
                Some(7),
            ),
            (
                r#"{"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},"conversationId":"c"}"#,
                "‖ab",
                Some("c"),
                None,
            ),
            (r#"{"content":"x","result":"y"}"#, "‖x", None, None),
            (r#"{"response":"from another","stats":{}}"#, "‖from another", None, None),
            (r#"{"text":"plain"}"#, "‖plain", None, None),
            ("a warning\n{\"result\":\"Tea.\",\"session_id\":\"s-1\"}\n", "‖Tea.", Some("s-1"), None),
            (
                r#"[{"type":"system","session_id":"s-2"},{"type":"assistant","message":{"content":[{"type":"text","text":"Tea."}]}},{"type":"result","result":"Tea.","usage":{"output_tokens":2}}]"#,
                "‖Tea.",
                Some("s-2"),
                Some(2),
            ),
            (r#"{"result":"x","session_id":"--evil"}"#, "‖x", None, None),
            ("no JSON at all\n", "‖no JSON at all", None, None),
        ];
        for (text, expected, session, tokens) in rows {
            let (told, said) = read(Output::Json, text);
            assert_eq!((told.as_str(), said.session.as_deref()), (expected, session), "{text}");
            assert_eq!(said.usage.map(|usage| usage.total_tokens), tokens, "{text}");
            assert!(said.is_answer && !said.is_strange && said.failure.is_none(), "{text}");
        }
    }

    #[test]
    fn failures_and_what_is_no_answer() {
        let rows = [
            (
                Output::Json,
                r#"{"type":"result","is_error":true,"result":"Invalid API key · Please run /login"}"#,
                Some("Invalid API key · Please run /login"),
                false,
            ),
            (Output::Json, r#"{"error":{"message":"rate limited"}}"#, Some("rate limited"), false),
            (
                Output::Jsonl,
                "{\"type\":\"error\",\"message\":\"stream disconnected\"}\n{\"type\":\"turn.failed\",\"error\":{\"message\":\"unexpected status 401 Unauthorized\"}}\n",
                Some("unexpected status 401 Unauthorized"),
                false,
            ),
            (
                Output::Jsonl,
                "{\"type\":\"result\",\"subtype\":\"error_max_turns\",\"is_error\":true}\n",
                Some("error_max_turns"),
                false,
            ),
            (Output::Json, "{\"result\": \"cut", None, true),
            (Output::Jsonl, "{\"type\": \n{\"item", None, true),
            (Output::Json, "\u{0}\u{1}", None, true),
            (Output::Json, "", None, false),
            (Output::Text, " \n", None, false),
            // Empty, and under a name that nobody knows.
            (Output::Json, r#"{"result":"","session_id":"s-1"}"#, None, false),
            (Output::Json, r#"{"answer":"Tea."}"#, None, true),
            (Output::Json, r#"{"result":{"answer":"Tea."}}"#, None, true),
            (Output::Jsonl, "{\"delta\":\"Tea.\"}\n", None, true),
            (Output::Jsonl, "{\"type\":\"system\"}\n", None, false),
            (Output::Jsonl, "{\"error\":\"no luck\"}\n", Some("no luck"), false),
            (
                Output::Jsonl,
                "{\"type\":\"result\",\"status\":\"error\",\"error\":{\"type\":\"x\",\"message\":\"quota\"}}\n",
                Some("quota"),
                false,
            ),
            (Output::Json, r#"{"is_error":true,"result":""}"#, Some("it reported a failure"), false),
        ];
        for (form, text, failure, is_strange) in rows {
            let (_, said) = read(form, text);
            assert_eq!((said.failure.as_deref(), said.is_strange), (failure, is_strange), "{text}");
            assert!(!said.is_answer, "{text}");
        }
        // What went wrong on the way.
        let answers = [
            (
                Output::Jsonl,
                "{\"type\":\"tool_result\",\"status\":\"error\",\"error\":{\"message\":\"File not found\"}}\n{\"type\":\"message\",\"role\":\"assistant\",\"content\":\"Tea.\",\"delta\":true}\n{\"type\":\"result\",\"status\":\"success\"}\n",
            ),
            (
                Output::Jsonl,
                "{\"type\":\"error\",\"severity\":\"warning\",\"message\":\"slow\"}\n{\"type\":\"assistant\",\"message\":{\"content\":\"Tea.\"}}\n{\"type\":\"result\",\"is_error\":false,\"result\":\"Tea.\"}\n",
            ),
            (Output::Jsonl, "{\"error\":\"warning\"}\n{\"item\":{\"text\":\"Tea.\"}}\n"),
            (Output::Json, r#"{"result":"Tea.","error":""}"#),
            (Output::Json, r#"{"response":"Tea.","error":null}"#),
        ];
        for (form, text) in answers {
            let (told, said) = read(form, text);
            assert_eq!((told.replace('‖', "").as_str(), said.failure.as_deref()), ("Tea.", None), "{text}");
        }
        let overcome = "{\"type\":\"error\",\"message\":\"reconnecting\"}\n{\"item\":{\"text\":\"x\"}}\n{\"type\":\"turn.completed\"}\n";
        assert_eq!(read(Output::Jsonl, overcome).1.failure, None);
    }

    #[test]
    fn lines_are_told_as_they_come() {
        let codex = "{\"type\":\"thread.started\",\"thread_id\":\"t-1\"}\nremark\n\
            {\"type\":\"item.completed\",\"item\":{\"id\":\"0\",\"type\":\"reasoning\",\"text\":\"hmm\"}}\n\
            {\"type\":\"item.started\",\"item\":{\"id\":\"1\",\"type\":\"agent_message\",\"text\":\"It\"}}\n\
            {\"type\":\"item.updated\",\"item\":{\"id\":\"1\",\"type\":\"agent_message\",\"text\":\"It is\"}}\n\
            {\"type\":\"item.completed\",\"item\":{\"id\":\"1\",\"type\":\"agent_message\",\"text\":\"It is tea.\"}}\n\
            {\"type\":\"item.completed\",\"item\":{\"id\":\"2\",\"type\":\"agent_message\",\"text\":\"Enjoy.\"}}\n\
            {\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":10,\"cached_input_tokens\":4,\"output_tokens\":5}}";
        let (told, said) = read(Output::Jsonl, codex);
        assert_eq!(told, "It| is| tea.|\nEnjoy.‖");
        assert_eq!(
            (said.session.as_deref(), said.usage.map(|it| (it.input, it.cache_read, it.output))),
            (Some("t-1"), Some((6, 4, 5)))
        );

        let event = |text: &str| {
            format!(
                "{{\"type\":\"stream_event\",\"event\":{{\"type\":\"content_block_delta\",\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}}}\n"
            )
        };
        let start = "{\"type\":\"stream_event\",\"event\":{\"type\":\"message_start\"}}\n";
        let message = |text: &str| {
            format!(
                "{{\"type\":\"assistant\",\"message\":{{\"content\":[{{\"type\":\"text\",\"text\":\"{text}\"}}]}}}}\n"
            )
        };
        let claude = [
            "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"s-1\"}\n",
            start,
            &event("It is"),
            &event(" tea."),
            &message("It is tea."),
            start,
            &event("Enjoy."),
            &message("Enjoy."),
            &message("Bye."),
            "{\"type\":\"result\",\"result\":\"Bye.\",\"session_id\":\"s-1\"}\n",
        ]
        .concat();
        let (told, said) = read(Output::Jsonl, &claude);
        assert_eq!((told.as_str(), said.session.as_deref()), ("It is| tea.|\nEnjoy.|\nBye.‖", Some("s-1")));

        let other = "{\"type\":\"message\",\"role\":\"user\",\"content\":\"hi\"}\n{\"type\":\"message\",\"role\":\"assistant\",\"content\":\"He\",\"delta\":true}\n{\"type\":\"message\",\"role\":\"assistant\",\"content\":\"llo\",\"delta\":true}\n";
        assert_eq!(read(Output::Jsonl, other).0, "He|llo‖");
        assert_eq!(read(Output::Jsonl, "just words\n").0, "‖just words");

        let inner = "{\"type\":\"assistant\",\"parent_tool_use_id\":\"t-1\",\"message\":{\"content\":\"hm\"}}\n\
            {\"type\":\"stream_event\",\"parent_tool_use_id\":\"t-1\",\"event\":{\"type\":\"content_block_delta\",\"delta\":{\"text\":\"hm\"}}}\n\
            {\"type\":\"assistant\",\"parent_tool_use_id\":null,\"message\":{\"content\":\"Tea.\"}}\n";
        assert_eq!(read(Output::Jsonl, inner).0, "Tea.‖", "what a sub-agent says is no answer");
        let mut reader = Reader::new(Output::Jsonl, &[]);
        reader.push(inner.as_bytes()).unwrap();
        assert_eq!(reader.written(), "hmTea.".len(), "and is written all the same");
        let long = format!(
            "{{\"type\":\"user\",\"x\":\"{}\"}}\n{{\"item\":{{\"text\":\"Tea.\"}}}}\n",
            "x".repeat(5 << 20)
        );
        assert_eq!(read(Output::Jsonl, &long).0, "Tea.‖", "a line of a tool's is passed over");
    }

    #[test]
    fn a_text_is_what_it_is() {
        assert_eq!(read(Output::Text, "\n{\"result\":1}\n\n").0, "‖{\"result\":1}");
        let mut reader = Reader::new(Output::Text, &[]);
        assert_eq!(reader.push(&vec![b'x'; MAX_OUTPUT_BYTES]), Ok(Vec::new()));
        assert_eq!(reader.push(b"x"), Err(TooMuch));
    }

    proptest! {
        /// However an output is cut into pieces, it says the same.
        #[test]
        fn cuts_change_nothing(text in "([{}\\[\\]\":,a-z0-9\n]|\"type\":\"assistant\"|\"item\"|\"text\":\"ä\"|\"result\"){0,60}", at in 0usize..200, lines in any::<bool>()) {
            let form = if lines { Output::Jsonl } else { Output::Json };
            let (at_once, said) = read(form, &text);
            let mut reader = Reader::new(form, &fields());
            let bytes = text.as_bytes();
            let at = at.min(bytes.len());
            let mut pieces = reader.push(&bytes[..at]).unwrap();
            pieces.extend(reader.push(&bytes[at..]).unwrap());
            let cut = reader.finish();
            prop_assert_eq!(format!("{}‖{}", pieces.join("|"), cut.rest), at_once);
            prop_assert_eq!(cut, said);
        }
    }

    #[test]
    fn what_a_model_writes_is_counted_whether_it_is_shown_or_not() {
        let rows = [
            (Output::Text, "twelve bytes", 12),
            (Output::Json, r#"{"result":"short"}"#, 0),
            (
                Output::Jsonl,
                r#"{"type":"assistant","message":{"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"yes"},{"type":"tool_use","input":{"a":1}}]}}"#,
                2 + 3 + 7,
            ),
            (Output::Jsonl, r#"{"type":"item.completed","item":{"type":"reasoning","text":"because"}}"#, 7),
            (
                Output::Jsonl,
                r#"{"type":"item.updated","item":{"type":"command_execution","command":"ls","aggregated_output":"a b"}}"#,
                0,
            ),
            (
                Output::Jsonl,
                r#"{"type":"item.completed","item":{"type":"command_execution","command":"ls","aggregated_output":"a b"}}"#,
                2,
            ),
            (
                Output::Jsonl,
                r#"{"type":"user","message":{"content":[{"type":"tool_result","content":"much of a file"}]}}"#,
                0,
            ),
        ];
        for (form, line, expected) in rows {
            let mut reader = Reader::new(form, &fields());
            reader.push(format!("{line}\n").as_bytes()).unwrap();
            let newline = usize::from(form == Output::Text);
            assert_eq!(reader.written(), expected + newline, "{line}");
        }
        let mut long = Reader::new(Output::Json, &fields());
        long.push(&[b'x'; 5_000]).unwrap();
        assert_eq!(long.written(), 904);
    }
}
