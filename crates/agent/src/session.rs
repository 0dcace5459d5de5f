//! One open session: its transcript, its messages, its byte-stable prompt. Owned by its lane.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use openclaw_guard::{Clock, Root};
use openclaw_memory::SyncReason;
use openclaw_models::ToolDefinition;
use openclaw_models::catalog::Reference;
use openclaw_models::cli::CliSession;
use openclaw_protocol::message::{AssistantMessage, KnownPart, Message, Part, StopReason, Usage};
use openclaw_protocol::session_key::SessionKey;
use openclaw_store::{
    Display, HistoryItem, HistoryOrigin, NewTranscript, PreparedRecord, RecordId, RepairReport, SessionEntry,
    SessionId, StoreError, Transcript, TranscriptSync, field,
};
use openclaw_tools::{Definition, ToolCall, ToolContext, ToolOutcome};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::cli_session::KeptSession;
use crate::driver::World;
use crate::envelope::{date_of, local_time};
use crate::lane::{Inbound, Placed, Resume};
use crate::lifecycle;
use crate::prompt::{Audience, PromptInputs, daily_notes, read_files, system_prompt};
use crate::runtime::AgentRuntime;
use crate::status::StatusCard;

/// Whoever has this tool may ask memory.
const MEMORY_TOOL: &str = "memory_search";

/// An open session.
pub(crate) struct OpenSession {
    pub(crate) runtime: Arc<AgentRuntime>,
    pub(crate) key: SessionKey,
    pub(crate) id: SessionId,
    audience: Audience,
    /// Absent only while a blocking task has it, and after such a task panicked.
    transcript: Option<Transcript>,
    /// What the model sees, oldest first.
    pub(crate) messages: Vec<Arc<Message>>,
    pub(crate) system: Arc<str>,
    pub(crate) tools: Arc<[ToolDefinition]>,
    /// The workspace as it was when the prompt was made of its files. Tools work there and nowhere else, also when another
    /// conversation finds that it was moved: its next turn opens it anew.
    pub(crate) workspace: Arc<Root>,
    /// A sync that began while the model was asked.
    syncing: Option<JoinHandle<Result<(), StoreError>>>,
    /// Whether a user's message is the last thing said.
    unanswered: bool,
}

/// What opening needs, moved to a blocking thread.
struct Opening {
    runtime: Arc<AgentRuntime>,
    key: SessionKey,
    id: SessionId,
    /// Its transcript.
    file: PathBuf,
    audience: Audience,
    /// The session that this one was started over from.
    previous: Option<SessionId>,
}

impl OpenSession {
    /// Opens the session's transcript, repairs it if it must be, and builds the prompt.
    ///
    /// # Errors
    /// The transcript cannot be read or written.
    pub(crate) async fn open(
        runtime: &Arc<AgentRuntime>,
        key: &SessionKey,
        entry: &SessionEntry,
    ) -> Result<Self, StoreError> {
        let opening = Opening {
            runtime: Arc::clone(runtime),
            key: key.clone(),
            id: entry.session_id(),
            file: runtime.sessions_dir.join(entry.transcript_file_name()),
            audience: runtime.audience(key, entry),
            previous: lifecycle::previous(entry),
        };
        let session = blocking(move || opening.run()).await??;
        session.freshen_memory();
        Ok(session)
    }

    /// The session as command-line programs know it, with what holds for one turn alone.
    pub(crate) fn cli_session(&self, instructions: Option<&str>) -> Arc<dyn CliSession> {
        let (runtime, key, id) = (Arc::clone(&self.runtime), self.key.clone(), self.id.clone());
        let instructions = instructions.map(Arc::from);
        Arc::new(KeptSession { runtime, key, id, audience: self.audience, instructions })
    }

    /// Has memory brought up to date behind the beginning of a conversation that may ask it.
    fn freshen_memory(&self) {
        if !self.tools.iter().any(|tool| tool.name == MEMORY_TOOL) {
            return;
        }
        let runtime = Arc::clone(&self.runtime);
        tokio::spawn(async move {
            if let Err(error) = runtime.memory.sync(SyncReason::SessionStart).await {
                tracing::warn!(agent = %runtime.id, %error, "memory is not brought up to date");
            }
        });
    }

