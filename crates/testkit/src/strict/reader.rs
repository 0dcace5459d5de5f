//! Reads JSON and knows where it is.

use serde_json::{Map, Value};

/// What a request does wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {why}")]
pub struct Violation {
    /// The place, for example `messages[2].content[0].id`.
    pub at: String,
    /// The rule that is broken.
    pub why: String,
}

/// The outcome of a check.
pub(super) type Check = Result<(), Violation>;

/// A value and its place.
#[derive(Clone)]
pub(super) struct At<'a> {
    pub(super) value: &'a Value,
    path: String,
}

impl<'a> At<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    pub(super) fn fail(&self, why: impl Into<String>) -> Violation {
        Violation { at: self.path.clone(), why: why.into() }
    }

    pub(super) fn must(&self, holds: bool, why: &str) -> Check {
        if holds { Ok(()) } else { Err(self.fail(why)) }
    }

    pub(super) fn get(&self, key: &str) -> Option<At<'a>> {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.value.get(key).map(|value| At { value, path: format!("{}{dot}{key}", self.path) })
    }

    pub(super) fn need(&self, key: &str) -> Result<At<'a>, Violation> {
        self.get(key).ok_or_else(|| self.fail(format!("{key} is missing")))
    }

    /// An object with no other keys than these; those before the bar are required.
    pub(super) fn fields(
        &self,
        required: &[&str],
        optional: &[&str],
    ) -> Result<&'a Map<String, Value>, Violation> {
        let map = self.value.as_object().ok_or_else(|| self.fail("is no object"))?;
        for key in map.keys() {
            let known = required.contains(&key.as_str()) || optional.contains(&key.as_str());
            self.must(known, &format!("unknown field {key}"))?;
        }
        for key in required {
            self.need(key)?;
        }
        Ok(map)
    }

    pub(super) fn text(&self) -> Result<&'a str, Violation> {
        self.value.as_str().ok_or_else(|| self.fail("is no string"))
    }

    pub(super) fn text_of(&self, key: &str) -> Result<&'a str, Violation> {
        self.need(key)?.text()
    }

    /// A text with more than white space in it.
    pub(super) fn words(&self, key: &str) -> Check {
        let at = self.need(key)?;
        let text = at.text()?;
        at.must(!text.trim().is_empty(), "is blank")
    }

    pub(super) fn integer(&self, least: u64) -> Check {
        let number = self.value.as_u64().ok_or_else(|| self.fail("is no whole number"))?;
        self.must(number >= least, &format!("is below {least}"))
    }

    pub(super) fn number(&self, least: f64, most: f64) -> Check {
        let number = self.value.as_f64().ok_or_else(|| self.fail("is no number"))?;
        self.must((least..=most).contains(&number), "is out of range")
    }

    /// The members of a list that has some.
    pub(super) fn members(&self) -> Result<Vec<At<'a>>, Violation> {
        let list = self.value.as_array().ok_or_else(|| self.fail("is no list"))?;
        self.must(!list.is_empty(), "is empty")?;
        let at = |(index, value)| At { value, path: format!("{}[{index}]", self.path) };
        Ok(list.iter().enumerate().map(at).collect())
    }

    /// One of these words.
    pub(super) fn one_of(&self, words: &[&str]) -> Result<&'a str, Violation> {
        let text = self.text()?;
        self.must(words.contains(&text), &format!("{text:?} is none of {words:?}"))?;
        Ok(text)
    }

    /// `^[a-zA-Z0-9_-]{1,max}$`
    pub(super) fn plain(&self, max: usize) -> Result<&'a str, Violation> {
        let text = self.text()?;
        let fits = (1..=max).contains(&text.len());
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        self.must(fits && plain, &format!("{text:?} is no plain name of up to {max} characters"))?;
        Ok(text)
    }

    /// A data URL of one of these kinds.
    pub(super) fn data_url(&self, kinds: &[&str]) -> Check {
        let url = self.text()?;
        let parts = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
        let Some((kind, data)) = parts else { return Err(self.fail("is no data URL")) };
        self.must(kinds.contains(&kind), &format!("{kind} is not taken"))?;
        self.must(super::base64::is_standard(data), "is no base64")
    }
}
