//! What a query asks for: concepts, each with the forms under which notes may have it.

use super::fold::{digraphs, fold};
use super::language::Language;
use super::note::{is_name, is_stop, without_particle};
use super::scan::{Look, Place, Scanner, Sink, Whole};
use super::script::Script;
use super::stem::{possible_stems, stem, without_hebrew_prefix};
use super::stop;

/// Concepts of a query that are looked up: a question has about ten, a pasted log has thousands.
pub(crate) const MAX_CONCEPTS: usize = 32;
/// Forms of a concept: a word of unknown language has about five.
const MAX_FORMS: usize = 8;
/// What is read of a query.
const MAX_QUERY_BYTES: usize = 8192;
/// A word of fewer letters begins too many others.
const MIN_PREFIX_CHARS: usize = 4;

/// A word as written.
const EXACT: f64 = 1.0;
/// The same without accents, or with two letters for one.
const FOLDED: f64 = 0.9;
/// Another form of the word in the language of the query.
const STEMMED: f64 = 0.95;
/// A form in a language that the query may be in.
const GUESSED: f64 = 0.7;
/// A name of several parts: whoever writes one wants exactly it.
const WHOLE: f64 = 1.5;
/// One part of it.
const PART: f64 = 0.6;
/// A pair of characters with grammar in it.
const GRAMMAR: f64 = 0.3;
/// One character between words of grammar.
const SINGLE: f64 = 0.6;

/// One thing a query asks for. A text has it as much as its best form says; the forms are the best first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Concept {
    pub(crate) forms: Vec<Form>,
    pub(crate) kind: ConceptKind,
    /// Whether longer words that begin like the first form are about the same: compounds.
    pub(crate) is_prefixable: bool,
}

/// A term of the index.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Form {
    pub(crate) term: String,
    /// What finding it is worth; 1 is a word as it was written.
    pub(crate) weight: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConceptKind {
    Word,
    /// A code, address, version, number, emoji. Absent from all notes it says that there is no answer, present that
    /// the answer is there.
    Identifier,
    /// Two neighbouring characters, or a single one.
    Pair,
}

/// The concepts of a query, at most [`MAX_CONCEPTS`], in the order they were written. Stop words and the words that
/// open a question are left out while anything else is there.
pub(crate) fn analyse(query: &str) -> Vec<Concept> {
    let query = &query[..query.floor_char_boundary(MAX_QUERY_BYTES)];
    let language = Language::of(query);
    let mut seen = Collected::default();
    Scanner::default().scan(query, &mut seen);
    let is_kept = keep(&seen.tokens, language, query);
    let kept = |keep: &dyn Fn(usize) -> bool| {
        let tokens = seen.tokens.iter().enumerate().filter(|(at, _)| keep(*at)).map(|(_, token)| token);
        concepts(tokens, language)
    };
    let found = kept(&|at| is_kept[at]);
    if found.is_empty() { kept(&|_| true) } else { found }
}

/// The first form of every concept; for callers that know terms only.
pub(crate) fn query_terms(query: &str) -> Vec<String> {
    analyse(query)
        .into_iter()
        .flat_map(|concept| concept.forms)
        .map(|form| form.term)
        .take(MAX_CONCEPTS)
        .collect()
}

#[derive(Debug)]
enum Token {
    Word { word: String, look: Look, place: Place },
    Whole { term: String, sort: Whole },
    Run { run: Vec<char>, script: Script },
}

#[derive(Debug, Default)]
struct Collected {
    tokens: Vec<Token>,
}

impl Sink for Collected {
    fn word(&mut self, word: &str, look: Look, place: Place) {
        self.tokens.push(Token::Word { word: word.to_owned(), look, place });
    }

    fn whole(&mut self, term: &str, sort: Whole) {
        self.tokens.push(Token::Whole { term: term.to_owned(), sort });
    }

    fn run(&mut self, run: &[char], script: Script) {
        self.tokens.push(Token::Run { run: run.to_vec(), script });
    }
}

/// Which tokens carry a subject.
fn keep(tokens: &[Token], language: Language, query: &str) -> Vec<bool> {
    let mut kept: Vec<bool> =
        tokens.iter().enumerate().map(|(at, token)| !is_small(token, at, language, query)).collect();
    // The verbs that open a question, and in some languages close it, stand at its ends only.
    let opens = |at: &usize| match &tokens[*at] {
        Token::Word { word, place: Place::Alone, .. } => stop::is_opener(word),
        Token::Word { .. } | Token::Whole { .. } | Token::Run { .. } => false,
    };
    let ends = |order: &mut dyn Iterator<Item = usize>, kept: &[bool]| -> Vec<usize> {
        order.take_while(|at| !kept[*at] || opens(at)).collect()
    };
    let leading = ends(&mut (0..tokens.len()), &kept);
    let trailing = ends(&mut (0..tokens.len()).rev(), &kept);
    for at in leading.into_iter().chain(trailing) {
        kept[at] = false;
    }
    kept
}

fn is_small(token: &Token, at: usize, language: Language, query: &str) -> bool {
    match token {
        Token::Word { word, look, .. } => is_stop(word, language) && !is_name(word, *look, at == 0, query),
        Token::Run { run, script: Script::Hangul } => {
            let word: String = run.iter().collect();
            stop::KOREAN.split_whitespace().any(|small| small == word)
        }
        Token::Run { script: Script::Hiragana, .. } => true,
        Token::Run { run, script: Script::Han } => pieces(run).is_empty(),
        Token::Run { .. } | Token::Whole { .. } => false,
    }
}

