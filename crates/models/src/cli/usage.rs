//! Tokens, as programs report them.

use openclaw_protocol::message::Usage;
use serde_json::{Map, Value};

/// Reads a report. Programs name the same things in many ways; nothing when none of the names is there.
pub(crate) fn usage(report: &Map<String, Value>) -> Option<Usage> {
    let number =
        |names: &[&str]| names.iter().find_map(|name| report.get(*name)?.as_u64()).filter(|n| *n > 0);
    let input = number(&["input_tokens", "inputTokens", "input"]);
    let output = number(&["output_tokens", "outputTokens", "output"]).unwrap_or(0);
    // OpenAI counts what it read from the cache among the input, Anthropic beside it.
    let cached_within = number(&["cached_input_tokens"]);
    let cache_read = cached_within.or(number(&["cache_read_input_tokens", "cacheRead"])).unwrap_or(0);
    let written = ["cache_creation_input_tokens", "cache_write_input_tokens", "cacheWrite"];
    let cache_write = number(&written).unwrap_or(0);
    let input = input.unwrap_or(0).saturating_sub(cached_within.unwrap_or(0));
    let sum = input.saturating_add(output).saturating_add(cache_read).saturating_add(cache_write);
    let total_tokens = if sum > 0 { sum } else { number(&["total_tokens", "totalTokens", "total"])? };
    Some(Usage { input, output, cache_read, cache_write, total_tokens, ..Usage::default() })
}

#[cfg(test)]
mod tests {
    use super::usage;
    use serde_json::{Value, json};

    #[test]
    fn the_names_of_several_programs() {
        let rows = [
            (
                json!({"input_tokens": 3, "cache_creation_input_tokens": 10, "cache_read_input_tokens": 20, "output_tokens": 4}),
                Some((3, 4, 20, 10, 37)),
            ),
            (
                json!({"input_tokens": 100, "cached_input_tokens": 60, "output_tokens": 5}),
                Some((40, 5, 60, 0, 105)),
            ),
            (json!({"inputTokens": 1, "outputTokens": 2}), Some((1, 2, 0, 0, 3))),
            (json!({"total_tokens": 9}), Some((0, 0, 0, 0, 9))),
            (json!({"input_tokens": -1, "output_tokens": "7"}), None),
            (json!({}), None),
        ];
        for (report, expected) in rows {
            let Value::Object(map) = &report else { unreachable!() };
            let seen =
                usage(map).map(|it| (it.input, it.output, it.cache_read, it.cache_write, it.total_tokens));
            assert_eq!(seen, expected, "{report}");
        }
    }
}
