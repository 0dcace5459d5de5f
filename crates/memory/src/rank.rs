//! Ranking windows by their words. Pure.
//!
//! BM25 (Robertson and Zaragoza 2009) with the window of a row, headings included, as the document. A term counts
//! once per row that holds it.

use std::ops::Range;

use crate::layout::{Row, headings};

/// How fast repeated terms stop counting, and how much long windows are discounted: the usual values.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// Where the terms of a query stand in one note.
pub(crate) struct FileMatches {
    /// The note.
    pub(crate) file: i64,
    /// All its rows.
    pub(crate) rows: Vec<Row>,
    /// For each term of the query, the rows that hold it.
    pub(crate) matches: Vec<Vec<usize>>,
}

/// Sums over the whole index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Collection {
    /// Windows.
    pub(crate) windows: usize,
    /// Terms in all of them.
    pub(crate) window_terms: usize,
}

/// A window that matched.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ranked {
    /// Position of the note in what was given.
    pub(crate) file: usize,
    /// First and last row.
    pub(crate) window: (usize, usize),
    /// BM25 as a share of the best that the query could score, stretched; from 0 to 1.
    pub(crate) score: f64,
    /// The query's information (sum of inverse document frequencies) that the window has, as a share; from 0 to 1.
    pub(crate) coverage: f64,
}

/// The best windows, best first. A row is shown once: a window whose own row is part of an earlier one is left out.
pub(crate) fn rank(files: &[FileMatches], terms: usize, collection: Collection, limit: usize) -> Vec<Ranked> {
    let candidates = Candidates::collect(files, terms);
    let idf = candidates.inverse_frequencies(collection.windows);
    let mut scored: Vec<(f64, usize)> =
        (0..candidates.places.len()).map(|at| (candidates.bm25(at, files, &idf, collection), at)).collect();
    // Equal scores keep the order of notes and rows, so that the same question has the same answer.
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let total: f64 = idf.iter().sum();
    let mut shown: Vec<Vec<bool>> = files.iter().map(|file| vec![false; file.rows.len()]).collect();
    let mut ranked = Vec::new();
    for (bm25, at) in scored {
        let (file, row) = candidates.places[at];
        let Some(window) = files[file].rows[row].window() else { continue };
        if ranked.len() == limit {
            break;
        }
        if shown[file][row] {
            continue;
        }
        shown[file][window.clone()].fill(true);
        ranked.push(Ranked {
            file,
            window: (*window.start(), *window.end()),
            score: stretch(bm25 / (total * (K1 + 1.0))),
            coverage: candidates.coverage(at, &idf) / total,
        });
    }
    ranked
}

/// A window with every term of the query once reaches about 0.45 of the best possible BM25; this makes it about 0.8
/// and keeps the order.
fn stretch(share: f64) -> f64 {
    1.0 - (1.0 - share.clamp(0.0, 1.0)).powi(3)
}

/// Windows that hold at least one term.
struct Candidates {
    terms: usize,
    /// Note and row.
    places: Vec<(usize, usize)>,
    /// How often each term stands in each window, window by window.
    counts: Vec<u16>,
}

impl Candidates {
    fn collect(files: &[FileMatches], terms: usize) -> Self {
        let mut found = Self { terms, places: Vec::new(), counts: Vec::new() };
        for (at, file) in files.iter().enumerate() {
            let sums: Vec<Vec<u16>> =
                file.matches.iter().map(|rows| running_sums(rows, file.rows.len())).collect();
            for row in 0..file.rows.len() {
                found.add((at, row), file, &sums);
            }
        }
        found
    }

    fn add(&mut self, place: (usize, usize), file: &FileMatches, sums: &[Vec<u16>]) {
        let Some(window) = file.rows[place.1].window() else { return };
        let range = *window.start()..*window.end() + 1;
        let before = self.counts.len();
        self.counts.extend(sums.iter().map(|sums| count(sums, &range)));
        for heading in headings(&file.rows, place.1) {
            for (slot, sums) in self.counts[before..].iter_mut().zip(sums) {
                *slot += count(sums, &(heading..heading + 1));
            }
        }
        if self.counts[before..].iter().all(|&count| count == 0) {
            self.counts.truncate(before);
        } else {
            self.places.push(place);
        }
    }

    fn of(&self, at: usize) -> &[u16] {
        &self.counts[at * self.terms..(at + 1) * self.terms]
    }

