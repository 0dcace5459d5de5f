//! Sessions as the programs of the years wrote them, from a seed.

use serde_json::{Value, json};

use crate::random::Random;

/// A session file, and what must be seen of it.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) seed: u64,
    pub(crate) version: usize,
    pub(crate) has_compaction: bool,
    pub(crate) has_branch: bool,
    /// Whether a compaction is on a branch that was left.
    pub(crate) leaves_compaction: bool,
    /// Lines with their ends.
    pub(crate) lines: Vec<Vec<u8>>,
    /// The text of the checksum file, for sessions that this program wrote.
    pub(crate) sums: Option<String>,
}

impl Session {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.lines.concat()
    }
}

struct Writer {
    random: Random,
    version: usize,
    lines: Vec<Vec<u8>>,
    leaf: Option<String>,
    /// Ids of user messages since the last compaction on the branch, and their line numbers.
    turns: Vec<(String, usize)>,
    marker: usize,
    clock: i64,
    has_compaction: bool,
    has_branch: bool,
    last_compaction: usize,
    leaves_compaction: bool,
}

/// A session from a seed.
pub(crate) fn session(seed: u64) -> Session {
    let mut random = Random::new(seed);
    let version = *random.pick(&[3, 3, 3, 3, 3, 2, 1]);
    let mut writer = Writer {
        random,
        version,
        lines: Vec::new(),
        leaf: None,
        turns: Vec::new(),
        marker: 0,
        clock: 1_795_171_362_908,
        has_compaction: false,
        has_branch: false,
        last_compaction: 0,
        leaves_compaction: false,
    };
    writer.run();
    let sums = writer.random.chance(50).then(|| sums_of(&writer.lines));
    Session {
        seed,
        version,
        has_compaction: writer.has_compaction,
        has_branch: writer.has_branch,
        leaves_compaction: writer.leaves_compaction,
        lines: writer.lines,
        sums,
    }
}

fn sums_of(lines: &[Vec<u8>]) -> String {
    let mut at = 0;
    let entries = lines.iter().map(|line| {
        let text = &line[..line.len() - 1];
        let entry = format!("{at} {} {:08x}\n", text.len(), crc32fast::hash(text));
        at += line.len();
        entry
    });
    entries.collect()
}

impl Writer {
    fn run(&mut self) {
        let mut header =
            json!({"type": "session", "id": "s1", "timestamp": self.time(), "cwd": "/workspace"});
        if self.version > 1 {
            header["version"] = json!(self.version);
        }
        self.push(&header);
        if self.version == 3 {
            self.record("model_change", json!({"provider": "mock", "modelId": "mock-1"}));
            self.record("thinking_level_change", json!({"thinkingLevel": "off"}));
            self.record("custom", json!({"customType": "model-snapshot", "data": {"modelId": "mock-1"}}));
        }
        let turns = 2 + self.random.below(14);
        for turn in 0..turns {
            self.turn(turn + 1 == turns);
            if self.random.chance(12) {
                self.compact();
            } else if self.version > 1 && self.random.chance(8) {
                self.branch();
            }
            if self.random.chance(20) {
                self.aside();
            }
        }
    }

    fn turn(&mut self, last: bool) {
        let text = format!("{} {}", self.mark(), self.words());
        let mut parts = vec![json!({"type": "text", "text": text})];
        if self.random.chance(15) {
            parts.push(self.image());
        }
        let content = if self.random.chance(20) { json!(text) } else { json!(parts) };
        let id = self.message(json!({"role": "user", "content": content, "timestamp": self.clock}));
        self.turns.push((id, self.lines.len() - 1));
        for _ in 0..self.random.below(4) {
            self.tools(false);
        }
        if last && self.random.chance(20) {
            self.tools(true);
            return;
        }
        let stop = if self.random.chance(5) { "aborted" } else { "stop" };
        let content = vec![json!({"type": "text", "text": format!("{} {}", self.mark(), self.words())})];
        self.assistant(content, stop);
    }

    /// An assistant message with parallel calls, and their results in any order.
    fn tools(&mut self, interrupted: bool) {
        let calls = 1 + self.random.below(3);
        let ids: Vec<_> = (0..calls).map(|n| format!("call_{}_{n}", self.random.below(4))).collect();
        let mut content =
            vec![json!({"type": "thinking", "thinking": self.words(), "thinkingSignature": "c2ln"})];
        content.push(json!({"type": "text", "text": self.mark()}));
        for id in &ids {
            let arguments =
                json!({"path": "src/a \"b\".rs", "edits": [{"type": "message", "old": self.words()}]});
            content.push(json!({"type": "toolCall", "id": id, "name": "edit", "arguments": arguments}));
        }
        self.assistant(content, "toolUse");
        let mut waiting = ids;
        while !waiting.is_empty() && !(interrupted && self.random.chance(60)) {
            let id = waiting.remove(self.random.below(waiting.len()));
            let mut parts = vec![json!({"type": "text", "text": self.words()})];
            if self.random.chance(10) {
                parts.push(self.image());
            }
            let result = json!({
                "role": "toolResult", "toolCallId": id, "toolName": "edit", "content": parts,
                "details": {"diff": self.words(), "firstChangedLine": 7}, "isError": self.random.chance(10),
                "timestamp": self.clock,
            });
            self.message(result);
        }
    }

