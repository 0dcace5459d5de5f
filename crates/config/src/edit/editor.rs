//! Edits on the texts of a configuration: each change goes to the file and the place where its value is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jsonc_parser::common::Ranged as _;
use serde_json::Value;

use super::change::{Change, ChangeError};
use super::diff::diff_at;
use super::error::EditError;
use super::layout::{Items, Span, line_indent};
use super::locate::{item_at, value_at};
use super::splice::{Place, Splice, apply, remove_item};
use super::style::{Content, Style};
use crate::env::Env;
use crate::file::read_text;
use crate::include::Drafts;
use crate::key_path::{KeyPath, Step};
use crate::load::{environment, hash_of, with_shell};
use crate::locations::Locations;
use crate::problem::{ConfigError, Problem, ProblemKind};
use crate::reader::{Origin, read_tree};
use crate::source::{MAIN, Spot};
use crate::text::{self, parse};
use crate::tree::{Body, Node, Tree};

/// A key can be written in as many layers as files can be included; each round takes the topmost one out.
const MAX_LAYERS: usize = crate::include::MAX_INCLUDES + 1;
/// What is edited when there is no file.
const NO_FILE: &str = "{}\n";

/// The texts of a configuration on their way from what they are to what they become. Nothing is written here.
pub struct Editor {
    /// The file as the instance names it.
    pub(super) path: PathBuf,
    /// The environment before the configuration's own variables.
    pub(super) env: Env,
    /// The texts as they were found; `None` for a file that is not there.
    pub(super) before: BTreeMap<PathBuf, Option<String>>,
    /// The texts as they are now.
    pub(super) now: Drafts,
    /// What they mean now.
    pub(super) tree: Tree,
    /// What they meant.
    pub(super) original: Value,
    /// What tells the texts from any others, before the edits.
    pub(super) hash: Option<String>,
    /// Why they have no meaning: then only a whole new text can be written. Empty otherwise.
    torn: Vec<Problem>,
}

impl Editor {
    /// Reads the files of an instance. They need not be a valid configuration; a missing file is `{}`. Of a file that is
    /// not JSON5 nothing can be changed, but it can be replaced.
    ///
    /// # Errors
    /// The file cannot be read as text.
    pub fn open(locations: &Locations, env: &Env) -> Result<Self, EditError> {
        let (env, _warnings) = environment(locations, env)?;
        let path = locations.config_path.clone();
        let found = read_text(&path)?;
        let text = found.clone().unwrap_or_else(|| NO_FILE.to_owned());
        let now = Drafts::from([(path.clone(), text)]);
        let (tree, torn) = match read(&path, &now) {
            Ok(tree) => (tree, Vec::new()),
            Err(error) => {
                let nothing = Drafts::from([(path.clone(), NO_FILE.to_owned())]);
                (read(&path, &nothing)?, error.problems().to_vec())
            }
        };
        let env = with_shell(env, Some(&tree.root.to_value()), &mut Vec::new());
        let hash = found.as_ref().map(|found| hash_of(found, &tree.sources));
        let original = tree.root.to_value();
        let before = BTreeMap::from([(path.clone(), found)]);
        let mut editor = Self { path, env, before, now, tree, original, hash, torn };
        editor.pin();
        Ok(editor)
    }

    /// Keeps the texts of included files as they were read. An edit is made on these and on no others: what somebody
    /// else saves in the meantime is told from them when the files are written, and not overwritten.
    fn pin(&mut self) {
        for source in self.tree.sources.iter().skip(MAIN + 1) {
            let Some(file) = &source.file else { continue };
            if !self.before.contains_key(&file.real) && !self.now.contains_key(&file.real) {
                self.before.insert(file.real.clone(), Some(source.raw()));
                self.now.insert(file.real.clone(), source.raw());
            }
        }
    }

    /// The value as it is written now, `${NAME}` and all.
    #[must_use]
    pub fn value(&self) -> Value {
        self.tree.root.to_value()
    }

    /// The text of the configuration file now; not of those it includes.
    #[must_use]
    pub fn text(&self) -> &str {
        self.now.get(&self.path).map_or("", String::as_str)
    }

    /// The text of the configuration file as it was found; `None` when there was no file.
    #[must_use]
    pub fn found(&self) -> Option<&str> {
        self.before.get(&self.path)?.as_deref()
    }

    /// What tells the texts from any others: the `baseHash` of a change. `None` when there was no file.
    #[must_use]
    pub fn hash(&self) -> Option<&str> {
        self.hash.as_deref()
    }

