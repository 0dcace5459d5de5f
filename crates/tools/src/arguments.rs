//! The arguments of a call, checked against the tool's declaration.

use serde_json::{Map, Value};

use crate::spec::{Need, Param, ParamKind, ToolSpec};

/// Arguments that fit a declaration: every required parameter is there under its own name, with the right type.
///
/// Parameters the tool does not have are dropped: models trained elsewhere add them, and nothing depends on them.
#[derive(Debug, Clone, PartialEq)]
pub struct Arguments {
    tool: &'static str,
    values: Map<String, Value>,
}

/// Why arguments do not fit, in words for the model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ArgumentError {
    /// Not a JSON object.
    #[error("the arguments of {tool} must be a JSON object")]
    NotAnObject {
        /// The tool.
        tool: &'static str,
    },
    /// A required parameter is not there.
    #[error("{tool} needs \"{param}\"")]
    Missing {
        /// The tool.
        tool: &'static str,
        /// The parameter.
        param: &'static str,
    },
    /// A parameter has another type or is out of bounds.
    #[error("\"{param}\" of {tool} must be {expected}")]
    Unfit {
        /// The tool.
        tool: &'static str,
        /// The parameter.
        param: &'static str,
        /// What it must be.
        expected: String,
    },
}

impl Arguments {
    /// Checks what a model sent.
    ///
    /// Numbers written as text are taken as numbers, since small models write them so.
    ///
    /// # Errors
    /// The first parameter that does not fit.
    pub fn check(spec: &ToolSpec, arguments: &Value) -> Result<Self, ArgumentError> {
        let tool = spec.name;
        let given = match arguments {
            Value::Object(given) => given,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(ArgumentError::NotAnObject { tool });
            }
        };
        let mut values = Map::new();
        for param in spec.params {
            let names = std::iter::once(&param.name).chain(param.aliases);
            let found = names.filter_map(|name| given.get(*name)).find(|value| !value.is_null());
            match (found, param.need) {
                (Some(value), _) => {
                    let unfit =
                        || ArgumentError::Unfit { tool, param: param.name, expected: expected(param.kind) };
                    values.insert(param.name.to_owned(), fit(param.kind, value).ok_or_else(unfit)?);
                }
                (None, Need::Required) => return Err(ArgumentError::Missing { tool, param: param.name }),
                (None, Need::Optional) => {}
            }
        }
        Ok(Self { tool, values })
    }

    /// The checked arguments as JSON.
    #[must_use]
    pub fn into_value(self) -> Value {
        Value::Object(self.values)
    }

    /// A text, if it was given.
    ///
    /// # Errors
    /// When the declaration says it is something else.
    pub fn text(&self, param: &'static str) -> Result<Option<&str>, ArgumentError> {
        self.get(param, "text", Value::as_str)
    }

    /// A text that the declaration requires.
    ///
    /// # Errors
    /// When the declaration does not.
    pub fn required_text(&self, param: &'static str) -> Result<&str, ArgumentError> {
        self.text(param)?.ok_or(ArgumentError::Missing { tool: self.tool, param })
    }

    /// A whole number, if it was given.
    ///
    /// # Errors
    /// When the declaration says it is something else.
    pub fn integer(&self, param: &'static str) -> Result<Option<u64>, ArgumentError> {
        self.get(param, "a whole number", Value::as_u64)
    }

    /// A number, if it was given.
    ///
    /// # Errors
    /// When the declaration says it is something else.
    pub fn number(&self, param: &'static str) -> Result<Option<f64>, ArgumentError> {
        self.get(param, "a number", Value::as_f64)
    }

    /// A flag; one that was not given is false.
    ///
    /// # Errors
    /// When the declaration says it is something else.
    pub fn flag(&self, param: &'static str) -> Result<bool, ArgumentError> {
        Ok(self.get(param, "true or false", Value::as_bool)?.unwrap_or(false))
    }

    fn get<'a, T>(
        &'a self,
        param: &'static str,
        expected: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ArgumentError> {
        let unfit = || ArgumentError::Unfit { tool: self.tool, param, expected: expected.to_owned() };
        self.values.get(param).map(|value| read(value).ok_or_else(unfit)).transpose()
    }
}

