//! The jobs of the three services.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use reqwest::header::HeaderValue;
use reqwest::{Method, Response};
use serde_json::Value;

use super::files::Outcome;
use super::job::{BatchItem, BatchJob, BatchJobs, JobLimits, JobLine, JobMark, JobState, NoVector};
use super::lines::Lines;
use super::{files, gemini};
use crate::remote::{Content, Dialect, Repeat, Request, Senseless, Wire, checked, hex_digest, readable};
use crate::tokens::estimate_tokens;
use crate::{EmbedError, EmbedderId, Failure, Purpose};

/// Requests of one job, as all three services have it at least (OpenAI and Google 50,000, Voyage 100,000).
const MAX_TEXTS: usize = 50_000;
/// The services take 100 MB and more; this is what is in memory while it is sent.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Jobs on a page of the list: the most that OpenAI gives.
const PAGE_JOBS: &str = "100";
/// Jobs are listed from the newest, and one whose end nobody knows is not old: a thousand of a busy account.
const MAX_PAGES: usize = 10;
/// An upload may be slow, a look may not.
const UPLOAD_LIMIT: Duration = Duration::from_secs(600);
const LOOK_LIMIT: Duration = Duration::from_secs(60);
/// Between two pieces of a result.
const PIECE_LIMIT: Duration = Duration::from_secs(60);

/// A job's state and its files.
#[derive(Debug)]
pub(super) struct Status {
    pub(super) state: JobState,
    pub(super) outputs: Vec<String>,
    pub(super) inputs: Vec<String>,
}

/// Jobs at one service.
pub(crate) struct RemoteJobs {
    dialect: Dialect,
    wire: Wire,
    id: EmbedderId,
    dimensions: Arc<OnceLock<usize>>,
}

impl RemoteJobs {
    pub(crate) fn new(
        dialect: Dialect,
        wire: Wire,
        id: EmbedderId,
        dimensions: Arc<OnceLock<usize>>,
    ) -> Self {
        Self { dialect, wire, id, dimensions }
    }

    fn error(&self, failure: Failure) -> EmbedError {
        EmbedError { embedder: format!("{} in a batch job", self.id), failure }
    }

    fn malformed(&self, why: &str) -> Failure {
        Failure::Malformed(self.wire.endpoint.clean(why))
    }

    /// A small request.
    fn look(&self, method: Method, tail: &str) -> Request {
        Request {
            method,
            url: self.wire.endpoint.url(tail),
            content: None,
            limit: LOOK_LIMIT,
            purpose: Purpose::Document,
            tokens: 0,
            repeat: Repeat::Passing,
        }
    }

    async fn json(&self, request: Request) -> Result<Value, Failure> {
        let answer = self.wire.fetch(&request).await?;
        serde_json::from_slice(&answer).map_err(|error| self.malformed(&error.to_string()))
    }

    async fn begin(&self, items: Vec<BatchItem>, mark: &JobMark) -> Result<BatchJob, Failure> {
        let (jsonl, count, tokens) = self.input(items)?;
        let file = self.upload(jsonl, tokens).await?;
        let (tail, body) = match self.dialect {
            Dialect::OpenAi | Dialect::Voyage => {
                ("batches".to_owned(), files::create(self.dialect, &self.id.model, &file, mark))
            }
            Dialect::Gemini => (
                format!("models/{}:asyncBatchEmbedContent", self.id.model),
                gemini::create(&self.id.model, &file, mark),
            ),
        };
        let mut request = self.look(Method::POST, &tail);
        request.content = Some(Content::json(body.to_string().into_bytes()));
        request.repeat = Repeat::Refused;
        let created = self.json(request).await?;
        let name = match self.dialect {
            Dialect::OpenAi | Dialect::Voyage => created["id"].as_str(),
            Dialect::Gemini => created["name"].as_str(),
        };
        let id = name.ok_or_else(|| self.malformed("a job without a name"))?;
        Ok(self.job(id, count))
    }

    fn job(&self, id: &str, count: usize) -> BatchJob {
        BatchJob {
            provider: self.id.provider.to_owned(),
            id: id.to_owned(),
            fingerprint: self.id.fingerprint.clone(),
            created_ms: self.wire.means.clock.now_ms(),
            count,
        }
    }

