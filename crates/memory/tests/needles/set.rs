//! The multilingual needle set: reads `needles/*.txt` and lays out one workspace of notes for each language.
//!
//! The format of the files is explained in `needles/README.md`. Everything is deterministic: the same files give the
//! same workspaces, byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use openclaw_guard::{create_private_dir, write_atomic};

use crate::place::{Day, Layout};
use crate::random::Random;

pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The day on which every question is asked: Friday, 20 November 2026, 18:00 UTC.
pub(crate) const TODAY_MS: i64 = 1_795_197_600_000;

/// What a question tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Category {
    Exact,
    Same,
    Paraphrase,
    Cross,
    Time,
    Update,
    Correction,
    Negation,
    Before,
    Structure,
    Aggregate,
    Duplicate,
    Session,
    Nothing,
    NothingKnown,
}

/// Names in the files, in the order of the tables.
pub(crate) const CATEGORIES: [(Category, &str); 15] = [
    (Category::Exact, "exact"),
    (Category::Same, "same"),
    (Category::Paraphrase, "para"),
    (Category::Cross, "cross"),
    (Category::Time, "time"),
    (Category::Update, "update"),
    (Category::Correction, "fix"),
    (Category::Negation, "not"),
    (Category::Before, "before"),
    (Category::Structure, "struct"),
    (Category::Aggregate, "agg"),
    (Category::Duplicate, "dup"),
    (Category::Session, "session"),
    (Category::Nothing, "none"),
    (Category::NothingKnown, "known"),
];

impl Category {
    fn parse(name: &str) -> Option<Self> {
        CATEGORIES.iter().find(|(_, known)| *known == name).map(|(category, _)| *category)
    }

    pub(crate) fn name(self) -> &'static str {
        CATEGORIES.iter().find(|(category, _)| *category == self).map_or("?", |(_, name)| name)
    }

    /// Whether the answer comes before its rivals: the newest line before what it supersedes, the note before the talk.
    pub(crate) fn has_order(self) -> bool {
        matches!(self, Self::Update | Self::Correction | Self::Negation | Self::Session)
    }

    /// Whether there is a line that answers.
    pub(crate) fn answerable(self) -> bool {
        !matches!(self, Self::Nothing | Self::NothingKnown)
    }
}

/// A line in a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) path: String,
    /// From 1.
    pub(crate) line: usize,
    /// What must be shown: the line, or for a very long line the sentence in it. As in the file.
    pub(crate) text: String,
}

/// A question, and where its answer stands.
#[derive(Debug)]
pub(crate) struct Needle {
    pub(crate) question: String,
    pub(crate) category: Category,
    /// Of the question, when it is not the language of the notes.
    pub(crate) language: String,
    pub(crate) expected: Vec<Place>,
    /// For an update the superseded line, and the other way round for a question about the past; for a fact that was
    /// also talked about, what was said.
    pub(crate) rivals: Vec<Place>,
    /// How many lines share words with the answer.
    pub(crate) distractors: usize,
}

/// One language: its questions and its notes.
pub(crate) struct Set {
    pub(crate) language: String,
    pub(crate) needles: Vec<Needle>,
    /// Notes by path, relative to the workspace.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Session transcripts by name, for the engine's sessions source.
    pub(crate) transcripts: BTreeMap<String, String>,
    /// Words without meaning, for the check of the paraphrases.
    pub(crate) stop: Vec<String>,
}

/// Where the data lies.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("needles")
}

