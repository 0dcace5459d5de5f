//! Hiding secrets, by declaration. What is not declared is hidden too: a misspelt `tokn` must not leak its value.

use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;
use openclaw_guard::{Secret, says_secret};
use serde_json::Value;

use crate::include::INCLUDE;
use crate::key_path::{KeyPath, KeyPathError};
use crate::keys::root;
use crate::spec::Kind;
use crate::text;

/// What stands in the place of a hidden value; written back, it means "unchanged" to `config.set` and its like.
pub const REDACTED: &str = "__OPENCLAW_REDACTED__";

/// What stands under `$include`: names of files, which are no secret.
const FILE_NAMES: Kind = Kind::OneOf(&[Kind::Text, Kind::List(&Kind::Text)]);

/// The section of the variables.
const VARIABLES: &str = "env";
/// Values that nothing declares count as secrets from this length on; shorter ones are found in ordinary text.
const MIN_RANDOM_BYTES: usize = 16;

/// How the value under a node is treated.
#[derive(Clone, Copy)]
enum View {
    /// By its declared shape.
    As(&'static Kind),
    /// Strings and numbers are hidden: a secret.
    Hidden,
    /// The same for what was not declared.
    Unknown,
    /// Strings are hidden, numbers stay.
    Sealed,
    /// Nothing is hidden.
    Open,
}

impl View {
    fn of(kind: &'static Kind) -> Self {
        match kind {
            Kind::Secret => Self::Hidden,
            Kind::Sealed => Self::Sealed,
            Kind::Any => Self::Open,
            Kind::Bool
            | Kind::Integer { .. }
            | Kind::Number
            | Kind::Text
            | Kind::Choice(_)
            | Kind::List(_)
            | Kind::Map(_)
            | Kind::Object(_)
            | Kind::OneOf(_) => Self::As(kind),
        }
    }

    /// The view of a child: `Some(name)` in an object, `None` in a list.
    fn child(self, name: Option<&str>) -> Self {
        let kind = match (self, name) {
            (Self::As(kind), _) => kind,
            // Nothing is declared here, so a name that says secret is believed.
            (Self::Open, Some(name)) if says_secret(name) => return Self::Hidden,
            (Self::Open | Self::Sealed | Self::Hidden | Self::Unknown, _) => return self,
        };
        if name == Some(INCLUDE) {
            return Self::As(&FILE_NAMES);
        }
        let kinds = if let Kind::OneOf(kinds) = kind { kinds } else { std::slice::from_ref(kind) };
        let found = kinds.iter().find_map(|kind| match (kind, name) {
            (Kind::List(element), None) | (Kind::Map(element), Some(_)) => Some(*element),
            (Kind::Object(section), Some(name)) => section.child(name).map(|(kind, _)| kind),
            _ => None,
        });
        found.map_or(Self::Unknown, Self::of)
    }

    fn hides_text(self) -> bool {
        match self {
            Self::Hidden | Self::Unknown | Self::Sealed => true,
            Self::Open => false,
            Self::As(kind) => !may_be_text(kind),
        }
    }

    fn hides_number(self) -> bool {
        matches!(self, Self::Hidden | Self::Unknown)
    }

    /// Whether the declaration calls it a secret.
    fn is_declared(self) -> bool {
        matches!(self, Self::Hidden)
    }
}

/// Whether a string is the declared shape: a string where an object was declared is nothing we know.
fn may_be_text(kind: &Kind) -> bool {
    match kind {
        Kind::Text | Kind::Choice(_) => true,
        Kind::OneOf(kinds) => kinds.iter().any(may_be_text),
        // A string in place of a number or a switch is a mistake in the type and not a credential.
        Kind::Bool | Kind::Integer { .. } | Kind::Number => true,
        Kind::Secret | Kind::List(_) | Kind::Map(_) | Kind::Object(_) | Kind::Any | Kind::Sealed => false,
    }
}

/// A copy of a configuration value with every secret replaced by [`REDACTED`].
#[must_use]
pub fn redact(value: &Value) -> Value {
    let mut value = value.clone();
    hide(&mut value, View::As(root()));
    value
}

fn hide(value: &mut Value, view: View) {
    match value {
        Value::String(text) if view.hides_text() && !text.is_empty() => *text = REDACTED.to_owned(),
        Value::Number(_) if view.hides_number() => *value = REDACTED.into(),
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, view.child(None))),
        Value::Object(object) => {
            object.iter_mut().for_each(|(name, item)| hide(item, view.child(Some(name))));
        }
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {}
    }
}

