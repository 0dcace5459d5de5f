//! One walk over a value that finds everything wrong with it.

use openclaw_guard::Pattern;
use serde_json::{Map as JsonMap, Number, Value};

use crate::channel_ids::check_channel_ids;
use crate::include::{INCLUDE, IncludeFault};
use crate::key_path::{KeyPath, Trail};
use crate::migrate::{Retired, retired};
use crate::problem::{MAX_PROBLEMS, Problem, ProblemKind};
use crate::redact::REDACTED;
use crate::spec::{Form, Key, Kind, Limits, MAX_SAFE_INTEGER, SectionSpec};
use crate::suggest::nearest;
use crate::tree::{Part, Tree};

/// Keys that a message lists: more of them are looked up in the documentation.
const MAX_KNOWN: usize = 8;

/// How a value was written, and so where its problems stand.
#[derive(Clone, Copy)]
pub(crate) enum Writing<'t> {
    /// In files.
    Text(&'t Tree),
    /// Not at all; this is what its problems call it.
    None(&'t str),
}

/// Collects problems and looks up where they stand.
pub(crate) struct Report<'t> {
    writing: Writing<'t>,
    problems: Vec<Problem>,
}

impl<'t> Report<'t> {
    pub(crate) fn new(writing: Writing<'t>) -> Self {
        Self { writing, problems: Vec::new() }
    }

    pub(crate) fn add(&mut self, trail: &Trail<'_>, part: Part, kind: ProblemKind) {
        if self.is_full() {
            return;
        }
        let is_last = self.problems.len() == MAX_PROBLEMS;
        let (key, kind) =
            if is_last { (KeyPath::default(), ProblemKind::TooMany) } else { (trail.to_path(), kind) };
        self.problems.push(match self.writing {
            Writing::Text(tree) => tree.problem(key, part, kind),
            Writing::None(file) => {
                Problem { file: file.to_owned(), place: None, included_from: Vec::new(), key, kind }
            }
        });
    }

    /// Whether further problems are dropped, so that looking for them is a waste.
    fn is_full(&self) -> bool {
        self.problems.len() > MAX_PROBLEMS
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

/// Checks the whole file.
pub(crate) fn check(root: &'static SectionSpec, value: &Value, report: &mut Report<'_>) {
    check_value(value, &Kind::Object(root), Limits::default(), &Trail::Root, report);
    check_channel_ids(value, report);
}

fn check_value(value: &Value, kind: &Kind, limits: Limits, path: &Trail<'_>, report: &mut Report<'_>) {
    if value.as_str() == Some(REDACTED) {
        return report.add(path, Part::Value, ProblemKind::RedactionMark);
    }
    match (kind, value) {
        (Kind::OneOf(kinds), _) => match kinds.iter().find(|kind| accepts(kind, value)) {
            Some(Kind::Choice(names)) if is_far_from(names, value) => {
                let (expected, found) = (describe(kind), "another string");
                report.add(path, Part::Value, ProblemKind::WrongType { expected, found });
            }
            Some(kind) => check_value(value, kind, limits, path, report),
            None => wrong_type(value, kind, path, report),
        },
        (Kind::List(element), Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                check_value(item, element, limits, &path.index(index), report);
            }
        }
        (Kind::Map(element), Value::Object(object)) => {
            for (name, item) in object {
                let path = path.key(name);
                match name == INCLUDE {
                    true => report.add(&path, Part::Key, IncludeFault::NoFile.into()),
                    false => check_value(item, element, limits, &path, report),
                }
            }
        }
        (Kind::Object(section), Value::Object(object)) => check_object(section, object, path, report),
        (Kind::Any | Kind::Sealed, _) => {}
        _ if !accepts(kind, value) => wrong_type(value, kind, path, report),
        _ => {
            if let Some(kind) = leaf_problem(kind, value, limits) {
                report.add(path, Part::Value, kind);
            }
        }
    }
}

fn check_object(
    section: &SectionSpec,
    object: &JsonMap<String, Value>,
    path: &Trail<'_>,
    report: &mut Report<'_>,
) {
    let known = || {
        let names: Vec<&str> = section.all_keys().map(|key| key.name).collect();
        if names.len() > MAX_KNOWN { Vec::new() } else { names }
    };
    for (name, value) in object {
        let path = path.key(name);
        match section.child(name) {
            _ if name == INCLUDE => report.add(&path, Part::Key, IncludeFault::NoFile.into()),
            Some((kind, limits)) => check_value(value, kind, limits, &path, report),
            None if report.is_full() => return,
            None => {
                let suggestion = nearest(name, section.all_keys().map(|key| key.name));
                let unknown = ProblemKind::UnknownKey { suggestion, known: known() };
                undeclared(value, &path, unknown, report);
            }
        }
    }
    let is_absent = |key: &&Key| key.required && !object.contains_key(key.name);
    for key in section.all_keys().filter(is_absent) {
        report.add(&path.key(key.name), Part::Key, ProblemKind::Missing);
    }
}

/// A key that no section declares: one of an earlier release, an object around such ones, or a mistake.
fn undeclared(value: &Value, path: &Trail<'_>, unknown: ProblemKind, report: &mut Report<'_>) {
    if report.is_full() {
        return;
    }
    let nothing_near = || ProblemKind::UnknownKey { suggestion: None, known: Vec::new() };
    match (retired(path.to_path().steps()), value) {
        (Retired::Renamed(now), _) => report.add(path, Part::Key, ProblemKind::RetiredKey { now }),
        (Retired::Above, Value::Object(object)) if !object.is_empty() => {
            for (name, value) in object {
                undeclared(value, &path.key(name), nothing_near(), report);
            }
        }
        (Retired::Above, Value::Object(_)) => report.add(path, Part::Key, nothing_near()),
        (Retired::Above | Retired::No, _) => report.add(path, Part::Key, unknown),
    }
}

/// Whether the JSON type fits; bounds and contents are another question.
pub(crate) fn accepts(kind: &Kind, value: &Value) -> bool {
    match kind {
        Kind::Bool => value.is_boolean(),
        Kind::Integer { .. } => value.is_i64() || value.is_u64(),
        Kind::Number => value.is_number(),
        Kind::Text | Kind::Secret | Kind::Choice(_) => value.is_string(),
        Kind::List(_) => value.is_array(),
        Kind::Map(_) | Kind::Object(_) => value.is_object(),
        Kind::OneOf(kinds) => kinds.iter().any(|kind| accepts(kind, value)),
        Kind::Any | Kind::Sealed => true,
    }
}

fn wrong_type(value: &Value, kind: &Kind, path: &Trail<'_>, report: &mut Report<'_>) {
    let found = match (kind, value) {
        (Kind::Integer { .. }, Value::Number(number)) => unfit(number),
        _ => type_name(value),
    };
    report.add(path, Part::Value, ProblemKind::WrongType { expected: describe(kind), found });
}

/// What is wrong with a number where a whole one belongs.
fn unfit(number: &Number) -> &'static str {
    let is_whole = number.as_f64().is_some_and(|number| number.fract() == 0.0);
    if is_whole { "a number that is too large" } else { "a number with a fraction" }
}

