//! What a key is: the descriptor tables that validation, schema, documentation, redaction and reload are read from.

use serde_json::Value;

use crate::key_path::Step;

/// The largest integer that JSON clients written in JavaScript read back unchanged, 2^53 - 1.
pub const MAX_SAFE_INTEGER: u64 = 9_007_199_254_740_991;

/// The shape that a value must have.
#[derive(Clone, Copy)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number from 0 to `max`.
    Integer {
        /// The largest value that the Rust type holds.
        max: u64,
    },
    /// Any finite number.
    Number,
    /// A string.
    Text,
    /// A string that is never shown: token, password, key.
    Secret,
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// A list of one shape.
    List(&'static Kind),
    /// An object with free keys and values of one shape.
    Map(&'static Kind),
    /// An object with declared keys.
    Object(&'static SectionSpec),
    /// Any of these shapes; no two of them accept the same JSON type.
    OneOf(&'static [Kind]),
    /// Any JSON, belonging to something that this table does not describe.
    Any,
    /// Any JSON that may hold secrets: every string in it is hidden.
    Sealed,
}

/// What a change of the key asks of a running gateway, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reload {
    /// Nothing: the value is read at its next use.
    Live,
    /// One subsystem starts again; connections stay.
    Hot,
    /// The gateway starts again inside its process.
    Restart,
}

impl Reload {
    /// The word used in the documentation and the hints.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Hot => "hot",
            Self::Restart => "restart",
        }
    }
}

/// A pattern that a string must follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Six hexadecimal digits with or without `#`.
    Color,
    /// A regular expression that runs in linear time, see [`openclaw_guard::Pattern`].
    Pattern,
    /// A file that becomes a database, or nothing: never one that may hold something else, such as a note.
    IndexFile,
}

/// Bounds of a value. On numbers they bound the value, on text its length in characters; through lists and maps
/// they reach the elements.
#[derive(Clone, Copy, Default)]
pub struct Limits {
    /// Not less than this.
    pub min: Option<f64>,
    /// More than this.
    pub above: Option<f64>,
    /// Not more than this.
    pub max: Option<f64>,
    /// The pattern of a string.
    pub form: Option<Form>,
    /// Whether a secret may be empty: true of header and variable values, never of a credential.
    pub may_be_blank: bool,
}

/// One declared key.
#[derive(Clone, Copy)]
pub struct Key {
    /// The name in the file.
    pub name: &'static str,
    /// The shape of its value.
    pub kind: Kind,
    /// The bounds of its value.
    pub limits: Limits,
    /// The value when the key is absent, where there is one.
    pub default: Option<fn() -> Value>,
    /// Lines of documentation.
    pub doc: &'static [&'static str],
    /// The reload class, where it differs from the object around the key.
    pub reload: Option<Reload>,
    /// Whether the object is incomplete without it.
    pub required: bool,
    /// Where its value stood in earlier releases: full written paths, `*` for a free key or a list position.
    pub was: &'static [&'static str],
    /// Why this build does not follow the key and what is below it; `None` where it does.
    pub planned: Option<&'static str>,
    /// Values of a planned key that ask for nothing but what this build does.
    pub met_by: &'static [&'static str],
    /// What a form calls it, where the name does not say it well.
    pub label: Option<&'static str>,
    /// What a form shows in the empty field.
    pub placeholder: Option<&'static str>,
    /// Whether most people never touch it and what is below it.
    pub advanced: bool,
}

impl Key {
    pub(crate) const fn new(name: &'static str, kind: Kind, doc: &'static [&'static str]) -> Self {
        let limits = Limits { min: None, above: None, max: None, form: None, may_be_blank: false };
        Self {
            name,
            kind,
            limits,
            default: None,
            doc,
            reload: None,
            required: false,
            was: &[],
            planned: None,
            met_by: &[],
            label: None,
            placeholder: None,
            advanced: false,
        }
    }

    pub(crate) const fn with_default(mut self, default: fn() -> Value) -> Self {
        self.default = Some(default);
        self
    }

    // The methods below are the attributes of a declaration: `port: Option<u16>, min(1.0);` calls `min`.

    pub(crate) const fn min(mut self, min: f64) -> Self {
        self.limits.min = Some(min);
        self
    }

    pub(crate) const fn above(mut self, above: f64) -> Self {
        self.limits.above = Some(above);
        self
    }

    pub(crate) const fn max(mut self, max: f64) -> Self {
        self.limits.max = Some(max);
        self
    }

    pub(crate) const fn color(mut self) -> Self {
        self.limits.form = Some(Form::Color);
        self
    }

    pub(crate) const fn pattern(mut self) -> Self {
        self.limits.form = Some(Form::Pattern);
        self
    }

    pub(crate) const fn index_file(mut self) -> Self {
        self.limits.form = Some(Form::IndexFile);
        self
    }

    pub(crate) const fn may_be_blank(mut self) -> Self {
        self.limits.may_be_blank = true;
        self
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// A key of an object that stands in several places belongs to the place with as many `*` as the old path, and of
    /// several of those to the one with the longest common beginning.
    pub(crate) const fn was(mut self, was: &'static [&'static str]) -> Self {
        self.was = was;
        self
    }

    /// The key is read and checked, and nothing runs by it yet. Whoever makes it run takes the attribute off.
    pub(crate) const fn planned(mut self, why: &'static str) -> Self {
        self.planned = Some(why);
        self
    }

    /// Values of a planned key that are followed. Without this attribute `false` and `"off"` are, for they ask for
    /// nothing; with it, only these.
    pub(crate) const fn met_by(mut self, values: &'static [&'static str]) -> Self {
        self.met_by = values;
        self
    }

