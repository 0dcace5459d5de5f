//! Pays for the calls of one answer.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use openclaw_models::cli::CliFault;
use openclaw_models::{Malformed, ModelError, ModelInfo, ModelRequest, Prices, TimeoutKind, WireApi};
use openclaw_protocol::message::Usage;

use super::amount::{Amount, Budgets, Span};
use super::book::{Own, Who};
use super::grant::{Call, Grant, Length, Over, Unit, dollars, grant};
use super::kept::{Memory, Reservation, Spending};
use crate::budget;
use crate::lane::Inbound;

/// Bytes of an answer for each token that it may have, before it is stopped: a quarter more than a token has on average.
const MAX_BYTES_PER_TOKEN: u64 = 5;
/// What a short answer may be longer, for the same reason.
const MARGIN_BYTES: u64 = 256;

/// The id under which a turn's spending is kept over a restart.
pub(crate) fn run_id(inbound: &Inbound) -> String {
    format!("{}-{}", inbound.event.number(), inbound.record)
}

/// Why no model is asked, or not any longer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Unpaid {
    /// A limit does not allow another call.
    Over(Over),
    /// The answer was longer than what was left for it.
    Passed {
        /// The model.
        model: String,
        /// What was left, in tokens.
        tokens: u64,
        /// The limit that left so little.
        bound: Option<(Span, Unit)>,
    },
    /// What the call can cost could not be written down, and a process that is killed would forget it.
    NotKept {
        /// The file and the reason.
        why: String,
    },
}

impl Unpaid {
    /// For the user: what happened and what to do.
    #[must_use]
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Over(over) => over.words(),
            Self::Passed { model, tokens, bound: Some((span, unit)) } => format!(
                "{model} was stopped: it wrote more than the {tokens} tokens that the budget for {} left for its answer (models.budgets.{}.{}). {}",
                span.words(),
                span.key(),
                unit.key(),
                span.next_step()
            ),
            Self::Passed { model, tokens, bound: None } => format!(
                "{model} was stopped: it wrote more than the {tokens} tokens that it was asked for, and where models.budgets limits anything no more than that is paid for. Ask for less at once, or raise its maxTokens."
            ),
            Self::NotKept { why } => format!(
                "No model is asked, because what it costs could not be kept, and a budget must not forget it: {why}. Make room there or repair it, and send the message again."
            ),
        }
    }
}

/// Pays for the calls of one answer.
pub(crate) struct Purse {
    budgets: Budgets,
    spending: Arc<Spending>,
    who: Who,
    own: Own,
    /// The call that runs.
    open: Option<Open>,
}

struct Open {
    /// Absent when the call has said what it cost.
    reservation: Option<Reservation>,
    /// `provider/model`.
    model: String,
    prices: Prices,
    /// Tokens.
    prompt: u64,
    /// Bytes of the answer so far.
    answer: u64,
    /// Of these, those that nobody reads, which are longer than what they stand for.
    sealed: u64,
    grant: Grant,
}

impl Purse {
    /// Of an answer of an agent in a session, both by their ids. `run` is the turn's, where it outlives this process.
    pub(crate) fn new(
        (budgets, spending): (Budgets, Arc<Spending>),
        (agent, session): (&str, &str),
        run: Option<String>,
        spent: Amount,
    ) -> Self {
        let who = Who {
            agent: agent.to_owned(),
            session: budgets.session.is_set().then(|| session.to_owned()),
            run: run.filter(|_| budgets.run.is_set()),
        };
        let own = Own { run: Amount::default(), session: spent };
        Self { budgets, spending, who, own, open: None }
    }

    /// What the session has spent.
    pub(crate) fn session(&self) -> Amount {
        self.own.session
    }

