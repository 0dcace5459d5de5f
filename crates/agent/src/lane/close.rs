//! The end of a turn: durable first, then told; and what a crash left between the two.

use std::sync::Arc;
use std::time::Duration;

use openclaw_protocol::message::{AssistantMessage, Message, Part, StopReason, Usage};
use openclaw_store::{
    Done, FinalLine, LedgerError, LineId, LinePlace, NewTranscript, PreparedRecord, SessionEntry,
    TranscriptSync, TurnCommit, restore_named,
};
use tokio::sync::oneshot;

use super::{Ended, Inbound, Lane, Resume, TurnJob, TurnReport, internal};
use crate::session::{OpenSession, blocking};
use crate::spending::run_id;
use crate::turn::{AbortReason, Outcome, TurnError};
use crate::turn_limit::TurnPermit;

/// How long the end of a turn waits for room on a full disk. The answer is there; only its place is missing.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What is left to do for an end that is committed.
enum Settling {
    /// Nothing.
    Done,
    /// The record is written. It is to be synced, and the ledger's copy of it to be forgotten then.
    Sync(TranscriptSync, Option<LineId>),
    /// Only the ledger has the record.
    Write,
}

impl Lane {
    /// Makes the end of a turn durable together with its last record, and tells how it ended. What a broken disk leaves to
    /// be done then holds up this session only, and no turn of another.
    pub(super) async fn close(&mut self, mut job: TurnJob, ended: Ended, permit: Option<TurnPermit>) {
        let Ended { mut report, last } = ended;
        if let (Outcome::Aborted { reason: AbortReason::Shutdown, .. }, Some(inbound)) =
            (&report.outcome, &job.inbound)
        {
            // The next process begins with it again; what was said so far is not an answer.
            self.open = None;
            if let Err(error) = self.ask(|ledger, done| ledger.release(inbound.event, done)).await {
                tracing::warn!(%error, session = %self.key, "the message is resumed as after a crash");
            }
            report.outcome = Outcome::Failed(TurnError::Postponed);
            return job.ending.tell(&report);
        }
        let kept = match (&report.outcome, last) {
            // What the file holds of it is not what is held of the file: it is opened again, which closes open calls.
            (Outcome::Failed(TurnError::Internal { .. }), _)
            | (Outcome::Failed(TurnError::Interrupted), None) => self.last_words(&mut job, &report).await,
            (_, last) => match self.open_again(last.is_some() || may_be_said(&job, &report)).await {
                Ok(()) => {
                    let last = last.or_else(|| self.closing_record(&report));
                    self.keep(&job, &report, last).await
                }
                Err(error) => Err(error),
            },
        };
        match kept {
            Ok(settled) => {
                if let Some(inbound) = &job.inbound {
                    self.runtime.spending.end_run(&run_id(inbound));
                }
                job.ending.tell(&report);
                drop(permit);
                self.settle(settled).await;
            }
            Err(error) => {
                if !matches!(report.outcome, Outcome::Failed(_)) {
                    report.outcome = Outcome::Failed(error);
                }
                job.ending.tell(&report);
                drop(permit);
                self.end_later(job, &report).await;
            }
        }
    }

    /// Notes that the turn begins, for the case that this process does not outlive it.
    pub(super) async fn begin(&self, job: &TurnJob) -> Result<(), TurnError> {
        let Some(inbound) = &job.inbound else { return Ok(()) };
        let begun = self.ask(|ledger, done| ledger.begin(inbound.event, done)).await;
        begun.map_err(|error| TurnError::Internal { words: ledger_words(&error) })
    }

    /// Opens the session again for a record that is to be written, if a sync failed meanwhile.
    async fn open_again(&mut self, is_wanted: bool) -> Result<(), TurnError> {
        if !is_wanted || self.open.as_ref().is_some_and(OpenSession::is_sound) {
            return Ok(());
        }
        let entry = self.entry(None).await.map_err(|error| internal(&error))?;
        self.ensure_open(&entry).await.map_err(|error| internal(&error))
    }

    /// Whether the user's record is in the present conversation.
    pub(super) async fn is_said(&mut self, job: &TurnJob) -> bool {
        let (Some(inbound), Some(entry)) = (&job.inbound, self.runtime.sessions.get(self.key.as_str()))
        else {
            return false;
        };
        // What cannot be opened is told by whoever opens it next.
        if self.ensure_open(&entry).await.is_err() {
            return false;
        }
        match &mut self.open {
            Some(open) => open.holds(&inbound.record).await.unwrap_or(false),
            None => false,
        }
    }

