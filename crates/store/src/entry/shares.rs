//! Large values that many sessions have in common are held once.

use std::collections::HashSet;
use std::sync::Arc;

/// Texts that entries share. The release writes the same list of skills, and nearly the same report of the prompt,
/// into every entry: 5 of its 6 kB.
#[derive(Debug, Default)]
pub(crate) struct Shares(HashSet<Arc<str>>);

impl Shares {
    /// This text, the same for everybody who asks.
    pub(super) fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }

    /// Lets go of what no entry has any more.
    pub(crate) fn prune(&mut self) {
        self.0.retain(|text| Arc::strong_count(text) > 1);
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}
