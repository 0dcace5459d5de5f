//! Changes that can be made on one reading of the texts, so that a thousand of them cost hardly more than one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::change::{Change, ChangeError};
use super::error::EditError;
use super::page::{END, Item, Page, Uprooted};
use super::style::{Content, NewItem};
use super::touched::{Touch, Touched};
use crate::key_path::{KeyPath, Step};
use crate::problem::ConfigError;
use crate::source::{MAIN, Spot};
use crate::text::SyntaxFault;
use crate::tree::{Body, Node, Tree};

/// Changes of one reading.
pub(super) struct Batch<'b> {
    tree: &'b Tree,
    /// The texts that change, by their positions among the sources.
    pages: BTreeMap<usize, Page<'b>>,
    touched: Touched,
    removed: Vec<KeyPath>,
}

/// What a batch makes of the texts.
pub(super) struct Made {
    /// New texts, by the positions of the old ones among the sources.
    pub(super) texts: Vec<(usize, String)>,
    /// The keys that went: another layer may still have them.
    pub(super) removed: Vec<KeyPath>,
}

impl<'b> Batch<'b> {
    pub(super) fn new(tree: &'b Tree) -> Self {
        Self { tree, pages: BTreeMap::new(), touched: Touched::default(), removed: Vec::new() }
    }

    /// Takes a change in; `false` if it needs another reading, and then this batch has to be made first.
    pub(super) fn take(&mut self, change: &'b Change) -> Result<bool, EditError> {
        match change {
            Change::Set { path, value } => match self.tree.root.value_at(path) {
                Some(node) => self.replace(path, node, value),
                None => self.add(path, Content::Value(value)),
            },
            Change::Insert { path, value } => self.insert(path, value),
            Change::Remove { path } => self.remove(path),
            Change::Move { from, to } => self.relocate(from, to),
        }
    }

    /// The new texts; `None` when two changes meet after all.
    pub(super) fn finish(self) -> Option<Made> {
        let texts = self.pages.into_iter().map(|(source, page)| Some((source, page.finish()?)));
        Some(Made { texts: texts.collect::<Option<_>>()?, removed: self.removed })
    }

    /// Writes a value over the one that is there.
    fn replace(&mut self, path: &KeyPath, node: &Node, value: &'b Value) -> Result<bool, EditError> {
        one_file(self.tree, path, node)?;
        if !self.touched.note(path.steps(), Touch::Replace) {
            return Ok(false);
        }
        let Some(page) = self.page(node.at.source)? else { return Ok(false) };
        page.replace(node.at.offset, Vec::new(), Content::Value(value));
        Ok(true)
    }

    /// Writes a new item of the nearest object, or of a list behind its last one.
    fn add(&mut self, path: &'b KeyPath, content: Content<'b>) -> Result<bool, EditError> {
        let (depth, container) = self.tree.root.nearest(path);
        let (first, _) = path.steps()[depth..].split_first().ok_or(ChangeError::Root)?;
        if !self.touched.note(&path.steps()[..=depth], Touch::Come) {
            return Ok(false);
        }
        let Some(page) = self.page(container.at.source)? else { return Ok(false) };
        let new =
            NewItem { names: names(&path.steps()[depth..]), is_named: first.as_key().is_some(), content };
        page.add(container.at.offset, END, new);
        Ok(true)
    }

    /// Writes a new element into a list.
    fn insert(&mut self, path: &'b KeyPath, value: &'b Value) -> Result<bool, EditError> {
        let Some((Step::Index(index), steps)) = path.steps().split_last() else {
            return Err(ChangeError::Root.into());
        };
        let list_path = KeyPath::from(steps);
        let list =
            self.tree.root.value_at(&list_path).ok_or(ChangeError::Missing { path: list_path.clone() })?;
        one_file(self.tree, &list_path, list)?;
        if !self.touched.note(path.steps(), Touch::Come) {
            return Ok(false);
        }
        let Some(page) = self.page(list.at.source)? else { return Ok(false) };
        let new = NewItem { names: Vec::new(), is_named: false, content: Content::Value(value) };
        page.add(list.at.offset, *index, new);
        Ok(true)
    }

    /// Takes an item out of the topmost layer that has it.
    fn remove(&mut self, path: &KeyPath) -> Result<bool, EditError> {
        let spot = self.spot(path)?;
        if !self.touched.note(path.steps(), Touch::Go) {
            return Ok(false);
        }
        let Some(page) = self.page(spot.source)? else { return Ok(false) };
        if let Some(item) = page.item_at(spot.offset) {
            page.remove(item, None);
        }
        self.note_removed(path);
        Ok(true)
    }

    /// A position has the next element afterwards; a key may still be there.
    fn note_removed(&mut self, path: &KeyPath) {
        if matches!(path.steps().last(), Some(Step::Key(_))) {
            self.removed.push(path.clone());
        }
    }

