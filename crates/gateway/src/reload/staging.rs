//! A configuration that lost much, and whether somebody said that it is meant.

use std::sync::{Mutex, PoisonError};

use openclaw_config::{Loaded, Loss};

use super::read::LastGood;
use super::watch::Mark;

/// The last good copy as it was when a configuration was first held back: written anew, it confirms even an equal text,
/// as a loss in an included file leaves it.
#[derive(Default)]
pub(super) struct Staging(Mutex<Option<Option<Mark>>>);

impl Staging {
    /// What the configuration lost, unless somebody confirmed it by the copy.
    pub(super) fn unconfirmed(
        &self,
        loss: Option<Loss>,
        (running, loaded): (&Loaded, &Loaded),
        copy: &LastGood,
    ) -> Option<Loss> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(loss) = loss else {
            *held = None;
            return None;
        };
        let is_equal = copy.text.is_some() && copy.text == loaded.raw;
        let is_fresh = loaded.raw != running.raw || held.is_some_and(|before| before != copy.mark);
        if is_equal && is_fresh {
            return None;
        }
        held.get_or_insert(copy.mark);
        Some(loss)
    }
}

#[cfg(test)]
mod tests {
    use super::Staging;
    use crate::reload::read::LastGood;
    use openclaw_config::{Env, Loaded, Loss, keep_last_good, last_good_path};

    #[test]
    fn a_copy_that_is_written_anew_confirms_a_loss_in_an_included_file() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("openclaw.json");
        let raw = "{channels: {$include: './c.json5'}}";
        let now = Loaded { raw: Some(raw.into()), ..Loaded::defaults(path.clone(), Env::default()) };
        let staging = Staging::default();
        let look = |loss: bool| {
            let loss = loss.then(|| Loss { sections: vec!["channels"], shrunk: None });
            staging.unconfirmed(loss, (&now, &now), &LastGood::of(&path)).is_some()
        };
        keep_last_good(&path, raw).unwrap();
        assert!(look(true) && look(true), "an old copy confirms nothing");
        openclaw_guard::write_atomic(&last_good_path(&path), raw.as_bytes()).unwrap();
        assert!(!look(true) && !look(true), "confirmed, for the watch and for a restart");
        assert!(!look(false));
        assert!(look(true), "another loss is another question");
    }
}
