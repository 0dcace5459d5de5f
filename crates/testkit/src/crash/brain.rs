//! The model behind the gateway: answers by what a message wishes, and remembers how often it was asked.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::message::{Token, Wish};
use crate::model_server::{ModelServer, Recorded, Reply, ScriptedCall};

/// Pieces of a long answer, and the pause before each: long enough to be broken off, short enough for thousands.
const LONG_PIECES: usize = 12;
const LONG_PAUSE: Duration = Duration::from_millis(4);

/// A model server for a platform's messages.
pub struct Brain {
    server: ModelServer,
    memory: Arc<Memory>,
}

#[derive(Default)]
struct Memory {
    asked: Mutex<HashMap<Token, usize>>,
    requests: AtomicUsize,
}

impl Default for Brain {
    fn default() -> Self {
        Self::start()
    }
}

impl Brain {
    /// Starts it.
    #[must_use]
    pub fn start() -> Self {
        let memory = Arc::new(Memory::default());
        let theirs = Arc::clone(&memory);
        let server = ModelServer::builder().fallback(move |request| theirs.answer(request)).start();
        Self { server, memory }
    }

    /// The base URL for a provider's configuration.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Requests so far.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.memory.requests.load(Ordering::Relaxed)
    }

    /// How often the turn of this message was begun.
    #[must_use]
    pub fn asked(&self, token: &Token) -> usize {
        self.memory.asked.lock().unwrap().get(token).copied().unwrap_or_default()
    }

    /// Lets go of the recorded requests, which would fill the memory of a long run.
    pub fn forget(&self) {
        self.server.forget_requests();
    }
}

impl Memory {
    fn answer(&self, request: &Recorded) -> Reply {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let Some((token, text, results)) = question(&request.body) else {
            return Reply::text("I was asked nothing.");
        };
        let times = {
            let mut asked = self.asked.lock().unwrap();
            let times = asked.entry(token.clone()).or_default();
            *times += usize::from(results == 0);
            *times
        };
        let answer = format!("Answer {times} about {}.", token.as_str());
        match (Wish::of(&text), results) {
            (Wish::Tools, 0) => calls(&token, times, "write"),
            (Wish::Tools, 1) => calls(&token, times, "read"),
            (Wish::Tools, 2) => calls(&token, times, "memory_search"),
            (Wish::LongAnswer, _) => {
                let padding = " and more".repeat(LONG_PIECES / 2);
                Reply::slow_text(&format!("{answer}{padding}"), LONG_PAUSE)
            }
            (Wish::Answer | Wish::Tools, _) => Reply::text(&answer),
        }
    }
}

/// The last message of the platform in a request, and how many results of tools came after it.
fn question(body: &Value) -> Option<(Token, String, usize)> {
    let messages = body["messages"].as_array()?;
    let mut results = 0;
    for message in messages.iter().rev() {
        if message["role"] == "tool" {
            results += 1;
        } else if message["role"] == "user" {
            let text = message["content"].to_string();
            if let Some(token) = Token::find(&text) {
                return Some((token, text, results));
            }
        }
    }
    None
}

fn calls(token: &Token, times: usize, tool: &str) -> Reply {
    let path = format!("notes/{}.md", token.as_str());
    let arguments = match tool {
        "write" => json!({"path": path, "content": format!("Known about {}.\n", token.as_str())}),
        "read" => json!({"path": path}),
        _ => json!({"query": token.as_str()}),
    };
    let call = ScriptedCall {
        id: format!("call_{}_{times}_{tool}", token.as_str()),
        name: tool.to_owned(),
        arguments: arguments.to_string(),
    };
    Reply::ToolCalls { text: String::new(), calls: vec![call] }
}

#[cfg(test)]
mod tests {
    use super::question;
    use crate::crash::Token;
    use serde_json::json;

    #[test]
    fn the_question_is_the_last_message_of_the_platform() {
        let body = json!({"messages": [
            {"role": "user", "content": "Tell me about tk0000001"},
            {"role": "tool", "content": "old"},
            {"role": "assistant", "content": "Answer 1"},
            {"role": "user", "content": [{"type": "text", "text": "Look up tk0000002"}]},
            {"role": "assistant", "content": null, "tool_calls": []},
            {"role": "tool", "content": "x"},
            {"role": "user", "content": "a note of the program"},
        ]});
        let (token, text, results) = question(&body).unwrap();
        assert_eq!((token, results), (Token::new(2), 1));
        assert!(text.contains("Look up"));
        assert!(question(&json!({"messages": []})).is_none());
    }
}
