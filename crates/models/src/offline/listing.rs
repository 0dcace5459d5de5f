//! Lists and counts: every line about something, each with its place.

use super::answer::{CLEAR, Page};
use super::evidence::{Evidence, Line};
use super::score::{Question, Scores};
use super::select::Passage;
use super::shape::says_something;
use super::tongue::Tongue;

/// Lines shown in one answer: two screens of a phone.
const MAX_SHOWN: usize = 20;
/// Characters of an answer, so that twenty long lines do not fill a page.
const MAX_SHOWN_CHARS: usize = 4_000;

/// What a list is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Lines,
    Number,
}

/// Whether the search brought all it was allowed to, so that there may be more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    All,
    Part,
}

/// The list, or nothing when no line is about it. A question without words of its own asks for every line there is.
pub(super) fn listing(
    question: &Question,
    evidence: &Evidence,
    wanted: Wanted,
    extent: Extent,
    tongue: Tongue,
) -> Option<String> {
    let lines = evidence.lines();
    let about = about(question, &lines, &evidence.paths);
    let files: std::collections::BTreeSet<usize> = about.iter().map(|at| lines[*at].file).collect();
    let shown = bounded(&about, &lines);
    let phrases = tongue.phrases();
    let opening = match wanted {
        Wanted::Lines => phrases.finding.from_notes.to_owned(),
        Wanted::Number => phrases.count(about.len(), files.len()),
    };
    let page = Page { question, lines: &lines, paths: &evidence.paths };
    let text = page.write(&opening, &runs(shown, &lines))?;
    let more = extent == Extent::Part || shown.len() < about.len();
    Some(if more { format!("{text}\n\n{}", phrases.part(shown.len())) } else { text })
}

/// The lines that are about the question, in the order of the files.
pub(super) fn about(question: &Question, lines: &[Line], paths: &[String]) -> Vec<usize> {
    let scores = Scores::of(question, lines, paths);
    let is_about = |at: &usize| {
        let under = scores.heading[*at].map_or(0.0, |heading| scores.own[heading]);
        question.words.is_empty() || scores.own[*at] >= CLEAR || under >= CLEAR
    };
    (0..lines.len()).filter(|at| says_something(&lines[*at].text)).filter(is_about).collect()
}

fn bounded<'a>(about: &'a [usize], lines: &[Line]) -> &'a [usize] {
    let mut left = MAX_SHOWN_CHARS;
    let fits = about.iter().take(MAX_SHOWN).take_while(|at| {
        let length = lines[**at].text.chars().count();
        let fits = length <= left;
        left = left.saturating_sub(length);
        fits
    });
    // The first one is shown whatever its length; a quote has its own bound.
    &about[..fits.count().max(1).min(about.len())]
}

/// Lines that follow each other in a file are one passage.
pub(super) fn runs(about: &[usize], lines: &[Line]) -> Vec<Passage> {
    let follows =
        |a: &usize, b: &usize| lines[*a].file == lines[*b].file && lines[*a].number + 1 == lines[*b].number;
    about.chunk_by(follows).map(|run| Passage(run.to_vec())).collect()
}
