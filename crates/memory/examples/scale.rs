//! How fast a memory of so many lines is: `cargo run --release -p openclaw-memory --example scale -- [--lines N] [--dir DIR]`.
//!
//! Notes of 20 to 60 lines are made up: words by Zipf's law, stop words between them, topics, headings, codes. Vectors are
//! made up as well, in clusters as those of sentences are, so that nothing is embedded. With `--dir` the index is kept and used
//! again. `--vectors FILE` writes the vectors of passages and questions for `tools/sqlite-vec-beside.py`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::civil::{Date, date};
use openclaw_embed::{EmbedderId, Vector};
use openclaw_memory::bench::{Scale, percentile};
use openclaw_memory::{Hit, Query};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const DIMENSIONS: usize = 384;
const TODAY: Date = date(2026, 11, 28);
/// Distinct words of the notes.
const WORDS: usize = 60_000;
/// Subjects of the notes; each note has one.
const TOPICS: usize = 500;
/// Words that a topic prefers.
const TOPIC_WORDS: usize = 60;
const QUESTIONS: usize = 300;
/// Results that are compared with those of an exact search,
const RECALLED: usize = 10;
/// where searches are not exact: bytes of vectors.
const LARGE: usize = 48 * 1024 * 1024;
/// Rounds of everything whose best time counts.
const ROUNDS: usize = 7;

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// From 0 to 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Nearly normal: the sum of the eight bytes of one number.
    fn normal(&mut self) -> f32 {
        let sum: u32 = self.next().to_le_bytes().iter().map(|&byte| u32::from(byte)).sum();
        (sum as f32 - 1_020.0) / 209.0
    }

    /// A rank by Zipf's law, 0 the most frequent.
    fn rank(&mut self, ranks: usize) -> usize {
        ((ranks as f64).powf(self.share()) as usize).saturating_sub(1).min(ranks - 1)
    }
}

/// The word of a rank: two to five syllables, the frequent ones short.
fn word(rank: usize) -> String {
    const SYLLABLES: [&str; 40] = [
        "ka", "vo", "ti", "ra", "mu", "se", "li", "no", "pe", "da", "go", "ru", "fi", "ma", "te", "lo", "bu",
        "ni", "sa", "ve", "ko", "la", "mi", "du", "re", "po", "ga", "tu", "ne", "ho", "be", "wi", "zo", "ja",
        "fu", "he", "ba", "do", "ri", "to",
    ];
    let (mut left, mut found) = (rank + SYLLABLES.len(), String::new());
    while left > 0 {
        found.push_str(SYLLABLES[left % SYLLABLES.len()]);
        left /= SYLLABLES.len();
    }
    found.push('n');
    found
}

/// A word of a note about a topic.
fn pick(random: &mut Random, topic: usize) -> usize {
    if random.share() < 0.3 {
        let of_topic = Random(topic as u64 * TOPIC_WORDS as u64 + random.rank(TOPIC_WORDS) as u64).next();
        200 + (of_topic % 20_000) as usize
    } else {
        random.rank(WORDS)
    }
}

const SMALL: [&str; 12] = ["the", "a", "of", "to", "and", "was", "with", "in", "for", "that", "is", "on"];

/// A line of 8 to 20 words, half of them small; one in twenty has a code.
fn line(random: &mut Random, topic: usize) -> String {
    let mut text = String::from("- ");
    for _ in 0..4 + random.below(7) {
        text.push_str(&word(pick(random, topic)));
        text.push(' ');
        text.push_str(SMALL[random.below(SMALL.len())]);
        text.push(' ');
    }
    if random.below(20) == 0 {
        write!(text, "ERR-{:06}", random.below(1_000_000)).ok();
    }
    text
}

struct Note {
    path: String,
    text: String,
    topic: usize,
}

/// The note of a number: the same for the same number.
fn note(number: usize, lines: usize) -> Note {
    let mut random = Random(number as u64 + 1);
    let topic = random.below(TOPICS);
    let mut text = String::new();
    for at in 0..lines {
        if at % 12 == 0 {
            writeln!(
                text,
                "## t{topic} {} {}\n",
                word(pick(&mut random, topic)),
                word(pick(&mut random, topic))
            )
            .ok();
        }
        text.push_str(&line(&mut random, topic));
        text.push('\n');
    }
    let (year, month, day) = (2020 + number % 7, 1 + number / 7 % 12, 1 + number / 84 % 28);
    Note { path: format!("memory/{number}/{year}-{month:02}-{day:02}.md"), text, topic }
}

fn lines_of(number: usize) -> usize {
    20 + Random(number as u64 ^ 0x51ce).below(41)
}

fn direction(seed: u64) -> Vec<f32> {
    let mut random = Random(seed);
    let numbers: Vec<f32> = (0..DIMENSIONS).map(|_| random.normal()).collect();
    let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
    numbers.into_iter().map(|number| number / length).collect()
}

