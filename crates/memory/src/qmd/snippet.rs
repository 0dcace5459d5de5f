//! From the program's snippet to whole lines with their numbers.

/// Lines of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) start_line: u32,
    pub(super) end_line: u32,
    pub(super) text: String,
}

/// The lines of a snippet, without its header `@@ -start,count @@ (n before, m after)` and without blank lines at either
/// end. `line` is where it begins if it has no header.
pub(super) fn lines(snippet: &str, line: Option<u32>, max_chars: usize) -> Option<Shown> {
    let (start, body) = match header(snippet) {
        Some((start, body)) => (start, body),
        None => (line.unwrap_or(1).max(1), snippet),
    };
    let all: Vec<&str> = body.lines().map(str::trim_end).collect();
    let first = all.iter().position(|line| !line.is_empty())?;
    let last = all.iter().rposition(|line| !line.is_empty())?;
    let (mut text, mut shown, mut left) = (String::new(), 0_u32, max_chars);
    for line in all.get(first..=last).unwrap_or_default() {
        let separator = usize::from(shown > 0);
        let chars = line.chars().count();
        if chars + separator > left && shown > 0 {
            break;
        }
        if shown > 0 {
            text.push('\n');
        }
        // The first line is shown in part when it alone is too long.
        text.extend(line.chars().take(left - separator));
        left = left.saturating_sub(chars + separator);
        shown += 1;
    }
    while text.ends_with('\n') {
        text.pop();
        shown -= 1;
    }
    let start_line = start.saturating_add(u32::try_from(first).unwrap_or(u32::MAX));
    Some(Shown { start_line, end_line: start_line.saturating_add(shown.saturating_sub(1)), text })
}

/// The first line that a header names, and what follows it.
fn header(snippet: &str) -> Option<(u32, &str)> {
    let (first, body) = snippet.split_once('\n').unwrap_or((snippet, ""));
    let numbers = first.trim_start().strip_prefix("@@ -")?;
    let (start, rest) = numbers.split_once(',')?;
    let count = rest.split(' ').next()?;
    count.parse::<u32>().ok()?;
    Some((start.parse::<u32>().ok()?.max(1), body))
}

/// Moves lines to where they stand in the document now: the index may be older than it, and a program that looks at a
/// piece of a document counts from a line that it has only in part. Lines that are nowhere stay where they are.
pub(super) fn anchored(shown: Shown, document: &str) -> Shown {
    // The longest line is the least likely to stand in two places.
    let longest = shown.text.lines().enumerate().max_by_key(|(_, line)| line.len());
    let Some((offset, line)) = longest else { return shown };
    let expected = (shown.start_line as usize).saturating_sub(1) + offset;
    let places = document.lines().enumerate().filter(|(_, there)| there.trim_end() == line);
    let Some((place, _)) = places.min_by_key(|(place, _)| place.abs_diff(expected)) else { return shown };
    let Ok(start_line) = u32::try_from((place + 1).saturating_sub(offset).max(1)) else { return shown };
    let end_line = start_line + (shown.end_line - shown.start_line);
    Shown { start_line, end_line, ..shown }
}

/// The headings above a line, nearest first; those in code are none.
pub(super) fn headings(document: &str, line: u32) -> Vec<&str> {
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut is_code = false;
    for text in document.lines().take(line.saturating_sub(1) as usize) {
        let text = text.trim();
        is_code ^= text.starts_with("```") || text.starts_with("~~~");
        let level = text.len() - text.trim_start_matches('#').len();
        if !is_code && (1..=6).contains(&level) && text[level..].starts_with([' ', '\t']) {
            open.retain(|(above, _)| *above < level);
            open.push((level, text));
        }
    }
    open.iter().rev().map(|(_, text)| *text).collect()
}

#[cfg(test)]
mod tests {
    use super::{Shown, anchored, headings, lines};
    use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

