//! Forgetting: lines are shown, and removed only after a yes, exactly as they were shown.
//!
//! What is pending stands in the answer itself, so that nothing else has to be kept: the next message is a yes to
//! the lines that the user has seen, and to no others. A line that reads differently by then is left alone.

use serde_json::{Value, json};

use super::answer::CLEAR;
use super::evidence::{Evidence, Line};
use super::listing::runs;
use super::phrases::{pending_question, plain};
use super::score::{Question, Scores};
use super::shape::{says_something, stands_alone};
use super::tongue::Tongue;
use super::turn::Outcome;

/// Lines offered at once: so many can be read before saying yes.
const MAX_OFFERED: usize = 10;
/// A line must score this share of the best one to be offered beside it.
const NEAR_BEST: f64 = 0.75;
/// Longest line that is offered, in characters: it is shown whole.
const MAX_OFFERED_CHARS: usize = 2_000;

/// Lines of a file that are to go, as they were shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    path: String,
    /// 1-based.
    first: usize,
    lines: Vec<String>,
}

/// What waits for a yes.
pub(super) struct Pending {
    pub(super) tongue: Tongue,
    pub(super) blocks: Vec<Block>,
}

impl Pending {
    /// Reads what an answer asked for.
    pub(super) fn read(said: &str) -> Option<Self> {
        let tongue = pending_question(said)?;
        let mut blocks = Vec::new();
        let mut lines = Vec::new();
        for line in said.lines() {
            if let Some(quote) = line.strip_prefix("> ") {
                lines.push(quote.to_owned());
            } else if let Some(source) = line.strip_prefix("Source: ") {
                blocks.push(Block::named(source, std::mem::take(&mut lines))?);
            }
        }
        (!blocks.is_empty() && lines.is_empty()).then_some(Self { tongue, blocks })
    }
}

/// What became of the lines of a block.
enum Fate {
    /// This edit removes them.
    Edit(Value),
    /// They are no longer there as they were shown.
    Changed,
}

impl Block {
    fn named(source: &str, lines: Vec<String>) -> Option<Self> {
        let (path, numbers) = source.rsplit_once("#L")?;
        let first = numbers.split('-').next()?.parse().ok()?;
        (!lines.is_empty()).then(|| Self { path: path.to_owned(), first, lines })
    }

    fn place(&self) -> String {
        let last = self.first + self.lines.len().saturating_sub(1);
        if last == self.first {
            format!("{}#L{last}", self.path)
        } else {
            format!("{}#L{}-L{last}", self.path, self.first)
        }
    }

    fn quote(&self) -> String {
        self.lines.iter().map(|line| format!("> {line}\n")).collect()
    }

    /// Reads the lines and one before and after them.
    pub(super) fn look(&self) -> Value {
        let from = self.first.saturating_sub(1).max(1);
        json!({ "path": self.path, "from": from, "lines": self.lines.len() + 1 + self.first - from })
    }

    /// The neighbours make the place of the edit the only one; the tool refuses it otherwise.
    fn fate(&self, look: &Outcome<'_>) -> Fate {
        let text = serde_json::from_str::<Value>(&look.text).ok();
        let text = text.as_ref().and_then(|value| value["text"].as_str()).filter(|_| !look.failed);
        let Some(text) = text else { return Fate::Changed };
        let found: Vec<&str> = text.lines().collect();
        let before = usize::from(self.first > 1);
        let (Some(body), after) =
            (found.get(before..before + self.lines.len()), found.get(before + self.lines.len()))
        else {
            return Fate::Changed;
        };
        if !body.iter().zip(&self.lines).all(|(found, shown)| plain(found.trim_end()) == *shown) {
            return Fate::Changed;
        }
        let before = found.get(..before).unwrap_or_default();
        let kept: Vec<&str> = before.iter().chain(after).copied().collect();
        let old: Vec<&str> = before.iter().chain(body).chain(after).copied().collect();
        Fate::Edit(json!({ "path": self.path, "oldText": old.join("\n"), "newText": kept.join("\n") }))
    }
}

