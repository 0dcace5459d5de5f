//! Compares what the platform knows with what is on the disk.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::message::{Fact, Token};
use super::transcript::{Record, Role, TranscriptFile, read_all};

/// What is wrong with a message or a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wrong {
    /// An acknowledged message is in no transcript.
    Lost,
    /// It is there, and no answer and no word about an interruption follows.
    Unanswered,
    /// One of both, until the gateway was started again.
    Stuck,
    /// It is there twice, or was answered twice.
    Doubled,
    /// A file is not what it should be.
    Corrupt,
}

/// One of these things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub wrong: Wrong,
    /// With what, and how.
    pub what: String,
}

impl Finding {
    /// The message it is about, if it is about one.
    #[must_use]
    pub fn token(&self) -> Option<Token> {
        Token::find(&self.what)
    }
}

/// What the judge found.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Messages that were acknowledged.
    pub acknowledged: usize,
    /// Messages with exactly one answer.
    pub answered: usize,
    /// Of these, those whose answer is not the model's: words about an interruption or a failure.
    pub interrupted: usize,
    /// Lines that a broken write left and the gateway found and marked: what they were to say is judged by itself.
    pub fragments: usize,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// How many findings are of a kind.
    #[must_use]
    pub fn count(&self, wrong: Wrong) -> usize {
        self.findings.iter().filter(|finding| finding.wrong == wrong).count()
    }

    /// One more.
    pub fn find(&mut self, wrong: Wrong, what: impl Into<String>) {
        self.findings.push(Finding { wrong, what: what.into() });
    }

    /// The first findings, a line each.
    #[must_use]
    pub fn describe(&self, most: usize) -> String {
        let lines = self.findings.iter().take(most);
        let mut text: String =
            lines.map(|finding| format!("{:?}: {}\n", finding.wrong, finding.what)).collect();
        if let Some(more) = self.findings.len().checked_sub(most).filter(|more| *more > 0) {
            text.push_str(&format!("and {more} more\n"));
        }
        text
    }
}

/// Looks at one state directory.
pub struct Judge<'a> {
    sessions_dir: PathBuf,
    facts: &'a [Fact],
    files: Vec<TranscriptFile>,
    verdict: Verdict,
}

/// What follows a message in its transcript, up to the next message.
struct Turn<'a> {
    file: &'a Path,
    answers: Vec<&'a Record>,
}

impl<'a> Judge<'a> {
    /// Reads the transcripts of the agent `main`.
    #[must_use]
    pub fn of(state_dir: &Path, facts: &'a [Fact]) -> Self {
        let sessions_dir = state_dir.join("agents/main/sessions");
        let files = read_all(&sessions_dir);
        Self { sessions_dir, facts, files, verdict: Verdict::default() }
    }

    /// Compares messages with records, and looks at every file.
    #[must_use]
    pub fn judge(mut self) -> Verdict {
        self.messages();
        self.files();
        self.index();
        self.verdict
    }

    /// Compares messages with records only, as long as a gateway still writes.
    #[must_use]
    pub fn judge_messages(mut self) -> Verdict {
        self.messages();
        self.verdict
    }

    fn messages(&mut self) {
        let mut verdict = std::mem::take(&mut self.verdict);
        let turns = turns(&self.files);
        for fact in self.facts {
            verdict.acknowledged += usize::from(fact.is_acknowledged);
            judge_message(&mut verdict, fact, turns.get(&fact.token).map_or(&[][..], Vec::as_slice));
        }
        self.verdict = verdict;
    }

    fn files(&mut self) {
        for file in &self.files {
            let name = file.path.display();
            for line in &file.broken {
                if *line < file.repaired {
                    self.verdict.fragments += 1;
                    continue;
                }
                self.verdict.find(Wrong::Corrupt, format!("{name}:{line} is no record"));
            }
            for id in &file.repeated {
                self.verdict.find(Wrong::Doubled, format!("{name}: record {id} is there twice"));
            }
            for (call, what) in unpaired(&file.records) {
                self.verdict.find(Wrong::Corrupt, format!("{name}: call {call} {what}"));
            }
        }
    }

