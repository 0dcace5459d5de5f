//! One text of a reading, and the edits that changes ask of it.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;

use super::comments::{Attached, attached, comments};
use super::layout::{Items, Span, line_indent};
use super::locate::{content_of, item_at, value_at};
use super::splice::{Gone, Place, Splice, apply, in_order, remove_items, splice};
use super::style::{Content, Moved, NewItem, Style};
use crate::include::INCLUDE;
use crate::text::{SyntaxFault, parse};

/// A text, its tree, and what becomes of it.
pub(super) struct Page<'b> {
    text: &'b str,
    root: ast::Value<'b>,
    style: Style,
    splices: Vec<Splice>,
    /// The new items of objects and lists, these by where they begin.
    come: BTreeMap<usize, Coming<'b>>,
    /// The items that go, by the same, and by their positions.
    go: BTreeMap<usize, BTreeMap<usize, Option<Attached>>>,
    items: HashMap<usize, Rc<Items>>,
}

struct Coming<'b> {
    index: usize,
    items: Vec<NewItem<'b>>,
}

/// The place behind the last item.
pub(super) const END: usize = usize::MAX;

/// An item of a page.
#[derive(Clone, Copy)]
pub(super) struct Item {
    /// Where its object or list begins.
    pub(super) container: usize,
    /// Its position in it.
    index: usize,
}

/// An item that is to stand elsewhere.
pub(super) struct Uprooted<'b> {
    pub(super) content: Moved<'b>,
    pub(super) attached: Attached,
    /// Where the value begins.
    pub(super) offset: usize,
    /// Whether it includes files, which are named relative to the text's own.
    pub(super) includes: bool,
}

impl<'b> Page<'b> {
    pub(super) fn new(text: &'b str) -> Result<Self, SyntaxFault> {
        let root = parse(text)?;
        let style = Style::of(text, &root);
        let (splices, come, go, items) = (Vec::new(), BTreeMap::new(), BTreeMap::new(), HashMap::new());
        Ok(Self { text, root, style, splices, come, go, items })
    }

    /// Writes something over the value that begins at a byte; without one nothing is done.
    pub(super) fn replace(&mut self, offset: usize, names: Vec<&'b str>, content: Content<'b>) {
        let Some(node) = value_at(&self.root, offset) else { return };
        let new = NewItem { names, is_named: false, content };
        let text = self.style.item(&new, line_indent(self.text, offset)).text;
        self.splices.push(splice(offset, node.end(), text));
    }

    /// Adds an item to the object or list that begins at a byte.
    pub(super) fn add(&mut self, container: usize, index: usize, new: NewItem<'b>) {
        let coming = self.come.entry(container).or_insert_with(|| Coming { index, items: Vec::new() });
        coming.items.push(new);
    }

    /// The item that begins at a byte.
    pub(super) fn item_at(&self, offset: usize) -> Option<Item> {
        let (container, index) = item_at(&self.root, offset)?;
        Some(Item { container: container.start(), index })
    }

    /// Takes an item out.
    pub(super) fn remove(&mut self, item: Item, attached: Option<Attached>) {
        self.go.entry(item.container).or_default().insert(item.index, attached);
    }

    /// An item and its comments as they stand here, to be taken elsewhere.
    pub(super) fn uproot(&mut self, item: Item) -> Option<Uprooted<'b>> {
        let items = self.items(item.container)?;
        let (value, name_end) = content_of(value_at(&self.root, item.container)?, item.index)?;
        let attached = attached(self.text, &items, item.index);
        let shown = |spans: &[Span]| spans.iter().map(|span| &self.text[span.start..span.end]).collect();
        let mut lead: Vec<&str> = shown(&attached.lead);
        lead.extend::<Vec<&str>>(shown(&self.before_value(value, name_end)));
        let content = Moved {
            text: &self.text[value.start()..value.end()],
            indent: line_indent(self.text, value.start()),
            lead,
            trail: shown(&attached.trail),
        };
        Some(Uprooted { content, attached, offset: value.start(), includes: includes(value) })
    }

    /// Writes another item over one; the comments around it stay.
    pub(super) fn rename(&mut self, item: Item, names: Vec<&'b str>, uprooted: Uprooted<'b>) -> Option<()> {
        let span = *self.items(item.container)?.ranges.get(item.index)?;
        let Uprooted { mut content, attached, .. } = uprooted;
        content.lead.drain(..attached.lead.len());
        content.trail.clear();
        let indent = line_indent(self.text, span.start);
        let new = NewItem { names, is_named: true, content: Content::Moved(content) };
        let written = self.style.item(&new, indent);
        let text = match written.ends_line() {
            true => written.on_lines("", self.style.newline, indent),
            false => written.in_line(""),
        };
        self.splices.push(splice(span.start, span.end, text));
        Some(())
    }

    /// The text after all edits; `None` when they meet.
    pub(super) fn finish(mut self) -> Option<String> {
        let mut splices = std::mem::take(&mut self.splices);
        for (container, Coming { index, items: new }) in std::mem::take(&mut self.come) {
            let Some(items) = self.items(container) else { continue };
            let place = Place { text: self.text, items: &items, style: &self.style };
            splices.extend(place.add_items(index.min(items.ranges.len()), &new));
        }
        for (container, gone) in std::mem::take(&mut self.go) {
            let Some(items) = self.items(container) else { continue };
            let gone: Vec<Gone<'_>> = gone
                .into_iter()
                .map(|(index, attached)| Gone { index, kept: self.left(container, index), attached })
                .collect();
            splices.extend(remove_items(self.text, &items, &gone));
        }
        Some(apply(self.text, &in_order(splices)?))
    }

    fn items(&mut self, container: usize) -> Option<Rc<Items>> {
        if let Some(items) = self.items.get(&container) {
            return Some(Rc::clone(items));
        }
        let items = Rc::new(Items::of(value_at(&self.root, container)?)?);
        self.items.insert(container, Rc::clone(&items));
        Some(items)
    }

    /// The comments between a name and its value.
    fn before_value(&self, value: &ast::Value<'_>, name_end: Option<usize>) -> Vec<Span> {
        name_end.map_or_else(Vec::new, |start| comments(self.text, Span { start, end: value.start() }))
    }

    /// The comments in an item without content: what they are about went elsewhere, and they stay in its place.
    fn left(&self, container: usize, index: usize) -> Vec<&'b str> {
        let Some((value, name_end)) =
            value_at(&self.root, container).and_then(|node| content_of(node, index))
        else {
            return Vec::new();
        };
        let mut left = self.before_value(value, name_end);
        let items = Items::of(value).filter(|items| items.ranges.is_empty());
        left.extend(
            items
                .into_iter()
                .flat_map(|items| comments(self.text, Span { start: items.open, end: items.close })),
        );
        left.into_iter().map(|span| &self.text[span.start..span.end]).collect()
    }
}

/// Whether a value includes files, or one in it does.
fn includes(node: &ast::Value<'_>) -> bool {
    match node {
        ast::Value::Object(object) => object
            .properties
            .iter()
            .any(|property| property.name.as_str() == INCLUDE || includes(&property.value)),
        ast::Value::Array(list) => list.elements.iter().any(includes),
        ast::Value::StringLit(_)
        | ast::Value::NumberLit(_)
        | ast::Value::BooleanLit(_)
        | ast::Value::NullKeyword(_) => false,
    }
}