    /// Appends a message; it is on the disk when this returns.
    pub(crate) async fn append(&mut self, message: Message) -> Result<(), StoreError> {
        let shared = Arc::new(message);
        let stored = Arc::clone(&shared);
        self.with_transcript(move |transcript| transcript.append_message(&stored).map(|_| ())).await?;
        self.messages.push(shared);
        Ok(())
    }

    /// Appends a user's message, unless an earlier process has: its record has an id from its acceptance. The disk is
    /// waited for while the model is asked: see [`OpenSession::synced`].
    pub(crate) async fn append_user(
        &mut self,
        message: Message,
        inbound: Option<&Inbound>,
    ) -> Result<(), StoreError> {
        self.unanswered = true;
        let Some(Inbound { record, resume, .. }) = inbound else { return self.append(message).await };
        let is_there = match resume {
            // Its id was chosen at random a moment ago.
            Resume::Fresh => false,
            Resume::GoOn | Resume::GiveUp => self.holds(record).await?,
        };
        if is_there {
            // Whoever wrote it may have been gone before it was on the disk, and the end must not be there without it.
            let syncer = self.transcript.as_ref().map(Transcript::syncer);
            self.syncing = syncer.map(|syncer| tokio::task::spawn_blocking(move || syncer.sync()));
            return Ok(());
        }
        let shared = Arc::new(message);
        let (stored, id) = (Arc::clone(&shared), record.clone());
        let syncer = self
            .with_transcript(move |transcript| {
                transcript.append_message_as(&id, &stored)?;
                Ok(transcript.syncer())
            })
            .await?;
        self.messages.push(shared);
        self.syncing = Some(tokio::task::spawn_blocking(move || syncer.sync()));
        Ok(())
    }

    /// Returns when everything appended so far is on the disk.
    pub(crate) async fn synced(&mut self) -> Result<(), StoreError> {
        let Some(syncing) = self.syncing.take() else { return Ok(()) };
        let broke_off = |error: tokio::task::JoinError| StoreError::Interrupted { what: error.to_string() };
        syncing.await.map_err(broke_off)?
    }

    /// The name of the transcript in its folder.
    pub(crate) fn file_name(&self) -> String {
        let named = self.transcript.as_ref().and_then(|transcript| transcript.path().file_name());
        named.map_or_else(|| self.id.transcript_file_name(), |name| name.to_string_lossy().into_owned())
    }

    /// Whether a user's message has no answer yet, not even a failed one.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.unanswered
    }

    /// Makes the record of a turn's last message; [`OpenSession::write`] puts it into the file.
    pub(crate) fn prepare(&self, message: &Arc<Message>) -> Result<PreparedRecord, StoreError> {
        let broke_off = || StoreError::Interrupted { what: self.key.to_string() };
        self.transcript.as_ref().ok_or_else(broke_off)?.prepare_message(message)
    }

    /// Writes a prepared record. What it returns syncs it.
    pub(crate) async fn write(
        &mut self,
        record: PreparedRecord,
        message: Arc<Message>,
    ) -> Result<TranscriptSync, StoreError> {
        let written = self
            .with_transcript(move |transcript| {
                transcript.write(record)?;
                Ok(transcript.syncer())
            })
            .await?;
        self.messages.push(message);
        self.unanswered = false;
        Ok(written)
    }

    /// Records the model when it is another than before.
    pub(crate) async fn record_model(&mut self, provider: &str, model: &str) -> Result<(), StoreError> {
        let wanted = (provider.to_owned(), model.to_owned());
        let recorded = self.transcript.as_ref().and_then(|transcript| transcript.settings().model.clone());
        if recorded.as_ref() == Some(&wanted) {
            return Ok(());
        }
        self.with_transcript(move |transcript| {
            transcript.append_model_change(&wanted.0, &wanted.1).map(|_| ())
        })
        .await
    }

    /// Appends an assistant message that no model wrote: `chat.inject`.
    pub(crate) async fn append_own(&mut self, text: &str) -> Result<String, StoreError> {
        let shared = Arc::new(own_message(text, self.runtime.clock.now_ms()));
        let stored = Arc::clone(&shared);
        let id = self.with_transcript(move |transcript| transcript.append_message(&stored)).await?;
        self.messages.push(shared);
        Ok(id.as_str().to_owned())
    }

    /// Whether the transcript has a record.
    pub(crate) async fn holds(&mut self, record: &RecordId) -> Result<bool, StoreError> {
        let id = record.clone();
        self.with_transcript(move |transcript| transcript.holds(&id)).await
    }

    /// The same under an id that is known beforehand, unless there is such a record. It is on the disk when this returns.
    pub(crate) async fn place_own(&mut self, text: &str, id: RecordId) -> Result<Placed, StoreError> {
        let shared = Arc::new(own_message(text, self.runtime.clock.now_ms()));
        let stored = Arc::clone(&shared);
        let placed = self
            .with_transcript(move |transcript| {
                let known = transcript.holds(&id)?;
                if !known {
                    transcript.append_message_as(&id, &stored)?;
                }
                // A record that another turn appended may not have been waited for. If a sync failed before, neither
                // this nor the look above says anything but that.
                transcript.sync()?;
                Ok(if known { Placed::Known } else { Placed::New })
            })
            .await?;
        if placed == Placed::New {
            self.messages.push(shared);
        }
        Ok(placed)
    }

    /// Runs one change of the transcript on a blocking thread: appends wait for the disk.
    async fn with_transcript<T: Send + 'static>(
        &mut self,
        change: impl FnOnce(&mut Transcript) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(mut transcript) = self.transcript.take() else {
            return Err(StoreError::Interrupted { what: self.key.to_string() });
        };
        let (transcript, result) = blocking(move || {
            let result = change(&mut transcript);
            (transcript, result)
        })
        .await?;
        self.transcript = Some(transcript);
        result
    }

    /// Whether the session can go on: its transcript was not lost to a panic, and its disk has not failed.
    pub(crate) fn is_sound(&self) -> bool {
        self.transcript.as_ref().is_some_and(Transcript::is_sound)
    }
}

