//! From what the program printed to results of the port.

use super::error::QmdError;
use super::locate::Locator;
use super::options::{QmdLimits, QmdOptions};
use super::output::Entry;
use super::{snippet, values};
use crate::backend::{Hit, Query};

/// The results, best first, with lines as they are in the files now.
pub(super) fn hits(options: &QmdOptions, entries: Vec<Entry>) -> Result<Vec<Hit>, QmdError> {
    let count = entries.len();
    let mut locator = Locator::new(options);
    let mut hits: Vec<Hit> = Vec::new();
    let mut located = 0;
    for entry in entries {
        let Some(file) = locator.locate(&entry) else { continue };
        located += 1;
        let lines = snippet::lines(&entry.snippet, entry.line, options.limits.max_snippet_chars);
        let Some(shown) = lines.map(|shown| snippet::anchored(shown, &file.text)) else { continue };
        let score = if entry.score.is_finite() { entry.score.clamp(0.0, 1.0) } else { 0.0 };
        let score = hits.last().map_or(score, |before| score.min(before.score));
        let is_new = |hit: &Hit| hit.path != file.path || hit.start_line != shown.start_line;
        // MEMORY.md and memory.md are one file where capitals make no difference.
        if hits.iter().all(is_new) {
            hits.push(values::hit(file.path, shown, score, file.source, &file.text));
        }
    }
    if count > 0 && located == 0 {
        return Err(QmdError::Unknown { count, index: options.index() });
    }
    Ok(hits)
}

/// What of it a query gets. Asking for fewer results never changes their order.
pub(super) fn cut(mut hits: Vec<Hit>, limits: &QmdLimits, query: &Query) -> Vec<Hit> {
    hits.retain(|hit| hit.score >= query.min_score);
    hits.truncate(limits.max_results.min(query.max_results));
    let mut left = limits.max_injected_chars;
    hits.retain_mut(|hit| {
        let chars = hit.snippet.chars().count();
        if chars > left {
            // The last one that is shown at all is shown in part, by whole lines.
            let Some(shown) = snippet::lines(&hit.snippet, Some(hit.start_line), left).filter(|_| left > 0)
            else {
                return false;
            };
            *hit = values::shortened(hit.clone(), shown);
            left = 0;
            return true;
        }
        left -= chars;
        true
    });
    hits
}

#[cfg(test)]
mod tests {
    use super::cut;
    use crate::backend::{Hit, Query, Source};
    use crate::qmd::options::QmdLimits;
    use crate::qmd::snippet::Shown;
    use crate::qmd::values;
    use std::time::Duration;

    fn hit(text: &str, score: f64) -> Hit {
        let end_line = u32::try_from(text.lines().count()).unwrap();
        values::hit(
            "a.md".into(),
            Shown { start_line: 1, end_line, text: text.into() },
            score,
            Source::Memory,
            text,
        )
    }

    #[test]
    fn results_are_cut_by_score_count_and_characters() {
        let hits = vec![hit("one\ntwo", 0.9), hit("three\nfour", 0.5), hit("five", 0.4)];
        let rows = [
            (6, 0.0, 100, vec!["one\ntwo", "three\nfour", "five"]),
            (2, 0.0, 100, vec!["one\ntwo", "three\nfour"]),
            (6, 0.45, 100, vec!["one\ntwo", "three\nfour"]),
            (6, 0.0, 13, vec!["one\ntwo", "three"]),
            (6, 0.0, 7, vec!["one\ntwo"]),
            (6, 0.0, 2, vec!["on"]),
        ];
        for (max_results, min_score, max_injected_chars, expected) in rows {
            let limits = QmdLimits {
                max_results: 6,
                max_snippet_chars: 700,
                max_injected_chars,
                query_limit: Duration::ZERO,
            };
            let query = Query { max_results, min_score, ..Query::new("x") };
            let found = cut(hits.clone(), &limits, &query);
            let shown: Vec<&str> = found.iter().map(|hit| hit.snippet.as_str()).collect();
            assert_eq!(shown, expected);
            for hit in found {
                assert_eq!((hit.end_line - hit.start_line) as usize + 1, hit.snippet.lines().count());
            }
        }
    }

    #[test]
    fn fewer_results_are_the_first_of_more() {
        let hits = [hit("one\ntwo", 0.9), hit("three\nfour", 0.9), hit("five", 0.4), hit("six", 0.3)];
        for max_injected_chars in 0..25 {
            let limits = QmdLimits {
                max_results: 6,
                max_snippet_chars: 700,
                max_injected_chars,
                query_limit: Duration::ZERO,
            };
            let ask = |max_results| cut(hits.to_vec(), &limits, &Query { max_results, ..Query::new("x") });
            let all = ask(6);
            for fewer in 0..=6 {
                assert_eq!(ask(fewer)[..], all[..fewer.min(all.len())], "{max_injected_chars}");
            }
        }
    }
}
