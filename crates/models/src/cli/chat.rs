//! A program as a model.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use openclaw_guard::Secret;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::environment::CliEnvironment;
use super::queue::Queues;
use super::run;
use super::settings::CliSettings;
use crate::wire::Redactor;
use crate::{ChatModel, InputKind, ModelError, ModelEvent, ModelInfo, ModelRequest, WireApi};

/// Events that wait for whoever takes them; a program that is ahead of them is held up.
const EVENTS: usize = 64;

/// A program that was found.
#[derive(Clone)]
pub struct CliProgram {
    /// The provider's id.
    pub id: String,
    /// How it is used.
    pub settings: CliSettings,
    /// Where it is.
    pub path: PathBuf,
    /// What it inherits.
    pub environment: CliEnvironment,
}

impl CliProgram {
    /// What is known of one of its models.
    #[must_use]
    pub fn describe(id: &str, settings: &CliSettings, model: &str) -> ModelInfo {
        let mut input = vec![InputKind::Text];
        if settings.sees_images() {
            input.push(InputKind::Image);
        }
        let context_window = settings.context_window;
        ModelInfo { input, context_window, calls_tools: false, ..ModelInfo::new(id, model, WireApi::Cli) }
    }

    /// Hides what is secret in its environment.
    fn redactor(&self) -> Redactor {
        let given: Vec<&str> = self.settings.env.iter().map(|(name, _)| name.as_str()).collect();
        let says_secret = |name: &str| {
            ["TOKEN", "KEY", "SECRET", "PASSWORD"].iter().any(|word| name.to_uppercase().contains(word))
        };
        let all = self.environment.of(&self.settings);
        let secret = |name: &str| given.contains(&name) || says_secret(name);
        let whole = all.iter().filter(|(name, _)| secret(name)).map(|(_, value)| (*value).clone());
        let sign_ins = all.values().flat_map(|value| sign_in_of(value.expose()));
        Redactor::new(whole.chain(sign_ins).collect::<Vec<Secret>>())
    }
}

/// What is secret of an address with a name and a password in it, as those of proxies have: both together, and the
/// password alone, as they are written and as they are meant.
fn sign_in_of(address: &str) -> Vec<Secret> {
    let after = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host_end = after.find(['/', '?', '#']).unwrap_or(after.len());
    let Some((sign_in, _host)) = after[..host_end].rsplit_once('@') else { return Vec::new() };
    let password = sign_in.split_once(':').map(|(_, password)| password);
    let parts = [Some(sign_in), password].into_iter().flatten();
    parts.flat_map(|part| [part.to_owned(), without_escapes(part)]).map(Secret::new).collect()
}

/// A part of an address as it is meant: `%40` is `@`.
fn without_escapes(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped =
            digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// How long a program may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CliLimits {
    /// Without printing anything. Many print their whole answer at the end.
    pub silent: Duration,
    /// Altogether, also when the conversation has to be told anew.
    pub total: Duration,
    /// For how long a failure that says nothing precise may come from the conversation that the program was to go on with.
    /// One that comes later has done work, which is not done twice.
    pub early: Duration,
}

impl Default for CliLimits {
    /// The longest honest answers of coding agents take about a quarter of an hour; a turn has its own, shorter limit.
    fn default() -> Self {
        Self {
            silent: Duration::from_secs(600),
            total: Duration::from_secs(1_800),
            early: Duration::from_secs(5),
        }
    }
}

/// A model behind a program.
#[derive(Clone)]
pub struct CliChat {
    shared: Arc<Shared>,
}

/// What the calls of one model share.
pub(super) struct Shared {
    pub(super) info: ModelInfo,
    pub(super) program: CliProgram,
    pub(super) redactor: Redactor,
    pub(super) queues: Arc<Queues>,
    pub(super) limits: CliLimits,
}

impl CliChat {
    /// One of a program's models. Nothing runs before it is asked.
    #[must_use]
    pub fn new(program: CliProgram, model: &str, (queues, limits): (Arc<Queues>, CliLimits)) -> Self {
        let info = CliProgram::describe(&program.id, &program.settings, model);
        let redactor = program.redactor();
        Self { shared: Arc::new(Shared { info, program, redactor, queues, limits }) }
    }

    /// The same as the catalog describes it.
    #[must_use]
    pub fn described(
        program: CliProgram,
        info: ModelInfo,
        (queues, limits): (Arc<Queues>, CliLimits),
    ) -> Self {
        let redactor = program.redactor();
        Self { shared: Arc::new(Shared { info, program, redactor, queues, limits }) }
    }
}

impl ChatModel for CliChat {
    fn describe(&self) -> &ModelInfo {
        &self.shared.info
    }

    fn stream(
        &self,
        request: ModelRequest,
        abort: CancellationToken,
    ) -> BoxStream<'static, Result<ModelEvent, ModelError>> {
        let (sender, events) = mpsc::channel(EVENTS);
        let work: Work = Box::pin(run::answer(Arc::clone(&self.shared), request, sender));
        let call = Call { work: Some(work), events, abort, failure: None, is_over: false };
        stream::unfold(call, |mut call| async move { call.next().await.map(|item| (item, call)) }).boxed()
    }
}

type Work = BoxFuture<'static, Result<(), ModelError>>;

/// One call in progress. The program lives in `work`, and ends with it.
struct Call {
    work: Option<Work>,
    events: mpsc::Receiver<ModelEvent>,
    abort: CancellationToken,
    /// What is told when the events are.
    failure: Option<ModelError>,
    is_over: bool,
}

impl Call {
    async fn next(&mut self) -> Option<Result<ModelEvent, ModelError>> {
        loop {
            if self.is_over {
                return None;
            }
            tokio::select! {
                biased;
                () = self.abort.cancelled() => return self.end(Err(ModelError::Aborted)),
                event = self.events.recv() => match (event, self.failure.take()) {
                    (Some(done @ ModelEvent::Done(_)), _) => return self.end(Ok(done)),
                    (Some(event), failure) => {
                        self.failure = failure;
                        return Some(Ok(event));
                    }
                    (None, Some(failure)) => return self.end(Err(failure)),
                    (None, None) => self.is_over = true,
                },
                outcome = done(&mut self.work) => {
                    self.work = None;
                    self.failure = outcome.err();
                }
            }
        }
    }

    /// Dropping the work kills the program, if it still runs.
    fn end(&mut self, last: Result<ModelEvent, ModelError>) -> Option<Result<ModelEvent, ModelError>> {
        self.is_over = true;
        self.work = None;
        Some(last)
    }
}

async fn done(work: &mut Option<Work>) -> Result<(), ModelError> {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}
