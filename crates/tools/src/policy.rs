//! Which tools an agent may use.

/// Names of allowed and denied tools. `*` stands for any run of characters; case does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Nothing else is allowed; empty means everything.
    pub allow: Vec<String>,
    /// Never allowed, whatever `allow` says.
    pub deny: Vec<String>,
}

impl Policy {
    /// Whether a tool may be used: deny wins over allow (S-061).
    #[must_use]
    pub fn permits(&self, name: &str) -> bool {
        let name = name.trim().to_lowercase();
        let listed = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, &name));
        !listed(&self.deny) && (self.allow.is_empty() || listed(&self.allow))
    }
}

/// Whether the name is the pattern's pieces in order, anchored at both ends.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern = pattern.trim().to_lowercase();
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for piece in middle.split('*') {
        let Some((_, after)) = left.split_once(piece) else { return false };
        left = after;
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::Policy;
    use proptest::prelude::*;

    fn policy(allow: &[&str], deny: &[&str]) -> Policy {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Policy { allow: owned(allow), deny: owned(deny) }
    }

    #[test]
    fn table() {
        let rows = [
            (policy(&[], &[]), "exec", true),
            (policy(&["read"], &[]), "read", true),
            (policy(&[" READ "], &[]), "read", true),
            (policy(&["read"], &[]), "reader", false),
            (policy(&["read"], &["read"]), "read", false),
            (policy(&["*"], &["exec"]), "exec", false),
            (policy(&["memory_*"], &[]), "memory_get", true),
            (policy(&["memory_*"], &[]), "session_status", false),
            (policy(&["*_s*h"], &[]), "memory_search", true),
            (policy(&["a*a"], &[]), "a", false),
            (policy(&["a*b*c"], &[]), "a-c-b", false),
            (policy(&[], &["*"]), "read", false),
            (policy(&[""], &[]), "read", false),
        ];
        for (policy, name, expected) in rows {
            assert_eq!(policy.permits(name), expected, "{policy:?} {name}");
        }
    }

    proptest! {
        #[test]
        fn more_denials_never_allow_more(
            allow in proptest::collection::vec("[ab*]{0,3}", 0..3),
            deny in proptest::collection::vec("[ab*]{0,3}", 0..3),
            more in "[ab*]{0,3}",
            name in "[ab]{1,4}",
        ) {
            let before = Policy { allow, deny };
            let mut after = before.clone();
            after.deny.push(more);
            prop_assert!(before.permits(&name) || !after.permits(&name));
        }
    }
}
