//! The needle set is well-formed, and the engine finds what is asked for by an exact token.

#[path = "needles/nfd.rs"]
mod nfd;
#[path = "needles/place.rs"]
mod place;
#[path = "needles/random.rs"]
mod random;
#[allow(dead_code, reason = "shared with the example, which uses the rest")]
#[path = "needles/score.rs"]
mod score;
#[allow(dead_code, reason = "shared with the example, which uses the rest")]
#[path = "needles/set.rs"]
mod set;

use std::collections::BTreeMap;

use set::{Category, Needle, Outcome, Set, languages, load};

fn sets() -> Outcome<Vec<Set>> {
    languages()?.iter().map(|language| load(language)).collect()
}

fn count(set: &Set, wanted: impl Fn(&Needle) -> bool) -> usize {
    set.needles.iter().filter(|needle| wanted(needle)).count()
}

/// Lower-case runs of letters and digits, or pairs of neighbours where no spaces are written.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for run in text
        .to_lowercase()
        .split(|c: char| c.is_whitespace() || c.is_ascii_punctuation() || "。、，？！；".contains(c))
    {
        let letters: Vec<char> = run.chars().collect();
        let spaceless = letters.iter().any(|&c| ('\u{3400}'..='\u{9fff}').contains(&c) || is_katakana(c));
        if spaceless {
            let pairs = letters.windows(2).filter(|pair| !pair.iter().any(|&c| is_hiragana(c)));
            words.extend(pairs.map(|pair| pair.iter().collect()));
        } else if letters.len() > 3 || (letters.len() > 1 && letters.iter().all(|&c| c >= '\u{ac00}')) {
            words.push(run.to_owned());
        }
    }
    words
}

fn is_hiragana(c: char) -> bool {
    ('\u{3040}'..='\u{309f}').contains(&c)
}

fn is_katakana(c: char) -> bool {
    ('\u{30a0}'..='\u{30ff}').contains(&c)
}

#[test]
fn every_language_covers_every_category() {
    let names = ["ar", "da", "de", "en", "es", "fr", "hi", "ja", "ko", "mix", "tr", "zh"];
    assert_eq!(languages().unwrap(), names);
    for set in sets().unwrap() {
        let of = |category| count(&set, |needle| needle.category == category);
        assert!(set.files.len() >= 300, "{}: {} notes", set.language, set.files.len());
        assert!(set.needles.len() >= 60, "{}: {} needles", set.language, set.needles.len());
        for (category, name) in set::CATEGORIES {
            assert!(of(category) > 0, "{}: no question of the category {name}", set.language);
        }
        let nothing = of(Category::Nothing) + of(Category::NothingKnown);
        assert!(nothing * 100 >= set.needles.len() * 15, "{}: {nothing} without an answer", set.language);
        assert_eq!(of(Category::Nothing), of(Category::NothingKnown), "{}", set.language);
        assert!(!set.transcripts.is_empty(), "{}", set.language);
        assert!(count(&set, |needle| needle.distractors > 0) >= 20, "{}", set.language);
        assert!(count(&set, |needle| !needle.rivals.is_empty()) >= 15, "{}", set.language);
    }
}

#[test]
fn the_same_files_make_the_same_notes() {
    let (once, twice) = (load("da").unwrap(), load("da").unwrap());
    assert_eq!(once.files, twice.files);
    let crlf = once.files.values().any(|bytes| bytes.windows(2).any(|pair| pair == b"\r\n"));
    let bom = once.files.values().any(|bytes| bytes.starts_with("\u{feff}".as_bytes()));
    let accents = once.files.values().any(|bytes| String::from_utf8_lossy(bytes).contains("A\u{30a}"));
    let long = once.files.values().any(|bytes| bytes.split(|&b| b == b'\n').any(|line| line.len() > 5_000));
    assert!(crlf && bom && accents && long && once.files.values().any(Vec::is_empty));
}

/// The expected line stands where it is said to stand, and nowhere else.
#[test]
fn every_answer_is_there_once() {
    for set in sets().unwrap() {
        let lines = |bytes: &[u8]| -> Vec<String> {
            String::from_utf8(bytes.to_vec()).unwrap().split('\n').map(score::normal).collect()
        };
        let notes: BTreeMap<&str, Vec<String>> =
            set.files.iter().map(|(path, bytes)| (path.as_str(), lines(bytes))).collect();
        for needle in &set.needles {
            assert_eq!(needle.expected.is_empty(), !needle.category.answerable(), "{}", needle.question);
            for place in &needle.expected {
                let text = score::normal(&place.text);
                assert!(notes[place.path.as_str()][place.line - 1].contains(&text), "{}", place.text);
                let holding = notes.values().flatten().filter(|line| line.contains(&text)).count();
                assert_eq!(holding, 1, "{}: {}", set.language, place.text);
            }
        }
    }
}

/// What words cannot find, only meaning can.
#[test]
fn paraphrases_share_no_words_with_their_answers() {
    let mut shared = Vec::new();
    for set in sets().unwrap() {
        for needle in set.needles.iter().filter(|needle| needle.category == Category::Paraphrase) {
            let answer: Vec<String> = needle.expected.iter().flat_map(|place| words(&place.text)).collect();
            for word in words(&needle.question) {
                let same = |other: &String| {
                    let prefix = |text: &str| text.chars().take(4).collect::<String>();
                    prefix(other) == prefix(&word)
                };
                if !set.stop.contains(&word) && answer.iter().any(same) {
                    shared.push(format!("{}: {word} in {:?}", set.language, needle.question));
                }
            }
        }
    }
    assert!(shared.is_empty(), "{shared:#?}");
}

#[tokio::test(flavor = "current_thread")]
async fn exact_tokens_are_found() {
    for language in ["da", "zh", "ja", "ko"] {
        let set = load(language).unwrap();
        let home = tempfile::tempdir().unwrap();
        set.write(&home.path().join("workspace")).unwrap();
        let engine = score::index(home.path(), openclaw_memory::Embedders::default()).await.unwrap();
        let mut sums = score::Sums::default();
        let (mut asked, mut found) = (0, 0);
        for needle in set.needles.iter().filter(|needle| needle.category == Category::Exact) {
            let score = score::score(&engine, needle).await.unwrap();
            sums.add(&score);
            asked += 1;
            found += usize::from(score.rank.is_some());
        }
        assert!(asked >= 10 && found * 100 >= asked * 80, "{language}: {}", sums.row());
    }
}