    /// Looks through the list of jobs, as far back as it is worth it.
    async fn search(&self, mark: &JobMark) -> Result<Option<BatchJob>, Failure> {
        let mut after: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let page = self.json(self.page(after.as_deref())).await?;
            let (found, next) = match self.dialect {
                Dialect::OpenAi | Dialect::Voyage => {
                    let page: files::Page =
                        serde_json::from_value(page).map_err(|error| self.malformed(&error.to_string()))?;
                    (page.find(mark).map(ToOwned::to_owned), page.next().map(ToOwned::to_owned))
                }
                Dialect::Gemini => {
                    let next = page["nextPageToken"].as_str().filter(|token| !token.is_empty());
                    (gemini::listed(&page, mark).map(ToOwned::to_owned), next.map(ToOwned::to_owned))
                }
            };
            match (found, next) {
                (Some(id), _) => return Ok(Some(self.job(&id, 0))),
                (None, Some(next)) => after = Some(next),
                (None, None) => break,
            }
        }
        Ok(None)
    }

    fn page(&self, after: Option<&str>) -> Request {
        let (size, place) = match self.dialect {
            Dialect::OpenAi | Dialect::Voyage => ("limit", "after"),
            Dialect::Gemini => ("pageSize", "pageToken"),
        };
        let mut request = self.look(Method::GET, "batches");
        if let Some(url) = &mut request.url {
            let mut query = url.query_pairs_mut();
            query.append_pair(size, PAGE_JOBS);
            if let Some(after) = after {
                query.append_pair(place, after);
            }
        }
        request
    }

    /// The input file, its number of lines and its tokens.
    fn input(&self, items: Vec<BatchItem>) -> Result<(String, usize, u64), Failure> {
        let bytes: usize = items.iter().map(|item| item.text.len()).sum();
        if items.is_empty() || items.len() > MAX_TEXTS || bytes > MAX_BYTES {
            let (texts, most) = (items.len(), MAX_BYTES / 1024 / 1024);
            let why = format!(
                "a job takes 1 to {MAX_TEXTS} texts of {most} MiB together, not {texts} of {bytes} bytes"
            );
            return Err(Failure::Refused(why));
        }
        let mut seen = HashSet::new();
        let (mut jsonl, mut tokens) = (String::with_capacity(bytes + bytes / 4), 0);
        for item in items.iter().filter(|item| seen.insert(item.id.as_str())) {
            let text = readable(&item.text, self.dialect.max_tokens());
            tokens += estimate_tokens(text);
            let line = match self.dialect {
                Dialect::OpenAi | Dialect::Voyage => {
                    files::line(self.dialect, &self.id.model, &item.id, text)
                }
                Dialect::Gemini => gemini::line(&self.id.model, &item.id, text),
            };
            let line = line.ok_or_else(|| Failure::Refused("a text cannot be written as JSON".into()))?;
            jsonl.push_str(&line);
            jsonl.push('\n');
        }
        Ok((jsonl, seen.len(), tokens))
    }

    /// Sends the input file and gives its name.
    async fn upload(&self, jsonl: String, tokens: u64) -> Result<String, Failure> {
        let boundary = format!("openclaw-{}", &hex_digest(&jsonl)[..24]);
        let (url, kind, body) = match self.dialect {
            Dialect::OpenAi | Dialect::Voyage => (
                self.wire.endpoint.url("files"),
                format!("multipart/form-data; boundary={boundary}"),
                files::form(&jsonl, &boundary),
            ),
            Dialect::Gemini => (
                self.wire.endpoint.url_under("upload", "files?uploadType=multipart"),
                format!("multipart/related; boundary={boundary}"),
                gemini::related(&jsonl, &boundary),
            ),
        };
        drop(jsonl);
        let kind = HeaderValue::from_str(&kind).map_err(|error| self.malformed(&error.to_string()))?;
        let request = Request {
            url,
            content: Some(Content { kind, body: Bytes::from(body) }),
            limit: UPLOAD_LIMIT,
            tokens,
            ..self.look(Method::POST, "files")
        };
        let answer = self.json(request).await?;
        let name = match self.dialect {
            Dialect::OpenAi | Dialect::Voyage => answer["id"].as_str(),
            Dialect::Gemini => gemini::uploaded(&answer),
        };
        name.map(ToOwned::to_owned).ok_or_else(|| self.malformed("an uploaded file without a name"))
    }

    /// The resource of a job below the base URL. A job of other settings may belong to another account, or have
    /// vectors that cannot be compared with ours.
    fn place(&self, job: &BatchJob) -> Result<String, Failure> {
        if job.provider != self.id.provider || job.fingerprint != self.id.fingerprint {
            return Err(Failure::Refused("the job was begun with other settings".into()));
        }
        Ok(match self.dialect {
            Dialect::OpenAi | Dialect::Voyage => format!("batches/{}", job.id),
            Dialect::Gemini => job.id.clone(),
        })
    }

    async fn status(&self, job: &BatchJob) -> Result<Status, Failure> {
        let answer = self.json(self.look(Method::GET, &self.place(job)?)).await?;
        let status = match self.dialect {
            Dialect::OpenAi | Dialect::Voyage => serde_json::from_value::<files::Batch>(answer)
                .map_err(Senseless::from)
                .and_then(files::Batch::status),
            Dialect::Gemini => gemini::status(&answer),
        };
        let status = status.map_err(|why| self.malformed(&why.to_string()))?;
        let state = match status.state {
            JobState::Failed(why) => JobState::Failed(self.wire.endpoint.clean(&why)),
            state @ (JobState::Running { .. }
            | JobState::Finished
            | JobState::Expired
            | JobState::Cancelled) => state,
        };
        Ok(Status { state, ..status })
    }

    async fn open(&self, file: &str) -> Result<Response, Failure> {
        let url = match self.dialect {
            Dialect::OpenAi | Dialect::Voyage => self.wire.endpoint.url(&format!("files/{file}/content")),
            Dialect::Gemini => {
                self.wire.endpoint.url_under("download", &format!("{file}:download?alt=media"))
            }
        };
        Ok(self.wire.open(&Request { url, ..self.look(Method::GET, "files") }).await?)
    }

    fn line(&self, line: &[u8]) -> Result<JobLine, Failure> {
        let outcome: Result<Outcome, Senseless> = match self.dialect {
            Dialect::OpenAi | Dialect::Voyage => files::outcome(line),
            Dialect::Gemini => gemini::outcome(line),
        };
        let (id, outcome) = outcome.map_err(|why| self.malformed(&why.to_string()))?;
        let outcome = outcome.and_then(|numbers| checked(numbers, &self.dimensions));
        Ok(JobLine {
            id,
            outcome: outcome.map_err(|why| NoVector(self.wire.endpoint.clean(&why.to_string()))),
        })
    }

    async fn stop(&self, job: &BatchJob) -> Result<(), Failure> {
        let verb = if self.dialect == Dialect::Gemini { ":cancel" } else { "/cancel" };
        let tail = format!("{}{verb}", self.place(job)?);
        Ok(self.wire.fetch(&self.look(Method::POST, &tail)).await.map(drop)?)
    }

    async fn delete(&self, job: &BatchJob) -> Result<(), Failure> {
        let status = self.status(job).await?;
        for file in status.inputs.iter().chain(&status.outputs) {
            let tail = match self.dialect {
                Dialect::OpenAi | Dialect::Voyage => format!("files/{file}"),
                Dialect::Gemini => file.clone(),
            };
            self.wire.fetch(&self.look(Method::DELETE, &tail)).await?;
        }
        Ok(())
    }
}

