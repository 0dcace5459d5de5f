//! A message on its way out, and how the outbox keeps it.

use std::time::Duration;

use openclaw_store::NewDelivery;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Channel, IdempotencyKey};

/// Somebody waits for it (P-03): after an hour it would come as a surprise.
pub const INTERACTIVE_TTL: Duration = Duration::from_secs(3_600);
/// Nobody waits for it (P-03).
pub const CRON_TTL: Duration = Duration::from_secs(24 * 3_600);

/// The version of the body that this program writes.
const VERSION: u32 = 1;

/// A message for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbound {
    /// The account of the channel.
    pub account: String,
    /// Whom it is for, in the channel's own words.
    pub recipient: String,
    /// What it says.
    pub text: String,
    /// What a later program put beside it.
    more: Map<String, Value>,
}

/// A body of the outbox that is no message.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is not what was written.
    #[error("the outbox entry holds no message: {0}")]
    NotAMessage(#[from] serde_json::Error),
    /// A later program wrote it.
    #[error(
        "the outbox entry has version {found}, this program knows versions up to {VERSION}; start the newer openclaw \
         again and send it with `openclaw outbox retry`"
    )]
    Newer {
        /// Its version.
        found: u32,
    },
}

/// As it lies in the outbox.
#[derive(Serialize, Deserialize)]
struct Body {
    v: u32,
    text: String,
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// What every version has.
#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

impl Outbound {
    /// A message of words.
    #[must_use]
    pub fn new(account: impl Into<String>, recipient: impl Into<String>, text: impl Into<String>) -> Self {
        Self { account: account.into(), recipient: recipient.into(), text: text.into(), more: Map::new() }
    }

    /// The message of an outbox entry.
    ///
    /// # Errors
    /// [`BodyError`].
    pub fn of(entry: &NewDelivery) -> Result<Self, BodyError> {
        let Versioned { v: found } = serde_json::from_slice(&entry.body)?;
        if found > VERSION {
            return Err(BodyError::Newer { found });
        }
        let Body { text, more, .. } = serde_json::from_slice(&entry.body)?;
        Ok(Self { more, ..Self::new(&entry.account, &entry.recipient, text) })
    }

    /// The body of its outbox entry.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let mut body = Map::new();
        body.insert("v".to_owned(), VERSION.into());
        body.insert("text".to_owned(), self.text.as_str().into());
        for (name, value) in &self.more {
            body.entry(name.clone()).or_insert_with(|| value.clone());
        }
        Value::Object(body).to_string().into_bytes()
    }
}

/// The outbox entry of a message that somebody waits for.
#[must_use]
pub fn interactive(
    channel: &dyn Channel,
    message: &Outbound,
    key: IdempotencyKey,
    now_ms: i64,
) -> NewDelivery {
    entry(channel, message, key, (now_ms, INTERACTIVE_TTL))
}

/// The outbox entry of a message that a clock asked for.
#[must_use]
pub fn scheduled(channel: &dyn Channel, message: &Outbound, key: IdempotencyKey, now_ms: i64) -> NewDelivery {
    entry(channel, message, key, (now_ms, CRON_TTL))
}

fn entry(
    channel: &dyn Channel,
    message: &Outbound,
    key: IdempotencyKey,
    (now_ms, ttl): (i64, Duration),
) -> NewDelivery {
    let ttl_ms = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
    NewDelivery {
        channel: channel.id().to_owned(),
        account: message.account.clone(),
        recipient: message.recipient.clone(),
        key: key.as_str().to_owned(),
        body: message.body(),
        repeats: channel.repeats(),
        created_at_ms: now_ms,
        expires_at_ms: now_ms.saturating_add(ttl_ms),
    }
}

#[cfg(test)]
mod tests {
    use super::{BodyError, Outbound};
    use openclaw_store::{NewDelivery, Repeats};
    use proptest::prelude::*;

    fn entry(body: &[u8]) -> NewDelivery {
        NewDelivery {
            channel: "c".into(),
            account: "a".into(),
            recipient: "r".into(),
            key: "k".into(),
            body: body.to_vec(),
            repeats: Repeats::Shown,
            created_at_ms: 0,
            expires_at_ms: 1,
        }
    }

    #[test]
    fn what_a_later_program_added_survives() {
        let message = Outbound::of(&entry(br#"{"v":1,"text":"hi","replyTo":"m7","x":[1]}"#)).unwrap();
        assert_eq!(message.text, "hi");
        let again = String::from_utf8(message.body()).unwrap();
        assert_eq!(again, r#"{"v":1,"text":"hi","replyTo":"m7","x":[1]}"#);
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for body in ["", "{}", "[1]", r#"{"v":1}"#, r#"{"v":1,"text":7}"#, r#"{"v":-1,"text":"x"}"#] {
            assert!(
                matches!(Outbound::of(&entry(body.as_bytes())), Err(BodyError::NotAMessage(_))),
                "{body}"
            );
        }
        let newer = Outbound::of(&entry(br#"{"v":2,"words":["hi"]}"#));
        assert!(matches!(newer, Err(BodyError::Newer { found: 2 })));
    }

    proptest! {
        #[test]
        fn words_come_back(text in any::<String>()) {
            let message = Outbound::new("a", "r", text);
            prop_assert_eq!(Outbound::of(&entry(&message.body())).unwrap(), message);
        }

        #[test]
        fn any_bytes_are_a_message_or_an_error(body in proptest::collection::vec(any::<u8>(), 0..64)) {
            Outbound::of(&entry(&body)).ok();
        }
    }
}
