//! Chooses the lines to quote: the best ones and what completes them, until the answer is long enough.

use super::answer::MAX_LINE_CHARS;
use super::evidence::Line;
use super::score::{Kind, Question, Scores, neighbour};
use super::shape::{is_heading, says_something, speech, stands_alone};

/// A line that stands alone must score this share of the best line to stand beside it.
const NEAR_BEST: f64 = 0.6;
/// And it must itself contain this part of what the best line contains: what stands near an answer is not one.
const OWN_PART: f64 = 0.5;
/// The same two bounds for prose and talk, where an answer is spread over lines and uses other words than the question.
const NEAR_BEST_RUNNING: f64 = 0.5;
const OWN_PART_RUNNING: f64 = 0.15;
/// Share of the question in one line from which the bounds are the strict ones for every line.
const SAYS_ALL: f64 = 0.95;
/// Characters around a quoted line: the mark before it and the line end.
const MARK_CHARS: usize = 3;
/// Characters around a quoted passage besides the path: `Source: #L100-L105` and an empty line.
const SOURCE_CHARS: usize = 20;
/// Passages of one file with at most this many lines left out between them become one.
const MAX_GAP: usize = 1;

/// How much may be quoted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    /// Lines that stand alone, with what completes them.
    pub(super) items: usize,
    /// Characters of everything.
    pub(super) chars: usize,
}

/// Lines of one file that are quoted together, by index, in order.
pub(super) struct Passage(pub(super) Vec<usize>);

/// Everything that the choice depends on.
pub(super) struct Selection<'a> {
    question: &'a Question,
    lines: &'a [Line],
    scores: &'a Scores,
    paths: &'a [String],
    /// Which lines are part of a talk.
    speech: Vec<bool>,
}

impl<'a> Selection<'a> {
    pub(super) fn new(
        question: &'a Question,
        lines: &'a [Line],
        scores: &'a Scores,
        paths: &'a [String],
    ) -> Self {
        Self { question, lines, scores, paths, speech: speech(lines) }
    }

    /// The passages to quote, best first.
    pub(super) fn passages(&self, budget: Budget) -> Vec<Passage> {
        let mut passages: Vec<Passage> = Vec::new();
        let mut left = budget.chars;
        for centre in self.centres(budget.items) {
            if passages.iter().any(|passage| passage.0.contains(&centre)) {
                continue;
            }
            let wanted = self.around(centre);
            let touched: Vec<usize> =
                (0..passages.len()).filter(|at| self.touch(&passages[*at], &wanted)).collect();
            let length = self.length(&wanted, touched.iter().map(|at| &passages[*at]));
            // The best passage is quoted whatever its length; each line of it is bounded.
            if !passages.is_empty() && length > left {
                break;
            }
            left = left.saturating_sub(length);
            let place = touched.first().copied().unwrap_or(passages.len());
            let mut joined = wanted;
            // The last one first, so that the positions before it stay right.
            for at in touched.into_iter().rev() {
                joined.join(passages.remove(at));
            }
            passages.insert(place, joined);
        }
        passages
    }

    /// The lines worth quoting, best first.
    fn centres(&self, items: usize) -> Vec<usize> {
        let mut order: Vec<usize> =
            (0..self.lines.len()).filter(|at| self.scores.coverage[*at] > 0.0).collect();
        // Equal scores stay in the order of the search.
        order.sort_by(|one, other| self.scores.total[*other].total_cmp(&self.scores.total[*one]));
        let Some(best) = order.first().copied() else { return order };
        // When one line says all that was asked, what is said elsewhere is hardly needed.
        let found = self.scores.own[best] >= SAYS_ALL;
        order.retain(|at| {
            let (total, own) = if found || self.is_item(*at) {
                (NEAR_BEST, OWN_PART)
            } else {
                (NEAR_BEST_RUNNING, OWN_PART_RUNNING)
            };
            self.scores.total[*at] >= self.scores.total[best] * total
                && self.scores.own[*at] >= self.scores.own[best] * own
        });
        let mut items_seen = 0;
        order.retain(|at| {
            items_seen += usize::from(self.is_item(*at));
            !self.is_item(*at) || items_seen <= items
        });
        order
    }

