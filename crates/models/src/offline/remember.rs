//! Notes what is to be remembered, step by step.
//!
//! The append comes first: only what the tool answers tells whether the file was there, and to look for one that need not
//! exist would be a failure to whoever watches. A note that stands there already is taken out again.

use serde_json::json;

use super::note::Note;
use super::plan::{Planner, Step};

/// What is wanted besides the note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Besides {
    Nothing,
    /// A reminder, which nobody here can give.
    Reminder,
}

/// How an answer names what was noted.
enum Noted {
    /// It is new.
    New(String),
    /// It stood there before.
    Known(String),
}

impl Planner<'_> {
    /// Appends to the day's file, and says where.
    pub(super) fn remember(&self, noted: &str, besides: Besides) -> Step {
        let noting = &self.phrases.noting;
        let Some(note) = Note::new(&self.turn.user.date, noted) else {
            return Step::Say(noting.what.to_owned());
        };
        let Some(written) = self.turn.outcome("write") else {
            if !self.has("write") {
                return Step::Say(self.phrases.missing_tool("write"));
            }
            let arguments = json!({ "path": note.path, "content": note.text(), "append": true });
            return self.call(vec![("write", arguments)]);
        };
        if written.failed {
            return Step::Say(self.phrases.note_failed(&note.path, &written.text));
        }
        let found = match note.first_of(&written.text) {
            Some(1) => self.first_of_day(&note),
            first => self.one_more(&note, first),
        };
        let said = match found {
            Err(step) => return step,
            Ok(Noted::New(place)) => self.phrases.noted(&place, &note.brief()),
            Ok(Noted::Known(place)) => self.phrases.known(&place, &note.brief()),
        };
        Step::Say(match besides {
            Besides::Nothing => said,
            Besides::Reminder => format!("{said}\n\n{}", noting.no_reminder),
        })
    }

    /// The first note of a day gets its date above it.
    fn first_of_day(&self, note: &Note) -> Result<Noted, Step> {
        let first = match self.turn.outcome("edit") {
            None if self.has("edit") => {
                let (old, new) = (note.text(), note.titled());
                let arguments =
                    json!({ "path": note.path, "line": 1, "oldText": old.trim_end(), "newText": new });
                return Err(self.call(vec![("edit", arguments)]));
            }
            Some(edited) if !edited.failed => 1 + Note::TITLE,
            // Untitled it is a note all the same.
            None | Some(_) => 1,
        };
        Ok(Noted::New(note.place(first)))
    }

    /// Another one is looked for above itself. `first` is its first line, if the tool named it.
    fn one_more(&self, note: &Note, first: Option<usize>) -> Result<Noted, Step> {
        let new = |first: Option<usize>| {
            Ok(Noted::New(first.map_or_else(|| note.path.clone(), |first| note.place(first))))
        };
        let Some(read) = self.turn.outcome("read") else {
            if !self.has("read") {
                return new(first);
            }
            return Err(self.call(vec![("read", json!({ "path": note.path }))]));
        };
        let text = if read.failed { "" } else { read.text.as_str() };
        let first = first.or_else(|| note.first_in(text));
        let known = first.and_then(|first| note.known(text, first).map(|place| (first, place)));
        let Some((first_line, place)) = known.filter(|_| self.has("edit")) else { return new(first) };
        match self.turn.outcome("edit") {
            None => {
                let old = note.text();
                let arguments = json!({ "path": note.path, "line": first_line, "oldText": old.trim_end(), "newText": "" });
                Err(self.call(vec![("edit", arguments)]))
            }
            Some(edited) if edited.failed => new(first),
            Some(_) => Ok(Noted::Known(place)),
        }
    }
}
