//! `sessions.json`, read as the gateway reads it. The gateway repairs it at its next start; nothing is repaired here.

use std::path::Path;

use openclaw_store::{IndexForm, StoreError, look_at_index};

/// The file.
pub(super) const NAME: &str = "sessions.json";

/// The session index of an agent.
pub(super) struct Index {
    pub(super) state: IndexState,
    pub(super) entries: Vec<Entry>,
    /// Keys whose value is no session.
    pub(super) odd: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum IndexState {
    Sound,
    /// It has comments, or is JSON5 otherwise.
    Commented,
    Missing,
    /// Empty, or nothing but NUL, as a power cut leaves it.
    Zeroed,
    /// Not JSON, or no object: why.
    Damaged(String),
    /// It cannot be read: why.
    Unreadable(String),
    /// It is a link, which the gateway refuses: what to do.
    Link(String),
}

/// A session.
pub(super) struct Entry {
    pub(super) key: String,
    /// The name of its transcript in the directory.
    pub(super) transcript: String,
}

impl Index {
    /// Whether its entries are all there are.
    pub(super) fn is_read(&self) -> bool {
        matches!(self.state, IndexState::Sound | IndexState::Commented)
    }

    pub(super) fn read(dir: &Path) -> Self {
        let look = match look_at_index(dir) {
            Ok(look) => look,
            Err(error) => {
                let state = if matches!(error, StoreError::IndexIsLink { .. }) {
                    IndexState::Link(error.to_string())
                } else {
                    IndexState::Unreadable(error.to_string())
                };
                return Self { state, entries: Vec::new(), odd: Vec::new() };
            }
        };
        let only = |state| Self { state, entries: Vec::new(), odd: Vec::new() };
        let state = match look.form {
            IndexForm::Json => IndexState::Sound,
            IndexForm::Json5 => IndexState::Commented,
            IndexForm::Missing => return only(IndexState::Missing),
            IndexForm::Void => return only(IndexState::Zeroed),
            IndexForm::Damaged(why) => return only(IndexState::Damaged(why)),
        };
        let entries = look.entries.into_iter().map(|(key, transcript)| Entry { key, transcript });
        Self { state, entries: entries.collect(), odd: look.odd }
    }
}

#[cfg(test)]
mod tests {
    use super::{Index, IndexState, NAME};
    use openclaw_guard::write_atomic;

    #[test]
    fn it_is_read_as_the_gateway_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let read = |text: &str| {
            write_atomic(&dir.path().join(NAME), text.as_bytes()).unwrap();
            let index = Index::read(dir.path());
            (index.state, index.entries.len(), index.odd.len())
        };
        assert_eq!(read("{\"a\": {\"sessionId\": \"s\"}, \"b\": 1}"), (IndexState::Sound, 1, 1));
        assert_eq!(read("{a: {sessionId: 's'},} // mine"), (IndexState::Commented, 1, 0));
        assert_eq!(read("\0\0"), (IndexState::Zeroed, 0, 0));
        assert!(matches!(read("{\"a\": {\"sessionId\": \"s\"}, \"b"), (IndexState::Damaged(_), 0, 0)));
        std::fs::remove_file(dir.path().join(NAME)).unwrap();
        assert_eq!(Index::read(dir.path()).state, IndexState::Missing);
        std::os::unix::fs::symlink("elsewhere.json", dir.path().join(NAME)).unwrap();
        let IndexState::Link(what) = Index::read(dir.path()).state else { panic!("a link is not followed") };
        assert!(what.contains("elsewhere.json"), "{what}");
    }
}