    fn shown(start_line: u32, end_line: u32, text: &str) -> Option<Shown> {
        Some(Shown { start_line, end_line, text: text.into() })
    }

    #[test]
    fn headers_become_line_numbers() {
        let rows = [
            ("@@ -2,4 @@ (1 before, 0 after)\n\n- tea\n- cake\n", None, shown(3, 4, "- tea\n- cake")),
            ("@@ -1,1 @@ (0 before, 0 after)\ntea", None, shown(1, 1, "tea")),
            ("@@ -7,3 @@\na\r\n\r\nb\r\n", None, shown(7, 9, "a\n\nb")),
            ("tea\ncake", Some(5), shown(5, 6, "tea\ncake")),
            ("tea", None, shown(1, 1, "tea")),
            ("@@ -0,1 @@\ntea", None, shown(1, 1, "tea")),
            ("@@ -x,1 @@\ntea", None, shown(1, 2, "@@ -x,1 @@\ntea")),
            ("@@ -4294967295,2 @@\na\nb", None, shown(u32::MAX, u32::MAX, "a\nb")),
            ("@@ -2,4 @@ (1 before, 0 after)\n\n\n", None, None),
            ("", None, None),
        ];
        for (snippet, line, expected) in rows {
            assert_eq!(lines(snippet, line, 700), expected, "{snippet:?}");
        }
    }

    #[test]
    fn long_snippets_are_cut_at_lines() {
        assert_eq!(lines("@@ -1,3 @@\nabc\ndef\nghi", None, 8), shown(1, 2, "abc\ndef"));
        assert_eq!(lines("@@ -1,3 @@\nabc\ndef\nghi", None, 7), shown(1, 2, "abc\ndef"));
        assert_eq!(lines("@@ -1,3 @@\nabc\ndef\nghi", None, 6), shown(1, 1, "abc"));
        assert_eq!(lines("@@ -9,1 @@\näöüß", None, 2), shown(9, 9, "äö"));
        assert_eq!(lines("@@ -1,3 @@\na\n\nlonger", None, 3), shown(1, 1, "a"));
    }

    #[test]
    fn moved_lines_are_found_again() {
        let found = |start, end, text: &str| shown(start, end, text).unwrap();
        let document = "new\n\n# Title\n- tea\n- a longer line\nend\n- a longer line\n";
        let moved = anchored(found(2, 3, "- tea\n- a longer line"), document);
        assert_eq!((moved.start_line, moved.end_line), (4, 5));
        let nearest = anchored(found(8, 8, "- a longer line"), document);
        assert_eq!(nearest.start_line, 7);
        let gone = anchored(found(2, 2, "nowhere"), document);
        assert_eq!(gone.start_line, 2);
    }

    #[test]
    fn headings_above_are_found() {
        let document = "# A\n## B\n#tag\n### C\n## D\n```\n# no\n```\ntext\n# E\n";
        let rows: [(u32, &[&str]); 5] =
            [(1, &[]), (2, &["# A"]), (5, &["### C", "## B", "# A"]), (9, &["## D", "# A"]), (99, &["# E"])];
        for (line, expected) in rows {
            assert_eq!(headings(document, line), expected, "{line}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn any_snippet_keeps_its_bounds(
            snippet in "(@@ -[0-9]{1,11},[0-9]{1,4} @@.{0,9}\n)?((a|ä|\r|\n|\\PC){0,40})",
            document in "((a|ä|\n){0,40})",
            max in 1_usize..50,
        ) {
            if let Some(found) = lines(&snippet, None, max) {
                let count = found.text.lines().count();
                prop_assert!(found.text.chars().count() <= max);
                prop_assert!(found.start_line >= 1);
                if found.start_line < u32::MAX - 100 {
                    prop_assert_eq!((found.end_line - found.start_line) as usize + 1, count);
                }
                let moved = anchored(found, &document);
                prop_assert!(moved.start_line >= 1 && moved.end_line >= moved.start_line);
            }
        }
    }
}