/// As models place texts: something all have in common, the topic, and what is their own.
fn vector(topic: usize, seed: u64) -> Option<Vector> {
    let parts = [(0.35, direction(7)), (0.5, direction(1_000 + topic as u64)), (0.8, direction(seed))];
    mixed(&parts)
}

fn mixed(parts: &[(f32, Vec<f32>)]) -> Option<Vector> {
    let sum = |at: usize| parts.iter().map(|(share, numbers)| share * numbers[at]).sum();
    Vector::normalized((0..DIMENSIONS).map(sum).collect())
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

struct Question {
    text: String,
    vector: Vector,
}

/// Three to six words of a line that is in the notes, one of them frequent; one question in eight is a code alone.
fn questions(notes: usize) -> Outcome<Vec<Question>> {
    let mut random = Random(4_242);
    let mut found = Vec::new();
    while found.len() < QUESTIONS {
        let number = random.below(notes);
        let note = note(number, lines_of(number));
        let lines: Vec<&str> = note.text.lines().filter(|line| line.starts_with("- ")).collect();
        let line = lines[random.below(lines.len())];
        let mut words: Vec<&str> =
            line.split_whitespace().filter(|word| word.ends_with('n') && word.len() > 4).collect();
        let code = line.split_whitespace().find(|word| word.starts_with("ERR-"));
        let text = match code {
            Some(code) if found.len() % 8 == 0 => code.to_owned(),
            _ if found.len() % 8 == 0 => continue,
            _ => {
                words.truncate(2 + random.below(4));
                format!("what did we say about {} and {}", words.join(" or "), word(random.below(100)))
            }
        };
        let near = mixed(&[
            (0.35, direction(7)),
            (0.5, direction(1_000 + note.topic as u64)),
            (0.6, direction(random.next())),
        ]);
        let near = near.ok_or("a vector without direction")?;
        found.push(Question { text, vector: near });
    }
    Ok(found)
}

fn embedder() -> EmbedderId {
    EmbedderId { provider: "builtin", model: "made-up".to_owned(), fingerprint: String::new() }
}

/// How many notes have so many lines in all.
fn notes_with(lines: usize) -> usize {
    let (mut notes, mut left) = (0, lines);
    while left > 0 {
        left = left.saturating_sub(lines_of(notes));
        notes += 1;
    }
    notes
}

#[allow(clippy::print_stdout, reason = "a measuring tool prints its measurement")]
fn make(path: &Path, lines: usize) -> Outcome<()> {
    let notes: Vec<Note> = (0..notes_with(lines)).map(|number| note(number, lines_of(number))).collect();
    let mut scale = Scale::open(path, &embedder(), TODAY)?;
    let began = Instant::now();
    for note in &notes {
        scale.put(&note.path, &note.text)?;
    }
    let took = began.elapsed().as_secs_f64();
    let (windows, passages, _) = scale.size();
    println!(
        "indexing words: {:.0} lines/s, {:.0} passages/s ({} notes, {windows} windows, {passages} passages, {:.1} MB of text)",
        windows as f64 / took,
        passages as f64 / took,
        notes.len(),
        notes.iter().map(|note| note.text.len()).sum::<usize>() as f64 / 1e6,
    );
    let began = Instant::now();
    scale.embed(|text| vector(topic_in(text), hash(text)))?;
    println!("entering vectors: {:.0} passages/s", passages as f64 / began.elapsed().as_secs_f64());
    Ok(())
}

/// The topic that the heading names.
fn topic_in(text: &str) -> usize {
    let name = text.split_whitespace().next().and_then(|first| first.strip_prefix('t'));
    name.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Resident memory in MB: all, and what is not mapped from files.
fn resident() -> Outcome<(f64, f64)> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let field = |name: &str| -> f64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib =
            line.and_then(|rest| rest.split_whitespace().next()).and_then(|kib| kib.parse::<f64>().ok());
        kib.unwrap_or(0.0) * 1_024.0 / 1e6
    };
    Ok((field("VmRSS:"), field("RssAnon:")))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The shortest of some rounds.
fn best<T>(rounds: usize, mut work: impl FnMut() -> Outcome<T>) -> Outcome<f64> {
    let mut least = f64::INFINITY;
    for _ in 0..rounds {
        let began = Instant::now();
        let made = std::hint::black_box(work()?);
        least = least.min(ms(began.elapsed()));
        drop(made);
    }
    Ok(least)
}

#[allow(clippy::print_stdout, reason = "a measuring tool prints its measurement")]
fn measure(path: &Path, lines: usize) -> Outcome<()> {
    let (_, before) = resident()?;
    let opening = best(ROUNDS, || Ok(Scale::open(path, &embedder(), TODAY)?))?;
    let mut scale = Scale::open(path, &embedder(), TODAY)?;
    let (windows, passages, embedded) = scale.size();
    let (all, opened) = resident()?;
    println!("{windows} windows, {passages} passages, {embedded} embedded");
    println!(
        "opening: {opening:.1} ms; resident {all:.1} MB, of it {opened:.1} MB not mapped ({before:.1} MB before)"
    );

    let questions = questions(notes_with(lines))?;
    for (name, with_vector) in [("words", false), ("words and meaning", true)] {
        let mut ask = |question: &Question| -> Outcome<f64> {
            let query = Query::new(question.text.as_str());
            let began = Instant::now();
            let hits = scale.search(&query, with_vector.then_some(&question.vector))?;
            let took = ms(began.elapsed());
            if hits.is_empty() {
                Err(format!("nothing found for {}", question.text).into())
            } else {
                Ok(took)
            }
        };
        let first: Vec<f64> = questions.iter().map(&mut ask).collect::<Outcome<_>>()?;
        let mut again = first.clone();
        for _ in 0..ROUNDS {
            for (question, least) in questions.iter().zip(&mut again) {
                *least = least.min(ask(question)?);
            }
        }
        println!(
            "{name}: p50 {:.2} ms, p95 {:.2} ms, worst {:.2} ms; asked for the first time p50 {:.2} ms, p95 {:.2} ms",
            percentile(&again, 0.5),
            percentile(&again, 0.95),
            percentile(&again, 1.0),
            percentile(&first, 0.5),
            percentile(&first, 0.95),
        );
    }
    let (all, after) = resident()?;
    println!(
        "after {} searches: resident {all:.1} MB, of it {after:.1} MB not mapped",
        QUESTIONS * 2 * (ROUNDS + 1)
    );

    if embedded * DIMENSIONS > LARGE {
        println!(
            "recall of {} results against exact search: {:.4}",
            RECALLED,
            recall(path, &scale, &questions)?
        );
    }
    let bytes = vec![1_u8; embedded * DIMENSIONS];
    let (mut scan, mut sum) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        scan = scan.min(best(1, || Ok(scale.scan(&questions[0].vector)))?);
        sum = sum.min(best(1, || Ok(sum_of(&bytes)))?);
    }
    println!(
        "scan of the vectors: {scan:.2} ms; adding up {:.1} MB: {sum:.2} ms ({:.1} GB/s); ratio {:.2}",
        bytes.len() as f64 / 1e6,
        bytes.len() as f64 / 1e6 / sum,
        scan / sum
    );
    let mut round = 0;
    let changed = best(ROUNDS, || {
        round += 1;
        let text: String = (0..).map(|at| note(at + round * 10, 20).text).take(7).collect();
        scale.put("memory/changed.md", text.get(..10_240).unwrap_or(&text))?;
        scale.search(&Query::new("what changed here"), None)?;
        Ok(())
    })?;
    println!("indexing a changed note of 10 KB again, and one search: {changed:.1} ms");
    Ok(())
}

