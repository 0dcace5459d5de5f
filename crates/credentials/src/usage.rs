//! `usageStats.<profile>`: when a profile was used, and how it failed.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::profile::number;

/// The entry of one profile. The fields are those of OpenClaw 2026.2.9, and `models` is ours: a failure that concerns
/// one model leaves the others alone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Usage {
    /// When it last got an answer, in milliseconds since the epoch, as all times here.
    #[serde(deserialize_with = "time", skip_serializing_if = "Option::is_none")]
    pub last_used: Option<i64>,
    /// Until when it rests.
    #[serde(deserialize_with = "time", skip_serializing_if = "Option::is_none")]
    pub cooldown_until: Option<i64>,
    /// Until when it rests because it cannot pay.
    #[serde(deserialize_with = "time", skip_serializing_if = "Option::is_none")]
    pub disabled_until: Option<i64>,
    /// Why it is disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<String>,
    /// Failures in a row.
    #[serde(deserialize_with = "count", skip_serializing_if = "is_zero")]
    pub error_count: u32,
    /// The same by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub failure_counts: BTreeMap<String, u32>,
    /// When it last failed.
    #[serde(deserialize_with = "time", skip_serializing_if = "Option::is_none")]
    pub last_failure_at: Option<i64>,
    /// Model, reason, and how long the model rests for it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, BTreeMap<String, ModelRest>>,
    /// What this build does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// How long one model of a profile rests for one reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelRest {
    /// Until when.
    pub until: i64,
    /// Failures in a row.
    pub count: u32,
    /// When it last failed.
    pub at: i64,
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(number(Option::<Value>::deserialize(deserializer)?.as_ref()))
}

fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let number = number(Option::<Value>::deserialize(deserializer)?.as_ref()).unwrap_or(0);
    Ok(u32::try_from(number).unwrap_or(0))
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::Usage;
    use serde_json::json;

    #[test]
    fn the_release_s_entry_is_read_and_unknown_fields_stay() {
        let value = json!({"lastUsed": 1.5e3, "cooldownUntil": 60, "errorCount": 2, "failureCounts": {"auth": 2},
            "lastFailureAt": 5, "future": [1]});
        let usage: Usage = serde_json::from_value(value).unwrap();
        assert_eq!((usage.last_used, usage.cooldown_until, usage.error_count), (Some(1_500), Some(60), 2));
        let again = serde_json::to_value(&usage).unwrap();
        assert_eq!((&again["future"], again.get("models")), (&json!([1]), None));
    }
}
