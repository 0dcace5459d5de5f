//! The built-in models: rows of `models.tsv`.

use std::sync::LazyLock;

use crate::{InputKind, Prices, WireApi};

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct BuiltinModel {
    /// The provider's id.
    pub provider: &'static str,
    /// The model's id within the provider.
    pub id: &'static str,
    /// The name for people.
    pub name: &'static str,
    /// Tokens of prompt and answer together.
    pub context_window: u32,
    /// Most tokens of one answer.
    pub max_tokens: u32,
    /// Whether it thinks before it answers.
    pub reasoning: bool,
    /// What a user message may contain.
    pub input: Vec<InputKind>,
    /// US dollars per million tokens; all zero where they are not published per token.
    pub prices: Prices,
    /// How it is spoken to, if not as the provider's others.
    pub api: Option<WireApi>,
}

const TABLE: &str = include_str!("models.tsv");

static ROWS: LazyLock<Vec<BuiltinModel>> = LazyLock::new(|| rows().filter_map(parse).collect());

/// The built-in models of a provider, in the order of the table.
pub fn builtin_models(provider: &str) -> impl Iterator<Item = &'static BuiltinModel> + use<'_> {
    ROWS.iter().filter(move |row| row.provider == provider)
}

fn rows() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// A test reads every row, so that none is left out here.
fn parse(line: &'static str) -> Option<BuiltinModel> {
    let mut cells = line.split('\t');
    let mut next = || cells.next();
    let (provider, id, name) = (next()?, next()?, next()?);
    let (context_window, max_tokens) = (next()?.parse().ok()?, next()?.parse().ok()?);
    let (kind, reasoning) = match next()? {
        "text" => (InputKind::Text, false),
        "image" => (InputKind::Image, false),
        "text+reasoning" => (InputKind::Text, true),
        "image+reasoning" => (InputKind::Image, true),
        _ => return None,
    };
    let prices: Vec<f64> = next()?.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [input, output, cache_read, cache_write] = *prices.as_slice() else { return None };
    let api = match next() {
        None => None,
        Some(name) => Some(WireApi::parse(name)?),
    };
    Some(BuiltinModel {
        provider,
        id,
        name,
        context_window,
        max_tokens,
        reasoning,
        input: match kind {
            InputKind::Text => vec![InputKind::Text],
            InputKind::Image => vec![InputKind::Text, InputKind::Image],
        },
        prices: Prices { input, output, cache_read, cache_write },
        api,
    })
}

#[cfg(test)]
mod tests {
    use super::{ROWS, builtin_models, parse, rows};
    use crate::catalog::table::{BUILTIN_ALIASES, BUILTIN_PROVIDERS};
    use crate::{InputKind, WireApi};
    use std::collections::BTreeSet;

    #[test]
    fn every_row_can_be_read() {
        for row in rows() {
            assert!(parse(row).is_some(), "{row}");
        }
        assert_eq!(ROWS.len(), rows().count());
    }

    #[test]
    fn rows_are_plausible_and_no_model_is_there_twice() {
        let known: BTreeSet<&str> = BUILTIN_PROVIDERS.iter().map(|provider| provider.id).collect();
        let mut seen = BTreeSet::new();
        for row in ROWS.iter() {
            let name = format!("{}/{}", row.provider, row.id);
            assert!(known.contains(row.provider), "{name}: no such provider");
            assert!(row.context_window >= 4_096 && row.max_tokens > 0, "{name}");
            assert!(row.max_tokens <= row.context_window, "{name}");
            assert!(row.prices.input >= 0.0 && row.prices.output >= row.prices.cache_read, "{name}");
            assert!(seen.insert(name.clone()), "{name} is there twice");
        }
    }

    #[test]
    fn a_row_says_what_the_model_can_do() {
        let opus = builtin_models("anthropic").find(|row| row.id == "claude-opus-4-6").unwrap();
        assert_eq!((opus.context_window, opus.max_tokens, opus.reasoning), (200_000, 128_000, true));
        assert_eq!(opus.input, [InputKind::Text, InputKind::Image]);
        assert_eq!((opus.prices.input, opus.prices.output), (5.0, 25.0));
        let zen = builtin_models("opencode").find(|row| row.id == "claude-opus-4-6").unwrap();
        assert_eq!(zen.api, Some(WireApi::AnthropicMessages));
    }

    #[test]
    fn what_an_alias_stands_for_is_in_the_table() {
        for (alias, target) in BUILTIN_ALIASES {
            let (provider, model) = target.split_once('/').unwrap();
            assert!(builtin_models(provider).any(|row| row.id == model), "{alias}");
        }
    }
}
