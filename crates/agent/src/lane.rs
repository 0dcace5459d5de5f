//! What one lane does: turns, commands, injected messages, starting over.

mod choices;
mod close;

pub use choices::SenderMay;

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_models::{ModelInfo, ModelRequest, ThinkingLevel};
use openclaw_protocol::message::{Content, Message, Part, Usage, UserMessage};
use openclaw_protocol::session_key::SessionKey;
use openclaw_store::{
    ArchiveReason, EventId, Ledger, RecordId, SessionEntry, SessionId, StoreError, archive, field,
};
use tokio::sync::oneshot;

use crate::budget;
use crate::cli_session;
use crate::commands::{self, Command};
use crate::driver::{AbortHandle, Limits, TurnObserver, drive, storage_words};
use crate::envelope::{local_time, wrap};
use crate::exchanges;
use crate::lifecycle::{self, Freshness, Occasion};
use crate::prompt::Audience;
use crate::runtime::AgentRuntime;
use crate::session::{OpenSession, blocking, own_message, restart_entry};
use crate::speaker::{Sight, Speaker};
use crate::spending::run_id;
use crate::status;
use crate::think::{self, AskedThinking};
use crate::turn::{Outcome, Turn, TurnError};
use crate::turn_limit::TurnLimit;

/// Nobody asks for one session by its id.
const ANY_SESSION: Option<&SessionId> = None;

/// Work for a lane.
pub enum Job {
    /// A message that wants an answer.
    Turn(Box<TurnJob>),
    /// An assistant message from outside.
    Inject {
        /// Its text.
        text: String,
        /// Gets the record's id.
        done: oneshot::Sender<Result<String, StoreError>>,
    },
    /// An assistant message from outside that may have come before: its record's id is known beforehand.
    Place {
        /// Its text.
        text: String,
        /// The record's id.
        record: RecordId,
        /// Hears when it is there, and whether it was before.
        done: oneshot::Sender<Result<Placed, StoreError>>,
    },
    /// Start over under a new session id.
    Reset {
        /// Gets the new entry.
        done: oneshot::Sender<Result<Arc<SessionEntry>, StoreError>>,
    },
    /// Remove the session from the index, and its transcript from sight if that is wanted.
    Delete {
        /// What happens to the transcript.
        transcript: TranscriptFate,
        /// Gets what was removed.
        done: oneshot::Sender<Result<Deleted, StoreError>>,
    },
}

/// How a message that may have come before got into its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// It is there now.
    New,
    /// It was there.
    Known,
}

/// What happens to the transcript of a deleted session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TranscriptFate {
    /// It is renamed and no longer belongs to a session.
    Archived,
    /// It stays where it is.
    Kept,
}

/// What a deletion removed.
#[derive(Debug, Default)]
pub struct Deleted {
    /// Whether there was such a session.
    pub existed: bool,
    /// Where its transcript is now.
    pub archived: Option<PathBuf>,
}

/// A message that wants an answer.
pub struct TurnJob {
    /// The run's id; also the message id the model sees.
    pub run_id: String,
    /// What the user wrote.
    pub text: String,
    /// Images sent with it.
    pub images: Vec<Part>,
    /// Further system instructions for this turn.
    pub extra_system: Option<String>,
    /// The session id to use when the session does not exist yet.
    pub session_id: Option<SessionId>,
    /// How hard the model shall think, where the sender says so beside the message.
    pub thinking: Option<AskedThinking>,
    /// The turn's own time limit; the configured one when absent.
    pub timeout: Option<Duration>,
    /// What `/config` does for whoever sent this.
    pub settings: Arc<dyn SettingsCommand>,
    /// What whoever sent this may do to the session.
    pub may: SenderMay,
    /// What the ledger knows of it; absent for work that nobody waits for.
    pub inbound: Option<Inbound>,
    /// Stops it.
    pub abort: AbortHandle,
    /// Watches it, and learns how it ended.
    pub ending: Ending,
}

/// A message that was made durable before its sender heard that it was accepted.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// The ledger's event.
    pub event: EventId,
    /// The id that the user's record gets in the transcript.
    pub record: RecordId,
    /// Whether an earlier process has begun with it.
    pub resume: Resume,
}

