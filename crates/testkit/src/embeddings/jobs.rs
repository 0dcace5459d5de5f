//! Files and batch jobs at the service.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answers::one_vector;
use super::requests::line_texts;
use super::server::Api;

/// What becomes of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobPlan {
    /// Looks at it before it ends.
    pub looks: usize,
    /// How it ends.
    pub end: JobEnd,
}

/// How a job ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobEnd {
    /// All is done.
    Done,
    /// All is done but this many texts at the end, which have errors.
    DoneWithErrors(usize),
    /// The service gives it up.
    Failed,
    /// The service's own time is over after this many texts.
    Expired(usize),
    /// It goes on until somebody stops it, with this many texts done.
    Endless(usize),
}

impl Default for JobPlan {
    fn default() -> Self {
        Self { looks: 1, end: JobEnd::Done }
    }
}

/// Everything that lies at the service.
#[derive(Default)]
pub(super) struct Jobs {
    pub(super) plan: JobPlan,
    files: BTreeMap<String, String>,
    jobs: BTreeMap<String, Job>,
}

struct Job {
    plan: JobPlan,
    /// The order in which they were begun.
    number: usize,
    input: String,
    /// What the client wrote on it: an object, or a name at Gemini.
    label: Value,
    looks: usize,
    is_cancelled: bool,
    outputs: Option<Outputs>,
}

#[derive(Clone)]
struct Outputs {
    done: Option<String>,
    errors: Option<String>,
}

/// What a look shows.
enum Phase {
    Running,
    Done,
    Failed,
    Expired,
    Cancelled,
}

impl Jobs {
    pub(super) fn file_names(&self) -> Vec<String> {
        self.files.keys().cloned().collect()
    }

    pub(super) fn file(&self, name: &str) -> Option<String> {
        self.files.get(name).cloned()
    }

    pub(super) fn delete_file(&mut self, name: &str) -> bool {
        self.files.remove(name).is_some()
    }

    /// Keeps a file and names it.
    pub(super) fn add_file(&mut self, api: Api, text: String) -> String {
        let number = self.files.len() + 1;
        let name = if api == Api::Gemini { format!("files/f{number}") } else { format!("file-{number}") };
        self.files.insert(name.clone(), text);
        name
    }

    /// Begins a job, if its file is there.
    pub(super) fn begin(&mut self, api: Api, input: &str, label: &Value) -> Option<String> {
        self.files.get(input)?;
        let number = self.jobs.len() + 1;
        let name = if api == Api::Gemini { format!("batches/b{number}") } else { format!("batch_{number}") };
        let job = Job {
            plan: self.plan,
            number,
            input: input.to_owned(),
            label: label.clone(),
            looks: 0,
            is_cancelled: false,
            outputs: None,
        };
        self.jobs.insert(name.clone(), job);
        Some(name)
    }

    /// The jobs, the newest first, a page at a time.
    pub(super) fn list(&self, api: Api, query: &str) -> Value {
        let given = |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
        let size: usize = match api {
            Api::OpenAi | Api::Voyage => {
                given("limit").and_then(|text| text.parse().ok()).unwrap_or(20).min(100)
            }
            Api::Gemini => given("pageSize").and_then(|text| text.parse().ok()).unwrap_or(50).min(100),
        };
        let mut all: Vec<(&String, &Job)> = self.jobs.iter().collect();
        all.sort_by_key(|(_, job)| std::cmp::Reverse(job.number));
        let after = match api {
            Api::OpenAi | Api::Voyage => given("after")
                .and_then(|name| all.iter().position(|(known, _)| known.as_str() == name))
                .map_or(0, |at| at + 1),
            Api::Gemini => given("pageToken").and_then(|text| text.parse().ok()).unwrap_or(0),
        };
        let page = &all[after.min(all.len())..(after + size).min(all.len())];
        let has_more = after + page.len() < all.len();
        match api {
            Api::OpenAi | Api::Voyage => {
                let job = |(name, job): &(&String, &Job)| {
                    json!({"id": name, "object": "batch", "status": "in_progress", "metadata": job.label,
                        "input_file_id": job.input})
                };
                let data: Vec<Value> = page.iter().map(job).collect();
                json!({"object": "list", "data": data, "has_more": has_more,
                    "first_id": page.first().map(|(name, _)| name), "last_id": page.last().map(|(name, _)| name)})
            }
            Api::Gemini => {
                let job = |(name, job): &(&String, &Job)| {
                    json!({"name": name, "metadata": {"name": name, "displayName": job.label,
                        "state": "BATCH_STATE_RUNNING"}})
                };
                let mut list = json!({"operations": page.iter().map(job).collect::<Vec<Value>>()});
                if has_more {
                    list["nextPageToken"] = json!((after + page.len()).to_string());
                }
                list
            }
        }
    }

    pub(super) fn cancel(&mut self, name: &str) -> bool {
        self.jobs.get_mut(name).map(|job| job.is_cancelled = true).is_some()
    }

