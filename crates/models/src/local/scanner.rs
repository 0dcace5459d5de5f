//! Finds tool calls that a model printed as text.
//!
//! The forms are those of the chat templates in use: `<tool_call>{…}</tool_call>` (Hermes, Qwen), a fenced block of JSON,
//! and an answer that is nothing but the JSON of a call (Llama, Mistral). Only calls of tools that were offered count;
//! everything else stays the text that it is.

use std::ops::Range;

use serde_json::Value;

/// Longest text that is held back because it may become a call: a file that is written whole.
pub const MAX_HELD_BYTES: usize = 256 * 1024;

const TAG: (&str, &str) = ("<tool_call>", "</tool_call>");
const FENCE: &str = "```";
/// Blocks of these languages may hold calls.
const LANGUAGES: [&str; 4] = ["json", "tool_call", "tool_calls", ""];

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// Text.
    Text(String),
    /// A call of a tool.
    Call {
        /// The tool.
        name: String,
        /// Its arguments.
        arguments: Value,
    },
}

/// Takes an answer apart while it comes.
pub struct Scanner {
    tools: Vec<String>,
    held: String,
    /// Whether nothing but white space came before what is held.
    at_start: bool,
    /// Whether what is held begins a line.
    at_line: bool,
    /// Whether a call came just before: white space behind one says nothing.
    after_call: bool,
}

/// What is held begins like this.
enum Found {
    /// Text up to there, and nothing that could be a call.
    Text(usize),
    /// It may become a call; more has to come.
    Wait,
    /// A whole block that may hold calls, and where its JSON is.
    Block { whole: usize, json: Range<usize> },
}

impl Scanner {
    /// For calls of these tools.
    #[must_use]
    pub fn new(tools: Vec<String>) -> Self {
        Self { tools, held: String::new(), at_start: true, at_line: true, after_call: false }
    }

    /// Takes more of the answer; returns what is certain by now.
    pub fn push(&mut self, text: &str) -> Vec<Piece> {
        self.held.push_str(text);
        let mut pieces = Vec::new();
        while self.has_more() {
            match self.look() {
                Found::Text(end) => self.tell(end, &mut pieces),
                Found::Block { whole, json } => self.block(whole, json, &mut pieces),
                Found::Wait if self.held.len() > MAX_HELD_BYTES => self.tell(self.held.len(), &mut pieces),
                Found::Wait => break,
            }
        }
        pieces
    }

    /// The answer is over: what is held is a call after all, or text.
    pub fn finish(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        if !self.has_more() {
            return pieces;
        }
        // A tag or fence that was never closed.
        let open = self.held.trim_start();
        let json = open.strip_prefix(TAG.0).or_else(|| open.strip_prefix(FENCE).map(after_language));
        if let Some(calls) = json.and_then(|json| calls(json.trim(), &self.tools)) {
            self.held.clear();
            pieces.extend(calls);
        } else if !self.held.is_empty() {
            self.tell(self.held.len(), &mut pieces);
        }
        pieces
    }

    /// Whether something is held that says something.
    fn has_more(&mut self) -> bool {
        if self.after_call {
            let blank = self.held.len() - self.held.trim_start().len();
            self.held.drain(..blank);
            self.after_call = self.held.is_empty();
        }
        !self.held.is_empty()
    }

    fn look(&self) -> Found {
        let held = &self.held;
        if let Some(rest) = held.strip_prefix(TAG.0) {
            return match rest.find(TAG.1) {
                Some(end) => {
                    let json = TAG.0.len()..TAG.0.len() + end;
                    Found::Block { whole: json.end + TAG.1.len(), json }
                }
                None => Found::Wait,
            };
        }
        if self.at_line && held.starts_with(FENCE) {
            return self.fence();
        }
        if self.at_start && held.trim_start().starts_with(['{', '[']) {
            return self.bare();
        }
        if TAG.0.starts_with(held.as_str())
            || (self.at_line && FENCE.starts_with(held.as_str()))
            || (self.at_start && held.trim().is_empty())
        {
            return Found::Wait;
        }
        // Nothing begins here: text up to the next place where something could.
        let first = held.chars().next().map_or(1, char::len_utf8);
        let tag = held[first..].find('<').map(|at| at + first);
        let line = held.find('\n').map(|at| at + 1).filter(|at| *at < held.len() || held.len() == *at);
        let end = [tag, line].into_iter().flatten().min().unwrap_or(held.len());
        Found::Text(end)
    }

