//! What people wrote on a transcript: its name, and labels on its records.

use std::collections::BTreeMap;

use super::RecordId;
use super::line::payload;
use super::scan::Scan;

/// A name and labels. They hold for the file, whichever branch they were written on.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Notes {
    /// The last `session_info` name that is not blank.
    pub name: Option<String>,
    /// The last label of each record that has one.
    pub labels: BTreeMap<RecordId, String>,
}

impl Notes {
    pub(super) fn of(scan: &Scan<'_>) -> Self {
        let mut notes = Self::default();
        for record in &scan.records {
            let line = &record.line;
            match line.kind.as_ref() {
                "session_info" => {
                    if let Some(name) = payload::<String>(line.name) {
                        notes.set_name(&name);
                    }
                }
                "label" => {
                    if let Some(target) = payload::<String>(line.target_id) {
                        let label = payload::<String>(line.label).unwrap_or_default();
                        notes.set_label(&RecordId::of_file(&target), &label);
                    }
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
