//! Puts together an answer from quotes, each with its place in the files.

use super::evidence::{Evidence, Line};
use super::score::{Question, Scores};
use super::select::{Budget, Passage, Selection};
use super::shape::says_something;
use super::tongue::Tongue;

/// What an answer may hold: about a screen of a phone. More would be a search page.
const ANSWER: Budget = Budget { items: 6, chars: 1_500 };
/// What it may hold when nothing in it is a clear answer.
const GUESS: Budget = Budget { items: 3, chars: 1_200 };
/// Characters of one quoted line; of a longer one the best sentences are quoted.
pub(super) const MAX_LINE_CHARS: usize = 400;
/// Share of the question that must be found before a passage is called an answer.
pub(super) const CLEAR: f64 = 0.5;
/// Digits of a number that stands in many notes.
const MAX_NUMBER_DIGITS: usize = 3;
/// Share below which a passage is not even worth a guess.
const WORTHLESS: f64 = 0.15;
/// The search's own confidence above which a result without a common word is still shown, as a guess: it may say the
/// same in other words.
const TRUSTED_SCORE: f64 = 0.35;

/// The answer, or nothing when nothing relevant was found.
pub(super) fn answer(question: &Question, evidence: &Evidence, tongue: Tongue) -> Option<String> {
    answer_as(question, evidence, tongue, Surety::ByWords)
}

/// The same where it is known that nothing is quite what was asked for.
pub(super) fn closest(question: &Question, evidence: &Evidence, tongue: Tongue) -> Option<String> {
    answer_as(question, evidence, tongue, Surety::Guess)
}

/// What tells how sure an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Surety {
    ByWords,
    /// It is a guess, whatever it says.
    Guess,
}

fn answer_as(question: &Question, evidence: &Evidence, tongue: Tongue, surety: Surety) -> Option<String> {
    let lines = evidence.lines();
    let scores = Scores::of(question, &lines, &evidence.paths);
    let best = scores.coverage.iter().copied().fold(0.0, f64::max);
    if best < CLEAR && only_numbers(question, &scores) {
        return None;
    }
    let selection = Selection::new(question, &lines, &scores, &evidence.paths);
    let page = Page { question, lines: &lines, evidence, tongue };
    if best >= CLEAR && surety == Surety::ByWords {
        page.write(&Opening::Clear, &selection.passages(ANSWER))
    } else if best >= WORTHLESS {
        page.write(&Opening::Guess, &selection.passages(GUESS))
    } else if evidence.best_score >= TRUSTED_SCORE {
        let first = lines.iter().position(|line| line.rank == 0 && says_something(&line.text))?;
        page.write(&Opening::Guess, &[selection.around(first)])
    } else {
        None
    }
}

/// Whether all that the lines have of a question about something are short numbers, which say nothing alone: "Nørregade 12"
/// and "12 June".
fn only_numbers(question: &Question, scores: &Scores) -> bool {
    let is_short = |stem: &str| stem.len() <= MAX_NUMBER_DIGITS && stem.chars().all(|c| c.is_ascii_digit());
    let found = |word: usize| scores.matches.iter().any(|line| line[word]);
    let (mut of_numbers, mut of_words, mut words) = (false, false, false);
    for (at, word) in question.words.iter().enumerate() {
        if is_short(&word.stem) {
            of_numbers |= found(at);
        } else {
            words = true;
            of_words |= found(at);
        }
    }
    words && of_numbers && !of_words
}

/// How an answer begins.
pub(super) enum Opening {
    /// What follows is what was asked for.
    Clear,
    /// It is the best there is.
    Guess,
    /// With a number.
    Counted(String),
}

/// Writes passages as quotes with their places.
pub(super) struct Page<'a> {
    pub(super) question: &'a Question,
    pub(super) lines: &'a [Line],
    pub(super) evidence: &'a Evidence,
    pub(super) tongue: Tongue,
}