    pub(crate) const fn label(mut self, label: &'static str) -> Self {
        self.label = Some(label);
        self
    }

    pub(crate) const fn placeholder(mut self, example: &'static str) -> Self {
        self.placeholder = Some(example);
        self
    }

    pub(crate) const fn advanced(mut self) -> Self {
        self.advanced = true;
        self
    }

    pub(crate) const fn live(mut self) -> Self {
        self.reload = Some(Reload::Live);
        self
    }

    pub(crate) const fn hot(mut self) -> Self {
        self.reload = Some(Reload::Hot);
        self
    }

    pub(crate) const fn restart(mut self) -> Self {
        self.reload = Some(Reload::Restart);
        self
    }

    /// The documentation as one paragraph.
    #[must_use]
    pub fn help(&self) -> String {
        paragraph(self.doc)
    }
}

/// The keys of one object.
pub struct SectionSpec {
    /// The Rust type, unique in the crate.
    pub name: &'static str,
    /// Lines of documentation.
    pub about: &'static [&'static str],
    /// The keys declared here.
    pub keys: &'static [Key],
    /// Further keys of the same JSON object that Rust keeps in structs of their own.
    pub groups: &'static [&'static SectionSpec],
    /// What may stand under names that are not declared; `None` refuses such names.
    pub rest: Option<Rest>,
}

/// Free keys beside declared ones.
#[derive(Clone, Copy)]
pub struct Rest {
    /// The shape of their values.
    pub kind: &'static Kind,
    /// Lines of documentation.
    pub doc: &'static [&'static str],
}

impl SectionSpec {
    /// Every declared key of the JSON object, groups included, in declaration order.
    pub fn all_keys(&self) -> impl Iterator<Item = &'static Key> + use<> {
        let mut keys: Vec<&'static Key> = self.keys.iter().collect();
        for group in self.groups {
            keys.extend(group.all_keys());
        }
        keys.into_iter()
    }

    /// The key of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&'static Key> {
        let here = self.keys.iter().find(|key| key.name == name);
        here.or_else(|| self.groups.iter().find_map(|group| group.find(name)))
    }

    /// The shape and bounds of the value under `name`, declared or free.
    pub(crate) fn child(&self, name: &str) -> Option<(&'static Kind, Limits)> {
        match self.find(name) {
            Some(key) => Some((&key.kind, key.limits)),
            None => self.rest.map(|rest| (rest.kind, Limits { may_be_blank: true, ..Limits::default() })),
        }
    }
}

/// The shapes that a value at a path may have: of several that fit in one place, all; none where nothing is declared.
pub(crate) fn kinds_at(root: &'static Kind, path: &[Step]) -> Vec<&'static Kind> {
    let mut kinds = flat(root);
    for step in path {
        let next = kinds.iter().filter_map(|kind| below(kind, step)).flat_map(flat);
        kinds = next.collect();
    }
    kinds
}

/// The shapes of a choice between shapes.
fn flat(kind: &'static Kind) -> Vec<&'static Kind> {
    if let Kind::OneOf(kinds) = kind { kinds.iter().flat_map(flat).collect() } else { vec![kind] }
}

/// The shape one step down.
fn below(kind: &'static Kind, step: &Step) -> Option<&'static Kind> {
    match (kind, step) {
        (Kind::Object(section), Step::Key(name)) => section.child(name).map(|(kind, _)| kind),
        (Kind::Map(element), Step::Key(_)) | (Kind::List(element), Step::Index(_)) => Some(element),
        (Kind::Any | Kind::Sealed, _) => Some(kind),
        _ => None,
    }
}

/// Joins the lines of a doc comment.
pub(crate) fn paragraph(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}
