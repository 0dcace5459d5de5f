//! What a query asks for: concepts, each with the forms under which notes may have it.

use std::collections::{BTreeSet, HashSet};

use super::fold::{digraphs, fold};
use super::language::Language;
use super::long::read;
use super::note::{is_name, is_stop, without_particle};
use super::scan::{JOINT, Look, Place, Scanner, Sink, Whole};
use super::script::Script;
use super::signs::is_signed;
use super::stem::{possible_stems, stem, without_hebrew_prefix};
use super::stop;

/// Concepts of a query that are looked up: a question has about ten, a pasted log has thousands.
pub(crate) const MAX_CONCEPTS: usize = 32;
/// Forms of a concept: a word of unknown language has about five.
const MAX_FORMS: usize = 8;
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
/// Letters of a name with signs that say nothing without them.
const MAX_SIGNED_PART: usize = 2;
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
    let query = &*read(query);
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

/// Whether anything is left of a query without the words that only ask.
pub(crate) fn is_about_something(query: &str) -> bool {
    let query = &*read(query);
    let mut seen = Collected::default();
    Scanner::default().scan(query, &mut seen);
    let is_kept = keep(&seen.tokens, Language::of(query), query);
    let asks_for_anything =
        |token: &Token| matches!(token, Token::Word { word, .. } if stop::is_anything(word));
    seen.tokens.iter().zip(is_kept).any(|(token, is_kept)| is_kept && !asks_for_anything(token))
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
    let spoken = if language == Language::Unknown { spoken(tokens, query) } else { Vec::new() };
    let is_small_there = |at: usize| match &tokens[at] {
        Token::Word { word, look: Look::Plain, .. } => {
            spoken.iter().any(|language| stop::languages_of(word).contains(*language))
        }
        Token::Word { .. } | Token::Whole { .. } | Token::Run { .. } => false,
    };
    let is_kept = |at: usize| !is_small(tokens, at, language, query) && !is_small_there(at);
    let mut kept: Vec<bool> = (0..tokens.len()).map(is_kept).collect();
    for at in opening(tokens, &kept).chain(closing(tokens, language, &kept)).collect::<Vec<_>>() {
        kept[at] = false;
    }
    kept
}

/// The languages that a query may be in by all its small words together, when none of them tells by itself: "war" and "die"
/// are English words, too. One of them is enough beside a letter that English does not have.
fn spoken(tokens: &[Token], query: &str) -> Vec<Language> {
    let plain = tokens.iter().enumerate().filter_map(|(at, token)| match token {
        Token::Word { word, look, .. } if at == 0 || *look == Look::Plain => Some(word.as_str()),
        Token::Word { .. } | Token::Whole { .. } | Token::Run { .. } => None,
    });
    let plain: BTreeSet<&str> = plain.collect();
    let small = |language: &Language| {
        plain.iter().filter(|word| stop::languages_of(word).contains(*language)).count()
    };
    let most = Language::LATIN.iter().map(small).max().unwrap_or(0);
    let enough = if query.is_ascii() { 2 } else { 1 };
    if most < enough || small(&Language::English) == most {
        return Vec::new();
    }
    Language::LATIN.into_iter().filter(|language| small(language) == most).collect()
}

/// The verbs that open a question: a command at its very start, or what the asker does.
fn opening<'a>(tokens: &'a [Token], kept: &'a [bool]) -> impl Iterator<Item = usize> {
    let asks = |at: usize| {
        at == 0
            || matches!(&tokens[at - 1], Token::Word { word, .. } if stop::is_asker(word) || stop::is_opener(word))
    };
    (0..tokens.len()).take_while(move |&at| !kept[at] || (opens(&tokens[at]) && asks(at)))
}

/// The verbs that close a question in languages that put them last.
fn closing<'a>(tokens: &'a [Token], language: Language, kept: &'a [bool]) -> impl Iterator<Item = usize> {
    let last = [Language::German, Language::Dutch, Language::Turkish, Language::Hindi].contains(&language);
    let ends = (0..tokens.len()).rev().take_while(|&at| !kept[at] || opens(&tokens[at]));
    ends.filter(move |_| last)
}

fn opens(token: &Token) -> bool {
    match token {
        Token::Word { word, place: Place::Alone, .. } => stop::is_opener(word),
        Token::Word { .. } | Token::Whole { .. } | Token::Run { .. } => false,
    }
}