    /// Takes an item, as it is written and with its comments, to another place.
    fn relocate(&mut self, from: &KeyPath, to: &'b KeyPath) -> Result<bool, EditError> {
        let spot = self.spot(from)?;
        let Some(page) = self.page(spot.source)? else { return Ok(false) };
        let found = page.item_at(spot.offset).and_then(|item| Some((item, page.uproot(item)?)));
        let Some((item, uprooted)) = found else { return Err(self.entangled(from, spot.source)) };
        if to.steps().starts_with(from.steps()) {
            let deeper = &to.steps()[from.steps().len()..];
            return self.wrap(from, deeper, spot.source, uprooted);
        }
        let (depth, target) = self.tree.root.nearest(to);
        let place = &to.steps()[..=depth.min(to.steps().len().saturating_sub(1))];
        let is_same = target.at == Spot { source: spot.source, offset: item.container };
        if is_same && place.last().is_some_and(|step| step.as_key().is_some()) {
            let is_free =
                self.touched.note(from.steps(), Touch::Replace) && self.touched.note(place, Touch::Replace);
            return Ok(is_free && self.rename(item, spot.source, &to.steps()[depth..], uprooted)?);
        }
        if uprooted.includes {
            self.same_folder(from, spot.source, target.at.source)?;
        }
        if !self.touched.note(from.steps(), Touch::Go) {
            return Ok(false);
        }
        let Uprooted { content, attached, .. } = uprooted;
        if let Some(page) = self.page(spot.source)? {
            page.remove(item, Some(attached));
        }
        self.note_removed(from);
        self.add(to, Content::Moved(content))
    }

    /// Puts objects around a value where it is.
    fn wrap(
        &mut self,
        path: &KeyPath,
        around: &'b [Step],
        source: usize,
        uprooted: Uprooted<'b>,
    ) -> Result<bool, EditError> {
        if !self.touched.note(path.steps(), Touch::Replace) {
            return Ok(false);
        }
        let Some(page) = self.page(source)? else { return Ok(false) };
        let Uprooted { mut content, offset, .. } = uprooted;
        // They stand before and behind what becomes another text.
        (content.lead, content.trail) = (Vec::new(), Vec::new());
        page.replace(offset, names(around), Content::Moved(content));
        Ok(true)
    }

    /// Gives an item another name where it is.
    fn rename(
        &mut self,
        item: Item,
        source: usize,
        to: &'b [Step],
        uprooted: Uprooted<'b>,
    ) -> Result<bool, EditError> {
        let Some(page) = self.page(source)? else { return Ok(false) };
        Ok(page.rename(item, names(to), uprooted).is_some())
    }

    fn spot(&self, path: &KeyPath) -> Result<Spot, ChangeError> {
        self.tree.root.item(path).ok_or_else(|| ChangeError::Missing { path: path.clone() })
    }

    /// The page of a text; `None` if the same file is another page already.
    fn page(&mut self, source: usize) -> Result<Option<&mut Page<'b>>, EditError> {
        if !self.pages.contains_key(&source) {
            let file = self.real(source);
            if self.pages.keys().any(|other| self.real(*other) == file) {
                return Ok(None);
            }
            let page = Page::new(self.tree.sources.body(source)).map_err(|fault| self.torn(source, fault))?;
            self.pages.insert(source, page);
        }
        Ok(self.pages.get_mut(&source))
    }

    fn real(&self, source: usize) -> Option<&'b Path> {
        self.tree.sources.file(source).map(|file| &*file.real)
    }

    /// Refuses to take names of files to where they mean others.
    fn same_folder(&self, path: &KeyPath, from: usize, to: usize) -> Result<(), EditError> {
        let file = |source: usize| self.tree.sources.file(source).map(|file| &file.path);
        let folder = |source: usize| file(source).and_then(|path| path.parent());
        if folder(from) == folder(to) {
            return Ok(());
        }
        let files = [from, to].into_iter().filter_map(|source| file(source).cloned()).collect();
        Err(EditError::Scattered { path: path.clone(), files })
    }

    fn entangled(&self, path: &KeyPath, source: usize) -> EditError {
        let file = self.tree.sources.file(source).map(|file| file.path.clone()).unwrap_or_default();
        EditError::Entangled { path: path.clone(), file }
    }

    /// A text of the tree that no longer parses: it did a moment ago.
    fn torn(&self, source: usize, fault: SyntaxFault) -> EditError {
        let spot = Spot { source, offset: fault.offset };
        let problems = vec![self.tree.sources.problem(spot, KeyPath::default(), fault.kind)];
        let path = self.real(MAIN).map(Path::to_owned).unwrap_or_default();
        ConfigError::Invalid { path, problems }.into()
    }
}

fn names(steps: &[Step]) -> Vec<&str> {
    steps.iter().filter_map(Step::as_key).collect()
}

/// The files that a value is written in, each once.
pub(super) fn files_of(tree: &Tree, node: &Node) -> Vec<PathBuf> {
    let mut sources = Vec::new();
    node.sources(&mut sources);
    let mut files: Vec<PathBuf> =
        sources.iter().filter_map(|source| Some(tree.sources.file(*source)?.path.clone())).collect();
    files.sort();
    files.dedup();
    files
}

/// Refuses a value that is put together from several files.
fn one_file(tree: &Tree, path: &KeyPath, node: &Node) -> Result<(), EditError> {
    if matches!(node.body, Body::Object(_)) {
        return Ok(());
    }
    let files = files_of(tree, node);
    if files.len() > 1 {
        return Err(EditError::Scattered { path: path.clone(), files });
    }
    Ok(())
}