impl Page<'_> {
    /// What stands in notes and what was said in conversations is kept apart, the better one first.
    pub(super) fn write(&self, opening: &Opening, passages: &[Passage]) -> Option<String> {
        let finding = &self.tongue.phrases().finding;
        let first = self.is_said(passages.first()?);
        let (head, tail): (Vec<&Passage>, Vec<&Passage>) =
            passages.iter().partition(|passage| self.is_said(passage) == first);
        let blocks = |passages: &[&Passage]| {
            passages.iter().map(|passage| format!("\n\n{}", self.quote(passage))).collect::<String>()
        };
        let opening = match opening {
            Opening::Clear if first => finding.from_talks,
            Opening::Clear => finding.from_notes,
            Opening::Guess if first => finding.closest_talks,
            Opening::Guess => finding.closest,
            Opening::Counted(text) => text,
        };
        let mut text = format!("{opening}{}", blocks(&head));
        if !tail.is_empty() {
            let then = if first { finding.from_notes } else { finding.from_talks };
            text.push_str(&format!("\n\n{then}{}", blocks(&tail)));
        }
        Some(text)
    }

    /// Whether a passage was said in a conversation.
    fn is_said(&self, passage: &Passage) -> bool {
        passage.0.first().is_some_and(|at| self.evidence.is_conversation(self.lines[*at].file))
    }

    fn quote(&self, passage: &Passage) -> String {
        let mut block = String::new();
        let mut last: Option<usize> = None;
        for line in passage.0.iter().map(|at| &self.lines[*at]) {
            if last.is_some_and(|last| line.number > last + 1) {
                block.push_str("> …\n");
            }
            block.push_str(&format!("> {}\n", self.shorten(line)));
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
        format!("{block}Source: {}#{place}", self.evidence.paths[first.file])
    }

    /// Of a line that is too long, the sentence that matches best and what follows it. What is missing on either side
    /// has a mark.
    fn shorten(&self, line: &Line) -> String {
        let text = line.text.trim_end();
        let sentences: Vec<&str> = text.split_inclusive(". ").collect();
        let score =
            |sentence: &str| self.question.matches(sentence).into_iter().filter(|found| *found).count();
        let mut first = 0;
        if text.chars().count() > MAX_LINE_CHARS {
            // The first of the best: `max_by_key` would take the last.
            first = (0..sentences.len()).rev().max_by_key(|at| score(sentences[*at])).unwrap_or(0);
        }
        let from: String = sentences.get(first..).unwrap_or_default().concat();
        let kept: String = from.chars().take(MAX_LINE_CHARS).collect();
        let goes_on = line.goes_on || kept.len() < from.len();
        let before = if line.begins_before || first > 0 { "… " } else { "" };
        if goes_on { format!("{before}{} …", kept.trim_end()) } else { format!("{before}{kept}") }
    }
}

#[cfg(test)]
mod tests {
    use super::{ANSWER, Question, Tongue, answer};
    use crate::offline::evidence::{Evidence, Hits};
    use proptest::prelude::*;
    use serde_json::json;

    fn ask(question: &str, file: &str) -> Option<String> {
        ask_scored(question, file, 0.5)
    }

