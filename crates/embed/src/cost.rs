//! What embedding costs, so that a user can be asked before money is spent.

use crate::tokens::estimate_tokens;

/// How texts are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// In ordinary calls.
    Inline,
    /// As a job that the service does when it has time, at a lower price.
    Batch,
}

/// What a number of texts costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Texts.
    pub texts: usize,
    /// Tokens, about.
    pub tokens: u64,
    /// US dollars without tax and free allowances; nothing when the price is not known.
    pub dollars: Option<f64>,
}

impl Estimate {
    /// On a machine of one's own.
    #[must_use]
    pub fn free(texts: &[&str]) -> Self {
        Self { texts: texts.len(), tokens: tokens(texts), dollars: Some(0.0) }
    }

    /// At a service, by its published prices.
    #[must_use]
    pub fn at_service(provider: &str, model: &str, texts: &[&str], mode: Mode) -> Self {
        let tokens = tokens(texts);
        let price = price(provider, model, mode);
        let dollars = price.map(|price| tokens as f64 / 1e6 * price);
        Self { texts: texts.len(), tokens, dollars }
    }
}

fn tokens(texts: &[&str]) -> u64 {
    texts.iter().map(|text| estimate_tokens(text)).sum()
}

/// Provider, model, and US dollars per million tokens in ordinary calls. Sources, read in November 2026: OpenAI's and
/// Google's pages on API pricing, `docs.voyageai.com/docs/pricing`.
const PRICES: &[(&str, &str, f64)] = &[
    ("openai", "text-embedding-3-small", 0.02),
    ("openai", "text-embedding-3-large", 0.13),
    ("openai", "text-embedding-ada-002", 0.10),
    ("gemini", "gemini-embedding-001", 0.15),
    ("voyage", "voyage-4-large", 0.12),
    ("voyage", "voyage-4", 0.06),
    ("voyage", "voyage-4-lite", 0.02),
    ("voyage", "voyage-3-large", 0.18),
    ("voyage", "voyage-3.5", 0.06),
    ("voyage", "voyage-3.5-lite", 0.02),
    ("voyage", "voyage-code-3", 0.18),
    ("voyage", "voyage-finance-2", 0.12),
    ("voyage", "voyage-law-2", 0.12),
];

/// US dollars per million tokens. Jobs cost half at OpenAI and Google, a third less at Voyage.
#[must_use]
pub fn price(provider: &str, model: &str, mode: Mode) -> Option<f64> {
    let (_, _, inline) = PRICES.iter().find(|(p, m, _)| *p == provider && *m == model)?;
    let part = match (mode, provider) {
        (Mode::Inline, _) => 1.0,
        (Mode::Batch, "voyage") => 2.0 / 3.0,
        (Mode::Batch, _) => 0.5,
    };
    Some(inline * part)
}

#[cfg(test)]
mod tests {
    use super::{Estimate, Mode, price};

    #[test]
    fn prices_follow_the_table_and_unknown_ones_are_not_invented() {
        let rows = [
            ("openai", "text-embedding-3-small", Mode::Inline, Some(0.02)),
            ("openai", "text-embedding-3-small", Mode::Batch, Some(0.01)),
            ("gemini", "gemini-embedding-001", Mode::Batch, Some(0.075)),
            ("voyage", "voyage-4-large", Mode::Batch, Some(0.08)),
            ("openai", "nomic-embed-text", Mode::Inline, None),
            ("gemini", "voyage-4", Mode::Inline, None),
        ];
        for (provider, model, mode, expected) in rows {
            let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
            let found = price(provider, model, mode);
            assert!(
                found.zip(expected).map_or(found == expected, |(a, b)| close(a, b)),
                "{provider} {model} {found:?}"
            );
        }
    }

    #[test]
    fn an_estimate_adds_up() {
        let text = "word ".repeat(1_000);
        let estimate =
            Estimate::at_service("openai", "text-embedding-3-large", &[&text, &text], Mode::Inline);
        assert_eq!(estimate.texts, 2);
        assert!((1_600..3_000).contains(&estimate.tokens), "{}", estimate.tokens);
        let dollars = estimate.dollars.unwrap();
        assert!((dollars - estimate.tokens as f64 * 0.13 / 1e6).abs() < 1e-12);
        assert_eq!(Estimate::free(&[&text]).dollars, Some(0.0));
    }
}
