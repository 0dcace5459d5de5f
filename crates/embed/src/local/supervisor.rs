//! Runs the program: starts it, feeds it, ends it when nobody asks, and starts it again when it fails.
//!
//! A thread of its own with a queue of events, so that it works under any runtime and between two calls.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::client::Limits;
use super::download::{DownloadError, Progress};
use super::failing::{Failures, Outlook, how_it_ended};
use super::program::{Program, ProgramMissing};
use super::protocol::{For, Hello, Kind, PROMPTS, PROTOCOL, Reply, Request};
use super::queue::{Job, Queue};
use super::reference::ModelReference;
use super::source::ModelSource;
use super::worker::{Said, Worker};
use crate::embedder::{Purpose, Vector};
use crate::error::Failure;

/// What happens.
pub(super) enum Event {
    /// Somebody asks.
    Job(Job),
    /// The program of this number says something.
    Said(u64, Said),
    /// The download has ended.
    Fetched(Result<Option<PathBuf>, DownloadError>),
    /// Nobody will ask again.
    Stop,
}

/// How the program is found, each time it is started.
pub(super) type Find = Box<dyn Fn() -> Result<Program, ProgramMissing> + Send>;

/// The thread's own.
pub(super) struct Supervisor {
    pub(super) source: Arc<ModelSource>,
    pub(super) find: Find,
    pub(super) limits: Limits,
    pub(super) progress: Arc<watch::Sender<Progress>>,
    pub(super) stage: watch::Sender<Stage>,
    pub(super) events: Sender<Event>,
    pub(super) board: Board,
}

/// How far the program is from answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It has to start first.
    Starting,
    /// Its model has to come first.
    Fetching,
    /// It runs.
    Running,
}

/// What changes.
#[derive(Default)]
pub(super) struct Board {
    queue: Queue,
    failures: Failures,
    state: State,
    /// The number of the newest program.
    program: u64,
    /// The number of the newest request.
    request: u64,
}

