//! What people wrote on a transcript: its name, and labels on its records.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::RecordId;
use super::scan::Scan;
use super::surrogates::mended;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NoteFields {
    name: Option<String>,
    target_id: Option<String>,
    label: Option<String>,
}

/// A name and labels. They hold for the file, whichever branch they were written on. Of a long file that is opened from
/// its last compaction on, only those that were written since then, or on what it kept, are known.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Notes {
    /// The last `session_info` name that is not blank.
    pub name: Option<String>,
    /// The last label of each record that has one.
    pub labels: BTreeMap<RecordId, String>,
}

impl Notes {
    pub(super) fn of(bytes: &[u8], scan: &Scan<'_>) -> Self {
        let mut notes = Self::default();
        for record in &scan.records {
            let kind = record.line.kind.as_ref();
            if kind != "session_info" && kind != "label" {
                continue;
            }
            let line = bytes.get(record.span.clone()).unwrap_or_default();
            let read = |text: &str| serde_json::from_str(text).ok();
            let fields = std::str::from_utf8(line).ok().and_then(|line| mended(line, read));
            let Some(NoteFields { name, target_id, label }) = fields else { continue };
            match (kind, name, target_id) {
                ("session_info", Some(name), _) => notes.set_name(&name),
                ("label", _, Some(target)) => {
                    notes.set_label(&RecordId::of_file(&target), &label.unwrap_or_default());
                }
                _ => {}
            }
        }
        notes
    }

    pub(super) fn set_name(&mut self, name: &str) {
        self.name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
    }

    pub(super) fn set_label(&mut self, target: &RecordId, label: &str) {
        if label.is_empty() {
            self.labels.remove(target);
        } else {
            self.labels.insert(target.clone(), label.to_owned());
        }
    }
}
