//! What a call may cost, so that no limit is passed.

#[cfg(test)]
mod tests;

use openclaw_models::ModelInfo;

use super::amount::{Amount, Budgets, BySpan, Span};

/// How a span stands.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Part {
    /// Spent, with what was lost.
    pub(super) spent: Amount,
    /// Set aside for calls that run.
    pub(super) aside: Amount,
    /// Of what is spent: set aside for calls that ran when a gateway was killed.
    pub(super) lost: Amount,
}

/// How all spans stand.
pub(super) type Used = BySpan<Part>;

/// How long an answer may get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// So many tokens: the model is told.
    AtMost(u64),
    /// Nobody can say: a program works for itself as long as it likes.
    Unknown,
}

/// A call that asks for money.
pub(super) struct Call<'a> {
    pub(super) info: &'a ModelInfo,
    /// Tokens.
    pub(super) prompt: u64,
    pub(super) answer: Length,
}

/// Tokens or dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Tokens,
    Usd,
}

impl Unit {
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Usd => "usd",
        }
    }
}

/// What a call may cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Grant {
    /// The most tokens of its answer; none when nothing limits it.
    pub(super) answer: Option<u64>,
    /// The limit that made it so short.
    pub(super) bound: Option<(Span, Unit)>,
    pub(super) aside: Aside,
}

/// What is set aside for a call.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Aside {
    /// Of its run and session.
    pub(super) own: Amount,
    /// Of its agent and the day, which others share.
    pub(super) shared: Amount,
}

/// A limit that does not allow another call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Over {
    pub(super) span: Span,
    pub(super) unit: Unit,
    /// The limit.
    pub(super) limit: Amount,
    pub(super) part: Part,
}

impl Over {
    /// For the user: which budget, how far it is spent, and what to do.
    #[must_use]
    pub(crate) fn words(self) -> String {
        let Self { span, unit, limit, part } = self;
        let key = format!("models.budgets.{}.{}", span.key(), unit.key());
        let figures = figures(unit, limit, part);
        let next = if of(unit, part.aside) > 0.0 {
            "Ask again when they are done, or raise it."
        } else {
            span.next_step()
        };
        format!(
            "The budget for {} does not allow another model call: {figures} ({key}). {next}",
            span.words()
        )
    }
}

/// How far a limit is used, in words.
pub(super) fn figures(unit: Unit, limit: Amount, part: Part) -> String {
    let amount = |amount: Amount| match unit {
        Unit::Tokens => amount.tokens.to_string(),
        Unit::Usd => format!("{:.4}", amount.usd),
    };
    let mut words = match unit {
        Unit::Tokens => format!("{} of {} tokens are spent", part.spent.tokens, limit.tokens),
        Unit::Usd => format!("{:.4} of {} dollars are spent", part.spent.usd, limit.usd),
    };
    if of(unit, part.lost) > 0.0 {
        let lost = amount(part.lost);
        words.push_str(&format!(
            ", {lost} of them counted in full for calls that ran when the gateway was killed"
        ));
    }
    if of(unit, part.aside) > 0.0 {
        let aside = amount(part.aside);
        words.push_str(&format!(", {aside} are set aside for answers that are being written"));
    }
    words
}

#[allow(clippy::cast_precision_loss, reason = "it is only compared with nothing")]
fn of(unit: Unit, amount: Amount) -> f64 {
    match unit {
        Unit::Tokens => amount.tokens as f64,
        Unit::Usd => amount.usd,
    }
}