    fn is_item(&self, at: usize) -> bool {
        !self.speech[at] && stands_alone(&self.lines[at].text)
    }

    /// Characters that `wanted` adds to the answer when it becomes one with the passages it touches.
    fn length<'p>(&self, wanted: &Passage, touched: impl Iterator<Item = &'p Passage>) -> usize {
        let known: Vec<usize> = touched.flat_map(|passage| passage.0.iter().copied()).collect();
        let new = wanted.0.iter().filter(|at| !known.contains(at));
        let lines = new.map(|at| self.lines[*at].text.chars().count().min(MAX_LINE_CHARS) + MARK_CHARS);
        let path = wanted.0.first().filter(|_| known.is_empty()).map(|at| &self.paths[self.lines[*at].file]);
        lines.sum::<usize>() + path.map_or(0, |path| path.chars().count() + SOURCE_CHARS)
    }

    fn touch(&self, one: &Passage, other: &Passage) -> bool {
        let near = |a: usize, b: usize| {
            self.lines[a].file == self.lines[b].file
                && self.lines[a].number.abs_diff(self.lines[b].number) <= MAX_GAP + 1
        };
        one.0.iter().any(|a| other.0.iter().any(|b| near(*a, *b)))
    }

    /// A line and the lines that complete it, in order.
    pub(super) fn around(&self, centre: usize) -> Passage {
        let mut chosen = vec![centre];
        let centre_text = self.lines[centre].text.trim_end();
        let leads_on = is_heading(centre_text) || centre_text.ends_with(['?', ':']);
        let says_most = self.scores.own.iter().all(|own| *own <= self.scores.own[centre]);
        // In a talk every line has its own score; whatever else completes it comes by that.
        let talk = self.speech[centre];
        for offset in [-1, 1] {
            let Some(other) = neighbour(self.lines, centre, offset) else { continue };
            let text = &self.lines[other].text;
            let continues = (offset > 0 && leads_on) || self.same_paragraph(centre, other);
            let kind = self.question.kind;
            let has_kind = says_most && kind.is_in(text) && !kind.is_in(centre_text) && !is_heading(text);
            let completes = !talk && (has_kind || self.adds_words(centre, other));
            if !text.trim().is_empty() && (continues || completes) {
                chosen.push(other);
            }
        }
        // Below a heading or a question there may be an empty line first.
        if leads_on
            && neighbour(self.lines, centre, 1).is_some_and(|next| self.lines[next].text.trim().is_empty())
        {
            chosen.extend(
                neighbour(self.lines, centre, 2).filter(|next| says_something(&self.lines[*next].text)),
            );
        }
        if let Some(heading) = self.scores.heading[centre].filter(|heading| self.adds_words(centre, *heading))
        {
            chosen.push(heading);
        }
        chosen.extend(self.date_above(&chosen));
        let mut passage = Passage(Vec::new());
        passage.join(Passage(chosen));
        passage
    }

    fn adds_words(&self, centre: usize, other: usize) -> bool {
        let (here, there) = (&self.scores.matches[centre], &self.scores.matches[other]);
        here.iter().zip(there).any(|(here, there)| *there && !*here)
    }

    /// Prose runs over lines; list items, table rows and what people say stand alone.
    fn same_paragraph(&self, one: usize, other: usize) -> bool {
        let prose = |at: usize| !self.speech[at] && !stands_alone(&self.lines[at].text);
        prose(one) && prose(other)
    }

    /// When a time is asked for and none of the chosen lines has one, the nearest dated heading above them.
    fn date_above(&self, chosen: &[usize]) -> Option<usize> {
        let timed = |at: usize| Kind::Time.is_in(&self.lines[at].text);
        if self.question.kind != Kind::Time || chosen.iter().any(|at| timed(*at)) {
            return None;
        }
        let mut heading = self.scores.heading[*chosen.first()?];
        // Headings above have smaller indexes, so this ends.
        while let Some(at) = heading {
            if timed(at) {
                return Some(at);
            }
            heading = self.scores.heading[at];
        }
        None
    }
}

impl Passage {
    fn join(&mut self, other: Self) {
        self.0.extend(other.0);
        self.0.sort_unstable();
        self.0.dedup();
    }
}
