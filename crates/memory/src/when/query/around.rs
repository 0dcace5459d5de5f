//! The words around a time: what opens a range at one end, and what only leads up to it or follows it.

use jiff::civil::Date;

use super::super::calendar::{Mention, Strength, day};
use super::super::tables::{Mark, sense};
use super::{Anchor, Found, Reader};

/// "Before March" begins here.
const BEGINNING: Date = Date::constant(1900, 1, 1);
/// What stands before "last" and "next", or where nothing does.
const ATTRIBUTES: [Mark; 3] = [Mark::Last, Mark::Next, Mark::This];
/// What leads up to a time.
const LEADS: [Mark; 11] = [
    Mark::Preposition,
    Mark::Evidence,
    Mark::English,
    Mark::Year,
    Mark::Since,
    Mark::After,
    Mark::Before,
    Mark::Until,
    Mark::Between,
    Mark::From,
    Mark::Article,
];
/// Endings that Turkish sets off from a name or a number with an apostrophe.
const SUFFIXES: [&str; 24] = [
    "a", "e", "ya", "ye", "i", "u", "yi", "yu", "in", "un", "nin", "nun", "ta", "te", "da", "de", "tan",
    "ten", "dan", "den", "taki", "teki", "daki", "deki",
];

/// Which end of a range is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Since,
    After,
    Before,
    Until,
}