fn concepts<'a>(tokens: impl Iterator<Item = &'a Token>, language: Language) -> Vec<Concept> {
    let mut found: Vec<Concept> = Vec::new();
    let mut within = false;
    for token in tokens {
        match token {
            Token::Word { word, place, .. } => {
                let weight = if *place == Place::Part { PART } else { 1.0 };
                add(&mut found, word_concept(word, language, weight));
                within = false;
            }
            Token::Whole { term, sort: Whole::Alias } if within => {
                if let Some(whole) = found.last_mut().filter(|whole| whole.forms.len() < MAX_FORMS) {
                    whole.forms.push(Form { term: term.clone(), weight: WHOLE * FOLDED });
                }
            }
            Token::Whole { term, sort } => {
                let (kind, weight) = match sort {
                    Whole::Compound => (ConceptKind::Word, EXACT),
                    Whole::Identifier | Whole::Alias | Whole::Symbol => (ConceptKind::Identifier, WHOLE),
                };
                add(
                    &mut found,
                    Concept { forms: vec![Form { term: term.clone(), weight }], kind, is_prefixable: false },
                );
                within = true;
            }
            Token::Run { run, script } => {
                run_concepts(run, *script).into_iter().for_each(|concept| add(&mut found, concept));
                within = false;
            }
        }
        if found.len() >= MAX_CONCEPTS {
            break;
        }
    }
    found.truncate(MAX_CONCEPTS);
    found
}

fn add(found: &mut Vec<Concept>, concept: Concept) {
    let term = |concept: &Concept| concept.forms.first().map(|form| form.term.clone());
    if !concept.forms.is_empty() && found.iter().all(|other| term(other) != term(&concept)) {
        found.push(concept);
    }
}

fn word_concept(word: &str, language: Language, scale: f64) -> Concept {
    let folded = fold(word);
    let has_digit = word.bytes().any(|b| b.is_ascii_digit());
    let is_code = has_digit && word.chars().any(char::is_alphabetic);
    let mut forms: Vec<Form> = Vec::new();
    let mut push = |term: String, weight: f64| {
        if !term.is_empty() && forms.len() < MAX_FORMS && forms.iter().all(|form| form.term != term) {
            forms.push(Form { term, weight: weight * scale * if is_code { WHOLE } else { 1.0 } });
        }
    };
    push(word.to_owned(), EXACT);
    push(folded.clone(), FOLDED);
    digraphs(word).into_iter().for_each(|two| push(two, FOLDED));
    if !has_digit {
        if language != Language::Unknown {
            push(stem(word, language), STEMMED);
            push(stem(&folded, language), STEMMED * FOLDED);
        } else if word.is_ascii() {
            push(stem(word, language), STEMMED);
        }
        if !matches!(language, Language::English) {
            possible_stems(word).into_iter().for_each(|stem| push(stem, GUESSED));
        }
        without_hebrew_prefix(word).into_iter().for_each(|bare| push(bare.to_owned(), FOLDED));
    }
    let is_prefixable =
        language != Language::English && !has_digit && word.chars().count() >= MIN_PREFIX_CHARS;
    let kind = if has_digit { ConceptKind::Identifier } else { ConceptKind::Word };
    Concept { forms, kind, is_prefixable }
}

fn run_concepts(run: &[char], script: Script) -> Vec<Concept> {
    let concept = |run: &[char], weight: f64| Concept {
        forms: vec![Form { term: run.iter().collect(), weight }],
        kind: ConceptKind::Pair,
        is_prefixable: false,
    };
    let pairs = |run: &[char], weigh: &dyn Fn(&[char]) -> f64| -> Vec<Concept> {
        let size = run.len().min(2);
        run.windows(size.max(1)).map(|part| concept(part, weigh(part))).collect()
    };
    match script {
        Script::Han => {
            let pieces = pieces(run);
            let pieces = if pieces.is_empty() { vec![run] } else { pieces };
            let weigh = |part: &[char]| {
                let grammar = part.iter().any(|c| stop::HAN_GRAMMAR.contains(*c));
                let single = if part.len() == 1 && run.len() > 1 { SINGLE } else { 1.0 };
                if grammar { GRAMMAR } else { single }
            };
            pieces.into_iter().flat_map(|piece| pairs(piece, &weigh)).collect()
        }
        Script::Hangul => {
            let word = without_particle(run);
            let mut found = pairs(word, &|_| 1.0);
            if word.len() > 2 {
                found.push(concept(word, 1.0));
            }
            // What looked like a particle may be part of the word.
            let rest = &run[word.len().saturating_sub(1)..];
            if word.len() < run.len() {
                found.extend(pairs(rest, &|_| GRAMMAR));
            }
            found
        }
        Script::Hiragana | Script::Katakana | Script::SouthEast => pairs(run, &|_| 1.0),
    }
}

/// What is left of a run of Chinese characters without the words of questions.
fn pieces(run: &[char]) -> Vec<&[char]> {
    let mut left = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < run.len() {
        let asks = |word: &str| run[at..].iter().copied().take(word.chars().count()).eq(word.chars());
        if let Some(word) = stop::HAN_QUESTIONS.iter().find(|word| asks(word)) {
            left.push(&run[start..at]);
            at += word.chars().count();
            start = at;
        } else {
            at += 1;
        }
    }
    left.push(&run[start..]);
    let says = |piece: &&[char]| piece.iter().any(|c| !stop::HAN_GRAMMAR.contains(*c));
    left.into_iter().filter(says).collect()
}
