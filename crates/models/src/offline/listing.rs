//! Lists and counts: every line about something, each with its place.

use std::collections::HashSet;

use super::answer::{CLEAR, Opening, Page};
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
    let about = about(question, &lines, evidence);
    let files: std::collections::BTreeSet<usize> = about.iter().map(|at| lines[*at].file).collect();
    let shown = bounded(&about, &lines);
    let phrases = tongue.phrases();
    let beyond = extent == Extent::Part || leaves_twins(&about, &lines);
    let opening = match wanted {
        Wanted::Lines => Opening::Clear,
        Wanted::Number if beyond => Opening::Counted(phrases.count_at_least(about.len(), files.len())),
        Wanted::Number => Opening::Counted(phrases.count(about.len(), files.len())),
    };
    let page = Page { question, lines: &lines, evidence, tongue };
    // The best ones are shown, in the order of their days.
    let mut in_order = shown.to_vec();
    in_order.sort_by_key(|at| (evidence.order(lines[*at].file), *at));
    let text = page.write(&opening, &runs(&in_order, &lines))?;
    Some(if beyond || shown.len() < about.len() {
        format!("{text}\n\n{}", phrases.part(shown.len()))
    } else {
        text
    })
}

/// The lines that are about the question, in the order of the search.
fn about(question: &Question, lines: &[Line], evidence: &Evidence) -> Vec<usize> {
    let scores = Scores::of(question, lines, &evidence.paths);
    let is_about = |at: &usize| {
        let under = scores.heading[*at].map_or(0.0, |heading| scores.own[heading]);
        let titled = evidence.heading(&lines[*at]).is_some_and(|heading| question.share_in(heading) >= CLEAR);
        question.words.is_empty() || scores.own[*at] >= CLEAR || under >= CLEAR || titled
    };
    (0..lines.len()).filter(|at| says_something(&lines[*at].text)).filter(is_about).collect()
}

/// Whether a line that was left out reads like one that was not: what stands below a heading about it may stand again in a
/// place of which the heading is not known.
fn leaves_twins(about: &[usize], lines: &[Line]) -> bool {
    let letters = |line: &Line| -> String {
        line.text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
    };
    let kept: HashSet<String> = about.iter().map(|at| letters(&lines[*at])).collect();
    let mut others = (0..lines.len()).filter(|at| about.binary_search(at).is_err());
    others.any(|at| says_something(&lines[at].text) && kept.contains(&letters(&lines[at])))
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

#[cfg(test)]
mod tests {
    use super::{Extent, Wanted, listing};
    use crate::offline::evidence::{Evidence, Hits};
    use crate::offline::score::Question;
    use crate::offline::tongue::Tongue;
    use serde_json::json;

    #[test]
    fn a_list_goes_from_day_to_day() {
        let hit = |path: &str, date: Option<&str>, text: &str| json!({"path": path, "startLine": 1, "endLine": 1, "score": 0.5, "snippet": text, "date": date});
        let hits = json!({"results": [
            hit("memory/2026-11-20.md", Some("2026-11-20"), "- boat three"),
            hit("boat.md", Some("2026-11-15"), "- boat two"),
            hit("MEMORY.md", None, "- boat zero"),
            hit("memory/2026-11-01.md", Some("2026-11-01"), "- boat one"),
        ]});
        let evidence = Evidence::of(&Hits::parse(&hits.to_string()).unwrap());
        let text =
            listing(&Question::read("the boat"), &evidence, Wanted::Lines, Extent::All, Tongue::English);
        let text = text.unwrap();
        let quotes: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("> - boat ")).collect();
        assert_eq!(quotes, ["zero", "one", "two", "three"], "{text}");
    }

    #[test]
    fn what_stands_under_a_heading_is_about_it() {
        let listed = |heading: &str, wanted| {
            let hit = json!({"path": "memory/boat.md", "startLine": 2, "endLine": 3, "score": 0.5,
                "snippet": "- berth 44 at Marina Nord\n- engine oil 15W-40", "heading": heading});
            let hits = Hits::parse(&json!({"results": [hit]}).to_string()).unwrap();
            let (question, tongue) = (Question::read("the boat"), Tongue::English);
            listing(&question, &Evidence::of(&hits), wanted, Extent::All, tongue)
        };
        let lines = listed("Boat", Wanted::Lines).unwrap();
        assert!(lines.contains("> - berth 44 at Marina Nord\n> - engine oil 15W-40"), "{lines}");
        assert!(lines.contains("Source: memory/boat.md#L2-L3"), "{lines}");
        let number = listed("Boat", Wanted::Number).unwrap();
        assert!(number.starts_with("Lines found in your notes: 2; files: 1."), "{number}");
        assert_eq!(listed("Car", Wanted::Lines), None);
    }
}
