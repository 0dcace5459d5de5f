//! The documents of Gemini's batch jobs. Sources: Gemini API reference "Batch API" and "Files"; what the service
//! really answers is in openclaw/openclaw pull request 28361 (states have a prefix and lie in `metadata`).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::files::{Outcome, SOURCE};
use super::job::{JobMark, JobState};
use super::remote::Status;
use crate::Purpose;
use crate::remote::{Embedding, Numbers, One, Senseless};

#[derive(Serialize)]
struct Line<'a> {
    key: &'a str,
    request: One<'a>,
}

/// The line of a text in the input file.
pub(super) fn line(model: &str, id: &str, text: &str) -> Option<String> {
    serde_json::to_string(&Line { key: id, request: One::new(model, Purpose::Document, text) }).ok()
}

/// The request that begins a job.
pub(super) fn create(model: &str, input_file: &str, mark: &JobMark) -> Value {
    json!({"batch": {
        "displayName": display_name(mark), "model": format!("models/{model}"),
        "inputConfig": {"fileName": input_file},
    }})
}

/// How a job is called; the only thing of it that is ours.
fn display_name(mark: &JobMark) -> String {
    format!("{SOURCE}-{}", mark.as_str())
}

/// The name of the job with a mark, in a page of the list of jobs.
pub(super) fn listed<'a>(page: &'a Value, mark: &JobMark) -> Option<&'a str> {
    let wanted = display_name(mark);
    let is_it = |operation: &&Value| operation.get("metadata").unwrap_or(operation)["displayName"] == *wanted;
    page["operations"].as_array()?.iter().find(is_it)?["name"].as_str()
}

/// The name of an uploaded file.
pub(super) fn uploaded(answer: &Value) -> Option<&str> {
    answer["file"]["name"].as_str().or_else(|| answer["name"].as_str())
}

/// How far a job is. It comes as a long-running operation with the batch in `metadata` and its output in `response`,
/// or as the batch itself.
pub(super) fn status(operation: &Value) -> Result<Status, Senseless> {
    let batch = operation.get("metadata").unwrap_or(operation);
    let name = batch["state"].as_str().ok_or(Senseless::NoState)?;
    let stats = &batch["batchStats"]["successfulRequestCount"];
    // Large numbers are text in Google's JSON.
    let done = stats.as_str().and_then(|text| text.parse().ok()).or_else(|| stats.as_u64());
    let why = || {
        let message = operation["error"]["message"].as_str().or_else(|| batch["error"]["message"].as_str());
        message.unwrap_or("it gave no reason").to_owned()
    };
    let short = name.trim_start_matches("BATCH_STATE_").trim_start_matches("JOB_STATE_");
    let state = match short {
        "PENDING" | "QUEUED" | "RUNNING" | "CANCELLING" | "UNSPECIFIED" => {
            JobState::Running { done: done.and_then(|done| usize::try_from(done).ok()).unwrap_or(0) }
        }
        "SUCCEEDED" => JobState::Finished,
        "FAILED" => JobState::Failed(why()),
        "CANCELLED" => JobState::Cancelled,
        "EXPIRED" => JobState::Expired,
        _ => return Err(Senseless::State(name.to_owned())),
    };
    let places = [&operation["response"], &operation["response"]["output"], &batch["output"]];
    let output = places.into_iter().find_map(|place| place["responsesFile"].as_str());
    let input = batch["inputConfig"]["fileName"].as_str();
    let list = |name: Option<&str>| name.map(ToOwned::to_owned).into_iter().collect();
    Ok(Status { state, outputs: list(output), inputs: list(input) })
}

#[derive(Deserialize)]
struct Output {
    key: String,
    response: Option<OutputResponse>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct OutputResponse {
    embedding: Embedding,
}

/// What a line of the output says.
pub(super) fn outcome(line: &[u8]) -> Result<Outcome, Senseless> {
    let output: Output = serde_json::from_slice(line)?;
    let outcome: Result<Numbers, Senseless> = match (output.response, output.error) {
        (Some(response), _) => Ok(response.embedding.values),
        (None, Some(error)) => {
            Err(Senseless::Said(error["message"].as_str().unwrap_or("it gave no reason").to_owned()))
        }
        (None, None) => Err(Senseless::Nothing),
    };
    Ok((output.key, outcome))
}

/// Description and content of an upload (`uploadType=multipart`).
pub(super) fn related(jsonl: &str, boundary: &str) -> Vec<u8> {
    let description = json!({"file": {"displayName": SOURCE, "mimeType": "application/jsonl"}});
    format!(
        "--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{description}\r\n\
         --{boundary}\r\nContent-Type: application/jsonl\r\n\r\n{jsonl}\r\n--{boundary}--\r\n"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{line, outcome, status, uploaded};
    use crate::batch::JobState;
    use serde_json::{Value, json};

    #[test]
    fn every_documented_state_is_known() {
        let rows = [
            ("BATCH_STATE_PENDING", Some(JobState::Running { done: 3 })),
            ("BATCH_STATE_RUNNING", Some(JobState::Running { done: 3 })),
            ("JOB_STATE_RUNNING", Some(JobState::Running { done: 3 })),
            ("BATCH_STATE_UNSPECIFIED", Some(JobState::Running { done: 3 })),
            ("BATCH_STATE_SUCCEEDED", Some(JobState::Finished)),
            ("BATCH_STATE_FAILED", Some(JobState::Failed("bad file".into()))),
            ("BATCH_STATE_CANCELLED", Some(JobState::Cancelled)),
            ("BATCH_STATE_EXPIRED", Some(JobState::Expired)),
            ("BATCH_STATE_DANCING", None),
        ];
        for (name, expected) in rows {
            let batch = json!({"state": name, "batchStats": {"successfulRequestCount": "3"},
                "inputConfig": {"fileName": "files/in"}, "output": {"responsesFile": "files/out"}});
            let operation = json!({"name": "batches/1", "metadata": batch, "error": {"message": "bad file"}});
            let found = status(&operation).ok();
            assert_eq!(found.as_ref().map(|found| found.state.clone()), expected, "{name}");
            if let Some(found) = found {
                assert_eq!(
                    (found.inputs, found.outputs),
                    (vec!["files/in".into()], vec!["files/out".into()])
                );
            }
        }
        assert!(status(&json!({})).is_err());
        let bare = json!({"state": "BATCH_STATE_SUCCEEDED", "response": {"responsesFile": "files/r"}});
        assert_eq!(status(&bare).unwrap().outputs, ["files/r"]);
    }

    #[test]
    fn lines_are_as_documented() {
        let text: Value = serde_json::from_str(&line("m", "k", "hi").unwrap()).unwrap();
        let request = json!({"model": "models/m", "content": {"parts": [{"text": "hi"}]},
            "taskType": "RETRIEVAL_DOCUMENT"});
        assert_eq!(text, json!({"key": "k", "request": request}));
        assert_eq!(uploaded(&json!({"file": {"name": "files/1"}})), Some("files/1"));
        let rows = [
            (r#"{"key":"k","response":{"embedding":{"values":[1,2]}}}"#, Ok(vec![1.0, 2.0])),
            (r#"{"key":"k","error":{"code":3,"message":"too long"}}"#, Err("too long".to_owned())),
            (r#"{"key":"k"}"#, Err("neither a vector nor an error".to_owned())),
        ];
        for (text, expected) in rows {
            let (key, found) = outcome(text.as_bytes()).unwrap();
            assert_eq!(
                (key.as_str(), found.map(|numbers| numbers.0).map_err(|why| why.to_string())),
                ("k", expected)
            );
        }
    }
}
