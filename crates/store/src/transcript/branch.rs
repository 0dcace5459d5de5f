//! The active branch: the path from the last record to its root, and what of it the model sees.

use std::sync::Arc;

use super::context::{HistoryItem, item_of};
use super::line::payload;
use super::pairing::{OpenCall, Paired, pair};
use super::scan::{Record, Scan};
use super::{Settings, context};

/// What a transcript amounts to.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) settings: Settings,
    /// Every call is followed by its result, but for those in `open`.
    pub(super) items: Vec<Arc<HistoryItem>>,
    pub(super) patched_calls: usize,
    pub(super) orphan_results: usize,
    /// Calls at the very end that have no result.
    pub(super) open: Vec<OpenCall>,
}

/// Reads the active branch.
pub(super) fn read(scan: &Scan<'_>) -> Branch {
    let path = path_to_leaf(&scan.records);
    let Paired { items, patched_calls, orphan_results, open } = pair(context_of(&path));
    let items = items.into_iter().map(Arc::new).collect();
    Branch { settings: settings_of(&path), items, patched_calls, orphan_results, open }
}

fn path_to_leaf<'s, 'a>(records: &'s [Record<'a>]) -> Vec<&'s Record<'a>> {
    let parent = |record: &&'s Record<'a>| record.parent.and_then(|parent| records.get(parent));
    let mut path: Vec<_> = std::iter::successors(records.last(), parent).collect();
    path.reverse();
    path
}

/// The last compaction's summary, the records it kept, and what came after it.
fn context_of(path: &[&Record<'_>]) -> Vec<HistoryItem> {
    let Some(at) = path.iter().rposition(|record| record.line.kind == "compaction") else {
        return path.iter().filter_map(|record| item_of(record)).collect();
    };
    let (before, from) = path.split_at(at);
    let Some((compaction, after)) = from.split_first() else { return Vec::new() };
    // A first kept record that is gone keeps nothing: what it would have kept is in the summary, or on the disk.
    let first_kept = before.iter().position(|record| record.is_first_kept_of(&compaction.line));
    let kept = before.get(first_kept.unwrap_or(before.len())..).unwrap_or_default();
    let summary = context::summary_of(compaction);
    let items = kept.iter().chain(after).filter_map(|record| item_of(record));
    summary.into_iter().chain(items).collect()
}

fn settings_of(path: &[&Record<'_>]) -> Settings {
    let model = |record: &&Record<'_>| {
        let line = &record.line;
        (line.kind == "model_change")
            .then(|| Some((payload(line.provider)?, payload(line.model_id)?)))
            .flatten()
    };
    let thinking = |record: &&Record<'_>| {
        let line = &record.line;
        (line.kind == "thinking_level_change").then(|| payload(line.thinking_level)).flatten()
    };
    Settings {
        model: path.iter().rev().find_map(model),
        thinking_level: path.iter().rev().find_map(thinking),
    }
}