impl Reader<'_> {
    /// "last Monday", "lundi dernier": the first token with what stands before, what is said there, and the token behind.
    pub(super) fn attributes(&self, start: usize, end: usize) -> (usize, impl Fn(Mark) -> bool, usize) {
        let first = self.back_over(start, &ATTRIBUTES, 2);
        let behind = self.is_near(end) && (self.has(end, Mark::LastAfter) || self.has(end, Mark::NextAfter));
        let says = move |mark: Mark| {
            let after = if mark == Mark::Next { Mark::NextAfter } else { Mark::LastAfter };
            (first..start).any(|at| self.has(at, mark)) || (behind && self.has(end, after))
        };
        (first, says, end + usize::from(behind))
    }

    /// The first of at most so many tokens before one that have such a mark.
    fn back_over(&self, start: usize, marks: &[Mark], most: usize) -> usize {
        let is_one = |at: usize| {
            let is_marked = marks.iter().any(|mark| self.has(at, *mark)) && !self.is_pronoun(at);
            is_marked || (self.text(at) == "do" && self.text(at + 1) == "dia")
        };
        (0..most).fold(start, |at, _| match at.checked_sub(1) {
            Some(before) if self.is_near(at) && is_one(before) => before,
            Some(_) | None => at,
        })
    }

    /// The English "I" is no Danish "i".
    fn is_pronoun(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.text == "i" && token.capital)
    }

    /// Whether a token is an ending of the word before it: "Mart'ta".
    pub(super) fn is_suffix(&self, at: usize) -> bool {
        matches!(self.gap(at), "'" | "’") && SUFFIXES.contains(&self.text(at))
    }

    /// The token behind the words that end a time.
    pub(super) fn tail(&self, end: usize) -> usize {
        (0..3).fold(end, |at, _| {
            let goes_on = self.is_suffix(at) || (self.is_near(at) && self.has(at, Mark::Tail));
            at + usize::from(goes_on)
        })
    }

    /// "between" behind both ends: "1 ile 5 Mart arasında".
    pub(super) fn is_between_behind(&self, end: usize) -> bool {
        let at = self.tail(end);
        self.is_near(at) && self.has(at, Mark::BetweenBehind)
    }

    /// Whether the word before a token has an ending that is "from": "pazartesiden", "maanantaista".
    pub(super) fn is_from_behind(&self, at: usize) -> bool {
        let word = at.checked_sub(1).map_or("", |before| self.text(before));
        ["dan", "den", "tan", "ten", "sta"].iter().any(|ending| word.ends_with(ending))
    }

    /// With "since", "after", "before" and "until" the range is open at one end.
    pub(super) fn mention(&self, found: Found) -> Mention {
        let end = self.tail(found.end);
        let (mut from, mut to, mut start, mut behind) = (found.from, found.to, found.start, end);
        let mut strength = found.strength;
        let sides = self.sides(&found, end);
        if sides.is_empty()
            && let Some(days) = self.either(&found)
        {
            ((from, to), strength) = (days, Strength::Vague);
        }
        for (side, first, last) in sides {
            let opened = match side {
                Side::Since => Some((from, self.today)).filter(|_| from <= self.today),
                Side::After => day(to, 1).filter(|next| *next <= self.today).map(|next| (next, self.today)),
                Side::Before => day(from, -1).filter(|last| *last >= BEGINNING).map(|last| (BEGINNING, last)),
                Side::Until => Some((BEGINNING.min(to), to)),
            };
            if let Some(range) = opened {
                ((from, to), start, behind) = (range, first, last);
                break;
            }
        }
        let closes = [Mark::BetweenBehind, Mark::UntilBehind].into_iter().any(|mark| self.has(behind, mark));
        if found.anchor == Anchor::Joined && self.is_near(behind) && closes {
            behind += 1;
        }
        let start = self.led(start);
        let bytes = self.tokens[start].start..self.tokens[behind - 1].end;
        Mention { from, to, bytes, strength }
    }

    /// The first of the words that lead up to a time: "on the last".
    fn led(&self, start: usize) -> usize {
        let start = self.back_over(start, &ATTRIBUTES, 2);
        let start = self.back_over(start, &[Mark::Article], 3);
        self.back_over(start, &LEADS, 1)
    }

    /// The open ends that are spoken of, with the first token and the one behind the last; the first that can be is meant.
    fn sides(&self, found: &Found, end: usize) -> Vec<(Side, usize, usize)> {
        if found.anchor == Anchor::Joined {
            return Vec::new();
        }
        let before = [
            (Side::Since, Mark::Since),
            (Side::After, Mark::After),
            (Side::Before, Mark::Before),
            (Side::Until, Mark::Until),
        ];
        let before = before.into_iter().filter_map(|(side, mark)| {
            let at = self.opener(found, mark)?;
            (side != Side::Before || !self.is_purpose(at)).then_some((side, at, end))
        });
        before.chain(self.behind(end).map(|(side, behind)| (side, found.start, behind))).collect()
    }

    /// The word before that opens a range, if one does.
    fn opener(&self, found: &Found, mark: Mark) -> Option<usize> {
        let start = found.start;
        let near = start.checked_sub(1).filter(|_| self.is_near(start));
        if mark == Mark::Until {
            // "til og med", "tot en met"
            let through = near.filter(|near| matches!(self.text(*near), "med" | "met"));
            let first = through.and_then(|with| with.checked_sub(2));
            if let Some(first) = first.filter(|first| self.has(*first, mark)) {
                return Some(first);
            }
        }
        if mark == Mark::Since && self.is_since_inside(start) {
            return Some(start);
        }
        let is_italian = |at: &usize| self.text(*at) == "da" && self.is_italian(start);
        let da = near.filter(|_| mark == Mark::Since).filter(is_italian);
        da.or_else(|| self.before(start, mark))
    }

    /// "da" is "of the" in Portuguese, but neither before a month nor before these weekdays.
    fn is_italian(&self, at: usize) -> bool {
        let is_day = |at: usize| {
            let text = self.text(at);
            text.ends_with("edi") || matches!(text, "sabato" | "domenica")
        };
        self.senses[at].month.is_some() || is_day(at) || (self.has(at, Mark::Last) && is_day(at + 1))
    }

    /// Hebrew writes "from" as part of the word: "מיום שני".
    fn is_since_inside(&self, at: usize) -> bool {
        self.text(at).strip_prefix('מ').is_some_and(|rest| rest == "יומ" || sense(rest).month.is_some())
    }

    /// "för" and "for" without their dots are "for", and never "before".
    fn is_purpose(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        let raw = self.query.get(token.start..token.end).unwrap_or_default();
        token.text == "for" && !raw.contains(['ø', 'Ø'])
    }

    /// "pazartesiden beri", "सोमवार से", "perjantaihin asti".
    fn behind(&self, at: usize) -> Option<(Side, usize)> {
        let is = |at: usize, mark: Mark| self.is_near(at) && self.has(at, mark);
        let from = self.is_from_behind(at);
        if is(at, Mark::SinceBehind) {
            // "से पहले"
            let before = is(at + 1, Mark::BeforeBehind);
            return Some(if before { (Side::Before, at + 2) } else { (Side::Since, at + 1) });
        }
        if self.is_near(at) && self.text(at) == "bu" && self.text(at + 1) == "yana" {
            return Some((Side::Since, at + 2));
        }
        if is(at, Mark::UntilBehind) {
            return Some((if from { Side::Since } else { Side::Until }, at + 1));
        }
        if is(at, Mark::AfterBehind) {
            return Some((Side::After, at + 1));
        }
        (is(at, Mark::BeforeBehind) && from).then_some((Side::Before, at + 1))
    }
}
