//! Homes to start a gateway in: empty, with a thousand sessions, with notes to remember.

use std::fmt::Write as _;
use std::ops::Deref;

use openclaw_guard::iso_millis;
use openclaw_testkit::home::TempHome;
use openclaw_testkit::process::free_port;
use serde_json::{Map, Value, json};

/// The shared secret of every home.
pub(crate) const TOKEN: &str = "bench-token-0123456789abcdef";
/// Sessions and memory chunks of a used home.
pub(crate) const SESSIONS: usize = 1_000;
/// Turns that may run at once.
const MAX_TURNS: usize = 64;
/// 2026-11-20T10:00:00Z in milliseconds.
const THEN_MS: i64 = 1_795_168_800_000;
/// Files with notes; each holds ten sections of about 1,600 characters, the chunk size of the release.
const NOTE_FILES: usize = 100;

/// A home with a configuration, and the port in it.
pub(crate) struct Home {
    temp: TempHome,
    pub(crate) port: u16,
}

impl Deref for Home {
    type Target = TempHome;

    fn deref(&self) -> &TempHome {
        &self.temp
    }
}

impl Home {
    /// A home with nothing but a configuration. With a provider's address all turns go there.
    pub(crate) fn empty(provider: Option<&str>) -> Self {
        let port = free_port();
        let temp = TempHome::new();
        let mut config = json!({
            "gateway": {"mode": "local", "port": port, "auth": {"mode": "token", "token": TOKEN}},
            "discovery": {"mdns": {"mode": "off"}},
            "update": {"checkOnStart": false},
            "agents": {"defaults": {"maxConcurrent": MAX_TURNS}},
        });
        if let Some(address) = provider {
            config["models"] = json!({"providers": {"bench": {
                "baseUrl": address, "apiKey": "bench", "api": "openai-completions",
                "models": [{
                    "id": "instant", "name": "Instant", "reasoning": false, "input": ["text"],
                    "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
                    "contextWindow": 200_000, "maxTokens": 4_096,
                }],
            }}});
            config["agents"]["defaults"]["model"] = json!({"primary": "bench/instant"});
        }
        temp.write_config(&config);
        Self { temp, port }
    }

    /// Adds [`SESSIONS`] sessions: their index and a short transcript each.
    pub(crate) fn with_sessions(self) -> Self {
        let folder = self.state_dir().join("agents/main/sessions");
        let mut index = Map::new();
        for number in 0..SESSIONS {
            let id = format!("00000000-0000-4000-8000-{number:012}");
            let file = folder.join(format!("{id}.jsonl"));
            let age = i64::try_from(number).unwrap_or(0) * 60_000;
            let entry = json!({
                "sessionId": id, "updatedAt": THEN_MS - age, "sessionFile": file, "chatType": "direct",
                "systemSent": true, "abortedLastRun": false, "modelProvider": "bench", "model": "instant",
                "inputTokens": 1200, "outputTokens": 80, "totalTokens": 1280, "contextTokens": 200_000,
                "label": format!("Conversation {number}"), "origin": {"provider": "webchat", "surface": "webchat"},
            });
            index.insert(format!("agent:main:bench-{number}"), entry);
            self.write(format!(".openclaw/agents/main/sessions/{id}.jsonl"), &transcript(&id, THEN_MS - age));
        }
        let text = format!("{:#}", Value::Object(index));
        self.write(".openclaw/agents/main/sessions/sessions.json", &text);
        self
    }

    /// Adds notes that make at least a thousand chunks.
    pub(crate) fn with_notes(self) -> Self {
        for number in 0..NOTE_FILES {
            let date = format!("2026-{:02}-{:02}", 1 + number / 28, 1 + number % 28);
            self.write(format!(".openclaw/workspace/memory/{date}.md"), &notes(number));
        }
        self
    }

    /// How many messages of a role are in the transcripts on disk.
    pub(crate) fn messages_on_disk(&self, role: &str) -> usize {
        let folder = self.state_dir().join("agents/main/sessions");
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let texts = files
            .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
            .filter_map(|path| std::fs::read_to_string(path).ok());
        texts.map(|text| count_role(&text, role)).sum()
    }
}

fn count_role(transcript: &str, role: &str) -> usize {
    let is_of = |line: &&str| {
        let record: Value = serde_json::from_str(line).unwrap_or_default();
        record["type"] == "message" && record["message"]["role"] == role
    };
    transcript.lines().filter(is_of).count()
}

/// Two questions with their answers, in version 3 of the release's format.
fn transcript(id: &str, at_ms: i64) -> String {
    let time = iso_millis(at_ms);
    let header = json!({"type": "session", "version": 3, "id": id, "timestamp": time, "cwd": "/"});
    let mut text = format!("{header}\n");
    let mut parent = Value::Null;
    for (number, role) in ["user", "assistant", "user", "assistant"].into_iter().enumerate() {
        let own = format!("{number:08x}");
        let mut message = json!({
            "role": role, "timestamp": at_ms,
            "content": [{"type": "text", "text": format!("Message {number} of this conversation, of ordinary length.")}],
        });
        if role == "assistant" {
            message["api"] = json!("openai-completions");
            message["provider"] = json!("bench");
            message["model"] = json!("instant");
            message["stopReason"] = json!("stop");
            message["usage"] = json!({
                "input": 600, "output": 40, "cacheRead": 0, "cacheWrite": 0, "totalTokens": 640,
                "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0, "total": 0},
            });
        }
        let record =
            json!({"type": "message", "id": own, "parentId": parent, "timestamp": time, "message": message});
        // Writing to a String cannot fail.
        writeln!(text, "{record}").ok();
        parent = json!(own);
    }
    text
}

fn notes(file: usize) -> String {
    const WORDS: [&str; 16] = [
        "garden", "train", "letter", "recipe", "invoice", "meeting", "passport", "kitchen", "dentist",
        "bicycle", "concert", "harbour", "winter", "library", "painter", "holiday",
    ];
    let mut text = String::new();
    for section in 0..10 {
        writeln!(text, "## Topic {file}-{section}\n").ok();
        for line in 0..20 {
            let word = |step: usize| WORDS[(file * 7 + section * 3 + line * 5 + step) % WORDS.len()];
            writeln!(
                text,
                "- The {} for the {} number {file}{section}{line} is kept near the {}.",
                word(0),
                word(3),
                word(9)
            )
            .ok();
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{count_role, notes, transcript};

    #[test]
    fn made_homes_are_what_they_say() {
        let text = transcript("x", 0);
        assert_eq!((count_role(&text, "user"), count_role(&text, "assistant")), (2, 2));
        assert_eq!(count_role(&text, "toolResult"), 0);
        assert!(notes(0).len() > 10 * 1_100, "{}", notes(0).len());
        assert_ne!(notes(0), notes(1));
    }
}
