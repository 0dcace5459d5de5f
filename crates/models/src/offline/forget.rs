//! Forgetting: lines are shown, and removed only after a yes, exactly as they were shown.
//!
//! What is pending stands in the answer itself, so that nothing else has to be kept: the next message is a yes to
//! the lines that the user has seen, and to no others. Before anything goes the lines are read again; if one reads
//! differently by then, nothing goes and everything is shown anew. The tool that removes them compares once more, in the
//! moment of the change.

use serde_json::{Value, json};

use super::answer::CLEAR;
use super::evidence::{Evidence, Line};
use super::listing::{Extent, runs};
use super::phrases::{pending_question, plain};
use super::score::{Question, Scores};
use super::shape::{says_something, stands_alone};
use super::tongue::Tongue;
use super::turn::Outcome;

/// Lines offered at once: so many can be read before saying yes.
const MAX_OFFERED: usize = 10;
/// A line must score this share of the best one to be offered beside it.
const NEAR_BEST: f64 = 0.75;
/// Longest line or item that is offered, in characters: it is shown whole.
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
        let (tongue, shown) = pending_question(said)?;
        let mut blocks = Vec::new();
        let mut lines = Vec::new();
        for line in shown.lines() {
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

    /// Reads the lines as they are now.
    pub(super) fn look(&self) -> Value {
        json!({ "path": self.path, "from": self.first, "lines": self.lines.len() })
    }

    fn fate(&self, look: &Outcome<'_>) -> Fate {
        let text = serde_json::from_str::<Value>(&look.text).ok();
        let text = text.as_ref().and_then(|value| value["text"].as_str()).filter(|_| !look.failed);
        let Some(text) = text else { return Fate::Changed };
        let found: Vec<&str> = text.lines().map(without_mark).collect();
        let is_shown = |(found, shown): (&&str, &String)| plain(found.trim_end()) == without_mark(shown);
        if found.len() != self.lines.len() || !found.iter().zip(&self.lines).all(is_shown) {
            return Fate::Changed;
        }
        let old = found.join("\n");
        Fate::Edit(json!({ "path": self.path, "line": self.first, "oldText": old, "newText": "" }))
    }

    /// Whether a call was to remove this.
    fn is_of(&self, edit: &Outcome<'_>) -> bool {
        let Some(arguments) = edit.arguments else { return false };
        arguments["path"] == self.path.as_str() && arguments["line"] == self.first
    }
}

/// A line without what some programs put in front of a file.
fn without_mark(line: &str) -> &str {
    line.trim_start_matches('\u{FEFF}')
}

/// What can be offered for removal.
pub(super) enum Offer {
    /// This question.
    Asked(String),
    /// Nothing, though there is something about it: too long to be shown whole, or not read to its end.
    Withheld,
    /// No line is about it.
    Nothing,
}

/// Shows what would go, and asks. `extent` says whether the search may have missed some.
pub(super) fn offer(question: &Question, evidence: &Evidence, extent: Extent, tongue: Tongue) -> Offer {
    let lines = evidence.lines();
    let Offered { lines: offered, withheld } = offered(question, &lines, evidence);
    let blocks: Vec<Block> = runs(&offered, &lines)
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
    if blocks.is_empty() {
        return if withheld > 0 { Offer::Withheld } else { Offer::Nothing };
    }
    let phrases = tongue.phrases();
    let mut shown: String =
        blocks.iter().map(|block| format!("\n\n{}Source: {}", block.quote(), block.place())).collect();
    if extent == Extent::Part || withheld > 0 {
        shown.push_str(&format!("\n\n{}", phrases.part(offered.len())));
    }
    let forgetting = &phrases.forgetting;
    Offer::Asked(format!("{}{shown}\n\n{}", forgetting.ask, forgetting.confirm))
}

/// The lines that would go, and how many more are about it.
struct Offered {
    lines: Vec<usize>,
    withheld: usize,
}