    fn index(&mut self) {
        let path = self.sessions_dir.join("sessions.json");
        let wanted: BTreeMap<&str, &Fact> = self
            .facts
            .iter()
            .filter(|fact| fact.is_acknowledged)
            .map(|fact| (fact.session.as_str(), fact))
            .collect();
        if wanted.is_empty() {
            return;
        }
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => return self.verdict.find(Wrong::Corrupt, format!("{}: {error}", path.display())),
        };
        let index: Value = match serde_json::from_str(&text) {
            Ok(index) => index,
            Err(error) => return self.verdict.find(Wrong::Corrupt, format!("{}: {error}", path.display())),
        };
        for session in wanted.keys() {
            let key = format!("agent:main:{session}");
            match index[&key]["sessionId"].as_str() {
                None => self.verdict.find(Wrong::Corrupt, format!("sessions.json does not list {key}")),
                // One that was made, not written and never listed is forgotten.
                Some(id) if !self.files.iter().any(|file| file.id == id && !file.records.is_empty()) => {
                    let what = format!("sessions.json: {key} is {id}, which has no transcript");
                    self.verdict.find(Wrong::Corrupt, what);
                }
                Some(_) => {}
            }
        }
    }
}

fn judge_message(verdict: &mut Verdict, fact: &Fact, turns: &[Turn<'_>]) {
    let token = fact.token.as_str();
    match turns {
        [] if fact.is_acknowledged => {
            verdict.find(Wrong::Lost, format!("{token} was acknowledged and is in no transcript"));
        }
        // It was never acknowledged: the platform keeps it.
        [] => {}
        [turn] => match turn.answers.as_slice() {
            [] => {
                let what = format!("{token} has no answer in {}", turn.file.display());
                verdict.find(Wrong::Unanswered, what);
            }
            [answer] => {
                verdict.answered += 1;
                let is_ours = answer.token.as_ref() == Some(&fact.token);
                if answer.token.is_some() && !is_ours {
                    let what = format!("{token} is followed by {:?}", answer.text);
                    verdict.find(Wrong::Corrupt, what);
                }
                verdict.interrupted += usize::from(!is_ours);
            }
            answers => {
                let texts: Vec<&str> = answers.iter().map(|answer| answer.text.as_str()).collect();
                verdict
                    .find(Wrong::Doubled, format!("{token} was answered {} times: {texts:?}", answers.len()));
            }
        },
        turns => {
            let what = format!("{token} is in the transcripts {} times", turns.len());
            verdict.find(Wrong::Doubled, what);
        }
    }
}

/// What follows each message, by its token.
fn turns(files: &[TranscriptFile]) -> HashMap<Token, Vec<Turn<'_>>> {
    let mut found: HashMap<Token, Vec<Turn<'_>>> = HashMap::new();
    for file in files {
        for (at, record) in file.records.iter().enumerate() {
            let Some(token) = record.token.clone().filter(|_| record.role == Role::User) else { continue };
            let rest = file.records.iter().skip(at + 1).take_while(|next| next.role != Role::User);
            let answers = rest.filter(|next| next.role == Role::Assistant && next.calls.is_empty()).collect();
            found.entry(token).or_default().push(Turn { file: &file.path, answers });
        }
    }
    found
}

/// Calls without exactly one result, and results without a call.
fn unpaired(records: &[Record]) -> Vec<(String, &'static str)> {
    let mut results: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for record in records {
        for call in &record.calls {
            let (asked, given) = results.entry(call).or_default();
            match record.role {
                Role::Assistant => *asked += 1,
                Role::ToolResult => *given += 1,
                Role::User => {}
            }
        }
    }
    let judged = results.into_iter().filter_map(|(call, counts)| match counts {
        (1, 1) => None,
        (0, _) => Some((call.to_owned(), "has a result and was never made")),
        (_, 0) => Some((call.to_owned(), "has no result")),
        (1, _) => Some((call.to_owned(), "has several results")),
        (_, _) => Some((call.to_owned(), "was made several times")),
    });
    judged.collect()
}

#[cfg(test)]
mod tests {
    use super::{Judge, Verdict, Wrong};
    use crate::crash::{Fact, Token};
    use serde_json::{Value, json};

    fn fact(number: usize) -> Fact {
        Fact { token: Token::new(number), session: "talk-0".into(), is_acknowledged: true }
    }

    fn line(id: usize, message: &Value) -> String {
        format!(
            "{}\n",
            json!({"type": "message", "id": format!("{id:08x}"), "parentId": null, "message": message})
        )
    }

    fn user(id: usize, number: usize) -> String {
        let text = format!("Tell me about {}", Token::new(number).as_str());
        line(id, &json!({"role": "user", "content": [{"type": "text", "text": text}]}))
    }