    fn fence(&self) -> Found {
        let Some(line_end) = self.held.find('\n') else { return Found::Wait };
        let language = self.held[FENCE.len()..line_end].trim().to_ascii_lowercase();
        if !LANGUAGES.contains(&language.as_str()) {
            return Found::Text(line_end + 1);
        }
        let body = line_end + 1;
        // A block of something else is text at once.
        let begins = self.held[body..].trim_start().chars().next();
        match begins {
            None => return Found::Wait,
            Some('{' | '[') => {}
            Some(_) => return Found::Text(body),
        }
        match self.held[body..].find("\n```") {
            Some(end) => {
                let whole = body + end + 1 + FENCE.len();
                Found::Block { whole, json: body..body + end }
            }
            None => Found::Wait,
        }
    }

    /// An answer that begins with JSON.
    fn bare(&self) -> Found {
        let mut values = serde_json::Deserializer::from_str(&self.held).into_iter::<Value>();
        match values.next() {
            Some(Ok(_)) => {
                let end = values.byte_offset();
                Found::Block { whole: end, json: 0..end }
            }
            Some(Err(error)) if error.is_eof() => Found::Wait,
            // Only the bracket is certain: what follows may hold a tag.
            Some(Err(_)) | None => Found::Text(self.held.len() - self.held.trim_start().len() + 1),
        }
    }

    fn block(&mut self, whole: usize, json: Range<usize>, pieces: &mut Vec<Piece>) {
        match calls(self.held[json].trim(), &self.tools) {
            Some(found) => {
                self.held.drain(..whole);
                // What follows the calls begins anew: several may stand one behind the other.
                (self.at_start, self.at_line, self.after_call) = (true, true, true);
                pieces.extend(found);
            }
            None => self.tell(whole, pieces),
        }
    }

    fn tell(&mut self, end: usize, pieces: &mut Vec<Piece>) {
        let text: String = self.held.drain(..end).collect();
        self.at_start &= text.trim().is_empty();
        self.at_line = text.ends_with('\n');
        match pieces.last_mut() {
            Some(Piece::Text(before)) => before.push_str(&text),
            Some(Piece::Call { .. }) | None => pieces.push(Piece::Text(text)),
        }
    }
}

fn after_language(block: &str) -> &str {
    block.split_once('\n').map_or("", |(_, body)| body)
}

/// The calls that a JSON text is, if it is nothing else.
fn calls(json: &str, tools: &[String]) -> Option<Vec<Piece>> {
    let mut found = Vec::new();
    for value in serde_json::Deserializer::from_str(json).into_iter::<Value>() {
        let value = value.ok()?;
        if let Value::Array(list) = &value {
            found.extend(list.iter().map(|one| call(one, tools)).collect::<Option<Vec<_>>>()?);
        } else {
            found.push(call(&value, tools)?);
        }
    }
    (!found.is_empty()).then_some(found)
}

fn call(value: &Value, tools: &[String]) -> Option<Piece> {
    let object = value.get("function").filter(|inner| inner.is_object()).unwrap_or(value).as_object()?;
    let name = object.get("name").or_else(|| object.get("tool"))?.as_str()?;
    if !tools.iter().any(|tool| tool == name) {
        return None;
    }
    let given = ["arguments", "parameters", "args"].iter().find_map(|key| object.get(*key));
    let arguments = match given {
        None => Value::Object(serde_json::Map::new()),
        Some(Value::String(text)) => serde_json::from_str(text).ok()?,
        Some(value) => value.clone(),
    };
    arguments.is_object().then(|| Piece::Call { name: name.to_owned(), arguments })
}

#[cfg(test)]
mod tests {
    use super::{Piece, Scanner};
    use proptest::prelude::*;
    use serde_json::json;

    fn scan(pieces: &[&str]) -> Vec<Piece> {
        let mut scanner = Scanner::new(vec!["read".into(), "memory_search".into()]);
        let mut all: Vec<Piece> = Vec::new();
        let fed: Vec<Piece> = pieces.iter().flat_map(|piece| scanner.push(piece)).collect();
        for piece in fed.into_iter().chain(scanner.finish()) {
            match (all.last_mut(), piece) {
                (Some(Piece::Text(before)), Piece::Text(more)) => before.push_str(&more),
                (_, piece) => all.push(piece),
            }
        }
        all
    }