impl Opening {
    fn run(self) -> Result<OpenSession, StoreError> {
        let Self { runtime, key, id, file, audience, previous } = self;
        let workspace = Arc::new(runtime.workspace.pinned());
        // It is written into a new file only.
        let is_begun = file.metadata().is_ok_and(|metadata| metadata.len() > 0);
        let parent =
            previous.filter(|_| !is_begun).map(|id| lifecycle::transcript_of(&runtime.sessions_dir, &id));
        let new = NewTranscript { cwd: workspace.path(), key: key.as_str(), parent: parent.as_deref() };
        let mut transcript = Transcript::open_named(&file, &id, &new, Arc::clone(&runtime.clock))?;
        if *transcript.report() != RepairReport::default() {
            tracing::warn!(session = %key, report = ?transcript.report(), "transcript repaired");
        }
        if transcript.history().is_empty() && audience != Audience::Group {
            append_notes(&runtime, &workspace, &mut transcript)?;
        }
        let messages = speakable(transcript.history());
        let unanswered =
            transcript.history().iter().rev().find_map(said).is_some_and(|last| !is_answer(last));
        let tools: Arc<[ToolDefinition]> =
            runtime.toolbox_for(audience).definitions().into_iter().map(offer).collect();
        let files = read_files(&workspace, audience, runtime.settings.bootstrap_max_chars);
        let system = system_prompt(&PromptInputs {
            audience,
            workspace: workspace.path(),
            name: &runtime.name,
            tools: &tools,
            files: &files,
        });
        Ok(OpenSession {
            key,
            id,
            audience,
            transcript: Some(transcript),
            messages,
            system: system.into(),
            tools,
            runtime,
            workspace,
            syncing: None,
            unanswered,
        })
    }
}

/// An assistant message that no model wrote.
pub(crate) fn own_message(text: &str, now_ms: i64) -> Message {
    Message::Assistant(AssistantMessage {
        content: vec![Part::text(text)],
        api: "openai-responses".to_owned(),
        provider: "openclaw".to_owned(),
        model: "gateway-injected".to_owned(),
        usage: Usage::default(),
        stop_reason: StopReason::Stop,
        error_message: None,
        timestamp: now_ms,
    })
}

/// A tool's declaration as models take it.
fn offer(definition: Definition) -> ToolDefinition {
    ToolDefinition {
        name: definition.name.to_owned(),
        description: definition.description.to_owned(),
        parameters: definition.parameters,
    }
}

/// What models see of a history.
pub(crate) fn speakable(history: &[Arc<HistoryItem>]) -> Vec<Arc<Message>> {
    history.iter().filter_map(|item| item.message.clone()).filter(|message| is_speakable(message)).collect()
}