    /// Whether the file is not JSON5, so that it can only be replaced.
    pub(super) fn is_torn(&self) -> bool {
        !self.torn.is_empty()
    }

    /// Makes changes, in their order.
    ///
    /// # Errors
    /// The first change that cannot be made; then none is made. Every one, for a file that is not JSON5.
    pub fn apply(&mut self, changes: &[Change]) -> Result<(), EditError> {
        if self.is_torn() {
            let (path, problems) = (self.path.clone(), self.torn.clone());
            return Err(ConfigError::Invalid { path, problems }.into());
        }
        let now = self.now.clone();
        let made = changes.iter().try_for_each(|change| self.change(change));
        if made.is_err() && self.now != now {
            // A change may be several edits, and one that has too much effect is only told by its result.
            self.tree = read(&self.path, &now)?;
            self.now = now;
        }
        made
    }

    /// Takes a whole new text for the configuration file, comments and all.
    ///
    /// # Errors
    /// It is not JSON5, or a file it includes cannot be read.
    pub fn replace(&mut self, text: String) -> Result<(), EditError> {
        let mut now = self.now.clone();
        now.insert(self.path.clone(), text);
        self.tree = read(&self.path, &now)?;
        self.now = now;
        self.pin();
        self.torn.clear();
        Ok(())
    }

    fn change(&mut self, change: &Change) -> Result<(), EditError> {
        let change = change.normal();
        if let Change::Set { path, value } = &change
            && let Some(old) = self.tree.root.value_at(path).map(Node::to_value)
        {
            if old == *value {
                return Ok(());
            }
            if old.is_object() && value.is_object() || old.is_array() && value.is_array() {
                // What is alike keeps its text and its comments.
                return self.apply(&diff_at(path, &old, value));
            }
        }
        let mut expected = self.value();
        change.apply(&mut expected)?;
        let file = match &change {
            Change::Set { path, value } => self.put(path, &Content::Value(value))?,
            Change::Insert { path, value } => self.insert(path, value)?,
            Change::Remove { path } => self.remove(path)?,
            Change::Move { from, to } => {
                let (text, indent) = self.raw(from)?;
                let content = Content::Raw { text: &text, indent: &indent };
                if to.steps().starts_with(from.steps()) {
                    self.remove(from)?;
                    self.put(to, &content)?
                } else {
                    // In this order the text still shows its habits.
                    let file = self.put(to, &content)?;
                    self.remove(from)?;
                    file
                }
            }
        };
        if self.value() == expected {
            return Ok(());
        }
        Err(EditError::Entangled { path: change.path().clone(), file })
    }

    /// Writes a value where its path leads: over the one that is there, or as a new item of the nearest object.
    fn put(&mut self, path: &KeyPath, content: &Content<'_>) -> Result<PathBuf, EditError> {
        if let Some(node) = self.tree.root.value_at(path) {
            self.one_file(path, node)?;
            let spot = node.at;
            return self.splice(spot.source, |text, tree| {
                let node = value_at(tree, spot.offset)?;
                let indent = line_indent(text, node.start());
                let style = Style::of(text, tree);
                let span = Span { start: node.start(), end: node.end() };
                Some(vec![Splice { span, text: style.nested(&[], content, indent) }])
            });
        }
        let (depth, container) = self.tree.root.nearest(path);
        let spot = container.at;
        let (first, names) = path.steps()[depth..].split_first().ok_or(ChangeError::Root)?;
        let names: Vec<&str> = names.iter().filter_map(Step::as_key).collect();
        self.splice(spot.source, |text, tree| {
            let node = value_at(tree, spot.offset)?;
            let items = Items::of(node)?;
            let style = Style::of(text, tree);
            let name = first.as_key().map(|name| format!("{}: ", style.name(name))).unwrap_or_default();
            let item = |indent: &str| format!("{name}{}", style.nested(&names, content, indent));
            Some(Place { text, items: &items, style: &style }.add_item(items.ranges.len(), item))
        })
    }

    /// Writes a new element into a list.
    fn insert(&mut self, path: &KeyPath, value: &Value) -> Result<PathBuf, EditError> {
        let Some((Step::Index(index), steps)) = path.steps().split_last() else {
            return Err(ChangeError::Root.into());
        };
        let list_path = KeyPath::from(steps);
        let list =
            self.tree.root.value_at(&list_path).ok_or(ChangeError::Missing { path: list_path.clone() })?;
        self.one_file(&list_path, list)?;
        let spot = list.at;
        self.splice(spot.source, |text, tree| {
            let items = Items::of(value_at(tree, spot.offset)?)?;
            let style = Style::of(text, tree);
            Some(
                Place { text, items: &items, style: &style }
                    .add_item(*index, |indent| style.value(value, indent)),
            )
        })
    }

