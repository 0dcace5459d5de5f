//! Two texts as a unified diff.

use std::fmt::Write as _;

/// Lines around a change.
const CONTEXT: usize = 3;
/// Lines of the differing middle; the table of the comparison is quadratic in them (4 MB at this size).
const MAX_LINES: usize = 1000;

/// One line of a diff: in both texts, in the old one, in the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line<'t> {
    Same(&'t str),
    Gone(&'t str),
    New(&'t str),
}

/// The diff of two texts; empty if they are equal. Texts that differ in very many lines are shown as a replacement.
pub(super) fn unified(name: &str, old: &str, new: &str) -> String {
    let lines = compare(&old.lines().collect::<Vec<_>>(), &new.lines().collect::<Vec<_>>());
    let changed: Vec<usize> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| !matches!(line, Line::Same(_)))
        .map(|(at, _)| at)
        .collect();
    let mut out = String::new();
    let mut rest = &changed[..];
    while let Some(first) = rest.first() {
        // Changes with little between them share a hunk.
        let len = 1 + rest.windows(2).take_while(|pair| pair[1] - pair[0] <= 2 * CONTEXT).count();
        let last = rest[len - 1];
        rest = &rest[len..];
        hunk(&mut out, &lines, first.saturating_sub(CONTEXT), (last + CONTEXT + 1).min(lines.len()));
    }
    if out.is_empty() {
        out
    } else {
        format!("--- {name}\n+++ {name} (repaired)\n{}", out.trim_end_matches('\n'))
    }
}

fn hunk(out: &mut String, lines: &[Line<'_>], start: usize, end: usize) {
    let old = |lines: &[Line<'_>]| lines.iter().filter(|line| !matches!(line, Line::New(_))).count();
    let new = |lines: &[Line<'_>]| lines.iter().filter(|line| !matches!(line, Line::Gone(_))).count();
    let (before, within) = (&lines[..start], &lines[start..end]);
    // A range without lines is named by the line before it.
    let range = |before: usize, len: usize| format!("{},{len}", before + usize::from(len > 0));
    let (gone, come) = (range(old(before), old(within)), range(new(before), new(within)));
    // Writing to a string cannot fail.
    writeln!(out, "@@ -{gone} +{come} @@").ok();
    for line in within {
        let (mark, text) = match line {
            Line::Same(text) => (' ', text),
            Line::Gone(text) => ('-', text),
            Line::New(text) => ('+', text),
        };
        writeln!(out, "{mark}{text}").ok();
    }
}

/// Longest common subsequence of what lies between the common beginning and the common end.
fn compare<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Line<'t>> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let (gone, come) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut lines: Vec<Line<'t>> = old[..head].iter().map(|line| Line::Same(line)).collect();
    if gone.len() > MAX_LINES || come.len() > MAX_LINES {
        lines.extend(gone.iter().map(|line| Line::Gone(line)));
        lines.extend(come.iter().map(|line| Line::New(line)));
    } else {
        middle(gone, come, &mut lines);
    }
    lines.extend(old[old.len() - tail..].iter().map(|line| Line::Same(line)));
    lines
}

fn middle<'t>(old: &[&'t str], new: &[&'t str], lines: &mut Vec<Line<'t>>) {
    // common[i][j]: the longest common subsequence of old[i..] and new[j..].
    let mut common = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() && j < new.len() {
        if old[i] == new[j] {
            lines.push(Line::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if common[i + 1][j] >= common[i][j + 1] {
            lines.push(Line::Gone(old[i]));
            i += 1;
        } else {
            lines.push(Line::New(new[j]));
            j += 1;
        }
    }
    lines.extend(old[i..].iter().map(|line| Line::Gone(line)));
    lines.extend(new[j..].iter().map(|line| Line::New(line)));
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn hunks() {
        let old: String = (1..=20).map(|n| format!("{n}\n")).collect();
        let new = old.replacen("3\n", "x\n", 1).replace("18\n", "18\ny\n");
        let shown = unified("f", &old, &new);
        assert!(shown.starts_with("--- f\n+++ f (repaired)\n@@ -1,6 +1,6 @@\n 1\n 2\n-3\n+x\n"), "{shown}");
        assert!(shown.ends_with(" 18\n+y\n 19\n 20"), "{shown}");
        assert_eq!(shown.matches("@@ -").count(), 2, "{shown}");
        assert_eq!(unified("f", &old, &old), "");
        assert_eq!(unified("f", "", "a"), "--- f\n+++ f (repaired)\n@@ -0,0 +1,1 @@\n+a");
    }

    #[test]
    fn large_texts_stay_cheap() {
        let old: String = (0..3000).map(|n| format!("{n}\n")).collect();
        let new: String = (0..3000).map(|n| format!("x{n}\n")).collect();
        assert_eq!(unified("f", &old, &new).lines().count(), 6003);
    }
}