    /// The job's document after one more look.
    pub(super) fn look(&mut self, api: Api, name: &str) -> Option<Value> {
        let job = self.jobs.get_mut(name)?;
        job.looks += 1;
        let phase = match (job.is_cancelled, job.looks > job.plan.looks, job.plan.end) {
            (true, _, _) => Phase::Cancelled,
            (false, false, _) | (false, true, JobEnd::Endless(_)) => Phase::Running,
            (false, true, JobEnd::Done | JobEnd::DoneWithErrors(_)) => Phase::Done,
            (false, true, JobEnd::Failed) => Phase::Failed,
            (false, true, JobEnd::Expired(_)) => Phase::Expired,
        };
        let (input, plan, outputs) = (job.input.clone(), job.plan, job.outputs.clone());
        let is_over = matches!(phase, Phase::Done | Phase::Expired | Phase::Cancelled);
        let outputs = match outputs {
            None if is_over => Some(self.write_outputs(api, &input, plan.end)),
            known => known,
        };
        self.jobs.get_mut(name)?.outputs.clone_from(&outputs);
        let total = self.files.get(&input).map_or(0, |text| text.lines().count());
        let outputs = outputs.unwrap_or(Outputs { done: None, errors: None });
        Some(match api {
            Api::OpenAi | Api::Voyage => openai_job(name, &phase, &input, total, &outputs),
            Api::Gemini => gemini_job(name, &phase, &input, total, &outputs),
        })
    }

    fn write_outputs(&mut self, api: Api, input: &str, end: JobEnd) -> Outputs {
        let text = self.files.get(input).cloned().unwrap_or_default();
        let lines: Vec<(String, String)> = text.lines().filter_map(line_texts).collect();
        let good = match end {
            JobEnd::Done | JobEnd::Failed => lines.len(),
            JobEnd::DoneWithErrors(bad) => lines.len().saturating_sub(bad),
            JobEnd::Expired(done) | JobEnd::Endless(done) => done.min(lines.len()),
        };
        // Services do not keep the order.
        let done: Vec<String> =
            lines[..good].iter().rev().map(|(id, text)| done_line(api, id, text)).collect();
        let errors: Vec<String> = match end {
            JobEnd::DoneWithErrors(_) | JobEnd::Expired(_) => {
                lines[good..].iter().map(|(id, _)| error_line(api, id)).collect()
            }
            JobEnd::Done | JobEnd::Failed | JobEnd::Endless(_) => Vec::new(),
        };
        if api == Api::Gemini {
            let all = [done, errors].concat().join("\n");
            return Outputs { done: Some(self.add_file(api, all)), errors: None };
        }
        let mut keep = |lines: Vec<String>| (!lines.is_empty()).then(|| self.add_file(api, lines.join("\n")));
        Outputs { done: keep(done), errors: keep(errors) }
    }
}

fn done_line(api: Api, id: &str, text: &str) -> String {
    let vector = one_vector(text);
    let line = match api {
        Api::OpenAi | Api::Voyage => {
            let data = json!([{"object": "embedding", "index": 0, "embedding": vector}]);
            json!({"id": format!("batch_req_{id}"), "custom_id": id, "error": null,
                "response": {"status_code": 200, "request_id": "r", "body": {"object": "list", "data": data}}})
        }
        Api::Gemini => json!({"key": id, "response": {"embedding": {"values": vector}}}),
    };
    line.to_string()
}

fn error_line(api: Api, id: &str) -> String {
    let error = json!({"message": "this text could not be embedded", "code": "bad_text"});
    let line = match api {
        Api::OpenAi | Api::Voyage => json!({"custom_id": id, "error": null,
            "response": {"status_code": 400, "body": {"error": error}}}),
        Api::Gemini => json!({"key": id, "error": {"code": 3, "message": error["message"]}}),
    };
    line.to_string()
}

fn openai_job(name: &str, phase: &Phase, input: &str, total: usize, outputs: &Outputs) -> Value {
    let (status, errors) = match phase {
        Phase::Running => ("in_progress", Value::Null),
        Phase::Done => ("completed", Value::Null),
        Phase::Failed => {
            let error = json!({"code": "invalid_json_line", "message": "Line 1 is not valid.", "line": 1});
            ("failed", json!({"object": "list", "data": [error]}))
        }
        Phase::Expired => ("expired", Value::Null),
        Phase::Cancelled => ("cancelled", Value::Null),
    };
    json!({
        "id": name, "object": "batch", "endpoint": "/v1/embeddings", "errors": errors, "input_file_id": input,
        "completion_window": "24h", "status": status, "output_file_id": outputs.done,
        "error_file_id": outputs.errors, "created_at": 1_767_225_600,
        "request_counts": {"total": total, "completed": 0, "failed": 0},
    })
}

fn gemini_job(name: &str, phase: &Phase, input: &str, total: usize, outputs: &Outputs) -> Value {
    let state = match phase {
        Phase::Running => "BATCH_STATE_RUNNING",
        Phase::Done => "BATCH_STATE_SUCCEEDED",
        Phase::Failed => "BATCH_STATE_FAILED",
        Phase::Expired => "BATCH_STATE_EXPIRED",
        Phase::Cancelled => "BATCH_STATE_CANCELLED",
    };
    let mut operation = json!({"name": name, "metadata": {
        "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.EmbedContentBatch",
        "name": name, "state": state, "inputConfig": {"fileName": input},
        "batchStats": {"requestCount": total.to_string()},
    }});
    match phase {
        Phase::Running => {}
        Phase::Failed => {
            operation["done"] = json!(true);
            operation["error"] = json!({"code": 3, "message": "Line 1 is not valid."});
        }
        Phase::Done | Phase::Expired | Phase::Cancelled => {
            operation["done"] = json!(true);
            operation["response"] = json!({"responsesFile": outputs.done});
        }
    }
    operation
}