/// How a turn begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// Nobody has begun with it.
    Fresh,
    /// An earlier process began with it and is gone.
    GoOn,
    /// It was begun in vain too often, or too long ago: it ends as interrupted.
    GiveUp,
}

/// The configuration as one sender may see and change it. The gateway implements it; a lane only asks.
pub trait SettingsCommand: Send + Sync {
    /// Does what stands behind `/config` and answers in words.
    fn run<'a>(&'a self, words: &'a str) -> BoxFuture<'a, String>;
}

/// Learns how a turn ended, exactly once, whatever happens to the lane.
pub struct Ending {
    observer: Arc<dyn RunObserver>,
    told: bool,
}

/// Watches a run from acceptance to its end.
pub trait RunObserver: TurnObserver {
    /// The run is over. Called exactly once.
    fn ended(&self, report: &TurnReport);

    /// What the ledger keeps for whoever asks again how the run ended.
    fn outcome(&self, report: &TurnReport) -> Vec<u8>;

    /// The lane is gone before the run came to its end. Called instead of `ended`.
    fn dropped(&self);
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct TurnReport {
    /// The outcome.
    pub outcome: Outcome,
    /// The session id, when one was opened.
    pub session_id: Option<String>,
    /// Provider of the model, when one was found.
    pub provider: String,
    /// Its model id.
    pub model: String,
    /// Tokens of the last model call.
    pub usage: Usage,
    /// How long it took, waiting in the lane included.
    pub duration: Duration,
    /// What the user should know of how the answer came about.
    pub notice: Option<String>,
}

impl TurnReport {
    /// A report of a run that had nothing but an outcome.
    #[must_use]
    pub fn bare(outcome: Outcome) -> Self {
        Self {
            outcome,
            session_id: None,
            provider: String::new(),
            model: String::new(),
            usage: Usage::default(),
            duration: Duration::ZERO,
            notice: None,
        }
    }
}

impl Ending {
    /// From now on the observer is told how the run ends, even if this value is merely dropped.
    #[must_use]
    pub fn new(observer: Arc<dyn RunObserver>) -> Self {
        Self { observer, told: false }
    }

    /// Lets go without telling: the run was never started.
    pub fn discard(mut self) {
        self.told = true;
    }

    fn tell(&mut self, report: &TurnReport) {
        self.told = true;
        self.observer.ended(report);
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.told {
            self.observer.dropped();
        }
    }
}

/// One session's lane.
pub(crate) struct Lane {
    runtime: Arc<AgentRuntime>,
    key: SessionKey,
    turns: Arc<TurnLimit>,
    ledger: Arc<dyn Ledger>,
    open: Option<OpenSession>,
}

/// A turn that has come to its end and is not yet durable.
struct Ended {
    report: TurnReport,
    /// The last record, not yet written.
    last: Option<Message>,
}

impl From<TurnError> for Ended {
    fn from(error: TurnError) -> Self {
        Self { report: TurnReport::bare(Outcome::Failed(error)), last: None }
    }
}

/// What becomes of a message whose command, if it is one, was done.
enum Next<'a> {
    /// It is answered with this, without a model.
    Answer(String),
    /// A model is asked this.
    Ask(&'a str),
}

impl Lane {
    pub(crate) fn new(
        runtime: Arc<AgentRuntime>,
        key: SessionKey,
        turns: Arc<TurnLimit>,
        ledger: Arc<dyn Ledger>,
    ) -> Self {
        Self { runtime, key, turns, ledger, open: None }
    }

    pub(crate) fn key(&self) -> &SessionKey {
        &self.key
    }

    /// Works for the agent as it is configured at this moment.
    fn be(&mut self, runtime: &Arc<AgentRuntime>) {
        let now = runtime.now();
        if !Arc::ptr_eq(&self.runtime, &now) {
            // Prompt and tools come from the settings; the transcript on the disk has the rest.
            self.open = None;
            self.runtime = now;
        }
    }