#[derive(Default)]
enum State {
    #[default]
    Asleep,
    /// Dropped, the download stops.
    Fetching(#[allow(dead_code, reason = "it is there to be dropped")] watch::Sender<()>),
    Starting {
        worker: Worker,
        deadline: Instant,
    },
    Ready {
        running: Running,
        since: Instant,
    },
    Busy {
        running: Running,
        job: Job,
        count: usize,
        deadline: Instant,
    },
}

struct Running {
    worker: Worker,
    dimensions: usize,
}

impl Supervisor {
    /// Works until [`Event::Stop`].
    pub(super) fn run(mut self, inbox: &Receiver<Event>) {
        loop {
            self.advance(Instant::now());
            self.tell();
            let event = match self.next_deadline() {
                Some(deadline) => inbox.recv_timeout(deadline.saturating_duration_since(Instant::now())),
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match event {
                Ok(Event::Job(job)) => self.board.queue.push(job),
                Ok(Event::Said(number, said)) if number == self.board.program => self.hear(said),
                // From a program that was ended before.
                Ok(Event::Said(..)) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Event::Fetched(result)) => self.fetched(result),
                Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Lets others know how far the program is.
    fn tell(&self) {
        let stage = match &self.board.state {
            State::Asleep | State::Starting { .. } => Stage::Starting,
            State::Fetching(_) => Stage::Fetching,
            State::Ready { .. } | State::Busy { .. } => Stage::Running,
        };
        self.stage.send_replace(stage);
    }

    /// When to look again though nothing happens.
    fn next_deadline(&self) -> Option<Instant> {
        let own = match &self.board.state {
            State::Asleep | State::Fetching(_) => None,
            State::Starting { deadline, .. } | State::Busy { deadline, .. } => Some(*deadline),
            State::Ready { since, .. } => Some(*since + self.limits.idle),
        };
        [own, self.board.queue.next_late(self.limits.query)].into_iter().flatten().min()
    }

    /// Does what can be done now.
    fn advance(&mut self, now: Instant) {
        for job in self.board.queue.drain_late(now, self.limits.query) {
            job.fail(Failure::TimedOut(self.limits.query));
        }
        let mut goes_on = true;
        while goes_on {
            goes_on = match std::mem::take(&mut self.board.state) {
                State::Asleep if self.board.queue.is_empty() => false,
                State::Asleep => self.wake(now),
                state @ State::Fetching(_) => {
                    self.board.state = state;
                    // Before anybody hears of it.
                    self.tell();
                    self.refuse_queries();
                    false
                }
                State::Starting { worker, deadline } => self.wait_for_hello(worker, deadline, now),
                State::Ready { running, since } => self.serve(running, since, now),
                State::Busy { running, job, count, deadline } => {
                    if now < deadline {
                        self.board.state = State::Busy { running, job, count, deadline };
                        false
                    } else {
                        let patience = self.patience(&job);
                        let words = format!("openclaw-local did not answer within {} s", patience.as_secs());
                        self.give_up_for(now, words, Outlook::OneCall);
                        job.fail(Failure::TimedOut(patience));
                        true
                    }
                }
            };
        }
    }

    /// Somebody asks and nothing runs.
    fn wake(&mut self, now: Instant) -> bool {
        if let Some(failure) = self.board.failures.obstacle(now) {
            self.fail_all(&failure);
            return false;
        }
        let program = match (self.find)() {
            Ok(program) => program,
            Err(missing) => {
                self.fail_all(&Failure::Unavailable(missing.to_string()));
                return false;
            }
        };
        match (self.source.present(), &self.source.reference) {
            (Some(model), _) => self.start(&program, &model, now),
            (None, ModelReference::File(path)) => {
                let words =
                    format!("there is no file {}; correct memorySearch.local.modelPath", path.display());
                self.fail_all(&Failure::Unavailable(words));
                false
            }
            (None, ModelReference::Hub(_)) => self.fetch(now),
        }
    }

    fn start(&mut self, program: &Program, model: &std::path::Path, now: Instant) -> bool {
        self.board.program += 1;
        let (number, events) = (self.board.program, self.events.clone());
        let started = Worker::start(program, model, move |said| {
            // Nobody listens any more when everything ends.
            events.send(Event::Said(number, said)).ok();
        });
        match started {
            Ok(worker) => {
                self.board.state = State::Starting { worker, deadline: now + self.limits.start };
                false
            }
            Err(error) => {
                let words = format!("{} does not start: {error}; build it again", program.0.display());
                self.give_up(now, words);
                true
            }
        }
    }

    fn fetch(&mut self, now: Instant) -> bool {
        let (stop, mut stopped) = watch::channel(());
        let (source, progress, events) =
            (Arc::clone(&self.source), Arc::clone(&self.progress), self.events.clone());
        let download = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            let result = runtime.block_on(async {
                tokio::select! {
                    result = source.fetch(&progress) => Some(result),
                    // The other end is dropped.
                    _ = stopped.changed() => None,
                }
            });
            if let Some(result) = result {
                events.send(Event::Fetched(result)).ok();
            }
        };
        match std::thread::Builder::new().name("local-download".to_owned()).spawn(download) {
            Ok(_) => {
                self.board.state = State::Fetching(stop);
                true
            }
            Err(error) => {
                self.give_up(now, format!("no thread for the download of the model: {error}"));
                true
            }
        }
    }

    fn fetched(&mut self, result: Result<Option<PathBuf>, DownloadError>) {
        self.board.state = State::Asleep;
        if let Err(error) = result {
            let outlook = if error.is_passing() { Outlook::Elsewhere } else { Outlook::Hopeless };
            self.fail_for(error.to_string(), outlook);
        }
    }

    /// A person must not wait for a download that takes minutes.
    fn refuse_queries(&mut self) {
        let progress = *self.progress.borrow();
        for job in self.board.queue.drain_queries() {
            job.fail(Failure::NotReady(format!("its model is still being downloaded, {progress} so far")));
        }
    }

    fn wait_for_hello(&mut self, worker: Worker, deadline: Instant, now: Instant) -> bool {
        if now < deadline {
            self.board.state = State::Starting { worker, deadline };
            return false;
        }
        drop(worker);
        let seconds = self.limits.start.as_secs();
        self.give_up(now, format!("openclaw-local was not ready within {seconds} s; take a smaller model"));
        true
    }

    fn serve(&mut self, running: Running, since: Instant, now: Instant) -> bool {
        let Some(mut job) = self.board.queue.pop() else {
            // The program goes, and its memory comes back.
            if now < since + self.limits.idle {
                self.board.state = State::Ready { running, since };
            }
            return false;
        };
        self.board.request += 1;
        let texts = job.group();
        let count = texts.len();
        let purpose = match job.purpose {
            Purpose::Query => For::Query,
            Purpose::Document => For::Document,
        };
        match running.worker.send(&Request::Embed { id: self.board.request, purpose, texts }) {
            Ok(()) => {
                let deadline = now + self.patience(&job);
                self.board.state = State::Busy { running, job, count, deadline };
                false
            }
            Err(error) => {
                self.give_up_for(now, format!("openclaw-local takes no request: {error}"), Outlook::OneCall);
                job.fail(Failure::Malformed(error.to_string()));
                true
            }
        }
    }

    fn patience(&self, job: &Job) -> Duration {
        match job.purpose {
            Purpose::Query => self.limits.query,
            Purpose::Document => self.limits.documents,
        }
    }

    fn hear(&mut self, said: Said) {
        let reply = match said {
            Said::Reply(reply) => reply,
            Said::Nonsense(error) => return self.misunderstood(&error.to_string()),
            Said::Ended => return self.ended(),
        };
        let request = self.board.request;
        match (std::mem::take(&mut self.board.state), reply) {
            (State::Starting { worker, .. }, Reply::Hello(hello)) => self.greet(worker, hello),
            (State::Starting { .. }, Reply::Failed { id: None, kind: Kind::Unusable, message }) => {
                self.fail_for(message, Outlook::Hopeless);
            }
            (State::Busy { running, job, count, .. }, Reply::Vectors { id, vectors }) if id == request => {
                self.answered(running, job, count, vectors);
            }
            (State::Busy { running, job, .. }, Reply::Failed { id: Some(id), message, .. })
                if id == request =>
            {
                job.fail(Failure::Refused(message));
                self.board.state = State::Ready { running, since: Instant::now() };
            }
            (state, _) => {
                self.board.state = state;
                self.misunderstood("an answer to no question");
            }
        }
    }

    fn greet(&mut self, worker: Worker, hello: Hello) {
        if hello.protocol != PROTOCOL || hello.prompts != PROMPTS {
            let words = format!(
                "openclaw-local is of another version than openclaw (protocol {}.{} instead of {PROTOCOL}.{PROMPTS}); \
                 build both from the same source",
                hello.protocol, hello.prompts
            );
            return self.fail_for(words, Outlook::Hopeless);
        }
        tracing::info!(
            model = hello.model,
            architecture = hello.architecture,
            dimensions = hello.dimensions,
            tokens = hello.tokens,
            prompts = hello.prompt,
            "the local model is ready"
        );
        let running = Running { worker, dimensions: hello.dimensions };
        self.board.state = State::Ready { running, since: Instant::now() };
    }

    fn answered(&mut self, running: Running, job: Job, count: usize, vectors: Vec<Vec<f32>>) {
        let expected = running.dimensions;
        let checked: Option<Vec<Vector>> = vectors
            .into_iter()
            .map(|numbers| {
                Some(numbers).filter(|numbers| numbers.len() == expected).and_then(Vector::normalized)
            })
            .collect();
        match checked.filter(|vectors| vectors.len() == count) {
            Some(vectors) => {
                if let Some(unfinished) = job.keep(vectors) {
                    self.board.queue.push_front(unfinished);
                }
                self.board.state = State::Ready { running, since: Instant::now() };
            }
            None => {
                drop(running);
                let words = format!("not {count} vectors of {expected} numbers");
                self.give_up_for(
                    Instant::now(),
                    format!("openclaw-local answered with {words}"),
                    Outlook::OneCall,
                );
                job.fail(Failure::Malformed(words));
            }
        }
    }

    /// The program says what it must not say: it goes, and the call that waits for it fails.
    fn misunderstood(&mut self, words: &str) {
        let job = match std::mem::take(&mut self.board.state) {
            State::Busy { job, .. } => Some(job),
            State::Asleep | State::Fetching(_) | State::Starting { .. } | State::Ready { .. } => None,
        };
        let outlook = job.as_ref().map_or(Outlook::Uncertain, |_| Outlook::OneCall);
        self.give_up_for(
            Instant::now(),
            format!("openclaw-local sent {words}; is it of the same version?"),
            outlook,
        );
        if let Some(job) = job {
            job.fail(Failure::Malformed(words.to_owned()));
        }
    }

    /// The program has gone.
    fn ended(&mut self) {
        let (worker, job) = match std::mem::take(&mut self.board.state) {
            State::Starting { worker, .. } => (worker, None),
            State::Ready { running, .. } => (running.worker, None),
            State::Busy { running, job, .. } => (running.worker, Some(job)),
            state @ (State::Asleep | State::Fetching(_)) => {
                self.board.state = state;
                return;
            }
        };
        let (words, outlook) = how_it_ended(worker.end());
        tracing::warn!("{words}");
        // This text may be what brought it down: it is not sent a second time.
        let outlook = match job {
            Some(job) => {
                job.fail(outlook.failure(words.clone()));
                outlook.at_a_call()
            }
            None => outlook,
        };
        self.board.failures.add(Instant::now(), words, outlook);
    }

    /// Whatever runs is ended; the next start has to wait if this happens often.
    fn give_up(&mut self, now: Instant, words: String) {
        self.give_up_for(now, words, Outlook::Uncertain);
    }

    fn give_up_for(&mut self, now: Instant, words: String, outlook: Outlook) {
        tracing::warn!("{words}");
        self.board.state = State::Asleep;
        self.board.failures.add(now, words, outlook);
    }

    /// Whatever runs is ended, and everybody who waits hears why.
    fn fail_for(&mut self, words: String, outlook: Outlook) {
        self.board.state = State::Asleep;
        self.fail_all(&outlook.failure(words.clone()));
        self.board.failures.add(Instant::now(), words, outlook);
    }

    fn fail_all(&mut self, failure: &Failure) {
        for job in self.board.queue.drain() {
            job.fail(failure.clone());
        }
    }
}
