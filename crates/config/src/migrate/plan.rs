//! All migrations of a configuration, in an order in which they can be applied.

use serde_json::Value;

use super::draft::{Draft, Outcome};
use super::renames::renames;
use super::{agents, auth, groups, models, speech};
use crate::edit::Change;
use crate::key_path::KeyPath;

/// One migration makes room for another: `telegram` moves, then a key in it. Three rounds are the longest such chain
/// (`routing.bindings`, a key of a binding, the last look); one more is room.
const MAX_ROUNDS: usize = 4;

/// One step from an old configuration to today's.
#[derive(Clone, Debug, PartialEq)]
pub struct Migration {
    /// The old key.
    pub at: KeyPath,
    /// What happens, as a sentence for the user. It holds no value.
    pub about: String,
    /// What to change, in this order, after the changes of the migrations before.
    pub changes: Vec<Change>,
}

/// An old key that must be moved by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The old key.
    pub at: KeyPath,
    /// What is in the way, and what to do. It holds no value.
    pub about: String,
}

/// What has to happen to a configuration of an earlier release.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Migrations {
    /// What can be done; each builds on those before.
    pub steps: Vec<Migration>,
    /// What a person has to decide.
    pub obstacles: Vec<Obstacle>,
    /// The value after all steps.
    pub result: Value,
}

impl Migrations {
    /// Where the steps put what they move: what is wrong in an old object comes to light there.
    #[must_use]
    pub fn targets(&self) -> Vec<KeyPath> {
        let changes = self.steps.iter().flat_map(|step| &step.changes);
        let targets = changes.filter_map(|change| match change {
            Change::Set { path, .. } | Change::Insert { path, .. } => Some(path.clone()),
            Change::Move { to, .. } => Some(to.clone()),
            Change::Remove { .. } => None,
        });
        targets.collect()
    }

    /// The changes of all steps, in their order.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        self.steps.iter().flat_map(|step| step.changes.iter().cloned()).collect()
    }
}

/// Works out the migrations of a configuration value, as written and with included files merged in. A migration that
/// would have to drop or overwrite a value is not proposed; what is in its way is told instead.
#[must_use]
pub fn migrations(value: &Value) -> Migrations {
    let mut all = Migrations { steps: Vec::new(), obstacles: Vec::new(), result: value.clone() };
    for _ in 0..MAX_ROUNDS {
        let before = all.steps.len();
        all.obstacles.clear();
        all.rename();
        for family in [agents::drafts, groups::drafts, models::drafts, speech::drafts, auth::drafts] {
            all.run(family);
        }
        if all.steps.len() == before {
            break;
        }
    }
    all
}

/// A migration of one family: what it makes of a value.
pub(super) type Rule = fn(&Value) -> Option<Draft>;

impl Migrations {
    /// Moves what the declarations name.
    fn rename(&mut self) {
        for rename in renames() {
            let places = rename.places(&self.result);
            if places.is_empty() || rename.is_above_another(&self.result) {
                continue; // what is in the way of that one is told already
            }
            for (from, to) in places {
                self.move_away(&from, &to);
            }
        }
    }

    fn move_away(&mut self, from: &KeyPath, to: &KeyPath) {
        let about = format!("\"{from}\" moves to \"{to}\"");
        let is_merged = to.find(&self.result).is_some_and(Value::is_object);
        if is_merged {
            let mut draft = Draft::new(&self.result, from.clone(), about);
            draft.move_away(from, to);
            return self.take(draft);
        }
        // Nothing is merged, so it is one move or none: one that is given up has changed nothing.
        let mut draft = Draft::on(std::mem::take(&mut self.result), from.clone(), about);
        draft.move_away(from, to);
        let (outcome, value) = draft.finish();
        self.result = value;
        self.note(outcome);
    }

    /// Each rule sees what those before it have made.
    fn run(&mut self, family: fn() -> &'static [Rule]) {
        for rule in family() {
            if let Some(draft) = rule(&self.result) {
                self.take(draft);
            }
        }
    }

    /// Takes over what a draft has made of a copy, unless it was given up.
    fn take(&mut self, draft: Draft) {
        let (outcome, value) = draft.finish();
        if matches!(outcome, Outcome::Done(_)) {
            self.result = value;
        }
        self.note(outcome);
    }

    fn note(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Nothing => {}
            Outcome::Done(migration) => self.steps.push(migration),
            Outcome::Blocked(obstacle) => self.obstacles.push(obstacle),
        }
    }
}