    /// Does a job for the agent as it is configured when the job begins, not as it was when the job came.
    pub(crate) async fn run(&mut self, runtime: Arc<AgentRuntime>, job: Job) {
        self.be(&runtime);
        match job {
            Job::Turn(job) => self.run_turn(*job).await,
            Job::Inject { text, done } => {
                let result = self.inject(&text).await;
                // Whoever asked may have gone; the message is written all the same.
                done.send(result).ok();
            }
            Job::Place { text, record, done } => {
                let result = self.place(&text, record).await;
                done.send(result).ok();
            }
            Job::Reset { done } => {
                let result = self.reset().await;
                done.send(result).ok();
            }
            Job::Delete { transcript, done } => {
                let result = self.delete(transcript).await;
                done.send(result).ok();
            }
        }
    }

    async fn run_turn(&mut self, job: TurnJob) {
        let started = Instant::now();
        let TurnJob { ending, .. } = &job;
        let observer = Arc::clone(&ending.observer);
        let turns = Arc::clone(&self.turns);
        let permit = tokio::select! {
            biased;
            reason = job.abort.aborted() => Err(reason),
            permit = turns.acquire() => Ok(permit),
        };
        let (mut ended, permit) = match permit {
            Err(reason) => {
                let outcome = Outcome::Aborted { reason, text: String::new() };
                (Ended { report: TurnReport::bare(outcome), last: None }, None)
            }
            Ok(permit) => {
                self.be(&Arc::clone(&self.runtime));
                let turn = AssertUnwindSafe(self.turn(&job, &*observer)).catch_unwind().await;
                let ended = turn.unwrap_or_else(|_panic| {
                    // The log has it. What was open may be half changed.
                    self.open = None;
                    Err(TurnError::Interrupted)
                });
                (ended.unwrap_or_else(Ended::from), Some(permit))
            }
        };
        let report = &mut ended.report;
        report.duration = started.elapsed();
        report.session_id = report.session_id.take().or(self.open.as_ref().map(|open| open.id.to_string()));
        self.close(job, ended, permit).await;
    }

    async fn turn(&mut self, job: &TurnJob, observer: &dyn RunObserver) -> Result<Ended, TurnError> {
        self.begin(job).await?;
        let resume = job.inbound.as_ref().map_or(Resume::Fresh, |inbound| inbound.resume);
        match resume {
            Resume::GiveUp => return self.give_up(job, TurnError::Interrupted).await,
            // It belongs where it was begun.
            Resume::GoOn => {}
            Resume::Fresh => {
                self.renew_if_stale(job.session_id.as_ref()).await.map_err(|error| internal(&error))?;
            }
        }
        let text = match self.obey(job, resume).await? {
            Next::Answer(words) => return self.answer(&words).await,
            Next::Ask(text) => text,
        };
        let (once, text) = think::strip(text);
        let entry = self.entry(job.session_id.as_ref()).await.map_err(|error| internal(&error))?;
        let level = self.level(job, once, &entry);
        let sight = if job.images.is_empty() { Sight::Words } else { Sight::Images };
        let speaker = self.choose_speaker(&entry, sight, job).await;
        let found = self.find_workspace().await.map_err(|error| internal(&error))?;
        self.ensure_open(&entry).await.map_err(|error| internal(&error))?;
        let Some(open) = &mut self.open else { return Err(TurnError::Interrupted) };
        if let Ok(speaker) = &speaker {
            let info = speaker.info();
            open.record_model(&info.provider, &info.id).await.map_err(|error| internal(&error))?;
        }
        say(open, text, job).await.map_err(|error| internal(&error))?;
        // The message is kept even when no model can answer it, or there is nowhere to look and to note.
        found?;
        let mut speaker = match speaker {
            Ok(speaker) => speaker,
            Err(outcome) => return Ok(Ended { report: TurnReport::bare(outcome), last: None }),
        };
        let (ended, info) = drive_turn(open, &mut speaker, (job, level), observer).await;
        if !open.is_sound() {
            self.open = None;
        }
        self.record(&info, &ended.report);
        self.record_speaker(&speaker, &ended.report);
        Ok(ended)
    }

