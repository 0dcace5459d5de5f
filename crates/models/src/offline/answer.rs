//! Puts together an answer from quotes, each with its place in the files.

use super::evidence::{Evidence, Line};
use super::phrases;
use super::score::{Kind, Question, Scores, is_heading, neighbour};

/// Passages in an answer: more would be a search page.
const MAX_PASSAGES: usize = 6;
/// Passages when none of them is a clear answer.
const MAX_GUESSES: usize = 3;
/// Characters of quotes in an answer, about a screen of a phone.
const MAX_QUOTED_CHARS: usize = 1_200;
/// Characters of one quoted line; of a longer one the best sentences are quoted.
const MAX_LINE_CHARS: usize = 400;
/// Share of the question that must be found before a passage is called an answer.
const CLEAR: f64 = 0.5;
/// Share below which a passage is not even worth a guess.
const WORTHLESS: f64 = 0.15;
/// A passage must score this share of the best one to stand beside it.
const NEAR_BEST: f64 = 0.6;
/// And it must itself contain this part of what the best line contains: what stands near an answer is not one.
const OWN_PART: f64 = 0.5;
/// The search's own confidence above which a result without a common word is still shown, as a guess: it may say the
/// same in other words.
const TRUSTED_SCORE: f64 = 0.35;

/// The answer, or nothing when nothing relevant was found.
pub(super) fn answer(question: &str, evidence: &Evidence) -> Option<String> {
    let lines = evidence.lines();
    let question = Question::read(question);
    let scores = Scores::of(&question, &lines, &evidence.paths);
    let best = scores.coverage.iter().copied().fold(0.0, f64::max);
    let page = Page { question: &question, lines: &lines, scores: &scores, paths: &evidence.paths };
    if best >= CLEAR {
        page.write(phrases::FROM_NOTES, &page.centres(MAX_PASSAGES))
    } else if best >= WORTHLESS {
        page.write(phrases::CLOSEST, &page.centres(MAX_GUESSES))
    } else if evidence.best_score >= TRUSTED_SCORE {
        let first = lines.iter().position(|line| line.rank == 0 && says_something(&line.text))?;
        page.write(phrases::CLOSEST, &[first])
    } else {
        None
    }
}

fn says_something(text: &str) -> bool {
    !is_heading(text) && text.contains(char::is_alphanumeric)
}

struct Page<'a> {
    question: &'a Question,
    lines: &'a [Line],
    scores: &'a Scores,
    paths: &'a [String],
}

/// Lines of one file that are quoted together, by index, in order.
struct Passage(Vec<usize>);

