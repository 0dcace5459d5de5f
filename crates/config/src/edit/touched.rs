//! Which places of one reading changes have touched, and whether the next change still means the same on that reading.

use std::collections::HashMap;

use crate::key_path::Step;

/// A value of the reading and what happens to it and below it.
#[derive(Default)]
pub(super) struct Touched {
    /// Whether the value itself becomes another one.
    is_whole: bool,
    below: HashMap<Step, Touched>,
    items: Items,
}

/// What happens to the items of an object or list.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Items {
    /// They stay.
    #[default]
    Stay,
    /// New ones come, in a list so many from a position on.
    Come { from: usize, count: usize },
    /// Some go; in a list those before `from` keep their positions.
    Go { from: usize },
}

/// What a change does to the last step of its path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    /// Another value, or another text, in the same place.
    Replace,
    /// A new item.
    Come,
    /// The item goes.
    Go,
}

impl Touched {
    /// Notes a change, if it means the same on the reading as after the changes before it. One that is refused needs
    /// another reading, and this record ends.
    pub(super) fn note(&mut self, path: &[Step], touch: Touch) -> bool {
        let Some((last, steps)) = path.split_last() else {
            let is_free = self.is_untouched();
            self.is_whole = true;
            return is_free;
        };
        let mut at = self;
        for step in steps {
            if at.is_whole || !at.keeps(step) {
                return false;
            }
            at = at.below.entry(step.clone()).or_default();
        }
        !at.is_whole && at.note_item(last, touch)
    }

    fn is_untouched(&self) -> bool {
        !self.is_whole && self.items == Items::Stay && self.below.is_empty()
    }

    /// Whether an item has the position that it had.
    fn keeps(&self, step: &Step) -> bool {
        match (step, self.items) {
            (Step::Key(_), _) | (_, Items::Stay) => true,
            (Step::Index(index), Items::Come { from, .. } | Items::Go { from }) => *index < from,
        }
    }

    fn note_item(&mut self, step: &Step, touch: Touch) -> bool {
        // The items behind this one get other positions.
        let moves_a_touched_one = || {
            let at =
                |other: &Step| matches!((step, other), (Step::Index(at), Step::Index(other)) if other >= at);
            self.below.keys().any(at)
        };
        let is_free = match (step, touch) {
            (Step::Key(name), _) => !self.below.contains_key(&Step::Key(name.clone())),
            (Step::Index(_), Touch::Replace) => self.keeps(step) && !self.below.contains_key(step),
            (Step::Index(_), Touch::Go) => self.keeps(step) && !moves_a_touched_one(),
            (Step::Index(_), Touch::Come) => self.items != Items::Stay || !moves_a_touched_one(),
        };
        let position = match step {
            Step::Key(_) => 0,
            Step::Index(index) => *index,
        };
        self.items = match (self.items, touch) {
            (items, Touch::Replace) => items,
            (Items::Stay, Touch::Come) => Items::Come { from: position, count: 1 },
            (Items::Come { from, count }, Touch::Come)
                if matches!(step, Step::Key(_)) || position == from + count =>
            {
                Items::Come { from, count: count + 1 }
            }
            (Items::Stay | Items::Go { .. }, Touch::Go) => Items::Go { from: position },
            (Items::Come { .. } | Items::Go { .. }, Touch::Come | Touch::Go) => return false,
        };
        // What has come at a position is no item of the reading.
        if matches!(step, Step::Key(_)) || touch == Touch::Replace {
            self.below.entry(step.clone()).or_default().is_whole = true;
        }
        is_free
    }
}

#[cfg(test)]
mod tests {
    use super::{Touch, Touched};
    use crate::KeyPath;

    #[test]
    fn changes_that_meet_need_another_reading() {
        use Touch::{Come, Go, Replace};
        type Row = (&'static [(&'static str, Touch)], (&'static str, Touch), bool);
        let rows: [Row; 16] = [
            (&[("a.b", Replace)], ("a.c", Replace), true),
            (&[("a.b", Replace)], ("a.b", Replace), false),
            (&[("a.b", Replace)], ("a.b.c", Replace), false),
            (&[("a.b.c", Replace)], ("a.b", Go), false),
            (&[("a.b", Replace)], ("", Replace), false),
            (&[("a.b", Come), ("a.c", Come)], ("a.d", Come), true),
            (&[("a.b", Come)], ("a.b.c", Come), false),
            (&[("a.b", Go)], ("a.c", Come), false),
            (&[("a.b", Go), ("a.c", Go)], ("a.d", Replace), true),
            (&[("a[3]", Go), ("a[2]", Go)], ("a[1]", Replace), true),
            (&[("a[3]", Go)], ("a[3]", Go), false),
            (&[("a[3].b", Replace)], ("a[2]", Go), false),
            (&[("a[3]", Come), ("a[4]", Come)], ("a[5]", Come), true),
            (&[("a[3]", Come)], ("a[3]", Come), false),
            (&[("a[3]", Come)], ("a[3].b", Replace), false),
            (&[("a[3].b", Replace)], ("a[4]", Come), true),
        ];
        for (before, (path, touch), is_free) in rows {
            let mut touched = Touched::default();
            let steps = |path: &str| path.parse::<KeyPath>().unwrap().steps().to_vec();
            for (path, touch) in before {
                assert!(touched.note(&steps(path), *touch), "{path}");
            }
            assert_eq!(touched.note(&steps(path), touch), is_free, "{path}");
        }
    }
}
