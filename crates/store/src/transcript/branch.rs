//! The active branch: the path from the leaf to its root, and what of it the model sees.

use std::sync::Arc;

use openclaw_protocol::message::Message;

use super::context::{HistoryItem, HistoryOrigin, item_of};
use super::line::{Line, Parent, payload};
use super::pairing::{OpenCall, Paired, pair};
use super::scan::{Record, Scan, path_up};
use super::{RecordId, Settings, context};

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
    let path = path_to_leaf(scan);
    let Paired { items, patched_calls, orphan_results, open } = pair(context_of(&path));
    let items = items.into_iter().map(Arc::new).collect();
    Branch { settings: settings_of(&path), items, patched_calls, orphan_results, open }
}

/// Whether the end of a file says all that the model must see: whether the path goes up to a compaction, and from
/// there to the first record that it kept.
pub(super) fn is_complete(scan: &Scan<'_>) -> bool {
    let path = path_to_leaf(scan);
    let Some((before, compaction, _)) = split_at_compaction(&path) else { return false };
    let kept: Option<String> = payload(compaction.line.first_kept_entry_id);
    scan.named && kept.is_some_and(|id| before.iter().any(|record| record.id.as_str() == id))
}

/// The first user's message of the active branch, with which a conversation can begin.
pub(super) fn first_said(scan: &Scan<'_>) -> Option<RecordId> {
    let is_said = |item: &HistoryItem| {
        item.origin == HistoryOrigin::Message && matches!(item.message.as_deref(), Some(Message::User(_)))
    };
    path_to_leaf(scan).into_iter().filter_map(item_of).find(is_said).and_then(|item| item.record)
}

fn path_to_leaf<'s, 'a>(scan: &'s Scan<'a>) -> Vec<&'s Record<'a>> {
    let up = scan.leaf.into_iter().flat_map(|leaf| path_up(&scan.records, leaf));
    let mut path: Vec<_> = up.filter_map(|index| scan.records.get(index)).collect();
    path.reverse();
    path
}

/// A path as a compaction divides it: what is before it, itself, and what is after it.
type Divided<'p, 's, 'a> = (&'p [&'s Record<'a>], &'s Record<'a>, &'p [&'s Record<'a>]);

fn split_at_compaction<'p, 's, 'a>(path: &'p [&'s Record<'a>]) -> Option<Divided<'p, 's, 'a>> {
    let at = path.iter().rposition(|record| record.line.kind == "compaction")?;
    let (before, from) = path.split_at(at);
    let (compaction, after) = from.split_first()?;
    Some((before, compaction, after))
}

/// The last compaction's summary, the records it kept, and what came after it.
fn context_of(path: &[&Record<'_>]) -> Vec<HistoryItem> {
    let Some((before, compaction, after)) = split_at_compaction(path) else {
        return path.iter().filter_map(|record| item_of(record)).collect();
    };
    let kept_from = first_kept(before, &compaction.line).unwrap_or(before.len());
    let kept = before.get(kept_from..).unwrap_or_default();
    let summary = context::summary_of(compaction);
    let items = kept.iter().chain(after).filter_map(|record| item_of(record));
    summary.into_iter().chain(items).collect()
}

/// Where the records begin that a compaction kept. The first may be lost: then it was before the record that names it
/// as its parent, or else at a gap. What comes after a gap is rather shown too long than lost. Where nothing is missing
/// there was no such record.
fn first_kept(before: &[&Record<'_>], compaction: &Line<'_>) -> Option<usize> {
    let id: Option<String> = payload(compaction.first_kept_entry_id);
    let after_lost = |record: &&Record<'_>| match &record.line.parent_id {
        Parent::Id(parent) => record.gap && id.as_ref() == Some(parent),
        Parent::None | Parent::Unsaid => false,
    };
    let named = before.iter().position(|record| record.is_first_kept_of(compaction));
    named
        .or_else(|| before.iter().position(after_lost))
        .or_else(|| before.iter().position(|record| record.gap))
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