impl Page<'_> {
    /// The best lines, best first.
    fn centres(&self, most: usize) -> Vec<usize> {
        let mut order: Vec<usize> =
            (0..self.lines.len()).filter(|at| self.scores.coverage[*at] > 0.0).collect();
        // Equal scores stay in the order of the search.
        order.sort_by(|one, other| self.scores.total[*other].total_cmp(&self.scores.total[*one]));
        let Some(best) = order.first().copied() else { return order };
        let (least, least_own) = (self.scores.total[best] * NEAR_BEST, self.scores.own[best] * OWN_PART);
        order.retain(|at| self.scores.total[*at] >= least && self.scores.own[*at] >= least_own);
        order.truncate(most);
        order
    }

    fn write(&self, opening: &str, centres: &[usize]) -> Option<String> {
        let mut quoted = 0;
        let mut text = opening.to_owned();
        for passage in self.passages(centres) {
            let block = self.quote(&passage);
            let length = block.chars().count();
            // The first passage is quoted whatever its length; each line of it is bounded.
            if quoted > 0 && quoted + length > MAX_QUOTED_CHARS {
                break;
            }
            quoted += length;
            text.push_str("\n\n");
            text.push_str(&block);
        }
        (quoted > 0).then_some(text)
    }

    /// The centres with what belongs to them; passages that touch become one.
    fn passages(&self, centres: &[usize]) -> Vec<Passage> {
        let mut passages: Vec<Passage> = Vec::new();
        for centre in centres {
            let wanted = self.around(*centre);
            let touching = passages.iter_mut().find(|passage| {
                passage.0.iter().any(|one| wanted.iter().any(|other| self.touches(*one, *other)))
            });
            match touching {
                Some(passage) => {
                    passage.0.extend(wanted);
                    passage.0.sort_unstable();
                    passage.0.dedup();
                }
                None => passages.push(Passage(wanted)),
            }
        }
        passages
    }

    fn touches(&self, one: usize, other: usize) -> bool {
        self.lines[one].file == self.lines[other].file
            && self.lines[one].number.abs_diff(self.lines[other].number) <= 1
    }

    /// A line and the lines that complete it, in order.
    fn around(&self, centre: usize) -> Vec<usize> {
        let mut chosen = vec![centre];
        let centre_text = self.lines[centre].text.trim_end();
        let leads_on = is_heading(centre_text) || centre_text.ends_with(['?', ':']);
        for offset in [-1, 1] {
            let Some(other) = neighbour(self.lines, centre, offset) else { continue };
            let text = &self.lines[other].text;
            let continues = (offset > 0 && leads_on) || self.same_paragraph(centre, other);
            let kind = self.question.kind;
            let has_kind = kind.is_in(text) && !kind.is_in(centre_text) && !is_heading(text);
            if !text.trim().is_empty() && (continues || has_kind || self.adds_words(centre, other)) {
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
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }

    fn adds_words(&self, centre: usize, other: usize) -> bool {
        let (here, there) = (&self.scores.matches[centre], &self.scores.matches[other]);
        here.iter().zip(there).any(|(here, there)| *there && !*here)
    }

    /// Prose runs over lines; list items and table rows stand alone.
    fn same_paragraph(&self, one: usize, other: usize) -> bool {
        let prose = |at: usize| {
            let text = self.lines[at].text.trim_start();
            let item = text.starts_with(['-', '*', '+', '#', '|', '>'])
                || text.starts_with(|c: char| c.is_ascii_digit());
            !item && !text.is_empty()
        };
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

    fn quote(&self, passage: &Passage) -> String {
        let mut block = String::new();
        let mut last: Option<usize> = None;
        for line in passage.0.iter().map(|at| &self.lines[*at]) {
            if last.is_some_and(|last| line.number > last + 1) {
                block.push_str("> …\n");
            }
            block.push_str(&format!("> {}\n", self.shorten(line.text.trim_end())));
            last = Some(line.number);
        }
        let (first, last) = (passage.0.first(), passage.0.last());
        let (Some(first), Some(last)) = (first.map(|at| &self.lines[*at]), last.map(|at| &self.lines[*at]))
        else {
            return block;
        };
        let place = if first.number == last.number {
            format!("L{}", first.number)
        } else {
            format!("L{}-L{}", first.number, last.number)
        };
        format!("{block}Source: {}#{place}", self.paths[first.file])
    }

    /// Of a line that is too long, the sentence that matches best and what follows it.
    fn shorten(&self, text: &str) -> String {
        if text.chars().count() <= MAX_LINE_CHARS {
            return text.to_owned();
        }
        let sentences: Vec<&str> = text.split_inclusive(". ").collect();
        let score =
            |sentence: &str| self.question.matches(sentence).into_iter().filter(|found| *found).count();
        // The first of the best: `max_by_key` would take the last.
        let best = (0..sentences.len()).rev().max_by_key(|at| score(sentences[*at])).unwrap_or(0);
        let mut kept: String = sentences[best..].concat().chars().take(MAX_LINE_CHARS).collect();
        if text.ends_with(&kept) {
            return format!("… {kept}");
        }
        kept.truncate(kept.trim_end().len());
        format!("{}{kept} …", if best > 0 { "… " } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::answer;
    use crate::offline::evidence::{Evidence, Hits};
    use proptest::prelude::*;
    use serde_json::json;

    fn ask(question: &str, file: &str) -> Option<String> {
        ask_scored(question, file, 0.5)
    }

    fn ask_scored(question: &str, file: &str, score: f64) -> Option<String> {
        let hit = json!({"path":"MEMORY.md","startLine":1,"endLine":file.lines().count(),"score":score,"snippet":file});
        let hits = Hits::parse(&json!({ "results": [hit] }).to_string()).unwrap();
        answer(question, &Evidence::of(&hits))
    }

    const NOTES: &str = "# Memory\n\n## Preferences\n- The user likes green tea and black coffee.\n- Bicycle: red Brompton\n\n## Passport\nNumber: X1234\nExpires: 2031-04\n\n## 8 May 2023\n- Caroline: I went to the support group.\n- Melanie: where do you keep the spare key?\n- Caroline: under the blue pot";

    #[test]
    fn quotes_the_line_that_answers_with_its_place() {
        let rows = [
            (
                "What tea does the user like?",
                "From your notes:\n\n> - The user likes green tea and black coffee.\nSource: MEMORY.md#L4",
            ),
            (
                "When does my passport expire?",
                "From your notes:\n\n> ## Passport\n> Number: X1234\n> Expires: 2031-04\nSource: MEMORY.md#L7-L9",
            ),
            (
                "Where is the spare key?",
                "From your notes:\n\n> - Melanie: where do you keep the spare key?\n> - Caroline: under the blue pot\nSource: MEMORY.md#L13-L14",
            ),
            (
                "When did Caroline go to the support group?",
                "From your notes:\n\n> ## 8 May 2023\n> - Caroline: I went to the support group.\nSource: MEMORY.md#L11-L12",
            ),
        ];
        for (question, expected) in rows {
            assert_eq!(ask(question, NOTES).as_deref(), Some(expected), "{question}");
        }
    }

    #[test]
    fn a_weak_match_is_called_a_guess_and_none_is_no_answer() {
        let guess = ask("What colour is Bob's bicycle helmet?", NOTES).unwrap();
        assert!(
            guess.starts_with("I did not find a clear answer.") && guess.contains("Bicycle: red Brompton"),
            "{guess}"
        );
        assert_eq!(ask_scored("quantum chromodynamics", NOTES, 0.1), None);
        let other_words = ask_scored("quantum chromodynamics", NOTES, 0.9).unwrap();
        assert!(other_words.starts_with("I did not find a clear answer."), "{other_words}");
        assert_eq!(ask("anything", ""), None);
    }

    #[test]
    fn a_long_line_is_quoted_where_it_matches() {
        let line = format!(
            "{}The falcon flies on Friday. {}",
            "Some filler words here. ".repeat(40),
            "More. ".repeat(90)
        );
        let text = ask("when does the falcon fly", &line).unwrap();
        assert!(text.contains("> … The falcon flies on Friday.") && text.len() < 700, "{text}");
    }

    proptest! {
        #[test]
        fn every_quote_is_a_line_of_the_file(
            question in "(who|where|when)? ?[abc]{1,3} [abc]{1,3}\\??",
            lines in proptest::collection::vec("(# |- )?[abc]{0,3}( [abc]{1,3}){0,3}[?:]?", 0..12),
        ) {
            let file = lines.join("\n");
            if let Some(text) = ask(&question, &file) {
                for quote in text.lines().filter_map(|line| line.strip_prefix("> ")).filter(|quote| *quote != "…") {
                    prop_assert!(lines.iter().any(|line| line.trim_end() == quote), "{quote:?}");
                }
            }
        }
    }
}