/// The share of what an exact search shows that is shown.
fn recall(path: &Path, scale: &Scale, questions: &[Question]) -> Outcome<f64> {
    let exact = Scale::open_exact(path, &embedder(), TODAY)?;
    let (mut all, mut found) = (0.0, 0.0);
    for question in questions {
        let query = Query { max_results: RECALLED, ..Query::new(question.text.as_str()) };
        let hits = scale.search(&query, Some(&question.vector))?;
        for expected in exact.search(&query, Some(&question.vector))? {
            let holds = |hit: &&Hit| {
                hit.path == expected.path
                    && hit.start_line <= expected.end_line
                    && hit.end_line >= expected.start_line
            };
            all += 1.0;
            found += if hits.iter().any(|hit| holds(&hit)) { 1.0 } else { 0.0 };
        }
    }
    Ok(found / all)
}

/// What reading these bytes takes at least.
fn sum_of(bytes: &[u8]) -> u64 {
    bytes.as_chunks::<8>().0.iter().fold(0, |sum, eight| sum.wrapping_add(u64::from_le_bytes(*eight)))
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let after = |name: &str| arguments.iter().skip_while(|argument| *argument != name).nth(1);
    let lines: usize = after("--lines").map_or(Ok(100_000), |lines| lines.parse())?;
    let scratch = tempfile::tempdir()?;
    let dir = after("--dir").map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    let path = dir.join(format!("{lines}.sqlite"));
    if arguments.iter().any(|argument| argument == "--make") {
        return make(&path, lines);
    }
    if !path.exists() {
        // In a process of its own, so that what it leaves in memory is not measured.
        let mut child = openclaw_guard::child_command(std::env::current_exe()?);
        child.args(["--make", "--lines", &lines.to_string(), "--dir"]).arg(&dir);
        if !child.status()?.success() {
            return Err("the index could not be made".into());
        }
    }
    measure(&path, lines)
}
