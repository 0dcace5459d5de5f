//! Which language a text is in, by its script and its small words. Pure.

use super::compose::composed;
use super::fold::push_plain;
use super::stop;

/// What is read of a text to tell its language, in bytes: a page is plenty.
const MAX_SAMPLE: usize = 4096;
/// Evidence in small words (a word of one language alone counts 1) that settles a text or a query.
const SETTLED: f32 = 0.5;
/// Evidence that lets a line differ from the rest of its note.
const STRONG: f32 = 1.5;
/// How far the best must lead.
const LEAD: f32 = 1.3;

/// A language with stop words or rules of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    /// No evidence, or none of the others.
    Unknown,
    English,
    German,
    Dutch,
    Danish,
    Norwegian,
    Swedish,
    Finnish,
    French,
    Spanish,
    Portuguese,
    Italian,
    Turkish,
    Russian,
    Arabic,
    Hebrew,
    Hindi,
    Chinese,
    Japanese,
    Korean,
}

impl Language {
    /// How many there are.
    pub(super) const COUNT: usize = 20;
    /// Those written in Latin letters.
    pub(super) const LATIN: [Self; 12] = [
        Self::English,
        Self::German,
        Self::Dutch,
        Self::Danish,
        Self::Norwegian,
        Self::Swedish,
        Self::Finnish,
        Self::French,
        Self::Spanish,
        Self::Portuguese,
        Self::Italian,
        Self::Turkish,
    ];

    /// The language of a note or a query; [`Language::Unknown`] without evidence.
    pub(crate) fn of(text: &str) -> Self {
        guess(text, SETTLED)
    }

    /// The language of a line of a note in `note`: its own if it speaks clearly for itself.
    pub(crate) fn of_line(line: &str, note: Self) -> Self {
        let own = guess(line, STRONG);
        if own == Self::Unknown { note } else { own }
    }
}

/// A set of languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Set(u32);

impl Set {
    pub(super) fn insert(&mut self, language: Language) {
        self.0 |= 1 << language as u32;
    }

    pub(super) fn contains(self, language: Language) -> bool {
        self.0 & (1 << language as u32) != 0
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn len(self) -> u32 {
        self.0.count_ones()
    }
}

fn guess(text: &str, enough: f32) -> Language {
    let sample = &*composed(&text[..text.floor_char_boundary(MAX_SAMPLE)]);
    // Plain English is most text: it needs no count of scripts.
    if !sample.is_ascii()
        && let Some(language) = by_script(sample)
    {
        return language;
    }
    by_words(sample, enough)
}

/// The language of a script that is most of the letters. A Chinese character says as much as two letters.
fn by_script(text: &str) -> Option<Language> {
    let mut counts = [0_usize; Language::COUNT];
    let mut latin = 0;
    for c in text.chars() {
        let (language, weight) = match c {
            '\u{3041}'..='\u{30ff}' => (Language::Japanese, 2),
            '\u{3400}'..='\u{9fff}' => (Language::Chinese, 2),
            '\u{ac00}'..='\u{d7a3}' => (Language::Korean, 2),
            '\u{400}'..='\u{52f}' => (Language::Russian, 1),
            '\u{620}'..='\u{6ff}' => (Language::Arabic, 1),
            '\u{5d0}'..='\u{5ea}' => (Language::Hebrew, 1),
            '\u{900}'..='\u{97f}' => (Language::Hindi, 1),
            c if c.is_alphabetic() => {
                latin += 1;
                continue;
            }
            _ => continue,
        };
        counts[language as usize] += weight;
    }
    let kana = counts[Language::Japanese as usize];
    if kana > 0 {
        counts[Language::Japanese as usize] += counts[Language::Chinese as usize];
    }
    let all = [
        Language::Japanese,
        Language::Chinese,
        Language::Korean,
        Language::Russian,
        Language::Arabic,
        Language::Hebrew,
        Language::Hindi,
    ];
    let best = all.into_iter().max_by_key(|language| counts[*language as usize])?;
    (counts[best as usize] > latin).then_some(best)
}

fn by_words(text: &str, enough: f32) -> Language {
    let mut scores = [0.0_f32; Language::COUNT];
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_ascii_alphabetic() {
            word.push(c.to_ascii_lowercase());
        } else if !c.is_ascii() && (c.is_alphabetic() || matches!(c, '\u{300}'..='\u{36f}')) {
            push_plain(&mut word, c);
        } else if !word.is_empty() {
            weigh(&word, &mut scores);
            word.clear();
        }
    }
    if !text.is_ascii() {
        text.chars().for_each(|c| weigh_letter(c, &mut scores));
    }
    best_of(&scores, enough)
}

