//! Patterns of collections: `**`, `*`, `?`, `[…]` and `{a,b}`, as far as everybody agrees on them.

/// Patterns that the braces of one may stand for; beyond, the rest is not matched.
const MAX_ALTERNATIVES: usize = 64;

/// Whether a path relative to a collection is one of its documents. Names that begin with a dot must be named with it.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let path: Vec<&str> = path.split('/').collect();
    alternatives(pattern).iter().any(|pattern| {
        let pattern: Vec<&str> = pattern.trim_start_matches("./").split('/').collect();
        wild(&pattern, &path, |part| *part == "**", |part, name| segment(part, name))
    })
}

/// The patterns that one with braces stands for.
fn alternatives(pattern: &str) -> Vec<String> {
    let mut open = vec![pattern.to_owned()];
    let mut done = Vec::new();
    while let Some(next) = open.pop() {
        match braces(&next) {
            Some((before, inside, after)) if open.len() + done.len() < MAX_ALTERNATIVES => {
                open.extend(inside.split(',').map(|choice| format!("{before}{choice}{after}")));
            }
            Some(_) | None => done.push(next),
        }
    }
    done
}

/// The first innermost braces.
fn braces(pattern: &str) -> Option<(&str, &str, &str)> {
    let end = pattern.find('}')?;
    let start = pattern[..end].rfind('{')?;
    Some((&pattern[..start], &pattern[start + 1..end], &pattern[end + 1..]))
}

fn segment(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let parts = parts(&pattern);
    wild(
        &parts,
        &name,
        |part| matches!(part, Part::Any),
        |part, &c| match part {
            Part::Any => false,
            Part::One => true,
            Part::Char(wanted) => *wanted == c,
            Part::Set { chars, outside } => in_set(chars, c) != *outside,
        },
    )
}

enum Part<'p> {
    Any,
    One,
    Char(char),
    Set { chars: &'p [char], outside: bool },
}

fn parts(mut pattern: &[char]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    while let Some((&first, rest)) = pattern.split_first() {
        let set = (first == '[').then(|| rest.iter().skip(1).position(|&c| c == ']')).flatten();
        pattern = rest;
        parts.push(match (first, set) {
            ('[', Some(end)) => {
                let outside = matches!(rest.first(), Some('!' | '^'));
                let chars = rest.get(usize::from(outside)..=end).unwrap_or_default();
                pattern = rest.get(end + 2..).unwrap_or_default();
                Part::Set { chars, outside }
            }
            ('*', _) => Part::Any,
            ('?', _) => Part::One,
            (other, _) => Part::Char(other),
        });
    }
    parts
}

fn in_set(chars: &[char], c: char) -> bool {
    let ranges =
        chars.windows(3).any(|window| matches!(window, [from, '-', to] if (*from..=*to).contains(&c)));
    ranges || chars.contains(&c)
}

/// Whether a pattern with wildcards takes all of a sequence. Going back to the last wildcard is enough.
fn wild<P, T>(pattern: &[P], text: &[T], any: impl Fn(&P) -> bool, one: impl Fn(&P, &T) -> bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(part) if any(part) => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(part) if one(part, &text[t]) => {
                p += 1;
                t += 1;
            }
            Some(_) | None => {
                let Some((after, start)) = retry else { return false };
                retry = Some((after, start + 1));
                p = after;
                t = start + 1;
            }
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(any)
}

#[cfg(test)]
mod tests {
    use super::matches;
    use proptest::prelude::{ProptestConfig, prop_assert, proptest};

    #[test]
    fn patterns_match_as_expected() {
        let rows = [
            ("**/*.md", "a.md", true),
            ("**/*.md", "a/b/c.md", true),
            ("**/*.md", "a/b/c.txt", false),
            ("**/*.md", ".obsidian/c.md", true), // `**` does not look at names; see below
            ("*.md", "a/b.md", false),
            ("*.md", ".hidden.md", false),
            (".*.md", ".hidden.md", true),
            ("MEMORY.md", "MEMORY.md", true),
            ("MEMORY.md", "memory.md", false),
            ("MEMORY.md", "AGENTS.md", false),
            ("docs/**", "docs/a/b", true),
            ("docs/**", "other/a", false),
            ("a/**/z.md", "a/z.md", true),
            ("a/**/z.md", "a/b/c/z.md", true),
            ("**/*.{md,txt}", "x/a.txt", true),
            ("**/*.{md,txt}", "x/a.rst", false),
            ("{a,b{c,d}}/x", "bd/x", true),
            ("202[0-5]-??.md", "2024-12.md", true),
            ("202[0-5]-??.md", "2026-12.md", false),
            ("[!a]*.md", "b.md", true),
            ("[!a]*.md", "ab.md", false),
            ("[", "[", true),
            ("[]", "[]", true),
            ("*a*b*c", "xxaxxbxxc", true),
            ("*a*b*c", "xxaxxbxx", false),
            ("./*.md", "a.md", true),
            ("", "a", false),
        ];
        for (pattern, path, expected) in rows {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn any_pattern_comes_to_an_end(pattern in "(\\*|\\?|\\[|\\]|\\{|\\}|,|/|a|-|!){0,40}", path in "[a/-]{0,40}") {
            // Whatever it says about a path, adding `**` as a choice takes everything.
            matches(&pattern, &path);
            let all = format!("{{{},**}}", pattern.replace(['{', '}'], ""));
            prop_assert!(matches(&all, &path));
        }
    }
}
