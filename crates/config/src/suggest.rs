//! "Did you mean": the word nearest in spelling.

/// Longer words are not compared: nobody misspells a key at this length, and the comparison is quadratic.
const MAX_WORD_CHARS: usize = 64;

/// The candidate nearest to `word`, if one is near enough: one edit for short words, a third of longer ones.
pub(crate) fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<String> {
    let word: Vec<char> = word.chars().take(MAX_WORD_CHARS + 1).flat_map(char::to_lowercase).collect();
    if word.len() > MAX_WORD_CHARS {
        return None;
    }
    let allowed = (word.len() / 3).max(1);
    candidates
        .map(|candidate| (distance(&word, &candidate.to_lowercase().chars().collect::<Vec<_>>()), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.to_owned())
}

/// Edits between two words, a swap of neighbours counting as one (optimal string alignment distance).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, to) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(from != to);
            row[j + 1] = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to {
                row[j + 1] = row[j + 1].min(before_last[j - 1] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn suggests_only_near_words() {
        let keys = ["port", "mode", "bind", "auth", "trustedProxies", "controlUi"];
        let rows = [
            ("prot", Some("port")),
            ("Port", Some("port")),
            ("trustedProxy", Some("trustedProxies")),
            ("controlUI", Some("controlUi")),
            ("control_ui", Some("controlUi")),
            ("zebra", None),
            ("x", None),
            ("", None),
        ];
        for (word, expected) in rows {
            assert_eq!(nearest(word, keys.into_iter()).as_deref(), expected, "{word}");
        }
        assert_eq!(nearest(&"p".repeat(10_000), keys.into_iter()), None);
    }
}
