//! The end of a turn: durable first, then told; and what a crash left between the two.

use std::sync::Arc;
use std::time::Duration;

use openclaw_protocol::message::{AssistantMessage, Message, Part, StopReason, Usage};
use openclaw_store::{
    Done, FinalLine, LedgerError, LineId, LinePlace, NewTranscript, PreparedRecord, SessionEntry,
    TranscriptSync, TurnCommit, restore_record,
};
use tokio::sync::oneshot;

use super::{Ended, Inbound, Lane, TurnJob, TurnReport, internal};
use crate::session::blocking;
use crate::turn::{AbortReason, Outcome, TurnError};

/// How long the end of a turn waits for room on a full disk. The answer is there; only its place is missing.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

impl Lane {
    /// Makes the end of a turn durable together with its last record, and tells how it ended.
    pub(super) async fn close(&mut self, job: TurnJob, ended: Ended) {
        let Ended { mut report, last } = ended;
        if let (Outcome::Aborted { reason: AbortReason::Shutdown, .. }, Some(inbound)) =
            (&report.outcome, &job.inbound)
        {
            // The next process begins with it again; what was said so far is not an answer.
            self.open = None;
            if let Err(error) = self.ask(|ledger, done| ledger.release(inbound.event, done)).await {
                tracing::warn!(%error, session = %self.key, "the message is resumed as after a crash");
            }
            return job.ending.tell(&report);
        }
        let last = last.or_else(|| self.closing_record(&report));
        let kept = self.keep(&job, &report, last).await;
        let settled = kept.unwrap_or_else(|error| {
            self.open = None;
            report.outcome = Outcome::Failed(error);
            None
        });
        job.ending.tell(&report);
        if let Some((sync, line)) = settled {
            self.settle(sync, line);
        }
    }

    /// A record for a turn that ended without one of its own, so that no message stands unanswered in the transcript.
    fn closing_record(&self, report: &TurnReport) -> Option<Message> {
        let is_unanswered = self.open.as_ref().is_some_and(|open| open.is_unanswered() && open.is_sound());
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
    ) -> Result<Option<(TranscriptSync, Option<LineId>)>, TurnError> {
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
        let (Some(open), Some((record, message))) = (&mut self.open, prepared) else { return Ok(None) };
        match open.write(record, message).await {
            Ok(sync) => Ok(Some((sync, line))),
            // It is in the ledger and is written when the session is opened again.
            Err(error) if line.is_some() => {
                tracing::warn!(%error, session = %self.key, "the answer is kept and will be written later");
                self.open = None;
                Ok(None)
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
            place: LinePlace { agent: self.runtime.id.clone(), session: open.id.clone() },
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

    /// Commits, and waits a while for room on a full disk.
    async fn commit(&self, commit: TurnCommit) -> Result<Option<LineId>, LedgerError> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let again = commit.clone();
            match self.ask(|ledger, done| ledger.commit_turn(again, done)).await {
                Err(error) if error.is_disk_full() && tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
                answer => return answer,
            }
        }
    }

    /// Syncs what was written last, and then lets the ledger forget its copy.
    fn settle(&self, sync: TranscriptSync, line: Option<LineId>) {
        let ledger = Arc::clone(&self.ledger);
        tokio::task::spawn_blocking(move || match (sync.sync(), line) {
            (Ok(()), Some(line)) => ledger.forget_lines(vec![line]),
            (Ok(()), None) => {}
            // The copy stays.
            (Err(error), _) => tracing::warn!(%error, "cannot sync a transcript"),
        });
    }

    /// Writes lines that were committed and did not reach their transcript.
    pub(super) async fn restore(&self, entry: &SessionEntry) -> Result<(), openclaw_store::StoreError> {
        let id = entry.session_id();
        let place = LinePlace { agent: self.runtime.id.clone(), session: id.clone() };
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
                restore_record(&runtime.sessions_dir, &id, &new, now_ms, &waiting.line.line)?;
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

/// A failure of the ledger in plain words.
fn ledger_words(error: &LedgerError) -> String {
    if error.is_disk_full() {
        format!("The disk is full, so the answer cannot be saved ({error}).")
    } else {
        format!("The answer cannot be saved: {error}. Check the state directory and send the message again.")
    }
}