/// An assistant message that failed before it said anything means nothing to a model, and some providers refuse it.
fn is_speakable(message: &Message) -> bool {
    match message {
        Message::Assistant(assistant) => !assistant.content.is_empty(),
        Message::User(_) | Message::ToolResult(_) => true,
    }
}

/// What somebody said in the conversation.
fn said(item: &Arc<HistoryItem>) -> Option<&Message> {
    item.message.as_deref().filter(|_| item.origin == HistoryOrigin::Message)
}

/// Whether a message ends what a user's began, also if it only says that nobody could answer.
fn is_answer(message: &Message) -> bool {
    let is_call = |part: &Part| matches!(part, Part::Known(KnownPart::ToolCall { .. }));
    match message {
        Message::Assistant(assistant) => !assistant.content.iter().any(is_call),
        Message::User(_) | Message::ToolResult(_) => false,
    }
}

/// Yesterday's and today's notes become the first record of the conversation: the model reads them, people do not
/// see them, and the prompt stays the same from turn to turn.
fn append_notes(
    runtime: &AgentRuntime,
    workspace: &Root,
    transcript: &mut Transcript,
) -> Result<(), StoreError> {
    let now = local_time(runtime.clock.now_ms(), &runtime.settings.zone);
    let yesterday = now.yesterday().unwrap_or_else(|_| now.clone());
    if let Some(notes) = daily_notes(workspace, &date_of(&yesterday), &date_of(&now)) {
        transcript.append_custom_message("openclaw.notes", &notes, Display::Hidden)?;
    }
    Ok(())
}

/// Runs blocking work off the reactor. A panic in it becomes an error: it must not take the lane down.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StoreError::Interrupted { what: error.to_string() })
}

impl World for OpenSession {
    fn append(&mut self, message: Message) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(Self::append(self, message))
    }

    fn run_tool(&self, call: ToolCall, abort: CancellationToken) -> BoxFuture<'static, ToolOutcome> {
        // Not those that the turn began with: a tool that was taken away meanwhile is gone at once.
        let toolbox = Arc::clone(self.runtime.now().toolbox_for(self.audience));
        let context = ToolContext {
            abort,
            session_key: self.key.to_string(),
            agent_id: self.runtime.id.clone(),
            workspace: Arc::clone(&self.workspace),
            memory: Arc::clone(&self.runtime.memory),
            session: Arc::new(StatusCard::new(Arc::clone(&self.runtime))),
            clock: Arc::clone(&self.runtime.clock),
        };
        Box::pin(async move { toolbox.run(call, context).await })
    }

    fn clock(&self) -> &dyn Clock {
        &*self.runtime.clock
    }
}

/// Points an entry at a new, empty session and keeps what belongs to the conversation partner: levels, model,
/// label, origin, route.
pub(crate) fn restart_entry(entry: &mut SessionEntry, id: &SessionId, file: &str, now_ms: i64) {
    entry.set_session_id(id);
    entry.set(field::UPDATED_AT, &now_ms);
    entry.set_text(field::SESSION_FILE, file);
    entry.set(field::SYSTEM_SENT, &false);
    entry.set(field::ABORTED_LAST_RUN, &false);
    // What was said about models, and which profile is kept to, belongs to the conversation that is over.
    for text in [field::MODEL_NOTICE, field::AUTH_PROFILE_OVERRIDE, field::AUTH_PROFILE_SOURCE] {
        entry.clear(text);
    }
    entry.clear(field::SPENT_TOKENS);
    entry.clear(field::SPENT_USD);
    for counter in [field::INPUT_TOKENS, field::OUTPUT_TOKENS, field::TOTAL_TOKENS, field::COMPACTION_COUNT] {
        entry.set(counter, &0);
    }
}

/// Sets the model of a session, or the configured one again.
pub fn choose_model(entry: &mut SessionEntry, chosen: Option<&Reference>) {
    match chosen {
        Some(Reference { provider, model }) => {
            entry.set_text(field::PROVIDER_OVERRIDE, provider);
            entry.set_text(field::MODEL_OVERRIDE, model);
        }
        None => {
            entry.clear(field::MODEL_OVERRIDE);
            entry.clear(field::PROVIDER_OVERRIDE);
        }
    }
}
