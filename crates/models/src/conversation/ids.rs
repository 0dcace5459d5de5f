//! Ids of tool calls and names of tools, as each API allows them.

use std::borrow::Cow;
use std::collections::HashSet;

/// What an id may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum IdRule {
    /// Letters, digits, `_` and `-`, at most this many.
    Plain { max_len: usize },
    /// Exactly nine letters and digits: Mistral's rule, which other servers do not mind.
    Nine,
}

/// Length of a [`IdRule::Nine`].
const NINE: usize = 9;

/// Hexadecimal digits that make a shortened or repeated id unique again.
const MARK_LEN: usize = 8;

impl IdRule {
    fn allows(self, id: &str) -> bool {
        match self {
            Self::Plain { max_len } => !id.is_empty() && id.len() <= max_len && id.chars().all(is_id_char),
            Self::Nine => id.len() == NINE && id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        }
    }

    /// An id that tells by the mark which call it is, and by its beginning what it was.
    fn make(self, plain: &str, mark: u32) -> String {
        match self {
            Self::Plain { max_len } => {
                let room = max_len.saturating_sub(MARK_LEN + 1);
                let stem: String =
                    plain.chars().map(|c| if is_id_char(c) { c } else { '_' }).take(room).collect();
                let stem = if stem.is_empty() { "call" } else { stem.as_str() };
                format!("{stem}_{mark:08x}")
            }
            Self::Nine => format!("c{mark:08x}"),
        }
    }
}

/// Gives each call of a conversation an id of its own. The id depends on what came before only, so that the beginning
/// of a request keeps its bytes from turn to turn.
pub(crate) struct Ids {
    rule: IdRule,
    taken: HashSet<String>,
}

impl Ids {
    pub(crate) fn new(rule: IdRule) -> Self {
        Self { rule, taken: HashSet::new() }
    }

    /// A valid id that no other call has: the stored one where that is possible.
    pub(crate) fn take(&mut self, stored: &str) -> String {
        let plain = call_part(stored);
        if self.rule.allows(plain) && self.claim(plain) {
            return plain.to_owned();
        }
        // Each round hashes another number; there are far more marks than calls.
        let mut round = 0;
        loop {
            let id = self.rule.make(plain, mark(stored, round));
            if self.claim(&id) {
                return id;
            }
            round += 1;
        }
    }

    fn claim(&mut self, id: &str) -> bool {
        self.taken.insert(id.to_owned())
    }
}

/// OpenAI's responses have two ids per call, which are stored as `call|item`; the first one is the call's.
pub(crate) fn call_part(stored: &str) -> &str {
    stored.split_once('|').map_or(stored, |(call, _)| call)
}

/// What all APIs allow in ids and names.
fn is_id_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// FNV-1a (Fowler, Noll, Vo), folded to 32 bits: not for secrets, only to tell ids apart.
fn mark(text: &str, round: u64) -> u32 {
    let bytes = text.bytes().chain(round.to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    u32::try_from((hash >> 32) ^ (hash & 0xffff_ffff)).unwrap_or_default()
}

/// Longest name of a tool: OpenAI's and Google's limit.
const MAX_NAME_BYTES: usize = 64;

/// A tool's name that every API accepts. A model may have called what no tool is named.
pub(crate) fn plain_name(name: &str) -> Cow<'_, str> {
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins_well && name.len() <= MAX_NAME_BYTES && name.chars().all(is_id_char) {
        return Cow::Borrowed(name);
    }
    let begin = if begins_well { "" } else { "_" };
    let rest = name.chars().map(|c| if is_id_char(c) { c } else { '_' });
    Cow::Owned(begin.chars().chain(rest).take(MAX_NAME_BYTES).collect())
}

#[cfg(test)]
mod tests {
    use super::{IdRule, Ids, plain_name};
    use proptest::prelude::*;

    #[test]
    fn ids_stay_when_they_can() {
        let mut ids = Ids::new(IdRule::Plain { max_len: 40 });
        assert_eq!(ids.take("call_1"), "call_1");
        assert_eq!(ids.take("call_2|fc_9"), "call_2");
        let again = ids.take("call_1");
        assert!(again.starts_with("call_1_") && again.len() == 15, "{again}");
        let odd = ids.take("günter!");
        assert!(odd.starts_with("g_nter__"), "{odd}");
        assert!(ids.take("").starts_with("call_"));
        assert!(ids.take(&"x".repeat(450)).len() <= 40);
        let mut ids = Ids::new(IdRule::Nine);
        assert_eq!((ids.take("abcdefGH1").as_str(), ids.take("call_1").len()), ("abcdefGH1", 9));
        assert!(ids.take("abcdefGH1").bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    #[test]
    fn names_become_plain() {
        let rows = [("read", "read"), ("read file", "read_file"), ("3d", "_3d"), ("", "_"), ("ü", "__")];
        for (name, expected) in rows {
            assert_eq!(plain_name(name), expected, "{name}");
        }
        assert_eq!(plain_name(&"a".repeat(100)).len(), 64);
    }

    proptest! {
        #[test]
        fn ids_are_valid_unique_and_depend_on_the_past_only(stored in proptest::collection::vec("[ab|é]{0,3}|.{0,90}", 0..20)) {
            let take = |stored: &[String]| {
                let mut ids = Ids::new(IdRule::Plain { max_len: 40 });
                stored.iter().map(|id| ids.take(id)).collect::<Vec<_>>()
            };
            let all = take(&stored);
            for (index, id) in all.iter().enumerate() {
                prop_assert!(!id.is_empty() && id.len() <= 40);
                prop_assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'));
                prop_assert!(!all[..index].contains(id));
            }
            let half = stored.len() / 2;
            prop_assert_eq!(&take(&stored[..half]), &all[..half]);
        }
    }
}