    /// Sets aside what a call can cost, and shortens its answer to what is left. Where anything is limited, it is on the disk
    /// when this returns. `today` is in the user's zone.
    ///
    /// # Errors
    /// A limit does not allow it, or it cannot be kept.
    pub(crate) async fn open(
        &mut self,
        request: &mut ModelRequest,
        info: &ModelInfo,
        today: String,
    ) -> Result<(), Unpaid> {
        self.close(CallEnd::Stopped);
        let prompt = prompt_tokens(request);
        let (spending, who, known) = (Arc::clone(&self.spending), self.who.clone(), self.own);
        let (budgets, is_limited) = (self.budgets, self.budgets.are_set());
        let (model, prices) = (info.reference(), info.prices);
        let (info, wanted) = (info.clone(), request.max_tokens);
        let reserve = move |memory| {
            let answer = length(&info, wanted);
            let allow = |used: &_| grant(&budgets, used, &Call { info: &info, prompt, answer });
            spending.reserve((&who, known), &today, memory, allow)
        };
        let reserved = if is_limited {
            let gone = |error: tokio::task::JoinError| Err(Unpaid::NotKept { why: error.to_string() });
            tokio::task::spawn_blocking(move || reserve(Memory::Durable)).await.unwrap_or_else(gone)
        } else {
            reserve(Memory::Process)
        };
        let (reservation, grant, own) = reserved?;
        self.own = own;
        if let Some(tokens) = grant.answer.filter(|_| is_limited) {
            request.max_tokens = Some(u32::try_from(tokens).unwrap_or(u32::MAX));
            request.max_bytes = Some(max_bytes(tokens));
        }
        self.open =
            Some(Open { reservation: Some(reservation), model, prices, prompt, answer: 0, sealed: 0, grant });
        Ok(())
    }

    /// More of the answer came.
    ///
    /// # Errors
    /// It is longer than what was granted, by more than an estimate may be wrong. It is to be stopped, and counted as closed.
    pub(crate) fn streamed(&mut self, bytes: usize) -> Result<(), Unpaid> {
        let Some(open) = &mut self.open else { return Ok(()) };
        open.answer = open.answer.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        let readable = open.answer.saturating_sub(open.sealed);
        match open.grant.answer {
            Some(tokens) if self.budgets.are_set() && readable > max_bytes(tokens) => Err(open.passed()),
            Some(_) | None => Ok(()),
        }
    }

    /// More came of what only its provider reads.
    pub(crate) fn sealed(&mut self, bytes: usize) {
        if let Some(open) = &mut self.open {
            let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
            open.answer = open.answer.saturating_add(bytes);
            open.sealed = open.sealed.saturating_add(bytes);
        }
    }

    /// The call failed. A program that printed too much is stopped like any other model.
    ///
    /// # Errors
    /// The program printed more than what was granted.
    pub(crate) fn failed(&mut self, error: &ModelError) -> Result<(), Unpaid> {
        let (ModelError::Program { fault: CliFault::OverBudget { max_bytes }, .. }, Some(open)) =
            (error, &mut self.open)
        else {
            return Ok(());
        };
        open.answer = open.answer.max(*max_bytes);
        Err(open.passed())
    }

    /// Counts what the provider says that the call cost.
    pub(crate) fn reported(&mut self, usage: &Usage) -> Counted {
        let Some(Open { reservation, prices, .. }) = &mut self.open else { return Counted::Nothing };
        let Some(reservation) = reservation.take() else { return Counted::Nothing };
        let usd = prices.cost_of(usage).total;
        let tokens = usage.input.saturating_add(usage.output).saturating_add(usage.cache_read);
        let tokens = tokens.saturating_add(usage.cache_write).max(usage.total_tokens);
        self.count(reservation, Amount { tokens, usd })
    }

    /// The call is over. One that did something and said no price is counted as its prompt and what came of the answer.
    pub(crate) fn close(&mut self, end: CallEnd) -> Counted {
        let Some(Open { reservation: Some(reservation), prices, prompt, answer, .. }) = self.open.take()
        else {
            return Counted::Nothing;
        };
        let is_billed = end != CallEnd::Refused || answer > 0;
        let cost = if is_billed {
            let answer = budget::byte_tokens(usize::try_from(answer).unwrap_or(usize::MAX));
            let usd = dollars(prompt, prices.input) + dollars(answer, prices.output);
            Amount { tokens: prompt.saturating_add(answer), usd }
        } else {
            Amount::default()
        };
        self.count(reservation, cost)
    }

    fn count(&mut self, reservation: Reservation, cost: Amount) -> Counted {
        self.own = Own { run: self.own.run.plus(cost), session: self.own.session.plus(cost) };
        reservation.settle(cost);
        Counted::Something
    }

