//! One profile: whose credential it is, and what it is.

use openclaw_guard::Secret;
use serde_json::{Map, Value};

/// A credential of a provider under a name.
#[derive(Clone)]
pub struct Profile {
    /// Its name, by custom `provider:something`.
    pub id: String,
    /// The provider, as it is written.
    pub provider: String,
    /// The credential.
    pub credential: Credential,
    /// The account, when it is known.
    pub email: Option<String>,
}

/// What a profile holds.
#[derive(Clone)]
pub enum Credential {
    /// A key of the provider's console.
    ApiKey {
        /// The key.
        key: Secret,
    },
    /// A token that is not renewed.
    Token {
        /// The token.
        token: Secret,
        /// When it ends, in milliseconds since the epoch.
        expires: Option<i64>,
    },
    /// A token that can be renewed.
    OAuth(OAuth),
}

/// A token that can be renewed.
#[derive(Clone)]
pub struct OAuth {
    /// What requests carry.
    pub access: Secret,
    /// What gets another one.
    pub refresh: Secret,
    /// When `access` ends, in milliseconds since the epoch.
    pub expires: i64,
    /// The client it was issued to, where the provider has several.
    pub client_id: Option<String>,
}

impl Credential {
    /// The word for it in the file.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ApiKey { .. } => "api_key",
            Self::Token { .. } => "token",
            Self::OAuth(_) => "oauth",
        }
    }

    /// When it ends, in milliseconds since the epoch.
    #[must_use]
    pub fn expires(&self) -> Option<i64> {
        match self {
            Self::ApiKey { .. } => None,
            Self::Token { expires, .. } => *expires,
            Self::OAuth(oauth) => Some(oauth.expires),
        }
    }

    /// Whether it can be of use: there is something in it, and it has not ended, or can be renewed.
    #[must_use]
    pub fn is_usable(&self, now_ms: i64) -> bool {
        match self {
            Self::ApiKey { key } => !key.is_blank(),
            Self::Token { token, expires } => !token.is_blank() && expires.is_none_or(|at| now_ms < at),
            Self::OAuth(oauth) => {
                !oauth.refresh.is_blank() || (!oauth.access.is_blank() && now_ms < oauth.expires)
            }
        }
    }
}

impl Profile {
    /// Reads an entry of `profiles`; nothing when it is not one.
    pub(crate) fn read(id: &str, value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::trim).unwrap_or_default();
        let secret = |name: &str| Secret::new(text(name).to_owned());
        let optional = |name: &str| Some(text(name)).filter(|text| !text.is_empty()).map(str::to_owned);
        let credential = match text("type") {
            "api_key" => Credential::ApiKey { key: secret("key") },
            "token" => Credential::Token {
                token: secret("token"),
                expires: number(value.get("expires")).filter(|at| *at > 0),
            },
            "oauth" => Credential::OAuth(OAuth {
                access: secret("access"),
                refresh: secret("refresh"),
                expires: number(value.get("expires")).unwrap_or(0),
                client_id: optional("clientId"),
            }),
            _ => return None,
        };
        let provider = optional("provider")?;
        Some(Self { id: id.to_owned(), provider, credential, email: optional("email") })
    }

    /// Writes what it holds into an entry, and leaves the rest of the entry as it is.
    pub(crate) fn write(&self, entry: &mut Map<String, Value>) {
        let mut set = |name: &str, value: Value| drop(entry.insert(name.to_owned(), value));
        set("type", self.credential.kind().into());
        set("provider", self.provider.as_str().into());
        match &self.credential {
            Credential::ApiKey { key } => set("key", key.expose().into()),
            Credential::Token { token, expires } => {
                set("token", token.expose().into());
                if let Some(expires) = expires {
                    set("expires", (*expires).into());
                }
            }
            Credential::OAuth(oauth) => {
                set("access", oauth.access.expose().into());
                set("refresh", oauth.refresh.expose().into());
                set("expires", oauth.expires.into());
                if let Some(client) = &oauth.client_id {
                    set("clientId", client.as_str().into());
                }
            }
        }
        if let Some(email) = &self.email {
            set("email", email.as_str().into());
        }
    }
}

/// A whole number, also where a program wrote it as a fraction.
#[allow(clippy::cast_possible_truncation, reason = "milliseconds since the epoch are far below 2^53")]
pub(crate) fn number(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    value.as_i64().or_else(|| value.as_f64().filter(|number| number.is_finite()).map(|number| number as i64))
}

#[cfg(test)]
mod tests {
    use super::{Credential, Profile};
    use serde_json::json;

    #[test]
    fn what_can_be_of_use() {
        let rows = [
            (json!({"type": "api_key", "provider": "p", "key": "k"}), true),
            (json!({"type": "api_key", "provider": "p", "key": " "}), false),
            (json!({"type": "token", "provider": "p", "token": "t"}), true),
            (json!({"type": "token", "provider": "p", "token": "t", "expires": 999}), false),
            (json!({"type": "token", "provider": "p", "token": "t", "expires": 1001.5}), true),
            (json!({"type": "oauth", "provider": "p", "access": "a", "refresh": "r", "expires": 1}), true),
            (json!({"type": "oauth", "provider": "p", "access": "a", "expires": 1}), false),
        ];
        for (value, expected) in rows {
            let profile = Profile::read("id", &value).unwrap();
            assert_eq!(profile.credential.is_usable(1_000), expected, "{value}");
        }
        for value in [json!({"type": "other", "provider": "p"}), json!({"type": "token"}), json!(5)] {
            assert!(Profile::read("id", &value).is_none(), "{value}");
        }
    }

    #[test]
    fn writing_keeps_what_it_does_not_know() {
        let mut value = json!({"type": "oauth", "provider": "p", "access": "a", "refresh": "r", "expires": 1,
            "projectId": "x", "email": "e"});
        let mut profile = Profile::read("id", &value).unwrap();
        if let Credential::OAuth(oauth) = &mut profile.credential {
            oauth.expires = 2;
        }
        profile.write(value.as_object_mut().unwrap());
        assert_eq!(
            (&value["projectId"], &value["expires"], &value["email"]),
            (&json!("x"), &json!(2), &json!("e"))
        );
    }
}