    /// `ln(1 + (N - n + 0.5) / (n + 0.5))` for each term, with N windows of which n hold it; never negative.
    fn inverse_frequencies(&self, windows: usize) -> Vec<f64> {
        let mut holding = vec![0_usize; self.terms];
        for at in 0..self.places.len() {
            for (slot, &count) in holding.iter_mut().zip(self.of(at)) {
                *slot += usize::from(count > 0);
            }
        }
        let idf = |n: usize| (1.0 + (float(windows.saturating_sub(n)) + 0.5) / (float(n) + 0.5)).ln();
        holding.into_iter().map(idf).collect()
    }

    fn bm25(&self, at: usize, files: &[FileMatches], idf: &[f64], collection: Collection) -> f64 {
        let (file, row) = self.places[at];
        let length = f64::from(files[file].rows[row].window_terms);
        let average = float(collection.window_terms.max(1)) / float(collection.windows.max(1));
        let norm = K1 * (1.0 - B + B * length / average);
        let weigh = |(&count, &idf): (&u16, &f64)| {
            let count = f64::from(count);
            idf * count * (K1 + 1.0) / (count + norm)
        };
        self.of(at).iter().zip(idf).map(weigh).sum()
    }

    fn coverage(&self, at: usize, idf: &[f64]) -> f64 {
        self.of(at).iter().zip(idf).filter(|(count, _)| **count > 0).map(|(_, idf)| idf).sum()
    }
}

/// `sums[i]`: how many of the first `i` rows hold the term, wrapping; only differences within a window are used, and
/// a window is far smaller than a `u16`.
fn running_sums(rows: &[usize], len: usize) -> Vec<u16> {
    let mut sums = vec![0_u16; len + 1];
    for &row in rows.iter().filter(|&&row| row < len) {
        sums[row + 1] = 1;
    }
    for at in 1..sums.len() {
        sums[at] = sums[at].wrapping_add(sums[at - 1]);
    }
    sums
}

fn count(sums: &[u16], rows: &Range<usize>) -> u16 {
    sums[rows.end].wrapping_sub(sums[rows.start])
}

/// Exact: counts of rows and terms are far below 2^52.
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::{Collection, FileMatches, rank};
    use crate::layout::lay_out;
    use proptest::prelude::*;

    /// Ranks texts against terms the slow and obvious way around an index.
    fn ranked(texts: &[&str], query: &[&str], limit: usize) -> Vec<super::Ranked> {
        let mut collection = Collection { windows: 0, window_terms: 0 };
        let mut files = Vec::new();
        for (file, text) in (0..).zip(texts) {
            let layout = lay_out(text);
            for row in layout.rows.iter().filter(|row| row.window().is_some()) {
                collection.windows += 1;
                collection.window_terms += row.window_terms as usize;
            }
            let holding = |term: &&str| {
                let has = |row: &usize| layout.terms[*row].iter().any(|t| t == term);
                (0..layout.rows.len()).filter(has).collect()
            };
            let matches = query.iter().map(holding).collect();
            files.push(FileMatches { file, rows: layout.rows, matches });
        }
        rank(&files, query.len(), collection, limit)
    }

    #[test]
    fn rare_words_and_headings_count() {
        let far = "filler\n".repeat(100);
        let texts = ["# Tea\ngreen", "# Coffee\ngreen", far.as_str()];
        let found = ranked(&texts, &["tea", "green"], 6);
        assert_eq!(found.iter().map(|hit| hit.file).collect::<Vec<_>>(), [0, 1]);
        assert!((found[0].coverage - 1.0).abs() < 1e-9 && found[1].coverage < 0.6);
        assert!(found[0].score > found[1].score && found[0].score > 0.6);
        assert!(ranked(&texts, &["quantum"], 6).is_empty());
        assert!(ranked(&[], &["tea"], 6).is_empty());
    }

    proptest! {
        #[test]
        fn fewer_results_are_a_prefix_and_scores_fall(
            texts in proptest::collection::vec("((a|b|c|d|# a|x{200}|y{300}|) ?(a|b|c)?\n){0,20}", 0..4),
            limit in 0_usize..12,
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let all = ranked(&texts, &["b", "c", "zz"], 50);
            prop_assert_eq!(&ranked(&texts, &["b", "c", "zz"], limit)[..], &all[..limit.min(all.len())]);
            for hit in &all {
                prop_assert!((0.0..=1.0).contains(&hit.score) && (0.0..=1.0).contains(&hit.coverage));
            }
            prop_assert!(all.is_sorted_by(|a, b| a.score >= b.score));
        }
    }
}