    fn compact(&mut self) {
        let at = self.random.below(self.turns.len());
        let Some((first_kept, line)) = self.turns.get(at).cloned() else { return };
        let mut body =
            json!({"summary": format!("{} {}", self.mark(), self.words()), "tokensBefore": 50_000});
        if self.version == 1 {
            body["firstKeptEntryIndex"] = json!(line);
        } else {
            body["firstKeptEntryId"] = json!(first_kept);
        }
        if self.random.chance(40) {
            body["details"] = json!({"readFiles": ["a.rs"], "modifiedFiles": []});
            body["fromHook"] = json!(false);
        }
        self.record("compaction", body);
        self.turns.drain(..at);
        self.last_compaction = self.lines.len() - 1;
        self.has_compaction = true;
    }

    fn branch(&mut self) {
        let at = self.random.below(self.turns.len());
        let Some((from, line)) = self.turns.get(at).cloned() else { return };
        self.leaves_compaction |= line < self.last_compaction;
        self.turns.truncate(at + 1);
        self.leaf = Some(from.clone());
        let summary = format!("{} {}", self.mark(), self.words());
        self.record("branch_summary", json!({"fromId": from, "summary": summary}));
        self.has_branch = true;
    }

    fn aside(&mut self) {
        let text = format!("{} {}", self.mark(), self.words());
        let output = self.words();
        let role = if self.version == 3 { "custom" } else { "hookMessage" };
        match self.random.below(6) {
            0 => {
                drop(self.message(json!({"role": role, "customType": "x", "content": text, "display": true})))
            }
            1 => drop(self.message(json!({"role": "bashExecution", "command": "ls", "output": output}))),
            2 => drop(self.record("custom", json!({"customType": "openclaw.cache-ttl", "data": {"n": 1}}))),
            3 if self.version == 3 => drop(self.record(
                "custom_message",
                json!({"customType": "x", "content": [{"type": "text", "text": text}], "display": false}),
            )),
            4 if self.version == 3 => drop(self.record("session_info", json!({"name": "a name"}))),
            _ => {
                if let Some((target, _)) = self.turns.last().cloned().filter(|_| self.version > 1) {
                    self.record("label", json!({"targetId": target, "label": "here"}));
                }
            }
        }
    }

    fn assistant(&mut self, content: Vec<Value>, stop: &str) {
        self.message(json!({
            "role": "assistant", "content": content, "api": "openai-completions", "provider": "mock",
            "model": "mock-1", "usage": {"input": 10, "output": 5, "cacheRead": 0, "cacheWrite": 0,
            "totalTokens": 15, "cost": {"input": 0.25, "output": 0, "cacheRead": 0, "cacheWrite": 0, "total": 0.25}},
            "stopReason": stop, "timestamp": self.clock,
        }));
    }

    fn message(&mut self, message: Value) -> String {
        self.record("message", json!({"message": message}))
    }

    fn record(&mut self, kind: &str, body: Value) -> String {
        let id = format!("{:08x}", self.random.next() as u32);
        let mut record = json!({"type": kind});
        if self.version > 1 {
            record["id"] = json!(id);
            record["parentId"] = json!(self.leaf);
        }
        record["timestamp"] = json!(self.time());
        for (key, value) in body.as_object().unwrap() {
            record[key] = value.clone();
        }
        self.push(&record);
        self.leaf = Some(id.clone());
        id
    }

    fn push(&mut self, record: &Value) {
        self.lines.push(format!("{record}\n").into_bytes());
    }

    fn time(&mut self) -> String {
        self.clock += 1_234;
        openclaw_guard::iso_millis(self.clock)
    }

    /// A text that occurs once in the session.
    fn mark(&mut self) -> String {
        self.marker += 1;
        format!("<m{}>", self.marker)
    }

    fn words(&mut self) -> String {
        let words = [
            "the",
            "gateway",
            "naïve",
            "\"quoted\"",
            "日本語",
            "line\nbreak",
            "\\path",
            "{\"type\":\"x\"}",
            "🦞",
        ];
        let count = 1 + self.random.below(12);
        (0..count).map(|_| *self.random.pick(&words)).collect::<Vec<_>>().join(" ")
    }

    fn image(&mut self) -> Value {
        let length = 200 + self.random.below(3_000);
        json!({"type": "image", "data": "iVBORw0KGgo".repeat(length / 11), "mimeType": "image/png"})
    }
}
