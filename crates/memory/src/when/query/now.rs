//! A weekday in the present: "what is on Monday" asks for the one that comes as much as for the last.

use jiff::civil::Date;

use super::super::calendar::day;
use super::super::tables::Mark;
use super::{Anchor, Found, Reader};
use crate::words::Language;

/// Words of the past: with one of them it is over.
const PAST: [&str; 26] = [
    "was", "were", "did", "had", "been", "war", "waren", "hatte", "hatten", "gab", "wurde", "wurden", "var",
    "havde", "hadde", "hade", "etait", "era", "fue", "foi", "estaba", "sket", "skjedd", "hendt", "hant",
    "paso",
];
/// What a French "est" goes on with in the present: "est venu" is over.
const AFTER_EST: [&str; 8] = ["le", "la", "l", "mon", "ma", "il", "elle", "prevu"];
/// Before an English "'s" that is "is".
const BEFORE_IS: [&str; 7] = ["what", "who", "where", "when", "there", "it", "how"];
/// What makes "på mandag" the one that comes.
const PLANNED: [&str; 6] = ["skal", "vil", "kommer", "bliver", "blir", "er"];
/// Swedish weekdays as they are written there alone, and as in Danish.
const SWEDISH: [&str; 6] = ["måndag", "tisdag", "lördag", "söndag", "torsdag", "fredag"];

impl Reader<'_> {
    /// Swedish "på måndag" is the next one; Danish and Norwegian say "på mandag" of both.
    pub(super) fn is_coming(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        let raw = self.query.get(token.start..token.end).unwrap_or_default().to_lowercase();
        let is_swedish =
            self.language == Language::Swedish && (SWEDISH.contains(&raw.as_str()) || raw == "onsdag");
        let is_swedish = is_swedish || (raw.contains(['å', 'ö']) && raw.ends_with("dag"));
        let mut words = 0..self.tokens.len();
        let is_planned = raw.ends_with("dag")
            && !words.clone().any(|at| self.is_over(at))
            && words.any(|at| PLANNED.contains(&self.text(at)));
        let is_on = at.checked_sub(1).is_some_and(|on| self.text(on) == "pa" && self.is_near(at));
        is_on && (is_swedish || is_planned)
    }

    /// From the last to the next such weekday, where a question in the present names nothing but it.
    pub(super) fn either(&self, found: &Found) -> Option<(Date, Date)> {
        let is_one = found.anchor == Anchor::Week && found.from == found.to && found.from <= self.today;
        let told = [Mark::Last, Mark::Next, Mark::This, Mark::LastAfter, Mark::NextAfter];
        let says = |at: usize| told.into_iter().any(|mark| self.has(at, mark));
        let is_told = (found.start..found.end).any(says) || self.text(found.end - 1).ends_with("ags");
        let is_end = self.before(found.start, Mark::From).is_some();
        if !is_one || is_told || is_end || !self.is_present() {
            return None;
        }
        Some((found.from, day(found.from, 7)?))
    }

    fn is_present(&self) -> bool {
        let mut at = 0..self.tokens.len();
        !at.clone().any(|at| self.is_over(at)) && at.any(|at| self.is_now(at))
    }

    /// A word of the past, or the end of a German or Dutch perfect: "ist am Montag passiert".
    fn is_over(&self, at: usize) -> bool {
        let word = self.text(at);
        let is_perfect = [Language::German, Language::Dutch, Language::Unknown].contains(&self.language)
            && (word.ends_with("iert")
                || (word.len() > 5
                    && ["ge", "ver", "be", "er", "ent"].iter().any(|start| word.starts_with(start))
                    && ["t", "d", "en"].iter().any(|end| word.ends_with(end)))
                || (word.contains("ge") && word.len() > 7 && (word.ends_with('t') || word.ends_with("en"))));
        // German "was" is "what".
        let is_what = word == "was"
            && (self.language == Language::German || ["ist", "sind", "gibt"].contains(&self.text(at + 1)));
        (PAST.contains(&word) && !is_what) || is_perfect
    }

    fn is_now(&self, at: usize) -> bool {
        let next = self.text(at + 1);
        let before = at.checked_sub(1).map_or("", |before| self.text(before));
        match self.text(at) {
            "is" | "are" | "will" | "does" | "ist" | "sind" | "gibt" | "ar" | "hay" => true,
            "s" => BEFORE_IS.contains(&before),
            "do" => matches!(next, "i" | "we" | "you" | "they"),
            "er" => [Language::Danish, Language::Norwegian].contains(&self.language),
            "es" => self.language == Language::Spanish || matches!(before, "que" | "cuando"),
            "est" => AFTER_EST.contains(&next),
            "e" => before == "c",
            _ => false,
        }
    }
}