/// Results being read.
struct Reading<'a> {
    jobs: &'a RemoteJobs,
    job: &'a BatchJob,
    /// Nothing until the job was looked at.
    files: Option<VecDeque<String>>,
    response: Option<Response>,
    lines: Lines,
    ready: VecDeque<Vec<u8>>,
}

impl Reading<'_> {
    async fn next(&mut self) -> Result<Option<JobLine>, Failure> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return self.jobs.line(&line).map(Some);
            }
            if let Some(response) = &mut self.response {
                match self.jobs.wire.piece(response, PIECE_LIMIT).await? {
                    Some(piece) => {
                        let too_long = |_| self.jobs.malformed("a line of more than 4 MiB");
                        self.ready.extend(self.lines.push(&piece).map_err(too_long)?);
                    }
                    None => {
                        self.response = None;
                        self.ready.extend(self.lines.finish());
                    }
                }
                continue;
            }
            if self.files.is_none() {
                self.files = Some(self.jobs.status(self.job).await?.outputs.into());
            }
            let Some(file) = self.files.as_mut().and_then(VecDeque::pop_front) else { return Ok(None) };
            self.response = Some(self.jobs.open(&file).await?);
        }
    }
}

impl BatchJobs for RemoteJobs {
    fn limits(&self) -> JobLimits {
        JobLimits { texts: MAX_TEXTS, bytes: MAX_BYTES }
    }

    fn submit<'a>(
        &'a self,
        items: Vec<BatchItem>,
        mark: &'a JobMark,
    ) -> BoxFuture<'a, Result<BatchJob, EmbedError>> {
        async move { self.begin(items, mark).await.map_err(|failure| self.error(failure)) }.boxed()
    }

    fn find<'a>(&'a self, mark: &'a JobMark) -> BoxFuture<'a, Result<Option<BatchJob>, EmbedError>> {
        async move { self.search(mark).await.map_err(|failure| self.error(failure)) }.boxed()
    }

    fn state<'a>(&'a self, job: &'a BatchJob) -> BoxFuture<'a, Result<JobState, EmbedError>> {
        let state = async move { self.status(job).await.map(|status| status.state) };
        async move { state.await.map_err(|failure| self.error(failure)) }.boxed()
    }

    fn results<'a>(&'a self, job: &'a BatchJob) -> BoxStream<'a, Result<JobLine, EmbedError>> {
        let reading = Reading {
            jobs: self,
            job,
            files: None,
            response: None,
            lines: Lines::default(),
            ready: VecDeque::new(),
        };
        stream::try_unfold(reading, |mut reading| async move {
            let next = reading.next().await.map_err(|failure| reading.jobs.error(failure))?;
            Ok(next.map(|line| (line, reading)))
        })
        .boxed()
    }

    fn cancel<'a>(&'a self, job: &'a BatchJob) -> BoxFuture<'a, Result<(), EmbedError>> {
        async move { self.stop(job).await.map_err(|failure| self.error(failure)) }.boxed()
    }

    fn forget<'a>(&'a self, job: &'a BatchJob) -> BoxFuture<'a, Result<(), EmbedError>> {
        async move { self.delete(job).await.map_err(|failure| self.error(failure)) }.boxed()
    }
}
