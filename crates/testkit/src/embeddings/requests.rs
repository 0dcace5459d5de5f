//! What requests say.

use serde_json::Value;

use super::server::Api;

/// The texts of a call, or what is wrong with it.
pub(super) fn texts(api: Api, body: &Value) -> Result<Vec<String>, &'static str> {
    let list = match api {
        Api::OpenAi | Api::Voyage => strings(&body["input"]),
        Api::Gemini => body["requests"].as_array().map(|requests| {
            let text =
                |request: &Value| request["content"]["parts"][0]["text"].as_str().map(ToOwned::to_owned);
            requests.iter().filter_map(text).collect::<Vec<_>>()
        }),
    };
    let list = list.ok_or("the input is missing")?;
    let most = match api {
        Api::OpenAi => 2_048,
        Api::Gemini => 100,
        Api::Voyage => 1_000,
    };
    if list.is_empty() || list.len() > most {
        return Err("too many or too few inputs");
    }
    if list.iter().any(String::is_empty) {
        return Err("an input is empty");
    }
    if api == Api::Voyage && !matches!(body["input_type"].as_str(), Some("query" | "document")) {
        return Err("input_type is neither query nor document");
    }
    Ok(list)
}

fn strings(value: &Value) -> Option<Vec<String>> {
    Some(value.as_array()?.iter().filter_map(|one| one.as_str().map(ToOwned::to_owned)).collect())
}

/// Id and text of a line of a job's input.
pub(super) fn line_texts(line: &str) -> Option<(String, String)> {
    let line: Value = serde_json::from_str(line).ok()?;
    let id = line["custom_id"].as_str().or_else(|| line["key"].as_str())?;
    let text = line["body"]["input"][0].as_str();
    let text = text.or_else(|| line["request"]["content"]["parts"][0]["text"].as_str())?;
    Some((id.to_owned(), text.to_owned()))
}

/// The JSON lines in an upload: the last part of a form (`multipart/form-data`) or of Google's `multipart/related`.
pub(super) fn uploaded(kind: &str, body: &str) -> Option<String> {
    let boundary = kind.split_once("boundary=")?.1.trim_matches('"');
    let end = format!("\r\n--{boundary}--");
    let part = body.split(&format!("--{boundary}\r\n")).last()?;
    let content = part.split_once("\r\n\r\n")?.1;
    Some(content.split(&end).next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{line_texts, texts, uploaded};
    use crate::embeddings::Api;
    use serde_json::json;

    #[test]
    fn calls_are_checked_as_the_services_do() {
        let rows = [
            (Api::OpenAi, json!({"input": ["a"]}), true),
            (Api::OpenAi, json!({"input": [""]}), false),
            (Api::OpenAi, json!({}), false),
            (Api::Voyage, json!({"input": ["a"], "input_type": "query"}), true),
            (Api::Voyage, json!({"input": ["a"]}), false),
            (Api::Gemini, json!({"requests": [{"content": {"parts": [{"text": "a"}]}}]}), true),
            (
                Api::Gemini,
                json!({"requests": vec![json!({"content": {"parts": [{"text": "a"}]}}); 101]}),
                false,
            ),
        ];
        for (api, body, good) in rows {
            assert_eq!(texts(api, &body).is_ok(), good, "{api:?} {body}");
        }
    }

    #[test]
    fn uploads_hold_their_lines() {
        let body = "--b\r\nA: c\r\n\r\nbatch\r\n--b\r\nB: c\r\n\r\n{\"key\":1}\n{\"key\":2}\n\r\n--b--\r\n";
        assert_eq!(uploaded("multipart/related; boundary=b", body).unwrap(), "{\"key\":1}\n{\"key\":2}\n");
        assert_eq!(uploaded("application/json", body), None);
        let line = r#"{"custom_id":"1","body":{"input":["x"]}}"#;
        assert_eq!(line_texts(line), Some(("1".into(), "x".into())));
    }
}
