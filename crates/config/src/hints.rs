//! What a form shows beside each key, for `config.schema`.

use serde_json::{Map as JsonMap, Value, json};

use crate::keys::spec;
use crate::label::label;
use crate::schema::visit_sections;
use crate::spec::{Key, Kind, SectionSpec, paragraph};

/// What a form shows beside each key: written path (`*` for free keys, `[]` for list positions) to
/// `{label, help, group, order, advanced?, sensitive?, placeholder?, itemTemplate?}`. The group is what the form calls
/// the top-level key, the order the place among the keys of one object.
#[must_use]
pub fn ui_hints() -> JsonMap<String, Value> {
    let mut hints = JsonMap::new();
    for (order, key) in spec().all_keys().enumerate() {
        let place = Place { group: &label_of(key), is_advanced: false };
        place.add(key, key.name, order, &mut hints);
    }
    hints
}

/// What a form calls a key.
fn label_of(key: &Key) -> String {
    key.label.map_or_else(|| label(key.name), ToOwned::to_owned)
}

/// What keys have from those around them.
#[derive(Clone, Copy)]
struct Place<'g> {
    group: &'g str,
    is_advanced: bool,
}

impl Place<'_> {
    fn add(self, key: &Key, path: &str, order: usize, hints: &mut JsonMap<String, Value>) {
        let here = Self { is_advanced: self.is_advanced || key.advanced, ..self };
        let mut hint = here.hint(&label_of(key), &key.help(), order);
        if is_sensitive(&key.kind) {
            hint.insert("sensitive".to_owned(), true.into());
        }
        if let Some(text) = placeholder(key) {
            hint.insert("placeholder".to_owned(), text.into());
        }
        if let Some(template) = item_template(&key.kind) {
            hint.insert("itemTemplate".to_owned(), template);
        }
        hints.insert(path.to_owned(), Value::Object(hint));
        here.add_elements(&key.kind, path, hints);
        visit_sections(&key.kind, path, &mut |section, path| here.add_section(section, path, hints));
    }

    fn add_section(self, section: &SectionSpec, path: &str, hints: &mut JsonMap<String, Value>) {
        for (order, key) in section.all_keys().enumerate() {
            self.add(key, &format!("{path}.{}", key.name), order, hints);
        }
        if let Some(rest) = section.rest {
            let mut hint = self.hint("Value", &paragraph(rest.doc), section.all_keys().count());
            if is_sensitive(rest.kind) {
                hint.insert("sensitive".to_owned(), true.into());
            }
            hints.insert(format!("{path}.*"), Value::Object(hint));
        }
    }

    /// The values of an object with free keys have no declaration of their own, and may be secret each.
    fn add_elements(self, kind: &Kind, path: &str, hints: &mut JsonMap<String, Value>) {
        if let Kind::Map(element) = kind
            && is_sensitive(element)
        {
            let mut hint = self.hint("Value", "", 0);
            hint.remove("help");
            hint.insert("sensitive".to_owned(), true.into());
            hints.insert(format!("{path}.*"), Value::Object(hint));
        }
    }

    fn hint(self, label: &str, help: &str, order: usize) -> JsonMap<String, Value> {
        let pairs = [
            ("label", json!(label)),
            ("help", json!(help)),
            ("group", json!(self.group)),
            ("order", json!(order)),
        ];
        let mut hint: JsonMap<String, Value> =
            pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        if self.is_advanced {
            hint.insert("advanced".to_owned(), true.into());
        }
        hint
    }
}

fn is_sensitive(kind: &Kind) -> bool {
    match kind {
        Kind::Secret | Kind::Sealed => true,
        Kind::List(element) | Kind::Map(element) => is_sensitive(element),
        Kind::OneOf(kinds) => kinds.iter().any(is_sensitive),
        Kind::Bool | Kind::Integer { .. } | Kind::Number | Kind::Text => false,
        Kind::Choice(_) | Kind::Object(_) | Kind::Any => false,
    }
}

/// The declared example; of a secret, the way to keep it out of the file: `${API_KEY}`.
fn placeholder(key: &Key) -> Option<String> {
    let variable = || {
        let upper = |c: char| match c.is_uppercase() {
            true => format!("_{c}"),
            false => c.to_uppercase().collect(),
        };
        format!("${{{}}}", key.name.chars().map(upper).collect::<String>())
    };
    let declared = key.placeholder.map(ToOwned::to_owned);
    declared.or_else(|| matches!(key.kind, Kind::Secret).then(variable))
}

/// A new element of a list of objects: what is required, and empty.
fn item_template(kind: &Kind) -> Option<Value> {
    match kind {
        Kind::List(Kind::Object(section)) => Some(empty_object(section)),
        Kind::OneOf(kinds) => kinds.iter().find_map(item_template),
        Kind::List(_) | Kind::Map(_) | Kind::Object(_) | Kind::Choice(_) => None,
        Kind::Bool | Kind::Integer { .. } | Kind::Number | Kind::Text => None,
        Kind::Secret | Kind::Any | Kind::Sealed => None,
    }
}

fn empty_object(section: &SectionSpec) -> Value {
    let required = section.all_keys().filter(|key| key.required);
    Value::Object(required.map(|key| (key.name.to_owned(), empty(&key.kind))).collect())
}

fn empty(kind: &Kind) -> Value {
    match kind {
        Kind::Bool => false.into(),
        Kind::Integer { .. } | Kind::Number => 0.into(),
        Kind::Text | Kind::Secret => "".into(),
        Kind::Choice(names) => names.first().copied().unwrap_or_default().into(),
        Kind::List(_) => json!([]),
        Kind::Map(_) => json!({}),
        Kind::Object(section) => empty_object(section),
        Kind::OneOf(kinds) => kinds.first().map_or(Value::Null, empty),
        Kind::Any | Kind::Sealed => Value::Null,
    }
}
