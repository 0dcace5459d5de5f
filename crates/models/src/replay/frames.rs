//! What went over the wire, as a recording has it.
//!
//! Secrets are found in whole texts, and an answer comes in pieces, each with a little of a text inside some JSON. So it is
//! looked at as whoever has the recording could put it together: as one text, and as what its JSON says at each place, one
//! event after the other. What the turn took of it does not matter.

use std::collections::HashMap;
use std::ops::Range;

use openclaw_guard::Redactor;
use serde_json::Value;

use super::exchange::{Frame, Wire};
use super::hide::{hidden_text, hide_body, hide_text};
use crate::wire::{Seen, Tapped};

/// What stands before the JSON of an event.
const DATA: &str = "data:";
/// What some servers send behind the last event.
const DONE: &str = "[DONE]";

/// Whether the answer that the turn saw spelt out a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelt {
    Nothing,
    Secret,
}

/// Whether the call failed because its last answer could not be understood: then the place is what matters in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broke {
    Not,
    Malformed,
}

/// What is kept of an answer's pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    All,
    /// Those before this byte.
    Before(usize),
    Nothing,
}

/// The pieces of one answer.
#[derive(Default)]
struct Answer {
    /// Where each stands among the notes, and what bytes of `whole` it is.
    pieces: Vec<(usize, Range<usize>)>,
    whole: Vec<u8>,
}

pub(super) fn wire(seen: Seen, (spelt, broke): (Spelt, Broke), redactor: &Redactor) -> Wire {
    let answers = answers(&seen.notes);
    let mut dropped = vec![false; seen.notes.len()];
    let count = answers.len();
    for (number, answer) in (1..).zip(&answers) {
        let kept = match spelt {
            Spelt::Secret => Kept::Nothing,
            Spelt::Nothing if number == count => answer.kept(broke, redactor),
            Spelt::Nothing => answer.kept(Broke::Not, redactor),
        };
        for (at, range) in &answer.pieces {
            let is_dropped = match kept {
                Kept::All => false,
                Kept::Before(end) => range.end > end,
                Kept::Nothing => true,
            };
            if let Some(dropped) = dropped.get_mut(*at) {
                *dropped = is_dropped;
            }
        }
    }
    let withheld = dropped.contains(&true);
    let notes = seen.notes.into_iter().zip(dropped).filter(|(_, is_dropped)| !is_dropped);
    let frames = notes.map(|((at, note), _)| (at, frame(note, redactor))).collect();
    Wire { frames, left_out_bytes: seen.left_out, withheld }
}

fn frame(note: Tapped, redactor: &Redactor) -> Frame {
    match note {
        Tapped::Asked { mut url, body } => {
            let mut body = lossy(&body);
            hide_text(&mut url, redactor);
            hide_body(&mut body, redactor);
            Frame::Asked { url, body }
        }
        Tapped::Answered { status, mut content_type } => {
            hide_text(&mut content_type, redactor);
            Frame::Answered { status, content_type }
        }
        Tapped::Piece(bytes) => Frame::Piece(apart(&bytes, redactor)),
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A piece as it is kept.
fn apart(bytes: &[u8], redactor: &Redactor) -> String {
    redactor.redact(&lossy(bytes)).into_owned()
}

fn answers(notes: &[(u64, Tapped)]) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    for (at, (_, note)) in notes.iter().enumerate() {
        match note {
            Tapped::Asked { .. } => {}
            Tapped::Answered { .. } => answers.push(Answer::default()),
            Tapped::Piece(bytes) => {
                if let Some(answer) = answers.last_mut() {
                    let from = answer.whole.len();
                    answer.whole.extend_from_slice(bytes);
                    answer.pieces.push((at, from..answer.whole.len()));
                }
            }
        }
    }
    answers
}

impl Answer {
    fn kept(&self, broke: Broke, redactor: &Redactor) -> Kept {
        let whole = lossy(&self.whole);
        let pieces = self.pieces.iter().filter_map(|(_, range)| self.whole.get(range.clone()));
        let apart: String = pieces.map(|piece| apart(piece, redactor)).collect();
        let hidden = redactor.redact(&whole);
        // A character that is cut in two is replaced in both halves, and hides nothing.
        if hidden != whole && hidden != apart {
            return Kept::Nothing;
        }
        if serde_json::from_str::<Value>(&whole).is_ok() {
            let is_hidden =
                hidden_text(&apart, redactor) == apart && serde_json::from_str::<Value>(&apart).is_ok();
            let holds_one = hidden_text(&whole, redactor) != whole;
            return if holds_one && !is_hidden { Kept::Nothing } else { Kept::All };
        }
        let events = Events::read(&self.whole);
        if events.say_secret(redactor) {
            return Kept::Nothing;
        }
        match (events.unread, broke) {
            // The beginning of JSON may end in the middle of a secret whose beginning came before.
            (Some(from), Broke::Not) => Kept::Before(from),
            (Some(_), Broke::Malformed) | (None, _) => Kept::All,
        }
    }
}

/// The events of an answer.
#[derive(Default)]
struct Events {
    /// The JSON of each.
    lines: Vec<String>,
    /// What they say at each place, one after the other.
    told: HashMap<String, String>,
    /// Where the first begins that is no JSON.
    unread: Option<usize>,
}

impl Events {
    fn read(whole: &[u8]) -> Self {
        let mut events = Self::default();
        let mut from = 0;
        for line in whole.split_inclusive(|byte| *byte == b'\n') {
            let begin = from;
            from += line.len();
            let text = lossy(line);
            let text = text.trim();
            let text = text.strip_prefix(DATA).unwrap_or(text).trim_start();
            if text == DONE || !text.starts_with(['{', '[']) {
                continue;
            }
            match serde_json::from_str::<Value>(text) {
                Ok(value) => {
                    events.hear(&value, &mut String::new());
                    events.lines.push(text.to_owned());
                }
                Err(_) => events.unread = events.unread.or(Some(begin)),
            }
        }
        events
    }

    /// Adds what a value says to what was said at the same places before.
    fn hear(&mut self, value: &Value, place: &mut String) {
        let length = place.len();
        match value {
            Value::String(text) => match self.told.get_mut(place.as_str()) {
                Some(told) => told.push_str(text),
                None => drop(self.told.insert(place.clone(), text.clone())),
            },
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    place.push_str(&format!("[{at}]"));
                    self.hear(item, place);
                    place.truncate(length);
                }
            }
            Value::Object(fields) => {
                // Several texts may come at the same time. Numbers and kinds tell them apart.
                for (name, value) in fields.iter().filter(|(name, value)| tells_apart(name, value)) {
                    place.push_str(&format!("#{name}={value}"));
                }
                let here = place.len();
                for (name, value) in fields {
                    place.push('.');
                    place.push_str(name);
                    self.hear(value, place);
                    place.truncate(here);
                }
                place.truncate(length);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether a secret is left that is not hidden in the text of the pieces.
    fn say_secret(&self, redactor: &Redactor) -> bool {
        let in_one = self.lines.iter().any(|line| {
            let kept = redactor.redact(line);
            hidden_text(line, redactor) != *line
                && (serde_json::from_str::<Value>(&kept).is_err() || hidden_text(&kept, redactor) != kept)
        });
        in_one || self.told.values().any(|told| hidden_text(told, redactor) != *told)
    }
}

/// Whether a field says which of several texts an event is about.
fn tells_apart(name: &str, value: &Value) -> bool {
    (name.ends_with("index") && value.is_u64()) || (name == "type" && value.is_string())
}