    /// Does what a message commands.
    async fn obey<'a>(&mut self, job: &'a TurnJob, resume: Resume) -> Result<Next<'a>, TurnError> {
        let text = job.text.trim();
        let parsed = commands::parse_with(text, &self.runtime.settings.session.triggers);
        let Some((command, rest)) = parsed else { return Ok(Next::Ask(text)) };
        let answer = match command {
            Command::New => {
                // Once is enough: what was begun may be in the new conversation already.
                if resume == Resume::Fresh || !self.is_said(job).await {
                    self.reset().await.map_err(|error| internal(&error))?;
                }
                if !rest.is_empty() {
                    return Ok(Next::Ask(rest));
                }
                "A new conversation. The old one stays on disk.".to_owned()
            }
            Command::Status => status::card(&self.runtime, &self.key),
            Command::Config if resume != Resume::Fresh => refused("/config", resume),
            Command::Config => match self.audience() {
                // A group reads every answer.
                Audience::Group => "/config is not answered in groups.".to_owned(),
                Audience::MainPrivate | Audience::Private => job.settings.run(rest).await,
            },
            // An image is a message.
            Command::Think if !job.images.is_empty() => return Ok(Next::Ask(text)),
            Command::Think if job.may.refuses_think(&think::read(rest)) => refused("/think", resume),
            Command::Think => {
                let words = self.think(&think::read(rest)).await.map_err(|error| internal(&error))?;
                let Some(words) = words else { return Ok(Next::Ask(text)) };
                words
            }
            Command::Model if job.may.refuses_model(rest) => refused("/model", resume),
            Command::Model => self.model(rest).await.map_err(|error| internal(&error))?,
            Command::Help => commands::help(&self.runtime.settings.session.triggers),
            // A stop that found nothing to stop when it arrived.
            Command::Stop => "Nothing is running.".to_owned(),
        };
        Ok(Next::Answer(answer))
    }

    /// How hard the model shall think for a message. What is asked for from now on is kept.
    fn level(&self, job: &TurnJob, once: Option<ThinkingLevel>, entry: &SessionEntry) -> ThinkingLevel {
        let beside = job.thinking.map(|asked| match asked {
            AskedThinking::FromNowOn(level) if job.may == SenderMay::Choose => {
                let keep = |entry: &mut SessionEntry| entry.set_text(field::THINKING_LEVEL, level.as_str());
                self.runtime.sessions.update(self.key.as_str(), keep);
                level
            }
            AskedThinking::Once(level) | AskedThinking::FromNowOn(level) => level,
        });
        let chosen = once.or(beside).or_else(|| self.runtime.chosen_thinking(Some(entry)));
        // Models that do not think are asked for nothing.
        chosen.unwrap_or(ThinkingLevel::Low)
    }

    /// Finds who answers. A credential that is being renewed keeps nobody longer than the answer may take.
    async fn choose_speaker(
        &self,
        entry: &SessionEntry,
        sight: Sight,
        job: &TurnJob,
    ) -> Result<Speaker, Outcome> {
        let limit = job.timeout.unwrap_or(self.runtime.settings.timeout);
        let run = job.inbound.as_ref().map(run_id);
        tokio::select! {
            biased;
            reason = job.abort.aborted() => Err(Outcome::Aborted { reason, text: String::new() }),
            () = tokio::time::sleep(limit) => Err(Outcome::Failed(TurnError::Deadline { limit })),
            chosen = Speaker::choose(&self.runtime, (&self.key, entry), sight, run) => {
                chosen.map_err(Outcome::Failed)
            }
        }
    }

    /// Ends a message that cannot be answered. It is in the transcript, and words about what happened follow.
    async fn give_up(&mut self, job: &TurnJob, why: TurnError) -> Result<Ended, TurnError> {
        let entry = self.entry(job.session_id.as_ref()).await.map_err(|error| internal(&error))?;
        self.ensure_open(&entry).await.map_err(|error| internal(&error))?;
        let Some(open) = &mut self.open else { return Err(TurnError::Interrupted) };
        say(open, job.text.trim(), job).await.map_err(|error| internal(&error))?;
        let mut ended = Ended::from(why);
        ended.last = self.closing_record(&ended.report);
        Ok(ended)
    }

    fn audience(&self) -> Audience {
        self.runtime.audience_now(&self.key)
    }

    /// Answers without a model, through the transcript.
    async fn answer(&mut self, text: &str) -> Result<Ended, TurnError> {
        let entry = self.entry(None).await.map_err(|error| internal(&error))?;
        self.ensure_open(&entry).await.map_err(|error| internal(&error))?;
        let now_ms = self.runtime.clock.now_ms();
        self.runtime.sessions.update(self.key.as_str(), |entry| entry.set(field::UPDATED_AT, &now_ms));
        let mut report = TurnReport::bare(Outcome::Replied { text: text.to_owned() });
        "openclaw".clone_into(&mut report.provider);
        "gateway-injected".clone_into(&mut report.model);
        Ok(Ended { report, last: Some(own_message(text, now_ms)) })
    }

    async fn inject(&mut self, text: &str) -> Result<String, StoreError> {
        // What is said now is the beginning of the next conversation, not the end of one that is over.
        self.renew_if_stale(ANY_SESSION).await?;
        let entry = self.entry(None).await?;
        self.ensure_open(&entry).await?;
        let Some(open) = &mut self.open else {
            return Err(StoreError::Interrupted { what: self.key.to_string() });
        };
        let id = open.append_own(text).await?;
        let now_ms = self.runtime.clock.now_ms();
        self.runtime.sessions.update(self.key.as_str(), |entry| entry.set(field::UPDATED_AT, &now_ms));
        Ok(id)
    }

    async fn place(&mut self, text: &str, record: RecordId) -> Result<Placed, StoreError> {
        // One that came before is not said again in the next conversation.
        if !self.opened().await?.holds(&record).await? {
            self.renew_if_stale(ANY_SESSION).await?;
        }
        let placed = self.opened().await?.place_own(text, record).await?;
        let now_ms = self.runtime.clock.now_ms();
        self.runtime.sessions.update(self.key.as_str(), |entry| entry.set(field::UPDATED_AT, &now_ms));
        Ok(placed)
    }

    /// The session, open.
    async fn opened(&mut self) -> Result<&mut OpenSession, StoreError> {
        let entry = self.entry(None).await?;
        self.ensure_open(&entry).await?;
        self.open.as_mut().ok_or_else(|| StoreError::Interrupted { what: self.key.to_string() })
    }

    /// The session's entry, made when there is none.
    async fn entry(&self, wanted: Option<&SessionId>) -> Result<Arc<SessionEntry>, StoreError> {
        if let Some(entry) = self.runtime.sessions.get(self.key.as_str()) {
            return Ok(entry);
        }
        // A transcript belongs to one session: an id that another key holds is not taken over.
        let free = |id: &&SessionId| self.runtime.sessions.find_by_session_id(id).is_none();
        let id = wanted.filter(free).cloned().unwrap_or_else(SessionId::random);
        let (runtime, key) = (Arc::clone(&self.runtime), self.key.clone());
        blocking(move || {
            let make = || runtime.new_entry(&key, &id);
            runtime.sessions.get_or_create(key.as_str(), make).map(|(entry, _)| entry)
        })
        .await?
    }

    /// Looks where the workspace is: somebody may have moved it, or put another folder in its place, and then that is
    /// the one to work in.
    async fn find_workspace(&self) -> Result<Result<(), TurnError>, StoreError> {
        let workspace = Arc::clone(&self.runtime.workspace);
        let before = workspace.number();
        let (workspace, found) = blocking(move || {
            let found = workspace.follow();
            (workspace, found)
        })
        .await?;
        if workspace.number() != before {
            tracing::warn!(agent = %self.runtime.id, "the workspace is another folder than before, and is worked in");
        }
        Ok(found.map_err(|error| {
            tracing::error!(agent = %self.runtime.id, %error, "the workspace is not there");
            let place = match self.audience() {
                // Where the owner keeps things is nobody else's business.
                Audience::Group => String::new(),
                Audience::MainPrivate | Audience::Private => format!(" {}", workspace.path().display()),
            };
            TurnError::Internal {
                words: format!(
                    "The workspace{place} is not there: it was moved or deleted, or its disk is not mounted. Nothing was noted. \
                     Put it back, or let `openclaw quickstart` make a new one."
                ),
            }
        }))
    }

    async fn ensure_open(&mut self, entry: &SessionEntry) -> Result<(), StoreError> {
        let folder = self.runtime.workspace.number();
        let is_current = |open: &OpenSession| {
            open.id == entry.session_id() && open.is_sound() && open.workspace.number() == folder
        };
        let current = self.open.as_ref().is_some_and(is_current);
        if !current {
            self.open = None;
            self.restore(entry).await?;
            self.open = Some(OpenSession::open(&self.runtime, &self.key, entry).await?);
        }
        Ok(())
    }

    /// Starts the session over when its time has passed, unless this very session is asked for.
    async fn renew_if_stale(&mut self, wanted: Option<&SessionId>) -> Result<(), StoreError> {
        let Some(entry) = self.runtime.sessions.get(self.key.as_str()) else { return Ok(()) };
        let rules = &self.runtime.settings.session;
        let policy = self.runtime.reset_policy(&self.key, &entry, Occasion::Message);
        let now_ms = self.runtime.clock.now_ms();
        let freshness = lifecycle::judge(entry.updated_at(), policy, now_ms, &rules.zone);
        if freshness == Freshness::Fresh || wanted.is_some_and(|id| *id == entry.session_id()) {
            return Ok(());
        }
        tracing::info!(session = %self.key, ?freshness, "session starts over");
        self.reset().await.map(|_| ())
    }

    async fn reset(&mut self) -> Result<Arc<SessionEntry>, StoreError> {
        let before = self.entry(None).await?;
        self.open = None;
        let id = SessionId::random();
        let (runtime, key) = (Arc::clone(&self.runtime), self.key.clone());
        let fallback = Arc::clone(&before);
        let entry = blocking(move || {
            let file = runtime.sessions_dir.join(id.transcript_file_name());
            let now_ms = runtime.clock.now_ms();
            let left = lifecycle::left_behind(&runtime.sessions_dir, &before);
            let change = |entry: &mut SessionEntry| {
                lifecycle::leave(entry, left.as_ref());
                restart_entry(entry, &id, &file.to_string_lossy(), now_ms);
            };
            cli_session::remove_folder(&runtime.sessions_dir, &before.session_id());
            runtime.sessions.patch(key.as_str(), change)
        })
        .await??;
        Ok(entry.unwrap_or(fallback))
    }

    /// Index and file go together, and here, so that the next message of this session begins a new one.
    async fn delete(&mut self, fate: TranscriptFate) -> Result<Deleted, StoreError> {
        self.open = None;
        let (runtime, key) = (Arc::clone(&self.runtime), self.key.clone());
        blocking(move || {
            let Some(entry) = runtime.sessions.remove(key.as_str())? else { return Ok(Deleted::default()) };
            cli_session::remove_folder(&runtime.sessions_dir, &entry.session_id());
            let path = runtime.sessions_dir.join(entry.transcript_file_name());
            let wanted = fate == TranscriptFate::Archived && path.exists();
            let archived =
                wanted.then(|| archive(&path, ArchiveReason::Deleted, runtime.clock.now_ms())).transpose()?;
            if fate == TranscriptFate::Archived {
                forget_recording(&runtime, &entry.session_id());
            }
            Ok(Deleted { existed: true, archived })
        })
        .await?
    }

    /// Notes which profile the session keeps to, and what its user was told of its models.
    fn record_speaker(&self, speaker: &Speaker, report: &TurnReport) {
        let (profile, told) = (speaker.profile(), speaker.told());
        let answered = matches!(report.outcome, Outcome::Replied { .. } | Outcome::Silent);
        if answered {
            speaker.answered();
        }
        self.runtime.sessions.update(self.key.as_str(), |entry| {
            if let Some(profile) = profile.filter(|_| answered) {
                entry.set_text(field::AUTH_PROFILE_OVERRIDE, profile);
                entry.set_text(field::AUTH_PROFILE_SOURCE, "auto");
            }
            match told {
                Some(told) => entry.set_text(field::MODEL_NOTICE, told),
                None => entry.clear(field::MODEL_NOTICE),
            }
        });
    }

    /// Updates the counters; the index is written a moment later.
    fn record(&self, model: &ModelInfo, report: &TurnReport) {
        let now_ms = self.runtime.clock.now_ms();
        let usage = report.usage;
        self.runtime.sessions.update(self.key.as_str(), |entry| {
            entry.set(field::UPDATED_AT, &now_ms);
            entry.set(field::SYSTEM_SENT, &true);
            entry.set(field::ABORTED_LAST_RUN, &matches!(report.outcome, Outcome::Aborted { .. }));
            entry.set_text(field::MODEL_PROVIDER, &model.provider);
            entry.set_text(field::MODEL, &model.id);
            entry.set(field::CONTEXT_TOKENS, &u64::from(model.context_window));
            if usage != Usage::default() {
                entry.set(field::INPUT_TOKENS, &usage.input);
                entry.set(field::OUTPUT_TOKENS, &usage.output);
                entry.set(field::TOTAL_TOKENS, &usage.total_tokens);
            }
        });
    }
}

