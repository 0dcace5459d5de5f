//! What sending text to a service costs, and what is not sent without a person's word.

use openclaw_embed::{Embedder, Estimate, Mode};
use serde::Serialize;

use super::jobs::FROM_TEXTS;
use super::measuring;
use super::state::Embedding;
use crate::backend::SyncReason;
use crate::engine::Mailbox;
use crate::error::MemoryError;

/// What a sync would send to a service that may cost money.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spending {
    /// Provider and model.
    pub embedder: String,
    /// Passages that have no vector yet.
    pub passages: usize,
    /// Their tokens, about.
    pub tokens: u64,
    /// US dollars by the published prices; absent when they are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dollars: Option<f64>,
    /// More tokens than this are sent only when a person says so.
    pub ask_above_tokens: u64,
}

impl Spending {
    /// Whether it is more than what goes without saying.
    #[must_use]
    pub fn is_much(&self) -> bool {
        self.tokens > self.ask_above_tokens
    }
}

/// For people: `12,000 passages, about 2.1 million tokens, $0.04`.
impl std::fmt::Display for Spending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passages, about {} tokens, ", self.passages, self.tokens)?;
        match self.dollars {
            Some(dollars) if dollars < 0.01 => f.write_str("less than a cent"),
            Some(dollars) => write!(f, "about {dollars:.2} US dollars"),
            None => f.write_str("at a price that is not known here"),
        }
    }
}

/// What waits for a person's word.
#[derive(Debug, Clone)]
pub(super) struct Withheld {
    /// Passages without vectors when it was looked at.
    left: usize,
    pub(super) says: String,
}

impl Embedding {
    /// Whether who makes the vectors may want money.
    pub(crate) fn may_cost(&self) -> bool {
        self.active().is_some_and(|embedder| costs(embedder.as_ref()))
    }

    /// What a sync would send; nothing when that costs nothing.
    pub(crate) async fn spending(
        &self,
        mailbox: &Mailbox,
        why: SyncReason,
    ) -> Result<Option<Spending>, MemoryError> {
        let Some(embedder) = self.active().filter(|embedder| costs(embedder.as_ref())) else {
            return Ok(None);
        };
        let texts = match why {
            SyncReason::Rebuild => mailbox.with_vectors(embedder.as_ref(), |open, _| open.uncached()).await?,
            SyncReason::SessionStart | SyncReason::Written | SyncReason::Requested => {
                let all = (usize::MAX, usize::MAX);
                let missing = self.missing(mailbox, embedder.as_ref(), all).await?;
                missing.passages.into_iter().map(|passage| passage.text).collect()
            }
        };
        let passages = texts.len();
        let mut texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let is_job = self.offers_jobs(embedder.as_ref()) && texts.len() >= FROM_TEXTS;
        let mode = if is_job { Mode::Batch } else { Mode::Inline };
        if self.is_unmeasured(mailbox, embedder.as_ref()).await? {
            texts.extend(measuring::texts());
        }
        let Estimate { tokens, dollars, .. } = embedder.estimate(&texts, mode);
        let ask_above_tokens = self.embedders.ask_above_tokens.unwrap_or(u64::MAX);
        let embedder = embedder.identity().to_string();
        Ok((passages > 0).then_some(Spending { embedder, passages, tokens, dollars, ask_above_tokens }))
    }

    /// Whether what is missing is not to be sent without a person's word.
    pub(super) async fn withhold(&self, mailbox: &Mailbox) -> Result<bool, MemoryError> {
        let Some(embedder) = self.active().filter(|embedder| costs(embedder.as_ref())) else {
            return Ok(false);
        };
        if self.embedders.ask_above_tokens.is_none() {
            return Ok(false);
        }
        // Every search comes here, and reading all texts takes a while: only when something has changed.
        let left = self.missing(mailbox, embedder.as_ref(), (1, 1)).await?.left;
        if self.state().withheld.as_ref().is_some_and(|withheld| withheld.left == left) {
            return Ok(true);
        }
        let spending = self.spending(mailbox, SyncReason::Requested).await?;
        let withheld = spending.filter(Spending::is_much).map(|spending| Withheld {
            left,
            says: format!(
                "{} would get {spending}, which is more than memorySearch.remote.askAboveTokens ({}); \
                 `openclaw memory index` asks whether that is all right",
                spending.embedder, spending.ask_above_tokens
            ),
        });
        let is_withheld = withheld.is_some();
        self.state().withheld = withheld;
        Ok(is_withheld)
    }
}

/// Whether anybody is paid: not on this machine.
fn costs(embedder: &dyn Embedder) -> bool {
    embedder.estimate(&["a"], Mode::Inline).dollars != Some(0.0)
}
