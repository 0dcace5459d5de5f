//! Where a value stands in the file: `agents.list[1].model`.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// Steps in a written path: far above the depth of any declared key.
const MAX_STEPS: usize = 64;

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Into an object.
    Key(String),
    /// Into a list, counted from 0.
    Index(usize),
}

impl Step {
    /// The name, for a step into an object.
    #[must_use]
    pub fn as_key(&self) -> Option<&str> {
        match self {
            Self::Key(name) => Some(name),
            Self::Index(_) => None,
        }
    }
}

/// The way from the top of the file to a value. Written `a.b[2].c`; a key with other characters than letters, digits,
/// `_`, `-`, `/`, `:`, `@` and `$` is written `["my.key"]`, as a JSON string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPath(Vec<Step>);

/// A path that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("key path is not readable from character {column} on; write it like agents.list[0].model")]
pub struct KeyPathError {
    /// The first character that does not fit, counted from 1.
    pub column: usize,
}

impl KeyPath {
    /// The steps from the top.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether this is the whole file.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// This path and one key more.
    #[must_use]
    pub fn key(&self, name: &str) -> Self {
        self.with(Step::Key(name.to_owned()))
    }

    /// This path and one list position more.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    fn with(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// The value at this path, to be changed.
    pub(crate) fn find_mut<'v>(&self, value: &'v mut Value) -> Option<&'v mut Value> {
        self.0.iter().try_fold(value, |value, step| match step {
            Step::Key(name) => value.as_object_mut()?.get_mut(name),
            Step::Index(index) => value.as_array_mut()?.get_mut(*index),
        })
    }

    /// The value at this path.
    #[must_use]
    pub fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |value, step| match step {
            Step::Key(name) => value.as_object()?.get(name),
            Step::Index(index) => value.as_array()?.get(*index),
        })
    }
}

impl From<&[Step]> for KeyPath {
    fn from(steps: &[Step]) -> Self {
        Self(steps.to_vec())
    }
}

/// A path on the way down a value: one step and a borrow of the way to it. A walk makes one at every key without
/// allocating; only a problem turns it into a [`KeyPath`].
#[derive(Clone, Copy)]
pub(crate) enum Trail<'p> {
    Root,
    Key(&'p Trail<'p>, &'p str),
    Index(&'p Trail<'p>, usize),
}

impl<'p> Trail<'p> {
    pub(crate) fn key(&'p self, name: &'p str) -> Self {
        Self::Key(self, name)
    }

    pub(crate) fn index(&'p self, index: usize) -> Self {
        Self::Index(self, index)
    }

    /// Steps from the top.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Self::Root => 0,
            Self::Key(above, _) | Self::Index(above, _) => above.depth() + 1,
        }
    }

    pub(crate) fn to_path(self) -> KeyPath {
        let mut steps = Vec::with_capacity(self.depth());
        let mut at = &self;
        loop {
            match at {
                Self::Root => break,
                Self::Key(above, name) => {
                    steps.push(Step::Key((*name).to_owned()));
                    at = above;
                }
                Self::Index(above, index) => {
                    steps.push(Step::Index(*index));
                    at = above;
                }
            }
        }
        steps.reverse();
        KeyPath(steps)
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_plain_char)
}

fn is_plain_char(c: char) -> bool {
    c.is_alphanumeric() || "_-/:@$".contains(c)
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(name) if !is_plain(name) => write!(f, "[{}]", Value::from(name.as_str()))?,
                Step::Key(name) if position == 0 => f.write_str(name)?,
                Step::Key(name) => write!(f, ".{name}")?,
            }
        }
        Ok(())
    }
}

impl FromStr for KeyPath {
    type Err = KeyPathError;

    fn from_str(text: &str) -> Result<Self, KeyPathError> {
        let mut rest = text;
        let mut steps = Vec::new();
        let failed =
            |rest: &str| KeyPathError { column: text[..text.len() - rest.len()].chars().count() + 1 };
        while !rest.is_empty() {
            if steps.len() == MAX_STEPS {
                return Err(failed(rest));
            }
            let step;
            (step, rest) = next_step(rest, steps.is_empty()).ok_or_else(|| failed(rest))?;
            steps.push(step);
        }
        Ok(Self(steps))
    }
}

/// Takes one step off the front of a written path.
fn next_step(text: &str, is_first: bool) -> Option<(Step, &str)> {
    if let Some(quoted) = text.strip_prefix("[\"") {
        let end = end_of_quoted(quoted)?;
        let name = serde_json::from_str(&text[1..end + 3]).ok()?; // not a JSON string: the caller names the place
        return Some((Step::Key(name), quoted[end + 1..].strip_prefix(']')?));
    }
    if let Some(list) = text.strip_prefix('[') {
        let (digits, rest) = list.split_once(']')?;
        let is_number = digits.bytes().all(|b| b.is_ascii_digit());
        let index = digits.parse().ok().filter(|_| is_number)?; // too large: the caller names the place
        return Some((Step::Index(index), rest));
    }
    let name = if is_first { text } else { text.strip_prefix('.')? };
    let end = name.find(|c| !is_plain_char(c)).unwrap_or(name.len());
    (end > 0).then(|| (Step::Key(name[..end].to_owned()), &name[end..]))
}

/// Offset of the quote that ends a JSON string whose opening quote is already taken off.
fn end_of_quoted(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !is_escaped => return Some(at),
            b'\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{KeyPath, Step};
    use proptest::prelude::*;

    #[test]
    fn reads_what_it_writes() {
        for text in [
            "",
            "gateway",
            "gateway.port",
            "agents.list[1].model",
            "models.providers[\"a.b\"].baseUrl",
            "[0][1]",
        ] {
            assert_eq!(text.parse::<KeyPath>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn names_the_character_that_does_not_fit() {
        for (text, column) in
            [("a..b", 2), ("a[x]", 2), ("a[", 2), ("é.b c", 4), ("a[\"b\"", 2), (".a", 1), ("a[+1]", 2)]
        {
            assert_eq!(text.parse::<KeyPath>().unwrap_err().column, column, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_path_survives_writing(steps in prop::collection::vec(
            prop_oneof![any::<String>().prop_map(Step::Key), any::<usize>().prop_map(Step::Index)], 0..6)) {
            let path = KeyPath(steps);
            prop_assert_eq!(path.to_string().parse::<KeyPath>().unwrap(), path);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            let _result: Result<KeyPath, _> = text.parse();
        }
    }
}