/// The longest answer that a call may have and what is to be set aside for it, so that no limit is passed.
///
/// # Errors
/// A limit does not allow even the prompt and one token of answer.
pub(super) fn grant(budgets: &Budgets, used: &Used, call: &Call<'_>) -> Result<Grant, Over> {
    let mut answer = match call.answer {
        Length::AtMost(tokens) => Some(tokens),
        Length::Unknown => None,
    };
    let mut bound = None;
    let mut shorten = |most: u64, by: (Span, Unit)| {
        if answer.is_none_or(|answer| most < answer) {
            (answer, bound) = (Some(most), Some(by));
        }
    };
    let mut left = Left::default();
    for span in Span::ALL {
        let (limit, part) = (budgets.of(span), *used.of(span));
        if let Some(tokens) = limit.tokens {
            let rest = tokens.saturating_sub(part.spent.tokens).saturating_sub(part.aside.tokens);
            let most = rest.saturating_sub(call.prompt);
            if most == 0 {
                let limit = Amount { tokens, usd: 0.0 };
                return Err(Over { span, unit: Unit::Tokens, limit, part });
            }
            shorten(most, (span, Unit::Tokens));
            left.tokens(span, rest);
        }
        if let Some(usd) = limit.usd {
            let rest = usd - part.spent.usd - part.aside.usd;
            let most = tokens_for(rest - prompt_usd(call), call.info.prices.output);
            if most == 0 {
                return Err(Over { span, unit: Unit::Usd, limit: Amount { tokens: 0, usd }, part });
            }
            // What costs nothing is not limited.
            if most < u64::MAX {
                shorten(most, (span, Unit::Usd));
            }
            left.usd(span, rest);
        }
    }
    let aside = match call.answer {
        Length::AtMost(_) => cost(call, answer.unwrap_or_default()).into(),
        Length::Unknown => left.all(call, answer),
    };
    Ok(Grant { answer, bound, aside })
}

impl From<Amount> for Aside {
    fn from(amount: Amount) -> Self {
        Self { own: amount, shared: amount }
    }
}

/// What is left where there is a limit.
#[derive(Default)]
struct Left {
    own: Rest,
    shared: Rest,
}

#[derive(Clone, Copy, Default)]
struct Rest {
    tokens: Option<u64>,
    usd: Option<f64>,
}

impl Left {
    fn of(&mut self, span: Span) -> &mut Rest {
        match span {
            Span::Run | Span::Session => &mut self.own,
            Span::Agent | Span::Day => &mut self.shared,
        }
    }

    fn tokens(&mut self, span: Span, rest: u64) {
        let tokens = &mut self.of(span).tokens;
        *tokens = Some(tokens.map_or(rest, |more| more.max(rest)));
    }

    fn usd(&mut self, span: Span, rest: f64) {
        let usd = &mut self.of(span).usd;
        *usd = Some(usd.map_or(rest, |more| more.max(rest)));
    }

    /// All that is left, for a call that may use any of it. Where nothing is limited, what an answer costs as a rule.
    fn all(&self, call: &Call<'_>, answer: Option<u64>) -> Aside {
        let usual = u64::try_from(crate::budget::ANSWER_RESERVE_TOKENS).unwrap_or(u64::MAX);
        let estimate = cost(call, answer.unwrap_or(usual).min(usual));
        let is_free = call.info.prices.output <= 0.0 && call.info.prices.input <= 0.0;
        let amount = |rest: Rest| Amount {
            tokens: rest.tokens.unwrap_or(estimate.tokens),
            usd: if is_free { 0.0 } else { rest.usd.unwrap_or(estimate.usd) },
        };
        Aside { own: amount(self.own), shared: amount(self.shared) }
    }
}

/// The most that a call with an answer of this length costs.
fn cost(call: &Call<'_>, answer: u64) -> Amount {
    let usd = prompt_usd(call) + dollars(answer, call.info.prices.output);
    Amount { tokens: call.prompt.saturating_add(answer), usd }
}

/// The prompt may have to be written to the provider's cache.
fn prompt_usd(call: &Call<'_>) -> f64 {
    dollars(call.prompt, call.info.prices.input.max(call.info.prices.cache_write))
}

#[allow(clippy::cast_precision_loss, reason = "token counts stay far below 2^52")]
pub(super) fn dollars(tokens: u64, price: f64) -> f64 {
    tokens as f64 * price / 1_000_000.0
}

/// How many tokens so much money buys; any number of those that cost nothing.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn tokens_for(usd: f64, price: f64) -> u64 {
    if usd < 0.0 {
        0
    } else if price <= 0.0 {
        u64::MAX
    } else {
        (usd * 1_000_000.0 / price) as u64
    }
}
