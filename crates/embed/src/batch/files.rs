//! The documents of OpenAI's batch jobs, which Voyage's follow. Sources: OpenAI API reference "Batch" and "Files";
//! Voyage documentation "Batch Inference".

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::job::{JobMark, JobState};
use super::remote::Status;
use crate::Purpose;
use crate::remote::{Answer, Dialect, Numbers, Senseless, input_type};

/// Who begins the jobs.
pub(super) const SOURCE: &str = "openclaw-memory";
/// Under which key of the metadata the mark is.
const MARK: &str = "mark";

/// A page of the list of jobs, the newest first.
#[derive(Deserialize)]
pub(super) struct Page {
    data: Vec<Listed>,
    #[serde(default)]
    has_more: bool,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    metadata: Option<Value>,
}

impl Page {
    /// The name of the job with a mark.
    pub(super) fn find(&self, mark: &JobMark) -> Option<&str> {
        let is_it = |job: &&Listed| job.metadata.as_ref().is_some_and(|data| data[MARK] == mark.as_str());
        self.data.iter().find(is_it).map(|job| job.id.as_str())
    }

    /// After which job the next page begins.
    pub(super) fn next(&self) -> Option<&str> {
        self.data.last().filter(|_| self.has_more).map(|job| job.id.as_str())
    }
}

/// One line of the input file.
#[derive(Serialize)]
struct Line<'a> {
    custom_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'static str>,
    body: LineBody<'a>,
}

#[derive(Serialize)]
struct LineBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    input: [&'a str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_format: Option<&'static str>,
}

/// The line of a text. Voyage names model and purpose once for the whole job. OpenAI's base64 is a quarter of the
/// bytes of its numbers.
pub(super) fn line(dialect: Dialect, model: &str, id: &str, text: &str) -> Option<String> {
    let is_openai = dialect == Dialect::OpenAi;
    let body = LineBody {
        model: is_openai.then_some(model),
        input: [text],
        encoding_format: is_openai.then_some("base64"),
    };
    let (method, url) = (is_openai.then_some("POST"), is_openai.then_some("/v1/embeddings"));
    serde_json::to_string(&Line { custom_id: id, method, url, body }).ok()
}

/// The request that begins a job.
pub(super) fn create(dialect: Dialect, model: &str, input_file: &str, mark: &JobMark) -> Value {
    let window = if dialect == Dialect::Voyage { "12h" } else { "24h" };
    let mut body = json!({
        "input_file_id": input_file, "endpoint": "/v1/embeddings", "completion_window": window,
        "metadata": {"source": SOURCE, MARK: mark.as_str()},
    });
    if dialect == Dialect::Voyage {
        body["request_params"] = json!({"model": model, "input_type": input_type(Purpose::Document)});
    }
    body
}

/// The part of the batch object that matters.
#[derive(Deserialize)]
pub(super) struct Batch {
    status: String,
    input_file_id: Option<String>,
    output_file_id: Option<String>,
    error_file_id: Option<String>,
    request_counts: Option<Counts>,
    errors: Option<Value>,
}

#[derive(Deserialize)]
struct Counts {
    #[serde(default)]
    completed: usize,
}

impl Batch {
    /// How far it is and where its files are, or the state that nobody knows.
    pub(super) fn status(self) -> Result<Status, Senseless> {
        let done = self.request_counts.map_or(0, |counts| counts.completed);
        let why = || {
            let message = self.errors.as_ref().and_then(|errors| errors["data"][0]["message"].as_str());
            message.unwrap_or("it gave no reason").to_owned()
        };
        let state = match self.status.as_str() {
            "validating" | "in_progress" | "finalizing" | "cancelling" => JobState::Running { done },
            "completed" => JobState::Finished,
            "failed" => JobState::Failed(why()),
            "expired" => JobState::Expired,
            "cancelled" => JobState::Cancelled,
            other => return Err(Senseless::State(other.to_owned())),
        };
        let outputs = [self.output_file_id, self.error_file_id].into_iter().flatten().collect();
        Ok(Status { state, outputs, inputs: self.input_file_id.into_iter().collect() })
    }
}

