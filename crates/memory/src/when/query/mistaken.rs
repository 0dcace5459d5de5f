//! Words that look like a time and are none: "hier" is German, "sept clés" are seven keys, 2000 may be euros.

use crate::words::Language;

use super::super::tables::Mark;
use super::Reader;

/// Before "mañana" these make it the morning: "por la mañana".
const OF_MORNING: [&str; 8] = ["la", "una", "cada", "esta", "toda", "esa", "aquella", "media"];
/// What says the number before is no year.
const MEASURES: &str = "euro euros eur dollar dollars usd pound pounds gbp franc francs chf kroner kronor kr sek dkk nok yen lira km m cm mm kg g mg l ml kilo kilos km2 m2 \
mile miles meter meters metre metres metern metri metros kilometer kilometers kilometre kilometres kilometern kilometern liter liters litre litres hour hours minute minutes stunden minuten heures \
people personen person persons personnes personas words zeichen seiten pages bricks times mal gange ganger stuck pieces items units gb mb tb kb watt watts volt kcal calories percent prozent";
/// Of the words that make a number a year, those that as often lead up to an amount: they need the end of what is said.
const OF_AMOUNTS: [&str; 14] =
    ["of", "from", "for", "von", "vor", "nach", "fra", "before", "after", "until", "efter", "до", "с", "a"];
/// What goes on after a year: "before 2019 we had".
const GOES_ON: &str = "we i you he she it they was were is are did do does had have has and or but not wir ich du er sie es war waren ist sind hat haben hatte und oder aber \
vi jeg jag det var og och men eller on at about with who what where when my our the";
/// What comes from a person: "the letter from April".
const SENT: &str = "letter letters mail mails email emails message messages text texts call calls gift gifts present presents card cards postcard recipe recipes parcel \
package invitation greetings quote advice voicemail sms reply answer hug kiss";
/// What a person did: "written by June".
const DONE: &str = "written sent made painted cooked drawn given told said signed read recommended posted bought baked sung taken built played designed composed directed \
owned suggested invented founded led book song painting poem photo recipe letter cake";
/// Months that are names.
const NAMES: [&str; 5] = ["april", "june", "may", "august", "jan"];
/// Italian before "mai", which is "never" there.
const BEFORE_NEVER: [&str; 14] = [
    "ho", "hai", "ha", "abbiamo", "avete", "hanno", "non", "sono", "sei", "era", "caso", "come", "chi",
    "quanto",
];
/// Romance articles and prepositions before "mar", the sea.
const OF_SEA: [&str; 18] = [
    "el", "del", "en", "la", "al", "de", "o", "do", "no", "ao", "il", "nel", "dal", "sul", "un", "a", "por",
    "mi",
];
/// Turkish units behind "son": elsewhere it is "are" and "his".
const TURKISH_UNITS: [&str; 5] = ["gun", "hafta", "ay", "yil", "sene"];

fn lists(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|one| one == word)
}

impl Reader<'_> {
    /// Whether a phrase of one word is another word in the language of the query.
    pub(super) fn is_other_word(&self, at: usize, taken: usize) -> bool {
        let before = at.checked_sub(1).filter(|_| self.is_near(at)).map_or("", |before| self.text(before));
        match (self.text(at), taken) {
            ("hier", 1) => self.is_here(),
            ("manana", 1) => OF_MORNING.contains(&before),
            _ => false,
        }
    }

    /// German and Dutch "hier"; where the language is not known, an umlaut tells that it is not French.
    fn is_here(&self) -> bool {
        let is_unknown = self.language == Language::Unknown;
        let marked = self.query.contains(['ä', 'ö', 'ß', 'Ä', 'Ö', 'Ü']);
        self.language != Language::French && (!is_unknown || marked)
    }

    /// "¿cuántos días son dos semanas?": only Turkish counts back with it.
    pub(super) fn is_past(&self, at: usize, unit: usize) -> bool {
        self.has(at, Mark::Past) && (self.text(at) != "son" || TURKISH_UNITS.contains(&self.text(unit)))
    }

    /// Whether a number that could be a year is an amount.
    pub(super) fn is_amount(&self, at: usize, lead: usize) -> bool {
        let next = at + 1;
        let behind = self.query.get(self.tokens[at].end..).unwrap_or_default();
        // "2000.50"
        let is_fraction = behind
            .strip_prefix(['.', ','])
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if is_fraction || self.is_part(at) || behind.trim_start().starts_with(['€', '$', '£', '%', '°', '¥'])
        {
            return true;
        }
        if !self.is_near(next) {
            return false;
        }
        let word = self.text(next);
        lists(MEASURES, word)
            || (OF_AMOUNTS.contains(&self.text(lead)) && !self.is_mark(next) && !lists(GOES_ON, word))
    }

    /// Whether a token only leads up to something.
    fn is_mark(&self, at: usize) -> bool {
        [
            Mark::Preposition,
            Mark::Evidence,
            Mark::English,
            Mark::Link,
            Mark::WeakLink,
            Mark::Article,
            Mark::Tail,
        ]
        .into_iter()
        .any(|mark| self.has(at, mark))
    }

    /// Whether the word of a month without a day or a year is another word.
    pub(super) fn is_no_month(&self, at: usize) -> bool {
        let before = at.checked_sub(1).map_or("", |before| self.text(before));
        let capital = self.tokens[at].capital;
        match self.text(at) {
            "des" => true,
            // "à sept heures"
            "sept" => {
                !capital
                    && (self.language == Language::French
                        || matches!(before, "a" | "les" | "de" | "entre" | "et"))
            }
            "mai" => !capital && (self.language == Language::Italian || BEFORE_NEVER.contains(&before)),
            "mar" => OF_SEA.contains(&before),
            // English has a planet of that name, and another word for the month.
            "mars" => {
                let is_english = at.checked_sub(1).is_some_and(|before| self.has(before, Mark::English));
                self.language == Language::English || (is_english && before != "till")
            }
            word if NAMES.contains(&word) => capital && self.is_person(at),
            _ => false,
        }
    }

    /// "the letter from April", "written by June".
    fn is_person(&self, at: usize) -> bool {
        let Some((before, far)) = at.checked_sub(1).zip(at.checked_sub(2)) else { return false };
        match self.text(before) {
            "from" => lists(SENT, self.text(far)),
            "by" => lists(DONE, self.text(far)),
            _ => false,
        }
    }

    /// Whether a number behind these words counts what comes then: "la liste des 10 restaurants", "del mar 5 km".
    pub(super) fn is_counting(&self, at: usize) -> bool {
        let before = at.checked_sub(1).map_or("", |before| self.text(before));
        !self.tokens[at].capital
            && match self.text(at) {
                "des" => true,
                "sept" => self.language == Language::French,
                "mar" => OF_SEA.contains(&before),
                _ => false,
            }
    }

    /// "am 2. des Monats": the German and French article.
    pub(super) fn is_article_of(&self, at: usize) -> bool {
        let next = at + 1;
        self.text(at) == "des"
            && !self.tokens[at].capital
            && self.is_near(next)
            && self.year_number(next).is_none()
            && ([Language::German, Language::French].contains(&self.language)
                || self.tokens.get(next).is_some_and(|next| next.capital))
    }
}