    /// Takes an item out, in every layer that has it.
    fn remove(&mut self, path: &KeyPath) -> Result<PathBuf, EditError> {
        let mut file = None;
        for _ in 0..MAX_LAYERS {
            let Some(spot) = self.tree.root.item(path) else { break };
            file = Some(self.splice(spot.source, |text, tree| {
                let (container, index) = item_at(tree, spot.offset)?;
                Some(remove_item(text, &Items::of(container)?, index))
            })?);
            if matches!(path.steps().last(), Some(Step::Index(_))) {
                // The position has the next element now.
                break;
            }
        }
        file.ok_or_else(|| ChangeError::Missing { path: path.clone() }.into())
    }

    /// The text of a value, and the indentation of the line it begins on.
    fn raw(&self, path: &KeyPath) -> Result<(String, String), EditError> {
        let missing = || ChangeError::Missing { path: path.clone() };
        let node = self.tree.root.value_at(path).ok_or_else(missing)?;
        self.one_file(path, node)?;
        let text = self.tree.sources.text(node.at.source);
        let tree = parse(&text).map_err(|fault| self.torn(node.at.source, fault))?;
        let value = value_at(&tree, node.at.offset).ok_or_else(missing)?;
        let indent = line_indent(&text, value.start()).to_owned();
        Ok((text[value.start()..value.end()].to_owned(), indent))
    }

    /// Refuses a value that is put together from several files.
    fn one_file(&self, path: &KeyPath, node: &Node) -> Result<(), EditError> {
        let mut sources = Vec::new();
        node.sources(&mut sources);
        let mut files: Vec<PathBuf> =
            sources.iter().filter_map(|source| Some(self.tree.sources.file(*source)?.path.clone())).collect();
        files.sort();
        files.dedup();
        let is_whole = !matches!(node.body, Body::Object(_));
        if files.len() > 1 && is_whole {
            return Err(EditError::Scattered { path: path.clone(), files });
        }
        Ok(())
    }

    /// Edits one text and reads everything again; returns the file. An edit that finds no place leaves the text alone.
    fn splice(
        &mut self,
        source: usize,
        edit: impl FnOnce(&str, &jsonc_parser::ast::Value<'_>) -> Option<Vec<Splice>>,
    ) -> Result<PathBuf, EditError> {
        let text = self.tree.sources.text(source);
        let splices = {
            let tree = parse(&text).map_err(|fault| self.torn(source, fault))?;
            edit(&text, &tree).unwrap_or_default()
        };
        let file = self.file_of(source);
        let after = apply(&text, &splices);
        let after = self.tree.sources.get(source).map_or(after.clone(), |source| source.with_mark(&after));
        let mut now = self.now.clone();
        now.insert(file.clone(), after);
        self.tree = read(&self.path, &now)?;
        self.now = now;
        Ok(file)
    }

    fn file_of(&self, source: usize) -> PathBuf {
        let file = self.tree.sources.file(source).filter(|_| source != MAIN);
        file.map_or_else(|| self.path.clone(), |file| file.real.clone())
    }

    /// A text of the tree that no longer parses: it did a moment ago.
    fn torn(&self, source: usize, fault: text::SyntaxFault) -> EditError {
        let spot = Spot { source, offset: fault.offset };
        let problem = self.tree.sources.problem(spot, KeyPath::default(), fault.kind);
        ConfigError::Invalid { path: self.path.clone(), problems: vec![problem] }.into()
    }
}

/// Reads the drafts and what they include.
fn read(path: &Path, now: &Drafts) -> Result<Tree, ConfigError> {
    let text = now.get(path).map_or(NO_FILE, String::as_str);
    let reading = read_tree(text, Origin::File(path), now);
    let is_number = |kind: &ProblemKind| matches!(kind, ProblemKind::BadNumber);
    match reading.tree {
        // A number that JSON cannot carry stands as null in the value; its text must not become one.
        Some(tree) if !reading.problems.iter().any(|problem| is_number(&problem.kind)) => Ok(tree),
        _ => Err(ConfigError::Invalid { path: path.to_owned(), problems: reading.problems }),
    }
}