    /// Keeps what was spent, where anything is limited. The answer does not wait for the disk: until then all that was set
    /// aside counts.
    pub(crate) fn save(&self) {
        if !self.budgets.are_set() {
            return;
        }
        let spending = Arc::clone(&self.spending);
        drop(tokio::task::spawn_blocking(move || {
            if let Err(error) = spending.save_all() {
                let file = spending.file().display();
                tracing::warn!(%error, %file, "cannot keep what was spent, so all that was set aside counts");
            }
        }));
    }
}

impl Drop for Purse {
    /// A turn that is dropped in the middle of a call has sent it.
    fn drop(&mut self) {
        self.close(CallEnd::Stopped);
    }
}

impl Open {
    fn passed(&self) -> Unpaid {
        let tokens = self.grant.answer.unwrap_or_default();
        Unpaid::Passed { model: self.model.clone(), tokens, bound: self.grant.bound }
    }
}

/// The bytes after which an answer of so many tokens is too long for any doubt.
fn max_bytes(tokens: u64) -> u64 {
    tokens.saturating_mul(MAX_BYTES_PER_TOKEN).saturating_add(MARGIN_BYTES)
}

/// How long an answer may get. One of unknown length could not be paid for, so it gets one where there is a limit.
fn length(info: &ModelInfo, wanted: Option<u32>) -> Length {
    if info.api == WireApi::Cli {
        return Length::Unknown;
    }
    let usual = u32::try_from(budget::ANSWER_RESERVE_TOKENS).unwrap_or(u32::MAX).min(info.context_window);
    Length::AtMost(u64::from(wanted.unwrap_or(usual)))
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallEnd {
    /// The model did its work, whatever came of it.
    Answered,
    /// It was at work when it was stopped, or broke off.
    Stopped,
    /// It was never begun.
    Refused,
}

impl CallEnd {
    /// What an error says about the work that was done before it.
    pub(crate) fn of(error: &ModelError) -> Self {
        match error {
            // The provider wrote an answer, and keeps it.
            ModelError::Filtered { .. } => Self::Answered,
            ModelError::Timeout { kind: TimeoutKind::FirstByte | TimeoutKind::Idle, .. }
            | ModelError::Aborted => Self::Stopped,
            ModelError::Malformed { what, .. } => {
                if *what == Malformed::Request {
                    Self::Refused
                } else {
                    Self::Stopped
                }
            }
            ModelError::Server { status, .. } if *status < 400 => Self::Stopped,
            ModelError::Program { fault, .. } => match fault {
                CliFault::Start { .. } | CliFault::SignIn { .. } | CliFault::NotForGroups => Self::Refused,
                CliFault::Failed { .. }
                | CliFault::Silent
                | CliFault::NotUnderstood
                | CliFault::TooMuch { .. }
                | CliFault::OverBudget { .. }
                | CliFault::TooLong { .. } => Self::Stopped,
            },
            ModelError::Timeout { kind: TimeoutKind::Connect, .. }
            | ModelError::Auth { .. }
            | ModelError::RateLimited { .. }
            | ModelError::Overloaded { .. }
            | ModelError::Billing { .. }
            | ModelError::ContextOverflow { .. }
            | ModelError::ModelNotFound { .. }
            | ModelError::Unreachable { .. }
            | ModelError::Server { .. }
            | ModelError::Redirected { .. }
            | ModelError::BadRequest { .. }
            | ModelError::Unavailable(_) => Self::Refused,
        }
    }
}

/// Whether there is something new to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    Something,
    Nothing,
}

/// An estimate of a request's tokens, its tools included.
fn prompt_tokens(request: &ModelRequest) -> u64 {
    let messages: usize = request.messages.iter().map(|message| budget::tokens(message)).sum();
    let tools: usize = request
        .tools
        .iter()
        .map(|tool| {
            budget::text_tokens(&tool.description) + budget::text_tokens(&tool.parameters.to_string())
        })
        .sum();
    let all = messages + tools + budget::text_tokens(&request.system);
    u64::try_from(all).unwrap_or(u64::MAX)
}
