//! Words, stems and stop words: what a question is about, and whether a line speaks of it.

use std::collections::HashSet;
use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};

/// One word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Lower case and without its ending.
    pub(super) stem: String,
    /// Whether it is written as a name: a capital or a digit inside a sentence.
    pub(super) name: bool,
}

/// Words that say how something is asked, not what: English, German, Danish, Spanish and French.
const STOP_WORDS: &str = "\
a about above after again ago all also am an and any anything are around as at be because been before being both but \
by can could did do does doing done down each else ever every find for from get give given go going got had has have \
having he her here hers him his how i if in into is it its itself just know last let like list look looked me mean \
memory memories mention mentioned mine more most much my myself next no nor not note noted notes now of off ok on \
once one only or other our ours out over please quote recall regarding remember remembered remind said same say says \
search she should show so some someone something still such tell than that the their theirs them then there these \
they thing things think this those through to too under until up us use used very want was we were what whatever when \
where whether which while who whom whose why will with would write you your yours yes \
aber als am an auch auf aus bei bin bist das dass dein dem den der des die dir doch du ein eine einem einen einer er \
es für gibt habe haben hat hatte ich ihm ihr im in ist ja kann mein meine mich mir mit nach nicht noch oder schon \
sie sind so über um und uns vom von war warum was weißt welche welcher welches wann wer wie wir wird wo worüber zu \
zum zur \
af at de den der det dig din du eller en er et fra for har havde hun hvad hvem hvilken hvilket hvor hvordan hvorfor \
hvornår han i ikke jeg kan man med mig min mit og om på sig som til vi \
al algo como cómo con cual cuál cuando cuándo de del dónde donde el ella en era es ese esta está fue hay la las lo \
los me mi mis o para pero por porque que qué quien quién se ser sin sobre su tengo tiene un una y yo \
au aux avec ce ces cette comment dans de des du elle en est et était il ils je la le les leur lui ma mais me mes moi \
mon ne nous on ou où par pas pour pourquoi quand que quel quelle qui quoi sa se ses son sur ta te tu un une vous";

static STOP: LazyLock<HashSet<&'static str>> = LazyLock::new(|| STOP_WORDS.split_whitespace().collect());

/// A shared beginning shorter than this says nothing about kinship.
const MIN_SHARED_CHARS: usize = 5;

/// Whether a compound such as `wi-fi` stands for its parts as well.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compound {
    /// The parts and the whole: a line may be asked for by either.
    Both,
    /// The parts that mean something, or the whole if one of them is too short: a question must not ask twice.
    Once,
}

/// A part of a compound with fewer characters means nothing alone.
const MIN_PART_CHARS: usize = 3;

/// All words of a text. Scripts without spaces give overlapping pairs of characters.
pub(super) fn words(text: &str) -> Vec<Word> {
    split(text, Compound::Both)
}

fn split(text: &str, compound: Compound) -> Vec<Word> {
    let stemmer = Stemmer::create(Algorithm::English);
    let mut words = Vec::new();
    let mut first = true;
    for raw in text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’' | '_' | '-'))) {
        let raw = raw.trim_matches(|c: char| !c.is_alphanumeric());
        if raw.is_empty() {
            continue;
        }
        if raw.chars().any(is_unspaced) {
            words.extend(pairs(raw));
        } else {
            let place = if std::mem::take(&mut first) { Place::First } else { Place::Later };
            words.extend(forms(raw, compound).iter().map(|form| word(form, place, &stemmer)));
        }
        first = false;
    }
    words
}

fn forms(raw: &str, compound: Compound) -> Vec<String> {
    if !raw.contains('-') {
        return vec![raw.to_owned()];
    }
    let mut parts: Vec<String> =
        raw.split('-').filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect();
    match compound {
        Compound::Once => {
            let meant: Vec<String> = parts.iter().filter(|part| !is_stop(part)).cloned().collect();
            let short = meant.is_empty() || meant.iter().any(|part| part.chars().count() < MIN_PART_CHARS);
            if short { vec![parts.concat()] } else { meant }
        }
        Compound::Both => {
            parts.push(parts.concat());
            parts
        }
    }
}