/// A line of an output or error file.
#[derive(Deserialize)]
struct Output {
    custom_id: String,
    response: Option<OutputResponse>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct OutputResponse {
    #[serde(default)]
    status_code: u16,
    body: Value,
}

/// What a line says: an id, and numbers or a reason.
pub(super) type Outcome = (String, Result<Numbers, Senseless>);

pub(super) fn outcome(line: &[u8]) -> Result<Outcome, Senseless> {
    let output: Output = serde_json::from_slice(line)?;
    let message = |value: &Value| value["message"].as_str().unwrap_or("it gave no reason").to_owned();
    let outcome = match (output.response, output.error) {
        (Some(response), _) if response.status_code < 400 => serde_json::from_value::<Answer>(response.body)
            .map_err(Senseless::from)
            .and_then(|answer| answer.vectors(1))
            .and_then(|mut all| all.pop().ok_or(Senseless::Nothing)),
        (Some(response), _) => Err(Senseless::Said(message(&response.body["error"]))),
        (None, Some(error)) => Err(Senseless::Said(message(&error))),
        (None, None) => Err(Senseless::Nothing),
    };
    Ok((output.custom_id, outcome))
}

/// A file in a form. No line of JSON can hold the line break before a boundary.
pub(super) fn form(jsonl: &str, boundary: &str) -> Vec<u8> {
    let field = format!("--{boundary}\r\nContent-Disposition: form-data; name=");
    format!(
        "{field}\"purpose\"\r\n\r\nbatch\r\n{field}\"file\"; filename=\"openclaw-memory.jsonl\"\r\n\
         Content-Type: application/jsonl\r\n\r\n{jsonl}\r\n--{boundary}--\r\n"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{Batch, create, line, outcome};
    use crate::batch::{JobMark, JobState};
    use crate::remote::Dialect;
    use serde_json::{Value, json};

    #[test]
    fn lines_are_as_documented() {
        let of =
            |dialect| -> Value { serde_json::from_str(&line(dialect, "m", "id1", "a\nb").unwrap()).unwrap() };
        let openai = json!({"custom_id": "id1", "method": "POST", "url": "/v1/embeddings",
            "body": {"model": "m", "input": ["a\nb"], "encoding_format": "base64"}});
        assert_eq!(of(Dialect::OpenAi), openai);
        assert_eq!(of(Dialect::Voyage), json!({"custom_id": "id1", "body": {"input": ["a\nb"]}}));
        let mark = JobMark::of(b"x");
        let body = create(Dialect::OpenAi, "m", "file-1", &mark);
        assert_eq!(
            (&body["completion_window"], &body["metadata"]["mark"]),
            (&json!("24h"), &json!(mark.as_str()))
        );
        let params = json!({"model": "m", "input_type": "document"});
        assert_eq!(create(Dialect::Voyage, "m", "file-1", &mark)["request_params"], params);
    }

    #[test]
    fn every_documented_state_is_known() {
        let rows = [
            ("validating", Some(JobState::Running { done: 2 })),
            ("in_progress", Some(JobState::Running { done: 2 })),
            ("finalizing", Some(JobState::Running { done: 2 })),
            ("cancelling", Some(JobState::Running { done: 2 })),
            ("completed", Some(JobState::Finished)),
            ("failed", Some(JobState::Failed("no money".into()))),
            ("expired", Some(JobState::Expired)),
            ("cancelled", Some(JobState::Cancelled)),
            ("dancing", None),
        ];
        for (status, expected) in rows {
            let body = json!({"id": "b", "status": status, "request_counts": {"completed": 2, "total": 5},
                "output_file_id": "out", "errors": {"data": [{"message": "no money"}]}});
            let batch: Batch = serde_json::from_value(body).unwrap();
            assert_eq!(batch.status().ok().map(|status| status.state), expected, "{status}");
        }
    }

    #[test]
    fn lines_of_the_output_are_vectors_or_reasons() {
        let rows = [
            (
                r#"{"custom_id":"a","response":{"status_code":200,"body":{"data":[{"index":0,"embedding":[3,4]}]}},"error":null}"#,
                Ok(vec![3.0, 4.0]),
            ),
            (
                r#"{"custom_id":"a","response":{"status_code":200,"body":{"data":[{"index":0,"embedding":"AACAPw=="}]}}}"#,
                Ok(vec![1.0]),
            ),
            (
                r#"{"custom_id":"a","response":{"status_code":400,"body":{"error":{"message":"too long"}}}}"#,
                Err("too long"),
            ),
            (
                r#"{"custom_id":"a","response":null,"error":{"code":"batch_expired","message":"expired"}}"#,
                Err("expired"),
            ),
            (r#"{"custom_id":"a"}"#, Err("neither a vector nor an error")),
            (
                r#"{"custom_id":"a","response":{"status_code":200,"body":{"data":[]}}}"#,
                Err("0 vectors for 1 texts"),
            ),
        ];
        for (text, expected) in rows {
            let (id, found) = outcome(text.as_bytes()).unwrap();
            assert_eq!(id, "a");
            assert_eq!(
                found.map(|numbers| numbers.0).map_err(|why| why.to_string()),
                expected.map_err(str::to_owned),
                "{text}"
            );
        }
        assert!(outcome(b"{\"custom_id\":").is_err());
    }
}
