//! Questions about what no note says. Pure.

use std::collections::HashSet;

use super::random::Random;
use crate::words::analyse;

/// Questions of ordinary English; those that share a word with the notes are left out.
const ELSEWHERE: [&str; 28] = [
    "Which glacier feeds the longest river of Patagonia?",
    "How do volcanoes form pumice underwater?",
    "Who composed the requiem for two harpsichords?",
    "What wavelength does a ruby laser emit?",
    "When did the Ottoman navy besiege Rhodes?",
    "How thick is the lithosphere beneath Siberia?",
    "Which enzyme unwinds helical molecules during mitosis?",
    "What ransom did pirates demand for Caesar?",
    "How many moons orbit Neptune?",
    "Which dynasty fired celadon porcelain?",
    "Why do cuttlefish polarise their camouflage?",
    "Who chaired the Nuremberg tribunal?",
    "What torque does a trireme's mast withstand?",
    "How deep do emperor penguins dive?",
    "Which alkaloid paralyses curare hunters' prey?",
    "What ended the Peloponnesian truce?",
    "How does a theodolite measure azimuth?",
    "Which sultan abolished the janissaries?",
    "What isotopes date Jurassic zircon?",
    "Who forged the Habsburg regalia?",
    "How far do monarch butterflies migrate?",
    "Which sonnet mourns a drowned shepherd?",
    "What voltage does an electric eel discharge?",
    "Who mapped the Tasman coastline?",
    "How do quasars redshift?",
    "Which parliament repealed the corn tariffs?",
    "What alloy hardens bronze cannon?",
    "When was the Suez isthmus surveyed?",
];
const ONSETS: [&str; 12] = ["b", "dr", "f", "gl", "k", "m", "pr", "st", "tw", "v", "z", "sk"];
const VOWELS: [&str; 6] = ["a", "e", "i", "o", "u", "ou"];
const ENDS: [&str; 8] = ["b", "ft", "lm", "nd", "rk", "x", "zz", "p"];
const SYLLABLES: usize = 3;
const INVENTED_WORDS: usize = 4;

/// One question in so many has a word of the notes in it, one of those that stand everywhere: people ask in vain about
/// somebody whom the notes know well.
const ONE_KNOWN_IN: usize = 3;

/// A number of questions about nothing that the notes say: some of ordinary words, the others invented. `known` are frequent
/// words of the notes.
pub(super) fn nonsense(
    terms: &HashSet<String>,
    known: &[&str],
    count: usize,
    random: &mut Random,
) -> Vec<String> {
    let mut questions = foreign(terms, count, random);
    for question in questions.iter_mut().step_by(ONE_KNOWN_IN) {
        if let Some(word) = known.get(random.below(known.len())) {
            *question = format!("{word} {question}");
        }
    }
    questions
}

/// Questions none of whose words is a term of the notes.
fn foreign(terms: &HashSet<String>, count: usize, random: &mut Random) -> Vec<String> {
    let is_foreign = |query: &&&str| {
        analyse(query).iter().all(|concept| concept.forms.iter().all(|form| !terms.contains(&form.term)))
    };
    let mut questions: Vec<String> =
        ELSEWHERE.iter().filter(is_foreign).map(|query| (*query).to_owned()).collect();
    random.shuffle(&mut questions);
    // Half of them at most: ordinary words are harder, and there are few.
    questions.truncate(count.div_ceil(2));
    while questions.len() < count {
        let words: Vec<String> = (0..INVENTED_WORDS).map(|_| invented(terms, random)).collect();
        questions.push(words.join(" "));
    }
    questions
}

fn invented(terms: &HashSet<String>, random: &mut Random) -> String {
    let mut word = String::new();
    // A language may have the first one by chance; a longer word nobody has.
    while word.is_empty() || terms.contains(&word) {
        for _ in 0..SYLLABLES {
            for part in [&ONSETS[..], &VOWELS, &ENDS] {
                word.push_str(part.get(random.below(part.len())).copied().unwrap_or_default());
            }
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::nonsense;
    use crate::bench::random::Random;
    use std::collections::HashSet;

    #[test]
    fn no_question_has_a_word_of_the_notes() {
        let terms: HashSet<String> = ["glacier", "moon", "neptun"].map(str::to_owned).into();
        let found = nonsense(&terms, &[], 40, &mut Random::new(1));
        assert_eq!(found.len(), 40);
        assert!(
            !found.iter().any(|query| query.contains("glacier") || query.contains("Neptune")),
            "{found:?}"
        );
        assert_eq!(found.iter().filter(|query| query.ends_with('?')).count(), 20);
        assert_eq!(found, nonsense(&terms, &[], 40, &mut Random::new(1)), "the same every time");
        assert_ne!(found, nonsense(&terms, &[], 40, &mut Random::new(2)));
        let known = nonsense(&terms, &["moon"], 40, &mut Random::new(1));
        assert_eq!(known.iter().filter(|query| query.starts_with("moon ")).count(), 14);
    }
}