    fn answer(id: usize, text: &str) -> String {
        line(
            id,
            &json!({"role": "assistant", "content": [{"type": "text", "text": text}], "stopReason": "stop"}),
        )
    }

    fn call(id: usize, call: &str) -> String {
        let part = json!({"type": "toolCall", "id": call, "name": "read", "arguments": {}});
        line(id, &json!({"role": "assistant", "content": [part], "stopReason": "toolUse"}))
    }

    fn result(id: usize, call: &str) -> String {
        line(id, &json!({"role": "toolResult", "toolCallId": call, "content": []}))
    }

    /// Judges one transcript, with two acknowledged messages.
    fn judge(lines: &[String]) -> Verdict {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("agents/main/sessions");
        std::fs::DirBuilder::new().recursive(true).create(&folder).unwrap();
        let put = |name: &str, text: &str| {
            use std::io::Write as _;
            std::fs::File::create(folder.join(name)).unwrap().write_all(text.as_bytes()).unwrap();
        };
        put("one.jsonl", &lines.concat());
        put("sessions.json", &json!({"agent:main:talk-0": {"sessionId": "one"}}).to_string());
        Judge::of(home.path(), &[fact(1), fact(2)]).judge()
    }

    #[test]
    fn a_whole_conversation_is_clean() {
        let lines = [
            user(1, 1),
            call(2, "c1"),
            result(3, "c1"),
            answer(4, "Answer 1 about tk0000001."),
            user(5, 2),
            answer(6, "This was interrupted by a restart."),
        ];
        let verdict = judge(&lines);
        assert!(verdict.is_clean(), "{}", verdict.describe(9));
        assert_eq!((verdict.acknowledged, verdict.answered, verdict.interrupted), (2, 2, 1));
    }

    #[test]
    fn a_fragment_that_was_found_is_no_damage() {
        let whole = [user(1, 1), answer(2, "Answer 1 about tk0000001."), "{\"type\":\n".into()];
        let repair = "{\"type\":\"custom\",\"customType\":\"openclaw.repair\",\"id\":\"x\"}\n".to_owned();
        let later = [repair, user(5, 2), answer(6, "Answer 1 about tk0000002.")];
        let verdict = judge(&[whole.concat(), later.concat()]);
        assert!(verdict.is_clean(), "{}", verdict.describe(9));
        assert_eq!(verdict.fragments, 1);
    }

    #[test]
    fn every_kind_of_damage_is_found() {
        let whole = |number: usize| {
            let text = format!("Answer 1 about {}.", Token::new(number).as_str());
            [user(number * 10, number), answer(number * 10 + 1, &text)].concat()
        };
        let table = [
            (vec![whole(1)], Wrong::Lost, "tk0000002 was acknowledged"),
            (vec![whole(1), user(5, 2)], Wrong::Unanswered, "tk0000002 has no answer"),
            (vec![whole(1), whole(2), user(7, 1), answer(8, "x")], Wrong::Doubled, "2 times"),
            (vec![whole(1), whole(2), answer(7, "x")], Wrong::Doubled, "was answered 2 times"),
            (vec![whole(1), user(5, 2), answer(6, "about tk0000001")], Wrong::Corrupt, "is followed by"),
            (vec![whole(1), whole(2), "{\"type\":\n".into()], Wrong::Corrupt, "one.jsonl:5 is no record"),
            (vec![whole(1), whole(2).trim_end().to_owned()], Wrong::Corrupt, "one.jsonl:4 is no record"),
            (
                vec![whole(1), user(5, 2), call(6, "c"), answer(7, "x")],
                Wrong::Corrupt,
                "call c has no result",
            ),
            (vec![whole(1), whole(2), result(7, "d")], Wrong::Corrupt, "was never made"),
            (vec![whole(1), whole(2), user(20, 3)], Wrong::Doubled, "record 00000014 is there twice"),
        ];
        for (lines, wrong, what) in table {
            let verdict = judge(&lines);
            let found =
                verdict.findings.iter().any(|found| found.wrong == wrong && found.what.contains(what));
            assert!(found, "{what}: {}", verdict.describe(9));
        }
    }

    #[test]
    fn a_session_must_be_listed() {
        let mut other = fact(1);
        other.session = "talk-9".into();
        let home = tempfile::tempdir().unwrap();
        let verdict = Judge::of(home.path(), &[other]).judge();
        assert_eq!(
            (verdict.count(Wrong::Lost), verdict.count(Wrong::Corrupt)),
            (1, 1),
            "{}",
            verdict.describe(9)
        );
    }
}
