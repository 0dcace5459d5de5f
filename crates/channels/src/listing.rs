//! The outbox as people see it.

use openclaw_store::{DeliveryFilter, DeliveryState, Ledger, LedgerCounts, LedgerError, StoredDelivery};
use serde::{Deserialize, Serialize};

use crate::{Outbound, ask};

/// Bodies are private: a list shows this many characters, to tell messages apart.
const PREVIEW_CHARS: usize = 60;

/// The outbox, the newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    /// When it was made, in milliseconds since the epoch.
    pub ts: i64,
    /// How much there is in all.
    pub counts: Counts,
    /// What was asked for.
    pub deliveries: Vec<DeliveryRow>,
}

impl Listing {
    /// Reads it from the ledger.
    ///
    /// # Errors
    /// The ledger's.
    pub async fn read(ledger: &dyn Ledger, filter: DeliveryFilter, now_ms: i64) -> Result<Self, LedgerError> {
        let counts = ask(|done| ledger.counts(done)).await?;
        let rows = ask(|done| ledger.deliveries(filter, done)).await?;
        Ok(Self::of(counts, &rows, now_ms))
    }

    /// Of what was read already.
    #[must_use]
    pub fn of(counts: LedgerCounts, rows: &[StoredDelivery], now_ms: i64) -> Self {
        let deliveries = rows.iter().map(DeliveryRow::from).collect();
        Self { ts: now_ms, counts: Counts::from(counts), deliveries }
    }
}

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Waits for its first or its next try.
    pub waiting: u64,
    /// Nobody can say whether it arrived.
    pub unknown: u64,
    /// Will not be sent.
    pub dead: u64,
}

impl From<LedgerCounts> for Counts {
    fn from(counts: LedgerCounts) -> Self {
        Self { waiting: counts.waiting, unknown: counts.unknown, dead: counts.dead }
    }
}

/// One delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryRow {
    /// What `retry` and `drop` take.
    pub id: i64,
    /// The channel.
    pub channel: String,
    /// Its account.
    pub account_id: String,
    /// The recipient.
    pub to: String,
    /// `prepared`, `sending`, `delivered`, `unknown`, `failed` or `dead`.
    pub state: String,
    /// Why it is unknown, failed or dead.
    pub reason: Option<String>,
    /// Tries so far.
    pub attempts: u32,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// The next try, when there is to be one.
    pub next_at: Option<i64>,
    /// After this it is not sent any more.
    pub expires_at: i64,
    /// The platform's id.
    pub message_id: Option<String>,
    /// The first words.
    pub preview: String,
}

impl From<&StoredDelivery> for DeliveryRow {
    fn from(stored: &StoredDelivery) -> Self {
        let what = &stored.what;
        let next_at = match stored.state {
            DeliveryState::Prepared | DeliveryState::Failed => Some(stored.next_at_ms),
            DeliveryState::Sending
            | DeliveryState::Delivered
            | DeliveryState::Unknown
            | DeliveryState::Dead => None,
        };
        Self {
            id: stored.id.number(),
            channel: what.channel.clone(),
            account_id: what.account.clone(),
            to: what.recipient.clone(),
            state: stored.state.as_str().to_owned(),
            reason: stored.reason.clone(),
            attempts: stored.attempts,
            created_at: what.created_at_ms,
            next_at,
            expires_at: what.expires_at_ms,
            message_id: stored.message_id.clone().filter(|id| !id.is_empty()),
            preview: Outbound::of(what).map(|message| preview(&message.text)).unwrap_or_default(),
        }
    }
}

/// The beginning of a text in one line.
fn preview(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(PREVIEW_CHARS) {
        let cut = words.char_indices().nth(PREVIEW_CHARS - 1).map_or(end, |(at, _)| at);
        words.truncate(cut);
        words.push('…');
    }
    words
}

/// A word that is no state.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("there is no state {word:?}; the states are {}", DeliveryState::ALL.map(DeliveryState::as_str).join(", "))]
pub struct NotAState {
    word: String,
}

/// Why nothing can be sent again: the gateway and the command line say it in the same words.
#[must_use]
pub fn none_to_retry(id: i64) -> String {
    format!("no message {id} that is failed, unknown or dead; `openclaw outbox list` shows what there is")
}

/// Why nothing can be forgotten.
#[must_use]
pub fn none_to_drop(id: i64) -> String {
    format!("no message {id} that can be forgotten; `openclaw outbox list` shows what there is")
}

/// The state that a person named, in upper or lower case.
///
/// # Errors
/// [`NotAState`], with the words there are.
pub fn state_of(word: &str) -> Result<DeliveryState, NotAState> {
    let named = DeliveryState::ALL.into_iter().find(|state| state.as_str().eq_ignore_ascii_case(word));
    named.ok_or_else(|| NotAState { word: word.chars().take(PREVIEW_CHARS).collect() })
}

#[cfg(test)]
mod tests {
    use super::{preview, state_of};
    use openclaw_store::DeliveryState;

    #[test]
    fn previews_have_sixty_characters_at_most() {
        let rows = [("a\n b\t\tc", 5), ("", 0), (&"ä".repeat(60), 60), (&"ä".repeat(61), 60)];
        for (text, length) in rows {
            assert_eq!(preview(text).chars().count(), length, "{text:?}");
        }
        assert!(preview(&"x".repeat(999)).ends_with("x…"));
    }

    #[test]
    fn states_have_names() {
        for state in DeliveryState::ALL {
            assert_eq!(state_of(state.as_str()), Ok(state));
            assert_eq!(state_of(&state.as_str().to_uppercase()), Ok(state));
        }
        let error = state_of("lost").unwrap_err().to_string();
        assert!(error.contains("\"lost\"") && error.contains("unknown, failed, dead"), "{error}");
    }
}