/// Where in its text a word stands; the first one has a capital for no reason of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    First,
    Later,
}

fn word(raw: &str, place: Place, stemmer: &Stemmer) -> Word {
    let lower = raw.to_lowercase();
    let bare = lower.strip_suffix("'s").or_else(|| lower.strip_suffix("’s")).unwrap_or(&lower);
    let capital = place == Place::Later && raw.starts_with(char::is_uppercase);
    let name = capital || raw.contains(|c: char| c.is_ascii_digit());
    Word { stem: stemmer.stem(bare).into_owned(), name }
}

/// The words a question is about, each once.
pub(super) fn content_words(text: &str) -> Vec<Word> {
    let mut seen = HashSet::new();
    let kept: Vec<&str> = text.split_whitespace().filter(|raw| !is_stop(raw)).collect();
    // When the first word was dropped, the capital of the next one is its own: a stand-in takes the first place.
    let dropped_first = text.split_whitespace().next().is_some_and(is_stop);
    let mut words =
        split(&format!("{}{}", if dropped_first { "x " } else { "" }, kept.join(" ")), Compound::Once);
    if dropped_first {
        words.remove(0);
    }
    words.retain(|word| word.stem.chars().count() > 1 || word.name);
    words.retain(|word| seen.insert(word.stem.clone()));
    words
}

fn is_stop(raw: &str) -> bool {
    let plain = raw.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().replace('’', "'");
    // "what's", "don't", "I'm": what stands before the apostrophe decides.
    let head = plain.split('\'').next().unwrap_or_default();
    plain.is_empty() || STOP.contains(plain.as_str()) || STOP.contains(head) || plain.ends_with("n't")
}

/// Whether two stems are the same word, or share a beginning that is most of both: endings that the English stemmer
/// does not know.
pub(super) fn akin(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let shared = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let longer = one.chars().count().max(other.chars().count());
    shared >= MIN_SHARED_CHARS && shared * 4 >= longer * 3
}

/// Chinese, Japanese kana and Thai are written without spaces.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c), 0x0E00..=0x0E7F | 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF)
}

fn pairs(raw: &str) -> Vec<Word> {
    let chars: Vec<char> = raw.chars().collect();
    let word = |pair: &[char]| Word { stem: pair.iter().collect(), name: false };
    if chars.len() < 2 { vec![word(&chars)] } else { chars.windows(2).map(word).collect() }
}

#[cfg(test)]
mod tests {
    use super::{akin, content_words, words};
    use proptest::prelude::*;

    fn about(text: &str) -> Vec<String> {
        content_words(text).into_iter().map(|word| word.stem).collect()
    }

    #[test]
    fn a_question_keeps_what_it_is_about() {
        let rows: [(&str, &[&str]); 9] = [
            ("When does Project Falcon ship?", &["project", "falcon", "ship"]),
            ("what's my dog's name?", &["dog", "name"]),
            ("Do you remember where I parked?", &["park"]),
            ("Wie lautet das Passwort?", &["lautet", "passwort"]),
            ("hvornår er mødet?", &["mødet"]),
            ("how are you?", &[]),
            ("猫的名字", &["猫的", "的名", "名字"]),
            ("Wi-Fi and check-in", &["wifi", "check"]),
            ("", &[]),
        ];
        for (question, expected) in rows {
            assert_eq!(about(question), expected, "{question}");
        }
    }

    #[test]
    fn capitals_inside_a_sentence_are_names() {
        let names = |text: &str| -> Vec<bool> { content_words(text).iter().map(|word| word.name).collect() };
        assert_eq!(names("Where is Bob's bicycle 42?"), [true, false, true]);
        assert_eq!(names("Bicycles of Bob"), [false, true]);
    }

    #[test]
    fn kin_share_most_of_both() {
        let rows = [
            ("passwort", "passwörter", false),
            ("passport", "passports", true),
            ("ship", "shop", false),
            ("hotelzimmer", "hotel", false),
        ];
        for (one, other, expected) in rows {
            assert_eq!(akin(one, other), expected, "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_words(text in ".{0,60}") {
            prop_assert!(content_words(&text).len() <= words(&text).len() + 1);
        }
    }
}