/// Shows what would go, and asks. Nothing when no line is about it.
pub(super) fn offer(question: &Question, evidence: &Evidence, tongue: Tongue) -> Option<String> {
    let lines = evidence.lines();
    let blocks: Vec<Block> = runs(&offered(question, &lines, &evidence.paths), &lines)
        .into_iter()
        .filter_map(|run| {
            let first = lines.get(*run.0.first()?)?;
            Some(Block {
                path: evidence.paths[first.file].clone(),
                first: first.number,
                lines: run.0.iter().map(|at| lines[*at].text.clone()).collect(),
            })
        })
        .collect();
    let phrases = &tongue.phrases().forgetting;
    let shown: String =
        blocks.iter().map(|block| format!("\n\n{}Source: {}", block.quote(), block.place())).collect();
    (!blocks.is_empty()).then(|| format!("{}{shown}\n\n{}", phrases.ask, phrases.confirm))
}

/// The lines that would go: those that clearly are what was named, with the lines that continue them.
fn offered(question: &Question, lines: &[Line], paths: &[String]) -> Vec<usize> {
    let scores = Scores::of(question, lines, paths);
    let mut order: Vec<usize> = (0..lines.len())
        .filter(|at| says_something(&lines[*at].text) && scores.own[*at] >= CLEAR)
        .filter(|at| lines[*at].text.chars().count() <= MAX_OFFERED_CHARS)
        .collect();
    order.sort_by(|a, b| scores.own[*b].total_cmp(&scores.own[*a]));
    let best = order.first().map_or(0.0, |at| scores.own[*at]);
    order.retain(|at| scores.own[*at] >= best * NEAR_BEST);
    order.truncate(MAX_OFFERED);
    let mut all: Vec<usize> =
        order.iter().flat_map(|at| std::iter::once(*at).chain(rest_of(*at, lines))).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The indented lines below an item: they are part of it.
fn rest_of(item: usize, lines: &[Line]) -> impl Iterator<Item = usize> {
    let indent = |text: &str| text.len() - text.trim_start().len();
    let head = &lines[item];
    let is_item = stands_alone(&head.text);
    let below = lines.iter().enumerate().skip(item + 1).take_while(move |(at, line)| {
        is_item
            && line.file == head.file
            && line.number == head.number + (at - item)
            && !line.text.trim().is_empty()
            && indent(&line.text) > indent(&head.text)
    });
    below.map(|(at, _)| at)
}

/// The edits that remove what is still as it was shown, given what `memory_get` read for each block.
pub(super) fn edits(blocks: &[Block], looks: &[&Outcome<'_>]) -> Vec<Value> {
    let fates = blocks.iter().zip(looks).map(|(block, look)| block.fate(look));
    fates
        .filter_map(|fate| match fate {
            Fate::Edit(edit) => Some(edit),
            Fate::Changed => None,
        })
        .collect()
}

/// Tells what was removed, what was not and why.
pub(super) fn report(pending: &Pending, looks: &[&Outcome<'_>], edited: &[&Outcome<'_>]) -> String {
    let phrases = pending.tongue.phrases();
    let mut edited = edited.iter();
    let (mut removed, mut rest) = (String::new(), String::new());
    for (at, block) in pending.blocks.iter().enumerate() {
        let fate = looks.get(at).map_or(Fate::Changed, |look| block.fate(look));
        let text = format!("\n\n{}({})", block.quote(), block.place());
        match fate {
            Fate::Changed => rest.push_str(&format!("\n\n{}{text}", phrases.forgetting.changed)),
            Fate::Edit(_) => match edited.next() {
                Some(done) if !done.failed => removed.push_str(&text),
                Some(done) => rest.push_str(&format!("\n\n{}{text}", phrases.not_removed(&done.text))),
                None => rest.push_str(&format!("\n\n{}{text}", phrases.not_removed(""))),
            },
        }
    }
    if removed.is_empty() {
        return format!("{}{rest}", phrases.forgetting.kept);
    }
    format!("{}{removed}\n\n{}{rest}", phrases.forgetting.removed, phrases.forgetting.back)
}
