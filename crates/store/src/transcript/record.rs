//! A record before it is in the file: its id, its line, and what it will be in the history.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use openclaw_guard::random_hex;
use openclaw_protocol::message::Message;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::context::HistoryItem;
use crate::StoreError;

/// Bytes in an id that was compared with all others of its transcript: 8 hexadecimal digits, as upstream has them.
const CHECKED_ID_BYTES: usize = 4;
/// Bytes in an id that was not, because the transcript is not open, or only its end was read: after a million records
/// 32 bits would meet one of them once in 4,000 times, and a reader that looks records up by id would then walk in a
/// circle. With 64 bits that is once in 2^44 times.
const UNCHECKED_ID_BYTES: usize = 8;
/// Longest id taken from a caller; upstream's have 8 characters, a UUID has 36.
const MAX_RECORD_ID_BYTES: usize = 64;

/// The id of a record: 8 hexadecimal digits in files that upstream or we wrote, 16 where it was made up without looking
/// at the file. To readers it is any text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct RecordId(Arc<str>);

impl RecordId {
    /// A new id for a record that must have one before its transcript is open: 16 hexadecimal digits.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn random() -> Result<Self, StoreError> {
        Ok(Self(random_hex(UNCHECKED_ID_BYTES)?.into()))
    }

    /// A new id that is not among `taken`, which are all of its transcript.
    pub(super) fn free(taken: &HashSet<Self>) -> Result<Self, StoreError> {
        loop {
            let id = Self(random_hex(CHECKED_ID_BYTES)?.into());
            if !taken.contains(&id) {
                return Ok(id);
            }
        }
    }

    /// Takes a text of 1 to 64 of `A-Z a-z 0-9 _ -`; nothing else is an id that we would write.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let whole = (1..=MAX_RECORD_ID_BYTES).contains(&text.len()) && text.bytes().all(allowed);
        whole.then(|| Self(text.into()))
    }

    /// An id as some file has it, whatever its characters.
    pub(super) fn of_file(text: &str) -> Self {
        Self(text.into())
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A record that is complete but not in its file yet, so that its line can first be made durable elsewhere.
#[derive(Debug)]
pub struct PreparedRecord {
    /// The id it will have.
    pub id: RecordId,
    /// Its line, without the line end.
    pub line: Vec<u8>,
    /// The record it hangs on.
    pub(super) parent: Option<RecordId>,
    /// What the model will see of it.
    pub(super) item: Option<HistoryItem>,
}

/// The fields that every record but the header has, in the order upstream writes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Node<'a, B> {
    #[serde(rename = "type")]
    pub(super) kind: &'a str,
    pub(super) id: &'a RecordId,
    pub(super) parent_id: Option<&'a RecordId>,
    pub(super) timestamp: String,
    #[serde(flatten)]
    pub(super) body: B,
}

#[derive(Serialize)]
pub(super) struct MessageBody<'a> {
    pub(super) message: &'a Message,
}

/// Where a line says who its parent is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ParentField<'a> {
    #[serde(borrow)]
    parent_id: &'a RawValue,
}

/// The same line under another parent, every other byte as it was. `None` if the line is no record with a `parentId`.
pub(super) fn rehang(line: &[u8], parent: Option<&RecordId>) -> Option<Vec<u8>> {
    let field: ParentField<'_> = serde_json::from_slice(line).ok()?;
    let old = field.parent_id.get();
    let at = old.as_ptr().addr().checked_sub(line.as_ptr().addr())?;
    let (before, after) = (line.get(..at)?, line.get(at + old.len()..)?);
    Some([before, &serde_json::to_vec(&parent).ok()?, after].concat())
}
