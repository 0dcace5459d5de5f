//! The terms of notes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::compound::end_terms;
use super::fold::{digraphs, fold};
use super::language::Language;
use super::scan::{Look, Place, Scanner, Sink, Whole};
use super::script::Script;
use super::stem::{stem, without_hebrew_prefix};
use super::stop;

/// Distinct words that an [`Analyser`] remembers per language, about 4 MB: people use 20,000.
const MAX_REMEMBERED: usize = 32_768;

/// What a term counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TermKind {
    /// One per word: the length of a text is the number of these.
    Word,
    /// Another form of a word that counts already: its exact spelling, the whole name whose parts are words.
    Extra,
    /// A word that says nothing about the subject. Only a query of nothing else looks for it.
    Stop,
}

/// Makes terms of notes. Remembers the forms of words, so that one for a whole worker is much faster than many.
#[derive(Debug)]
pub(crate) struct Analyser {
    scanner: Scanner,
    /// By language.
    known: Vec<Known>,
}

type Known = HashMap<Box<str>, Word, BuildHasherDefault<WordHasher>>;

#[derive(Debug)]
struct Word {
    is_stop: bool,
    forms: Box<[(Box<str>, TermKind)]>,
}

impl Default for Analyser {
    fn default() -> Self {
        let known = std::iter::repeat_with(Known::default).take(Language::COUNT).collect();
        Self { scanner: Scanner::default(), known }
    }
}

impl Analyser {
    /// Hands every term of a text to `emit`, in order, with repetitions.
    pub(crate) fn note(&mut self, text: &str, language: Language, emit: impl FnMut(&str, TermKind)) {
        let known = &mut self.known[language as usize];
        if known.len() > MAX_REMEMBERED {
            known.clear();
        }
        let mut sink = NoteSink { text, language, known, emit, pair: String::new(), is_first: true };
        self.scanner.scan(text, &mut sink);
    }

    /// The terms of a text that are looked up, in order, and how many words they are.
    pub(crate) fn terms(&mut self, text: &str, language: Language) -> (Vec<String>, usize) {
        let (mut terms, mut words) = (Vec::new(), 0);
        self.note(text, language, |term, kind| match kind {
            TermKind::Word => {
                words += 1;
                terms.push(term.to_owned());
            }
            TermKind::Extra => terms.push(term.to_owned()),
            TermKind::Stop => {}
        });
        (terms, words)
    }
}

struct NoteSink<'a, F> {
    text: &'a str,
    language: Language,
    known: &'a mut Known,
    emit: F,
    pair: String,
    is_first: bool,
}

impl<F: FnMut(&str, TermKind)> Sink for NoteSink<'_, F> {
    fn word(&mut self, word: &str, look: Look, _place: Place) {
        let is_first = std::mem::take(&mut self.is_first);
        if !self.known.contains_key(word) {
            self.known.insert(word.into(), forms(word, self.language));
        }
        let Some(known) = self.known.get(word) else { return };
        if known.is_stop && (look == Look::Plain || !is_name(word, look, is_first, self.text)) {
            return (self.emit)(word, TermKind::Stop);
        }
        for (form, kind) in &known.forms {
            (self.emit)(form, *kind);
        }
    }

    fn whole(&mut self, term: &str, sort: Whole) {
        if term.is_empty() {
            return;
        }
        let kind = match sort {
            Whole::Symbol => TermKind::Word,
            Whole::Compound | Whole::Identifier | Whole::Alias => TermKind::Extra,
        };
        (self.emit)(term, kind);
    }

    fn run(&mut self, run: &[char], script: Script) {
        let single = if run.len() == 1 { TermKind::Word } else { TermKind::Extra };
        for c in run {
            (self.emit)(c.encode_utf8(&mut [0; 4]), single);
        }
        for two in run.windows(2) {
            self.pair.clear();
            self.pair.extend(two);
            (self.emit)(&self.pair, TermKind::Word);
        }
        if script == Script::Hangul {
            let word = without_particle(run);
            if word.len() > 2 {
                self.pair.clear();
                self.pair.extend(word);
                (self.emit)(&self.pair, TermKind::Extra);
            }
        }
    }
}

/// A Korean word without the grammar at its end.
pub(super) fn without_particle(word: &[char]) -> &[char] {
    let ends = |particle: &str| {
        let count = particle.chars().count();
        // "고양이" ends like a word with a particle: what is left must be a word by its length.
        let left = word.len().saturating_sub(count);
        left >= 2 && word[left..].iter().copied().eq(particle.chars())
    };
    match stop::PARTICLES.iter().find(|particle| ends(particle)) {
        Some(particle) => &word[..word.len() - particle.chars().count()],
        None => word,
    }
}

/// Whether a stop word was meant as a name: `IT` among small letters, `Will` inside a sentence.
pub(super) fn is_name(word: &str, look: Look, is_first: bool, text: &str) -> bool {
    match look {
        Look::Plain => false,
        Look::Name => word == "will" && !is_first,
        Look::Shout => word.is_ascii() && text.bytes().any(|b| b.is_ascii_lowercase()),
    }
}

/// Every form under which a word is found.
fn forms(word: &str, language: Language) -> Word {
    let folded = fold(word);
    let mut forms: Vec<(Box<str>, TermKind)> = vec![(stem(word, language).into(), TermKind::Word)];
    let exact = (word != folded).then(|| word.to_owned());
    let bare = without_hebrew_prefix(word).map(ToOwned::to_owned);
    let ends = end_terms(word, &forms[0].0, language);
    for form in [Some(folded), exact, digraphs(word), bare].into_iter().flatten().chain(ends) {
        if forms.iter().all(|(other, _)| **other != *form) {
            forms.push((form.into(), TermKind::Extra));
        }
    }
    forms.retain(|(form, _)| !form.is_empty());
    Word { is_stop: is_stop(word, language), forms: forms.into() }
}

/// Whether a word is a stop word in a text of a language. Text of unknown language is read as English where its
/// letters allow it, and as its script says elsewhere.
pub(super) fn is_stop(word: &str, language: Language) -> bool {
    let languages = stop::languages_of(word);
    if language != Language::Unknown {
        return languages.contains(language);
    }
    [Language::English, Language::Russian, Language::Arabic, Language::Hebrew, Language::Hindi]
        .into_iter()
        .any(|language| languages.contains(language))
}

/// Multiplies eight bytes at a time into one number: words are short, and nobody attacks their own notes.
#[derive(Debug, Default)]
struct WordHasher(u64);

impl Hasher for WordHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut eight = [0; 8];
            eight[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(eight)).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }
}