/// The secrets in a configuration value, blank ones left out: what must not appear in a log. These are values that are
/// declared as one. Variables and what nothing declares may hold anything, `openclaw` or `127.0.0.1`, and a log without
/// such words tells nothing: of them count those whose name says secret, and long ones that look random. In the value as
/// written a secret may be a mere `${NAME}`; give it the value in use.
#[must_use]
pub fn secrets(value: &Value) -> Vec<Secret> {
    let mut found = Vec::new();
    collect(value, "", View::As(root()), &mut found);
    found
}

fn collect(value: &Value, name: &str, view: View, found: &mut Vec<Secret>) {
    let is_secret = |text: &str| view.is_declared() || says_secret(name) || looks_random(text);
    match value {
        Value::String(text) if view.hides_text() && !text.trim().is_empty() && is_secret(text) => {
            found.push(Secret::new(text.clone()));
        }
        Value::Number(number) if view.hides_number() && is_secret(&number.to_string()) => {
            found.push(Secret::new(number.to_string()));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, view.child(None), found)),
        Value::Object(object) => {
            for (name, item) in object {
                let is_variables =
                    matches!(view, View::As(kind) if std::ptr::eq(kind, root())) && name == VARIABLES;
                let below = if is_variables { View::Unknown } else { view.child(Some(name)) };
                collect(item, name, below, found);
            }
        }
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {}
    }
}

/// Whether a value may be a key or a token: long, letters and digits mixed, no address, path or sentence.
fn looks_random(text: &str) -> bool {
    text.len() >= MIN_RANDOM_BYTES
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !text.contains(char::is_whitespace)
        && !text.contains("://")
        && !text.starts_with(['/', '~', '.'])
}

/// The text of a configuration with every secret replaced, comments and layout kept. `None` if the text is not JSON5:
/// then nobody can say what in it is secret. Comments are the user's and stay as they are.
#[must_use]
pub fn redact_text(text: &str) -> Option<String> {
    let text = text::without_bom(text);
    let tree = text::parse(text).ok()?; // the problem itself is reported by whoever loads the text
    let mut ranges = Vec::new();
    hidden_ranges(&tree, View::As(root()), &mut ranges);
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (start, end) in ranges {
        out.push_str(&text[copied..start]);
        out.push_str(&Value::from(REDACTED).to_string());
        copied = end;
    }
    out.push_str(&text[copied..]);
    Some(out)
}

/// Byte ranges of the values to hide, in the order of the text.
fn hidden_ranges(node: &ast::Value<'_>, view: View, ranges: &mut Vec<(usize, usize)>) {
    match node {
        ast::Value::StringLit(text) if view.hides_text() && !text.value.is_empty() => {
            ranges.push((node.start(), node.end()));
        }
        ast::Value::NumberLit(_) if view.hides_number() => ranges.push((node.start(), node.end())),
        ast::Value::Array(list) => {
            list.elements.iter().for_each(|item| hidden_ranges(item, view.child(None), ranges))
        }
        ast::Value::Object(object) => {
            for property in &object.properties {
                hidden_ranges(&property.value, view.child(Some(property.name.as_str())), ranges);
            }
        }
        ast::Value::StringLit(_)
        | ast::Value::NumberLit(_)
        | ast::Value::BooleanLit(_)
        | ast::Value::NullKeyword(_) => {}
    }
}

/// The value at a written path, redacted, for `config get`.
///
/// # Errors
/// When the path cannot be read; a path without a value is `Ok(None)`.
pub fn get_path(value: &Value, path: &str) -> Result<Option<Value>, KeyPathError> {
    let path: KeyPath = path.parse()?;
    Ok(path.find(&redact(value)).cloned())
}

#[cfg(test)]
mod tests {
    use super::{REDACTED, get_path, redact, redact_text, secrets};
    use serde_json::json;

    #[test]
    fn hides_declared_secrets_and_keeps_the_rest() {
        let value = json!({
            "gateway": {"port": 1, "auth": {"mode": "token", "token": "s3cret", "tokn": "s3cret"}},
            "models": {"providers": {"p": {"baseUrl": "http://x", "apiKey": "s3cret", "headers": {"X": "s3cret"},
                "models": [{"id": "m", "maxTokens": 4096}]}}},
            "env": {"vars": {"A_KEY": "s3cret"}, "B_KEY": "s3cret", "shellEnv": {"enabled": true}},
            "hooks": {"token": 12345},
            "plugins": {"entries": {"x": {"enabled": true, "config": {"deep": ["s3cret", 7]}}}},
            "unknown": {"a": "s3cret", "b": 12345},
        });
        let hidden = redact(&value);
        let text = hidden.to_string();
        assert!(!text.contains("s3cret") && !text.contains("12345"), "{text}");
        for (path, expected) in [
            ("gateway.auth.token", json!(REDACTED)),
            ("gateway.auth.mode", json!("token")),
            ("models.providers.p.models[0].maxTokens", json!(4096)),
            ("models.providers.p.baseUrl", json!("http://x")),
            ("plugins.entries.x.config.deep[1]", json!(7)),
            ("env.shellEnv.enabled", json!(true)),
        ] {
            assert_eq!(get_path(&value, path).unwrap(), Some(expected), "{path}");
        }
        assert_eq!(get_path(&value, "gateway.nothing").unwrap(), None);
    }