/// The languages there are, sorted.
pub(crate) fn languages() -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Reads one language and lays its notes out.
pub(crate) fn load(language: &str) -> Outcome<Set> {
    let source = Source::parse(&std::fs::read_to_string(folder().join(format!("{language}.txt")))?)
        .map_err(|wrong| format!("{language}.txt: {wrong}"))?;
    let mut layout = Layout::new(language, source.filler);
    let mut transcripts = BTreeMap::new();
    let mut needles = Vec::new();
    for (at, block) in source.blocks.iter().enumerate() {
        let marks = layout.place(at, block);
        if !block.transcript.is_empty() {
            transcripts.insert(transcript_name(language, at), transcript(&block.transcript));
        }
        for question in &block.questions {
            needles.push((question, marks.clone(), said(language, at, &block.transcript)));
        }
    }
    let (files, places) = layout.finish();
    let find = |marks: &[usize]| marks.iter().map(|mark| places[mark].clone()).collect::<Vec<Place>>();
    let needles = needles.into_iter().map(|(question, marks, said)| {
        let (now, old) = (find(&marks.facts), find(&marks.old));
        let (expected, rivals) = match question.category {
            Category::Before => (old, now),
            Category::Nothing | Category::NothingKnown => (Vec::new(), Vec::new()),
            Category::Exact
            | Category::Same
            | Category::Paraphrase
            | Category::Cross
            | Category::Time
            | Category::Update
            | Category::Correction
            | Category::Negation
            | Category::Structure
            | Category::Aggregate
            | Category::Duplicate => (now, old),
            Category::Session => (now, said),
        };
        Needle {
            question: question.text.clone(),
            category: question.category,
            language: question.language.clone().unwrap_or_else(|| language.to_owned()),
            distractors: marks.distractors,
            expected,
            rivals,
        }
    });
    let needles = needles.collect();
    Ok(Set { language: language.to_owned(), needles, files, transcripts, stop: source.stop })
}

fn transcript_name(language: &str, at: usize) -> String {
    format!("{language}-{at:03}.jsonl")
}

/// Where what was said stands, as results show it.
fn said(language: &str, at: usize, lines: &[String]) -> Vec<Place> {
    let path = format!("sessions/{}", transcript_name(language, at));
    let place = |(at, text): (usize, &String)| Place { path: path.clone(), line: at + 2, text: text.clone() };
    lines.iter().enumerate().map(place).collect()
}

/// A conversation of this morning, and so newer than all notes.
fn transcript(lines: &[String]) -> String {
    let record = |(at, line): (usize, &String)| {
        let role = if at % 2 == 0 { "user" } else { "assistant" };
        let message = serde_json::json!({"role": role, "content": [{"type": "text", "text": line}]});
        let timestamp = format!("2026-11-20T09:{at:02}:00.000Z");
        format!("{}\n", serde_json::json!({"type": "message", "timestamp": timestamp, "message": message}))
    };
    lines.iter().enumerate().map(record).collect()
}

impl Set {
    /// Leaves, of the notes, those that hold an answer or a rival of some questions, and leaves those questions.
    pub(crate) fn keep(&mut self, wanted: impl Fn(&Needle) -> bool) {
        self.needles.retain(wanted);
        let places = self.needles.iter().flat_map(|needle| needle.expected.iter().chain(&needle.rivals));
        let paths: BTreeSet<&str> = places.map(|place| place.path.as_str()).collect();
        self.files.retain(|path, _| paths.contains(path.as_str()));
    }

    /// Writes the workspace, and the transcripts into `sessions` beside it; a daily note gets the time of its day,
    /// as if it had been written then.
    pub(crate) fn write(&self, workspace: &Path) -> Outcome<()> {
        for (name, text) in &self.transcripts {
            let sessions = workspace.with_file_name("sessions");
            create_private_dir(&sessions)?;
            write_atomic(&sessions.join(name), text.as_bytes())?;
        }
        for (path, bytes) in &self.files {
            let target = workspace.join(path);
            create_private_dir(target.parent().unwrap_or(workspace))?;
            write_atomic(&target, bytes)?;
            if let Some(day) = Day::of_path(path) {
                let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(day.noon_seconds());
                File::options().write(true).open(&target)?.set_modified(noon)?;
            }
        }
        Ok(())
    }
}

/// One needle file.
struct Source {
    stop: Vec<String>,
    filler: Filler,
    blocks: Vec<Block>,
}

/// Sentences with gaps, and what goes into the gaps.
#[derive(Default)]
pub(crate) struct Filler {
    templates: Vec<String>,
    words: BTreeMap<char, Vec<String>>,
}

impl Filler {
    pub(crate) fn sentence(&self, random: &mut Random) -> String {
        let mut sentence = random.pick(&self.templates).cloned().unwrap_or_default();
        for (name, words) in &self.words {
            let gap = format!("{{{name}}}");
            while sentence.contains(&gap) {
                let word = random.pick(words).cloned().unwrap_or_default();
                sentence = sentence.replacen(&gap, &word, 1);
            }
        }
        sentence
    }
}

