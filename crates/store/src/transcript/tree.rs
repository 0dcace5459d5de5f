//! Records that change what of a transcript is seen: compactions, branches, labels and names.

use serde_json::{Map, Value, json};

use super::{RecordId, Transcript};
use crate::StoreError;

/// Who wrote a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SummaryBy {
    /// The program itself.
    Agent,
    /// An extension, by a hook: `fromHook` is true.
    Hook,
}

/// A summary that stands for a part of the conversation.
#[derive(Debug, Clone, Copy)]
pub struct Summary<'a> {
    /// What the model reads.
    pub text: &'a str,
    /// For programs, for example which files were read.
    pub details: Option<&'a Value>,
    /// Who wrote it.
    pub by: SummaryBy,
}

impl Summary<'_> {
    fn into_body(self, mut body: Map<String, Value>) -> Value {
        body.insert("summary".to_owned(), json!(self.text));
        if let Some(details) = self.details {
            body.insert("details".to_owned(), details.clone());
        }
        if self.by == SummaryBy::Hook {
            body.insert("fromHook".to_owned(), json!(true));
        }
        Value::Object(body)
    }
}

impl Transcript {
    /// Records that `summary` stands for everything before `first_kept`; the history is then the summary, what was kept,
    /// and what follows. Model and thinking level are recorded again behind it, so that later openings need not read what
    /// is before the kept part. Synced.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRecord`] when `first_kept` is not a record that is known here. After another error the
    /// record may be in the file while the history is as before; opening again shows which.
    pub fn append_compaction(
        &mut self,
        summary: Summary<'_>,
        first_kept: &RecordId,
        tokens_before: u64,
    ) -> Result<RecordId, StoreError> {
        self.must_know(first_kept)?;
        let body = json!({"firstKeptEntryId": first_kept, "tokensBefore": tokens_before});
        let id = self.append("compaction", summary.into_body(object(body)))?;
        if let Some((provider, model_id)) = self.settings.model.clone() {
            self.append_model_change(&provider, &model_id)?;
        }
        if let Some(level) = self.settings.thinking_level.clone() {
            self.append_thinking_level(&level)?;
        }
        self.sync()?;
        self.reload()?;
        Ok(id)
    }

    /// Goes back to `from` and on from there on a new branch, which begins with a summary of what is abandoned. Synced.
    ///
    /// # Errors
    /// As for [`Transcript::append_compaction`].
    pub fn append_branch_summary(
        &mut self,
        from: &RecordId,
        summary: Summary<'_>,
    ) -> Result<RecordId, StoreError> {
        self.must_know(from)?;
        let body = summary.into_body(object(json!({"fromId": from})));
        let leaf = self.leaf.replace(from.clone());
        let appended = self.append("branch_summary", body);
        if appended.is_err() {
            self.leaf = leaf;
        }
        let id = appended?;
        self.sync()?;
        self.reload()?;
        Ok(id)
    }

    /// Gives a record a label for people; an empty one takes it away.
    ///
    /// # Errors
    /// When the record is not known, or the label cannot be written.
    pub fn append_label(&mut self, target: &RecordId, label: &str) -> Result<RecordId, StoreError> {
        self.must_know(target)?;
        let mut body = object(json!({"targetId": target}));
        if !label.is_empty() {
            body.insert("label".to_owned(), json!(label));
        }
        let id = self.append("label", body)?;
        self.notes.set_label(target, label);
        Ok(id)
    }

    /// Names the conversation.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append_session_info(&mut self, name: &str) -> Result<RecordId, StoreError> {
        let id = self.append("session_info", json!({"name": name}))?;
        self.notes.set_name(name);
        Ok(id)
    }

    fn must_know(&self, id: &RecordId) -> Result<(), StoreError> {
        if self.contains(id) {
            return Ok(());
        }
        Err(StoreError::NoSuchRecord { path: self.path().to_owned(), id: id.clone() })
    }
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value { map } else { Map::new() }
}
