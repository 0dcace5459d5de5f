//! Edits on the texts of a configuration: each change goes to the file and the place where its value is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::Value;

use super::batch::{Batch, files_of};
use super::change::{Change, ChangeError, MAX_CHANGES};
use super::diff::diff_at;
use super::error::EditError;
use crate::env::Env;
use crate::file::read_text;
use crate::include::Drafts;
use crate::key_path::KeyPath;
use crate::load::{environment, hash_of, with_shell};
use crate::locations::Locations;
use crate::problem::{ConfigError, Problem, ProblemKind};
use crate::reader::{Origin, read_tree};
use crate::source::MAIN;
use crate::tree::Tree;

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
    pub(super) tree: Rc<Tree>,
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
        let tree = Rc::new(tree);
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

    /// Refuses files that are not JSON5.
    pub(super) fn whole(&self) -> Result<(), EditError> {
        if !self.is_readable() {
            let (path, problems) = (self.path.clone(), self.torn.clone());
            return Err(ConfigError::Invalid { path, problems }.into());
        }
        Ok(())
    }

    /// Whether the files are JSON5; others can only be replaced as a whole.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.torn.is_empty()
    }

    /// Makes changes, in their order.
    ///
    /// # Errors
    /// The first change that cannot be made; then none is made. Every one, for a file that is not JSON5.
    pub fn apply(&mut self, changes: &[Change]) -> Result<(), EditError> {
        self.whole()?;
        let parts = expanded(self.value(), changes)?;
        let state = self.state();
        let made = self.make(&parts);
        if made.is_err() {
            self.restore(state);
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
        self.take_drafts(now)?;
        self.torn.clear();
        Ok(())
    }

    /// Makes changes and sees to it that the result is what they make of the value. If it is not, they are made in
    /// smaller portions: each means the same in these, and at last the one that cannot be made is alone.
    fn make(&mut self, changes: &[Change]) -> Result<(), EditError> {
        let mut expected = self.value();
        changes.iter().try_for_each(|change| change.apply(&mut expected))?;
        let state = self.state();
        let made = self.write(changes);
        if made.is_ok() && self.value() == expected {
            return Ok(());
        }
        self.restore(state);
        if let [only] = changes {
            return made.and_then(|()| Err(self.entangled(only)));
        }
        let (first, second) = changes.split_at(changes.len() / 2);
        self.make(first)?;
        self.make(second)
    }

    /// Writes changes into the texts, with a reading for as many as possible.
    fn write(&mut self, changes: &[Change]) -> Result<(), EditError> {
        let mut rest = changes;
        while let Some(first) = rest.first() {
            let tree = Rc::clone(&self.tree);
            let mut batch = Batch::new(&tree);
            let mut taken = 0;
            for change in rest {
                if !batch.take(change)? {
                    break;
                }
                taken += 1;
            }
            let made = batch.finish().filter(|_| taken > 0).ok_or_else(|| self.entangled(first))?;
            self.take_texts(made.texts)?;
            self.remove_layers(made.removed)?;
            rest = &rest[taken..];
        }
        Ok(())
    }

    /// Takes keys out that are still there: another file, or another place of the same object, has them too.
    fn remove_layers(&mut self, mut removed: Vec<KeyPath>) -> Result<(), EditError> {
        for _ in 0..MAX_LAYERS {
            removed.retain(|path| self.tree.root.item(path).is_some());
            if removed.is_empty() {
                break;
            }
            let changes: Vec<Change> =
                removed.iter().map(|path| Change::Remove { path: path.clone() }).collect();
            let tree = Rc::clone(&self.tree);
            let mut batch = Batch::new(&tree);
            for change in &changes {
                batch.take(change)?;
            }
            let Some(made) = batch.finish() else { break };
            self.take_texts(made.texts)?;
        }
        Ok(())
    }

    /// Takes new texts, by the positions of the old ones, and reads everything again.
    fn take_texts(&mut self, texts: Vec<(usize, String)>) -> Result<(), EditError> {
        let mut now = self.now.clone();
        for (position, text) in texts {
            let Some(source) = self.tree.sources.get(position) else { continue };
            let file = source.file.as_ref().filter(|_| position != MAIN).map(|file| &file.real);
            now.insert(file.unwrap_or(&self.path).clone(), source.with_mark(&text));
        }
        self.take_drafts(now)?;
        Ok(())
    }

    fn take_drafts(&mut self, now: Drafts) -> Result<(), ConfigError> {
        self.tree = Rc::new(read(&self.path, &now)?);
        self.now = now;
        self.pin();
        Ok(())
    }

    fn state(&self) -> State {
        State { before: self.before.clone(), now: self.now.clone(), tree: Rc::clone(&self.tree) }
    }

    fn restore(&mut self, state: State) {
        State { before: self.before, now: self.now, tree: self.tree } = state;
    }

    /// Why a change is refused that does not have its effect, and no other.
    fn entangled(&self, change: &Change) -> EditError {
        let path = change.path().clone();
        if let Change::Move { from, .. } = change {
            let node = self.tree.root.value_at(from);
            let files = node.map_or_else(Vec::new, |node| files_of(&self.tree, node));
            if files.len() > 1 {
                return EditError::Scattered { path: from.clone(), files };
            }
        }
        let source = self.tree.root.nearest(&path).1.at.source;
        let file = self.tree.sources.file(source).filter(|_| source != MAIN);
        EditError::Entangled { path, file: file.map_or(&self.path, |file| &file.real).clone() }
    }
}

/// The texts at one moment, to go back to.
struct State {
    before: BTreeMap<PathBuf, Option<String>>,
    now: Drafts,
    tree: Rc<Tree>,
}

/// The changes that have an effect, those of whole objects and lists taken apart: what is alike keeps its text and its
/// comments.
fn expanded(mut value: Value, changes: &[Change]) -> Result<Vec<Change>, ChangeError> {
    let mut parts = Vec::new();
    for change in changes {
        change.check()?;
        let change = change.normal();
        let own = match &change {
            Change::Set { path, value: new } => match path.find(&value) {
                Some(old) if old == new => continue,
                Some(old) if old.is_object() && new.is_object() || old.is_array() && new.is_array() => {
                    diff_at(path, old, new)
                }
                Some(_) | None => vec![change],
            },
            Change::Insert { .. } | Change::Remove { .. } | Change::Move { .. } => vec![change],
        };
        own.iter().try_for_each(|part| part.apply(&mut value))?;
        parts.extend(own);
        if parts.len() > MAX_CHANGES {
            return Err(ChangeError::TooMany);
        }
    }
    Ok(parts)
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
