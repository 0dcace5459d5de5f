//! How an entry is held: its fields one behind the other in one text. Ten thousand entries as trees of values would be
//! a hundred megabytes.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use super::json_text::{common_parts, indent, squeeze};
use super::shares::Shares;

/// Shorter values are not worth the pointer and the look-up.
const MIN_SHARED_BYTES: usize = 256;
/// Shared values of one entry. The release's entries have four.
const MAX_CUTS: usize = 64;

/// The fields of one JSON object, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Packed {
    text: String,
    places: Vec<Place>,
    cuts: Vec<Cut>,
}

/// Where a field ends in the text; it begins where the one before it ends.
#[derive(Debug, Clone, Copy)]
struct Place {
    name_end: u32,
    value_end: u32,
    cuts_end: u8,
    kind: Kind,
}

/// How a value is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A string, unescaped.
    Text,
    /// Anything else, or a string that is none (JavaScript writes halves of characters): squeezed JSON.
    Json,
}

/// A place in the text where a shared text belongs.
#[derive(Debug, Clone)]
struct Cut {
    at: u32,
    shared: Arc<str>,
}

/// A field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldRef<'p> {
    pub(crate) name: &'p str,
    kind: Kind,
    text: &'p str,
    start: u32,
    cuts: &'p [Cut],
}