fn weigh(word: &str, scores: &mut [f32; Language::COUNT]) {
    let languages = stop::languages_of(word);
    if languages.is_empty() {
        return;
    }
    let share = 1.0 / languages.len() as f32;
    for language in Language::LATIN.into_iter().filter(|&language| languages.contains(language)) {
        if stop::is_evidence(word, language) {
            scores[language as usize] += share;
        }
    }
}

/// Letters that few languages have.
fn weigh_letter(c: char, scores: &mut [f32; Language::COUNT]) {
    let (languages, weight): (&[Language], f32) = match c {
        'ß' => (&[Language::German], 1.0),
        'ñ' | '¿' | '¡' => (&[Language::Spanish], 1.0),
        'ã' | 'õ' => (&[Language::Portuguese], 1.0),
        'œ' => (&[Language::French], 1.0),
        'ı' | 'ğ' | 'ş' | 'İ' => (&[Language::Turkish], 1.0),
        'æ' | 'ø' | 'Æ' | 'Ø' => (&[Language::Danish, Language::Norwegian], 0.5),
        'å' | 'Å' => (&[Language::Danish, Language::Norwegian, Language::Swedish], 0.4),
        'ä' | 'ö' => (&[Language::German, Language::Swedish, Language::Finnish], 0.3),
        'ü' => (&[Language::German, Language::Turkish], 0.3),
        'ê' | 'è' | 'ù' | 'ç' => (&[Language::French], 0.2),
        _ => return,
    };
    for language in languages {
        scores[*language as usize] += weight;
    }
}

fn best_of(scores: &[f32; Language::COUNT], enough: f32) -> Language {
    let score = |language: &Language| scores[*language as usize];
    let Some(best) = Language::LATIN
        .into_iter()
        .max_by(|a, b| score(a).total_cmp(&score(b)).then(std::cmp::Ordering::Greater))
    else {
        return Language::Unknown;
    };
    let kin = |language: &Language| {
        let north = [Language::Danish, Language::Norwegian, Language::Swedish];
        north.contains(&best) && north.contains(language)
    };
    let rival = Language::LATIN.into_iter().filter(|language| *language != best && !kin(language));
    let second = rival.map(|language| score(&language)).fold(0.0, f32::max);
    if score(&best) >= enough && score(&best) >= second * LEAD { best } else { Language::Unknown }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn table() {
        let rows = [
            ("What did Caroline research?", Language::English),
            ("The war is over", Language::English),
            ("war peace", Language::Unknown),
            ("green tea", Language::Unknown),
            ("Wer war gestern im Büro?", Language::German),
            ("Wie heißt der Hund?", Language::German),
            ("Hvad hedder min læge?", Language::Danish),
            ("Hvor ligger koden til alarmen", Language::Danish),
            ("Hva heter katten min? Jeg har glemt det", Language::Norwegian),
            ("Vad heter min katt och när är den född", Language::Swedish),
            ("Waar is mijn fiets gebleven?", Language::Dutch),
            ("Comment s'appelle mon chien ?", Language::French),
            ("¿Cómo se llama mi perro?", Language::Spanish),
            ("Qual é o nome do meu cachorro? Não sei", Language::Portuguese),
            ("Come si chiama il mio cane, e dove abita?", Language::Italian),
            ("Köpeğimin adı nedir?", Language::Turkish),
            ("Missä minun avaimeni ovat?", Language::Finnish),
            ("Как зовут мою собаку?", Language::Russian),
            ("ما اسم كلبي؟", Language::Arabic),
            ("מה שם הכלב שלי?", Language::Hebrew),
            ("मेरे कुत्ते का नाम क्या है?", Language::Hindi),
            ("我的狗叫什么名字？", Language::Chinese),
            ("犬の名前は何ですか", Language::Japanese),
            ("내 강아지 이름은 뭐야?", Language::Korean),
            ("\u{1102}\u{1162} \u{1100}\u{1161}\u{11bc}\u{110b}\u{1161}\u{110c}\u{1175}", Language::Korean),
            ("ｲﾇﾉﾅﾏｴ", Language::Japanese),
            ("", Language::Unknown),
        ];
        for (text, expected) in rows {
            assert_eq!(Language::of(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_line_differs_from_its_note_when_it_is_clear() {
        let line = "- Die Versicherung ist seit Mai bei der Allianz und nicht mehr bei uns";
        assert_eq!(Language::of_line(line, Language::English), Language::German);
        assert_eq!(Language::of_line("- Versicherung", Language::German), Language::German);
    }
}