fn is_small(tokens: &[Token], at: usize, language: Language, query: &str) -> bool {
    match &tokens[at] {
        Token::Word { word, look, .. } => is_stop(word, language) && !is_name(word, *look, at == 0, query),
        Token::Run { run, script: Script::Hangul } => {
            let word: String = run.iter().collect();
            stop::KOREAN.split_whitespace().any(|small| small == word)
        }
        Token::Run { script: Script::Hiragana, .. } => true,
        Token::Run { run, script: Script::Han } => pieces(run).is_empty(),
        // "est-ce", "is-it": nothing but small words.
        Token::Whole { sort: Whole::Compound, .. } => {
            let parts = tokens[at + 1..].iter().map_while(|token| match token {
                Token::Word { word, place: Place::Part, .. } => Some(word),
                Token::Word { .. } | Token::Whole { .. } | Token::Run { .. } => None,
            });
            let mut parts = parts.peekable();
            parts.peek().is_some() && parts.all(|part| is_stop(part, language))
        }
        Token::Run { .. } | Token::Whole { .. } => false,
    }
}

/// The concepts of tokens; of too many, those that [`most_telling`] chooses.
fn concepts<'a>(tokens: impl Iterator<Item = &'a Token>, language: Language) -> Vec<Concept> {
    let mut asked = asked(tokens);
    if asked.len() > MAX_CONCEPTS {
        asked = most_telling(asked);
    }
    let mut found: Vec<Concept> = Vec::new();
    for asked in asked {
        let concept = match asked {
            Asked::Word { word, place } => {
                let weight = if place == Place::Part { PART } else { 1.0 };
                word_concept(word, language, weight)
            }
            Asked::Ready(concept) => concept,
        };
        add(&mut found, concept);
    }
    found
}

/// What will be a concept. The forms of words cost the most and are made last.
enum Asked<'a> {
    Word { word: &'a str, place: Place },
    Ready(Concept),
}

impl Asked<'_> {
    /// What tells it from others of its kind.
    fn term(&self) -> &str {
        match self {
            Asked::Word { word, .. } => word,
            Asked::Ready(concept) => concept.forms.first().map_or("", |form| &form.term),
        }
    }

    /// How much it can tell, the lower the more: codes, then numbers, then words.
    fn rank(&self) -> usize {
        let term = self.term();
        let has_digit = term.bytes().any(|b| b.is_ascii_digit());
        let is_name = match self {
            Asked::Word { place, .. } => *place == Place::Alone && has_digit,
            Asked::Ready(concept) => concept.kind == ConceptKind::Identifier,
        };
        match (is_name, term.contains(|c: char| !c.is_ascii_digit() && c != JOINT)) {
            (true, true) => 0,
            (true, false) => 1,
            (false, _) => 2,
        }
    }
}

/// What tokens ask for, in their order.
fn asked<'a>(tokens: impl Iterator<Item = &'a Token>) -> Vec<Asked<'a>> {
    let mut found: Vec<Asked<'a>> = Vec::new();
    let mut within = false;
    for token in tokens {
        match token {
            // The letter of `C++` and `C#` is no word.
            Token::Word { word, place: Place::Part, .. }
                if word.chars().count() <= MAX_SIGNED_PART
                    && found.last().is_some_and(|last| is_signed(last.term())) =>
            {
                within = false;
            }
            Token::Word { word, place, .. } => {
                found.push(Asked::Word { word, place: *place });
                within = false;
            }
            // Signs alone, whose marks leave nothing to look for.
            Token::Whole { term, .. } if term.is_empty() => {}
            Token::Whole { term, sort: Whole::Alias } if within => {
                if let Some(Asked::Ready(whole)) = found
                    .last_mut()
                    .filter(|whole| matches!(whole, Asked::Ready(whole) if whole.forms.len() < MAX_FORMS))
                {
                    whole.forms.push(Form { term: term.clone(), weight: WHOLE * FOLDED });
                }
            }
            Token::Whole { term, sort } => {
                let (kind, weight) = match sort {
                    Whole::Compound => (ConceptKind::Word, EXACT),
                    Whole::Identifier | Whole::Alias | Whole::Symbol => (ConceptKind::Identifier, WHOLE),
                };
                let forms = vec![Form { term: term.clone(), weight }];
                found.push(Asked::Ready(Concept { forms, kind, is_prefixable: false }));
                within = true;
            }
            Token::Run { run, script } => {
                found.extend(run_concepts(run, *script).into_iter().map(Asked::Ready));
                within = false;
            }
        }
    }
    found
}

