//! One answer as it comes in: from events to what is shown. Pure.

use serde_json::Value;

/// The answer to one message.
pub(super) struct Answer {
    run_id: String,
    /// Text of the current message that is on the screen.
    shown: String,
}

/// What an event means for the screen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// Text to add.
    pub(super) text: String,
    /// What is no part of the answer: which tool runs.
    pub(super) aside: String,
    /// The end of the answer.
    pub(super) end: Option<End>,
}

/// How an answer ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// It is complete.
    Done,
    /// Somebody stopped it.
    Aborted,
    /// It failed, in plain words.
    Failed(String),
}

impl Answer {
    /// Waits for the events of a run.
    pub(super) fn new(run_id: &str) -> Self {
        Self { run_id: run_id.to_owned(), shown: String::new() }
    }

    /// Takes an event into account. Those of other runs mean nothing.
    ///
    /// Text comes twice: quickly as `agent` events, and slowed down as `chat` events, which alone tell the end and
    /// the answers of slash commands. Each holds the whole text so far, so that either may be late or missing.
    pub(super) fn hear(&mut self, event: &str, payload: &Value) -> Heard {
        let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str);
        if text("/runId") != Some(&self.run_id) {
            return Heard::default();
        }
        match (event, text("/stream"), text("/state")) {
            ("agent", Some("assistant"), _) => self.progress(text("/data/text").unwrap_or_default()),
            ("agent", Some("tool"), _) if text("/data/phase") == Some("start") => {
                self.tool(text("/data/name").unwrap_or_default())
            }
            ("chat", _, Some("delta")) => self.progress(&message_text(payload)),
            ("chat", _, Some("final")) => {
                Heard { end: Some(End::Done), ..self.progress(&message_text(payload)) }
            }
            ("chat", _, Some("aborted")) => Heard { end: Some(End::Aborted), ..Heard::default() },
            ("chat", _, Some("error")) => {
                let why = text("/errorMessage").unwrap_or("the answer failed").to_owned();
                Heard { end: Some(End::Failed(why)), ..Heard::default() }
            }
            _ => Heard::default(),
        }
    }

    /// The whole text so far: what of it is new.
    fn progress(&mut self, whole: &str) -> Heard {
        let text = if let Some(rest) = whole.strip_prefix(self.shown.as_str()) {
            rest.to_owned()
        } else if self.shown.starts_with(whole) || whole.ends_with(&self.shown) {
            // Late, or all messages of the turn together: it is on the screen already.
            return Heard::default();
        } else {
            // After a tool call the model begins another message.
            format!("\n\n{whole}")
        };
        self.shown.clear();
        self.shown.push_str(whole);
        Heard { text, ..Heard::default() }
    }

    fn tool(&mut self, name: &str) -> Heard {
        let gap = if self.shown.is_empty() { "" } else { "\n" };
        self.shown.clear();
        Heard { text: gap.to_owned(), aside: format!("[{name}]\n"), end: None }
    }
}

fn message_text(payload: &Value) -> String {
    let parts =
        payload.pointer("/message/content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<&str> = parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
    texts.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Answer, End, Heard};
    use serde_json::{Value, json};

    fn agent(text: &str) -> (&'static str, Value) {
        ("agent", json!({"runId": "r", "stream": "assistant", "data": {"text": text}}))
    }

    fn chat(state: &str, text: &str) -> (&'static str, Value) {
        let message = json!({"role": "assistant", "content": [{"type": "text", "text": text}]});
        ("chat", json!({"runId": "r", "state": state, "message": message}))
    }

    fn screen(events: &[(&str, Value)]) -> (String, Option<End>) {
        let mut answer = Answer::new("r");
        let mut shown = String::new();
        for (event, payload) in events {
            let Heard { text, aside, end } = answer.hear(event, payload);
            shown.push_str(&format!("{text}{aside}"));
            if end.is_some() {
                return (shown, end);
            }
        }
        (shown, None)
    }

    #[test]
    fn each_text_is_shown_once_however_it_arrives() {
        let done = Some(End::Done);
        let tool =
            ("agent", json!({"runId": "r", "stream": "tool", "data": {"phase": "start", "name": "read"}}));
        let rows = [
            (vec![agent("a"), agent("ab"), chat("delta", "a"), chat("final", "abc")], "abc"),
            (vec![chat("final", "a card")], "a card"),
            (
                vec![agent("Let me see."), agent("It is"), agent("It is 7"), chat("final", "It is 7")],
                "Let me see.\n\nIt is 7",
            ),
            (vec![agent("One."), agent("Two."), chat("final", "One.\n\nTwo.")], "One.\n\nTwo."),
            (vec![agent("Hm"), tool, agent("Seven"), chat("final", "Seven")], "Hm\n[read]\nSeven"),
            (vec![agent("x"), ("chat", json!({"runId": "r", "state": "final"}))], "x"),
        ];
        for (events, expected) in rows {
            assert_eq!(screen(&events), (expected.to_owned(), done.clone()), "{events:?}");
        }
    }

    #[test]
    fn other_runs_are_silent_and_failures_speak() {
        let other = ("chat", json!({"runId": "other", "state": "final"}));
        let error = ("chat", json!({"runId": "r", "state": "error", "errorMessage": "no key"}));
        assert_eq!(screen(&[other, error]), (String::new(), Some(End::Failed("no key".to_owned()))));
        let aborted = ("chat", json!({"runId": "r", "state": "aborted", "stopReason": "rpc"}));
        assert_eq!(screen(&[agent("half"), aborted]), ("half".to_owned(), Some(End::Aborted)));
    }
}
