//! What the wire APIs have in common and nobody else needs.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{Malformed, ModelError, ModelInfo, ModelRequest};

/// Most tool calls in one answer: OpenAI's limit on the tools of a request, and more than any other API's.
pub(crate) const MAX_TOOL_CALLS: usize = 128;

/// Stands in front of the images of tool results, where an API has them only in a message of the user.
pub(crate) const IMAGES_ABOVE: &str = "Images from the tool results above:";

/// The limit that holds when there may be two: what is asked for, and what the model can.
pub(crate) fn lower(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Most tokens of the answer.
pub(crate) fn output_limit(request: &ModelRequest, info: &ModelInfo) -> Option<u32> {
    lower(request.max_tokens, info.max_tokens)
}

/// What a model wrote as arguments need not be an object, and a request with anything else is refused; the result of the
/// call says already what was wrong.
pub(crate) fn object(arguments: &Value) -> Cow<'_, Value> {
    if arguments.is_object() { Cow::Borrowed(arguments) } else { Cow::Owned(Value::Object(Map::new())) }
}

impl ModelInfo {
    /// The error for an answer of this model that does not follow its API.
    pub(crate) fn malformed(&self, what: Malformed) -> ModelError {
        ModelError::Malformed { provider: Arc::clone(&self.provider), what }
    }
}

#[cfg(test)]
mod tests {
    use super::{lower, object};
    use serde_json::json;

    #[test]
    fn the_lower_limit_holds() {
        let rows = [
            (Some(1), Some(2), Some(1)),
            (Some(2), Some(1), Some(1)),
            (Some(1), None, Some(1)),
            (None, Some(1), Some(1)),
            (None, None, None),
        ];
        for (one, other, expected) in rows {
            assert_eq!(lower(one, other), expected);
        }
    }

    #[test]
    fn arguments_are_an_object() {
        assert_eq!(*object(&json!({"a": 1})), json!({"a": 1}));
        for odd in [json!("{\"cut"), json!([1]), json!(null), json!(3)] {
            assert_eq!(*object(&odd), json!({}), "{odd}");
        }
    }
}
