//! What a gateway says about its configuration file: whether the file is in force.

use serde_json::Value;

/// Why the file is not in force as it stands, a line each; empty when it is. `health` is the gateway's summary.
pub(crate) fn troubles(health: &Value) -> Vec<String> {
    let Some(config) = health.get("config") else { return Vec::new() };
    let texts = |name: &str| -> Vec<String> {
        let items = config.get(name).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut lines = texts("problems");
    let count = config.get("problemCount").and_then(Value::as_u64).unwrap_or_default();
    let hidden = count.saturating_sub(u64::try_from(lines.len()).unwrap_or(u64::MAX));
    if hidden > 0 {
        lines.push(format!("and {hidden} more"));
    }
    let pending = texts("pending");
    if !pending.is_empty() {
        lines.push(format!("these keys wait for a restart of the gateway: {}", pending.join(", ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::troubles;
    use serde_json::json;

    #[test]
    fn what_is_not_in_force() {
        let rows = [
            (json!({}), &[][..]),
            (json!({"config": {"ok": true, "problems": [], "problemCount": 0}}), &[]),
            (json!({"config": {"ok": false, "problems": ["p"], "problemCount": 3}}), &["p", "and 2 more"]),
            (
                json!({"config": {"ok": true, "problems": [], "pending": ["a.b", "c"]}}),
                &["these keys wait for a restart of the gateway: a.b, c"],
            ),
        ];
        for (health, expected) in rows {
            assert_eq!(troubles(&health), expected, "{health}");
        }
    }
}