/// Those that clearly are what was named, with the lines that continue them.
fn offered(question: &Question, lines: &[Line], evidence: &Evidence) -> Offered {
    let scores = Scores::of(question, lines, &evidence.paths);
    let mut order: Vec<usize> =
        (0..lines.len()).filter(|at| says_something(&lines[*at].text) && scores.own[*at] >= CLEAR).collect();
    order.sort_by(|a, b| scores.own[*b].total_cmp(&scores.own[*a]));
    let best = order.first().map_or(0.0, |at| scores.own[*at]);
    order.retain(|at| scores.own[*at] >= best * NEAR_BEST);
    let about = order.len();
    order.retain(|at| {
        let last = rest_of(*at, lines).last().unwrap_or(*at);
        let chars: usize = (*at..=last).map(|line| lines[line].text.chars().count()).sum();
        // Half an item must not go: its end was read, and can be shown.
        chars <= MAX_OFFERED_CHARS
            && (last == *at && !is_item(&lines[*at]) || evidence.knows_next(&lines[last]))
    });
    order.truncate(MAX_OFFERED);
    let withheld = about - order.len();
    let mut all: Vec<usize> =
        order.iter().flat_map(|at| std::iter::once(*at).chain(rest_of(*at, lines))).collect();
    all.sort_unstable();
    all.dedup();
    Offered { lines: all, withheld }
}

fn is_item(line: &Line) -> bool {
    stands_alone(&line.text)
}

/// The indented lines below an item: they are part of it.
fn rest_of(item: usize, lines: &[Line]) -> impl Iterator<Item = usize> {
    let indent = |text: &str| text.len() - text.trim_start().len();
    let head = &lines[item];
    let is_item = is_item(head);
    let below = lines.iter().enumerate().skip(item + 1).take_while(move |(at, line)| {
        is_item
            && line.file == head.file
            && line.number == head.number + (at - item)
            && !line.text.trim().is_empty()
            && indent(&line.text) > indent(&head.text)
    });
    below.map(|(at, _)| at)
}

/// The edits that remove what was shown, given what `memory_get` read for each block; nothing when any line of it reads
/// differently now.
pub(super) fn edits(blocks: &[Block], looks: &[&Outcome<'_>]) -> Option<Vec<Value>> {
    let edit = |(block, look): (&Block, &&Outcome<'_>)| match block.fate(look) {
        Fate::Edit(edit) => Some(edit),
        Fate::Changed => None,
    };
    let edits: Option<Vec<Value>> = blocks.iter().zip(looks).map(edit).collect();
    let mut edits = edits.filter(|edits| edits.len() == blocks.len())?;
    // From the last line to the first, so that what goes moves nothing that is still to go.
    edits.sort_by_key(|edit| std::cmp::Reverse(edit["line"].as_u64()));
    Some(edits)
}

/// Tells what was removed, what was not and why.
pub(super) fn report(pending: &Pending, edited: &[&Outcome<'_>]) -> String {
    let phrases = pending.tongue.phrases();
    let (mut removed, mut rest) = (String::new(), String::new());
    for block in &pending.blocks {
        let text = format!("\n\n{}({})", block.quote(), block.place());
        match edited.iter().find(|edit| block.is_of(edit)) {
            Some(done) if !done.failed => removed.push_str(&text),
            Some(done) => rest.push_str(&format!("\n\n{}{text}", phrases.not_removed(&done.text))),
            None => rest.push_str(&format!("\n\n{}{text}", phrases.not_removed(""))),
        }
    }
    if removed.is_empty() {
        return format!("{}{rest}", phrases.forgetting.kept);
    }
    format!("{}{removed}\n\n{}{rest}", phrases.forgetting.removed, phrases.forgetting.back)
}

/// Tells that nothing was removed because the notes have changed, and that nothing in them is about it any more.
pub(super) fn gone(pending: &Pending) -> String {
    let forgetting = &pending.tongue.phrases().forgetting;
    let shown: String =
        pending.blocks.iter().map(|block| format!("\n\n{}({})", block.quote(), block.place())).collect();
    format!("{}\n\n{}{shown}", forgetting.kept, forgetting.changed)
}
