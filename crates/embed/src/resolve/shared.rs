//! What there is once in a process, as long as anybody has it.

use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Things by their names.
pub(super) struct Shared<T>(Mutex<Vec<(String, Weak<T>)>>);

impl<T> Shared<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// The thing of this name, made if nobody has it.
    pub(super) fn get(&self, name: &str, make: impl FnOnce() -> T) -> Arc<T> {
        // A panic of `make` leaves the list whole.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(_, thing)| thing.strong_count() > 0);
        let found = known.iter().find(|(of, _)| of == name).and_then(|(_, thing)| thing.upgrade());
        found.unwrap_or_else(|| {
            let made = Arc::new(make());
            known.push((name.to_owned(), Arc::downgrade(&made)));
            made
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Shared;
    use std::sync::Arc;

    #[test]
    fn a_thing_is_made_once_while_somebody_has_it() {
        let shared = Shared::new();
        let (first, second) = (shared.get("a", || 1), shared.get("a", || 2));
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(*shared.get("b", || 3), 3);
        drop((first, second));
        assert_eq!(*shared.get("a", || 4), 4, "nobody had it");
        assert_eq!(shared.0.lock().unwrap().len(), 1, "what is gone is forgotten");
    }
}
