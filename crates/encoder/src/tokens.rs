//! Text to the numbers of its pieces, as BERT's WordPiece does it.

use crate::characters::{Kind, each};
use crate::pieces::{Pieces, Place};

/// Longer words are one unknown piece, as in the reference.
const MAX_WORD_CHARACTERS: usize = 100;

/// The first pieces of a text, at most `max` with the mark at its begin and the mark at its end.
///
/// What looks like such a mark in the text (`[SEP]`) is text.
pub(crate) fn ids(pieces: &Pieces, text: &str, max: usize) -> Vec<u16> {
    let mut ids = vec![pieces.first];
    let max = max.saturating_sub(1);
    each_word(text, |word| {
        push_word(pieces, word, &mut ids);
        ids.len() < max
    });
    ids.truncate(max);
    ids.push(pieces.last);
    ids
}

/// How many pieces a whole text has, marks included.
pub(crate) fn count(pieces: &Pieces, text: &str) -> usize {
    let (mut count, mut ids) = (2, Vec::new());
    each_word(text, |word| {
        ids.clear();
        push_word(pieces, word, &mut ids);
        count += ids.len();
        true
    });
    count
}

/// The word that is being read; `characters` goes on counting when `text` is full.
#[derive(Default)]
struct Word {
    text: String,
    characters: usize,
}

impl Word {
    fn push(&mut self, character: char) {
        self.characters += 1;
        if self.characters <= MAX_WORD_CHARACTERS {
            self.text.push(character);
        }
    }

    /// `None` stands for a word that is too long.
    fn get(&self) -> Option<&str> {
        (self.characters <= MAX_WORD_CHARACTERS).then_some(self.text.as_str())
    }
}

/// Calls back with each word until told to stop; `None` is a word that is too long.
fn each_word(text: &str, mut found: impl FnMut(Option<&str>) -> bool) {
    let mut word = Word::default();
    let mut goes_on = true;
    let mut finish = |word: &mut Word| {
        let goes_on = word.characters == 0 || found(word.get());
        word.text.clear();
        word.characters = 0;
        goes_on
    };
    for character in text.chars() {
        each(character, |part, kind| match kind {
            Kind::Dropped => {}
            Kind::Space => goes_on = goes_on && finish(&mut word),
            Kind::Alone => {
                goes_on = goes_on && finish(&mut word);
                word.push(part);
                goes_on = goes_on && finish(&mut word);
            }
            Kind::Part => word.push(part),
        });
        if !goes_on {
            return;
        }
    }
    finish(&mut word);
}

/// Cuts a word into the longest pieces from its begin on; if that does not come out even, it is one unknown piece.
fn push_word(pieces: &Pieces, word: Option<&str>, ids: &mut Vec<u16>) {
    let before = ids.len();
    let mut rest = word.unwrap_or_default();
    let mut place = Place::Begin;
    while !rest.is_empty() {
        let Some((id, length)) = pieces.longest(place, rest) else { break };
        ids.push(id);
        rest = &rest[length..];
        place = Place::Inside;
    }
    if word.is_none() || !rest.is_empty() {
        ids.truncate(before);
        ids.push(pieces.unknown);
    }
}
