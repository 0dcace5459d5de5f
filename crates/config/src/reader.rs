//! From JSON5 texts to one tree: `$include` resolved, every value keeping its place.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;
use serde_json::Value;

use crate::check::type_name;
use crate::file::{damage, decode};
use crate::include::{Drafts, Folder, INCLUDE, IncludeFault, Included};
use crate::key_path::Trail;
use crate::problem::{MAX_PROBLEMS, Problem, ProblemKind};
use crate::source::{SourceFile, Sources, Spot};
use crate::text;
use crate::tree::{Body, Entry, Node, Tree};

/// Keys above an `$include`: far above the depth of any declared key. Together with the parser's own limit for a text
/// it bounds the recursion over the merged value.
const MAX_INCLUDE_KEYS: usize = 64;

/// Where a text comes from.
#[derive(Clone, Copy)]
pub(crate) enum Origin<'o> {
    /// Not from a file; what its problems call it.
    Text(&'o str),
    /// From this file.
    File(&'o Path),
}

/// What became of the texts.
pub(crate) struct Reading {
    /// The files that were read, the main one first, each once.
    pub(crate) files: Vec<PathBuf>,
    /// What is odd and does not stop anything.
    pub(crate) warnings: Vec<Problem>,
    pub(crate) problems: Vec<Problem>,
    /// The merged value; `None` when a part of it could not be read: then nobody can say what is wrong with the rest.
    pub(crate) tree: Option<Tree>,
}

/// Reads a text and what it includes; of a file with a draft, the draft.
pub(crate) fn read_tree(text: &str, origin: Origin<'_>, drafts: &Drafts) -> Reading {
    let (name, file) = match origin {
        Origin::Text(name) => (name.to_owned(), None),
        Origin::File(path) => {
            let file = SourceFile { path: path.to_owned(), real: path.to_owned() };
            (path.display().to_string(), Some(file))
        }
    };
    let mut reader = Reader::new(drafts);
    let main = reader.sources.add(name, text, file, None);
    let root = match damage(text.as_bytes()) {
        None => reader.text(main, Trail::Root),
        Some(damage) => {
            let offset = text::without_bom(&damage.readable).len();
            reader.tear(Spot { source: main, offset }, Trail::Root, damage.kind)
        }
    };
    let Reader { sources, warnings, problems, is_torn, folder: _, drafts: _ } = reader;
    let mut files = Vec::new();
    for path in sources.iter().filter_map(|source| Some(&source.file.as_ref()?.path)) {
        if !files.contains(path) {
            files.push(path.clone());
        }
    }
    let tree = root.filter(|_| !is_torn).map(|root| Tree { root, sources });
    Reading { files, warnings, problems, tree }
}

struct Reader<'d> {
    drafts: &'d Drafts,
    sources: Sources,
    warnings: Vec<Problem>,
    problems: Vec<Problem>,
    /// Whether a part could not be read; the problems say why.
    is_torn: bool,
    /// Opened when the first file is included.
    folder: Option<Folder>,
}

impl<'d> Reader<'d> {
    fn new(drafts: &'d Drafts) -> Self {
        let (sources, warnings, problems) = (Sources::default(), Vec::new(), Vec::new());
        Self { drafts, sources, warnings, problems, is_torn: false, folder: None }
    }