/// The [`MAX_CONCEPTS`] of what is asked that tell the most, in the order they were written. Of what tells as much as
/// the rest the first and the last are taken: people ask before or after what they paste.
fn most_telling(asked: Vec<Asked<'_>>) -> Vec<Asked<'_>> {
    let mut seen = HashSet::new();
    let ranked: Vec<(usize, usize)> = asked
        .iter()
        .enumerate()
        .filter(|(_, asked)| seen.insert((asked.term(), asked.rank())))
        .map(|(at, asked)| (asked.rank(), at))
        .collect();
    let mut chosen: HashSet<usize> = HashSet::new();
    for rank in 0..=2 {
        let equals: Vec<usize> = ranked.iter().filter(|(own, _)| *own == rank).map(|(_, at)| *at).collect();
        let room = MAX_CONCEPTS.saturating_sub(chosen.len()).min(equals.len());
        let last = room / 2;
        chosen.extend(&equals[..room - last]);
        chosen.extend(&equals[equals.len() - last..]);
    }
    let chosen = asked.into_iter().enumerate().filter(|(at, _)| chosen.contains(at));
    chosen.map(|(_, asked)| asked).collect()
}

fn add(found: &mut Vec<Concept>, concept: Concept) {
    let shares = |form: &Form| concept.forms.iter().any(|own| own.term == form.term && own.weight > GUESSED);
    // "dog" and "dogs" are one question, not two.
    let is_new = !found.iter().any(|other| other.kind == concept.kind && other.forms.iter().any(shares));
    if !concept.forms.is_empty() && is_new {
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

#[cfg(test)]
mod tests {
    use super::{Concept, ConceptKind, MAX_CONCEPTS, analyse};
    use crate::words::language::Language;
    use crate::words::note::{Analyser, TermKind};
    use proptest::prelude::*;

    fn terms(text: &str) -> Vec<String> {
        Analyser::default().terms(text, Language::of(text)).0
    }

    fn firsts(query: &str) -> Vec<String> {
        analyse(query).into_iter().map(|concept| concept.forms[0].term.clone()).collect()
    }

    /// Whether a note has every concept of a query.
    fn finds(query: &str, note: &str) -> bool {
        let mut indexed = Vec::new();
        Analyser::default().note(note, Language::of(note), |term, _| indexed.push(term.to_owned()));
        let has = |concept: &Concept| concept.forms.iter().any(|form| indexed.contains(&form.term));
        analyse(query).iter().all(has)
    }

    #[test]
    fn what_carries_the_subject() {
        let rows: [(&str, &[&str]); 21] = [
            ("What did I note about the green tea?", &["green", "tea"]),
            ("Tell me about Caroline's dogs", &["caroline", "dogs"]),
            ("What did Will say about IT?", &["will", "say", "it"]),
            ("What show did they note?", &["show", "note"]),
            ("dog dogs DOG", &["dog"]),
            ("what is it?", &["what", "is", "it"]),
            ("Wie heißt der Zahnarzt?", &["zahnarzt"]),
            // Small words of German that are words of English: together, or beside a letter that English lacks.
            ("Was kostete die Miete?", &["kostete", "miete"]),
            ("war die Heizung", &["heizung"]),
            ("die Mülltonne", &["mülltonne"]),
            ("die hard", &["die", "hard"]),
            ("iron man", &["iron", "man"]),
            ("Was habe ich über Kaffee notiert?", &["kaffee"]),
            ("Hvornår er min tandlægetid?", &["tandlægetid"]),
            ("Qu'est-ce que j'ai noté sur l'été ?", &["été"]),
            ("köpeğimin adı nedir", &["köpeğimin", "adı"]),
            ("मेरे कुत्ते का नाम क्या है?", &["कुत्ते", "नाम"]),
            ("我的狗叫什么名字", &["我的", "的狗", "狗叫", "名字"]),
            ("好きな飲み物です", &["好", "飲", "物"]),
            ("ひまわり", &["ひま", "まわ", "わり"]),
            ("서울에서 먹은 것은 뭐야?", &["서울", "울에", "에서", "먹은", "것은"]),
        ];
        for (query, expected) in rows {
            assert_eq!(firsts(query), expected, "{query:?}");
        }
    }

    #[test]
    fn a_query_agrees_with_a_note() {
        let rows = [
            ("children", "Her child likes tea"),
            ("Where did she go?", "She went to Rome"),
            ("muller", "Herr Müller kommt"),
            ("Mueller", "Herr Müller kommt"),
            ("Müller", "Herr Mueller kommt"),
            ("kobenhavn", "Vi tog til København i går"),
            ("koebenhavn", "Vi tog til København i går"),
            ("Häuser", "Das Haus ist alt und nicht schön"),
            ("Wo sind die Häuser?", "Das Haus ist alt und nicht schön"),
            ("ERR-1234", "failed with ERR_1234"),
            ("err 1234", "failed with ERR-1234"),
            ("1.0.21", "we run version 1.0.21 now"),
            ("v1.0.21", "we run v1.0.21 now"),
            ("wifi", "the Wi-Fi is down"),
            ("Wi-Fi", "the wifi is down, fi wi"),
            ("1000", "it cost 1,000 crowns"),
            ("1000", "es kostet 1.000 Kronen"),
            ("$50", "I paid $50.00 for it"),
            ("50 €", "es kostet 50 €"),
            ("anna.smith@example.com", "mail: anna.smith@example.com."),
            ("anna smith", "mail: anna.smith@example.com."),
            ("app.log", "see /var/log/app.log for more"),
            ("12345678", "call +45 12 34 56 78 today"),
            ("+4512345678", "call +45 12 34 56 78 today"),
            ("550e8400-e29b-41d4-a716-446655440000", "id 550E8400-E29B-41D4-A716-446655440000"),
            ("https://example.com/a?b=1", "<https://www.example.com/a?b=1>"),
            ("window manager", "the WindowManager class"),
            ("user_name", "the field userName"),
            ("🎉", "party 🎉🎉"),
            ("ışık", "IŞIK açık"),
            ("Ankara", "Ankara'da buluştuk"),
            ("été", "à la fin de l'été"),
            ("Cafe\u{301}", "café"),
            ("ＡＢＣ", "abc"),
            ("محمد", "مُحَمَّد"),
            ("احمد", "أحمد"),
            ("כלב", "הכלב שלי"),
            ("किताब", "मेरी किताबों में"),
            ("猫", "我的猫叫咪咪"),
            ("数据库", "上周讨论了数据库迁移"),
            ("コーヒー", "毎朝コーヒーを飲む"),
            ("서울", "지난주에 서울에서 만났다"),
            ("고양이", "우리 고양이는 두 마리"),
            ("2023-05-08", "on 2023-05-08 we met"),
            ("20230508", "on 2023-05-08 we met"),
        ];
        for (query, note) in rows {
            assert!(finds(query, note), "{query:?} in {note:?}: {:?} / {:?}", analyse(query), terms(note));
        }
    }

    #[test]
    fn versions_are_told_apart() {
        for (query, note) in [("1.0.21", "version 10.21"), ("10.0.0.1", "at 10.0.0.11"), ("v2", "v3")] {
            let whole = analyse(query).remove(0);
            assert_eq!(whole.kind, ConceptKind::Identifier);
            assert!(whole.forms[0].weight > 1.0);
            assert!(!terms(note).contains(&whole.forms[0].term), "{query}");
        }
    }

    #[test]
    fn compounds_are_looked_up_by_their_beginning() {
        let prefixable = |query: &str| analyse(query).iter().any(|concept| concept.is_prefixable);
        assert!(prefixable("Versicherung"));
        assert!(prefixable("Hvad er min forsikring?"));
        assert!(!prefixable("What is my insurance?"));
        assert!(!prefixable("v2"));
    }

    #[test]
    fn signs_with_a_mark_alone_ask_for_nothing() {
        let concepts = analyse("0='%`#\u{11f00}");
        assert!(
            concepts.iter().flat_map(|concept| &concept.forms).all(|form| !form.term.is_empty()),
            "{concepts:?}"
        );
    }

    #[test]
    fn length_counts_words_and_not_forms() {
        let (all, words) = Analyser::default().terms("Müller's IP is 10.0.0.1 at Wi-Fi", Language::English);
        assert_eq!(words, 8, "{all:?}");
        assert!(all.len() > words);
    }

    proptest! {
        #[test]
        fn terms_are_single_tokens_for_the_index(text in "\\PC{0,200}") {
            let mut analyser = Analyser::default();
            analyser.note(&text, Language::of(&text), |term, _: TermKind| {
                assert!(!term.is_empty());
                assert!(term.chars().all(|c| !c.is_ascii() || c.is_ascii_alphanumeric()), "{term:?}");
                assert!(term.len() <= 64);
            });
            let concepts = analyse(&text);
            prop_assert!(concepts.len() <= MAX_CONCEPTS);
            for concept in concepts {
                prop_assert!(!concept.forms.is_empty());
                prop_assert!(concept.forms.iter().all(|form| !form.term.is_empty() && form.weight > 0.0));
            }
        }

        #[test]
        fn every_concept_is_found_in_the_same_text(text in "[a-zA-ZäöüßéÅøçığ0-9 .,'’@/_:$€+猫我的ひカ한국어는אבגہمحم🎉-]{0,60}") {
            prop_assert!(finds(&text, &text), "{:?} {:?}", analyse(&text), terms(&text));
        }

        #[test]
        fn a_query_with_a_word_asks_for_something(text in "\\PC{0,40}", word in "[a-z]{3,10}") {
            let query = format!("{text} {word}");
            prop_assert!(!analyse(&query).is_empty());
        }
    }
}