fn offset(bytes: usize) -> u32 {
    // An index has at most 512 MiB; what lies beyond four gigabytes would be absent, not wrong.
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn index(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

impl Packed {
    pub(super) fn fields(&self) -> impl Iterator<Item = FieldRef<'_>> {
        let (mut start, mut first_cut) = (0, 0);
        self.places.iter().map(move |place| {
            let (name_end, end) = (index(place.name_end), index(place.value_end));
            let field = FieldRef {
                name: self.text.get(start..name_end).unwrap_or_default(),
                kind: place.kind,
                text: self.text.get(name_end..end).unwrap_or_default(),
                start: place.name_end,
                cuts: self.cuts.get(first_cut..usize::from(place.cuts_end)).unwrap_or_default(),
            };
            (start, first_cut) = (end, usize::from(place.cuts_end));
            field
        })
    }

    pub(super) fn field(&self, name: &str) -> Option<FieldRef<'_>> {
        self.fields().find(|field| field.name == name)
    }

    /// Sets a field; a new one comes last.
    pub(super) fn put(&mut self, name: &str, kind: Kind, text: &str) {
        self.put_field(&FieldRef { name, kind, text, start: 0, cuts: &[] });
    }

    pub(super) fn put_field(&mut self, new: &FieldRef<'_>) {
        if self.field(new.name).is_none() {
            return self.push(new);
        }
        let mut next = self.empty_for(new.text.len());
        for field in self.fields() {
            next.push(if field.name == new.name { new } else { &field });
        }
        *self = next;
    }

    /// As [`Packed::put`], from a value as it was read.
    pub(super) fn put_raw(&mut self, name: &str, raw: &RawValue) {
        let is_text = raw.get().starts_with('"');
        match serde_json::from_str::<String>(raw.get()) {
            Ok(text) if is_text => self.put(name, Kind::Text, &text),
            Ok(_) | Err(_) => self.put(name, Kind::Json, &squeeze(raw.get())),
        }
    }

    pub(super) fn put_value(&mut self, name: &str, value: &Value) {
        match value {
            Value::String(text) => self.put(name, Kind::Text, text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.put(name, Kind::Json, &value.to_string());
            }
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        if self.field(name).is_none() {
            return;
        }
        let mut next = self.empty_for(0);
        self.fields().filter(|field| field.name != name).for_each(|field| next.push(&field));
        *self = next;
    }

    /// Gives a field another name; it goes to the end.
    pub(super) fn rename(&mut self, old: &str, new: &str) {
        let Some(field) = self.field(old) else { return };
        let mut next = self.clone();
        next.remove(old);
        next.put_field(&FieldRef { name: new, ..field });
        *self = next;
    }

    /// Puts what other entries have as well into their common place, and gives unused memory back.
    pub(super) fn pack(&mut self, shares: &mut Shares) {
        let mut next = self.empty_for(0);
        for field in self.fields() {
            if field.kind == Kind::Text || !field.cuts.is_empty() || field.text.len() < MIN_SHARED_BYTES {
                next.push(&field);
                continue;
            }
            let parts = common_parts(field.text, MIN_SHARED_BYTES);
            let mut rest = String::new();
            let (mut cuts, mut from) = (Vec::new(), 0);
            for part in parts.into_iter().take(MAX_CUTS.saturating_sub(next.cuts.len())) {
                rest.push_str(field.text.get(from..part.start).unwrap_or_default());
                from = part.end;
                let shared = shares.share(field.text.get(part).unwrap_or_default());
                cuts.push(Cut { at: offset(rest.len()), shared });
            }
            rest.push_str(field.text.get(from..).unwrap_or_default());
            next.push(&FieldRef { text: &rest, start: 0, cuts: &cuts, ..field });
        }
        next.text.shrink_to_fit();
        next.places.shrink_to_fit();
        next.cuts.shrink_to_fit();
        *self = next;
    }

    fn empty_for(&self, more: usize) -> Self {
        Self {
            text: String::with_capacity(self.text.len() + more),
            places: Vec::with_capacity(self.places.len()),
            cuts: Vec::with_capacity(self.cuts.len()),
        }
    }

    fn push(&mut self, field: &FieldRef<'_>) {
        self.text.push_str(field.name);
        let name_end = offset(self.text.len());
        if self.cuts.len() + field.cuts.len() > MAX_CUTS {
            field.pieces().for_each(|piece| self.text.push_str(piece));
        } else {
            self.text.push_str(field.text);
            let moved = |cut: &Cut| Cut { at: cut.at - field.start + name_end, shared: cut.shared.clone() };
            self.cuts.extend(field.cuts.iter().map(moved));
        }
        let cuts_end = u8::try_from(self.cuts.len()).unwrap_or(u8::MAX);
        self.places.push(Place { name_end, value_end: offset(self.text.len()), cuts_end, kind: field.kind });
    }
}

impl PartialEq for Packed {
    fn eq(&self, other: &Self) -> bool {
        self.places.len() == other.places.len()
            && self.fields().zip(other.fields()).all(|(a, b)| a.name == b.name && a.is_same(&b))
    }
}

impl<'p> FieldRef<'p> {
    /// The text, if it is one.
    pub(super) fn as_text(&self) -> Option<&'p str> {
        (self.kind == Kind::Text).then_some(self.text)
    }

    /// Whether the values are the same; what they are called does not matter.
    pub(crate) fn is_same(&self, other: &FieldRef<'_>) -> bool {
        if self.kind != other.kind {
            return false;
        }
        if self.cuts.is_empty() && other.cuts.is_empty() {
            return self.text == other.text;
        }
        let pairs = || self.cuts.iter().zip(other.cuts);
        let alike = self.cuts.len() == other.cuts.len()
            && self.text == other.text
            && pairs()
                .all(|(a, b)| a.at - self.start == b.at - other.start && Arc::ptr_eq(&a.shared, &b.shared));
        alike || self.pieces().collect::<String>() == other.pieces().collect::<String>()
    }

    /// A checksum of the value: enough to know it again.
    pub(crate) fn sum(&self) -> u32 {
        let mut text = String::new();
        self.write_json(&mut text);
        crc32fast::hash(text.as_bytes())
    }

    /// The text with the shared texts in their places.
    fn pieces(&self) -> impl Iterator<Item = &'p str> {
        let (text, start) = (self.text, self.start);
        let begins = std::iter::once(0).chain(self.cuts.iter().map(move |cut| index(cut.at - start)));
        let ends = self.cuts.iter().map(move |cut| index(cut.at - start)).chain([text.len()]);
        let shared = self.cuts.iter().map(|cut| &*cut.shared).chain([""]);
        let parts = begins.zip(ends).map(move |(from, to)| text.get(from..to).unwrap_or_default());
        parts.zip(shared).flat_map(|(part, shared)| [part, shared])
    }

    /// Appends the value as JSON without white space.
    pub(crate) fn write_json(&self, out: &mut String) {
        match self.kind {
            Kind::Text => write_text(self.text, out),
            Kind::Json => self.pieces().for_each(|piece| out.push_str(piece)),
        }
    }

    /// Appends the value as JSON laid out for this depth.
    pub(super) fn write_indented(&self, depth: usize, out: &mut String) {
        match self.kind {
            Kind::Text => write_text(self.text, out),
            Kind::Json if self.cuts.is_empty() => indent(self.text, depth, out),
            Kind::Json => indent(&self.pieces().collect::<String>(), depth, out),
        }
    }

    /// The value; null for what no value can hold.
    pub(super) fn value(&self) -> Value {
        match self.kind {
            Kind::Text => Value::from(self.text),
            Kind::Json if self.cuts.is_empty() => serde_json::from_str(self.text).unwrap_or_default(),
            Kind::Json => serde_json::from_str(&self.pieces().collect::<String>()).unwrap_or_default(),
        }
    }
}