/// A recording is another copy of what was said, and goes with the session. Calls that still wait to be written do too.
fn forget_recording(runtime: &AgentRuntime, session: &SessionId) {
    let folder = exchanges::folder_beside(&runtime.sessions_dir);
    if let Err(error) = exchanges::remove_session(&folder, session) {
        tracing::warn!(%error, "the recording of a deleted session is still there; remove it yourself");
    }
    if let Some(log) = &runtime.settings.recording {
        log.remove(session.clone());
    }
}

async fn drive_turn(
    open: &mut OpenSession,
    speaker: &mut Speaker,
    (job, level): (&TurnJob, ThinkingLevel),
    observer: &dyn RunObserver,
) -> (Ended, ModelInfo) {
    let info = speaker.info().clone();
    let settings = &open.runtime.settings;
    let timeout = job.timeout.unwrap_or(settings.timeout);
    let system = match job.extra_system.as_deref().map(str::trim).filter(|extra| !extra.is_empty()) {
        Some(extra) => format!("{}\n## Instructions for this turn\n{extra}\n", open.system).into(),
        None => Arc::clone(&open.system),
    };
    let (context_tokens, wait) = (settings.context_tokens, settings.failover_wait);
    let room = budget::room(&info, context_tokens, &system);
    let request = ModelRequest {
        system,
        messages: budget::newest_that_fit(&open.messages, room).to_vec(),
        tools: Arc::clone(&open.tools),
        max_tokens: info.max_tokens,
        max_bytes: None,
        temperature: None,
        thinking: Some(level),
        session: Some(open.cli_session(job.extra_system.as_deref())),
        now_ms: open.runtime.clock.now_ms(),
    };
    let mut turn = Turn::new(request, info, timeout).within(context_tokens);
    let limits = Limits { abort: &job.abort, timeout, wait };
    let finish = drive(&mut turn, speaker, open, observer, limits).await;
    let info = turn.model().clone();
    let report = TurnReport {
        session_id: Some(open.id.to_string()),
        provider: info.provider.to_string(),
        model: info.id.clone(),
        usage: turn.usage(),
        notice: finish.notice,
        ..TurnReport::bare(finish.outcome)
    };
    (Ended { report, last: finish.last }, info)
}

/// Writes what the user said, unless an earlier process has.
async fn say(open: &mut OpenSession, text: &str, job: &TurnJob) -> Result<(), StoreError> {
    let user = user_message(text, job, open.runtime.clock.now_ms(), &open.runtime);
    open.append_user(user, job.inbound.as_ref()).await
}

fn user_message(text: &str, job: &TurnJob, now_ms: i64, runtime: &AgentRuntime) -> Message {
    let time = local_time(now_ms, &runtime.settings.zone);
    let mut parts = vec![Part::text(wrap(text, &time, &job.run_id))];
    parts.extend(job.images.iter().cloned());
    Message::User(UserMessage { content: Content::Parts(parts), timestamp: now_ms })
}

/// It may have been done before a restart, and what its sender may do is not known any more.
fn refused(command: &str, resume: Resume) -> String {
    match resume {
        Resume::Fresh => format!("To change this with {command} is for administrators of this gateway."),
        Resume::GoOn | Resume::GiveUp => {
            format!("The gateway stopped before {command} was answered. Ask again.")
        }
    }
}

fn internal(error: &StoreError) -> TurnError {
    TurnError::Internal { words: storage_words(error) }
}