/// A line with the day it was written on, if that matters.
pub(crate) struct Dated {
    pub(crate) day: Option<Day>,
    pub(crate) text: String,
}

struct Question {
    category: Category,
    language: Option<String>,
    text: String,
}

/// One fact and what belongs to it.
#[derive(Default)]
pub(crate) struct Block {
    /// A note of its own, and how it is written (`crlf`, `bom`, `nfd`, `long`).
    pub(crate) path: Option<String>,
    pub(crate) ways: Vec<String>,
    /// The lines of that note, facts included.
    pub(crate) raw: Vec<RawLine>,
    pub(crate) facts: Vec<Dated>,
    pub(crate) old: Vec<Dated>,
    pub(crate) distractors: Vec<Dated>,
    /// Stands in twenty daily notes.
    pub(crate) repeated: Vec<String>,
    transcript: Vec<String>,
    questions: Vec<Question>,
}

pub(crate) enum RawLine {
    Other(String),
    Fact(String),
}

impl Source {
    fn parse(text: &str) -> Outcome<Self> {
        let mut source = Self { stop: Vec::new(), filler: Filler::default(), blocks: Vec::new() };
        let mut block = Block::default();
        let mut in_needles = false;
        for (at, line) in text.lines().enumerate() {
            let wrong = || format!("line {}: not understood: {line}", at + 1);
            if line.starts_with("//") {
            } else if line == "[needles]" {
                in_needles = true;
            } else if !in_needles {
                source.head(line).ok_or_else(wrong)?;
            } else if line.is_empty() {
                source.end(&mut block);
            } else {
                block.add(line).ok_or_else(wrong)?;
            }
        }
        source.end(&mut block);
        Ok(source)
    }

    fn end(&mut self, block: &mut Block) {
        if !block.questions.is_empty() {
            self.blocks.push(std::mem::take(block));
        }
    }

    /// `stop: words`, `a: word | word`, or a template.
    fn head(&mut self, line: &str) -> Option<()> {
        if let Some(words) = line.strip_prefix("stop: ") {
            self.stop.extend(words.split_whitespace().map(str::to_owned));
        } else if let Some((name, words)) = line.split_once(": ").filter(|(name, _)| name.len() == 1) {
            let words = words.split('|').map(|word| word.trim().to_owned());
            self.filler.words.insert(name.chars().next()?, words.collect());
        } else if !line.is_empty() {
            self.filler.templates.push(line.to_owned());
        }
        Some(())
    }
}

impl Block {
    fn add(&mut self, line: &str) -> Option<()> {
        let kind = line.chars().next()?;
        let rest = &line[kind.len_utf8()..];
        match kind {
            '@' => {
                let mut words = rest.split_whitespace().map(str::to_owned);
                self.path = words.next();
                self.ways = words.collect();
            }
            '|' => self.raw.push(RawLine::Other(rest.to_owned())),
            '+' if self.path.is_some() => self.raw.push(RawLine::Fact(rest.strip_prefix(' ')?.to_owned())),
            '+' => self.facts.push(dated(rest)?),
            '<' => self.old.push(dated(rest)?),
            '-' => self.distractors.push(dated(rest)?),
            '=' => self.repeated.push(rest.trim().to_owned()),
            '~' => self.transcript.push(rest.trim().to_owned()),
            '?' => {
                let (name, text) = rest.split_once(' ')?;
                let (name, language) = match name.split_once(':') {
                    Some((name, language)) => (name, Some(language.to_owned())),
                    None => (name, None),
                };
                let category = Category::parse(name)?;
                self.questions.push(Question { category, language, text: text.trim().to_owned() });
            }
            _ => return None,
        }
        Some(())
    }
}

/// `2026-03-12 text`, or ` text`.
fn dated(rest: &str) -> Option<Dated> {
    if let Some(text) = rest.strip_prefix(' ') {
        return Some(Dated { day: None, text: text.trim().to_owned() });
    }
    let (day, text) = rest.split_once(' ')?;
    Some(Dated { day: Some(Day::parse(day)?), text: text.trim().to_owned() })
}