/// Appends a text as a JSON string.
pub(crate) fn write_text(text: &str, out: &mut String) {
    // Writing to a String cannot fail.
    write!(out, "{}", Value::from(text)).ok();
}

#[cfg(test)]
mod tests {
    use super::{Kind, Packed};
    use crate::entry::shares::Shares;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    fn map(packed: &Packed) -> Value {
        packed.fields().map(|field| (field.name.to_owned(), field.value())).collect::<Map<_, _>>().into()
    }

    fn large(own: u64) -> Value {
        let tools: Vec<Value> = (0..30).map(|n| json!({"name": n, "chars": 5})).collect();
        json!({"sessionId": own, "tools": tools, "skills": "x".repeat(300), "end": own})
    }

    #[test]
    fn equal_parts_are_held_once_and_read_as_before() {
        let mut shares = Shares::default();
        let entries: Vec<Packed> = (0..3)
            .map(|own| {
                let mut packed = Packed::default();
                packed.put_value("id", &json!(own));
                packed.put_value("report", &large(own));
                packed.put_value("list", &json!(vec![1; 200]));
                packed.put_value("", &json!(["y".repeat(400)]));
                let before = map(&packed);
                let unpacked = packed.clone();
                packed.pack(&mut shares);
                assert!(map(&packed) == before && unpacked == packed);
                packed
            })
            .collect();
        assert_eq!(shares.count(), 4);
        assert!(entries.iter().all(|packed| packed.text.len() < 120), "{entries:?}");
        drop(entries);
        shares.prune();
        assert_eq!(shares.count(), 0);
    }

    #[derive(Debug, Clone)]
    enum Op {
        Put(String, Value),
        Remove(String),
        Rename(String, String),
        Pack,
    }

    fn ops() -> impl Strategy<Value = Vec<Op>> {
        let name = || prop_oneof!["[a-c]", Just(String::new()), Just("é".to_owned())];
        let value = prop_oneof![
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
            (0_u64..3).prop_map(large),
            (0_usize..2).prop_map(|n| json!(["z".repeat(300 + n)])),
        ];
        let op = prop_oneof![
            4 => (name(), value).prop_map(|(name, value)| Op::Put(name, value)),
            1 => name().prop_map(Op::Remove),
            1 => (name(), name()).prop_map(|(old, new)| Op::Rename(old, new)),
            1 => Just(Op::Pack),
        ];
        prop::collection::vec(op, 0..24)
    }

    proptest! {
        #[test]
        fn behaves_like_a_map(ops in ops()) {
            let (mut packed, mut model, mut shares) = (Packed::default(), Map::new(), Shares::default());
            for op in ops {
                match op {
                    Op::Put(name, value) => {
                        packed.put_value(&name, &value);
                        model.insert(name, value);
                    }
                    Op::Remove(name) => {
                        packed.remove(&name);
                        model.shift_remove(&name);
                    }
                    Op::Rename(old, new) => {
                        packed.rename(&old, &new);
                        if let Some(value) = model.shift_remove(&old) {
                            model.insert(new, value);
                        }
                    }
                    Op::Pack => packed.pack(&mut shares),
                }
                let text = |value: &Value| serde_json::to_string(value).unwrap();
                prop_assert_eq!(text(&map(&packed)), text(&model.clone().into()));
            }
        }
    }

    #[test]
    fn what_no_value_can_hold_is_kept_as_text() {
        let mut packed = Packed::default();
        for raw in [r#""half \ud83d""#, &format!("{}{}", "[".repeat(300), "]".repeat(300))] {
            let raw: Box<serde_json::value::RawValue> = serde_json::from_str(raw).unwrap();
            packed.put_raw("odd", &raw);
            let field = packed.field("odd").unwrap();
            let mut out = String::new();
            field.write_json(&mut out);
            assert_eq!((out.as_str(), field.kind, field.value()), (raw.get(), Kind::Json, Value::Null));
        }
    }
}
