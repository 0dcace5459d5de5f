//! One line of a transcript, checked as far as the tree needs it; what it carries stays text until it is used.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::SESSION_KEY_TYPE;
use super::surrogates::mended;

/// Record types of the format. Others are kept in the tree and carry nothing we know.
const KNOWN_TYPES: [&str; 10] = [
    "session",
    "message",
    "model_change",
    "thinking_level_change",
    "custom",
    "custom_message",
    "compaction",
    "branch_summary",
    "label",
    "session_info",
];

/// How every writer of the format begins a line.
const LINE_START: &[u8] = b"{\"type\":\"";

/// Places tried in one damaged line. Glued lines are few; a large broken message has many nested objects.
const MAX_SALVAGE_TRIES: usize = 64;

/// A line. Payloads are unparsed: most lines of a long session lie before its last compaction and are never needed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'a, str>,
    pub(super) id: Option<String>,
    #[serde(default, deserialize_with = "parent")]
    pub(super) parent_id: Parent,
    #[serde(borrow)]
    pub(super) timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) summary: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) first_kept_entry_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) first_kept_entry_index: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) provider: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) model_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) thinking_level: Option<&'a RawValue>,
}

/// What a line says about its parent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Parent {
    /// Nothing, as in version 1: the record before it.
    #[default]
    Unsaid,
    /// It is a root.
    None,
    /// This record.
    Id(String),
}

fn parent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Parent, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map_or(Parent::None, Parent::Id))
}

impl<'a> Line<'a> {
    /// Reads a line. `None` is a damaged one.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Whether this can only be a whole record, not an object nested in a damaged one.
    fn is_whole_record(&self) -> bool {
        let linked = self.id.is_some() && self.parent_id != Parent::Unsaid;
        KNOWN_TYPES.contains(&self.kind.as_ref()) && (linked || self.kind == "session")
    }
}

/// The part of a line without white space, and without the NULs that a power cut leaves where a file had grown but was
/// not yet written.
pub(super) fn trim(line: &[u8]) -> Range<usize> {
    let blank = |b: &u8| b.is_ascii_whitespace() || *b == 0;
    let start = line.iter().take_while(|b| blank(b)).count();
    let back = line.iter().rev().take_while(|b| blank(b)).count();
    start..(line.len() - back).max(start)
}

/// The id that a damaged line seems to have had: every writer puts it before the payload or behind it.
pub(super) fn id_in_damage(text: &[u8]) -> Option<&str> {
    const KEY: &[u8] = b"\"id\":\"";
    let start = text.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    let rest = text.get(start..)?;
    std::str::from_utf8(rest.get(..rest.iter().position(|&b| b == b'"')?)?).ok()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FromField {
    from_id: String,
}

/// The record that a branch goes back to, which its line names twice.
pub(super) fn branch_point(line: &[u8]) -> Option<String> {
    serde_json::from_slice(line).ok().map(|FromField { from_id }| from_id)
}

/// A payload as the type it should have, if it has.
pub(super) fn payload<T: DeserializeOwned>(raw: Option<&RawValue>) -> Option<T> {
    raw.and_then(|raw| mended(raw.get(), |text| serde_json::from_str(text).ok()))
}

/// Whole records inside a damaged line, with their offsets in it: two lines become one when the line end between them
/// is damaged, or when a program appended to a torn line.
pub(super) fn salvage(bytes: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut from = 0;
    for _ in 0..MAX_SALVAGE_TRIES {
        let Some(rest) = bytes.get(from..) else { break };
        let Some(at) = rest.windows(LINE_START.len()).position(|window| window == LINE_START) else { break };
        let start = from + at;
        let mut values = serde_json::Deserializer::from_slice(bytes.get(start..).unwrap_or_default())
            .into_iter::<Line<'_>>();
        let whole = values.next().is_some_and(|line| line.is_ok_and(|line| line.is_whole_record()));
        if whole {
            from = start + values.byte_offset();
            found.push((start, from));
        } else {
            from = start + LINE_START.len();
        }
    }
    found
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyLine<'a> {
    #[serde(borrow)]
    custom_type: Cow<'a, str>,
    data: KeyData,
}

#[derive(Deserialize)]
struct KeyData {
    key: String,
}

/// The session key, if this line is the record that has it.
pub(crate) fn session_key_of(line: &[u8]) -> Option<String> {
    let line: KeyLine<'_> = serde_json::from_slice(line).ok()?;
    (line.custom_type == SESSION_KEY_TYPE && !line.data.key.is_empty()).then_some(line.data.key)
}
