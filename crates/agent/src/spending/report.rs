//! How the budgets stand, for the status card.

use super::Spending;
use super::amount::{Amount, Budgets, Span};
use super::book::{Own, Who};
use super::grant::{Unit, figures};
use super::kept::Standing;

/// One line for each limit, and one for what calls are counted with that ran when a gateway was killed. `spent` is what the
/// session has spent, as its entry says; `today` is in the user's zone.
#[must_use]
pub(crate) fn lines(
    (budgets, spending): (&Budgets, &Spending),
    (agent, session): (&str, Option<&str>),
    spent: Amount,
    today: &str,
) -> Vec<String> {
    if !budgets.are_set() {
        return Vec::new();
    }
    let who = Who { agent: agent.to_owned(), session: session.map(str::to_owned), run: None };
    let known = Own { session: spent, ..Own::default() };
    let Standing { used, lost } = spending.standing(&who, known, today);
    let mut lines = Vec::new();
    for span in Span::ALL {
        let (limit, part) = (budgets.of(span), *used.of(span));
        let tokens = limit.tokens.map(|tokens| (Unit::Tokens, Amount { tokens, usd: 0.0 }));
        let usd = limit.usd.map(|usd| (Unit::Usd, Amount { tokens: 0, usd }));
        for (unit, limit) in tokens.into_iter().chain(usd) {
            lines.push(match (span, unit) {
                // Who reads this is in no answer that a model writes.
                (Span::Run, Unit::Tokens) => format!("Budget for one answer: {} tokens", limit.tokens),
                (Span::Run, Unit::Usd) => format!("Budget for one answer: {} dollars", limit.usd),
                (Span::Session | Span::Agent | Span::Day, Unit::Tokens | Unit::Usd) => {
                    format!("Budget for {}: {}", span.words(), figures(unit, limit, part))
                }
            });
        }
    }
    if lost.calls > 0 {
        lines.push(format!(
            "Calls that ran when the gateway was killed today: {}, counted with all that was set aside for them, {} tokens and {:.4} dollars",
            lost.calls, lost.amount.tokens, lost.amount.usd
        ));
    }
    lines
}
