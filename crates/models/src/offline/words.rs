//! Words, stems and stop words: what a question is about, and whether a line speaks of it.

use std::collections::HashSet;
use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};

use super::stop_words::STOP_WORDS;
use super::tongue::Tongue;

/// One word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Lower case and without its ending.
    pub(super) stem: String,
    /// Whether it is written as a name: a capital or a digit inside a sentence.
    pub(super) name: bool,
    /// Characters of the word with its ending.
    pub(super) length: usize,
}

/// What a question in a script without spaces is asked with; the rest is what it is about. Longer forms stand first.
const ASKING: &[(Tongue, &str)] = &[
    (
        Tongue::Chinese,
        "什么时候|有多少条|多少条|多少|几条|关于|在哪里|在哪儿|哪里|哪儿|在哪|什么|怎么|为什么|请问|我的|我|的笔记|笔记|记了|列出|所有|全部|谁|吗|呢|了|是|有",
    ),
    (
        Tongue::Japanese,
        "それで|について何をメモしましたか|について何をメモ|のメモは何件ですか|のメモは何件|のメモはいくつ|についてのメモを全部|についてのメモ|についてメモした|メモの一覧を見せて|メモの一覧|メモを全部見せて|メモを見せて|メモは何件|メモはいくつ|ありますか|について|のことは|ください|教えて|見せて|でしたか|でした|ですか|です|ますか|ました|はいつ|はどこ|は誰|は何件|は何|はいくら|いつ|どこ|だれ|誰|いくら|いくつ|何件|何|全部|メモ|私の",
    ),
];

static STOP: LazyLock<HashSet<(Tongue, &'static str)>> = LazyLock::new(|| {
    let of = |(tongue, words): &(Tongue, &'static str)| {
        let tongue = *tongue;
        words.split_whitespace().map(move |word| (tongue, word))
    };
    STOP_WORDS.iter().flat_map(of).collect()
});

/// A shared beginning shorter than this says nothing about kinship.
const MIN_SHARED_CHARS: usize = 5;

/// A beginning of a longer word with fewer characters is found in too many.
const MIN_BEGINNING_CHARS: usize = 4;

/// The same of an end, with the ending of the word.
const MIN_END_CHARS: usize = 5;

/// Whether a compound such as `wi-fi` stands for its parts as well.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compound {
    /// The parts and the whole: a line may be asked for by either.
    Both,
    /// The parts that mean something, or the whole if one of them is too short: a question must not ask twice.
    Once,
}

/// The longest article that loses its vowel: "dell'".
const MAX_ARTICLE_CHARS: usize = 5;
/// A part of a compound with fewer characters means nothing alone.
const MIN_PART_CHARS: usize = 3;

/// All words of a text. Scripts without spaces give overlapping pairs of characters.
pub(super) fn words(text: &str, tongue: Tongue) -> Vec<Word> {
    split(text, Compound::Both, tongue)
}

fn split(text: &str, compound: Compound, tongue: Tongue) -> Vec<Word> {
    let stemmer = Stemmer::create(algorithm(tongue));
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
            words.extend(forms(raw, compound, tongue).iter().map(|form| word(form, place, &stemmer, tongue)));
        }
        first = false;
    }
    words
}

