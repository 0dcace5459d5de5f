//! `${NAME}` in strings.

use serde_json::Value;

use crate::check::Report;
use crate::env::Env;
use crate::key_path::Trail;
use crate::problem::ProblemKind;
use crate::tree::Part;

/// Replaces `${NAME}` in every string of `value` by the variable, and `$${NAME}` by the literal `${NAME}`.
/// A variable that is missing or empty is a problem, and its string stays as it is.
pub(crate) fn substitute(value: &mut Value, env: &Env, path: &Trail<'_>, report: &mut Report<'_>) {
    match value {
        Value::String(text) => match expand(text, env) {
            Ok(expanded) => *text = expanded,
            Err(NoValue(name)) => report.add(path, Part::Value, ProblemKind::UnsetVariable { name }),
        },
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                substitute(item, env, &path.index(index), report);
            }
        }
        Value::Object(object) => {
            for (name, item) in object {
                substitute(item, env, &path.key(name), report);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What a string stands for; `None` when a variable has no value.
pub(crate) fn expanded(text: &str, env: &Env) -> Option<String> {
    expand(text, env).ok() // the missing variable is told of when the configuration is checked
}

/// The variable that is not set, or empty.
#[derive(Debug, PartialEq, Eq)]
struct NoValue(String);

/// Expands one string, or names the variable that has no value.
fn expand(text: &str, env: &Env) -> Result<String, NoValue> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        rest = &rest[dollar..];
        if let Some(after) = rest.strip_prefix("$$").filter(|_| variable(&rest[1..]).is_some()) {
            // The dollar is pushed here and the reference stays as it stands.
            let end = after.find('}').map_or(after.len(), |end| end + 1);
            out.push('$');
            out.push_str(&after[..end]);
            rest = &after[end..];
        } else if let Some((name, after)) = variable(rest) {
            out.push_str(
                env.get(name).filter(|value| !value.is_empty()).ok_or_else(|| NoValue(name.to_owned()))?,
            );
            rest = after;
        } else {
            out.push('$');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Takes `${NAME}` off the front; names are upper case, as the documentation has them.
fn variable(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.strip_prefix("${")?.split_once('}')?;
    let mut bytes = name.bytes();
    let is_start = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
    let is_name =
        bytes.next().is_some_and(is_start) && bytes.all(|byte| is_start(byte) || byte.is_ascii_digit());
    is_name.then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::{NoValue, expand};
    use crate::env::Env;
    use proptest::prelude::*;

    #[test]
    fn expands_upper_case_names_only() {
        let env = Env::from([("KEY", "v"), ("_A1", "w"), ("EMPTY", ""), ("LOOP", "${KEY}")]);
        let rows = [
            ("a ${KEY} b${_A1}", Ok("a v bw")),
            ("$${KEY}", Ok("${KEY}")),
            ("$$${KEY}", Ok("$${KEY}")),
            ("$KEY ${key} ${1A} ${} ${KEY", Ok("$KEY ${key} ${1A} ${} ${KEY")),
            ("$$", Ok("$$")),
            ("${LOOP}", Ok("${KEY}")),
            ("${NONE}", Err("NONE")),
            ("${EMPTY}", Err("EMPTY")),
        ];
        for (text, expected) in rows {
            let expected = expected.map(str::to_owned).map_err(|name: &str| NoValue(name.to_owned()));
            assert_eq!(expand(text, &env), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_without_references_is_unchanged(text in "[a-z${ }é]{0,30}") {
            prop_assert_eq!(expand(&text, &Env::default()), Ok(text));
        }
    }
}