    #[test]
    fn secrets_are_what_is_hidden() {
        let value = json!({
            "gateway": {"port": 1, "auth": {"mode": "token", "token": "one"}, "bind": "loopback"},
            "channels": {"telegram": {"botToken": "two", "accounts": {"b": {"botToken": "three"}}}, "slack": {"botToken": " "}},
            "plugins": {"entries": {"x": {"enabled": true, "config": {"deep": ["four", 7]}}}},
            "unknown": 5,
            "env": {"vars": {"APP_NAME": "openclaw", "WHERE": "127.0.0.1", "MY_TOKEN": "five", "X": "a1b2c3d4e5f6g7h8"}, "HERE": "http://127.0.0.1:8080/v1"},
        });
        let found: Vec<String> = secrets(&value).iter().map(|secret| secret.expose().to_owned()).collect();
        assert_eq!(found, ["one", "two", "three", "five", "a1b2c3d4e5f6g7h8"]);
    }

    #[test]
    fn names_of_included_files_are_shown_and_nothing_else_under_that_key() {
        let value = json!({
            "$include": "./a.json5",
            "env": {"vars": {"$include": ["./b.json5", "./c.json5"], "A": "s3cret"}},
            "agents": {"list": {"$include": "./d.json5"}, "defaults": {"$include": {"x": "s3cret", "y": [["s3cret"]]}}},
            "gateway": {"auth": {"token": {"$include": "s3cret"}}},
        });
        let text = redact(&value).to_string();
        assert!(
            !text.contains("s3cret")
                && ["a", "b", "c", "d"].iter().all(|f| text.contains(&format!("./{f}.json5"))),
            "{text}"
        );
        let main = "{$include: './a.json5', channels: {$include: ['./b.json5']}}";
        assert_eq!(redact_text(main).unwrap(), main);
    }

    #[test]
    fn channels_keep_their_credentials_to_themselves() {
        let value = json!({"channels": {
            "telegram": {"botToken": "s3cret", "webhookSecret": "s3cret", "proxy": "socks5://u:s3cret@h", "dmPolicy": "open",
                "accounts": {"two": {"botToken": "s3cret"}}},
            "discord": {"token": "s3cret", "pluralkit": {"token": "s3cret"}},
            "slack": {"botToken": "s3cret", "appToken": "s3cret", "userToken": "s3cret", "signingSecret": "s3cret", "userTokenReadOnly": true},
            "googlechat": {"serviceAccount": "s3cret", "accounts": {"b": {"serviceAccount": {"private_key": "s3cret", "n": [["s3cret"]]}}}},
            "msteams": {"appPassword": "s3cret", "tenantId": "tenant"},
            "mattermost": {"botToken": "s3cret", "baseUrl": "http://chat"},
            "bluebubbles": {"password": "s3cret"},
            "matrix": {"accessToken": "s3cret", "enabled": true},
            "wecom": {"deep": [{"key": "s3cret"}]},
            "telegrm": {"botToken": "s3cret"},
        }});
        let hidden = redact(&value);
        assert!(!hidden.to_string().contains("s3cret"), "{hidden}");
        for (path, expected) in [
            ("channels.telegram.dmPolicy", json!("open")),
            ("channels.slack.userTokenReadOnly", json!(true)),
            ("channels.msteams.tenantId", json!("tenant")),
            ("channels.mattermost.baseUrl", json!("http://chat")),
            ("channels.matrix.enabled", json!(true)),
        ] {
            assert_eq!(get_path(&value, path).unwrap(), Some(expected), "{path}");
        }
    }

    #[test]
    fn text_keeps_comments_and_layout() {
        let text = "{ // mine\n  gateway: { auth: { token: 's3\\x63ret', mode: 'token' } }, // end\n}";
        let expected =
            "{ // mine\n  gateway: { auth: { token: \"__OPENCLAW_REDACTED__\", mode: 'token' } }, // end\n}";
        assert_eq!(redact_text(text).unwrap(), expected);
        assert_eq!(redact_text("{token: 's3cret'"), None);
    }
}
