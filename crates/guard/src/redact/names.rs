//! Names that say that their value is a secret.

/// The ends of such names, without separators and in lower case; `shapes` has the same list as an expression.
const ENDS: [&str; 13] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "apikey",
    "privatekey",
    "accesskey",
    "signingkey",
    "encryptionkey",
    "credential",
    "credentials",
    "authorization",
];
/// The ends of [`ENDS`] with any separator, for expressions that ignore case.
pub(super) const ENDS_EXPRESSION: &str = "(?:token|secret|password|passwd|passphrase|\
    (?:api|private|access|signing|encryption)[-_]?key|credentials?|authorization)";
/// Ends of one part of an environment variable's name.
const VARIABLE_ENDS: [&str; 7] =
    ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIALS"];

/// Whether a key, header, field or variable of that name holds a secret: `apiKey`, `x-api-key`, `AWS_SECRET_ACCESS_KEY`.
/// `maxTokens` and `sessionKey` do not.
///
/// ```
/// use openclaw_guard::says_secret;
/// assert!(says_secret("botToken") && says_secret("OPENAI_API_KEY"));
/// assert!(!says_secret("maxTokens") && !says_secret("sessionKey"));
/// ```
#[must_use]
pub fn says_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(|c| !"-_.".contains(*c)).map(|c| c.to_ascii_lowercase()).collect();
    if ENDS.iter().any(|end| plain.ends_with(end)) {
        return true;
    }
    let is_variable = !name.bytes().any(|byte| byte.is_ascii_lowercase());
    is_variable && name.split('_').any(|part| VARIABLE_ENDS.iter().any(|end| part.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::{ENDS, ENDS_EXPRESSION, says_secret};

    #[test]
    fn names_are_judged_by_their_end() {
        let table = [
            ("token", true),
            ("gateway.auth.token", true),
            ("refresh_token", true),
            ("X-Api-Key", true),
            ("clientSecret", true),
            ("Authorization", true),
            ("DB_PASSWORD_FILE", true),
            ("SSH_KEY", true),
            ("tokens", false),
            ("maxTokens", false),
            ("sessionKey", false),
            ("key", false),
            ("KEYBOARD_LAYOUT", false),
            ("PATH", false),
            ("", false),
        ];
        for (name, expected) in table {
            assert_eq!(says_secret(name), expected, "{name}");
        }
    }

    #[test]
    fn both_lists_say_the_same() {
        let expression = regex::Regex::new(&format!("^(?:{ENDS_EXPRESSION})$")).unwrap();
        for end in ENDS {
            assert!(expression.is_match(end), "{end}");
        }
    }
}