    fn text(text: &str) -> Piece {
        Piece::Text(text.into())
    }

    fn read(path: &str) -> Piece {
        Piece::Call { name: "read".into(), arguments: json!({"path": path}) }
    }

    const CALL: &str = r#"{"name": "read", "arguments": {"path": "a"}}"#;

    #[test]
    fn the_forms_in_use() {
        let tagged = format!("I look.\n<tool_call>\n{CALL}\n</tool_call>");
        let two = format!("<tool_call>{CALL}</tool_call>\n<tool_call>{CALL}</tool_call>");
        let fenced = format!("Sure:\n```json\n{CALL}\n```\n");
        let list = format!("[{CALL}, {CALL}]");
        let rows: Vec<(&str, Vec<Piece>)> = vec![
            (tagged.as_str(), vec![text("I look.\n"), read("a")]),
            (two.as_str(), vec![read("a"), read("a")]),
            (fenced.as_str(), vec![text("Sure:\n"), read("a")]),
            (CALL, vec![read("a")]),
            (list.as_str(), vec![read("a"), read("a")]),
            (r#"{"function": {"name": "read", "parameters": {"path": "a"}}}"#, vec![read("a")]),
            (r#"{"name": "read", "arguments": "{\"path\": \"a\"}"}"#, vec![read("a")]),
            (r#"<tool_call>{"name": "read", "arguments": {"path": "a"}}"#, vec![read("a")]),
        ];
        for (answer, expected) in rows {
            assert_eq!(scan(&[answer]), expected, "{answer}");
        }
    }

    #[test]
    fn what_is_no_call_of_an_offered_tool_stays_text() {
        for answer in [
            "Plain words with { braces } and <tags>.",
            r#"{"name": "rm", "arguments": {}}"#,
            r#"{"name": "read", "arguments": 5}"#,
            "```json\n{\"a\": 1}\n```\nis JSON",
            "```rust\nfn main() {}\n```",
            "<tool_call>nonsense</tool_call>",
            "a < b and ``` in a line",
            "{ not json",
            "",
        ] {
            let expected = if answer.is_empty() { vec![] } else { vec![text(answer)] };
            assert_eq!(scan(&[answer]), expected, "{answer}");
        }
        let quoted = format!("The call would be {CALL} then.");
        assert_eq!(scan(&[quoted.as_str()]), vec![text(&quoted)], "in the middle of words it is a quotation");
    }

    #[test]
    fn text_is_not_held_back_for_long() {
        let mut scanner = Scanner::new(vec!["read".into()]);
        assert_eq!(scanner.push("Hello"), [text("Hello")]);
        assert_eq!(scanner.push(" wor"), [text(" wor")]);
        assert_eq!(scanner.push("ld <"), [text("ld ")]);
        assert_eq!(scanner.push("b>"), [text("<b>")]);
    }

    proptest! {
        /// However an answer is cut, it means the same, and no text is lost.
        #[test]
        fn any_cut_gives_the_same(
            parts in prop::collection::vec(prop::sample::select(vec![
                "Hello ", "\n", "<tool_call>", "</tool_call>", "```json\n", "```", CALL, "{", "[", "<", "é", "}",
            ]), 0..10),
            cuts in prop::collection::vec(1..7usize, 1..40),
        ) {
            let answer = parts.concat();
            let whole = scan(&[&answer]);
            let chars: Vec<char> = answer.chars().collect();
            let (mut pieces, mut at) = (Vec::new(), 0);
            for cut in cuts {
                let end = (at + cut).min(chars.len());
                pieces.push(chars[at..end].iter().collect::<String>());
                at = end;
            }
            pieces.push(chars[at..].iter().collect());
            let borrowed: Vec<&str> = pieces.iter().map(String::as_str).collect();
            prop_assert_eq!(&scan(&borrowed), &whole);
            let has_call = whole.iter().any(|piece| matches!(piece, Piece::Call { .. }));
            if !has_call {
                let said: String = whole.iter().map(|piece| match piece {
                    Piece::Text(text) => text.as_str(),
                    Piece::Call { .. } => "",
                }).collect();
                prop_assert_eq!(said, answer);
            }
            let is_whole = |piece: &Piece| match piece {
                Piece::Call { arguments, .. } => arguments.is_object(),
                Piece::Text(text) => !text.is_empty(),
            };
            prop_assert!(whole.iter().all(is_whole));
        }
    }
}