    fn add_problem(&mut self, spot: Spot, trail: Trail<'_>, kind: impl Into<ProblemKind>) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(self.sources.problem(spot, trail.to_path(), kind.into()));
        }
    }

    /// Notes that the content of a file is missing from the value.
    fn tear(&mut self, spot: Spot, trail: Trail<'_>, kind: impl Into<ProblemKind>) -> Option<Node> {
        self.is_torn = true;
        self.add_problem(spot, trail, kind);
        None
    }

    fn text(&mut self, source: usize, trail: Trail<'_>) -> Option<Node> {
        let text = self.sources.text(source);
        match text::parse(&text) {
            Ok(tree) => Some(self.node(&tree, source, trail)),
            Err(fault) => self.tear(Spot { source, offset: fault.offset }, trail, fault.kind),
        }
    }

    fn node(&mut self, node: &ast::Value<'_>, source: usize, trail: Trail<'_>) -> Node {
        let at = Spot { source, offset: node.start() };
        let body = match node {
            ast::Value::StringLit(text) => Body::Leaf(Value::String(text.value.clone().into_owned())),
            ast::Value::BooleanLit(bool) => Body::Leaf(Value::Bool(bool.value)),
            ast::Value::NullKeyword(_) => Body::Leaf(Value::Null),
            ast::Value::NumberLit(literal) => Body::Leaf(match text::number(literal.value) {
                Some(number) => Value::Number(number),
                None => {
                    self.add_problem(at, trail, ProblemKind::BadNumber);
                    Value::Null
                }
            }),
            ast::Value::Array(list) => {
                let items = list.elements.iter().enumerate();
                Body::List(items.map(|(index, item)| self.node(item, source, trail.index(index))).collect())
            }
            ast::Value::Object(object) => return self.object(object, source, trail),
        };
        Node { at, body }
    }

    fn object(&mut self, object: &ast::Object<'_>, source: usize, trail: Trail<'_>) -> Node {
        let mut entries: Vec<Entry> = Vec::with_capacity(object.properties.len());
        let mut seen: HashMap<&str, Seen> = HashMap::with_capacity(object.properties.len());
        let mut include = None;
        for property in &object.properties {
            let (name, offset) = (property.name.as_str(), property.start());
            let (key, trail) = (Spot { source, offset }, trail.key(name));
            let first = seen.entry(name).or_insert(Seen { entry: entries.len(), first: key });
            let Seen { entry: place, first } = *first;
            if first != key {
                self.add_duplicate(first, key, trail);
            }
            if name == INCLUDE {
                include = Some(&property.value);
                continue;
            }
            let node = self.node(&property.value, source, trail);
            let entry = Entry { name: name.to_owned(), key, node };
            match entries.get_mut(place).filter(|_| first != key) {
                Some(slot) => *slot = entry,
                None => entries.push(entry),
            }
        }
        let own = Node { at: Spot { source, offset: object.start() }, body: Body::Object(entries) };
        match include {
            None => own,
            Some(include) => self.include(include, own, trail),
        }
    }

    /// Warns of a name that stands twice; the last one counts.
    fn add_duplicate(&mut self, first: Spot, key: Spot, trail: Trail<'_>) {
        if self.warnings.len() < MAX_PROBLEMS {
            let first_line = self.sources.line(first);
            let kind = ProblemKind::Duplicate { first_line };
            self.warnings.push(self.sources.problem(key, trail.to_path(), kind));
        }
    }

    /// The content of the included files, and laid over it the keys of the object around `$include`.
    fn include(&mut self, include: &ast::Value<'_>, own: Node, trail: Trail<'_>) -> Node {
        let at = Spot { source: own.at.source, offset: include.start() };
        let Some(content) = self.content(include, at, trail) else { return own };
        if matches!(&own.body, Body::Object(entries) if entries.is_empty()) {
            return content;
        }
        let found = match &content.body {
            Body::Object(_) => return content.merge(own),
            Body::List(_) => "a list",
            Body::Leaf(value) => type_name(value),
        };
        self.tear(at, trail.key(INCLUDE), IncludeFault::Siblings { found }).unwrap_or(own)
    }

    /// The content of one file, or of several merged in their order; `None` when one of them could not be read.
    fn content(&mut self, include: &ast::Value<'_>, at: Spot, trail: Trail<'_>) -> Option<Node> {
        let names = match include.as_array() {
            Some(list) => &list.elements[..],
            None => std::slice::from_ref(include),
        };
        let mut content = Some(Node { at, body: Body::Object(Vec::new()) });
        for value in names {
            let at = Spot { offset: value.start(), ..at };
            let file = match value.as_string_lit() {
                Some(name) => self.file(&name.value, at, trail),
                None => {
                    let expected = "a file name or a list of file names".to_owned();
                    let found = ast_type_name(value);
                    self.tear(at, trail.key(INCLUDE), ProblemKind::WrongType { expected, found })
                }
            };
            content = content.zip(file).map(|(content, file)| content.merge(file));
        }
        content
    }

    /// The content of the file that is named at `at`.
    fn file(&mut self, name: &str, at: Spot, trail: Trail<'_>) -> Option<Node> {
        let included = match self.read_included(name, at, trail) {
            Ok(included) => included,
            // Told once: every file after the last one that is read has the same fault.
            Err(IncludeFault::TooMany) if self.is_told(&IncludeFault::TooMany) => return None,
            Err(fault) => return self.tear(at, trail.key(INCLUDE), fault),
        };
        let (name, file) = (included.file.path.display().to_string(), Some(included.file));
        match decode(included.bytes) {
            Ok(text) => {
                let source = self.sources.add(name, &text, file, Some(at));
                self.text(source, trail)
            }
            Err(damage) => {
                let source = self.sources.add(name, &damage.readable, file, Some(at));
                let offset = damage.readable.len();
                self.tear(Spot { source, offset }, trail, damage.kind)
            }
        }
    }

    fn is_told(&self, fault: &IncludeFault) -> bool {
        self.problems
            .iter()
            .any(|problem| matches!(&problem.kind, ProblemKind::Include(told) if told == fault))
    }

    fn read_included(&mut self, name: &str, at: Spot, trail: Trail<'_>) -> Result<Included, IncludeFault> {
        if trail.depth() > MAX_INCLUDE_KEYS {
            return Err(IncludeFault::TooFarDown);
        }
        let Self { sources, folder, drafts, .. } = self;
        let folder = match folder {
            Some(folder) => folder,
            None => folder.insert(Folder::around(sources)?),
        };
        folder.read(name, drafts, sources.chain(at.source))
    }
}