    fn ask_scored(question: &str, file: &str, score: f64) -> Option<String> {
        let hit = json!({"path":"MEMORY.md","startLine":1,"endLine":file.lines().count(),"score":score,"snippet":file});
        let hits = Hits::parse(&json!({ "results": [hit] }).to_string()).unwrap();
        answer(&Question::read(question), &Evidence::of(&hits), Tongue::English)
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
    fn a_short_number_alone_is_nothing_in_common() {
        let notes = "- Anna's birthday is on 12 June\n- invoice 4711 is paid";
        assert_eq!(ask("I parked the car in Nørregade 12", notes), None);
        assert!(ask("I parked the birthday car in Nørregade 12", notes).is_some());
        assert!(ask("What is 12?", notes).unwrap().contains("12 June"));
        assert!(ask("Which customer wrote order 4711?", notes).unwrap().contains("invoice 4711"));
    }

    #[test]
    fn a_word_is_found_where_it_is_written_as_two() {
        let rows = [
            (
                "¿Cuándo es el cumpleaños de mi suegra?",
                "- Mi suegra cumple años el 14 de mayo\n- El coche es azul",
            ),
            ("Where is the notebook of Anna?", "- Anna has her note book in the car\n- Rent is due"),
        ];
        for (question, notes) in rows {
            let tongue = Tongue::of(question);
            let hit = json!({"path":"MEMORY.md","startLine":1,"endLine":2,"score":0.5,"snippet":notes});
            let hits = Hits::parse(&json!({ "results": [hit] }).to_string()).unwrap();
            let text = answer(&Question::read(question), &Evidence::of(&hits), tongue).unwrap();
            assert!(text.starts_with(tongue.phrases().finding.from_notes), "{text}");
            assert!(text.contains(notes.lines().next().unwrap()), "{text}");
        }
        let together = ask("Are we together?", "- go to get her\n- tog ether");
        assert!(together.is_none_or(|text| !text.contains("go to")));
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

    #[test]
    fn unrelated_facts_stay_out() {
        let facts = "- Dentist: Dr Weber, every six months\n- Anna's birthday is on 3 May\n- The car is a blue Volvo\n- Anna likes orchids\n- Rent is due on the 1st\n- The router stands in the hall\n- Shoe size 43\n- Bob plays chess on Fridays\n- The cat is called Minka\n- The boiler was serviced in March";
        let rows = [
            ("What is the cat called?", &["The cat is called Minka"][..]),
            ("When is Anna's birthday?", &["Anna's birthday is on 3 May", "Anna likes orchids"]),
            ("When do I see the dentist?", &["Dentist: Dr Weber, every six months"]),
            ("What does Anna like?", &["Anna likes orchids", "Anna's birthday is on 3 May"]),
        ];
        for (question, allowed) in rows {
            // The same facts as a list, and as plain lines with empty ones between them.
            for file in [facts.to_owned(), facts.replace("- ", "\n")] {
                let text = ask(question, &file).unwrap();
                let quotes: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("> ")).collect();
                assert!(quotes.iter().any(|quote| quote.contains(allowed[0])), "{text}");
                let known = |quote: &&str| *quote == "…" || allowed.iter().any(|fact| quote.contains(fact));
                assert!(quotes.iter().all(known), "{text}");
            }
        }
    }

    #[test]
    fn a_talk_is_quoted_by_what_was_said_not_by_its_neighbours() {
        let talk = "Anna: I am tired of the rain.\nBob: Same here. How was the pottery class?\nAnna: Lovely, I made a green bowl.\nBob: Nice! I repaired my bike.\nAnna: My mother called about Easter.\nBob: Is dinner at seven?";
        let text = ask("What did Anna make in her pottery class?", talk).unwrap();
        let said = "> Bob: Same here. How was the pottery class?\n> Anna: Lovely, I made a green bowl.";
        assert!(text.contains(said), "{text}");
        assert!(!text.contains("bike") && !text.contains("dinner"), "{text}");
        // One line says it all.
        let text = ask("Who repaired the bike?", talk).unwrap();
        assert_eq!(text, "From your notes:\n\n> Bob: Nice! I repaired my bike.\nSource: MEMORY.md#L4");
    }

    #[test]
    fn a_long_talk_is_quoted_up_to_the_budget() {
        let line = |n: usize| {
            format!("{}: In year {n} the harvest festival was {}", ["Anna", "Bob"][n % 2], "fine ".repeat(20))
        };
        let talk = (0..40).map(line).collect::<Vec<_>>().join("\n");
        let text = ask("How was the harvest festival?", &talk).unwrap();
        let length = text.chars().count();
        let most = ANSWER.chars + 100;
        assert!((ANSWER.chars / 2..most).contains(&length), "{length}: {text}");
    }

    #[test]
    fn passages_that_grow_together_become_one() {
        let prose = "The falcon launch plan is done,\nsaid the team on a walk,\nwhich was long and wet.\nThe falcon launch notes came later,\nwritten by hand.\nA copy of the falcon launch plan is upstairs.";
        let quoted = prose.replace('\n', "\n> ");
        let expected = format!("From your notes:\n\n> {quoted}\nSource: MEMORY.md#L1-L6");
        assert_eq!(ask("Who knows the falcon launch plan?", prose), Some(expected));
    }

    proptest! {
        #[test]
        fn every_quote_is_a_line_of_the_file_and_none_comes_twice(
            question in "(who|where|when)? ?[abc]{1,3} [abc]{1,3}\\??",
            lines in proptest::collection::vec("(# |- |a: )?[abc]{0,3}( [abc]{1,3}){0,3}[?:]?", 0..12),
        ) {
            let file = lines.join("\n");
            if let Some(text) = ask(&question, &file) {
                let quotes: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("> ")).collect();
                for quote in quotes.iter().filter(|quote| **quote != "…") {
                    let times = quotes.iter().filter(|other| *other == quote).count();
                    let there = lines.iter().filter(|line| line.trim_end() == *quote).count();
                    prop_assert!(times <= there, "{quote:?} is quoted {times} times and noted {there} times");
                }
            }
        }
    }
}