/// The value in the form of its kind, or `None`.
fn fit(kind: ParamKind, value: &Value) -> Option<Value> {
    match kind {
        ParamKind::Text { max_bytes } => {
            value.as_str().filter(|text| text.len() <= max_bytes).map(Value::from)
        }
        ParamKind::Integer { min, max } => {
            whole(value).filter(|number| (min..=max).contains(number)).map(Value::from)
        }
        ParamKind::Number { min, max } => {
            number(value).filter(|number| (min..=max).contains(number)).map(Value::from)
        }
        ParamKind::Flag => match value.as_str() {
            Some("true") => Some(true.into()),
            Some("false") => Some(false.into()),
            Some(_) => None,
            None => value.as_bool().map(Value::from),
        },
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A whole number in any of the ways JSON writers put it: `5`, `5.0`, `"5"`.
fn whole(value: &Value) -> Option<u64> {
    let exact = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    exact.or_else(|| {
        let float = number(value)?;
        // Within 2^53 a float without a fraction is exactly the number it shows.
        let is_whole = float.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&float);
        is_whole.then(|| format!("{float:.0}").parse().ok()).flatten()
    })
}

fn expected(kind: ParamKind) -> String {
    match kind {
        ParamKind::Text { max_bytes } => format!("text of at most {max_bytes} bytes"),
        ParamKind::Integer { min, max: u64::MAX } => format!("a whole number, {min} or more"),
        ParamKind::Integer { min, max } => format!("a whole number from {min} to {max}"),
        ParamKind::Number { min, max } => format!("a number from {min} to {max}"),
        ParamKind::Flag => "true or false".into(),
    }
}

/// Declares a parameter in one line; used by the tools' tables.
pub(crate) const fn param(
    name: &'static str,
    kind: ParamKind,
    need: Need,
    description: &'static str,
) -> Param {
    Param { name, aliases: &[], kind, need, description }
}

#[cfg(test)]
mod tests {
    use super::{Arguments, param};
    use crate::spec::{Need, Param, ParamKind, ToolSpec};
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use std::time::Duration;

    static PARAMS: [Param; 4] = [
        Param {
            aliases: &["file_path"],
            ..param("path", ParamKind::Text { max_bytes: 8 }, Need::Required, "")
        },
        param("limit", ParamKind::Integer { min: 1, max: 100 }, Need::Optional, ""),
        param("score", ParamKind::Number { min: 0.0, max: 1.0 }, Need::Optional, ""),
        param("append", ParamKind::Flag, Need::Optional, ""),
    ];
    static SPEC: ToolSpec = ToolSpec {
        name: "demo",
        description: "",
        params: &PARAMS,
        label: Some("path"),
        timeout: Duration::from_secs(1),
    };

    #[test]
    fn table() {
        let rows: [(Value, Result<Value, &str>); 16] = [
            (json!({"path": "a"}), Ok(json!({"path": "a"}))),
            (json!({"file_path": "a", "unknown": [1]}), Ok(json!({"path": "a"}))),
            (json!({"path": null, "file_path": "a"}), Ok(json!({"path": "a"}))),
            (json!({"path": "a", "limit": "5"}), Ok(json!({"path": "a", "limit": 5}))),
            (json!({"path": "a", "limit": 5.0}), Ok(json!({"path": "a", "limit": 5}))),
            (json!({"path": "a", "limit": null}), Ok(json!({"path": "a"}))),
            (json!({"path": "a", "score": "0.5"}), Ok(json!({"path": "a", "score": 0.5}))),
            (json!({"path": "a", "append": "true"}), Ok(json!({"path": "a", "append": true}))),
            (json!({}), Err("demo needs \"path\"")),
            (json!({"path": 7}), Err("\"path\" of demo must be text of at most 8 bytes")),
            (json!({"path": "123456789"}), Err("\"path\" of demo must be text of at most 8 bytes")),
            (json!({"path": "a", "limit": 0}), Err("\"limit\" of demo must be a whole number from 1 to 100")),
            (
                json!({"path": "a", "limit": 1.5}),
                Err("\"limit\" of demo must be a whole number from 1 to 100"),
            ),
            (json!({"path": "a", "score": 2}), Err("\"score\" of demo must be a number from 0 to 1")),
            (json!({"path": "a", "append": 1}), Err("\"append\" of demo must be true or false")),
            (json!("path"), Err("the arguments of demo must be a JSON object")),
        ];
        for (given, expected) in rows {
            let checked = Arguments::check(&SPEC, &given).map(Arguments::into_value);
            let checked = checked.map_err(|error| error.to_string());
            assert_eq!(checked, expected.map_err(str::to_owned), "{given}");
        }
    }

    #[test]
    fn schema_and_label_come_from_the_declaration() {
        let definition = SPEC.definition();
        assert_eq!(definition.parameters["required"], json!(["path"]));
        let names: Vec<&String> = definition.parameters["properties"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["path", "limit", "score", "append"]);
        assert_eq!(SPEC.label_of(&json!({"path": "a\nb"})).as_deref(), Some("a b"));
        assert_eq!(SPEC.label_of(&json!({})), None);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            let names = prop_oneof![Just("path"), Just("limit"), Just("score"), Just("append"), Just("x")];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::hash_map(names.prop_map(str::to_owned), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_passes_passes_again_unchanged(given in any_json()) {
            if let Ok(checked) = Arguments::check(&SPEC, &given) {
                prop_assert!(checked.required_text("path").is_ok());
                prop_assert!(checked.integer("limit").is_ok() && checked.number("score").is_ok());
                let again = Arguments::check(&SPEC, &checked.clone().into_value());
                prop_assert_eq!(again, Ok(checked));
            }
        }
    }
}