/// Where a name stood first in an object, and which entry it is.
#[derive(Clone, Copy)]
struct Seen {
    entry: usize,
    first: Spot,
}

fn ast_type_name(node: &ast::Value<'_>) -> &'static str {
    match node {
        ast::Value::StringLit(_) => "a string",
        ast::Value::NumberLit(_) => "a number",
        ast::Value::BooleanLit(_) => "a boolean",
        ast::Value::Object(_) => "an object",
        ast::Value::Array(_) => "a list",
        ast::Value::NullKeyword(_) => "null",
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, Reading, read_tree};
    use crate::include::Drafts;
    use crate::problem::ProblemKind;
    use crate::tree::Part;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn read(text: &str) -> Reading {
        read_tree(text, Origin::Text("f"), &Drafts::new())
    }

    fn value(text: &str) -> Value {
        read(text).tree.map(|tree| tree.root.to_value()).unwrap()
    }

    #[test]
    fn reads_json5() {
        let text = "\u{feff}// head\n{ a: 'x', \"b\": 0x1F, c: .5, d: [1, 2,], /* in */ e: 1e3, 'f': +2, g: 'a\\\nb', }";
        let expected = json!({"a": "x", "b": 31, "c": 0.5, "d": [1, 2], "e": 1000, "f": 2, "g": "ab"});
        assert_eq!(value(text), expected);
        assert_eq!(read(text).problems, []);
    }

    #[test]
    fn places_count_characters_from_one() {
        let tree = read("{\n  \"é\": { b: [1,\n 'x'] },\n}").tree.unwrap();
        let rows = [
            ("é", Part::Key, (2, 3)),
            ("é", Part::Value, (2, 8)),
            ("é.b[1]", Part::Value, (3, 2)),
            ("é.zz", Part::Key, (2, 8)),
        ];
        for (path, part, expected) in rows {
            let problem = tree.problem(path.parse().unwrap(), part, ProblemKind::Missing);
            assert_eq!(problem.place.map(|place| (place.line, place.column)), Some(expected), "{path}");
        }
    }

    #[test]
    fn numbers_that_json_lacks_are_problems() {
        for bad in ["Infinity", "-NaN", "1e999", "0xFFFFFFFFFFFFFFFFFF"] {
            assert_eq!(read(&format!("{{a: {bad}}}")).problems.len(), 1, "{bad}");
        }
    }

    #[test]
    fn of_equal_names_the_last_counts_and_each_is_warned_of() {
        let reading = read("{a: 1,\n b: 0,\n a: 2,\n a: 3}");
        let lines = |kind: &ProblemKind| matches!(kind, ProblemKind::Duplicate { first_line: 1 });
        assert!(reading.warnings.len() == 2 && reading.warnings.iter().all(|problem| lines(&problem.kind)));
        let tree = reading.tree.unwrap();
        assert_eq!(tree.root.to_value(), json!({"a": 3, "b": 0}));
        let problem = tree.problem("a".parse().unwrap(), Part::Key, ProblemKind::Missing);
        assert_eq!(problem.place.map(|place| place.line), Some(4));
    }

    #[test]
    fn a_file_that_is_not_read_is_never_passed_over() {
        let noise = "a: 1, a: 2, b: Infinity,".repeat(200);
        let reading = read(&format!("{{{noise} c: {{$include: 'x'}}}}"));
        assert!(reading.tree.is_none() && !reading.problems.is_empty());
    }

    proptest! {
        #[test]
        fn never_panics(text in "[\\[\\]{}:,'\"a0-9xe.+$/*\\\\ \\n\u{feff}é-]{0,60}") {
            match read(&text).tree {
                Some(tree) => drop(tree.problem("a[0].a".parse().unwrap(), Part::Value, ProblemKind::Missing)),
                None => prop_assert!(!read(&text).problems.is_empty()),
            }
        }

        #[test]
        fn reads_every_json_text(expected in json_value()) {
            prop_assert_eq!(value(&serde_json::to_string_pretty(&expected).unwrap()), expected);
        }
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }
}
