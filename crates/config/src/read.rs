//! From checked JSON to typed values. A reader answers `None` where the value does not have the declared shape;
//! the check has refused such a value before.

use std::collections::BTreeMap;

use openclaw_guard::Secret;
use serde_json::{Map as JsonMap, Value};

use crate::spec::{Kind, MAX_SAFE_INTEGER, Rest, SectionSpec};

/// An object with free keys.
pub type Map<T> = BTreeMap<String, T>;

/// A type that a key can have.
pub(crate) trait ConfigType: Sized {
    /// The shape of the JSON value.
    const KIND: Kind;

    /// Reads a value that has the shape.
    fn read(value: &Value) -> Option<Self>;
}

/// A type that a default can have.
pub(crate) trait Shown {
    /// The value as it would stand in the file.
    fn to_json(&self) -> Value;
}

/// An object with declared keys.
pub(crate) trait Section: ConfigType + Default {
    /// The table of keys.
    const SPEC: SectionSpec;

    /// Reads the object; absent keys take their defaults.
    fn read_object(object: &JsonMap<String, Value>) -> Option<Self>;
}

/// Free keys beside declared ones hold what the values of the map do that collects them.
pub(crate) const fn rest_spec(map: &Kind, doc: &'static [&'static str]) -> Option<Rest> {
    if let Kind::Map(kind) = map { Some(Rest { kind, doc }) } else { None }
}

/// Reads the keys of an object that its section does not declare.
pub(crate) fn read_rest<S: Section, T: ConfigType>(object: &JsonMap<String, Value>) -> Option<T> {
    let free = object.iter().filter(|(name, _)| S::SPEC.find(name).is_none());
    T::read(&Value::Object(free.map(|(name, value)| (name.clone(), value.clone())).collect()))
}

impl ConfigType for bool {
    const KIND: Kind = Kind::Bool;

    fn read(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl Shown for bool {
    fn to_json(&self) -> Value {
        (*self).into()
    }
}

impl ConfigType for u16 {
    const KIND: Kind = Kind::Integer { max: u16::MAX as u64 };

    fn read(value: &Value) -> Option<Self> {
        Self::try_from(value.as_u64()?).ok()
    }
}

impl Shown for u16 {
    fn to_json(&self) -> Value {
        (*self).into()
    }
}

impl ConfigType for u64 {
    const KIND: Kind = Kind::Integer { max: MAX_SAFE_INTEGER };

    fn read(value: &Value) -> Option<Self> {
        value.as_u64()
    }
}

impl Shown for u64 {
    fn to_json(&self) -> Value {
        (*self).into()
    }
}

impl ConfigType for f64 {
    const KIND: Kind = Kind::Number;

    fn read(value: &Value) -> Option<Self> {
        value.as_f64()
    }
}

impl Shown for f64 {
    fn to_json(&self) -> Value {
        (*self).into()
    }
}

impl ConfigType for String {
    const KIND: Kind = Kind::Text;

    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(ToOwned::to_owned)
    }
}

impl Shown for String {
    fn to_json(&self) -> Value {
        self.as_str().into()
    }
}

impl ConfigType for Secret {
    const KIND: Kind = Kind::Secret;

    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(|text| Self::new(text.to_owned()))
    }
}

impl<T: ConfigType> ConfigType for Option<T> {
    const KIND: Kind = T::KIND;

    fn read(value: &Value) -> Option<Self> {
        T::read(value).map(Some)
    }
}

impl<T: ConfigType> ConfigType for Box<T> {
    const KIND: Kind = T::KIND;

    fn read(value: &Value) -> Option<Self> {
        T::read(value).map(Self::new)
    }
}

impl<T: ConfigType> ConfigType for Vec<T> {
    const KIND: Kind = Kind::List(&T::KIND);

    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::read).collect()
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn to_json(&self) -> Value {
        self.iter().map(Shown::to_json).collect()
    }
}

impl<T: ConfigType> ConfigType for Map<T> {
    const KIND: Kind = Kind::Map(&T::KIND);

    fn read(value: &Value) -> Option<Self> {
        value.as_object()?.iter().map(|(name, value)| Some((name.clone(), T::read(value)?))).collect()
    }
}

impl ConfigType for Value {
    const KIND: Kind = Kind::Any;

    fn read(value: &Value) -> Option<Self> {
        Some(value.clone())
    }
}

/// JSON that belongs to a plugin and may hold its secrets: it has no `Debug`, and redaction hides its strings.
#[derive(Clone)]
pub struct Sealed(Value);

impl Sealed {
    /// The value, for the plugin it belongs to.
    #[must_use]
    pub fn expose(&self) -> &Value {
        &self.0
    }
}

impl ConfigType for Sealed {
    const KIND: Kind = Kind::Sealed;

    fn read(value: &Value) -> Option<Self> {
        Some(Self(value.clone()))
    }
}

/// An identifier that people write as a string or as a number; kept as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id(String);

impl Id {
    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ConfigType for Id {
    const KIND: Kind = Kind::OneOf(&[Kind::Text, Kind::Number]);

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self(text.clone())),
            Value::Number(number) => Some(Self(number.to_string())),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

/// A text, a number or a switch, as something outside has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar(Value);

impl Scalar {
    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }
}

impl ConfigType for Scalar {
    const KIND: Kind = Kind::OneOf(&[Kind::Text, Kind::Number, Kind::Bool]);

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(_) | Value::Number(_) | Value::Bool(_) => Some(Self(value.clone())),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

/// On, off, or as the surroundings suggest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toggle {
    /// `true`
    On,
    /// `false`
    Off,
    /// `"auto"`
    Auto,
}

impl ConfigType for Toggle {
    const KIND: Kind = Kind::OneOf(&[Kind::Bool, Kind::Choice(&["auto"])]);

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(true) => Some(Self::On),
            Value::Bool(false) => Some(Self::Off),
            Value::String(text) if text == "auto" => Some(Self::Auto),
            Value::String(_) | Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

impl Shown for Toggle {
    fn to_json(&self) -> Value {
        match self {
            Self::On => true.into(),
            Self::Off => false.into(),
            Self::Auto => "auto".into(),
        }
    }
}