fn forms(raw: &str, compound: Compound, tongue: Tongue) -> Vec<String> {
    if !raw.contains('-') {
        return vec![raw.to_owned()];
    }
    let mut parts: Vec<String> =
        raw.split('-').filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect();
    match compound {
        Compound::Once => {
            let meant: Vec<String> = parts.iter().filter(|part| !is_stop(part, tongue)).cloned().collect();
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

/// Polish has no stemmer, and no stemmer has Chinese; the English one leaves what is not English mostly alone.
fn algorithm(tongue: Tongue) -> Algorithm {
    match tongue {
        Tongue::German => Algorithm::German,
        Tongue::French => Algorithm::French,
        Tongue::Spanish => Algorithm::Spanish,
        Tongue::Italian => Algorithm::Italian,
        Tongue::Portuguese => Algorithm::Portuguese,
        Tongue::Dutch => Algorithm::Dutch,
        Tongue::Danish => Algorithm::Danish,
        Tongue::Swedish => Algorithm::Swedish,
        Tongue::Norwegian => Algorithm::Norwegian,
        Tongue::Russian => Algorithm::Russian,
        Tongue::English | Tongue::Polish | Tongue::Chinese | Tongue::Japanese => Algorithm::English,
    }
}

fn word(raw: &str, place: Place, stemmer: &Stemmer, tongue: Tongue) -> Word {
    let lower = raw.to_lowercase();
    let bare = lower.strip_suffix("'s").or_else(|| lower.strip_suffix("’s")).unwrap_or(&lower);
    // "l'auto", "d'Anna", "dell'auto".
    let bare = match bare.split_once(['\'', '’']) {
        Some((article, rest)) if tongue.elides() && article.chars().count() <= MAX_ARTICLE_CHARS => rest,
        _ => bare,
    };
    // German writes every noun with a capital.
    let capital = place == Place::Later && tongue != Tongue::German && raw.starts_with(char::is_uppercase);
    let name = capital || raw.contains(|c: char| c.is_ascii_digit());
    Word { stem: stemmer.stem(bare).into_owned(), name, length: bare.chars().count() }
}

/// The words a question is about, each once.
pub(super) fn content_words(text: &str, tongue: Tongue) -> Vec<Word> {
    let text = &without_asking(text, tongue);
    let mut seen = HashSet::new();
    let kept: Vec<&str> = text.split_whitespace().filter(|raw| !is_stop(raw, tongue)).collect();
    // When the first word was dropped, the capital of the next one is its own: a stand-in takes the first place.
    let dropped_first = text.split_whitespace().next().is_some_and(|first| is_stop(first, tongue));
    let stand_in = if dropped_first { "x " } else { "" };
    let mut words = split(&format!("{stand_in}{}", kept.join(" ")), Compound::Once, tongue);
    if dropped_first {
        words.remove(0);
    }
    words.retain(|word| word.stem.chars().count() > 1 || word.name);
    words.retain(|word| seen.insert(word.stem.clone()));
    words
}

/// A question without the words that only ask, where nothing separates them from the others.
fn without_asking(text: &str, tongue: Tongue) -> String {
    let forms = ASKING.iter().filter(|(of, _)| *of == tongue).flat_map(|(_, forms)| forms.split('|'));
    let less = forms.fold(text.to_owned(), |text, form| text.replace(form, " "));
    // What is left of "who?" is asked all the same; of a subject that sounds like asking, everything is kept.
    if less.chars().any(char::is_alphanumeric) { less } else { String::new() }
}

fn is_stop(raw: &str, tongue: Tongue) -> bool {
    let plain = raw.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().replace('’', "'");
    // "what's", "don't", "I'm": what stands before the apostrophe decides; "l'auto": what stands after it.
    let (head, tail) = plain.split_once('\'').unwrap_or((plain.as_str(), plain.as_str()));
    let deciding = if tongue.elides() { tail } else { head };
    let known = |word: &str| STOP.contains(&(tongue, word));
    // "ai-je": both parts only ask.
    let parts = plain.contains('-') && plain.split('-').all(|part| part.is_empty() || known(part));
    plain.is_empty() || known(&plain) || known(deciding) || parts || plain.ends_with("n't")
}

/// Whether two stems are the same word, or share a beginning that is most of both: endings that the English stemmer
/// does not know.
pub(super) fn akin(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    // Two numbers are never nearly the same.
    if one.contains(char::is_numeric) || other.contains(char::is_numeric) {
        return false;
    }
    let shared = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let longer = one.chars().count().max(other.chars().count());
    shared >= MIN_SHARED_CHARS && shared * 4 >= longer * 3
}

/// Whether a longer word begins with a stem, as compounds do: "boot" and "bootsmotor".
pub(super) fn begins(stem: &str, word: &str) -> bool {
    stem.chars().count() >= MIN_BEGINNING_CHARS && word.starts_with(stem) && !stem.contains(char::is_numeric)
}

/// Whether a longer word ends with a word, as compounds do: "Schlüssel" and "Haustürschlüssel". Ends are more often there by
/// chance than beginnings: "Reis" and "Preis".
pub(super) fn ends(word: &Word, longer: &str) -> bool {
    word.length >= MIN_END_CHARS && longer.ends_with(&word.stem) && !word.stem.contains(char::is_numeric)
}

/// Chinese, Japanese kana and Thai are written without spaces.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c), 0x0E00..=0x0E7F | 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF)
}

fn pairs(raw: &str) -> Vec<Word> {
    let chars: Vec<char> = raw.chars().collect();
    let word = |pair: &[char]| Word { stem: pair.iter().collect(), name: false, length: pair.len() };
    if chars.len() < 2 { vec![word(&chars)] } else { chars.windows(2).map(word).collect() }
}

#[cfg(test)]
mod tests {
    use super::{Tongue, akin, content_words, words};
    use proptest::prelude::*;

    fn about(text: &str) -> Vec<String> {
        content_words(text, Tongue::of(text)).into_iter().map(|word| word.stem).collect()
    }

    #[test]
    fn a_question_keeps_what_it_is_about() {
        let rows: &[(&str, &[&str])] = &[
            ("When does Project Falcon ship?", &["project", "falcon", "ship"]),
            ("what's my dog's name?", &["dog", "name"]),
            ("Do you remember where I parked?", &["park"]),
            ("Wie lautet das Passwort?", &["lautet", "passwort"]),
            ("hvornår er mødet?", &["mød"]),
            ("how are you?", &[]),
            ("猫的名字", &["猫的", "的名", "名字"]),
            ("Wi-Fi and check-in", &["wifi", "check"]),
            ("Où est la clé du garage ?", &["clé", "garag"]),
            ("¿Dónde está la llave?", &["llav"]),
            ("Quando scade l'assicurazione dell'auto?", &["scad", "assicur", "aut"]),
            ("Hoe laat begint de vergadering en wat heb ik genoteerd?", &["lat", "begint", "vergader"]),
            ("Где лежит ключ от гаража?", &["леж", "ключ", "гараж"]),
            ("钥匙在哪里？", &["钥匙"]),
            ("鍵はどこですか", &[]),
            ("When is my son's birthday?", &["son", "birthday"]),
            ("Who has the hat?", &["hat"]),
            ("Which war did Anna write about?", &["war", "anna"]),
            ("Where does the man dig?", &["man", "dig"]),
            ("Is the bin full, or the den?", &["bin", "full", "den"]),
            ("Wo ist das Boot?", &["boot"]),
            ("Où est mon fils ?", &["fil"]),
            ("Hvor er min nøkkel?", &["nøkkel"]),
            ("", &[]),
        ];
        for (question, expected) in rows {
            assert_eq!(about(question), *expected, "{question}");
        }
    }

    #[test]
    fn capitals_inside_a_sentence_are_names() {
        let names = |text: &str| -> Vec<bool> {
            content_words(text, Tongue::English).iter().map(|word| word.name).collect()
        };
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
            ("123456", "123457", false),
            ("15w-40000", "15w-40001", false),
            ("123456", "123456", true),
        ];
        for (one, other, expected) in rows {
            assert_eq!(akin(one, other), expected, "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_words(text in ".{0,60}") {
            let tongue = Tongue::of(&text);
            prop_assert!(content_words(&text, tongue).len() <= words(&text, tongue).len() + 1);
        }
    }
}
