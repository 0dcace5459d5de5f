//! Puts facts, distractors and filler into notes.

use std::collections::BTreeMap;

use crate::nfd::decompose;
use crate::random::Random;
use crate::set::{Block, Dated, Filler, Place, RawLine};

/// Daily notes, the last one on the fixed today.
const DAYS: i64 = 285;
/// Notes by subject beside them.
const SUBJECTS: usize = 14;
/// Days on which a repeated paragraph stands.
const COPIES: i64 = 20;
/// Length of the longest lines.
const LONG_CHARS: usize = 5_000;

/// Days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(i64);

impl Day {
    /// 2026-11-20.
    pub(crate) const TODAY: Self = Self(20_777);

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-').map(|part| part.parse::<i64>().ok());
        let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
        // Days from civil (Howard Hinnant): the year begins in March, so that the leap day is its last.
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        Some(Self(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468))
    }

    /// `memory/2026-03-12.md`.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        Self::parse(path.strip_prefix("memory/")?.strip_suffix(".md")?)
    }

    pub(crate) fn noon_seconds(self) -> u64 {
        u64::try_from(self.0 * 86_400 + 43_200).unwrap_or(0)
    }

    fn name(self) -> String {
        let z = self.0 + 719_468;
        let of_era = z.rem_euclid(146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year + z.div_euclid(146_097) * 400 + i64::from(month <= 2);
        format!("{year:04}-{month:02}-{day:02}")
    }

    fn path(self) -> String {
        format!("memory/{}.md", self.name())
    }
}

/// Where the lines of a block went.
#[derive(Clone, Default)]
pub(crate) struct Marks {
    pub(crate) facts: Vec<usize>,
    pub(crate) old: Vec<usize>,
    pub(crate) distractors: usize,
}

struct Line {
    text: String,
    mark: Option<(usize, String)>,
}

#[derive(Default)]
struct Note {
    lines: Vec<Line>,
    ways: Vec<String>,
}

/// Notes in the making.
pub(crate) struct Layout {
    random: Random,
    filler: Filler,
    notes: BTreeMap<String, Note>,
    marks: usize,
}

impl Layout {
    pub(crate) fn new(language: &str, filler: Filler) -> Self {
        let mut layout = Self { random: Random::new(language), filler, notes: BTreeMap::new(), marks: 0 };
        for back in 0..DAYS {
            let day = Day(Day::TODAY.0 - back);
            let count = 4 + layout.random.below(5);
            layout.note(day.path(), &format!("# {}", day.name()), count);
        }
        for at in 1..=SUBJECTS {
            layout.note(format!("memory/subjects/{at:02}.md"), &format!("# {at:02}"), 12);
        }
        layout.note("MEMORY.md".to_owned(), "# Memory", 8);
        layout.notes.insert("memory/subjects/empty.md".to_owned(), Note::default());
        layout
    }

    fn note(&mut self, path: String, heading: &str, sentences: usize) {
        let mut note = Note::default();
        note.push(heading.to_owned());
        for _ in 0..sentences {
            let sentence = self.filler.sentence(&mut self.random);
            note.push(format!("- {sentence}"));
        }
        self.notes.insert(path, note);
    }

    /// Puts one block into notes.
    pub(crate) fn place(&mut self, at: usize, block: &Block) -> Marks {
        let mut marks = Marks { distractors: block.distractors.len(), ..Marks::default() };
        if let Some(path) = &block.path {
            self.own_note(path, block, &mut marks);
        }
        // A superseded fact is older than what supersedes it, whatever the dice say.
        let recent = if block.old.is_empty() { DAYS } else { 90 };
        for fact in &block.facts {
            marks.facts.push(self.daily(fact, 1, recent));
        }
        for old in &block.old {
            marks.old.push(self.daily(old, 120, DAYS));
        }
        for distractor in &block.distractors {
            self.daily(distractor, 1, DAYS);
        }
        for paragraph in &block.repeated {
            let first = 10 + i64::try_from(at).unwrap_or(0) % 60;
            for copy in 0..COPIES {
                let day = Some(Day(Day::TODAY.0 - first - copy * 7));
                self.daily(&Dated { day, text: paragraph.clone() }, 1, DAYS);
            }
        }
        marks
    }

    /// Into the note of its day, or of a day `from` to `from + span` days ago; somewhere below the heading.
    fn daily(&mut self, line: &Dated, from: i64, span: i64) -> usize {
        let back =
            from + i64::try_from(self.random.below(usize::try_from(span - from).unwrap_or(1))).unwrap_or(0);
        let day = line.day.unwrap_or(Day(Day::TODAY.0 - back));
        self.marks += 1;
        let mark = Some((self.marks, line.text.clone()));
        let note = self.notes.entry(day.path()).or_insert_with(|| Note::dated(day));
        let at = 1 + self.random.below(note.lines.len());
        note.lines.insert(at.min(note.lines.len()), Line { text: format!("- {}", line.text), mark });
        self.marks
    }

    fn own_note(&mut self, path: &str, block: &Block, marks: &mut Marks) {
        let long = block.ways.iter().any(|way| way == "long");
        let mut lines = Vec::new();
        for line in &block.raw {
            match line {
                RawLine::Other(text) => lines.push(Line { text: text.clone(), mark: None }),
                RawLine::Fact(text) => {
                    self.marks += 1;
                    marks.facts.push(self.marks);
                    let whole = if long { self.bury(text) } else { text.clone() };
                    lines.push(Line { text: whole, mark: Some((self.marks, text.clone())) });
                }
            }
        }
        let note = self.notes.entry(path.to_owned()).or_default();
        note.lines.extend(lines);
        note.ways.extend(block.ways.iter().cloned());
    }

    /// One line of about 5,000 characters with the sentence somewhere in it.
    fn bury(&mut self, sentence: &str) -> String {
        let mut line = String::new();
        let mut length = 0;
        let at = 1_000 + self.random.below(3_000);
        let mut buried = false;
        while length < LONG_CHARS {
            let next = if length >= at && !buried {
                buried = true;
                sentence.to_owned()
            } else {
                self.filler.sentence(&mut self.random)
            };
            length += next.chars().count() + 1;
            line.push_str(&next);
            line.push(' ');
        }
        line.trim_end().to_owned()
    }

    /// The bytes of every note, and where the marks are.
    pub(crate) fn finish(self) -> (BTreeMap<String, Vec<u8>>, BTreeMap<usize, Place>) {
        let mut files = BTreeMap::new();
        let mut places = BTreeMap::new();
        for (path, note) in self.notes {
            for (at, line) in note.lines.iter().enumerate() {
                if let Some((mark, text)) = &line.mark {
                    let text = if note.has("nfd") { decompose(text) } else { text.clone() };
                    places.insert(*mark, Place { path: path.clone(), line: at + 1, text });
                }
            }
            files.insert(path, note.bytes());
        }
        (files, places)
    }
}

impl Note {
    fn dated(day: Day) -> Self {
        let mut note = Self::default();
        note.push(format!("# {}", day.name()));
        note
    }

    fn push(&mut self, text: String) {
        self.lines.push(Line { text, mark: None });
    }

    fn has(&self, way: &str) -> bool {
        self.ways.iter().any(|known| known == way)
    }

    fn bytes(&self) -> Vec<u8> {
        let end = if self.has("crlf") { "\r\n" } else { "\n" };
        let mut text: String = self.lines.iter().map(|line| format!("{}{end}", line.text)).collect();
        if self.has("nfd") {
            text = decompose(&text);
        }
        if self.has("bom") {
            text.insert(0, '\u{feff}');
        }
        text.into_bytes()
    }
}