    /// Writes the message, unless it is there, and words about what became of it, and ends it with that.
    async fn last_words(&mut self, job: &mut TurnJob, report: &TurnReport) -> Result<Settling, TurnError> {
        let Outcome::Failed(why) = &report.outcome else { return Err(TurnError::Interrupted) };
        let why = why.clone();
        self.open = None;
        if let Some(inbound) = &mut job.inbound {
            inbound.resume = Resume::GiveUp;
        }
        let ended = self.give_up(job, why).await?;
        self.keep(job, report, ended.last).await
    }

    /// Ends a message whose end cannot be written, when it can. Its sender has been told, and nothing else happens in its
    /// session before: the conversation would go on without knowing what came of it.
    async fn end_later(&mut self, mut job: TurnJob, report: &TurnReport) {
        self.open = None;
        if job.inbound.is_none() {
            return;
        }
        tracing::error!(session = %self.key, "the end of a message cannot be written; it is tried until it can");
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            match self.last_words(&mut job, report).await {
                Ok(settled) => return self.settle(settled).await,
                Err(error) => tracing::debug!(%error, session = %self.key, "still not"),
            }
        }
    }

    /// A record for a turn that ended without one of its own, so that no message stands unanswered in the transcript. Also
    /// when the file has failed by now: then it is [`Lane::keep`] that fails, and nothing ends without its record.
    pub(super) fn closing_record(&self, report: &TurnReport) -> Option<Message> {
        let is_unanswered = self.open.as_ref().is_some_and(OpenSession::is_unanswered);
        let (stop_reason, words) = match &report.outcome {
            Outcome::Replied { .. } | Outcome::Silent => return None,
            Outcome::Aborted { .. } => (StopReason::Aborted, None),
            Outcome::Failed(error) => (StopReason::Error, Some(error)),
        };
        // Providers' errors are shown from `errorMessage`. That nobody answered is for everybody to read.
        let content = match words {
            Some(error @ (TurnError::Interrupted | TurnError::Postponed)) => {
                vec![Part::text(error.to_string())]
            }
            Some(
                TurnError::Model { .. }
                | TurnError::Budget { .. }
                | TurnError::EmptyAnswer { .. }
                | TurnError::Deadline { .. }
                | TurnError::ToolLoop { .. }
                | TurnError::TooManyRounds
                | TurnError::Internal { .. },
            )
            | None => Vec::new(),
        };
        is_unanswered.then(|| {
            Message::Assistant(AssistantMessage {
                content,
                api: "openai-responses".to_owned(),
                provider: report.provider.clone(),
                model: report.model.clone(),
                usage: Usage::default(),
                stop_reason,
                error_message: words.map(ToString::to_string),
                timestamp: self.runtime.clock.now_ms(),
            })
        })
    }

    /// Commits the end. What it returns has to be synced, and the line be forgotten, when everybody has been told.
    async fn keep(
        &mut self,
        job: &TurnJob,
        report: &TurnReport,
        last: Option<Message>,
    ) -> Result<Settling, TurnError> {
        let prepared = match (&mut self.open, last) {
            (Some(open), Some(message)) => {
                open.synced().await.map_err(|error| internal(&error))?;
                let message = Arc::new(message);
                let record = open.prepare(&message).map_err(|error| internal(&error))?;
                Some((record, message))
            }
            (_, _) => None,
        };
        let line = match &job.inbound {
            Some(inbound) => {
                let commit =
                    self.commit_of(inbound, job, report, prepared.as_ref().map(|(record, _)| record));
                self.commit(commit)
                    .await
                    .map_err(|error| TurnError::Internal { words: ledger_words(&error) })?
            }
            None => None,
        };
        let (Some(open), Some((record, message))) = (&mut self.open, prepared) else {
            return Ok(Settling::Done);
        };
        match open.write(record, message).await {
            Ok(sync) => Ok(Settling::Sync(sync, line)),
            // The ledger has it.
            Err(error) if line.is_some() => {
                tracing::warn!(%error, session = %self.key, "the answer is kept and will be written later");
                self.open = None;
                Ok(Settling::Write)
            }
            Err(error) => Err(internal(&error)),
        }
    }

    fn commit_of(
        &self,
        inbound: &Inbound,
        job: &TurnJob,
        report: &TurnReport,
        record: Option<&PreparedRecord>,
    ) -> TurnCommit {
        let line = self.open.as_ref().zip(record).map(|(open, record)| FinalLine {
            place: LinePlace { agent: self.runtime.id.clone(), file: open.file_name() },
            session_key: self.key.to_string(),
            record: record.id.clone(),
            line: record.line.clone(),
        });
        TurnCommit {
            event: inbound.event,
            outcome: job.ending.observer.outcome(report),
            ended_at_ms: self.runtime.clock.now_ms(),
            line,
            replies: Vec::new(),
        }
    }

    /// Commits, and waits a while for a disk that refuses.
    async fn commit(&self, commit: TurnCommit) -> Result<Option<LineId>, LedgerError> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let again = commit.clone();
            match self.ask(|ledger, done| ledger.commit_turn(again, done)).await {
                Err(error) if may_pass(&error) && tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
                answer => return answer,
            }
        }
    }

    /// Sees to it that what was committed is in the transcript for good, and that the ledger forgets its copy then.
    async fn settle(&self, settling: Settling) {
        let (sync, line) = match settling {
            Settling::Done => return,
            Settling::Sync(sync, line) => (sync, line),
            Settling::Write => return self.write_later().await,
        };
        let ledger = Arc::clone(&self.ledger);
        tokio::task::spawn_blocking(move || match (sync.sync(), line) {
            (Ok(()), Some(line)) => ledger.forget_lines(vec![line]),
            (Ok(()), None) => {}
            // The copy stays.
            (Err(error), _) => tracing::warn!(%error, "cannot sync a transcript"),
        });
    }

    /// Writes the last record when it can be written. Nothing else happens in the session before: the next message may
    /// begin another conversation, and then nobody would open this one until the next start.
    async fn write_later(&self) {
        while let Some(entry) = self.runtime.sessions.get(self.key.as_str()) {
            match self.restore(&entry).await {
                Ok(()) => return,
                Err(error) => tracing::debug!(%error, session = %self.key, "still not"),
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Writes lines that were committed and did not reach their transcript.
    pub(super) async fn restore(&self, entry: &SessionEntry) -> Result<(), openclaw_store::StoreError> {
        let (id, file) = (entry.session_id(), entry.transcript_file_name());
        let path = self.runtime.sessions_dir.join(&file);
        let place = LinePlace { agent: self.runtime.id.clone(), file };
        let waiting = match self.ask(|ledger, done| ledger.waiting_lines(Some(place), done)).await {
            Ok(waiting) if waiting.is_empty() => return Ok(()),
            Ok(waiting) => waiting,
            Err(error) => {
                let words = error.to_string();
                return Err(openclaw_store::StoreError::Interrupted { what: words });
            }
        };
        let (runtime, key, ledger) = (Arc::clone(&self.runtime), self.key.clone(), Arc::clone(&self.ledger));
        blocking(move || {
            let new = NewTranscript { cwd: runtime.workspace.path(), key: key.as_str(), parent: None };
            let mut written = Vec::new();
            for waiting in waiting {
                let now_ms = runtime.clock.now_ms();
                restore_named(&path, &id, &new, now_ms, &waiting.line.line)?;
                written.push(waiting.id);
            }
            ledger.forget_lines(written);
            Ok(())
        })
        .await?
    }

    /// Asks the ledger and waits for its answer.
    async fn ask<T: Send + 'static>(
        &self,
        start: impl FnOnce(&dyn openclaw_store::Ledger, Done<T>),
    ) -> Result<T, LedgerError> {
        let (sender, answer) = oneshot::channel();
        // Whoever waits may have gone.
        start(&*self.ledger, Box::new(move |result| drop(sender.send(result))));
        answer.await.unwrap_or(Err(LedgerError::Closed))
    }
}

/// Whether the message may be in the transcript already: this process wrote it there, or one before it did.
fn may_be_said(job: &TurnJob, report: &TurnReport) -> bool {
    let is_resumed = job.inbound.as_ref().is_some_and(|inbound| inbound.resume != Resume::Fresh);
    report.session_id.is_some() || is_resumed
}

/// Whether the same may succeed a moment later.
fn may_pass(error: &LedgerError) -> bool {
    match error {
        LedgerError::LowSpace { .. }
        | LedgerError::Full { .. }
        | LedgerError::Engine { .. }
        | LedgerError::Busy
        | LedgerError::File(_) => true,
        LedgerError::Damaged { .. } | LedgerError::Newer { .. } | LedgerError::Closed => false,
    }
}

/// A failure of the ledger in plain words.
fn ledger_words(error: &LedgerError) -> String {
    if error.is_disk_full() {
        format!("The disk is full, so the answer cannot be saved ({error}).")
    } else {
        format!("The answer cannot be saved: {error}. Check the state directory and send the message again.")
    }
}