/// Whether the value is a string unlike any of the choices.
fn is_far_from(names: &[&str], value: &Value) -> bool {
    value.as_str().is_some_and(|text| nearest(text, names.iter().copied()).is_none())
}

/// The JSON type in words.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The shape in words.
fn describe(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "true or false".to_owned(),
        Kind::Integer { .. } => "a whole number".to_owned(),
        Kind::Number => "a number".to_owned(),
        Kind::Text | Kind::Secret => "a string".to_owned(),
        Kind::Choice(names) => {
            names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" or ")
        }
        Kind::List(_) => "a list".to_owned(),
        Kind::Map(_) | Kind::Object(_) => "an object".to_owned(),
        Kind::OneOf(kinds) => kinds.iter().map(describe).collect::<Vec<_>>().join(" or "),
        Kind::Any | Kind::Sealed => "a value".to_owned(),
    }
}

fn leaf_problem(kind: &Kind, value: &Value, limits: Limits) -> Option<ProblemKind> {
    match (kind, value) {
        (Kind::Integer { max }, Value::Number(number)) => {
            // Bounds are far below 2^53, where floating point is exact; larger values are out of range anyway.
            #[expect(
                clippy::cast_precision_loss,
                reason = "the Rust type's bound, at most 2^53 - 1, is exact"
            )]
            let type_max = *max as f64;
            let number = number.as_f64()?;
            // A bound that nobody comes near is told to those who do.
            let is_near = *max < MAX_SAFE_INTEGER || number > type_max;
            let max = limits.max.or(is_near.then_some(type_max));
            number_problem(number, Limits { min: limits.min.or(Some(0.0)), max, ..limits })
        }
        (Kind::Number, Value::Number(number)) => number_problem(number.as_f64()?, limits),
        (Kind::Choice(names), Value::String(text)) if !names.contains(&text.as_str()) => {
            let suggestion = nearest(text, names.iter().copied());
            Some(ProblemKind::NotAChoice { expected: names, suggestion })
        }
        (Kind::Secret, Value::String(text)) if text.trim().is_empty() && !limits.may_be_blank => {
            Some(ProblemKind::BlankSecret)
        }
        (Kind::Text, Value::String(text)) => text_problem(text, limits),
        _ => None,
    }
}

fn number_problem(number: f64, limits: Limits) -> Option<ProblemKind> {
    let is_low =
        limits.min.is_some_and(|min| number < min) || limits.above.is_some_and(|above| number <= above);
    let is_high = limits.max.is_some_and(|max| number > max);
    (is_low || is_high).then(|| ProblemKind::OutOfRange(format!("must be {}", range(limits))))
}

/// The bounds in words.
pub(crate) fn range(limits: Limits) -> String {
    let low = match (limits.min, limits.above) {
        (Some(min), _) => Some(format!("at least {min}")),
        (None, Some(above)) => Some(format!("more than {above}")),
        (None, None) => None,
    };
    let high = limits.max.map(|max| format!("at most {max}"));
    low.into_iter().chain(high).collect::<Vec<_>>().join(" and ")
}

fn text_problem(text: &str, limits: Limits) -> Option<ProblemKind> {
    if text.is_empty() && limits.min.is_some_and(|min| min > 0.0) {
        return Some(ProblemKind::OutOfRange("must not be empty".to_owned()));
    }
    let chars = text.chars().count() as f64;
    if limits.min.is_some_and(|min| chars < min) || limits.max.is_some_and(|max| chars > max) {
        return Some(ProblemKind::OutOfRange(format!("must have {} characters", range(limits))));
    }
    match limits.form {
        Some(Form::Color) if !is_color(text) => Some(ProblemKind::NotAColor),
        Some(Form::Pattern) => Pattern::parse(text).err().map(ProblemKind::NotAPattern),
        Some(Form::IndexFile) if !is_index_file(text) => Some(ProblemKind::NotAnIndexFile),
        Some(Form::Color | Form::IndexFile) | None => None,
    }
}

/// Blank stands for the usual place.
fn is_index_file(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || [".sqlite", ".sqlite3", ".db"].iter().any(|end| text.ends_with(end))
}

fn is_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or(text);
    digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}
